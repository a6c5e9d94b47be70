"""``/desk``: the desk's page, its stack as JSON for that page, pictures, and the downloads (CSV, XLSX, labels).

These paths are the page's own, and not in the OpenAPI document.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any
from unicodedata import category

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, Response
from fastapi import Path as ApiPath
from starlette.concurrency import run_in_threadpool

from lenet.desk import export
from lenet.desk.desk import Desk
from lenet.desk.stack import AnsweredElsewhere, Unwritable
from lenet.errors import DataError, LeNetError, MissingExtra
from lenet.page.export import page_modules, page_style
from lenet.records import Record
from lenet.server import schemas
from lenet.server.bodies import check_type, receive_bytes, receive_picture
from lenet.server.limits import Pool
from lenet.server.static_page import StaticPage

MAX_FILE = 256_000_000  # bytes of an uploaded file: a scanner's PDF is longer than a photo
MAX_LEASED, MAX_LISTED, MAX_TEXT, MAX_NAME = 20, 500, 200, 64
MAX_NUMBER = 2**53 - 1  # that JavaScript knows
_MAX_BODY = 65_536
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src data:; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)
Number = Annotated[int, ApiPath(ge=0, le=MAX_NUMBER)]
QueryNumber = Annotated[int, Query(ge=0, le=MAX_NUMBER)]
_MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css"}
_DOWNLOADS: dict[str, tuple[str, Callable[[Desk], bytes]]] = {
    "table.csv": ("text/csv; charset=utf-8", lambda desk: export.csv_of(desk.stack)),
    "table.xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        lambda desk: export.xlsx_of(desk.stack),
    ),
    "labels.zip": ("application/zip", lambda desk: export.labels_of(desk.stack, desk.pictures)),
}


def add_desk(app: FastAPI, desk: Desk, pool: Pool) -> None:
    """Register the ``/desk`` routes."""
    limits = replace(pool.limits, max_body=max(pool.limits.max_body, MAX_FILE))
    router = APIRouter(prefix="/desk", include_in_schema=False)
    _add_site(router)
    _add_downloads(router, desk)
    _add_review_routes(router, desk, limits.timeout)

    @router.get("/state")
    async def state() -> Response:
        counts, files = desk.stack.counts, desk.stack.files
        return await _json_response(
            lambda: {"counts": asdict(counts()), "files": files(), "has_xlsx": export.has_xlsx()}
        )

    @router.get("/fields")
    async def fields(first: QueryNumber = 0, count: QueryNumber = 0) -> Response:
        return await _json_response(lambda: desk.stack.fields(first, min(count, MAX_LISTED)))

    @router.get("/pages")
    async def pages(first: QueryNumber = 0, count: QueryNumber = 0) -> Response:
        return await _json_response(
            lambda: [_without_path(page) for page in desk.stack.pages(first, min(count, MAX_LISTED))]
        )

    @router.get("/pages/{page}")
    async def page(page: Number) -> Response:
        return schemas.JSONLineResponse(_without_path(await _existing_page(desk, page)))

    @router.post("/files")
    async def upload(request: Request) -> Response:
        _check_origin(request)
        check_type(request)
        with pool.slot():
            name, content = await receive_picture(request, limits)
            return await _json_response(lambda: {"file": desk.upload(name, content)})

    app.include_router(router)


def _add_review_routes(router: APIRouter, desk: Desk, timeout: float) -> None:
    """Routes that lease fields, save drafts and take answers; each also under the name that it had before."""

    def add(names: tuple[str, ...], call: Callable[[Desk, Record], Any]) -> None:
        async def respond(request: Request) -> Response:
            values = await _json_body(request, timeout)
            return await _json_response(lambda: call(desk, values))

        for name in names:
            router.post(f"/{name}", name=name)(respond)

    for names, call in _REVIEW_CALLS.items():
        add(names, call)


def _add_downloads(router: APIRouter, desk: Desk) -> None:
    """Register pictures of pages and fields, and the downloads."""

    @router.get("/pages/{page}/picture")
    async def page_picture(page: Number) -> Response:
        record = await _existing_page(desk, page)
        picture = lambda: desk.pictures.page(Path(record["path"]), record["number"])  # noqa: E731
        return await _picture_response(picture, "image/jpeg")

    @router.get("/fields/{field}/picture")
    async def field_picture(field: Number) -> Response:
        record = await run_in_threadpool(desk.stack.field, field)
        if record is None:
            raise HTTPException(404, f"there is no field {field}")
        page = await run_in_threadpool(desk.page_of, record)
        crop = lambda: desk.pictures.crop(Path(page["path"]), page["number"], record["box"], page["rotation"])  # noqa: E731
        return await _picture_response(crop, "image/png")

    def add_download(name: str, media_type: str, render: Callable[[Desk], bytes]) -> None:
        @router.get(f"/{name}", name=name)
        async def download() -> Response:
            try:
                content = await run_in_threadpool(render, desk)
            except MissingExtra as error:  # the server lacks the package: not the client's fault
                raise HTTPException(501, str(error)) from None
            headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
            return Response(content, media_type=media_type, headers=headers)

    for name, (media_type, render) in _DOWNLOADS.items():
        add_download(name, media_type, render)


def _add_site(router: APIRouter) -> None:
    """Register the desk's page: HTML, styles and modules, each at an address, so that no script stands in the page."""
    site = resources.files("lenet.page") / "desk"
    page = StaticPage((site / "index.html").read_text("utf-8"), _POLICY)
    router.get("")(page.respond)

    def add(name: str, content: bytes) -> None:
        @router.get(f"/{name}", name=name)
        async def file() -> Response:
            media_type = _MEDIA_TYPES[name[name.rindex(".") :]]
            return Response(content, media_type=media_type, headers={"Cache-Control": "no-cache"})

    for entry in site.iterdir():
        if entry.name.endswith(".js"):
            add(entry.name, entry.read_bytes())
    add("elements.js", page_modules()["views/elements.js"].encode())
    desk_css = (site / "desk.css").read_text("utf-8")
    add("style.css", (page_style("tokens.css", "shell.css").replace(r"<\/", "</") + desk_css).encode())


async def _picture_response(render: Callable[[], bytes], media_type: str) -> Response:
    try:
        content = await run_in_threadpool(render)
    except DataError:  # whose sentence names folders of the server
        raise HTTPException(404, "the picture is not there any more, or cannot be opened") from None
    return Response(content, media_type=media_type, headers={"Cache-Control": "private, max-age=3600"})


async def _existing_page(desk: Desk, page: int) -> dict[str, Any]:
    """A page of the stack; HTTPException 404 if there is none of this number."""
    record = await run_in_threadpool(desk.stack.page, page)
    if record is None:
        raise HTTPException(404, f"there is no page {page}")
    return record


def _without_path(page: Mapping[str, Any]) -> dict[str, Any]:
    """A page for clients: the name of its file, and not its path."""
    return {name: value for name, value in page.items() if name != "path"}


async def _json_response(call: Callable[[], Any]) -> Response:
    try:
        return schemas.JSONLineResponse(await run_in_threadpool(call))
    except AnsweredElsewhere as error:
        raise HTTPException(409, str(error)) from None
    except Unwritable as error:  # the page keeps what it has, and sends it again
        raise HTTPException(507, str(error)) from None


async def _json_body(request: Request, timeout: float) -> Record:
    """The JSON object that was sent, by a page of this server."""
    _check_origin(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "expected application/json")
    return Record.parsed(await receive_bytes(request, _MAX_BODY, timeout))


def _check_origin(request: Request) -> None:
    """Refuse what a page elsewhere lets a browser send."""
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise HTTPException(403, f"pages of {origin[:60]!r} may not work at this desk")


def _user_of(values: Record) -> str:
    who = _text(values, "who", MAX_NAME)
    if not who:
        raise LeNetError(f"who is not named, expected a text of 1 to {MAX_NAME} characters")
    return who


def _entry_of(values: Record) -> tuple[str, int, str, int]:
    """Who, which field, the text, and the number of key presses, of a draft or an answer."""
    return *_field_of(values), _text(values, "text", MAX_TEXT), _key_presses(values)


def _field_of(values: Record) -> tuple[str, int]:
    """Who, and which field."""
    return _user_of(values), _integer_of(values, "field")


def _key_presses(values: Record) -> int:
    name = "presses" if "presses" in values else "key_presses"  # the name it had before
    return _integer_of(values, name, 1)


def _text(values: Record, name: str, max_length: int) -> str:
    text = values.text(name)
    if len(text) > max_length or any(category(character) == "Cs" for character in text):  # half a character
        raise LeNetError(f"{name} is {text[:40]!r}, expected a text of at most {max_length} characters")
    return text


def _integer_of(values: Record, name: str, default: int | None = None) -> int:
    return values.integer(name, 0, MAX_NUMBER, **({} if default is None else {"default": default}))


def _save(desk: Desk, save: Callable[[str, int, str, int], None], values: Record) -> dict[str, str]:
    """Save a draft or an answer, and say how it violates the template of its form."""
    who, field, text, key_presses = _entry_of(values)
    save(who, field, text, key_presses)
    return {"violation": desk.violation(field, text)}


_REVIEW_CALLS: dict[tuple[str, ...], Callable[[Desk, Record], Any]] = {
    ("lease", "claim"): lambda desk, values: desk.stack.lease(
        _user_of(values), min(_integer_of(values, "count", 1), MAX_LEASED)
    ),
    ("draft", "type"): lambda desk, values: _save(desk, desk.stack.save_draft, values),
    ("answer",): lambda desk, values: _save(desk, desk.stack.answer, values),
    ("postpone", "later"): lambda desk, values: desk.stack.postpone(*_field_of(values), _key_presses(values)),
    ("reopen", "ask"): lambda desk, values: desk.stack.reopen(*_field_of(values), _key_presses(values)),
    ("take-back", "back"): lambda desk, values: desk.stack.take_back(_user_of(values), _key_presses(values)),
}
