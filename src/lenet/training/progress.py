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
    """Training was cancelled, as another run failed or Ctrl-C came."""


class Pace:
    """Adaptive number of updates between progress reports, by the duration of the last span."""

    def __init__(self) -> None:
        self.updates = 1

    def record(self, updates: int, seconds: float) -> None:
        """Record the duration of a span of updates."""
        updates_of_span = int(_SPAN_SECONDS * updates / max(seconds, 1e-6))
        self.updates = max(1, min(updates_of_span, 10 * self.updates))


class NullProgress:
    """Progress reporter that shows nothing; base class of the others."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()

    def begin(self, name: str, examples: int) -> None:
        """Start a report of so many examples over all epochs and runs; ``name`` is the prefix of each line."""
        self._cancelled.clear()

    def skip(self, examples: int) -> None:
        """Count examples that were presented before a run was resumed."""

    def advance(self, examples: int, text: str = "") -> None:
        """Count presented examples; ``text`` is the status.

        Raises:
            Cancelled: after `cancel`.
        """
        if self._cancelled.is_set():
            raise Cancelled

    def note(self, text: str) -> None:
        """Report a line, at the end of an epoch or another long step."""

    def cancel(self) -> None:
        """Cancel every run at its next report."""
        self._cancelled.set()

    def part(self, name: str) -> "NullProgress":
        """Reporter of one of several runs; ``name`` is the prefix of its lines."""
        return _PartProgress(self, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        """No cleanup is needed."""


class _PartProgress(NullProgress):
    """Reporter of one of several runs, which passes counts and lines on to that of the whole."""

    def __init__(self, whole: NullProgress, name: str) -> None:
        super().__init__()
        self._whole, self._name = whole, name

    def begin(self, name: str, examples: int) -> None:
        """The reporter of the whole has begun already."""

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
        self._start = time.monotonic()

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
        presented, remaining = self._done - self._skipped, self._total - self._done
        if remaining <= 0 or not presented:
            return ""
        return f"{duration((time.monotonic() - self._start) * remaining / presented)} left"

    def _print(self, text: str) -> None:
        stream = self._stream or sys.stderr
        stream.write(text + "\n")  # in one piece, since runs write from their own threads
        stream.flush()


class BarProgress(LogProgress):
    """Progress bar with loss, error and time left; the epochs' lines are printed above it."""

    def __init__(self) -> None:
        from rich.console import Console  # here, because it takes as long to import as a hundred updates
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"))
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("starting", total=None)
        super().__init__()

    def begin(self, name: str, examples: int) -> None:
        super().begin(name, examples)
        self._bar.update(self._task, total=examples or None, completed=0, description=name)

    def skip(self, examples: int) -> None:
        super().skip(examples)
        self._bar.update(self._task, completed=self._done)

    def advance(self, examples: int, text: str = "") -> None:
        super().advance(examples, text)
        description = "  ".join(filter(None, (self._name, text, self.time_left())))
        self._bar.update(self._task, completed=self._done, description=description)

    def _print(self, text: str) -> None:
        self._bar.console.print(text, highlight=False)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._bar.stop()


def for_python() -> NullProgress:
    """The default reporter of Python callers: lines in a notebook, else nothing."""
    return LogProgress(sys.stdout) if "ipykernel" in sys.modules else NullProgress()


def on_stderr() -> NullProgress:
    """The reporter of the command line: bars where stderr is a terminal, else lines."""
    return BarProgress() if sys.stderr.isatty() else LogProgress()


def describe_epoch(row: dict[str, Any], epochs: int) -> str:
    """Format an epoch's row as one line, with means over replicas.

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
    """Format a duration in seconds, minutes or hours.

    >>> duration(8.2), duration(100), duration(3600 * 2.5)
    ('8 s', '2 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
