"""Pages of PDF files as pictures (extra ``pdf``)."""

import math
from typing import IO, Any

import numpy as np
from PIL import Image

from lenet.errors import DataError, required

RESOLUTION = 200  # dots per inch: a digit of a form, 3 mm high, has 24 pixels
_POINTS_PER_INCH = 72


def is_pdf(start: bytes) -> bool:
    """Whether a file that starts with these bytes, up to 1,024, is a PDF."""
    return b"%PDF-" in start[:1024]


class PdfPages:
    """The pages of a PDF, drawn one by one.

    Args:
        file: open, and readable from any place.
        name: what messages call it.

    Raises:
        MissingExtra: if pypdfium2 is not installed.
        DataError: if the file is damaged, or locked with a password.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        with required("pypdfium2", "pdf", f"{name}: reading PDF files"):
            import pypdfium2
        try:
            self._document: Any = pypdfium2.PdfDocument(file)
        except pypdfium2.PdfiumError as error:
            if "password" in str(error).lower():
                raise DataError(f"{name}: locked with a password; save it without one first") from None
            raise

    def __len__(self) -> int:
        return len(self._document)

    def draw(self, number: int, max_pixels: int) -> Image.Image:
        """A page, counted from 0, as it would be printed at 200 dots per inch, or fewer if it is a large one."""
        page = self._document[number]
        width, height = page.get_size()
        scale = min(RESOLUTION / _POINTS_PER_INCH, math.sqrt(max_pixels / max(width * height, 1e-6)))
        bitmap = page.render(scale=scale)
        try:
            return Image.fromarray(np.ascontiguousarray(bitmap.to_numpy()[..., 2::-1]))
        finally:
            bitmap.close()
            page.close()
