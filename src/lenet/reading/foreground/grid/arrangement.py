"""Arrangement of cells in blocks, rows and columns; the cells that a row lacks, and those over several rows."""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.grid.cell import MIN_CELL, GridCell
from lenet.reading.foreground.grid.rule import Mask, Rule
from lenet.reading.order_statistics import median


def arranged(cells: list[GridCell]) -> list[GridCell]:
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


def divided(cells: list[GridCell], regions: NDArray[np.int32], mask: Mask) -> list[GridCell]:
    """The cells, those over several rows of others divided as these are: parts of their rules were not found.

    A cell is not divided through the middle of ink: what is written there is for all these rows.
    """
    divided = sorted(cells, key=lambda cell: cell.height)  # the lower ones first, so that higher ones have rows beside
    for cell in divided[:]:
        top, left, bottom, right = cell.box
        written = mask[top:bottom, left:right] * (regions[top:bottom, left:right] == cell.number)
        ends = [y for y in _row_ends(cell, divided) if not _is_written_on(written, y - top)]
        if not ends:
            continue
        divided.remove(cell)
        divided.append(replace(cell, box=(top, left, ends[0], right)))
        for start, end in pairwise([*ends, bottom]):
            number = int(regions.max()) + 1
            window = regions[start:end, left:right]
            window[window == cell.number] = number
            divided.append(replace(cell, number=number, box=(start, left, end, right)))
    return divided


def _row_ends(cell: GridCell, cells: list[GridCell]) -> list[int]:
    """Where rows end within a cell: those beside it that begin and end with it, if its own column has such, too."""
    rows = [other for other in cells if other.height < cell.height and _holds(cell, other, 0)]
    beside = [row for row in rows if not _holds(cell, row, 1)]
    is_column = any(other.height < cell.height and _are_aligned(cell, other, 1) for other in cells)
    if not beside or not is_column:
        return []
    nearest = max(beside, key=lambda row: min(row.box[3], cell.box[3]) - max(row.box[1], cell.box[1]))
    column = sorted((row for row in beside if _are_aligned(row, nearest, 1)), key=lambda row: row.box[0])
    offsets = column[0].box[0] - cell.box[0], column[-1].box[2] - cell.box[2]
    if 2 * max(map(abs, offsets)) > column[0].height:
        return []
    return [(above.box[2] + below.box[0]) // 2 for above, below in pairwise(column)]


def _holds(cell: GridCell, other: GridCell, axis: int) -> bool:
    """Whether another cell's middle lies between two sides of this one: above and below (axis 0), or left and right."""
    start, end = cell.box[axis::2]
    return 2 * start < sum(other.box[axis::2]) < 2 * end


def _are_aligned(one: GridCell, other: GridCell, axis: int) -> bool:
    """Whether each of two cells holds the other's middle: they are in one row (axis 0), or in one column."""
    return _holds(one, other, axis) and _holds(other, one, axis)


def _is_written_on(mask: Mask, y: int) -> bool:
    """Whether ink as high as digits has the middle half of its height at a row."""
    _, _, statistics, _ = cv2.connectedComponentsWithStats(mask)
    tops, heights = statistics[1:, cv2.CC_STAT_TOP], statistics[1:, cv2.CC_STAT_HEIGHT]
    is_crossed = 2 * np.abs(2 * (y - tops) - heights) < heights
    return bool((is_crossed & (heights >= MIN_CELL)).any())


def completed(cells: list[GridCell], rules: list[Rule], regions: NDArray[np.int32]) -> list[GridCell]:
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
