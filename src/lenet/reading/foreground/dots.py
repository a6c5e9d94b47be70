"""Removal of printed dots, those of dotted paper: many small components, alike, and evenly spaced.

Specks lie at random: of the distances to their nearest neighbors hardly any are alike.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.components import MAX_SIZE_RATIO, label_components
from lenet.reading.foreground.grid.spacing import MIN_ALIKE, UNEVEN
from lenet.reading.foreground.ink import SHARES, InkMap
from lenet.reading.order_statistics import median

MIN_DOTS = (MIN_ALIKE + 1) ** 2  # the corners of the least squared paper: of so many squares each way


def without_dots(ink: InkMap) -> InkMap:
    """The ink map without evenly spaced dots; where they touch a stroke they stay. The same map if there are none."""
    thresholds = ink.thresholds(SHARES[:1])
    if not thresholds:
        return ink
    labels, statistics = label_components((ink.levels > thresholds[0]).view(np.uint8))
    x, y, width, height, area = statistics.T
    side = np.maximum(width, height)
    is_dot = side <= MAX_SIZE_RATIO * np.minimum(width, height)
    is_dot &= 2 * area > width * height  # a disc fills more than three quarters of its box
    if np.count_nonzero(is_dot) < MIN_DOTS:
        return ink
    typical = median(area[is_dot])
    is_dot &= (area <= MAX_SIZE_RATIO * typical) & (area * MAX_SIZE_RATIO >= typical)
    if side.max() < MAX_SIZE_RATIO * median(side[is_dot]):  # nothing but small digits
        return ink
    middles = np.stack([x + width / 2, y + height / 2], axis=1)[is_dot].astype(np.float32)
    if len(middles) < MIN_DOTS:
        return ink
    nearest = nearest_distances(middles)
    pitch = median(nearest)
    is_spaced_so = np.abs(nearest - pitch) <= UNEVEN * pitch + 1
    if 2 * np.count_nonzero(is_spaced_so) < len(nearest) or pitch < 2 * median(side[is_dot]):
        return ink
    dots = is_dot[labels].view(np.uint8)
    around = cv2.dilate(dots, np.ones((5, 5), np.uint8)) > 0
    return ink.with_levels(np.where(around & ((labels == 0) | (dots > 0)), np.float32(0), ink.levels))


def nearest_distances(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """The distance of each of some points, (N, 2), to the nearest other one; infinite for one alone.

    Each is compared with those that follow it by their second coordinate, one further at a time, until none can be
    nearer: on a page of evenly spaced dots those are of two rows, not of all.
    """
    order = np.argsort(points[:, 1])
    ordered = points[order]
    nearest = np.full(len(points), np.inf, np.float32)
    for step in range(1, len(points)):
        apart = ordered[step:] - ordered[:-step]
        if np.all(apart[:, 1] >= np.maximum(nearest[step:], nearest[:-step])):
            break
        distances = np.hypot(apart[:, 0], apart[:, 1])
        for side in (nearest[step:], nearest[:-step]):
            np.minimum(side, distances, out=side)
    result = np.empty_like(nearest)
    result[order] = nearest
    return result
