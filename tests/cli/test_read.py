"""``lenet read`` from the outside: what it prints, where, and with which exit code."""

import csv
import glob
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import typer
from PIL import Image

from lenet.cli import main
from lenet.cli.read import share_of_errors
from lenet.cli.signals import deferred_signals
from lenet.data import write_idx
from lenet.engine import engine_name
from lenet.initialization import initial_weights
from lenet.model import Model, pretrained
from lenet.networks import describe
from lenet.reading import Reader, Recognizer
from lenet.reading.batch.picture_files import PictureFiles
from tests.processes import SECONDS, wait_until

EXAMPLES = Path(__file__).parents[2] / "examples/digits"


@pytest.fixture(autouse=True, scope="module")
def _said_once():
    """Where the native engine is missing, its warning is printed here, and not into the output that a test examines."""
    engine_name()


@pytest.fixture
def one(tmp_path: Path) -> Path:
    page = np.full((120, 100), 230, np.uint8)
    page[30:90, 47:53] = 30
    Image.fromarray(page).save(tmp_path / "one.png")
    return tmp_path / "one.png"


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    Image.new("L", (80, 80), 255).save(tmp_path / "blank.png")
    return tmp_path / "blank.png"


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    """The weights that ship, with a calibration that hardly any answer is sure enough for."""
    shipped = pretrained()
    calibration = {"temperature": 1.0, "least": 0.9999999, "thresholds": []}
    provenance = {**shipped.provenance, "calibration": calibration}
    Model(shipped.network, shipped.parameters, provenance).save(tmp_path / "strict.safetensors")
    return tmp_path / "strict.safetensors"


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
    assert digit["box"] == pytest.approx([30, 47, 90, 53], abs=2)
    assert main(["read", str(one), "--detail"]) == 0
    assert "columns 4" in capsys.readouterr().out


def test_a_rejected_digit_is_marked_or_hidden(one: Path, strict: Path, capsys):
    assert main(["read", str(one), "--weights", str(strict)]) == 0
    assert capsys.readouterr().out == "1?\n"
    assert main(["read", str(one), "--weights", str(strict), "--reject"]) == 0
    assert capsys.readouterr().out == "?\n"


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


def test_a_picture_without_digits_prints_nothing_says_why_and_fails(blank: Path, one: Path, capsys):
    assert main(["read", str(blank), "--ink-high"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"lenet: {blank}: no digits found in ink-high gray levels")
    assert printed.err.count("\n") == 1
    assert main(["read", str(blank), str(one)]) == 1
    printed = capsys.readouterr()
    assert printed.out == f"{blank}: \n{one}: 1\n"
    assert printed.err.startswith(f"lenet: {blank}: no digits found")


def test_weights_that_are_none_are_one_sentence(one: Path, capsys):
    assert main(["read", str(one), "--weights", str(one)]) == 1
    assert "is no file of weights; expected" in capsys.readouterr().err


def test_an_idx_file_gives_a_digit_a_line(idx: Path, mnist, capsys):
    assert main(["read", str(idx)]) == 0
    lines = capsys.readouterr().out.splitlines()
    right = [line.rstrip("?") == str(label) for line, label in zip(lines, mnist.test_labels[:200], strict=True)]
    assert sum(right) >= 198


def test_digits_of_an_idx_file_that_are_doubtful_are_marked(idx: Path, mnist, capsys):
    noise = np.random.default_rng(0).integers(0, 256, (20, 28, 28)).astype(np.uint8)
    write_idx(idx, np.concatenate([mnist.test_images[:20], noise]))
    recognizer = Recognizer()
    shares = recognizer.probabilities(np.concatenate([mnist.test_images[:20], noise])).max(axis=1)
    assert main(["read", str(idx)]) == 0
    marked = [line.endswith("?") for line in capsys.readouterr().out.splitlines()]
    assert marked == (shares < recognizer.min_probability).tolist()
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
    ("array", "message"),
    [
        (np.arange(10, dtype=np.uint8), "has 1 dimensions, expected an IDX file of type uint8 and 3 dimensions"),
        (np.zeros((2, 28, 28), np.float32), "holds numbers of type float32, expected an IDX file of type uint8"),
        (np.zeros((2, 16, 16), np.uint8), "holds pictures of 16×16 pixels, expected normalized digits of 28×28"),
    ],
)
def test_an_idx_file_of_anything_else_is_one_sentence(idx: Path, array: np.ndarray, message: str, capsys):
    write_idx(idx, array)
    assert main(["read", str(idx)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"lenet: {idx}: {message}")
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
    Model(network, initial_weights(network, "sqrt", 0)).save(idx.with_name("w.safetensors"))
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
    [result] = json.loads(capsys.readouterr().out)
    assert result["digits"] == expected["digits"]
    assert result["probabilities"] == pytest.approx(expected["probabilities"], abs=2e-4)


def test_an_engine_that_does_not_exist_is_one_sentence(idx: Path, monkeypatch, capsys):
    monkeypatch.setenv("LENET_ENGINE", "abacus")
    assert main(["read", str(idx)]) == 1
    assert capsys.readouterr().err.startswith("lenet: unknown engine 'abacus' in LENET_ENGINE")


def gray(name: str) -> Image.Image:
    return Image.open(EXAMPLES / f"{name}.png").convert("L")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, a text, a hidden file, and a folder within."""
    place = tmp_path / "pictures"
    (place / "deep").mkdir(parents=True)
    gray("two").save(place / "b.png")
    gray("seven").save(place / "a.JPG", "jpeg")
    gray("seven").save(place / "deep" / "c.webp")
    (place / "notes.txt").write_text("no picture")
    (place / ".hidden.png").write_bytes(b"no picture")
    return place


def test_a_folder_gives_its_pictures_sorted_and_a_summary(folder: Path, capsys):
    assert main(["read", str(folder)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{folder / 'a.JPG'}: 7\n{folder / 'b.png'}: 2\n"
    assert re.fullmatch(r"read 2 of 2 pictures; [\d,.]+ a second\n", printed.err)


def test_folders_within_are_looked_into_when_asked(folder: Path, capsys):
    assert main(["read", str(folder), "-r"]) == 0
    assert capsys.readouterr().out.endswith(f"{folder / 'deep' / 'c.webp'}: 7\n")


def test_a_quoted_glob_is_resolved(folder: Path, capsys):
    assert main(["read", f"{folder}/**/*.[pw]*"]) == 0
    assert capsys.readouterr().out == f"{folder / 'b.png'}: 2\n{folder / 'deep' / 'c.webp'}: 7\n"


def test_links_that_go_round_in_circles_are_not_followed(folder: Path, tmp_path: Path, monkeypatch, capsys):
    for name in ("deep/up", "deep/here", "around"):
        (folder / name).symlink_to(folder)
    (folder / "circle.png").symlink_to("circle.png")
    trouble = f"lenet: {folder / 'circle.png'}: cannot be opened (Too many levels of symbolic links)\n"
    result = f"{folder / 'b.png'}: 2\n{folder / 'deep' / 'c.webp'}: 7\n"
    for words in ([f"{folder}/**/*.[pw]*"], [f"{folder}/**/**/*.[pw]*"], [str(folder), "-r"]):
        assert main(["read", *words, "--annotate", str(tmp_path / "drawn")]) == 1
        printed = capsys.readouterr()
        assert printed.out.replace(f"{folder / 'a.JPG'}: 7\n", "") == result
        assert printed.err.startswith(trouble)
    monkeypatch.chdir(folder)
    assert main(["read", "**/*.webp", "**/deep/**"]) == 0
    assert capsys.readouterr().out == "deep/c.webp: 7\n" * 2


def test_a_glob_of_any_depth_finds_what_a_recursive_glob_does(tmp_path: Path, capsys):
    for name in ("a.png", "b/a.png", "b/[c]/a.png", "b/[c]/d/a.png", ".hidden/a.png", "b/.a.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    for pattern in ("**", "**/*", "**/a.png", "b/**/a.png", "**/d/**", "*/**/a.png", "**/b/**/*.png", "**/x/*", "b/**"):
        expected = {path for path in glob.glob(f"{tmp_path}/{pattern}", recursive=True) if Path(path).is_file()}  # noqa: PTH207
        result = PictureFiles([f"{tmp_path}/{pattern}"])
        assert [str(path) for path in result] == sorted(expected)
        assert len(result.problems) == (not expected)


def test_a_file_with_the_signs_of_a_glob_in_its_name_is_that_file(tmp_path: Path, capsys):
    gray("two").save(tmp_path / "[1].png")
    assert main(["read", str(tmp_path / "[1].png")]) == 0
    assert capsys.readouterr().out == "2\n"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("nothing*.png", "no file matches"),
        ("empty", "holds no pictures; --recursive looks into folders within it"),
        ("missing.png", "no such file"),
        ("text.png", "not a picture in a known format; PNG and JPEG always work"),
        ("none.png", "empty file, expected a picture"),
        ("n" * 300 + ".png", "file name too long"),
        ("n" * 300 + "*.png", "file name too long"),
        ("circle.png", "cannot be opened (Too many levels of symbolic links)"),
        ("https://example.com/x.png", "is a URL, and URLs are not fetched; download it and name the file"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_and_the_others_are_read(
    tmp_path: Path, one: Path, word: str, message: str, capsys
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "none.png").write_bytes(b"")
    (tmp_path / "circle.png").symlink_to("circle.png")
    assert main(["read", word if "://" in word else str(tmp_path / word), str(one)]) == 1
    printed = capsys.readouterr()
    assert printed.out == f"{one}: 1\n"
    sentences = [line for line in printed.err.splitlines() if line.startswith("lenet: ")]
    assert len(sentences) == 1
    assert message in sentences[0]


@pytest.mark.parametrize("option", [["--csv", "n\0.csv"], ["--annotate", "n\0"], ["--show", "n\0.png"]])
def test_a_null_byte_in_the_name_of_an_output_is_wrong_usage(one: Path, option: list[str], capsys):
    assert main(["read", str(one), *option]) == 2
    assert (
        capsys.readouterr().err
        == "lenet: an argument holds a null byte, which no name of a file and no value can hold\n"
    )


@pytest.mark.parametrize("option", [["--csv", "n" * 300 + ".csv"], ["--annotate", "n" * 300]])
def test_a_name_that_is_too_long_for_an_output_is_one_sentence(one: Path, option: list[str], capsys):
    assert main(["read", str(one), *option]) == 2
    assert capsys.readouterr().err == f"lenet: {option[0]} {option[1]}: cannot be written (file name too long)\n"


def test_a_folder_whose_name_no_encoding_holds_is_read_written_and_drawn(tmp_path: Path, capsys):
    place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    try:
        place.mkdir()
    except OSError:
        pytest.skip("this file system takes no such name")
    gray("two").save(place / "two.png")
    (place / "labels.csv").write_text("file,label\ntwo.png,2\n")
    for workers in ("1", "2"):
        options = ["--csv", str(place / "out.csv"), "--annotate", str(place / "drawn"), "--workers", workers]
        assert main(["read", str(place), str(place / "two.png"), "--json", *options]) == 0
        printed = capsys.readouterr()
        assert {page["file"] for page in json.loads(printed.out)} == {f"{tmp_path}/\\udcff/two.png"}
        assert f"{tmp_path}/\\udcff/two.png" in (place / "out.csv").read_text()
        assert printed.err.endswith(f"drew 2 pictures into {tmp_path}/\\udcff/drawn\n")
        assert len(list((place / "drawn").iterdir())) == 2
    misses = ["--photos", str(place / "labels.csv"), "--mistakes", str(place / "misses.png")]
    assert main(["evaluate", "pretrained", *misses]) == 0
    assert capsys.readouterr().out.endswith(f"{tmp_path}/\\udcff/misses.png\n")


def test_stdin_is_read_as_a_picture(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(bytes_of("year")), isatty=lambda: False))
    assert main(["read", "-", "--json"]) == 0
    [reading] = json.loads(capsys.readouterr().out)
    assert (reading["file"], reading["text"]) == ("stdin", "1998")


@pytest.mark.parametrize(("content", "message"), [(b"", "stdin: empty"), (b"text", "stdin: not a picture")])
def test_stdin_that_is_no_picture_is_one_sentence(content: bytes, message: str, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content), isatty=lambda: False))
    assert main(["read", "-"]) == 1
    assert capsys.readouterr().err.startswith(f"lenet: {message}")


def bytes_of(name: str) -> bytes:
    return (EXAMPLES / f"{name}.png").read_bytes()


def test_the_pages_of_a_tiff_are_read_each_under_its_number(tmp_path: Path, capsys):
    scan = tmp_path / "scan.tif"
    gray("two").save(scan, save_all=True, append_images=[gray("year")])
    assert main(["read", str(scan)]) == 0
    assert capsys.readouterr().out == f"{scan}, page 1: 2\n{scan}, page 2: 1998\n"
    assert main(["read", str(scan), "--json"]) == 0
    assert [(page["file"], page["page"], page["text"]) for page in json.loads(capsys.readouterr().out)] == [
        (str(scan), 1, "2"),
        (str(scan), 2, "1998"),
    ]
    assert main(["read", str(scan), "--annotate", str(tmp_path / "drawn")]) == 0
    drawn = sorted(path.name for path in (tmp_path / "drawn").iterdir())
    assert drawn == ["scan.tif-page-1.png", "scan.tif-page-2.png"]


def test_each_line_of_digits_is_an_answer_of_its_own_when_asked(one: Path, capsys):
    phone = str(EXAMPLES / "phone.png")
    assert main(["read", phone, str(one), "--lines"]) == 0
    assert capsys.readouterr().out == f"{phone}: 5550\n{phone}: 0142\n{one}: 1\n"
    assert main(["read", phone, "--lines", "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)
    assert [(line["line"], line["text"]) for line in lines] == [(1, "5550"), (2, "0142")]
    assert ["".join(digit["label"] for digit in line["digits"]) for line in lines] == ["5550", "0142"]


def test_a_csv_file_holds_a_row_for_each_picture_good_or_bad(tmp_path: Path, blank: Path, capsys):
    table, bad, phone = tmp_path / "new" / "out.csv", tmp_path / "bad.png", EXAMPLES / "phone.png"
    bad.write_text("no picture")
    assert main(["read", str(phone), str(bad), str(blank), "--csv", str(table)]) == 1
    assert capsys.readouterr().out.startswith(f"{phone}: 5550 | 0142\n")
    with table.open(newline="", encoding="utf-8") as file:
        first, second, third = csv.DictReader(file)
    assert (first["file"], first["page"], first["text"], first["remark"]) == (str(phone), "1", "5550|0142", "")
    shares = [float(share) for share in first["probabilities"].split()]
    assert len(shares) == len(first["boxes"].split()) == 8
    assert float(first["least_probability"]) == min(shares)
    assert (second["text"], second["accepted"]) == ("", "")
    assert second["remark"].endswith("PNG and JPEG always work")
    assert third["remark"].startswith("no digits found")
    assert main(["read", str(phone), "--lines", "--csv", str(table)]) == 0
    with table.open(newline="", encoding="utf-8") as file:
        assert [(row["line"], row["text"]) for row in csv.DictReader(file)] == [("1", "5550"), ("2", "'0142")]


def test_json_of_many_is_one_list_as_of_one_call_each(folder: Path, capsys):
    assert main(["read", str(folder), "-r", "--json"]) == 0
    whole = capsys.readouterr().out
    readings = json.loads(whole)
    assert whole == json.dumps(readings, indent=2) + "\n"
    for reading in readings:
        assert main(["read", reading["file"], "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == [reading]


def test_json_of_nothing_is_an_empty_list(tmp_path: Path, capsys):
    assert main(["read", str(tmp_path / "missing.png"), "--json"]) == 1
    assert capsys.readouterr().out == "[]\n"


def test_annotated_pictures_lie_as_their_originals_do(folder: Path, tmp_path: Path, capsys):
    drawn = tmp_path / "drawn"
    assert main(["read", str(folder), "-r", "--annotate", str(drawn)]) == 0
    assert sorted(str(path.relative_to(drawn)) for path in drawn.rglob("*.*")) == ["a.JPG", "b.png", "deep/c.webp.png"]
    for path in drawn.rglob("*.*"):
        with Image.open(path) as picture:
            assert picture.format == ("JPEG" if path.suffix == ".JPG" else "PNG")
            assert 720 <= max(picture.size) <= 2400


def test_as_many_drawings_are_there_as_are_announced(tmp_path: Path, capsys):
    place = tmp_path / "pictures"
    (place / "deep" / "a.tif.png").mkdir(parents=True)
    gray("two").save(place / "a.tif", save_all=True, append_images=[gray("seven")])
    gray("two").save(place / "A.tif")
    for name in ("a.tif.png", "a.tif-page-1.png", "a.tif-page-2.png", "deep/a.tif.png/a.png"):
        gray("two").save(place / name)
    gray("two").save(place / "deep" / "a.tif")
    for workers in ("1", "2"):
        drawn = tmp_path / f"drawn{workers}"
        assert main(["read", str(place), "-r", "--annotate", str(drawn), "--workers", workers]) == 0
        assert capsys.readouterr().err.endswith(f"drew 8 pictures into {drawn}\n")
        files = [str(path.relative_to(drawn)) for path in sorted(drawn.rglob("*")) if path.is_file()]
        assert len({name.casefold() for name in files}) == 8
        assert {"a.tif-page-1.png", "a.tif-page-2.png", "deep/a.tif.png/a.png"} < set(files)


def test_folders_that_hold_files_of_equal_names_are_drawn_beside_each_other(folder: Path, tmp_path: Path, capsys):
    gray("five").save(folder / "deep" / "b.png")
    drawn = tmp_path / "drawn"
    words = [str(folder / "b.png"), str(folder / "deep" / "b.png"), str(folder / "b.png")]
    assert main(["read", *words, "--annotate", str(drawn)]) == 0
    assert capsys.readouterr().err == f"drew 3 pictures into {drawn}\n"
    assert sorted(str(path.relative_to(drawn)) for path in drawn.rglob("*.png")) == ["b-2.png", "b.png", "deep/b.png"]


def test_a_drawing_that_cannot_be_written_is_reported_and_the_others_are_drawn(folder: Path, tmp_path: Path, capsys):
    drawn = tmp_path / "drawn"
    (drawn / "b.png").mkdir(parents=True)
    assert main(["read", str(folder), "-r", "--annotate", str(drawn), "--csv", str(tmp_path / "out.csv")]) == 1
    printed = capsys.readouterr()
    assert printed.out.count("\n") == 3
    assert printed.err.startswith(f"lenet: {drawn / 'b.png'}: cannot be drawn (is a directory)\n")
    assert printed.err.endswith(f"drew 2 of 3 pictures into {drawn}\n")
    assert main(["read", str(folder / "b.png"), "--show", str(drawn / "b.png" / "\udcff" / ("x" * 300 + ".png"))]) == 1
    assert "file name too long" in capsys.readouterr().err


def test_a_name_as_long_as_names_may_be_is_drawn_with_the_others(tmp_path: Path, capsys):
    place = tmp_path / "pictures"
    place.mkdir()
    for name in ("x" * 251 + ".png", "x" * 250 + "1.gif", "x" * 250 + "2.gif"):
        gray("two").save(place / name)
    assert main(["read", str(place), "--annotate", str(tmp_path / "drawn")]) == 0
    assert capsys.readouterr().err.endswith(f"drew 3 pictures into {tmp_path / 'drawn'}\n")
    assert len(list((tmp_path / "drawn").iterdir())) == 3


def test_a_link_among_the_drawings_is_replaced_and_not_what_it_points_to(tmp_path: Path, capsys):
    place, drawn = tmp_path / "pictures", tmp_path / "drawn"
    place.mkdir()
    drawn.mkdir()
    gray("two").save(place / "a.tif", save_all=True, append_images=[gray("seven")])
    before = (place / "a.tif").read_bytes()
    (drawn / "a.tif-page-1.png").symlink_to(place / "a.tif")
    assert main(["read", str(place), "--annotate", str(drawn)]) == 0
    assert (place / "a.tif").read_bytes() == before


def test_no_original_is_written_over(folder: Path, capsys):
    before = (folder / "b.png").read_bytes()
    assert main(["read", str(folder), "--annotate", str(folder)]) == 2
    assert "--annotate would write over" in capsys.readouterr().err
    assert main(["read", str(folder / "b.png"), "--show", str(folder / "deep" / ".." / "b.png")]) == 2
    assert main(["read", str(folder / "a.JPG"), "--csv", str(folder / "b.png")]) == 2
    assert (folder / "b.png").read_bytes() == before


def test_the_steps_of_a_picture_are_not_drawn_over_its_annotated_copy_nor_over_one_of_its_pages(tmp_path: Path, capsys):
    drawn = tmp_path / "drawn"
    gray("two").save(tmp_path / "a.png")
    gray("two").save(tmp_path / "b.tif", save_all=True, append_images=[gray("seven")])
    for name, steps in (("a.png", "a.png"), ("b.tif", "b.tif-page-2.png")):
        assert main(["read", str(tmp_path / name), "--annotate", str(drawn), "--show", str(drawn / steps)]) == 2
        assert "--show would write over what --annotate draws into" in capsys.readouterr().err
        assert not drawn.exists()
    assert main(["read", str(tmp_path / "a.png"), "--annotate", str(drawn), "--show", str(drawn / "steps.png")]) == 0
    assert sorted(path.name for path in drawn.iterdir()) == ["a.png", "steps.png"]


def test_drawings_within_the_folder_are_not_read_again(folder: Path, capsys):
    for _ in range(2):
        assert main(["read", str(folder), "-r", "--annotate", str(folder / "drawn")]) == 0
        assert capsys.readouterr().out.count("\n") == 3


def test_the_known_length_and_pattern_are_met(capsys):
    year = str(EXAMPLES / "year.png")
    assert main(["read", year, "--length", "4"]) == 0
    assert main(["read", year, "--pattern", r"1\d{3}"]) == 0
    assert capsys.readouterr().out == "1998\n1998\n"
    assert main(["read", year, "--pattern", "[1"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--length", "0"],
        ["--length", "many"],
        ["--single", "--length", "2"],
        ["--length", "2", "--pattern", "[12]"],
        ["--workers", "0"],
        ["--max-error", "0"],
        ["--max-error", "-1%"],
        ["--max-error", "100%"],
        ["--max-error", "nan"],
        ["--max-error", "little"],
        ["--csv", "table.png"],
        ["--show", "steps.jpg"],
        ["--annotate", str(Path(__file__))],
        ["-", "-"],
    ],
)
def test_options_that_contradict_or_are_out_of_range_are_wrong_usage_and_nothing_is_read(
    one: Path, options: list[str], capsys
):
    assert main(["read", str(one), *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("lenet: ")
    assert printed.err.count("\n") == 1


def test_a_share_is_a_number_or_percent():
    assert share_of_errors("0.5%") == share_of_errors("0.005") == share_of_errors(" .5 % ") == 0.005
    with pytest.raises(typer.BadParameter, match="5 percent are '5%'"):
        share_of_errors("5")


def test_a_lower_greatest_error_rejects_no_less(tmp_path: Path, mnist, capsys):
    network = pretrained()
    calibration = {"temperature": 1.0, "least": 0.8, "thresholds": [[0.01, 0.5], [0.001, 0.99999]]}
    weights = Model(network.network, network.parameters, {"calibration": calibration, "reject_class": 10})
    weights.save(tmp_path / "calibrated.safetensors")
    write_idx(tmp_path / "idx", mnist.test_images[:200])
    marked = []
    for greatest in ("1%", "0.001"):
        options = ["--weights", str(tmp_path / "calibrated.safetensors"), "--max-error", greatest]
        assert main(["read", str(tmp_path / "idx"), *options]) == 0
        marked.append(capsys.readouterr().out.count("?"))
    assert marked[0] < marked[1]


def test_names_that_no_encoding_holds_are_printed(tmp_path: Path, capsys):
    path = os.fsencode(tmp_path) + b"/\xff\n.png"
    try:
        Path(os.fsdecode(path)).write_bytes(bytes_of("two"))
    except OSError:
        pytest.skip("this file system takes no such name")
    assert main(["read", str(tmp_path), "--csv", str(tmp_path / "out.csv")]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/\\udcff\\n.png: 2\n"


def test_workers_give_the_same_output(folder: Path, capsys):
    (folder / "bad.png").write_text("no picture")
    outputs = []
    for workers in ("1", "2"):
        assert main(["read", str(folder), "-r", "--workers", workers, "--detail"]) == 1
        printed = capsys.readouterr()
        outputs.append((printed.out, printed.err.splitlines()[0]))
    assert outputs[0] == outputs[1]


def is_alive(group: int) -> bool:
    """Whether a process of this group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
def test_ctrl_c_waits_until_a_page_is_given_out_and_twice_it_does_not():
    given = []

    def give_out(presses: int) -> None:
        with deferred_signals():
            for _ in range(presses):
                signal.raise_signal(signal.SIGINT)
            given.append(presses)

    for presses in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            give_out(presses)
    assert given == [1]


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
def test_ctrl_c_ends_with_one_line_and_leaves_no_process(tmp_path: Path):
    for number in range(2000):
        (tmp_path / f"{number:04}.png").symlink_to(EXAMPLES / "two.png")
    table = tmp_path / "out.csv"
    command = [sys.executable, "-u", "-m", "lenet", "read", str(tmp_path), "--workers", "2", "--csv", str(table)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        lines = [running.stdout.readline() for _ in range(5)]
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does it: to the workers, too
        late = threading.Timer(SECONDS, running.kill)
        late.start()
        rest, output = (
            running.stdout.read(),
            running.stderr.read(),
        )  # communicate() would lose what readline() read ahead
        late.cancel()
    assert running.returncode == 130
    assert re.fullmatch(r"lenet: stopped after \d+ of 2,000 files; add --resume to go on\n", output)
    assert len(table.read_text().splitlines()) == 1 + len(lines) + rest.count("\n")
    wait_until(lambda: not is_alive(running.pid))


def test_a_reader_that_goes_away_ends_it_quietly(folder: Path):
    command = f"{sys.executable} -m lenet read {folder} -r --json | head -c 1"
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("[", "")


def test_a_wrong_pattern_leaves_the_table_as_it_was(one: Path, tmp_path: Path, capsys):
    table = tmp_path / "answers.csv"
    assert main(["read", str(one), "--csv", str(table)]) == 0
    before = table.read_bytes()
    assert main(["read", str(one), "--csv", str(table), "--pattern", "("]) != 0
    assert table.read_bytes() == before
    assert "a parenthesis is not closed" in capsys.readouterr().err


def test_a_table_of_something_else_is_not_written_over(one: Path, tmp_path: Path, capsys):
    labels = tmp_path / "labels.csv"
    labels.write_text("file,label\none.png,1\n")
    assert main(["read", str(one), "--csv", str(labels)]) == 2
    assert labels.read_text() == "file,label\none.png,1\n"
    assert "would write over" in capsys.readouterr().err


def test_a_glob_leaves_out_what_was_drawn(folder: Path, capsys):
    drawn = folder / "drawn"
    for _ in range(2):
        assert main(["read", f"{folder}/**/*.png", "--annotate", str(drawn)]) == 0
        assert capsys.readouterr().out == f"{folder / 'b.png'}: 2\n"
