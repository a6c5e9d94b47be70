"""Picture files to readings and predictions, with all limits on pictures; runs in the reading threads."""

import io
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from fastapi import HTTPException
from numpy.typing import NDArray
from PIL import Image

from lenet.errors import LeNetError, MissingExtra, error_summary
from lenet.forms.reader import FormReader, check_blank
from lenet.forms.results import FormReading
from lenet.forms.template import Template
from lenet.model import Model
from lenet.pictures.formats import NotAPicture, max_pixels_of, open_images
from lenet.pictures.loading import MAX_KEPT_PIXELS, Picture, data_errors, open_pages, open_picture
from lenet.pictures.pdf import is_pdf
from lenet.preprocess import SIDE
from lenet.reading.foreground.ink import Polarity
from lenet.reading.recognition import LABELS, Recognizer
from lenet.reading.results import Digit, Reading
from lenet.server.bodies import File
from lenet.server.limits import Limits
from lenet.server.problems import CLIENT_ERRORS
from lenet.server.queries import ActivationsQuery, ReadQuery
from lenet.server.readers import Readers

GrayLevels = NDArray[np.uint8]
T = TypeVar("T")

_SMALL_FILE = 4096  # bytes: what such a PNG file can inflate to takes no longer than handing it to a thread
_PNG = b"\x89PNG\r\n\x1a\n"


class _File(io.BytesIO):
    """Bytes that have a file's name, which messages then begin with."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


def read(name: str, content: bytes, query: ReadQuery | ActivationsQuery, readers: Readers, limits: Limits) -> Reading:
    """Read a picture of any format, its first page or frame; if it is normalized, one of 28×28 pixels.

    Raises:
        HTTPException: if it cannot be opened, is too large, or is not normalized.
        ReadingError, WeightsError: if what is asked cannot be met.
    """
    settings = query.settings
    if query.normalized:
        return _read_normalized(name, content, settings.polarity, readers.recognizer(settings.max_error), limits)
    reader = readers.reader(settings.max_error)
    return _with_http_errors(lambda: settings.read(reader, _open_picture(name, content, limits)), name, content)


def read_pages(name: str, content: bytes, query: ReadQuery, readers: Readers, limits: Limits) -> list[Reading]:
    """Read all pages of a picture file, while there is time.

    Raises:
        HTTPException: as `read`, or if the time is over.
        ReadingError, WeightsError: as `read`.
    """
    settings, reader = query.settings, readers.reader(query.settings.max_error)
    return _each_page(name, content, limits, lambda page: settings.read(reader, page))


def read_form(
    name: str, content: bytes, reader: FormReader, limits: Limits, *, has_all_pages: bool
) -> list[FormReading]:
    """Read the first page of a form's file, or all of them while there is time.

    Raises:
        HTTPException: as `read_pages`.
    """
    if has_all_pages:
        return _each_page(name, content, limits, reader.read)
    return [_with_http_errors(lambda: reader.read(_open_picture(name, content, limits)), name, content)]


def form_reader(form: File, blank: File, readers: Readers, limits: Limits) -> FormReader:
    """The reader of a form whose template and blank page were sent; no file of this machine is opened.

    Raises:
        HTTPException: if the blank page cannot be opened, or is too large.
        TemplateError: if the template is wrong, or was made of another page.
    """
    template = replace(Template.of_bytes(form[1], form[0]), blank=None)
    check_blank(template, blank[1], blank[0])
    return _with_http_errors(lambda: readers.reader_of_form(template, _open_picture(*blank, limits)), *blank)


def _each_page(name: str, content: bytes, limits: Limits, read: Callable[[Picture], T]) -> list[T]:
    """Read the pages of a picture file, while there is time; HTTPException 504 if it is over."""
    end = time.monotonic() + limits.timeout

    def readings() -> list[T]:
        result: list[T] = []
        for page in _pages(name, content, limits):
            if time.monotonic() > end:  # the request was answered; what nobody waits for must not take others' time
                raise HTTPException(504, f"{name}: not read within {limits.timeout:g} seconds")
            result.append(read(page))
        return result

    return _with_http_errors(readings, name, content)


def _pages(name: str, content: bytes, limits: Limits) -> Iterator[Picture]:
    _check_pixels(name, content, limits.max_pixels)
    return open_pages(_File(content, name), max_pixels=limits.max_pixels)


def _read_normalized(name: str, content: bytes, polarity: str, recognizer: Recognizer, limits: Limits) -> Reading:
    """Read one digit that is normalized as MNIST's are, without segmentation."""
    gray = _with_http_errors(lambda: _load_normalized(name, content, limits), name, content)
    image = 255 - gray if polarity == Polarity.PAPER_HIGH else gray
    probabilities = recognizer.probabilities(image[None])[0]
    first, *alternatives_order = (-probabilities).argsort().tolist()
    digit = Digit(
        box=(0, 0, SIDE, SIDE),
        label=LABELS[first],
        probability=float(probabilities[first]),
        alternatives=tuple((LABELS[label], float(probabilities[label])) for label in alternatives_order),
        image=image,
        is_rejected=recognizer.rejects(probabilities),
    )
    polarity_found = Polarity.PAPER_HIGH if polarity == Polarity.PAPER_HIGH else Polarity.INK_HIGH
    confidences = (digit.probability,)
    return Reading(digit.label, (digit,), (), name, (SIDE, SIDE), polarity_found, confidences=confidences)


def predict(
    name: str, content: bytes, model: Model, limits: Limits, *, top: int = 3, fit: str = "pad"
) -> dict[str, Any]:
    """The likeliest classes of a picture, as ``lenet predict --json`` prints them.

    Args:
        name: the picture's, which the answer and all sentences begin with.
        content: a picture file's bytes.
        model: of any classes.
        limits: what is accepted.
        top, fit: as ``lenet predict`` takes them.

    Raises:
        HTTPException: if it cannot be opened, or is too large.
        UnknownName: if there is no such fit.
    """

    def prediction_values() -> dict[str, Any]:
        _check_pixels(name, content, limits.max_pixels)
        prediction: dict[str, Any] = model.predict(_File(content, name), fit=fit).to_json(top)
        return {"file": name} | prediction

    return _with_http_errors(prediction_values, name, content)


def is_quick(content: bytes) -> bool:
    """Whether a normalized digit takes less time than handing it to a thread."""
    return len(content) <= _SMALL_FILE and content.startswith(_PNG)


def _load_normalized(name: str, content: bytes, limits: Limits) -> GrayLevels:
    if is_pdf(content):
        raise HTTPException(422, f"{name}: is a PDF, expected a picture of {SIDE}×{SIDE} pixels for normalized")
    with data_errors(name):
        image = next(open_images(io.BytesIO(content), name, MAX_KEPT_PIXELS).images)
        width, height = image.size
        if (width, height) == (SIDE, SIDE) and image.mode == "L" and "transparency" not in image.info:
            return np.asarray(image)
    if (width, height) != (SIDE, SIDE):
        raise HTTPException(
            422,
            f"{name}: {width:,}×{height:,} pixels, expected a normalized digit of {SIDE}×{SIDE}; "
            "leave out normalized for any other picture",
        )
    return np.asarray(Image.fromarray(_open_picture(name, content, limits).colors).convert("L"))


def _open_picture(name: str, content: bytes, limits: Limits) -> Picture:
    _check_pixels(name, content, limits.max_pixels)
    return open_picture(_File(content, name))


def _check_pixels(name: str, content: bytes, max_pixels: int) -> None:
    """Refuse a picture whose header says that it is too large, by 413; opening it tells what else is wrong."""
    if is_pdf(content):  # whose pages have the size that they are drawn in
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = next(open_images(io.BytesIO(content), name, MAX_KEPT_PIXELS).images)
    except Exception:
        return
    width, height = image.size
    max_pixels = min(max_pixels, max_pixels_of(image.format))
    if width * height > max_pixels:
        accepted = f"{max_pixels // 1_000_000} million" if max_pixels % 1_000_000 == 0 else f"{max_pixels:,}"
        raise HTTPException(
            413, f"{name}: {width:,}×{height:,} pixels; at most {accepted} are accepted; make it smaller first"
        )


def _with_http_errors(call: Callable[[], T], name: str, content: bytes) -> T:
    """Call, and convert errors to an HTTPException with the command line's sentence for the same picture."""
    try:
        return call()
    except (HTTPException, *CLIENT_ERRORS):
        raise
    except MissingExtra as error:
        raise HTTPException(415, str(error)) from None
    except LeNetError as error:
        raise HTTPException(415 if _is_no_picture(content) else 422, str(error)) from None
    except MemoryError:
        raise HTTPException(413, f"{name}: does not fit into memory; make it smaller first") from None
    except Exception as error:
        reason = f"a defect of lenet stopped its reading ({error_summary(error)}); please report it"
        raise HTTPException(500, f"{name}: {reason}") from None


def _is_no_picture(content: bytes) -> bool:
    try:
        open_images(io.BytesIO(content), "picture", MAX_KEPT_PIXELS)
    except Exception as error:
        return isinstance(error, NotAPicture)
    return False
