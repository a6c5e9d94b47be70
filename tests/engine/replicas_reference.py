"""Reference of `lenet.engine.replicas` in plain NumPy and float64, one network at a time: slow, and their oracle.

First and second derivatives are those of `reference.backward`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.engine import reference

Values = NDArray[np.float64]
Arrays = dict[str, Values]


def loss_of(outputs: Values, label: int, loss: str, j: float, halved: bool) -> tuple[float, Values]:
    """One example's loss, as `Replicas` defines it, and its derivatives with respect to the outputs, (classes,)."""
    scale, correct = 0.5 if halved else 1.0, np.arange(len(outputs)) == label
    match loss:
        case "penalty":
            return scale * float(outputs[label]), scale * correct
        case "map":
            scores = np.append(-scale * outputs, -j)
            total = np.logaddexp.reduce(scores)
            return float(total - scores[label]), -scale * (np.exp(scores[:-1] - total) - correct)
        case "sum-squared-error":
            difference = outputs - np.where(correct, 1.0, -1.0)
            return scale * float(np.square(difference).sum()), 2 * scale * difference
        case _:
            total = np.logaddexp.reduce(outputs)
            return float(total - outputs[label]), np.exp(outputs - total) - correct


def gradient(
    network: Network,
    arrays: Mapping[str, NDArray[Any]],
    picture: NDArray[Any],
    label: int,
    *,
    loss: str,
    j: float,
    halved: bool,
) -> tuple[float, bool, Arrays]:
    """One example's loss, whether it is taken for another class, and the derivatives of the loss by every parameter.

    Args:
        picture: network inputs, (channels, height, width).
    """
    recorded = reference.activations(network, arrays, picture[None], np.float64)
    outputs = list(recorded.values())[-1].ravel()
    value, grad = loss_of(outputs, label, loss, j, halved)
    wrong = reference.decide(network, outputs[None])[0] != label
    return value, bool(wrong), reference.backward(network, arrays, recorded, grad[None])[0]


def curvature(
    network: Network,
    arrays: Mapping[str, NDArray[Any]],
    pictures: NDArray[Any],
    *,
    loss: str,
    halved: bool,
) -> Arrays:
    """h of every parameter: the mean over the pictures of its diagonal second derivatives [LeCun98, eq. 23 to 27].

    Args:
        pictures: network inputs, (P, channels, height, width).
    """
    output_curvature = 1.0 if halved or loss == "cross-entropy" else 2.0
    trainable = replace(network, stages=network.stages[:-1]) if network.smallest_wins else network
    recorded = reference.activations(trainable, arrays, pictures, np.float64)
    output_curvatures = np.full((len(pictures), *trainable.output_shapes[-1]), output_curvature)
    total, _ = reference.backward(trainable, arrays, recorded, output_curvatures, squared=True)
    return {name: sums / len(pictures) for name, sums in total.items()}


def update(arrays: Mapping[str, NDArray[Any]], gradients: Arrays, h: Arrays, eta: float, mu: float) -> Arrays:
    """The parameters after one update [LeCun98, eq. 18 and 21]."""
    return {name: array - eta / (mu + h[name]) * gradients[name] for name, array in arrays.items()}
