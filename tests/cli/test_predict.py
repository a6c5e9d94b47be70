"""``lenet predict``: pictures of any kind, by models of any classes."""

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.cli import main
from lenet.data import FITS, read_picture

DIGITS = Path(__file__).parents[2] / "examples" / "digits"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Class folders of pictures in color, wider than high: something red, something green, something blue."""
    root = tmp_path_factory.mktemp("colors")
    rng = np.random.default_rng(0)
    for channel, name in enumerate(("red", "green", "blue")):
        (root / name).mkdir()
        for number in range(30):
            pixels = rng.integers(90, 140, (40, 60, 3), np.uint8)
            pixels[8:32, 18:42, channel] = rng.integers(200, 255, (24, 24))
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def model(pictures, tmp_path_factory):
    run = lenet.train("lenet-rgb", pictures, epochs=12, batch=10, out=tmp_path_factory.mktemp("run") / "colors")
    assert run.evaluation.errors == 0
    return run.best_path


def predict(capsys, *arguments):
    code = main(["predict", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out.splitlines(), printed.err.splitlines()


def test_one_picture_gives_its_class_and_the_next_ones(pictures, model, capsys):
    code, (line,), output = predict(capsys, pictures / "blue" / "3.png", "--model", model)
    assert (code, output) == (0, [])
    assert line.startswith("blue  ")
    assert "%  then " in line
    assert line.count("%") == 3
    _, (line,), _ = predict(capsys, pictures / "blue" / "3.png", "--model", model, "--top", 1)
    assert line.count("%") == 1


def test_files_folders_globs_and_stdin_are_all_answered_by_name(pictures, model, capsys, monkeypatch):
    content = (pictures / "green" / "1.png").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    words = [pictures / "red" / "1.png", pictures / "blue", str(pictures / "r*" / "2*.png"), "-"]
    code, lines, output = predict(capsys, *words, "--model", model)
    assert code == 0
    assert len(lines) == 1 + 30 + 11 + 1
    for line in lines[:-1]:
        path, answer = line.split(": ", 1)
        assert answer.startswith(f"{Path(path).parent.name}  ")
    assert lines[-1].startswith("stdin: green  ")
    assert output == ["answered 43 of 43 pictures"]


def test_python_and_shell_give_the_same_and_json_and_csv_hold_it(pictures, model, tmp_path, capsys):
    paths = [pictures / name / "0.png" for name in ("red", "green")]
    table = tmp_path / "answers.csv"
    code, lines, _ = predict(capsys, *paths, "--model", model, "--json", "--csv", table, "--top", 2)
    assert code == 0
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    for path, values, row in zip(paths, json.loads("\n".join(lines)), rows, strict=True):
        expected = lenet.load(model).predict(path)
        assert values == {"file": str(path)} | expected.to_json(2)
        assert len(values["probabilities"]) == 2
        assert (row["file"], row["class"]) == (str(path), expected.class_name)
        assert float(row["probability"]) == pytest.approx(expected.probability, abs=1e-4)


@pytest.mark.parametrize("fit", FITS)
def test_a_picture_comes_to_the_network_as_those_of_training_did_or_as_is_asked_for(pictures, model, fit, capsys):
    path = pictures / "red" / "5.png"
    _, (line,), _ = predict(capsys, path, "--model", model, "--fit", fit)
    own = lenet.load(model)
    square = read_picture(path, size=32, color=True, fit=fit)
    assert line.startswith(f"red  {own.predict(square).probability:.1%}")
    if fit == "pad":
        trained_on = lenet.data.load(pictures, size=32, color=True)
        assert any((image == square).all() for image in [*trained_on.train_images, *trained_on.test_images])
        assert own.predict(path).probabilities == own.predict(square).probabilities


def test_pictures_are_turned_as_their_camera_says_and_gray_ones_and_small_ones_are_taken(pictures, model, tmp_path):
    with Image.open(pictures / "blue" / "0.png") as picture:
        exif = Image.Exif()
        exif[0x0112] = 6
        picture.rotate(90, expand=True).save(tmp_path / "turned.png", exif=exif)
        picture.convert("L").save(tmp_path / "gray.png")
        picture.resize((3, 2)).save(tmp_path / "small.png")
    own = lenet.load(model)
    assert own.predict(tmp_path / "turned.png").probabilities == own.predict(pictures / "blue" / "0.png").probabilities
    for name in ("gray.png", "small.png"):
        assert sum(own.predict(tmp_path / name).probabilities.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("suffix", ["tif", "pdf"])
def test_each_page_of_a_file_is_a_picture(suffix, pictures, model, tmp_path, capsys, monkeypatch):
    if suffix == "pdf":
        pytest.importorskip("pypdfium2")
    pages = [Image.open(pictures / name / "3.png").resize((600, 400)) for name in ("blue", "red", "green")]
    path = tmp_path / f"pages.{suffix}"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    sheet = tmp_path / "sheet.png"
    code, lines, output = predict(capsys, path, "--model", model, "--top", 1, "--sheet", sheet)
    assert (code, output) == (0, [f"drew 3 of 3 pictures into {sheet}"])
    for number, (line, name) in enumerate(zip(lines, ("blue", "red", "green"), strict=True), start=1):
        assert line.startswith(f"{path}, page {number}: {name}  ")
    assert main(["predict", str(path), "--model", str(model), "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert [answer["file"] for answer in answers] == [f"{path}, page {number}" for number in (1, 2, 3)]
    assert [answer["class"] for answer in answers] == ["blue", "red", "green"]
    content = path.read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    code, lines, _ = predict(capsys, "-", "--model", model)
    assert (code, len(lines)) == (0, 3)
    assert lines[2].startswith("stdin, page 3: green")


def test_what_cannot_be_opened_is_told_and_the_others_are_answered(pictures, model, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "zero.png").touch()
    (tmp_path / "text.txt").write_text("no picture")
    table = tmp_path / "answers.csv"
    words = [
        tmp_path / "empty",
        tmp_path / "*.gif",
        tmp_path / "zero.png",
        tmp_path / "text.txt",
        tmp_path / "none.png",
    ]
    code, lines, output = predict(capsys, *words, pictures / "red" / "0.png", "--model", model, "--csv", table)
    assert code == 1
    assert [line.split(": ")[1].split("  ")[0] for line in lines] == ["red"]
    for message, (word, why) in zip(
        output,
        [
            ("empty", "holds no pictures"),
            ("*.gif", "no file matches"),
            ("zero.png", "empty file"),
            ("text.txt", "not a picture"),
            ("none.png", "no such file"),
        ],
        strict=False,
    ):
        assert f"{word}: {why}" in message
    assert [row["class"] for row in csv.DictReader(table.read_text("utf-8").splitlines())] == ["", "", "", "red"]


def test_the_sheet_shows_the_pictures_in_color_with_their_answers(pictures, model, tmp_path, capsys):
    code, _, output = predict(capsys, pictures / "blue", "--model", model, "--sheet", tmp_path / "sheet.png")
    assert code == 0
    assert output[-1] == f"drew 30 of 30 pictures into {tmp_path / 'sheet.png'}"
    pixels = np.asarray(Image.open(tmp_path / "sheet.png"), int)
    assert ((pixels[..., 2] > 190) & (pixels[..., 0] < 150)).sum() > 30 * 500


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Missing option '--model'"),
        (["--model", "nothing"], "unknown weights file, run or pretrained network 'nothing'"),
        (["--model", "MODEL", "--sheet", "sheet.txt"], "sheet.txt: expected a picture file's name"),
        (["--model", "MODEL", "--sheet", "PICTURE"], "--sheet would write over"),
        (["--model", "MODEL", "--csv", "answers.txt"], "--csv writes a CSV file"),
        (["--model", "MODEL", "--top", "0"], "0 is too small, expected at least 1"),
        (["--model", "MODEL", "--fit", "squash"], "'squash' is not one of"),
        (["--model", "lenet-5", "--fit", "crop"], "which is cut out of the picture wherever it is; leave fit out"),
    ],
)
def test_wrong_usage_is_one_sentence_before_anything_is_done(pictures, model, options, message, capsys):
    given = {"MODEL": str(model), "PICTURE": str(pictures / "red" / "0.png")}
    code, lines, output = predict(capsys, given["PICTURE"], *(given.get(option, option) for option in options))
    assert code in (1, 2)
    assert lines == []
    assert len(output) == 1
    assert message in output[0]


def test_an_answer_that_is_as_good_as_guessed_says_so():
    untrained = lenet.create("lenet-rgb", classes=["a", "b", "c", "d"], seed=1)
    answer = untrained.predict(np.full((32, 32, 3), 128, np.uint8))
    assert answer.probability < 0.25 + 0.1 * 0.75
    assert (answer.is_chance, answer.remark) == (True, "as likely as chance")
    sure = lenet.Prediction("a", 0.33, {"a": 0.33, "b": 0.3, "c": 0.2, "d": 0.17})
    assert (sure.is_chance, sure.remark) == (False, "")


def test_what_no_class_fits_is_called_none_of_them_by_a_model_that_knows_such_an_answer(tmp_path, capsys):
    square = np.full((60, 80), 225, np.uint8)
    square[15:45, 25:55] = 30
    Image.fromarray(square).save(tmp_path / "square.png")
    _, (line,), _ = predict(capsys, tmp_path / "square.png", "--model", "lenet-5-relu")
    assert "more likely none of the classes" in line


def test_a_model_of_digits_names_the_digit_that_stands_out_and_says_where_more_are(capsys):
    code, (line,), output = predict(capsys, DIGITS / "seven.png", "--model", "lenet-5-relu")
    assert (code, line[:3], output) == (0, "7  ", [])
    code, (line,), (message,) = predict(capsys, DIGITS / "phone.png", "--model", "lenet-5-relu")
    assert code == 0
    assert "shows 8 digits, of which the one that stands out most is named; lenet read reads all" in message
    _, (line,), _ = predict(capsys, "mnist:0", "--model", "lenet-5-relu")
    assert line.startswith("7  ")
