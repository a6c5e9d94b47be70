"""``GET /v1/networks``: exact parameters, connections and shapes of the networks, as ``lenet show --json``."""

from functools import lru_cache
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Path, Request, Response

from lenet import summary
from lenet.architecture import Network
from lenet.errors import UnknownName
from lenet.networks import names, registered
from lenet.server import openapi, schemas
from lenet.server.limits import Limits
from lenet.server.readers import Readers


def add_networks(app: FastAPI, readers: Readers, limits: Limits) -> None:
    """Add the paths; their responses never change, and are cached."""

    def list_entry(network: Network) -> dict[str, Any]:
        return summary.summarize(network).list_entry() | {"has_weights": network.name in readers.models}

    @lru_cache(maxsize=1)
    def list_response() -> Response:
        networks = {name: registered(name) for name in names()}
        networks |= {name: model.network for name, model in readers.models.items()}
        return schemas.JSONLineResponse([list_entry(network) for network in networks.values()])

    @lru_cache(maxsize=64)
    def summary_response(name: str) -> Response:
        model = readers.models.get(name)
        network = model.network if model is not None else registered(name)
        return schemas.JSONLineResponse(
            summary.summarize(network).to_json()
            | {
                "has_weights": model is not None,
                "network": network.to_json(),
                "provenance": model.provenance if model is not None else None,
            }
        )

    @app.get(
        "/v1/networks",
        tags=["networks"],
        summary="List the networks",
        dependencies=[Depends(_check_no_query)],
        response_model=list[schemas.NetworkListEntry],
        response_description="As `lenet networks --json`.",
        responses=openapi.error_responses(limits, 422),
    )
    async def list_networks() -> Response:
        """All networks."""
        return list_response()

    @app.get(
        "/v1/networks/{name}",
        tags=["networks"],
        summary="Count a network's parameters and connections exactly",
        dependencies=[Depends(_check_no_query)],
        response_model=schemas.NetworkSummary,
        response_description="As `lenet show --json`, with the whole description as `network`.",
        responses=openapi.error_responses(limits, 404, 422),
    )
    async def show_network(
        name: Annotated[str, Path(description="A network, as `/v1/networks` lists them.", examples=["lenet-5"])],
    ) -> Response:
        """One network: its counts, its whole description, and where its weights come from."""
        try:
            return summary_response(name)
        except UnknownName as error:
            raise HTTPException(404, str(error)) from None


async def _check_no_query(request: Request) -> None:
    if request.url.query:
        raise HTTPException(422, f"this path takes no query parameters, got {request.url.query[:60]!r}")
