"""Benchmark reports: speedups, fractions of the roofline, and tables as text or Markdown."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lenet.benchmarking import inference, training
from lenet.benchmarking.machine import machine_text
from lenet.benchmarking.timing import Rounds
from lenet.summary.work import FLOPS_OF_A_MAC, Work

ABSENT = "–"


@dataclass(frozen=True)
class Table:
    """Rows of cells under a title; the first column is text, the others are numbers."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __str__(self) -> str:
        """Format with aligned columns."""
        lines = [self.headings, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.headings))]
        aligned = [
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in lines
        ]
        return "\n".join([self.title, *(f"  {line}" for line in aligned)])

    def to_markdown(self) -> str:
        """A Markdown table under its title."""
        rule = ["---", *["---:"] * (len(self.headings) - 1)]
        lines = [f"| {' | '.join(line)} |" for line in (self.headings, rule, *self.rows)]
        return "\n".join([f"**{self.title}**", "", *lines])


@dataclass
class Report:
    """A benchmark's results: machine, results, tables, and notes on absent peers."""

    machine: dict[str, Any]
    results: dict[str, Any] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The results and the machine."""
        return {**self.results, "machine": self.machine}

    def __str__(self) -> str:
        """Machine, tables and notes for a terminal."""
        return "\n\n".join([machine_text(self.machine), *map(str, self.tables), *self._notes("")])

    def to_markdown(self) -> str:
        """The same as Markdown."""
        return "\n\n".join(
            [machine_text(self.machine), *(table.to_markdown() for table in self.tables), *self._notes("- ")]
        )

    def _notes(self, mark: str) -> list[str]:
        return ["\n".join(mark + note for note in self.notes)] if self.notes else []


def training_figures(rounds: Rounds, work: Work) -> dict[str, Any]:
    """``{"speedup": {"tutorial", "torch"}, "roofline_fraction": {"64", "256"}}``; None for what did not run.

    ``speedup`` compares our best batch with theirs.
    """
    best = rounds.best(training.LENET)
    torch_tasks = [task_name for task_name, _ in rounds.calls if task_name.startswith(training.TORCH)]
    return {
        "speedup": {
            "tutorial": rounded(rounds.speedup(best, rounds.best(training.TUTORIAL))),
            "torch": rounded(rounds.speedup(best, rounds.best(*torch_tasks))),
        },
        "roofline_fraction": {
            str(batch): rounded(rounds.roofline_fraction((training.LENET, batch), flops(work.training_macs)))
            for batch in training.OUR_BATCHES
        },
    }


def inference_figures(rounds: Rounds, work: Work) -> dict[str, Any]:
    """``{"speedup": {"onnxruntime_best", "onnxruntime_10000"}, "roofline_fraction", "roofline_fraction_bf16",
    "one_image_time_ratio": {"onnxruntime"}}``.

    The roofline is always that of float32, which bfloat16 may exceed. ``speedup`` compares rates, so that more is
    better; ``one_image_time_ratio`` compares the median times of one image, so that less is.
    """
    best, largest = rounds.best(inference.LENET), max(inference.BATCHES)
    single_image_ratio = rounds.speedup((inference.ONNXRUNTIME, 1), (inference.LENET, 1))
    return {
        "speedup": {
            "onnxruntime_best": rounded(rounds.speedup(best, rounds.best(inference.ONNXRUNTIME))),
            "onnxruntime_10000": rounded(rounds.speedup((inference.LENET, largest), (inference.ONNXRUNTIME, largest))),
        },
        "roofline_fraction": rounded(rounds.roofline_fraction(best, flops(work.inference_macs))),
        "roofline_fraction_bf16": rounded(
            rounds.roofline_fraction(rounds.best(inference.LENET_BF16), flops(work.inference_macs))
        ),
        "one_image_time_ratio": {"onnxruntime": rounded(single_image_ratio)},
    }


def rates(rounds: Rounds) -> dict[str, dict[str, int]]:
    """Images per second by runtime and batch."""
    by_batch: dict[str, dict[str, int]] = {}
    for task_name, batch in rounds.calls:
        by_batch.setdefault(task_name, {})[str(batch)] = round(rounds.rate(task_name, batch) or 0)
    return by_batch


def training_table(rounds: Rounds, work: Work) -> Table:
    """Table of training: images per second with range, speedup over the tutorial, fraction of the roofline."""
    tutorial = rounds.best(training.TUTORIAL)
    rows = []
    for task_name, batch in rounds.calls:
        low, high = rounds.spread(task_name, batch)
        rows.append(
            [
                task_name,
                f"{batch:,}",
                count_text(rounds.rate(task_name, batch)),
                f"{count_text(low)}–{count_text(high)}",
                ratio_text(rounds.speedup((task_name, batch), tutorial)),
                share_text(rounds.roofline_fraction((task_name, batch), flops(work.training_macs))),
            ]
        )
    title = f"Training {work.network.name}: {roofline_text(rounds, work, True)}"
    return Table(title, ["implementation", "batch", "images/s", "range", "× tutorial", "of the roofline"], rows)


def inference_table(rounds: Rounds, work: Work) -> Table:
    """Table of inference: images per second by batch, latency of one image, best fraction of the roofline."""
    names = list(dict.fromkeys(task_name for task_name, _ in rounds.calls))
    batches = sorted({batch for _, batch in rounds.calls} - {1})
    rows = []
    for task_name in names:
        times = [rounds.percentile(task_name, 1, percent) for percent in (50, 99)]
        rows.append(
            [
                task_name,
                *(count_text(rounds.rate(task_name, batch)) for batch in batches),
                " / ".join(ABSENT if seconds is None else f"{1e6 * seconds:.1f}" for seconds in times),
                share_text(rounds.roofline_fraction(rounds.best(task_name), flops(work.inference_macs))),
            ]
        )
    headings = ["images/s by batch", *(f"{batch:,}" for batch in batches), "one image, p50 / p99 µs", "of the roofline"]
    return Table(f"Inference {work.network.name}: {roofline_text(rounds, work, False)}", headings, rows)


def roofline_text(rounds: Rounds, work: Work, training: bool) -> str:
    """The derivation of the roofline, with the median peak of the rounds."""
    macs = work.training_macs if training else work.inference_macs
    operations = f"2 × {macs:,} operations an image"
    if not rounds.peaks:
        return f"{operations}, peak and roofline unknown without the native engine"
    peak = statistics.median(rounds.peaks)
    return f"{peak / 1e9:.0f} GFLOP/s ÷ {operations} = roofline of {work.roofline(peak, training):,.0f} images/s"


def flops(macs: int) -> float:
    """Floating-point operations of that many multiply–accumulates."""
    return float(FLOPS_OF_A_MAC * macs)


def rounded(value: float | None) -> float | None:
    """Round to three decimals, for JSON."""
    return None if value is None else round(value, 3)


def count_text(value: float | None) -> str:
    """Format a rate with three significant figures."""
    return ABSENT if value is None else f"{float(f'{value:.3g}'):,.0f}"


def ratio_text(value: float | None) -> str:
    """Format a ratio."""
    return ABSENT if value is None else f"{value:.2f}×"


def share_text(value: float | None) -> str:
    """Format a fraction in percent."""
    return ABSENT if value is None else f"{100 * value:.1f} %"
