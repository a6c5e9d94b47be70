"""Strip figure of a forward pass: input, each stage's output, answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from pathlib import Path

import numpy as np

from lenet.architecture import Network
from lenet.connections import CODE_WIDTH
from lenet.figures.folder import FigureFolder
from lenet.figures.panels import color_scale, to_rows
from lenet.figures.sheet import Sheet, Theme, text_width
from lenet.figures.stages import ForwardPass, StageOutput, answer_bars, draw_input, is_code
from lenet.summary.tables import shape_text

_MARGIN, _TOP, _HEIGHT, _GAP = 0.3, 0.42, 1.75, 0.34
_FONT_SIZE = 9.0
_LINE_SPACING = 1.2
"""Line pitch in font sizes: no two names touch."""


def draw_strip(forward_pass: ForwardPass, folder: FigureFolder) -> Path:
    """Draw a forward pass from input to answer as ``strip``, wide and low."""
    return folder.save(strip(forward_pass, folder.theme), "strip")


def strip(forward_pass: ForwardPass, theme: Theme) -> Sheet:
    """Lay out the strip of a forward pass."""
    network, outputs, names = forward_pass.network, forward_pass.outputs, forward_pass.class_names
    final = [item for item, next_item in pairwise(outputs) if next_item.stage is not item.stage]
    blocks = [_Block(network, item) for item in final]
    font_size = _bar_text(names)
    bar_pitch = max(_HEIGHT / max(len(names), 6), _LINE_SPACING * font_size / 72)
    _, bars = answer_bars(forward_pass, width=1.75, step=bar_pitch, text=font_size)
    bars = replace(bars, notes=())  # room for the bars
    answer = names[forward_pass.predicted_class]
    size = min(86.0, 86.0 * 1.5 / text_width(answer, 86, bold=True))
    widths = [block.width for block in blocks]
    width = 2 * _MARGIN + sum(widths) + bars.size[0] + text_width(answer, size, True) + _GAP * (len(blocks) + 1)
    bottom = _TOP + max(_HEIGHT, bars.size[1])
    sheet = Sheet(width, bottom + 0.62, theme)
    x, center_y = _MARGIN, (_TOP + bottom) / 2
    for block in blocks:
        block.draw(sheet, x, center_y, bottom)
        x += block.width + _GAP
        _arrow(sheet, x - _GAP / 2, center_y)
    bars.draw(sheet, x, center_y - bars.size[1] / 2)
    rule = ["penalties, the smallest wins"] if network.smallest_wins else []
    _label(sheet, [*_lines(outputs[-1])[: 2 - len(rule)], *rule], x + bars.size[0] / 2, bottom)
    x += bars.size[0] + _GAP
    sheet.text(x, center_y, answer, size, theme.accent, bold=True, vertical="center")
    return sheet


@dataclass(frozen=True)
class _Block:
    """A stage's maps in a grid, or its units in columns."""

    network: Network
    item: StageOutput

    @property
    def _grid(self) -> tuple[int, int, float]:
        """Rows, columns and the side of a map or unit with the gap after it."""
        maps, height, _ = self.item.values.shape
        if self._is_vector:
            columns = CODE_WIDTH if is_code(self.network, self.item) else max(1, round((0.55 * maps) ** 0.5))
            rows = ceil(maps / columns)
            return rows, columns, min(_HEIGHT / rows, 0.15)
        if maps == 1:
            return 1, 1, _HEIGHT
        columns = ceil(maps / max(2, ceil((1.3 * maps) ** 0.5)))
        rows = max(2, ceil(maps / columns))
        height_fraction = max(0.62, (height / self.network.input[1]) ** 0.3)
        return rows, columns, _HEIGHT * height_fraction / rows

    @property
    def _is_vector(self) -> bool:
        return self.item.values.shape[1:] == (1, 1)

    @property
    def _is_color(self) -> bool:
        return self.item.stage is None and len(self.item.values) == 3

    @property
    def width(self) -> float:
        _, columns, side = self._grid
        grid_width = _HEIGHT if self._is_color else columns * side
        return max(
            grid_width, *(text_width(line, _FONT_SIZE, index == 0) for index, line in enumerate(_lines(self.item)))
        )

    def draw(self, sheet: Sheet, x: float, middle: float, bottom: float) -> None:
        rows, columns, side = self._grid
        values, theme = self.item.values, sheet.theme
        _label(sheet, _lines(self.item), x + self.width / 2, bottom)
        if self.item.stage is None:
            height = _HEIGHT * values.shape[1] / values.shape[2]
            draw_input(sheet, self.network, values, x + (self.width - _HEIGHT) / 2, middle - height / 2, _HEIGHT)
            return
        x, y = x + (self.width - columns * side) / 2, middle - rows * side / 2
        if self._is_vector:
            sheet.cells(to_rows(values.reshape(-1), columns), x, y, side, *color_scale(values, theme))
            return
        for index, map_values in enumerate(values):
            row, column = divmod(index, columns)
            map_width = side - min(0.05, 0.12 * side)
            map_height = map_width * map_values.shape[0] / map_values.shape[1]
            sheet.picture(map_values, x + column * side, y + row * side, map_width, map_height, theme.sequential)


def _lines(item: StageOutput) -> list[str]:
    name = "input" if item.stage is None else item.stage.name
    maps, height, width = item.values.shape
    return [name, shape_text((maps, height, width)).removeprefix("1@")]


def _label(sheet: Sheet, lines: Sequence[str], middle: float, bottom: float) -> None:
    for index, line in enumerate(lines):
        color = sheet.theme.ink if index == 0 else sheet.theme.muted
        sheet.text(middle, bottom + 0.24 + 0.18 * index, line, _FONT_SIZE, color, "center", index == 0)


def _bar_text(names: Sequence[str]) -> float:
    return 7.5 if len(names) <= 11 else float(np.clip(7.5 * 11 / len(names), 4, 7.5))


def _arrow(sheet: Sheet, x: float, y: float) -> None:
    sheet.line([(x - 0.035, y - 0.07), (x + 0.035, y), (x - 0.035, y + 0.07)], sheet.theme.muted, 1.3)
