"""Detection of a network at chance after its first epochs, and advice on its recipe."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.evaluation import wilson_interval
from lenet.training.recipes import Recipe, epoch_factor
from lenet.training.recipes import recipe as named_recipe

_FIRST_EPOCHS = 2
_FAR_FACTOR = 4
"""How many times the default learning rate, or what part of it, is so far off that it is reported as the cause."""


def first_epochs(examples: int) -> int:
    """Number of epochs before the check: two, and of few examples as many times more as the recipe's epochs.

    Two epochs of few examples are a handful of updates, after which any network is at chance.

    >>> [first_epochs(examples) for examples in (60_000, 500, 61)]
    [2, 20, 100]
    """
    return _FIRST_EPOCHS * epoch_factor(examples)


@dataclass(frozen=True)
class ChanceLevel:
    """Accuracy of always answering the most frequent class, on the training and on the held-out examples.

    Attributes:
        training: on the training examples, 0 to 1.
        held_out: on the held-out examples; None if there are none.
    """

    training: float
    held_out: float | None

    @classmethod
    def of(cls, labels: NDArray[np.int64], held_out: NDArray[np.int64] | None) -> "ChanceLevel":
        """Measure the chance level of int64 labels, at least one."""
        return cls(_largest_share(labels), None if held_out is None else _largest_share(held_out))

    def is_compatible_with(self, errors: int, examples: int, held_out_errors: int | None, held_out: int) -> bool:
        """Whether both error rates are compatible with chance, by their 95 % intervals.

        Training examples count too, as few held-out ones give a wide interval. False where both are so few that even
        no error at all would be compatible with chance.
        """
        parts = [(self.training, errors, examples)]
        if self.held_out is not None and held_out_errors is not None:
            parts.append((self.held_out, held_out_errors, held_out))
        are_enough = not all(_is_at_chance(accuracy, 0, count) for accuracy, _, count in parts)
        return are_enough and all(_is_at_chance(*part) for part in parts)

    def telling(self, error_rate: float, held_out_error_rate: float | None, held_out: int) -> tuple[float, float]:
        """The error rate that a warning tells, and the chance level beside it: of those held out, unless too few."""
        if self.held_out is None or held_out_error_rate is None or _is_at_chance(self.held_out, 0, held_out):
            return error_rate, self.training
        return held_out_error_rate, self.held_out


def warning(network: Network, recipe: Recipe, epoch: int, error_rate: float, chance: float) -> str:
    """Warn of a network at chance: its error rate, that of the most frequent class, and what to change.

    Args:
        epoch: number of finished epochs.
        error_rate: in percent.
        chance: accuracy of always answering the most frequent class, 0 to 1.
    """
    return (
        f"{network.name} is at chance after epoch {epoch}: its error rate is {error_rate:.1f} %, and always answering "
        f"the most frequent class would give {100 * (1 - chance):.1f} %; {advice(network, recipe)}"
    )


def advice(network: Network, recipe: Recipe) -> str:
    """Advice on a recipe, by its differences from the network's default recipe.

    >>> from lenet.networks import describe
    >>> advice(describe("lenet-5-sigmoid"), named_recipe("tutorial", describe("lenet-5-sigmoid")))[:40]
    'the units saturate; use --recipe default'
    >>> advice(describe("lenet-5-relu"), named_recipe("default", describe("lenet-5-relu"), batch=1))
    '--learning-rate 0.06 is too high for a batch of 1: lower it to 0.0009'
    >>> advice(describe("lenet-5-relu"), named_recipe("default", describe("lenet-5-relu"), batch=55_000))
    '--learning-rate 0.06 is too low for a batch of 55,000: lower --batch to 64'
    """
    usual = named_recipe("default", network)
    if recipe.optimizer == "sgd" and usual.optimizer == "adamw":
        return (
            f"the units saturate; use --recipe default, which gets past that with --optimizer adamw, --learning-rate "
            f"{usual.learning_rate:g} and --batch {usual.batch}"
        )
    if recipe.rates:
        return (
            f"lower --rates, of which {max(recipe.rates):g} is the highest, give more of them, or look at the data "
            "with lenet data show"
        )
    if recipe.optimizer == usual.optimizer:
        scaled_rate = usual.learning_rate * (recipe.batch / usual.batch if recipe.optimizer == "sgd" else 1)
        start = f"--learning-rate {recipe.learning_rate:g} is too"
        if recipe.learning_rate > _FAR_FACTOR * scaled_rate:
            return f"{start} high for a batch of {recipe.batch:,}: lower it to {scaled_rate:.1g}"
        if _FAR_FACTOR * recipe.learning_rate < scaled_rate:
            does_fit = _FAR_FACTOR * recipe.learning_rate >= usual.learning_rate  # a batch of the usual size
            remedy = f"lower --batch to {usual.batch}" if does_fit else f"raise it to {scaled_rate:.1g}"
            return f"{start} low for a batch of {recipe.batch:,}: {remedy}"
    return (
        f"lower --learning-rate, which is {recipe.learning_rate:g}, train for more --epochs, or look at the data with "
        "lenet data show"
    )


def _largest_share(labels: NDArray[np.int64]) -> float:
    return float(np.bincount(labels).max() / len(labels))


def _is_at_chance(accuracy: float, errors: int, examples: int) -> bool:
    return 100 * (1 - accuracy) <= wilson_interval(errors, examples)[1]
