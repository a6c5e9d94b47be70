"""Import of ONNX files whose graph is a LeNet, without any package of ONNX: the network, and its arrays in order.

The graph must be a straight line of layers that lenet has, however a program writes them: a full connection as ``Gemm``
or as ``MatMul`` and ``Add``, a flattening as ``Flatten`` or ``Reshape``. What is computed with shapes is passed over.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
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
    MaxPooling,
    Network,
    Stage,
    Subsampling,
)
from lenet.checkpoints.arrays import FLOATS, MAX_BYTES, Array, check_kinds, decode, read_bytes
from lenet.checkpoints.description import MEMBER, Description, parse_description
from lenet.checkpoints.protobuf import Message
from lenet.errors import WeightsError, printable

_ELEMENT_TYPES = {1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64",
          16: "bfloat16"}  # fmt: skip
_SHAPE_OPERATIONS = {"Constant", "Shape", "Gather", "Unsqueeze", "Concat", "Slice", "Cast", "ConstantOfShape"}
_IDENTITY_OPERATIONS = {"Flatten", "Reshape", "Squeeze", "Unsqueeze", "Identity", "Dropout"}
_STAGE_PREFIXES = {Convolution: "conv", FullConnection: "fc", MaxPooling: "pool", AveragePooling: "pool",
          GlobalAveragePooling: "gap", EuclideanRbf: "rbf"}  # fmt: skip
"""How the names of stages begin; their number follows."""

_ACTIVATIONS = {"Relu": Activation.RELU, "Sigmoid": Activation.SIGMOID, "LogSoftmax": Activation.LOG_SOFTMAX}


@dataclass(frozen=True)
class Graph:
    """A network as a graph describes it, and its arrays in the order of its stages.

    ``input_range`` is what 0 and 255 become in a graph that takes bytes; None where it takes the network's input.
    ``description`` is what lenet has written beside the graph; empty in files of other programs.
    """

    network: Network
    arrays: list[tuple[str, Array]]
    input_range: tuple[float, float] | None = None
    description: Description = field(default_factory=Description)


def read(path: Path) -> Graph:
    """The network and the arrays of an ONNX file, and of the file beside it that may hold its numbers.

    Raises:
        WeightsError: if the file is damaged, or its graph is no LeNet; the text names no path.
        ArchitectureError: if its layers do not fit one another.
    """
    content = memoryview(read_bytes(path))
    try:
        model = Message(content)
        if len(graphs := model.messages(7)) != 1:
            raise WeightsError("is no ONNX model: it has no graph")
        graph = _GraphReader(path, graphs[0]).graph()
        return replace(graph, description=_read_embedded_description(model))
    except WeightsError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, UnicodeDecodeError, OverflowError) as error:
        if type(error).__module__ != "builtins":  # a child of LeNetError
            raise
        raise WeightsError(f"is damaged ({type(error).__name__})") from None


@dataclass(frozen=True)
class _Node:
    """An operation: what it is called, what it takes and gives, and its attributes."""

    kind: str
    inputs: list[str]
    output: str
    attributes: dict[str, Message]

    @classmethod
    def of(cls, message: Message) -> "_Node":
        attributes = {attribute.text(1): attribute for attribute in message.messages(5)}
        return cls(message.text(4), message.texts(1), message.text(2), attributes)

    def integers(self, name: str, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """An attribute of one or more whole numbers."""
        if name not in self.attributes:
            return default
        attribute = self.attributes[name]
        return attribute.integers(8) or attribute.integers(3) or (0,)

    def number(self, name: str, default: float) -> float:
        """An attribute of one number."""
        values = self.attributes[name].blobs(2) if name in self.attributes else []
        return float(np.frombuffer(values[0], "<f4")[0]) if values else default

    def text(self, name: str, default: str) -> str:
        """An attribute of one text."""
        return self.attributes[name].text(4) if name in self.attributes else default


class _GraphReader:
    """Conversion of a graph's nodes into stages, from its input to its output."""

    def __init__(self, path: Path, graph: Message) -> None:
        self._path = path
        self._constants = {message.text(8): message for message in graph.messages(5)}
        self._nodes = list(map(_Node.of, graph.messages(1)))
        for node in self._nodes:
            if node.kind == "Constant" and "value" in node.attributes:
                self._constants[node.output] = node.attributes["value"].messages(5)[0]
        inputs = [message for message in graph.messages(11) if message.text(1) not in self._constants]
        if len(inputs) != 1:
            raise WeightsError(f"its graph takes {len(inputs):,} inputs, expected one, the picture")
        self._current_value, self._input = inputs[0].text(1), _input_shape(inputs[0])
        self._stages: list[Stage] = []
        self._arrays: list[tuple[str, Array]] = []
        self._tanh_factor: float | None = None  # before a tanh
        self._padding: tuple[int, float] | None = None  # before a convolution
        self._is_after_softmax = False  # after a softmax
        self._byte_scale, self._byte_offset = 1.0, 0.0  # of bytes, before the first layer
        self._takes_bytes = False

    def graph(self) -> Graph:
        for node in self._nodes:
            if self._current_value in node.inputs and node.kind != "Shape":
                if self._is_after_softmax and node.kind not in _IDENTITY_OPERATIONS:
                    raise _unsupported(node.kind, "after its softmax")
                self._add_node(node)
                self._current_value = node.output
            elif node.kind not in _SHAPE_OPERATIONS:
                raise _unsupported(node.kind, "beside the line")
        if self._tanh_factor is not None or self._padding is not None or not self._stages:
            raise WeightsError("its graph ends within a layer")
        network = Network("lenet-onnx", self._input, tuple(self._stages), source="the graph of an ONNX file")
        background, ink = (float(f"{self._byte_offset + level * self._byte_scale:.7g}") for level in (0, 255))
        return Graph(network, self._arrays, (background, ink) if self._takes_bytes else None)

    def _add_node(self, node: _Node) -> None:
        handlers: dict[str, Callable[[_Node], None]] = {
            "Conv": self._convolution, "Gemm": self._full_connection, "MatMul": self._full_connection, "Add": self._add,
            "Mul": self._multiply, "Pad": self._pad, "Gather": self._repeat_maps, "Sub": self._prototypes,
            "Tanh": self._tanh,
        }  # fmt: skip
        if not self._stages and (node.kind == "Cast" or (self._takes_bytes and node.kind in ("Mul", "Add"))):
            self._scale_bytes(node)
        elif node.kind in handlers:
            handlers[node.kind](node)
        elif node.kind in _ACTIVATIONS:
            self._activate(_ACTIVATIONS[node.kind], node.kind)
        elif node.kind in ("MaxPool", "AveragePool"):
            self._pool(node)
        elif node.kind == "GlobalAveragePool":
            self._append_stage(GlobalAveragePooling())
        elif node.kind == "Softmax":
            self._is_after_softmax = True  # lenet makes probabilities of logits by itself
        elif node.kind == "ReduceSum" and self._stages and isinstance(self._stages[-1].layer, EuclideanRbf):
            pass
        elif node.kind not in _IDENTITY_OPERATIONS:
            raise _unsupported(node.kind)

    def _scale_bytes(self, node: _Node) -> None:
        """Gray levels or colors to the network's input range: a cast, a factor, and an offset."""
        if node.kind == "Cast":
            self._takes_bytes = True
            return
        value = self._float_array(self._other_input(node))
        if value.size != 1:
            raise _unsupported(node.kind, "before its first layer")
        if node.kind == "Mul":
            self._byte_scale *= float(value.item())
            self._byte_offset *= float(value.item())
        else:
            self._byte_offset += float(value.item())

    def _append_stage(self, layer: Any, **arrays: Array) -> None:
        kind = _STAGE_PREFIXES[type(layer)]
        name = f"{kind}{1 + sum(stage.name.startswith(kind) for stage in self._stages)}"
        self._stages.append(Stage(name, layer))
        self._arrays += [(f"{name}.{key}", array) for key, array in arrays.items()]

    def _replace_layer(self, layer: Any) -> None:
        self._stages[-1] = replace(self._stages[-1], layer=layer)

    def _activate(self, activation: Activation, kind: str) -> None:
        if not self._stages or self._stages[-1].activation is not Activation.IDENTITY:
            raise _unsupported(kind, "where no layer is")
        self._stages[-1] = replace(self._stages[-1], activation=activation)

    def _convolution(self, node: _Node) -> None:
        weight = self._float_array(node.inputs[1])
        maps, _, side, other = weight.shape
        strides, pads = node.integers("strides", (1, 1)), node.integers("pads", (0,) * 4)
        is_supported = (
            side == other
            and len(set(strides)) == len(set(pads)) == 1
            and set(node.integers("dilations", (1,))) == {1}
            and node.integers("group", (1,)) == (1,)
            and node.text("auto_pad", "NOTSET") in ("NOTSET", "VALID")
        )
        if not is_supported:
            raise WeightsError(f"its convolution {printable(node.output)[:60]} is not square, or dilated, or grouped")
        padding, value = (pads[0], 0.0) if self._padding is None else self._padding
        self._padding = None
        connected: NDArray[np.bool_] = np.any(weight != 0, axis=(2, 3))
        table = None if connected.all() else tuple(tuple(np.flatnonzero(row).tolist()) for row in connected)
        layer = Convolution(maps, side, strides[0], padding, value, table)
        kernels = weight if table is None else weight[connected]
        biases = {"bias": self._float_array(node.inputs[2])} if len(node.inputs) > 2 else {}
        self._append_stage(layer, weight=kernels, **biases)

    def _full_connection(self, node: _Node) -> None:
        weight = self._float_array(node.inputs[1])
        if node.kind == "MatMul" or not node.integers("transB", (0,))[0]:
            weight = weight.T
        if (
            weight.ndim != 2
            or node.integers("transA", (0,))[0]
            or node.number("alpha", 1) != 1
            or node.number("beta", 1) != 1
        ):
            raise WeightsError(f"its full connection {printable(node.output)[:60]} is scaled or transposed")
        biases = {"bias": self._float_array(node.inputs[2]).reshape(-1)} if len(node.inputs) > 2 else {}
        self._append_stage(FullConnection(len(weight)), weight=np.ascontiguousarray(weight), **biases)

    def _pool(self, node: _Node) -> None:
        size = node.integers("kernel_shape")
        if len({*size, *node.integers("strides", (1, 1))}) != 1 or any(node.integers("pads", (0,))):
            raise WeightsError(f"its pooling {printable(node.output)[:60]} overlaps, is padded, or is not square")
        self._append_stage((MaxPooling if node.kind == "MaxPool" else AveragePooling)(size[0]))

    def _add(self, node: _Node) -> None:
        """A bias, for each map, unit, or coefficient."""
        bias, stage = self._float_array(self._other_input(node)), self._last_stage("Add")
        if self._arrays[-1:] and self._arrays[-1][0] == f"{stage.name}.bias":
            raise _unsupported("Add", "after a bias")
        if isinstance(stage.layer, Convolution) and bias.ndim >= 3 and bias.shape[-1] > 1:
            self._replace_layer(replace(stage.layer, bias="unit"))
            bias = bias.reshape(bias.shape[-3:])
        elif isinstance(stage.layer, Convolution | Subsampling | FullConnection):
            bias = bias.reshape(-1)
        else:
            raise _unsupported("Add", f"after a {stage.kind.replace('_', ' ')}")
        self._arrays.append((f"{stage.name}.bias", bias))

    def _multiply(self, node: _Node) -> None:
        """The coefficients of sub-sampling, a factor of the squash, or the square of a distance."""
        stage = self._last_stage("Mul")
        if node.inputs == [self._current_value] * 2 and isinstance(stage.layer, EuclideanRbf):
            return
        factors = self._float_array(self._other_input(node)).reshape(-1)
        if isinstance(stage.layer, AveragePooling) and stage.activation is Activation.IDENTITY and len(factors) > 1:
            self._coefficients(stage.layer.size, 1, factors)
        elif isinstance(stage.layer, Subsampling) and self._arrays[-1][0] != f"{stage.name}.bias" and len(factors) > 1:
            self._arrays.pop()
            self._coefficients(stage.layer.size, stage.layer.copies, factors)
        elif len(factors) != 1:
            raise _unsupported("Mul", f"after a {stage.kind.replace('_', ' ')}")
        elif self._tanh_factor is None and stage.activation is Activation.IDENTITY:
            self._tanh_factor = float(factors[0])
        elif stage.activation is Activation.TANH and _is_squash(self._tanh_factor, factors[0]):
            self._stages[-1], self._tanh_factor = replace(stage, activation=Activation.SQUASH), None
        else:
            raise _unsupported("Mul", "out of place")

    def _coefficients(self, size: int, copies: int, factors: Array) -> None:
        self._replace_layer(Subsampling(size, copies))
        self._arrays.append((f"{self._stages[-1].name}.coefficient", factors / np.float32(size * size)))

    def _repeat_maps(self, node: _Node) -> None:
        """The maps of a pooling, each several times: what sub-sampling with copies begins with."""
        stage, indices = self._last_stage("Gather"), self._integer_array(node.inputs[1])
        count = int(indices.max(initial=0)) + 1
        copies = len(indices) // count
        if not isinstance(stage.layer, AveragePooling) or not np.array_equal(indices, np.arange(count).repeat(copies)):
            raise _unsupported("Gather")
        self._replace_layer(Subsampling(stage.layer.size, copies))
        self._arrays.append((f"{stage.name}.coefficient", np.ones(len(indices), np.float32)))

    def _pad(self, node: _Node) -> None:
        sides = self._integer_array(node.inputs[1])
        if len(sides) != 8 or sides[[0, 1, 4, 5]].any() or len(set(sides[[2, 3, 6, 7]].tolist())) != 1:
            raise _unsupported("Pad", "with other sides")
        value = float(self._float_array(node.inputs[2]).reshape(-1)[0]) if len(node.inputs) > 2 else 0.0
        self._padding = (int(sides[2]), value)

    def _prototypes(self, node: _Node) -> None:
        prototypes = self._float_array(node.inputs[1])
        if node.inputs[0] != self._current_value or prototypes.ndim != 2 or (prototypes != np.rint(prototypes)).any():
            raise _unsupported("Sub")
        self._append_stage(EuclideanRbf(tuple(map(tuple, prototypes.astype(int).tolist()))))

    def _tanh(self, node: _Node) -> None:
        if self._tanh_factor is not None and not math.isclose(self._tanh_factor, SQUASH_SLOPE, rel_tol=1e-5):
            raise _unsupported("Tanh", "of other slope")
        self._activate(Activation.TANH, "Tanh")

    def _last_stage(self, kind: str) -> Stage:
        if not self._stages:
            raise _unsupported(kind, "of the input")
        return self._stages[-1]

    def _other_input(self, node: _Node) -> str:
        return next((name for name in node.inputs if name != self._current_value), self._current_value)

    def _float_array(self, name: str) -> Array:
        kind, shape, content = self._tensor(name)
        check_kinds({printable(name)[:60]: (kind, shape)})
        numbers = decode(content, kind)
        if len(numbers) != math.prod(shape):
            raise WeightsError(
                f"is damaged: {printable(name)[:60]} claims {math.prod(shape):,} numbers, holds {len(numbers):,}"
            )
        return numbers.reshape(shape)

    def _integer_array(self, name: str) -> NDArray[np.int64]:
        kind, _, content = self._tensor(name)
        if kind != "int64" or len(content) > 1 << 16:
            raise WeightsError(f"its graph holds {kind} numbers where int64 are expected")
        return np.frombuffer(content, "<i8")

    def _tensor(self, name: str) -> tuple[str, tuple[int, ...], memoryview | bytes]:
        """The kind, shape and bytes of a constant."""
        if name not in self._constants:
            raise WeightsError(
                f"its graph needs {printable(name)[:60]!r}, which is no constant of it: it is no straight line"
            )
        message = self._constants[name]
        kind, shape = _ELEMENT_TYPES.get(message.integer(2), "unknown"), message.integers(1)
        if any(size < 0 for size in shape):
            raise WeightsError("is damaged: an array has a negative size")
        if message.integer(14) == 1:
            return kind, shape, self._external_data(message, kind, shape)
        for number in (9, 4 if kind == "float32" else 10):  # raw, or as floats or doubles
            if values := message.blobs(number):
                return kind, shape, values[0] if len(values) == 1 else b"".join(values)
        if kind == "int64":
            return kind, shape, np.array(message.integers(7), np.int64).tobytes()
        return kind, shape, b""

    def _external_data(self, message: Message, kind: str, shape: tuple[int, ...]) -> bytes:
        """Numbers that lie in a file of their own beside this one, as torch.onnx.export writes them."""
        entries = {entry.text(1): entry.text(2) for entry in message.messages(13)}
        location = entries.get("location", "")
        if not location or Path(location).name != location:
            raise WeightsError(
                f"keeps its numbers in {printable(location)[:80]!r}, expected the name of a file beside it"
            )
        size = math.prod(shape) * (np.dtype(FLOATS[kind]).itemsize if kind in FLOATS else 8)
        start, path = int(entries.get("offset", "0")), self._path.with_name(location)
        if not path.is_file():
            raise WeightsError(f"keeps its numbers in {printable(location)[:80]}, which is not beside it")
        if size > MAX_BYTES or start < 0 or start + size > path.stat().st_size:
            raise WeightsError(f"is damaged: {printable(location)[:80]} does not hold all of its numbers")
        with path.open("rb") as file:
            file.seek(start)
            return file.read(size)


def _read_embedded_description(model: Message) -> Description:
    """The description among a model's properties; empty if it has none."""
    for entry in model.messages(14):
        if entry.text(1) == MEMBER:
            return parse_description(entry.text(2))
    return Description()


def _is_squash(slope: float | None, amplitude: float) -> bool:
    if slope is None:
        return False
    return math.isclose(slope, SQUASH_SLOPE, rel_tol=1e-5) and math.isclose(amplitude, SQUASH_AMPLITUDE, rel_tol=1e-5)


def _unsupported(kind: str, context: str = "") -> WeightsError:
    suffix = f" {context}" if context else ""
    return WeightsError(
        f"its graph has a {printable(kind)[:40]}{suffix}, expected a LeNet's straight line of convolutions, poolings, "
        "full connections and their activations"
    )


def _input_shape(message: Message) -> tuple[int, int, int]:
    """(channels, height, width) of a graph's input, whose first dimension is the batch; gray pictures may lack one."""
    tensor = message.messages(2)[0].messages(1)[0]
    sizes = [dimension.integer(1) for dimension in tensor.messages(2)[0].messages(1)]
    sizes = [sizes[0], 1, *sizes[1:]] if len(sizes) == 3 else sizes
    if len(sizes) != 4 or min(sizes[1:]) < 1 or max(sizes[1:]) > 1 << 12:
        raise WeightsError("its graph takes no pictures of a fixed size, (batch, channels, height, width)")
    return sizes[1], sizes[2], sizes[3]
