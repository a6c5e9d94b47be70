"""Strokes of a pen among rules: uneven, darker than print, or between the evenly spaced sides of boxes."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.grid.crossings import find_crossings
from lenet.reading.foreground.grid.rule import REACH, Rule
from lenet.reading.foreground.grid.spacing import MIN_ALIKE, UNEVEN, are_even, are_separate
from lenet.reading.foreground.grid.tracing import go_on
from lenet.reading.foreground.rules import RULE_LENGTH
from lenet.reading.order_statistics import median

MIN_EVENNESS = 0.4  # of a rule's way: digits may lie on most of it; strokes of digits are uneven all along
DARKER = 1.4  # times as dark as most rules: a stroke of the pen


def even_rules(rules: list[Rule]) -> list[Rule]:
    """The rules without uneven ones, as strokes of digits are; a side that a digit touches is as long as even ones, and
    a rule through a whole table that digits hide runs between the same two as even ones.

    One that is twice as thick as the others is a digit along a side, and lies where neither does.
    """
    crossings = find_crossings(rules)
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


def printed_rules(rules: list[Rule], extent: int, pen: float) -> list[Rule]:
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
        if rule.darkness < DARKER * darkest[rule.is_level] or len(rule.middles) > RULE_LENGTH * extent
    ]


def without_lone_strokes(rules: list[Rule], extent: int) -> list[Rule]:
    """The rules without short uneven ones of a direction that hardly has any: stems of digits between two lines."""
    counts = Counter(rule.is_level for rule in rules)
    return [
        rule
        for rule in rules
        if rule.is_open
        or counts[rule.is_level] >= MIN_ALIKE
        or len(rule.middles) > RULE_LENGTH * extent
        or rule.evenness >= 1 - MIN_EVENNESS
    ]


def without_strokes(rules: list[Rule]) -> list[Rule]:
    """The rules without strokes of a pen that stand between two level ones, as a tall 1 does, and close nothing.

    The teeth of a comb are evenly spaced already, and each has an open side in line with it.
    """
    strips: dict[tuple[int, ...], list[tuple[float, Rule]]] = {}
    for rule, crossed in zip(rules, find_crossings(rules), strict=True):
        if not (rule.is_level or rule.in_comb):
            for pair in pairwise(sorted(crossed, key=crossed.__getitem__)):
                strips.setdefault(pair, []).append((float(rule.middles.mean()), rule))
    counts = Counter(id(rule) for sides in strips.values() for _, rule in sides)
    strokes: set[int] = set()
    for (above, below), sides in strips.items():
        longest = max(counts[id(rule)] for _, rule in sides)
        limit = max(1, longest / 3)
        short = [(place, rule) for place, rule in sides if counts[id(rule)] <= limit]
        if len(sides) - len(short) >= 2:  # others go on through the rows above or below: columns of a table
            places = [place for place, rule in sides if counts[id(rule)] > limit]
            strokes |= {id(rule) for place, rule in short if min(places) < place < max(places)}
            continue
        if short and len(sides) > len(short):
            alone = {id(rule) for _, rule in short if _stands_alone(rule, (rules[above], rules[below]), rules)}
            strokes |= alone
            sides = [side for side in sides if id(side[1]) not in alone]
        if len(sides) > 2:
            strokes |= _off_lattice(sides)
    return [rule for rule in rules if id(rule) not in strokes]


def _stands_alone(rule: Rule, levels: Sequence[Rule], rules: list[Rule]) -> bool:
    """Whether an upright rule closes nothing: the level ones go on behind it to both sides, and it does not in others.

    The side of a table has level rules that end on it, and a column's has others in line with it.
    """
    reach = REACH + rule.thickness
    goes_through = all(
        level.start + reach < rule.middles.min() and rule.middles.max() < level.end - reach for level in levels
    )
    uprights = [other for other in rules if not (other.is_level or other.is_open or other is rule)]
    in_line = any(go_on(*sorted((rule, other), key=lambda one: one.start)) for other in uprights)
    return goes_through and not in_line


def _off_lattice(sides: list[tuple[float, Rule]]) -> set[int]:
    """Of uprights in one row those that stand between evenly spaced ones, if most are evenly spaced."""
    sides = sorted(sides, key=lambda side: side[0])
    places = np.array([place for place, _ in sides])
    if are_separate(places):
        return set()
    best: NDArray[np.bool_] | None = None
    for count in range(1, len(places)):  # of cells between the outermost two
        pitch = (places[-1] - places[0]) / count
        nearest = np.abs(places[0] + pitch * np.arange(count + 1)[:, None] - places[None])
        if (nearest.min(axis=1) < UNEVEN * pitch).all():
            on_lattice = np.zeros(len(places), np.bool_)
            on_lattice[nearest.argmin(axis=1)] = True
            if best is None or on_lattice.sum() > best.sum():
                best = on_lattice
    if best is None or 2 * best.sum() < len(places):
        return set()
    if are_even(places[~best]):  # as the other sides of boxes with white between them
        return set()
    return {id(rule) for (_, rule), is_on in zip(sides, best.tolist(), strict=True) if not is_on}
