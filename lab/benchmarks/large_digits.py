"""Enlarge MNIST digits to any size as a pen would have drawn them: smooth outlines, anti-aliased edges, no blocks.

Ink is float32 (H, W), 0 paper and 1 pen. As gray levels, paper is 225 and the pen 40, unless the light changes.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.image_types import Generator, GrayLevels, Ink
from lenet.data import Dataset
from lenet.reading.normalization import grown_signed_distance

PAPER_LEVEL, PEN_LEVEL = 225, 40  # gray levels
MNIST_DIGIT_SIDE = 20  # pixels of the longer side of an MNIST digit
# A digit is enlarged eight times before its edges are thresholded; if the result is to be larger still, it is enlarged
# to its final size first and thresholded then; if smaller, it is thresholded first and reduced then.
_ENLARGEMENT = 8
_EDGE_LEVEL = 0.42  # the level of MNIST's anti-aliasing at which a stroke ends; half would break thin strokes


def draw_digit(image: GrayLevels, side: float) -> Ink:
    """Enlarge a digit, (28, 28), so that its longer side is about ``side`` pixels; cropped to ink and a pixel of paper.

    >>> image = np.zeros((28, 28), np.uint8)
    >>> image[4:24, 12:16] = 255
    >>> draw_digit(image, 200).shape[0] in range(195, 210)
    True
    """
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    cropped = np.pad(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 2).astype(np.float32) / 255
    large = cv2.resize(cropped, None, fx=_ENLARGEMENT, fy=_ENLARGEMENT, interpolation=cv2.INTER_CUBIC)
    smooth = cv2.GaussianBlur(large, (0, 0), 0.45 * _ENLARGEMENT)
    scale = side / MNIST_DIGIT_SIDE / _ENLARGEMENT
    if scale > 1:
        smooth = cv2.resize(smooth, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    distance = (smooth - _EDGE_LEVEL) * 1.5 * _ENLARGEMENT * max(scale, 1)  # so that an edge is about two pixels wide
    ink = np.clip(distance + 0.5, 0, 1)
    if scale < 1:
        ink = cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rows, columns = (np.flatnonzero((ink > 0.25).any(axis=axis)) for axis in (1, 0))
    return np.pad(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1)


def grow_strokes(ink: Ink, growth: float) -> Ink:
    """Grow strokes by ``growth`` pixels on each side (negative: thin them), and pad them by 3 pixels of paper."""
    mask = (np.pad(ink, 3) > 0.5).astype(np.uint8)
    # To the edge of the grown strokes, in pixels, positive inside.
    signed_distance = grown_signed_distance(mask, growth)
    return np.asarray(np.clip(signed_distance + 0.5, 0, 1), np.float32)


class DigitWriter:
    """Draws MNIST's test digits with one pen.

    Args:
        mnist: its test digits are drawn.
        pen_growth: by which strokes grow on each side, in digit heights; less than 0 makes them thinner.
    """

    def __init__(self, mnist: Dataset, pen_growth: float) -> None:
        self._images_by_label = [mnist.test_images[mnist.test_labels == label] for label in range(10)]
        self._pen_growth = pen_growth

    def draw(self, label: int, height: float, rng: Generator) -> Ink:
        """Draw a random digit of a label whose longer side is about ``height`` pixels."""
        images = self._images_by_label[label]
        return grow_strokes(draw_digit(images[rng.integers(len(images))], height), self._pen_growth * height)


def random_number(digits: int, rng: Generator) -> str:
    """A number of so many random digits."""
    return "".join(str(digit) for digit in rng.integers(10, size=digits))


def draw_row(images: Sequence[GrayLevels], side: float, rng: np.random.Generator) -> Ink:
    """Draw digits side by side, their feet on one line, with random gaps of 0.12 to 0.35 of ``side``."""
    inks = [draw_digit(image, side) for image in images]
    height = max(ink.shape[0] for ink in inks)
    padded = []
    for ink in inks:
        gap = round(side * rng.uniform(0.12, 0.35))
        padded.append(np.pad(ink, ((height - ink.shape[0], 0), (0, gap))))
    return np.hstack(padded)[:, :-gap]


def pad_with_paper(ink: Ink, padding: float = 0.4) -> Ink:
    """Pad ink with paper on each side, by ``padding`` times its longer side; by a pixel at least."""
    return np.pad(ink, max(1, round(padding * max(ink.shape))))


def to_gray_levels(ink: Ink) -> NDArray[np.float32]:
    """Convert ink to gray levels from PEN_LEVEL to PAPER_LEVEL, dark on light; float32 (H, W), not rounded yet."""
    return np.asarray(PAPER_LEVEL - ink * (PAPER_LEVEL - PEN_LEVEL), np.float32)
