"""A chart on a sheet: axes linear or logarithmic, a grid, lines with bands, dots, and a legend."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lenet.figures.sheet import Sheet

Span = tuple[float, float]


@dataclass(frozen=True)
class Chart:
    """A field on a sheet, in inches, and the values at its edges.

    Attributes:
        across, up: the values at left and right, and at bottom and top.
        is_log: whether ``up`` is logarithmic.
    """

    sheet: Sheet
    left: float
    top: float
    width: float
    height: float
    across: Span
    up: Span
    is_log: bool = False

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where on the sheet a point lies; one beyond the field is brought to its edge."""
        low, high = self.up
        y = min(max(y, low), high)
        share = math.log(y / low) / math.log(high / low) if self.is_log else (y - low) / (high - low)
        return (
            self.left + self.width * (x - self.across[0]) / (self.across[1] - self.across[0]),
            self.top + self.height * (1 - share),
        )

    def frame(self, ticks_across: Sequence[float], ticks_up: Sequence[float], x_label: str, y_label: str) -> None:
        """Draw grid, numbers and what the axes count."""
        sheet, theme, bottom = self.sheet, self.sheet.theme, self.top + self.height
        for tick in ticks_up:
            y = self.at(self.across[0], tick)[1]
            sheet.line([(self.left, y), (self.left + self.width, y)], width=0.5)
            sheet.text(self.left - 0.08, y, f"{tick:g}", 8, theme.muted, "right", vertical="center")
        for tick in ticks_across:
            x = self.at(tick, self.up[0])[0]
            sheet.line([(x, bottom), (x, bottom + 0.05)], width=0.6)
            sheet.text(x, bottom + 0.2, f"{tick:,g}".replace("-", "−"), 8, theme.muted, "center")
        sheet.line([(self.left, bottom), (self.left + self.width, bottom)], theme.muted, 0.8)
        sheet.text(self.left + self.width / 2, bottom + 0.42, x_label, 9, theme.muted, "center")
        sheet.text(self.left, self.top - 0.12, y_label, 9, theme.muted)

    def band(self, xs: Sequence[float], low: Sequence[float], high: Sequence[float], color: str) -> None:
        """Fill between two lines."""
        there = [self.at(x, y) for x, y in zip(xs, high, strict=True)]
        back = [self.at(x, y) for x, y in zip(xs, low, strict=True)]
        if len(there) > 1:
            self.sheet.polygon([*there, *reversed(back)], fill=color, opacity=0.25, line=0.0)

    def line(self, xs: Sequence[float], ys: Sequence[float], color: str, width: float = 1.6) -> None:
        """Draw a line through points, or a dot where there is one point."""
        points = [self.at(x, y) for x, y in zip(xs, ys, strict=True)]
        if len(points) > 1:
            self.sheet.line(points, color, width)
        else:
            self.dots(xs, ys, color, filled=True)

    def dots(
        self, xs: Sequence[float], ys: Sequence[float], color: str, filled: bool = False, size: float = 0.0
    ) -> None:
        """Draw points: filled are ours, rings are the papers'."""
        points = [self.at(x, y) for x, y in zip(xs, ys, strict=True)]
        self.sheet.dots(points, color, filled, size or (18 if filled else 36))

    def level(self, value: float, color: str) -> None:
        """A broken line across the field at a printed figure."""
        y, step = self.at(self.across[0], value)[1], 0.12
        for number in range(int(self.width / step)):
            if number % 2 == 0:
                x = self.left + number * step
                self.sheet.line([(x, y), (x + step, y)], color, 1.0)


def legend(sheet: Sheet, x: float, y: float, entries: Sequence[tuple[str, str, str]]) -> None:
    """Name what is drawn, one entry beside the other: kind (``"line"``, ``"ring"``, ``"level"``), color, words."""
    from lenet.figures.sheet import breadth

    for kind, color, words in entries:
        if kind == "ring":
            sheet.dots([(x + 0.11, y - 0.05)], color)
        elif kind == "level":
            for part in (0.0, 0.13):
                sheet.line([(x + part, y - 0.05), (x + part + 0.08, y - 0.05)], color, 1.0)
        else:
            sheet.line([(x, y - 0.05), (x + 0.22, y - 0.05)], color, 2.0)
        sheet.text(x + 0.3, y, words, 8.5, sheet.theme.ink)
        x += 0.3 + breadth(words, 8.5) + 0.25


def log_span(values: Sequence[float], least: float = 0.01) -> tuple[Span, list[float]]:
    """Ends and ticks, of 1, 2 and 5 times powers of ten, of a logarithmic axis that holds the values.

    >>> log_span([0.36, 4.9])
    ((0.2, 5.0), [0.2, 0.5, 1.0, 2.0, 5.0])
    """
    known = [round(factor * 10.0**power, 6) for power in range(-3, 3) for factor in (1, 2, 5)]
    low, high = max(min(values), least), max(*values, 2 * least)
    first = max(index for index, tick in enumerate(known) if tick <= low)
    last = min(index for index, tick in enumerate(known) if tick >= min(high, 100))
    last = max(last, first + 1)
    return (known[first], known[last]), known[first : last + 1]
