"""Signal handling: SIGTERM as Ctrl-C, and deferral of both within critical sections."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATED = 143  # what shells say of a program that SIGTERM ended; of Ctrl-C, see `errors.Stopped`

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def sigterm_interrupts() -> Iterator[Callable[[], bool]]:
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl-C does; a context that gives whether SIGTERM was received.

    Where it is ignored, as by a parent's wish, it stays so. Threads other than the main one may change nothing.
    """
    is_received = False

    def interrupt(*_: object) -> None:
        nonlocal is_received
        is_received = True
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield lambda: False
        return
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield lambda: is_received
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Defer a first Ctrl-C or SIGTERM until this block ends; a second one ends it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: handler for number in _STOP_SIGNALS if callable(handler := signal.getsignal(number))}
    first: int | None = None

    def defer(number: int, frame: FrameType | None) -> None:
        nonlocal first
        if first is not None:
            handlers[signal.Signals(number)](number, frame)
        first = number

    for number in handlers:
        signal.signal(number, defer)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if first is not None:
        signal.raise_signal(first)
