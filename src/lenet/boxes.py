"""Boxes in pictures: (top, left, bottom, right), half-open."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

Box = tuple[int, int, int, int]
"""In whole pixels."""

Extent = TypeVar("Extent", int, float)


def bounding_box(boxes: Iterable[Sequence[Extent]]) -> tuple[Extent, Extent, Extent, Extent]:
    """The smallest box that holds all boxes.

    >>> bounding_box([(5, 10, 20, 30), (0, 25, 10, 40)])
    (0, 10, 20, 40)
    """
    tops, lefts, bottoms, rights = zip(*boxes, strict=True)
    return min(tops), min(lefts), max(bottoms), max(rights)
