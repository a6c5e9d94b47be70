"""What a reproduction shows while it runs: a bar on a terminal, a line a pass elsewhere, nothing to a Python caller.

Groups that run side by side tell the same object, each from its own thread.
"""

import sys
import threading
import time
from typing import Any, Self

import numpy as np


class Stopped(Exception):
    """A group was asked to end, because another one failed or Ctrl-C came."""


class NullProgress:
    """Shows nothing; the others show something at the same moments."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def stop(self) -> None:
        """Every group shall end at its next progress report."""
        self._stop.set()

    def begin(self, name: str, patterns: int) -> None:
        """A row begins that presents so many patterns, over all passes and groups."""
        self._stop.clear()

    def skip(self, patterns: int) -> None:
        """So many patterns had been presented by an earlier run."""

    def advance(self, patterns: int) -> None:
        """So many more patterns have been presented.

        Raises:
            Stopped: after `stop`.
        """
        if self._stop.is_set():
            raise Stopped

    def end_of_pass(self, stage: str, row: dict[str, Any], passes: int, tested: int) -> None:
        """A pass of the group that is named so is over; ``row`` is its line of the history."""

    def note(self, text: str) -> None:
        """Something else is over that takes a while."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        """Nothing is left to tidy up."""


class LogProgress(NullProgress):
    """One plain line on stderr after each pass, with the time left."""

    def __init__(self) -> None:
        super().__init__()
        self._name, self._lock = "", threading.Lock()
        self._total = self._done = self._skipped = 0
        self._started = time.monotonic()

    def begin(self, name: str, patterns: int) -> None:
        super().begin(name, patterns)
        self._name, self._total, self._done, self._skipped = name, patterns, 0, 0
        self._started = time.monotonic()

    def skip(self, patterns: int) -> None:
        with self._lock:
            self._done += patterns
            self._skipped += patterns

    def advance(self, patterns: int) -> None:
        super().advance(patterns)
        with self._lock:
            self._done += patterns

    def end_of_pass(self, stage: str, row: dict[str, Any], passes: int, tested: int) -> None:
        self._print(f"{self._name} {stage}  {describe_pass(row, passes, tested)}  {self.time_left()}")

    def note(self, text: str) -> None:
        self._print(f"{self._name} {text}")

    def time_left(self) -> str:
        """As "12 min left", from the pace of this run alone."""
        fresh = self._done - self._skipped
        seconds = (time.monotonic() - self._started) * (self._total - self._done) / max(fresh, 1)
        return f"{duration(max(0.0, seconds))} left"

    def _print(self, text: str) -> None:
        sys.stderr.write(text + "\n")  # in one piece, since groups write from their own threads
        sys.stderr.flush()


class BarProgress(LogProgress):
    """A bar over the whole row; the passes' lines scroll by above it."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console  # here, because it takes long to import
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"))
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("starting", total=None)

    def begin(self, name: str, patterns: int) -> None:
        super().begin(name, patterns)
        self._bar.update(self._task, total=patterns, completed=0, description=name)

    def skip(self, patterns: int) -> None:
        super().skip(patterns)
        self._bar.update(self._task, completed=self._done)

    def advance(self, patterns: int) -> None:
        super().advance(patterns)
        self._bar.update(self._task, completed=self._done, description=f"{self._name}, {self.time_left()}")

    def _print(self, text: str) -> None:
        self._bar.console.print(text, highlight=False)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._bar.stop()


def on_stderr() -> NullProgress:
    """Bars where stderr is a terminal, else lines."""
    return BarProgress() if sys.stderr.isatty() else LogProgress()


def describe_pass(row: dict[str, Any], passes: int, tested: int) -> str:
    """One line about a pass, means over the seeds; without test errors where nothing was tested.

    >>> row = {"pass": 3, "train_errors": [10, 14], "patterns": 1000, "test_errors": [30, 32]}
    >>> describe_pass(row, 20, 2000)
    'pass 3/20  train 1.20 %  test 1.55 %'
    """
    train = 100 * np.mean(row["train_errors"]) / row["patterns"]
    text = f"pass {row['pass']}/{passes}  train {train:.2f} %"
    return text + (f"  test {100 * np.mean(row['test_errors']) / tested:.2f} %" if tested else "")


def duration(seconds: float) -> str:
    """A time in words that fit it.

    >>> duration(8.2), duration(100), duration(3600 * 2.5)
    ('8 s', '2 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
