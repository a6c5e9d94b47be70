"""A printed line: a curve with its thickness, which may be drawn again."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
MAX_THICKNESS = 0.25  # of a straight stroke, as a share of its length
MIN_COVERAGE = 0.85  # of a straight line's way, or of a rectangle's area: paper bends, and print has gaps
REACH = 3  # pixels between the end of a rule and the edge of what it ends on: another one, or the picture


def _mean(values: NDArray[np.float32]) -> float:
    """The mean of a few numbers: NumPy's own takes five times as long to find out what to do."""
    return float(np.add.reduce(values) / np.float32(len(values)))


def nearest_pixels(places: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """The rows (or columns) of pixels nearest to some places, of so many: NumPy's clip takes five times as long."""
    nearest: NDArray[np.intp] = np.rint(places).astype(np.intp)
    return np.minimum(np.maximum(nearest, 0, out=nearest), count - 1, out=nearest)


def transposed(mask: Mask) -> Mask:
    """A copy with rows as columns: OpenCV's takes a seventh of the time of NumPy's."""
    return np.asarray(cv2.transpose(mask), np.uint8)


@dataclass(frozen=True, eq=False)
class Rule:
    """A printed line: for each pixel along it, from ``start``, the middle of its ink, and its thickness.

    ``is_level``: it runs from left to right; otherwise from top to bottom. ``darkness``: the median level of its ink.
    ``evenness``: the share of its way on which its ink is as thick, and as smooth, as most of it.
    ``is_open``: nothing is printed there, but cells end there: at the top of a comb. ``in_comb``: it is part of one.
    """

    start: int
    middles: NDArray[np.float32]
    thickness: float
    is_level: bool
    darkness: float = 0.0
    evenness: float = 1.0
    is_open: bool = False
    in_comb: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.middles)

    @cached_property
    def head(self) -> float:
        """The position of its start, across its course."""
        return _mean(self.middles[:5])

    @cached_property
    def tail(self) -> float:
        """The position of its end, across its course."""
        return _mean(self.middles[-5:])

    @cached_property
    def slope(self) -> float:
        """Its slope: that of the line through its first and last quarters."""
        part = max(1, len(self.middles) // 4)
        rise = np.float32(_mean(self.middles[-part:])) - np.float32(_mean(self.middles[:part]))
        return float(rise) / max(len(self.middles) - part, 1)

    @cached_property
    def extent(self) -> tuple[float, float, float, float]:
        """Its box as top, left, bottom, right, half its reach around it."""
        reach = REACH + self.thickness / 2
        low, high = float(self.middles.min()) - reach, float(self.middles.max()) + reach
        start, end = self.start - reach, self.end + reach
        return (low, start, high, end) if self.is_level else (start, low, end, high)

    def at(self, place: float) -> float:
        """Its middle at a place along it; beyond its ends that of the end."""
        return float(self.middles[min(max(round(place) - self.start, 0), len(self.middles) - 1)])

    def points(self, extension: float = 0.0) -> NDArray[np.int32]:
        """Corners of the curve, (n, 2) as x, y in sixteenths of a pixel, both ends extended."""
        steps = np.unique(np.r_[np.arange(0, len(self.middles), 8), len(self.middles) - 1])
        along, across = self.start + steps.astype(np.float64), self.middles[steps].astype(np.float64)
        along[0], along[-1] = along[0] - extension, along[-1] + extension
        pair = (along, across) if self.is_level else (across, along)
        return np.asarray(np.rint(16 * np.stack(pair, axis=1)), np.int32)


def drawn_rules(rules: Sequence[Rule], shape: tuple[int, ...], extension: float = 0.0, margin: float = 0.0) -> Mask:
    mask = np.zeros(shape, np.uint8)
    for rule in rules:
        draw_rule(rule, mask, 1, extension and extension + rule.thickness, margin)
    return mask


def draw_rule(
    rule: Rule, target: Mask | NDArray[np.float32], level: float, extension: float = 0.0, margin: float = 0.0
) -> None:
    """Draw a rule as thick as it is and ``margin`` more, both ends extended."""
    width = max(1, round(rule.thickness + margin))
    cv2.polylines(target, [rule.points(extension)], False, level, width, cv2.LINE_8, 4)
