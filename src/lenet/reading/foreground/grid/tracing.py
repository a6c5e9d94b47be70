"""Tracing of rules: straight runs joined over gaps, followed into paler ink, and parted where white lies between."""

from dataclasses import replace
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.grid.cell import MIN_CELL
from lenet.reading.foreground.grid.crossings import ends_on, find_crossings
from lenet.reading.foreground.grid.families import Family
from lenet.reading.foreground.grid.rule import MIN_COVERAGE, REACH, Mask, Rule, nearest_pixels
from lenet.reading.foreground.grid.runs import straight_runs
from lenet.reading.foreground.ink import InkMap
from lenet.reading.foreground.rules import MANY_COMPONENTS

MIN_BAR = MIN_CELL + 2  # pixels: the shortest straight run, a side of the least cell and the rules that it ends on
MIN_BAR_SHARE = 0.025  # the same, of the picture's longer side
MAX_UNINKED = 0.35  # of a gap between two runs of one rule: more white ends the rule
STEP = 24  # pixels along which a rule is straight: it is followed so far at a time, and bends are averaged over as much
MIN_GAP = 2 * REACH  # pixels: gaps that a printer or a threshold may leave

_BLOCK = np.ones((3, 3), np.uint8)


def shortest_run(shape: tuple[int, ...]) -> int:
    """The length of the shortest straight run of a rule in an ink map."""
    return max(MIN_BAR, round(MIN_BAR_SHARE * max(shape)))


def trace_rules(ink: InkMap, mask: Mask, bridged: Mask, palest: float) -> list[Rule]:
    """Trace what may be rules in a mask, into paler ink too; none if none of them ends on others at both sides."""
    length = shortest_run(mask.shape)
    level = straight_runs(mask, length, True)
    upright = straight_runs(mask, length, False) if level else []
    if not upright or len(level) + len(upright) < 3 or len(level) + len(upright) > MANY_COMPONENTS:
        return []
    pale = np.asarray(cv2.dilate((ink.levels > palest).view(np.uint8), _BLOCK), np.uint8)
    rules: list[Rule] = []
    for runs, is_level in ((level, True), (upright, False)):
        family = Family.of(runs)
        levels, inked, bridges = (ink.levels, pale, bridged) if is_level else (ink.levels.T, pale.T, bridged.T)
        joined = _joined([run for run in runs if family.has(run)], bridges, family)
        followed = _joined([_followed(rule, levels, palest, family) for rule in joined], bridges, family)
        rules += chain(*(inked_parts(rule, inked, length) for rule in followed))
    return rules


def _joined(segments: list[Rule], mask: Mask, family: Family) -> list[Rule]:
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


def _continues(rule: Rule, other: Rule, mask: Mask, family: Family) -> bool:
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
    rows = nearest_pixels(np.linspace(before, after, len(columns)), mask.shape[0])
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


def _followed(rule: Rule, levels: NDArray[np.float32], threshold: float, family: Family) -> Rule:
    """The level rule as far as paler ink goes on along its course."""
    return _extended(_extended(rule, levels, threshold, 1, family), levels, threshold, -1, family)


def _extended(rule: Rule, levels: NDArray[np.float32], threshold: float, direction: int, family: Family) -> Rule:
    height, width = levels.shape
    while True:
        middle = rule.tail if direction > 0 else rule.head
        slope = family.at(middle)
        edge = rule.end if direction > 0 else rule.start - 1
        columns = edge + direction * np.arange(STEP)
        rows = middle + direction * slope * np.arange(1, STEP + 1)
        is_inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows <= height - 1)
        columns = columns[is_inside]
        rows = np.clip(rows[is_inside][None] + np.arange(-1, 2)[:, None], 0, height - 1)
        window = levels[nearest_pixels(rows, height), columns[None]]
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


def inked_parts(rule: Rule, mask: Mask, min_length: int) -> list[Rule]:
    """The parts of a level rule between white gaps: boxes and digits one beside the other leave white between them."""
    along = np.arange(max(0, rule.start), min(rule.end, mask.shape[1]))
    is_inked = mask[nearest_pixels(rule.middles[along - rule.start], mask.shape[0]), along] > 0
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


def go_on(rule: Rule, other: Rule) -> bool:
    """Whether a rule goes on as another one behind its end."""
    gap = other.start - rule.end
    return abs(rule.tail + rule.slope * gap - other.head) <= 2.0 + rule.thickness / 2 + 0.03 * gap


def joined_over_gaps(rules: list[Rule]) -> list[Rule]:
    """Rules joined over white gaps, as a shadow's edge leaves: where both end on nothing, and go on as one."""
    ends = {
        id(rule): ends_on(rule, [(rules[other], place) for other, place in crossed.items()])
        for rule, crossed in zip(rules, find_crossings(rules), strict=True)
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
            if go_on(first, second) and not (ends[id(first)][1] or ends[id(second)][0]):
                both = _concatenated(first, second)
                ends[id(both)] = ends[id(first)][0], ends[id(second)][1]
                rule = both
                remaining.remove(other)
        joined.append(rule)
    return joined
