"""Enlarge MNIST digits to any size as a pen would have drawn them: smooth outlines, anti-aliased edges, no blocks.

Ink is float32 (H, W), 0 paper and 1 pen. Paper is 225 and the pen 40, unless the light changes.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from lab.image_types import GrayLevels, Ink

PAPER_LEVEL, PEN_LEVEL = 225, 40
MNIST_DIGIT_SIDE = 20  # pixels of the longer side of an MNIST digit
_ENLARGEMENT = (
    8  # pixels of the drawing for each of MNIST's; its edges are drawn when it has its size, if that is larger
)
_EDGE_LEVEL = 0.42  # the level of MNIST's anti-aliasing at which a stroke ends; half would break thin strokes


def draw_digit(image: GrayLevels, side: float) -> Ink:
    """A digit (28, 28) whose longer side is about ``side`` pixels, cropped to its ink with one pixel of paper around.

    >>> image = np.zeros((28, 28), np.uint8)
    >>> image[4:24, 12:16] = 255
    >>> draw_digit(image, 200).shape[0] in range(195, 210)
    True
    """
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    box = np.pad(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 2).astype(np.float32) / 255
    large = cv2.resize(box, None, fx=_ENLARGEMENT, fy=_ENLARGEMENT, interpolation=cv2.INTER_CUBIC)
    smooth = cv2.GaussianBlur(large, (0, 0), 0.45 * _ENLARGEMENT)
    scale = side / MNIST_DIGIT_SIDE / _ENLARGEMENT
    if scale > 1:
        smooth = cv2.resize(smooth, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    ink = np.clip(
        (smooth - _EDGE_LEVEL) * 1.5 * _ENLARGEMENT * max(scale, 1) + 0.5, 0, 1
    )  # an edge about two pixels wide
    if scale < 1:
        ink = cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rows, columns = (np.flatnonzero((ink > 0.25).any(axis=axis)) for axis in (1, 0))
    return np.pad(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1)


def draw_row(images: Sequence[GrayLevels], side: float, rng: np.random.Generator) -> Ink:
    """Digits beside one another, their feet on one line, as far apart as people write them."""
    inks = [draw_digit(image, side) for image in images]
    height = max(ink.shape[0] for ink in inks)
    cells = []
    for ink in inks:
        gap = round(side * rng.uniform(0.12, 0.35))
        cells.append(np.pad(ink, ((height - ink.shape[0], 0), (0, gap))))
    return np.hstack(cells)[:, :-gap]


def pad_with_paper(ink: Ink, padding: float = 0.4) -> Ink:
    """Ink with paper around it, ``padding`` times its longer side on each side; a pixel at least."""
    return np.pad(ink, max(1, round(padding * max(ink.shape))))


def to_gray_levels(ink: Ink) -> Ink:
    """Dark ink on light paper, as gray levels of 0..255 that are not rounded yet."""
    return np.asarray(PAPER_LEVEL - ink * (PAPER_LEVEL - PEN_LEVEL), np.float32)
