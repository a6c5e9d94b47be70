"""ASGI middleware: metrics, security headers, error containment, and graceful shutdown.

Plain ASGI, because Starlette's own base for middleware takes longer than reading a digit does.
"""

import sys
import time
from datetime import UTC, datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lenet.errors import error_summary
from lenet.server.metrics import Metrics

_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


class Middleware:
    """Middleware around the application.

    Args:
        app: the application around which it is put.
        metrics: what counts each request, under the path of the route that the application has found for it.
        writes_log: whether each request is logged on stderr: its time, client, path without query, and status.

    Attributes:
        is_stopping: whether connections are closed after each answer, to shut down gracefully.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, writes_log: bool = False) -> None:
        self.app = app
        self._writes_log = writes_log
        self.is_stopping = False
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter()
        status = 0
        self._metrics.begin()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-content-type-options", b"nosniff")]
                if self.is_stopping:
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:  # the application has answered 500; this tells the operator why
            where, summary = f"{scope['method']} {scope['path']!a}", error_summary(error)
            print(f"lenet: {where}: a defect of lenet ({summary})", file=sys.stderr, flush=True)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = getattr(scope.get("route"), "path", "other")
            seconds = time.perf_counter() - start
            self._metrics.end(route, method, status or 500, seconds)
            if self._writes_log:
                print(_log_line(scope, status or 500, seconds), file=sys.stderr, flush=True)


def _log_line(scope: Scope, status: int, seconds: float) -> str:
    """Format the log line of a request, without its query, which may hold a token."""
    client = (scope.get("client") or ("-",))[0]
    path = ascii(scope["path"])[1:-1]
    when = datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
    return f"{when}Z {client} {scope['method']} {path} {status} {1000 * seconds:.1f} ms"
