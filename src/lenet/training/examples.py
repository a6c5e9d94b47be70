"""What a run learns from, and the examples it holds out to choose the best weights by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.data.datasets import Dataset, choose_validation
from lenet.preprocess import GrayLevels, fitted

Labels = NDArray[np.int64]

_VALIDATION_SEED = 0  # the same cut for every seed of a recipe, so that runs can be compared


@dataclass(frozen=True)
class Examples:
    """The training part at the network's size, the rows to learn from, and what is held out.

    Rows instead of a second copy: touching as much memory again would take as long as a hundred updates.

    Attributes:
        images: uint8 (N, H, W), or (N, C, H, W) where there is more than one channel.
        labels: int64 (N,).
        rows: int64, those of both to learn from.
        held_out_images, held_out_labels: the others.
    """

    images: GrayLevels
    labels: Labels
    rows: Labels
    held_out_images: GrayLevels
    held_out_labels: Labels

    @classmethod
    def of(cls, dataset: Dataset, network: Network, held_out: int | None) -> "Examples":
        """The training part of a data set; ``held_out`` None is a tenth of it, at most 5,000.

        Raises:
            DataError: if it has not that many examples.
        """
        labels = dataset.train_labels
        count = min(5_000, len(labels) // 10) if held_out is None else held_out
        chosen = choose_validation(dataset, count, _VALIDATION_SEED)
        images = _at_size(dataset.train_images, network)
        return cls(images, labels, np.flatnonzero(~chosen), images[chosen], labels[chosen])


def _at_size(images: GrayLevels, network: Network) -> GrayLevels:
    """Brought to the network's size once, and not in every epoch."""
    channels, height, width = network.input
    at_size = fitted(images, network.input)
    return np.ascontiguousarray(at_size.reshape(-1, height, width) if channels == 1 else at_size)
