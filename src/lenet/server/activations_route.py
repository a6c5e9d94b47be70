"""``POST /v1/activations``: a picture in, what every stage of a network makes of its digit out."""

import io
import json
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from lenet.engine import activations
from lenet.model import Model
from lenet.reading.recognition import LABELS, Calibration
from lenet.reading.results import Digit
from lenet.server import pictures
from lenet.server.bodies import check_type, picture_in, receive_body
from lenet.server.limits import Pool
from lenet.server.problems import Problem
from lenet.server.queries import Query, query_of
from lenet.server.readers import Readers

JSON, ARRAYS = "application/json", "application/octet-stream"


class ActivationsRoute:
    """Answers with the arrays of every stage."""

    def __init__(self, readers: Readers, pool: Pool) -> None:
        self._readers, self._pool = readers, pool

    async def answer(self, request: Request) -> Response:
        """The activations for the one digit of the picture in the body."""
        question = query_of(request.scope["query_string"], "activations")
        kind = request.headers.get("content-type", "")
        check_type(kind)
        media_type = _accepted(request.headers.get("accept", ""))
        try:
            model = self._readers.weights_of(question.network)
        except ValueError as error:
            raise Problem(404, str(error)) from None
        with self._pool.place():
            body = await receive_body(request, self._pool.limits)
            content = await self._pool.run(lambda: self._look(kind, body, question, model, media_type))
        headers = {"Vary": "Accept"}
        if media_type == ARRAYS:
            headers["Content-Disposition"] = 'attachment; filename="activations.npz"'
        return Response(content, headers=headers, media_type=media_type)

    def _look(self, kind: str, body: bytes, question: Query, model: Model, media_type: str) -> bytes:
        name, content = picture_in(kind, body)
        digit = self._digit(name, content, question)
        seen = activations(model.network, model.parameters, digit.image[None])
        if media_type == ARRAYS:
            file = io.BytesIO()
            np.savez(file, allow_pickle=False, image=digit.image, **{key: array[0] for key, array in seen.items()})
            return file.getvalue()
        *_, outputs = seen.values()
        shares = Calibration.of_one_view(model).probabilities(model.network, outputs.reshape(1, 1, -1))[0]
        values: dict[str, Any] = {
            "file": name,
            "network": model.network.name,
            "digit": digit.to_json(),
            "image": digit.image.tolist(),
            "stages": [
                {"name": key, "shape": list(array.shape[1:]), "values": array[0].tolist()}
                for key, array in seen.items()
            ],
            "labels": [*LABELS, "none"][: model.network.classes],
            "smallest_wins": model.network.smallest_wins,
            "probabilities": shares.tolist(),
        }
        return json.dumps(values, ensure_ascii=False).encode()

    def _digit(self, name: str, content: bytes, question: Query) -> Digit:
        limits = self._pool.limits
        if question.normalized:
            recognizer = self._readers.recognizer(None)
            reading = pictures.read_normalized(name, content, question.settings.polarity, recognizer, limits)
        else:
            reading = pictures.read(name, content, question, self._readers.reader(None), limits)
        if not reading.digits:
            raise Problem(
                422, f"{name}: no digit found; draw or photograph one dark digit on light paper, or light on dark"
            )
        return reading.digits[0]


def _accepted(header: str) -> str:
    """Which of the two forms is wanted; JSON if either will do.

    Raises:
        Problem: 406 if neither will.
    """
    wanted = {part.partition(";")[0].strip().lower() for part in header.split(",")} - {""}
    if not wanted or wanted & {"*/*", "application/*", JSON}:
        return JSON
    if wanted & {ARRAYS, "application/x-npz"}:
        return ARRAYS
    raise Problem(406, f"Accept is {header[:80]!r}, expected {JSON} or {ARRAYS}")
