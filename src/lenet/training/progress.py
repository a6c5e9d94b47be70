"""What a run shows while it trains: bars on a terminal, one line an epoch elsewhere, nothing to a Python caller."""

import sys
from typing import Any, Self, TextIO

_SPAN_SECONDS = 0.15


class Pace:
    """How many updates make a span, after which progress is shown, by how long the last span took."""

    def __init__(self) -> None:
        self.updates = 1

    def took(self, updates: int, seconds: float) -> None:
        """A span of so many updates took so long."""
        fitting = int(_SPAN_SECONDS * updates / max(seconds, 1e-6))
        self.updates = max(1, min(fitting, 10 * self.updates))


class NullProgress:
    """Shows nothing; the other two show something at the same moments."""

    def start(self, epochs: int, examples: int, done: int) -> None:
        """A run of ``epochs`` × ``examples`` starts, with ``done`` examples behind it."""

    def advance(self, epoch: int, examples: int, loss: float, error_rate: float, images_per_second: float) -> None:
        """``examples`` of all epochs are done; loss and error rate are the running means of this epoch."""

    def epoch(self, row: dict[str, Any]) -> None:
        """An epoch is done; ``row`` is its line of the history."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        """Nothing is left to tidy up."""


class LogProgress(NullProgress):
    """One plain line after each epoch, on stderr if no other stream is named."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._epochs, self._stream = 0, stream

    def start(self, epochs: int, examples: int, done: int) -> None:
        self._epochs = epochs

    def epoch(self, row: dict[str, Any]) -> None:
        print(describe_epoch(row, self._epochs), file=self._stream or sys.stderr, flush=True)


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
    """One line about an epoch.

    >>> row = {"epoch": 1, "loss": 0.5, "error_rate": 9.0, "images_per_second": 1e4, "seconds": 5.0, "best": True}
    >>> describe_epoch(row | {"validation_error_rate": 2.0}, epochs=2)
    'epoch 1/2  loss 0.5000  training error 9.00 %  validation error 2.00 %  10,000 images/s  5.0 s  best so far'
    """
    parts = [f"epoch {row['epoch']}/{epochs}", f"loss {row['loss']:.4f}", f"training error {row['error_rate']:.2f} %"]
    if row.get("validation_error_rate") is not None:
        parts.append(f"validation error {row['validation_error_rate']:.2f} %")
    parts += [f"{row['images_per_second']:,.0f} images/s", f"{row['seconds']:.1f} s"]
    return "  ".join(parts + ["best so far"] * row["best"])
