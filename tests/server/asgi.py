"""Requests to an ASGI application in this process, one after the other or several at a time."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx


class Client:
    """Sends requests to an application, each answered within so many seconds."""

    def __init__(self, app: Any, base_url: str = "http://lenet", root_path: str = "", seconds: float = 60) -> None:
        self._transport = httpx.ASGITransport(app, root_path=root_path)
        self._base_url, self._seconds = base_url, seconds

    def open(self) -> httpx.AsyncClient:
        """For tests that need several requests at a time."""
        return httpx.AsyncClient(transport=self._transport, base_url=self._base_url, timeout=self._seconds)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            async with self.open() as client:
                return await client.request(method, path, **options)

        return run(send(), self._seconds)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, content: Any = None, **options: Any) -> httpx.Response:
        return self.request("POST", path, content=content, **options)


def run(coroutine: Coroutine[Any, Any, Any], seconds: float = 60) -> Any:
    """What it returns, within so many seconds."""
    return asyncio.run(asyncio.wait_for(coroutine, seconds))
