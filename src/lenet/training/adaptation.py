"""Adapting trained weights to a hand: a few own examples among many of those that were learned from before.

A network that learns from a few pictures alone forgets the rest. So every batch rehearses: three quarters are examples
of the kind that the weights were trained on, with their labels; and some are pieces of digits, which must stay no
digits. Nobody has labels for those, so each pass draws them from what the network said before, which on average is
the same as learning its very probabilities: outputs that refuse a piece are kept, whether there is one of their own
for it or ten that share it.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.classes import listed
from lenet.engine import Forward, probabilities
from lenet.errors import TrainingError
from lenet.model import Model
from lenet.training.augmentation import epoch_order
from lenet.training.devices import choose_device
from lenet.training.distributed import Worker
from lenet.training.learners import learner_on
from lenet.training.loop import train_epochs
from lenet.training.recipes import Recipe, natural_loss
from lenet.training.stream import Epoch, GeneratedStream, at_size

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]

PASSES = Recipe(
    "adaptation", epochs=6, batch=64, optimizer="adamw", learning_rate=5e-4, weight_decay=0.0, warm_up=0.2,
    label_smoothing=0.03, ema=0.99, translation=1.0, rotation=8.0, scale=0.08, squeeze=0.08, shear=0.12, elastic=0.4,
)  # fmt: skip

OWN, PIECES = 0.25, 0.15  # shares of every pass; the rest is rehearsed
PASS = 8_000  # examples in a pass
DIGITS = 10


@dataclass(frozen=True, eq=False)
class LabeledDigits:
    """Labeled digits: uint8 (N, 28, 28) ink-high, and int64 (N,)."""

    images: Images
    labels: Labels

    def __post_init__(self) -> None:
        if self.images.ndim != 3 or self.images.dtype != np.uint8 or self.labels.shape != (len(self.images),):
            raise TypeError(
                f"expected uint8 images (N, H, W) and labels (N,), got {self.images.dtype} {self.images.shape} "
                f"and {self.labels.shape}"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, rows: Labels) -> "LabeledDigits":
        """Some of them, as often as they are named."""
        return LabeledDigits(self.images[rows], self.labels[rows])


def adapt(
    model: Model,
    examples: LabeledDigits,
    rehearsed: LabeledDigits,
    recipe: Recipe = PASSES,
    *,
    threads: int | None = None,
) -> Model:
    """Weights that have learned own examples, and rehearsed what they knew.

    Args:
        model: where to start; it stays as it is.
        examples: those to learn, at least one.
        rehearsed: a good part of what the weights were trained on.
        recipe: how; its loss, first weights and name do not count.
        threads: as `fit` takes them. The same number gives the same bits.

    Returns:
        Weights of the same network, with the same provenance.

    Raises:
        TrainingError: if there is nothing to learn or to rehearse, the model's classes are not the ten digits, or the
            loss is no longer a number.
        EngineError, MissingExtra: if there is no engine that learns.
    """
    if not len(examples) or not len(rehearsed):
        raise TrainingError(f"nothing to adapt with: {len(examples)} own examples and {len(rehearsed)} to rehearse")
    network, worker = model.network, Worker.from_environment()
    recipe = _fitting(recipe, model)
    stream = RehearsalStream(model, _at_outputs(examples, model), _at_outputs(rehearsed, model), recipe)
    with learner_on(choose_device(None, "cpu", worker, {}), network, recipe, threads, worker) as (learner, _):
        learner.load(model.parameters)
        for _ in train_epochs(learner, stream, recipe):
            pass
        return Model(network, learner.evaluation_arrays(), model.provenance, model.class_names)


class RehearsalStream(GeneratedStream):
    """Own examples, every class as often, examples of what was learned before, and pieces that are no digits."""

    def __init__(self, model: Model, examples: LabeledDigits, rehearsed: LabeledDigits, recipe: Recipe) -> None:
        super().__init__(recipe.seed)
        self._network: Network = model.network
        self._examples, self._rehearsed, self._recipe = examples, rehearsed, recipe
        self._pieces = pieces_of_digits(rehearsed.images, round(PIECES * PASS), self.rng)
        outputs = Forward(model.network, model.parameters).predict(self._pieces)
        self._answers = probabilities(model.network, outputs)

    @property
    def examples(self) -> int:
        return PASS

    def epoch(self, number: int) -> Epoch:
        mine = self._examples.at(_evenly(self._examples.labels, round(OWN * PASS / DIGITS), self.rng))
        rest = PASS - len(mine) - len(self._pieces)
        known = self._rehearsed.at(self.rng.integers(len(self._rehearsed), size=rest))
        images = np.concatenate([mine.images, known.images, self._pieces])
        labels = np.concatenate([mine.labels, known.labels, _drawn(self._answers, self.rng)])
        order, augmentation = epoch_order(self._recipe, np.arange(PASS), number)
        return Epoch(at_size(images, self._network), labels, order, augmentation)


def pieces_of_digits(images: Images, count: int, rng: np.random.Generator) -> Images:
    """Pictures of no digit: quarters of four digits around a point, some of them left out, uint8 (count, H, W).

    What is left of one digit, and what lies between two, is of this kind.
    """
    height, width = images.shape[1:]
    rows, columns = np.arange(height)[None, :, None], np.arange(width)[None, None, :]
    down = rng.integers(height * 2 // 5, height * 3 // 5 + 1, (count, 1, 1))
    right = rng.integers(width * 2 // 5, width * 3 // 5 + 1, (count, 1, 1))
    pieces = np.zeros((count, height, width), np.uint8)
    for below in (False, True):
        for beside in (False, True):
            here = ((rows >= down) == below) & ((columns >= right) == beside) & (rng.random((count, 1, 1)) < 0.7)
            pieces = np.where(here, images[rng.integers(len(images), size=count)], pieces)
    return pieces


def _at_outputs(digits: LabeledDigits, model: Model) -> LabeledDigits:
    """Digits labeled by the outputs that stand for them."""
    outputs = model.digit_outputs
    if outputs is None:
        raise TrainingError(
            f"{model.network.name} tells the classes {listed(model.class_names)} apart; "
            "adapting takes a model of the digits 0 to 9"
        )
    return replace(digits, labels=np.array(outputs, np.int64)[digits.labels])


def _fitting(recipe: Recipe, model: Model) -> Recipe:
    """The recipe with the loss that the outputs are made for."""
    loss = natural_loss(model.network)
    smoothing = recipe.label_smoothing if loss in ("cross-entropy", "nll") else 0.0
    return replace(recipe, loss=loss, label_smoothing=smoothing)


def _evenly(labels: Labels, each: int, rng: np.random.Generator) -> Labels:
    """Rows, ``each`` of every class that there is: a class shown often must not become likelier for it."""
    classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return np.concatenate([rng.permutation(np.resize(rng.permutation(rows), each)) for rows in classes])


def _drawn(shares: NDArray[np.float32], rng: np.random.Generator) -> Labels:
    """A label for each row of probabilities (N, classes), drawn by them."""
    below = shares.cumsum(axis=1) < rng.random((len(shares), 1)) * shares.sum(axis=1, keepdims=True)
    return np.asarray(below[:, :-1].sum(axis=1), np.int64)
