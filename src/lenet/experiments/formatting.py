"""Format a row's results: mean ± deviation, interval, the published value, and the line for the table of results."""

from collections.abc import Mapping, Sequence
from typing import Any

from lenet.experiments.metrics import MEASURES
from lenet.training.progress import duration

RowRecord = Mapping[str, Any]
"""The content of a row's run.json: its settings and, where it is finished, its results."""
MeasureResult = Mapping[str, Any]
"""One of the measures in the results of a run.json."""


def results_line(settings: RowRecord) -> str:
    """Format a row's lines of a Markdown table: command, seeds, mean ± s.d., interval, printed figure, time."""
    lines = []
    for result in _measures_to_report(settings):
        cells = [
            f"`{settings['command']}`" + (f", {result['part']}" if result["part"] else ""),
            f"{result['n']}",
            f"{MEASURES[result['measure']]} {mean(result)}",
            interval(result, "to") or "–",
            format_published(result) or "–",
            duration(settings["seconds"]),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _measures_to_report(settings: RowRecord) -> Sequence[MeasureResult]:
    """Select the measures that have a published value; where none has, all tests."""
    measures = settings["results"]["measures"]
    return [result for result in measures if "published" in result] or [
        result for result in measures if result["measure"] in ("test_error", "strings_right")
    ]


def unit_suffix(measure: str) -> str:
    """The suffix of a measure's unit, with the space before it: percent, or empty."""
    return "" if measure == "average_cost" else " %"


def mean(result: MeasureResult) -> str:
    """Format the mean over seeds, with the standard deviation where there is one."""
    spread = "" if result["deviation"] is None else f" ± {result['deviation']:.2f}"
    return f"{result['mean']:.2f}{spread}{unit_suffix(result['measure'])}"


def interval(result: MeasureResult, separator: str) -> str:
    """Format the confidence interval of the mean, with a separator between its ends; empty where there is none.

    It ends at 0, which no measure falls below, and a percentage's at 100.
    """
    if result["low"] is None:
        return ""
    unit = unit_suffix(result["measure"])
    low, high = max(result["low"], 0.0), min(result["high"], 100.0) if unit else result["high"]
    return f"{low:.2f} {separator} {high:.2f}{unit}"


def format_published(result: MeasureResult) -> str:
    """Format the published value of a measure; empty where there is none."""
    return (
        f"{format_value(result['published']['value'])}{unit_suffix(result['measure'])}" if "published" in result else ""
    )


def format_value(value: float) -> str:
    """Format a value with the decimals of the papers: at least one.

    >>> format_value(5.0), format_value(0.95)
    ('5.0', '0.95')
    """
    return f"{value:.1f}" if round(value, 1) == value else f"{value:g}"
