"""A picture as a run of horizontal strips, so that a large one need never be in memory as a whole.

PNG is inflated as rows are needed, strips of TIFF and rows of BMP are read where they lie; others are decoded first.
"""

import io
import math
import struct
import zlib
from collections.abc import Iterator
from itertools import accumulate
from typing import IO, Any

from PIL import Image, ImageFile, TiffTags

STRIP_BYTES = 4_000_000
WHOLE_PIXELS = 20_000_000  # up to here a picture is decoded as a whole, which is twice as fast for PNG
_READ_BYTES = 1 << 16
# Bits per pixel of what files hold, where Pillow's own packing of a decoded row gives the file's bytes again.
_BITS = {"1": 1, "L": 8, "P": 8, "LA": 16, "I;16B": 16, "RGB": 24, "BGR": 24, "RGBA": 32, "BGRX": 32, "BGRA": 32}
# TIFF: width, bits, compression, photometry, fill order, samples, planes, predictor, colors, what a fourth sample is,
# the format of numbers, JPEG's tables, YCbCr's coefficients and subsampling.
_TIFF_TAGS = (256, 258, 259, 262, 266, 277, 284, 317, 320, 338, 339, 347, 529, 530)
_HEIGHT, _OFFSETS, _ORIENTATION, _STRIP_HEIGHT, _COUNTS, _PLANES, _TILE_WIDTH = 257, 273, 274, 278, 279, 284, 322
_OLD_JPEG = 6


def strips(image: Image.Image, multiple: int) -> Iterator[Image.Image]:
    """Cut a picture into strips of its whole width, top to bottom.

    Args:
        image: a picture; one that was opened from a file and is not loaded yet is decoded strip by strip if its format
            allows that, and is of no use afterwards.
        multiple: the height of every strip but the last is a multiple of this.

    Raises:
        Exception: of any kind, if the file is damaged.

    >>> [strip.size for strip in strips(Image.new("L", (1000, 2500)), 4)]
    [(1000, 1000), (1000, 1000), (1000, 500)]
    """
    rows = strip_height(image.width, multiple)
    is_large = image.width * image.height > WHOLE_PIXELS and image.height > rows
    if is_large and isinstance(image, ImageFile.ImageFile) and image.tile and image.fp is not None:
        codec, extents, start, arguments = image.tile[0]
        rawmode, *layout = arguments if isinstance(arguments, tuple) else (arguments,)
        if image.format == "PNG" and rawmode in _BITS and not image.info.get("interlace"):
            return _png_strips(image, image.fp, rawmode, rows)
        if image.format == "TIFF" and (together := _tiff_strips_together(image, rows, multiple)):
            return _tiff_strips(image, image.fp, together)
        if codec == "raw" and len(image.tile) == 1 and extents == (0, 0, *image.size) and rawmode in _BITS:
            stride, step = layout or (0, 1)
            return _raw_strips(image, image.fp, start, (rawmode, stride, step), rows)
    image.load()
    return (image.crop((0, top, image.width, bottom)) for top, bottom in spans(image.height, rows))


def strip_height(width: int, multiple: int) -> int:
    """The number of rows of a strip of this width, a multiple of a number."""
    return multiple * max(1, STRIP_BYTES // (4 * width * multiple))


def spans(height: int, rows: int) -> Iterator[tuple[int, int]]:
    """First and last row, half-open, of each strip."""
    return ((top, min(top + rows, height)) for top in range(0, height, rows))


def _png_strips(image: ImageFile.ImageFile, file: IO[bytes], rawmode: str, rows: int) -> Iterator[Image.Image]:
    """A row of PNG refers to the one above: each strip is decoded beneath the last row of the strip before."""
    stride = 1 + math.ceil(image.width * _BITS[rawmode] / 8)  # a row begins with the number of its filter
    content = _InflatingReader(file)
    above = bytes(stride)
    for top, bottom in spans(image.height, rows):
        size = (image.width, 1 + bottom - top)
        stored = zlib.compress(above + content.read((bottom - top) * stride), 0)
        strip = Image.frombytes(image.mode, size, stored, "zip", rawmode)
        above = b"\0" + strip.crop((0, size[1] - 1, *size)).tobytes("raw", rawmode)
        yield _with_palette(strip.crop((0, 1, *size)), image)
    if "exif" not in image.info:
        for kind, start, length in _png_chunks(file):
            if kind == b"eXIf":  # behind the pixels, where Pillow finds it only when it loads them
                file.seek(start)
                image.info["exif"] = file.read(min(length, _READ_BYTES))


class _InflatingReader:
    """The inflated content of a PNG, given out as it is asked for."""

    def __init__(self, file: IO[bytes]) -> None:
        self._packed = _png_content(file)
        self._inflate = zlib.decompressobj()

    def read(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            packed = self._inflate.unconsumed_tail or next(self._packed, b"")
            part = self._inflate.decompress(packed, count - len(parts))
            if not packed and not part:
                raise OSError("image file is truncated")
            parts += part
        return bytes(parts)


def _png_content(file: IO[bytes]) -> Iterator[bytes]:
    for kind, start, length in _png_chunks(file):
        if kind != b"IDAT":
            continue
        file.seek(start)
        while length and (part := file.read(min(length, _READ_BYTES))):
            yield part
            length -= len(part)


def _png_chunks(file: IO[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and length of the content of each chunk."""
    start = 8
    while True:
        file.seek(start)
        header = file.read(8)
        if len(header) < 8:
            return
        length, kind = struct.unpack(">I4s", header)
        yield kind, start + 8, length
        start += length + 12


def _with_palette(strip: Image.Image, image: Image.Image) -> Image.Image:
    if "transparency" in image.info:
        strip.info["transparency"] = image.info["transparency"]
    if image.palette is not None:
        strip.palette = image.palette.copy()
        strip.load()  # puts it in
    return strip


def _tiff_strips_together(image: ImageFile.ImageFile, rows: int, multiple: int) -> int:
    """The number of a TIFF's own strips to decode at a time; none if its pixels lie otherwise."""
    tags: Any = image.tag_v2  # type: ignore[attr-defined]
    height = int(tags.get(_STRIP_HEIGHT, image.height))
    lies_in_strips = (
        _OFFSETS in tags
        and _COUNTS in tags
        and _TILE_WIDTH not in tags
        and tags.get(_PLANES, 1) == 1
        and tags.get(_ORIENTATION, 1) == 1
        and tags.get(259, 1) != _OLD_JPEG
        and 0 < height < image.height
        and len(tags[_OFFSETS]) == len(tags[_COUNTS]) == math.ceil(image.height / height)
    )
    step = multiple // math.gcd(height, multiple) if height else 1
    return step * max(1, rows // (height * step)) if lies_in_strips else 0


def _tiff_strips(image: ImageFile.ImageFile, file: IO[bytes], together: int) -> Iterator[Image.Image]:
    """Some strips of a TIFF at a time, each time as a small TIFF of their own."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

    tags: Any = image.tag_v2  # type: ignore[attr-defined]
    rows = int(tags[_STRIP_HEIGHT])
    max_bytes = 1_000_000 + 32 * image.width * rows  # no strip needs more bytes: a longer one is damaged
    for first in range(0, len(tags[_OFFSETS]), together):
        parts = []
        for start, count in zip(
            tags[_OFFSETS][first : first + together], tags[_COUNTS][first : first + together], strict=True
        ):
            file.seek(start)
            parts.append(file.read(min(count, max_bytes)))
        directory: Any = ImageFileDirectory_v2(prefix=tags.prefix)
        for tag in _TIFF_TAGS:
            if tag in tags:
                directory[tag] = tags[tag]
                directory.tagtype[tag] = tags.tagtype[tag]
        directory[_HEIGHT] = min(together * rows, image.height - first * rows)
        directory[_STRIP_HEIGHT] = rows
        starts = list(accumulate(map(len, parts), initial=0))[:-1]
        directory[_OFFSETS], directory[_COUNTS] = tuple(starts), tuple(map(len, parts))  # from the directory's end on
        directory.tagtype[_OFFSETS] = TiffTags.LONG
        header = tags.prefix + struct.pack("<HI" if tags.prefix == b"II" else ">HI", 42, 8)
        yield TiffImageFile(io.BytesIO(b"".join([header, directory.tobytes(8), *parts])))


def _raw_strips(
    image: ImageFile.ImageFile, file: IO[bytes], start: int, layout: tuple[str, int, int], rows: int
) -> Iterator[Image.Image]:
    """Rows that lie uncompressed one behind the other, the lowest first if the step between them is negative."""
    rawmode, stride, step = layout
    stride = stride or math.ceil(image.width * _BITS[rawmode] / 8)
    for top, bottom in spans(image.height, rows):
        file.seek(start + stride * (top if step > 0 else image.height - bottom))
        content = file.read(stride * (bottom - top))
        strip = Image.frombytes(image.mode, (image.width, bottom - top), content, "raw", rawmode, stride, step)
        yield _with_palette(strip, image)
