"""Reading of custom data sets: class folders of pictures, IDX files, CSV files, and NPZ files.

What a file is, its first bytes say; its name says what part of a set it holds. What is found goes to `datasets`, which
checks it and cuts a test split where there is none.
"""

import hashlib
import math
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lenet.data.csv_files import NoLabels, is_csv, read_csv
from lenet.data.idx import MAX_GZIP_RATIO, is_gzip, is_idx, open_raw
from lenet.data.idx_sets import IdxSet, read_idx_folder, read_idx_pair
from lenet.data.parts import Part, as_images
from lenet.errors import DataError, LeNetError, UnknownName, counted, printable, reason_of
from lenet.pictures import SUFFIXES
from lenet.pictures.loading import in_strips, open_image
from lenet.pictures.reduction import orientation_of, turn_upright

POLARITIES = ("auto", "ink-high", "paper-high")
FITS = ("pad", "crop", "stretch")
# A picture with a longer side is reduced by a whole factor before a square is made of it; a side of more than the
# second is a mistake or an attack.
MAX_STORED_SIDE, LONGEST_SIDE = 4_096, 100_000
# The maximum expansion of a zip archive's members, stored or deflated, which is how NumPy writes.
_MAX_COMPRESSION = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: 1032}
_COMPRESSION_OVERHEAD = 4096  # bytes, so that rounding is no matter
MAX_CLASSES = 10_000
# Files of operating systems in folders of pictures, beside those whose names begin with a dot.
HIDDEN = {"thumbs.db", "desktop.ini", "__macosx"}
_CSV_SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_MOSTLY = 0.9  # of the pictures have a light border, where a set looks inverted


@dataclass
class CustomData:
    """A custom data set: a training split, a test split if there is one, class names, and notes for the provenance.

    ``notices`` are sentences for whoever named the data: what was left out, what was changed, what looks wrong.
    """

    train: Part
    test: Part | None
    class_names: tuple[str, ...]
    notes: dict[str, Any] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def change_images(self, change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> None:
        """Change the pictures of both parts."""
        self.train = (change(self.train[0]), self.train[1])
        self.test = self.test and (change(self.test[0]), self.test[1])

    def checksums(self) -> dict[str, str]:
        """The checksum of each array."""
        arrays: dict[str, NDArray[Any]] = {"train_images": self.train[0], "train_labels": self.train[1]}
        if self.test is not None:
            arrays |= {"test_images": self.test[0], "test_labels": self.test[1]}
        return {name: f"sha256:{_digest(array)}" for name, array in arrays.items()}


def read(path: Path, *, size: int, color: bool, polarity: str, transpose: bool | None = None) -> CustomData:
    """Read data of any of the known kinds from a file or a folder that exists; arguments as of `datasets.load`."""
    if polarity not in POLARITIES:
        raise UnknownName("polarity", polarity, POLARITIES)
    for name, value in (("color", color), ("transpose", transpose)):
        if not isinstance(value, bool | None):
            raise DataError(f"{name} is {value!r}, expected True or False")
    if not (isinstance(size, int) and 1 <= size <= 1024):
        raise DataError(f"cannot fit pictures into {size}×{size} pixels; expected a size of 1 to 1024")
    data, idx, are_pictures = None, None, False
    if not (path.is_file() or path.is_dir()):
        raise DataError(f"{path}: is a pipe or a device, expected a file or a folder, which can be read more than once")
    if path.is_dir():
        idx = read_idx_folder(path, [file for file in _visible_paths(path) if file.is_file()])
        data = None if idx else _read_csv_folder(path)
        if idx is None and data is None:
            data, are_pictures = _read_class_folders(path, size, color, polarity), True
    elif path.suffix.lower() == ".npz" or _is_zip(path):
        data = _read_npz(path)
    elif path.name.lower().endswith(_CSV_SUFFIXES) or (not is_idx(path) and is_csv(path)):
        data = _read_csv_file(path)
    elif "images" in path.name:
        idx = read_idx_pair(path)
    if idx is not None:
        data = _read_idx_set(path, idx)
    if data is None:
        raise DataError(
            f"{path}: not a data set; expected a folder of class folders of pictures, a folder of IDX or CSV files, "
            "an IDX file with 'images' in its name, a CSV file, or an NPZ file"
        )
    if not are_pictures:
        _invert(data, polarity)
    _transpose(data, transpose, idx is not None and idx.is_transposed)
    return data


def _is_zip(path: Path) -> bool:
    try:
        with open_raw(path) as stream:
            return stream.read(4) == b"PK\3\4"
    except (OSError, EOFError, zlib.error):
        return False


def _invert(data: CustomData, polarity: str) -> None:
    """Invert gray pictures of polarity ``"paper-high"``; of ``"auto"``, add a notice if they look inverted."""
    images = data.train[0]
    if images.ndim == 4:
        if polarity == "paper-high":
            raise DataError("polarity is paper-high, but the pictures are in color, which no ink has; leave it out")
        return
    if polarity == "paper-high":
        data.change_images(lambda images: 255 - images)
    elif polarity == "auto":
        sample = images[:: max(1, len(images) // 1000)]
        ring = np.concatenate([sample[:, 0], sample[:, -1], sample[:, :, 0], sample[:, :, -1]], axis=1)
        share = float((np.median(ring, axis=1) > 127).mean())
        if share >= _MOSTLY:
            data.notices.append(
                f"{share:.0%} of the pictures have a light border, as dark ink on paper has; networks here take "
                "light ink on a dark background: invert them with --polarity paper-high, or keep them with "
                "--polarity ink-high"
            )


def _transpose(data: CustomData, transpose: bool | None, is_transposed: bool) -> None:
    """Transpose the pictures if asked, or if the files are known to be transposed."""
    if transpose is None and is_transposed:
        data.notices.append(
            "EMNIST's own files hold pictures whose rows and columns are exchanged; they were turned upright "
            "(--no-transpose keeps them as they are)"
        )
    if is_transposed if transpose is None else transpose:
        data.change_images(lambda images: np.ascontiguousarray(images.swapaxes(-1, -2)))
        data.notes["transposed"] = True


# --- IDX, CSV and NPZ ------------------------------------------------------------------------------------------------


def _read_idx_set(path: Path, idx: IdxSet) -> CustomData:
    if idx.class_names is None:
        return _number_classes(path, idx.train, idx.test)
    known_labels = sorted(idx.class_names)
    parts = []
    for images, labels in filter(None, (idx.train, idx.test)):
        if unknown_labels := sorted(set(labels.tolist()) - set(known_labels)):
            raise DataError(f"{path}: holds the label {unknown_labels[0]}, which its mapping has not")
        parts.append((images, np.searchsorted(known_labels, labels).astype(np.int64)))
    names = tuple(printable(idx.class_names[label]) for label in known_labels)
    return CustomData(*_train_and_test(parts), names)


def _train_and_test(parts: list[Part]) -> tuple[Part, Part | None]:
    return parts[0], parts[1] if len(parts) > 1 else None


def _read_csv_folder(folder: Path) -> CustomData | None:
    """Read ``mnist_train.csv`` and ``mnist_test.csv``, or the one file there is; None where there are folders, too."""
    visible = _visible_paths(folder)
    files = [path for path in visible if path.name.lower().endswith(_CSV_SUFFIXES)]
    if not files or any(path.is_dir() for path in visible):
        return None
    train = [path for path in files if "train" in path.name.lower()] or (files if len(files) == 1 else [])
    if len(train) != 1:
        names = ", ".join(path.name for path in (train or files)[:10])
        raise DataError(
            f"{folder}: holds {names}, and which is the training split cannot be told; name one of the files, or call "
            "two of them train.csv and test.csv"
        )
    tests = [path for path in files if "test" in path.name.lower() and path not in train]
    return _read_csv_parts(train[0], tests[0] if len(tests) == 1 else None)


def _read_csv_file(path: Path) -> CustomData:
    """Read a CSV file, and beside a training split its test split."""
    test_path = path.with_name(path.name.replace("train", "test"))
    return _read_csv_parts(path, test_path if test_path != path and test_path.is_file() else None)


def _read_csv_parts(train_path: Path, test_path: Path | None) -> CustomData:
    parts, notices = [read_csv(train_path)], []
    if test_path is not None:
        try:
            parts.append(read_csv(test_path))
        except NoLabels:
            notices.append(f"{test_path.name} holds no labels and was left out")
    names = [set(labels) for _, labels in parts]
    if all(name.isascii() and name.isdecimal() and len(name) < 9 for name in set().union(*names)):
        numbered = [(images, np.array(labels, np.int64)) for images, labels in parts]
        data = _number_classes(train_path, *_train_and_test(numbered))
    else:
        known = sorted(names[0], key=_class_order)
        if unknown_labels := sorted(set().union(*names) - names[0]):
            raise DataError(
                f"{test_path}: holds the label {unknown_labels[0]!r}, which the training split has not; known: "
                f"{', '.join(known[:10])}"
            )
        indices = {name: index for index, name in enumerate(known)}
        indexed = [(images, np.array([indices[label] for label in labels], np.int64)) for images, labels in parts]
        data = CustomData(*_train_and_test(indexed), tuple(map(printable, known)))
    data.notices += notices
    return data


def _read_npz(path: Path) -> CustomData:
    if not _is_zip(path):
        raise DataError(f"{path}: is not an NPZ file, which is a zip archive; write one with numpy.savez")
    try:
        with open_raw(path) as stream, zipfile.ZipFile(stream) as archive:
            members = {
                info.filename.removesuffix(".npy"): info
                for info in archive.infolist()
                if info.filename.endswith(".npy")
            }
            keys = next((keys for keys in _NPZ_KEYS if members.keys() >= set(keys)), None)
            if keys is None:
                raise DataError(
                    f"{path}: holds {', '.join(members) or 'nothing'}; "
                    "expected x_train, y_train, x_test, y_test, or images, labels"
                )
            has_test = keys[0] == "x_train" and members.keys() >= {"x_test", "y_test"}
            names = [*keys, *(("x_test", "y_test") if has_test else ()), "class_names"]
            arrays = {key: _npz_array(path, archive, members[key]) for key in names if key in members}
    except LeNetError:
        raise
    except Exception as problem:  # a damaged archive raises almost anything
        raise DataError(f"{path}: cannot be read as an NPZ file: {reason_of(problem)}") from problem
    parts = [_npz_part(path, arrays, *keys)] + ([_npz_part(path, arrays, "x_test", "y_test")] if has_test else [])
    data = _number_classes(path, parts[0], parts[1] if has_test else None)
    if "class_names" in arrays:
        data.class_names = tuple(printable(str(name)) for name in arrays["class_names"].ravel())
    return data


_NPZ_KEYS = (("x_train", "y_train"), ("images", "labels"))


def _npz_array(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    """An array of an archive, after its header's size is verified against the stored one."""
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, kind = read_header(stream)
        header_size, stored_size = math.prod(shape) * kind.itemsize, info.file_size - stream.tell()
    file_size = path.stat().st_size
    max_size = min(info.compress_size, file_size) * _MAX_COMPRESSION.get(info.compress_type, 0) + _COMPRESSION_OVERHEAD
    if is_gzip(path):
        max_size = file_size * MAX_GZIP_RATIO
    if not kind.hasobject and (header_size != stored_size or info.file_size > max_size):
        raise DataError(
            f"{path}: {info.filename} claims to hold {kind} {shape}, {header_size:,} bytes, and holds others; "
            "write the file anew with numpy.savez"
        )
    with archive.open(info) as stream:
        array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return array


def _npz_part(path: Path, arrays: dict[str, NDArray[Any]], images_key: str, labels_key: str) -> Part:
    images, labels = as_images(arrays[images_key], f"{path}: {images_key}"), arrays[labels_key]
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(f"{path}: {labels_key} is {labels.dtype} {labels.shape}, expected whole numbers (N,)")
    if len(images) != len(labels):
        raise DataError(f"{path}: {images_key} holds {len(images):,} images, but {labels_key} {len(labels):,} labels")
    return images, labels.astype(np.int64)


def _number_classes(path: Path, train: Part, test: Part | None) -> CustomData:
    labels = np.concatenate([part[1] for part in (train, test) if part is not None])
    if labels.min() < 0 or labels.max() >= MAX_CLASSES:
        raise DataError(f"{path}: labels reach from {labels.min()} to {labels.max()}, expected 0 to {MAX_CLASSES - 1}")
    return CustomData(train, test, tuple(str(label) for label in range(int(labels.max()) + 1)))


# --- pictures --------------------------------------------------------------------------------------------------------


def _read_class_folders(root: Path, size: int, color: bool, polarity: str) -> CustomData:
    parts = {name: root / name for name in ("train", "test") if (root / name).is_dir()}
    train_root = parts.get("train", root)
    folders = [path for path in _visible_paths(train_root) if path.is_dir() and path not in parts.values()]
    names = tuple(sorted((path.name for path in folders), key=lambda name: _class_order(_in_utf8(name))))
    if len(names) < 2:
        raise DataError(
            f"{train_root}: holds {counted(len(names), 'class folder')}, expected at least 2, each named as its class "
            "and holding its pictures"
        )
    options = {"size": size, "color": color, "polarity": polarity}
    strays: list[Path] = []
    train = _read_pictures(train_root, names, strays, **options)  # type: ignore[arg-type]
    test = _read_pictures(parts["test"], names, strays, **options) if "test" in parts else None  # type: ignore[arg-type]
    class_names = tuple(printable(_in_utf8(name)) for name in names)
    data = CustomData(train, test, class_names, {"pictures": {**options, "train": len(train[1])}})
    if strays:
        example = strays[0].relative_to(root)
        subject = "a file or folder that is" if len(strays) == 1 else f"{len(strays):,} files or folders that are"
        data.notices.append(f"{root}: left out {subject} no picture, as {example}")
    return data


def _in_utf8(name: str) -> str:
    """A folder's name read as UTF-8, as it is written, whatever the locale: a class has the same name in each."""
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    except UnicodeError:
        return name


def _class_order(name: str) -> tuple[bool, int, str]:
    """Sort by name, whole numbers first and by value, so that class 10 follows class 9."""
    is_number = name.isascii() and name.isdecimal()
    return (not is_number, int(name) if is_number else 0, name)


def _read_pictures(
    root: Path, class_names: Sequence[str], strays: list[Path], size: int, color: bool, polarity: str
) -> Part:
    """The pictures and labels of the class folders; paths that are no pictures are added to ``strays``."""
    from rich.console import Console
    from rich.progress import track

    unknown_folders = [
        path for path in _visible_paths(root) if path.is_dir() and path.name not in (*class_names, "test")
    ]
    if unknown_folders:
        raise DataError(
            f"{unknown_folders[0]}: no class of the training split has this name; known: {', '.join(class_names)}"
        )
    paths, labels = [], []
    for label, name in enumerate(class_names):
        paths_of_class = _visible_paths(root / name) if (root / name).is_dir() else []
        class_strays = {path for path in paths_of_class if _is_stray(path)}
        pictures = [path for path in paths_of_class if path not in class_strays]
        strays += sorted(class_strays)
        paths += pictures
        labels += [label] * len(pictures)
    if not paths:
        raise DataError(f"{root}: its class folders hold no pictures")
    console = Console(stderr=True)
    images = np.empty((len(paths), 3, size, size) if color else (len(paths), size, size), np.uint8)
    tracked_paths = track(
        paths, f"reading {root.name}", console=console, disable=not console.is_terminal, transient=True
    )
    for index, path in enumerate(tracked_paths):
        images[index] = read_picture(path, size=size, color=color, polarity=polarity)
    return images, np.array(labels, np.int64)


def _is_stray(path: Path) -> bool:
    """Whether a path in a class folder is no picture, by its suffix, or else by its content."""
    if path.exists() and not path.is_file():  # a folder; or a pipe, of which nothing may ever come
        return True
    if path.suffix.lower() in SUFFIXES:
        return False
    try:
        with open_image(path):
            return False
    except DataError:
        return True


def read_picture(
    source: str | Path | bytes | IO[bytes] | Image.Image,
    *,
    size: int = 28,
    color: bool = False,
    polarity: str = "auto",
    fit: str = "pad",
) -> NDArray[np.uint8]:
    """Read one picture as ink-high gray levels or as color, fitted into a square.

    It is turned as its camera says, laid on white where it is transparent, inverted where paper is light
    (``"auto"``: the median of its border is above 127), made a square, and resized.

    Args:
        source: a path, a picture file's bytes or a stream of them, or a Pillow image.
        size: the square's side, in pixels.
        color: whether red, green and blue are kept instead of gray levels.
        polarity: as `lenet.data.load` takes it.
        fit: how a picture becomes a square: ``"pad"`` adds the median of its border at two sides, ``"crop"`` takes the
            middle, ``"stretch"`` squeezes the longer side.

    Returns:
        uint8 (size, size), or (3, size, size) if ``color``; a gray ink-high picture of that size comes back unchanged.

    Raises:
        DataError: if the file is no picture, or too large a one.
        UnknownName: if there is no such polarity or fit.
    """
    for kind, name, known in (("polarity", polarity, POLARITIES), ("fit", fit, FITS)):
        if name not in known:
            raise UnknownName(kind, name, known)
    name = str(source) if isinstance(source, str | Path) else "picture"
    with open_image(source) as image:
        longest = max(image.size)
        if longest > LONGEST_SIDE:
            raise DataError(
                f"{name}: {image.width:,}×{image.height:,} pixels, expected at most {LONGEST_SIDE:,} a side"
            )
        pixels = _decode(image, color, math.ceil(longest / MAX_STORED_SIDE))
    border = _border_median(pixels)
    if not color and (polarity == "paper-high" or (polarity == "auto" and border[0] > 127)):
        pixels, border = 255 - pixels, 255 - border
    picture = Image.fromarray(pixels)
    if fit != "stretch":
        side = min(picture.size) if fit == "crop" else max(picture.size)
        square = Image.new(picture.mode, (side, side), tuple(border.tolist()))
        square.paste(picture, (int((side - picture.width) / 2), int((side - picture.height) / 2)))
        picture = square
    if picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(picture)
    return pixels.transpose(2, 0, 1) if color else pixels


def _decode(image: Image.Image, color: bool, factor: int) -> NDArray[np.uint8]:
    """Decode a picture upright, (h, w) or (h, w, 3), reduced by a factor with averaging."""
    strips, factor = in_strips(image, factor)
    converted = (_convert(strip, color) for strip in strips)
    parts = [np.asarray(strip.reduce(factor) if factor > 1 else strip) for strip in converted]
    return turn_upright(np.concatenate(parts), orientation_of(image))


def _convert(picture: Image.Image, color: bool) -> Image.Image:
    """Convert to mode L or RGB, transparent parts on white."""
    if picture.mode.startswith("I"):
        # 16-bit gray levels, which Pillow's own conversion would clip at 255.
        picture = Image.fromarray((np.clip(np.asarray(picture), 0, 65535) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return picture.convert("RGB" if color else "L")


def _border_median(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Median of the outermost pixels, for each channel."""
    ring = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).reshape(-1, *pixels.shape[2:])
    return np.atleast_1d(np.median(ring, axis=0)).astype(np.uint8)


def _visible_paths(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as problem:
        raise DataError(f"{folder}: cannot be read: {reason_of(problem)}") from problem
    return [path for path in paths if not path.name.startswith(".") and path.name.lower() not in HIDDEN]


def _digest(array: NDArray[Any]) -> str:
    return hashlib.sha256(f"{array.dtype} {array.shape} ".encode() + np.ascontiguousarray(array).tobytes()).hexdigest()
