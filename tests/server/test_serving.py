"""The server's process: what it has started ends with it."""

import threading

import pytest

pytest.importorskip("fastapi")

import lenet
from lenet.server.serving import ServerConfig, serve


def test_the_desk_ends_with_a_server_that_fails(tmp_path):
    def announce(address: str) -> None:
        raise OSError("stdout is closed")

    with pytest.raises(OSError, match="stdout is closed"):
        serve(ServerConfig(lenet.load("lenet-5-relu"), desk=tmp_path), port=0, announce=announce)
    assert "desk reading" not in [thread.name for thread in threading.enumerate()]
