"""The FastAPI application: its routes, exception handlers, and documentation."""

from collections.abc import Sequence

from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute

import lenet
from lenet.desk.desk import Desk
from lenet.forms.template import Template
from lenet.model import Model
from lenet.reading.reader import Reader
from lenet.server import openapi, schemas
from lenet.server.access import Access
from lenet.server.desk_route import add_desk
from lenet.server.documentation import Documentation
from lenet.server.limits import Limits, Pool
from lenet.server.metrics import MEDIA_TYPE as METRICS_TYPE
from lenet.server.metrics import Metrics
from lenet.server.middleware import Middleware
from lenet.server.networks_route import add_networks
from lenet.server.page_route import add_page
from lenet.server.picture_routes import add_activations, add_predict, add_read
from lenet.server.problems import HANDLERS
from lenet.server.readers import Readers, shipped


def create_app(
    reader: Reader | None = None,
    page: str | None = None,
    limits: Limits | None = None,
    *,
    models: Sequence[Model] | None = None,
    classifier: Model | None = None,
    root_path: str = "",
    access: Access | None = None,
    writes_log: bool = False,
    file: str | None = None,
    desk: Desk | None = None,
    forms: Sequence[Template] = (),
) -> Middleware:
    """Create the ASGI application.

    Args:
        reader: the reader of digits; by default with the shipped model.
        page: the HTML of the page at ``/``; without one the documentation stands there.
        limits: upper bounds of a request.
        models: further models for activations; by default all shipped ones.
        classifier: the model that classifies pictures; by default the reader's.
        root_path: the path under which a proxy shows the server, as ``/digits``.
        access: who may ask; by default everybody.
        writes_log: whether each request is a line on stderr.
        file: the name of the file that the weights come from, which ``/healthz`` tells.
        desk: the one at ``/desk``; none if None.
        forms: templates that pages are read by where ``/v1/read`` is asked for them by their names.

    Raises:
        TemplateError, DataError: as `lenet.forms.reader.FormReader` does.
    """
    pool, metrics = Pool(limits or Limits()), Metrics()
    readers = Readers(reader or Reader(), shipped() if models is None else models, classifier, forms)
    app = FastAPI(
        title="lenet",
        version=lenet.__version__,
        description=openapi.DESCRIPTION,
        servers=[{"url": root_path or "/"}],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        default_response_class=schemas.JSONLineResponse,
        exception_handlers=HANDLERS,
        generate_unique_id_function=lambda route: route.name,
    )
    add_read(app, readers, pool, metrics)
    add_predict(app, readers, pool)
    add_activations(app, readers, pool)
    add_networks(app, readers, pool.limits)
    _add_operation(app, readers, metrics, file)
    document = app.openapi()
    document["components"]["schemas"]["ProblemDetails"] = schemas.ProblemDetails.model_json_schema()
    app.openapi = lambda: document  # type: ignore[method-assign]  # as FastAPI's own documentation extends it
    documentation = Documentation(document)
    app.get("/docs", include_in_schema=False)(documentation.respond)
    if page is None:
        app.get("/", include_in_schema=False)(documentation.respond)
    else:
        add_page(app, page)
    if desk is not None:
        add_desk(app, desk, pool)
    for route in app.routes:
        if isinstance(route, APIRoute) and route.methods == {"GET"}:  # Starlette's own routes have HEAD with it
            route.methods = {"GET", "HEAD"}
    return Middleware((access or Access()).around(app), metrics, writes_log)


def _add_operation(app: FastAPI, readers: Readers, metrics: Metrics, file: str | None) -> None:
    model = readers.classifier
    state: dict[str, str | None] = {"status": "ok", "version": lenet.__version__, "network": model.network.name}
    state |= {"file": file, "sha256": model.digest}
    healthy = schemas.JSONLineResponse(state)

    @app.get(
        "/healthz",
        tags=["operation"],
        summary="Whether the server is there",
        response_model=schemas.Health,
        response_description="It is.",
        responses=openapi.example(state),
    )
    async def health() -> Response:
        return healthy

    @app.get(
        "/metrics",
        tags=["operation"],
        name="metrics",
        summary="Counts for Prometheus",
        response_class=PlainTextResponse,
        response_description="Prometheus's text format.",
    )
    async def count() -> Response:
        """Requests, times, digits; of all processes together."""
        return Response(metrics.text(), media_type=METRICS_TYPE)
