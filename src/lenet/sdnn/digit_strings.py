"""Generation of digit strings from pictures of single digits, at gaps of so many pixels [LeCun98, VII].

A gap is measured between the boxes that hold the digits' ink; at -1 they share a column of pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.preprocess import GrayLevels

HEIGHT = 32
GAPS = (-1, 0, 1, 2, 3, 4)
INK = 64  # gray levels from here on count as ink: a quarter of full
MARGIN = 16  # empty columns before and after the string: half of the network's view


@dataclass(frozen=True, eq=False)
class DigitStrings:
    """Strings of equally many digits.

    Attributes:
        fields: uint8 (N, 32, width), ink-high, each string from its ``MARGIN`` on.
        labels: int64 (N, digits).
        centers: float32 (N, digits), the middle of each digit's box, in pixel columns.
        ends: int64 (N,), the first column behind each string's margin.
        gaps: int64 (N, digits - 1).
    """

    fields: GrayLevels
    labels: NDArray[np.int64]
    centers: NDArray[np.float32]
    ends: NDArray[np.int64]
    gaps: NDArray[np.int64]

    @property
    def texts(self) -> list[str]:
        """The text of each string."""
        return ["".join(map(str, row)) for row in self.labels]


def write_strings(
    images: GrayLevels,
    labels: NDArray[np.integer],
    chosen: NDArray[np.integer],
    rng: np.random.Generator,
    gaps: Sequence[int] = GAPS,
    rise: int = 2,
) -> DigitStrings:
    """Compose strings from pictures of digits.

    Args:
        images: uint8 (digits, 28, 28), ink-high.
        labels: (digits,) their classes.
        chosen: (N, digits), which of them each string is written with.
        rng: draws the gaps and how high each digit stands.
        gaps: what a gap may be, in pixels; each is as likely as the others.
        rise: how many pixels a digit may stand higher or lower than its picture has it, up to 2.

    Returns:
        The strings; all fields are as wide as the longest string needs, and a multiple of 4.
    """
    count, digits = chosen.shape
    left, right = _boxes(images)
    widths = (right - left)[chosen]
    between = rng.choice(np.asarray(gaps), (count, digits - 1))
    starts = MARGIN + np.cumsum(np.pad(widths[:, :-1] + between, ((0, 0), (1, 0))), axis=1)
    ends = starts[:, -1] + widths[:, -1] + MARGIN
    height, width = images.shape[1:]
    width_of_fields = -(-int(max(ends.max(initial=0), starts.max(initial=0) + width)) // 4) * 4
    fields = np.zeros(
        (count, HEIGHT, width_of_fields + width), np.uint8
    )  # room for a picture that reaches beyond the last box
    tops = (HEIGHT - height) // 2 + rng.integers(-rise, rise + 1, (count, digits))
    for field, row, start, row_offset in zip(fields, chosen, starts - left[chosen], tops, strict=True):
        for index, x, y in zip(row, start, row_offset, strict=True):
            target = field[y : y + height, x : x + width]
            np.maximum(target, images[index], out=target)
    centers = np.asarray(starts + (widths - 1) / 2, np.float32)
    return DigitStrings(fields[:, :, :width_of_fields], np.asarray(labels, np.int64)[chosen], centers, ends, between)


def _boxes(images: GrayLevels) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first column with ink of each picture, and the first behind the last one; all of an empty picture."""
    inked: NDArray[np.bool_] = np.any(images >= INK, axis=1)
    return inked.argmax(axis=1), images.shape[2] - inked[:, ::-1].argmax(axis=1)
