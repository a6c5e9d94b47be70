"""``GET /v1/networks``: what the networks are, counted exactly, as ``lenet show --json`` does."""

import json
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from lenet import summary
from lenet.architecture import Network
from lenet.errors import UnknownName
from lenet.networks import describe, names
from lenet.server.problems import Problem
from lenet.server.readers import Readers

_LISTED = ("name", "story", "source", "input_shape", "departures", "totals")


class NetworksRoutes:
    """Answers with accounts."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self._account = lru_cache(maxsize=64)(self._account_of)
        self._list: bytes | None = None

    async def answer_list(self, request: Request) -> Response:
        """All networks."""
        _check_no_query(request)
        if self._list is None:
            known = {name: describe(name) for name in names()}
            known |= {name: model.network for name, model in self._readers.models.items()}
            lines = [self._line(network) for network in known.values()]
            self._list = json.dumps(lines, ensure_ascii=False).encode(errors="backslashreplace")
        return Response(self._list, media_type="application/json")

    async def answer_one(self, request: Request) -> Response:
        """One network: its account, its description, and where its weights come from."""
        _check_no_query(request)
        name = request.path_params["name"]
        try:
            return Response(self._account(name), media_type="application/json")
        except UnknownName as error:
            raise Problem(404, str(error)) from None

    def _line(self, network: Network) -> dict[str, Any]:
        account = summary.count(network).to_json()
        return {key: account[key] for key in _LISTED} | {"has_weights": network.name in self._readers.models}

    def _account_of(self, name: str) -> bytes:
        model = self._readers.models.get(name)
        network = model.network if model is not None else describe(name)
        values = summary.count(network).to_json() | {
            "has_weights": model is not None,
            "description": network.to_json(),
            "provenance": model.provenance if model is not None else None,
        }
        return json.dumps(values, ensure_ascii=False).encode(errors="backslashreplace")


def _check_no_query(request: Request) -> None:
    if request.scope["query_string"]:
        given = request.scope["query_string"].decode("latin-1")[:60]
        raise Problem(422, f"this path takes no query parameters, got {given!r}")
