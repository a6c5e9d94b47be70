"""HTTP/1.1 connections with limits: size and time of a request's head, and time of a response.

uvicorn and httptools take a head of any size, wait for it for ever, and for ever for a client to take its answer. Here
they do not, at the places that uvicorn has for it. A refusal is the last answer on its connection.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from lenet.server.problems import MEDIA_TYPE, problem_json

MAX_URL = 8192
MAX_HEAD = 65_536  # bytes of URL, names and values together; again, of what follows a body in pieces
MAX_FIELDS = 100
MAX_AHEAD = 32  # requests that a client sends without waiting for their answers
MAX_CONNECTIONS = 900  # of a process: one has 1,024 open files on most systems
_LINGER_SECONDS = 5.0  # seconds for a refused client to see the answer before what it still sends is turned away


def protocol(timeout: float) -> type[asyncio.Protocol]:
    """Factory of uvicorn's protocol objects, one for each connection.

    Args:
        timeout: seconds for a head to arrive, for the rest of an unread body, and for a response to be received.
    """
    return cast(type[asyncio.Protocol], partial(BoundedHeads, timeout))


class _Rejected(Exception):
    """Raised to stop the parser."""


class _LastResponse:
    """Transport of the last response on a connection, which is closed in another way than at once."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self._transport = transport
        self.close = close

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class BoundedHeads(HttpToolsProtocol):
    """HTTP/1.1 protocol of one connection, with limits for heads and timeouts.

    A timer runs while no answer is outstanding and a request, or the rest of one, is; a connection that is kept alive
    between two requests has uvicorn's own. Another runs while the client leaves an answer in the server's hands.
    """

    def __init__(self, timeout: float, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._timeout = timeout
        self._arrival_timer: asyncio.TimerHandle | None = None
        self._response_timer: asyncio.TimerHandle | None = None
        self._unparsed_bytes = 0  # bytes since the parser's last callback
        self._in_head = self._in_body = self._is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self._write(503, f"{MAX_CONNECTIONS} connections are open, which is the most; try again in a second")
            self._close()
        else:
            self._arrival_timer = self.loop.call_later(self._timeout, self._on_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_arrival_timer()
        if self._response_timer is not None:
            self._response_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        self._unparsed_bytes += len(data)
        super().data_received(data)
        if self._unparsed_bytes > MAX_HEAD:
            self._refuse_too_long()
        elif self._arrival_timer is None and self._is_idle():
            self._arrival_timer = self.loop.call_later(self._timeout, self._on_timeout)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unparsed_bytes = 0
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._unparsed_bytes = 0
        if len(self.url) > MAX_URL:
            self._refuse(414, f"the address has {len(self.url):,} bytes; at most {MAX_URL:,} are accepted")
            raise _Rejected
        if len(self.headers) > MAX_FIELDS:
            self._refuse(431, f"{len(self.headers):,} headers; at most {MAX_FIELDS} are accepted")
            raise _Rejected
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD:
            self._refuse_too_long()
            raise _Rejected
        if len(self.pipeline) >= MAX_AHEAD:
            self._refuse(503, f"more than {MAX_AHEAD} requests wait for their answers; send fewer at a time")
            raise _Rejected
        self._in_head, self._in_body = False, True
        self._cancel_arrival_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unparsed_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unparsed_bytes = 0
        self._in_body = False
        self._cancel_arrival_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._start_response_timer()
        if (self._in_head or self._in_body) and self._is_idle():
            self._cancel_arrival_timer()
            self._arrival_timer = self.loop.call_later(self._timeout, self._on_timeout)

    def send_400_response(self, msg: str) -> None:
        """Reject a request that the parser does not accept."""
        self._refuse(400, "damaged request, expected HTTP/1.1")

    def _is_idle(self) -> bool:
        return not self._is_refused and (self.cycle is None or self.cycle.response_complete)

    def _cancel_arrival_timer(self) -> None:
        if self._arrival_timer is not None:
            self._arrival_timer.cancel()
            self._arrival_timer = None

    def _on_timeout(self) -> None:
        self._arrival_timer = None
        if self._in_head:
            self._refuse(408, f"the head of the request did not arrive within {self._timeout:g} seconds")
        else:
            self._close()

    def _refuse_too_long(self) -> None:
        if self._in_head and len(self.url) > MAX_URL:
            self._refuse(414, f"the address is longer than {MAX_URL:,} bytes, which is the most accepted")
        else:
            self._refuse(431, f"the head of the request is longer than {MAX_HEAD:,} bytes, the most accepted")

    def _refuse(self, status: int, detail: str) -> None:
        """Respond with an error and read nothing more; earlier complete requests are answered first."""
        if self._is_refused or self.transport.is_closing():
            return
        is_idle, self._is_refused = self._is_idle(), True
        self._cancel_arrival_timer()
        if is_idle or self.cycle.more_body:  # what a request without its whole body asks for is never answered
            self._write(status, detail)
            self._close_after_linger()
        else:
            self.cycle.keep_alive = False
            self.cycle.transport = cast(asyncio.Transport, _LastResponse(self.transport, self._close_after_linger))

    def _write(self, status: int, detail: str) -> None:
        content = problem_json(status, detail)
        head = f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(content)}\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + head.encode() + content)

    def _close_after_linger(self) -> None:
        """Say that nothing follows, drop what arrives, then close: a close with bytes unread drops those unsent."""
        self.flow.resume_reading()
        self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self._close)

    def _close(self) -> None:
        self.transport.close()
        self._start_response_timer()

    def _start_response_timer(self) -> None:
        """Start the timer after which a client that does not receive the response is disconnected."""
        if self._response_timer is not None:
            self._response_timer.cancel()
        is_unsent = self.transport.get_write_buffer_size() > 0
        self._response_timer = self.loop.call_later(self._timeout, self._abort_if_unsent) if is_unsent else None

    def _abort_if_unsent(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()
