"""HTTP server of the page, reading and activations, by FastAPI and uvicorn (extra ``serve``).

`app` puts the routes together, `serving` runs them in one process or several, `limits` bounds what a request may cost.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lenet.errors import MissingExtra

if TYPE_CHECKING:
    from lenet.server.access import Access, hosts_of, is_local
    from lenet.server.app import create_app
    from lenet.server.limits import Limits
    from lenet.server.serving import ServerConfig, serve

__all__ = ["Access", "Limits", "ServerConfig", "create_app", "hosts_of", "is_local", "serve"]

_HOMES = {
    **dict.fromkeys(("Access", "hosts_of", "is_local"), "access"),
    "create_app": "app",
    "Limits": "limits",
    **dict.fromkeys(("ServerConfig", "serve"), "serving"),
}
_PACKAGES = {
    "fastapi": "fastapi",
    "starlette": "fastapi",
    "pydantic": "fastapi",
    "uvicorn": "uvicorn",
    "httptools": "httptools",
    "python_multipart": "python-multipart",
    "prometheus_client": "prometheus-client",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _PACKAGES:
            raise
        raise MissingExtra(_PACKAGES[missing], "serve", "serving") from None
