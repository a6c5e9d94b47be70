"""Detection of the grid of an ink map: the rules that bound cells, and the cells between them."""

from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.grid.arrangement import arranged, completed, divided
from lenet.reading.foreground.grid.cell import GridCell, is_closed
from lenet.reading.foreground.grid.combs import with_combs
from lenet.reading.foreground.grid.crossings import connected_rules, meeting_rules
from lenet.reading.foreground.grid.families import alike_rules
from lenet.reading.foreground.grid.missing_rules import with_missing, with_open_sides, with_sides
from lenet.reading.foreground.grid.profiles import find_darkness, measure_rule
from lenet.reading.foreground.grid.regions import bounding_rules, cells_between
from lenet.reading.foreground.grid.rule import Mask, Rule, draw_rule
from lenet.reading.foreground.grid.spacing import MIN_ALIKE
from lenet.reading.foreground.grid.strokes import (
    DARKER,
    even_rules,
    printed_rules,
    without_lone_strokes,
    without_strokes,
)
from lenet.reading.foreground.grid.tracing import joined_over_gaps, trace_rules
from lenet.reading.foreground.grid.zeros import without_zeros
from lenet.reading.foreground.ink import GRAIN, SHARES, InkMap
from lenet.reading.order_statistics import median

RULE_SHARES = (0.12, *SHARES)  # of full ink: a rule may be paler than a pen writes

_BLOCK = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class Grid:
    """Rules and the cells between them.

    Attributes:
        rules: the printed lines that bound cells.
        cells: row by row, left to right.
        regions: int32 (h, w), the number of the cell that each pixel belongs to; 0 outside, and on rules.
    """

    rules: tuple[Rule, ...]
    cells: tuple[GridCell, ...]
    regions: NDArray[np.int32]

    @cached_property
    def print_levels(self) -> NDArray[np.float32]:
        """Darkness of the rules, float32 (h, w); 0 where there is none."""
        levels = np.zeros(self.regions.shape, np.float32)
        for rule in sorted((rule for rule in self.rules if not rule.is_open), key=lambda rule: rule.darkness):
            draw_rule(rule, levels, rule.darkness)
        return levels


def find_grid(ink: InkMap) -> Grid | None:
    """Find the grid of an ink map; None if there is none.

    Where a grid's rules stand out from the lower threshold less than strokes from print, a still lower one is tried,
    too: others are paler.
    """
    best: Grid | None = None
    ink = ink.before_equalization  # print is as dark where nothing is written on it
    thresholds = grid_thresholds(ink)
    for threshold in thresholds:
        mask = (ink.levels > threshold).view(np.uint8)
        bridged = np.asarray(cv2.dilate(mask, _BLOCK), np.uint8)
        rules = trace_rules(ink, mask, bridged, max(threshold / DARKER, 2.5 * ink.noise))
        grid = _grid_of(ink, bridged, mask, rules) if rules else None
        lower = max(threshold / DARKER**2, GRAIN * ink.noise)
        if grid and lower < threshold == thresholds[0] and _are_pale(rules, ink, DARKER * threshold):
            thresholds.append(lower)
        if grid is not None and (best is None or _count_cells_and_rules(grid) > _count_cells_and_rules(best)):
            best = grid
    return best


def _are_pale(rules: list[Rule], ink: InkMap, level: float) -> bool:
    """Whether rules of both directions are among those paler than a level."""
    return all(
        any(rule.is_level == is_level and find_darkness(rule, levels) < level for rule in rules)
        for is_level, levels in ((True, ink.levels), (False, ink.levels.T))
    )


def _count_cells_and_rules(grid: Grid) -> tuple[int, int]:
    """Count the cells of a grid, and the rules that bound them."""
    return len(grid.cells), len(grid.rules)


def grid_thresholds(ink: InkMap) -> list[float]:
    """The two levels above which print is looked for: higher ones where most of the picture would be ink."""
    thresholds = ink.thresholds(RULE_SHARES)
    fitting = (t for t in thresholds if 2 * np.count_nonzero(ink.levels > t) <= ink.levels.size)
    return list(islice(fitting, 2))


def _grid_of(ink: InkMap, bridged: Mask, mask: Mask, rules: list[Rule]) -> Grid | None:
    """The grid that these rules make: cells, and the rules that bound them."""
    rules = joined_over_gaps(rules)
    rules = with_open_sides(with_combs(rules, bridged), mask.shape[1])
    rules = meeting_rules(rules, bridged)
    if not rules:
        return None
    rules = alike_rules(even_rules([measure_rule(rule, ink.levels, mask) for rule in rules]))
    extent = max(mask.shape)
    rules = without_lone_strokes(printed_rules(rules, extent, ink.peak), extent)
    rules = meeting_rules(without_strokes(rules), bridged)
    rules = with_sides(with_missing(rules, bridged), bridged)
    while True:
        printed = {rule.is_level for rule in rules if not rule.is_open}
        if len(printed) < 2:  # lines that a page is ruled with, whatever they end on
            return None
        cells, regions = cells_between(rules, mask.shape)
        cells = without_zeros(cells, regions, mask, bridged, median([rule.thickness for rule in rules]))
        figures = connected_rules(rules)
        bounding = [figure for figure in figures if any(_holds(figure, cell) for cell in cells)]
        if len(bounding) == len(figures):
            break
        rules = [rule for figure in bounding for rule in figure]  # the others are strokes of digits, as of a zero
    if not any(is_closed(cell, mask.shape) for cell in cells) and len(cells) < MIN_ALIKE:
        return None
    numbers = np.zeros(regions.max() + 1, np.int32)
    numbers[[cell.number for cell in cells]] = [cell.number for cell in cells]
    regions = numbers[regions]
    cells = arranged(divided(cells, regions, mask))
    cells = arranged(completed(cells, bounding_rules(rules, regions), regions))
    return Grid(tuple(bounding_rules(rules, regions)), tuple(cells), regions)


def _holds(figure: list[Rule], cell: GridCell) -> bool:
    """Whether the middle of a cell lies in the box around some rules, or over it, as over a comb."""
    tops, lefts, bottoms, rights = zip(*(rule.extent for rule in figure), strict=True)
    top, left, bottom, right = cell.box
    is_level = 2 * min(tops) < top + bottom < 2 * max(bottoms)
    is_level |= any(rule.in_comb for rule in figure)
    return bool(is_level and 2 * min(lefts) < left + right < 2 * max(rights))
