"""The forward pass of every stage kind in plain NumPy: the oracle of faster paths, and a reader that needs no torch.

Arrays are float32, activations (N, maps, height, width).
"""

from collections.abc import Callable, Mapping
from functools import partial

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
from lenet.errors import ArchitectureError

Array = NDArray[np.float32]

_BATCH = 250  # patches of this many images stay in the cache's reach


def forward(network: Network, arrays: Mapping[str, Array], inputs: Array) -> Array:
    """The network's outputs.

    Args:
        network: the description.
        arrays: its weights, named and shaped as `Network.parameter_shapes` says.
        inputs: float32 (N, channels, height, width), as `preprocess.network_inputs` gives them.

    Returns:
        float32 (N, classes): penalties where ``network.smallest_wins``, else values of which the largest wins.
    """
    _check(network, inputs)
    outputs = np.empty((len(inputs), network.classes), np.float32)
    for start in range(0, len(inputs), _BATCH):
        maps = inputs[start : start + _BATCH]
        for stage in network.stages:
            maps = _activate(stage.activation, _apply(stage.layer, _own(arrays, stage.name), maps))
        outputs[start : start + _BATCH] = maps.reshape(len(maps), -1)
    return outputs


def activations(network: Network, arrays: Mapping[str, Array], inputs: Array) -> dict[str, Array]:
    """What every stage gives, before and after its activation.

    Returns:
        ``{"origin": inputs, "c1": …, "c1_squash": …, "s2": …}`` in the order of the pass, each
        (N, maps, height, width); a stage whose activation is the identity has one entry.
    """
    _check(network, inputs)
    seen = {"origin": inputs}
    maps = inputs
    for stage in network.stages:
        maps = seen[stage.name] = _apply(stage.layer, _own(arrays, stage.name), maps)
        if stage.activation is not Activation.IDENTITY:
            maps = seen[f"{stage.name}_{stage.activation}"] = _activate(stage.activation, maps)
    return seen


def decide(network: Network, outputs: Array) -> NDArray[np.int64]:
    """The winning class of each row of outputs: smallest penalty, or largest value."""
    winners = outputs.argmin(axis=1) if network.smallest_wins else outputs.argmax(axis=1)
    return np.asarray(winners, np.int64)


def probabilities(network: Network, outputs: Array) -> Array:
    """Outputs as (N, classes) numbers that sum to 1: the softmax of the outputs, or of the negative penalties."""
    scores = -outputs if network.smallest_wins else outputs
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Array = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _check(network: Network, inputs: Array) -> None:
    if inputs.shape[1:] != network.input:
        expected = ", ".join(map(str, network.input))
        raise ArchitectureError(f"{network.name} takes inputs (N, {expected}), got {inputs.shape}")


def _own(arrays: Mapping[str, Array], stage: str) -> dict[str, Array]:
    prefix = f"{stage}."
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _apply(layer: Layer, own: dict[str, Array], maps: Array) -> Array:
    return _FORWARD[type(layer)](layer, own, maps)


def _convolution(layer: Convolution, own: dict[str, Array], maps: Array) -> Array:
    edges, side = (layer.padding, layer.padding), layer.kernel_size
    padded = np.pad(maps, ((0, 0), (0, 0), edges, edges), constant_values=layer.padding_value)
    patches = sliding_window_view(padded, (side, side), axis=(2, 3))[:, :, :: layer.stride, :: layer.stride]
    images, in_maps, height, width = patches.shape[:4]
    columns = patches.transpose(0, 2, 3, 1, 4, 5).reshape(images * height * width, in_maps * side * side)
    sums = columns @ _dense_kernels(layer, own["weight"], in_maps).reshape(layer.maps, -1).T
    outputs = sums.reshape(images, height, width, layer.maps).transpose(0, 3, 1, 2)
    return outputs + (own["bias"] if layer.bias == "unit" else own["bias"][:, None, None])


def _dense_kernels(layer: Convolution, weight: Array, in_maps: int) -> Array:
    if layer.table is None:
        return weight
    dense = np.zeros((layer.maps, in_maps, layer.kernel_size, layer.kernel_size), np.float32)
    pairs = [(out, seen) for out, row in enumerate(layer.table) for seen in row]
    dense[tuple(np.array(pairs).T)] = weight
    return dense


def _subsampling(layer: Subsampling, own: dict[str, Array], maps: Array) -> Array:
    sums = np.repeat(_patches(maps, layer.size).sum(axis=(3, 5)), layer.copies, axis=1)
    return sums * own["coefficient"][:, None, None] + own["bias"][:, None, None]


def _max_pooling(layer: MaxPooling, own: dict[str, Array], maps: Array) -> Array:
    return np.asarray(_patches(maps, layer.size).max(axis=(3, 5)))


def _average_pooling(layer: AveragePooling, own: dict[str, Array], maps: Array) -> Array:
    return np.asarray(_patches(maps, layer.size).mean(axis=(3, 5)))


def _patches(maps: Array, size: int) -> Array:
    images, count, height, width = maps.shape
    return maps.reshape(images, count, height // size, size, width // size, size)


def _global_average_pooling(layer: GlobalAveragePooling, own: dict[str, Array], maps: Array) -> Array:
    return np.asarray(maps.mean(axis=(2, 3), keepdims=True))


def _full_connection(layer: FullConnection, own: dict[str, Array], maps: Array) -> Array:
    outputs: Array = maps.reshape(len(maps), -1) @ own["weight"].T + own["bias"]
    return outputs[:, :, None, None]


def _euclidean_rbf(layer: EuclideanRbf, own: dict[str, Array], maps: Array) -> Array:
    prototypes = np.array(layer.prototypes, np.float32)
    distances: Array = np.square(maps.reshape(len(maps), 1, -1) - prototypes).sum(axis=2)
    return distances[:, :, None, None]


_FORWARD: dict[type, Callable[..., Array]] = {
    Convolution: _convolution,
    Subsampling: _subsampling,
    MaxPooling: _max_pooling,
    AveragePooling: _average_pooling,
    GlobalAveragePooling: _global_average_pooling,
    FullConnection: _full_connection,
    EuclideanRbf: _euclidean_rbf,
}


def _squash(sums: Array) -> Array:
    return np.asarray(np.float32(SQUASH_AMPLITUDE) * np.tanh(np.float32(SQUASH_SLOPE) * sums))


def _sigmoid(sums: Array) -> Array:
    half = np.float32(0.5)
    return np.asarray(half * np.tanh(half * sums) + half)  # the logistic function, without overflow


def _log_softmax(sums: Array) -> Array:
    shifted = sums - sums.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


_ACTIVATIONS: dict[Activation, Callable[[Array], Array]] = {
    Activation.IDENTITY: lambda sums: sums,
    Activation.SQUASH: _squash,
    Activation.TANH: np.tanh,
    Activation.SIGMOID: _sigmoid,
    Activation.RELU: partial(np.maximum, np.float32(0)),
    Activation.LOG_SOFTMAX: _log_softmax,
}


def _activate(activation: Activation, sums: Array) -> Array:
    return _ACTIVATIONS[activation](sums)
