"""The one normalization: a crop of ink becomes a 28×28 picture like those of MNIST.

The native engine does it where it can run; what is written here by OpenCV is its reference, and four times slower.
The reader and all its callers, ``lenet adapt``, and the training of the network that ships come through `normalize`.
Class folders for ``lenet train`` do not: their pictures may hold anything, and are only brought to the network's size.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.engine import choice, native
from lenet.preprocess import SIDE

Ink = NDArray[np.float32]
GrayLevels = NDArray[np.uint8]

DIGIT_SIDE = 20  # the longer side of an MNIST digit inside its 28×28
DRAWING_SIDE = 80  # the longer side while the stroke is redrawn: four pixels for each of MNIST's
STROKE_WIDTH = 9.5  # the mean width of MNIST's strokes, in pixels of the drawing

# Pixels of paper around the drawing: a stroke made thicker, by less than half the mean width, stays inside.
_MARGIN = int(STROKE_WIDTH + STROKE_WIDTH / 2)
MIN_PIXELS = 3  # fewer are no stroke
_BLOCK = np.ones((3, 3), np.uint8)


def normalize(ink: Ink, thicken: float = 0.0) -> GrayLevels | None:
    """Normalize a digit as MNIST's authors did: size, stroke width, and center of mass.

    Args:
        ink: float32 (H, W), one digit and nothing else; 0 is paper, 1 full ink, the edge of a stroke at 0.5.
        thicken: pixels of an 80-pixel drawing added on each side of a stroke; training varies it.

    Returns:
        uint8 (28, 28), ink-high: the longer side of the ink is 20 pixels, anti-aliased, strokes brought towards
        MNIST's mean width, the center of mass in the middle. None if there is no ink to speak of.

    Source: [LeCun98, III-A] for size and center of mass.

    >>> stroke = np.zeros((90, 40), np.float32)
    >>> stroke[10:80, 15:25] = 1
    >>> picture = normalize(stroke)
    >>> picture.shape, int((picture > 127).any(axis=1).sum())
    ((28, 28), 20)
    """
    return normalize_all([ink], thicken)[0]


def normalize_all(crops: Sequence[Ink], thicken: float = 0.0) -> list[GrayLevels | None]:
    """Normalize many digits, each as `normalize` does."""
    if choice.choose_engine() not in choice.INSTRUCTION_SETS:
        return [normalize_by_opencv(crop, thicken) for crop in crops]
    pictures, have_ink = native.normalize(crops, thicken)
    # Each in memory of its own: the one that is answered must not keep all that were tried.
    return [picture.copy() if has_ink else None for picture, has_ink in zip(pictures, have_ink.tolist(), strict=True)]


def normalize_by_opencv(ink: Ink, thicken: float = 0.0) -> GrayLevels | None:
    """Normalize by OpenCV: the reference of `normalize`."""
    drawing = _drawing(ink)
    if drawing is None:
        return None
    strokes = _crop_to_ink(_with_stroke_width(drawing, thicken))
    if strokes is None or max(strokes.shape) < DIGIT_SIDE:
        return None
    return _center_in_field(strokes)


def stroke_width(mask: NDArray[np.uint8]) -> float:
    """The mean width of the strokes in a mask of 0 and 1: twice the area over the length of the outline.

    >>> bar = np.zeros((60, 30), np.uint8)
    >>> bar[5:55, 10:16] = 1
    >>> round(stroke_width(bar))
    6
    """
    area = int(mask.sum())
    inner = int(cv2.erode(mask, _BLOCK, borderType=cv2.BORDER_CONSTANT, borderValue=0).sum())
    return 2.0 * area / max(area - inner, 1)


def grown_signed_distance(mask: NDArray[np.uint8], thicken: float) -> NDArray[np.float32]:
    """The signed distance to the edge of strokes grown by ``thicken`` on each side: positive inside.

    Strokes made thinner keep their center line, so that a thin part of a digit never vanishes.
    """
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 3)
    signed = np.where(mask > 0, inside - 0.5, 0.5 - outside) + thicken
    if thicken < 0:
        ridge = ((cv2.dilate(inside, _BLOCK) <= inside + 0.1) & (inside > 0.5)).astype(np.uint8)
        signed = np.maximum(signed, np.where(cv2.dilate(ridge, _BLOCK) > 0, 0.5, -9.0))
    return np.asarray(signed, np.float32)


def _drawing(ink: Ink) -> Ink | None:
    """Crop to the ink and resize so that the longer side is DRAWING_SIDE, in a margin of paper."""
    box = _crop_to_ink(ink)
    if box is None:
        return None
    height, width = box.shape
    scale = DRAWING_SIDE / max(height, width)
    box = np.pad(box, 1)
    if min(box.shape) * scale < 1:  # a hairline: nothing of it would be left
        return None
    if scale < 0.7:
        small = cv2.resize(box, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        drawing = cv2.copyMakeBorder(small, *(_MARGIN,) * 4, cv2.BORDER_CONSTANT, value=0)
    else:
        size = (int(np.ceil(width * scale)) + 2 * _MARGIN, int(np.ceil(height * scale)) + 2 * _MARGIN)
        corner = _MARGIN - scale * 0.5 - 0.5
        enlarge = np.array([[scale, 0, corner], [0, scale, corner]], np.float32)
        interpolation = cv2.INTER_CUBIC if scale < 4 else cv2.INTER_LINEAR
        drawing = cv2.warpAffine(box, enlarge, size, flags=interpolation)
        if scale > 1.5:  # rounds the staircase that enlarging leaves
            drawing = cv2.GaussianBlur(drawing, (0, 0), 0.35 * scale)
    return np.asarray(drawing, np.float32)


def _with_stroke_width(drawing: Ink, thicken: float) -> Ink:
    mask = (drawing >= 0.5).astype(np.uint8)
    if not mask.any():
        return drawing
    correction = (STROKE_WIDTH - stroke_width(mask)) / 2
    return np.asarray(np.clip(grown_signed_distance(mask, correction + thicken) + 0.5, 0.0, 1.0), np.float32)


def _crop_to_ink(ink: Ink) -> Ink | None:
    mask = ink >= 0.5
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0 or int(mask.sum()) < MIN_PIXELS:
        return None
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _center_in_field(strokes: Ink) -> GrayLevels:
    """Resize strokes to 20 pixels on the longer side, and center their mass in 28×28, never over the edge."""
    height, width = strokes.shape
    scale = DIGIT_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(strokes, size, interpolation=cv2.INTER_AREA)
    mass = small.sum()
    center = (small.sum(axis=1) @ np.arange(size[1]) / mass, small.sum(axis=0) @ np.arange(size[0]) / mass)
    top = int(np.clip(round((SIDE - 1) / 2 - center[0]), 0, SIDE - size[1]))
    left = int(np.clip(round((SIDE - 1) / 2 - center[1]), 0, SIDE - size[0]))
    picture = np.zeros((SIDE, SIDE), np.uint8)
    picture[top : top + size[1], left : left + size[0]] = np.rint(np.clip(small, 0, 1) * 255)
    return picture
