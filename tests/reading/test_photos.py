"""Labeled folders: the table of labels, what is counted on it, the sheet of misses, and ``lenet evaluate --photos``."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from lenet.cli import main
from lenet.engine import engine_name
from lenet.errors import DataError
from lenet.reading.batch.labels import LabeledPicture, read_labels
from lenet.reading.batch.photos import Answer, Measurement, Tally, read_labeled
from lenet.reading.drawing.misses import draw_misses


@pytest.fixture(autouse=True, scope="module")
def _said_once():
    """Where the native engine is missing, its warning is printed here, and not into the output that a test examines."""
    engine_name()


def write_page(path: Path, digit: np.ndarray) -> None:
    ink = cv2.resize(digit, (112, 112), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    Image.fromarray(np.uint8(235 - 190 * np.clip(np.pad(ink, 14), 0, 1))).save(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, mnist) -> Path:
    """Six digits of MNIST, the last labeled wrongly; a damaged picture; and two digits side by side, 7 and 1."""
    folder = tmp_path_factory.mktemp("photos")
    for index in range(6):
        write_page(folder / f"{index}.png", mnist.test_images[index])
    write_page(folder / "pair.png", np.hstack([mnist.test_images[0], mnist.test_images[2]])[:, 2:-2])
    (folder / "bad.png").write_bytes(b"no picture")
    labels = [*mnist.test_labels[:5], (mnist.test_labels[5] + 1) % 10]
    rows = [f"{index}.png,{label},single,{'pen' if index < 4 else 'pencil'}" for index, label in enumerate(labels)]
    lines = ["file,label,kind,capture", *rows, "bad.png,3,single,pencil", "pair.png,71,string,pen"]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder


def written(tmp_path: Path, table: str | bytes, *files: str) -> Path:
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    path = tmp_path / "labels.csv"
    path.write_bytes(table if isinstance(table, bytes) else table.encode())
    return path


def test_kind_and_capture_have_defaults_and_other_columns_are_left_alone(tmp_path: Path):
    path = written(tmp_path, "label,polarity,file\n7,dark,a.png\n12 34|5,,sub/b.png\n", "a.png", "sub/b.png")
    assert read_labels(path) == [
        LabeledPicture(tmp_path / "a.png", "a.png", "7", "single", "all"),
        LabeledPicture(tmp_path / "sub/b.png", "sub/b.png", "12 34\n5", "string", "all"),
    ]
    assert read_labels(tmp_path) == read_labels(path)


@pytest.mark.parametrize(
    "table",
    [
        "\ufefffile,label\r\nü.png,7\r\n".encode(),
        "file;label\nü.png;7\n".encode(),
        "File\tLabel\nü.png\t7\n".encode("utf-16"),
        '\n"file", label\n\n"ü.png", 7\n\n'.encode(),
    ],
    ids=["byte order mark", "semicolons", "utf-16 with tabs", "quotes and empty lines"],
)
def test_tables_as_spreadsheets_save_them_are_read(tmp_path: Path, table: bytes):
    (picture,) = read_labels(written(tmp_path, table, "ü.png"))
    assert (picture.file, picture.label, picture.kind) == ("ü.png", "7", "single")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", r"line 1: no column file; .* found nothing"),
        ("name,label\na.png,7\n", r"line 1: no column file; .* found name, label"),
        ("file,digit\na.png,7\n", r"line 1: no column label"),
        ("file,label,label\na.png,7,7\n", r"line 1: two columns are named label"),
        ("file,label\n", r"names no pictures"),
        ("file,label\na.png,7\na.png,7\n", r"line 3: a.png was named in line 2 already"),
        ("file,label\na.png,7\n\nb.png,7\n", r"line 4: .*b.png: no such file"),
        ("file,label\na.png\n", r"line 2: no label"),
        ("file,label\na.png,1,234\n", r"line 2: '234' is in no column; expected one value for each column"),
        ("file,label\n,7\n", r"line 2: no file"),
        ("file,label\na.png,seven\n", r"line 2: the label 'seven' holds 's'; expected digits"),
        ("file,label\na.png,7.0\n", r"line 2: the label '7.0' holds '\.'"),
        ("file,label\na.png,٣\n", r"line 2: the label '٣' holds '٣'"),
        ("file,label\na.png,|\n", r"line 2: the label '\|' holds no digit"),
        ("file,label,kind\na.png,12,single\n", r"line 2: '12' is no single digit"),
        ("file,label,kind\na.png,1,word\n", r"line 2: unknown kind 'word'; expected single or string"),
        ("file,label\n.,7\n", r"line 2: .*is a folder"),
        (b"file,label\na.png,7\n\xe4.png,7\n", r"line 3: no text in UTF-8 or UTF-16"),
        (b"\xff\xfef\0i", r"line 1: no text in UTF-8 or UTF-16"),
        (b"file,label\n\0", r"binary data"),
        ('file,label\n"a.png,7\n', r"line 2: not a table"),
    ],
)
def test_a_wrong_table_is_refused_in_one_sentence(tmp_path: Path, table: str | bytes, message: str):
    path = written(tmp_path, table, "a.png")
    with pytest.raises(DataError, match=message) as failure:
        read_labels(path)
    assert str(failure.value).startswith(str(path))
    assert "\n" not in str(failure.value)


def test_a_missing_table_is_reported(tmp_path: Path):
    with pytest.raises(DataError, match=r"labels.csv: no such table of labels"):
        read_labels(tmp_path)


def test_measuring_counts_right_rejected_and_unreadable_pictures(folder: Path):
    measurement = Measurement(tuple(read_labeled(read_labels(folder), workers=1)))
    groups = measurement.groups
    assert list(groups) == ["single/pen", "single/pencil", "string/pen"]
    assert (groups["single/pen"].n, groups["single/pen"].right) == (4, 4)
    assert (groups["single/pencil"].n, groups["single/pencil"].right) == (3, 1)  # one mislabeled, one damaged
    assert groups["string/pen"].right == 1
    assert measurement.total.n == 8
    assert measurement.total.right == 6
    assert {miss.picture.file for miss in measurement.misses} == {"5.png", "bad.png"}
    (bad,) = [answer for answer in measurement.answers if answer.problem]
    assert bad.is_rejected
    assert not bad.is_right
    assert "bad.png: not a picture" in bad.problem
    assert all(answer.reading is None or answer.reading.steps is None for answer in measurement.answers)


def test_several_processes_answer_as_one_does(folder: Path):
    pictures = read_labels(folder)
    alone, shared = (list(read_labeled(pictures, workers=workers)) for workers in (1, 2))
    assert [answer.text for answer in shared] == [answer.text for answer in alone]
    assert [answer.problem for answer in shared] == [answer.problem for answer in alone]


def answered(label: str, text: str | None, kind: str = "string") -> Answer:
    """An answer without digits, which counts as rejected."""
    from lenet.reading.foreground.ink import Polarity
    from lenet.reading.results import Reading

    picture = LabeledPicture(Path("a.png"), "a.png", label, kind, "all")
    reading = None if text is None else Reading(text, (), (), "a.png", (9, 9), Polarity.PAPER_HIGH)
    return Answer(picture, reading)


@pytest.mark.parametrize(
    ("label", "text", "right", "with_gaps"),
    [
        ("12 34\n5", "12 34\n5", True, True),
        ("12 34\n5", "1234\n5", True, False),
        ("12 34\n5", "12345", False, False),
        ("1234", "12 34", True, False),
        ("1234", "123", False, False),
        ("1", None, False, False),
    ],
)
def test_digits_and_lines_make_an_answer_right_and_gaps_are_counted_apart(label, text, right, with_gaps):
    answer = answered(label, text)
    assert (answer.is_right, answer.is_right_with_gaps) == (right, with_gaps)
    assert Tally.of([answer]) == Tally(1, int(right), 1, 0, int(with_gaps))


def test_the_sheet_shows_each_miss_and_grows_with_them(folder: Path):
    answers = tuple(read_labeled(read_labels(folder), workers=1))
    sheet = draw_misses(Measurement(answers))
    again = draw_misses(Measurement(answers * 5))
    assert sheet.width >= 900
    assert again.height > sheet.height
    pixels = np.asarray(sheet.convert("L"), np.int64)
    assert (pixels < 100).sum() > 1000  # the pictures' ink
    assert draw_misses(Measurement(answers[:4])).height < 100  # only the title: nothing was missed


def test_evaluate_photos_prints_a_line_for_each_group_and_reports_the_bad_file(folder: Path, tmp_path: Path, capsys):
    sheet = tmp_path / "misses.png"
    assert main(["evaluate", "--photos", str(folder / "labels.csv"), "--mistakes", str(sheet)]) == 0
    out, err = capsys.readouterr()
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    assert "100.0 %" in lines["single/pen"]
    assert "33.3 %" in lines["single/pencil"]
    assert "75.0 %" in lines["all"]
    assert "expected calibration error" in out
    assert "gaps" in out
    assert err.count("\n") == 1
    assert "bad.png: not a picture" in err
    with Image.open(sheet) as picture:
        assert picture.width >= 900


def test_evaluate_photos_gives_every_group_as_json(folder: Path, capsys):
    assert main(["evaluate", "pretrained", "--photos", str(folder), "--json"]) == 0
    output = json.loads(capsys.readouterr().out)
    assert output["groups"]["single/pen"]["n"] == 4
    assert output["groups"]["single/pen"]["right"] == 4
    assert set(output["total"]) >= {"n", "right", "rejected", "accepted_right"}
    assert output["total"]["n"] == 8
    assert output["calibration"]["digits"] == 6
    assert 0 <= output["calibration"]["expected_error"] <= 1
    assert {miss["file"] for miss in output["misses"]} == {"5.png", "bad.png"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--photos", "none.csv"], "none.csv: no such table of labels"),
        (["--photos", "x.csv", "--data", "mnist"], "leave out --data"),
        (["--photos", "x.csv", "--confusion", "c.png"], "leave out --confusion"),
        (["--max-error", "1%"], "--max-error goes with --photos"),
        (["--photos", "x.csv", "--max-error", "much"], "'much'"),
        (["--photos", "x.csv", "--mistakes", "sheet.txt"], "expected a picture file's name"),
    ],
)
def test_wrong_words_of_evaluate_photos_give_one_sentence(words, message, capsys):
    assert main(["evaluate", *words]) != 0
    out, err = capsys.readouterr()
    assert message in err
    assert err.count("\n") == 1
    assert not out


@pytest.mark.parametrize("label", ["12|", "|12", "1||2"])
def test_a_label_with_a_line_without_digits_is_refused(tmp_path: Path, label: str):
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "labels.csv").write_text(f"file,label\na.png,{label}\n")
    with pytest.raises(DataError, match=r"line 2: .*has a line without digits"):
        read_labels(tmp_path / "labels.csv")
