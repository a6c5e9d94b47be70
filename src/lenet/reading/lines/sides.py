"""Sides of boxes among the components of a page: upright strokes that a ruled line bounds at both ends."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.components import label_components
from lenet.reading.foreground.grid.rule import REACH
from lenet.reading.foreground.rules import BAR_THICKNESS
from lenet.reading.lines.layout import Component, Labels, Mask


def without_sides(components: list[Component], rules: Mask) -> tuple[list[Component], list[Component]]:
    """The components that are no sides of boxes, and the sides.

    A 1 that is written between two ruled lines ends before them, and one that crosses them goes on behind them.

    >>> rules = np.zeros((60, 60), np.uint8)
    >>> rules[[10, 50]] = 1
    >>> side, one = Component(1, 11, 20, 50, 23, 100.0), Component(2, 16, 40, 45, 43, 90.0)
    >>> without_sides([side, one], rules) == ([one], [side])
    True
    """
    if not rules.any():
        return components, []
    labels, statistics = label_components(rules)
    widths = statistics[:, cv2.CC_STAT_WIDTH]
    sides = [component for component in components if _is_side(component, labels, widths)]
    numbers = {side.number for side in sides}
    return [component for component in components if component.number not in numbers], sides


def _is_side(component: Component, labels: Labels, widths: NDArray[np.int32]) -> bool:
    if component.width > BAR_THICKNESS * component.height:
        return False
    columns = slice(max(0, component.left - 1), component.right + 1)
    above = labels[max(0, component.top - REACH) : component.top + REACH, columns]
    below = labels[component.bottom - REACH : component.bottom + REACH, columns]
    ends = [int(widths[end].max(initial=0)) for end in (above, below)]
    return min(ends) > BAR_THICKNESS * component.height  # what is narrower may be a part of the stroke itself
