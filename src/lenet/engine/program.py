"""Compiler of a network's description to the program that the C++ engine runs.

A program is a list of steps over buffers. A buffer holds one number for each unit of a stage, ordered (maps, rows,
columns), with the border that the next convolution needs around its maps; in the engine each number is a vector of
images. Parameters lie in one vector, every array aligned to a multiple of 16, and the rows of full connections padded
with zeros to such multiples.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    Shape,
    Stage,
    Subsampling,
)
from lenet.engine import _native
from lenet.errors import EngineError

Arrays = dict[str, NDArray[np.float32]]

_ALIGNMENT = 16
_MAX_KERNEL = 7
_TILE_IMAGES = 32  # at most: two blocks of sixteen
_MAX_COLUMNS = 64  # of a padded input whose empty columns are skipped: one bit each


@dataclass(frozen=True)
class ParameterSlice:
    """The position of an array among the parameters: rows of ``columns`` numbers from ``start`` on, ``row`` apart."""

    start: int
    shape: tuple[int, ...]
    columns: int
    row: int

    def view(self, parameters: NDArray[np.float32]) -> NDArray[np.float32]:
        """The array itself, (rows, columns), within the vector of all parameters."""
        rows = int(np.prod(self.shape)) // self.columns
        return parameters[self.start : self.start + rows * self.row].reshape(rows, self.row)[:, : self.columns]


@dataclass
class Layout:
    """A program, the positions of the named arrays among its parameters, and the buffers of the stages' outputs.

    Attributes:
        native: the program as the engine's type.
        slices: by name, in the order of ``network.parameter_shapes()``.
        size: of the vector of all parameters.
        buffers: by the names of `reference.activations`; complete only if the program keeps all activations.
    """

    native: Any
    slices: dict[str, ParameterSlice]
    size: int
    buffers: dict[str, Any]

    def pack(self, arrays: Mapping[str, NDArray[np.float32]], parameters: NDArray[np.float32]) -> None:
        """Write named arrays into the vector of all parameters, and zeros between them."""
        parameters[...] = 0
        for name, parameter_slice in self.slices.items():
            view = parameter_slice.view(parameters)
            view[...] = arrays[name].reshape(view.shape)

    def unpack(self, parameters: NDArray[np.float32]) -> Arrays:
        """Read named arrays, as copies, from the vector of all parameters."""
        return {
            name: parameter_slice.view(parameters).reshape(parameter_slice.shape).copy()
            for name, parameter_slice in self.slices.items()
        }


def compile_program(network: Network, keep_activations: bool = False, replicas: bool = False) -> Layout:
    """Compile a network to a program: steps, buffers and the layout of its parameters.

    Args:
        network: the description.
        keep_activations: give every stage separate buffers before and after its activation; slower, and not
            trainable. Else max pooling of 2×2 is fused with the convolution before it, whose maps are never stored.
        replicas: for `lenet.engine.replicas`, where lanes are networks: no two stages are fused, and a first
            convolution of one map visits inked pixels one by one, its output gradients zero-padded for its kernels.

    Raises:
        EngineError: if the engine cannot run a stage.
    """
    return _Builder(network, keep_activations, replicas).build()


@dataclass
class _Builder:
    network: Network
    keep_activations: bool
    replicas: bool = False
    steps: list[Any] = field(default_factory=list)
    table: list[int] = field(default_factory=list)
    constants: list[float] = field(default_factory=list)
    slices: dict[str, ParameterSlice] = field(default_factory=dict)
    buffers: dict[str, Any] = field(default_factory=dict)
    vectors: int = 0
    lanes: int = 0
    parameters: int = 0
    transposed: int = 0

    def build(self) -> Layout:
        program = _native.Program()
        self.program = program
        stages = list(self.network.stages)
        padding = self._input_border(0)
        inputs = self._allocate_buffer(self.network.input, padding)
        background, ink = self.network.input_range
        offset = background if self._skips_background() else 0.0
        program.set_input(inputs, padding, background, (ink - background) / 255, offset)
        self.buffers["input"] = inputs
        grad, index, trainable = self._allocate_buffer((0, 0, 0)), 0, False
        can_fuse = not self.keep_activations and not self.replicas
        fully_connected = (
            False  # whether a stage had units that span its input: from there on blocks are processed jointly
        )
        while index < len(stages):
            stage = stages[index]
            fully_connected = self._check(stage, index, fully_connected)
            fuses_pooling = can_fuse and index + 1 < len(stages) and _can_fuse(stage, stages[index + 1])
            last = index + 1 if fuses_pooling else index
            step = _native.Step()
            step.activation = getattr(_native.Activation, stage.activation.value)
            step.input, step.input_grad, step.needs_input_grad = inputs, grad, int(trainable)
            separate = self.keep_activations and stage.activation is not Activation.IDENTITY
            if separate:
                step.activation = _native.Activation.identity
            shape, border = self.network.output_shapes[last], 0 if separate else self._input_border(last + 1)
            step.output = self._allocate_buffer(shape, border)
            step.output_grad = self._allocate_buffer(shape, self._grad_border(index))
            step.sums_grad = step.output_grad
            if fuses_pooling:
                step.fused_pooling, step.max_indices = 1, self._allocate_buffer(shape, border).offset
                step.sums_grad = self._sums_grad(self.network.output_shapes[index], 2, trainable)
            elif can_fuse and (rows := self._fused_pooling_rows(index)):
                step.unpooled_step = len(self.steps) + 1
                step.sums_grad = self._sums_grad(shape, rows, trainable)
            elif self.steps and self.steps[-1].unpooled_step:
                step.unpooled_before, step.needs_input_grad = 1, 0
            self._set_layer_fields(step, stage, self.network.input_shapes[index], border)
            self.steps.append(step)
            self.buffers[stage.name] = step.output
            inputs, grad = step.output, step.output_grad
            if separate:
                inputs = self._activate_separately(stage, inputs, shape, self._input_border(last + 1))
            trainable = trainable or bool(stage.layer.parameter_shapes(self.network.input_shapes[index]))
            index = last + 1
        if max(self.vectors * _TILE_IMAGES, self.parameters) > np.iinfo(np.int32).max:
            raise EngineError(f"{self.network.name} is too large for the engine; set LENET_ENGINE to torch or numpy")
        program.steps, program.table, program.constants = self.steps, self.table or [0], self.constants or [0.0]
        program.set_sizes(self.vectors, self.lanes, self.parameters, self.transposed)
        return Layout(program, self.slices, self.parameters, self.buffers)

    def _check(self, stage: Stage, index: int, fully_connected: bool) -> bool:
        """Whether the units of this stage span its whole input, as all must after the first such stage.

        Raises:
            EngineError: if they do not, or if the engine lacks its activation there.
        """
        layer, last = stage.layer, index + 1 == len(self.network.stages)
        if stage.activation is Activation.LOG_SOFTMAX and not (
            last and self.network.output_shapes[index][1:] == (1, 1)
        ):
            raise self._engine_error(stage, "log_softmax anywhere but at the end, on single units")
        spans_input = isinstance(layer, FullConnection | EuclideanRbf) or (
            isinstance(layer, Convolution) and _spans_input(layer, self.network.input_shapes[index])
        )
        if fully_connected and not spans_input:
            raise self._engine_error(stage, f"{type(layer).__name__} after a stage that sees everything")
        return spans_input

    def _set_layer_fields(self, step: Any, stage: Stage, input_shape: Shape, border: int) -> None:
        """Set the fields that depend on the kind of the layer."""
        layer, kind = stage.layer, _native.Kind
        match layer:
            case Convolution() if _spans_input(layer, input_shape):
                self._connect_fully(step, stage, layer.maps, input_shape)
            case Convolution():
                self._convolve(step, stage, layer, input_shape)
            case FullConnection():
                self._connect_fully(step, stage, layer.units, input_shape)
            case Subsampling():
                step.kind, step.copies = kind.subsampling, layer.copies
                step.window_height = step.window_width = layer.size
                step.weight, step.lane_weight = self._summed_in_lanes(f"{stage.name}.coefficient")
                step.bias, step.lane_bias = self._summed_in_lanes(f"{stage.name}.bias")
            case MaxPooling():
                step.kind = kind.max_pooling
                step.window_height = step.window_width = layer.size
                step.max_indices = self._allocate_buffer(layer.output_shape(input_shape), border).offset
            case AveragePooling():
                step.kind = kind.average_pooling
                step.window_height = step.window_width = layer.size
            case GlobalAveragePooling():
                step.kind = kind.average_pooling
                step.window_height, step.window_width = input_shape[1:]
            case EuclideanRbf() if stage.activation is Activation.IDENTITY:
                step.kind, step.constants = kind.euclidean_rbf, len(self.constants)
                self.constants += [float(value) for prototype in layer.prototypes for value in prototype]
            case _:
                raise self._engine_error(stage, f"{type(layer).__name__} with {stage.activation}")

    def _convolve(self, step: Any, stage: Stage, layer: Convolution, input_shape: Shape) -> None:
        if layer.kernel_size > _MAX_KERNEL:
            raise self._engine_error(stage, f"kernels of {layer.kernel_size}×{layer.kernel_size}, only up to 7×7")
        if layer.stride > 2:
            raise self._engine_error(stage, f"a stride of {layer.stride}, only 1 and 2")
        step.kind = _native.Kind.convolution
        step.side, step.stride = layer.kernel_size, layer.stride
        step.padding, step.padding_value = layer.padding, layer.padding_value
        step.bias_per_unit = int(layer.bias == "unit")
        step.weight, step.lane_weight = self._summed_in_lanes(f"{stage.name}.weight")
        step.bias, step.lane_bias = self._summed_in_lanes(f"{stage.name}.bias")
        step.table = len(self.table)
        self.table += _connections(layer, input_shape[0])
        step.skips_background = int(stage is self.network.stages[0] and self._skips_background())

    def _skips_background(self) -> bool:
        """Whether the first convolution can skip regions that are empty in all pictures of a block."""
        layer, background = self.network.stages[0].layer, self.network.input_range[0]
        if self.replicas:
            return self._skips_by_pixel()
        return (
            not self.keep_activations
            and isinstance(layer, Convolution)
            and not _spans_input(layer, self.network.input)
            and self.network.input[2] + 2 * layer.padding <= _MAX_COLUMNS
            and (layer.padding == 0 or layer.padding_value == background)
            and (background == 0 or layer.bias == "map")
        )

    def _skips_by_pixel(self) -> bool:
        """Whether the first convolution of replicas visits the inked pixels of a picture one by one."""
        layers, (maps, height, width) = [stage.layer for stage in self.network.stages[:2]], self.network.input
        plane = [
            isinstance(layer, Convolution | Subsampling | MaxPooling | AveragePooling | GlobalAveragePooling)
            and not (isinstance(layer, Convolution) and _spans_input(layer, input_shape))
            for layer, input_shape in zip(layers, self.network.input_shapes, strict=False)
        ]
        first = layers[0]
        return (
            isinstance(first, Convolution)
            and maps == 1
            and max(height, width) + 2 * first.padding <= _MAX_COLUMNS
            and (first.padding == 0 or first.padding_value == self.network.input_range[0])
            and plane == [True, True]
        )

    def _grad_border(self, index: int) -> int:
        """The zero padding that a stage needs around the gradient of its output."""
        layer = self.network.stages[index].layer
        first = self.replicas and index == 0 and self._skips_by_pixel()
        return layer.kernel_size - 1 if first and isinstance(layer, Convolution) else 0

    def _connect_fully(self, step: Any, stage: Stage, units: int, input_shape: Shape) -> None:
        inputs = int(np.prod(input_shape))
        step.kind, step.weight_row = _native.Kind.full_connection, _round_up(inputs)
        name = f"{stage.name}.weight"
        step.weight = self.parameters
        self.slices[name] = ParameterSlice(step.weight, self.network.parameter_shapes()[name], inputs, step.weight_row)
        self.parameters += units * step.weight_row
        self.transposed = max(self.transposed, step.weight_row)
        step.bias, step.lane_bias = self._summed_in_lanes(f"{stage.name}.bias")

    def _sums_grad(self, sums: Shape, rows: int, needs_input_grad: bool) -> Any:
        """Allocate the gradient of sums that are pooled.

        Without an input gradient one row of windows is enough: it is used up before the next one is computed.
        """
        maps, height, width = sums
        stored_rows = height if needs_input_grad else rows
        offset = self._allocate_buffer((maps, stored_rows, width)).offset
        return _native.Maps(offset, maps, height, width, width, stored_rows * width)

    def _fused_pooling_rows(self, index: int) -> int:
        """The rows of a pooling window whose backward pass can be fused into the convolution's before it; else 0."""
        if index + 1 >= len(self.network.stages):
            return 0
        stage, next_stage = self.network.stages[index], self.network.stages[index + 1].layer
        layer, shape = stage.layer, self.network.output_shapes[index]
        if not isinstance(layer, Convolution) or _spans_input(layer, self.network.input_shapes[index]):
            return 0
        if layer.bias == "unit" or stage.activation is Activation.LOG_SOFTMAX:
            return 0
        match next_stage:
            case Subsampling(copies=1) | AveragePooling():
                return next_stage.size
            case GlobalAveragePooling():
                return shape[1]
            case _:
                return 0

    def _activate_separately(self, stage: Stage, inputs: Any, shape: Shape, border: int) -> Any:
        step = _native.Step()
        step.kind, step.activation = _native.Kind.activation, getattr(_native.Activation, stage.activation.value)
        step.input, step.output = inputs, self._allocate_buffer(shape, border)
        self.steps.append(step)
        self.buffers[f"{stage.name}_{stage.activation}"] = step.output
        return step.output

    def _input_border(self, index: int) -> int:
        """The padding that a stage needs around its input."""
        layer: Layer | None = self.network.stages[index].layer if index < len(self.network.stages) else None
        return layer.padding if isinstance(layer, Convolution) else 0

    def _allocate_buffer(self, shape: Shape, border: int = 0) -> Any:
        maps, height, width = shape
        row = width + 2 * border
        whole_map = (height + 2 * border) * row
        start = self.vectors
        self.vectors += _round_up(maps * whole_map)
        return _native.Maps(start + border * (row + 1), maps, height, width, row, whole_map)

    def _summed_in_lanes(self, name: str) -> tuple[int, int]:
        """Allocate an array among the parameters, and its gradient among those summed lane by lane."""
        shape = self.network.parameter_shapes()[name]
        start, lane, count = self.parameters, self.lanes, int(np.prod(shape))
        self.slices[name] = ParameterSlice(start, shape, count, count)
        self.parameters += _round_up(count)
        self.lanes += count
        self.program.add_lane_range(start, lane, count)
        return start, lane

    def _engine_error(self, stage: Stage, reason: str) -> EngineError:
        return EngineError(
            f"{self.network.name}: the engine cannot run {stage.name}: {reason}; set LENET_ENGINE to torch or numpy"
        )


def _can_fuse(stage: Stage, next_stage: Stage) -> bool:
    layer = stage.layer
    return (
        isinstance(layer, Convolution)
        and layer.bias == "map"
        and layer.stride == 1
        and stage.activation in (Activation.IDENTITY, Activation.RELU)
        and next_stage.layer == MaxPooling(2)
        and next_stage.activation is Activation.IDENTITY
    )


def _spans_input(layer: Convolution, input_shape: Shape) -> bool:
    return layer.table is None and not layer.padding and input_shape[1:] == (layer.kernel_size, layer.kernel_size)


def _connections(layer: Convolution, in_maps: int) -> list[int]:
    """The five lists of ``Connections`` in program.h, one after the other."""
    rows = layer.connected_maps(in_maps)
    pairs = [(out, in_map) for out, row in enumerate(rows) for in_map in row]
    start = np.cumsum([0, *map(len, rows)]).tolist()
    back = [
        [(kernel, out) for kernel, (out, input_map) in enumerate(pairs) if input_map == in_map]
        for in_map in range(in_maps)
    ]
    return [
        *start,
        *(in_map for _, in_map in pairs),
        *np.cumsum([0, *map(len, back)]).tolist(),
        *(out for row in back for _, out in row),
        *(kernel for row in back for kernel, _ in row),
    ]


def _round_up(count: int) -> int:
    return -(-count // _ALIGNMENT) * _ALIGNMENT
