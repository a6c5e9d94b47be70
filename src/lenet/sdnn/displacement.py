"""A network replicated along a wide field [LeCun98, VII, Fig. 23 and 25].

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
from lenet.summary import count

Array = NDArray[np.float32]

BLANK = 10
"""The class of a window whose center no digit holds; its code is the space, 84 times -1."""
CLASSES = 11

_AT_ONCE = 100  # fields, whose maps of all stages are in memory together


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
        story="LeNet-5 with an output for the blank between digits, to be slid over a string",
        departures=(*network.departures, "the code of the blank is not printed; it is the space of Fig. 3"),
    )


def widened(network: Network, width: int) -> Network:
    """The network over a field of ``width`` columns, up to the stage before its output units.

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
    channels, height, own_width = network.input
    if not isinstance(network.stages[-1].layer, EuclideanRbf):
        raise ArchitectureError(f"{network.name} does not end in distances to codes, and cannot be slid over a field")
    stages = [
        replace(stage, layer=_convolution(stage.layer, received))
        for stage, received in zip(network.stages[:-1], network.input_shapes, strict=False)
    ]
    step = pixels_between_columns(network)
    if width < own_width or (width - own_width) % step:
        raise ArchitectureError(f"{network.name}: a field of {width} pixels is no {own_width} and a multiple of {step}")
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
    wide = widened(network, width)
    units, _, columns = wide.output_shapes[-1]
    return count(wide).connections + columns * network.classes * units


def pixels_between_columns(network: Network) -> int:
    """How far neighboring columns look apart: all strides multiplied.

    >>> pixels_between_columns(describe("lenet-5"))
    4
    """
    step = 1
    for stage, received in zip(network.stages, network.input_shapes, strict=True):
        given = stage.layer.output_shape(received)
        if given[1:] == (1, 1):
            break
        step *= getattr(stage.layer, "size", getattr(stage.layer, "stride", 1))
    return step


@dataclass(frozen=True, eq=False)
class Columns:
    """What a replicated network says along some fields.

    Attributes:
        codes: float32 (N, columns, 84), F6.
        penalties: float32 (N, columns, classes), squared distances of the codes to those of the classes.
        centers: float32 (columns,), the pixel column in the middle of what each column sees.
    """

    codes: Array
    penalties: Array
    centers: Array


class Displacement:
    """A network made ready to be slid over fields of any width.

    Args:
        model: of a network that `widened` takes.
        phases: in how many positions the field is shown, 1, 2 or 4: with 2 the columns stand 2 pixels apart.

    Raises:
        ArchitectureError: as `widened`, or if the phases do not share the step between columns evenly.
    """

    def __init__(self, model: Model, phases: int = 1) -> None:
        self.network, self.phases = model.network, phases
        self.step = pixels_between_columns(self.network)
        if phases < 1 or self.step % phases:
            raise ArchitectureError(f"{phases} phases do not share the {self.step} pixels between columns evenly")
        self._arrays = widened_arrays(self.network, model.parameters)
        self._ready: dict[int, engine.Forward] = {}

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
        fields = self._whole(fields)
        apart = self.step // self.phases
        shown = [_shifted(fields, phase * apart) for phase in range(self.phases)]
        parts = [self._codes(field) for field in shown]
        codes = np.stack(parts, axis=2).reshape(len(fields), -1, parts[0].shape[2])
        middle = (self.network.input[2] - 1) / 2
        centers = middle + apart * np.arange(codes.shape[1], dtype=np.float32)
        return Columns(codes, distances(codes, self._prototypes), centers)

    def maps(self, field: GrayLevels) -> dict[str, Array]:
        """What every stage of the widened network gives for one field, uint8 (height, width), each (maps, …)."""
        whole = self._whole(field[None])
        return {name: array[0] for name, array in self._over(whole.shape[2]).activations(whole).items()}

    def _whole(self, fields: GrayLevels) -> GrayLevels:
        narrowest = self.network.input[2]
        missing = max(narrowest - fields.shape[2], (narrowest - fields.shape[2]) % self.step)
        return np.pad(fields, ((0, 0), (0, 0), (0, missing)))

    def _codes(self, fields: GrayLevels) -> Array:
        """F6 along the fields, (N, columns, 84)."""
        over = self._over(fields.shape[2])
        name = list(over.activations(fields[:1]))[-1]
        parts = [over.activations(fields[at : at + _AT_ONCE])[name] for at in range(0, len(fields), _AT_ONCE)]
        return np.concatenate(parts)[:, :, 0].transpose(0, 2, 1)

    def _over(self, width: int) -> engine.Forward:
        if width not in self._ready:
            self._ready[width] = engine.Forward(widened(self.network, width), self._arrays)
        return self._ready[width]


def distances(codes: Array, prototypes: Array) -> Array:
    """Squared distances of codes (…, 84) to prototypes (classes, 84): (…, classes) [LeCun98, eq. 7]."""
    apart: Array = np.square(codes).sum(axis=-1, keepdims=True) + np.square(prototypes).sum(axis=1)
    return apart - 2 * codes @ prototypes.T


def _shifted(fields: GrayLevels, pixels: int) -> GrayLevels:
    """Fields moved to the left, with background at the right."""
    return np.pad(fields[:, :, pixels:], ((0, 0), (0, 0), (0, pixels)))


def _convolution(layer: Layer, received: Shape) -> Layer:
    """The layer itself, or the convolution whose kernels hold a whole map at the network's own width."""
    if not isinstance(layer, FullConnection):
        return layer
    _, height, width = received
    if height != width:
        raise ArchitectureError(f"maps of {height}×{width} are not square, so that no kernel holds them")
    return Convolution(layer.units, kernel_size=height)
