"""Ctrl-C and SIGTERM, which job runners send: both end a verb in the same way, and can be held back for a moment."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATED = 143  # what shells say of a program that SIGTERM ended; of Ctrl-C, see `errors.Stopped`

_STOPPING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def sigterm_interrupts() -> Iterator[Callable[[], bool]]:
    """In here SIGTERM raises KeyboardInterrupt, as Ctrl-C does; gives a function that says whether it has come.

    Where it is ignored, as by a parent's wish, it stays so. Threads other than the main one may change nothing.
    """
    has_come = False

    def interrupt(*_: object) -> None:
        nonlocal has_come
        has_come = True
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield lambda: False
        return
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield lambda: has_come
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Hold back a first Ctrl-C or SIGTERM until this block ends; a second one ends it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: handler for number in _STOPPING if callable(handler := signal.getsignal(number))}
    first: int | None = None

    def hold_back(number: int, frame: FrameType | None) -> None:
        nonlocal first
        if first is not None:
            handlers[signal.Signals(number)](number, frame)
        first = number

    for one in handlers:
        signal.signal(one, hold_back)
    try:
        yield
    finally:
        for one, handler in handlers.items():
            signal.signal(one, handler)
    if first is not None:
        signal.raise_signal(first)
