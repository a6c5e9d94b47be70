"""Access control: accepted Host names, a token, and CORS origins.

Host names are checked, because a page elsewhere can let its own name stand for 127.0.0.1 and then read what a browser
on this machine is answered (DNS rebinding). An address cannot be made to stand for another one.
"""

import hmac
import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lenet.errors import LeNetError
from lenet.server.problems import MEDIA_TYPE, problem_json

COOKIE = "lenet-token"
MIN_TOKEN_LENGTH = 8
OPEN_PATH = "/healthz"  # what watches over a server has no token
_LOCAL = ("localhost", "127.0.0.1", "::1")
_TOKEN = re.compile(r"[A-Za-z0-9._~-]+")
_ORIGIN = re.compile(r"https?://([^/?#\s\[\]]+|\[[0-9A-Fa-f:.]+\](:\d+)?)")


@dataclass(frozen=True)
class Access:
    """Access policy: Host names, token and origins.

    Attributes:
        hosts: the names and addresses that may stand in a request's ``Host``, without ports; None for any.
        takes_addresses: whether any IP address may stand there, too.
        token: what every request but one for ``/healthz`` must carry; None for nothing.
        origins: of pages elsewhere that may ask, as ``https://example.org``; ``*`` for all.

    Raises:
        LeNetError: if the token is too short or would not fit into an address, or an origin is none.
    """

    hosts: tuple[str, ...] | None = None
    takes_addresses: bool = False
    token: str | None = None
    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.token is not None and (len(self.token) < MIN_TOKEN_LENGTH or not _TOKEN.fullmatch(self.token)):
            raise LeNetError(
                f"token has {len(self.token)} characters, expected {MIN_TOKEN_LENGTH} or more letters, digits and ._~-"
            )
        for origin in self.origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise LeNetError(f"cors is {origin!r}, expected a page's origin, as https://example.org, or *")

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application behind these checks."""
        if self.token is not None:
            app = _TokenCheck(app, self.token)
        if self.origins:
            app = CORSMiddleware(
                app,
                allow_origins=self.origins,
                allow_methods=("GET", "HEAD", "POST"),
                allow_headers=("Authorization", "Content-Type"),
            )
        return app if self.hosts is None else _HostCheck(app, self.hosts, self.takes_addresses)


def hosts_of(host: str, public_hosts: Sequence[str] = ()) -> tuple[tuple[str, ...], bool]:
    """Names that requests to a bound address may have in ``Host``, and whether any IP address may stand there.

    Args:
        host: what the server is bound to.
        public_hosts: further names, under which a proxy shows it.

    >>> hosts_of("127.0.0.1", ["digits.example.org"])
    (('localhost', '127.0.0.1', '::1', 'digits.example.org'), False)
    """
    names = list(_LOCAL)
    is_everywhere = _address(host) is not None and ipaddress.ip_address(host).is_unspecified
    if is_everywhere:
        machine = socket.gethostname().lower()
        names += [machine, f"{machine}.local", socket.getfqdn().lower()]
    elif not is_local(host):
        names = [host.lower()]
    return tuple(dict.fromkeys([*names, *(name.lower() for name in public_hosts)])), is_everywhere


def is_local(host: str) -> bool:
    """Whether a bound address is reached from this machine alone.

    >>> is_local("127.0.0.1"), is_local("localhost"), is_local("0.0.0.0")
    (True, True, False)
    """
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


class _HostCheck:
    """Answers 421 unless ``Host`` is one of the server's own."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str], takes_addresses: bool) -> None:
        self._app, self._hosts, self._takes_addresses = app, frozenset(hosts), takes_addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (host := Headers(scope=scope).get("host")) is not None:
            name = _without_port(host)
            if name not in self._hosts and not (self._takes_addresses and _address(name) is not None):
                detail = (
                    f"the address asked for is {name[:60]!r}, which is none of this server's; "
                    "behind a proxy, lenet serve --public-host NAME adds one"
                )
                await Response(problem_json(421, detail), 421, media_type=MEDIA_TYPE)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _TokenCheck:
    """Answers 401 without the token; an address that has it in its query leaves it in a cookie."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _path(scope) == OPEN_PATH:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        query_token = next((value for name, value in query if name == "token"), None)
        if scope["method"] in ("GET", "HEAD") and query_token is not None and self._is_right(query_token):
            await self._leave_cookie(scope, query)(scope, receive, send)
        elif any(map(self._is_right, _tokens_in(headers))):
            await self._app(scope, receive, send)
        else:
            detail = "this server asks for its token: open its address with ?token=…, or send Authorization: Bearer …"
            response = Response(problem_json(401, detail), 401, {"WWW-Authenticate": "Bearer"}, MEDIA_TYPE)
            await response(scope, receive, send)

    def _is_right(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(errors="replace"), self._token)

    def _leave_cookie(self, scope: Scope, query: list[tuple[str, str]]) -> Response:
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        path = f"{scope.get('root_path', '')}/{_path(scope).lstrip('/')}"
        response = RedirectResponse(f"{path}{'?' * bool(rest)}{rest}", 303)
        # Lax, since of a link elsewhere, as in a letter, the page behind the redirection would not get a strict one.
        response.set_cookie(
            COOKIE, self._token.decode(), httponly=True, samesite="lax", secure=scope["scheme"] == "https"
        )
        response.headers["Cache-Control"] = "no-store"
        return response


def _path(scope: Scope) -> str:
    """The path behind that of a proxy, which uvicorn puts before it, and other servers do not."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _tokens_in(headers: Headers) -> list[str]:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    tokens = [token.strip()] if scheme.lower() == "bearer" else []
    # Not by http.cookies, which refuses all where one has a name of its own making: others' servers on this machine
    # leave theirs here, too.
    cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE)
    return tokens + ([cookie] if cookie is not None else [])


def _without_port(host: str) -> str:
    """The name in a ``Host`` header.

    >>> _without_port("LOCALHOST:8000"), _without_port("[::1]:8000"), _without_port("digits")
    ('localhost', '::1', 'digits')
    """
    bare = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return bare.lower().rstrip(".")


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
