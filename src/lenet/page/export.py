"""The page as one HTML file: styles, fonts, modules and document inside, and a policy that allows no connection.

A page that a server gives out loads its modules from that server, each a file of its own, and no script stands in it.
Where that server reads pictures for it, the page may ask it, and nobody else.
"""

import base64
import hashlib
import html
import json
import posixpath
import re
from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lenet.files import write_result
from lenet.model import Model
from lenet.page.document import page_document
from lenet.summary.derivations import Language

_POLICY = {
    "default-src": "'none'",
    "script-src": "data:",  # and the file's two own scripts, by their digests
    "worker-src": "blob:",
    "style-src": "'unsafe-inline'",
    "img-src": "data: blob:",
    "font-src": "data:",
    "base-uri": "'none'",
    "form-action": "'none'",
}
_SERVED_POLICY = _POLICY | {"script-src": "'self'", "worker-src": "'self'"}
_FIRST_STYLE_SHEET = "tokens.css"
_MEDIA_TYPES = {".woff2": "font/woff2", ".svg": "image/svg+xml", ".png": "image/png"}
# How a module names another, at the end of an import.
_IMPORT_STATEMENT = re.compile(r"""(^import |\bfrom )"lenet/([\w./]+)";$""", re.MULTILINE)
# What may stand as it is in a data: URL within JSON within HTML. A line's end, for one, may not: URLs drop it.
_URL_SAFE = " !$&'()*+,-./:;=?@[]^_`{|}~>"


def page_html(document: dict[str, Any], site: Traversable | None = None, *, modules_at: str | None = None) -> str:
    """The whole page as one HTML text; the same document always gives the same text.

    Args:
        document: one of `page_document`.
        site: the folder of ``index.html``, ``style/``, ``fonts/`` and ``js/``; the package's own if None.
        modules_at: the path under which the server that gives out the page gives out its `page_modules`; None writes
            them into the page.
    """
    site = resources.files("lenet.page") / "site" if site is None else site
    titles = [network["title"] for network in document["networks"] if not network.get("hidden")]
    page = (site / "index.html").read_text("utf-8")
    page = page.replace("<title>LeNet</title>", f"<title>{html.escape(' · '.join(titles))} | LeNet</title>", 1)
    page = page.replace('<html lang="en">', f'<html lang="{document.get("language") or "en"}">', 1)
    rules, modules = _inline_scripts(site) if modules_at is None else (_SERVED_POLICY, _links_to(modules_at, site))
    if document.get("reads_at") is not None:
        rules = rules | {"connect-src": "'self'"}
    policy = "; ".join(map(" ".join, rules.items()))
    parts = {
        "policy": f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        "style": f"<style>\n{_styles(site)}</style>",
        "document": f'<script type="application/json" id="document">{_json(document)}</script>',
        "modules": modules,
    }
    for name, part in parts.items():
        head, marker, tail = page.partition(f"<!--{name}-->")
        if not marker:
            raise AssertionError(f"site/index.html has no place for the {name}: <!--{name}-->")
        page = head + part + tail
    return page


def _inline_scripts(site: Traversable) -> tuple[dict[str, str], str]:
    """The policy and the scripts of a page that holds all of its modules."""
    scripts = {"importmap": _json(import_map(site)), "module": 'import "lenet/main.js";'}
    rules = _POLICY | {"script-src": " ".join([*map(_digest, scripts.values()), _POLICY["script-src"]])}
    return rules, "\n".join(f'<script type="{script_type}">{text}</script>' for script_type, text in scripts.items())


def _links_to(folder: str, site: Traversable) -> str:
    """The links of a page whose modules lie in a folder of its server; all are fetched at once, not one by another."""
    early = "\n".join(f'<link rel="modulepreload" href="{folder}/{name}">' for name in page_modules(site))
    return f'{early}\n<script type="module" src="{folder}/main.js"></script>'


def page_style(*names: str) -> str:
    """Style sheets of the page one behind the other, their fonts inside: ``"tokens.css"``, ``"shell.css"``, …"""
    site = resources.files("lenet.page") / "site"
    return _inline_fonts(site, "".join((site / "style" / name).read_text("utf-8") for name in names))


def write_page(
    path: str | Path,
    models: Sequence[Model],
    language: Language | None = None,
    *,
    titles: Sequence[str] | None = None,
) -> int:
    """Write the page about these networks; what stood at ``path`` before stays whole until the new file is.

    Args:
        path: where to; missing folders are made.
        models, language, titles: as `page_document` takes them.

    Returns:
        The file's size in bytes.

    Raises:
        LeNetError: as `page_document`; or if the file cannot be written.
    """
    content = page_html(page_document(models, language, titles=titles)).encode(errors="backslashreplace")
    write_result(Path(path), content)
    return len(content)


def _digest(script: str) -> str:
    """The hash of an inline script for a content security policy, so that no other one runs."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def import_map(site: Traversable) -> dict[str, dict[str, str]]:
    """All modules of the site by the names that they import one another by: ``{"imports": {"lenet/main.js": …}}``."""
    as_url = "data:text/javascript;charset=utf-8,"
    texts = {name: quote(text.rstrip(), safe=_URL_SAFE) for name, text in _modules(site).items()}
    return {"imports": {f"lenet/{name}": as_url + text for name, text in texts.items()}}


def page_modules(site: Traversable | None = None) -> dict[str, str]:
    """All modules of the site by their path in a server's folder, importing one another by relative addresses."""
    site = resources.files("lenet.page") / "site" if site is None else site
    return {name: _with_addresses(name, text) for name, text in _modules(site).items()}


def _with_addresses(name: str, text: str) -> str:
    def address(match: re.Match[str]) -> str:
        path = posixpath.relpath(match[2], posixpath.dirname(name) or ".")
        return f'{match[1]}"{path if path.startswith("../") else f"./{path}"}";'

    return _IMPORT_STATEMENT.sub(address, text)


def _modules(site: Traversable) -> dict[str, str]:
    return {name: file.read_text("utf-8") for name, file in _files_in(site / "js") if name.endswith(".js")}


def _styles(site: Traversable) -> str:
    files = [(name, file) for name, file in _files_in(site / "style") if name.endswith(".css")]
    files.sort(key=lambda named: named[0] != _FIRST_STYLE_SHEET)
    sheets = "".join(file.read_text("utf-8").strip() + "\n" for _, file in files)
    return _inline_fonts(site, sheets)


def _inline_fonts(site: Traversable, sheets: str) -> str:
    """Sheets with the files that they name inside, behind the notices that their typefaces' license asks for."""
    inside = re.sub(
        r"""url\(["']?(?:\.\./)*([\w-]+/[\w./-]+)["']?\)""", lambda match: _data_url(site, match[1]), sheets
    ).replace("</", r"<\/")
    return _notices(site, sheets) + inside


def _notices(site: Traversable, sheets: str) -> str:
    """The copyright and the license of each typeface that sheets name, as comments of a sheet."""
    if "/fonts/" not in sheets:
        return ""
    files = [(name.removesuffix("-OFL.txt"), file) for name, file in _files_in(site / "fonts") if name.endswith(".txt")]
    return "".join(f"/*\n{file.read_text('utf-8').strip()}\n*/\n" for name, file in files if f"/fonts/{name}" in sheets)


def _data_url(site: Traversable, path: str) -> str:
    content = base64.b64encode((site / path).read_bytes()).decode()
    return f"url(data:{_MEDIA_TYPES[Path(path).suffix]};base64,{content})"


def _files_in(folder: Traversable, prefix: str = "") -> list[tuple[str, Traversable]]:
    """All files under a folder by their path in it, in the order of the paths."""
    files: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        path = prefix + entry.name
        files += _files_in(entry, f"{path}/") if entry.is_dir() else [(path, entry)]
    return sorted(files, key=lambda named: named[0])


def _json(value: object) -> str:
    """JSON that no HTML parser mistakes for the end of its script, and that UTF-8 can hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", r"\u003c")
    return text.encode(errors="backslashreplace").decode()
