"""``lenet read`` from the outside: what it prints, where, and with which exit code."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet.cli import main
from lenet.data import write_idx
from lenet.engine import engine_name
from lenet.initialization import initial_weights
from lenet.networks import describe
from lenet.reading import Reader
from lenet.weights import Weights, save

EXAMPLES = Path(__file__).parents[1] / "examples/digits"


@pytest.fixture(autouse=True, scope="module")
def _said_once():
    """Where the native engine is missing, that is said now, and not in the middle of what a test looks at."""
    engine_name()


@pytest.fixture
def one(tmp_path: Path) -> Path:
    page = np.full((120, 100), 230, np.uint8)
    page[20:100, 46:54] = 30
    Image.fromarray(page).save(tmp_path / "one.png")
    return tmp_path / "one.png"


@pytest.fixture
def idx(tmp_path: Path, mnist) -> Path:
    """The first 200 test digits of MNIST."""
    write_idx(tmp_path / "t10k-images-idx3-ubyte", mnist.test_images[:200])
    return tmp_path / "t10k-images-idx3-ubyte"


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


def test_an_idx_file_gives_a_digit_a_line(idx: Path, mnist, capsys):
    assert main(["read", str(idx)]) == 0
    lines = capsys.readouterr().out.splitlines()
    right = [line.rstrip("?") == str(label) for line, label in zip(lines, mnist.test_labels[:200], strict=True)]
    assert sum(right) >= 198


def test_digits_of_an_idx_file_that_are_doubtful_are_marked(idx: Path, mnist, capsys):
    noise = np.random.default_rng(0).integers(0, 256, (20, 28, 28)).astype(np.uint8)
    write_idx(idx, np.concatenate([mnist.test_images[:20], noise]))
    shares = Reader().read_images(np.concatenate([mnist.test_images[:20], noise])).max(axis=1)
    assert main(["read", str(idx)]) == 0
    marked = [line.endswith("?") for line in capsys.readouterr().out.splitlines()]
    assert marked == (shares < 0.8).tolist()
    assert any(marked)


def test_a_compressed_idx_file_reads_the_same_whatever_its_name(idx: Path, capsys):
    assert main(["read", str(idx), "--detail"]) == 0
    plain = capsys.readouterr().out
    packed = idx.with_name("packed")
    packed.write_bytes(gzip.compress(idx.read_bytes()))
    assert main(["read", str(packed), "--detail"]) == 0
    assert capsys.readouterr().out == plain
    assert plain.splitlines()[0].startswith("7  ")
    assert "%  then " in plain.splitlines()[0]


def test_the_json_of_an_idx_file_is_its_digits_and_their_probabilities_on_one_line(idx: Path, mnist, capsys):
    assert main(["read", str(idx), "--json"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    [reading] = json.loads(printed)
    assert reading["file"] == str(idx)
    shares = Reader().read_images(mnist.test_images[:200])
    assert reading["digits"] == shares.argmax(axis=1).tolist()
    assert reading["probabilities"] == pytest.approx(shares.max(axis=1).tolist(), abs=1e-4)


def test_dark_digits_of_an_idx_file_are_read_when_told_so(idx: Path, mnist, capsys):
    assert main(["read", str(idx)]) == 0
    expected = capsys.readouterr().out
    write_idx(idx, 255 - mnist.test_images[:200])
    assert main(["read", str(idx), "--paper-high"]) == 0
    assert capsys.readouterr().out == expected


def test_pictures_and_idx_files_are_read_together_each_under_its_name(idx: Path, one: Path, mnist, capsys):
    write_idx(idx, mnist.test_images[:2])
    assert main(["read", str(one), str(idx)]) == 0
    assert capsys.readouterr().out == f"{one}: 1\n{idx}: 7\n{idx}: 2\n"
    assert main(["read", str(one), str(idx), "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["text"], second["digits"]) == ("1", [7, 2])


def test_an_idx_file_of_no_pictures_prints_nothing(idx: Path, capsys):
    write_idx(idx, np.zeros((0, 28, 28), np.uint8))
    assert main(["read", str(idx)]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.arange(10, dtype=np.uint8), "has 1 dimensions, expected an IDX file of type uint8 and 3 dimensions"),
        (np.zeros((2, 28, 28), np.float32), "holds numbers of type float32, expected an IDX file of type uint8"),
        (np.zeros((2, 16, 16), np.uint8), "holds pictures of 16×16 pixels, expected normalized digits of 28×28"),
    ],
)
def test_an_idx_file_of_anything_else_is_one_sentence(idx: Path, array: np.ndarray, said: str, capsys):
    write_idx(idx, array)
    assert main(["read", str(idx)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"lenet: {idx}: {said}")
    assert printed.err.count("\n") == 1


def test_every_truncation_of_an_idx_file_is_one_sentence(idx: Path, mnist, capsys):
    write_idx(idx, mnist.test_images[:1])
    whole = idx.read_bytes()
    for packed in (False, True):
        content = gzip.compress(whole) if packed else whole
        for length in (0, 1, 3, 4, 9, 15, 16, 100, len(content) - 1):
            idx.write_bytes(content[:length])
            assert main(["read", str(idx)]) == 1
            printed = capsys.readouterr()
            assert printed.out == ""
            assert printed.err.startswith(f"lenet: {idx}: ")
            assert printed.err.count("\n") == 1


def test_pictures_of_the_networks_own_size_are_taken(idx: Path, capsys):
    network = describe("lenet-5")
    save(idx.with_name("w.safetensors"), Weights(network, initial_weights(network, "sqrt", 0)))
    write_idx(idx, np.zeros((3, 32, 32), np.uint8))
    assert main(["read", str(idx), "--weights", str(idx.with_name("w.safetensors"))]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_the_steps_of_an_idx_file_are_refused(idx: Path, capsys):
    assert main(["read", str(idx), "--show", "steps.png"]) == 2
    assert "is an IDX file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_the_variable_names_the_engine_that_reads(idx: Path, name: str, monkeypatch, capsys):
    pytest.importorskip("torch")
    assert main(["read", str(idx), "--json"]) == 0
    [expected] = json.loads(capsys.readouterr().out)
    monkeypatch.setenv("LENET_ENGINE", name)
    assert main(["read", str(idx), "--json"]) == 0
    [found] = json.loads(capsys.readouterr().out)
    assert found["digits"] == expected["digits"]
    assert found["probabilities"] == pytest.approx(expected["probabilities"], abs=2e-4)


def test_an_engine_that_does_not_exist_is_one_sentence(idx: Path, monkeypatch, capsys):
    monkeypatch.setenv("LENET_ENGINE", "abacus")
    assert main(["read", str(idx)]) == 1
    assert capsys.readouterr().err.startswith("lenet: unknown engine 'abacus' in LENET_ENGINE")
