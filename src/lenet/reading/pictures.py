"""Opening pictures: any file, Pillow image or array becomes upright RGB, or one sentence that says why not.

The size is checked before anything is decoded; large pictures are reduced while or right after decoding.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from lenet.errors import DataError

Colors = NDArray[np.uint8]
Source = str | Path | Image.Image | NDArray[np.generic]

MOST_PIXELS = 100_000_000
LARGE_SIDE = 1600  # pictures are reduced by whole factors as long as their longer side stays above this
SHORTEST_SIDE, SHORTEST_LONG_SIDE = 4, 8

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Picture:
    """An upright picture.

    Attributes:
        name: the path it came from, or what kind of object it was.
        colors: uint8 (h, w, 3), RGB; reduced by a whole factor when the picture is large.
        size: (height, width) of the whole picture, upright, before reduction.
    """

    name: str
    colors: Colors
    size: tuple[int, int]


def open_picture(source: Source) -> Picture:
    """Decode a picture and turn it upright.

    Args:
        source: a path, a Pillow image, or an array: (H, W) or (H, W, 1, 3 or 4), bool, uint8, uint16, or float of 0..1.

    Raises:
        DataError: if there is no such file, it is empty, damaged or no picture, or has too many or too few pixels.

    >>> open_picture(np.zeros((40, 30), np.uint8)).colors.shape
    (40, 30, 3)
    """
    if isinstance(source, np.ndarray):
        return _from_image(_image_of(source), "array")
    if isinstance(source, Image.Image):
        return _from_image(source, "image")
    return _from_file(Path(source))


def _from_file(path: Path) -> Picture:
    try:
        if path.is_dir():
            raise DataError(f"{path}: is a folder, expected a picture file")
        if path.stat().st_size == 0:
            raise DataError(f"{path}: empty file, expected a picture")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow warns of is either harmless or ends in an error below
            with Image.open(path) as image:
                return _from_image(image, str(path))
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except PermissionError:
        raise DataError(f"{path}: not allowed to read this file") from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: not a picture in a known format; PNG and JPEG always work") from None
    except Image.DecompressionBombError:
        raise DataError(
            f"{path}: over {MOST_PIXELS // 1_000_000} million pixels, which is the most accepted; make it smaller first"
        ) from None
    except Exception as error:  # decoders of damaged files raise whatever they stumble on
        raise DataError(f"{path}: damaged picture ({_first_line(error)})") from None


def _from_image(image: Image.Image, name: str) -> Picture:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise DataError(
            f"{name}: {width:,}×{height:,} pixels; at most {MOST_PIXELS // 1_000_000} million are accepted; "
            "make it smaller first"
        )
    if min(width, height) < SHORTEST_SIDE or max(width, height) < SHORTEST_LONG_SIDE:
        raise DataError(
            f"{name}: {width}×{height} pixels are too few to hold a digit; "
            f"expected at least {SHORTEST_LONG_SIDE}×{SHORTEST_SIDE}"
        )
    image.draft("RGB", (LARGE_SIDE, LARGE_SIDE))  # lets JPEG decode at a half, a quarter or an eighth
    image.load()
    image = _flat(image)
    if (factor := max(image.size) // LARGE_SIDE) > 1:
        image = image.reduce(factor)
    turn = _UPRIGHT.get(_orientation(image))
    if turn is not None:
        image = image.transpose(turn)
        if turn in (Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE) or "90" in turn.name or "270" in turn.name:
            width, height = height, width
    return Picture(name, np.asarray(image.convert("RGB")), (height, width))


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # a damaged tag says nothing about the pixels
        return 1


def _flat(image: Image.Image) -> Image.Image:
    """The picture in a mode of eight bits without transparency; its EXIF data stays with it."""
    exif = image.getexif() if _orientation(image) != 1 else None
    if image.mode.startswith("I") or image.mode == "F":
        flat = Image.fromarray(_eight_bits(np.asarray(image)))
    elif "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        flat = _on_paper(image.convert("RGBA"))
    elif image.mode == "L":
        flat = image
    else:
        flat = image.convert("RGB")
    if exif is not None and flat is not image:
        flat.getexif()[_ORIENTATION] = exif.get(_ORIENTATION)
    return flat


def _eight_bits(levels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Deep gray levels as 0..255: 16-bit data by its own range, anything else stretched if it does not fit."""
    values = np.nan_to_num(levels.astype(np.float32), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if levels.dtype == np.uint16 or (levels.dtype.kind == "i" and low >= 0 and 255 < high <= 65535):
        low, high = 0.0, 65535.0
    elif levels.dtype.kind == "f" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    return np.asarray(np.rint((values - low) * (255.0 / max(high - low, 1e-9))), np.uint8)


def _on_paper(image: Image.Image) -> Image.Image:
    """Transparent parts become paper: white under dark strokes, black under light ones."""
    pixels = np.asarray(image)
    opacity = pixels[..., 3]
    if opacity.min() == 255:
        return image.convert("RGB")
    weight = float(opacity.sum(dtype=np.float64))
    mean = float((pixels[..., :3].mean(axis=2) * opacity).sum()) / weight if weight else 0.0
    paper = Image.new("RGBA", image.size, (255,) * 4 if mean < 128 else (0, 0, 0, 255))
    return Image.alpha_composite(paper, image).convert("RGB")


def _image_of(array: NDArray[np.generic]) -> Image.Image:
    accepted = "expected (H, W) or (H, W, 1, 3 or 4) of bool, uint8, uint16, or float of 0..1"
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))) or 0 in array.shape:
        raise DataError(f"array: shape {array.shape} is no picture; {accepted}")
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype == np.uint16 or array.dtype.kind == "f":
        if array.dtype.kind == "f" and not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise DataError(f"array: float values outside 0..1; {accepted}")
        array = _eight_bits(array)
    elif array.dtype != np.uint8:
        raise DataError(f"array: dtype {array.dtype}; {accepted}")
    return Image.fromarray(np.ascontiguousarray(array))


def _first_line(error: Exception) -> str:
    text = str(error).splitlines()
    return text[0] if text else type(error).__name__
