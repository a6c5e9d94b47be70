"""``/`` and ``/modules/``: the page and its scripts, each a file of its own, so that none stands in the page.

These paths are the page's own, and not in the OpenAPI document.
"""

import hashlib
from functools import cache

from fastapi import FastAPI, HTTPException, Request, Response

from lenet.page import page_modules
from lenet.server.static_page import StaticPage, StaticText

# The folder's name changes with what is in it, so a browser that has a module need not ask again.
_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable"}


@cache
def modules_folder() -> str:
    """The path of the modules' folder, as ``/modules/1f0c…``, named by a digest of all that it holds."""
    content = "\0".join(text for named in page_modules().items() for text in named)
    return f"/modules/{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def add_page(app: FastAPI, page: str) -> None:
    """Register the routes of a page, HTML, and of its modules, in `modules_folder`."""
    modules = {name: StaticText(text, "text/javascript", _HEADERS) for name, text in page_modules().items()}
    app.get("/", include_in_schema=False)(StaticPage(page).respond)

    @app.get(modules_folder() + "/{name:path}", include_in_schema=False)
    async def module(name: str, request: Request) -> Response:
        if name not in modules:
            raise HTTPException(404, f"the page has no module {name[:60]!r}")
        return await modules[name].respond(request)
