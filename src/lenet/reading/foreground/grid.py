"""Detection of grids: printed rules as curves with their thickness, the cells between them, and the ink without them.

A straight stroke of a pen becomes a rule by what it meets: it bounds a cell, a region of paper of four straight sides,
that has ink inside or others like it beside it. A 1 between two rules does not reach both; the foot of a 2 bounds
nothing.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice, pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.boxes import Box, bounding_box
from lenet.reading.foreground.components import label_components
from lenet.reading.foreground.ink import InkMap, equalize_strokes
from lenet.reading.order_statistics import median, quantile

Mask = NDArray[np.uint8]

SHARES = (0.12, 0.25, 0.45)  # of full ink: a rule may be paler than a pen writes
MAX_INKED = 0.4  # of the picture: more above a level is the grain of paper, or its shade
PALE = 0.7  # of the threshold: the ink in which a rule goes on
MIN_BAR, MIN_BAR_SHARE = 16, 0.025  # the shortest straight run: pixels, and of the picture's longer side
MERGED = 0.1  # of a run's columns: where more have white between ink, it holds several rules
HIGHER = 0.6  # of the length of runs: ink that goes on so far across them joins two rules
MAX_THICKNESS = 0.25  # of a rule, as a share of its length
MAX_UNINKED = 0.35  # of a gap between two runs of one rule: more white ends the rule
STEP = 24  # pixels that a rule is followed at a time
MIN_GAP = 6  # pixels: gaps that a printer or a threshold may leave
LONGER = 3  # the second length of runs, of the first: where rules are thicker than that is long
MIN_CELL = 14  # pixels: the shortest side of a cell, as low as digits that are read
MIN_SQUARE, MIN_THROUGH = 6, 11  # the same on squared paper: so many rules each way, more than a sudoku has
MIN_FILL = 0.86  # of its smallest rectangle that a cell fills
INNER, OFF_CORNERS = 0.67, 1.1  # of half a cell's sides, and of their sum: what counts as inside
MIN_CORNERS, MIN_CORNERS_OF_FILLED = 4, 2  # of boxes that stand alone: a zero has none, or three where ink runs
MAX_DIGIT = 3.0  # of the height of what it encloses: a digit is no higher
MIN_ALIKE = 3  # so many cells of like size are a grid, whether something is in them or not
REACH = 3.0  # pixels between the end of a rule and the edge of the one that it ends on
EDGE = 4  # pixels: so near the picture's edge a rule runs out of it
LONG = 0.6  # of the picture: a rule of this length may end anywhere
DARKER = 1.4  # times as dark as most rules: a stroke of the pen
ON_LATTICE = 0.6  # of the uprights between two level rules: fewer are no evenly spaced sides
MIN_EVEN, PITCH = 5, 0.12  # so many rules, and most of their distances as near to the usual one, are evenly spaced
MIN_EVENNESS = 0.4  # of a rule's way: the strokes of digits one below the other are uneven
MAX_TURN = 0.05  # that the slope of a rule may be off those of its family: paper bends
UNEVEN = 0.08  # of their pitch: the sides of boxes are evenly spaced, the strokes between them are not
LONG_PRINT = 0.4  # of the picture: no stroke of a pen is as long
MIN_ASPECT = 0.5  # of a box of a field, whose sides may be hidden: height to width, or width to height
MIN_SIDE = 0.85  # of a hidden side's way, with ink
BOWS = tuple(PITCH * bow / 2 for bow in range(-2, 3))  # how much wider than most the outermost cells are: perspective
COMB = 1.1  # pitches that the boxes of a comb are high at least: its teeth may be short
BEND, BEND_REACH = 3.0, 12  # pixels that a rule may leave its smooth course, and over which that is averaged
MIN_BENT = 200  # pixels: shorter rules are straight, but for bends
MIN_COVERAGE = 0.9  # of a rule's way, with ink
MIN_PICTURE = 200  # pixels of the longer side: smaller pictures hold a digit or two
MAX_RUNS = 600  # straight runs of a page: more are texture
MAX_CELLS = 4000  # more are texture
SLANT = 0.06  # of a cell's width that the middle of its top may lie below its box's: half the slope of a turned page

_BLOCK = np.ones((3, 3), np.uint8)


def _mean(values: NDArray[np.float32]) -> float:
    """The mean of a few numbers: NumPy's own takes five times as long to find out what to do."""
    return float(np.add.reduce(values) / np.float32(len(values)))


def _pixels(places: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """The rows (or columns) of pixels nearest to some places, of so many: NumPy's clip takes five times as long."""
    nearest: NDArray[np.intp] = np.rint(places).astype(np.intp)
    return np.minimum(np.maximum(nearest, 0, out=nearest), count - 1, out=nearest)


def _transposed(mask: Mask) -> Mask:
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
        """Where it begins, across its course."""
        return _mean(self.middles[:5])

    @cached_property
    def tail(self) -> float:
        """Where it ends, across its course."""
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


@dataclass(frozen=True, eq=False)
class GridCell:
    """A cell: its box in the ink map, its number among the grid's regions, its row and column, from 0.

    ``block``: the number of the rules' figure that it is part of; rows and columns count through all of them.
    """

    number: int
    box: Box
    row: int = 0
    column: int = 0
    block: int = 0

    @property
    def height(self) -> int:
        return self.box[2] - self.box[0]

    @property
    def width(self) -> int:
        return self.box[3] - self.box[1]


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
        """How dark the rules are, float32 (h, w); 0 where there is none."""
        levels = np.zeros(self.regions.shape, np.float32)
        for rule in sorted((rule for rule in self.rules if not rule.is_open), key=lambda rule: rule.darkness):
            _draw(rule, levels, rule.darkness)
        return levels


def find_grid(ink: InkMap) -> Grid | None:
    """Find the grid of an ink map; None if there is none."""
    best: Grid | None = None
    if max(ink.levels.shape) < MIN_PICTURE:
        return None
    ink = ink.before_equalization  # print is as dark where nothing is written on it
    for threshold in grid_thresholds(ink):
        mask = (ink.levels > threshold).view(np.uint8)
        bridged = np.asarray(cv2.dilate(mask, _BLOCK), np.uint8)
        rules = _rules_at(ink, mask, bridged, max(PALE * threshold, 2.5 * ink.noise))
        grid = _grid_of(ink, bridged, mask, rules) if rules else None
        if grid is not None and (best is None or len(grid.cells) > len(best.cells)):
            best = grid
    return best


def grid_thresholds(ink: InkMap) -> list[float]:
    """The two levels above which print is looked for: higher ones where so much is ink that it must be paper."""
    thresholds = ink.thresholds(SHARES)
    fitting = (t for t in thresholds if np.count_nonzero(ink.levels > t) / ink.levels.size <= MAX_INKED)
    return list(islice(fitting, 2))


def _rules_at(ink: InkMap, mask: Mask, bridged: Mask, palest: float) -> list[Rule]:
    """What may be rules in a mask, followed into paler ink; none if none of them ends on others at both sides."""
    length = max(MIN_BAR, round(MIN_BAR_SHARE * max(mask.shape)))
    level = _straight_runs(mask, length, True)
    upright = _straight_runs(mask, length, False) if level else []
    if not upright or len(level) + len(upright) < 3 or len(level) + len(upright) > MAX_RUNS:
        return []
    pale = np.asarray(cv2.dilate((ink.levels > palest).view(np.uint8), _BLOCK), np.uint8)
    rules: list[Rule] = []
    for runs, is_level in ((level, True), (upright, False)):
        family = _Family.of(runs)
        levels, inked, bridges = (ink.levels, pale, bridged) if is_level else (ink.levels.T, pale.T, bridged.T)
        joined = _joined([run for run in runs if family.has(run)], bridges, family)
        followed = _joined([_followed(rule, levels, palest, family) for rule in joined], bridges, family)
        rules += chain(*(_inked_parts(rule, inked, length) for rule in followed))
    return rules


@dataclass(frozen=True, eq=False)
class _Family:
    """The slopes of rules in one direction: as perspective has it, they change evenly across the rules.

    ``slope`` at the middle of their places, ``turn`` for each pixel from there.
    """

    slope: float
    turn: float
    middle: float

    @classmethod
    def of(cls, runs: Sequence[Rule]) -> "_Family":
        """The slopes that long runs agree on, by iterated weights."""
        if not runs:
            return cls(0.0, 0.0, 0.0)
        lengths = np.array([len(run.middles) for run in runs], np.float64)
        slopes = np.array([run.slope for run in runs])
        places = np.array([float(run.middles[len(run.middles) // 2]) for run in runs])
        order = np.argsort(slopes)
        weights = lengths[order] ** 2
        slope = float(slopes[order][np.searchsorted(np.cumsum(weights), weights.sum() / 2)])
        middle, turn = float(places.mean()), 0.0
        extent = max(float(np.ptp(places)), 1.0)
        for _ in range(5):
            residuals = slopes - slope - turn * (places - middle)
            weights = lengths**2 / (1 + (residuals / MAX_TURN) ** 2) ** 2
            away = (places - middle) / extent
            total, first = float(weights.sum()), float(weights @ away)
            second = float(weights @ away**2) + 0.05 * total
            rise, turned = float(weights @ slopes), float(weights @ (slopes * away))
            determinant = total * second - first * first
            slope = (rise * second - first * turned) / determinant
            turn = (total * turned - first * rise) / determinant / extent
        return cls(slope, turn, middle)

    def at(self, place: float) -> float:
        """The slope of a rule at a place across the rules."""
        return self.slope + self.turn * (place - self.middle)

    def has(self, run: Rule) -> bool:
        """Whether a run is as steep, and straight; short ones are no surer of that than by a pixel or two."""
        count = len(run.middles)
        slope = self.at(float(run.middles[count // 2]))
        if abs(run.slope - slope) > MAX_TURN + 3.0 / count:
            return False
        offsets = run.middles - slope * np.arange(count, dtype=np.float32)
        max_range = 3.0 + run.thickness / 2 + MAX_TURN * count
        if float(offsets.max()) - float(offsets.min()) <= max_range:  # as of most, and quantiles take time
            return True
        return quantile(offsets, 0.9) - quantile(offsets, 0.1) <= max_range


def _even(rules: list[Rule]) -> list[Rule]:
    """The rules without uneven ones, as strokes of digits are; a side that a digit touches is as long as even ones, and
    a rule through a whole table that digits hide runs between the same two as even ones.

    One that is twice as thick as the others is a digit along a side, and lies where neither does.
    """
    crossings = _crossings(rules)
    sides: list[Rule] = []
    blotted: set[int] = set()
    for is_level in (True, False):
        family = [rule for rule in rules if rule.is_level == is_level and not rule.is_open]
        lengths = [len(rule.middles) for rule in family if rule.evenness >= MIN_EVENNESS]
        side = median(lengths) if lengths else 0.0
        alike = [
            rule
            for rule, crossed in zip(rules, crossings, strict=True)
            if rule.is_level == is_level and len(crossed) <= MIN_ALIKE and abs(len(rule.middles) - side) < 0.2 * side
        ]
        usual = median([rule.thickness for rule in alike]) if alike else 0.0
        sides += alike
        long = [
            (rule, (min(crossed, key=crossed.__getitem__), max(crossed, key=crossed.__getitem__)))
            for rule, crossed in zip(rules, crossings, strict=True)
            if rule.is_level == is_level and not rule.is_open and len(crossed) > MIN_ALIKE
        ]
        spans = {span for rule, span in long if rule.evenness >= MIN_EVENNESS}
        sides += [rule for rule, span in long if span in spans]
        blotted |= {id(rule) for rule in alike if rule.thickness > 2 * usual}
    kept = {id(rule) for rule in sides}
    return [
        rule
        for rule in rules
        if rule.is_open or ((rule.evenness >= MIN_EVENNESS or id(rule) in kept) and id(rule) not in blotted)
    ]


def _alike_rules(rules: list[Rule]) -> list[Rule]:
    """The rules that are as steep as others of their direction."""
    alike: list[Rule] = []
    for is_level in (True, False):
        family = _Family.of([rule for rule in rules if rule.is_level == is_level])
        alike += [rule for rule in rules if rule.is_level == is_level and (rule.is_open or family.has(rule))]
    return alike


def _inked_parts(rule: Rule, mask: Mask, min_length: int) -> list[Rule]:
    """The parts of a level rule between white gaps: boxes and digits one beside the other leave white between them."""
    along = np.arange(max(0, rule.start), min(rule.end, mask.shape[1]))
    is_inked = mask[_pixels(rule.middles[along - rule.start], mask.shape[0]), along] > 0
    inked = np.flatnonzero(is_inked)
    if not len(inked):
        return []
    gaps = np.flatnonzero(np.diff(inked) > MIN_GAP + 1)
    starts, ends = [inked[0], *inked[gaps + 1]], [*inked[gaps] + 1, inked[-1] + 1]
    parts = []
    for start, end in zip(map(int, starts), map(int, ends), strict=True):
        if end - start >= min_length and np.count_nonzero(is_inked[start:end]) / (end - start) >= MIN_COVERAGE:
            first = int(along[0]) + start
            middles = rule.middles[first - rule.start : first - rule.start + end - start]
            parts.append(replace(rule, start=first, middles=middles))
    return parts


def _straight_runs(mask: Mask, length: int, is_level: bool) -> list[Rule]:
    """Nearly level straight runs of ink, or nearly upright ones; where something touches them they go on straight."""
    left, top, width, height = cv2.boundingRect(mask)  # a page is mostly paper
    left, top, right, bottom = max(0, left - 1), max(0, top - 1), left + width + 1, top + height + 1
    mask = mask[top:bottom, left:right]
    if not is_level:
        mask, (top, left) = _transposed(mask), (left, top)
    corner = top, left  # of the mask
    source = np.asarray(cv2.dilate(mask, _BLOCK), np.uint8)
    segments: list[Rule] = []
    for min_length in (length, LONGER * length):  # thick rules are no longer than thick at first
        runs = cv2.morphologyEx(
            source,
            cv2.MORPH_OPEN,
            np.ones((1, min_length + 2), np.uint8),
            borderType=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
        x, y, width, height = cv2.boundingRect(runs)
        if not width:
            break
        top, left = top + y, left + x
        window = np.s_[top - corner[0] : top - corner[0] + height, left - corner[1] : left - corner[1] + width]
        runs = cv2.bitwise_and(runs[y : y + height, x : x + width], mask[window])
        count, labels, statistics, _ = cv2.connectedComponentsWithStats(runs, connectivity=8)
        thick, merged = [], []
        for number, (x, y, w, h, area) in enumerate(statistics.tolist()):
            if number == 0 or w < 0.8 * min_length:
                continue
            if area / w > max(2.5, MAX_THICKNESS * w):
                thick.append(number)
                continue
            part = labels[y : y + h, x : x + w] == number
            if _share_parted(part) > MERGED:
                merged.append(number)
            else:
                segments += _segment(part, (top + y, left + x), is_level)
        if merged:  # two rules and a stroke between them
            joined = _members(labels, merged, count)
            column = np.ones((round(HIGHER * min_length) + 3, 1), np.uint8)
            joined = np.asarray(cv2.subtract(joined, cv2.morphologyEx(joined, cv2.MORPH_OPEN, column)), np.uint8)
            _, parts, statistics, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
            for number, (x, y, w, h, _) in enumerate(statistics.tolist()):
                if number > 0 and w >= 0.8 * min_length:
                    segments += _segment(parts[y : y + h, x : x + w] == number, (top + y, left + x), is_level)
        if not thick:
            break
        source = _members(labels, thick, count)
    return segments


def _members(labels: NDArray[Any], numbers: list[int], count: int) -> Mask:
    """The pixels of some of so many components."""
    is_member = np.zeros(count, np.uint8)
    is_member[numbers] = 1
    pixels: Mask = is_member[labels]
    return pixels


def _share_parted(part: NDArray[np.bool_]) -> float:
    """The share of columns that have white between ink."""
    extents = len(part) - part.argmax(axis=0) - part[::-1].argmax(axis=0)
    return float(np.count_nonzero(extents > part.sum(axis=0)) / len(extents))


def _segment(part: NDArray[np.bool_], corner: tuple[int, int], is_level: bool) -> list[Rule]:
    """A straight run of ink as a rule, by where nothing touches it; none if there is no such place."""
    counts = part.sum(axis=0)
    thickness = median(counts[counts > 0])
    bare = np.flatnonzero((counts > 0) & (np.abs(counts - thickness) <= 1.5 + 0.1 * thickness))
    if len(bare) < 2:
        return []
    middles = (part * np.arange(len(part))[:, None]).sum(axis=0)[bare] / counts[bare]
    along = np.interp(np.arange(len(counts)), bare, middles)
    return [Rule(corner[1], (corner[0] + along).astype(np.float32), thickness, is_level)]


def _joined(segments: list[Rule], mask: Mask, family: _Family) -> list[Rule]:
    """Segments that continue one another, over ink or a short gap, or that run side by side."""
    remaining = sorted(segments, key=lambda rule: -len(rule.middles))
    joined: list[Rule] = []
    while remaining:
        rule, others = remaining[0], remaining[1:]
        while True:
            rest = []
            for other in others:
                first, second = (rule, other) if rule.start <= other.start else (other, rule)
                if _continues(first, second, mask, family):
                    rule = _concatenated(first, second)
                else:
                    rest.append(other)
            if len(rest) == len(others):
                break
            others = rest
        joined.append(rule)
        remaining = others
    return joined


def _continues(rule: Rule, other: Rule, mask: Mask, family: _Family) -> bool:
    gap = other.start - rule.end
    before, after = rule.tail, other.head
    tolerance = 2.0 + 0.5 * max(rule.thickness, other.thickness)
    if gap >= 0 and abs(before + family.at(before) * gap - after) > tolerance + 0.02 * gap:
        return False
    if max(rule.thickness, other.thickness) > 1.6 * min(rule.thickness, other.thickness) + 2:
        return False
    if gap < 0:
        shared = other.middles[: rule.end - other.start]
        along = rule.middles[other.start - rule.start : other.start - rule.start + len(shared)]
        return abs(float(shared[0] - along[0])) <= tolerance and bool(np.abs(shared - along).max() <= tolerance)
    if gap <= MIN_GAP:
        return True
    columns = np.arange(rule.end, other.start)
    rows = _pixels(np.linspace(before, after, len(columns)), mask.shape[0])
    return float(np.count_nonzero(mask[rows, columns] == 0)) <= MAX_UNINKED * len(columns)


def _concatenated(rule: Rule, other: Rule) -> Rule:
    """Two rules as one; where both run the first counts, and gaps are bridged."""
    weights = len(rule.middles), len(other.middles)
    thickness = (rule.thickness * weights[0] + other.thickness * weights[1]) / sum(weights)
    gap = other.start - rule.end
    behind = other.middles[-gap:] if gap < 0 else other.middles
    bridge = np.linspace(rule.middles[-1], behind[0], gap + 2)[1:-1] if gap > 0 else behind[:0]
    middles = np.concatenate([rule.middles, bridge, behind]).astype(np.float32)
    return replace(rule, middles=middles, thickness=thickness)


def _followed(rule: Rule, levels: NDArray[np.float32], threshold: float, family: _Family) -> Rule:
    """The level rule as far as paler ink goes on along its course."""
    return _extended(_extended(rule, levels, threshold, 1, family), levels, threshold, -1, family)


def _extended(rule: Rule, levels: NDArray[np.float32], threshold: float, direction: int, family: _Family) -> Rule:
    height, width = levels.shape
    while True:
        middle = rule.tail if direction > 0 else rule.head
        slope = family.at(middle)
        edge = rule.end if direction > 0 else rule.start - 1
        columns = edge + direction * np.arange(STEP)
        columns = columns[(columns >= 0) & (columns < width)]
        rows = middle + direction * slope * np.arange(1, len(columns) + 1)
        rows = rows[None] + np.arange(-1, 2)[:, None]
        window = levels[_pixels(rows, height), columns[None]]
        is_inked = window.max(axis=0) > threshold
        if not len(columns) or np.count_nonzero(is_inked) < (1 - MAX_UNINKED) * len(columns):
            return rule
        count = int(np.flatnonzero(is_inked)[-1]) + 1
        weights = np.maximum(window[:, :count] - threshold, 0) + 1e-6
        found = ((rows[:, :count] * weights).sum(axis=0) / weights.sum(axis=0)).astype(np.float32)
        if direction > 0:
            rule = replace(rule, middles=np.concatenate([rule.middles, found]))
        else:
            rule = replace(rule, start=rule.start - count, middles=np.concatenate([found[::-1], rule.middles]))
        if count < STEP:
            return rule


def _curve(places: NDArray[np.integer], middles: NDArray[np.floating], count: int) -> NDArray[np.float32]:
    """A smooth curve of so many pixels through what is known of it: a cubic by iterated weights.

    Digits that touch a rule bend its middle; they count less each time.
    """
    steps = np.linspace(0, len(places) - 1, min(len(places), 200)).astype(np.intp)
    degree = 3 if count > MIN_BENT and len(steps) > 8 else 1
    powers = np.vander(places[steps] / max(count - 1, 1), degree + 1)
    known, weights = middles[steps].astype(np.float64), np.ones(len(steps))
    for _ in range(4):
        weighted = powers * weights[:, None]
        fit = np.linalg.lstsq(weighted.T @ powers, weighted.T @ known, rcond=None)[0]
        residuals = np.abs(known - powers @ fit)
        weights = 1 / (1 + (residuals / max(0.5, 1.5 * median(residuals))) ** 2)
    return (np.vander(np.arange(count) / max(count - 1, 1), degree + 1) @ fit).astype(np.float32)


def _drawn(rules: Sequence[Rule], shape: tuple[int, ...], extension: float = 0.0, margin: float = 0.0) -> Mask:
    mask = np.zeros(shape, np.uint8)
    for rule in rules:
        _draw(rule, mask, 1, extension and extension + rule.thickness, margin)
    return mask


def _draw(
    rule: Rule, target: Mask | NDArray[np.float32], level: float, extension: float = 0.0, margin: float = 0.0
) -> None:
    """Draw a rule as thick as it is and ``margin`` more, both ends extended."""
    width = max(1, round(rule.thickness + margin))
    cv2.polylines(target, [rule.points(extension)], False, level, width, cv2.LINE_8, 4)


def _grid_of(ink: InkMap, bridged: Mask, mask: Mask, rules: list[Rule]) -> Grid | None:
    """The grid that these rules make: cells, and the rules that bound them."""
    rules = _over_gaps(rules)
    rules = _with_open_sides(_with_combs(rules, bridged), mask.shape[1])
    rules = _meeting(rules, bridged)
    if not rules:
        return None
    rules = _alike_rules(_even([_measured(rule, ink.levels, mask) for rule in rules]))
    rules = _meeting(_without_strokes(_printed(rules, max(mask.shape), ink.peak)), bridged)
    rules = _with_sides(_with_missing(rules, bridged), bridged)
    if not rules:
        return None
    while True:
        cells, regions = _cells_between(rules, mask.shape)
        strokes = _dividing(cells, rules, regions)
        if not strokes:
            break
        rules = [rule for rule in rules if id(rule) not in strokes]
    cells = _without_zeros(cells, regions, mask, bridged, median([rule.thickness for rule in rules]))
    if not any(_is_closed(cell, mask.shape) for cell in cells) and len(cells) < MIN_ALIKE:
        return None
    numbers = np.zeros(regions.max() + 1, np.int32)
    numbers[[cell.number for cell in cells]] = [cell.number for cell in cells]
    regions = numbers[regions]
    cells = _arranged(_completed(_arranged(cells), _bounding(rules, regions), regions))
    return Grid(tuple(_bounding(rules, regions)), tuple(cells), regions)


def _cells_between(rules: list[Rule], shape: tuple[int, ...]) -> tuple[list[GridCell], NDArray[np.int32]]:
    """The cells that these rules bound, and the region that each pixel belongs to; none where there are too many."""
    inside = 1 - _drawn(rules, shape, extension=3.0, margin=1.0)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(inside, connectivity=4)
    regions = np.asarray(labels, np.int32)
    if count > MAX_CELLS:
        return [], regions
    min_side = MIN_SQUARE if _are_squares(rules, shape) else MIN_CELL
    cells = []
    for number in range(1, count):
        x, y, w, h, area = statistics[number].tolist()
        if min(w, h) >= min_side and _is_cell(regions, number, (y, x, y + h, x + w), area):
            cells.append(GridCell(number, (y, x, y + h, x + w)))
    return _bounded(cells, rules, shape), regions


def _dividing(cells: list[GridCell], rules: list[Rule], regions: NDArray[np.int32]) -> set[int]:
    """The `id` of each stroke of a pen that divides a cell: with its parts joined, more cells are alike."""
    cell_of = {cell.number: cell for cell in cells}
    strokes: set[int] = set()
    joined: set[int] = set()
    for rule in rules:
        beside = [{number for number in np.unique(side).tolist() if number} for side in _beside(rule, regions)]
        if rule.is_open or any(len(numbers) != 1 for numbers in beside) or beside[0] == beside[1]:
            continue
        parts = [cell_of.get(number) for numbers in beside for number in numbers]
        one, other = parts
        if one is None or other is None or joined & {one.number, other.number}:
            continue
        rest = [cell for cell in cells if cell not in (one, other)]
        whole = GridCell(0, bounding_box((one.box, other.box)))
        count = len(_alike(whole, rest))
        if count >= MIN_ALIKE - 1 and count > max(len(_alike(part, rest)) for part in (one, other)):
            strokes.add(id(rule))
            joined |= {one.number, other.number}
    return strokes


def _are_squares(rules: list[Rule], shape: tuple[int, ...]) -> bool:
    """Whether so many rules go through the page in both directions that it is squared paper."""
    lengths = {True: LONG * shape[1], False: LONG * shape[0]}
    long = Counter(rule.is_level for rule in rules if len(rule.middles) > lengths[rule.is_level])
    return min(long[True], long[False]) >= MIN_THROUGH


def _bounded(cells: list[GridCell], rules: list[Rule], shape: tuple[int, ...]) -> list[GridCell]:
    """The cells with a rule, or the picture's edge, at the middle of each side: between zeros there is none."""
    drawn = _drawn(rules, shape)
    reach = 4 + math.ceil(max(rule.thickness for rule in rules))
    bounded = []
    for cell in cells:
        top, left, bottom, right = cell.box
        y, x = (top + bottom) // 2, (left + right) // 2
        down, across = 2 + math.ceil(SLANT * cell.width), 2 + math.ceil(SLANT * cell.height)
        ways = (
            drawn[max(0, top - reach) : top + down, x],
            drawn[bottom - down : bottom + reach, x],
            drawn[y, max(0, left - reach) : left + across],
            drawn[y, right - across : right + reach],
        )
        at_edge = top < EDGE, bottom >= shape[0] - EDGE, left < EDGE, right >= shape[1] - EDGE
        if all(way.any() or is_at_edge for way, is_at_edge in zip(ways, at_edge, strict=True)):
            bounded.append(cell)
    return bounded


def _measured(rule: Rule, levels: NDArray[np.float32], mask: Mask) -> Rule:
    """The rule with its middle, thickness and darkness as they are where nothing touches it."""
    if rule.is_open:
        return rule
    levels, mask = (levels, mask) if rule.is_level else (levels.T, mask.T)
    columns = np.arange(rule.start, rule.end)
    rule = replace(rule, middles=_curve(columns - rule.start, rule.middles, len(columns)))
    above, below = _extents(mask, rule.middles, columns, limit=round(2 * rule.thickness) + 4)
    thickness, commonest = median(above + below) + 1, _commonest(above + below) + 1
    if thickness > commonest + 1:  # digits lie on most of it
        thickness = commonest
    is_bare = np.abs(above + below + 1 - thickness) <= 1.5 + 0.1 * thickness
    is_bare |= np.count_nonzero(is_bare) < 2
    centers = np.rint(rule.middles) + (below - above) / 2
    middles = _curve(columns[is_bare] - rule.start, centers[is_bare], len(columns))
    bends = np.interp(columns, columns[is_bare], centers[is_bare] - middles[is_bare])
    middles += cv2.blur(np.clip(bends, -BEND, BEND)[None].astype(np.float32), (2 * BEND_REACH + 1, 1))[0]
    rows = np.rint(middles).astype(np.intp) + np.array([[-1], [0], [1]])  # thin print lies beside its course
    darkness = median(levels[np.clip(rows, 0, mask.shape[0] - 1), columns].max(axis=0))
    corner = min(round(thickness + REACH), len(columns) // 4)
    is_even = (is_bare & (np.abs(centers - middles) <= 1.5))[corner : len(columns) - corner]
    return replace(rule, middles=middles, thickness=thickness, darkness=darkness, evenness=float(np.mean(is_even)))


def _commonest(extents: NDArray[np.intp]) -> float:
    """The extent, within a pixel, that most of a rule's way has: digits on it are thicker, each in its own way."""
    counts = np.bincount(extents, minlength=3)
    near = np.convolve(counts, np.ones(3), mode="same")
    place = int(near.argmax())
    return median(extents[np.abs(extents - place) <= 1])


def _extents(
    mask: Mask | NDArray[np.bool_], middles: NDArray[np.float32], columns: NDArray[np.intp], limit: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """How far ink goes on above and below a level curve, in pixels, at most ``limit``."""
    height = mask.shape[0]
    rows = np.rint(middles).astype(np.intp)
    extents = []
    for direction in (-1, 1):
        goes_on, extent = np.ones(len(columns), bool), np.zeros(len(columns), np.intp)
        for step in range(1, limit + 1):
            ahead = rows + direction * step
            goes_on &= (ahead >= 0) & (ahead < height)
            goes_on &= mask[np.clip(ahead, 0, height - 1), columns] > 0
            extent += goes_on
            if not goes_on.any():
                break
        extents.append(extent)
    return extents[0], extents[1]


def _over_gaps(rules: list[Rule]) -> list[Rule]:
    """Rules joined over white gaps, as a shadow's edge leaves: where both end on nothing, and go on as one."""
    ends = {
        id(rule): _ends_on(rule, [(rules[other], place) for other, place in crossed.items()])
        for rule, crossed in zip(rules, _crossings(rules), strict=True)
    }
    remaining = sorted(rules, key=lambda rule: -len(rule.middles))
    joined: list[Rule] = []
    while remaining:
        rule = remaining.pop(0)
        for other in remaining.copy():
            first, second = (rule, other) if rule.start <= other.start else (other, rule)
            gap = second.start - first.end
            if rule.is_level != other.is_level or not 0 < gap < min(len(first.middles), len(second.middles)):
                continue
            is_one = abs(first.tail + first.slope * gap - second.head) <= 2.0 + rule.thickness / 2 + 0.03 * gap
            if is_one and not (ends[id(first)][1] or ends[id(second)][0]):
                both = _concatenated(first, second)
                ends[id(both)] = ends[id(first)][0], ends[id(second)][1]
                rule = both
                remaining.remove(other)
        joined.append(rule)
    return joined


def _ends_on(rule: Rule, across: list[tuple[Rule, float]]) -> tuple[bool, bool]:
    """Whether a rule begins, and whether it ends, on one of those across it."""
    return (
        any(place <= rule.start + REACH + other.thickness for other, place in across),
        any(place >= rule.end - REACH - other.thickness for other, place in across),
    )


def _with_combs(rules: list[Rule], mask: Mask) -> list[Rule]:
    """The rules, and what closes the boxes of combs at the top: of level rules with even teeth from end to end."""
    added: list[Rule] = []
    in_comb: set[int] = set()
    turned = _transposed(mask)
    crossings, numbers = _crossings(rules), {id(rule): number for number, rule in enumerate(rules)}
    for base, crossed in zip(rules, crossings, strict=True):
        if not base.is_level or len(crossed) < 3:
            continue
        teeth = []
        for number, place in crossed.items():
            tooth, middle = rules[number], base.at(place)
            if abs(middle - tooth.end) <= REACH + base.thickness and middle - tooth.start >= MIN_CELL / 2:
                teeth.append((place, tooth))
        if len(teeth) < 3:
            continue
        teeth.sort(key=lambda entry: entry[0])
        lattice, nearest = _comb_lattice(np.array([place for place, _ in teeth]))
        hidden = lattice[nearest < 0].tolist()
        teeth = [teeth[index] for index in nearest.tolist() if index >= 0]
        if len(teeth) < 3:
            continue
        heights = np.array([len(tooth.middles) for _, tooth in teeth], np.float64)
        height, pitch = median(heights), float(lattice[1] - lattice[0])
        reach = REACH + 2 * base.thickness + 0.05 * pitch
        if abs(lattice[0] - base.start) > reach or abs(lattice[-1] - base.end) > reach:
            continue
        if np.mean(np.abs(heights - height) < 0.15 * height) < 0.7:
            continue
        spans = np.array([(rule.start, rule.end) for rule in rules], np.float64)
        off = np.abs(spans[:, :, None] - lattice).min(axis=2)
        tops = off.max(axis=1) <= REACH + base.thickness  # from one tooth to another: no strokes of digits
        tops |= spans[:, 1] - spans[:, 0] > (lattice[-1] - lattice[0]) / 2
        closed = [
            any(
                tops[other] and place <= tooth.start + REACH + base.thickness / 2
                for other, place in crossings[number].items()
            )
            for number, tooth in ((numbers[id(tooth)], tooth) for _, tooth in teeth)
        ]
        if np.mean(closed) > 0.5:  # boxes
            continue
        rise = max(height, COMB * pitch)
        top = replace(base, middles=base.middles - np.float32(rise), thickness=1.0, is_open=True, in_comb=True)
        added.append(top)
        in_comb |= {id(base), *(id(tooth) for _, tooth in teeth)}
        thickness = median([tooth.thickness for _, tooth in teeth])
        ends = [(tooth.start, tooth.middles[: max(3, len(tooth.middles) // 4)].mean()) for _, tooth in teeth]
        reached = replace(base, middles=base.middles - np.float32(height))
        for place in hidden:
            found = _side_at(place, 0.0, reached, base, thickness, 0.0, turned)
            ends.append((round(base.at(place)) if found is None else found.start, place))
            if found is not None:
                added.append(replace(found, in_comb=True))
        for end, place in ends:
            start = round(base.at(place) - rise)
            if end > start:  # as thick as the teeth: then what they bound is a rectangle
                column = np.full(end - start + 1, place, np.float32)[: end - max(0, start) + 1]
                added.append(Rule(max(0, start), column, thickness, False, is_open=True, in_comb=True))
    return [replace(rule, in_comb=True) if id(rule) in in_comb else rule for rule in rules] + added


def _comb_lattice(places: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The evenly spaced places of a comb's teeth, from the first to the last of some, and which of them stands at each.

    It is the one with most teeth over those that are missing; those are -1: digits hide them.
    """
    best, chosen, highest = places, np.arange(len(places)), (-1.0, 0.0)
    for count in range(2, 2 * len(places)):  # of cells
        pitch = (places[-1] - places[0]) / count
        for lattice in _lattices(places[0], places[-1], count):
            off = np.abs(lattice[:, None] - places[None])
            is_found = off.min(axis=1) <= UNEVEN * pitch
            found = int(np.count_nonzero(is_found))
            rating = 2.0 * found - len(lattice), -float(off.min(axis=1)[is_found].sum())
            if rating > highest and found >= ON_LATTICE * len(lattice):
                best, chosen, highest = lattice, np.where(is_found, off.argmin(axis=1), -1), rating
    return best, chosen


def _lattices(first: float, last: float, count: int) -> list[NDArray[np.float64]]:
    """The places from one to another that so many cells lie between, even or as perspective has it."""
    shares = np.arange(count + 1) / count
    return [first + (last - first) * (shares + bow * shares * (1 - shares)) for bow in BOWS]


def _with_open_sides(rules: list[Rule], width: int) -> list[Rule]:
    """The rules, and what closes the cells of a table at a side where nothing is printed: its rules end in one line."""
    crossings = _crossings(rules)
    added: list[Rule] = []
    for upright, crossed in zip(rules, crossings, strict=True):
        if upright.is_level or upright.is_open or len(crossed) < MIN_ALIKE:
            continue
        for is_start in (True, False):
            ends: list[tuple[float, float]] = []
            for number in crossed:
                rule = rules[number]
                end = rule.start if is_start else rule.end - 1
                reach = REACH + 2 * upright.thickness
                beyond = [rules[other].at(rule.at(end)) for other in crossings[number] if not rules[other].is_open]
                if all(abs(x - end) > reach for x in beyond):
                    ends.append((rule.at(end), float(end)))
            if len(ends) < MIN_ALIKE or len(ends) < ON_LATTICE * len(crossed):
                continue
            ys, xs = np.array(sorted(ends)).T
            line = np.polyfit(ys, xs, 1)
            if np.abs(np.polyval(line, ys) - xs).max() > REACH + 0.02 * float(np.ptp(ys)):
                continue
            is_at_edge = (xs <= EDGE) if is_start else (xs >= width - EDGE - 1)
            if is_at_edge.all() or any(abs(side.at(ys[0]) - xs[0]) < 2 * REACH for side in added):
                continue
            start, end = math.floor(ys[0]) - 1, math.ceil(ys[-1]) + 2
            middles = np.polyval(line, np.arange(max(0, start), end)) + (1 if is_start else -1)
            added.append(Rule(max(0, start), np.asarray(middles, np.float32), 1.0, False, is_open=True, in_comb=True))
    return rules + added


def _printed(rules: list[Rule], extent: int, pen: float) -> list[Rule]:
    """The rules without strokes of the pen: far darker than most, and than most of their direction or as dark as it.

    Level rules may be paler than upright ones, where thin print lies between two rows of pixels.
    """

    def middle(members: list[Rule]) -> float:
        order = sorted(members, key=lambda rule: rule.darkness)
        lengths = np.cumsum([len(rule.middles) for rule in order])
        return order[int(np.searchsorted(lengths, lengths[-1] / 2))].darkness if order else 0.0

    inked = [rule for rule in rules if not rule.is_open]
    of_all = middle(inked)
    darkest = {
        is_level: max(of_all, min(middle([rule for rule in inked if rule.is_level == is_level]), pen / DARKER**2))
        for is_level in (True, False)
    }
    return [
        rule
        for rule in rules
        if rule.darkness < DARKER * darkest[rule.is_level] or len(rule.middles) > LONG_PRINT * extent
    ]


def _with_missing(rules: list[Rule], mask: Mask) -> list[Rule]:
    """The rules, and those that evenly spaced ones lack, where ink lies: writing hides them on squared paper."""
    added: list[Rule] = []
    for is_level in (True, False):
        source = mask if is_level else mask.T
        family = [rule for rule in rules if rule.is_level == is_level and not rule.is_open]
        family = [rule for rule in family if len(rule.middles) > LONG * source.shape[1]]
        if len(family) < MIN_EVEN:
            continue
        center = source.shape[1] / 2
        family.sort(key=lambda rule: rule.at(center))
        gaps = np.diff([rule.at(center) for rule in family])
        pitch = median(gaps)
        if np.mean(np.abs(gaps - pitch) < PITCH * pitch) < ON_LATTICE:
            continue
        thickness = median([rule.thickness for rule in family])
        for (before, behind), gap in zip(pairwise(family), gaps.tolist(), strict=True):
            count = round(gap / pitch)
            if count < 2 or abs(gap - count * pitch) > 2 * PITCH * pitch:
                continue
            start, end = max(before.start, behind.start), min(before.end, behind.end)
            first, last = (rule.middles[start - rule.start : end - rule.start] for rule in (before, behind))
            for index in range(1, count):
                middles = np.asarray(first + (last - first) * (index / count), np.float32)
                darkness = (before.darkness + behind.darkness) / 2
                rule = Rule(start, middles, thickness, is_level, darkness)
                if _inked_parts(rule, source, 1 + len(middles) // 2):
                    added.append(rule)
    return rules + added


def _with_sides(rules: list[Rule], mask: Mask) -> list[Rule]:
    """The rules, and the sides that a row of even boxes lacks where ink lies: digits and shadows hide them."""
    rows: dict[tuple[int, ...], list[tuple[float, Rule]]] = {}
    for rule, crossed in zip(rules, _crossings(rules), strict=True):
        if not rule.is_level and not rule.in_comb:
            for pair in pairwise(sorted(crossed, key=crossed.__getitem__)):
                rows.setdefault(pair, []).append((float(rule.middles.mean()), rule))
    added: list[Rule] = []
    counts = Counter(id(rule) for sides in rows.values() for _, rule in sides)
    for (above, below), sides in rows.items():
        top, bottom = rules[above], rules[below]
        if len(sides) < 2 or any(counts[id(rule)] > 1 for _, rule in sides) or not (top.is_level and bottom.is_level):
            continue
        sides.sort(key=lambda side: side[0])
        places = np.array([place for place, _ in sides])
        height = bottom.at(places.mean()) - top.at(places.mean())
        thickness = median([side.thickness for _, side in sides])
        darkness = median([side.darkness for _, side in sides])
        for count in range(len(sides) - 1, 2 * len(sides) + 2):  # of cells between the outermost sides
            pitch = (places[-1] - places[0]) / count
            if pitch < MIN_CELL or not MIN_ASPECT * height < pitch < height / MIN_ASPECT:
                continue
            lattice = min(
                _lattices(places[0], places[-1], count),
                key=lambda lattice: float(np.abs(lattice[:, None] - places[None]).min(axis=0).max()),
            )
            off = np.abs(lattice[:, None] - places[None])
            if off.min(axis=0).max() > UNEVEN * pitch:
                continue
            is_hidden = off.min(axis=1) > UNEVEN * pitch
            slopes = np.interp(lattice, places, [side.slope for _, side in sides])
            hidden = [
                _side_at(place, slope, top, bottom, thickness, darkness, mask.T)
                for place, slope in zip(lattice[is_hidden].tolist(), slopes[is_hidden].tolist(), strict=True)
            ]
            found = [side for side in hidden if side is not None]
            if len(found) == len(hidden):
                added += found
                break
    return rules + added


def _side_at(
    place: float, slope: float, top: Rule, bottom: Rule, thickness: float, darkness: float, mask: Mask
) -> Rule | None:
    """The side of a box from one level rule to another at a place, if ink lies on most of its way."""
    start, end = round(top.at(place)), round(bottom.at(place)) + 1
    middles = place + slope * (np.arange(start, end) - (start + end) / 2)
    side = Rule(start, np.asarray(middles, np.float32), thickness, False, darkness)
    along = np.clip(np.arange(start, end), 0, mask.shape[1] - 1)
    across = np.clip(np.rint(side.middles).astype(np.intp), 0, mask.shape[0] - 1)
    return side if end > start and np.mean(mask[across, along] > 0) >= MIN_SIDE else None


def _without_strokes(rules: list[Rule]) -> list[Rule]:
    """The rules without strokes of a pen that stand between two level ones, as a tall 1 does, and close nothing."""
    strips: dict[tuple[int, ...], list[tuple[float, Rule]]] = {}
    for rule, crossed in zip(rules, _crossings(rules), strict=True):
        if not rule.is_level:
            for pair in pairwise(sorted(crossed, key=crossed.__getitem__)):
                strips.setdefault(pair, []).append((float(rule.middles.mean()), rule))
    counts = Counter(id(rule) for sides in strips.values() for _, rule in sides)
    strokes: set[int] = set()
    for sides in strips.values():
        longest = max(counts[id(rule)] for _, rule in sides)
        short = [(place, rule) for place, rule in sides if counts[id(rule)] <= max(1, longest / 3)]
        if len(sides) - len(short) >= 2:  # others go on through the rows above or below: columns of a table
            places = [place for place, rule in sides if counts[id(rule)] > max(1, longest / 3)]
            strokes |= {id(rule) for place, rule in short if min(places) < place < max(places)}
        elif len(sides) > 2:
            strokes |= _off_lattice(sides)
    return [rule for rule in rules if id(rule) not in strokes]


def _off_lattice(sides: list[tuple[float, Rule]]) -> set[int]:
    """Of uprights in one row those that stand between evenly spaced ones, if most are evenly spaced."""
    sides = sorted(sides, key=lambda side: side[0])
    places = np.array([place for place, _ in sides])
    best: NDArray[np.bool_] | None = None
    for count in range(1, len(places)):  # of cells between the outermost two
        pitch = (places[-1] - places[0]) / count
        nearest = np.abs(places[0] + pitch * np.arange(count + 1)[:, None] - places[None])
        if (nearest.min(axis=1) < UNEVEN * pitch).all():
            on_lattice = np.zeros(len(places), np.bool_)
            on_lattice[nearest.argmin(axis=1)] = True
            if best is None or on_lattice.sum() > best.sum():
                best = on_lattice
    if best is None or best.sum() < ON_LATTICE * len(places):
        return set()
    if _are_even(places[~best]):  # as the other sides of boxes with white between them
        return set()
    return {id(rule) for (_, rule), is_on in zip(sides, best.tolist(), strict=True) if not is_on}


def _are_even(places: NDArray[np.float64]) -> bool:
    """Whether three places and more are evenly spaced, but for some that are missing."""
    if len(places) < MIN_ALIKE:
        return False
    gaps = np.diff(places)
    pitch = float(gaps.min())
    return bool((np.abs(gaps - pitch * np.rint(gaps / pitch)) < 2 * UNEVEN * pitch).all())


def _meeting(rules: list[Rule], mask: Mask) -> list[Rule]:
    """The rules that end on others across them, or at the picture's edge; repeated until none falls out."""
    crossings = _crossings(rules)
    remaining = set(range(len(rules)))
    while True:
        fallen = {
            number
            for number in remaining
            if not _meets(
                rules[number],
                [(rules[other], place) for other, place in crossings[number].items() if other in remaining],
                mask if rules[number].is_level else mask.T,
            )
        }
        if not fallen:
            return [rules[number] for number in sorted(remaining)]
        remaining -= fallen


def _meets(rule: Rule, across: list[tuple[Rule, float]], mask: Mask) -> bool:
    """Whether a rule begins and ends on rules across it, or at the picture's edge; a long one need not."""
    if rule.in_comb:
        return True
    extent = mask.shape[1]
    at_start, at_end = rule.start <= EDGE, rule.end >= extent - EDGE
    for other, place in across:
        at_start = at_start or (
            place < rule.start + REACH + other.thickness and _is_inked(mask, rule, place, rule.start)
        )
        at_end = at_end or (place > rule.end - REACH - other.thickness and _is_inked(mask, rule, rule.end, place))
    return bool(across) and ((at_start and at_end) or len(rule.middles) > LONG * extent)


def _crossings(rules: Sequence[Rule]) -> list[dict[int, float]]:
    """For each rule the others that cross it or end on it, by index, and where along it."""
    crossings: list[dict[int, float]] = [{} for _ in rules]
    level = [number for number, rule in enumerate(rules) if rule.is_level]
    upright = [number for number, rule in enumerate(rules) if not rule.is_level]
    if not level or not upright:
        return crossings
    top, left, bottom, right = np.array([rules[number].extent for number in level]).T[:, :, None]
    above, before, below, behind = np.array([rules[number].extent for number in upright]).T[:, None]
    near = (top <= below) & (above <= bottom) & (left <= behind) & (before <= right)
    for i, j in zip(*(indices.tolist() for indices in np.nonzero(near)), strict=True):
        a, b = level[i], upright[j]
        place = _crossing(rules[a], rules[b])
        if place is not None:
            crossings[a][b] = place
            crossings[b][a] = rules[a].at(place)
    return crossings


def _crossing(rule: Rule, other: Rule) -> float | None:
    """Where along a rule another one crosses it or ends on it; None if it does neither."""
    place = float(other.middles[len(other.middles) // 2])
    reach = REACH + rule.thickness / 2
    for _ in range(2):
        middle = rule.at(place)
        if not -reach <= middle - other.start <= len(other.middles) + reach:
            return None
        place = other.at(middle)
    reach = REACH + other.thickness / 2
    return place if rule.start - reach <= place <= rule.end + reach else None


def _is_inked(mask: Mask, rule: Rule, start: float, end: float) -> bool:
    """Whether ink goes on along a level rule's course from one place to another, but for a pixel."""
    columns = np.arange(max(0, round(start)), min(mask.shape[1], round(end) + 1))
    middles = rule.middles[np.minimum(np.maximum(columns - rule.start, 0), len(rule.middles) - 1)]
    rows = _pixels(middles, mask.shape[0])
    return bool(np.count_nonzero(mask[rows, columns] == 0) <= 1)


def _is_cell(regions: NDArray[np.int32], number: int, box: Box, area: int) -> bool:
    """Whether a region of paper has four straight sides; those at the picture's edge are open."""
    top, left, bottom, right = box
    height, width = regions.shape
    edges = [top == 0, left == 0, bottom == height, right == width]
    if (edges[0] and edges[2]) or (edges[1] and edges[3]):
        return False
    if area >= MIN_FILL * (bottom - top) * (right - left):
        return True
    part = (regions[top:bottom, left:right] == number).astype(np.uint8)
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    contour = max(contours, key=cv2.contourArea)
    (_, (w, h), _) = cv2.minAreaRect(contour)
    return min(w, h) >= MIN_CELL and cv2.contourArea(contour) >= MIN_FILL * w * h


def _is_closed(cell: GridCell, shape: tuple[int, ...]) -> bool:
    top, left, bottom, right = cell.box
    return top > 0 and left > 0 and bottom < shape[0] and right < shape[1]


def _has_ink(mask: Mask, cell: GridCell) -> bool:
    """Whether there is ink in it, off its sides and its corners, where a zero is round."""
    top, left, bottom, right = cell.box
    down = np.abs(np.linspace(-1, 1, cell.height))[:, None]
    across = np.abs(np.linspace(-1, 1, cell.width))
    is_inner = (down < INNER) & (across < INNER) & (down + across < OFF_CORNERS)
    return bool((mask[top:bottom, left:right] > 0)[is_inner].any())


def _without_zeros(
    cells: list[GridCell], regions: NDArray[np.int32], mask: Mask, bridged: Mask, thickness: float
) -> list[GridCell]:
    """The cells with ink, and the blank ones of which there are several, without the insides of round digits.

    What hangs together with the sides of no other cell may be a digit: a zero, or a 6. Digits have few corners, and
    where a blank cell is a zero, other digits stand beside it.
    """
    filled = {cell.number for cell in cells if _has_ink(mask, cell)}
    cells = [cell for cell in cells if cell.number in filled or len(_alike(cell, cells)) >= MIN_ALIKE]
    boxes = label_components(mask)[1][1:, :4]
    inside = [[cell for cell in cells if _surrounds(box, cell)] for box in boxes.tolist()]
    others = boxes[[not members for members in inside]]
    alone = {
        members[0].number: box
        for box, members in zip(boxes, inside, strict=True)
        if len(members) == 1 and box[3] < MAX_DIGIT * members[0].height
    }
    suspects = [cell for cell in cells if cell.number in alone]
    corners = {cell.number: _count_corners(cell, regions, bridged, thickness) for cell in suspects}
    digits: set[int] = set()
    for cell in suspects:
        alike = [other.number for other in _alike(cell, suspects)]
        typical = median([corners[number] for number in alike])
        if filled.intersection(alike):
            is_digit = typical < MIN_CORNERS_OF_FILLED
        else:
            is_digit = typical < MIN_CORNERS or any(_has_neighbor(alone[number], others) for number in alike)
        if is_digit:
            digits.add(cell.number)
    return [cell for cell in cells if cell.number not in digits]


def _surrounds(box: Sequence[int], cell: GridCell) -> bool:
    left, top, width, height = box
    return top <= cell.box[0] and left <= cell.box[1] and top + height >= cell.box[2] and left + width >= cell.box[3]


def _has_neighbor(box: NDArray[np.int32], boxes: NDArray[np.int32]) -> bool:
    """Whether a component as high as another one, and no thin line, stands beside it; boxes are x, y, width, height."""
    (x, y, w, h), (left, top, width, height) = box, boxes.T
    is_level = np.abs(top + height / 2 - y - h / 2) < 0.25 * h
    is_near = np.maximum(left - x - w, x - left - width) < h
    is_beside = (left >= x + w) | (left + width <= x)
    is_digit = (np.abs(height - h) < 0.25 * h) & (width < 1.5 * h) & (width > 0.15 * h)
    return bool((is_level & is_near & is_beside & is_digit).any())


def _count_corners(cell: GridCell, regions: NDArray[np.int32], bridged: Mask, thickness: float) -> int:
    """The number of corners of a cell at which its rules meet in ink."""
    top, left, bottom, right = cell.box
    ys, xs = np.nonzero(regions[top:bottom, left:right] == cell.number)
    outward = max(1, round(thickness) - 1)
    count = 0
    for down, across in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        corner = int((down * ys + across * xs).argmax())
        y, x = top + ys[corner] + down * outward, left + xs[corner] + across * outward
        count += bool(0 <= y < bridged.shape[0] and 0 <= x < bridged.shape[1] and bridged[y, x])
    return count


def _alike(cell: GridCell, cells: list[GridCell]) -> list[GridCell]:
    """The cells that are as large, itself among them if it is one of them."""
    return [
        other
        for other in cells
        if abs(other.height - cell.height) < 0.15 * cell.height and abs(other.width - cell.width) < 0.15 * cell.width
    ]


def _bounding(rules: list[Rule], regions: NDArray[np.int32]) -> list[Rule]:
    """The rules that have a cell on one side at least, and not the same on the other, along most of their way."""
    return [rule for rule in rules if np.mean(np.not_equal(*_beside(rule, regions))) > 0.5]


def _beside(rule: Rule, regions: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The cells on both sides of a rule, along its way; 0 where there is none."""
    regions = regions if rule.is_level else regions.T
    along = np.arange(max(0, rule.start), min(rule.end, regions.shape[1]))
    middles = rule.middles[along - rule.start]
    reach = round(rule.thickness / 2 + 3)
    before, behind = (
        regions[np.clip(np.rint(middles + offset).astype(np.intp), 0, regions.shape[0] - 1), along]
        for offset in (-reach, reach)
    )
    return before, behind


def _completed(cells: list[GridCell], rules: list[Rule], regions: NDArray[np.int32]) -> list[GridCell]:
    """The cells, and those that a row lacks between others or up to the end of its rules: strokes divided them."""
    completed: list[GridCell] = []
    next_number = int(regions.max()) + 1
    for row in sorted({cell.row for cell in cells}):
        members = sorted((cell for cell in cells if cell.row == row), key=lambda cell: cell.box[1])
        width, height = median([cell.width for cell in members]), median([cell.height for cell in members])
        if len(members) < 2 or np.ptp([cell.width for cell in members]) > 0.3 * width:
            completed += members
            continue
        gaps = [b.box[1] - a.box[3] for a, b in pairwise(members)]
        white = max(1.0, float(np.min(gaps)))
        top, left = float(np.mean([cell.box[0] for cell in members])), members[0].box[1]
        ends = [
            (rule.start, rule.end)
            for rule in rules
            if rule.is_level and abs(rule.at(left) - top) < 0.25 * height and rule.start < members[-1].box[3]
        ]
        start, end = min((s for s, _ in ends), default=left), max((e for _, e in ends), default=members[-1].box[3])
        bounds = [
            (int(start) - 1, members[0]),
            *((a.box[3], b) for a, b in pairwise(members)),
            (members[-1].box[3], None),
        ]
        column = 0
        for before, cell in bounds:
            behind = int(end) + 1 if cell is None else cell.box[1]
            neighbor = cell or members[-1]
            count = round((behind - before - white) / (width + white))
            if count > 0 and abs(behind - before - white - count * (width + white)) < 0.25 * width:
                for index in range(count):
                    x = round(before + white + index * (behind - before - white) / count)
                    box = (neighbor.box[0], x, neighbor.box[2], round(x + width))
                    window = regions[box[0] : box[2], max(0, box[1]) : box[3]]
                    if min(window.shape) < MIN_CELL or np.count_nonzero(window) > 0.2 * window.size:
                        continue
                    window[window == 0] = next_number
                    completed.append(replace(neighbor, number=next_number, box=box, column=column))
                    next_number, column = next_number + 1, column + 1
            if cell is not None:
                completed.append(replace(cell, column=max(cell.column, column)))
                column = completed[-1].column + 1
    return completed


def _arranged(cells: list[GridCell]) -> list[GridCell]:
    """The cells with their rows, columns and blocks, in reading order."""
    boxes = np.array([cell.box for cell in cells], np.float64)
    top, left, bottom, right = boxes.T
    height, width = bottom - top, right - left
    shared_rows = np.minimum.outer(bottom, bottom) - np.maximum.outer(top, top)
    shared_columns = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    is_beside = shared_rows > 0.6 * np.minimum.outer(height, height)
    is_below = shared_columns > 0.6 * np.minimum.outer(width, width)
    near_x, near_y = np.minimum.outer(width, width), np.minimum.outer(height, height)
    is_level = shared_rows > 0.8 * np.maximum.outer(height, height)  # as beside a cell that was not found
    is_next = is_beside & (shared_columns > np.where(is_level, -2.5, -1.0) * near_x)
    blocks = _groups(is_next | (is_below & (shared_rows > -0.3 * near_y)))
    order = sorted(blocks, key=lambda block: (top[block].min(), left[block].min()))
    arranged: list[GridCell] = []
    first_row = 0
    for number, block in enumerate(order):
        nearest_right = _nearest(is_beside, shared_columns, left, block)
        nearest_below = _nearest(is_below, shared_rows, top, block)
        rows = _groups(nearest_right[np.ix_(block, block)])
        columns = _groups(nearest_below[np.ix_(block, block)])
        rows.sort(key=lambda members: float(np.mean((top + bottom)[block][members])))
        columns.sort(key=lambda members: float(np.mean((left + right)[block][members])))
        row_of = {block[member]: row for row, members in enumerate(rows) for member in members}
        column_of = {block[member]: column for column, members in enumerate(columns) for member in members}
        members = sorted(block, key=lambda index: (row_of[index], left[index]))
        arranged += [
            replace(cells[index], row=first_row + row_of[index], column=column_of[index], block=number)
            for index in members
        ]
        first_row += len(rows)
    return arranged


def _nearest(
    fits: NDArray[np.bool_], shared: NDArray[np.float64], starts: NDArray[np.float64], block: list[int]
) -> NDArray[np.bool_]:
    """Each cell of a block linked with the nearest one behind it, bool (N, N)."""
    linked = np.zeros_like(fits)
    for index in block:
        behind = [other for other in block if fits[index, other] and starts[other] > starts[index]]
        if behind:
            linked[index, max(behind, key=lambda other: shared[index, other])] = True
    return linked


def _groups(linked: NDArray[np.bool_]) -> list[list[int]]:
    """Connected components of a relation, bool (N, N), by index."""
    number = np.arange(len(linked))
    linked = linked | linked.T
    while True:
        lowest = np.where(linked, number[None], number[:, None]).min(axis=1)
        lowest = np.minimum(lowest, number)[np.minimum(lowest, number)]
        if (lowest == number).all():
            return [np.flatnonzero(number == value).tolist() for value in np.unique(number)]
        number = lowest


def without_grid(ink: InkMap, grid: Grid) -> InkMap:
    """The ink map without the grid's rules, the contrast of what is left equalized; strokes that cross a rule, or end
    on it, stay."""
    ink = ink.before_equalization
    threshold = max(grid_thresholds(ink))
    levels = ink.levels.copy()
    for is_level in (True, False):
        others = _drawn(
            [rule for rule in grid.rules if rule.is_level != is_level and not rule.is_open], levels.shape, 0.0, 2.0
        )
        mask = (ink.levels > threshold) & (others == 0)
        view = levels if is_level else levels.T
        for rule in grid.rules:
            if rule.is_level == is_level and not rule.is_open:
                _erase(view, mask if is_level else mask.T, rule)
    return equalize_strokes(ink.with_levels(levels))


def _erase(levels: NDArray[np.float32], mask: NDArray[np.bool_], rule: Rule) -> None:
    """Set the ink of a level rule to 0, but where strokes cross it, and what of it is darker than print."""
    height, width = mask.shape
    reach = round(rule.thickness) + 3
    columns = np.arange(max(0, rule.start - reach), min(width, rule.end + reach))
    middles = rule.middles[np.clip(columns - rule.start, 0, len(rule.middles) - 1)]
    half, tolerance = (rule.thickness - 1) / 2, 1.0 + 0.25 * rule.thickness
    above, below = _extents(mask, middles, columns, limit=round(half + tolerance) + 3)
    margin = math.ceil(half) + 1
    rows = np.rint(middles).astype(np.intp) + np.arange(-margin, margin + 1)[:, None]
    is_pen = levels[np.clip(rows, 0, height - 1), columns] > DARKER * rule.darkness
    is_pen = cv2.morphologyEx(is_pen.view(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))  # rules are grained
    stays = cv2.dilate(is_pen, _BLOCK) > 0
    stays |= _crossing_strokes(
        _runs_of(_broadened(above > half + tolerance)),
        _runs_of(_broadened(below > half + tolerance)),
        stays.shape,
        max(1, round(0.7 * rule.thickness)),
    )
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
    """Where the runs of a row begin and end, (n, 2)."""
    return np.flatnonzero(np.diff(np.pad(columns.view(np.int8), 1))).reshape(-1, 2)


def _broadened(columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Runs of two columns and more: single ones are the rule's ragged edge."""
    row = columns.astype(np.uint8)[None]
    opened = cv2.morphologyEx(row, cv2.MORPH_OPEN, np.ones((1, 2), np.uint8))
    return np.asarray(opened[0] > 0, np.bool_)
