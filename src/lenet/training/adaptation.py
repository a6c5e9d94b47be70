"""Fine-tuning of trained weights on a writer's examples, with rehearsal of the original training data.

A network that learns from a few pictures alone forgets the rest. So every batch rehearses: three quarters are examples
of the kind that the weights were trained on, with their labels; and some are pieces of digits, which must stay no
digits. Those have no labels: each pass draws them from the probabilities of the network before fine-tuning, which is
distillation by sampling, whether the network has a reject class or rejects by ten low probabilities.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.classes import join_names
from lenet.engine import Forward, probabilities
from lenet.errors import TrainingError
from lenet.model import Model
from lenet.training.augmentation import epoch_order
from lenet.training.devices import choose_device
from lenet.training.distributed import Worker
from lenet.training.learners import learner_on
from lenet.training.loop import train_epochs
from lenet.training.recipes import Recipe, natural_loss
from lenet.training.stream import Epoch, GeneratedStream, Labels, Patterns, padded_to_input

Images = NDArray[np.uint8]

ADAPTATION_RECIPE = Recipe(
    "adaptation", epochs=6, batch=64, optimizer="adamw", learning_rate=5e-4, weight_decay=0.0, warm_up=0.2,
    label_smoothing=0.03, ema=0.99, translation=1.0, rotation=8.0, scale=0.08, squeeze=0.08, shear=0.12, elastic=0.4,
)  # fmt: skip

NEW_SHARE, PIECES_SHARE = 0.25, 0.15  # of every pass; the rest is rehearsed
PASS_EXAMPLES = 8_000
DIGITS = 10


def adapt(
    model: Model,
    examples: Patterns,
    rehearsed: Patterns,
    recipe: Recipe = ADAPTATION_RECIPE,
    *,
    threads: int | None = None,
) -> Model:
    """Fine-tune a model on new examples, with rehearsal of its training data.

    Args:
        model: where to start; it stays as it is.
        examples: those to learn, digits of 28×28, at least one.
        rehearsed: a good part of what the weights were trained on.
        recipe: how; its loss, first weights and name do not count.
        threads: as `fit` takes them. The same number gives the same bits.

    Returns:
        A model of the same network, with the same provenance.

    Raises:
        TrainingError: if there is nothing to learn or to rehearse, the model's classes are not the ten digits, or the
            loss is no longer a number.
        EngineError, MissingExtra: if there is no engine that learns.
    """
    if not len(examples) or not len(rehearsed):
        raise TrainingError(f"nothing to adapt with: {len(examples)} own examples and {len(rehearsed)} to rehearse")
    network, worker = model.network, Worker.from_environment()
    loss = natural_loss(network)
    smoothing = recipe.label_smoothing if loss in ("cross-entropy", "nll") else 0.0
    recipe = replace(recipe, loss=loss, label_smoothing=smoothing)
    stream = RehearsalStream(model, _relabel_by_outputs(examples, model), _relabel_by_outputs(rehearsed, model), recipe)
    with learner_on(choose_device(None, "cpu", worker, {}), network, recipe, threads, worker) as (learner, _):
        learner.load(model.parameters)
        for _ in train_epochs(learner, stream, recipe):
            pass
        return Model(network, learner.evaluation_arrays(), model.provenance, model.class_names)


class RehearsalStream(GeneratedStream):
    """Class-balanced new examples, examples of the original training data, and pieces that are no digits."""

    def __init__(self, model: Model, examples: Patterns, rehearsed: Patterns, recipe: Recipe) -> None:
        super().__init__(recipe.seed)
        self._network: Network = model.network
        self._examples, self._rehearsed, self._recipe = examples, rehearsed, recipe
        self._pieces = pieces_of_digits(rehearsed.images, round(PIECES_SHARE * PASS_EXAMPLES), self.rng)
        outputs = Forward(model.network, model.parameters).predict(self._pieces)
        self._piece_probabilities = probabilities(model.network, outputs)

    @property
    def examples(self) -> int:
        return PASS_EXAMPLES

    def epoch(self, number: int) -> Epoch:
        count = round(NEW_SHARE * PASS_EXAMPLES / DIGITS)
        new = self._examples.take(_balanced_rows(self._examples.labels, count, self.rng))
        rehearsed_count = PASS_EXAMPLES - len(new) - len(self._pieces)
        rehearsed = self._rehearsed.take(self.rng.integers(len(self._rehearsed), size=rehearsed_count))
        images = np.concatenate([new.images, rehearsed.images, self._pieces])
        labels = np.concatenate([new.labels, rehearsed.labels, _sample_labels(self._piece_probabilities, self.rng)])
        order, augmentation = epoch_order(self._recipe, np.arange(PASS_EXAMPLES), number)
        return Epoch(padded_to_input(images, self._network), labels, order, augmentation)


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
            in_quarter = ((rows >= down) == below) & ((columns >= right) == beside) & (rng.random((count, 1, 1)) < 0.7)
            pieces = np.where(in_quarter, images[rng.integers(len(images), size=count)], pieces)
    return pieces


def _relabel_by_outputs(digits: Patterns, model: Model) -> Patterns:
    """Relabel digits by the outputs of their classes."""
    outputs = model.digit_outputs
    if outputs is None:
        raise TrainingError(
            f"{model.network.name} tells the classes {join_names(model.class_names)} apart; "
            "adapting takes a model of the digits 0 to 9"
        )
    return replace(digits, labels=np.array(outputs, np.int64)[digits.labels])


def _balanced_rows(labels: Labels, count: int, rng: np.random.Generator) -> Labels:
    """Shuffled rows, ``count`` of every class that occurs, so that the class priors stay as they are."""
    classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return np.concatenate([rng.permutation(np.resize(rng.permutation(rows), count)) for rows in classes])


def _sample_labels(class_probabilities: NDArray[np.float32], rng: np.random.Generator) -> Labels:
    """Sample a label for each row of probabilities (N, classes)."""
    sums = class_probabilities.sum(axis=1, keepdims=True)
    below = class_probabilities.cumsum(axis=1) < rng.random((len(sums), 1)) * sums
    return np.asarray(below[:, :-1].sum(axis=1), np.int64)
