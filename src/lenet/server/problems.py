"""Error responses as ``application/problem+json`` (RFC 9457): the detail is the sentence of the command line.

These handlers take the place of FastAPI's own, which answer in shapes of their own: one sentence here, a list there.
"""

import json
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lenet.errors import LeNetError, MissingExtra, ReadingError, UnknownName, WeightsError, error_summary

MEDIA_TYPE = "application/problem+json"
CLIENT_ERRORS = (ReadingError, UnknownName, WeightsError)  # errors of what is asked for, not of the picture
_CLIENT_LEFT = 499
_EXPECTED = {  # in a person's words, what pydantic says in a programmer's
    "bool_parsing": "true or false",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "string_too_long": "at most {max_length} characters",
    "literal_error": "{expected}",
}


def problem_json(status: int, detail: str) -> bytes:
    """The body of an error response.

    >>> problem_json(503, "busy")
    b'{"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": "busy"}'
    """
    title = HTTPStatus(status).phrase
    values = {"type": "about:blank", "title": title, "status": status, "detail": " ".join(detail.split())}
    return json.dumps(values, ensure_ascii=False).encode(errors="backslashreplace")


def _problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(problem_json(status, detail), status, headers, MEDIA_TYPE)


async def _respond_to_http_error(request: Request, error: HTTPException) -> Response:
    """Answer refusals by a handler or the router: a path that does not exist, a method that a path does not take."""
    detail, headers, path = error.detail, dict(error.headers or {}), request.url.path
    if detail == HTTPStatus.NOT_FOUND.phrase:
        detail = f"{path}: there is nothing here; /docs lists what there is"
    elif detail == HTTPStatus.METHOD_NOT_ALLOWED.phrase:
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
        detail = f"{path} does not take {request.method}; it takes {headers['Allow']}"
    return _problem(error.status_code, detail, headers)


async def _respond_to_lenet_error(request: Request, error: LeNetError) -> Response:
    """Answer errors of a request's parameters or of the picture."""
    return _problem(415 if isinstance(error, MissingExtra) else 422, str(error))


async def _respond_to_invalid_query(request: Request, error: RequestValidationError) -> Response:
    """A parameter that its model refuses: the first of them."""
    first = error.errors()[0]
    context = first.get("ctx", {})
    if "error" in context:
        return _problem(422, str(context["error"]))
    expected = _EXPECTED.get(first["type"], "{msg}").format(msg=first["msg"], **context)
    return _problem(422, f"{first['loc'][1]} is {str(first['input'])[:80]!r}, expected {expected}")


async def _respond_to_defect(request: Request, error: Exception) -> Response:
    return _problem(500, f"a defect of lenet stopped this request ({error_summary(error)}); please report it")


async def _respond_to_disconnect(request: Request, error: ClientDisconnect) -> Response:
    """Respond to a client that went away before it sent its picture; the status is for the counts alone."""
    return Response(status_code=_CLIENT_LEFT)


HANDLERS: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    HTTPException: _respond_to_http_error,
    LeNetError: _respond_to_lenet_error,
    RequestValidationError: _respond_to_invalid_query,
    ClientDisconnect: _respond_to_disconnect,
    Exception: _respond_to_defect,
}
