"""Data sets: public ones, folders of pictures, IDX and NPZ files; splits; what is refused with the reason."""

import os
import re
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import lenet
from lenet import data
from lenet.data.datasets import stratified_mask
from lenet.errors import DataError, UnknownName


def numbered(count, side=4):
    """Pictures that can be told apart: each holds its own number in every pixel."""
    return np.repeat(np.arange(count, dtype=np.uint8), side * side).reshape(count, side, side)


def dataset(count=20, classes=2):
    labels = np.arange(count) % classes
    return data.Dataset("toy", numbered(count), labels, numbered(count), labels, tuple("ab"[:classes]))


# --- the public sets ---


def test_mnist_is_the_mnist_of_the_papers(mnist):
    assert (mnist.train_images.shape, mnist.test_images.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert mnist.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert mnist.train_images.mean() / 255 == pytest.approx(0.13066, abs=5e-6)
    assert mnist.train_images.std() / 255 == pytest.approx(0.30811, abs=5e-6)
    assert mnist.input_shape == (1, 28, 28)
    assert mnist.provenance["checksums"]["t10k-labels-idx1-ubyte"].startswith("sha256:ff7bcfd4")


def test_usps_gray_levels_become_bytes():
    lines = ["3 " + " ".join(["-1", "1", "0", "-0.5"] * 64), "9 " + " ".join(["0.992", "-0.996"] * 128)]
    contents = {name: np.frombuffer("\n".join(lines).encode(), np.uint8) for name in ("zip.train", "zip.test")}

    images, labels, _, _ = data.CATALOG["usps"].parse(contents)

    assert (images.shape, labels.tolist()) == ((2, 16, 16), [3, 9])
    assert images[0, 0, :4].tolist() == [0, 255, 128, 64]
    assert images[1, 0, :2].tolist() == [254, 1]


def test_cifar10_records_are_a_label_and_three_planes():
    record = np.concatenate([[7], np.full(1024, 10), np.full(1024, 20), np.full(1024, 30)]).astype(np.uint8)
    contents = {file.name: np.tile(record, 2) for file in data.CATALOG["cifar10"].source.files}

    images, labels, test_images, _ = data.CATALOG["cifar10"].parse(contents)

    assert (images.shape, test_images.shape) == ((10, 3, 32, 32), (2, 3, 32, 32))
    assert (images[4, :, 5, 6].tolist(), labels[4]) == ([10, 20, 30], 7)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownName, match="unknown data set 'mnits'; did you mean mnist"):
        data.load("mnits")
    with pytest.raises(DataError, match=r"mine/digits\.npz: no such file or folder"):
        data.load("mine/digits.npz")
    with pytest.raises(DataError, match=r"my-digits: no such file or folder"):
        data.load("my-digits/")


# --- what a data set is ---


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_labels": np.zeros(19, int)}, "20 train images but 19 labels"),
        ({"test_labels": np.full(20, 2)}, "test labels reach from 2 to 2, expected 0 to 1"),
        ({"test_labels": np.full(20, -1)}, "test labels reach from -1 to -1"),
        ({"train_images": np.zeros((20, 4, 4))}, r"got float64 \(20, 4, 4\)"),
        ({"test_images": np.zeros((20, 5, 4), np.uint8)}, "expected one size"),
        ({"test_images": np.zeros((0, 4, 4), np.uint8), "test_labels": np.zeros(0, int)}, "holds no test images"),
    ],
)
def test_splits_that_do_not_match_one_another_are_refused(changes, message):
    good = dataset()
    fields = {name: getattr(good, name) for name in good.__dataclass_fields__} | changes

    with pytest.raises(DataError, match=f"toy: .*{message}"):
        data.Dataset(**fields)


# --- splits ---


@given(examples=st.integers(0, 59), classes=st.integers(1, 7), seed=st.integers(0, 5))
def test_a_split_divides_the_training_examples_and_keeps_their_order(examples, classes, seed):
    labels = np.arange(60) % classes
    toy = data.Dataset("toy", numbered(60), labels, numbered(60) + 100, labels, tuple("abcdefg"))

    split = data.split_validation(toy, examples, seed)

    train, held = split.train_images[:, 0, 0], split.validation_images[:, 0, 0]
    assert (len(held), len(train)) == (examples, 60 - examples)
    assert sorted([*train, *held]) == list(range(60))
    assert sorted(train) == list(train)
    assert (train % classes == split.train_labels).all()
    assert (held % classes == split.validation_labels).all()


def test_a_split_is_the_same_for_the_same_seed_and_another_for_another():
    first, again, other = (data.split_validation(dataset(), 6, seed).validation_images for seed in (1, 1, 2))

    assert (first == again).all()
    assert (first != other).any()


@given(
    labels=st.lists(st.integers(0, 4), min_size=2, max_size=80).map(np.array),
    share=st.floats(0, 1),
    seed=st.integers(0, 3),
)
def test_each_class_gives_its_share_to_the_nearest_example(labels, share, seed):
    examples = int(share * len(labels))

    chosen = stratified_mask(labels, examples, seed)

    assert chosen.sum() == examples
    for kind in np.unique(labels):
        assert abs(chosen[labels == kind].sum() - examples * (labels == kind).mean()) < 1


@pytest.mark.parametrize("examples", [-1, 20, 21])
def test_a_split_that_leaves_nothing_to_train_on_is_refused(examples):
    with pytest.raises(DataError, match=f"cannot set aside {examples} examples for validation; expected 0 to 19"):
        data.split_validation(dataset(), examples)


# --- your own: pictures ---


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)
    return path


@pytest.fixture
def digit():
    """A light stroke on a dark ground."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[5:23, 12:16] = 250
    return pixels


def test_class_folders_become_classes_in_their_order(tmp_path, digit):
    for name in ("10", "2", "cat"):
        for index in range(6):
            save(tmp_path / name / f"{index}.png", digit)
    (tmp_path / "2" / ".hidden").write_text("not a picture")
    (tmp_path / ".git").mkdir()

    mine = data.load(tmp_path)

    assert mine.class_names == ("2", "10", "cat")
    assert (len(mine.train_labels), mine.test_labels.tolist()) == (15, [0, 1, 2])
    assert (mine.train_images == digit).all()
    assert "3 of 18 examples were set aside" in mine.provenance["test_part"]
    assert (data.load(tmp_path).provenance) == mine.provenance


def test_train_and_test_folders_are_kept_apart(tmp_path, digit):
    for name in ("a", "b"):
        save(tmp_path / "train" / name / "1.png", digit)
    save(tmp_path / "test" / "b" / "1.png", digit // 2)

    mine = data.load(tmp_path)

    assert (len(mine.train_labels), mine.test_labels.tolist()) == (2, [1])
    assert (mine.test_images == digit // 2).all()
    assert "test_part" not in mine.provenance

    save(tmp_path / "test" / "c" / "1.png", digit)
    with pytest.raises(DataError, match=r"test.c: no class of the training split has this name; known: a, b"):
        data.load(tmp_path)


def test_dark_ink_on_light_paper_is_inverted_unless_told_otherwise(tmp_path, digit):
    dark, light = save(tmp_path / "dark.png", digit), save(tmp_path / "light.png", 255 - digit)

    assert (data.read_picture(dark) == digit).all()
    assert (data.read_picture(light) == digit).all()
    assert (data.read_picture(light, polarity="ink-high") == 255 - digit).all()
    assert (data.read_picture(dark, polarity="paper-high") == 255 - digit).all()


def test_a_picture_of_another_shape_is_padded_to_a_square_and_not_stretched(tmp_path):
    wide = np.full((40, 80), 200, np.uint8)
    wide[10:30, 30:50] = 0  # a square of ink on light paper

    picture = data.read_picture(save(tmp_path / "wide.png", wide), size=40)

    ink = np.argwhere(picture > 150)
    assert (picture.shape, np.ptp(ink, axis=0).tolist()) == ((40, 40), [9, 9])
    assert picture[0, 0] == picture[-1, -1] == picture[20, 0] == 55


def test_color_alpha_and_sixteen_bits_are_understood(tmp_path):
    red = np.zeros((28, 28, 3), np.uint8)
    red[..., 0] = 200
    clear = np.zeros((28, 28, 4), np.uint8)
    clear[10:18, 10:18] = (0, 0, 0, 255)
    Image.fromarray(np.full((28, 28), 0x4000, np.uint16)).save(tmp_path / "deep.png")

    assert data.read_picture(save(tmp_path / "red.png", red), color=True)[:, 3, 3].tolist() == [200, 0, 0]
    ink = data.read_picture(save(tmp_path / "clear.png", clear))
    assert (ink[0, 0], ink[14, 14]) == (0, 255)
    assert (data.read_picture(tmp_path / "deep.png") == 0x40).all()


@pytest.mark.parametrize("content", [b"", b"just text", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_picture_is_named(content, tmp_path, digit):
    for name in ("a", "b"):
        save(tmp_path / name / "1.png", digit)
    (tmp_path / "b" / "notes.png").write_bytes(content)

    with pytest.raises(DataError, match=r"notes\.png: (not a picture|empty file|damaged picture)"):
        data.load(tmp_path)


def test_a_truncated_and_a_huge_picture_are_named(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64))
    path = save(tmp_path / "cut.png", noise)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DataError, match=r"cut\.png: damaged picture"):
        data.read_picture(path)

    Image.new("1", (10_001, 10_000)).save(tmp_path / "huge.png")
    with pytest.raises(DataError, match=r"huge\.png: 10,001×10,000 pixels; at most 100 million are accepted"):
        data.read_picture(tmp_path / "huge.png")
    Image.new("1", (100_001, 1)).save(tmp_path / "long.png")
    with pytest.raises(DataError, match=r"long\.png: 100,001×1 pixels, expected at most 100,000 a side"):
        data.read_picture(tmp_path / "long.png")


def test_a_single_pixel_is_a_picture(tmp_path):
    assert data.read_picture(save(tmp_path / "dot.png", [[9]])).shape == (28, 28)


def test_a_folder_without_classes_says_what_is_expected(tmp_path):
    with pytest.raises(DataError, match="holds 0 class folders, expected at least 2"):
        data.load(tmp_path)
    (tmp_path / "a").mkdir()
    with pytest.raises(DataError, match="holds 1 class folder, expected at least 2"):
        data.load(tmp_path)
    (tmp_path / "b").mkdir()
    with pytest.raises(DataError, match="its class folders hold no pictures"):
        data.load(tmp_path)


# --- your own: IDX and NPZ ---


def test_idx_files_in_a_folder_are_read(tmp_path):
    for part, count in (("train", 6), ("t10k", 4)):
        data.write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", numbered(count))
        data.write_idx(tmp_path / f"{part}-labels-idx1-ubyte", np.arange(count, dtype=np.uint8) % 3)

    mine = data.load(tmp_path)

    assert (mine.train_images == numbered(6)).all()
    assert (mine.test_labels.tolist(), mine.class_names) == ([0, 1, 2, 0], ("0", "1", "2"))


def test_an_idx_file_of_images_finds_its_labels(tmp_path):
    data.write_idx(tmp_path / "my-images-idx3-ubyte", numbered(12))
    with pytest.raises(DataError, match="my-images-idx3-ubyte: no file of labels my-labels-idx1-ubyte lies beside it"):
        data.load(tmp_path / "my-images-idx3-ubyte")

    data.write_idx(tmp_path / "my-labels-idx1-ubyte", np.arange(12, dtype=np.uint8) % 2)

    assert data.load(tmp_path / "my-images-idx3-ubyte").test_labels.tolist() == [0, 1]


def test_labels_and_images_of_different_length_are_refused(tmp_path):
    data.write_idx(tmp_path / "train-images", numbered(5))
    data.write_idx(tmp_path / "train-labels", np.zeros(4, np.uint8))
    np.savez(tmp_path / "file.npz", images=numbered(5), labels=np.zeros(4, int))

    with pytest.raises(DataError, match=r"train-images holds 5 images, but .*train-labels 4 labels"):
        data.load(tmp_path)
    with pytest.raises(DataError, match=r"file\.npz: images holds 5 images, but labels 4 labels"):
        data.load(tmp_path / "file.npz")


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (numbered(12), (4, 4)),
        (numbered(12)[..., None], (4, 4)),
        (numbered(12)[:, None], (4, 4)),
        (np.zeros((12, 8, 9, 3), np.uint8), (3, 8, 9)),
        (np.zeros((12, 3, 8, 9), np.uint8), (3, 8, 9)),
    ],
)
def test_npz_images_may_have_their_channels_in_either_place(images, shape, tmp_path):
    labels = np.arange(12) % 2
    np.savez(tmp_path / "file.npz", x_train=images, y_train=labels[:, None], x_test=images, y_test=labels)

    mine = data.load(tmp_path / "file.npz")

    assert mine.train_images.shape == (12, *shape)
    assert mine.test_labels.tolist() == labels.tolist()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": numbered(3)}, "holds pictures; expected x_train"),
        ({"images": numbered(3) / 255, "labels": np.zeros(3, int)}, "images is float64, expected uint8"),
        ({"images": numbered(3)[0], "labels": np.zeros(3, int)}, r"images has shape \(4, 4\)"),
        ({"images": numbered(3), "labels": np.zeros(3)}, "labels is float64"),
        ({"images": numbered(3), "labels": np.array([0, -1, 0])}, "labels reach from -1 to 0"),
        ({"images": numbered(3), "labels": np.array([0, 1, {}], object)}, "cannot be read as an NPZ file"),
    ],
)
def test_an_npz_that_is_something_else_is_named(arrays, message, tmp_path):
    np.savez(tmp_path / "file.npz", **arrays)

    with pytest.raises(DataError, match=rf"file\.npz: .*{message}"):
        data.load(tmp_path / "file.npz")


def test_an_npy_and_a_zip_of_texts_called_npz_are_named(tmp_path):
    with (tmp_path / "one.npz").open("wb") as stream:
        np.save(stream, numbered(3))
    with zipfile.ZipFile(tmp_path / "two.npz", "w") as archive:
        archive.writestr("images", "text")
        archive.writestr("labels", "text")

    with pytest.raises(DataError, match=r"one\.npz: is not an NPZ file"):
        data.load(tmp_path / "one.npz")
    with pytest.raises(DataError, match=r"two\.npz: holds nothing; expected x_train"):
        data.load(tmp_path / "two.npz")


@pytest.mark.parametrize("name", ["file.npz", "notes.txt", "images.idx"])
@pytest.mark.parametrize("content", [b"", b"text that is no data", b"PK\x03\x04 and nothing more"])
def test_any_other_file_is_named(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    (tmp_path / "labels.idx").write_bytes(content)

    with pytest.raises(DataError, match=re.escape(name)):
        data.load(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(tmp_path):
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(DataError, match="closed: cannot be read: permission denied"):
        data.load(tmp_path / "closed")


def npy(described: str, shape: str, body: bytes = b"") -> bytes:
    head = f"{{'descr': {described!r}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + body


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npy("|u1", "(1000000000000, 28, 28)"), "claims to hold uint8"),
        (npy("<f8", "(3, 1000000000000000000000)"), "claims to hold float64"),
        (npy("|u1", "(3, 4, 4)", bytes(47)), "claims to hold uint8"),
        (npy("|O", "(1000000000000,)"), "cannot be read as an NPZ file"),
        (npy("<U1000000000", "(1000000,)"), "(claims to hold|cannot be read as an NPZ file)"),
        (npy("|u1", "(-3, -16)", bytes(48)), "cannot be read as an NPZ file"),
        (npy("|u1", "(" + "1, " * 99 + "48)", bytes(48)), "cannot be read as an NPZ file"),
        (npy("nonsense", "(3,)"), "cannot be read as an NPZ file"),
        (b"", "cannot be read as an NPZ file"),
    ],
)
def test_an_npz_that_claims_what_it_does_not_hold_is_refused_before_anything_is_allocated(content, message, tmp_path):
    with zipfile.ZipFile(tmp_path / "file.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", content)
        archive.writestr("labels.npy", npy("<i8", "(3,)", bytes(24)))

    with pytest.raises(DataError, match=rf"file\.npz: .*{message}"):
        data.load(tmp_path / "file.npz")


def test_an_npz_that_inflates_beyond_what_numpy_packs_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "file.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("images.npy", npy("|u1", "(100000, 10, 10)", bytes(10_000_000)))
        archive.writestr("labels.npy", npy("<i8", "(3,)", bytes(24)))

    with pytest.raises(DataError, match=r"images\.npy claims to hold uint8 .* write the file anew with numpy\.savez"):
        data.load(tmp_path / "file.npz")


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (bytes([0, 0, 8, 100]) + b"\0\0\0\1" * 100, "has 100 dimensions, expected an IDX file of at most 32"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12, "expected 79,228,162,"),
        (bytes([0, 0, 8, 3]) + b"\0\0\0\0" + b"\xff" * 8, "expected 0 for 0×4294967295×4294967295"),
        (bytes([0, 0, 8, 3]) + b"\0\0\1\0" * 3, "holds far fewer bytes after the header, expected 16,777,216"),
        (bytes([0, 0, 8, 0]), "has shape"),
    ],
)
def test_an_idx_file_of_absurd_dimensions_or_sizes_is_refused(head, message, tmp_path):
    (tmp_path / "images").write_bytes(head + bytes(head[3] == 0))
    (tmp_path / "labels").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 1, 0]))

    with pytest.raises(DataError, match=f"images.*{message}"):
        data.load(tmp_path / "images")


def test_a_name_that_no_file_can_have_is_refused():
    for name, folder in (("n" * 5000 + ".npz", None), ("mnist", "n" * 5000)):
        with pytest.raises(DataError, match="cannot be opened: file name too long"):
            data.load(name, folder)


def test_names_reach_no_terminal_with_control_characters(tmp_path, digit):
    for name in ("\x1b[2J", "b"):
        save(tmp_path / "my\ndata" / name / "1.png", digit)
        save(tmp_path / "my\ndata" / name / "2.png", digit)

    mine = data.load(tmp_path / "my\ndata")

    assert (mine.name, mine.class_names) == (r"my\ndata", (r"\x1b[2J", "b"))


def test_a_data_set_of_the_folder_we_are_in_has_its_name_and_an_empty_path_is_none(tmp_path, monkeypatch):
    for number, name in enumerate(("cat", "dog")):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for index in range(3):
            Image.new("L", (28, 28), 100 * number).save(tmp_path / "pets" / name / f"{index}.png")
    monkeypatch.chdir(tmp_path / "pets")
    assert data.load(".").name == data.load("../pets").name == "pets"
    for load in (data.load, lambda name: lenet.train("lenet-5-relu", name)):
        with pytest.raises(UnknownName, match="unknown data set ''; known: mnist"):
            load("")
