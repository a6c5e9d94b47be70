"""IDX files find one another by their names; EMNIST's are turned upright and named by their mapping."""

import gzip

import numpy as np
import pytest
from PIL import Image

from lenet import data
from lenet.errors import DataError


def write_emnist(folder, name, images, labels, end=".gz", parts=("train", "test")):
    """A set as EMNIST has it: rows and columns of its pictures exchanged."""
    for part in parts:
        data.write_idx(folder / f"emnist-{name}-{part}-images-idx3-ubyte{end}", images.swapaxes(1, 2))
        data.write_idx(folder / f"emnist-{name}-{part}-labels-idx1-ubyte{end}", labels.astype(np.uint8))


@pytest.fixture
def digits(mnist):
    return mnist.train_images[:60], mnist.train_labels[:60]


def test_emnist_is_turned_upright_with_a_notice(digits, tmp_path, capsys):
    write_emnist(tmp_path, "digits", *digits)

    for path in (tmp_path, tmp_path / "emnist-digits-train-images-idx3-ubyte.gz"):
        mine = data.load(path)
        assert (mine.train_images == digits[0]).all()
        assert (mine.test_images == digits[0]).all()
        assert (mine.train_labels == digits[1]).all()
        assert mine.provenance["transposed"]
        output = capsys.readouterr().err
        assert output.startswith("lenet: EMNIST's own files hold pictures whose rows and columns are exchanged;")
        assert output.count("\n") == 1

    kept = data.load(tmp_path, transpose=False)
    assert (kept.train_images == digits[0].swapaxes(1, 2)).all()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["labels.csv", "labels.txt", "images.json", "train-labels.csv"])
def test_what_is_no_idx_file_beside_folders_of_classes_is_none_whatever_its_name(name, tmp_path):
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for number in range(6):
            Image.new("L", (28, 28), 10 * number).save(tmp_path / label / f"{number}.png")
    (tmp_path / name).write_text("file,label\n")
    assert data.load(tmp_path).class_names == ("cat", "dog")


def test_one_of_several_sets_is_named_by_its_file(digits, tmp_path):
    write_emnist(tmp_path, "digits", *digits)
    write_emnist(tmp_path, "mnist", 255 - digits[0], digits[1])

    with pytest.raises(DataError, match="holds emnist-digits, emnist-mnist; name one of them by its file of images"):
        data.load(tmp_path)
    mine = data.load(tmp_path / "emnist-mnist-train-images-idx3-ubyte.gz")
    assert (mine.test_images == 255 - digits[0]).all()


def test_the_mapping_names_the_classes(digits, tmp_path):
    images = digits[0]
    labels = np.arange(60) % 26 + 1
    write_emnist(tmp_path, "letters", images, labels)
    lines = [f"{letter} {64 + letter} {96 + letter}\n" for letter in range(1, 27)]
    (tmp_path / "emnist-letters-mapping.txt").write_text("".join(lines))

    mine = data.load(tmp_path)

    assert mine.class_names[:2] + mine.class_names[-1:] == ("Aa", "Bb", "Zz")
    assert (mine.train_labels == labels - 1).all()


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ("0 48\nzero 49\n", "line 2 is no label and the codes of its characters, as 10 65"),
        ("0\n", "line 1 is no label"),
        ("0 99999999\n", "line 1 is no label"),
        ("0 1114112\n", "line 1 is no label"),
        ("0 48\n", "holds the label 1, which its mapping has not"),
        ("", "holds the label 0, which its mapping has not"),
    ],
)
def test_a_mapping_that_does_not_fit_is_named(mapping, message, digits, tmp_path):
    write_emnist(tmp_path, "digits", *digits)
    (tmp_path / "emnist-digits-mapping.txt").write_text(mapping)
    with pytest.raises(DataError, match=message):
        data.load(tmp_path)


def test_a_training_file_has_its_test_part_beside_it(digits, tmp_path):
    images, labels = digits
    for part in ("train", "t10k"):
        count = 60 if part == "train" else 7
        data.write_idx(tmp_path / f"{part}-images-idx3-ubyte", images[:count])
        data.write_idx(tmp_path / f"{part}-labels-idx1-ubyte.gz", labels[:count].astype(np.uint8))

    mine = data.load(tmp_path / "train-images-idx3-ubyte")

    assert (len(mine.train_labels), len(mine.test_labels)) == (60, 7)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match="no file of labels t10k-labels-idx1-ubyte lies beside it"):
        data.load(tmp_path / "train-images-idx3-ubyte")


def test_compression_is_told_by_the_bytes_whatever_the_name(digits, tmp_path):
    images, labels = digits
    np.savez(tmp_path / "plain.npz", images=images, labels=labels)
    (tmp_path / "packed.bin").write_bytes(gzip.compress((tmp_path / "plain.npz").read_bytes()))
    for kind, array in (("images", images), ("labels", labels.astype(np.uint8))):
        data.write_idx(tmp_path / f"{kind}.gz", array)
        (tmp_path / f"{kind}.gz").rename(tmp_path / f"my-{kind}.idx")

    assert (data.load(tmp_path / "packed.bin").train_images == data.load(tmp_path / "plain.npz").train_images).all()
    assert len(data.load(tmp_path / "my-images.idx").train_labels) == 50
