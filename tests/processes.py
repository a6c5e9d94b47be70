"""Processes that a test has started, and waiting for what they do."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

SECONDS = 150  # for anything, on a machine that has much else to do: what is slower hangs


def wait_until(is_true: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.05)


def processes_with(text: str) -> list[int]:
    """The processes with a text in their environment, as Linux tells."""
    result = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if text.encode() in path.read_bytes():
                result.append(int(path.parent.name))
    return result
