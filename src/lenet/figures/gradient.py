"""The derivative of one output by every pixel of one input: an exact backward pass in NumPy, in float64."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lenet import engine
from lenet.architecture import (
    SQUASH_AMPLITUDE,
    SQUASH_SLOPE,
    Activation,
    AveragePooling,
    Convolution,
    EuclideanRbf,
    FullConnection,
    GlobalAveragePooling,
    MaxPooling,
    Network,
    Stage,
    Subsampling,
)

Array = NDArray[np.float32]
Slopes = NDArray[np.float64]


def input_gradient(network: Network, arrays: Mapping[str, Array], inputs: Array, output: int) -> Slopes:
    """How the output changes with each pixel.

    Args:
        network: the description.
        arrays: its weights.
        inputs: float32 (1, channels, height, width).
        output: the number of the output; of a network whose smallest penalty wins, of the penalty.

    Returns:
        float64 (channels, height, width). Of equal values under max pooling the first one counts, and ReLU has slope
        0 at 0, as in torch.
    """
    passed = engine.activations(network, arrays, inputs)
    keys = list(passed)
    slopes: Slopes = np.zeros((network.classes, 1, 1))
    slopes[output] = 1.0
    for stage in reversed(network.stages):
        sums = passed[stage.name][0].astype(np.float64)
        received = passed[keys[keys.index(stage.name) - 1]][0].astype(np.float64)
        own = {
            name.removeprefix(f"{stage.name}."): array.astype(np.float64)
            for name, array in arrays.items()
            if name.startswith(f"{stage.name}.")
        }
        slopes = _through_layer(stage, own, received, sums, _through_activation(stage.activation, sums, slopes))
    return slopes


def _through_activation(activation: Activation, sums: Slopes, slopes: Slopes) -> Slopes:
    match activation:
        case Activation.SQUASH:
            return np.asarray(slopes * SQUASH_AMPLITUDE * SQUASH_SLOPE * (1 - np.tanh(SQUASH_SLOPE * sums) ** 2))
        case Activation.TANH:
            return np.asarray(slopes * (1 - np.tanh(sums) ** 2))
        case Activation.SIGMOID:
            value = 0.5 * np.tanh(0.5 * sums) + 0.5
            return slopes * value * (1 - value)
        case Activation.RELU:
            return slopes * (sums > 0)
        case Activation.LOG_SOFTMAX:
            shares = np.exp(sums - sums.max(axis=0))
            return np.asarray(slopes - shares / shares.sum(axis=0) * slopes.sum(axis=0))
    return slopes


def _through_layer(stage: Stage, own: dict[str, Slopes], received: Slopes, sums: Slopes, slopes: Slopes) -> Slopes:
    maps, height, width = received.shape
    match stage.layer:
        case Convolution() as layer:
            return _through_convolution(layer, own["weight"], received, slopes)
        case Subsampling(size=size, copies=copies):
            each = (slopes * own["coefficient"][:, None, None]).reshape(maps, copies, *slopes.shape[1:]).sum(axis=1)
            return _spread(each, size)
        case AveragePooling(size=size):
            return _spread(slopes, size) / size**2
        case MaxPooling(size=size):
            patches = received.reshape(maps, height // size, size, width // size, size).transpose(0, 1, 3, 2, 4)
            flat = patches.reshape(*slopes.shape, size * size)
            first = np.arange(size * size) == flat.argmax(axis=3)[..., None]
            chosen = (first * slopes[..., None]).reshape(patches.shape)
            return np.asarray(chosen.transpose(0, 1, 3, 2, 4).reshape(received.shape))
        case GlobalAveragePooling():
            return np.broadcast_to(slopes / (height * width), received.shape)
        case FullConnection():
            return (slopes.reshape(-1) @ own["weight"]).reshape(received.shape)
        case EuclideanRbf(prototypes=codes):
            apart = received.reshape(1, -1) - np.array(codes, np.float64)
            return (2 * slopes.reshape(-1) @ apart).reshape(received.shape)
    raise TypeError(f"no derivative of {stage.kind}")


def _spread(slopes: Slopes, size: int) -> Slopes:
    return slopes.repeat(size, axis=1).repeat(size, axis=2)


def _through_convolution(layer: Convolution, weight: Slopes, received: Slopes, slopes: Slopes) -> Slopes:
    side, step, edge = layer.kernel_size, layer.stride, layer.padding
    padded = np.zeros((len(received), received.shape[1] + 2 * edge, received.shape[2] + 2 * edge))
    patches = sliding_window_view(padded, (side, side), axis=(1, 2), writeable=True)[:, ::step, ::step]
    kernels = iter(weight.reshape(-1, side, side))
    for out, row in enumerate(layer.connected_maps(len(received))):
        for seen in row:
            kernel = next(kernels)
            # Neighboring patches share pixels: added one place of the kernel after the other, none is lost.
            for y, x in np.ndindex(side, side):
                patches[seen, :, :, y, x] += kernel[y, x] * slopes[out]
    return padded[:, edge : edge + received.shape[1], edge : edge + received.shape[2]]
