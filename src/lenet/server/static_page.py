"""Static texts, as pages and scripts: precompressed, with ETag; pages with a Content-Security-Policy.

By hand, since Starlette sends files by name, not texts, and compresses every answer or none.
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
_NO_FRAME = "; frame-ancestors 'none'"  # in a header alone: a page cannot say it of itself


class StaticText:
    """One text, its compressed copy, and its ETag.

    Args:
        text: what is answered.
        media_type: as in ``Content-Type``, without the charset, which is UTF-8.
        headers: of every answer, besides those of its encoding.
    """

    def __init__(self, text: str, media_type: str, headers: Mapping[str, str]) -> None:
        self._uncompressed = text.encode()
        self._compressed = gzip.compress(self._uncompressed, 9, mtime=0)
        self._tag = f'"{hashlib.sha256(self._uncompressed).hexdigest()[:24]}"'
        self._media_type = media_type
        self._headers = {**headers, "ETag": self._tag, "Vary": "Accept-Encoding"}

    async def respond(self, request: Request) -> Response:
        """The text, or 304 if the client has it."""
        headers = dict(self._headers)
        etags = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if self._tag in etags or "*" in etags:
            return Response(status_code=304, headers=headers)
        if _takes_gzip(request.headers.get("accept-encoding", "")):
            headers["Content-Encoding"] = "gzip"
            return Response(self._compressed, headers=headers, media_type=self._media_type)
        return Response(self._uncompressed, headers=headers, media_type=self._media_type)


class StaticPage(StaticText):
    """One page of HTML; its policy is the one that it names itself, and no frame may stand around it."""

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

    >>> _takes_gzip("gzip, br"), _takes_gzip("br, gzip;q=0"), _takes_gzip("")
    (True, False, False)
    """
    for coding in accepted.lower().split(","):
        name, _, quality = coding.partition(";")
        if name.strip() in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
