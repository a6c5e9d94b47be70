"""Combs: level rules with even teeth, whose boxes are open at the top."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.grid.cell import MIN_CELL
from lenet.reading.foreground.grid.crossings import find_crossings
from lenet.reading.foreground.grid.missing_rules import side_at
from lenet.reading.foreground.grid.profiles import ink_extents
from lenet.reading.foreground.grid.rule import MAX_THICKNESS, REACH, Mask, Rule, transposed
from lenet.reading.foreground.grid.spacing import MIN_ALIKE, UNEVEN, comb_lattice
from lenet.reading.order_statistics import median


def with_combs(rules: list[Rule], mask: Mask) -> list[Rule]:
    """The rules, and what closes the boxes of combs at the top: of level rules with even teeth from end to end.

    What goes from one tooth to another is no rule, but the stroke of a digit.
    """
    added: list[Rule] = []
    in_comb: set[int] = set()
    turned = transposed(mask)
    crossings, numbers = find_crossings(rules), {id(rule): number for number, rule in enumerate(rules)}
    for base, crossed in zip(rules, crossings, strict=True):
        if not base.is_level:
            continue
        teeth = []
        for number, place in crossed.items():
            tooth, middle = rules[number], base.at(place)
            if abs(middle - tooth.end) <= REACH + base.thickness and middle - tooth.start >= MIN_CELL / 2:
                teeth.append((place, tooth))
        teeth += [
            (place, stub)
            for place, stub in _find_stubs(base, mask)
            if all(abs(place - other) > stub.thickness for other, _ in teeth)
        ]
        if len(teeth) < MIN_ALIKE:
            continue
        teeth.sort(key=lambda entry: entry[0])
        seen, nearest = comb_lattice(np.array([place for place, _ in teeth]))
        teeth = [teeth[index] for index in nearest.tolist() if index >= 0]
        if len(teeth) < MIN_ALIKE:
            continue
        lattice = _to_the_ends(seen, base, len(teeth))
        hidden = np.r_[seen[nearest < 0], np.setdiff1d(lattice, seen).clip(base.start, base.end - 1)].tolist()
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
                for other, place in crossings[numbers[id(tooth)]].items()
            )
            for _, tooth in teeth
            if id(tooth) in numbers
        ]
        if 2 * sum(closed) > len(teeth):  # boxes
            continue
        rise = max(height, pitch)  # teeth may be short
        top = replace(base, middles=base.middles - np.float32(rise), thickness=1.0, is_open=True, in_comb=True)
        added += [top, *(replace(tooth, in_comb=True) for _, tooth in teeth if id(tooth) not in numbers)]
        in_comb |= {id(base), *(id(tooth) for _, tooth in teeth)}
        thickness = median([tooth.thickness for _, tooth in teeth])
        ends = [(tooth.start, tooth.middles[: max(3, len(tooth.middles) // 4)].mean()) for _, tooth in teeth]
        reached = replace(base, middles=base.middles - np.float32(height))
        for place in hidden:
            found = side_at(place, 0.0, reached, base, thickness, 0.0, turned)
            ends.append((round(base.at(place)) if found is None else found.start, place))
            if found is not None:
                added.append(replace(found, in_comb=True))
        for end, place in ends:
            start = round(base.at(place) - rise)
            if end > start:  # as thick as the teeth: then what they bound is a rectangle
                column = np.full(end - start + 1, place, np.float32)[: end - max(0, start) + 1]
                added.append(Rule(max(0, start), column, thickness, False, is_open=True, in_comb=True))
    kept = [
        replace(rule, in_comb=True) if id(rule) in in_comb else rule
        for rule, crossed in zip(rules, crossings, strict=True)
        if id(rule) in in_comb or not crossed or not all(id(rules[number]) in in_comb for number in crossed)
    ]
    return kept + added


def _find_stubs(base: Rule, mask: Mask) -> list[tuple[float, Rule]]:
    """Find teeth too short for a straight run, and where along their base they stand.

    They are higher than wide and flat at the top, and nothing is below them.
    """
    columns = np.arange(max(0, base.start), min(base.end, mask.shape[1]))
    middles, min_height = base.middles[columns - base.start], MIN_CELL / 2 + base.thickness
    rows = np.rint(middles).astype(np.intp) - math.ceil(min_height)
    is_inked = (rows >= 0) & (mask[rows.clip(0), columns] > 0)
    if not is_inked.any():
        return []
    max_height = np.ptp(_runs(is_inked), axis=1).max() / MAX_THICKNESS  # what is higher is no stub
    above, below = np.zeros((2, len(columns)), np.intp)
    above[is_inked], below[is_inked] = ink_extents(
        mask, middles[is_inked], columns[is_inked], limit=math.ceil(max(min_height, max_height))
    )
    bounds = _runs(above >= min_height)
    stubs = []
    for first, last in bounds.tolist():
        height, width, inner = median(above[first:last]), last - first, np.s_[first + 1 : last - 1]
        is_short = 2 < width < height < width / MAX_THICKNESS
        is_flat = np.abs(above[inner] - height).max(initial=0) <= 1
        if is_short and is_flat and median(below[first:last]) <= base.thickness:
            place = base.start + (first + last - 1) / 2
            middle = round(base.at(place))
            column = np.full(round(height) + 1, place, np.float32)
            stubs.append((place, Rule(middle - round(height), column, float(width - 2), False)))  # the mask is dilated
    return stubs


def _runs(flags: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The first index of each run of set flags, and that behind its last, (N, 2)."""
    return np.flatnonzero(np.diff(np.pad(flags.view(np.int8), 1))).reshape(-1, 2)


def _to_the_ends(lattice: NDArray[np.float64], base: Rule, count: int) -> NDArray[np.float64]:
    """Places of teeth, of so many that are seen, and those up to the ends of their base, where digits hide some.

    The outermost stand at the ends, as wide from the next ones as perspective has it.
    """
    first, last = lattice[1] - lattice[0], lattice[-1] - lattice[-2]
    half = base.thickness / 2
    ways = lattice[0] - base.start - half, base.end - half - lattice[-1]
    before, behind = (max(0, round(way / pitch)) for way, pitch in zip(ways, (first, last), strict=True))
    if 2 * count < before + len(lattice) + behind:
        return lattice
    first, last = (
        way / number if number and abs(way / number - pitch) < 2 * UNEVEN * pitch else pitch
        for way, number, pitch in zip(ways, (before, behind), (first, last), strict=True)
    )
    places = [lattice[0] - first * np.arange(before, 0, -1), lattice, lattice[-1] + last * np.arange(1, behind + 1)]
    return np.concatenate(places)
