"""Panels of figures, each with a size in inches and a method that draws it at a position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import ConnectionTable, Convolution
from lenet.connections import CODE_HEIGHT, CODE_WIDTH
from lenet.figures.sheet import Sheet, Theme, range_text, text_width, value_text

Array = NDArray[np.float32]

_TEXT = 8  # points, of captions
_GAP, _CAPTION, _BASELINE = 0.16, 0.296, 0.164  # inches between maps, below one for its caption, and to its baseline
_NUMBERS = 0.32  # inches beside units and kernels for the numbers of the rows
_MAX_KERNEL_COLUMNS = 32  # more output maps stand in several bands


class Panel(Protocol):
    """Interface of panels."""

    @property
    def size(self) -> tuple[float, float]:
        """(width, height) in inches."""
        ...

    def draw(self, sheet: Sheet, x: float, y: float) -> None:
        """Draw the panel on a sheet, its upper left corner at (x, y)."""
        ...


def grid_columns(count: int, max_columns: int) -> int:
    """The columns of a grid of ``count`` items, at most ``max_columns``, with full rows where possible.

    >>> grid_columns(6, 8), grid_columns(16, 8), grid_columns(50, 10), grid_columns(37, 20)
    (6, 8, 10, 19)
    """
    divisor_columns = max(columns for columns in range(1, max_columns + 1) if count % columns == 0)
    return divisor_columns if 2 * divisor_columns > min(max_columns, count) else ceil(count / ceil(count / max_columns))


def to_rows(values: Array, columns: int) -> Array:
    """A vector as rows of ``columns`` values, the last row filled with NaN."""
    rows = ceil(len(values) / columns)
    filled = np.full(rows * columns, np.nan, np.float32)
    filled[: len(values)] = values
    return filled.reshape(rows, columns)


def symmetric_range(values: Array) -> tuple[float, float]:
    """The symmetric range around 0 that holds all values, for signed colors."""
    limit = float(np.nanmax(np.abs(values)))
    return (-limit, limit) if limit > 0 else (-1.0, 1.0)


def color_scale(values: Array, theme: Theme) -> tuple[tuple[str, ...], tuple[float, float]]:
    """Colors of units and their range: signed ones around 0 where some are negative, else from 0 to the maximum."""
    if values.min() < 0:
        return theme.signed, symmetric_range(values)
    return theme.sequential, (0.0, float(values.max()))


@dataclass(frozen=True)
class Maps:
    """Feature maps (maps, height, width), each on its own scale, with its number and its true minimum and maximum.

    Channels of a color picture have ``names`` and are drawn as photographs are: bright is high.
    """

    values: Array
    columns: int
    side: float = 1.3
    digits: int = 3
    names: Sequence[str] = ()

    @cached_property
    def _texts(self) -> list[tuple[str, str]]:
        """The captions under each map, left and right."""
        names = self.names or [str(index) for index in range(len(self.values))]
        return [(name, range_text(values, self.digits)) for name, values in zip(names, self.values, strict=True)]

    @cached_property
    def _width(self) -> float:
        """Width of a map, or of its caption if that is wider."""
        texts = (text_width(name, _TEXT, True) + text_width(value_range, _TEXT) for name, value_range in self._texts)
        return max(self.side, max(texts) + _GAP / 2)

    @property
    def _cell(self) -> tuple[float, float, float]:
        """Width and height of a map's cell, and height of the map itself."""
        height, width = self.values.shape[1:]
        map_height = self.side * height / width
        return self._width + _GAP, map_height + _CAPTION, map_height

    @property
    def size(self) -> tuple[float, float]:
        width, height, _ = self._cell
        columns = min(self.columns, len(self.values))
        return columns * width - _GAP, ceil(len(self.values) / self.columns) * height

    def draw(self, sheet: Sheet, x: float, y: float) -> None:
        width, height, map_height = self._cell
        colors = sheet.theme.grays if self.names else sheet.theme.sequential
        for index, values in enumerate(self.values):
            row, column = divmod(index, self.columns)
            left, top = x + column * width, y + row * height
            sheet.picture(values, left, top, self.side, map_height, colors)
            below = top + map_height + _BASELINE
            name, value_range = self._texts[index]
            sheet.text(left, below, name, _TEXT, bold=True)
            sheet.text(left + self._width, below, value_range, _TEXT, sheet.theme.muted, "right")


@dataclass(frozen=True)
class ColorPicture:
    """An RGB picture (3, height, width) of values 0..1."""

    values: Array
    side: float = 1.3

    @property
    def size(self) -> tuple[float, float]:
        height, width = self.values.shape[1:]
        return self.side, self.side * height / width + _CAPTION

    def draw(self, sheet: Sheet, x: float, y: float) -> None:
        width, height = self.size
        picture_height = height - _CAPTION
        sheet.picture(self.values.transpose(1, 2, 0), x, y, width, picture_height)
        sheet.text(x, y + picture_height + _BASELINE, "color", _TEXT, bold=True)


@dataclass(frozen=True)
class Cells:
    """Units (units,) as squares on one scale that they share, numbered at the start of each row."""

    values: Array
    columns: int
    side: float = 0.42

    @property
    def size(self) -> tuple[float, float]:
        rows = ceil(len(self.values) / self.columns)
        return _NUMBERS + self.columns * self.side, rows * self.side + 0.5

    def draw(self, sheet: Sheet, x: float, y: float) -> None:
        left, grid = x + _NUMBERS, to_rows(self.values, self.columns)
        colors, span = color_scale(self.values, sheet.theme)
        sheet.cells(grid, left, y, self.side, colors, span)
        for row in range(len(grid)):
            sheet.side_label(left - 0.06, y + (row + 0.5) * self.side, str(row * self.columns), _TEXT - 1)
        bar = min(1.6, self.columns * self.side)
        below = y + len(grid) * self.side + 0.12
        sheet.scale(left, below, bar, colors, span)


@dataclass(frozen=True)
class Kernels:
    """Every kernel of a convolution: rows are input maps, columns are output maps, blank where there is no connection.

    ``weight`` is as in weights files: (kernels, side, side) with a table, else (maps, input maps, side, side).
    All share one scale around 0.
    """

    layer: Convolution
    in_maps: int
    weight: Array
    side: float = 0.42

    @property
    def _columns(self) -> int:
        maps = self.layer.maps
        return maps if maps <= _MAX_KERNEL_COLUMNS else grid_columns(maps, _MAX_KERNEL_COLUMNS)

    @property
    def _bands(self) -> int:
        return ceil(self.layer.maps / self._columns)

    @property
    def _band_height(self) -> float:
        return 0.224 + self.in_maps * self.side + 0.08

    @property
    def size(self) -> tuple[float, float]:
        return _NUMBERS + self._columns * self.side, self._bands * self._band_height + 0.42

    def draw(self, sheet: Sheet, x: float, y: float) -> None:
        left = x + _NUMBERS
        table, span, muted = self.layer.connected_maps(self.in_maps), symmetric_range(self.weight), sheet.theme.muted
        kernels = iter(self.weight.reshape(-1, *self.weight.shape[-2:]))
        for band in range(self._bands):
            outputs = range(band * self._columns, min((band + 1) * self._columns, self.layer.maps))
            top = y + band * self._band_height + 0.224
            for column, output in enumerate(outputs):
                label = left + (column + 0.5) * self.side
                sheet.text(label, top - 0.05, str(output), _TEXT - 1, muted, "center")
            for row in range(self.in_maps):
                sheet.side_label(left - 0.06, top + (row + 0.5) * self.side, str(row), _TEXT - 1)
            mosaic = self._mosaic([table[output] for output in outputs], kernels)
            width, height = len(outputs) * self.side, self.in_maps * self.side
            sheet.picture(mosaic, left, top, width, height, sheet.theme.signed, span)
        sheet.scale(left, y + self.size[1] - 0.3, min(1.6, self._columns * self.side), sheet.theme.signed, span)

    def _mosaic(self, columns: list[tuple[int, ...]], kernels: Any) -> Array:
        """Mosaic of the kernels of output maps, one blank pixel between them."""
        side = self.layer.kernel_size
        pitch = side + 1
        mosaic = np.full((self.in_maps * pitch + 1, len(columns) * pitch + 1), np.nan, np.float32)
        for column, inputs in enumerate(columns):
            for row in inputs:
                mosaic[row * pitch + 1 :, column * pitch + 1 :][:side, :side] = next(kernels)
        return mosaic


@dataclass(frozen=True)
class Table:
    """A connection table as the papers print it: rows are input maps, columns are output maps, X is a connection."""

    table: ConnectionTable
    in_maps: int
    side: float = 0.34

    @property
    def size(self) -> tuple[float, float]:
        return 0.4 + len(self.table) * self.side, 0.3 + self.in_maps * self.side + 0.1

    def draw(self, sheet: Sheet, x: float, y: float) -> None:
        left, top, side = x + 0.4, y + 0.3, self.side
        right, bottom = left + len(self.table) * side, top + self.in_maps * side
        for output in range(len(self.table)):
            sheet.text(left + (output + 0.5) * side, top - 0.1, str(output), 9, align="center", bold=True)
        for row in range(self.in_maps):
            sheet.text(left - 0.14, top + (row + 0.5) * side, str(row), 9, align="right", bold=True, vertical="center")
            if row:
                sheet.line([(left, top + row * side), (right, top + row * side)], width=0.3)
        for line_y in (top, bottom):
            sheet.line([(left, line_y), (right, line_y)], sheet.theme.ink, 0.9)
        arm = 0.22 * side
        for output, inputs in enumerate(self.table):
            for row in inputs:
                center_x, center_y = left + (output + 0.5) * side, top + (row + 0.5) * side
                sheet.line([(center_x - arm, center_y - arm), (center_x + arm, center_y + arm)], sheet.theme.ink, 1.3)
                sheet.line([(center_x - arm, center_y + arm), (center_x + arm, center_y - arm)], sheet.theme.ink, 1.3)


@dataclass(frozen=True)
class Codes:
    """F6 (84,) as a 7×12 picture, large, and the character codes (classes, 84) with its squared distance to each."""

    units: Array
    codes: Array
    distances: Array
    class_names: Sequence[str]

    _LARGE = 0.26
    _SMALL = 0.115
    _SPACING = 0.215

    @property
    def size(self) -> tuple[float, float]:
        return CODE_WIDTH * self._LARGE + 0.55 + self._columns * (
            self._width + self._SPACING
        ), CODE_HEIGHT * self._LARGE + 0.55

    @property
    def _columns(self) -> int:
        return ceil(len(self.codes) / 2)

    @cached_property
    def _width(self) -> float:
        """Width of a code, or of its caption if that is wider."""
        numbers = max(text_width(value_text(float(distance)), 9, bold=True) for distance in self.distances)
        return max(
            CODE_WIDTH * self._SMALL, max(text_width(name, 9, bold=True) for name in self.class_names) + numbers + 0.1
        )

    def draw(self, sheet: Sheet, x: float, y: float) -> None:
        theme, predicted_class = sheet.theme, int(self.distances.argmin())
        top = y + 0.1
        # The codes' -1 and +1 and the units share one scale, so that what differs is seen.
        limit = max(1.0, float(np.abs(self.units).max()))
        span, shape = (-limit, limit), (CODE_HEIGHT, CODE_WIDTH)
        sheet.cells(self.units.reshape(shape), x, top, self._LARGE, theme.signed, span)
        sheet.scale(x, top + CODE_HEIGHT * self._LARGE + 0.14, CODE_WIDTH * self._LARGE, theme.signed, span)
        pitch = (CODE_HEIGHT * self._LARGE + 0.42) / 2
        for index, code in enumerate(self.codes):
            row, column = divmod(index, self._columns)
            left = x + CODE_WIDTH * self._LARGE + 0.55 + column * (self._width + self._SPACING)
            code_top = top + row * pitch
            sheet.cells(code.reshape(shape), left, code_top, self._SMALL, theme.signed, span, theme.paper)
            width, height = CODE_WIDTH * self._SMALL, CODE_HEIGHT * self._SMALL
            is_predicted = index == predicted_class
            if is_predicted:
                sheet.box(left - 0.05, code_top - 0.05, width + 0.1, height + 0.1, edge=theme.accent, line=2.0)
            color = theme.accent if is_predicted else theme.ink
            distance, base = value_text(float(self.distances[index])), code_top + height + 0.22
            sheet.text(left, base, self.class_names[index], 9, color, bold=True)
            sheet.text(left + self._width, base, distance, 9, color, "right", is_predicted)


@dataclass(frozen=True)
class Bars:
    """Bar chart of the outputs; ``texts`` follow the bars, ``notes`` are at the right margin."""

    lengths: Array
    texts: Sequence[str]
    predicted_class: int
    class_names: Sequence[str]
    notes: Sequence[str] = ()
    width: float = 6.2
    pitch: float = 0.3
    text_size: float = 9
    full_length: float = 0.0
    """The value of a full bar; 0 stands for the longest bar."""

    @property
    def _label(self) -> float:
        return 0.12 + self._widest(self.class_names)

    @property
    def size(self) -> tuple[float, float]:
        return self.width, self.pitch * len(self.lengths)

    def _widest(self, texts: Sequence[str]) -> float:
        return max(text_width(text, self.text_size, bold=True) for text in texts)

    def draw(self, sheet: Sheet, x: float, y: float) -> None:
        theme, left = sheet.theme, x + self._label
        lowest = min(0.0, float(self.lengths.min()))
        texts_width = 0.14 + self._widest(self.texts)
        notes_width = 0.2 + self._widest(self.notes) if self.notes else 0.0
        bars_width = self.width - self._label - texts_width - notes_width
        bar_scale = bars_width / ((self.full_length or max(float(self.lengths.max()), 0.0) or 1.0) - lowest)
        zero = left - lowest * bar_scale
        for index, length in enumerate(self.lengths.tolist()):
            top = y + index * self.pitch
            middle, is_predicted = top + 0.5 * self.pitch, index == self.predicted_class
            color = theme.accent if is_predicted else theme.ink
            sheet.text(
                left - 0.1, middle, self.class_names[index], self.text_size, color, "right", is_predicted, "center"
            )
            start, fill = zero + min(length, 0.0) * bar_scale, theme.accent if is_predicted else theme.quiet
            sheet.box(start, top + 0.17 * self.pitch, abs(length) * bar_scale, 0.66 * self.pitch, fill)
            end = zero + max(length, 0.0) * bar_scale
            sheet.text(end + 0.07, middle, self.texts[index], self.text_size, color, "left", is_predicted, "center")
            if self.notes:
                sheet.text(
                    x + self.width, middle, self.notes[index], self.text_size, theme.muted, "right", False, "center"
                )
        sheet.line([(zero, y), (zero, y + self.size[1])], theme.muted, 0.8)
