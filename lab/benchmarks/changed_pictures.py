"""Apply changes to a picture of the same ink: inverted, larger, in a corner, over- and underexposed, as JPEG, rotated.

A change is a function: it takes ink without paper around it, and a folder for changes that need a file, and returns
what a `Reader` reads: gray levels (H, W) or a path. A function named ``…_change`` returns a change. The reading of a
changed picture is compared with that of the same ink as `render_plain` renders it.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lab.benchmarks.camera import compress_as_jpeg, linear_light, shadow_light, to_uint8
from lab.benchmarks.large_digits import pad_with_paper, to_gray_levels
from lab.image_types import Ink

ReaderInput = NDArray[np.uint8] | Path
Change = Callable[[Ink, Path], ReaderInput]

DEFAULT_DIGIT_SIDE = 120  # pixels of a digit's longer side, for all changes but those of the size
# In longer sides of the ink, on each side.
PADDINGS = {"2 % around": 0.02, "15 % around": 0.15, "once its size around": 1.0, "three times its size around": 3.0}
EXPOSURE_STOPS = (-3, -2, -1, 0.5, 1)  # from +0.5 on the paper is overexposed: white all over, but for sensor noise
# By EXIF orientation, the counterclockwise quarter turns by which an upright picture is stored.
QUARTER_TURNS_BY_ORIENTATION = {3: 2, 6: 1, 8: 3}
_EXIF_ORIENTATION_TAG = 0x0112


def render_plain(ink: Ink, folder: Path) -> NDArray[np.uint8]:
    """Render dark ink on light paper, evenly lit and sharp."""
    return _round_to_uint8(to_gray_levels(pad_with_paper(ink)))


def render_inverted(ink: Ink, folder: Path) -> NDArray[np.uint8]:
    """Render light ink on dark paper."""
    return 255 - render_plain(ink, folder)


def padding_change(padding: float) -> Change:
    """The change that puts ``padding`` times the longer side of the ink of paper on each side."""
    return lambda ink, folder: _round_to_uint8(to_gray_levels(pad_with_paper(ink, padding)))


def render_in_corner(ink: Ink, folder: Path) -> NDArray[np.uint8]:
    """Render the ink near the lower left corner of a larger page."""
    side = max(ink.shape)
    return _round_to_uint8(to_gray_levels(np.pad(ink, ((round(1.5 * side), side // 10), (side // 10, 2 * side)))))


def exposure_change(stops: float) -> Change:
    """The change that multiplies light by 2 to the power of ``stops``, adds sensor noise, and clips to white."""

    def change(ink: Ink, folder: Path) -> NDArray[np.uint8]:
        light = (to_gray_levels(pad_with_paper(ink)) / 255) ** 2.2 * 2.0**stops
        sensor_noise = np.random.default_rng(0).normal(0, 0.008, light.shape)
        return to_uint8(np.float32(np.clip(light, 0, 1) ** (1 / 2.2) + sensor_noise))

    return change


def uneven_light_change(angle: float, min_light: float = 0.35) -> Change:
    """The change that lets light fall off linearly, as `linear_light` does."""

    def change(ink: Ink, folder: Path) -> NDArray[np.uint8]:
        page = to_gray_levels(pad_with_paper(ink))
        return _round_to_uint8(page * linear_light(page.shape, angle, min_light))

    return change


def render_in_shadow(ink: Ink, folder: Path) -> NDArray[np.uint8]:
    """Render the page with a shadow whose sharp edge runs through the middle."""
    page = to_gray_levels(pad_with_paper(ink))
    return _round_to_uint8(page * shadow_light(page.shape))


def jpeg_change(quality: int) -> Change:
    """The change that compresses the page as JPEG at a quality of 1..95."""
    return lambda ink, folder: compress_as_jpeg(render_plain(ink, folder), quality)


def exif_rotation_change(orientation: int) -> Change:
    """The change that saves a JPEG file rotated by quarter turns, with the EXIF orientation that undoes it."""

    def change(ink: Ink, folder: Path) -> Path:
        exif = Image.Exif()
        exif[_EXIF_ORIENTATION_TAG] = orientation
        page = np.ascontiguousarray(np.rot90(render_plain(ink, folder), QUARTER_TURNS_BY_ORIENTATION[orientation]))
        path = folder / "rotated.jpg"
        Image.fromarray(page).save(path, exif=exif, quality=90)
        return path

    return change


def _round_to_uint8(page: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(np.clip(page, 0, 255)), np.uint8)


CHANGES: dict[str, Change] = {
    "inverted": render_inverted,
    **{f"paper: {name}": padding_change(share) for name, share in PADDINGS.items()},
    "in a corner": render_in_corner,
    **{f"exposure: {stops:+g} stops": exposure_change(stops) for stops in EXPOSURE_STOPS},
    "light falling off to the left": uneven_light_change(0.0),
    "light falling off upward": uneven_light_change(np.pi / 2),
    "hard shadow": render_in_shadow,
    "JPEG of quality 30": jpeg_change(30),
    **{
        f"EXIF orientation {orientation}": exif_rotation_change(orientation)
        for orientation in QUARTER_TURNS_BY_ORIENTATION
    },
}
DIGIT_SIDES = (12, 25, 60, 250, 600)  # pixels of a digit's longer side
LARGE_DIGIT_SIDES = (1500, 3000)
