"""Connections to a real server: what is sent in halves, without end or not at all, and what nobody takes."""

import contextlib
import io
import json
import re
import socket
import time
from pathlib import Path

import httpx
import pytest

from lenet.server.heads import MAX_AHEAD, MAX_CONNECTIONS, MAX_FIELDS, MAX_HEAD, MAX_URL
from tests.cli.test_serve import SECONDS, Server, children, in_progress, serving
from tests.memory import peak_megabytes
from tests.processes import wait_until
from tests.reading.test_damage import normalized_digit

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc")

HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"


def png() -> bytes:
    file = io.BytesIO()
    normalized_digit(7).convert("L").save(file, "PNG")
    return file.getvalue()


DIGIT = png()  # which is read at once, however short the time is


@pytest.fixture(scope="module", params=["1", "2"], ids=["one-process", "two-processes"])
def server(request):
    with serving("--timeout", "1", "--workers", request.param, seconds=5 * SECONDS) as running:
        yield running


def connect(server: Server) -> socket.socket:
    return socket.create_connection(server.place, timeout=SECONDS)


def answer_to(server: Server, *parts: bytes) -> bytes:
    """All that the server says until it ends the connection."""
    with connect(server) as connection:
        with contextlib.suppress(ConnectionError):  # it is refused before its end
            for part in parts:
                connection.sendall(part)
        return all_of(connection)


def all_of(connection: socket.socket) -> bytes:
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            answer += part
    return answer


def refusal(answer: bytes) -> tuple[int, str]:
    """Status and detail of one answer, which says that it is the last."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head, answer
    assert b"content-type: application/problem+json" in head, answer
    problem = json.loads(body)
    assert head.startswith(b"HTTP/1.1 %d " % problem["status"])
    return problem["status"], problem["detail"]


def processes(server: Server) -> list[int]:
    return children(server.process.pid) or [server.process.pid]


def connections(server: Server) -> int:
    """How many sockets the processes of a server hold."""
    result = [path for pid in processes(server) for path in Path(f"/proc/{pid}/fd").iterdir()]
    targets = []
    for path in result:
        with contextlib.suppress(OSError):
            targets.append(str(path.readlink()))
    return sum(target.startswith("socket:") for target in targets)


def test_half_sent_heads_and_silent_connections_end_while_others_are_answered(server):
    before = connections(server)
    halves, silent = [connect(server) for _ in range(30)], [connect(server) for _ in range(30)]
    for number, connection in enumerate(halves):
        connection.sendall((HEAD, HEAD[:10], HEAD + b"X: " + b"y" * 1000)[number % 3])
    for _ in range(10):
        assert server.get("/healthz").status_code == 200
        assert server.read("?normalized=true", DIGIT).status_code == 200
    for connection in halves:
        assert refusal(all_of(connection)) == (408, "the head of the request did not arrive within 1 seconds")
    assert [all_of(connection) for connection in silent] == [b""] * 30
    for connection in halves + silent:
        connection.close()
    wait_until(lambda: connections(server) <= before)


def test_a_head_that_arrives_byte_by_byte_has_no_longer_time(server):
    with connect(server) as connection:
        connection.sendall(HEAD + b"X: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(100 * SECONDS):
                connection.sendall(b"y")
                time.sleep(0.05)
            raise AssertionError("it is still there")
        assert refusal(all_of(connection))[0] == 408


def test_lines_without_a_request_do_not_keep_a_connection(server):
    with connect(server) as connection, contextlib.suppress(ConnectionError):
        for _ in range(100 * SECONDS):
            connection.sendall(b"\r\n")
            time.sleep(0.05)
        raise AssertionError("it is still there")


def test_a_second_head_on_a_connection_has_the_same_time(server):
    with connect(server) as connection:
        connection.sendall(HEAD + b"\r\n")
        while b"network" not in connection.recv(65536):
            pass
        connection.sendall(HEAD)
        assert refusal(all_of(connection))[0] == 408


def test_a_head_sent_together_with_a_request_has_the_same_time(server):
    answer = answer_to(server, HEAD + b"\r\n" + HEAD)
    first, _, second = answer.partition(b"}")
    assert first.startswith(b"HTTP/1.1 200 ")
    assert refusal(second)[0] == 408


@pytest.mark.parametrize(
    ("parts", "status", "detail"),
    [
        ([HEAD + b"X: ", *[b"y" * 1_000_000] * 40, b"\r\n\r\n"], 431, f"longer than {MAX_HEAD:,} bytes"),
        ([HEAD, *[b"X: " + b"y" * 10_000 + b"\r\n"] * 4000, b"\r\n"], 431, f"longer than {MAX_HEAD:,} bytes"),
        ([HEAD + b"X: " + b"y" * MAX_HEAD + b"\r\n\r\n"], 431, f"longer than {MAX_HEAD:,} bytes"),
        ([HEAD + b"X: y\r\n" * 9_999 + b"\r\n"], 431, f"10,000 headers; at most {MAX_FIELDS} are accepted"),
        ([HEAD + b"X: y\r\n" * MAX_FIELDS + b"\r\n"], 431, f"{MAX_FIELDS + 1} headers"),
        ([HEAD, *[b"X: y\r\n" * 10_000] * 100], 431, f"longer than {MAX_HEAD:,} bytes"),
        ([b"GET /" + b"x" * MAX_URL + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"], 414, "the address has 8,193 bytes"),
        ([b"GET /", *[b"x" * 1_000_000] * 40], 414, f"longer than {MAX_URL:,} bytes"),
        ([b"X" * 10_000_000], 400, "damaged request, expected HTTP/1.1"),
        ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"], 400, "damaged request, expected HTTP/1.1"),
        ([HEAD + b"X y\r\n\r\n"], 400, "damaged request, expected HTTP/1.1"),
        ([b"\r\n" * 1_000_000], 431, f"longer than {MAX_HEAD:,} bytes"),
    ],
    ids=lambda value: "" if isinstance(value, list) else None,
)
def test_a_head_that_is_too_long_or_damaged_is_refused_in_a_sentence(server, parts, status, detail):
    result, message = refusal(answer_to(server, *parts))
    assert (result, detail in message) == (status, True), message


def test_what_is_refused_takes_no_memory(server):
    for _ in range(3):
        assert b" 431 " in answer_to(server, HEAD + b"X: ", *[b"y" * 1_000_000] * 40)
        assert b" 431 " in answer_to(server, POST + b"Transfer-Encoding: chunked\r\n", *[b"Y: z\r\n" * 100_000] * 40)
    assert all(peak_megabytes(pid) < 400 for pid in processes(server))


def test_a_head_of_exactly_the_limits_is_taken(server):
    with httpx.Client(base_url=server.address, timeout=SECONDS) as client:
        path = "/healthz?" + "x" * (MAX_URL - len("/healthz?"))
        names = [*client.headers, "host"]
        headers = {f"x-{number}": "y" * 300 for number in range(MAX_FIELDS - len(names))}
        assert client.get(path, headers=headers).status_code == 200
        assert client.get(path + "x", headers=headers).status_code == 414


@pytest.mark.parametrize(
    ("start", "endless"),
    [
        (b"0\r\nX: ", b"y" * 1_000_000),  # a trailer
        (b"0\r\n", b"X: y\r\n" * 100_000),
        (b"1;", b"y" * 1_000_000),  # an extension of a piece
    ],
)
def test_what_follows_the_pieces_of_a_body_is_bounded(server, start, endless):
    answer = answer_to(server, POST + b"Transfer-Encoding: chunked\r\n\r\n" + start, *[endless] * 20)
    assert refusal(answer)[0] == 431


def test_damage_behind_a_request_comes_after_its_answer_and_is_the_end(server):
    whole = POST.replace(b"read", b"read?normalized=true") + b"Content-Length: %d\r\n\r\n" % len(DIGIT) + DIGIT
    answer = answer_to(server, whole + b"garbage\r\n\r\n" * 10)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"}")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"connection: close" in answer


def test_damage_within_a_body_gives_up_its_request(server):
    answer = answer_to(server, POST + b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\nnonsense\r\n")
    assert refusal(answer)[0] == 400
    wait_until(lambda: in_progress(server) == 0)


def test_requests_that_do_not_wait_for_answers_are_answered_in_order_up_to_a_number(server):
    few = answer_to(server, (HEAD + b"\r\n") * MAX_AHEAD)
    assert few.count(b"HTTP/1.1 200 ") == MAX_AHEAD
    many = answer_to(server, (HEAD + b"\r\n") * 5000)
    assert many.count(b"HTTP/1.1 200 ") == MAX_AHEAD + 1
    assert b"connection: close" in many


def test_who_reads_no_answer_before_all_is_sent_gets_all_that_was_answered(server):
    """The system drops what a closed socket has not delivered if the other side's bytes were not read."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(SECONDS)
        connection.connect(server.place)
        with contextlib.suppress(ConnectionError):
            connection.sendall((HEAD.replace(b"healthz", b"openapi.json") + b"\r\n") * 500_000)
        assert all_of(connection).count(b"HTTP/1.1 200 ") == MAX_AHEAD + 1


def test_a_body_that_nobody_wants_is_taken_for_a_while_only(server):
    before = connections(server)
    started = HEAD + b"Content-Length: 1000000000000\r\n\r\n"
    with connect(server) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(started)
        for _ in range(100 * SECONDS):
            connection.sendall(b"x" * 100)
            time.sleep(0.05)
        raise AssertionError("it is still there")
    wait_until(lambda: connections(server) <= before)


def test_a_slow_body_is_still_refused_with_its_own_sentence(server):
    answer = answer_to(server, POST + b"Content-Length: 1000\r\n\r\n" + b"x" * 10)
    assert refusal(answer) == (408, "the body did not arrive within 1 seconds")


@pytest.mark.parametrize("count", [1, MAX_AHEAD])
def test_a_client_that_takes_no_answers_is_given_up(server, count):
    """The page again and again, and nothing read, until the system's own memory for a connection is full."""
    before = connections(server)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(SECONDS)
        connection.connect(server.place)
        with contextlib.suppress(ConnectionError):
            for _ in range(MAX_AHEAD // count):
                connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * count)
                time.sleep(0.01)
        assert server.get("/healthz").status_code == 200
        wait_until(lambda: connections(server) <= before and in_progress(server) == 0)


def test_a_connection_too_many_is_refused():
    with serving("--timeout", "30") as server, contextlib.ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS):
            stack.enter_context(connect(server))
        status, detail = refusal(answer_to(server))
        assert (status, re.match(r"\d+ connections are open", detail) is not None) == (503, True)
        stack.close()
        wait_until(lambda: connections(server) < 20)
        assert server.get("/healthz").status_code == 200


def test_an_answer_does_not_wait_for_an_acknowledgement():
    from lenet.server.listening import listen

    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # of others asyncio does not set TCP_NODELAY
