"""Who may ask a server: by the name it was asked under, a token, the origin of a page elsewhere; and what it notes."""

import re

import httpx
import pytest

from lenet.errors import LeNetError
from lenet.reading import Reader
from lenet.server import create_app
from lenet.server.access import Access, hosts_of, is_local
from tests.server.asgi import Client, run

TOKEN = "correct-horse"
BEARER = {"authorization": f"Bearer {TOKEN}"}
READER = Reader()


def client(**access) -> Client:
    return Client(create_app(READER, "<html>page</html>", access=Access(**access)), "http://localhost")


def bound_to(host: str, *public: str) -> Client:
    hosts, takes_addresses = hosts_of(host, public)
    return client(hosts=hosts, takes_addresses=takes_addresses)


def status(client: Client, host: str) -> int:
    return client.get("/healthz", headers={"host": host}).status_code


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.5"])
def test_bound_to_this_machine_only_its_own_names_are_answered(host):
    asked = bound_to(host)
    for name in ("localhost", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:1", "localhost."):
        assert status(asked, name) == 200
    for name in ("evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "192.168.0.7", "", "[::1", "a b"):
        assert status(asked, name) in (200, 421)
        assert (status(asked, name) == 200) == (name == "[::1")


def test_a_foreign_name_is_refused_in_one_sentence_that_says_what_to_do():
    answer = bound_to("127.0.0.1").get("/", headers={"host": "evil.example:8000"})
    assert answer.status_code == 421
    assert "'evil.example', which is none of this server's" in answer.json()["detail"]
    assert "--public-host" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_bound_to_every_address_all_addresses_are_answered_and_names_of_others_are_not(host):
    asked = bound_to(host)
    for name in ("192.168.0.7:8000", "[fe80::1]:8000", "localhost"):
        assert status(asked, name) == 200
    assert status(asked, "evil.example") == 421


def test_bound_to_one_address_that_one_is_answered_and_a_public_name_beside_it():
    asked = bound_to("192.168.0.7", "Digits.example.org")
    for name in ("192.168.0.7:80", "digits.example.org"):
        assert status(asked, name) == 200
    for name in ("127.0.0.1", "192.168.0.8", "example.org"):
        assert status(asked, name) == 421


def test_what_is_local_is_known():
    assert [is_local(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "192.168.0.7", "digits")] == [
        True, True, True, False, False, False
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/v1/networks", "/metrics", "/nothing"])
def test_without_the_token_nothing_is_answered(path):
    asked = client(token=TOKEN)
    wrong = [
        {},
        {"authorization": "Bearer wrong-horse"},
        {"authorization": f"Basic {TOKEN}"},
        {"cookie": "lenet-token=x"},
    ]
    for headers in wrong:
        answer = asked.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "asks for its token" in answer.json()["detail"]
    assert asked.get(f"{path}?token=wrong-horse").status_code == 401
    assert asked.post(path).status_code == 401
    assert asked.get(path, headers=BEARER).status_code == (404 if path == "/nothing" else 200)


@pytest.mark.parametrize("other", ["foo/bar=1", "a,b=c", "=x", "(x)=1", "path=/; a b", 'q="'])
def test_cookies_of_other_servers_on_this_machine_change_nothing(other):
    for cookie in (f"{other}; lenet-token={TOKEN}", f"lenet-token={TOKEN}; {other}"):
        assert client(token=TOKEN).get("/v1/networks", headers={"cookie": cookie}).status_code == 200
    assert client(token=TOKEN).get("/v1/networks", headers={"cookie": other}).status_code == 401


def test_whether_the_server_is_there_is_told_without_a_token():
    assert client(token=TOKEN).get("/healthz").json()["status"] == "ok"


def test_an_address_with_the_token_lets_a_browser_in_and_takes_the_token_out_of_the_address():
    async def browse() -> None:
        app = create_app(READER, "<html>page</html>", access=Access(token=TOKEN))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as browser:
            answer = await browser.get(f"/?lang=zh&token={TOKEN}")
            assert (answer.status_code, answer.headers["location"]) == (303, "/?lang=zh")
            assert re.search("HttpOnly.*SameSite=lax", answer.headers["set-cookie"])
            assert (await browser.get("/?lang=zh")).text == "<html>page</html>"
            assert (await browser.get("/v1/networks")).status_code == 200

    run(browse())


def test_a_path_that_begins_with_two_slashes_does_not_lead_a_browser_elsewhere():
    answer = client(token=TOKEN).get(f"http://localhost//evil.example/?token={TOKEN}")
    assert answer.headers["location"].startswith("/evil.example")


@pytest.mark.parametrize("before", ["", "/digits"])
def test_behind_a_proxys_path_the_token_is_left_there_and_healthz_is_open(before):
    app = create_app(READER, "<html>page</html>", access=Access(token=TOKEN), root_path="/digits")
    asked = Client(app, "http://localhost", "/digits")  # servers put the proxy's path before the one asked, or do not
    assert asked.get(f"{before}/docs?token={TOKEN}").headers["location"] == "/digits/docs"
    assert asked.get(f"{before}/healthz").status_code == 200
    assert asked.get(f"{before}/v1/networks").status_code == 401


@pytest.mark.parametrize("token", ["", "short", "with a space in it", "with;semicolon", "zeichenü-long"])
def test_a_token_that_is_too_short_or_fits_into_no_address_is_refused(token):
    with pytest.raises(LeNetError, match="expected 8 or more letters, digits"):
        Access(token=token)


def test_pages_of_the_origins_that_are_named_may_ask_and_no_others():
    asked = client(origins=("https://school.example",), token=TOKEN)
    mine, other = {"origin": "https://school.example"}, {"origin": "https://evil.example"}
    assert asked.get("/healthz", headers=mine).headers["access-control-allow-origin"] == "https://school.example"
    assert "access-control-allow-origin" not in asked.get("/healthz", headers=other).headers
    first = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    assert asked.request("OPTIONS", "/v1/read", headers=mine | first).status_code == 200, "before there is a token"
    assert asked.request("OPTIONS", "/v1/read", headers=other | first).status_code == 400
    assert asked.get("/v1/networks", headers=mine).status_code == 401
    assert "access-control-allow-origin" not in client().get("/healthz", headers=mine).headers


@pytest.mark.parametrize(
    "origin", ["school.example", "https://school.example/", "ftp://a", "https://", "http://[x", "null", ""]
)
def test_what_is_no_origin_is_refused_in_one_sentence(origin):
    with pytest.raises(LeNetError, match=r"expected a page's origin, as https://example\.org"):
        Access(origins=(origin,))


def test_the_access_log_has_a_line_for_each_request_and_no_tokens(capsys):
    asked = Client(create_app(READER, access=Access(token=TOKEN), writes_log=True))
    asked.get(f"/v1/networks?token={TOKEN}")
    asked.get("/a%0Ab")
    asked.post("/v1/read", headers=BEARER)
    lines = capsys.readouterr().err.splitlines()
    when = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    expected = ["GET /v1/networks 303", r"GET /a\\nb 401", "POST /v1/read 422"]
    assert len(lines) == 3
    for line, request in zip(lines, expected, strict=True):
        assert re.fullmatch(rf"{when} 127\.0\.0\.1 {request} \d+\.\d ms", line), line
    assert TOKEN not in "".join(lines)


def test_without_being_asked_nothing_is_logged(capsys):
    Client(create_app(READER)).get("/healthz")
    assert capsys.readouterr().err == ""
