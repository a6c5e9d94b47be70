"""Space displacement: replication of a network along a wide field [LeCun98, VII, Fig. 23 and 25].

A unit that sees a whole 32×32 picture is, over a wider field, one column of a map: full connections become convolutions
and everything before them stays as it is. The columns stand as far apart as the strides before them multiply to, 4
pixels in LeNet-5, and each is exactly what the network gives for the window that it looks at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lenet import engine
from lenet.architecture import Convolution, EuclideanRbf, FullConnection, Layer, Network, Shape, Stage
from lenet.connections import CHARACTER_CODES, DIGIT_CODES
from lenet.errors import ArchitectureError
from lenet.model import Model
from lenet.networks import describe
from lenet.preprocess import GrayLevels
from lenet.summary import summarize

Array = NDArray[np.float32]

BLANK = 10
"""The class of a window whose center no digit holds; its code is the space, 84 times -1."""
CLASSES = 11

_BATCH_SIZE = 100  # fields a forward pass: the maps of all stages are in memory together


def network_with_blank() -> Network:
    """LeNet-5 with an eleventh output, the blank.

    >>> network_with_blank().classes
    11
    """
    network = describe("lenet-5")
    output = Stage("output", EuclideanRbf((*DIGIT_CODES, CHARACTER_CODES[" "])))
    return replace(
        network,
        name="lenet-5-sdnn",
        stages=(*network.stages[:-1], output),
        source="[LeCun98, VII]",
        description="LeNet-5 with an output for the blank between digits, to be slid over a string",
        deviations=(*network.deviations, "the code of the blank is not printed; it is the space of Fig. 3"),
    )


def widened(network: Network, width: int) -> Network:
    """Widen the network to a field of ``width`` columns, up to the stage before its output units.

    Args:
        network: its last stage is an `EuclideanRbf`; whatever sees a whole map is fully connected.
        width: of the field in pixels, at least that of the network's own input.

    Returns:
        Same stages and parameters; full connections are convolutions. The last stage gives (84, 1, columns).

    Raises:
        ArchitectureError: if the network cannot be widened, or not to this width, so that columns would be lost.

    >>> widened(network_with_blank(), 64).output_shapes[-1]
    (84, 1, 9)
    """
    channels, height, native_width = network.input
    if not isinstance(network.stages[-1].layer, EuclideanRbf):
        raise ArchitectureError(f"{network.name} does not end in distances to codes, and cannot be slid over a field")
    stages = [
        replace(stage, layer=_convolution(stage.layer, input_shape))
        for stage, input_shape in zip(network.stages[:-1], network.input_shapes, strict=False)
    ]
    stride = total_stride(network)
    if width < native_width or (width - native_width) % stride:
        raise ArchitectureError(
            f"{network.name}: a field of {width} pixels is no {native_width} and a multiple of {stride}"
        )
    return replace(network, name=f"{network.name}-{width}", input=(channels, height, width), stages=tuple(stages))


def widened_arrays(network: Network, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The weights of `network` as its `widened` form has them: the same numbers, full connections as kernels."""
    shapes = widened(network, network.input[2]).parameter_shapes()
    return {name: np.ascontiguousarray(array.reshape(shapes[name])) for name, array in arrays.items()}


def connections(network: Network, width: int) -> int:
    """Uses of a weight or bias in one pass over a field of ``width`` pixels, those of the output units included.

    >>> connections(describe("lenet-5"), 64), 9 * connections(describe("lenet-5"), 32)
    (1206156, 3068172)
    """
    wide_network = widened(network, width)
    units, _, columns = wide_network.output_shapes[-1]
    return summarize(wide_network).connections + columns * network.classes * units


def total_stride(network: Network) -> int:
    """Total stride in pixels between neighboring columns: the product of all strides.

    >>> total_stride(describe("lenet-5"))
    4
    """
    stride = 1
    for stage, input_shape, _ in network.stages_with_shapes:
        output_shape = stage.layer.output_shape(input_shape)
        if output_shape[1:] == (1, 1):
            break
        stride *= getattr(stage.layer, "size", getattr(stage.layer, "stride", 1))
    return stride


@dataclass(frozen=True, eq=False)
class Columns:
    """Outputs of a replicated network at each column of some fields.

    Attributes:
        codes: float32 (N, columns, 84), F6.
        penalties: float32 (N, columns, classes), squared distances of the codes to those of the classes.
        centers: float32 (columns,), the pixel column in the middle of what each column sees.
    """

    codes: Array
    penalties: Array
    centers: Array


class Displacement:
    """A network applied at every position of fields of any width.

    Args:
        model: of a network that `widened` takes.
        phases: in how many positions the field is shown, 1, 2 or 4: with 2 the columns stand 2 pixels apart.

    Raises:
        ArchitectureError: as `widened`, or if the phases do not share the step between columns evenly.
    """

    def __init__(self, model: Model, phases: int = 1) -> None:
        self.network, self.phases = model.network, phases
        self.total_stride = total_stride(self.network)
        if phases < 1 or self.total_stride % phases:
            raise ArchitectureError(
                f"{phases} phases do not share the {self.total_stride} pixels between columns evenly"
            )
        self._arrays = widened_arrays(self.network, model.parameters)
        self._forwards: dict[int, engine.Forward] = {}

    @cached_property
    def _prototypes(self) -> Array:
        layer = self.network.stages[-1].layer
        assert isinstance(layer, EuclideanRbf)
        return np.array(layer.prototypes, np.float32)

    def columns(self, fields: GrayLevels) -> Columns:
        """Slide the network over fields.

        Args:
            fields: uint8 (N, height, width), ink-high; background is added at the right for a whole last column.

        Returns:
            Columns from left to right.
        """
        fields = self._pad_to_columns(fields)
        column_stride = self.total_stride // self.phases
        shifts = [phase * column_stride for phase in range(self.phases)]  # to the left, with background at the right
        parts = [self._codes(np.pad(fields[:, :, shift:], ((0, 0), (0, 0), (0, shift)))) for shift in shifts]
        codes = np.stack(parts, axis=2).reshape(len(fields), len(parts) * parts[0].shape[1], parts[0].shape[2])
        center = (self.network.input[2] - 1) / 2
        centers = center + column_stride * np.arange(codes.shape[1], dtype=np.float32)
        return Columns(codes, distances(codes, self._prototypes), centers)

    def maps(self, field: GrayLevels) -> dict[str, Array]:
        """Feature maps of every stage of the widened network for one field, uint8 (height, width), each (maps, …)."""
        padded = self._pad_to_columns(field[None])
        return {name: array[0] for name, array in self._forward_for(padded.shape[2]).activations(padded).items()}

    def _pad_to_columns(self, fields: GrayLevels) -> GrayLevels:
        native_width = self.network.input[2]
        padding = max(native_width - fields.shape[2], (native_width - fields.shape[2]) % self.total_stride)
        return np.pad(fields, ((0, 0), (0, 0), (0, padding)))

    def _codes(self, fields: GrayLevels) -> Array:
        """F6 along the fields, (N, columns, 84)."""
        forward = self._forward_for(fields.shape[2])
        batches = range(0, max(len(fields), 1), _BATCH_SIZE)  # of no field an empty one, whose shape is right
        parts = [list(forward.activations(fields[start : start + _BATCH_SIZE]).values())[-1] for start in batches]
        return np.concatenate(parts)[:, :, 0].transpose(0, 2, 1)

    def _forward_for(self, width: int) -> engine.Forward:
        if width not in self._forwards:
            self._forwards[width] = engine.Forward(widened(self.network, width), self._arrays)
        return self._forwards[width]


def distances(codes: Array, prototypes: Array) -> Array:
    """Squared distances of codes (…, 84) to prototypes (classes, 84): (…, classes) [LeCun98, eq. 7]."""
    squared_norms: Array = np.square(codes).sum(axis=-1, keepdims=True) + np.square(prototypes).sum(axis=1)
    return squared_norms - 2 * codes @ prototypes.T


def _convolution(layer: Layer, input_shape: Shape) -> Layer:
    """The layer itself, or the convolution whose kernels hold a whole map at the network's own width."""
    if not isinstance(layer, FullConnection):
        return layer
    _, height, width = input_shape
    if height != width:
        raise ArchitectureError(f"maps of {height}×{width} are not square, so that no kernel holds them")
    return Convolution(layer.units, kernel_size=height)
