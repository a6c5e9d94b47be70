"""One figure for each feature map, in gray with pixel axes, as tutorials show them."""

from __future__ import annotations

from pathlib import Path

from lenet.figures.folder import FigureFolder
from lenet.figures.panels import Array
from lenet.figures.sheet import Sheet, Theme, range_text
from lenet.figures.stages import ForwardPass, chained_names

_SIDE, _LEFT, _TOP, _TICK = 3.6, 0.6, 0.8, 0.05
_DENSE_TICKS = 10
"""Maps of fewer rows have a number at every pixel, others at every fifth."""


def draw_each_map(forward_pass: ForwardPass, folder: FigureFolder, *, chained: bool = False) -> list[Path]:
    """Draw each map of the pass into a file ``LeNet_STAGE_NUMBER``, from 1; black is its minimum, white its maximum.

    Args:
        chained: as `draw_maps` takes it.

    Returns:
        The paths written; stages whose maps are single units have none.
    """
    names = chained_names(forward_pass.outputs) if chained else {}
    paths = []
    for item in forward_pass.outputs:
        if item.values.shape[1:] == (1, 1):
            continue
        for number, values in enumerate(item.values, start=1):
            title = f"LeNet_{names.get(item.key, item.key)}_{number}"
            paths.append(folder.save(_sheet(values, title, folder.theme), title, dpi=100))
    return paths


def _sheet(values: Array, title: str, theme: Theme) -> Sheet:
    rows, columns = values.shape
    pixel = _SIDE / max(rows, columns)
    width, height = columns * pixel, rows * pixel
    sheet = Sheet(_LEFT + width + 0.3, _TOP + height + 0.45, theme)
    sheet.text(_LEFT + width / 2, 0.4, title, 12, align="center", bold=True)
    sheet.text(_LEFT + width / 2, 0.62, f"black to white: {range_text(values)}", 8, theme.muted, "center")
    sheet.picture(values, _LEFT, _TOP, width, height, theme.grays)
    for column in range(0, columns, 1 if columns < _DENSE_TICKS else 5):
        x, below = _LEFT + (column + 0.5) * pixel, _TOP + height
        sheet.line([(x, below), (x, below + _TICK)], theme.ink)
        sheet.text(x, below + 0.22, str(column), 8, align="center")
    for row in range(0, rows, 1 if rows < _DENSE_TICKS else 5):
        y = _TOP + (row + 0.5) * pixel
        sheet.line([(_LEFT - _TICK, y), (_LEFT, y)], theme.ink)
        sheet.text(_LEFT - 0.1, y, str(row), 8, align="right", vertical="center")
    return sheet
