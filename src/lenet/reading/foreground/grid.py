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
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.ink import InkMap

Mask = NDArray[np.uint8]
Box = tuple[int, int, int, int]

SHARES = (0.12, 0.25)  # of full ink: a rule may be paler than a pen writes
PALE = 0.7  # of the threshold: the ink in which a rule goes on
MIN_BAR, MIN_BAR_SHARE = 16, 0.025  # the shortest straight run: pixels, and of the picture's longer side
MAX_THICKNESS = 0.25  # of a rule, as a share of its length
MAX_UNINKED = 0.35  # of a gap between two runs of one rule: more white ends the rule
STEP = 24  # pixels that a rule is followed at a time
MIN_GAP = 6  # pixels: gaps that a printer or a threshold may leave
LONGER = 3  # the second length of runs, of the first: where rules are thicker than that is long
MIN_CELL = 14  # pixels: the shortest side of a cell, as low as digits that are read
MIN_FILL = 0.86  # of its smallest rectangle that a cell fills
MIN_ALIKE = 3  # so many cells of like size are a grid, whether something is in them or not
REACH = 3.0  # pixels between the end of a rule and the edge of the one that it ends on
EDGE = 4  # pixels: so near the picture's edge a rule runs out of it
LONG = 0.6  # of the picture: a rule of this length may end anywhere
DARKER = 1.4  # times as dark as most rules: a stroke of the pen
ON_LATTICE = 0.6  # of the uprights between two level rules: fewer are no evenly spaced sides
UNEVEN = 0.08  # of their pitch: the sides of boxes are evenly spaced, the strokes between them are not
LONG_PRINT = 0.4  # of the picture: no stroke of a pen is as long
COMB = 1.1  # pitches that the boxes of a comb are high at least: its teeth may be short
BEND, BEND_REACH = 3.0, 12  # pixels that a rule may leave its smooth course, and over which that is averaged
MIN_COVERAGE = 0.9  # of a rule's way, with ink
MIN_PICTURE = 200  # pixels of the longer side: smaller pictures hold a digit or two
MAX_RUNS = 600  # straight runs of a page: more are texture
MAX_CELLS = 4000

_BLOCK = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class Rule:
    """A printed line: for each pixel along it, from ``start``, the middle of its ink, and its thickness.

    ``is_level``: it runs from left to right; otherwise from top to bottom. ``darkness``: the median level of its ink.
    ``is_open``: nothing is printed there, but cells end there: at the top of a comb. ``in_comb``: it is part of one.
    """

    start: int
    middles: NDArray[np.float32]
    thickness: float
    is_level: bool
    darkness: float = 0.0
    is_open: bool = False
    in_comb: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.middles)

    @cached_property
    def head(self) -> tuple[float, float]:
        """Where it begins, across its course, and its slope there."""
        part = self.middles[:60]
        return float(part[:5].mean()), float(part[-1] - part[0]) / max(len(part) - 1, 1)

    @cached_property
    def tail(self) -> tuple[float, float]:
        """Where it ends, and its slope there."""
        part = self.middles[-60:]
        return float(part[-5:].mean()), float(part[-1] - part[0]) / max(len(part) - 1, 1)

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
    def drawn(self) -> Mask:
        """The rules, uint8 (h, w), as thick as they are."""
        return _drawn(self.rules, self.regions.shape)


def find_grid(ink: InkMap) -> Grid | None:
    """Find the grid of an ink map; None if there is none."""
    best: Grid | None = None
    if max(ink.levels.shape) < MIN_PICTURE:
        return None
    for threshold in ink.thresholds(SHARES):
        mask = (ink.levels > threshold).view(np.uint8)
        bridged = np.asarray(cv2.dilate(mask, _BLOCK), np.uint8)
        rules = _rules_at(ink, mask, bridged, max(PALE * threshold, 2.5 * ink.noise))
        if not rules:  # nor are there any in less ink
            break
        grid = _grid_of(ink.levels, bridged, mask, rules)
        if grid is not None and (best is None or len(grid.cells) > len(best.cells)):
            best = grid
    return best


def _rules_at(ink: InkMap, mask: Mask, bridged: Mask, palest: float) -> list[Rule]:
    """What may be rules in a mask, followed into paler ink; none if none of them ends on others at both sides."""
    length = max(MIN_BAR, round(MIN_BAR_SHARE * max(mask.shape)))
    level = _find_rules(mask, length, True)
    upright = _find_rules(np.ascontiguousarray(mask.T), length, False) if level else []
    if not upright or len(level) + len(upright) < 3 or len(level) + len(upright) > MAX_RUNS:
        return []
    if not _meeting(_with_combs(level + upright), bridged):
        return []
    followed = [_followed(rule, ink.levels, palest) for rule in level + upright]
    level = _joined([rule for rule in followed if rule.is_level], bridged)
    upright = _joined([rule for rule in followed if not rule.is_level], np.ascontiguousarray(bridged.T))
    pale = np.asarray(cv2.dilate((ink.levels > palest).view(np.uint8), _BLOCK), np.uint8)
    return [rule for rule in level + upright if _coverage(rule, pale) >= MIN_COVERAGE]


def _coverage(rule: Rule, mask: Mask) -> float:
    """The share of a rule's way that is inked: strokes of digits one below the other leave white between them."""
    mask = mask if rule.is_level else mask.T
    along = np.arange(max(0, rule.start), min(rule.end, mask.shape[1]))
    across = np.clip(np.rint(rule.middles[along - rule.start]).astype(np.intp), 0, mask.shape[0] - 1)
    return float(np.count_nonzero(mask[across, along])) / max(len(along), 1)


def _find_rules(mask: Mask, length: int, is_level: bool) -> list[Rule]:
    """Nearly level straight runs of ink, joined to rules where ink goes on between them."""
    bridged = np.asarray(cv2.dilate(mask, _BLOCK), np.uint8)
    segments: list[Rule] = []
    source, top, left = bridged, 0, 0
    for min_length in (length, LONGER * length):  # thick rules are no longer than thick at first
        runs = cv2.morphologyEx(
            source,
            cv2.MORPH_OPEN,
            np.ones((1, min_length + 2), np.uint8),
            borderType=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
        rows, columns = np.flatnonzero(runs.any(axis=1)), np.flatnonzero(runs.any(axis=0))
        if not len(rows):
            break
        runs = np.asarray(runs[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], np.uint8)
        top, left = top + int(rows[0]), left + int(columns[0])
        runs = cv2.bitwise_and(runs, mask[top : top + runs.shape[0], left : left + runs.shape[1]])
        _, labels, statistics, _ = cv2.connectedComponentsWithStats(runs, connectivity=8)
        thick = []
        for number, (x, y, w, h, area) in enumerate(statistics.tolist()):
            if number == 0 or w < 0.8 * min_length:
                continue
            if area / w > max(2.5, MAX_THICKNESS * w):
                thick.append(number)
                continue
            part = labels[y : y + h, x : x + w] == number
            counts = part.sum(axis=0)
            inked = np.flatnonzero(counts)
            middles = (part * np.arange(h)[:, None]).sum(axis=0)[inked] / counts[inked]
            along = np.interp(np.arange(w), inked, middles)
            thickness = float(np.median(counts[inked]))
            segments.append(Rule(left + x, (top + y + along).astype(np.float32), thickness, is_level))
        if not thick:
            break
        source = np.isin(labels, thick).astype(np.uint8)
    return _joined(segments, bridged)


def _joined(segments: list[Rule], mask: Mask) -> list[Rule]:
    """Segments that continue one another, over ink or a short gap, or that run side by side."""
    remaining = sorted(segments, key=lambda rule: -len(rule.middles))
    joined: list[Rule] = []
    while remaining:
        rule, others = remaining[0], remaining[1:]
        while True:
            rest = []
            for other in others:
                first, second = (rule, other) if rule.start <= other.start else (other, rule)
                if _continues(first, second, mask):
                    rule = _concatenated(first, second)
                else:
                    rest.append(other)
            if len(rest) == len(others):
                break
            others = rest
        joined.append(rule)
        remaining = others
    return joined


def _continues(rule: Rule, other: Rule, mask: Mask) -> bool:
    gap = other.start - rule.end
    (before, slope), (after, _) = rule.tail, other.head
    tolerance = 2.0 + 0.5 * max(rule.thickness, other.thickness)
    if gap >= 0 and abs(before + slope * gap - after) > tolerance + 0.03 * gap:
        return False
    if max(rule.thickness, other.thickness) > 2.5 * min(rule.thickness, other.thickness) + 2:
        return False
    if gap < 0:
        shared = other.middles[: rule.end - other.start]
        along = rule.middles[other.start - rule.start : other.start - rule.start + len(shared)]
        return abs(float(shared[0] - along[0])) <= tolerance and bool(np.abs(shared - along).max() <= tolerance)
    if gap <= MIN_GAP:
        return True
    columns = np.arange(rule.end, other.start)
    rows = np.rint(np.linspace(before, after, len(columns))).astype(np.intp)
    rows = np.clip(rows, 0, mask.shape[0] - 1)
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


def _followed(rule: Rule, levels: NDArray[np.float32], threshold: float) -> Rule:
    """The rule as far as paler ink goes on along its course."""
    levels = levels if rule.is_level else levels.T
    return _extended(_extended(rule, levels, threshold, 1), levels, threshold, -1)


def _extended(rule: Rule, levels: NDArray[np.float32], threshold: float, direction: int) -> Rule:
    height, width = levels.shape
    while True:
        middle, slope = rule.tail if direction > 0 else rule.head
        edge = rule.end if direction > 0 else rule.start - 1
        columns = edge + direction * np.arange(STEP)
        columns = columns[(columns >= 0) & (columns < width)]
        rows = middle + direction * slope * np.arange(1, len(columns) + 1)
        rows = rows[None] + np.arange(-1, 2)[:, None]
        window = levels[np.clip(np.rint(rows), 0, height - 1).astype(np.intp), columns[None]]
        is_inked = window.max(axis=0) > threshold
        if not len(columns) or np.mean(is_inked) < 1 - MAX_UNINKED:
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
    degree = 3 if count > 60 and len(steps) > 8 else 1
    powers = np.vander(places[steps] / max(count - 1, 1), degree + 1)
    known, weights = middles[steps].astype(np.float64), np.ones(len(steps))
    for _ in range(4):
        weighted = powers * weights[:, None]
        fit = np.linalg.lstsq(weighted.T @ powers, weighted.T @ known, rcond=None)[0]
        residuals = np.abs(known - powers @ fit)
        weights = 1 / (1 + (residuals / max(0.5, 1.5 * float(np.median(residuals)))) ** 2)
    return (np.vander(np.arange(count) / max(count - 1, 1), degree + 1) @ fit).astype(np.float32)


def _drawn(rules: Sequence[Rule], shape: tuple[int, ...], extension: float = 0.0, margin: float = 0.0) -> Mask:
    mask = np.zeros(shape, np.uint8)
    for rule in rules:
        width = max(1, round(rule.thickness + margin))
        points = rule.points(extension and extension + rule.thickness)
        cv2.polylines(mask, [points], False, 1, width, cv2.LINE_8, 4)
    return mask


def _grid_of(levels: NDArray[np.float32], bridged: Mask, mask: Mask, rules: list[Rule]) -> Grid | None:
    """The grid that these rules make: cells, and the rules that bound them."""
    rules = _over_gaps(rules)
    rules = _with_combs(rules)
    rules = [_measured(rule, levels, mask) for rule in _meeting(rules, bridged)]
    rules = _meeting(_without_strokes(_printed(rules, max(mask.shape))), bridged)
    if not rules:
        return None
    inside = 1 - _drawn(rules, mask.shape, extension=3.0, margin=1.0)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(inside, connectivity=4)
    regions = np.asarray(labels, np.int32)
    if count > MAX_CELLS:
        return None
    cells = []
    for number in range(1, count):
        x, y, w, h, area = statistics[number].tolist()
        if min(w, h) >= MIN_CELL and _is_cell(regions, number, (y, x, y + h, x + w), area):
            cells.append(GridCell(number, (y, x, y + h, x + w)))
    cells = [cell for cell in cells if _has_ink(mask, cell) or _count_alike(cell, cells) >= MIN_ALIKE]
    if not any(_is_closed(cell, mask.shape) for cell in cells) and len(cells) < MIN_ALIKE:
        return None
    numbers = np.zeros(count, np.int32)
    numbers[[cell.number for cell in cells]] = [cell.number for cell in cells]
    regions = numbers[regions]
    cells = _arranged(_completed(_arranged(cells), _bounding(rules, regions), regions))
    return Grid(tuple(_bounding(rules, regions)), tuple(cells), regions)


def _measured(rule: Rule, levels: NDArray[np.float32], mask: Mask) -> Rule:
    """The rule with its middle, thickness and darkness as they are where nothing touches it."""
    if rule.is_open:
        return rule
    levels, mask = (levels, mask) if rule.is_level else (levels.T, mask.T)
    columns = np.arange(rule.start, rule.end)
    rule = replace(rule, middles=_curve(columns - rule.start, rule.middles, len(columns)))
    above, below = _extents(mask, rule.middles, columns, limit=round(2 * rule.thickness) + 4)
    thickness = float(np.median(above + below)) + 1
    is_bare = np.abs(above + below + 1 - thickness) <= 1.5 + 0.1 * thickness
    is_bare |= np.count_nonzero(is_bare) < 2
    centers = np.rint(rule.middles) + (below - above) / 2
    middles = _curve(columns[is_bare] - rule.start, centers[is_bare], len(columns))
    bends = np.interp(columns, columns[is_bare], centers[is_bare] - middles[is_bare])
    middles += cv2.blur(np.clip(bends, -BEND, BEND)[None].astype(np.float32), (2 * BEND_REACH + 1, 1))[0]
    rows = np.clip(np.rint(middles).astype(np.intp), 0, mask.shape[0] - 1)
    darkness = float(np.median(levels[rows, columns]))
    return replace(rule, middles=middles, thickness=thickness, darkness=darkness)


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
            if rule.is_level != other.is_level or ends[id(first)][1] or ends[id(second)][0]:
                continue
            before, after = first.tail, second.head
            is_one = abs(before[0] + before[1] * gap - after[0]) <= 2.0 + rule.thickness / 2 + 0.03 * gap
            if is_one and 0 < gap < min(len(first.middles), len(second.middles)):
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


def _with_combs(rules: list[Rule]) -> list[Rule]:
    """The rules, and what closes the boxes of combs at the top: of level rules with even teeth from end to end."""
    added: list[Rule] = []
    in_comb: set[int] = set()
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
        outside = _off_lattice(teeth)
        teeth = [
            (place, tooth) for place, tooth in sorted(teeth, key=lambda entry: entry[0]) if id(tooth) not in outside
        ]
        places = np.array([place for place, _ in teeth])
        heights = np.array([len(tooth.middles) for _, tooth in teeth], np.float64)
        height, pitch = float(np.median(heights)), float(np.median(np.diff(places)))
        reach = REACH + 2 * base.thickness + 0.05 * pitch
        if abs(places[0] - base.start) > reach or abs(places[-1] - base.end) > reach or len(teeth) < 3:
            continue
        if np.ptp(np.diff(places)) > 2 * UNEVEN * pitch or np.mean(np.abs(heights - height) < 0.15 * height) < 0.7:
            continue
        closed = [
            any(place <= tooth.start + REACH + rules[other].thickness for other, place in crossings[number].items())
            for number, tooth in ((numbers[id(tooth)], tooth) for _, tooth in teeth)
        ]
        if np.mean(closed) > 0.5:  # boxes
            continue
        rise = max(height, COMB * pitch)
        top = replace(base, middles=base.middles - np.float32(rise), thickness=1.0, is_open=True, in_comb=True)
        added.append(top)
        in_comb |= {id(base), *(id(tooth) for _, tooth in teeth)}
        for place, tooth in teeth:
            start = round(base.at(place) - rise)
            count = tooth.start - start
            if count > 0:
                column = np.full(count + 1, tooth.middles[: max(3, len(tooth.middles) // 4)].mean(), np.float32)
                column = column[: tooth.start - max(0, start) + 1]
                added.append(Rule(max(0, start), column, 1.0, False, is_open=True, in_comb=True))
    return [replace(rule, in_comb=True) if id(rule) in in_comb else rule for rule in rules] + added


def _printed(rules: list[Rule], extent: int) -> list[Rule]:
    """The rules without those far darker than most, unless they are long: these are strokes of the pen."""
    order = sorted((rule for rule in rules if not rule.is_open), key=lambda rule: rule.darkness)
    if not order:
        return []
    lengths = np.cumsum([len(rule.middles) for rule in order])
    middle = order[int(np.searchsorted(lengths, lengths[-1] / 2))].darkness
    return [rule for rule in rules if rule.darkness < DARKER * middle or len(rule.middles) > LONG_PRINT * extent]


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
        short = [(place, rule) for place, rule in sides if counts[id(rule)] == 1]
        if len(sides) - len(short) >= 2:  # others go on through the rows above or below: columns of a table
            places = [place for place, rule in sides if counts[id(rule)] > 1]
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
    return {id(rule) for (_, rule), is_on in zip(sides, best.tolist(), strict=True) if not is_on}


def _meeting(rules: list[Rule], mask: Mask) -> list[Rule]:
    """The rules that end on others across them, or at the picture's edge; repeated until none falls out."""
    crossings = _crossings(rules)
    turned = np.ascontiguousarray(mask.T)
    remaining = set(range(len(rules)))
    while True:
        fallen = {
            number
            for number in remaining
            if not _meets(
                rules[number],
                [(rules[other], place) for other, place in crossings[number].items() if other in remaining],
                mask if rules[number].is_level else turned,
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
    top, left, bottom, right = np.array([_extent(rules[number]) for number in level]).T[:, :, None]
    above, before, below, behind = np.array([_extent(rules[number]) for number in upright]).T[:, None]
    near = (top <= below) & (above <= bottom) & (left <= behind) & (before <= right)
    for i, j in zip(*(indices.tolist() for indices in np.nonzero(near)), strict=True):
        a, b = level[i], upright[j]
        place = _crossing(rules[a], rules[b])
        if place is not None:
            crossings[a][b] = place
            crossings[b][a] = rules[a].at(place)
    return crossings


def _extent(rule: Rule) -> tuple[float, float, float, float]:
    """Its box, half its reach around it."""
    reach = REACH + rule.thickness / 2
    low, high = float(rule.middles.min()) - reach, float(rule.middles.max()) + reach
    start, end = rule.start - reach, rule.end + reach
    return (low, start, high, end) if rule.is_level else (start, low, end, high)


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
    middles = rule.middles[np.clip(columns - rule.start, 0, len(rule.middles) - 1)]
    rows = np.clip(np.rint(middles).astype(np.intp), 0, mask.shape[0] - 1)
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
    top, left, bottom, right = cell.box
    y, x = cell.height // 6, cell.width // 6
    return bool(mask[top + y : bottom - y, left + x : right - x].any())


def _count_alike(cell: GridCell, cells: list[GridCell]) -> int:
    """How many cells are as large, itself among them."""
    return sum(
        abs(other.height - cell.height) < 0.15 * cell.height and abs(other.width - cell.width) < 0.15 * cell.width
        for other in cells
    )


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
        width, height = np.median([cell.width for cell in members]), np.median([cell.height for cell in members])
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
    """The ink map without the grid's rules; strokes that cross a rule, or end on it, stay."""
    threshold = max(ink.thresholds(SHARES)[:2])
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
    return replace(ink, levels=levels)


def _erase(levels: NDArray[np.float32], mask: NDArray[np.bool_], rule: Rule) -> None:
    """Set the ink of a level rule to 0, but where a stroke crosses it or leaves it."""
    height, width = mask.shape
    reach = round(rule.thickness) + 3
    columns = np.arange(max(0, rule.start - reach), min(width, rule.end + reach))
    middles = rule.middles[np.clip(columns - rule.start, 0, len(rule.middles) - 1)]
    half, tolerance = (rule.thickness - 1) / 2, 1.0 + 0.25 * rule.thickness
    above, below = _extents(mask, middles, columns, limit=round(half + tolerance) + 3)
    is_above, is_below = _broadened(above > half + tolerance), _broadened(below > half + tolerance)
    spread = max(1, round(0.7 * rule.thickness))
    through = _dilated(is_above, spread) & _dilated(is_below, spread)
    center = np.rint(middles).astype(np.intp)
    is_pen = levels[np.clip(center, 0, height - 1), columns] > DARKER * rule.darkness
    through |= _broadened(is_pen)
    margin = math.ceil(half) + 1
    for offset in range(-margin, margin + 1):
        rows = center + offset
        erased = (rows >= 0) & (rows < height) & ~through
        levels[rows[erased], columns[erased]] = 0.0


def _broadened(columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Runs of two columns and more: single ones are the rule's ragged edge."""
    row = columns.astype(np.uint8)[None]
    opened = cv2.morphologyEx(row, cv2.MORPH_OPEN, np.ones((1, 2), np.uint8))
    return np.asarray(opened[0] > 0, np.bool_)


def _dilated(columns: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    row = columns.astype(np.uint8)[None]
    return np.asarray(cv2.dilate(row, np.ones((1, 2 * radius + 1), np.uint8))[0] > 0, np.bool_)
