"""``POST /v1/read``: a picture in, the digits in it out, as ``lenet read --json`` prints them."""

import base64
import io
import json
from typing import Any

from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from lenet.reading.results import Reading
from lenet.server import pictures
from lenet.server.bodies import check_type, picture_in, receive_body
from lenet.server.limits import Pool
from lenet.server.metrics import Metrics
from lenet.server.queries import Query, query_of
from lenet.server.readers import Readers

_TEXT = ("file", "page", "text", "accepted", "rejected", "remark")


class ReadRoute:
    """Answers with readings."""

    def __init__(self, readers: Readers, pool: Pool, metrics: Metrics) -> None:
        self._readers, self._pool, self._metrics = readers, pool, metrics

    async def answer(self, request: Request) -> Response:
        """The reading of the picture in the body."""
        question = query_of(request.scope["query_string"], "read")
        kind = request.headers.get("content-type", "")
        check_type(kind)
        with self._pool.place():
            body = await receive_body(request, self._pool.limits)
            if question.normalized and pictures.is_quick(body):
                return Response(self._read(kind, body, question), media_type="application/json")
            content = await self._pool.run(lambda: self._read(kind, body, question))
        return Response(content, media_type="application/json")

    def _read(self, kind: str, body: bytes, question: Query) -> bytes:
        name, content = picture_in(kind, body)
        own, limits = question.settings, self._pool.limits
        if question.normalized:
            recognizer = self._readers.recognizer(own.max_error)
            reading = pictures.read_normalized(name, content, own.polarity, recognizer, limits)
        else:
            reading = pictures.read(name, content, question, self._readers.reader(own.max_error), limits)
        self._metrics.count_digits(len(reading.digits), sum(digit.is_rejected for digit in reading.digits))
        return json.dumps(told(name, reading, question.detail), ensure_ascii=False).encode()


def told(name: str, reading: Reading, detail: str) -> dict[str, Any]:
    """A reading as plain values, in as much detail as is asked for."""
    values: dict[str, Any] = {"file": name, "page": 1} | reading.to_json() | {"file": name}
    if detail == "text":
        return {key: values[key] for key in _TEXT}
    if detail == "steps":
        for told_digit, digit in zip(values["digits"], reading.digits, strict=True):
            file = io.BytesIO()
            Image.fromarray(digit.image).save(file, "PNG")
            told_digit["image"] = base64.b64encode(file.getvalue()).decode()
    return values
