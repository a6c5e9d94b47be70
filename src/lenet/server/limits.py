"""Limits of requests, and the thread pool that reads: a bounded number at a time, each in bounded time.

By hand, since the threads that Starlette brings refuse no call, and wait for each as long as it takes.
"""

import asyncio
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from fastapi import HTTPException

from lenet.errors import LeNetError

T = TypeVar("T")

RETRY_AFTER = {"Retry-After": "1"}
# One slow picture must not hold up the others, and more threads would only wait for Python's lock: processes do more.
_THREADS = 2


@dataclass(frozen=True)
class Limits:
    """The limits of one process that serves.

    Attributes:
        max_body: bytes of a request's body.
        max_pixels: of a picture, looked at before it is decoded; formats with lower limits of their own keep them.
        timeout: seconds for a body to arrive, and again for a picture to be read, waiting included; `heads` takes it
            for a request's head, too, and for an answer to be taken.
        concurrency: requests with a picture that are in progress; further ones are refused at once.

    Raises:
        LeNetError: if one of them is not above 0.
    """

    max_body: int = 16_000_000
    max_pixels: int = 50_000_000
    timeout: float = 30.0
    concurrency: int = 64

    def __post_init__(self) -> None:
        for name in ("max_body", "max_pixels", "timeout", "concurrency"):
            if not 0 < getattr(self, name) < math.inf:
                raise LeNetError(f"{name} is {getattr(self, name)}, expected more than 0")


class Pool:
    """A few threads that read pictures, and a count of the requests that are in progress.

    A picture that takes too long is answered with 504; its thread cannot be stopped, so its slot stays taken until the
    reading is done.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.in_progress = 0
        self._threads = ThreadPoolExecutor(_THREADS, "reading")

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold one of the slots for requests in progress; HTTPException 503 if all are taken."""
        if self.in_progress >= self.limits.concurrency:
            raise HTTPException(
                503,
                f"{self.in_progress} requests are in progress, which is the most at a time; try again in a second",
                RETRY_AFTER,
            )
        self.in_progress += 1
        try:
            yield
        finally:
            self.in_progress -= 1

    async def run(self, call: Callable[[], T]) -> T:
        """Run a call in a thread and return its result; HTTPException 504 if that takes longer than the limit."""
        loop = asyncio.get_running_loop()
        job = self._threads.submit(call)
        done, _ = await asyncio.wait([asyncio.wrap_future(job)], timeout=self.limits.timeout)
        if done:
            return done.pop().result()
        if not job.cancel():
            self.in_progress += 1

            def release(_: object) -> None:
                with suppress(RuntimeError):  # the server has stopped meanwhile
                    loop.call_soon_threadsafe(self._release_slot)

            job.add_done_callback(release)
        raise HTTPException(
            504, f"not read within {self.limits.timeout:g} seconds; make the picture smaller, or try again later"
        )

    def close(self) -> None:
        """Let the threads end when they have nothing left to do."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _release_slot(self) -> None:
        self.in_progress -= 1
