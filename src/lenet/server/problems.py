"""What is refused, as ``application/problem+json`` (RFC 9457): the detail is the sentence of the command line."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from lenet.errors import LeNetError, MissingExtra, ReadingError, UnknownName, WeightsError

MEDIA_TYPE = "application/problem+json"
_LEFT = 499


class Problem(Exception):
    """A request that is not met.

    Args:
        status: of the response, 4xx or 5xx.
        detail: one sentence: what is wrong, with which value, what is accepted, what to do.
        headers: of the response, besides its type.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})

    @classmethod
    def of(cls, error: LeNetError) -> "Problem":
        """What an error says of a request's parameters or of the picture."""
        return cls(415 if isinstance(error, MissingExtra) else 422, str(error))

    def response(self) -> Response:
        """The answer that a client gets."""
        return Response(problem_json(self.status, self.detail), self.status, self.headers, MEDIA_TYPE)


ASKED_WRONGLY = (ReadingError, UnknownName, WeightsError)  # errors of what is asked for, not of the picture


def problem_json(status: int, detail: str) -> bytes:
    """The body of a refusal.

    >>> problem_json(503, "busy")
    b'{"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": "busy"}'
    """
    title = HTTPStatus(status).phrase
    values = {"type": "about:blank", "title": title, "status": status, "detail": " ".join(detail.split())}
    return json.dumps(values, ensure_ascii=False).encode(errors="backslashreplace")


def in_short(error: Exception) -> str:
    """Type and text of an unexpected error, on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


async def answer_problem(request: Request, error: Exception) -> Response:
    """The handler of `Problem` and of the errors that are told by name."""
    assert isinstance(error, Problem | LeNetError)
    return (error if isinstance(error, Problem) else Problem.of(error)).response()


async def answer_defect(request: Request, error: Exception) -> Response:
    """The handler of what should not happen."""
    return Problem(500, f"a defect of lenet stopped this request ({in_short(error)}); please report it").response()


async def answer_nobody(request: Request, error: Exception) -> Response:
    """The handler of a client that goes away before it has sent its picture; the status is for the counts alone."""
    return Response(status_code=_LEFT)


async def answer_http(request: Request, error: Exception) -> Response:
    """The handler of what the router refuses: a path that does not exist, a method that a path does not take."""
    status = int(getattr(error, "status_code", 500))
    headers = dict(getattr(error, "headers", None) or {})
    path = request.url.path
    if status == HTTPStatus.NOT_FOUND:
        detail = f"{path}: there is nothing here; /docs lists what there is"
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        taken = set(headers.get("Allow", "").split(", "))
        headers["Allow"] = ", ".join(sorted(taken | {"HEAD"} if "GET" in taken else taken))
        detail = f"{path} does not take {request.method}; it takes {headers['Allow']}"
    else:
        detail = str(getattr(error, "detail", error)).lower()
    return Problem(status, detail, headers).response()
