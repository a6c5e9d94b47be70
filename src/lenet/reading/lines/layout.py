"""Page layout analysis: filtering of connected components, their grouping into lines, and the reading order.

Geometry only: `segmentation` cuts the lines, and the path search reads them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from lenet.boxes import Box, bounding_box
from lenet.reading.foreground.components import MAX_SIZE_RATIO, label_components
from lenet.reading.foreground.ink import CROP
from lenet.reading.foreground.rules import MAX_HEIGHT
from lenet.reading.order_statistics import median

Labels = NDArray[np.int32]
Mask = NDArray[np.uint8]

MIN_SIZE = 0.12  # in digit heights of the page: a smaller component is a speck or a point
MAX_LOW_HEIGHT = 0.35  # in digit heights: lower ink may be a speck, a point, a comma, a dash, or the bar of a 5
MAX_WIDTH = 1.7  # of what is taken for one digit, in digit heights
COLUMN_GAP = MAX_WIDTH  # a wider gap is one between columns; far lower ink beyond it is of no digit's line
MAX_OFFSET = 0.25  # digit heights: ink off its line, lines of two columns off each other, a point aside of its stroke
LINKED_AT_ONCE = 256  # components whose distances to all others are computed together; more take too much memory
MAX_SKEW = 16  # degrees that a page may be askew
MIN_SKEW = 3  # degrees: less is not worth turning the page for
SAMPLE = 48  # components that tell what all are: their mean is off by 0.07 at most, one standard error
MIN_MASS_AT_EDGE = 0.3  # of the heaviest component: lighter ones at the edge of a crop are left out
AT_EDGE = "at the edge"  # why what comes in from an edge is left out


@dataclass(frozen=True)
class Component:
    """Connected ink: its number among the labels, its box, and the sum of its levels."""

    number: int
    top: int
    left: int
    bottom: int
    right: int
    mass: float

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def box(self) -> Box:
        return self.top, self.left, self.bottom, self.right


def find_components(mask: Mask, levels: NDArray[np.float32]) -> tuple[Labels, list[Component]]:
    """Label the connected components of a mask (h, w) of 0 and 1; returns int32 labels (h, w) and the components."""
    labels, statistics = label_components(mask)
    inked = np.flatnonzero(mask.view(np.bool_))
    weights = levels.ravel()[inked]
    mass = np.bincount(labels.ravel()[inked], weights=weights, minlength=len(statistics)).tolist()
    return labels, [
        Component(number, y, x, y + h, x + w, mass[number])
        for number, (x, y, w, h, _) in enumerate(statistics.tolist())
        if number > 0
    ]


def filter_components(
    components: list[Component], shape: tuple[int, ...]
) -> tuple[list[Component], float, list[tuple[Box, str]]]:
    """Filter out specks of paper, and what comes in from the edges of a photo: shadows, tables, fingers, margins.

    Returns:
        The components left, their digit height, and the boxes left out with the reasons.
    """
    height, width = shape
    shorter, longer = min(height, width), max(height, width)
    not_specks = [c for c in components if max(c.height, c.width) > 0.012 * shorter + 1]
    if not not_specks:
        return [], 0.0, []
    heaviest = max(component.mass for component in not_specks)
    inner = [component for component in not_specks if not any(_edges(component, shape))]
    digit_height = find_digit_height(inner) if inner else 0.0
    is_crop = longer <= CROP or MAX_HEIGHT * digit_height > shorter  # too small for a ruled line
    sides = np.array([_edges(component, shape) for component in not_specks])
    if is_crop:  # where it was cut along most of its ink, an edge tells of none
        masses = np.array([component.mass for component in not_specks])
        sides &= masses @ sides <= (1 - MIN_MASS_AT_EDGE) * masses.sum()
    counts = {c.number: count for c, count in zip(not_specks, sides.sum(axis=1).tolist(), strict=True)}

    def is_inside(component: Component) -> bool:
        edges = counts[component.number]
        if is_crop:  # digits may well touch the edges of a crop
            return edges < 3 and not (edges and component.mass < MIN_MASS_AT_EDGE * heaviest)
        return edges == 0 or (edges == 1 and max(component.height, component.width) <= 0.15 * longer)

    remaining = [component for component in not_specks if is_inside(component)]
    # Where everything comes in from the edges, a digit may be among it after all.
    remaining = remaining or [component for component in not_specks if component.mass > MIN_MASS_AT_EDGE * heaviest]
    if not remaining:
        return [], 0.0, [(component.box, AT_EDGE) for component in not_specks]
    digit_height = find_digit_height(remaining)
    heaviest = max(component.mass for component in remaining if component.height < MAX_HEIGHT * digit_height)
    like_digits = [
        component
        for component in remaining
        if MIN_SIZE * digit_height < max(component.height, component.width)
        and component.height < MAX_HEIGHT * digit_height
        and component.mass > 0.01 * heaviest
    ]
    members, remaining_numbers = {c.number for c in like_digits}, {c.number for c in remaining}
    left_out = [
        (c.box, _reason_ignored(c, digit_height) if c.number in remaining_numbers else AT_EDGE)
        for c in not_specks
        if c.number not in members and max(c.height, c.width) > MIN_SIZE * digit_height
    ]
    return like_digits, digit_height, left_out


def find_point_boxes(components: list[Component], digit_height: float) -> list[Box]:
    """Find the boxes of components too small for a part of a digit: decimal points, or specks."""
    return [c.box for c in components if max(c.height, c.width) <= MIN_SIZE * digit_height]


def points_beside(points: list[Box], line: list[Component], digit_height: float) -> tuple[Box, ...]:
    """Select those of some points' boxes that stand beside the components of a line."""
    if not points:
        return ()
    top, left, bottom, right = bounding_box(component.box for component in line)
    return tuple(box for box in points if top < box[0] < bottom and left - digit_height < box[1] < right + digit_height)


def _reason_ignored(component: Component, digit_height: float) -> str:
    """Say why a component is ignored that is too large or too small for a digit."""
    return "not a digit" if component.height >= MAX_HEIGHT * digit_height else "speck"


def _edges(component: Component, shape: tuple[int, ...]) -> tuple[bool, bool, bool, bool]:
    """Which edges of the picture a component touches: top, left, bottom, right."""
    height, width = shape
    return component.top <= 1, component.left <= 1, component.bottom >= height - 1, component.right >= width - 1


def find_digit_height(components: list[Component]) -> float:
    """Find the median height of components, weighted by mass, so that specks and dots do not count."""
    median_mass = median(component.mass for component in components)
    by_height = sorted(components, key=lambda component: component.height)
    weights = np.cumsum([min(component.mass, 4 * median_mass) for component in by_height])
    return float(by_height[int(np.searchsorted(weights, weights[-1] / 2))].height)


def find_skew(components: list[Component], height: float, min_skew: float = MIN_SKEW) -> float:
    """Estimate the skew by projection profiles, in degrees that lines fall from left to right.

    Of all angles, the lines' own gives the sharpest projection. 0 if that is unclear, or less than ``min_skew``.
    """
    tall = [c for c in components if c.height > 0.5 * height]
    if len(tall) < 5:
        return 0.0
    tall = tall[:: -(-len(tall) // SAMPLE)]
    y = np.array([(c.top + c.bottom) / 2 for c in tall])
    x = np.array([(c.left + c.right) / 2 for c in tall])
    degrees = np.arange(-MAX_SKEW, MAX_SKEW + 1)
    projections = y[None] - np.tan(np.radians(degrees))[:, None] * x[None]
    distances = (projections[:, :, None] - projections[:, None, :]) / (MAX_OFFSET * height)
    sharpness = np.exp(-(distances**2)).sum(axis=(1, 2)) - len(tall)  # of each with every other
    best_index = int(np.argmax(sharpness * (1 - 0.005 * np.abs(degrees))))
    is_clear = sharpness[best_index] > 1.4 * sharpness[MAX_SKEW] and sharpness[best_index] > 0.5 * len(tall)
    return float(degrees[best_index]) if is_clear and abs(degrees[best_index]) >= min_skew else 0.0


def collect_lines(components: list[Component]) -> list[list[Component]]:
    """Collect components into lines, in reading order.

    Blocks of lines side by side are read one after the other, unless their lines are aligned as in a table: then a
    line goes on across the gap between them.
    """
    if len(components) < 4:
        return _in_reading_order(_link_lines(components))
    height = find_digit_height(components)
    blocks = _group_spans([(c.left - COLUMN_GAP * height, c.right) for c in components])
    if len(blocks) > 1:
        line_blocks = [_link_lines([components[index] for index in block]) for block in blocks]
        slope = math.tan(math.radians(find_skew(components, height, min_skew=0)))
        for number in range(1, len(line_blocks)):
            left, right = list(chain(*line_blocks[:number])), list(chain(*line_blocks[number:]))
            if min(len(left), len(right)) > 1 and not _are_aligned(left, right, height, slope):
                return [line for side in (left, right) for line in collect_lines(list(chain(*side)))]
    return _in_reading_order(_link_lines(components))


def _are_aligned(left: list[list[Component]], right: list[list[Component]], height: float, slope: float) -> bool:
    """Whether the lines of two blocks side by side are aligned, those of the block with fewer lines at least.

    Args:
        left, right: the lines of both blocks.
        height: the digits'.
        slope: rows that the page's lines fall for each column.
    """
    ends = np.array([_middle(end) - slope * end.right for end in (max(line, key=lambda c: c.right) for line in left)])
    starts = np.array([_middle(one) - slope * one.left for one in (min(line, key=lambda c: c.left) for line in right)])
    distances = np.abs(ends[:, None] - starts)
    return median(distances.min(axis=int(len(ends) > len(starts)) ^ 1)) < MAX_OFFSET * height


def _middle(component: Component) -> float:
    return (component.top + component.bottom) / 2


def _link_lines(components: list[Component]) -> list[list[Component]]:
    """Group components into lines by union-find: each with its nearest neighbors, a small one with its line."""
    if not components:
        return []
    higher_neighbor = np.arange(len(components))
    is_small = np.zeros(len(components), np.bool_)
    chunks = [slice(start, start + LINKED_AT_ONCE) for start in range(0, len(components), LINKED_AT_ONCE)]
    boxes = np.array([c.box for c in components], np.float64)
    for chunk in chunks:
        distance = _distances_to_higher(boxes[chunk], boxes)
        is_small[chunk] = np.isfinite(distance.min(axis=1))
        higher_neighbor[chunk] = np.where(is_small[chunk], distance.argmin(axis=1), higher_neighbor[chunk])
    parents = list(range(len(components)))

    def find_root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    for chunk in chunks:
        ahead, behind = _distances_to_neighbors(boxes[chunk], boxes, is_small[chunk], is_small)
        for index in range(*chunk.indices(len(components))):
            if is_small[index]:
                parents[find_root(index)] = find_root(int(higher_neighbor[index]))
            for distances in (ahead[index - chunk.start], behind[index - chunk.start]):
                nearest = int(distances.argmin())
                if np.isfinite(distances[nearest]):
                    parents[find_root(index)] = find_root(nearest)
    lines: dict[int, list[Component]] = {}
    for index, component in enumerate(components):
        lines.setdefault(find_root(index), []).append(component)
    return list(lines.values())


def _distances_to_higher(small_boxes: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Measure the distances of boxes to the far higher ones beside them, to whose lines they belong; inf to others."""
    top, left, bottom, right = small_boxes.T[..., None]
    tops, lefts, bottoms, rights = boxes.T
    heights = bottoms - tops
    gaps = np.maximum(lefts, left) - np.minimum(rights, right)  # < 0 where they overlap
    center_y = (top + bottom) / 2
    is_beside = (heights > MAX_SIZE_RATIO * (bottom - top)) & (gaps < COLUMN_GAP * heights)
    is_within = np.maximum(tops - center_y, center_y - bottoms) < MAX_OFFSET * heights
    return np.where(is_beside & is_within, np.abs(left + right - lefts - rights) / heights, np.inf)


def _distances_to_neighbors(
    some: NDArray[np.float64],
    boxes: NDArray[np.float64],
    some_are_small: NDArray[np.bool_],
    are_small: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure the distances of some boxes to those of their line ahead, and to those behind; inf to others."""
    top, left, bottom, right = some.T[..., None]
    tops, lefts, bottoms, rights = boxes.T
    shared_rows = np.minimum(bottoms, bottom) - np.maximum(tops, top)
    lower, higher = np.minimum(bottoms - tops, bottom - top), np.maximum(bottoms - tops, bottom - top)
    fits = (shared_rows > 0.4 * lower) & (higher <= MAX_SIZE_RATIO * lower)
    fits &= ~are_small & ~some_are_small[:, None]
    step = lefts + rights - left - right
    return np.where(fits & (step > 0), step, np.inf), np.where(fits & (step < 0), -step, np.inf)


def _in_reading_order(lines: list[list[Component]]) -> list[list[Component]]:
    """Order lines that stand one below the other top to bottom, and blocks of lines side by side left to right."""
    if len(lines) < 2:
        return lines
    bands = []
    for line in lines:
        max_height = max(c.height for c in line)
        middle = median((c.top + c.bottom) / 2 for c in line if c.height > 0.5 * max_height)
        reach = 0.3 * max_height
        bands.append((middle - reach, middle + reach))
    columns = [(min(c.left for c in line), max(c.right for c in line)) for line in lines]
    column_blocks, row_blocks = _group_spans(columns), _group_spans(bands)
    if len(column_blocks) > 1 and (len(row_blocks) == 1 or all(len(block) > 1 for block in column_blocks)):
        return [line for block in column_blocks for line in _in_reading_order([lines[index] for index in block])]
    if len(row_blocks) > 1:
        return [line for block in row_blocks for line in _in_reading_order([lines[index] for index in block])]
    order = np.argsort([band[0] + band[1] for band in bands], kind="stable")
    return [lines[index] for index in order.tolist()]


def _group_spans(spans: Sequence[tuple[float, float]]) -> list[list[int]]:
    """Group overlapping intervals, by index; the groups do not overlap."""
    groups: list[list[int]] = []
    group_end = -np.inf
    for index in sorted(range(len(spans)), key=lambda index: spans[index][0]):
        if spans[index][0] > group_end:
            groups.append([])
        groups[-1].append(index)
        group_end = max(group_end, spans[index][1])
    return groups


def find_spaces(boxes: Sequence[Box], separated: frozenset[int] = frozenset()) -> frozenset[int]:
    """Find the digits of a line that a space precedes: their indices, from the boxes left to right.

    A space is a gap far wider than the gaps of its own line, both from edge to edge and from middle to middle; a line
    evenly spread has none, nor has one where a separator stands (``separated``).

    >>> sorted(find_spaces([(0, x, 20, x + 12) for x in (0, 20, 40, 100, 120)]))
    [3]
    >>> sorted(find_spaces([(0, x, 20, x + 12) for x in (0, 60, 120, 180)]))
    []
    """
    if len(boxes) < 2:
        return frozenset()
    height = median(bottom - top for top, _, bottom, _ in boxes)
    left, right = np.array([box[1] for box in boxes]), np.array([box[3] for box in boxes])
    gaps, pitches = left[1:] - right[:-1], (left[1:] + right[1:] - left[:-1] - right[:-1]) / 2
    unseparated = [index for index in range(len(gaps)) if index + 1 not in separated]
    if not unseparated:
        return frozenset()
    median_index = (len(unseparated) - 1) // 2
    typical_gap = max(0.0, float(np.sort(gaps[unseparated])[median_index]))
    typical_pitch = float(np.sort(pitches[unseparated])[median_index])
    if len(unseparated) == 1:  # nothing to compare it with but the digits themselves
        typical_gap, typical_pitch = height, 1.5 * height
    return frozenset(
        index + 1
        for index in unseparated
        if gaps[index] > 2 * typical_gap + 0.4 * height and pitches[index] > 1.7 * typical_pitch
    )
