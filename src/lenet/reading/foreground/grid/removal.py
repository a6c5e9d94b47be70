"""Removal of a grid's rules from an ink map; strokes that cross a rule, or end on it, stay."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.components import label_components
from lenet.reading.foreground.grid.detection import Grid, grid_thresholds
from lenet.reading.foreground.grid.profiles import ink_extents
from lenet.reading.foreground.grid.rule import REACH, Rule, drawn_rules
from lenet.reading.foreground.grid.strokes import DARKER
from lenet.reading.foreground.ink import InkMap, equalize_strokes
from lenet.reading.normalization import stroke_width

_BLOCK = np.ones((3, 3), np.uint8)


def without_grid(ink: InkMap, grid: Grid) -> InkMap:
    """The ink map without the grid's rules, the contrast of what is left equalized; strokes that cross a rule, or end
    on it, stay."""
    ink = ink.before_equalization
    threshold = max(grid_thresholds(ink))
    printed = [rule for rule in grid.rules if not rule.is_open]
    pen = stroke_width(
        ((ink.levels > threshold) & (drawn_rules(printed, ink.levels.shape, 0.0, 2.0) == 0)).view(np.uint8)
    )
    levels = ink.levels.copy()
    drawn = {
        is_level: drawn_rules([rule for rule in printed if rule.is_level == is_level], levels.shape, 0.0, 2.0)
        for is_level in (True, False)
    }
    for is_level in (True, False):
        mask = (ink.levels > threshold) & (drawn[not is_level] == 0)
        view = levels if is_level else levels.T
        for rule in printed:
            if rule.is_level == is_level:
                _erase(view, mask if is_level else mask.T, rule, pen, threshold)
    labels, _ = label_components((levels > threshold).view(np.uint8))
    is_left = np.bincount(labels[(drawn[True] & drawn[False]) == 0], minlength=int(labels.max()) + 1) > 0
    is_left[0] = True
    levels[~is_left[labels]] = 0.0  # two rules are darker where they cross than each of them
    return equalize_strokes(ink.with_levels(levels))


def _erase(levels: NDArray[np.float32], mask: NDArray[np.bool_], rule: Rule, pen: float, threshold: float) -> None:
    """Set the ink of a level rule to 0, but where strokes cross it, and what of it is darker than print.

    A stroke that lies on the rule, runs along it for more than it is wide, and stands out at one side keeps the width
    of the pen.
    """
    height, width = mask.shape
    reach = round(rule.thickness) + REACH
    columns = np.arange(max(0, rule.start - reach), min(width, rule.end + reach))
    middles = rule.middles[np.clip(columns - rule.start, 0, len(rule.middles) - 1)]
    half, tolerance = (rule.thickness - 1) / 2, 1.0 + 0.25 * rule.thickness
    above, below = ink_extents(mask, middles, columns, limit=round(half + max(tolerance, pen)) + 3)
    margin = math.ceil(half) + 2
    offsets = np.arange(-margin, margin + 1)[:, None]
    rows = np.rint(middles).astype(np.intp) + offsets
    ink = levels[np.clip(rows, 0, height - 1), columns]
    is_pen = ink > DARKER * rule.darkness
    is_pen = cv2.morphologyEx(is_pen.view(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))  # rules are grained
    stays = cv2.dilate(is_pen, _BLOCK) > 0
    is_above, is_below = _broadened(above > half + tolerance), _broadened(below > half + tolerance)
    stays |= _crossing_strokes(_runs_of(is_above), _runs_of(is_below), stays.shape, max(1, round(0.7 * rule.thickness)))
    for extent, stands_out, depths in ((above, is_above, above + offsets), (below, is_below, below - offsets)):
        stays |= _broadened(stands_out & (extent < half + pen), round(pen)) & (depths < pen)
    stays |= (np.abs(offsets) == margin) & (ink > threshold)  # beside a rule only its blur is its own
    erased = (rows >= 0) & (rows < height) & ~stays
    levels[rows[erased], np.broadcast_to(columns, rows.shape)[erased]] = 0.0


def _crossing_strokes(
    above: NDArray[np.intp], below: NDArray[np.intp], shape: tuple[int, ...], reach: int
) -> NDArray[np.bool_]:
    """The strokes across a rule, bool (height, columns), from where ink leaves it above to where it does below.

    Both, (n, 2), are where it begins and ends along the rule. What is nearest to one another, and no farther off than
    ``reach`` columns, is one stroke, straight across the rule.
    """
    strokes = np.zeros(shape, np.uint8)
    if len(above) and len(below):
        white = np.maximum(above[:, None, 0] - below[None, :, 1], below[None, :, 0] - above[:, None, 1])
        white = np.maximum(white, 0)
        is_nearest = (white == white.min(axis=0)) | (white == white.min(axis=1)[:, None])
        bottom = shape[0] - 1
        for i, j in zip(*np.nonzero(is_nearest & (white <= reach)), strict=True):
            (start, end), (first, last) = above[i], below[j]
            corners = [[start, 0], [end - 1, 0], [last - 1, bottom], [first, bottom]]
            cv2.fillConvexPoly(strokes, np.array(corners, np.int32), 1)
    return strokes > 0


def _runs_of(columns: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Starts and ends of the runs of a row, (n, 2)."""
    return np.flatnonzero(np.diff(np.pad(columns.view(np.int8), 1))).reshape(-1, 2)


def _broadened(columns: NDArray[np.bool_], count: int = 2) -> NDArray[np.bool_]:
    """Runs of so many columns and more: single ones are the rule's ragged edge."""
    row = columns.astype(np.uint8)[None]
    opened = cv2.morphologyEx(row, cv2.MORPH_OPEN, np.ones((1, max(2, count)), np.uint8))
    return np.asarray(opened[0] > 0, np.bool_)
