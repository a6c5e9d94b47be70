"""Discovery of a data set's IDX files by their names, as MNIST, EMNIST and their relatives have them.

The name of a file is made of the set's name (where a folder holds several sets), the split, and ``images`` or
``labels``: ``train-images-idx3-ubyte``, ``emnist-digits-test-labels-idx1-ubyte.gz``.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lenet.data.idx import is_idx, read_idx
from lenet.data.parts import Part, as_images
from lenet.errors import DataError, reason_of

_NAME = re.compile(
    r"(?:(?P<set>.+?)[-_.])??(?:(?P<part>train|training|t10k|test)[-_.])?(?P<kind>images|labels)", re.IGNORECASE
)
_SPLIT_OF_WORD = {"train": "train", "training": "train", "t10k": "test", "test": "test", None: "all"}
_TRAINING_FILES = {(split, kind) for split in ("train", "all") for kind in ("images", "labels")}
MAX_MAPPING_BYTES = 100_000  # of a mapping file, as EMNIST's


@dataclass(frozen=True)
class IdxSet:
    """A data set of IDX files.

    Attributes:
        train, test: the parts; test is None if there is none.
        class_names: by label, from a mapping beside the files; None if there is none.
        is_transposed: whether rows and columns of the pictures are exchanged, as EMNIST's are.
    """

    train: Part
    test: Part | None
    class_names: dict[int, str] | None = None
    is_transposed: bool = False


def read_idx_folder(folder: Path, files: list[Path]) -> IdxSet | None:
    """Read the set that the files of a folder hold; None if none of them has the name of one.

    Raises:
        DataError: if images have no labels, or a file is damaged, or the folder holds several sets.
    """
    sets: dict[str, dict[tuple[str, str], Path]] = {}
    for path in files:
        match = _NAME.match(path.name)
        if match and (is_idx(path) or (match["set"] is None and "idx" in path.name.lower())):
            role = (_SPLIT_OF_WORD[match["part"] and match["part"].lower()], match["kind"].lower())
            sets.setdefault(match["set"] or "", {}).setdefault(role, path)
    training = {name: paths for name, paths in sets.items() if paths.keys() & _TRAINING_FILES}
    if not training:
        return None
    name = "" if "" in training else next(iter(training))
    if len(training) > 1 and name:
        images = [paths.get(("train", "images")) or paths.get(("all", "images")) for paths in training.values()]
        example = next(filter(None, images), folder)
        raise DataError(
            f"{folder}: holds {', '.join(list(training)[:10])}; name one of them by its file of images, as {example}"
        )
    paths = training[name]
    parts = {}
    for part in ("train" if paths.keys() & {("train", "images"), ("train", "labels")} else "all", "test"):
        images_path, labels_path = paths.get((part, "images")), paths.get((part, "labels"))
        if images_path is None and labels_path is None:
            continue
        if images_path is None or labels_path is None:
            missing = "labels" if images_path else "images"
            raise DataError(f"{images_path or labels_path}: no file of {missing} lies beside it")
        parts["test" if part == "test" else "train"] = _read_part(images_path, labels_path)
    return _make_set(folder, name, parts["train"], parts.get("test"))


def read_idx_pair(images: Path) -> IdxSet:
    """Read a file of images with the labels beside it; a training split with the test split beside it, if there is one.

    Raises:
        DataError: if there are no labels, or a file is damaged.
    """
    train = _read_part(images, _labels_of(images))
    match = _NAME.match(images.name)
    if match is None:
        return IdxSet(train, None)
    test = None
    if _SPLIT_OF_WORD[match["part"] and match["part"].lower()] == "train":
        start, end = match.span("part")
        candidates = (_sibling(images, images.name[:start] + name + images.name[end:]) for name in ("test", "t10k"))
        if test_path := next((path for path in candidates if path.exists()), None):
            test = _read_part(test_path, _labels_of(test_path))
    return _make_set(images.parent, match["set"] or "", train, test)


def _labels_of(images: Path) -> Path:
    name = images.name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")
    return _sibling(images, name)


def _sibling(path: Path, name: str) -> Path:
    """The file of a name in the same folder, compressed or not; the plain name if there is neither."""
    plain = path.with_name(name)
    other = path.with_name(name.removesuffix(".gz") if name.endswith(".gz") else f"{name}.gz")
    return other if other.exists() and not plain.exists() else plain


def _read_part(images_path: Path, labels_path: Path) -> Part:
    if not labels_path.exists():
        raise DataError(f"{images_path}: no file of labels {labels_path.name} lies beside it")
    images = as_images(read_idx(images_path, dtype=np.uint8), str(images_path))
    labels = read_idx(labels_path, rank=1, dtype=np.uint8).astype(np.int64)
    if len(images) != len(labels):
        raise DataError(f"{images_path} holds {len(images):,} images, but {labels_path} {len(labels):,} labels")
    return images, labels


def _make_set(folder: Path, name: str, train: Part, test: Part | None) -> IdxSet:
    mapping = folder / f"{name}-mapping.txt"
    names = _read_mapping(mapping) if name and mapping.is_file() else None
    return IdxSet(train, test, names, name.lower().startswith("emnist"))


def _read_mapping(path: Path) -> dict[int, str]:
    """Parse EMNIST's mapping: a label and the codes of its characters a line, as ``10 65`` or ``1 65 97``."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_MAPPING_BYTES)
    except OSError as problem:
        raise DataError(f"{path}: cannot be read: {reason_of(problem)}") from problem
    names: dict[int, str] = {}
    for number, line in enumerate(content.splitlines(), 1):
        cells = line.split()
        if not cells:
            continue
        numbers = [int(cell) for cell in cells if cell.isdigit() and len(cell) < 8]
        if len(numbers) < max(2, len(cells)) or max(numbers) > 0x10FFFF:
            raise DataError(f"{path}: line {number} is no label and the codes of its characters, as 10 65")
        names[numbers[0]] = "".join(map(chr, numbers[1:]))
    return names
