"""Loading of data sets as uint8 arrays, public ones by name, custom ones by path; and stratified splits.

The bytes come from `sources`, the public sets are listed in `catalog`, custom ones are read by `custom`.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.classes import join_names, match_class_names
from lenet.data import custom
from lenet.data.catalog import CATALOG
from lenet.data.sources import load_files
from lenet.errors import DataError, UnknownName, counted, printable, reason_of
from lenet.files import path_argument, why_missing
from lenet.naming import matching_name

DEFAULT_SIZE = 28  # pixels: the side that pictures are fitted into
EXAMPLES_PER_TEST_EXAMPLE = 6  # where custom data has no test split
TEST_SEED = 0


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set, whole and in memory.

    Images are uint8 gray levels, ink-high (0 background, 255 ink), (N, H, W), or colors (N, C, H, W);
    labels are int64 (N,), indices into ``class_names``. ``provenance`` says where the bytes came from, what proves
    them, and how a test split was cut if there was none.

    Raises:
        DataError: if images and labels differ in number, or a label has no class name, or a type or shape is another.
    """

    name: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        size = "×".join(map(str, self.input_shape))
        counts = f"{len(self.train_labels):,} training and {counted(len(self.test_labels), 'test example')}"
        return f"Dataset({self.name}, {counts}, {size}, {counted(len(self.class_names), 'class', 'classes')})"

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            images, labels = self.part(part)
            if not (isinstance(images, np.ndarray) and isinstance(labels, np.ndarray)):
                raise DataError(
                    f"{self.name}: expected NumPy arrays as {part} images and labels, got {type(images).__name__} and "
                    f"{type(labels).__name__}"
                )
            if images.dtype != np.uint8 or images.ndim not in (3, 4):
                raise DataError(
                    f"{self.name}: expected uint8 {part} images (N, H, W) or (N, C, H, W), "
                    f"got {images.dtype} {images.shape}"
                )
            if labels.dtype.kind not in "iu" or labels.ndim != 1:
                raise DataError(
                    f"{self.name}: expected whole numbers (N,) as {part} labels, got {labels.dtype} {labels.shape}"
                )
            if len(images) != len(labels):
                raise DataError(
                    f"{self.name}: {len(images):,} {part} images but {len(labels):,} labels; each needs its own"
                )
            if not len(images):
                raise DataError(f"{self.name}: holds no {part} images")
            if len(set(self.class_names)) < len(self.class_names):
                raise DataError(f"{self.name}: two of its classes have one name; expected each name once")
            if labels.min() < 0 or labels.max() >= len(self.class_names):
                raise DataError(
                    f"{self.name}: {part} labels reach from {labels.min()} to {labels.max()}, "
                    f"expected 0 to {len(self.class_names) - 1}, one for each class name"
                )
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise DataError(
                f"{self.name}: training images are {self.train_images.shape[1:]}, "
                f"test images {self.test_images.shape[1:]}; expected one size"
            )

    def part(self, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Give the images and labels of ``"train"`` or ``"test"``."""
        if split not in ("train", "test"):
            raise UnknownName("split", split, ("train", "test"))
        return (self.train_images, self.train_labels) if split == "train" else (self.test_images, self.test_labels)

    @property
    def unlearned_classes(self) -> tuple[str, ...]:
        """The names of the classes without training examples."""
        counts = np.bincount(self.train_labels, minlength=len(self.class_names))
        return tuple(name for name, count in zip(self.class_names, counts, strict=True) if not count)

    def with_classes(self, class_names: Sequence[str]) -> "Dataset":
        """Relabel the data by another list of classes, matched by what their names mean.

        Raises:
            DataError: if a class that the data has examples of is not among them: see `lenet.classes`.
        """
        if tuple(class_names) == self.class_names:
            return self
        indices = match_class_names(self.class_names, class_names)
        labels = {*self.train_labels.tolist(), *self.test_labels.tolist()}
        unknown_names = [
            name for label, name in enumerate(self.class_names) if label in labels and indices[label] is None
        ]
        if unknown_names:
            used_names = [name for label, name in enumerate(self.class_names) if label in labels]
            raise DataError(
                f"{self.name} has the classes {join_names(used_names)}, but the model's are {join_names(class_names)}; "
                + (
                    "they have none in common"
                    if unknown_names == used_names
                    else f"none of these is {join_names(unknown_names)}"
                )
                + "; expected data whose classes are all among the model's"
            )
        new_labels = np.array([index or 0 for index in indices], np.int64)  # no example has a label without an index
        return replace(
            self,
            train_labels=new_labels[self.train_labels],
            test_labels=new_labels[self.test_labels],
            class_names=tuple(class_names),
        )

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """The (channels, height, width) of a picture."""
        channels, height, width = (1, *self.train_images.shape[1:])[-3:]
        return channels, height, width


@dataclass(frozen=True, eq=False)
class Split:
    """Training data with a validation split cut from it; the test split is not in here."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    validation_images: NDArray[np.uint8]
    validation_labels: NDArray[np.int64]


def names() -> list[str]:
    """Give the names of the public data sets.

    >>> names()
    ['mnist', 'fashion-mnist', 'cifar10', 'usps']
    """
    return list(CATALOG)


def load(
    name_or_path: str | Path,
    data_dir: str | Path | None = None,
    *,
    size: int = DEFAULT_SIZE,
    color: bool = False,
    polarity: str = "auto",
    transpose: bool | None = None,
) -> Dataset:
    """Load a data set whole; what was left out of your own, or looks wrong in it, is said in a line on stderr.

    Args:
        name_or_path: a public data set's name, fetched on first use; or a path to your own: a folder of class folders
            of pictures (below ``train`` and ``test`` if you like), a folder of IDX files, an IDX file of images beside
            its labels, a CSV file of a label and pixels a row or a folder of two, of which one is called train and the
            other test, or an NPZ file with x_train, y_train, x_test, y_test or images, labels. All but pictures may be
            compressed with gzip, whatever their names. What has no test split gives up a sixth as one.
        data_dir: the folder where the files of a public data set lie already; nothing else is tried.
        size: for pictures of your own: the side of the square that each is fitted into, in pixels. Public sets have
            theirs.
        color: for pictures of your own: keep red, green and blue instead of gray levels.
        polarity: for gray levels of your own: ``"ink-high"`` (light ink on a dark background) keeps them,
            ``"paper-high"`` inverts them, ``"auto"`` inverts each picture of a folder whose border is light, and keeps
            the others.
        transpose: exchange rows and columns of your own pictures; None does so for EMNIST's own files, which have them
            exchanged.

    Raises:
        UnknownName: if it is neither a public data set nor a path.
        DataError: if the files can neither be found nor downloaded, or are damaged; the message names the file.
    """
    name = public_name(name_or_path)
    if data_dir is not None:
        data_dir = path_argument("data_dir", data_dir, DataError)
    if name is not None:
        if data_dir is not None:
            _exists(data_dir)  # says what is wrong with a name that no folder can have
        if transpose or polarity != "auto":
            raise DataError(f"{name} is upright, light on dark; transpose and polarity go with data of your own")
        return _load_public(name, data_dir)
    path = Path(name_or_path)
    if not str(name_or_path):  # which is no name of the folder we are in
        raise UnknownName("data set", "", CATALOG)
    if not _exists(path):
        if path.suffix or str(name_or_path) != path.name:  # as my-digits/, with a separator, is no name
            problem = f"no such file or folder; expected a path to your data, or one of {', '.join(CATALOG)}"
            raise DataError(f"{path}: {why_missing(path, problem)}")
        raise UnknownName("data set", str(name_or_path), CATALOG)
    data = custom.read(path, size=size, color=color, polarity=polarity, transpose=transpose)
    for notice in data.notices:
        print(f"lenet: {printable(notice)}", file=sys.stderr)
    provenance = {"origin": str(path.resolve()), "checksums": data.checksums(), **data.notes}
    if data.test is None:
        images, labels = data.train
        is_test = stratified_mask(labels, max(1, len(labels) // EXAMPLES_PER_TEST_EXAMPLE), TEST_SEED)
        data.train, data.test = (images[~is_test], labels[~is_test]), (images[is_test], labels[is_test])
        provenance["test_part"] = (
            f"the data has no test split: {is_test.sum():,} of {len(labels):,} examples were set aside as one, "
            f"stratified by class, seed {TEST_SEED}"
        )
    class_names = tuple(map(printable, data.class_names))
    return Dataset(
        printable(path.absolute().stem), *data.train, *data.test, class_names=class_names, provenance=provenance
    )


def public_name(name_or_path: str | Path) -> str | None:
    """The public data set that is meant; None if it is a path.

    Raises:
        DataError: if it is neither.

    >>> public_name("MNIST"), public_name("fashion_mnist"), public_name("my/digits")
    ('mnist', 'fashion-mnist', None)
    """
    if not isinstance(name_or_path, str | Path):
        raise DataError(
            f"{type(name_or_path).__name__}: is no data set; expected a path to your data, or one of "
            f"{', '.join(CATALOG)}; arrays become a data set by lenet.Dataset"
        )
    name = str(name_or_path)
    return name if name in CATALOG else None if _exists(Path(name)) else matching_name(name, CATALOG)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError) as problem:  # such a name no file can have
        raise DataError(f"{path}: cannot be opened: {reason_of(problem)}") from None


def _load_public(name: str, data_dir: str | Path | None) -> Dataset:
    entry = CATALOG[name]
    contents = load_files(entry.source, data_dir)
    train_images, train_labels, test_images, test_labels = entry.parse(contents.files)
    return Dataset(
        name,
        train_images,
        train_labels.astype(np.int64),
        test_images,
        test_labels.astype(np.int64),
        class_names=entry.class_names,
        provenance={
            "origin": contents.origin,
            "license": entry.license,
            "checksums": {file.name: file.checksum for file in entry.source.files},
        },
    )


def split_validation(dataset: Dataset, examples: int, seed: int = 0) -> Split:
    """Cut a validation split from the training split; the test split is never touched.

    Args:
        examples: how many to set aside, 0 to all but one; each class gives its share, to the nearest whole example.
        seed: which ones; the same seed always gives the same split.

    Returns:
        Both parts in the order of the training split.

    >>> images, labels = np.zeros((6, 2, 2), np.uint8), np.array([0, 1, 0, 1, 0, 1])
    >>> split = split_validation(Dataset("six", images, labels, images, labels, ("a", "b")), examples=2)
    >>> sorted(split.validation_labels.tolist())
    [0, 1]
    """
    images, labels = dataset.train_images, dataset.train_labels
    is_validation = validation_mask(dataset, examples, seed)
    if not examples:
        return Split(images, labels, images[:0], labels[:0])
    return Split(images[~is_validation], labels[~is_validation], images[is_validation], labels[is_validation])


def validation_mask(dataset: Dataset, examples: int, seed: int = 0) -> NDArray[np.bool_]:
    """Stratified mask of the training examples that `split_validation` sets aside.

    Returns:
        bool (N,), true for exactly ``examples`` of them.
    """
    labels = dataset.train_labels
    if not (isinstance(examples, Integral) and 0 <= examples < len(labels)):
        count = f"{examples:,}" if isinstance(examples, Integral) else repr(examples)
        raise DataError(
            f"{dataset.name}: cannot set aside {count} examples for validation; "
            f"expected 0 to {len(labels) - 1:,} of its {len(labels):,} training examples"
        )
    return stratified_mask(labels, examples, seed)


def stratified_mask(labels: NDArray[np.integer[Any]], examples: int, seed: int) -> NDArray[np.bool_]:
    """Stratified random sample: each class gives its share, by largest remainder.

    Returns:
        bool (N,), true for exactly ``examples`` of them.
    """
    rng = np.random.default_rng(seed)
    classes, counts = np.unique(labels, return_counts=True)
    exact = counts * (examples / len(labels))
    quotas = np.floor(exact).astype(int)
    for index in np.argsort(quotas - exact, kind="stable")[: examples - quotas.sum()]:
        quotas[index] += 1
    chosen = np.zeros(len(labels), bool)
    for label, quota in zip(classes, quotas, strict=True):
        chosen[rng.permutation(np.flatnonzero(labels == label))[:quota]] = True
    return chosen
