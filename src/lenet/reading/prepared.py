"""Pictures that MNIST's recipe has already been through: what is normalized is not normalized again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.preprocess import SIDE
from lenet.reading.foreground.ink import MIN_GRAIN, Colors, InkMap, Polarity
from lenet.reading.normalization import DIGIT_SIDE

# Bounds of the center of mass: MNIST puts it at 14, `normalize` at 13.5, in whole pixels.
CENTER_RANGE = ((SIDE - 1) / 2 - 0.5, SIDE / 2 + 0.5)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A digit that needs no preparation.

    Attributes:
        image: uint8 (28, 28), ink-high.
        box: (top, left, bottom, right) of its ink.
        polarity: which gray levels are ink.
    """

    image: NDArray[np.uint8]
    box: tuple[int, int, int, int]
    polarity: Polarity

    @property
    def ink(self) -> InkMap:
        """The picture as an ink map."""
        return InkMap(np.asarray(self.image, np.float32) / np.float32(255), MIN_GRAIN, 1.0, self.polarity)


def find_prepared(colors: Colors, polarity: Polarity = Polarity.AUTO) -> Prepared | None:
    """The digit of a picture that looks as MNIST's do, or None for any other picture.

    It is gray and of 28×28 pixels, all that is not quite background is 20 pixels on its longer side, and the center of
    mass is in the middle. No picture of a digit that was not made so is likely to be all of this.

    Args:
        colors: uint8 (H, W, 3), RGB.
        polarity: which gray levels are ink, if it is known.

    >>> page = np.zeros((28, 28, 3), np.uint8)
    >>> page[4:24, 12:16] = 255
    >>> find_prepared(page).box, find_prepared(page[:, 1:]) is None
    ((4, 12, 24, 16), True)
    """
    if colors.shape[:2] != (SIDE, SIDE) or (colors[..., :1] != colors[..., 1:]).any():
        return None
    gray = colors[..., 0]
    background = int(gray[0, 0])
    detected = {0: Polarity.INK_HIGH, 255: Polarity.PAPER_HIGH}.get(background)
    if detected is None or polarity not in (Polarity.AUTO, detected):
        return None
    image = gray if background == 0 else 255 - gray
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    if not len(rows):
        return None
    top, left, bottom, right = int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
    if max(bottom - top, right - left) != DIGIT_SIDE:
        return None
    positions, mass = np.arange(SIDE), int(image.sum(dtype=np.int64))
    center = (float(image.sum(axis=1) @ positions) / mass, float(image.sum(axis=0) @ positions) / mass)
    if not all(CENTER_RANGE[0] <= value <= CENTER_RANGE[1] for value in center):
        return None
    return Prepared(np.ascontiguousarray(image), (top, left, bottom, right), detected)
