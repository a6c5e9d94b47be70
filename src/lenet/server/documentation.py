"""The documentation page, written from the OpenAPI document: one file of HTML that runs nothing and loads nothing.

By hand, because FastAPI's own pages run Swagger UI or ReDoc, and load it from elsewhere: this one needs no connection,
and its policy forbids scripts.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from lenet.page.export import page_style
from lenet.server.static_page import StaticPage

STYLE = """
body{max-width:62rem}h1{margin:2rem 0 1rem}h2{margin:3rem 0 .4rem;padding-top:1.5rem;border-top:1px solid var(--line)}
p{margin:.6rem 0}code,pre{font:400 var(--small)/1.5 var(--font-mono)}pre,div{overflow-x:auto}pre{max-height:26rem}
table{border-collapse:collapse}th,td{text-align:left;vertical-align:top;padding:.4rem 1rem .4rem 0}
tr,details{border-top:1px solid var(--line)}summary{cursor:pointer;padding:.35rem 0}small{color:var(--muted)}
""".replace("\n", "")
_DARK = re.compile(r':root\[data-theme="dark"\] (\{[^}]*\})')
_MAX_ADDRESSES = 16  # that pages are kept of
_HOST = re.compile(r"[A-Za-z0-9._~:\[\]-]{1,255}")


class Documentation:
    """The page as it is answered: its commands ask the address that the reader came by.

    Args:
        document: as `documentation_html` takes it.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._page_at = lru_cache(_MAX_ADDRESSES)(lambda origin: StaticPage(documentation_html(document, origin)))

    async def respond(self, request: Request) -> Response:
        """The page, or 304 if the client has it."""
        host = request.headers.get("host", "")
        origin = f"{request.url.scheme}://{host if _HOST.fullmatch(host) else 'localhost'}"
        return await self._page_at(origin).respond(request)


def documentation_html(document: Mapping[str, Any], origin: str) -> str:
    """The page.

    Args:
        document: an OpenAPI 3.1 document whose references are all to its own components.
        origin: where the server is, as ``http://127.0.0.1:8000``; what stands behind it is the document's server.
    """
    info, server = document["info"], escape(document["servers"][0]["url"].rstrip("/"))
    address = server if "//" in server else escape(origin) + server
    operations = [
        (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    links = "".join(
        f'<li><a href="#{operation["operationId"]}"><code>{method} {path}</code></a>: {_text(operation["summary"])}'
        for method, path, operation in operations
    )
    schemas = "".join(
        f'<details id="{name}"><summary><code>{name}</code> {_text(schema.get("description", ""))}</summary>'
        f"{_json(schema)}</details>"
        for name, schema in document["components"]["schemas"].items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{info['title']} {info['version']}: the server</title><style>{_style()}</style></head><body>"
        f"<h1>{info['title']} <small>{info['version']}</small></h1><p>{_text(info['description'])}"
        f'<p><a href="{server}/">The page</a> · <a href="{server}/openapi.json">OpenAPI</a>'
        f"<nav><ul>{links}</ul></nav><main>{''.join(_operation(address, *operation) for operation in operations)}"
        f"<h2>Shapes</h2>{schemas}</main></body></html>\n"
    )


def _style() -> str:
    """The look of the page at ``/``; without a script to choose it, light or dark is what the reader's system is."""
    style = page_style("tokens.css", "shell.css")
    return _DARK.sub(r"@media (prefers-color-scheme:dark){:root\1}", style) + STYLE


def _operation(server: str, method: str, path: str, operation: Mapping[str, Any]) -> str:
    address = server + path.replace("{name}", "lenet-5")
    command, body, rows = "curl ", "", ""
    if "requestBody" in operation:
        command += "-F picture=@digit.png "
        kinds = ", ".join(operation["requestBody"]["content"])
        body = f"<p>{_text(operation['requestBody']['description'])} <small>{kinds}</small>"
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        values = " | ".join(f"<code>{value}</code>" for value in schema.get("enum", [schema["type"]]))
        default = f" <small>Default: {json.dumps(schema['default'])}</small>" if "default" in schema else ""
        rows += f"<tr><th><code>{parameter['name']}</code><td>{values}<td>{_text(parameter['description'])}{default}"
    return (
        f'<h2 id="{operation["operationId"]}"><code>{method} {path}</code></h2><p>{_text(operation["summary"])}. '
        f"{_text(operation.get('description', ''))}<pre>{command}{address}</pre><div><table>{rows}</table></div>{body}"
        + "".join(_response(status, response) for status, response in operation["responses"].items())
    )


def _response(status: str, response: Mapping[str, Any]) -> str:
    contents = ""
    for media_type, content in response["content"].items():
        shapes = re.findall(r"schemas/(\w+)", json.dumps(content["schema"]))
        links = "".join(f' <a href="#{name}">{name}</a>' for name in shapes)
        contents += f"<p><small>{media_type}{links}</small>{_json(content['example']) if 'example' in content else ''}"
    is_open = " open" if status == "200" else ""
    return f"<details{is_open}><summary><b>{status}</b> {_text(response['description'])}</summary>{contents}</details>"


def _text(text: str) -> str:
    """Plain text in which backticks mark code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _json(value: Any) -> str:
    """JSON with lists of plain values on one line."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda match: f"[{' '.join(match[1].split())}]", text)
    return f"<pre>{escape(text)}</pre>"
