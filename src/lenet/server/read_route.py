"""``POST /v1/read``: reading of the digits in a picture, as ``lenet read --json``."""

import base64
import io
from typing import Any

from fastapi import FastAPI, Request, Response
from PIL import Image

from lenet.reading.results import Reading
from lenet.server import openapi, pictures, schemas
from lenet.server.bodies import check_type, receive_picture
from lenet.server.limits import Pool
from lenet.server.metrics import Metrics
from lenet.server.queries import ReadQuery, query_of
from lenet.server.readers import Readers
from lenet.server.remarks import with_parameters

_TEXT = ("file", "page", "text", "accepted", "rejected", "remark")


def add_read(app: FastAPI, readers: Readers, pool: Pool, metrics: Metrics) -> None:
    """Add the path."""

    def reading_of(name: str, content: bytes, query: ReadQuery) -> Response:
        if query.pages == "all":
            readings = pictures.read_pages(name, content, query, readers, pool.limits)
        else:
            readings = [pictures.read(name, content, query, readers, pool.limits)]
        for reading in readings:
            metrics.count_digits(len(reading.digits), sum(digit.is_rejected for digit in reading.digits))
        values = [reading_response(name, number, one, query.detail) for number, one in enumerate(readings, 1)]
        return schemas.JSON(values if query.pages == "all" else values[0])

    @app.post(
        "/v1/read",
        tags=["reading"],
        summary="Read the digits in a picture",
        response_model=schemas.Reading | list[schemas.Reading],
        response_description="The reading; without digits it says why. With `pages=all` a list, a reading for each.",
        responses=openapi.example(openapi.READING_EXAMPLE) | openapi.error_responses(pool.limits, *openapi.OF_PICTURES),
        openapi_extra=openapi.picture_operation(ReadQuery),
    )
    async def read(request: Request) -> Response:
        """As `lenet read --json`: text, boxes, probabilities, and what was left out."""
        query = query_of(request, ReadQuery)
        check_type(request)
        with pool.slot():
            name, content = await receive_picture(request, pool.limits)
            if query.normalized and pictures.is_quick(content):
                return reading_of(name, content, query)
            return await pool.run(lambda: reading_of(name, content, query))


def reading_response(name: str, number: int, reading: Reading, detail: str) -> dict[str, Any]:
    """The reading of a page of this number as plain values, in as much detail as is asked for."""
    values: dict[str, Any] = {"file": name, "page": number} | reading.to_json()
    values |= {"file": name, "remark": with_parameters(values["remark"])}
    if detail == "text":
        return {key: values[key] for key in _TEXT}
    if detail == "steps":
        for digit_values, digit in zip(values["digits"], reading.digits, strict=True):
            file = io.BytesIO()
            Image.fromarray(digit.image).save(file, "PNG")
            digit_values["image"] = base64.b64encode(file.getvalue()).decode()
    return values
