"""Export of a network as an ONNX model, float or quantized (QDQ), from its description."""

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
from lenet.engine.reference import dense_kernels
from lenet.errors import ArchitectureError, required
from lenet.exporting.quantization import Quantization, QuantizedStage

with required("onnx", "onnx", "writing ONNX models"):
    import onnx
    from onnx import helper, numpy_helper

OPSET, IR_VERSION = 17, 8  # old enough for every runtime of the last years
Array = NDArray[np.float32]

_ACTIVATION_OPERATORS = {Activation.TANH: "Tanh", Activation.SIGMOID: "Sigmoid", Activation.RELU: "Relu"}


def to_onnx(
    network: Network,
    arrays: Mapping[str, Array],
    *,
    takes_bytes: bool = False,
    quantization: Quantization | None = None,
    properties: Mapping[str, str] | None = None,
) -> bytes:
    """Write the ONNX model: one input, and ``output``, float32 (batch, classes).

    Args:
        network, arrays: the description and its parameters.
        takes_bytes: the input is ``pictures``, uint8 of the network's size with 255 for ink, (batch, height, width), or
            (batch, channels, height, width) where there is more than one channel; else it is ``input``, the network's
            inputs, float32 (batch, channels, height, width).
        quantization: convolutions and full connections in 8 bits; None leaves them in float32.
        properties: what else the file says of the model.

    Raises:
        ArchitectureError: if ONNX has no such layer.
    """
    graph = _Graph()
    if takes_bytes:
        name, graph_input = _add_byte_input(graph, network)
    else:
        name = "input"
        graph_input = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", *network.input])
    is_flat = False
    for stage, input_shape, _ in network.stages_with_shapes:
        prefix, layer = f"{stage.name}.", stage.layer
        parameters = {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
        quantized = (quantization or {}).get(stage.name)
        takes_units = isinstance(layer, FullConnection | EuclideanRbf)
        if is_flat and not takes_units:
            name = graph.add("Unsqueeze", [name, graph.constant(np.array([2, 3]))])
        is_flat = takes_units
        name = _add_activation(
            graph, stage.activation, _add_layer(graph, layer, parameters, quantized, input_shape[0], name)
        )
    graph.add("Flatten", [name], output="output")
    onnx_graph = helper.make_graph(
        graph.nodes,
        network.name,
        [graph_input],
        [helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, ["batch", network.classes])],
        graph.constants,
    )
    model = helper.make_model(
        onnx_graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="lenet"
    )
    helper.set_model_props(model, dict(properties or {}))
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _add_byte_input(graph: "_Graph", network: Network) -> tuple[str, Any]:
    """Gray levels or colors, brought to the network's range in the graph."""
    channels, height, width = network.input
    shape = [height, width] if channels == 1 else [channels, height, width]
    graph_input = helper.make_tensor_value_info("pictures", onnx.TensorProto.UINT8, ["batch", *shape])
    background, ink = network.input_range
    levels = graph.add("Cast", ["pictures"], to=onnx.TensorProto.FLOAT)
    scaled = graph.add("Mul", [levels, graph.constant(np.float32((ink - background) / 255))])
    inputs = graph.add("Add", [scaled, graph.constant(np.float32(background))]) if background else scaled
    if channels == 1:
        inputs = graph.add("Unsqueeze", [inputs, graph.constant(np.array([1]))])
    return inputs, graph_input


class _Graph:
    """Nodes and constants, named as they come."""

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

    def quantized(self, name: str, stage: QuantizedStage) -> str:
        """The inputs of a quantized stage, as the levels that are nearest."""
        scale, zero = self.constant(np.float32(stage.scale)), self.constant(np.uint8(stage.zero_point))
        return self.add("DequantizeLinear", [self.add("QuantizeLinear", [name, scale, zero]), scale, zero])

    def parameters(self, parameters: Mapping[str, Array], stage: QuantizedStage, weight: NDArray[np.int8]) -> list[str]:
        """Weights in 8 bits and a bias for each map, in 32, in units of the products."""
        scales, zeros = self.constant(stage.weight_scales), self.constant(np.zeros(len(weight), np.int8))
        dequantized = [self.add("DequantizeLinear", [self.constant(weight), scales, zeros], axis=0)]
        if parameters["bias"].ndim == 1:
            units = (stage.weight_scales * np.float32(stage.scale)).astype(np.float32)
            bias = np.rint(parameters["bias"].astype(np.float64) / units).astype(np.int32)
            graph_input = [self.constant(bias), self.constant(units), self.constant(np.zeros(len(bias), np.int32))]
            dequantized.append(self.add("DequantizeLinear", graph_input, axis=0))
        return dequantized


def _add_layer(
    graph: _Graph,
    layer: Layer,
    parameters: Mapping[str, Array],
    quantized: QuantizedStage | None,
    in_maps: int,
    maps: str,
) -> str:
    match layer:
        case Convolution():
            return _convolution(graph, layer, parameters, quantized, in_maps, maps)
        case Subsampling():
            means = graph.add("AveragePool", [maps], kernel_shape=[layer.size] * 2, strides=[layer.size] * 2)
            if layer.copies > 1:
                means = graph.add("Gather", [means, graph.constant(np.arange(in_maps).repeat(layer.copies))], axis=1)
            coefficient = graph.constant(np.float32(layer.size**2) * parameters["coefficient"][:, None, None])
            bias = graph.constant(parameters["bias"][:, None, None])
            return graph.add("Add", [graph.add("Mul", [means, coefficient]), bias])
        case MaxPooling() | AveragePooling():
            kind = "MaxPool" if isinstance(layer, MaxPooling) else "AveragePool"
            return graph.add(kind, [maps], kernel_shape=[layer.size] * 2, strides=[layer.size] * 2)
        case GlobalAveragePooling():
            return graph.add("GlobalAveragePool", [maps])
        case FullConnection():
            units = graph.add("Flatten", [maps])
            if quantized is not None:
                graph_input = [
                    graph.quantized(units, quantized),
                    *graph.parameters(parameters, quantized, quantized.weight),
                ]
            else:
                graph_input = [units, graph.constant(parameters["weight"]), graph.constant(parameters["bias"])]
            return graph.add("Gemm", graph_input, transB=1)
        case EuclideanRbf():
            units = graph.add("Unsqueeze", [graph.add("Flatten", [maps]), graph.constant(np.array([1]))])
            differences = graph.add("Sub", [units, graph.constant(np.array(layer.prototypes, np.float32))])
            squares = graph.add("Mul", [differences, differences])
            return graph.add("ReduceSum", [squares, graph.constant(np.array([2]))], keepdims=0)
        case _:
            raise ArchitectureError(f"a layer of kind {type(layer).__name__} cannot be written as ONNX")


def _convolution(
    graph: _Graph,
    layer: Convolution,
    parameters: Mapping[str, Array],
    quantized: QuantizedStage | None,
    in_maps: int,
    maps: str,
) -> str:
    padding = layer.padding
    if padding and layer.padding_value:
        edges = graph.constant(np.array([0, 0, padding, padding] * 2))
        maps, padding = graph.add("Pad", [maps, edges, graph.constant(np.float32(layer.padding_value))]), 0
    if quantized is not None:
        kernels = dense_kernels(layer, quantized.weight, in_maps)
        inputs = [graph.quantized(maps, quantized), *graph.parameters(parameters, quantized, kernels)]
    else:
        per_map = [graph.constant(parameters["bias"])] if layer.bias == "map" else []
        inputs = [maps, graph.constant(dense_kernels(layer, parameters["weight"], in_maps)), *per_map]
    sums = graph.add("Conv", inputs, strides=[layer.stride] * 2, pads=[padding] * 4)
    return sums if layer.bias == "map" else graph.add("Add", [sums, graph.constant(parameters["bias"])])


def _add_activation(graph: _Graph, activation: Activation, sums: str) -> str:
    if activation is Activation.IDENTITY:
        return sums
    if activation is Activation.LOG_SOFTMAX:
        return graph.add("LogSoftmax", [sums], axis=1)
    if activation is Activation.SQUASH:
        curve = graph.add("Tanh", [graph.add("Mul", [sums, graph.constant(np.float32(SQUASH_SLOPE))])])
        return graph.add("Mul", [curve, graph.constant(np.float32(SQUASH_AMPLITUDE))])
    return graph.add(_ACTIVATION_OPERATORS[activation], [sums])
