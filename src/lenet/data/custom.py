"""Read custom data sets: class folders of pictures, IDX files, and NPZ files.

`datasets` validates them, and splits off a test part where there is none.
"""

import hashlib
import math
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lenet.data.idx import describe, read_idx
from lenet.errors import DataError, LeNetError, UnknownName, printable
from lenet.pictures.loading import in_strips, opened_image
from lenet.pictures.reduction import orientation_of, turned

POLARITIES = ("auto", "ink-high", "paper-high")
FITS = ("pad", "crop", "stretch")
# A picture with a longer side is reduced by a whole factor before a square is made of it; a side of more than the
# second is a mistake or an attack.
KEPT_SIDE, LONGEST_SIDE = 4_096, 100_000
# The maximum expansion of a zip archive's members, stored or deflated, which is how NumPy writes.
_PACKED = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: 1032}
_PACKED_OVERHEAD = 4096  # bytes of tolerance
MAX_CLASSES = 10_000
# What Windows leaves in folders of pictures.
HIDDEN = {"thumbs.db", "desktop.ini"}

Part = tuple[NDArray[np.uint8], NDArray[np.int64]]


@dataclass
class CustomData:
    """A training part, a test part if there is one, class names, and notes for the provenance."""

    train: Part
    test: Part | None
    class_names: tuple[str, ...]
    notes: dict[str, Any] = field(default_factory=dict)
    checksums: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        arrays: dict[str, NDArray[Any]] = {"train_images": self.train[0], "train_labels": self.train[1]}
        if self.test is not None:
            arrays |= {"test_images": self.test[0], "test_labels": self.test[1]}
        self.checksums = {name: f"sha256:{_digest(array)}" for name, array in arrays.items()}


def read(path: Path, *, size: int, color: bool, polarity: str) -> CustomData:
    """Read data of any of the known kinds from a file or a folder that exists."""
    if polarity not in POLARITIES:
        raise UnknownName("polarity", polarity, POLARITIES)
    if not 1 <= size <= 1024:
        raise DataError(f"cannot fit pictures into {size}×{size} pixels; expected a size of 1 to 1024")
    if path.is_dir():
        return _read_idx_folder(path) or _read_class_folders(path, size, color, polarity)
    if path.suffix.lower() == ".npz" or zipfile.is_zipfile(path):
        return _read_npz(path)
    if "images" in path.name:
        labels = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1"))
        return _number_classes(path, _read_idx_part(path, labels), None)
    raise DataError(
        f"{path}: not a data set; expected a folder of class folders of pictures, a folder of IDX files, "
        "an IDX file with 'images' in its name, or an NPZ file"
    )


# --- IDX and NPZ -----------------------------------------------------------------------------------------------------


def _read_idx_folder(folder: Path) -> CustomData | None:
    """Read ``train-images*``, ``train-labels*`` and the same with t10k or test, or just ``images*`` and ``labels*``."""

    def find(kind: str, starts: Iterable[str]) -> Path | None:
        files = sorted(path for path in _visible(folder) if path.is_file())
        return next((path for start in starts for path in files if path.name.startswith(start + kind)), None)

    def read_part(starts: Iterable[str]) -> Part | None:
        starts = tuple(starts)
        images, labels = find("images", starts), find("labels", starts)
        if images is None and labels is None:
            return None
        if images is None or labels is None:
            present, lacking = (images, "labels") if images else (labels, "images")
            raise DataError(f"{present}: no file of {lacking} lies beside it")
        return _read_idx_part(images, labels)

    train = read_part(("train-", "training-", ""))
    return None if train is None else _number_classes(folder, train, read_part(("t10k-", "test-")))


def _read_idx_part(images_path: Path, labels_path: Path) -> Part:
    if not labels_path.exists():
        raise DataError(f"{images_path}: no file of labels {labels_path.name} lies beside it")
    images = _as_images(read_idx(images_path, dtype=np.uint8), str(images_path))
    labels = read_idx(labels_path, rank=1, dtype=np.uint8).astype(np.int64)
    if len(images) != len(labels):
        raise DataError(f"{images_path} holds {len(images):,} images, but {labels_path} {len(labels):,} labels")
    return images, labels


def _read_npz(path: Path) -> CustomData:
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path}: is not an NPZ file, which is a zip archive; write one with numpy.savez")
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist() if _is_array(info)}
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
        raise DataError(f"{path}: cannot be read as an NPZ file: {describe(problem)}") from problem
    parts = [_npz_part(path, arrays, *keys)] + ([_npz_part(path, arrays, "x_test", "y_test")] if has_test else [])
    data = _number_classes(path, parts[0], parts[1] if has_test else None)
    if "class_names" in arrays:
        data.class_names = tuple(printable(str(name)) for name in arrays["class_names"].ravel())
    return data


_NPZ_KEYS = (("x_train", "y_train"), ("images", "labels"))


def _is_array(info: zipfile.ZipInfo) -> bool:
    return info.filename.endswith(".npy")


def _npz_array(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    """An array of an archive, after its header's size is verified against the stored one."""
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, kind = read(stream)
        claimed, held = math.prod(shape) * kind.itemsize, info.file_size - stream.tell()
    packed = min(info.compress_size, path.stat().st_size)
    max_size = packed * _PACKED.get(info.compress_type, 0) + _PACKED_OVERHEAD
    if not kind.hasobject and (claimed != held or info.file_size > max_size):
        raise DataError(
            f"{path}: {info.filename} claims to hold {kind} {shape}, {claimed:,} bytes, and holds others; "
            "write the file anew with numpy.savez"
        )
    with archive.open(info) as stream:
        array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return array


def _npz_part(path: Path, arrays: dict[str, NDArray[Any]], images_key: str, labels_key: str) -> Part:
    images, labels = _as_images(arrays[images_key], f"{path}: {images_key}"), arrays[labels_key]
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(f"{path}: {labels_key} is {labels.dtype} {labels.shape}, expected whole numbers (N,)")
    if len(images) != len(labels):
        raise DataError(f"{path}: {images_key} holds {len(images):,} images, but {labels_key} {len(labels):,} labels")
    return images, labels.astype(np.int64)


def _as_images(array: NDArray[Any], name: str) -> NDArray[np.uint8]:
    """Convert to (N, H, W) or (N, 3, H, W) from either channel order."""
    if array.dtype != np.uint8:
        raise DataError(f"{name} is {array.dtype}, expected uint8 gray levels 0..255")
    if array.ndim == 4 and array.shape[1] not in (1, 3) and array.shape[3] in (1, 3):
        array = array.transpose(0, 3, 1, 2)
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    if not (array.ndim == 3 or (array.ndim == 4 and array.shape[1] == 3)) or 0 in array.shape:
        raise DataError(
            f"{name} has shape {array.shape}, expected images (N, H, W), (N, 3, H, W) or (N, H, W, 3), N ≥ 1"
        )
    return np.ascontiguousarray(array)


def _number_classes(path: Path, train: Part, test: Part | None) -> CustomData:
    labels = np.concatenate([part[1] for part in (train, test) if part is not None])
    if labels.min() < 0 or labels.max() >= MAX_CLASSES:
        raise DataError(f"{path}: labels reach from {labels.min()} to {labels.max()}, expected 0 to {MAX_CLASSES - 1}")
    return CustomData(train, test, tuple(str(label) for label in range(int(labels.max()) + 1)))


# --- pictures --------------------------------------------------------------------------------------------------------


def _read_class_folders(root: Path, size: int, color: bool, polarity: str) -> CustomData:
    parts = {name: root / name for name in ("train", "test") if (root / name).is_dir()}
    train_root = parts.get("train", root)
    folders = [path for path in _visible(train_root) if path.is_dir() and path not in parts.values()]
    names = tuple(sorted((path.name for path in folders), key=_class_order))
    if len(names) < 2:
        raise DataError(
            f"{train_root}: holds {len(names)} class folders, expected at least 2, each named as its class "
            "and holding its pictures"
        )
    options = {"size": size, "color": color, "polarity": polarity}
    train = _read_pictures(train_root, names, **options)  # type: ignore[arg-type]
    test = _read_pictures(parts["test"], names, **options) if "test" in parts else None  # type: ignore[arg-type]
    return CustomData(train, test, tuple(map(printable, names)), {"pictures": {**options, "train": len(train[1])}})


def _class_order(name: str) -> tuple[bool, int, str]:
    """Sort by name, whole numbers first and by value, so that class 10 follows class 9."""
    is_number = name.isascii() and name.isdecimal()
    return (not is_number, int(name) if is_number else 0, name)


def _read_pictures(root: Path, class_names: tuple[str, ...], size: int, color: bool, polarity: str) -> Part:
    from rich.console import Console
    from rich.progress import track

    strangers = [path for path in _visible(root) if path.is_dir() and path.name not in (*class_names, "test")]
    if strangers:
        raise DataError(f"{strangers[0]}: no class of the training part has this name; known: {', '.join(class_names)}")
    paths, labels = [], []
    for label, name in enumerate(class_names):
        pictures = [path for path in _visible(root / name) if not path.is_dir()] if (root / name).is_dir() else []
        paths += pictures
        labels += [label] * len(pictures)
    if not paths:
        raise DataError(f"{root}: its class folders hold no pictures")
    console = Console(stderr=True)
    images = np.empty((len(paths), 3, size, size) if color else (len(paths), size, size), np.uint8)
    busy = track(paths, f"reading {root.name}", console=console, disable=not console.is_terminal, transient=True)
    for index, path in enumerate(busy):
        images[index] = read_picture(path, size=size, color=color, polarity=polarity)
    return images, np.array(labels, np.int64)


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
    for kind, given, known in (("polarity", polarity, POLARITIES), ("fit", fit, FITS)):
        if given not in known:
            raise UnknownName(kind, given, known)
    name = str(source) if isinstance(source, str | Path) else "picture"
    with opened_image(source) as image:
        longest = max(image.size)
        if longest > LONGEST_SIDE:
            raise DataError(
                f"{name}: {image.width:,}×{image.height:,} pixels, expected at most {LONGEST_SIDE:,} a side"
            )
        pixels = _decode(image, color, math.ceil(longest / KEPT_SIDE))
    border = _border_median(pixels)
    if not color and (polarity == "paper-high" or (polarity == "auto" and border[0] > 127)):
        pixels, border = 255 - pixels, 255 - border
    if fit == "crop":
        pixels = _middle(pixels)
    elif fit == "pad":
        pixels = _padded(pixels, border)
    if pixels.shape[:2] != (size, size):
        pixels = np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))
    return pixels.transpose(2, 0, 1) if color else pixels


def _middle(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The square in the middle."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def _padded(pixels: NDArray[np.uint8], border: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The square that a picture is in the middle of, filled up with the color of its border."""
    height, width = pixels.shape[:2]
    side = max(height, width)
    if height == width:
        return pixels
    square = np.empty((side, side, *pixels.shape[2:]), np.uint8)
    square[:] = border if pixels.ndim == 3 else border[0]
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = pixels
    return square


def _decode(image: Image.Image, color: bool, factor: int) -> NDArray[np.uint8]:
    """Decode a picture upright, (h, w) or (h, w, 3), reduced by a factor with averaging."""
    strips, factor = in_strips(image, factor)
    plain = (_plain(strip, color) for strip in strips)
    parts = [np.asarray(strip.reduce(factor) if factor > 1 else strip) for strip in plain]
    return turned(np.concatenate(parts), orientation_of(image))


def _plain(picture: Image.Image, color: bool) -> Image.Image:
    """Convert to mode L or RGB, transparent parts on white."""
    if picture.mode.startswith("I"):
        # 16-bit gray levels, which Pillow's own conversion would clip at 255.
        picture = Image.fromarray((np.clip(np.asarray(picture), 0, 65535) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return picture.convert("RGB" if color else "L")


def _border_median(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the median of the outermost pixels, one for each channel."""
    ring = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).reshape(-1, *pixels.shape[2:])
    return np.atleast_1d(np.median(ring, axis=0)).astype(np.uint8)


def _visible(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as problem:
        raise DataError(f"{folder}: cannot be read: {describe(problem)}") from problem
    return [path for path in paths if not path.name.startswith(".") and path.name.lower() not in HIDDEN]


def _digest(array: NDArray[Any]) -> str:
    return hashlib.sha256(f"{array.dtype} {array.shape} ".encode() + np.ascontiguousarray(array).tobytes()).hexdigest()
