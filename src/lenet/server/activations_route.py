"""``POST /v1/activations``: the outputs of every stage of a network for the digit in a picture."""

import io

import numpy as np
from fastapi import FastAPI, HTTPException, Request, Response

from lenet.engine import activations
from lenet.model import Model
from lenet.reading.recognition import Calibration
from lenet.server import openapi, pictures, schemas
from lenet.server.bodies import check_type, receive_picture
from lenet.server.limits import Pool
from lenet.server.queries import ActivationsQuery, query_of
from lenet.server.readers import Readers

JSON_TYPE, NPZ_TYPE = "application/json", "application/octet-stream"


def add_activations(app: FastAPI, readers: Readers, pool: Pool) -> None:
    """Register the route with the app."""

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
        return schemas.JSON(values, headers={"Vary": "Accept"})

    responses = openapi.example(openapi.ACTIVATIONS_EXAMPLE) | openapi.error_responses(
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
