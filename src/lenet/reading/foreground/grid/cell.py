"""A cell of a grid: its box, its place among the others, those like it, and whether something is in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.boxes import Box

Mask = NDArray[np.uint8]

MIN_CELL = 14  # pixels: the shortest side of a cell, as low as digits that are read


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


def cells_alike(cell: GridCell, cells: list[GridCell]) -> list[GridCell]:
    """The cells of about the same size as a cell, itself among them if it is one of them."""
    return [
        other
        for other in cells
        if abs(other.height - cell.height) < 0.15 * cell.height and abs(other.width - cell.width) < 0.15 * cell.width
    ]


def is_closed(cell: GridCell, shape: tuple[int, ...]) -> bool:
    """Whether a cell touches no edge of the picture, whose (height, width) is given."""
    top, left, bottom, right = cell.box
    return top > 0 and left > 0 and bottom < shape[0] and right < shape[1]


def has_ink_inside(mask: Mask, box: Box) -> bool:
    """Whether there is ink in a box, off its sides and its corners, where a zero is round."""
    top, left, bottom, right = box
    down = np.abs(np.linspace(-1, 1, bottom - top))[:, None]
    across = np.abs(np.linspace(-1, 1, right - left))
    is_inner = 2 * (down**2 + across**2) < 1  # half of the ellipse that touches its sides
    return bool((mask[top:bottom, left:right] > 0)[is_inner].any())
