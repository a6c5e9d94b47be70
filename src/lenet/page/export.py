"""The page as one HTML file: styles, fonts, modules and document inside, and a policy that allows no connection.

Only a page that a server gives out, which reads pictures for it, may ask that one server.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lenet.errors import LeNetError
from lenet.files import write_atomically
from lenet.model import Model
from lenet.page.document import page_document
from lenet.summary.derivations import Language

_POLICY = {
    "default-src": "'none'",
    "script-src": "data:",  # and the page's two own scripts, by their digests
    "worker-src": "blob:",
    "style-src": "'unsafe-inline'",
    "img-src": "data: blob:",
    "font-src": "data:",
    "base-uri": "'none'",
    "form-action": "'none'",
}
_POLICY_OF_SERVED = _POLICY | {"connect-src": "'self'"}
_FIRST_STYLE = "tokens.css"
_MEDIA_TYPES = {".woff2": "font/woff2", ".svg": "image/svg+xml", ".png": "image/png"}
# What may stand as it is in a data: URL within JSON within HTML. A line's end, for one, may not: URLs drop it.
_URL_SAFE = " !$&'()*+,-./:;=?@[]^_`{|}~>"


def page_html(document: dict[str, Any], site: Traversable | None = None) -> str:
    """The whole page as one HTML text; the same document always gives the same text.

    Args:
        document: one of `page_document`.
        site: the folder of ``index.html``, ``style/``, ``fonts/`` and ``js/``; the package's own if None.
    """
    site = resources.files("lenet.page") / "site" if site is None else site
    titles = [network["title"] for network in document["networks"] if not network.get("hidden")]
    page = (site / "index.html").read_text("utf-8")
    page = page.replace("<title>LeNet</title>", f"<title>{html.escape(' · '.join(titles))} | LeNet</title>", 1)
    page = page.replace('<html lang="en">', f'<html lang="{document.get("language") or "en"}">', 1)
    scripts = {"importmap": _json(import_map(site)), "module": 'import "lenet/main.js";'}
    rules = _POLICY if document.get("reads_at") is None else _POLICY_OF_SERVED
    rules = rules | {"script-src": " ".join([*map(_digest, scripts.values()), rules["script-src"]])}
    policy = "; ".join(map(" ".join, rules.items()))
    parts = {
        "policy": f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        "style": f"<style>\n{_styles(site)}</style>",
        "document": f'<script type="application/json" id="document">{_json(document)}</script>',
        "modules": "\n".join(f'<script type="{kind}">{text}</script>' for kind, text in scripts.items()),
    }
    for name, part in parts.items():
        head, marker, tail = page.partition(f"<!--{name}-->")
        if not marker:
            raise AssertionError(f"site/index.html has no place for the {name}: <!--{name}-->")
        page = head + part + tail
    return page


def page_style(*names: str) -> str:
    """Style sheets of the page one behind the other, their fonts inside: ``"tokens.css"``, ``"shell.css"``, …"""
    site = resources.files("lenet.page") / "site"
    return _with_fonts(site, "".join((site / "style" / name).read_text("utf-8") for name in names))


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
    try:
        write_atomically(Path(path), content)
    except OSError as error:
        raise LeNetError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from None
    return len(content)


def _digest(script: str) -> str:
    """What names an inline script in a policy, so that no other one runs."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def import_map(site: Traversable) -> dict[str, dict[str, str]]:
    """All modules of the site by the names that they import one another by: ``{"imports": {"lenet/main.js": …}}``."""
    modules = {f"lenet/{name}": file.read_text("utf-8") for name, file in _files(site / "js") if name.endswith(".js")}
    return {"imports": {name: f"data:text/javascript;charset=utf-8,{_in_url(text)}" for name, text in modules.items()}}


def _in_url(text: str) -> str:
    return quote(text.rstrip(), safe=_URL_SAFE)


def _styles(site: Traversable) -> str:
    files = [(name, file) for name, file in _files(site / "style") if name.endswith(".css")]
    files.sort(key=lambda named: named[0] != _FIRST_STYLE)
    sheets = "".join(file.read_text("utf-8").strip() + "\n" for _, file in files)
    return _with_fonts(site, sheets)


def _with_fonts(site: Traversable, sheets: str) -> str:
    return re.sub(
        r"""url\(["']?(?:\.\./)*([\w-]+/[\w./-]+)["']?\)""", lambda match: _as_data(site, match[1]), sheets
    ).replace("</", r"<\/")


def _as_data(site: Traversable, path: str) -> str:
    content = base64.b64encode((site / path).read_bytes()).decode()
    return f"url(data:{_MEDIA_TYPES[Path(path).suffix]};base64,{content})"


def _files(folder: Traversable, prefix: str = "") -> list[tuple[str, Traversable]]:
    """All files under a folder by their path in it, in the order of the paths."""
    files: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        path = prefix + entry.name
        files += _files(entry, f"{path}/") if entry.is_dir() else [(path, entry)]
    return sorted(files, key=lambda named: named[0])


def _json(value: object) -> str:
    """JSON that no HTML parser mistakes for the end of its script, and that UTF-8 can hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", r"\u003c")
    return text.encode(errors="backslashreplace").decode()
