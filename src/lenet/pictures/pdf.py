"""Pages of PDF files as pictures (extra ``pdf``)."""

import math
import threading
from contextlib import suppress
from typing import IO, Any

import numpy as np
from PIL import Image

from lenet.errors import DataError, required

RESOLUTION = 200  # dots per inch: a digit of a form, 3 mm high, has 24 pixels
_POINTS_PER_INCH = 72
# PDFium crashes when two threads call it at a time. Reentrant, as a document may be collected, and so closed, anywhere.
_pdfium_lock = threading.RLock()


def is_pdf(start: bytes) -> bool:
    """Whether a file that starts with these bytes, up to 1,024, is a PDF."""
    return b"%PDF-" in start[:1024]


class PdfPages:
    """The pages of a PDF, rendered one by one; several threads may render, each waits for the others.

    Args:
        file: open, and readable from any place.
        name: what messages call it.

    Raises:
        MissingExtra: if pypdfium2 is not installed.
        DataError: if the file is damaged, or locked with a password.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._document: Any = None
        with required("pypdfium2", "pdf", f"{name}: reading PDF files"):
            import pypdfium2
        try:
            with _pdfium_lock:
                self._document = pypdfium2.PdfDocument(file)
                self._count = len(self._document)
        except pypdfium2.PdfiumError as error:
            if "password" in str(error).lower():
                raise DataError(f"{name}: locked with a password; save it without one first") from None
            raise

    def __len__(self) -> int:
        return self._count

    def __del__(self) -> None:
        # Not left to the package, which would close it in whatever thread collects it, beside one that renders.
        with _pdfium_lock, suppress(Exception):  # at the end of Python, when the package may be gone
            if self._document is not None:
                self._document.close()

    def render(self, number: int, max_pixels: int) -> Image.Image:
        """Render a page, counted from 0, at 200 dots per inch, or fewer if it is a large one."""
        with _pdfium_lock:
            page = self._document[number]
            bitmap: Any = None
            try:
                width, height = page.get_size()
                scale = min(RESOLUTION / _POINTS_PER_INCH, math.sqrt(max_pixels / max(width * height, 1e-6)))
                bitmap = page.render(scale=scale)
                return Image.fromarray(np.ascontiguousarray(bitmap.to_numpy()[..., 2::-1]))
            finally:
                if bitmap is not None:
                    bitmap.close()
                page.close()
