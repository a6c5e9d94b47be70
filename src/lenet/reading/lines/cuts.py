"""Candidate cuts of touching digits: along the slant of the line, and from notch to notch.

Source: over-segmentation, [LeCun98, V].
"""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.engine import choice, native
from lenet.reading.normalization import stroke_width

Cut = tuple[float, float]  # its columns at the top row and at the bottom row of the mask
Bits = NDArray[np.bool_]

SLANTS = np.linspace(-0.3, 0.9, 13)  # columns that upright strokes lean to the right for each row up
MAX_CHAIN_WIDTH = 9.0  # digit heights: what is wider is a line, a frame or texture, no digits that touch


def find_slant(mask: NDArray[np.uint8]) -> float:
    """Estimate the slant of a line's strokes: the shear that maximizes the sharpness of the column histogram.

    >>> rows = np.arange(40)
    >>> leaning = np.zeros((40, 60), np.uint8)
    >>> leaning[rows, 40 - rows // 2] = leaning[rows, 41 - rows // 2] = 1
    >>> round(find_slant(leaning), 1)
    0.5
    """
    height, width = mask.shape
    inked = np.flatnonzero(mask.view(np.bool_))
    ys, xs = np.divmod(inked[:: max(1, len(inked) // 1500)], width)  # so many pixels tell it
    sheared_columns = np.rint(xs[None] + SLANTS[:, None] * ys[None] + height).astype(np.intp)
    sharpness = [int(counts @ counts) for counts in map(np.bincount, sheared_columns)]
    best_index, upright_index = int(np.argmax(sharpness)), int(np.argmin(np.abs(SLANTS)))
    return float(SLANTS[best_index]) if sharpness[best_index] > 1.2 * sharpness[upright_index] else 0.0


def candidate_cuts(mask: Bits, digit_height: float, slant: float = 0.0) -> list[Cut]:
    """Cuts of a component, bool (h, w), left to right: little ink, a waist, the middle of two holes, facing notches.

    Upright cuts compete with those along the slant: between round digits that touch the one may cross less ink, between
    strokes that lean the other. What is far wider than digits that touch is not cut.
    """
    width = mask.shape[1]
    if width > MAX_CHAIN_WIDTH * digit_height:  # hundreds of cuts would be tried in pairs
        return []
    slants = sorted({0.0, slant / 2, slant})
    propose = native.propose_cuts if choice.choose_engine() in choice.INSTRUCTION_SETS else propose_cuts
    cuts: dict[float, Cut] = {}  # by their middles
    min_distance = 0.12 * digit_height
    for _, cut in sorted(propose(mask, digit_height, slants)):
        middle = (cut[0] + cut[1]) / 2
        is_possible = min_distance <= middle < width - min_distance and len(cuts) <= 4 * width / digit_height
        if is_possible and all(abs(middle - other) > min_distance for other in cuts):
            cuts[middle] = cut
    return sorted(cuts.values(), key=sum)


def propose_cuts(mask: Bits, digit_height: float, slants: Sequence[float]) -> list[tuple[float, Cut]]:
    """Cuts from notch to notch, and for each of some slants those along it, each with its cost, in no order.

    The native engine does it where it can run; this is its reference, and ten times slower.
    """
    stroke = stroke_width(mask.view(np.uint8))
    cuts = _notch_cuts(mask, digit_height, stroke)
    for slant in slants:
        shift = slant * np.arange(len(mask))
        offset = float(min(0.0, shift.min()))
        upright = _sheared(mask, np.rint(shift - offset).astype(np.intp)) if slant else mask
        for cost, column in _columns(upright, digit_height, stroke):
            cuts.append((cost, (column + offset, column + offset - float(shift[-1]))))
    return cuts


def sections(mask: Bits, cuts: list[Cut]) -> NDArray[np.uint8]:
    """The number of each pixel's section, from 1, left to right; 0 outside the mask."""
    if not cuts:
        return mask.view(np.uint8)
    height, width = mask.shape
    row_fraction = np.linspace(0, 1, height)[:, None]
    columns = np.arange(width)[None]
    section = np.ones(mask.shape, np.uint8)
    for top, bottom in cuts:
        section += columns >= top + (bottom - top) * row_fraction
    return section * mask


def _sheared(mask: Bits, shifts: NDArray[np.intp]) -> Bits:
    height, width = mask.shape
    sheared = np.zeros((height, width + int(shifts.max())), bool)
    ys, xs = np.nonzero(mask)
    sheared[ys, xs + shifts[ys]] = True
    return sheared


def _columns(mask: Bits, digit_height: float, stroke: float) -> list[tuple[float, int]]:
    """Columns with little ink, of small extent, or between two holes, each with its cost."""
    height = mask.shape[0]
    radius = int(0.08 * digit_height) + 1
    sigma = 0.2 * stroke
    ink = _smoothed(mask.sum(axis=0), sigma)
    top, bottom = _outlines(mask)
    extent = _smoothed(np.maximum(bottom - top + 1, 0) * (top < height), sigma)
    min_ink, min_extent, max_extent = (
        _sliding_minimum(ink, radius),
        _sliding_minimum(extent, radius),
        -_sliding_minimum(-extent, 3 * radius),
    )
    strokes_crossed = 0.5 * ink / stroke
    is_thin = (ink == min_ink) & (ink < 2.6 * stroke)
    is_waist = (extent == min_extent) & (extent < 0.9 * max_extent)
    return (
        [(0.5 * float(strokes_crossed[column]) - 0.5, column) for column in _hole_midpoints(mask, digit_height)]
        + [(float(strokes_crossed[column]), column) for column in np.flatnonzero(is_thin).tolist()]
        + [(1.2 * float(extent[column]) / digit_height, column) for column in np.flatnonzero(is_waist).tolist()]
    )


def _outlines(mask: Bits) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The highest and the lowest row of ink in each column; (h, -1) where there is none."""
    filled, height = mask.any(axis=0), mask.shape[0]
    return (
        np.where(filled, mask.argmax(axis=0), height),
        np.where(filled, height - 1 - mask[::-1].argmax(axis=0), -1),
    )


def _hole_midpoints(mask: Bits, digit_height: float) -> list[int]:
    """The columns midway between neighbouring enclosed holes that do not stand over one another."""
    paper = cv2.copyMakeBorder((~mask).view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(paper, connectivity=4)
    holes = sorted(
        (int(statistics[number, 0]) - 1, int(statistics[number, 0] + statistics[number, 2]) - 1)
        for number in range(1, count)
        if number != labels[0, 0] and statistics[number, 4] > 2 * (0.06 * digit_height) ** 2
    )
    return [(a[1] + b[0]) // 2 for a, b in pairwise(holes) if b[0] > a[1] - 2]


def _notch_cuts(mask: Bits, digit_height: float, stroke: float) -> list[tuple[float, Cut]]:
    """Cuts from a notch in the upper outline to one in the lower outline across little ink."""
    height = mask.shape[0]
    top, bottom = _outlines(mask)
    sigma, radius = 0.03 * digit_height, int(0.15 * digit_height) + 1
    upper, lower = _notches(_smoothed(top, sigma), radius), _notches(_smoothed(height - 1 - bottom, sigma), radius)
    min_depth = 0.08 * digit_height  # of a notch
    cuts: list[tuple[float, Cut]] = []
    for x, depth_x in upper:
        for z, depth_z in lower:
            y, w = int(top[x]), int(bottom[z])
            if abs(x - z) > 0.35 * digit_height or min(depth_x, depth_z) < min_depth or not 0 <= y < w:
                continue
            slope = (z - x) / (w - y)
            if abs(slope) < 1.2:
                rows = np.arange(y, w + 1)
                ink_crossed = int(mask[rows, np.rint(x + slope * (rows - y)).astype(np.intp)].sum())
                cuts.append((0.4 * ink_crossed / stroke, (x - slope * y, x + slope * (height - 1 - y))))
    return cuts


def _notches(depth: NDArray[np.float32], radius: int) -> list[tuple[int, float]]:
    """Columns where an outline is deepest among those near, and how much deeper than the shallower side."""
    deepest = np.flatnonzero(depth == -_sliding_minimum(-depth, radius)).tolist()
    notches: list[tuple[int, float]] = []
    for column in deepest:
        before, after = depth[max(0, column - 3 * radius) : column], depth[column + 1 : column + 1 + 3 * radius]
        if len(before) and len(after):
            notches.append((column, float(depth[column] - max(before.min(), after.min()))))
    return notches


def _sliding_minimum(profile: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Sliding minimum over ``radius`` columns to either side."""
    lowest = cv2.erode(profile[None], np.ones((1, 2 * radius + 1), np.uint8), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(lowest, np.float32).ravel()


def _smoothed(profile: NDArray[np.integer], sigma: float) -> NDArray[np.float32]:
    row = profile[None].astype(np.float32)
    smooth: NDArray[np.float32] = np.asarray(cv2.GaussianBlur(row, (0, 0), max(0.5, sigma)), np.float32).ravel()
    return smooth
