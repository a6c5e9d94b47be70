"""The windows that a space displacement network is taught with [LeCun98, VII].

The paper: a digit in the middle with two random ones beside it, -1 to 4 pixels between their boxes; sometimes none in
the middle, which is the blank; a tenth of the pixels inverted. Here windows are cut from whole strings, so that as many
neighbors are seen as will be met, and the first and last digits have none on one side.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lenet.data.distortions import Distortions, distort
from lenet.preprocess import GrayLevels
from lenet.sdnn.digit_strings import HEIGHT, MARGIN, write_strings
from lenet.sdnn.displacement import BLANK


@dataclass(frozen=True)
class Recipe:
    """How windows are cut.

    Attributes:
        digits: in a string.
        reach: a window shows the digit that is at most so many pixels from its middle; columns are 4 pixels apart, so
            that 2 is what every digit comes to.
        clear: a window is blank if every digit is at least so many pixels from its middle.
        blanks: windows without a digit in the middle, for each one with.
        noisy: share of the windows that have ``inverted`` of their pixels inverted.
        distortions: of each digit before it is written.
    """

    digits: int = 5
    reach: float = 2.0
    clear: float = 4.0
    blanks: float = 0.6
    noisy: float = 0.1
    inverted: float = 0.1
    distortions: Distortions = field(
        default_factory=lambda: Distortions(translation=0, rotation=8, scale=0.1, squeeze=0.1, shear=0.15)
    )


def cut_windows(
    images: GrayLevels, labels: NDArray[np.integer], rng: np.random.Generator, recipe: Recipe
) -> tuple[GrayLevels, NDArray[np.int64]]:
    """Write every digit into one string, and cut windows from the strings.

    Args:
        images: uint8 (digits, 28, 28); those that do not fill a last string are left out.
        labels: (digits,).
        rng: the only source of chance.

    Returns:
        Windows uint8 (N, 32, 32) in no order that means anything, and their classes (N,), `BLANK` among them.
    """
    count = len(images) // recipe.digits
    chosen = rng.permutation(len(images))[: count * recipe.digits].reshape(count, recipe.digits)
    strings = write_strings(distort(images, rng, recipe.distortions), labels, chosen, rng)
    fields = np.pad(strings.fields, ((0, 0), (0, 0), (MARGIN, MARGIN)))  # windows may lie beside a string
    middle = (HEIGHT - 1) / 2 - MARGIN
    places = np.arange(fields.shape[2] - HEIGHT + 1)
    apart = np.abs(places[None, :, None] + middle - strings.centers[:, None, :])  # (strings, places, digits)
    nearest, distance = apart.argmin(axis=2), apart.min(axis=2)
    rows, at, digit = _one_of_each(rng, distance <= recipe.reach, nearest, recipe.digits)
    empty_rows, empty_at = np.nonzero((distance >= recipe.clear) & (places <= strings.ends[:, None]))
    some = rng.permutation(len(empty_rows))[: round(recipe.blanks * len(rows))]
    classes = np.concatenate([strings.labels[rows, digit], np.full(len(some), BLANK)])
    rows, at = np.concatenate([rows, empty_rows[some]]), np.concatenate([at, empty_at[some]])
    windows = np.lib.stride_tricks.sliding_window_view(fields, HEIGHT, axis=2)[rows, :, at]
    return invert(np.ascontiguousarray(windows), rng, recipe.noisy, recipe.inverted), classes


def invert(images: GrayLevels, rng: np.random.Generator, share: float, pixels: float) -> GrayLevels:
    """Invert a share of the pixels of a share of the pictures, in place; they are given back."""
    for index in np.flatnonzero(rng.random(len(images)) < share):
        images[index] ^= np.where(rng.random(images[index].shape) < pixels, 255, 0).astype(np.uint8)
    return images


def _one_of_each(
    rng: np.random.Generator, shows: NDArray[np.bool_], nearest: NDArray[np.int64], digits: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each digit that some window shows one of these windows: string, place, digit."""
    rows, at = np.nonzero(shows)
    order = rng.permutation(len(rows))
    rows, at = rows[order], at[order]
    digit = nearest[rows, at]
    _, first = np.unique(rows * digits + digit, return_index=True)
    return rows[first], at[first], digit[first]
