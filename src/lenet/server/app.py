"""The application: routes, and what they share."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

import lenet
from lenet.errors import LeNetError
from lenet.model import Model
from lenet.reading.reader import Reader
from lenet.server import openapi, schemas
from lenet.server.activations_route import ARRAYS, ActivationsRoute
from lenet.server.documentation import documentation_html
from lenet.server.limits import Limits, Pool
from lenet.server.metrics import MEDIA_TYPE as METRICS_TYPE
from lenet.server.metrics import Metrics
from lenet.server.middleware import Middleware
from lenet.server.networks_route import NetworksRoutes
from lenet.server.problems import Problem, answer_defect, answer_http, answer_nobody, answer_problem
from lenet.server.read_route import ReadRoute
from lenet.server.readers import Readers, shipped
from lenet.server.static_page import StaticPage

Answer = Callable[[Request], Awaitable[Response]]


def create_app(
    reader: Reader | None = None,
    page: str | None = None,
    limits: Limits | None = None,
    *,
    shown: Sequence[Model] | None = None,
    root_path: str = "",
) -> Middleware:
    """The server as an ASGI application.

    Args:
        reader: who reads; by default with the weights that ship.
        page: the HTML of the page at ``/``; without one the documentation stands there.
        limits: what a request may cost.
        shown: weights of further networks that activations are given of; by default all that ship.
        root_path: the path under which a proxy shows the server, as ``/digits``.
    """
    limits = limits or Limits()
    readers = Readers(reader or Reader(), shipped() if shown is None else shown)
    metrics, pool = Metrics(), Pool(limits)
    app = FastAPI(title="lenet", version=lenet.__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.router.redirect_slashes = False
    app.add_exception_handler(Problem, answer_problem)
    app.add_exception_handler(LeNetError, answer_problem)
    app.add_exception_handler(HTTPException, answer_http)
    app.add_exception_handler(ClientDisconnect, answer_nobody)
    app.add_exception_handler(Exception, answer_defect)
    _add_operations(app, readers, pool, metrics)
    document = openapi.completed(
        get_openapi(title="lenet", version=lenet.__version__, description=openapi.DESCRIPTION, routes=app.routes),
        root_path,
    )
    documentation = StaticPage(documentation_html(document))
    pages = {"/": StaticPage(page) if page is not None else documentation, "/docs": documentation}
    for path, static in pages.items():
        app.add_route(path, static.answer, methods=["GET"], include_in_schema=False)
    app.add_route("/openapi.json", _json_of(document), methods=["GET"], include_in_schema=False)
    routes = {route.path for route in app.routes if hasattr(route, "path")}
    return Middleware(app, metrics, routes)


def _add_operations(app: FastAPI, readers: Readers, pool: Pool, metrics: Metrics) -> None:
    read = ReadRoute(readers, pool, metrics)
    looking = ActivationsRoute(readers, pool)
    networks = NetworksRoutes(readers)
    limits = pool.limits
    of_pictures = (400, 408, 413, 415, 422, 503, 504)

    def add(path: str, method: str, answer: Answer, name: str, summary: str, **options: Any) -> None:
        app.add_api_route(
            path,
            answer,
            methods=[method],
            name=name,
            operation_id=name,
            summary=summary,
            response_class=Response,
            **options,
        )
        if method == "GET":
            app.add_route(path, answer, methods=["HEAD"], include_in_schema=False)

    add(
        "/v1/read",
        "POST",
        read.answer,
        "read",
        "Read the digits in a picture",
        description="As `lenet read --json`: text, boxes, probabilities, and what was left out.",
        tags=["reading"],
        openapi_extra=openapi.picture_operation("read"),
        responses=_found(schemas.Reading, openapi.READING_EXAMPLE, "The reading; without digits it says why.")
        | openapi.refusals(limits, *of_pictures),
    )
    arrays = {
        ARRAYS: {"schema": {"type": "string", "format": "binary", "description": "NumPy's npz: `image`, stages."}}
    }
    found = _found(schemas.Activations, openapi.ACTIVATIONS_EXAMPLE, "All arrays; as a npz file if Accept asks for it.")
    found[200]["content"] |= arrays
    add(
        "/v1/activations",
        "POST",
        looking.answer,
        "activations",
        "Look at what every stage makes of a digit",
        description="The reader finds the one digit that stands out most; the network that is asked for sees it.",
        tags=["networks"],
        openapi_extra=openapi.picture_operation("activations"),
        responses=found | openapi.refusals(limits, 404, 406, *of_pictures),
    )
    add(
        "/v1/networks",
        "GET",
        networks.answer_list,
        "list_networks",
        "List the networks",
        tags=["networks"],
        responses=_found(list[schemas.NetworkLine], None, "As `lenet networks --json`.")
        | openapi.refusals(limits, 422),
    )
    add(
        "/v1/networks/{name}",
        "GET",
        networks.answer_one,
        "show_network",
        "Count a network exactly",
        tags=["networks"],
        openapi_extra=openapi.NAME_OPERATION,
        responses=_found(schemas.NetworkAccount, None, "As `lenet show --json`, with the description.")
        | openapi.refusals(limits, 404, 422),
    )
    health = {"status": "ok", "version": lenet.__version__, "network": readers.default}
    add(
        "/healthz",
        "GET",
        _json_of(health),
        "health",
        "Whether the server is there",
        tags=["operation"],
        responses=_found(schemas.Health, health, "It is."),
    )

    async def count(request: Request) -> Response:
        return Response(metrics.text(), media_type=METRICS_TYPE)

    add(
        "/metrics",
        "GET",
        count,
        "metrics",
        "Counts for Prometheus",
        description="Requests, times, digits; of all processes together.",
        tags=["operation"],
        responses={
            200: {"description": "Prometheus's text format.", "content": {"text/plain": {"schema": {"type": "string"}}}}
        },
    )


def _found(model: Any, example: Any, description: str) -> dict[int | str, dict[str, Any]]:
    content = {} if example is None else {"application/json": {"example": example}}
    return {200: {"model": model, "description": description, "content": content}}


def _json_of(values: Any) -> Answer:
    content = json.dumps(values, ensure_ascii=False).encode()

    async def answer(request: Request) -> Response:
        return Response(content, media_type="application/json")

    return answer
