"""Printed lines among the ink: ruled and squared paper, the lines of cheques and forms, boxes around digits.

A line is a rule if it spans the picture, is far longer than the digits are high, or closes a box with something in it:
a pen draws straight strokes, too.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.components import label_components
from lenet.reading.foreground.grid.cell import has_ink_inside
from lenet.reading.foreground.grid.rule import MIN_COVERAGE, REACH
from lenet.reading.foreground.ink import CROP, InkMap, median_height
from lenet.reading.normalization import DIGIT_SIDE, stroke_width
from lenet.reading.order_statistics import median

Mask = NDArray[np.uint8]

RULE_LENGTH = 0.7  # the share of the picture that a rule crosses at least, if it is alone
RULE_TILT = 0.08  # its steepest slope, and how far off those of its family: paper bends
THICKNESS = 0.06  # its greatest, as a share of its length
THICKNESS_OF_SHORTER = 0.02  # the same along the picture's shorter side, where a 1 may stand
GAP = THICKNESS_OF_SHORTER  # the widest gap in a rule, as a share of the picture: wide as a rule is thick
MANY_COMPONENTS = 500  # more may be texture, or digits so close that their rows would be rules if gaps were bridged
MAX_HEIGHT = 3.5  # in digit heights: what is higher is no digit, and what is longer may be a rule
LONG_SIDE = 0.25  # the share of the picture that it must cross then
BAR_THICKNESS = 0.3  # of the side of a box, as a share of its length; it is no shorter than digits are high

# So close that a line as long as a crop stays within reach of one of them.
_TILTS = np.linspace(-RULE_TILT, RULE_TILT, 1 + round(RULE_TILT * CROP / REACH))
_THICKEST = int(BAR_THICKNESS * DIGIT_SIDE)  # pixels that no bar is thicker than
_BLOCK = np.ones((3, 3), np.uint8)


def find_rules(ink: InkMap, threshold: float) -> Mask:
    """The printed lines in the ink above a threshold: uint8 (h, w), 1 on a rule."""
    mask = (ink.levels > threshold).view(np.uint8)
    height, width = mask.shape
    if max(height, width) <= CROP:
        return _rules(mask)
    size = (max(1, width // 2), max(1, height // 2))
    reduced = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)
    rules = _rules(reduced)  # half the size is enough to see a line
    if not rules.any():
        return np.zeros_like(mask)
    return np.asarray(cv2.dilate(cv2.resize(rules, (width, height), interpolation=cv2.INTER_NEAREST), _BLOCK), np.uint8)


def without_rules(mask: Mask, rules: Mask) -> Mask:
    """The mask without its rules; strokes that cross them stay whole."""
    lines = mask & rules
    if not lines.any():
        return mask
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    thickness = max(1.0, median(depth[lines > 0]) * 1.6 + 1)
    remaining = np.where((lines > 0) & (depth <= thickness), 0, mask).astype(np.uint8)
    size = (int(2 * thickness) | 1) + 2
    closed = cv2.morphologyEx(remaining, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    return remaining | (np.asarray(closed, np.uint8) & lines)


def _rules(mask: Mask) -> Mask:
    transposed = np.asarray(cv2.transpose(mask), np.uint8)
    across, down = _crossing_rules(mask), np.asarray(_crossing_rules(transposed).T, np.uint8)
    horizontal, vertical = _bars(mask), np.asarray(cv2.transpose(_bars(transposed)), np.uint8)
    selected = _sides_of_boxes(mask, horizontal | vertical | across | down)
    selected |= _long_bars(mask, horizontal, vertical)
    across, down = across | (horizontal & selected), down | (vertical & selected)
    return _without_strokes(across, mask, down) | down


def _without_strokes(rules: Mask, mask: Mask, crossing: Mask) -> Mask:
    """Horizontal rules without what is written on them: where ink is thicker than a rule, some of it is a stroke's.

    There a rule goes on as high and as thick as beside it, and where it lies on a stroke the stroke keeps its width.
    Upright rules, ``crossing``, are no strokes; nobody writes along them.
    """
    ink = mask & ~crossing
    ys, xs = np.nonzero(rules & ink)
    if not len(ys):
        return rules
    starts = np.diff(np.pad(ink, ((1, 0), (0, 0))).astype(np.int8), axis=0) == 1
    numbers = np.cumsum(starts.T.ravel()).reshape(starts.T.shape).T * ink  # of each column's vertical runs, from 1
    runs, of_pixel = np.unique(numbers[ys, xs], return_inverse=True)
    columns, tops = (places[runs - 1] for places in np.nonzero(starts.T))
    lengths = np.bincount(numbers.ravel())[runs]
    centers = tops + (lengths - 1) / 2
    thickness = median(lengths[lengths <= median(lengths)])  # of the thinner half: much is written upon
    is_bare = lengths <= 2 * thickness
    joined = cv2.dilate(rules & ink, np.ones((3, 2 * DIGIT_SIDE + 1), np.uint8))
    parts = np.zeros(len(runs), np.intp)
    parts[of_pixel] = cv2.connectedComponents(joined)[1][ys, xs]
    heights = np.full(len(runs), np.inf)
    for part in np.unique(parts[is_bare]):
        of_part, bare = parts == part, np.flatnonzero(is_bare & (parts == part))
        straight = _straight(columns[bare], centers[bare], thickness)
        if 2 * np.count_nonzero(straight) > len(bare):  # else it is no single rule
            is_bare[bare[~straight]] = False
            heights[of_part] = np.interp(columns[of_part], columns[bare[straight]], centers[bare[straight]])
    is_above = (centers < heights)[of_pixel]
    top = tops[of_pixel]
    depth = np.where(is_above, ys - top, top + lengths[of_pixel] - 1 - ys)  # in the stroke, from its far edge
    is_near = np.abs(ys - heights[of_pixel]) <= thickness / 2 + 0.5
    is_rule = (is_bare | np.isinf(heights))[of_pixel] | (is_near & (depth >= stroke_width(mask & ~rules)))
    result = rules.copy()
    result[ys[~is_rule], xs[~is_rule]] = 0
    return result


def _straight(columns: NDArray[np.intp], heights: NDArray[np.float64], tolerance: float) -> NDArray[np.bool_]:
    """Which places of a rule lie on its way, through the medians of its halves; others are strokes as thin as it."""
    slope, height = np.polyfit(columns, heights, 1) if len(set(columns.tolist())) > 1 else (0.0, heights[0])
    residuals = heights - (slope * columns + height)
    halves = np.array_split(np.argsort(columns, kind="stable"), min(2, len(columns)))
    middles = [median(residuals[half]) for half in halves]
    way = np.interp(columns, [median(columns[half]) for half in halves], middles)
    return np.asarray(np.abs(residuals - way) <= tolerance, np.bool_)


def _crossing_rules(mask: Mask) -> Mask:
    """Detect horizontal lines that cross most of the picture and are thin for their length."""
    width = mask.shape[1]
    length = int(RULE_LENGTH * width)
    if np.count_nonzero(mask.any(axis=0)) < length:
        return np.zeros_like(mask)
    dilated = cv2.dilate(mask, np.ones((5, 1), np.uint8))
    closed = cv2.morphologyEx(dilated, cv2.MORPH_CLOSE, np.ones((1, int(GAP * width) | 1), np.uint8))
    rules = level_runs(np.asarray(closed, np.uint8), length) & mask
    if rules.any() and cv2.connectedComponents(mask)[0] > MANY_COMPONENTS:
        rules = level_runs(np.asarray(dilated, np.uint8), length) & mask
    if rules.any():
        depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)[rules > 0]
        thickness = 4 * median(depth) - 2  # over a band of width w the median depth is near (w + 2) / 4
        if thickness > max(length * (THICKNESS if width > mask.shape[0] else THICKNESS_OF_SHORTER), 2.5):
            return np.zeros_like(mask)
    return rules


def level_runs(mask: Mask, length: int) -> Mask:
    """Morphological opening by lines of some length at several tilts: straight, nearly horizontal runs."""
    height, width = mask.shape
    runs_mask = np.zeros_like(mask)
    if np.count_nonzero(mask.any(axis=0)) < length:  # a run has one pixel in each of its columns
        return runs_mask
    kernel = np.ones((1, length), np.uint8)
    for tilt in _TILTS:
        shear = np.array([[1, 0, 0], [-tilt, 1, tilt * width / 2]], np.float32)
        sheared = cv2.warpAffine(mask, shear, (width, height), flags=cv2.INTER_NEAREST)
        long_rows = np.flatnonzero(cv2.reduce(sheared, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S) >= length)
        if not long_rows.size:
            continue
        runs = np.zeros_like(mask)
        opened = cv2.morphologyEx(
            sheared[long_rows], cv2.MORPH_OPEN, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0
        )
        runs[long_rows] = opened
        if opened.any():
            unsheared = cv2.warpAffine(runs, shear, (width, height), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
            runs_mask |= np.asarray(unsheared, np.uint8)
    return runs_mask


def _bars(mask: Mask) -> Mask:
    """Detect thin straight lines that run nearly horizontally, at least as long as digits are high."""
    thick = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((_THICKEST, 1), np.uint8))
    thin = mask & ~np.asarray(thick, np.uint8)
    thin = np.asarray(cv2.morphologyEx(thin, cv2.MORPH_CLOSE, np.ones((1, _THICKEST), np.uint8)), np.uint8) & mask
    return level_runs(np.asarray(cv2.dilate(thin, np.ones((3, 1), np.uint8)), np.uint8), DIGIT_SIDE) & mask


def _long_bars(mask: Mask, horizontal: Mask, vertical: Mask) -> Mask:
    """Select the bars that are much longer than the other components are high."""
    if not (horizontal.any() or vertical.any()):
        return np.zeros_like(mask)
    min_length = LONG_SIDE * max(mask.shape)
    lengths = [_lengths(horizontal, cv2.CC_STAT_WIDTH), _lengths(vertical, cv2.CC_STAT_HEIGHT)]
    long = np.maximum(*lengths) > min_length
    if not long.any():
        return np.zeros_like(mask)
    remaining = without_rules(mask, np.asarray(cv2.dilate(long.view(np.uint8), _BLOCK), np.uint8))
    height = median_height(label_components(remaining)[1], mask.shape)
    if height == 0:
        return np.zeros_like(mask)
    return np.asarray(np.maximum(*lengths) > max(min_length, MAX_HEIGHT * height), np.uint8)


def _lengths(bars: Mask, side: int) -> NDArray[np.int32]:
    """The length of the bar at each pixel of one, by connected components; 0 elsewhere."""
    labels, statistics = label_components(np.asarray(cv2.dilate(bars, _BLOCK), np.uint8))
    return np.asarray(statistics[:, side][labels] * bars, np.int32)


def _sides_of_boxes(mask: Mask, bars: Mask) -> Mask:
    """Select the bars that close a box around some ink."""
    if not bars.any():
        return np.zeros_like(mask)
    inside = 1 - np.asarray(cv2.dilate(bars, _BLOCK), np.uint8)
    contours, hierarchy = cv2.findContours(np.pad(inside, 1), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    height, width = mask.shape
    boxes = []
    for contour, (_, _, _, parent) in zip(contours, hierarchy[0] if contours else (), strict=True):
        x, y, w, h = cv2.boundingRect(contour)
        x, y = x - 1, y - 1  # the frame of one pixel
        is_closed = x > 0 and y > 0 and x + w < width and y + h < height
        is_box = is_closed and min(w, h) >= 0.8 * DIGIT_SIDE and cv2.contourArea(contour) >= MIN_COVERAGE * w * h
        if is_box and parent < 0 and has_ink_inside(mask, (y, x, y + h, x + w)):
            boxes.append(contour - 1)
    insides = np.asarray(cv2.drawContours(np.zeros_like(mask), boxes, -1, 1, cv2.FILLED), np.uint8)
    reach = 2 * _THICKEST + 1
    return np.asarray(cv2.dilate(insides, np.ones((reach, reach), np.uint8)), np.uint8) & ~insides & bars
