"""The paths that take a picture: ``POST /v1/read``, ``/v1/predict`` and ``/v1/activations``."""

import base64
import io
import re
from typing import Any

import numpy as np
from fastapi import FastAPI, HTTPException, Request, Response
from PIL import Image

from lenet.engine import activations
from lenet.errors import ReadingError, UnknownName
from lenet.model import Model
from lenet.reading.recognition import Calibration
from lenet.reading.results import Reading
from lenet.server import openapi, pictures, schemas
from lenet.server.bodies import BLANK, FIELD, TEMPLATE, File, check_type, receive_files, receive_picture
from lenet.server.limits import Pool
from lenet.server.metrics import Metrics
from lenet.server.queries import ActivationsQuery, PredictQuery, ReadQuery, query_of
from lenet.server.readers import Readers

JSON_TYPE, NPZ_TYPE = "application/json", "application/octet-stream"

_TEXT_KEYS = ("file", "page", "text", "accepted", "rejected", "remark")
_OPTION = re.compile(r"--([a-z][a-z-]*)")
_PARAMETERS = {
    "single": "single=true",
    "ink-high": "polarity=ink-high",
    "paper-high": "polarity=paper-high",
    "all-pages": "pages=all",
    "no-turn": "turn=false",
    "no-grid": "grid=false",
}


def add_read(app: FastAPI, readers: Readers, pool: Pool, metrics: Metrics) -> None:
    """Add ``/v1/read``: the digits in a picture, or the fields of a form, as ``lenet read --json``."""

    def reading_of(name: str, content: bytes, query: ReadQuery) -> Response:
        if query.pages == "all":
            readings = pictures.read_pages(name, content, query, readers, pool.limits)
        else:
            readings = [pictures.read(name, content, query, readers, pool.limits)]
        for reading in readings:
            metrics.count_digits(len(reading.digits), sum(digit.is_rejected for digit in reading.digits))
        values = [reading_response(name, number, reading, query.detail) for number, reading in enumerate(readings, 1)]
        return schemas.JSONLineResponse(values if query.pages == "all" else values[0])

    def form_of(files: dict[str, File], query: ReadQuery) -> Response:
        """The page of a form whose template was sent, or that is served under a name."""
        if query.form is None:
            reader = pictures.form_reader(files[TEMPLATE], files[BLANK], readers, pool.limits)
        else:
            reader = readers.form_reader(query.form)
        name, content = files[FIELD]
        readings = pictures.read_form(name, content, reader, pool.limits, has_all_pages=query.pages == "all")
        values = [reading.of(name, number).to_dict() for number, reading in enumerate(readings, 1)]
        return schemas.JSONLineResponse(values if query.pages == "all" else values[0])

    @app.post(
        "/v1/read",
        tags=["reading"],
        summary="Read the digits in a picture, or the fields of a form",
        response_model=schemas.Reading | schemas.FormPage | list[schemas.Reading] | list[schemas.FormPage],
        response_description="The reading; without digits it says why. With `pages=all` a list, a reading for each. "
        "Of a page of a form its fields.",
        responses=openapi.example(openapi.EXAMPLES["reading"])
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


def add_predict(app: FastAPI, readers: Readers, pool: Pool) -> None:
    """Add ``/v1/predict``: the classes that a picture may be of, as ``lenet predict --json``."""

    def classes_of(name: str, content: bytes, query: PredictQuery) -> Response:
        try:
            model = readers.classifier_of(query.network)
        except UnknownName as error:
            raise HTTPException(404, str(error)) from None
        values = pictures.predict(name, content, model, pool.limits, top=query.top, fit=query.fit)
        return schemas.JSONLineResponse({**values, "network": model.network.name})

    @app.post(
        "/v1/predict",
        tags=["reading"],
        summary="Name the classes that a picture may be of",
        response_model=schemas.Prediction,
        response_description="The likeliest classes.",
        responses=openapi.example(openapi.EXAMPLES["prediction"])
        | openapi.error_responses(pool.limits, 404, *openapi.PICTURE_STATUSES),
        openapi_extra=openapi.picture_operation(PredictQuery),
    )
    async def predict(request: Request) -> Response:
        """As `lenet predict --json`, by the model that is served, whatever its classes are."""
        query = query_of(request, PredictQuery)
        check_type(request)
        with pool.slot():
            name, content = await receive_picture(request, pool.limits)
            return await pool.run(lambda: classes_of(name, content, query))


def add_activations(app: FastAPI, readers: Readers, pool: Pool) -> None:
    """Add ``/v1/activations``: the outputs of every stage of a network for the digit in a picture."""

    def activations_of(name: str, content: bytes, query: ActivationsQuery, model: Model, media_type: str) -> Response:
        reading = pictures.read(name, content, query, readers, pool.limits)
        if not reading.digits:
            raise HTTPException(
                422, f"{name}: no digit found; draw or photograph one dark digit on light paper, or light on dark"
            )
        digit = reading.digits[0]
        recorded = activations(model.network, model.parameters, digit.image[None])
        if media_type == NPZ_TYPE:
            file = io.BytesIO()
            np.savez(file, image=digit.image, **{key: array[0] for key, array in recorded.items()})
            headers = {"Vary": "Accept", "Content-Disposition": 'attachment; filename="activations.npz"'}
            return Response(file.getvalue(), headers=headers, media_type=NPZ_TYPE)
        *_, outputs = recorded.values()
        calibration = Calibration.of_one_view(model)
        probabilities = calibration.probabilities(model.network, outputs.reshape(1, 1, -1), model.class_outputs)[0]
        values = {
            "file": name,
            "network": model.network.name,
            "digit": digit.to_json(),
            "image": digit.image.tolist(),
            "stages": [
                {"name": key, "shape": list(array.shape[1:]), "values": array[0].tolist()}
                for key, array in recorded.items()
            ],
            "labels": list(model.output_names),
            "smallest_wins": model.network.smallest_wins,
            "probabilities": probabilities.tolist(),
        }
        return schemas.JSONLineResponse(values, headers={"Vary": "Accept"})

    responses = openapi.example(openapi.EXAMPLES["activations"]) | openapi.error_responses(
        pool.limits, 404, 406, *openapi.PICTURE_STATUSES
    )
    arrays = {"type": "string", "format": "binary", "description": "NumPy's npz: `image`, stages."}
    responses[200]["content"][NPZ_TYPE] = {"schema": arrays}

    @app.post(
        "/v1/activations",
        tags=["networks"],
        name="activations",
        summary="Look at what every stage makes of a digit",
        response_model=schemas.Activations,
        response_description="All arrays; as a npz file if Accept asks for it.",
        responses=responses,
        openapi_extra=openapi.picture_operation(ActivationsQuery),
    )
    async def respond(request: Request) -> Response:
        """The reader finds the one digit that stands out most; the network that is asked for sees it."""
        query = query_of(request, ActivationsQuery)
        check_type(request)
        media_type = _negotiated_type(request.headers.get("accept", ""))
        try:
            model = readers.model_for(query.network)
        except ValueError as error:
            raise HTTPException(404, str(error)) from None
        with pool.slot():
            name, content = await receive_picture(request, pool.limits)
            return await pool.run(lambda: activations_of(name, content, query, model, media_type))


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


def with_parameters(remark: str) -> str:
    """A sentence in which options stand, with the parameters that mean the same.

    >>> with_parameters("none of the shapes looks like one; --single reads the one that stands out most")
    'none of the shapes looks like one; single=true reads the one that stands out most'
    >>> with_parameters("try --max-error")
    'try max_error='
    """
    return _OPTION.sub(lambda match: _PARAMETERS.get(match[1], f"{match[1].replace('-', '_')}="), remark)


def _negotiated_type(header: str) -> str:
    """Content negotiation: the media type to send; JSON if both are accepted.

    Raises:
        HTTPException: 406 if neither is accepted.
    """
    media_types = {part.partition(";")[0].strip().lower() for part in header.split(",")} - {""}
    if not media_types or media_types & {"*/*", "application/*", JSON_TYPE}:
        return JSON_TYPE
    if media_types & {NPZ_TYPE, "application/x-npz"}:
        return NPZ_TYPE
    raise HTTPException(406, f"Accept is {header[:80]!r}, expected {JSON_TYPE} or {NPZ_TYPE}")
