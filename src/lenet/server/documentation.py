"""The documentation page, written from the OpenAPI document: one file of HTML, without scripts, fonts or images."""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from lenet.server.documentation_style import STYLE

Document = Mapping[str, Any]

_METHODS = ("get", "post")
_CODE = re.compile(r"`([^`]+)`")


def documentation_html(document: Document) -> str:
    """The page.

    Args:
        document: an OpenAPI 3.1 document whose references are all to its own components.
    """
    operations = [
        (path, method, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    ]
    info, server = document["info"], document["servers"][0]["url"].rstrip("/")
    links = "".join(
        f'<li><a href="#{escape(operation["operationId"])}"><b>{method.upper()}</b> {escape(path)}</a></li>'
        for path, method, operation in operations
    )
    sections = "".join(_operation(document, server, *operation) for operation in operations)
    shapes = "".join(_shape(document, name) for name in document["components"]["schemas"])
    title = f"{info['title']} {info['version']}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}: the server</title><style>{STYLE}</style></head><body>"
        f"<header><h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>"
        f"<p>{_text(info['description'])}</p>"
        f'<p><a href="{escape(server)}/">The page</a> · <a href="{escape(server)}/openapi.json">OpenAPI</a></p>'
        "</header>"
        f'<div class="columns"><nav aria-label="Paths"><ul>{links}<li><a href="#shapes">Shapes</a></li></ul></nav>'
        f'<main>{sections}<section id="shapes"><h2>Shapes</h2>{shapes}</section></main></div></body></html>\n'
    )


def _operation(document: Document, server: str, path: str, method: str, operation: Document) -> str:
    parts = [
        f'<section id="{escape(operation["operationId"])}"><h2><span class="{method}">{method.upper()}</span> '
        f"<code>{escape(path)}</code></h2><p class=lead>{_text(operation['summary'])}</p>",
        f"<p>{_text(operation['description'])}</p>" if operation.get("description") else "",
        f"<h3>Try it</h3><pre>{escape(_command(server, path, method, operation))}</pre>",
    ]
    if parameters := operation.get("parameters"):
        rows = "".join(
            f"<tr><th scope=row><code>{escape(parameter['name'])}</code></th><td>{_type(parameter['schema'])}</td>"
            f"<td>{_text(parameter.get('description', ''))}{_default(parameter['schema'])}</td></tr>"
            for parameter in parameters
        )
        parts.append(f"<h3>Parameters</h3>{_table(('name', 'type', 'meaning'), rows)}")
    if body := operation.get("requestBody"):
        kinds = ", ".join(f"<code>{escape(kind)}</code>" for kind in body["content"])
        parts.append(f"<h3>Body</h3><p>{_text(body['description'])}</p><p class=small>{kinds}</p>")
    parts.append("<h3>Answers</h3>")
    parts.extend(_response(status, response) for status, response in operation["responses"].items())
    return "".join(parts) + "</section>"


def _response(status: str, response: Document) -> str:
    head = f"<b class=s{status[0]}>{escape(status)}</b> {_text(response['description'])}"
    details = []
    for kind, content in response.get("content", {}).items():
        shape = _type(content["schema"]) if content.get("schema") else ""
        details.append(f"<p class=small><code>{escape(kind)}</code> {shape}</p>")
        if content.get("example") is not None:
            details.append(f"<pre>{escape(_pretty(content['example']))}</pre>")
    is_open = " open" if status == "200" else ""
    return f"<details{is_open}><summary>{head}</summary>{''.join(details)}</details>"


def _command(server: str, path: str, method: str, operation: Document) -> str:
    address = server if server.startswith("http") else f"http://127.0.0.1:8000{server}"
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", parameter["schema"]["examples"][0])
    return f"curl {'-F picture=@digit.png ' if method == 'post' else ''}{address}{path}"


def _shape(document: Document, name: str) -> str:
    schema = document["components"]["schemas"][name]
    rows = "".join(
        f"<tr><th scope=row><code>{escape(field)}</code></th><td>{_type(value)}</td>"
        f"<td>{_text(value.get('description', ''))}</td></tr>"
        for field, value in schema.get("properties", {}).items()
    )
    about = f"<p>{_text(schema['description'])}</p>" if schema.get("description") else ""
    return f'<h3 id="shape-{escape(name)}">{escape(name)}</h3>{about}{_table(("field", "type", "meaning"), rows)}'


def _table(headings: tuple[str, ...], rows: str) -> str:
    heads = "".join(f"<th scope=col>{heading}</th>" for heading in headings)
    return f"<div class=scroll><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"


def _type(schema: Document) -> str:
    """A schema's type in a few words, with a link where it has a name."""
    if reference := schema.get("$ref"):
        name = escape(reference.rpartition("/")[2])
        return f'<a href="#shape-{name}">{name}</a>'
    if choices := schema.get("anyOf"):
        return " or ".join(_type(choice) for choice in choices)
    if values := schema.get("enum"):
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in values)
    kind = schema.get("type", "any")
    if kind == "array":
        items = [_type(item) for item in schema.get("prefixItems", ())] or [_type(schema.get("items", {}))]
        return f"[{', '.join(items)}{'' if schema.get('prefixItems') else ', …'}]"
    return escape("bytes" if schema.get("format") == "binary" else str(kind))


def _default(schema: Document) -> str:
    value = schema.get("default")
    return "" if value is None else f" <span class=small>Default: <code>{escape(json.dumps(value))}</code></span>"


def _text(text: str) -> str:
    """Plain text in which backticks mark code."""
    return "".join(_marked(text))


def _marked(text: str) -> Iterator[str]:
    for number, part in enumerate(_CODE.split(text)):
        yield f"<code>{escape(part)}</code>" if number % 2 else escape(part)


def _pretty(value: Any) -> str:
    """JSON with lists of plain values on one line."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda found: f"[{' '.join(found.group(1).split())}]", text)
