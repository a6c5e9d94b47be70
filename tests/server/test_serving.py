"""The server's process: what it has started ends with it, and what has reached it is answered."""

import asyncio
import socket
import sys
import threading

import pytest

pytest.importorskip("fastapi")

import lenet
from lenet.server import serving
from lenet.server.listening import end_connecting, listen
from lenet.server.serving import ServerConfig, serve


def test_the_desk_ends_with_a_server_that_fails(tmp_path):
    def announce(address: str) -> None:
        raise OSError("stdout is closed")

    with pytest.raises(OSError, match="stdout is closed"):
        serve(ServerConfig(lenet.load("lenet-5-relu"), desk=tmp_path), port=0, announce=announce)
    assert "desk reading" not in [thread.name for thread in threading.enumerate()]


def test_a_connection_that_was_made_as_the_server_stopped_is_answered(monkeypatch: pytest.MonkeyPatch):
    clients = []

    class Stopping(serving._Server):
        async def main_loop(self) -> None:
            """Stop at once, with a request that nobody has accepted yet."""
            await asyncio.sleep(0)
            clients.append(socket.create_connection(listener.getsockname(), timeout=60))
            clients[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")

    monkeypatch.setattr(serving, "_Server", Stopping)
    with listen("127.0.0.1", 0) as listener:
        serving._serve_here(ServerConfig(lenet.load("lenet-5-relu")), listener, 1, lambda: None)
    with clients[0] as client:
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"connection: close" in answer.lower()


@pytest.mark.skipif(sys.platform != "linux", reason="needs packet filters of Linux")
def test_no_connection_begins_where_connecting_has_ended_and_those_before_are_as_they_were():
    with listen("127.0.0.1", 0) as listener:
        address = listener.getsockname()
        with socket.create_connection(address, timeout=60) as before:
            end_connecting(listener)
            with pytest.raises(TimeoutError):
                socket.create_connection(address, timeout=0.2)
            accepted, _ = listener.accept()
            with accepted:
                before.sendall(b"asked")
                assert accepted.recv(5) == b"asked"
                accepted.sendall(b"answered")
                assert before.recv(8) == b"answered"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=60)
