"""``POST /v1/predict``: classification of a picture, as ``lenet predict --json``."""

from fastapi import FastAPI, HTTPException, Request, Response

from lenet.errors import UnknownName
from lenet.server import openapi, pictures, schemas
from lenet.server.bodies import check_type, receive_picture
from lenet.server.limits import Pool
from lenet.server.queries import PredictQuery, query_of
from lenet.server.readers import Readers


def add_predict(app: FastAPI, readers: Readers, pool: Pool) -> None:
    """Add the path."""

    def classes_of(name: str, content: bytes, query: PredictQuery) -> Response:
        try:
            model = readers.classifier_of(query.network)
        except UnknownName as error:
            raise HTTPException(404, str(error)) from None
        values = pictures.predict(name, content, model, pool.limits, top=query.top, fit=query.fit)
        return schemas.JSON({**values, "network": model.network.name})

    @app.post(
        "/v1/predict",
        tags=["reading"],
        summary="Name the classes that a picture may be of",
        response_model=schemas.Prediction,
        response_description="The likeliest classes.",
        responses=openapi.example(openapi.PREDICTION_EXAMPLE)
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
