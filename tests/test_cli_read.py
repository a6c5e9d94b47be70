"""``lenet read`` from the outside: what it prints, where, and with which exit code."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet.cli import main

EXAMPLES = Path(__file__).parents[1] / "examples/digits"


@pytest.fixture
def one(tmp_path: Path) -> Path:
    page = np.full((120, 100), 230, np.uint8)
    page[20:100, 46:54] = 30
    Image.fromarray(page).save(tmp_path / "one.png")
    return tmp_path / "one.png"


def test_one_picture_gives_its_text_alone(one: Path, capsys):
    assert main(["read", str(one)]) == 0
    assert capsys.readouterr().out == "1\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [("seven", "7"), ("two", "2"), ("five", "5"), ("year", "1998"), ("pi", "3141592653"), ("phone", "5550\n0142")],
)
def test_the_example_pictures_are_read(name: str, text: str, capsys):
    assert main(["read", str(EXAMPLES / f"{name}.png"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["text"] == text


def test_a_bad_file_is_reported_and_the_others_are_read(one: Path, capsys):
    bad = one.with_name("bad.png")
    bad.write_text("no picture")
    assert main(["read", str(bad), str(one)]) == 1
    printed = capsys.readouterr()
    assert printed.out == f"{one}: 1\n"
    assert printed.err == f"lenet: {bad}: not a picture in a known format; PNG and JPEG always work\n"


def test_json_and_detail_tell_boxes_and_probabilities(one: Path, capsys):
    assert main(["read", str(one), "--json"]) == 0
    digit = json.loads(capsys.readouterr().out)[0]["digits"][0]
    assert digit["label"] == "1"
    assert digit["probability"] > 0.8
    assert digit["box"] == pytest.approx([20, 46, 100, 54], abs=2)
    assert main(["read", str(one), "--detail"]) == 0
    assert "columns 4" in capsys.readouterr().out


def test_a_doubtful_digit_is_marked(tmp_path: Path, capsys):
    blob = np.full((120, 120), 230, np.uint8)
    blob[40:80, 40:80] = 30
    Image.fromarray(blob).save(tmp_path / "blob.png")
    assert main(["read", str(tmp_path / "blob.png")]) == 0
    assert capsys.readouterr().out.strip().endswith("?")


def test_the_steps_are_drawn_into_the_file_that_is_named(one: Path, capsys):
    steps = one.with_name("steps.png")
    assert main(["read", str(one), "--show", str(steps)]) == 0
    with Image.open(steps) as picture:
        assert picture.width > 300
    assert capsys.readouterr().out == "1\n"


@pytest.mark.parametrize(
    "options", [["--ink-high", "--paper-high"], ["--json", "--detail"], ["--show", "steps.png", "another.png"]]
)
def test_options_that_exclude_each_other_are_wrong_usage(one: Path, options: list[str], capsys):
    assert main(["read", str(one), *options]) == 2
    assert capsys.readouterr().err.startswith("lenet: ")


def test_forcing_the_wrong_polarity_says_so(tmp_path: Path, capsys):
    Image.new("L", (80, 80), 255).save(tmp_path / "blank.png")
    assert main(["read", str(tmp_path / "blank.png"), "--ink-high"]) == 1
    assert "found no ink in ink-high gray levels" in capsys.readouterr().err


def test_weights_that_are_none_are_one_sentence(one: Path, capsys):
    assert main(["read", str(one), "--weights", str(one)]) == 1
    assert "not a readable safetensors file" in capsys.readouterr().err
