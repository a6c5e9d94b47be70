"""``POST /v1/read``: reading of the digits in a picture, or of the fields of a form, as ``lenet read --json``."""

import base64
import io
from typing import Any

from fastapi import FastAPI, Request, Response
from PIL import Image

from lenet.errors import ReadingError
from lenet.reading.results import Reading
from lenet.server import openapi, pictures, schemas
from lenet.server.bodies import BLANK, FIELD, TEMPLATE, File, check_type, receive_files
from lenet.server.limits import Pool
from lenet.server.metrics import Metrics
from lenet.server.queries import ReadQuery, query_of
from lenet.server.readers import Readers
from lenet.server.remarks import with_parameters

_TEXT_KEYS = ("file", "page", "text", "accepted", "rejected", "remark")


def add_read(app: FastAPI, readers: Readers, pool: Pool, metrics: Metrics) -> None:
    """Add the path."""

    def reading_of(name: str, content: bytes, query: ReadQuery) -> Response:
        if query.pages == "all":
            readings = pictures.read_pages(name, content, query, readers, pool.limits)
        else:
            readings = [pictures.read(name, content, query, readers, pool.limits)]
        for reading in readings:
            metrics.count_digits(len(reading.digits), sum(digit.is_rejected for digit in reading.digits))
        values = [reading_response(name, number, reading, query.detail) for number, reading in enumerate(readings, 1)]
        return schemas.JSON(values if query.pages == "all" else values[0])

    def form_of(files: dict[str, File], query: ReadQuery) -> Response:
        """The page of a form whose template was sent, or that is served under a name."""
        if query.form is None:
            reader = pictures.form_reader(files[TEMPLATE], files[BLANK], readers, pool.limits)
        else:
            reader = readers.form_reader(query.form)
        name, content = files[FIELD]
        readings = pictures.read_form(name, content, reader, pool.limits, has_all_pages=query.pages == "all")
        values = [reading.of(name, number).to_dict() for number, reading in enumerate(readings, 1)]
        return schemas.JSON(values if query.pages == "all" else values[0])

    @app.post(
        "/v1/read",
        tags=["reading"],
        summary="Read the digits in a picture, or the fields of a form",
        response_model=schemas.Reading | schemas.FormPage | list[schemas.Reading] | list[schemas.FormPage],
        response_description="The reading; without digits it says why. With `pages=all` a list, a reading for each. "
        "Of a page of a form its fields.",
        responses=openapi.example(openapi.READING_EXAMPLE)
        | openapi.error_responses(pool.limits, *openapi.PICTURE_STATUSES),
        openapi_extra=openapi.picture_operation(ReadQuery, openapi.FORM_FIELDS),
    )
    async def read(request: Request) -> Response:
        """As `lenet read --json`: text, boxes, probabilities, and what was left out; or the fields of a form."""
        query = query_of(request, ReadQuery)
        check_type(request)
        with pool.slot():
            files = await receive_files(request, pool.limits, (TEMPLATE, BLANK))
            if query.form is not None or len(files) > 1:
                _check_form(files, query)
                return await pool.run(lambda: form_of(files, query))
            name, content = files[FIELD]
            if query.normalized and pictures.is_quick(content):
                return reading_of(name, content, query)
            return await pool.run(lambda: reading_of(name, content, query))


def _check_form(files: dict[str, File], query: ReadQuery) -> None:
    """Raise ReadingError unless one form is named, or sent with its blank page, and nothing else is asked."""
    if query.form is not None and len(files) > 1:
        raise ReadingError(f"form is {query.form[:60]!r}, and a template or a blank page was sent, too; leave out one")
    if query.form is None and len(files) < 3:
        missing, present = (BLANK, TEMPLATE) if TEMPLATE in files else (TEMPLATE, BLANK)
        raise ReadingError(
            f"the field {present!r} came without {missing!r}; a page is read by the template of its form, in "
            f"{TEMPLATE!r}, and its blank page, in {BLANK!r}"
        )
    query.check_form()


def reading_response(name: str, number: int, reading: Reading, detail: str) -> dict[str, Any]:
    """The reading of a page of this number as plain values, in as much detail as is asked for."""
    values: dict[str, Any] = {"file": name, "page": number} | reading.to_json()
    values |= {"file": name, "remark": with_parameters(values["remark"])}
    if detail == "text":
        return {key: values[key] for key in _TEXT_KEYS}
    if detail == "steps":
        for digit_values, digit in zip(values["digits"], reading.digits, strict=True):
            file = io.BytesIO()
            Image.fromarray(digit.image).save(file, "PNG")
            digit_values["image"] = base64.b64encode(file.getvalue()).decode()
    return values
