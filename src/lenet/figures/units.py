"""The computation of one unit: receptive field, terms of its sum, and output.

A unit is named by its stage and its index, (map, row, column), or (unit,) where a stage has no maps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lenet.architecture import (
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
from lenet.boxes import Box
from lenet.errors import DataError, UnknownName
from lenet.figures.panels import Array
from lenet.figures.stages import ForwardPass
from lenet.summary.counts import window


@dataclass(frozen=True)
class Term:
    """The contribution of one input map to a unit: the patch, the kernel, and their sum of products.

    Attributes:
        map: its index among the maps of the stage before.
        box: the patch's position in it, beyond the edges with padding.
        patch: float32 (rows, columns).
        kernel: the same shape; None where nothing is multiplied, as in max pooling.
        sum: the products added up; of max pooling the largest value.
    """

    map: int
    box: Box
    patch: Array
    kernel: Array | None
    sum: float


@dataclass(frozen=True)
class Unit:
    """A unit, its inputs, its sum and its output.

    Attributes:
        position: (map, row, column).
        field: the pixels of the input that reach it.
        source: float32 (maps, height, width), the output of the stage before.
        source_name: of the stage before; ``"input"``.
        terms: one for each input map.
        bias: None where there is none.
        sum: before the activation.
        value: after it.
    """

    stage: Stage
    position: tuple[int, int, int]
    field: Box
    source: Array
    source_name: str
    terms: tuple[Term, ...]
    bias: float | None
    sum: float
    value: float
    maps: Array
    """The output of the stage, (maps, height, width)."""

    @property
    def has_map(self) -> bool:
        """Whether it is one of a map, with a row and a column in it."""
        return self.maps.shape[1:] != (1, 1)

    @property
    def file_name(self) -> str:
        """``unit_STAGE_MAP_ROW_COLUMN``, or ``unit_STAGE_NUMBER``."""
        numbers = self.position if self.has_map else self.position[:1]
        return "_".join(["unit", self.stage.name, *map(str, numbers)])


def explain_unit(forward_pass: ForwardPass, stage: str, position: Sequence[int]) -> Unit:
    """Compute the unit ``position`` of a stage, with its terms, as `find_unit` takes both.

    Raises:
        UnknownName: if there is no such stage.
        DataError: if the stage has no such unit.
    """
    network, arrays = forward_pass.network, forward_pass.arrays
    index, position = find_unit(network, stage, position)
    layer_stage = network.stages[index]
    outputs = {item.key: item.values for item in forward_pass.outputs}
    keys = list(outputs)
    source, sums = outputs[keys[keys.index(layer_stage.name) - 1]], outputs[layer_stage.name]
    values = outputs.get(f"{layer_stage.name}_{layer_stage.activation}", sums)
    biases = arrays.get(f"{layer_stage.name}.bias")
    return Unit(
        stage=layer_stage,
        position=position,
        field=receptive_field(network, index, position),
        source=source,
        source_name=network.stages[index - 1].name if index else "input",
        terms=tuple(_terms(layer_stage, arrays, source, position)),
        bias=None if biases is None else float(biases[position] if biases.ndim == 3 else biases[position[0]]),
        sum=float(sums[position]),
        value=float(values[position]),
        maps=values,
    )


def find_unit(network: Network, stage: str, position: Sequence[int]) -> tuple[int, tuple[int, int, int]]:
    """The index of a stage and the full index of a unit in it.

    Args:
        network: the description.
        stage: the stage's name, in small or capital letters.
        position: (map, row, column), or (unit,) in a stage without maps.

    Raises:
        UnknownName: if there is no such stage.
        DataError: if the stage has no such unit.

    >>> from lenet.networks import describe
    >>> find_unit(describe("lenet-5"), "F6", (17,))
    (5, (17, 0, 0))
    """
    names = {item.name.lower(): index for index, item in enumerate(network.stages)}
    index = names.get(stage.lower())
    if index is None:
        raise UnknownName(f"stage of {network.name}", stage, [item.name for item in network.stages])
    shape, text = network.output_shapes[index], ",".join(map(str, position))
    flat = shape[1:] == (1, 1)
    if flat and len(position) == 1:
        position = (*position, 0, 0)
    if len(position) != 3 or not all(
        0 <= coordinate < length for coordinate, length in zip(position, shape, strict=True)
    ):
        maps, height, width = (length - 1 for length in shape)
        accepted = f"one number, 0 to {maps}" if flat else f"map 0 to {maps}, row 0 to {height}, column 0 to {width}"
        name = network.stages[index].name
        raise DataError(f"{network.name} has no unit {name}:{text}; expected {accepted}")
    return index, (position[0], position[1], position[2])


def receptive_field(network: Network, index: int, position: tuple[int, int, int]) -> Box:
    """The pixels of the input that reach a unit of stage ``index``, without the padding.

    >>> from lenet.networks import describe
    >>> receptive_field(describe("lenet-5"), 2, (5, 4, 7))
    (8, 14, 22, 28)
    """
    _, row, column = position
    extents = [(row, row + 1), (column, column + 1)]
    for stage, input_shape in zip(network.stages[index::-1], network.input_shapes[index::-1], strict=True):
        if isinstance(stage.layer, FullConnection | EuclideanRbf | GlobalAveragePooling):
            extents = [(0, length) for length in input_shape[1:]]
            continue
        side, stride, padding = window(stage.layer, input_shape)
        extents = [
            (max(0, start * stride - padding), min(length, (end - 1) * stride - padding + side))
            for (start, end), length in zip(extents, input_shape[1:], strict=True)
        ]
    (top, bottom), (left, right) = extents
    return top, left, bottom, right


def _terms(stage: Stage, arrays: Mapping[str, Array], source: Array, position: tuple[int, int, int]) -> Iterator[Term]:
    out_map, row, column = position
    maps, height, width = source.shape
    side, stride, padding = window(stage.layer, (maps, height, width))
    top, left = row * stride - padding, column * stride - padding
    box, map_bounds = (top, left, top + side, left + side), (0, 0, height, width)
    match stage.layer:
        case Convolution() as layer:
            table, weight = layer.connected_maps(maps), arrays[f"{stage.name}.weight"]
            first = sum(map(len, table[:out_map]))
            kernels = weight[out_map] if layer.table is None else weight[first : first + len(table[out_map])]
            pad_width = ((0, 0), (padding, padding), (padding, padding))
            padded = np.pad(source, pad_width, constant_values=layer.padding_value)
            for number, kernel in zip(table[out_map], kernels, strict=True):
                patch = padded[number, row * stride : row * stride + side, column * stride : column * stride + side]
                yield Term(number, box, patch, kernel, _product(patch, kernel))
        case Subsampling() as sampling:
            patch = source[out_map // sampling.copies, top : top + side, left : left + side]
            kernel = np.full_like(patch, arrays[f"{stage.name}.coefficient"][out_map])
            yield Term(out_map // sampling.copies, box, patch, kernel, _product(patch, kernel))
        case MaxPooling():
            patch = source[out_map, top : top + side, left : left + side]
            yield Term(out_map, box, patch, None, float(patch.max()))
        case AveragePooling():
            patch = source[out_map, top : top + side, left : left + side]
            yield _mean(out_map, box, patch)
        case GlobalAveragePooling():
            yield _mean(out_map, map_bounds, source[out_map])
        case FullConnection():
            for number, kernel in enumerate(arrays[f"{stage.name}.weight"][out_map].reshape(source.shape)):
                yield Term(number, map_bounds, source[number], kernel, _product(source[number], kernel))
        case EuclideanRbf(prototypes=codes):
            for number, kernel in enumerate(np.array(codes[out_map], np.float32).reshape(source.shape)):
                squares = np.square(source[number].astype(np.float64) - kernel)
                yield Term(number, map_bounds, source[number], kernel, float(squares.sum()))


def _mean(out: int, box: Box, patch: Array) -> Term:
    return Term(out, box, patch, np.full_like(patch, 1 / patch.size), float(patch.mean(dtype=np.float64)))


def _product(patch: Array, kernel: Array) -> float:
    return float((patch.astype(np.float64) * kernel).sum())
