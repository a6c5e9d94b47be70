"""Charts on a sheet: axes linear or logarithmic, a grid, lines with bands, bars, dots, and a legend.

The sheet is matplotlib's, or a bitmap where there may be no matplotlib.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lenet.figures.bitmap import Bitmap
from lenet.figures.sheet import Sheet

ValueRange = tuple[float, float]


@dataclass(frozen=True)
class Chart:
    """A field on a sheet, in inches, and the values at its edges.

    Attributes:
        x_range, y_range: the values at left and right, and at bottom and top.
        is_log: whether ``y_range`` is logarithmic.
    """

    sheet: Sheet | Bitmap
    left: float
    top: float
    width: float
    height: float
    x_range: ValueRange
    y_range: ValueRange
    is_log: bool = False

    def to_sheet(self, x: float, y: float) -> tuple[float, float]:
        """Map a point to sheet coordinates; one beyond the field is clamped to its edge."""
        (left, right), (low, high) = self.x_range, self.y_range
        x, y = min(max(x, left), right), min(max(y, low), high)
        fraction = math.log(y / low) / math.log(high / low) if self.is_log else (y - low) / (high - low)
        return self.left + self.width * (x - left) / (right - left), self.top + self.height * (1 - fraction)

    def frame(self, x_ticks: Sequence[float], y_ticks: Sequence[float], x_label: str, y_label: str) -> None:
        """Draw grid, tick labels and axis labels."""
        sheet, theme, bottom = self.sheet, self.sheet.theme, self.top + self.height
        for tick in y_ticks:
            y = self.to_sheet(self.x_range[0], tick)[1]
            sheet.line([(self.left, y), (self.left + self.width, y)], width=0.5)
            sheet.text(self.left - 0.08, y, f"{tick:g}", 8, theme.muted, "right", vertical="center")
        self._numbers_below(x_ticks, x_label, bottom, bottom + 0.05, 0.6)
        sheet.line([(self.left, bottom), (self.left + self.width, bottom)], theme.muted, 0.8)
        sheet.text(self.left, self.top - 0.12, y_label, 9, theme.muted)

    def vertical_grid(self, ticks: Sequence[float], label: str) -> None:
        """Draw the grid of a chart whose rows have names: lines from top to bottom, with their numbers below."""
        self._numbers_below(ticks, label, self.top, self.top + self.height, 0.5)

    def _numbers_below(self, ticks: Sequence[float], label: str, top: float, bottom: float, width: float) -> None:
        sheet, muted, below = self.sheet, self.sheet.theme.muted, self.top + self.height
        for tick in ticks:
            x = self.to_sheet(tick, self.y_range[0])[0]
            sheet.line([(x, top), (x, bottom)], width=width)
            sheet.text(x, below + 0.2, f"{tick:,g}".replace("-", "−"), 8, muted, "center")
        sheet.text(self.left + self.width / 2, below + 0.42, label, 9, muted, "center")

    def band(self, xs: Sequence[float], low: Sequence[float], high: Sequence[float], color: str) -> None:
        """Fill between two lines."""
        upper_points = [self.to_sheet(x, y) for x, y in zip(xs, high, strict=True)]
        lower_points = [self.to_sheet(x, y) for x, y in zip(xs, low, strict=True)]
        if len(upper_points) > 1:
            self.sheet.polygon([*upper_points, *reversed(lower_points)], fill=color, opacity=0.25, line=0.0)

    def line(self, xs: Sequence[float], ys: Sequence[float], color: str, width: float = 1.6) -> None:
        """Draw a line through points, or a dot where there is one point."""
        points = [self.to_sheet(x, y) for x, y in zip(xs, ys, strict=True)]
        if len(points) > 1:
            self.sheet.line(points, color, width)
        else:
            self.dots(xs, ys, color, filled=True)

    def whisker(self, x: float, low: float, high: float, color: str, width: float = 1.2) -> None:
        """Draw a vertical error bar from one value to another."""
        self.sheet.line([self.to_sheet(x, low), self.to_sheet(x, high)], color, width)

    def bars(self, edges: Sequence[float], values: Sequence[float], color: str) -> None:
        """Fill a histogram: a bar for each value, between two edges."""
        for left, right, value in zip(edges[:-1], edges[1:], values, strict=True):
            corners = (left, self.y_range[0]), (left, value), (right, value), (right, self.y_range[0])
            self.sheet.polygon([self.to_sheet(x, y) for x, y in corners], fill=color, line=0.0)

    def dots(
        self, xs: Sequence[float], ys: Sequence[float], color: str, filled: bool = False, size: float = 0.0
    ) -> None:
        """Draw points as disks, or as rings; ``size`` is the square of the diameter in points."""
        points = [self.to_sheet(x, y) for x, y in zip(xs, ys, strict=True)]
        self.sheet.dots(points, color, filled, size or (18 if filled else 36))

    def reference_line(self, value: float, color: str) -> None:
        """Draw a dashed line across the field at a published value."""
        y, dash_pitch = self.to_sheet(self.x_range[0], value)[1], 0.12
        for number in range(int(self.width / dash_pitch)):
            if number % 2 == 0:
                x = self.left + number * dash_pitch
                self.sheet.line([(x, y), (x + dash_pitch, y)], color, 1.0)


def legend(sheet: Sheet | Bitmap, x: float, y: float, entries: Sequence[tuple[str, str, str]]) -> None:
    """Draw a legend, one entry beside the other: kind (``"line"``, ``"ring"``, ``"level"``), color, words."""
    for kind, color, label in entries:
        if kind == "ring":
            sheet.dots([(x + 0.11, y - 0.05)], color)
        elif kind == "level":
            for part in (0.0, 0.13):
                sheet.line([(x + part, y - 0.05), (x + part + 0.08, y - 0.05)], color, 1.0)
        else:
            sheet.line([(x, y - 0.05), (x + 0.22, y - 0.05)], color, 2.0)
        sheet.text(x + 0.3, y, label, 8.5, sheet.theme.ink)
        x += 0.3 + sheet.text_width(label, 8.5) + 0.25


def log_range(values: Sequence[float], minimum: float = 0.01) -> tuple[ValueRange, list[float]]:
    """Range and ticks of a logarithmic axis that holds the values; ticks are 1, 2 and 5 times powers of ten.

    >>> log_range([0.36, 4.9])
    ((0.2, 5.0), [0.2, 0.5, 1.0, 2.0, 5.0])
    """
    candidates = [round(factor * 10.0**power, 6) for power in range(-3, 3) for factor in (1, 2, 5)]
    low, high = max(min(values), minimum), max(*values, 2 * minimum)
    first = max(index for index, tick in enumerate(candidates) if tick <= low)
    last = min(index for index, tick in enumerate(candidates) if tick >= min(high, 100))
    last = max(last, first + 1)
    return (candidates[first], candidates[last]), candidates[first : last + 1]


def nice_ticks(low: float, high: float, *, integers_only: bool = False, max_steps: int = 6) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, from the last under ``low`` to ``high``, about ``max_steps`` steps.

    >>> nice_ticks(0, 0.37)
    [0.0, 0.1, 0.2, 0.3, 0.4]
    >>> nice_ticks(1, 3, integers_only=True)
    [1.0, 2.0, 3.0]
    """
    power = math.floor(math.log10(high - low or 1.0)) - 1
    exponents = range(max(power, 0), max(power, 0) + 4) if integers_only else range(power, power + 4)
    steps = (factor * 10.0**exponent for exponent in exponents for factor in (1, 2, 5))
    step = next(step for step in steps if high - low <= (max_steps + 1e-9) * step)
    first, end = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{index * step:.12g}") for index in range(first, max(end, first + 1 - integers_only) + 1)]
