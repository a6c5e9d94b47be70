"""The stream of windows that a space displacement network is trained on [LeCun98, VII], and its recipe.

The paper: a digit in the middle with two random ones beside it, -1 to 4 pixels between their boxes; sometimes none in
the middle, which is the blank; a tenth of the pixels inverted. Here windows are cut from whole strings, so that as many
neighbors are seen as will be met, and the first and last digits have none on one side.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.distortions import Distortions, distort
from lenet.preprocess import GrayLevels
from lenet.sdnn.digit_strings import HEIGHT, MARGIN, write_strings
from lenet.sdnn.displacement import BLANK
from lenet.training import Epoch, Recipe
from lenet.training.stream import GeneratedStream

RECIPE = Recipe(
    "strings", epochs=80, optimizer="adamw", learning_rate=3e-3, weight_decay=1e-3, schedule="one-cycle-midpoint",
    warm_up=0.1, loss="map", j=20.0, init="sqrt", ema=0.9995,
)  # fmt: skip
"""The loss is eq. 9 of [LeCun98]; mini-batches and their optimizer are of today."""


@dataclass(frozen=True)
class WindowParameters:
    """Parameters of the windows.

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


class WindowStream(GeneratedStream):
    """Stream of windows from strings that are generated anew for each epoch, each digit in one of them.

    Args:
        images: uint8 (digits, 28, 28), ink-high.
        labels: (digits,).
        parameters: how windows are cut.
        seed: of all that is drawn.
        data: what ``run.json`` says of the digits.
    """

    def __init__(
        self,
        images: GrayLevels,
        labels: NDArray[np.integer],
        parameters: WindowParameters | None = None,
        seed: int = 0,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(seed)
        self._images, self._labels, self._cutting = images, labels, parameters or WindowParameters()
        self._data = dict(data or {"name": "digits"})

    @property
    def examples(self) -> int:
        return round(len(self._images) * (1 + self._cutting.blanks))

    def describe(self) -> dict[str, Any]:
        return {**self._data, "stream": {"windows": asdict(self._cutting)}}

    def epoch(self, number: int) -> Epoch:
        windows, classes = cut_windows(self._images, self._labels, self.rng, self._cutting)
        return Epoch(windows, classes, self.rng.permutation(len(windows)))


def cut_windows(
    images: GrayLevels, labels: NDArray[np.integer], rng: np.random.Generator, parameters: WindowParameters
) -> tuple[GrayLevels, NDArray[np.int64]]:
    """Write every digit into one string, and cut windows from the strings.

    Args:
        images: uint8 (digits, 28, 28); those that do not fill a last string are left out.
        labels: (digits,).
        rng: the only source of randomness.

    Returns:
        Windows uint8 (N, 32, 32) in no order that means anything, and their classes (N,), `BLANK` among them.
    """
    count = len(images) // parameters.digits
    digits_of_strings = rng.permutation(len(images))[: count * parameters.digits].reshape(count, parameters.digits)
    strings = write_strings(distort(images, rng, parameters.distortions), labels, digits_of_strings, rng)
    fields = np.pad(strings.fields, ((0, 0), (0, 0), (MARGIN, MARGIN)))  # windows may lie beside a string
    center = (HEIGHT - 1) / 2 - MARGIN
    offsets = np.arange(fields.shape[2] - HEIGHT + 1)
    distances = np.abs(offsets[None, :, None] + center - strings.centers[:, None, :])  # (strings, places, digits)
    nearest, distance = distances.argmin(axis=2), distances.min(axis=2)
    rows, window_offsets, digit = _one_of_each(rng, distance <= parameters.reach, nearest, parameters.digits)
    empty_rows, empty_offsets = np.nonzero((distance >= parameters.clear) & (offsets <= strings.ends[:, None]))
    chosen_blanks = rng.permutation(len(empty_rows))[: round(parameters.blanks * len(rows))]
    classes = np.concatenate([strings.labels[rows, digit], np.full(len(chosen_blanks), BLANK)])
    rows, window_offsets = (
        np.concatenate([rows, empty_rows[chosen_blanks]]),
        np.concatenate([window_offsets, empty_offsets[chosen_blanks]]),
    )
    windows = np.lib.stride_tricks.sliding_window_view(fields, HEIGHT, axis=2)[rows, :, window_offsets]
    return invert(np.ascontiguousarray(windows), rng, parameters.noisy, parameters.inverted), classes


def invert(images: GrayLevels, rng: np.random.Generator, share: float, pixels: float) -> GrayLevels:
    """Invert a share of the pixels of a share of the pictures, in place; returns them."""
    for index in np.flatnonzero(rng.random(len(images)) < share):
        images[index] ^= np.where(rng.random(images[index].shape) < pixels, 255, 0).astype(np.uint8)
    return images


def _one_of_each(
    rng: np.random.Generator, shows: NDArray[np.bool_], nearest: NDArray[np.int64], digits: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Sample one window for each digit that some window shows: string, offset, digit."""
    rows, offsets = np.nonzero(shows)
    order = rng.permutation(len(rows))
    rows, offsets = rows[order], offsets[order]
    digit = nearest[rows, offsets]
    _, first = np.unique(rows * digits + digit, return_index=True)
    return rows[first], offsets[first], digit[first]
