"""Generation of digit strings from pictures of single digits, at gaps of so many pixels [LeCun98, VII].

A gap is measured between the boxes that hold the digits' ink; at -1 they share a column of pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.errors import LeNetError
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
    max_vertical_shift: int = 2,
) -> DigitStrings:
    """Compose strings from pictures of digits.

    Args:
        images: uint8 (digits, 28, 28), ink-high.
        labels: (digits,) their classes.
        chosen: (N, digits), which of them each string is written with.
        rng: draws the gaps and how high each digit stands.
        gaps: what a gap may be, in pixels; each is as likely as the others.
        max_vertical_shift: by how many pixels a digit may stand higher or lower than its picture has it, 0 to 2.

    Returns:
        The strings; all fields are as wide as the longest string needs, and a multiple of 4.

    Raises:
        LeNetError: if a gap is so negative that a digit would begin before the one to its left, or the shift is not in
            its range.
    """
    count, digits = chosen.shape
    height, width = images.shape[1:]
    if not 0 <= max_vertical_shift <= (HEIGHT - height) // 2:
        raise LeNetError(f"max_vertical_shift is {max_vertical_shift}, expected 0 to {(HEIGHT - height) // 2}")
    left, right = _boxes(images)
    widths = (right - left)[chosen]
    between = rng.choice(np.asarray(gaps), (count, digits - 1))
    if np.any(widths[:, :-1] + between < 0):
        raise LeNetError(
            f"a gap of {min(gaps)} is wider than the narrowest digit, of {widths.min()} columns; "
            f"expected at least {-widths.min()}"
        )
    starts = MARGIN + np.cumsum(np.pad(widths[:, :-1] + between, ((0, 0), (1, 0))), axis=1)
    ends = starts[:, -1] + widths[:, -1] + MARGIN
    width_of_fields = -(-int(max(ends.max(initial=0), starts.max(initial=0) + width)) // 4) * 4
    # A picture may reach beyond its digit's box, hence beyond the field.
    padded_fields = np.zeros((count, HEIGHT, width + width_of_fields + width), np.uint8)
    vertical_shifts = rng.integers(-max_vertical_shift, max_vertical_shift + 1, (count, digits))
    tops, lefts = (HEIGHT - height) // 2 + vertical_shifts, width + starts - left[chosen]
    for field, *places in zip(padded_fields, chosen, lefts, tops, strict=True):
        for index, x, y in zip(*places, strict=True):
            target = field[y : y + height, x : x + width]
            np.maximum(target, images[index], out=target)
    fields = padded_fields[:, :, width : width + width_of_fields]
    centers = np.asarray(starts + (widths - 1) / 2, np.float32)
    return DigitStrings(fields, np.asarray(labels, np.int64)[chosen], centers, ends, between)


def _boxes(images: GrayLevels) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first column with ink of each picture, and the first behind the last one; all of an empty picture."""
    inked: NDArray[np.bool_] = np.any(images >= INK, axis=1)
    return inked.argmax(axis=1), images.shape[2] - inked[:, ::-1].argmax(axis=1)
