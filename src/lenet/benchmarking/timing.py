"""Timing by rounds: every task in turn, round after round, so that load from other processes affects all tasks.

A ratio is taken within each round and its median over the rounds is what counts.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

Call = Callable[[], object]
"""A call that does the work of a fixed number of images."""

_MIN_CALLS, _MAX_OVERTIME = 3, 1.0  # at least that many, unless they exceed the time by so many seconds
_WARM_UP = 0.2  # share of the time, for caches and spinning threads of the task before


@dataclass(frozen=True)
class Task:
    """A task to time.

    Attributes:
        name: in reports and messages: of a runtime ("ONNX Runtime"), or of what is compared ("lenet-5 learn").
        batch: images of one update or one inference.
        images: images that one call processes.
        call: does it.
    """

    name: str
    batch: int
    images: int
    call: Call


@dataclass
class Rounds:
    """The measurements of all rounds.

    Attributes:
        peaks: peak fp32 operations per second of the threads, between registers; empty where unknown.
        calls: for each task (its name, its batch) and round, the seconds of each call.
        images: images of one call of each task.
        interruptions: involuntary context switches a second.
    """

    peaks: list[float] = field(default_factory=list)
    calls: dict[tuple[str, int], list[list[float]]] = field(default_factory=dict)
    images: dict[tuple[str, int], int] = field(default_factory=dict)
    interruptions: float = 0.0

    def rates(self, task_name: str, batch: int) -> list[float]:
        """Images a second in each round: of the median call, which is robust to outliers."""
        images = self.images[task_name, batch]
        return [images / statistics.median(calls) for calls in self.calls[task_name, batch]]

    def rate(self, task_name: str, batch: int) -> float | None:
        """The median over rounds; None for a task that did not run."""
        return statistics.median(self.rates(task_name, batch)) if (task_name, batch) in self.calls else None

    def spread(self, task_name: str, batch: int) -> tuple[float, float]:
        """The lowest and the highest rate of a round."""
        rates = self.rates(task_name, batch)
        return min(rates), max(rates)

    def best(self, *names: str) -> tuple[str, int] | None:
        """The fastest of these, with its batch; None if none ran."""
        keys = [key for key in self.calls if key[0] in names]
        return max(keys, key=lambda key: statistics.median(self.rates(*key)), default=None)

    def speedup(self, key: tuple[str, int] | None, other: tuple[str, int] | None) -> float | None:
        """Speedup of ``key`` over ``other``: the median of the rounds' ratios of rates."""
        if key is None or other is None or key not in self.calls or other not in self.calls:
            return None
        pairs = zip(self.rates(*key), self.rates(*other), strict=True)
        return statistics.median(rate / other_rate for rate, other_rate in pairs)

    def roofline_fraction(self, key: tuple[str, int] | None, flops: float) -> float | None:
        """Fraction of the peak that a task of ``flops`` per image reached; the median over rounds."""
        if key is None or key not in self.calls or not self.peaks:
            return None
        pairs = zip(self.rates(*key), self.peaks, strict=True)
        return statistics.median(rate * flops / peak for rate, peak in pairs)

    def percentile(self, task_name: str, batch: int, percent: float) -> float | None:
        """Seconds of a call below which that many percent of a round's calls lie; the median over rounds."""
        if (task_name, batch) not in self.calls:
            return None
        return statistics.median(float(np.percentile(calls, percent)) for calls in self.calls[task_name, batch])


def run_rounds(
    tasks: Sequence[Task],
    rounds: int,
    seconds: float,
    peak: Callable[[], float] | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> Rounds:
    """Time every task for about ``seconds`` in each of ``rounds`` rounds; ``peak`` is measured once a round."""
    measured_rounds = Rounds(images={(task.name, task.batch): task.images for task in tasks})
    start, interruptions_before = time.perf_counter(), count_interruptions()
    for number in range(1, rounds + 1):
        if peak is not None:
            measured_rounds.peaks.append(peak())
        for task in tasks:
            progress(f"round {number} of {rounds}: {task.name}, batch {task.batch:,}")
            measured_rounds.calls.setdefault((task.name, task.batch), []).append(time_calls(task.call, seconds))
    measured_rounds.interruptions = (count_interruptions() - interruptions_before) / (time.perf_counter() - start)
    return measured_rounds


def count_interruptions() -> int:
    """The involuntary context switches of this process; 0 where unknown."""
    try:
        import resource
    except ModuleNotFoundError:  # on Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def time_calls(call: Call, seconds: float) -> list[float]:
    """The seconds of each call of ``call``, called for about that long, after a warm-up.

    At least three calls, unless these take a second more than that.
    """
    clock = time.perf_counter
    warm_up_end = clock() + seconds * _WARM_UP
    call()
    while clock() < warm_up_end:
        call()
    calls: list[float] = []
    gc_was_enabled = gc.isenabled()
    gc.disable()  # as timeit does
    try:
        end = clock() + seconds
        while not calls or clock() < end or (len(calls) < _MIN_CALLS and clock() < end + _MAX_OVERTIME):
            start = clock()
            call()
            calls.append(clock() - start)
    finally:
        if gc_was_enabled:
            gc.enable()
    return calls
