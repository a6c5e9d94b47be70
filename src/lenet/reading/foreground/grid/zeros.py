"""The insides of round digits, which are bounded by ink on four sides as cells are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.components import label_components
from lenet.reading.foreground.grid.cell import GridCell, cells_alike, has_ink_inside
from lenet.reading.foreground.grid.rule import Mask
from lenet.reading.foreground.grid.spacing import MIN_ALIKE
from lenet.reading.order_statistics import median


def without_zeros(
    cells: list[GridCell], regions: NDArray[np.int32], mask: Mask, bridged: Mask, thickness: float
) -> list[GridCell]:
    """The cells with ink, and the blank ones of which there are several, without the insides of round digits.

    What hangs together with the sides of no other cell may be a digit: a zero, or a 6. A zero has no corners, or three
    where ink runs: a blank box has all four, one with ink half of them; and where a blank cell is a zero, other digits
    stand beside it.
    """
    filled = {cell.number for cell in cells if has_ink_inside(mask, cell.box)}
    cells = [cell for cell in cells if cell.number in filled or len(cells_alike(cell, cells)) >= MIN_ALIKE]
    boxes = label_components(mask)[1][1:, :4]
    inside = [[cell for cell in cells if _surrounds(box, cell)] for box in boxes.tolist()]
    others = boxes[[not members for members in inside]]
    alone = {members[0].number: box for box, members in zip(boxes, inside, strict=True) if len(members) == 1}
    suspects = [cell for cell in cells if cell.number in alone]
    corners = {cell.number: _share_of_corners(cell, regions, bridged, thickness) for cell in suspects}
    digits: set[int] = set()
    for cell in suspects:
        alike = [other.number for other in cells_alike(cell, suspects)]
        typical = median([corners[number] for number in alike])
        if filled.intersection(alike):
            is_digit = 2 * typical < 1
        else:
            is_digit = typical < 1 or any(_has_neighbor(alone[number], others) for number in alike)
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


def _share_of_corners(cell: GridCell, regions: NDArray[np.int32], bridged: Mask, thickness: float) -> float:
    """The share of the corners of a cell at which its rules meet in ink."""
    top, left, bottom, right = cell.box
    ys, xs = np.nonzero(regions[top:bottom, left:right] == cell.number)
    outward = max(1, round(thickness) - 1)
    found = []
    for down, across in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        corner = int((down * ys + across * xs).argmax())
        y, x = top + ys[corner] + down * outward, left + xs[corner] + across * outward
        found.append(0 <= y < bridged.shape[0] and 0 <= x < bridged.shape[1] and bool(bridged[y, x]))
    return float(np.mean(found))
