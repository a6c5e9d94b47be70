"""Pictures of pages and crops of fields, decoded on demand, with a small cache."""

import io
import threading
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lenet.errors import DataError
from lenet.pictures.loading import open_pages

MARGIN = 0.35  # of a field's height, on each side of it
MAX_SIDE = 1600  # pixels of a page that is shown
_MAX_CACHED_PAGES = 4  # fields are reviewed page by page

Colors = NDArray[np.uint8]


class PagePictures:
    """The pages of a stack as pictures; the last few stay decoded. Threads may share it."""

    def __init__(self) -> None:
        self._decoded, self._lock = lru_cache(_MAX_CACHED_PAGES)(_decode), threading.Lock()

    def page(self, path: Path, number: int) -> bytes:
        """Encode a page as JPEG.

        Raises:
            DataError: if the file is not there any more, or has no such page.
        """
        image = Image.fromarray(self._colors(path, number)[0])
        image.thumbnail((MAX_SIDE, MAX_SIDE))
        return _encode(image, "JPEG", quality=85)

    def crop(
        self, path: Path, number: int, box: tuple[int, int, int, int], rotation: int = 0, margin: float = MARGIN
    ) -> bytes:
        """Crop a box with a margin, rotate it clockwise by `rotation` degrees, and encode it as PNG.

        Raises:
            DataError: as `page`.
        """
        colors, (height, width) = self._colors(path, number)
        scale = colors.shape[0] / max(1, height), colors.shape[1] / max(1, width)
        margin_pixels = margin * (box[2] - box[0])
        top, bottom = (round(scale[0] * side) for side in (box[0] - margin_pixels, box[2] + margin_pixels))
        left, right = (round(scale[1] * side) for side in (box[1] - margin_pixels, box[3] + margin_pixels))
        window = colors[max(0, top) : max(1, bottom), max(0, left) : max(1, right)]
        if window.size == 0:  # a field that lies outside the picture
            window = np.full((28, 28, 3), 255, np.uint8)
        return _encode(Image.fromarray(np.rot90(window, -rotation // 90)), "PNG", compress_level=1)

    def _colors(self, path: Path, number: int) -> tuple[Colors, tuple[int, int]]:
        with self._lock:
            return self._decoded(path, number)


def _decode(path: Path, number: int) -> tuple[Colors, tuple[int, int]]:
    """A page's colors, and its size before they were reduced."""
    picture = next(islice(open_pages(path), number - 1, None), None)
    if picture is None:
        raise DataError(f"{path}: has no page {number}")
    return picture.colors, picture.size


def _encode(image: Image.Image, image_format: str, **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()
