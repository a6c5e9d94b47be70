"""From a request's body to one picture file's bytes: raw, or the field ``picture`` of a form.

What the field holds is always the picture itself. A path or URL is not a picture, and nothing opens it.
"""

import asyncio
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any
from unicodedata import category

from fastapi import HTTPException
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from lenet.server.limits import Limits

FIELD = "picture"
RAW_TYPES = ("image/", "application/octet-stream", "application/pdf")
_LONGEST_NAME = 120


async def receive_body(request: Request, limits: Limits) -> bytes:
    """The whole body.

    Raises:
        HTTPException: 413 as soon as it is longer than the limit, 408 if it does not arrive in time.
        ClientDisconnect: if the client goes away before its end.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limits.max_body:
        raise _too_long(limits)
    try:
        message = await request.receive()
        if not message.get("more_body") and message["type"] == "http.request":
            return _within(limits, message.get("body", b""))
        async with asyncio.timeout(limits.timeout):
            return await _gathered(request, message, limits)
    except TimeoutError:
        raise HTTPException(
            408, f"the body did not arrive within {limits.timeout:g} seconds", {"Connection": "close"}
        ) from None


async def _gathered(request: Request, message: Any, limits: Limits) -> bytes:
    parts: list[bytes] = []
    length = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        parts.append(part)
        length += len(part)
        if length > limits.max_body:
            raise _too_long(limits)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await request.receive()


def _within(limits: Limits, body: bytes) -> bytes:
    if len(body) > limits.max_body:
        raise _too_long(limits)
    return body


def _too_long(limits: Limits) -> HTTPException:
    return HTTPException(
        413, f"the body is longer than {limits.max_body:,} bytes, which is the most accepted; make the picture smaller"
    )


def check_type(content_type: str) -> None:
    """Raise HTTPException 415 unless a body of this Content-Type can be a picture; none at all is a picture's bytes."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind and not kind.startswith(RAW_TYPES) and kind != "multipart/form-data":
        raise HTTPException(
            415,
            f"Content-Type is {kind[:60]!r}, expected image/*, application/octet-stream, application/pdf or "
            "multipart/form-data; with curl: -F picture=@digit.png",
        )


def picture_in(content_type: str, body: bytes) -> tuple[str, bytes]:
    """The picture's name and its file's bytes.

    Raises:
        HTTPException: 400 if a form is damaged, or holds anything but one picture; 422 if there are no bytes.
    """
    name, content = "picture", body
    if content_type[:19].lower() == "multipart/form-data":
        name, content = _form_picture(content_type, body)
    if not content:
        raise HTTPException(422, f"{name}: empty file, expected a picture")
    return name, content


def _form_picture(content_type: str, body: bytes) -> tuple[str, bytes]:
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        raise HTTPException(
            400, "multipart/form-data without a boundary, which the client's library writes; leave it to it"
        )
    form = _Form()
    try:
        parser = MultipartParser(boundary, form.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise HTTPException(400, f"damaged multipart body ({' '.join(str(error).split())[:120]})") from None
    if not form.is_whole:
        raise HTTPException(400, "the multipart body ends before its last boundary")
    if form.content is None:
        raise HTTPException(400, f"no field {FIELD!r} in the form, expected a picture file in it")
    return form.name, b"".join(form.content)


class _Form:
    """What a parser tells of a form: one field, with a file's name and bytes."""

    def __init__(self) -> None:
        self.name = "picture"
        self.content: list[bytes] | None = None
        self.is_whole = False
        self._field, self._value = b"", b""

    def callbacks(self) -> Any:
        names = ("part_begin", "header_begin", "header_field", "header_value", "header_end", "headers_finished")
        found: dict[str, Callable[..., None]] = {f"on_{name}": getattr(self, f"_{name}") for name in names}
        return found | {"on_part_data": self._part_data, "on_end": self._end}

    def _part_begin(self) -> None:
        self._disposition: dict[bytes, bytes] = {}

    def _header_begin(self) -> None:
        self._field, self._value = b"", b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = parse_options_header(self._value)[1]

    def _headers_finished(self) -> None:
        field = self._disposition.get(b"name", b"").decode(errors="replace")
        if field != FIELD:
            raise HTTPException(400, f"unknown field {field[:60]!r} in the form, expected {FIELD!r} alone")
        if self.content is not None:
            raise HTTPException(400, f"the form holds more than one {FIELD}; send one picture with each request")
        self.content = []
        self.name = _shown_name(self._disposition.get(b"filename", b"").decode(errors="backslashreplace"))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        assert self.content is not None
        self.content.append(data[start:end])

    def _end(self) -> None:
        self.is_whole = True


def _shown_name(filename: str) -> str:
    """The last part of a file's name, as it can be printed.

    >>> _shown_name("C:\\\\scans\\\\seven\\n.png")
    'seven\\\\n.png'
    """
    name = PurePosixPath(filename.replace("\\", "/")).name[-_LONGEST_NAME:]
    return "".join(repr(sign)[1:-1] if category(sign) in ("Cc", "Cs") else sign for sign in name) or "picture"
