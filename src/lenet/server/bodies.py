"""Request bodies to files: a picture as raw bytes, or the fields of a form, which Starlette parses.

Not by FastAPI's `UploadFile`: a path takes both, and a body is refused as soon as it is too long or too late, before it
is whole. What the field holds is always the picture itself. A path or URL is not a picture, and nothing opens it.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import PurePosixPath
from unicodedata import category

from fastapi import HTTPException, Request
from python_multipart.exceptions import FormParserError
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from lenet.server.limits import Limits

FIELD = "picture"
TEMPLATE, BLANK = "form", "blank"  # what may come with it: the template of the form that it shows, and its blank page
RAW_TYPES = ("image/", "application/octet-stream", "application/pdf")
_FORM = "multipart/form-data"
_MAX_NAME_LENGTH = 120


def check_type(request: Request) -> None:
    """Raise HTTPException 415 unless a body of this Content-Type can be a picture; none at all is a picture's bytes.

    Bodies are taken as they are: one with a Content-Encoding is refused, too, and the answer says which is accepted.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        raise HTTPException(
            415,
            f"Content-Encoding is {coding[:60]!r}, expected none: a picture is sent as its file is",
            {"Accept-Encoding": "identity"},
        )
    media_type = _media_type(request)
    if media_type and not media_type.startswith(RAW_TYPES) and media_type != _FORM:
        raise HTTPException(
            415,
            f"Content-Type is {media_type[:60]!r}, expected image/*, application/octet-stream, application/pdf or "
            "multipart/form-data; with curl: -F picture=@digit.png",
        )


File = tuple[str, bytes]


async def receive_picture(request: Request, limits: Limits) -> File:
    """The picture's name and its file's bytes; as `receive_files`."""
    return (await receive_files(request, limits))[FIELD]


async def receive_files(request: Request, limits: Limits, other_fields: Sequence[str] = ()) -> dict[str, File]:
    """The name and the bytes of the picture, and of what stands in other fields, if they are there.

    Raises:
        HTTPException: 413 as soon as the body is longer than the limit, 408 if it does not arrive in time; 400 if a
            form is damaged, or holds anything but one picture and one file in each of the other fields; 422 if a file
            has no bytes.
        ClientDisconnect: if the client goes away before its end.
    """
    chunks = _body_chunks(request, limits.max_body)
    async with _arriving_within(limits.timeout):
        if _media_type(request) == _FORM:
            files = await _files_in(request.headers["content-type"], chunks, limits.max_body, other_fields)
        else:
            files = {FIELD: ("picture", b"".join([chunk async for chunk in chunks]))}
    for field, (name, content) in files.items():
        if not content:
            raise HTTPException(422, f"{name}: empty file, expected a {'template' if field == TEMPLATE else 'picture'}")
    return files


async def receive_bytes(request: Request, max_body: int, timeout: float) -> bytes:
    """A body of another kind.

    Raises:
        HTTPException, ClientDisconnect: as `receive_files`, for its length and time.
    """
    async with _arriving_within(timeout):
        return b"".join([chunk async for chunk in _body_chunks(request, max_body)])


@asynccontextmanager
async def _arriving_within(seconds: float) -> AsyncGenerator[None, None]:
    """A context in which a body arrives; HTTPException 408 if it takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise HTTPException(
            408, f"the body did not arrive within {seconds:g} seconds", {"Connection": "close"}
        ) from None


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _body_chunks(request: Request, max_body: int) -> AsyncGenerator[bytes, None]:
    """The body as it arrives, as long as it is no longer than it may be."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_body:
        raise _too_long(max_body)
    body_size = 0
    async for chunk in request.stream():
        body_size += len(chunk)
        if body_size > max_body:
            raise _too_long(max_body)
        yield chunk


def _too_long(max_body: int) -> HTTPException:
    return HTTPException(
        413, f"the body is longer than {max_body:,} bytes, which is the most accepted; make the picture smaller"
    )


class _Form(MultiPartParser):
    """Starlette's parser, for some fields, without temporary files; Starlette takes any, and forms without an end."""

    spool_max_size = 0  # bytes of a file that are kept in memory; 0 is all
    is_whole = False
    fields: Sequence[str] = (FIELD,)

    def on_part_end(self) -> None:
        super().on_part_end()
        *earlier_fields, name = [_utf8(item[0]) for item in self.items]
        if name not in self.fields:
            raise MultiPartException(f"unknown field {name[:60]!r}")
        if name in earlier_fields:
            raise MultiPartException(f"more than one {name}")

    def on_end(self) -> None:
        self.is_whole = True


async def _files_in(
    content_type: str, chunks: AsyncGenerator[bytes, None], max_body: int, other_fields: Sequence[str]
) -> dict[str, File]:
    async def all_chunks() -> AsyncGenerator[bytes, None]:
        async for chunk in chunks:
            yield chunk
        if not form.is_whole:
            raise MultiPartException("it ends before its last boundary")
        if FIELD not in [_utf8(item[0]) for item in form.items]:
            raise MultiPartException(f"no field {FIELD!r}")

    # In Latin-1, text is the bytes that were sent: names, and a picture without a file's name, which makes it text.
    form = _Form(Headers({"content-type": f"{content_type}; charset=latin-1"}), all_chunks(), max_part_size=max_body)
    form.fields = (FIELD, *other_fields)
    try:
        values = dict(await form.parse())
    except (MultiPartException, FormParserError) as error:
        reason = " ".join(str(error.__cause__ or error).split())[:120].rstrip(".")
        may_come = (
            f" (or with it {' and '.join(map(repr, other_fields))}, for a page of a form)" if other_fields else ""
        )
        raise HTTPException(
            400,
            f"bad form ({reason}); expected one file, in the field {FIELD!r}, as curl -F picture=@digit.png sends it"
            + may_come,
        ) from None
    return {_utf8(name): await _file_of(_utf8(name), value) for name, value in values.items()}


async def _file_of(field: str, value: UploadFile | str) -> File:
    if not isinstance(value, UploadFile):
        return field, _as_sent(value)
    content = await value.read()
    await value.close()
    return _printable_name(_utf8(value.filename or "")) or field, content


def _as_sent(text: str) -> bytes:
    return text.encode("latin-1", errors="replace")


def _utf8(text: str) -> str:
    return _as_sent(text).decode(errors="backslashreplace")


def _printable_name(filename: str) -> str:
    """The last part of a file's name, as it can be printed.

    Browsers and curl write quotes and line ends in it as the HTML standard says (multipart/form-data encoding).

    >>> _printable_name("C:\\\\scans\\\\seven%0A.png"), _printable_name("a %22b%22.png")
    ('seven\\\\n.png', 'a "b".png')
    """
    for escape, character in (("%22", '"'), ("%0D", "\r"), ("%0A", "\n")):
        filename = filename.replace(escape, character)
    name = PurePosixPath(filename.replace("\\", "/")).name[-_MAX_NAME_LENGTH:]
    return "".join(repr(char)[1:-1] if category(char) in ("Cc", "Cs") else char for char in name)
