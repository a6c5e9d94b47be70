"""Shape trace: the output shape of every layer, as a forward pass through an ``nn.Sequential`` prints it."""

from collections.abc import Iterator
from math import prod

from lenet.architecture import (
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

_NAMES: dict[type[Layer], str] = {
    Subsampling: "Subsampling",
    MaxPooling: "MaxPool2d",
    AveragePooling: "AvgPool2d",
    GlobalAveragePooling: "AdaptiveAvgPool2d",
    FullConnection: "Linear",
    EuclideanRbf: "EuclideanRbf",
}
_ACTIVATIONS = {
    Activation.SQUASH: "Squash",
    Activation.TANH: "Tanh",
    Activation.SIGMOID: "Sigmoid",
    Activation.RELU: "ReLU",
    Activation.LOG_SOFTMAX: "LogSoftmax",
}


def trace(network: Network) -> str:
    """Shape trace for one picture: a line for each layer, with its name in PyTorch and its output shape.

    Layers that PyTorch lacks have the names of `lenet.pytorch.standalone_source`.

    >>> from lenet.networks import describe
    >>> print(trace(describe("lenet-short")))
    Reshape output shape: torch.Size([1, 1, 28, 28])
    Conv2d output shape: torch.Size([1, 6, 24, 24])
    ReLU output shape: torch.Size([1, 6, 24, 24])
    MaxPool2d output shape: torch.Size([1, 6, 12, 12])
    Conv2d output shape: torch.Size([1, 16, 8, 8])
    ReLU output shape: torch.Size([1, 16, 8, 8])
    MaxPool2d output shape: torch.Size([1, 16, 4, 4])
    Flatten output shape: torch.Size([1, 256])
    Linear output shape: torch.Size([1, 10])
    LogSoftmax output shape: torch.Size([1, 10])
    """
    return "\n".join(f"{name} output shape: torch.Size({[1, *shape]})" for name, shape in layers(network))


def layers(network: Network) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every layer's name in PyTorch and its output shape, without the batch axis."""
    yield "Reshape", network.input
    flat = False
    for stage, input_shape, output_shape in network.stages_with_shapes:
        takes_vector = isinstance(stage.layer, FullConnection | EuclideanRbf)
        if takes_vector and not flat:
            yield "Flatten", (prod(input_shape),)
        elif flat and not takes_vector:
            yield "Unflatten", input_shape
        flat = takes_vector
        shape = output_shape[:1] if flat else output_shape
        yield _name(stage.layer), shape
        if stage.activation in _ACTIVATIONS:
            yield _ACTIVATIONS[stage.activation], shape
    if not flat:
        yield "Flatten", (prod(network.output_shapes[-1]),)


def _name(layer: Layer) -> str:
    if isinstance(layer, Convolution):
        kind = "TableConv2d" if layer.table is not None else "Conv2d"
        return f"UnitBias{kind}" if layer.bias == "unit" else kind
    return _NAMES[type(layer)]
