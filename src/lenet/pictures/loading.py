"""Loads pictures: any file, stream, Pillow image or array becomes upright RGB, or one sentence that says why not.

The size is checked before anything is decoded, and large pictures are reduced while they are.
"""

import io
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lenet.errors import DataError, LeNetError, first_line
from lenet.files import why_missing
from lenet.pictures.formats import NotAPicture, Pages, max_pixels_of, open_images
from lenet.pictures.reduction import (
    Colors,
    orientation_of,
    reduce_strips,
    reduction_factor,
    to_eight_bits,
    turn_upright,
)
from lenet.pictures.strips import spans, strip_height, strips
from lenet.pictures.tensors import Tensor, array_of

Source = str | Path | bytes | bytearray | memoryview | IO[bytes] | Image.Image | NDArray[np.generic] | Tensor

# What is kept of a picture. A photo of 12 million pixels is halved, which JPEG does while decoding. Digits of 12 pixels
# stay as they are in pictures of up to this many; where there are more, the page's digits have more pixels too.
MAX_KEPT_PIXELS = 6_000_000
MAX_STREAMED_BYTES = 500_000_000
MAX_PAGES = 1000
MIN_SHORT_SIDE, MIN_LONG_SIDE = 4, 8


@dataclass(frozen=True)
class Picture:
    """An upright picture.

    Attributes:
        name: the path it came from, or what kind of object it was; with the page, of a file with several.
        colors: uint8 (h, w, 3), RGB; reduced by a whole factor when the picture is large.
        size: (height, width) of the whole picture, upright, before reduction.
        has_more_pages: whether it is the first page of a file with several, and nobody has asked for the others.
    """

    name: str
    colors: Colors
    size: tuple[int, int]
    has_more_pages: bool = False


def open_picture(source: Source, kept_pixels: int = MAX_KEPT_PIXELS) -> Picture:
    """Decode a picture and turn it upright; of several pages or frames, the first.

    Args:
        source: a path; a picture file's bytes, or a stream of them; a Pillow image; an array, (H, W) or (H, W, 1, 3
            or 4), bool, uint8, uint16, or float of 0..1; or a tensor, (H, W) or (1 or 3, H, W), of the same types.
        kept_pixels: about how many pixels are kept of a larger picture.

    Raises:
        DataError: if there is no such file, it is empty, damaged or no picture, or has too many or too few pixels.
        MissingExtra: for HEIC and PDF, if the package that opens them is not installed.

    >>> open_picture(np.zeros((40, 30), np.uint8)).colors.shape
    (40, 30, 3)
    """
    if isinstance(source, Tensor):
        source = _with_channels_last(array_of(source))
    if isinstance(source, np.ndarray):
        return _from_array(source, kept_pixels)
    if isinstance(source, Image.Image):
        with data_errors("image"):
            source.load()  # here, so that the caller's image is not used up in strips
            return _from_image(source, "image", kept_pixels)
    with _open_source(source) as (name, file), data_errors(name):
        pages = open_images(file, name, kept_pixels)
        return replace(_from_image(next(pages.images), name, kept_pixels), has_more_pages=pages.are_several)


def open_pages(source: Source, kept_pixels: int = MAX_KEPT_PIXELS, max_pixels: int | None = None) -> Iterator[Picture]:
    """The pages of a TIFF or PDF file, each decoded when it is asked for; any other picture is one page.

    The name of a page ends in its number, "file.tif, page 2", if there are several. Of animations (GIF, WebP, PNG) the
    first frame counts, and thumbnails within a TIFF are passed over.

    Args:
        source, kept_pixels: as `open_picture` takes them.
        max_pixels: of a page, where that is less than its format may have.

    Raises:
        DataError: as `open_picture` does, with the name of the page that is damaged; no page comes after it.
        MissingExtra: as `open_picture` does.
    """
    if isinstance(source, (np.ndarray, Image.Image, Tensor)):
        yield open_picture(source, kept_pixels)
        return
    with _open_source(source) as (name, file):
        with data_errors(name):
            pages: Pages = open_images(file, name, kept_pixels)
        for number in count(1):
            page = f"{name}, page {number}" if pages.are_several else name
            with data_errors(page):
                image = next(pages.images, None)
                if image is None:
                    return
                if number > MAX_PAGES:
                    raise DataError(f"{name}: over {MAX_PAGES:,} pages, which is the most accepted; split it first")
                picture = _from_image(image, page, kept_pixels, max_pixels)
            yield picture


def has_several_pages(source: Source) -> bool:
    """Whether a source is a TIFF or PDF file of more than one page; what cannot be opened has none."""
    if isinstance(source, (np.ndarray, Image.Image, Tensor)):
        return False
    try:
        with _open_source(source) as (name, file), data_errors(name):
            return open_images(file, name, MAX_KEPT_PIXELS).are_several
    except LeNetError:
        return False


@contextmanager
def _open_source(source: str | Path | bytes | bytearray | memoryview | IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    """The name of a source, and its bytes as a file that can be read from any place."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        if not source:
            raise DataError("bytes: none, expected a picture file's")
        yield "bytes", io.BytesIO(source)
    elif isinstance(source, (str, Path)):
        if not str(source):  # which is no name of the folder we are in
            raise DataError("an empty name, expected a picture file's")
        path = Path(source)
        with data_errors(str(path)):
            if path.is_dir():
                raise DataError(f"{path}: is a folder, expected a picture file")
            if path.is_char_device() or path.is_block_device() or path.is_socket():
                raise DataError(f"{path}: is a device, expected a picture file")
            if path.is_file() and path.stat().st_size == 0:
                raise DataError(f"{path}: empty file, expected a picture")
            file = path.open("rb")
        with file:
            yield str(path), file if path.is_file() else _buffer_stream(file, str(path))
    elif hasattr(source, "read"):
        name = getattr(source, "name", None)
        name = name.strip("<>") if isinstance(name, str) and name.strip("<>") else "stream"
        yield name, _buffer_stream(source, name)
    else:
        raise DataError(
            f"{type(source).__name__}: expected a path, bytes, a stream of bytes, a Pillow image, an array or a tensor"
        )


def _buffer_stream(stream: IO[bytes], name: str) -> IO[bytes]:
    with data_errors(name):
        content = stream.read(MAX_STREAMED_BYTES + 1)
    if not isinstance(content, bytes):
        raise DataError(f"{name}: a stream of {type(content).__name__}, expected one of bytes (sys.stdin.buffer)")
    if not content:
        raise DataError(f"{name}: empty, expected a picture file's bytes")
    if len(content) > MAX_STREAMED_BYTES:
        raise DataError(f"{name}: over {MAX_STREAMED_BYTES // 1_000_000} MB; give larger pictures as files")
    return io.BytesIO(content)


@contextmanager
def data_errors(name: str) -> Iterator[None]:
    """A context that turns whatever opening or decoding a damaged file raises into a DataError with its name."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow warns of is either harmless or ends in an error
            yield
    except LeNetError:
        raise
    except FileNotFoundError:
        raise DataError(f"{name}: {why_missing(name, 'no such file')}") from None
    except PermissionError:
        raise DataError(f"{name}: not allowed to read this file") from None
    except NotAPicture:
        raise DataError(f"{name}: not a picture in a known format; PNG and JPEG always work") from None
    except MemoryError:
        raise DataError(f"{name}: too large for this machine's memory; make it smaller first") from None
    except Exception as error:
        if isinstance(error, OSError) and error.strerror:
            raise DataError(f"{name}: cannot be opened ({error.strerror})") from None
        raise DataError(f"{name}: damaged picture ({first_line(error)})") from None


@contextmanager
def open_image(source: "str | Path | bytes | IO[bytes] | Image.Image") -> Iterator[Image.Image]:
    """The first image of a picture file, a stream or a Pillow image, not decoded yet if it can wait; a context.

    Whatever decoders raise in it is a DataError.

    Raises:
        DataError, MissingExtra: as `open_picture`, but for pictures with few pixels, which may be as small as they are.
    """
    if isinstance(source, Image.Image):
        with data_errors("image"):
            _check_max_pixels(*source.size, "image", max_pixels_of(source.format))
            source.load()  # here, so that the caller's image is not used up
            yield source
        return
    with _open_source(source) as (name, file), data_errors(name):
        image = next(open_images(file, name, MAX_KEPT_PIXELS).images)
        _check_max_pixels(*image.size, name, max_pixels_of(image.format))
        yield image


def in_strips(image: Image.Image, factor: int) -> tuple[Iterable[Image.Image], int]:
    """The strips of an image whose sides are to be divided by a factor, and the factor by which each is still.

    Decoders of JPEG divide by a part of it.
    """
    if factor > 1 and image.format in ("JPEG", "MPO"):
        by_decoder = max(step for step in (1, 2, 4, 8) if step <= factor)
        image.draft(None, (image.width // by_decoder, image.height // by_decoder))
        factor //= by_decoder
    return (strips(image, factor) if factor > 1 else [image]), factor


def _from_image(image: Image.Image, name: str, kept_pixels: int, max_pixels: int | None = None) -> Picture:
    width, height = image.size
    max_of_format = max_pixels_of(image.format)
    _check_size(width, height, name, max_of_format if max_pixels is None else min(max_of_format, max_pixels))
    colors = reduce_strips(*in_strips(image, reduction_factor(width, height, kept_pixels)))
    orientation = orientation_of(image)
    return Picture(name, turn_upright(colors, orientation), (width, height) if orientation >= 5 else (height, width))


def _check_max_pixels(width: int, height: int, name: str, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise DataError(
            f"{name}: {width:,}×{height:,} pixels; at most {max_pixels // 1_000_000} million are accepted; "
            "make it smaller first"
        )


def _check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    _check_max_pixels(width, height, name, max_pixels)
    if min(width, height) < MIN_SHORT_SIDE or max(width, height) < MIN_LONG_SIDE:
        raise DataError(
            f"{name}: {width}×{height} pixels are too few to hold a digit; "
            f"expected at least {MIN_LONG_SIDE}×{MIN_SHORT_SIDE}"
        )


def _with_channels_last(array: NDArray[np.generic]) -> NDArray[np.generic]:
    return np.moveaxis(array, 0, -1) if array.ndim == 3 and array.shape[0] in (1, 3) else array


def _from_array(array: NDArray[np.generic], kept_pixels: int) -> Picture:
    accepted = "expected (H, W) or (H, W, 1, 3 or 4) of bool, uint8, uint16, or float of 0..1"
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))) or 0 in array.shape:
        raise DataError(f"array: shape {array.shape} is no picture; {accepted}")
    height, width = array.shape[:2]
    _check_size(width, height, "array", max_pixels_of(None))
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
        raise DataError(f"array: float values outside 0..1; {accepted}")
    if array.dtype not in (np.bool_, np.uint8, np.uint16) and array.dtype.kind != "f":
        raise DataError(f"array: dtype {array.dtype}; {accepted}")
    if array.dtype == np.uint16 and array.ndim == 3:
        array = to_eight_bits(array, array.dtype)
    factor = reduction_factor(width, height, kept_pixels)
    cuts = spans(height, strip_height(width, factor))
    return Picture(
        "array", reduce_strips((_image_of(array[top:bottom]) for top, bottom in cuts), factor), (height, width)
    )


def _image_of(array: NDArray[np.generic]) -> Image.Image:
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype.kind == "f":
        array = np.rint(array.astype(np.float32) * 255).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(array))
