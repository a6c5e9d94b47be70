"""PyTorch modules of networks: stage names as attribute names, any stage kind, trainable by autograd.

Every stage maps (N, maps, height, width) to the same layout; the module returns (N, classes). The ``state_dict`` holds
exactly ``network.parameter_shapes()``: connection tables and RBF prototypes are buffers that are not saved.
New modules are initialized by PyTorch's rule (±1/√fan-in); `load_arrays` sets other weights.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
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
    Shape,
    Subsampling,
)
from lenet.errors import ArchitectureError, WeightsError, required
from lenet.preprocess import network_inputs

with required("torch", "train", "building a PyTorch module"):
    import torch
    import torch.nn.functional as F
    from torch import Tensor, nn

_BATCH = 1_000  # pictures of a forward pass


class NetworkModule(nn.Module):
    """The module of a network.

    Attributes:
        network: the description it was built from.

    Raises:
        ArchitectureError: if a stage's name cannot be an attribute of a module.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        for stage, input_shape, _ in network.stages_with_shapes:
            try:
                self.add_module(stage.name, _LAYERS[type(stage.layer)](stage.layer, input_shape))
            except KeyError as error:
                raise ArchitectureError(
                    f"{network.name}: a stage cannot be called {stage.name!r} in PyTorch ({error.args[0]})"
                ) from None

    def forward(self, inputs: Tensor) -> Tensor:
        """The outputs, (N, classes), of network inputs, (N, channels, height, width).

        Raises:
            ArchitectureError: (a ValueError) if the inputs have another shape.
        """
        self._check(inputs)
        maps = inputs
        for stage in self.network.stages:
            maps = _ACTIVATIONS[stage.activation](self.get_submodule(stage.name)(maps))
        return maps.flatten(1)

    def _check(self, inputs: Tensor) -> None:
        if inputs.dim() != 4 or tuple(inputs.shape[1:]) != self.network.input:
            expected = ", ".join(map(str, self.network.input))
            raise ArchitectureError(
                f"{self.network.name} takes inputs (N, {expected}), got {tuple(inputs.shape)}; "
                "preprocess.network_inputs makes them from gray levels"
            )


def build(network: Network) -> NetworkModule:
    """Build the module of ``network``, initialized by PyTorch's rule from torch's generator.

    >>> from lenet.networks import describe
    >>> module = build(describe("lenet-5"))
    >>> tuple(module(torch.zeros(2, 1, 32, 32)).shape)
    (2, 10)
    >>> sum(parameter.numel() for parameter in module.parameters())
    60000
    """
    return NetworkModule(network)


def activations(module: NetworkModule, inputs: Tensor) -> dict[str, Tensor]:
    """The output of every stage, before and after its activation, named as by ``lenet.engine.activations``.

    Returns:
        ``{"input": inputs, "c1": …, "c1_squash": …, "s2": …}``, each (N, maps, height, width); a stage whose
        activation is the identity has one entry. Gradients flow through all of them.
    """
    module._check(inputs)
    outputs = {"input": inputs}
    maps = inputs
    for stage in module.network.stages:
        maps = outputs[stage.name] = module.get_submodule(stage.name)(maps)
        if stage.activation is not Activation.IDENTITY:
            maps = outputs[f"{stage.name}_{stage.activation}"] = _ACTIVATIONS[stage.activation](maps)
    return outputs


def load_arrays(module: NetworkModule, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Copy weights into a module, on whatever device and in whatever precision it is.

    Raises:
        WeightsError: if they are not the arrays of the module's network; the module is left as it was.
    """
    expected, name = module.network.parameter_shapes(), module.network.name
    if different := sorted(expected.keys() ^ arrays.keys()):
        problem = "is missing" if different[0] in expected else "does not belong to it"
        raise WeightsError(f"not {name} weights: the array {different[0]!r} {problem}")
    for key, shape in expected.items():
        if arrays[key].shape != shape:
            raise WeightsError(f"not {name} weights: {key} is {arrays[key].shape}, expected {shape}")
        if arrays[key].dtype.kind not in "fiu":
            raise WeightsError(f"not {name} weights: {key} holds {arrays[key].dtype}, expected real numbers")
    native = {key: array.astype(array.dtype.newbyteorder("="), copy=False) for key, array in arrays.items()}
    module.load_state_dict({key: torch.tensor(array) for key, array in native.items()})


def to_arrays(module: NetworkModule) -> dict[str, NDArray[np.float32]]:
    """Copy the module's weights to float32 arrays, named and shaped as in weights files."""
    return {
        name: np.array(parameter.detach().to("cpu", torch.float32).numpy())
        for name, parameter in module.state_dict().items()
    }


class TorchForward:
    """Inference on the CPU by the module of a network with its weights, as `engine.Forward` does it by the engine."""

    def __init__(self, network: Network, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        self.network = network
        self._module = build(network).eval()
        load_arrays(self._module, arrays)

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The outputs, float32 (N, classes), for uint8 gray levels that `network_inputs` takes."""
        outputs = np.empty((len(images), self.network.classes), np.float32)
        with torch.inference_mode():
            for start in range(0, len(images), _BATCH):
                inputs = network_inputs(images[start : start + _BATCH], self.network.input, self.network.input_range)
                outputs[start : start + len(inputs)] = self._module(torch.from_numpy(inputs)).numpy()
        return outputs


class _Convolution(nn.Module):
    """A convolution with or without a connection table, a bias per map or per unit, any padding value."""

    in_map: Tensor
    out_map: Tensor

    def __init__(self, layer: Convolution, input_shape: Shape) -> None:
        super().__init__()
        self.layer, self.in_maps = layer, input_shape[0]
        shapes = layer.parameter_shapes(input_shape)
        pairs = [(out, source) for out, row in enumerate(layer.connected_maps(self.in_maps)) for source in row]
        out_map, in_map = torch.tensor(pairs).T  # the output and the input map of each kernel
        if layer.table is not None:
            self.register_buffer("out_map", out_map, persistent=False)
            self.register_buffer("in_map", in_map, persistent=False)
        bounds = (layer.kernel_size**2 * out_map.bincount()).rsqrt()  # of each output map
        kernel_bounds = bounds if layer.table is None else bounds[out_map]
        self.weight = _uniform(shapes["weight"], kernel_bounds)
        self.bias = _uniform(shapes["bias"], bounds)

    def forward(self, maps: Tensor) -> Tensor:
        layer, padding = self.layer, self.layer.padding
        if padding and layer.padding_value:
            maps, padding = F.pad(maps, (padding,) * 4, value=layer.padding_value), 0
        per_map = self.bias if layer.bias == "map" else None
        sums = F.conv2d(maps, self.dense_kernels(), per_map, layer.stride, padding)
        return sums if layer.bias == "map" else sums + self.bias

    def dense_kernels(self) -> Tensor:
        """The kernels as (maps, in_maps, side, side), with zeros where the table connects nothing."""
        if self.layer.table is None:
            return self.weight
        side = self.layer.kernel_size
        dense = self.weight.new_zeros(self.layer.maps, self.in_maps, side, side)
        return dense.index_put((self.out_map, self.in_map), self.weight)

    def extra_repr(self) -> str:
        kernels = "×".join(map(str, self.weight.shape))
        return f"{self.in_maps}, {self.layer.maps}, weight={kernels}, stride={self.layer.stride}"


class _Subsampling(nn.Module):
    """The sum of each patch × coefficient + bias, both by output map."""

    def __init__(self, layer: Subsampling, input_shape: Shape) -> None:
        super().__init__()
        self.layer = layer
        maps = input_shape[0] * layer.copies
        self.coefficient = nn.Parameter(torch.full((maps,), 1 / layer.size))  # 1/√fan-in
        self.bias = _uniform((maps,), torch.full((maps,), 1 / layer.size))

    def forward(self, maps: Tensor) -> Tensor:
        sums = F.avg_pool2d(maps, self.layer.size) * self.layer.size**2
        if self.layer.copies > 1:
            sums = sums.repeat_interleave(self.layer.copies, dim=1)
        return sums * self.coefficient[:, None, None] + self.bias[:, None, None]

    def extra_repr(self) -> str:
        return f"{len(self.coefficient)}, size={self.layer.size}, copies={self.layer.copies}"


class _FullConnection(nn.Linear):
    """A fully connected layer, (N, units, 1, 1)."""

    def __init__(self, layer: FullConnection, input_shape: Shape) -> None:
        maps, height, width = input_shape
        super().__init__(maps * height * width, layer.units)

    def forward(self, maps: Tensor) -> Tensor:
        return super().forward(maps.flatten(1))[:, :, None, None]


class _EuclideanRbf(nn.Module):
    """The squared distance to each fixed prototype, (N, prototypes, 1, 1)."""

    prototypes: Tensor

    def __init__(self, layer: EuclideanRbf, input_shape: Shape) -> None:
        super().__init__()
        self.register_buffer("prototypes", torch.tensor(layer.prototypes, dtype=torch.float32), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        distances = (maps.flatten(1)[:, None] - self.prototypes).square().sum(dim=2)
        return distances[:, :, None, None]

    def extra_repr(self) -> str:
        return "{}, {}".format(*reversed(self.prototypes.shape))


def _uniform(shape: tuple[int, ...], bounds: Tensor) -> nn.Parameter:
    """A parameter drawn from ±bounds, one bound for each entry of its first dimension."""
    return nn.Parameter(torch.empty(shape).uniform_(-1, 1) * bounds.reshape(-1, *(1,) * (len(shape) - 1)))


_LAYERS: dict[type[Layer], Callable[[Any, Shape], nn.Module]] = {
    Convolution: _Convolution,
    Subsampling: _Subsampling,
    MaxPooling: lambda layer, input_shape: nn.MaxPool2d(layer.size),
    AveragePooling: lambda layer, input_shape: nn.AvgPool2d(layer.size),
    GlobalAveragePooling: lambda layer, input_shape: nn.AdaptiveAvgPool2d(1),
    FullConnection: _FullConnection,
    EuclideanRbf: _EuclideanRbf,
}


def squash(sums: Tensor) -> Tensor:
    """A tanh(S a) with A = 1.7159 and S = 2/3 [LeCun98, eq. 6].

    >>> squash(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-1.0000,  0.0000,  1.0000])
    """
    return SQUASH_AMPLITUDE * torch.tanh(SQUASH_SLOPE * sums)


# torch's own functions, named ones and no lambdas, so that a module can be pickled, compiled and exported.
_ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    Activation.IDENTITY: nn.Identity(),
    Activation.SQUASH: squash,
    Activation.TANH: torch.tanh,
    Activation.SIGMOID: torch.sigmoid,
    Activation.RELU: torch.relu,
    Activation.LOG_SOFTMAX: partial(F.log_softmax, dim=1),
}
