"""Printed lines among the ink: ruled and squared paper, the lines of cheques and forms, boxes around digits.

A line is a rule if it spans the picture, is far longer than the digits are high, or closes a box with something in it:
a pen draws straight strokes, too.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.ink import InkMap, middle_height

Mask = NDArray[np.uint8]

CROP = 300  # pixels of the ink map: a picture no larger may be a crop around its digits
RULE_LENGTH, RULE_LENGTH_IN_CROP = 0.7, 0.9  # the share of the picture that a rule crosses at least, if it is alone
RULE_TILT = 0.08  # its steepest slope
THICKNESS = 0.06  # its greatest, as a share of its length
THICKNESS_OF_SHORTER = 0.02  # the same along the picture's shorter side, where a 1 may stand
GAP = 0.015  # the widest gap in a rule, as a share of the picture
LONG, LONG_SIDE = 3.0, 0.25  # so is a line as long as so many digits are high, and this share of the picture
BAR, BAR_THICKNESS = 0.07, 0.3  # the shortest side of a box, as a share of the picture; its thickness, of its length
FULL = 0.8  # the share of its bounding box that the inside of a box fills
SHORTEST_BAR = 20  # pixels
FORM = 6  # so many boxes are a form or squared paper, whether something is in them or not

_TILTS = np.linspace(-RULE_TILT, RULE_TILT, 9)
_RIM = 9  # pixels around the inside of a box in which its sides are
_BLOCK = np.ones((3, 3), np.uint8)


def find_rules(ink: InkMap, threshold: float) -> Mask:
    """The printed lines in the ink above a threshold: uint8 (h, w), 1 on a rule."""
    mask = (ink.levels > threshold).view(np.uint8)
    height, width = mask.shape
    if max(height, width) <= CROP:
        return _rules(mask)
    size = (max(1, width // 2), max(1, height // 2))
    half = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)
    rules = _rules(half)  # half the size is enough to see a line
    if not rules.any():
        return np.zeros_like(mask)
    return np.asarray(cv2.dilate(cv2.resize(rules, (width, height), interpolation=cv2.INTER_NEAREST), _BLOCK), np.uint8)


def without_rules(mask: Mask, rules: Mask) -> Mask:
    """The mask without its rules; strokes that cross them stay whole."""
    lines = mask & rules
    if not lines.any():
        return mask
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    thickness = max(1.0, float(np.median(depth[lines > 0])) * 1.6 + 1)
    kept = np.where((lines > 0) & (depth <= thickness), 0, mask).astype(np.uint8)
    size = (int(2 * thickness) | 1) + 2
    joined = cv2.morphologyEx(kept, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    return kept | (np.asarray(joined, np.uint8) & lines)


def _rules(mask: Mask) -> Mask:
    upright = np.ascontiguousarray(mask.T)
    rules = _crossing(mask) | _crossing(upright).T
    shortest = max(SHORTEST_BAR, int(BAR * max(mask.shape)))
    level, steep = _bars(mask, shortest), np.ascontiguousarray(_bars(upright, shortest).T)
    return rules | _long(mask, level, steep) | _sides_of_boxes(mask, level | steep | rules, shortest)


def _crossing(mask: Mask) -> Mask:
    """The level lines that cross most of the picture and are thin for it."""
    width = mask.shape[1]
    length = int((RULE_LENGTH if width > CROP / 2 else RULE_LENGTH_IN_CROP) * width)
    if np.count_nonzero(mask.any(axis=0)) < length:
        return np.zeros_like(mask)
    smeared = cv2.dilate(mask, np.ones((5, 1), np.uint8))
    joined = cv2.morphologyEx(smeared, cv2.MORPH_CLOSE, np.ones((1, int(GAP * width) | 1), np.uint8))
    rules = _runs(np.asarray(joined, np.uint8), length) & mask
    if rules.any():
        depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)[rules > 0]
        thickness = 4 * float(np.median(depth)) - 2  # over a band of width w the median depth is near (w + 2) / 4
        if thickness > max(length * (THICKNESS if width > 1.2 * mask.shape[0] else THICKNESS_OF_SHORTER), 2.5):
            return np.zeros_like(mask)
    return rules


def _runs(mask: Mask, length: int) -> Mask:
    """Where the mask has straight, nearly level runs of at least some length."""
    height, width = mask.shape
    found = np.zeros_like(mask)
    if np.count_nonzero(mask.any(axis=0)) < length:  # a run has one pixel in each of its columns
        return found
    run = np.ones((1, length), np.uint8)
    for tilt in _TILTS:
        shear = np.array([[1, 0, 0], [-tilt, 1, tilt * width / 2]], np.float32)
        turned = cv2.warpAffine(mask, shear, (width, height), flags=cv2.INTER_NEAREST)
        full = np.flatnonzero(cv2.reduce(turned, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S) >= length)
        if not full.size:
            continue
        runs = np.zeros_like(mask)
        opened = cv2.morphologyEx(turned[full], cv2.MORPH_OPEN, run, borderType=cv2.BORDER_CONSTANT, borderValue=0)
        runs[full] = opened
        if opened.any():
            back = cv2.warpAffine(runs, shear, (width, height), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
            found |= np.asarray(back, np.uint8)
    return found


def _bars(mask: Mask, length: int) -> Mask:
    """The thin straight lines that run nearly level and are at least so long."""
    thickest = max(5, int(BAR_THICKNESS * length))
    thick = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((thickest, 1), np.uint8))
    thin = mask & ~np.asarray(thick, np.uint8)
    thin = np.asarray(cv2.morphologyEx(thin, cv2.MORPH_CLOSE, np.ones((1, thickest), np.uint8)), np.uint8) & mask
    return _runs(np.asarray(cv2.dilate(thin, np.ones((3, 1), np.uint8)), np.uint8), length) & mask


def _long(mask: Mask, level: Mask, steep: Mask) -> Mask:
    """The bars that are much longer than the other components are high."""
    if not (level.any() or steep.any()):
        return np.zeros_like(mask)
    min_length = LONG_SIDE * max(mask.shape)
    lengths = [_lengths(level, cv2.CC_STAT_WIDTH), _lengths(steep, cv2.CC_STAT_HEIGHT)]
    long = np.maximum(*lengths) > min_length
    if not long.any():
        return np.zeros_like(mask)
    left = without_rules(mask, np.asarray(cv2.dilate(long.view(np.uint8), _BLOCK), np.uint8))
    height = middle_height(np.asarray(cv2.connectedComponentsWithStats(left)[2], np.int32), mask.shape)
    if height == 0:
        return np.zeros_like(mask)
    return np.asarray(np.maximum(*lengths) > max(min_length, LONG * height), np.uint8)


def _lengths(bars: Mask, side: int) -> NDArray[np.int32]:
    """At each pixel of a bar how long the bar is; 0 elsewhere."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(cv2.dilate(bars, _BLOCK))
    return np.asarray(statistics[:, side][labels] * bars, np.int32)


def _sides_of_boxes(mask: Mask, bars: Mask, shortest: int) -> Mask:
    """The bars that close a box around some ink, or that divide a form."""
    if not bars.any():
        return np.zeros_like(mask)
    inside = 1 - np.asarray(cv2.dilate(bars, _BLOCK), np.uint8)
    contours, places = cv2.findContours(np.pad(inside, 1), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    height, width = mask.shape
    boxes, inked = [], []
    for contour, (_, _, _, surrounding) in zip(contours, places[0] if contours else (), strict=True):
        x, y, w, h = cv2.boundingRect(contour)
        x, y = x - 1, y - 1  # the frame of one pixel
        is_closed = x > 0 and y > 0 and x + w < width and y + h < height
        is_hole = surrounding >= 0
        if is_closed and not is_hole and min(w, h) >= 0.8 * shortest and cv2.contourArea(contour) >= FULL * w * h:
            boxes.append(contour - 1)
            inked.append(bool(mask[y + h // 6 : y + h - h // 6, x + w // 6 : x + w - w // 6].any()))
    chosen = [box for box, has_ink in zip(boxes, inked, strict=True) if has_ink or len(boxes) >= FORM]
    rims = np.asarray(cv2.drawContours(np.zeros_like(mask), chosen, -1, 1, thickness=_RIM), np.uint8)
    return rims & bars
