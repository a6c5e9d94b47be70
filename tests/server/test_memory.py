"""A server that answers for long holds no more memory than at first."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from PIL import Image

from lenet.reading import Reader
from tests.cli.test_serve import SEVEN, serving

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")


def megabytes(pid: int) -> float:
    """What a process holds of its own, in memory or swapped out: pages of files come and go as the system likes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return sum(int(re.search(rf"{name}:\s+(\d+)", status).group(1)) for name in ("RssAnon", "VmSwap")) / 1024


def test_memory_stays_flat_whatever_is_asked():
    file = io.BytesIO()
    Image.fromarray(Reader().read(SEVEN, single=True).digits[0].image).save(file, "PNG")
    digit = file.getvalue()
    with serving() as server, httpx.Client(base_url=server.address, timeout=60) as client:

        def ask() -> None:
            for number in range(20):
                assert client.post("/v1/read?normalized=true", content=digit).status_code == 200
                assert client.post("/v1/read?single=true&detail=steps", content=digit).status_code == 200
                assert client.post("/v1/read", files={"picture": ("a.png", SEVEN[:5000])}).status_code == 422
                assert client.post("/v1/read", files={"picture": ("a.png", b"x" * 100_000)}).status_code == 415
                assert client.get("/v1/networks/none").status_code == 404
                assert client.get(f"/v1/{number}").status_code == 404
            for _ in range(5):
                assert client.post("/v1/activations", content=SEVEN).status_code == 200

        with ThreadPoolExecutor() as clients:  # each of the server's threads takes memory when it answers first
            for answered in [clients.submit(ask) for _ in range(4)]:
                answered.result()
        before = megabytes(server.process.pid)
        for _ in range(4):
            ask()
        assert megabytes(server.process.pid) < before + 4
