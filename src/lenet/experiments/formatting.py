"""Format a row's figures: mean ± deviation, interval, the printed figure, and the line for the table of results."""

from collections.abc import Mapping, Sequence
from typing import Any

from lenet.experiments.metrics import MEASURES
from lenet.training.progress import duration

Settings = Mapping[str, Any]
Figure = Mapping[str, Any]
"""One of the measures in the results of a run.json."""


def results_line(settings: Settings) -> str:
    """Format a line of the table in docs/results.md: command, seeds, mean ± s.d., interval, printed figure, time."""
    lines = []
    for one in _compared(settings):
        cells = [
            f"`{settings['command']}`" + (f", {one['part']}" if one["part"] else ""),
            f"{one['n']}",
            f"{MEASURES[one['measure']]} {mean(one)}",
            interval(one, "to") or "–",
            printed_figure(one) or "–",
            duration(settings["seconds"]),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _compared(settings: Settings) -> Sequence[Figure]:
    """The figures that a printed one stands beside; where nothing is printed, all tests."""
    measures = settings["results"]["measures"]
    return [one for one in measures if "published" in one] or [
        one for one in measures if one["measure"] in ("test_error", "strings_right")
    ]


def unit(measure: str) -> str:
    """The unit of a measure with the space before it: percent, or none."""
    return "" if measure == "average_cost" else " %"


def mean(one: Figure) -> str:
    """Format the mean over seeds, with the standard deviation where there is one."""
    spread = "" if one["deviation"] is None else f" ± {one['deviation']:.2f}"
    return f"{one['mean']:.2f}{spread}{unit(one['measure'])}"


def interval(one: Figure, to: str) -> str:
    """Format the interval of the mean with the word between its ends; nothing where there is none."""
    if one["low"] is None:
        return ""
    return f"{one['low']:.2f} {to} {one['high']:.2f}{unit(one['measure'])}".replace("-", "−")


def printed_figure(one: Figure) -> str:
    """Format the printed figure beside a measured one; nothing where there is none."""
    return f"{printed(one['published']['value'])}{unit(one['measure'])}" if "published" in one else ""


def printed(value: float) -> str:
    """Format a figure with the digits of the papers: one after the point at least.

    >>> printed(5.0), printed(0.95)
    ('5.0', '0.95')
    """
    return f"{value:.1f}" if round(value, 1) == value else f"{value:g}"
