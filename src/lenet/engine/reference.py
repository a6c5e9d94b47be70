"""Reference implementation of the forward and backward pass in plain NumPy.

The oracle of faster paths, and a reader that needs no torch. Activations and their gradients are (N, maps, height,
width). Each layer has a forward function, then a backward function from the gradients of its sums to those of its
parameters and of its input. Diagonal second derivatives go the same way with every factor squared.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import DTypeLike, NDArray

from lenet.architecture import (
    SQUASH_AMPLITUDE,
    SQUASH_SLOPE,
    Activation,
    AveragePooling,
    ConnectionTable,
    Convolution,
    EuclideanRbf,
    FullConnection,
    GlobalAveragePooling,
    MaxPooling,
    Network,
    Stage,
    Subsampling,
)
from lenet.errors import ArchitectureError

Array = NDArray[Any]  # float32 where nothing else is asked for
Power = Callable[[Any], Any]
Gradients = tuple[dict[str, Array], Array]  # the gradients of a layer's parameters, and of its input

_BATCH = 250  # windows of this many images stay in the cache


def forward(network: Network, arrays: Mapping[str, Array], inputs: Array) -> Array:
    """The network's outputs.

    Args:
        network: the description.
        arrays: its weights, named and shaped as `Network.parameter_shapes` says.
        inputs: float32 (N, channels, height, width), as `preprocess.network_inputs` gives them.

    Returns:
        float32 (N, classes): penalties where ``network.smallest_wins``, else values of which the largest wins.
    """
    _check_inputs(network, inputs)
    outputs = np.empty((len(inputs), network.classes), np.float32)
    for start in range(0, len(inputs), _BATCH):
        maps = np.asarray(inputs[start : start + _BATCH], np.float32)
        for stage in network.stages:
            maps = _ACTIVATIONS[stage.activation](_weighted_sums(stage, arrays, maps))
        outputs[start : start + _BATCH] = maps.reshape(len(maps), -1)
    return outputs


def activations(
    network: Network, arrays: Mapping[str, Array], inputs: Array, dtype: DTypeLike | None = None
) -> dict[str, Array]:
    """The output of every stage, before and after its activation.

    Returns:
        ``{"input": inputs, "c1": …, "c1_squash": …, "s2": …}`` in the order of the pass, each
        (N, maps, height, width), of ``dtype`` or, without it, of that of the inputs; a stage whose activation is the
        identity has one entry.
    """
    _check_inputs(network, inputs)
    maps = np.asarray(inputs, dtype)
    stage_outputs = {"input": maps}
    for stage in network.stages:
        maps = stage_outputs[stage.name] = _weighted_sums(stage, arrays, maps)
        if stage.activation is not Activation.IDENTITY:
            maps = stage_outputs[f"{stage.name}_{stage.activation}"] = _ACTIVATIONS[stage.activation](maps)
    return stage_outputs


def backward(
    network: Network,
    arrays: Mapping[str, Array],
    stage_outputs: Mapping[str, Array],
    grad: Array,
    *,
    squared: bool = False,
) -> tuple[dict[str, Array], Array]:
    """The gradients of a loss with respect to every parameter and to the inputs, by the chain rule.

    Args:
        network: the description.
        arrays: its weights.
        stage_outputs: result of `activations`; its dtype is that of the gradients.
        grad: those of the loss with respect to the outputs, (N, classes).
        squared: whether every factor is squared: weights, inputs and derivatives of activations. This back-propagates
            second derivatives, without cross terms
            [LeCun98, eq. 25 and 27]; a shared weight has the sum over its connections [eq. 23].

    Returns:
        The gradients of the parameters, summed over the images, named as `Network.parameter_shapes` says; and those of
        the inputs, (N, channels, height, width). Of equal values under max pooling the first one counts, and ReLU has
        slope 0 at 0, as in torch.
    """
    power: Power = (lambda value: value * value) if squared else (lambda value: value)
    outputs = [
        stage_outputs.get(f"{stage.name}_{stage.activation}", stage_outputs[stage.name]) for stage in network.stages
    ]
    grad = np.asarray(grad, outputs[-1].dtype).reshape(outputs[-1].shape)
    gradients: dict[str, Array] = {}
    inputs = [stage_outputs["input"], *outputs[:-1]]
    for stage, input, output in reversed([*zip(network.stages, inputs, outputs, strict=True)]):
        grad = _activation_back(stage.activation, output, grad, power)
        parameter_grads, grad = _LAYERS[type(stage.layer)][1](
            stage.layer, _parameters_of(arrays, stage, grad), input, grad, power
        )
        gradients |= {f"{stage.name}.{name}": array for name, array in parameter_grads.items()}
    return {name: gradients[name] for name in network.parameter_shapes()}, grad


def decide(network: Network, outputs: Array) -> NDArray[np.int64]:
    """The winning class of each row of outputs: smallest penalty, or largest value."""
    predictions = outputs.argmin(axis=1) if network.smallest_wins else outputs.argmax(axis=1)
    return np.asarray(predictions, np.int64)


def probabilities(network: Network, outputs: Array) -> Array:
    """Outputs as (N, classes) numbers that sum to 1: the softmax of the outputs, or of the negative penalties."""
    scores = -outputs if network.smallest_wins else outputs
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    softmax: Array = exponentials / exponentials.sum(axis=1, keepdims=True)
    return softmax


def _check_inputs(network: Network, inputs: Array) -> None:
    if inputs.shape[1:] != network.input:
        expected = ", ".join(map(str, network.input))
        raise ArchitectureError(f"{network.name} takes inputs (N, {expected}), got {inputs.shape}")


def _parameters_of(arrays: Mapping[str, Array], stage: Stage, like: Array) -> dict[str, Array]:
    prefix = f"{stage.name}."
    return {
        name.removeprefix(prefix): np.asarray(array, like.dtype)
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _weighted_sums(stage: Stage, arrays: Mapping[str, Array], input: Array) -> Array:
    return _LAYERS[type(stage.layer)][0](stage.layer, _parameters_of(arrays, stage, input), input)


def _convolution(layer: Convolution, parameters: dict[str, Array], input: Array) -> Array:
    windows = _windows(layer, input)
    images, in_maps, height, width = windows.shape[:4]
    columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(images * height * width, in_maps * layer.kernel_size**2)
    sums = columns @ dense_kernels(layer, parameters["weight"], in_maps).reshape(layer.maps, -1).T
    outputs = sums.reshape(images, height, width, layer.maps).transpose(0, 3, 1, 2)
    return outputs + (parameters["bias"] if layer.bias == "unit" else parameters["bias"][:, None, None])


def _convolution_back(
    layer: Convolution, parameters: dict[str, Array], input: Array, grad: Array, power: Power
) -> Gradients:
    (images, in_maps, height, width), pad, stride = input.shape, layer.padding, layer.stride
    weight = np.einsum("nohw,nihwyx->oiyx", grad, power(_windows(layer, input)), optimize=True)
    kernels = power(dense_kernels(layer, parameters["weight"], in_maps))
    padded = np.zeros((images, in_maps, height + 2 * pad, width + 2 * pad), grad.dtype)
    for y, x in np.ndindex(kernels.shape[2:]):  # windows overlap, so they are added for each kernel element
        window = padded[:, :, y : y + stride * grad.shape[2] : stride, x : x + stride * grad.shape[3] : stride]
        window += np.einsum("nohw,oi->nihw", grad, kernels[:, :, y, x], optimize=True)
    return {
        "weight": weight if layer.table is None else weight[_kernel_pairs(layer.table)],
        "bias": grad.sum(axis=0 if layer.bias == "unit" else (0, 2, 3)),
    }, padded[:, :, pad : pad + height, pad : pad + width]


def _windows(layer: Convolution, input: Array) -> Array:
    """im2col view (N, maps, height, width, side, side): the receptive field of each unit."""
    pad_width, side = (layer.padding, layer.padding), layer.kernel_size
    padded = np.pad(input, ((0, 0), (0, 0), pad_width, pad_width), constant_values=layer.padding_value)
    return sliding_window_view(padded, (side, side), axis=(2, 3))[:, :, :: layer.stride, :: layer.stride]


def dense_kernels(layer: Convolution, weight: Array, in_maps: int) -> Array:
    """A convolution's weights as (maps, in_maps, side, side), with zeros where its table connects nothing."""
    if layer.table is None:
        return weight
    dense = np.zeros((layer.maps, in_maps, layer.kernel_size, layer.kernel_size), weight.dtype)
    dense[_kernel_pairs(layer.table)] = weight
    return dense


def _kernel_pairs(table: ConnectionTable) -> tuple[Array, ...]:
    """Output map and input map of each kernel that exists."""
    return tuple(np.array([(out, in_map) for out, row in enumerate(table) for in_map in row]).T)


def _subsampling(layer: Subsampling, parameters: dict[str, Array], input: Array) -> Array:
    return _window_sums(layer, input) * parameters["coefficient"][:, None, None] + parameters["bias"][:, None, None]


def _subsampling_back(
    layer: Subsampling, parameters: dict[str, Array], input: Array, grad: Array, power: Power
) -> Gradients:
    coefficient = (grad * power(_window_sums(layer, input))).sum(axis=(0, 2, 3))
    input_grad = grad * power(parameters["coefficient"])[:, None, None]
    input_grad = input_grad.reshape(*input.shape[:2], layer.copies, *grad.shape[2:]).sum(axis=2)
    return {"coefficient": coefficient, "bias": grad.sum(axis=(0, 2, 3))}, _upsample(input_grad, layer.size)


def _window_sums(layer: Subsampling, input: Array) -> Array:
    return np.repeat(_pooling_windows(input, layer.size).sum(axis=(3, 5)), layer.copies, axis=1)


def _max_pooling(layer: MaxPooling, parameters: dict[str, Array], input: Array) -> Array:
    return np.asarray(_pooling_windows(input, layer.size).max(axis=(3, 5)))


def _max_pooling_back(
    layer: MaxPooling, parameters: dict[str, Array], input: Array, grad: Array, power: Power
) -> Gradients:
    windows = _pooling_windows(input, layer.size).swapaxes(3, 4)
    flat_windows = windows.reshape(*grad.shape, layer.size**2)
    is_first_max = np.arange(layer.size**2) == flat_windows.argmax(axis=-1)[..., None]
    return {}, (is_first_max * grad[..., None]).reshape(windows.shape).swapaxes(3, 4).reshape(input.shape)


def _average_pooling(layer: AveragePooling, parameters: dict[str, Array], input: Array) -> Array:
    return np.asarray(_pooling_windows(input, layer.size).mean(axis=(3, 5)))


def _average_pooling_back(
    layer: AveragePooling, parameters: dict[str, Array], input: Array, grad: Array, power: Power
) -> Gradients:
    return {}, _upsample(grad * power(1 / layer.size**2), layer.size)


def _pooling_windows(maps: Array, size: int) -> Array:
    images, count, height, width = maps.shape
    return maps.reshape(images, count, height // size, size, width // size, size)


def _upsample(grad: Array, size: int) -> Array:
    return grad.repeat(size, axis=2).repeat(size, axis=3)


def _global_average_pooling(layer: GlobalAveragePooling, parameters: dict[str, Array], input: Array) -> Array:
    return np.asarray(input.mean(axis=(2, 3), keepdims=True))


def _global_average_pooling_back(
    layer: GlobalAveragePooling, parameters: dict[str, Array], input: Array, grad: Array, power: Power
) -> Gradients:
    return {}, np.broadcast_to(grad * power(1 / (input.shape[2] * input.shape[3])), input.shape)


def _full_connection(layer: FullConnection, parameters: dict[str, Array], input: Array) -> Array:
    outputs: Array = input.reshape(len(input), -1) @ parameters["weight"].T + parameters["bias"]
    return outputs[:, :, None, None]


def _full_connection_back(
    layer: FullConnection, parameters: dict[str, Array], input: Array, grad: Array, power: Power
) -> Gradients:
    flat_grad = grad.reshape(len(grad), -1)
    parameter_grads = {"weight": flat_grad.T @ power(input.reshape(len(input), -1)), "bias": flat_grad.sum(axis=0)}
    return parameter_grads, (flat_grad @ power(parameters["weight"])).reshape(input.shape)


def _euclidean_rbf(layer: EuclideanRbf, parameters: dict[str, Array], input: Array) -> Array:
    distances: Array = np.square(_differences(layer, input)).sum(axis=2)
    return distances[:, :, None, None]


def _euclidean_rbf_back(
    layer: EuclideanRbf, parameters: dict[str, Array], input: Array, grad: Array, power: Power
) -> Gradients:
    return {}, (grad[:, :, 0] * power(2 * _differences(layer, input))).sum(axis=1).reshape(input.shape)


def _differences(layer: EuclideanRbf, input: Array) -> Array:
    """Differences (N, classes, units) of the units to each prototype."""
    return np.asarray(input.reshape(len(input), 1, -1) - np.array(layer.prototypes, input.dtype))


_LAYERS: dict[type, tuple[Callable[..., Array], Callable[..., Gradients]]] = {
    Convolution: (_convolution, _convolution_back),
    Subsampling: (_subsampling, _subsampling_back),
    MaxPooling: (_max_pooling, _max_pooling_back),
    AveragePooling: (_average_pooling, _average_pooling_back),
    GlobalAveragePooling: (_global_average_pooling, _global_average_pooling_back),
    FullConnection: (_full_connection, _full_connection_back),
    EuclideanRbf: (_euclidean_rbf, _euclidean_rbf_back),
}


def _log_softmax(sums: Array) -> Array:
    shifted = sums - sums.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


_ACTIVATIONS: dict[Activation, Callable[[Array], Array]] = {
    Activation.IDENTITY: lambda sums: sums,
    Activation.SQUASH: lambda sums: np.asarray(SQUASH_AMPLITUDE * np.tanh(SQUASH_SLOPE * sums)),
    Activation.TANH: np.tanh,
    Activation.SIGMOID: lambda sums: np.asarray(0.5 * np.tanh(0.5 * sums) + 0.5),  # without overflow
    Activation.RELU: partial(np.maximum, 0),
    Activation.LOG_SOFTMAX: _log_softmax,
}

# Derivatives of activations as functions of their output.
_DERIVATIVES: dict[Activation, Callable[[Array], Any]] = {
    Activation.IDENTITY: lambda output: 1,
    Activation.SQUASH: lambda output: SQUASH_SLOPE * (SQUASH_AMPLITUDE - output * output / SQUASH_AMPLITUDE),
    Activation.TANH: lambda output: 1 - output * output,
    Activation.SIGMOID: lambda output: output * (1 - output),
    Activation.RELU: lambda output: output > 0,
}


def _activation_back(activation: Activation, output: Array, grad: Array, power: Power) -> Array:
    if activation is Activation.LOG_SOFTMAX:  # each unit affects its own output, and all others through the sum
        probabilities = np.exp(output)
        others = grad.sum(axis=1, keepdims=True) - grad
        return np.asarray(grad * power(1 - probabilities) + others * power(-probabilities))
    return np.asarray(grad * power(_DERIVATIVES[activation](output)))
