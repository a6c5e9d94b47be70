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
"""Factor beyond the usual learning rate for its batch at which a rate is reported as the cause."""


def first_epochs(examples: int) -> int:
    """Number of epochs before the check: two of many examples, and of few ones as many as make up for it.

    Two epochs of few examples are a handful of updates, after which any network is at chance.

    >>> [first_epochs(examples) for examples in (60_000, 500, 61)]
    [2, 20, 100]
    """
    return _FIRST_EPOCHS * epoch_factor(examples)


@dataclass(frozen=True)
class Chance:
    """Accuracy of the majority class on the training and on the held-out examples.

    Attributes:
        training: the share of the commonest class.
        held_out: the same, None if none are held out.
    """

    training: float
    held_out: float | None

    @classmethod
    def of(cls, labels: NDArray[np.int64], held_out: NDArray[np.int64] | None) -> "Chance":
        """Majority-class accuracy of int64 labels, one at least."""
        return cls(_largest_share(labels), None if held_out is None else _largest_share(held_out))

    def explains(self, errors: int, examples: int, held_out_errors: int | None, held_out: int) -> bool:
        """Whether both error rates are compatible with chance, by their 95 % intervals.

        Training examples count too, as few held-out ones give a wide interval. Where both are so few that no error at
        all would be compatible with chance, nothing can be told.
        """
        parts = [(self.training, errors, examples)]
        if self.held_out is not None and held_out_errors is not None:
            parts.append((self.held_out, held_out_errors, held_out))
        can_tell = not all(_is_compatible(share, 0, count) for share, _, count in parts)
        return can_tell and all(_is_compatible(*part) for part in parts)


def warning(network: Network, recipe: Recipe, epoch: int, error_rate: float, chance: float) -> str:
    """The warning: the error rates of network and majority class, and what to change.

    Args:
        epoch: how many are over.
        error_rate: in percent.
        chance: the share of the commonest class.
    """
    return (
        f"{network.name} is at chance after epoch {epoch}: it errs on {error_rate:.1f} %, and whoever always says the "
        f"commonest class on {100 * (1 - chance):.1f} %; {advice(network, recipe)}"
    )


def advice(network: Network, recipe: Recipe) -> str:
    """Advice on a recipe, by its differences from the network's default recipe.

    >>> from lenet.networks import describe
    >>> advice(describe("lenet-5-sigmoid"), named_recipe("tutorial", describe("lenet-5-sigmoid")))[:62]
    'the units saturate, and --recipe default crosses their plateau'
    >>> advice(describe("lenet-5-relu"), named_recipe("default", describe("lenet-5-relu"), batch=1))
    '--learning-rate 0.06 is too much for a batch of 1: lower it to 0.0009'
    """
    usual = named_recipe("default", network)
    if recipe.optimizer == "sgd" and usual.optimizer == "adamw":
        return (
            f"the units saturate, and --recipe default crosses their plateau, with --optimizer adamw, --learning-rate "
            f"{usual.learning_rate:g} and --batch {usual.batch}"
        )
    if recipe.optimizer == usual.optimizer:
        scaled_rate = usual.learning_rate * (recipe.batch / usual.batch if recipe.optimizer == "sgd" else 1)
        start = f"--learning-rate {recipe.learning_rate:g} is too"
        if recipe.learning_rate > _FAR_FACTOR * scaled_rate:
            return f"{start} much for a batch of {recipe.batch}: lower it to {scaled_rate:.1g}"
        if _FAR_FACTOR * recipe.learning_rate < scaled_rate:
            return f"{start} little for a batch of {recipe.batch}: raise it to {scaled_rate:.1g}"
    return (
        f"lower --learning-rate, which is {recipe.learning_rate:g}, train for more --epochs, or look at the data with "
        "lenet data show"
    )


def _largest_share(labels: NDArray[np.int64]) -> float:
    return float(np.bincount(labels).max() / len(labels))


def _is_compatible(share: float, errors: int, examples: int) -> bool:
    return 100 * (1 - share) <= wilson_interval(errors, examples)[1]
