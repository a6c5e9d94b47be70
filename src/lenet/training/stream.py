"""Streams of training examples, epoch by epoch: pictures, labels, order and augmentation."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.data.datasets import Dataset, validation_mask
from lenet.engine.native import Augmentation
from lenet.preprocess import GrayLevels, fit_to_input
from lenet.training.augmentation import curvature_order, epoch_order
from lenet.training.recipes import Recipe

Labels = NDArray[np.int64]

MAX_VALIDATION = 5_000  # examples that are held out where nobody says how many
_VALIDATION_SEED = 0  # the same cut for every seed of a recipe, so that runs can be compared


@dataclass(frozen=True, eq=False)
class Patterns:
    """Gray levels uint8 (N, H, W), ink-high, and labels (N,)."""

    images: NDArray[np.uint8]
    labels: Labels

    def __post_init__(self) -> None:
        if self.images.ndim != 3 or self.images.dtype != np.uint8 or self.labels.shape != (len(self.images),):
            raise TypeError(
                f"expected uint8 images (N, H, W) and labels (N,), got {self.images.dtype} {self.images.shape} "
                f"and {self.labels.shape}"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.integer[Any]]) -> "Patterns":
        """The patterns of these rows, as often as they are named."""
        return Patterns(self.images[rows], self.labels[rows])

    def first(self, number: int) -> "Patterns":
        """The first ``number`` patterns."""
        return Patterns(self.images[:number], self.labels[:number])


@dataclass(frozen=True, eq=False)
class Epoch:
    """The training examples of one epoch.

    Attributes:
        images: uint8 at the network's size, (N, H, W), or (N, C, H, W) where there is more than one channel.
        labels: int64 (N,).
        order: rows of both as they are presented, int64 (n,), or (n, R) with a column for each of R replicas.
        augmentation: of each picture of the order.
        curvature: the rows that second derivatives are estimated from, as ``order``; for SDLM.
        remarks: further values of the epoch's row in the history.
    """

    images: GrayLevels
    labels: Labels
    order: Labels
    augmentation: Augmentation = field(default_factory=Augmentation)
    curvature: Labels | None = None
    remarks: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.order)


class Stream(ABC):
    """Source of training examples. All randomness is seeded, so that an epoch can be generated again at any time.

    A stream whose draws follow one another, epoch after epoch, gives its state by `state`.
    """

    @property
    @abstractmethod
    def examples(self) -> int:
        """Number of examples of an epoch; an estimate, where epochs differ."""

    @abstractmethod
    def epoch(self, number: int) -> Epoch:
        """Generate an epoch, counted from 0."""

    def describe(self) -> dict[str, Any]:
        """Description for ``run.json``, with a ``name``; a run can be resumed with an equal one only."""
        raise NotImplementedError(f"{type(self).__name__} is not trained on in a run's folder")

    def state(self) -> dict[str, Any]:
        """State of the random generator, as plain values."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a `state`; ValueError if it is none."""
        if state:
            raise ValueError(f"no state of {type(self).__name__}, which has none")


class GeneratedStream(Stream):
    """Stream whose epochs are drawn in sequence from one generator, ``self.rng``."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def state(self) -> dict[str, Any]:
        return dict(self.rng.bit_generator.state)

    def restore(self, state: Mapping[str, Any]) -> None:
        try:
            self.rng.bit_generator.state = dict(state)
        except Exception as error:  # NumPy raises many kinds
            raise ValueError(f"no state of a random generator ({error})") from None


@dataclass(frozen=True, eq=False)
class Examples:
    """The training split at the network's size, the rows to learn from, and the held-out examples.

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
        """The training split of a data set; ``held_out`` None is a tenth of it, at most 5,000.

        Raises:
            DataError: if it has not that many examples.
        """
        labels = dataset.train_labels
        count = min(MAX_VALIDATION, len(labels) // 10) if held_out is None else held_out
        is_held_out = validation_mask(dataset, count, _VALIDATION_SEED)
        images = padded_to_input(dataset.train_images, network)
        return cls(images, labels, np.flatnonzero(~is_held_out), images[is_held_out], labels[is_held_out])


class DatasetStream(Stream):
    """Stream of a data set's examples, shuffled anew for each epoch, and augmented as the recipe says."""

    def __init__(self, examples: Examples, recipe: Recipe) -> None:
        self._examples, self._recipe = examples, recipe

    @property
    def examples(self) -> int:
        return len(self._examples.rows)

    def epoch(self, number: int) -> Epoch:
        examples, recipe = self._examples, self._recipe
        order, augmentation = epoch_order(recipe, examples.rows, number)
        curvature = curvature_order(recipe, examples.rows, number) if recipe.optimizer == "sdlm" else None
        return Epoch(examples.images, examples.labels, order, augmentation, curvature)


def padded_to_input(images: GrayLevels, network: Network) -> GrayLevels:
    """Pad pictures with background to a network's input size, once and not in every epoch."""
    channels, height, width = network.input
    images = fit_to_input(images, network.input)
    return np.ascontiguousarray(images.reshape(-1, height, width) if channels == 1 else images)
