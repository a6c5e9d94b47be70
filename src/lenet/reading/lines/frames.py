"""Frames among the components of a page: circles, ovals and balloons that are drawn around digits."""

import cv2
import numpy as np

from lenet.reading.foreground.rules import BAR_THICKNESS
from lenet.reading.lines.layout import MAX_LOW_HEIGHT, Component, Labels
from lenet.reading.order_statistics import median

FRAME = "frame"  # why what is drawn around digits is left out


def find_frames(components: list[Component], labels: Labels, around_strokes: bool = False) -> list[Component]:
    """Find the components that are frames.

    A frame has ink on all four sides of something that is too high for a point within a ring. A bare stroke within a
    ring may be that of a zero, which no other digit has. Beside what it frames, a frame has ink at two places of a row,
    its sides: where it has more, a digit hangs on it. What goes through the picture are rules: a digit that touches
    one is the fourth side of what stands beside a margin.

    Args:
        components: of a page, its rules among them: the sides of a wide oval are as straight.
        labels: int32 (h, w), the number of the component that each pixel belongs to.
        around_strokes: whether a ring around a bare stroke is a frame, too: around a 1.
    """
    if not components:
        return []
    boxes = np.array([component.box for component in components])
    order = np.argsort(boxes[:, 1], kind="stable")
    lefts = boxes[order, 1]
    height, width = labels.shape

    def is_frame(component: Component) -> bool:
        if component.height == height or component.width == width:
            return False
        first, last = np.searchsorted(lefts, [component.left + 1, component.right])
        near = order[first:last]
        top, _, bottom, right = boxes[near].T
        is_inside = (top > component.top) & (bottom < component.bottom) & (right < component.right)
        inside = [components[index] for index in near[is_inside].tolist()]
        framed = [one for one in inside if one.height > MAX_LOW_HEIGHT * _height_around(one, component, labels)]
        is_digit_framed = len(framed) > 1 or any(around_strokes or not _is_bare_stroke(one, labels) for one in framed)
        return is_digit_framed and _is_bare_outline(component, framed, labels)

    return [component for component in components if is_frame(component)]


def _height_around(inner: Component, outer: Component, labels: Labels) -> float:
    """The height of the white that a component leaves around one in its box; infinite if one of four sides is open.

    A side is closed if most rows, or columns, of the inner component end at the outer one.
    """
    rows, columns = slice(inner.top, inner.bottom), slice(inner.left, inner.right)
    left, right = labels[rows, outer.left : inner.left], labels[rows, inner.right : outer.right]
    above, below = labels[outer.top : inner.top, columns].T[:, ::-1], labels[inner.bottom : outer.bottom, columns].T
    sides = [part == outer.number for part in (left, right, above, below)]
    if any(2 * np.count_nonzero(side.any(axis=1)) <= len(side) for side in sides):
        return np.inf
    return inner.height + sum(median(side.argmax(axis=1)[side.any(axis=1)]) for side in sides[2:])


def _is_bare_stroke(component: Component, labels: Labels) -> bool:
    """Whether a component is as narrow, along whatever axis it lies, as the side of a box may be thick."""
    window = labels[component.top : component.bottom, component.left : component.right]
    _, sides, _ = cv2.minAreaRect(np.argwhere(window == component.number).astype(np.float32))
    return min(sides) + 1 <= BAR_THICKNESS * (max(sides) + 1)


def _is_bare_outline(outer: Component, framed: list[Component], labels: Labels) -> bool:
    """Whether a component has no more than its two sides in the rows of what it frames: all else is low."""
    rows = slice(min(one.top for one in framed), max(one.bottom for one in framed))
    ink = np.pad(labels[rows, outer.left : outer.right] == outer.number, ((0, 0), (1, 0)))
    strokes = np.count_nonzero(ink[:, 1:] & ~ink[:, :-1], axis=1)
    return bool(np.count_nonzero(strokes > 2) <= MAX_LOW_HEIGHT * median(one.height for one in framed))
