"""Static texts, as pages and scripts: precompressed, with ETag; pages with a Content-Security-Policy.

Not Starlette's StaticFiles and GZipMiddleware: they serve files from disk, and compress each response anew.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from html import unescape

from starlette.requests import Request
from starlette.responses import Response

_POLICY = re.compile(r"""<meta\s+http-equiv="Content-Security-Policy"\s+content="([^"]*)""", re.IGNORECASE)
NO_SCRIPT = (
    "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:; base-uri 'none'; form-action 'none'"
)
_NO_FRAME = "; frame-ancestors 'none'"  # browsers ignore it in a meta element, so the header adds it


class StaticText:
    """A text to respond with, its compressed copy, and its ETag.

    Args:
        text: the body of responses.
        media_type: as in ``Content-Type``, without the charset, which is UTF-8.
        headers: of every response, beside those about its encoding and caching.
    """

    def __init__(self, text: str, media_type: str, headers: Mapping[str, str]) -> None:
        self._uncompressed = text.encode()
        self._compressed = gzip.compress(self._uncompressed, 9, mtime=0)
        self._tag = f'"{hashlib.sha256(self._uncompressed).hexdigest()[:24]}"'
        self._media_type = media_type
        self._headers = {**headers, "ETag": self._tag, "Vary": "Accept-Encoding"}

    async def respond(self, request: Request) -> Response:
        """Respond with the text, or with 304 if the client has it."""
        headers = dict(self._headers)
        etags = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if self._tag in etags or "*" in etags:
            return Response(status_code=304, headers=headers)
        if _takes_gzip(request.headers.get("accept-encoding", "")):
            headers["Content-Encoding"] = "gzip"
            return Response(self._compressed, headers=headers, media_type=self._media_type)
        return Response(self._uncompressed, headers=headers, media_type=self._media_type)


class StaticPage(StaticText):
    """An HTML page; its Content-Security-Policy is that of its meta element, else ``policy``, and forbids framing."""

    def __init__(self, html: str, policy: str = NO_SCRIPT) -> None:
        named = _POLICY.search(html)
        self.policy = (unescape(named.group(1)) if named else policy) + _NO_FRAME
        headers = {
            "Content-Security-Policy": self.policy,
            "Cache-Control": "no-cache",
            "Referrer-Policy": "no-referrer",
        }
        super().__init__(html, "text/html", headers)


def _takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header allows gzip.

    What it says of gzip counts before what it says of ``*``, in either order (RFC 9110, 12.5.3).

    >>> [_takes_gzip(header) for header in ("gzip, br", "br, gzip;q=0", "*;q=0, gzip", "*, gzip; q=0.0", "")]
    [True, False, True, False, False]
    """
    codings = (coding.partition(";") for coding in accepted.lower().split(","))
    qualities = {name.strip(): quality.replace(" ", "") for name, _, quality in codings}
    refused = ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return qualities.get("gzip", qualities.get("*", "q=0")) not in refused
