"""From a decoded picture to upright RGB of eight bits, reduced by a whole factor if it is large.

Modes are converted strip by strip; transparency and gray levels of more than eight bits, on the reduced picture.
"""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lenet.pictures.arrow import pixels_of

Colors = NDArray[np.uint8]

MAX_SIDE = 20_000  # of the reduced picture: OpenCV counts some sides in 16 bits
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


def reduction_factor(width: int, height: int, max_pixels: int) -> int:
    """Compute the integer factor that reduces both sides so that about this many pixels remain.

    >>> reduction_factor(2000, 3000, 6_000_000), reduction_factor(3000, 4000, 6_000_000)
    (1, 2)
    """
    return max(1, math.ceil(math.sqrt(width * height / max_pixels)), math.ceil(max(width, height) / MAX_SIDE))


def reduce_strips(strips: Iterable[Image.Image], factor: int) -> Colors:
    """Join strips to one picture, both sides divided by a factor; pixels are averaged.

    Args:
        strips: of any mode, all of the same one, heights multiples of the factor but for the last.
        factor: at least 1.

    Returns:
        uint8 (h, w, 3), RGB. Transparent parts are white under dark strokes and black under light ones; gray levels of
        more than eight bits are brought to 0..255.
    """
    parts: list[NDArray[np.generic]] = []
    original_dtype: np.dtype[np.generic] = np.dtype(np.uint8)
    for strip in strips:
        converted, original_dtype = _to_plain_mode(strip)
        parts.append(pixels_of(converted.reduce(factor) if factor > 1 else converted))
    joined = parts[0] if len(parts) == 1 else np.concatenate(parts)
    pixels = np.asarray(joined, np.uint8) if joined.dtype == np.uint8 else to_eight_bits(joined, original_dtype)
    if pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, axis=2)
    return _composite_on_paper(pixels) if pixels.shape[2] == 4 else pixels


def orientation_of(image: Image.Image) -> int:
    """Read the EXIF orientation, 1..8; 1, upright, if it is missing, invalid or damaged."""
    try:
        # Not image.getexif(): for PNG that decodes the whole picture, in search of data behind the pixels.
        orientation = int(Image.Image.getexif(image).get(_ORIENTATION, 1))
    except Exception:  # damaged data say nothing about the pixels
        return 1
    return orientation if orientation in _UPRIGHT else 1


def turn_upright(colors: Colors, orientation: int) -> Colors:
    """Turn or mirror a picture upright, by its EXIF orientation, 1..8."""
    operation = _UPRIGHT.get(orientation)
    return colors if operation is None else np.asarray(Image.fromarray(colors).transpose(operation))


def to_eight_bits(levels: NDArray[np.generic], original_dtype: "np.dtype[np.generic]") -> NDArray[np.uint8]:
    """Convert deep gray levels to 0..255.

    Whole numbers are a share of the least full scale that holds them all (8, 10, 12, 14 or 16 bits: scanners store
    twelve bits in sixteen), floating-point numbers of the least of 1, 255 and 65,535;
    what fits none is stretched from its least to its greatest. NaN counts as 0; infinite numbers, as of a pixel that
    overflowed, become 0 and 255.

    >>> to_eight_bits(np.array([0.0, 0.5, 1.0]), np.dtype(np.float32))
    array([  0, 128, 255], dtype=uint8)
    """
    values = _without_nan(levels)
    finite = values[np.isfinite(values)]
    minimum, maximum = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    scales = (1, 255, 65535) if original_dtype.kind == "f" else (255, 1023, 4095, 16383, 65535)
    if minimum >= 0 and maximum <= scales[-1]:
        minimum, maximum = 0.0, float(next(scale for scale in scales if maximum <= scale))
    normalized = (values - minimum) / max(maximum - minimum, 1e-9)
    return np.asarray(np.rint(np.clip(normalized, 0.0, 1.0) * 255.0), np.uint8)


def _to_plain_mode(strip: Image.Image) -> tuple[Image.Image, "np.dtype[np.generic]"]:
    """Convert a strip to a mode that Pillow can average: L, RGB, RGBA, or F for deep gray levels; with its dtype."""
    original_dtype: np.dtype[np.generic] = np.dtype(np.uint8)
    if strip.mode.startswith("I") or strip.mode == "F":
        levels = np.asarray(strip)
        return Image.fromarray(_without_nan(levels)), levels.dtype
    if strip.has_transparency_data:
        return (strip if strip.mode == "RGBA" else strip.convert("RGBA")), original_dtype
    if strip.mode == "LAB":
        return strip.getchannel(0), original_dtype
    if strip.mode in ("L", "RGB"):
        return strip, original_dtype
    return strip.convert("L" if strip.mode == "1" else "RGB"), original_dtype


def _without_nan(levels: NDArray[np.generic]) -> NDArray[np.float32]:
    """Convert gray levels to float32, with 0 for NaN."""
    return np.nan_to_num(levels.astype(np.float32), nan=0.0, posinf=np.inf, neginf=-np.inf)


def _composite_on_paper(pixels: NDArray[np.uint8]) -> Colors:
    """Turn transparent parts into paper: white under dark strokes, black under light ones."""
    opacity = pixels[..., 3]
    colors = pixels[..., :3]
    if opacity.min() == 255:
        return np.ascontiguousarray(colors)
    weight = int(opacity.sum(dtype=np.int64))
    level = float(np.einsum("hwc,hw->", colors.astype(np.float32), opacity.astype(np.float32))) / max(3 * weight, 1)
    paper = Image.new("RGBA", (pixels.shape[1], pixels.shape[0]), (255,) * 4 if level < 128 else (0, 0, 0, 255))
    paper.alpha_composite(Image.fromarray(pixels))
    return np.asarray(paper.convert("RGB"))
