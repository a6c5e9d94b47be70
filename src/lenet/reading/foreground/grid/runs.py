"""Detection of straight runs of ink, nearly level or nearly upright, by morphological opening."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.grid.rule import MAX_THICKNESS, MIN_COVERAGE, Mask, Rule, transposed
from lenet.reading.order_statistics import median

MERGED = 1 - MIN_COVERAGE  # of a run's columns: where more have white between ink, it holds several rules
HIGHER = 0.6  # of the length of runs: ink that goes on so far across them joins two rules
LONGER = 3  # the second length of runs, of the first: where rules are thicker than that is long

_BLOCK = np.ones((3, 3), np.uint8)


def straight_runs(mask: Mask, length: int, is_level: bool) -> list[Rule]:
    """Nearly level straight runs of ink, or nearly upright ones; where something touches them they go on straight."""
    left, top, width, height = cv2.boundingRect(mask)  # a page is mostly paper
    left, top, right, bottom = max(0, left - 1), max(0, top - 1), left + width + 1, top + height + 1
    mask = mask[top:bottom, left:right]
    if not is_level:
        mask, (top, left) = transposed(mask), (left, top)
    corner = top, left  # of the mask
    source = np.asarray(cv2.dilate(mask, _BLOCK), np.uint8)
    segments: list[Rule] = []
    for min_length in (length, LONGER * length):  # thick rules are no longer than thick at first
        runs = cv2.morphologyEx(
            source,
            cv2.MORPH_OPEN,
            np.ones((1, min_length + 2), np.uint8),
            borderType=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
        x, y, width, height = cv2.boundingRect(runs)
        if not width:
            break
        top, left = top + y, left + x
        window = np.s_[top - corner[0] : top - corner[0] + height, left - corner[1] : left - corner[1] + width]
        runs = cv2.bitwise_and(runs[y : y + height, x : x + width], mask[window])
        count, labels, statistics, _ = cv2.connectedComponentsWithStats(runs, connectivity=8)
        thick, merged = [], []
        for number, (x, y, w, h, area) in enumerate(statistics.tolist()):
            if number == 0 or w < 0.8 * min_length:
                continue
            if area / w > max(2.5, MAX_THICKNESS * w):
                thick.append(number)
                continue
            part = labels[y : y + h, x : x + w] == number
            if _share_parted(part) > MERGED:
                merged.append(number)
            else:
                segments += _segment(part, (top + y, left + x), is_level)
        if merged:  # two rules and a stroke between them
            joined = _members(labels, merged, count)
            column = np.ones((round(HIGHER * min_length) + 3, 1), np.uint8)
            joined = np.asarray(cv2.subtract(joined, cv2.morphologyEx(joined, cv2.MORPH_OPEN, column)), np.uint8)
            _, parts, statistics, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
            for number, (x, y, w, h, _) in enumerate(statistics.tolist()):
                if number > 0 and w >= 0.8 * min_length:
                    segments += _segment(parts[y : y + h, x : x + w] == number, (top + y, left + x), is_level)
        if not thick:
            break
        source = _members(labels, thick, count)
    return segments


def _members(labels: NDArray[Any], numbers: list[int], count: int) -> Mask:
    """The pixels of some of so many components."""
    is_member = np.zeros(count, np.uint8)
    is_member[numbers] = 1
    pixels: Mask = is_member[labels]
    return pixels


def _share_parted(part: NDArray[np.bool_]) -> float:
    """The share of columns that have white between ink."""
    extents = len(part) - part.argmax(axis=0) - part[::-1].argmax(axis=0)
    return float(np.count_nonzero(extents > part.sum(axis=0)) / len(extents))


def _segment(part: NDArray[np.bool_], corner: tuple[int, int], is_level: bool) -> list[Rule]:
    """A straight run of ink as a rule, by where nothing touches it; none if there is no such place."""
    counts = part.sum(axis=0)
    thickness = median(counts[counts > 0])
    bare = np.flatnonzero((counts > 0) & (np.abs(counts - thickness) <= 1.5 + 0.1 * thickness))
    if len(bare) < 2:
        return []
    middles = (part * np.arange(len(part))[:, None]).sum(axis=0)[bare] / counts[bare]
    along = np.interp(np.arange(len(counts)), bare, middles)
    return [Rule(corner[1], (corner[0] + along).astype(np.float32), thickness, is_level)]
