"""A network as an ONNX model in memory, for the peers that take one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
from lenet.errors import MissingExtra

try:
    import onnx
    from onnx import helper, numpy_helper
except ModuleNotFoundError as error:
    raise MissingExtra("onnx", "bench", "comparing with ONNX Runtime and OpenVINO") from error

OPSET, IR_VERSION = 17, 8  # old enough for every runtime of the last years
Array = NDArray[np.float32]

_UNARY = {Activation.TANH: "Tanh", Activation.SIGMOID: "Sigmoid", Activation.RELU: "Relu"}


def to_onnx(network: Network, arrays: Mapping[str, Array]) -> bytes:
    """The model: ``input``, float32 (batch, channels, height, width), to ``output``, float32 (batch, classes)."""
    graph = _Graph()
    name = "input"
    for stage, input_shape in zip(network.stages, network.input_shapes, strict=True):
        prefix = f"{stage.name}."
        weights = {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
        name = _activate(graph, stage.activation, _apply(graph, stage.layer, weights, input_shape[0], name))
    graph.add("Flatten", [name], output="output")
    described = helper.make_graph(
        graph.nodes,
        network.name,
        [helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, ["batch", *network.input])],
        [helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, ["batch", network.classes])],
        graph.constants,
    )
    model = helper.make_model(described, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


class _Graph:
    """Nodes and constants, numbered in order."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, kind: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        output = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(self, values: ArrayLike) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(values), name))
        return name


def _apply(graph: _Graph, layer: Layer, weights: Mapping[str, Array], in_maps: int, maps: str) -> str:
    match layer:
        case Convolution():
            return _convolution(graph, layer, weights, in_maps, maps)
        case Subsampling():
            means = graph.add("AveragePool", [maps], kernel_shape=[layer.size] * 2, strides=[layer.size] * 2)
            if layer.copies > 1:
                means = graph.add("Gather", [means, graph.constant(np.arange(in_maps).repeat(layer.copies))], axis=1)
            coefficient = graph.constant(np.float32(layer.size**2) * weights["coefficient"][:, None, None])
            return graph.add("Add", [graph.add("Mul", [means, coefficient]), _per_map(graph, weights["bias"])])
        case MaxPooling() | AveragePooling():
            kind = "MaxPool" if isinstance(layer, MaxPooling) else "AveragePool"
            return graph.add(kind, [maps], kernel_shape=[layer.size] * 2, strides=[layer.size] * 2)
        case GlobalAveragePooling():
            return graph.add("GlobalAveragePool", [maps])
        case FullConnection():
            weight, bias = graph.constant(weights["weight"]), graph.constant(weights["bias"])
            return graph.add("Gemm", [graph.add("Flatten", [maps]), weight, bias], transB=1)
        case EuclideanRbf():
            units = graph.add("Unsqueeze", [graph.add("Flatten", [maps]), graph.constant(np.array([1]))])
            differences = graph.add("Sub", [units, graph.constant(np.array(layer.prototypes, np.float32))])
            squares = graph.add("Mul", [differences, differences])
            return graph.add("ReduceSum", [squares, graph.constant(np.array([2]))], keepdims=0)
        case _:
            raise NotImplementedError(f"no ONNX for {type(layer).__name__}")


def _convolution(graph: _Graph, layer: Convolution, weights: Mapping[str, Array], in_maps: int, maps: str) -> str:
    padding = layer.padding
    if padding and layer.padding_value:
        edges = graph.constant(np.array([0, 0, padding, padding] * 2))
        maps, padding = graph.add("Pad", [maps, edges, graph.constant(np.float32(layer.padding_value))]), 0
    kernels = np.zeros((layer.maps, in_maps, layer.kernel_size, layer.kernel_size), np.float32)
    pairs = [(out, source) for out, row in enumerate(layer.connected_maps(in_maps)) for source in row]
    kernels[tuple(np.array(pairs).T)] = weights["weight"].reshape(-1, layer.kernel_size, layer.kernel_size)
    per_map = [graph.constant(weights["bias"])] if layer.bias == "map" else []
    inputs = [maps, graph.constant(kernels), *per_map]
    sums = graph.add("Conv", inputs, strides=[layer.stride] * 2, pads=[padding] * 4)
    return sums if per_map else graph.add("Add", [sums, graph.constant(weights["bias"])])


def _per_map(graph: _Graph, values: Array) -> str:
    return graph.constant(values[:, None, None])


def _activate(graph: _Graph, activation: Activation, sums: str) -> str:
    if activation is Activation.IDENTITY:
        return sums
    if activation is Activation.LOG_SOFTMAX:
        return graph.add("LogSoftmax", [sums], axis=1)
    if activation is Activation.SQUASH:
        tanh = graph.add("Tanh", [graph.add("Mul", [sums, graph.constant(np.float32(SQUASH_SLOPE))])])
        return graph.add("Mul", [tanh, graph.constant(np.float32(SQUASH_AMPLITUDE))])
    return graph.add(_UNARY[activation], [sums])
