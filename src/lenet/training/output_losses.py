"""Loss functions in NumPy, for evaluation without torch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.training.recipes import Recipe

Values = NDArray[np.float64]


@np.errstate(over="ignore", invalid="ignore")
def output_losses(outputs: NDArray[np.float32], labels: NDArray[np.integer[Any]], recipe: Recipe) -> Values:
    """The recipe's loss for each example.

    Args:
        outputs: (N, classes), of the network.
        labels: (N,).

    Returns:
        float64 (N,); not a number where outputs are none.

    >>> output_losses(np.zeros((1, 10), np.float32), np.array([3]), Recipe()).round(3)
    array([2.303])
    """
    scale = 0.5 if recipe.halved else 1.0
    values = outputs.astype(np.float64)
    if recipe.loss in ("map", "penalty"):
        values = scale * values
    correct = values[np.arange(len(labels)), labels]
    match recipe.loss:
        case "cross-entropy":
            return np.asarray(_log_sum_exp(values) - _smooth(correct, values, recipe.label_smoothing))
        case "nll":
            return np.asarray(-_smooth(correct, values, recipe.label_smoothing))
        case "map":
            rubbish = np.full((len(values), 1), recipe.j)
            return np.asarray(correct + _log_sum_exp(-np.concatenate([values, rubbish], axis=1)))
        case "penalty":
            return np.asarray(correct)
        case _:
            targets = np.where(np.arange(values.shape[1]) == labels[:, None], 1.0, -1.0)
            squares = np.square(values - targets)
            is_sum = recipe.loss == "sum-squared-error"
            return np.asarray(scale * squares.sum(axis=1) if is_sum else squares.mean(axis=1))


def _smooth(correct: Values, values: Values, smoothing: float) -> Values:
    return np.asarray((1 - smoothing) * correct + smoothing * values.mean(axis=1))


def _log_sum_exp(values: Values) -> Values:
    """log Σ exp, without overflow."""
    largest = values.max(axis=1)
    return np.asarray(largest + np.log(np.exp(values - largest[:, None]).sum(axis=1)))
