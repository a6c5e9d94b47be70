"""Architecture diagrams, drawn from a description alone, in the style of Fig. 2 of [LeCun98].

A map is a plane in proportion to its rows and columns, the maps of a stage are stacked; units of full connections are
strips.
Between stages the receptive field of one unit is drawn; below are the operations and the exact counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from lenet.architecture import (
    Activation,
    AveragePooling,
    Convolution,
    EuclideanRbf,
    FullConnection,
    GlobalAveragePooling,
    MaxPooling,
    Network,
    Shape,
    Stage,
    Subsampling,
)
from lenet.errors import DataError
from lenet.figures.folder import FigureFolder, check_format
from lenet.figures.shapes import StageShape, stage_shape, unit_count
from lenet.figures.sheet import DARK, LIGHT, Sheet, Theme, text_width, wrap
from lenet.summary import NetworkSummary, summarize
from lenet.summary.counts import kernels, window
from lenet.summary.tables import shape_text

_TEXT = 8.0
_MARGIN, _GAP, _SPACING = 0.12, 0.22, 0.09  # inches: around the sheet, between shapes, between texts
_MAX_WIDTH = 8.2
"""Inches within which labels may take two lines; beyond, three narrower ones."""
_INPUT_SIDE = 1.0


def draw_diagram(network: Network, folder: FigureFolder) -> Path:
    """Draw the network's diagram with shapes, parameters and connections as ``diagram``; no weights are needed.

    Raises:
        MissingExtra: if matplotlib is not installed.
    """
    return folder.save(diagram(network, folder.theme), "diagram", dpi=300)


def write_diagram(network: Network, path: str | Path, *, dark: bool = False, dpi: int = 300) -> Path:
    """Draw the diagram into a file, in the format of its suffix.

    Raises:
        DataError: if the file's name has none.
        UnknownName: if the format is another than PNG and SVG.
        MissingExtra: if matplotlib is not installed.
    """
    path = Path(path)
    if not path.suffix:
        raise DataError(f"{path}: expected a file's name that ends in .png or .svg")
    check_format(path.suffix.removeprefix("."))
    return diagram(network, DARK if dark else LIGHT).save(path, dpi)


def diagram(network: Network, theme: Theme = LIGHT) -> Sheet:
    """The diagram as a sheet."""
    summary = summarize(network)
    columns = _columns(network, summary, lines=2)
    if columns[-1].right > _MAX_WIDTH:
        columns = _columns(network, summary, lines=3)
    totals = f"{summary.parameters:,} parameters · {summary.connections:,} connections"
    right = max(
        columns[-1].right, _MARGIN + text_width(network.name, 13, bold=True) + 0.3 + text_width(totals, 10, bold=True)
    )
    width = right + _MARGIN
    subtitle = _wrapped_evenly(network.description, width - 2 * _MARGIN)
    labels_y = 0.5 + 0.15 * len(subtitle)
    planes_y = labels_y + 0.14 * max(len(column.label) for column in columns) + 0.02
    tallest = max(column.shape.size[1] for column in columns)
    kinds_y = planes_y + tallest + 0.22
    counts_y = kinds_y + 0.135 * max(len(column.kind) for column in columns)
    sheet = Sheet(width, counts_y + 0.62, theme)

    sheet.text(_MARGIN, 0.36, network.name, 13, bold=True)
    sheet.text(right, 0.36, totals, 10, align="right", bold=True)
    for index, line in enumerate(subtitle):
        sheet.text(_MARGIN, 0.54 + 0.15 * index, line, _TEXT, theme.muted)
    for column in columns:
        for index, line in enumerate(column.label):
            label_y = labels_y + 0.14 * (index + 1)
            sheet.text(column.middle, label_y, line, _TEXT, align="center", bold=index == 0)
        column.shape.draw(sheet, column.left, planes_y + 0.06 + (tallest - column.shape.size[1]) / 2)
    if network.input[0] == 1:
        _draw_digit(sheet, columns[0], planes_y + 0.06, tallest)
    for index, (left_column, right_column) in enumerate(pairwise(columns)):
        _connect(sheet, network, index, left_column, right_column, planes_y + 0.06, tallest)
        for row, line in enumerate(right_column.kind):
            color = theme.ink if row < right_column.name_lines else theme.muted
            sheet.text(right_column.kind_middle, kinds_y + 0.135 * row, line, _TEXT, color, "center")
    _draw_counts(sheet, summary, columns, counts_y, right)
    return sheet


@dataclass
class _Column:
    """Layout of a stage: its shape, its texts and their horizontal positions."""

    shape: StageShape
    label: list[str]
    kind: list[str]
    name_lines: int
    """Number of lines of ``kind`` that name it; the others are its numbers."""
    counts_width: float
    """The width of the longest count below."""
    middle: float = 0.0
    """Of the shape, the label and the counts."""
    kind_middle: float = 0.0
    """Of the text ``kind``, between this shape and the one before."""

    @property
    def label_width(self) -> float:
        widest = max(text_width(line, _TEXT, bold=index == 0) for index, line in enumerate(self.label))
        return max(widest, self.counts_width)

    @property
    def kind_width(self) -> float:
        return max((text_width(line, _TEXT) for line in self.kind), default=0.0)

    @property
    def left(self) -> float:
        return self.middle - self.shape.size[0] / 2

    @property
    def right(self) -> float:
        return self.middle + max(self.shape.size[0], self.label_width) / 2


def _columns(network: Network, summary: NetworkSummary, lines: int) -> list[_Column]:
    """Lay out the columns, as close as their shapes, labels and kinds of connection allow."""
    pixel_size = min(_INPUT_SIDE / max(network.input[1:]), 0.055)
    max_units = max(unit_count(shape) for shape in network.output_shapes)
    first = _Column(
        stage_shape(network.input, pixel_size, max_units, 0.0), ["Input", _size_text(network.input)], [], 0, 0.75
    )
    columns = [first]
    for stage, input_shape, counts in zip(network.stages, network.input_shapes, summary.stages, strict=True):
        output_shape = counts.output_shape
        tint = 0.42 if isinstance(stage.layer, Convolution) else 0.16
        connection_text, details = _kind(stage, input_shape)
        rows = (_activation(stage.activation), f"{counts.parameters:,}", f"{counts.connections:,}")
        counts_width = max(text_width(text, _TEXT) for text in rows)
        label = _label(stage.name, output_shape, lines)
        columns.append(
            _Column(
                stage_shape(output_shape, pixel_size, max_units, tint),
                label,
                [*connection_text, *details],
                len(connection_text),
                counts_width,
            )
        )
    first.middle = _MARGIN + max(first.shape.size[0], first.label_width) / 2
    for previous, column in pairwise(columns):
        half_width = column.shape.size[0] / 2
        edge = previous.middle + previous.shape.size[0] / 2
        column.middle = max(
            edge + _GAP + half_width,
            previous.middle + (previous.label_width + column.label_width) / 2 + _SPACING,
            _min_left(previous, column, edge) + half_width if previous.kind else 0.0,
        )
        column.kind_middle = (edge + column.left) / 2
    return columns


def _min_left(previous: _Column, column: _Column, edge: float) -> float:
    """The least left edge of a column's shape at which the text of its kind clears the previous column's."""
    kind_middle = previous.kind_middle + (previous.kind_width + column.kind_width) / 2 + _SPACING
    return 2 * kind_middle - edge


def _size_text(shape: Shape) -> str:
    return shape_text(shape).removeprefix("1@")


def _label(name: str, shape: Shape, lines: int) -> list[str]:
    name = name.upper() if len(name) == 2 and name[1].isdecimal() else "Output" if name == "output" else name
    noun = "layer" if unit_count(shape) else "feature maps"
    if name == "Output":
        return [name, shape_text(shape)]
    return [f"{name}: {noun}", shape_text(shape)] if lines == 2 else [name, noun, shape_text(shape)]


def _activation(activation: Activation) -> str:
    names = {Activation.IDENTITY: "–", Activation.RELU: "ReLU"}
    return names.get(activation, str(activation).replace("_", "-"))


def _is_fully_connected(stage: Stage, input_shape: Shape) -> bool:
    """Whether every unit is connected to every unit of the stage before, by whatever kind of layer."""
    match stage.layer:
        case Convolution() as layer:
            is_full_kernel = (layer.kernel_size, layer.kernel_size) == input_shape[1:] and layer.padding == 0
            return is_full_kernel and kernels(layer, input_shape) == layer.maps * input_shape[0]
        case FullConnection() | EuclideanRbf():
            return True
    return False


def _kind(stage: Stage, input_shape: Shape) -> tuple[list[str], list[str]]:
    """The kind of connection in the words of Fig. 2, and its numbers."""
    match stage.layer:
        case Convolution() as layer:
            size = f"{layer.kernel_size}×{layer.kernel_size}"
            if _is_fully_connected(stage, input_shape):
                return ["Full", "connection"], [f"{size} kernels"]
            details = [f"{size}, stride {layer.stride}" if layer.stride > 1 else size]
            pairs, possible = kernels(layer, input_shape), layer.maps * input_shape[0]
            return ["Convolutions"], details + ([f"{pairs} of {possible} pairs"] if pairs < possible else [])
        case Subsampling(size=side, copies=copies):
            return ["Subsampling"], [f"{side}×{side}", *([f"{copies} a map"] if copies > 1 else [])]
        case MaxPooling(size=side):
            return ["Max pooling"], [f"{side}×{side}"]
        case AveragePooling(size=side):
            return ["Average", "pooling"], [f"{side}×{side}"]
        case GlobalAveragePooling():
            return ["Mean of", "each map"], []
        case EuclideanRbf():
            return ["Gaussian", "connections"], ["fixed codes"]
    return ["Full", "connection"], []


def _connect(
    sheet: Sheet,
    network: Network,
    index: int,
    source_column: _Column,
    target_column: _Column,
    top: float,
    tallest: float,
) -> None:
    """Draw the receptive field of one unit: a patch of a plane, or the whole stage."""
    theme, stage = sheet.theme, network.stages[index]
    input_shape, output_shape = network.input_shapes[index], network.output_shapes[index]
    source_top, target_top = (top + (tallest - column.shape.size[1]) / 2 for column in (source_column, target_column))
    height_fraction = 0.3 if index % 2 == 0 else 0.68  # in turn, so that no unit hides the next patch
    row, column = (round(height_fraction * (length - 1)) for length in output_shape[1:])
    if unit_count(output_shape):
        row, column = round(0.45 * (output_shape[0] - 1)), 0
    unit_outline = target_column.shape.patch(target_column.left, target_top, row, column, 1, 1)
    if _is_fully_connected(stage, input_shape):
        upper, lower = source_column.shape.ends(source_column.left, source_top)
        field = [upper, lower]
        target = [unit_outline[0], unit_outline[3]]
    else:
        side, stride, padding = window(stage.layer, input_shape)
        rows, columns = (min(side, length) for length in input_shape[1:])
        start_row, start_column = (
            (0, 0) if unit_count(output_shape) else (row * stride - padding, column * stride - padding)
        )
        # Moved off the padding, where small planes leave no other place.
        start_row, start_column = (
            min(max(0, start), length - extent)
            for start, length, extent in zip((start_row, start_column), input_shape[1:], (rows, columns), strict=True)
        )
        patch = source_column.shape.patch(source_column.left, source_top, start_row, start_column, rows, columns)
        sheet.polygon(patch, theme.accent, opacity=0.18)
        sheet.polygon(patch, edge=theme.accent, line=0.9)
        field, target = [patch[1], patch[2]], [unit_outline[0], unit_outline[3]]
    sheet.polygon([field[0], target[0], target[1], field[1]], theme.accent, opacity=0.10)
    for start_point, end in zip(field, target, strict=True):
        sheet.polygon([start_point, end], edge=theme.accent, line=0.6)
    sheet.polygon(unit_outline, theme.accent, theme.accent, 0.6)


def _draw_digit(sheet: Sheet, column: _Column, top: float, tallest: float) -> None:
    """Draw a digit on the input, 20 of 32 rows high, as the papers place it."""
    width, height = column.shape.size
    size = 0.6 * height * 72 / 0.729  # digits are 0.729 of the type size high
    y = top + tallest / 2 + 0.3 * height
    sheet.text(column.left + width / 2, y, "5", size, sheet.theme.ink, "center", above=False)


def _draw_counts(sheet: Sheet, summary: NetworkSummary, columns: Sequence[_Column], y: float, right: float) -> None:
    theme = sheet.theme
    sheet.line([(_MARGIN, y - 0.02), (right, y - 0.02)])
    rows = [
        ("activation", [_activation(stage.activation) for stage in summary.network.stages]),
        ("parameters", [f"{stage.parameters:,}" for stage in summary.stages]),
        ("connections", [f"{stage.connections:,}" for stage in summary.stages]),
    ]
    for index, (heading, texts) in enumerate(rows):
        base = y + 0.15 + 0.16 * index
        sheet.text(_MARGIN, base, heading, _TEXT, theme.muted)
        for column, text in zip(columns[1:], texts, strict=True):
            sheet.text(column.middle, base, text, _TEXT, align="center")


def _wrapped_evenly(text: str, width: float) -> list[str]:
    """Balanced line wrapping: as few lines as fit, of about equal length."""
    lines = wrap(text, width, _TEXT) if text else []
    while len(lines) > 1 and len(narrower := wrap(text, width := 0.97 * width, _TEXT)) == len(lines):
        lines = narrower
    return lines
