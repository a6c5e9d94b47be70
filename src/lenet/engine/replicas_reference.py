"""What `replicas` do, in plain NumPy and float64, one network at a time: their oracle, and slow.

Going back, every layer gets the derivatives with respect to its sums and gives those with respect to what it received.
The diagonal second derivatives go the same way with every factor squared: weights, inputs, and slopes of activations
[LeCun98, eq. 25 and 27]; a shared weight gets the sum over its connections of what each would get [eq. 23].
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lenet.architecture import (
    SQUASH_AMPLITUDE,
    SQUASH_SLOPE,
    Activation,
    AveragePooling,
    Convolution,
    EuclideanRbf,
    FullConnection,
    GlobalAveragePooling,
    Layer,
    MaxPooling,
    Network,
    Subsampling,
)

Values = NDArray[np.float64]
Arrays = dict[str, Values]
Factor = Callable[[Values], Values]


def loss_of(network: Network, outputs: Values, label: int, loss: str, j: float, halved: bool) -> tuple[float, Values]:
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
            apart = outputs - np.where(correct, 1.0, -1.0)
            return scale * float(np.square(apart).sum()), 2 * scale * apart
        case _:
            total = np.logaddexp.reduce(outputs)
            return float(total - outputs[label]), np.exp(outputs - total) - correct


def gradient(
    network: Network,
    arrays: Mapping[str, NDArray[Any]],
    picture: NDArray[Any],
    label: int,
    *,
    loss: str = "map",
    j: float = 15.0,
    halved: bool = True,
) -> tuple[float, bool, Arrays]:
    """One example's loss, whether it is taken for another class, and the derivatives of the loss by every parameter.

    Args:
        picture: network inputs, (channels, height, width).
    """
    passed = _forward(network, arrays, picture[None])
    outputs = passed[-1].ravel()
    value, slopes = loss_of(network, outputs, label, loss, j, halved)
    wrong = int(outputs.argmin() if network.smallest_wins else outputs.argmax()) != label
    return value, wrong, _backward(network, arrays, passed, slopes.reshape(passed[-1].shape), lambda factor: factor)


def curvature(
    network: Network,
    arrays: Mapping[str, NDArray[Any]],
    pictures: NDArray[Any],
    *,
    loss: str = "map",
    halved: bool = True,
) -> Arrays:
    """h of every parameter: the mean over the pictures of its diagonal second derivatives [LeCun98, eq. 23 to 27].

    Args:
        pictures: network inputs, (P, channels, height, width).
    """
    start = 1.0 if halved or loss == "cross-entropy" else 2.0
    stages = network.stages[:-1] if network.smallest_wins else network.stages
    total = {name: np.zeros(shape) for name, shape in network.parameter_shapes().items()}
    for picture in pictures:
        passed = _forward(network, arrays, picture[None])[: len(stages) + 1]
        found = _backward(network, arrays, passed, np.full(passed[-1].shape, start), np.square)
        for name, share in found.items():
            total[name] += share / len(pictures)
    return total


def update(arrays: Mapping[str, NDArray[Any]], gradients: Arrays, h: Arrays, eta: float, mu: float) -> Arrays:
    """The parameters after one update [LeCun98, eq. 18 and 21]."""
    return {name: array - eta / (mu + h[name]) * gradients[name] for name, array in arrays.items()}


def _forward(network: Network, arrays: Mapping[str, NDArray[Any]], inputs: NDArray[Any]) -> list[Values]:
    """What the first stage receives, and what each gives."""
    passed = [inputs.astype(np.float64)]
    for stage in network.stages:
        sums = _SUMS[type(stage.layer)](stage.layer, _own(arrays, stage.name), passed[-1])
        passed.append(_ACTIVATIONS[stage.activation](sums))
    return passed


def _backward(
    network: Network, arrays: Mapping[str, NDArray[Any]], passed: list[Values], slopes: Values, factor: Factor
) -> Arrays:
    found: Arrays = {}
    for index in reversed(range(len(passed) - 1)):
        stage, received, given = network.stages[index], passed[index], passed[index + 1]
        slopes = slopes * factor(_SLOPES[stage.activation](given))
        own, slopes = _BACK[type(stage.layer)](stage.layer, _own(arrays, stage.name), received, slopes, factor)
        found |= {f"{stage.name}.{name}": array for name, array in own.items()}
    return {name: found[name] for name in network.parameter_shapes()}


def _own(arrays: Mapping[str, NDArray[Any]], stage: str) -> Arrays:
    prefix = f"{stage}."
    return {
        name.removeprefix(prefix): array.astype(np.float64) for name, array in arrays.items() if name.startswith(prefix)
    }


def _pairs(layer: Convolution, in_maps: int) -> tuple[list[int], list[int]]:
    """Of each kernel that exists: the map that it feeds, and the one that it looks at."""
    pairs = [(out, seen) for out, row in enumerate(layer.connected_maps(in_maps)) for seen in row]
    return [out for out, _ in pairs], [seen for _, seen in pairs]


def _dense(layer: Convolution, weight: Values, in_maps: int) -> Values:
    dense = np.zeros((layer.maps, in_maps, layer.kernel_size, layer.kernel_size))
    dense[_pairs(layer, in_maps)] = weight.reshape(-1, layer.kernel_size, layer.kernel_size)
    return dense


def _windows(layer: Convolution, received: Values) -> Values:
    """(N, maps, height, width, side, side): what each unit looks at."""
    edges, side = (layer.padding, layer.padding), layer.kernel_size
    padded = np.pad(received, ((0, 0), (0, 0), edges, edges), constant_values=layer.padding_value)
    return sliding_window_view(padded, (side, side), axis=(2, 3))[:, :, :: layer.stride, :: layer.stride]


def _convolve(layer: Convolution, own: Arrays, received: Values) -> Values:
    kernels = _dense(layer, own["weight"], received.shape[1])
    sums = np.einsum("nihwyx,oiyx->nohw", _windows(layer, received), kernels, optimize=True)
    return np.asarray(sums + (own["bias"] if layer.bias == "unit" else own["bias"][:, None, None]))


def _convolve_back(
    layer: Convolution, own: Arrays, received: Values, slopes: Values, factor: Factor
) -> tuple[Arrays, Values]:
    in_maps, side, pad, step = received.shape[1], layer.kernel_size, layer.padding, layer.stride
    learned = np.einsum("nohw,nihwyx->oiyx", slopes, factor(_windows(layer, received)), optimize=True)
    kernels = factor(_dense(layer, own["weight"], in_maps))
    padded = np.zeros((*received.shape[:2], received.shape[2] + 2 * pad, received.shape[3] + 2 * pad))
    height, width = slopes.shape[2:]
    for ky in range(side):
        for kx in range(side):
            seen = padded[:, :, ky : ky + step * height : step, kx : kx + step * width : step]
            seen += np.einsum("nohw,oi->nihw", slopes, kernels[:, :, ky, kx])
    passed = padded[:, :, pad : pad + received.shape[2], pad : pad + received.shape[3]]
    weight = learned[_pairs(layer, in_maps)].reshape(own["weight"].shape)
    return {"weight": weight, "bias": slopes.sum(axis=0 if layer.bias == "unit" else (0, 2, 3))}, passed


def _patches(received: Values, height: int, width: int) -> Values:
    """(N, maps, rows, height, columns, width)."""
    images, maps, rows, columns = received.shape
    return received.reshape(images, maps, rows // height, height, columns // width, width)


def _subsample(layer: Subsampling, own: Arrays, received: Values) -> Values:
    sums = np.repeat(_patches(received, layer.size, layer.size).sum(axis=(3, 5)), layer.copies, axis=1)
    return sums * own["coefficient"][:, None, None] + own["bias"][:, None, None]


def _subsample_back(
    layer: Subsampling, own: Arrays, received: Values, slopes: Values, factor: Factor
) -> tuple[Arrays, Values]:
    sums = np.repeat(_patches(received, layer.size, layer.size).sum(axis=(3, 5)), layer.copies, axis=1)
    images, maps, rows, columns = received.shape
    shares = slopes * factor(own["coefficient"])[:, None, None]
    shares = shares.reshape(images, maps, layer.copies, rows // layer.size, columns // layer.size).sum(axis=2)
    learned = {"coefficient": (slopes * factor(sums)).sum(axis=(0, 2, 3)), "bias": slopes.sum(axis=(0, 2, 3))}
    return learned, shares.repeat(layer.size, axis=2).repeat(layer.size, axis=3)


def _window(layer: Layer, received: Values) -> tuple[int, int]:
    if isinstance(layer, GlobalAveragePooling):
        return received.shape[2], received.shape[3]
    assert isinstance(layer, MaxPooling | AveragePooling)
    return layer.size, layer.size


def _average(layer: Layer, own: Arrays, received: Values) -> Values:
    return np.asarray(_patches(received, *_window(layer, received)).mean(axis=(3, 5)))


def _average_back(layer: Layer, own: Arrays, received: Values, slopes: Values, factor: Factor) -> tuple[Arrays, Values]:
    height, width = _window(layer, received)
    share = factor(np.array(1 / (height * width)))
    return {}, (slopes * share).repeat(height, axis=2).repeat(width, axis=3)


def _largest(layer: Layer, own: Arrays, received: Values) -> Values:
    return np.asarray(_patches(received, *_window(layer, received)).max(axis=(3, 5)))


def _largest_back(layer: Layer, own: Arrays, received: Values, slopes: Values, factor: Factor) -> tuple[Arrays, Values]:
    height, width = _window(layer, received)
    patches = _patches(received, height, width).swapaxes(3, 4)
    flat = patches.reshape(*patches.shape[:4], height * width)
    first = np.arange(height * width) == flat.argmax(axis=-1)[..., None]
    shares = (first * slopes[..., None]).reshape(patches.shape).swapaxes(3, 4)
    return {}, shares.reshape(received.shape)


def _connect(layer: FullConnection, own: Arrays, received: Values) -> Values:
    return np.asarray(received.reshape(len(received), -1) @ own["weight"].T + own["bias"])[:, :, None, None]


def _connect_back(
    layer: FullConnection, own: Arrays, received: Values, slopes: Values, factor: Factor
) -> tuple[Arrays, Values]:
    flat, inputs = slopes.reshape(len(slopes), -1), received.reshape(len(received), -1)
    learned = {"weight": flat.T @ factor(inputs), "bias": flat.sum(axis=0)}
    return learned, (flat @ factor(own["weight"])).reshape(received.shape)


def _distances(layer: EuclideanRbf, own: Arrays, received: Values) -> Values:
    apart = received.reshape(len(received), 1, -1) - np.array(layer.prototypes, np.float64)
    return np.asarray(np.square(apart).sum(axis=2))[:, :, None, None]


def _distances_back(
    layer: EuclideanRbf, own: Arrays, received: Values, slopes: Values, factor: Factor
) -> tuple[Arrays, Values]:
    apart = received.reshape(len(received), 1, -1) - np.array(layer.prototypes, np.float64)
    return {}, (2 * slopes[:, :, 0, 0, None] * apart).sum(axis=1).reshape(received.shape)


_SUMS: dict[type, Callable[..., Values]] = {
    Convolution: _convolve,
    Subsampling: _subsample,
    MaxPooling: _largest,
    AveragePooling: _average,
    GlobalAveragePooling: _average,
    FullConnection: _connect,
    EuclideanRbf: _distances,
}

_BACK: dict[type, Callable[..., tuple[Arrays, Values]]] = {
    Convolution: _convolve_back,
    Subsampling: _subsample_back,
    MaxPooling: _largest_back,
    AveragePooling: _average_back,
    GlobalAveragePooling: _average_back,
    FullConnection: _connect_back,
    EuclideanRbf: _distances_back,
}

_ACTIVATIONS: dict[Activation, Callable[[Values], Values]] = {
    Activation.IDENTITY: lambda sums: sums,
    Activation.SQUASH: lambda sums: np.asarray(SQUASH_AMPLITUDE * np.tanh(SQUASH_SLOPE * sums)),
    Activation.TANH: np.tanh,
    Activation.SIGMOID: lambda sums: np.asarray(0.5 * np.tanh(0.5 * sums) + 0.5),
    Activation.RELU: partial(np.maximum, 0.0),
}

# From what an activation gave to its derivative there.
_SLOPES: dict[Activation, Callable[[Values], Values]] = {
    Activation.IDENTITY: np.ones_like,
    Activation.SQUASH: lambda given: SQUASH_SLOPE * (SQUASH_AMPLITUDE - np.square(given) / SQUASH_AMPLITUDE),
    Activation.TANH: lambda given: 1 - np.square(given),
    Activation.SIGMOID: lambda given: given * (1 - given),
    Activation.RELU: lambda given: np.asarray(given > 0, np.float64),
}
