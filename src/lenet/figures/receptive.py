"""One unit drawn: its receptive field on the input, the patches and kernels that it sums, and the sum in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import numpy as np

from lenet.architecture import (
    Activation,
    AveragePooling,
    EuclideanRbf,
    GlobalAveragePooling,
    MaxPooling,
    Network,
    Subsampling,
)
from lenet.connections import CODE_HEIGHT, CODE_WIDTH
from lenet.figures.folder import FigureFolder
from lenet.figures.page import MARGIN, heading, page_top
from lenet.figures.panels import Array, color_scale, grid_columns, symmetric_range, to_rows
from lenet.figures.sheet import Sheet, Theme, text_width, value_text
from lenet.figures.stages import FORMULAS, ForwardPass, draw_input
from lenet.figures.units import Term, Unit, explain_unit

_INPUT, _BETWEEN, _TEXT = 2.1, 0.55, 8.5
_MAX_TERMS = 16
_MAX_NUMBERED = 8
"""Up to so many terms are drawn large, with a number in each cell: as many maps as a unit of the 1989 network sees."""

_MAX_ROWS = 3
"""Numbered terms stand in one column up to so many, then in two."""


def draw_receptive_field(forward_pass: ForwardPass, stage: str, position: Sequence[int], folder: FigureFolder) -> Path:
    """Draw one unit's receptive field and sum, as ``unit_STAGE_MAP_ROW_COLUMN``.

    The input with the unit's receptive field outlined; each of its input maps (by the connection table)
    with the patch outlined, the patch, its kernel, and what both add to the sum; the sum, and the unit's value.

    Args:
        stage, position: as `find_unit` takes them.

    Raises:
        UnknownName: if the network has no such stage.
        DataError: if the stage has no such unit.
    """
    unit = explain_unit(forward_pass, stage, position)
    return folder.save(_sheet(forward_pass.network, forward_pass.values, unit, folder.theme), unit.file_name)


def _sheet(network: Network, values: Array, unit: Unit, theme: Theme) -> Sheet:
    part = _Vector(unit) if unit.source.shape[1:] == (1, 1) else _Patches(unit)
    lines = _sum_lines(unit, part)
    source_width = max(
        2.1, max(text_width(text, _TEXT, True) + text_width(number, _TEXT, True) + 0.25 for text, number in lines)
    )
    map_width = 1.35 if unit.has_map else 0.0
    input_height = _INPUT * values.shape[1] / values.shape[2] + 0.5
    right_height = 0.19 * len(lines) + (
        map_width * unit.maps.shape[1] / unit.maps.shape[2] + 0.75 if map_width else 0.3
    )
    width = 2 * MARGIN + _INPUT + part.size[0] + source_width + 2 * _BETWEEN
    title = f"{unit.stage.name} · {_place_text(unit)}"
    subtitle = f"{network.name}, {_subtitle(network, unit)}"
    top = page_top(subtitle, width) + 0.12
    sheet = Sheet(width, top + max(input_height, part.size[1], right_height) + 0.35, theme)
    heading(sheet, title, subtitle)
    _draw_field(sheet, network, values, unit, top)
    part.draw(sheet, MARGIN + _INPUT + _BETWEEN, top)
    _draw_sum(sheet, unit, lines, MARGIN + _INPUT + part.size[0] + 2 * _BETWEEN, top, source_width, map_width)
    return sheet


def _place_text(unit: Unit) -> str:
    number, row, column = unit.position
    return f"the unit of map {number} in row {row}, column {column}" if unit.has_map else f"unit {number}"


def _subtitle(network: Network, unit: Unit) -> str:
    top, left, bottom, right = unit.field
    count, available = len(unit.terms), len(unit.source)
    field = (
        f"{bottom - top}×{right - left} pixels of the input reach it: rows {top}–{bottom - 1}, "
        f"columns {left}–{right - 1}"
    )
    if unit.source.shape[1:] == (1, 1):
        return f"{field}; it sees all {available} units of {unit.source_name}"
    if unit.source_name == "input":
        return field
    extent = "all" if count == available else f"{count} of"
    maps = f"{extent} {available} maps" if available > 1 else "the map"
    return f"{field}; it sees {maps} of {unit.source_name}"


def _draw_field(sheet: Sheet, network: Network, values: Array, unit: Unit, y: float) -> None:
    height, width = values.shape[1:]
    pixel = _INPUT / width
    draw_input(sheet, network, values, MARGIN, y, _INPUT)
    top, left, bottom, right = unit.field
    box = (MARGIN + left * pixel, y + top * pixel, (right - left) * pixel, (bottom - top) * pixel)
    sheet.box(*box, edge=sheet.theme.accent, line=2.2)
    below = y + height * pixel
    sheet.text(MARGIN, below + 0.2, "input", _TEXT, bold=True)
    sheet.text(MARGIN + _INPUT, below + 0.2, f"field {bottom - top}×{right - left}", _TEXT, sheet.theme.accent, "right")


class _Patches:
    """The maps that a unit sees, one beside the other patch, kernel and product; the ones that matter most if many."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        ordered = sorted(unit.terms, key=lambda term: -abs(term.sum))[:_MAX_TERMS]
        self.shown: list[Term] = sorted(ordered, key=lambda term: term.map)
        self.numbered = len(self.shown) <= _MAX_NUMBERED and max(unit.terms[0].patch.shape) <= 5
        count = len(self.shown)
        if self.numbered:
            self.rows = count if count <= _MAX_ROWS else ceil(count / 2)
        else:
            self.rows = ceil(count / ceil(count / (4 if count <= 8 else 6)))
        self.side = 1.62 if self.numbered else 0.8
        self.map_side = 1.62 if self.numbered else 0.95
        self.source_width = 0.0 if unit.source_name == "input" and len(unit.source) == 1 else self.map_side + 0.2
        self.kernel = unit.terms[0].kernel is not None
        self.sums = max(text_width(f"= {value_text(term.sum)}", _TEXT, True) for term in self.shown)

    @property
    def cell(self) -> tuple[float, float]:
        kernel = self.side + 0.28 if self.kernel else 0.0
        return self.source_width + self.side + kernel + 0.1 + self.sums, self.map_side + 0.34

    @property
    def size(self) -> tuple[float, float]:
        width, height = self.cell
        columns = ceil(len(self.shown) / self.rows)
        return columns * width + (columns - 1) * 0.45, self.rows * height

    def draw(self, sheet: Sheet, x: float, y: float) -> None:
        width, height = self.cell
        kernels = [term.kernel for term in self.unit.terms if term.kernel is not None]
        value_range = symmetric_range(np.stack(kernels)) if kernels else (-1.0, 1.0)
        for index, term in enumerate(self.shown):
            column, row = divmod(index, self.rows)
            self._draw_term(sheet, term, x + column * (width + 0.45), y + row * height, value_range)

    def _draw_term(self, sheet: Sheet, term: Term, x: float, y: float, value_range: tuple[float, float]) -> None:
        theme, values = sheet.theme, self.unit.source[term.map]
        photograph = self.unit.source_name == "input" and len(self.unit.source) == 3
        colors = theme.grays if photograph else theme.sequential
        scale = (float(values.min()), float(values.max()))
        if self.source_width:
            self._draw_map(sheet, term, x, y, colors)
        middle, x = y + self.map_side / 2, x + self.source_width
        self._draw_cells(sheet, term.patch, x, y, colors, scale)
        x += self.side
        if term.kernel is not None:
            sheet.text(x + 0.14, middle, "·", 13, align="center", bold=True, vertical="center")
            self._draw_cells(sheet, term.kernel, x + 0.28, y, theme.signed, value_range)
            x += 0.28 + self.side
        sheet.text(x + 0.1, middle, f"= {value_text(term.sum)}", _TEXT, bold=True, vertical="center")

    def _draw_map(self, sheet: Sheet, term: Term, x: float, y: float, colors: tuple[str, ...]) -> None:
        """The whole map with the patch outlined, as far as it lies on the map."""
        values = self.unit.source[term.map]
        height, width = values.shape
        pixel = self.map_side / width
        sheet.picture(values, x, y, self.map_side, height * pixel, colors)
        top, left, bottom, right = (
            min(max(0, edge), length) for edge, length in zip(term.box, (height, width) * 2, strict=True)
        )
        corner = (x + left * pixel, y + top * pixel)
        sheet.box(*corner, (right - left) * pixel, (bottom - top) * pixel, edge=sheet.theme.accent, line=1.6)
        sheet.text(x, y + height * pixel + 0.16, _map_name(self.unit, term), 8, bold=True)

    def _draw_cells(
        self, sheet: Sheet, values: Array, x: float, y: float, colors: tuple[str, ...], value_range: tuple[float, float]
    ) -> None:
        side = self.side / max(values.shape)
        if self.numbered:
            side = min(side, 0.5)
        y += (self.map_side - side * values.shape[0]) / 2
        x += (self.side - side * values.shape[1]) / 2
        sheet.cells(values, x, y, side, colors, value_range)
        if self.numbered:
            sheet.numbers(values, x, y, side, colors, value_range, 6 if side < 0.4 else 7)

    @property
    def rest(self) -> list[Term]:
        shown_maps = {term.map for term in self.shown}
        return [term for term in self.unit.terms if term.map not in shown_maps]


class _Vector:
    """Units before a full connection or an RBF: their values, the weights, and what comes of the two, in one order."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        count = len(unit.terms)
        self.columns = CODE_WIDTH if count == CODE_WIDTH * CODE_HEIGHT else grid_columns(count, 20)
        self.rows = ceil(count / self.columns)
        self.side = min(0.24, 2.6 / self.columns, 2.9 / self.rows)
        self.width = max(self.columns * self.side, 1.5)

    @property
    def size(self) -> tuple[float, float]:
        return 3 * self.width + 2 * 0.35, 0.25 + self.rows * self.side + 0.55

    def draw(self, sheet: Sheet, x: float, y: float) -> None:
        unit, rbf = self.unit, isinstance(self.unit.stage.layer, EuclideanRbf)
        values = unit.source.reshape(-1)
        weights = np.array(
            [0.0 if term.kernel is None else float(term.kernel[0, 0]) for term in unit.terms], np.float32
        )
        results = np.array([term.sum for term in unit.terms], np.float32)
        texts = ("code", "squared difference") if rbf else ("weight", "product")
        grids = [(unit.source_name, values), (texts[0], weights), (texts[1], results)]
        for index, (name, numbers) in enumerate(grids):
            left = x + index * (self.width + 0.35)
            colors, value_range = color_scale(numbers, sheet.theme)
            sheet.text(left, y + 0.1, name, _TEXT, bold=True)
            sheet.cells(to_rows(numbers, self.columns), left, y + 0.25, self.side, colors, value_range)
            below = y + 0.25 + self.rows * self.side + 0.14
            sheet.scale(left, below, min(1.5, self.columns * self.side), colors, value_range)


def _map_name(unit: Unit, term: Term) -> str:
    if unit.source_name != "input":
        return f"map {term.map}"
    channels = {1: ("input",), 3: ("red", "green", "blue")}.get(len(unit.source))
    return channels[term.map] if channels else f"channel {term.map}"


def _sum_lines(unit: Unit, part: _Patches | _Vector) -> list[tuple[str, str]]:
    """Terms of a unit's sum, and the sum, as (words, number)."""
    layer, activation = unit.stage.layer, unit.stage.activation
    if isinstance(part, _Patches) and not isinstance(layer, MaxPooling):
        terms = [(_map_name(unit, term), term.sum) for term in part.shown]
        if part.rest:
            terms.append((f"the other {len(part.rest)} maps", sum(term.sum for term in part.rest)))
    else:
        terms = _largest(unit)
    lines = [(name, value_text(number)) for name, number in terms]
    if unit.bias is not None:
        lines.append(("bias", value_text(unit.bias)))
    labels = {
        MaxPooling: "the largest",
        AveragePooling: "the mean",
        GlobalAveragePooling: "the mean",
        EuclideanRbf: "squared distance",
    }
    lines.append((labels.get(type(layer), "sum a"), value_text(unit.sum)))
    if activation is not Activation.IDENTITY:
        lines.append((FORMULAS[activation], value_text(unit.value)))
    if isinstance(layer, Subsampling) and unit.terms[0].kernel is not None:
        coefficient = value_text(float(unit.terms[0].kernel[0, 0]))
        lines[0] = (f"coefficient {coefficient} · sum of {unit.terms[0].patch.size}", lines[0][1])
    return lines


def _largest(unit: Unit) -> list[tuple[str, float]]:
    """The terms of a vector that matter most, and the rest in one."""
    if isinstance(unit.stage.layer, MaxPooling):
        return []
    ordered = sorted(unit.terms, key=lambda term: -abs(term.sum))
    top_terms, remaining = ordered[:8], ordered[8:]
    lines = [(f"unit {term.map}", term.sum) for term in top_terms]
    return lines + ([(f"the other {len(remaining)} units", sum(term.sum for term in remaining))] if remaining else [])


def _draw_sum(
    sheet: Sheet, unit: Unit, lines: Sequence[tuple[str, str]], x: float, y: float, width: float, map_width: float
) -> None:
    theme = sheet.theme
    results = 2 if unit.stage.activation is not Activation.IDENTITY else 1
    y += 0.1
    for index, (label, number) in enumerate(lines):
        result = index >= len(lines) - results
        if index == len(lines) - results and index:
            sheet.line([(x, y - 0.125), (x + width, y - 0.125)], theme.muted, 0.8)
            y += 0.05
        last = index == len(lines) - 1
        color = theme.accent if last else theme.ink
        sheet.text(x, y, label, _TEXT, color, bold=result)
        sheet.text(x + width, y, number, _TEXT, color, "right", result)
        y += 0.19
    if map_width:
        map_index, row, column = unit.position
        values = unit.maps[map_index]
        pixel, y = map_width / values.shape[1], y + 0.15
        sheet.picture(values, x, y, map_width, values.shape[0] * pixel, theme.sequential)
        sheet.box(x + column * pixel, y + row * pixel, pixel, pixel, edge=theme.accent, line=1.8)
        below = y + values.shape[0] * pixel + 0.18
        sheet.text(x, below, f"map {map_index} of {unit.stage.name}", 8, bold=True)
