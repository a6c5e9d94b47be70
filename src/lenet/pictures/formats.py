"""Detection of picture formats: from a file's first bytes to the images in it, none of them decoded yet.

Only what is listed here is ever tried, each by its own module of Pillow, HEIC and PDF by the packages of their extras.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import IO, Any, cast

from PIL import Image

from lenet.errors import required
from lenet.pictures.pdf import PdfPages, is_pdf

MAX_PIXELS = 100_000_000
# Decoders of these hold the picture several times over, as a whole: half the size is as much as they may take.
MAX_PIXELS_HELD_WHOLE = 50_000_000
_WHOLE_FORMATS = ("WEBP", "AVIF", "HEIF")

_SIGNATURES = (
    (b"\xff\xd8\xff", "Jpeg"),
    (b"\x89PNG\r\n\x1a\n", "Png"),
    (b"II*\0", "Tiff"),
    (b"MM\0*", "Tiff"),
    (b"II+\0", "Tiff"),
    (b"MM\0+", "Tiff"),
    (b"GIF87a", "Gif"),
    (b"GIF89a", "Gif"),
    (b"BM", "Bmp"),
    *((b"P%d" % number, "Ppm") for number in range(1, 7)),
)
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_SUBFILE_TYPE, _IS_THUMBNAIL = 254, 1


class NotAPicture(Exception):
    """The file's first bytes are those of no format that is read."""


@dataclass(frozen=True)
class Pages:
    """The images of a file, in order, each of use until the next one is asked for."""

    images: Iterator[Image.Image]
    are_several: bool


def max_pixels_of(image_format: str | None) -> int:
    """The maximum number of pixels of a format, by Pillow's name; None for arrays in memory."""
    return MAX_PIXELS_HELD_WHOLE if image_format in _WHOLE_FORMATS else MAX_PIXELS


def open_images(file: IO[bytes], name: str, max_pixels: int) -> Pages:
    """The images of a file.

    Args:
        file: open, and readable from any place.
        name: what messages call it.
        max_pixels: how many pixels the drawing of a page may have where a format has no pixels of its own (PDF).

    Raises:
        NotAPicture: if it is of no known format.
        DataError: if it is locked with a password.
        MissingExtra: if its format needs a package that is not installed.
        Exception: of any kind, if it is damaged.
    """
    start = file.read(1024)
    file.seek(0)
    if is_pdf(start):
        document = PdfPages(file, name)
        return Pages((document.render(number, max_pixels) for number in range(len(document))), len(document) > 1)
    if start[4:8] == b"ftyp" and start[8:12] != b"avif" and start[8:12] != b"avis" and _is_heic(start):
        return Pages(iter([_open_heic(file, name)]), False)
    plugin = _plugin(start)
    image = _open(plugin, file)
    if plugin == "Tiff":
        return Pages(_tiff_pages(image), _has_second_page(file))
    return Pages(iter([image]), False)


def _plugin(start: bytes) -> str:
    for signature, plugin in _SIGNATURES:
        if start.startswith(signature):
            return plugin
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WebP"
    if start[4:8] == b"ftyp" and start[8:12] in (b"avif", b"avis", b"mif1"):
        return "Avif"
    raise NotAPicture


def _open(plugin: str, file: IO[bytes]) -> Any:
    """Not by Image.open, which would import every plugin there is and run programs for some formats."""
    try:
        module = import_module(f"PIL.{plugin}ImagePlugin")
    except ImportError:  # Pillow before 11.3 knows no AVIF
        raise NotAPicture from None
    file.seek(0)
    return getattr(module, f"{plugin}ImageFile")(file)


def _is_heic(start: bytes) -> bool:
    """Detect HEIC by its brand; the brand mif1 is shared with AVIF, which names itself in the list that follows."""
    length = int.from_bytes(start[:4], "big")
    return start[8:12] in _HEIC_BRANDS and b"avif" not in start[8:length]


def _open_heic(file: IO[bytes], name: str) -> Image.Image:
    with required("pillow-heif", "heic", f"{name}: reading HEIC pictures"):
        plugin: Any = import_module("pillow_heif")
    return cast(Image.Image, plugin.HeifImageFile(file))


def _tiff_pages(image: Any) -> Iterator[Image.Image]:
    number = 0
    while True:
        if number == 0 or not int(image.tag_v2.get(_SUBFILE_TYPE, 0)) & _IS_THUMBNAIL:
            yield image
        number += 1
        try:
            image.seek(number)
        except EOFError:
            return


def _has_second_page(file: IO[bytes]) -> bool:
    pages = _tiff_pages(_open("Tiff", file))
    next(pages)
    try:
        return next(pages, None) is not None
    except Exception:  # there is one, and it is damaged, as will be said when its turn comes
        return True
