"""``lenet adapt`` from the outside: an odd hand on paper is read better, and the file goes straight into reading."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from lenet.cli import main
from lenet.engine import engine_name
from lenet.engine.native import instruction_sets
from lenet.model import Model, load, pretrained
from lenet.reading.batch.examples import extract_examples
from lenet.reading.batch.labels import LabeledPicture, read_labels
from lenet.training.adaptation import ADAPTATION_RECIPE
from lenet.verbs import adapt as adapt_verb
from lenet.verbs.adapt import folds_of

pytestmark = pytest.mark.skipif(not instruction_sets(), reason="the native engine learns here")


@pytest.fixture(autouse=True, scope="module")
def _said_once():
    """Where the native engine is missing, its warning is printed here, and not into the output that a test examines."""
    engine_name()


def write_page(path: Path, digits: list[np.ndarray], labels: list[int]) -> None:
    """Digits in a row on paper, threes the wrong way round and everything slanted."""
    turned = [digit[:, ::-1] if label == 3 else digit for digit, label in zip(digits, labels, strict=True)]
    ink = cv2.resize(np.pad(np.hstack(turned), ((0, 0), (8, 8))), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    slant = np.array([[1, 0.5, -0.5 * 56], [0, 1, 0]], np.float32)
    ink = cv2.warpAffine(ink, slant, ink.shape[::-1]).astype(np.float32) / 255
    Image.fromarray(np.uint8(235 - 190 * np.clip(np.pad(ink, 10), 0, 1))).save(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, mnist) -> Path:
    """Forty single digits, many threes among them, and two pairs."""
    folder = tmp_path_factory.mktemp("hand")
    lines = ["file,label"]
    count = [12 if digit == 3 else 3 for digit in range(10)]
    for digit in range(10):
        for index in np.flatnonzero(mnist.test_labels == digit)[: count[digit]]:
            write_page(folder / f"{index}.png", [mnist.test_images[index]], [digit])
            lines.append(f"{index}.png,{digit}")
    for name, places in (("pair.png", (0, 1)), ("other.png", (2, 4))):
        labels = [int(mnist.test_labels[place]) for place in places]
        write_page(folder / name, [mnist.test_images[place] for place in places], labels)
        lines.append(f"{name},{labels[0]}{labels[1]}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def quick(monkeypatch):
    """One pass: enough to see that everything is carried through."""
    monkeypatch.setattr(adapt_verb, "ADAPTATION_RECIPE", replace(ADAPTATION_RECIPE, epochs=1))


@pytest.fixture
def shorter(monkeypatch):
    """Half the passes, for the sake of time."""
    monkeypatch.setattr(adapt_verb, "ADAPTATION_RECIPE", replace(ADAPTATION_RECIPE, epochs=3))


def test_adapting_reads_an_odd_hand_better_and_mnist_as_before(folder: Path, tmp_path: Path, shorter, capsys):
    out = tmp_path / "mine.safetensors"
    assert main(["adapt", str(folder / "labels.csv"), "--out", str(out), "--json"]) == 0
    output, err = capsys.readouterr()
    output = json.loads(output)
    before, after = output["before"], output["after"]
    assert after["own"]["right"] >= before["own"]["right"] + 4  # of 41 pictures, none of them seen when it was read
    assert 100 * (after["mnist"]["errors"] - before["mnist"]["errors"]) / after["mnist"]["examples"] < 0.2
    assert after["pieces"]["accepted"] < before["pieces"]["accepted"] + 60  # of 2,000
    assert output["folds"] == 5
    assert 39 <= output["examples"] <= 43
    assert len(err.splitlines()) == 4  # what it is doing

    three = next(path for path in folder.glob("*.png") if f"{path.name},3" in (folder / "labels.csv").read_text())
    assert main(["read", str(three), "--single", "--weights", str(out)]) == 0
    assert capsys.readouterr().out.strip().rstrip("?") == "3"


def test_the_file_says_where_it_comes_from_and_keeps_its_calibration(folder: Path, tmp_path: Path, quick, capsys):
    start = pretrained()
    calibration = {"temperature": 1.25, "least": 0.7, "thresholds": [[0.01, 0.9]]}
    Model(start.network, start.parameters, {"calibration": calibration, "reject_class": 10}).save(
        tmp_path / "start.safetensors"
    )
    words = ["adapt", str(folder), "--weights", str(tmp_path / "start.safetensors")]
    assert main([*words, "--out", str(tmp_path / "mine.safetensors")]) == 0
    text = capsys.readouterr().out
    assert text.splitlines()[-1] == str(tmp_path / "mine.safetensors")
    assert all(row in text for row in ("own pictures right, 5-fold", "MNIST test errors", "answers changed"))
    provenance = load(tmp_path / "mine.safetensors", expect=start.network).provenance
    assert provenance["calibration"] == calibration
    (adaptation,) = provenance["adaptations"]
    assert adaptation["pictures"] == 41
    assert adaptation["from"]["network"] == "lenet-5-relu"
    assert adaptation["labels_sha256"] == hashlib.sha256((folder / "labels.csv").read_bytes()).hexdigest()


def test_examples_are_the_digits_of_the_labels(folder: Path):
    pictures = read_labels(folder)
    pictures = [*pictures[:3], replace(pictures[-1], label="123")]
    shown = list(extract_examples(pictures, pretrained(), workers=1))
    assert [one.labels.tolist() for one in shown] == [[0], [0], [0], []]  # three digits are not there
    assert [one.images.shape for one in shown] == [(1, 28, 28)] * 3 + [(0, 28, 28)]


def test_the_ink_that_fits_the_label_is_learned_from(tmp_path: Path):
    """A thick 1 that would be read, and a 7 aside that the label says was meant."""
    page = np.full((200, 200), 235, np.uint8)
    cv2.line(page, (70, 40), (70, 160), 30, 12)
    cv2.polylines(page, [np.array([[120, 50], [170, 50], [140, 150]])], False, 30, 7)
    Image.fromarray(page).save(tmp_path / "page.png")
    one, seven = (
        next(
            iter(
                extract_examples(
                    [LabeledPicture(tmp_path / "page.png", "page.png", label, "single", "all")], pretrained()
                )
            )
        )
        for label in "17"
    )
    widths = [np.flatnonzero(shown.images[0].max(axis=0) > 127).size for shown in (one, seven)]
    assert widths[0] < 7 < widths[1]


def test_every_digit_is_spread_over_the_parts_and_few_pictures_make_many(folder: Path):
    pictures = read_labels(folder)
    folds = folds_of(pictures)
    assert np.bincount(folds).tolist() == [9, 8, 8, 8, 8]
    threes = np.array([picture.label == "3" for picture in pictures])
    assert set(np.bincount(folds[threes])) <= {2, 3}
    assert np.bincount(folds_of(pictures[:12])).tolist() == [2, 2, 1, 1, 1, 1, 1, 1, 1, 1]


def test_what_cannot_be_adapted_is_refused_in_one_sentence_before_anything_is_done(
    folder: Path, tmp_path: Path, capsys
):
    few = tmp_path / "labels.csv"
    few.write_text("file,label\n" + "\n".join(f"{path},3" for path in sorted(folder.glob("*.png"))[:9]))
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(f"file,label\n{folder / 'pair.png'},three\n")
    blank = tmp_path / "blank.csv"
    Image.new("L", (60, 60), 255).save(tmp_path / "blank.png")
    pages = [Image.new("L", (60, 60 + index), 255).save(tmp_path / f"{index}.png") for index in range(12)]
    blank.write_text("file,label\n" + "\n".join(f"{index}.png,3" for index in range(len(pages))))
    for words, message in (
        ([str(few)], "names 9 pictures, expected at least 10"),
        ([str(wrong)], "line 2: the label 'three'"),
        ([str(blank)], "of 12 pictures 0 show what their labels say, expected at least 10"),
        ([str(few), "--out", str(tmp_path)], "is a folder"),
        ([str(folder), "--out", str(few / "mine.safetensors")], f"{few / 'mine.safetensors'}: cannot be written, as"),
        ([str(few), "--weights", "none.safetensors"], "no such weights file"),
        ([str(tmp_path / "none.csv")], "no such table of labels"),
    ):
        assert main(["adapt", *words, *([] if "--out" in words else ["--out", str(tmp_path / "x.safetensors")])]) == 1
        out, err = capsys.readouterr()
        assert message in err.splitlines()[-1]
        assert "Traceback" not in err
        assert "learning" not in err
        assert not out
    assert not (tmp_path / "x.safetensors").exists()


def test_one_picture_is_no_plural(tmp_path: Path, capsys):
    picture = Path(__file__).parents[2] / "examples" / "digits" / "seven.png"
    (tmp_path / "one.csv").write_text(f"file,label\n{picture},7\n")
    assert main(["adapt", str(tmp_path / "one.csv"), "--out", str(tmp_path / "x.safetensors")]) == 1
    assert "names 1 picture, expected at least 10" in capsys.readouterr().err
