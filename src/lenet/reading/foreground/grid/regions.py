"""The regions of paper between rules: which of them are cells, and which rules bound or divide them."""

import math
from collections import Counter

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.boxes import Box
from lenet.reading.foreground.grid.cell import MIN_CELL, GridCell
from lenet.reading.foreground.grid.rule import MIN_COVERAGE, REACH, Rule, drawn_rules
from lenet.reading.foreground.rules import RULE_LENGTH, RULE_TILT

MIN_THROUGH = 11  # so many rules each way, more than a sudoku has, are squared paper
MAX_CELLS = 4000  # more are texture


def cells_between(rules: list[Rule], shape: tuple[int, ...]) -> tuple[list[GridCell], NDArray[np.int32]]:
    """The cells that these rules bound, and the region that each pixel belongs to; none where there are too many."""
    inside = 1 - drawn_rules(rules, shape, extension=REACH, margin=1.0)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(inside, connectivity=4)
    regions = np.asarray(labels, np.int32)
    if count > MAX_CELLS:
        return [], regions
    min_side = MIN_CELL / 2 if _are_squares(rules, shape) else MIN_CELL
    cells = []
    for number in range(1, count):
        x, y, w, h, area = statistics[number].tolist()
        if min(w, h) >= min_side and _is_cell(regions, number, (y, x, y + h, x + w), area):
            cells.append(GridCell(number, (y, x, y + h, x + w)))
    return _bounded(cells, rules, shape), regions


def _is_cell(regions: NDArray[np.int32], number: int, box: Box, area: int) -> bool:
    """Whether a region of paper has four straight sides; those at the picture's edge are open."""
    top, left, bottom, right = box
    height, width = regions.shape
    edges = [top == 0, left == 0, bottom == height, right == width]
    if (edges[0] and edges[2]) or (edges[1] and edges[3]):
        return False
    if area >= MIN_COVERAGE * (bottom - top) * (right - left):
        return True
    part = (regions[top:bottom, left:right] == number).astype(np.uint8)
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    contour = max(contours, key=cv2.contourArea)
    (_, (w, h), _) = cv2.minAreaRect(contour)
    return min(w, h) >= MIN_CELL and cv2.contourArea(contour) >= MIN_COVERAGE * w * h


def _are_squares(rules: list[Rule], shape: tuple[int, ...]) -> bool:
    """Whether so many rules go through the page in both directions that it is squared paper."""
    lengths = {True: RULE_LENGTH * shape[1], False: RULE_LENGTH * shape[0]}
    long = Counter(rule.is_level for rule in rules if len(rule.middles) > lengths[rule.is_level])
    return min(long[True], long[False]) >= MIN_THROUGH


def _bounded(cells: list[GridCell], rules: list[Rule], shape: tuple[int, ...]) -> list[GridCell]:
    """The cells with a rule, or the picture's edge, at the middle of each side: between zeros there is none."""
    drawn = drawn_rules(rules, shape)
    reach = 4 + math.ceil(max(rule.thickness for rule in rules))
    bounded = []
    for cell in cells:
        top, left, bottom, right = cell.box
        y, x = (top + bottom) // 2, (left + right) // 2
        down, across = 2 + math.ceil(RULE_TILT * cell.width), 2 + math.ceil(RULE_TILT * cell.height)
        ways = (
            drawn[max(0, top - reach) : top + down, x],
            drawn[bottom - down : bottom + reach, x],
            drawn[y, max(0, left - reach) : left + across],
            drawn[y, right - across : right + reach],
        )
        at_edge = top < REACH, bottom >= shape[0] - REACH, left < REACH, right >= shape[1] - REACH
        if all(way.any() or is_at_edge for way, is_at_edge in zip(ways, at_edge, strict=True)):
            bounded.append(cell)
    return bounded


def bounding_rules(rules: list[Rule], regions: NDArray[np.int32]) -> list[Rule]:
    """The rules that have a cell on one side at least, and not the same on the other, along most of their way."""
    return [rule for rule in rules if np.mean(np.not_equal(*_beside(rule, regions))) > 0.5]


def _beside(rule: Rule, regions: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The cells on both sides of a rule, along its way; 0 where there is none."""
    regions = regions if rule.is_level else regions.T
    along = np.arange(max(0, rule.start), min(rule.end, regions.shape[1]))
    middles = rule.middles[along - rule.start]
    reach = round(rule.thickness / 2 + REACH)
    before, behind = (
        regions[np.clip(np.rint(middles + offset).astype(np.intp), 0, regions.shape[0] - 1), along]
        for offset in (-reach, reach)
    )
    return before, behind
