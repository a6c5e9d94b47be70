"""CSV files of pictures: read as they were written, wherever the label column stands; errors name the line."""

import csv
import gzip
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet import data
from lenet.data.csv_files import MAX_LINE_BYTES, NoLabels, read_csv
from lenet.errors import DataError

ROOT = Path(__file__).parents[2]


def rows_of(images, labels, label_last=False):
    for image, label in zip(images, labels, strict=True):
        pixels = [str(level) for level in image.ravel()]
        yield [*pixels, str(label)] if label_last else [str(label), *pixels]


def write(path, rows, header=None, delimiter=",", quoting=csv.QUOTE_MINIMAL):
    with gzip.open(path, "wt") if path.suffix == ".gz" else path.open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter, quoting=quoting).writerows([header, *rows] if header else rows)
    return path


@pytest.fixture(scope="module")
def digits(mnist):
    return mnist.train_images[:300], mnist.train_labels[:300]


# --- what is read ---


@pytest.mark.parametrize("label_last", [False, True])
@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("name", ["digits.csv", "digits.csv.gz", "digits"])
def test_digits_are_read_wherever_the_label_column_stands(digits, label_last, header, name, tmp_path):
    images, labels = digits
    pixels = [f"{row}x{column}" for row in range(28) for column in range(28)]
    names = ([*pixels, "label"] if label_last else ["label", *pixels]) if header else None

    read_images, read_labels = read_csv(write(tmp_path / name, rows_of(images, labels, label_last), names))

    assert (read_images == images).all()
    assert read_labels == [str(label) for label in labels]


@pytest.mark.parametrize("name", ["fashion-mnist", "cifar10"])
@pytest.mark.parametrize("label_last", [False, True])
def test_the_label_column_is_found_where_the_first_and_last_pixels_vary_too(name, label_last, tmp_path):
    try:
        dataset = data.load(name)
    except DataError:
        pytest.skip(f"{name} is neither cached nor can it be downloaded")
    images, labels = dataset.train_images[:1000], dataset.train_labels[:1000]

    read_images, read_labels = read_csv(write(tmp_path / "train.csv", rows_of(images, labels, label_last)))

    assert (read_images == images).all()
    assert read_labels == [str(label) for label in labels]


def test_planar_and_interleaved_colors_are_told_apart(tmp_path):
    small = np.random.default_rng(0).integers(0, 256, (40, 3, 4, 4)).astype(np.uint8)
    images = small.repeat(8, axis=2).repeat(8, axis=3)  # neighbors alike, the three colors not
    labels = np.arange(40) % 4

    planar, _ = read_csv(write(tmp_path / "planar.csv", rows_of(images, labels)))
    interleaved, _ = read_csv(write(tmp_path / "interleaved.csv", rows_of(images.transpose(0, 2, 3, 1), labels)))

    assert (planar == images).all()
    assert (interleaved == images).all()
    noise = np.random.default_rng(1).integers(0, 256, (40, 3, 8, 8)).astype(np.uint8)
    with pytest.raises(DataError, match="whether they are planar or interleaved cannot be told"):
        read_csv(write(tmp_path / "noise.csv", rows_of(noise, labels)))


@given(
    side=st.integers(2, 6),
    count=st.integers(1, 12),
    seed=st.integers(0, 99),
    delimiter=st.sampled_from(",;\t"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    suffix=st.sampled_from(["", ".0", " "]),
)
@settings(deadline=None, max_examples=60)
def test_any_square_pictures_with_a_header_come_back(side, count, seed, delimiter, quoting, suffix, tmp_path_factory):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, side, side)).astype(np.uint8)
    names = [f"p{number}" for number in range(side * side)]
    label_column = int(rng.integers(0, side * side + 1))
    rows = []
    for image in images:
        cells = [f"{level}{suffix}" for level in image.ravel()]
        rows.append([*cells[:label_column], "a cat, black", *cells[label_column:]])
    header = [*names[:label_column], "Label", *names[label_column:]]

    path = write(tmp_path_factory.mktemp("csv") / "any.csv", rows, header, delimiter, quoting)

    read_images, labels = read_csv(path)
    assert (read_images == images).all()
    assert labels == ["a cat, black"] * count


def test_files_as_pandas_writes_them_are_read(digits, tmp_path):
    images, labels = digits
    rows = list(rows_of(images, labels))

    with_numbers_as_header = write(tmp_path / "numbers.csv", rows, [str(column) for column in range(785)])
    with_index_column = write(
        tmp_path / "index.csv",
        [[str(number), *row] for number, row in enumerate(rows)],
        ["", "label", *(f"pixel{number}" for number in range(784))],
    )

    for path in (with_numbers_as_header, with_index_column):
        read_images, read_labels = read_csv(path)
        assert (read_images == images).all()
        assert read_labels == [str(label) for label in labels]


def test_a_byte_order_mark_windows_line_ends_and_empty_lines_are_ignored(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf7,1,2,3,0\r\n\r\n8,5,6,7,0\r\n\n")

    images, labels = read_csv(tmp_path / "a.csv")

    assert images.tolist() == [[[1, 2], [3, 0]], [[5, 6], [7, 0]]]
    assert labels == ["7", "8"]


# --- what is refused ---


def rows_with_one_changed(digits, line, change):
    rows = list(rows_of(*digits))
    change(rows[line - 1])
    return rows


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row.pop(), "line 7 has 784 columns, expected 785"),
        (lambda row: row.append("0"), "line 7 has 786 columns, expected 785"),
        (lambda row: row.__setitem__(300, "black"), "line 7 has a pixel 'black', expected a whole number, 0 to 255"),
        (lambda row: row.__setitem__(300, ""), "line 7 has a pixel '', expected a whole number"),
        (lambda row: row.__setitem__(300, "256"), "line 7 has a pixel '256', expected a whole number"),
        (lambda row: row.__setitem__(300, "-1"), "line 7 has a pixel '-1', expected a whole number"),
        (lambda row: row.__setitem__(300, "1_0"), "line 7 has a pixel '1_0', expected a whole number"),
        (
            lambda row: row.__setitem__(300, "0.5"),
            "line 7 has a pixel '0.5', .*; multiply pixels between 0 and 1 by 255",
        ),
        (lambda row: row.__setitem__(784, "black"), "line 7 has a pixel 'black', expected a whole number"),
    ],
)
def test_a_short_or_wrong_line_is_named_with_its_number(digits, change, message, tmp_path):
    path = write(tmp_path / "train.csv", rows_with_one_changed(digits, 7, change))
    with pytest.raises(DataError, match=rf"train\.csv: {message}"):
        read_csv(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no rows"),
        (b"label,a,b,c,d\n", "holds a header and no rows"),
        (b"1,2,3\n", r"has 3 columns; expected a label and the pixels of a square picture, as 785 for 28×28"),
        (b"file,label\na.png,1\n", "names files of pictures; training takes a folder of pictures for each class"),
        (b"label,label,1,2,3\n", "2 columns are called label, class, target or y; expected one"),
        (b"label,a,b,c,d\n,1,2,3,4\n", "a label has 0 characters"),
        (b"label,a,b,c,d\n" + b"n" * 300 + b",1,2,3,4\n", "a label has 300 characters"),
        (
            "label,a,b,c,d\n狗,1,2,3,4\n牛,1,2,3,4\n".encode("gbk"),
            "line 2 has a label that is no UTF-8; save the table",
        ),
        (b"1,1,1,1,2\n2,1,1,1,3\n", "the labels may be in the first column or in the last"),
        (b"\x1f\x8b nothing", "cannot be read as a CSV file"),
        (b"1" * (MAX_LINE_BYTES + 9), "line 1 is longer than"),
        (b"\xff\xfe1\0,\x002\0", "line 1 holds zero bytes; expected text in UTF-8"),
    ],
)
def test_a_file_that_is_no_table_of_pictures_is_refused_with_the_reason(content, message, tmp_path):
    (tmp_path / "train.csv").write_bytes(content)
    with pytest.raises(DataError, match=rf"train\.csv: {message}"):
        read_csv(tmp_path / "train.csv")


def test_a_file_without_labels_is_reported_as_that_and_not_as_damaged(digits, tmp_path):
    path = write(tmp_path / "test.csv", [row[1:] for row in rows_of(*digits)])
    with pytest.raises(NoLabels, match="has 784 columns, the pixels of 28×28 pictures, and no labels; expected 785"):
        read_csv(path)


def test_more_than_ten_thousand_different_labels_are_refused(tmp_path):
    path = write(tmp_path / "a.csv", [[f"w{number}", 1, 2, 3, 4] for number in range(10_002)])
    with pytest.raises(DataError, match=r"has over 10,000 different labels, the last in line 10001"):
        read_csv(path)


def load_and_measure(path: str) -> None:
    from tests.memory import peak_megabytes

    print(len(data.load(path).train_labels), peak_megabytes())


def test_a_file_of_a_hundred_megabytes_is_read_in_bounded_memory(mnist, tmp_path):
    line = ",".join(["1", *map(str, mnist.train_images[0].ravel())]) + "\n"
    other = "0" + line[1:]
    with (tmp_path / "large.csv").open("w") as file:
        for _ in range(100):
            file.write((line + other) * 250)
    command = [sys.executable, "-m", __spec__.name, str(tmp_path / "large.csv")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    count, megabytes = map(int, ran.stdout.split())
    assert count == 41_667
    assert megabytes <= 400


# --- as data sets ---


def test_two_files_in_a_folder_are_the_training_and_the_test_split(digits, tmp_path):
    images, labels = digits
    write(tmp_path / "mnist_train.csv", rows_of(images[:200], labels[:200]))
    write(tmp_path / "mnist_test.csv", rows_of(images[200:], labels[200:]))
    (tmp_path / "README.txt").write_text("where it is from")

    for path in (tmp_path, tmp_path / "mnist_train.csv"):
        mine = data.load(path)
        assert (mine.train_images == images[:200]).all()
        assert (mine.test_images == images[200:]).all()
        assert mine.test_labels.tolist() == labels[200:].tolist()
        assert mine.class_names == tuple("0123456789")
        assert "test_part" not in mine.provenance


def test_a_single_file_is_split_as_folders_of_pictures_are(digits, tmp_path):
    mine = data.load(write(tmp_path / "digits.csv", rows_of(*digits)))
    assert (len(mine.train_labels), len(mine.test_labels)) == (250, 50)
    assert "50 of 300 examples were set aside" in mine.provenance["test_part"]


def test_kaggles_test_file_without_labels_is_left_out_with_a_notice(digits, tmp_path, capsys):
    write(tmp_path / "train.csv", rows_of(*digits), ["label", *(f"pixel{number}" for number in range(784))])
    write(tmp_path / "test.csv", [row[1:] for row in rows_of(*digits)])
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n")

    mine = data.load(tmp_path)

    assert (len(mine.train_labels), len(mine.test_labels)) == (250, 50)
    assert capsys.readouterr().err == "lenet: test.csv holds no labels and was left out\n"


def test_names_become_classes_and_those_of_the_test_split_must_be_known(tmp_path):
    rows = [[name, *[level] * 16] for level, name in enumerate(["dog", "cat", "10", "2"] * 3)]
    write(tmp_path / "train.csv", rows)
    write(tmp_path / "test.csv", rows[:2])

    mine = data.load(tmp_path)

    assert mine.class_names == ("2", "10", "cat", "dog")
    assert mine.test_labels.tolist() == [3, 2]
    write(tmp_path / "test.csv", [["cow", *[1] * 16]])
    with pytest.raises(
        DataError, match=r"test\.csv: holds the label 'cow', which the training split has not; known: 2"
    ):
        data.load(tmp_path)


def test_files_of_which_none_is_named_as_the_training_split_are_refused_by_name(tmp_path):
    for name in ("a.csv", "b.csv"):
        write(tmp_path / name, [["1", 1, 2, 3, 4]])
    with pytest.raises(
        DataError, match=re.escape("holds a.csv, b.csv, and which is the training split cannot be told")
    ):
        data.load(tmp_path)


if __name__ == "__main__":
    load_and_measure(sys.argv[1])
