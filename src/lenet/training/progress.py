"""Progress reporters: bars on a terminal, a line an epoch elsewhere, nothing to a Python caller.

Runs that train side by side report to the same object, each from its own thread, by `NullProgress.part`.
"""

import sys
import threading
import time
from typing import Any, Self, TextIO

import numpy as np

_SPAN_SECONDS = 0.15


class Cancelled(Exception):
    """Training was asked to end, because a run beside it failed or Ctrl-C came."""


class Pace:
    """How many updates make a span, after which progress is shown, by how long the last span took."""

    def __init__(self) -> None:
        self.updates = 1

    def took(self, updates: int, seconds: float) -> None:
        """A span of so many updates took so long."""
        fitting = int(_SPAN_SECONDS * updates / max(seconds, 1e-6))
        self.updates = max(1, min(fitting, 10 * self.updates))


class NullProgress:
    """Shows nothing; the others show something at the same moments."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()

    def begin(self, name: str, examples: int) -> None:
        """Training begins that presents so many examples, over all epochs and runs; ``name`` goes before each line."""
        self._cancelled.clear()

    def skip(self, examples: int) -> None:
        """So many examples had been presented earlier."""

    def advance(self, examples: int, text: str = "") -> None:
        """So many more examples have been presented; ``text`` says how it goes.

        Raises:
            Cancelled: after `cancel`.
        """
        if self._cancelled.is_set():
            raise Cancelled

    def note(self, text: str) -> None:
        """Something is over: an epoch, or something else that takes a while."""

    def cancel(self) -> None:
        """Every run shall end at its next report."""
        self._cancelled.set()

    def part(self, name: str) -> "NullProgress":
        """What one of several runs reports to; ``name`` goes before its lines."""
        return _PartProgress(self, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        """Nothing is left to tidy up."""


class _PartProgress(NullProgress):
    """One run's share of a progress report; beginning and ending are left to the whole."""

    def __init__(self, whole: NullProgress, name: str) -> None:
        super().__init__()
        self._whole, self._name = whole, name

    def begin(self, name: str, examples: int) -> None:
        """The whole has begun."""

    def skip(self, examples: int) -> None:
        self._whole.skip(examples)

    def advance(self, examples: int, text: str = "") -> None:
        self._whole.advance(examples)

    def note(self, text: str) -> None:
        self._whole.note(f"{self._name}  {text}")

    def cancel(self) -> None:
        self._whole.cancel()


class LogProgress(NullProgress):
    """One plain line after each epoch, with the time left, on stderr if no other stream is named."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream, self._lock = stream, threading.Lock()
        self.begin("", 0)

    def begin(self, name: str, examples: int) -> None:
        super().begin(name, examples)
        self._name, self._total, self._done, self._skipped = name, examples, 0, 0
        self._started = time.monotonic()

    def skip(self, examples: int) -> None:
        with self._lock:
            self._done += examples
            self._skipped += examples

    def advance(self, examples: int, text: str = "") -> None:
        super().advance(examples, text)
        with self._lock:
            self._done += examples

    def note(self, text: str) -> None:
        self._print("  ".join(filter(None, (self._name, text, self.time_left()))))

    def time_left(self) -> str:
        """As "12 min left", from the pace since the beginning; nothing at the end."""
        fresh, rest = self._done - self._skipped, self._total - self._done
        if rest <= 0 or not fresh:
            return ""
        return f"{duration((time.monotonic() - self._started) * rest / fresh)} left"

    def _print(self, text: str) -> None:
        stream = self._stream or sys.stderr
        stream.write(text + "\n")  # in one piece, since runs write from their own threads
        stream.flush()


def for_python() -> NullProgress:
    """What a caller in Python is shown: lines in a notebook, else nothing."""
    return LogProgress(sys.stdout) if "ipykernel" in sys.modules else NullProgress()


def on_stderr() -> NullProgress:
    """Bars where stderr is a terminal, else lines."""
    if not sys.stderr.isatty():
        return LogProgress()
    from lenet.training.bars import BarProgress  # here, because rich takes as long to import as a hundred updates

    return BarProgress()


def describe_epoch(row: dict[str, Any], epochs: int) -> str:
    """One line about an epoch; means over replicas.

    >>> row = {"epoch": 1, "loss": 0.5, "error_rate": 9.0, "images_per_second": 1e4, "seconds": 5.0, "best": True}
    >>> describe_epoch(row | {"validation_error_rate": 2.0}, epochs=2)
    'epoch 1/2  loss 0.5000  training error 9.00 %  validation error 2.00 %  10,000 images/s  5.0 s  best so far'
    >>> describe_epoch(row | {"error_rate": [1.0, 2.0], "test_error_rate": [3.0, 4.0], "best": False}, epochs=2)
    'epoch 1/2  loss 0.5000  training error 1.50 %  test error 3.50 %  10,000 images/s  5.0 s'
    """
    parts = [f"epoch {row['epoch']}/{epochs}", f"loss {np.mean(row['loss']):.4f}"]
    for name, key in (("training", ""), ("validation", "validation_"), ("test", "test_")):
        if (rate := row.get(f"{key}error_rate")) is not None:
            parts.append(f"{name} error {np.mean(rate):.2f} %")
    parts += [f"{row['images_per_second']:,.0f} images/s", f"{row['seconds']:.1f} s"]
    return "  ".join(parts + ["best so far"] * row["best"])


def duration(seconds: float) -> str:
    """A time in words that fit it.

    >>> duration(8.2), duration(100), duration(3600 * 2.5)
    ('8 s', '2 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
