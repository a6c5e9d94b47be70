"""Poster of a forward pass: its stages from left to right, the kernels and codes below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lenet.connections import CODE_WIDTH
from lenet.figures.panels import Cells, Panel, grid_columns
from lenet.figures.sheet import DARK, Sheet, Theme, range_text, text_width
from lenet.figures.stages import (
    ForwardPass,
    StageOutput,
    answer_bars,
    code_panels,
    color_panels,
    is_code,
    kernel_count,
    kernel_panels,
    maps_panel,
    prediction_text,
)

_MARGIN = 0.45
_COLUMN_GAP, _ROW_GAP = 0.5, 0.45
_MAX_KERNELS = 600


@dataclass(frozen=True)
class _Block:
    """Block of the poster: the panels of one stage under their heading."""

    item: StageOutput
    panels: list[Panel]

    @property
    def lines(self) -> list[str]:
        is_vector = self.item.values.shape[1:] == (1, 1)
        return [self.item.shape_text, range_text(self.item.values)] if is_vector else [self.item.shape_text]

    @property
    def size(self) -> tuple[float, float]:
        heading = 0.4 + 0.17 * len(self.lines)
        width = max(text_width(self.item.key, 14, bold=True), *(panel.size[0] for panel in self.panels))
        return width, heading + sum(panel.size[1] for panel in self.panels) + 0.12 * (len(self.panels) - 1)

    def draw(self, sheet: Sheet, x: float, y: float) -> None:
        sheet.text(x, y + 0.18, self.item.key, 14, bold=True)
        for index, line in enumerate(self.lines):
            sheet.text(x, y + 0.38 + 0.17 * index, line, 9, sheet.theme.muted)
        y += 0.4 + 0.17 * len(self.lines)
        for panel in self.panels:
            panel.draw(sheet, x, y)
            y += panel.size[1] + 0.12


def _columns(blocks: Sequence[_Block]) -> list[list[_Block]]:
    """Arrange blocks in columns: one in each, but units before and after their activation in one."""
    columns: list[list[_Block]] = []
    for block in blocks:
        item = block.item
        if item.activated and item.values.shape[1:] == (1, 1):
            columns[-1].append(block)
        else:
            columns.append([block])
    return columns


def poster(forward_pass: ForwardPass, theme: Theme) -> Sheet:
    """Draw a forward pass of a network."""
    network = forward_pass.network
    columns = _columns([_Block(item, _panels(forward_pass, item)) for item in forward_pass.outputs])
    widths = [max(block.size[0] for block in column) for column in columns]
    heights = [sum(block.size[1] + _ROW_GAP for block in column) - _ROW_GAP for column in columns]
    width, tallest, top = 2 * _MARGIN + sum(widths) + _COLUMN_GAP * (len(widths) - 1), max(heights), 1.6
    rows = _flow(_panels_below(forward_pass), width - 2 * _MARGIN)
    sheet = Sheet(
        width, top + tallest + sum(0.85 + max(panel.size[1] for _, panel in row) for row in rows) + 0.4, theme
    )
    predicted_class = forward_pass.class_names[forward_pass.predicted_class]
    sheet.text(_MARGIN, 0.78, f"{network.name} answers {predicted_class}", 28, bold=True)
    tone = "bright" if theme is DARK else "dark (in color channels, bright)" if network.input[0] == 3 else "dark"
    subtitle = (
        f"{prediction_text(forward_pass)}. Each map on its own scale, {tone} is high, with its true minimum "
        "and maximum below; units and kernels blue below 0, orange above"
    )
    sheet.text(_MARGIN, 1.13, subtitle[:1].upper() + subtitle[1:], 12, theme.muted)
    x = _MARGIN
    for column, block_width, height in zip(columns, widths, heights, strict=True):
        y = top + (tallest - height) / 2
        if x > _MARGIN:
            _arrow(sheet, x - _COLUMN_GAP / 2, top + tallest / 2)
        for block in column:
            block.draw(sheet, x, y)
            y += block.size[1] + _ROW_GAP
        x += block_width + _COLUMN_GAP
    y = top + tallest
    for row in rows:
        x, y = _MARGIN, y + 0.85
        sheet.line([(_MARGIN, y - 0.6), (width - _MARGIN, y - 0.6)])
        for title, panel in row:
            sheet.text(x, y - 0.2, title, 14, bold=True)
            panel.draw(sheet, x, y)
            x += _block_width(title, panel) + 0.8
        y += max(panel.size[1] for _, panel in row)
    return sheet


def _panels_below(forward_pass: ForwardPass) -> list[tuple[str, Panel]]:
    """The kernels, if they are not too many, and the codes, each with its heading."""
    return [
        *(
            (f"{stage.name} · {kernel_count(panel.layer, panel.in_maps)}", panel)
            for stage, panel in kernel_panels(forward_pass.network, forward_pass.arrays, side=0.5)
            if panel.in_maps * panel.layer.maps <= _MAX_KERNELS
        ),
        *(
            (f"{name} · beside the codes, with the squared distances", panel)
            for name, panel in code_panels(forward_pass)
        ),
    ]


def _block_width(title: str, panel: Panel) -> float:
    return max(panel.size[0], text_width(title, 14, bold=True))


def _flow(parts: Sequence[tuple[str, Panel]], width: float) -> list[list[tuple[str, Panel]]]:
    """Flow layout: panels are wrapped into rows as words are into lines."""
    rows: list[list[tuple[str, Panel]]] = []
    free_width = 0.0
    for title, panel in parts:
        if not rows or _block_width(title, panel) > free_width:
            rows.append([])
            free_width = width
        rows[-1].append((title, panel))
        free_width -= _block_width(title, panel) + 0.8
    return rows


def _arrow(sheet: Sheet, x: float, y: float) -> None:
    sheet.line([(x - 0.05, y - 0.1), (x + 0.05, y), (x - 0.05, y + 0.1)], sheet.theme.muted, 1.6)


def _panels(forward_pass: ForwardPass, item: StageOutput) -> list[Panel]:
    """The panels of a block, from top to bottom."""
    network, (maps, height, _) = forward_pass.network, item.values.shape
    if item is forward_pass.outputs[-1]:
        return [answer_bars(forward_pass, width=3.2, step=0.34)[1]]
    if item.values.shape[1:] == (1, 1):
        columns = CODE_WIDTH if is_code(network, item) else grid_columns(maps, 8 if maps <= 160 else 20)
        return [Cells(item.values.reshape(-1), columns, 0.24)]
    side = 1.05 if height >= 20 else 1.0
    rows = 6 if maps <= 6 else 8 if maps <= 32 else 10
    columns = -(-maps // rows)
    if item.stage is None:
        side, columns = 1.5, 1
    return [*color_panels(network, item, side), maps_panel(item, columns, side, digits=2)]
