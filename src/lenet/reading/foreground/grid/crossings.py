"""Where rules cross, and which of them end on one another."""

from collections.abc import Sequence

import numpy as np

from lenet.reading.foreground.grid.rule import REACH, Mask, Rule, nearest_pixels
from lenet.reading.foreground.rules import RULE_LENGTH


def find_crossings(rules: Sequence[Rule]) -> list[dict[int, float]]:
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


def connected_rules(rules: Sequence[Rule]) -> list[list[Rule]]:
    """The rules in groups that hang together."""
    crossings = find_crossings(rules)
    remaining = set(range(len(rules)))
    groups: list[list[Rule]] = []
    while remaining:
        group = {remaining.pop()}
        reached = group
        while reached := set().union(*(crossings[number] for number in reached)) & remaining:
            remaining -= reached
            group |= reached
        groups.append([rules[number] for number in sorted(group)])
    return groups


def _crossing(rule: Rule, other: Rule) -> float | None:
    """Position along a rule where another one crosses it or ends on it; None if it does neither."""
    place = float(other.middles[len(other.middles) // 2])
    reach = REACH + rule.thickness / 2
    for _ in range(2):
        middle = rule.at(place)
        if not -reach <= middle - other.start <= len(other.middles) + reach:
            return None
        place = other.at(middle)
    reach = REACH + other.thickness / 2
    return place if rule.start - reach <= place <= rule.end + reach else None


def ends_on(rule: Rule, across: list[tuple[Rule, float]]) -> tuple[bool, bool]:
    """Whether a rule begins, and whether it ends, on one of those across it."""
    return (
        any(place <= rule.start + REACH + other.thickness for other, place in across),
        any(place >= rule.end - REACH - other.thickness for other, place in across),
    )


def meeting_rules(rules: list[Rule], mask: Mask) -> list[Rule]:
    """The rules that end on others across them, or at the picture's edge; repeated until none falls out."""
    crossings = find_crossings(rules)
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
    at_start, at_end = rule.start <= REACH, rule.end >= extent - REACH
    for other, place in across:
        at_start = at_start or (
            place < rule.start + REACH + other.thickness and _is_inked(mask, rule, place, rule.start)
        )
        at_end = at_end or (place > rule.end - REACH - other.thickness and _is_inked(mask, rule, rule.end, place))
    return bool(across) and ((at_start and at_end) or len(rule.middles) > RULE_LENGTH * extent)


def _is_inked(mask: Mask, rule: Rule, start: float, end: float) -> bool:
    """Whether ink goes on along a level rule's course from one place to another, but for a pixel."""
    columns = np.arange(max(0, round(start)), min(mask.shape[1], round(end) + 1))
    middles = rule.middles[np.minimum(np.maximum(columns - rule.start, 0), len(rule.middles) - 1)]
    rows = nearest_pixels(middles, mask.shape[0])
    return bool(np.count_nonzero(mask[rows, columns] == 0) <= 1)
