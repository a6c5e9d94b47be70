"""The documentation page, written from the OpenAPI document: one file of HTML that runs nothing and loads nothing.

By hand, because FastAPI's own pages run Swagger UI or ReDoc, and load it from elsewhere: this one needs no connection,
and its policy forbids scripts.
"""

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any

STYLE = """
:root{color-scheme:light dark;--paper:#f5f1e8;--ink:#1d1b17;--muted:#625c51;--line:#d9d1c1;--accent:#0c6657}
@media (prefers-color-scheme:dark){:root{--paper:#14161a;--ink:#ebe5d8;--muted:#a8a194;--line:#363a43;--accent:#62cdb4}}
body{max-width:56rem;margin:0 auto;padding:2rem clamp(1rem,5vw,4rem) 6rem;background:var(--paper);color:var(--ink);
font:1.0625rem/1.6 "Iowan Old Style",Palatino,"URW Palladio L",Georgia,serif}
h1,h2{font-weight:500}h2{margin:3rem 0 .4rem;padding-top:1.5rem;border-top:1px solid var(--line)}a{color:var(--accent)}
code,pre{font:.85em/1.5 ui-monospace,Menlo,Consolas,monospace}pre,div{overflow-x:auto}pre{max-height:26rem}
table{border-collapse:collapse}th,td{text-align:left;vertical-align:top;padding:.4rem 1rem .4rem 0}
tr,details{border-top:1px solid var(--line)}summary{cursor:pointer;padding:.35rem 0}small{color:var(--muted)}
""".replace("\n", "")


def documentation_html(document: Mapping[str, Any]) -> str:
    """The page.

    Args:
        document: an OpenAPI 3.1 document whose references are all to its own components.
    """
    info, server = document["info"], escape(document["servers"][0]["url"].rstrip("/"))
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
        f"<title>{info['title']} {info['version']}: the server</title><style>{STYLE}</style></head><body>"
        f"<h1>{info['title']} <small>{info['version']}</small></h1><p>{_text(info['description'])}"
        f'<p><a href="{server}/">The page</a> · <a href="{server}/openapi.json">OpenAPI</a>'
        f"<nav><ul>{links}</ul></nav><main>{''.join(_operation(server, *operation) for operation in operations)}"
        f"<h2>Shapes</h2>{schemas}</main></body></html>\n"
    )


def _operation(server: str, method: str, path: str, operation: Mapping[str, Any]) -> str:
    address = f"{server if '//' in server else f'http://127.0.0.1:8000{server}'}{path.replace('{name}', 'lenet-5')}"
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
    for kind, content in response["content"].items():
        shapes = re.findall(r"schemas/(\w+)", json.dumps(content["schema"]))
        links = "".join(f' <a href="#{name}">{name}</a>' for name in shapes)
        contents += f"<p><small>{kind}{links}</small>{_json(content['example']) if 'example' in content else ''}"
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
