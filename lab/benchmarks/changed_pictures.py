"""Apply changes to a picture of the same ink: inverted, larger, in a corner, over- and underexposed, as JPEG, rotated.

A change takes ink, (H, W) of 0..1 without paper around it, and a folder for those that need a file, and gives what a
`Reader` reads: gray levels (H, W) or a path. `plain` is what the changes are compared with.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lab.benchmarks.camera import as_bytes, hard_shadow, jpeg, light_falloff
from lab.benchmarks.large_digits import levels, with_padding
from lab.image_types import Ink

ReaderInput = NDArray[np.uint8] | Path
Change = Callable[[Ink, Path], ReaderInput]

DEFAULT_DIGIT_SIDE = 120  # pixels of a digit's longer side, for all changes but those of the size
PADDINGS = {"2 % around": 0.02, "15 % around": 0.15, "once its size around": 1.0, "three times its size around": 3.0}
STOPS = (-3, -2, -1, 0.5, 1)  # of exposure; from +1 the paper is white all over
QUARTER_TURNS = {3: 2, 6: 1, 8: 3}  # EXIF orientation: quarter turns that undo what it asks for
_ORIENTATION = 0x0112


def plain(ink: Ink, folder: Path) -> NDArray[np.uint8]:
    """Dark ink on light paper, evenly lit and sharp."""
    return _as_gray_levels(levels(with_padding(ink)))


def inverted(ink: Ink, folder: Path) -> NDArray[np.uint8]:
    return 255 - plain(ink, folder)


def padded(padding: float) -> Change:
    return lambda ink, folder: _as_gray_levels(levels(with_padding(ink, padding)))


def in_a_corner(ink: Ink, folder: Path) -> NDArray[np.uint8]:
    side = max(ink.shape)
    return _as_gray_levels(levels(np.pad(ink, ((round(1.5 * side), side // 10), (side // 10, 2 * side)))))


def exposed(stops: float) -> Change:
    """Light times 2 to the power of ``stops``, with sensor noise; what is overexposed is white."""

    def change(ink: Ink, folder: Path) -> NDArray[np.uint8]:
        light = (levels(with_padding(ink)) / 255) ** 2.2 * 2.0**stops
        sensor_noise = np.random.default_rng(0).normal(0, 0.008, light.shape)
        return as_bytes(np.float32(np.clip(light, 0, 1) ** (1 / 2.2) + sensor_noise))

    return change


def unevenly_lit(angle: float, darkest: float = 0.35) -> Change:
    def change(ink: Ink, folder: Path) -> NDArray[np.uint8]:
        page = levels(with_padding(ink))
        return _as_gray_levels(page * light_falloff(page.shape, angle, darkest))

    return change


def in_hard_shadow(ink: Ink, folder: Path) -> NDArray[np.uint8]:
    page = levels(with_padding(ink))
    return _as_gray_levels(page * hard_shadow(page.shape))


def as_jpeg(quality: int) -> Change:
    return lambda ink, folder: jpeg(plain(ink, folder), quality)


def rotated(orientation: int) -> Change:
    """A JPEG file that is rotated by quarter turns, with the EXIF orientation that undoes it."""

    def change(ink: Ink, folder: Path) -> Path:
        exif = Image.Exif()
        exif[_ORIENTATION] = orientation
        page = np.ascontiguousarray(np.rot90(plain(ink, folder), QUARTER_TURNS[orientation]))
        path = folder / "rotated.jpg"
        Image.fromarray(page).save(path, exif=exif, quality=90)
        return path

    return change


def _as_gray_levels(page: Ink) -> NDArray[np.uint8]:
    return np.asarray(np.rint(np.clip(page, 0, 255)), np.uint8)


CHANGES: dict[str, Change] = {
    "inverted": inverted,
    **{f"paper: {name}": padded(share) for name, share in PADDINGS.items()},
    "in a corner": in_a_corner,
    **{f"exposure: {stops:+g} stops": exposed(stops) for stops in STOPS},
    "light falling off to the left": unevenly_lit(0.0),
    "light falling off upward": unevenly_lit(np.pi / 2),
    "hard shadow": in_hard_shadow,
    "JPEG of quality 30": as_jpeg(30),
    **{f"EXIF orientation {orientation}": rotated(orientation) for orientation in QUARTER_TURNS},
}
SIZES = (12, 25, 60, 250, 600)  # pixels of a digit's longer side
LARGE_SIZES = (1500, 3000)
