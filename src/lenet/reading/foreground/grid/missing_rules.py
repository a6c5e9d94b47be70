"""Rules that are missing between others: hidden by writing or shadow, or not printed where a table is open."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np

from lenet.reading.foreground.grid.cell import MIN_CELL
from lenet.reading.foreground.grid.crossings import find_crossings
from lenet.reading.foreground.grid.profiles import find_bare
from lenet.reading.foreground.grid.rule import MIN_COVERAGE, REACH, Mask, Rule
from lenet.reading.foreground.grid.spacing import MIN_ALIKE, UNEVEN, lattices_between
from lenet.reading.foreground.grid.tracing import inked_parts
from lenet.reading.foreground.rules import RULE_LENGTH
from lenet.reading.order_statistics import median

MIN_ASPECT = 0.5  # of a box of a field, whose sides may be hidden: height to width, or width to height


def with_missing(rules: list[Rule], mask: Mask) -> list[Rule]:
    """The rules, and those that evenly spaced ones lack, where ink lies: writing hides them on squared paper."""
    added: list[Rule] = []
    for is_level in (True, False):
        source = mask if is_level else mask.T
        family = [rule for rule in rules if rule.is_level == is_level and not rule.is_open]
        family = [rule for rule in family if len(rule.middles) > RULE_LENGTH * source.shape[1]]
        if len(family) < MIN_ALIKE:
            continue
        center = source.shape[1] / 2
        family.sort(key=lambda rule: rule.at(center))
        gaps = np.diff([rule.at(center) for rule in family])
        pitch = median(gaps)
        if 2 * np.count_nonzero(np.abs(gaps - pitch) < UNEVEN * pitch) < len(gaps):
            continue
        thickness = median([rule.thickness for rule in family])
        for (before, behind), gap in zip(pairwise(family), gaps.tolist(), strict=True):
            count = round(gap / pitch)
            if count < 2 or abs(gap - count * pitch) > 2 * UNEVEN * pitch:
                continue
            start, end = max(before.start, behind.start), min(before.end, behind.end)
            first, last = (rule.middles[start - rule.start : end - rule.start] for rule in (before, behind))
            for index in range(1, count):
                middles = np.asarray(first + (last - first) * (index / count), np.float32)
                darkness = (before.darkness + behind.darkness) / 2
                rule = Rule(start, middles, thickness, is_level, darkness)
                if inked_parts(rule, source, 1 + len(middles) // 2):
                    added.append(rule)
    return rules + added


def with_sides(rules: list[Rule], mask: Mask) -> list[Rule]:
    """The rules, and the sides that a row of even boxes lacks where ink lies: digits and shadows hide them.

    A side along which a digit lies is as thick as both: it is placed by the others, too.
    """
    rows: dict[tuple[int, ...], list[tuple[float, Rule]]] = {}
    for rule, crossed in zip(rules, find_crossings(rules), strict=True):
        if not rule.is_level and not rule.in_comb:
            for pair in pairwise(sorted(crossed, key=crossed.__getitem__)):
                rows.setdefault(pair, []).append((float(rule.middles.mean()), rule))
    added: list[Rule] = []
    replaced: set[int] = set()
    counts = Counter(id(rule) for sides in rows.values() for _, rule in sides)
    for (above, below), sides in rows.items():
        top, bottom = rules[above], rules[below]
        if any(counts[id(rule)] > 1 for _, rule in sides) or not (top.is_level and bottom.is_level):
            continue
        sides.sort(key=lambda side: side[0])
        thickness = median([side.thickness for _, side in sides])
        is_bare = find_bare(np.array([side.thickness for _, side in sides]), thickness)
        bare = [side for side, is_one in zip(sides, is_bare.tolist(), strict=True) if is_one]
        if len(bare) < 2:
            continue
        places = np.array([place for place, _ in bare])
        height = bottom.at(places.mean()) - top.at(places.mean())
        darkness = median([side.darkness for _, side in bare])
        for count in range(len(bare) - 1, 2 * len(bare) + 2):  # of cells between the outermost sides
            pitch = (places[-1] - places[0]) / count
            if pitch < MIN_CELL or not MIN_ASPECT * height < pitch < height / MIN_ASPECT:
                continue
            lattice = min(
                lattices_between(places[0], places[-1], count),
                key=lambda lattice: float(np.abs(lattice[:, None] - places[None]).min(axis=0).max()),
            )
            off = np.abs(lattice[:, None] - places[None])
            if off.min(axis=0).max() > UNEVEN * pitch:
                continue
            is_hidden = off.min(axis=1) > UNEVEN * pitch
            slopes = np.interp(lattice, places, [side.slope for _, side in bare])
            hidden = [
                side_at(place, slope, top, bottom, thickness, darkness, mask.T)
                for place, slope in zip(lattice[is_hidden].tolist(), slopes[is_hidden].tolist(), strict=True)
            ]
            found = [side for side in hidden if side is not None]
            if len(found) == len(hidden):
                added += found
                replaced |= {
                    id(side)
                    for place, side in sides
                    if not any(side is other for _, other in bare)
                    and (np.abs(lattice[is_hidden] - place) < side.thickness).any()
                }
                break
    return [rule for rule in rules if id(rule) not in replaced] + added


def side_at(
    place: float, slope: float, top: Rule, bottom: Rule, thickness: float, darkness: float, mask: Mask
) -> Rule | None:
    """The side of a box from one level rule to another at a place, if ink lies on most of its way."""
    start, end = round(top.at(place)), round(bottom.at(place)) + 1
    middles = place + slope * (np.arange(start, end) - (start + end) / 2)
    side = Rule(start, np.asarray(middles, np.float32), thickness, False, darkness)
    along = np.clip(np.arange(start, end), 0, mask.shape[1] - 1)
    across = np.clip(np.rint(side.middles).astype(np.intp), 0, mask.shape[0] - 1)
    return side if end > start and np.mean(mask[across, along] > 0) >= MIN_COVERAGE else None


def with_open_sides(rules: list[Rule], width: int) -> list[Rule]:
    """The rules, and what closes the cells of a table at a side where nothing is printed: its rules end in one line."""
    crossings = find_crossings(rules)
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
            if len(ends) < MIN_ALIKE or 2 * len(ends) < len(crossed):
                continue
            ys, xs = np.array(sorted(ends)).T
            line = np.polyfit(ys, xs, 1)
            if np.abs(np.polyval(line, ys) - xs).max() > REACH + 0.02 * float(np.ptp(ys)):
                continue
            is_at_edge = (xs <= REACH) if is_start else (xs >= width - REACH - 1)
            if is_at_edge.all() or any(abs(side.at(ys[0]) - xs[0]) < 2 * REACH for side in added):
                continue
            start, end = math.floor(ys[0]) - 1, math.ceil(ys[-1]) + 2
            middles = np.polyval(line, np.arange(max(0, start), end)) + (1 if is_start else -1)
            added.append(Rule(max(0, start), np.asarray(middles, np.float32), 1.0, False, is_open=True, in_comb=True))
    return rules + added
