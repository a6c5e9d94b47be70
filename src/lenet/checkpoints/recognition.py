"""Recognition of the network that arrays belong to, by their shapes in order.

Of names only the part before the last point counts, which groups arrays into layers, and the ending ``bias``; a
network's own names for its arrays are tried first.

PyTorch's layouts are lenet's, but for three: a convolution with a connection table keeps only the kernels that exist,
C5 may be a full connection of the same numbers, and layers without biases get biases of 0.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from lenet.architecture import (
    Activation,
    AveragePooling,
    Convolution,
    EuclideanRbf,
    FullConnection,
    Layer,
    MaxPooling,
    Network,
    Shape,
    Stage,
)
from lenet.checkpoints.arrays import Array, shapes_text
from lenet.errors import ArchitectureError, WeightsError, printable
from lenet.naming import resolve_name
from lenet.networks import describe, names, options

ACTIVATIONS = {"relu": Activation.RELU, "sigmoid": Activation.SIGMOID, "tanh": Activation.TANH,
               "squash": Activation.SQUASH, "identity": Activation.IDENTITY}  # fmt: skip
POOLINGS = {"max": MaxPooling, "average": AveragePooling}
OUTPUTS = {"logits": Activation.IDENTITY, "sigmoid": Activation.SIGMOID, "log-softmax": Activation.LOG_SOFTMAX}

NamedArrays = list[tuple[str, Array]]

_MAX_ARRAYS = 100

LENET_SIZE = 32
"""Rows and columns that shapes may give: of color pictures 32, as CIFAR-10's; of gray ones 28 and a padding of 2."""


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


@dataclass(frozen=True)
class ImportOptions:
    """Options that decide what the shapes of weights do not tell, as `lenet.load` takes them; None where they may."""

    network: Network | str | Path | None = None
    activation: str | None = None
    pooling: str | None = None
    outputs: str | None = None
    size: int | None = None
    input_range: tuple[float, float] | None = None
    normalize: tuple[float, float] | None = None
    reject_class: int | None = None

    def __post_init__(self) -> None:
        for name, known in (("activation", ACTIVATIONS), ("pooling", POOLINGS), ("outputs", OUTPUTS)):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, resolve_name(name, value, known))
        if (self.activation is None) != (self.pooling is None):
            raise ArchitectureError("activation and pooling go together, as activation relu and pooling max")
        if self.network is not None and (self.activation or self.outputs):
            raise ArchitectureError(
                "a network says its activation, pooling and outputs itself; leave one or the other out"
            )
        if self.outputs and not self.activation:
            raise ArchitectureError("outputs goes with activation and pooling, as activation relu and pooling max")
        if self.input_range is not None and self.normalize is not None:
            raise ArchitectureError("normalize gives an input range; leave one of the two out")
        if self.size is not None and not (_is_whole(self.size) and 1 <= self.size <= 1024):
            raise ArchitectureError(f"size is {self.size!r}, expected rows and columns of 1 to 1,024")
        if self.reject_class is not None and not (_is_whole(self.reject_class) and self.reject_class >= 0):
            raise ArchitectureError(f"reject_class is {self.reject_class!r}, expected the number of an output, from 0")
        _check_pair(
            "input_range", self.input_range, "what background and full ink become, two different numbers, as 0,1"
        )
        _check_pair("normalize", self.normalize, "mean and deviation, one each for all channels, as 0.1307,0.3081")

    @property
    def options_given(self) -> list[str]:
        """The names of the options that are given."""
        return [name for name, value in vars(self).items() if value is not None]

    @property
    def requested_input_range(self) -> tuple[float, float] | None:
        """The input range that is asked for, if any."""
        if self.normalize is None:
            return self.input_range
        mean, deviation = self.normalize
        return (-mean / deviation, (1 - mean) / deviation)


@dataclass(frozen=True)
class RecognizedNetwork:
    """A network and its parameters, and the names of arrays that it has no use for."""

    network: Network
    parameters: dict[str, Array]
    unused: tuple[str, ...] = ()


def recognize_network(
    arrays: Mapping[str, Array], import_options: ImportOptions, is_ordered: bool = True
) -> RecognizedNetwork:
    """Recognize the network that arrays belong to, by their shapes in order and by the options.

    Args:
        arrays: float32, by their names.
        import_options: what shapes do not tell.
        is_ordered: whether the arrays stand in the layers' order; False for formats that sort them by name, as
            safetensors.

    Raises:
        WeightsError: if they fit no network, several, or not the one that was asked for; the text names no path.
        UnknownName, ArchitectureError: if an option names none.
    """
    if len(arrays) > _MAX_ARRAYS:
        raise WeightsError(f"holds {len(arrays):,} arrays, expected at most {_MAX_ARRAYS}, as no LeNet has more")
    layers = _group_by_layer(arrays)
    shape_order = _order_by_shapes(layers)
    orders = [layers, shape_order] if is_ordered else [shape_order]
    if import_options.activation is not None:
        recognized = _describe_by_shapes(shape_order, import_options)
    elif import_options.network is not None:
        recognized = _match_requested(import_options.network, arrays, orders, import_options)
    else:
        recognized = _find_registered(arrays, orders, import_options)
    return _with_input_range(recognized, import_options)


def recognize_graph(
    network: Network, arrays: NamedArrays, import_options: ImportOptions, described: Network | None = None
) -> RecognizedNetwork:
    """Recognize a graph's network: the requested, described or registered one that has the same layers, or else itself.

    Args:
        network, arrays: as the graph has them.
        import_options: what the graph does not tell.
        described: the network that the file says it is; passed over if the graph has other layers.

    Raises:
        WeightsError: if it is not the one that was asked for, or lacks arrays; the text names no path.
        UnknownName, ArchitectureError: if an option names none.
    """
    if options_given := [name for name in ("activation", "size") if getattr(import_options, name) is not None]:
        raise ArchitectureError(f"a graph says its layers and their sizes itself; leave {options_given[0]} out")
    array_groups = _group_by_layer(dict(arrays))

    def with_same_layers(candidate: Network | str) -> Network | None:
        if isinstance(candidate, str):
            return _registered_with_same_layers(candidate, network, array_groups)
        return candidate if _layer_sequence(candidate) == _layer_sequence(network) else None

    if import_options.network is not None:
        requested = (
            import_options.network if isinstance(import_options.network, Network) else str(import_options.network)
        )
        candidates = [with_same_layers(requested)]
        if candidates == [None]:
            name = requested.name if isinstance(requested, Network) else requested
            raise WeightsError(f"its graph has not the layers of {name}; leave network out to take those that it has")
    else:
        others: list[Network | str] = [*([described] if described else []), *names()]
        candidates = [*map(with_same_layers, others), network]
    try:
        recognized = match_arrays(next(filter(None, candidates)), arrays)
    except _MismatchError as mismatch:
        raise WeightsError(f"its graph lacks arrays: it is a network {mismatch.text}") from None
    return _with_input_range(recognized, import_options)


def _with_input_range(recognized: RecognizedNetwork, import_options: ImportOptions) -> RecognizedNetwork:
    """Replace a network's input range by the requested one, if any."""
    if import_options.requested_input_range is None:
        return recognized
    return replace(recognized, network=replace(recognized.network, input_range=import_options.requested_input_range))


def _registered_with_same_layers(name: str, network: Network, array_groups: list[NamedArrays]) -> Network | None:
    """Find the registered network of a name, with the options that follow from shapes, if it has a network's layers."""
    size = network.input[1] if "size" in options(name) else None
    for values in _option_values(name, array_groups, size):
        try:
            if _layer_sequence(candidate := describe(name, **values)) == _layer_sequence(network):
                return candidate
        except ArchitectureError:  # describe refuses these options
            continue
    return None


def _layer_sequence(network: Network) -> tuple[Any, ...]:
    return network.input, *((stage.layer, stage.activation) for stage in network.stages)


# --- arrays as layers -----------------------------------------------------------------------------------------------


def _group_by_layer(arrays: Mapping[str, Array]) -> list[NamedArrays]:
    """Group arrays by the layer in their name, weights before biases, layers in the order of their first array.

    Where no name has a point, each array of two dimensions or more begins a layer.
    """
    layers: dict[str, NamedArrays] = {}
    key = ""
    for name, array in arrays.items():
        if "." in name or array.ndim > 1:
            key = name.rpartition(".")[0] or name
        layers.setdefault(key, []).append((name, array))
    return [sorted(layer, key=lambda item: (item[0].endswith("bias"), -item[1].ndim)) for layer in layers.values()]


def _order_by_shapes(layers: list[NamedArrays]) -> list[NamedArrays]:
    """Order layers so that each takes the maps or units that the one before gives, convolutions first."""
    remaining = list(layers)
    ordered: list[NamedArrays] = []
    previous: tuple[int, bool] | None = None
    while remaining:
        following = [layer for layer in remaining if _can_follow(previous, layer[0][1])]
        if not following:
            break
        is_first = not ordered
        first = min(following, key=lambda layer: (layer[0][1].ndim != 4, layer[0][1].shape[1] if is_first else 0))
        ordered.append(first)
        remaining = [layer for layer in remaining if layer is not first]
        previous = (first[0][1].shape[0], first[0][1].ndim == 4)
    return ordered + remaining


def _can_follow(previous: tuple[int, bool] | None, weight: Array) -> bool:
    """Whether a layer takes so many maps or units: convolutions' maps of any size go into a full connection."""
    if weight.ndim not in (2, 4):
        return False
    if previous is None:
        return weight.ndim == 4
    count, are_maps = previous
    if weight.ndim == 4:
        return are_maps and bool(weight.shape[1] == count)
    return bool(count > 0 and weight.shape[1] % count == 0 if are_maps else weight.shape[1] == count)


# --- parameters of a network ----------------------------------------------------------------------------------------


class _MismatchError(Exception):
    """Arrays that are not a network's: how many have their parameter's shape, and what fails first."""

    def __init__(self, matching_count: int, text: str) -> None:
        super().__init__(text)
        self.matching_count, self.text = matching_count, text


def match_arrays(network: Network, arrays: NamedArrays) -> RecognizedNetwork:
    """Match arrays, in the order of a network's stages, to its parameters; arrays that it has no use for may follow.

    Raises:
        _MismatchError: if they are not.
    """
    parameters: dict[str, Array] = {}
    position = 0
    shapes = network.parameter_shapes().values()
    matching_count = sum(array.shape == shape for (_, array), shape in zip(arrays, shapes, strict=False))
    for stage, input_shape, _ in network.stages_with_shapes:
        for name, shape in stage.layer.parameter_shapes(input_shape).items():
            key = f"{stage.name}.{name}"
            array = arrays[position][1] if position < len(arrays) else None
            parameter = None if array is None else _as_parameter(stage.layer, name, shape, array, input_shape)
            if parameter is None and name == "bias":
                parameter = np.zeros(shape, np.float32)
            elif parameter is None:
                actual = "nothing more" if array is None else shapes_text([array.shape])
                raise _MismatchError(
                    matching_count, f"whose {key} is {shapes_text([shape])} where the file has {actual}"
                )
            else:
                position += 1
            parameters[key] = parameter
    remaining = arrays[position:]
    last = network.stages[-1].layer
    prototypes = np.array(last.prototypes, np.float32) if isinstance(last, EuclideanRbf) else None
    if remaining and prototypes is not None and np.array_equal(remaining[0][1], prototypes):
        remaining = remaining[1:]
    if remaining:
        shape = remaining[0][1].shape
        if len(shape) != 2 or shape[1] == network.classes:
            raise _MismatchError(matching_count, f"which has nothing more where the file has {shapes_text([shape])}")
    return RecognizedNetwork(network, parameters, tuple(name for name, _ in remaining))


def _as_parameter(layer: Layer, name: str, shape: tuple[int, ...], array: Array, input_shape: Shape) -> Array | None:
    """Reshape an array to a layer's parameter, of a shape; None if it does not fit."""
    if array.shape == shape:
        return array
    if name != "weight":  # (maps,), where modules that broadcast have (maps, 1, 1)
        return array.reshape(shape) if math.prod(array.shape) == math.prod(shape) == max(array.shape) else None
    if isinstance(layer, Convolution) and layer.table is not None:
        return _connected_kernels(layer, array, input_shape[0])
    if isinstance(layer, Convolution) and array.ndim == 2:  # a full connection to maps as large as its kernels
        covers_input = input_shape[1:] == (layer.kernel_size, layer.kernel_size) and layer.padding == 0
        return array.reshape(shape) if covers_input and array.shape == (shape[0], math.prod(shape[1:])) else None
    if isinstance(layer, FullConnection) and array.ndim == 4 and array.shape == (layer.units, *input_shape):
        return array.reshape(shape)
    return None


def _connected_kernels(layer: Convolution, array: Array, in_maps: int) -> Array | None:
    """Select the kernels that a connection table connects; None if one of the others holds anything but 0."""
    if array.shape != (layer.maps, in_maps, layer.kernel_size, layer.kernel_size):
        return None
    connected = np.zeros(array.shape[:2], bool)
    for out, row in enumerate(layer.connected_maps(in_maps)):
        connected[out, list(row)] = True
    return None if array[~connected].any() else array[connected]


# --- networks that arrays may belong to -----------------------------------------------------------------------------


def _find_registered(
    arrays: Mapping[str, Array], orders: Sequence[list[NamedArrays]], import_options: ImportOptions
) -> RecognizedNetwork:
    """Find the one registered network that fits; the error names what is to be chosen if there are more."""
    matches, nearest = [], _MismatchError(-1, "")
    for name in names():
        if import_options.size not in (None, describe(name).input[1]) and "size" not in options(name):
            continue
        try:
            matches.append(_match_named(name, arrays, orders, import_options.size))
        except _MismatchError as mismatch:
            if mismatch.matching_count > nearest.matching_count:
                nearest = _MismatchError(mismatch.matching_count, f"{name}, {mismatch.text}")
    if len(matches) == 1:
        return matches[0]
    if matches:
        fitting = [match.network.name for match in matches]
        raise WeightsError(
            f"its shapes fit {', '.join(fitting[:-1])} and {fitting[-1]}, and do not tell activation, pooling and "
            f"outputs; choose one: lenet.load(..., network={fitting[0]!r}), or "
            f"lenet convert ... --network {fitting[0]}, or by activation and pooling"
        )
    raise WeightsError(
        f"its shapes ({shapes_text(array.shape for array in arrays.values())}) fit no network of lenet; the nearest is "
        f"{nearest.text}; say activation and pooling to have it described by its shapes, or give a description"
    )


def _match_requested(
    requested: Network | str | Path,
    arrays: Mapping[str, Array],
    orders: Sequence[list[NamedArrays]],
    import_options: ImportOptions,
) -> RecognizedNetwork:
    try:
        if isinstance(requested, Network):
            if import_options.size not in (None, *requested.input[1:]):
                raise ArchitectureError(
                    f"{requested.name} is described already, for {requested.input[1]} rows; leave size out"
                )
            return _match_any_order(requested, arrays, orders)
        return _match_named(str(requested), arrays, orders, import_options.size)
    except _MismatchError as mismatch:
        name = requested.name if isinstance(requested, Network) else str(requested)
        raise WeightsError(
            f"its shapes ({shapes_text(array.shape for array in arrays.values())}) are not those of {name}, "
            f"{mismatch.text}"
        ) from None


def _match_named(
    name: str, arrays: Mapping[str, Array], orders: Sequence[list[NamedArrays]], size: int | None
) -> RecognizedNetwork:
    """Match arrays to the registered network of a name, with the options that follow from the shapes."""
    nearest = _MismatchError(-1, "")
    for values in chain(_option_values(name, orders[-1], size), [{}]):
        try:
            return _match_any_order(describe(name, **values), arrays, orders)
        except _MismatchError as mismatch:
            nearest = max(nearest, mismatch, key=lambda mismatch: mismatch.matching_count)
    raise nearest


def _option_values(name: str, layers: list[NamedArrays], size: int | None) -> Iterator[dict[str, int]]:
    """List the options that weights may have been made with: units of full connections are classes or hidden units."""
    known = options(name)
    unit_counts = tuple(dict.fromkeys(weight.shape[0] for (_, weight), *_ in reversed(layers) if weight.ndim == 2))
    channel_counts = tuple(sorted({weight.shape[1] for (_, weight), *_ in layers if weight.ndim == 4}))
    for classes in unit_counts if "classes" in known else (None,):
        for hidden in unit_counts if "hidden" in known else (None,):
            for channels in channel_counts if "channels" in known else (None,):
                values = {"classes": classes, "hidden": hidden, "channels": channels}
                if "size" in known:
                    values["size"] = size or (known["size"] if channels == 1 else LENET_SIZE)
                elif size not in (None, describe(name).input[1]):
                    values["size"] = size  # describe refuses it, and says that the network has one size
                yield {option: value for option, value in values.items() if value is not None}


def _match_any_order(
    network: Network, arrays: Mapping[str, Array], orders: Sequence[list[NamedArrays]]
) -> RecognizedNetwork:
    """Match arrays to a network's parameters, by its own names for them or in one of the orders."""
    nearest = _MismatchError(-1, "")
    flat = [[item for layer in layers for item in layer] for layers in orders]
    if arrays.keys() == network.parameter_shapes().keys():
        flat.insert(0, [(name, arrays[name]) for name in network.parameter_shapes()])
    for order in flat:
        try:
            return match_arrays(network, order)
        except _MismatchError as mismatch:
            nearest = max(nearest, mismatch, key=lambda mismatch: mismatch.matching_count)
    raise nearest


def _describe_by_shapes(layers: list[NamedArrays], import_options: ImportOptions) -> RecognizedNetwork:
    """Describe the network that the shapes themselves give: convolutions, each pooled, and full connections."""
    activation, pooling = ACTIVATIONS[str(import_options.activation)], POOLINGS[str(import_options.pooling)]
    weights = [layer[0][1] for layer in layers]
    kernels = [weight for weight in weights if weight.ndim == 4]
    full = [weight for weight in weights if weight.ndim == 2]
    if len(kernels) + len(full) < len(weights) or not kernels or not full:
        raise WeightsError(
            f"its shapes ({shapes_text(weight.shape for weight in weights)}) are not convolutions and full connections "
            "alone"
        )
    if any(kernel.shape[2] != kernel.shape[3] for kernel in kernels):
        raise WeightsError("its kernels are not square, as those of a LeNet are")
    size, padding = _input_size(kernels, full[0].shape[1], import_options.size)
    stages = []
    for number, kernel in enumerate(kernels, 1):
        layer = Convolution(kernel.shape[0], kernel.shape[2], padding=padding if number == 1 else 0)
        stages += [Stage(f"conv{number}", layer, activation), Stage(f"pool{number}", pooling())]
    stages += [
        Stage(f"fc{number}", FullConnection(len(weight)), activation) for number, weight in enumerate(full[:-1], 1)
    ]
    stages.append(Stage("output", FullConnection(len(full[-1])), OUTPUTS[import_options.outputs or "logits"]))
    name = f"lenet-{import_options.activation}-{import_options.pooling}"
    try:
        network = Network(name, (kernels[0].shape[1], size, size), tuple(stages), source="the shapes of its weights")
        return match_arrays(network, [item for layer in layers for item in layer])
    except _MismatchError as mismatch:
        raise WeightsError(f"its shapes are no straight line of layers: {name}, {mismatch.text}") from None


def _input_size(kernels: Sequence[Array], units: int, requested_size: int | None) -> tuple[int, int]:
    """Compute rows of the input and padding of the first convolution, from the units of the first full connection."""
    maps = kernels[-1].shape[0]
    rows = math.isqrt(units // maps)
    if maps * rows * rows != units:
        raise WeightsError(f"its first full connection takes {units:,} units, which {maps:,} square maps cannot give")
    for kernel in reversed(kernels):
        rows = 2 * rows + kernel.shape[2] - 1
    same_padding = kernels[0].shape[2] // 2  # padding that keeps the size
    size = requested_size or (rows - 2 * same_padding if rows == LENET_SIZE and kernels[0].shape[1] == 1 else rows)
    if size not in (rows, rows - 2 * same_padding):
        raise WeightsError(
            f"its shapes take inputs of {rows} rows, or {rows - 2 * same_padding} padded, but {size} was asked for"
        )
    return size, (rows - size) // 2


def _check_pair(name: str, value: Any, expected: str) -> None:
    if value is None:
        return
    numbers = value if isinstance(value, tuple | list) else ()
    is_pair = len(numbers) == 2 and all(isinstance(number, int | float) and math.isfinite(number) for number in numbers)
    if not is_pair or (name == "input_range" and numbers[0] == numbers[1]) or (name == "normalize" and numbers[1] <= 0):
        raise ArchitectureError(f"{name} is {printable(str(value))[:60]}, expected {expected}")
