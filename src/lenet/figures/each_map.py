"""One figure for each feature map, in gray with pixel axes, as tutorials show them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lenet.architecture import Network
from lenet.figures.folder import figure_folder
from lenet.figures.panels import Array
from lenet.figures.sheet import DARK, LIGHT, Format, Sheet, Theme, range_text
from lenet.figures.stages import chained_names, run_stages

_SIDE, _LEFT, _TOP, _TICK = 3.6, 0.6, 0.8, 0.05
_DENSE_TICKS = 10
"""Maps of fewer rows have a number at every pixel, others at every fifth."""


def draw_each_map(
    network: Network,
    arrays: Mapping[str, Array],
    inputs: Array,
    directory: str | Path,
    *,
    chained: bool = False,
    format: Format = "png",
    dark: bool = False,
    dpi: int = 100,
) -> list[Path]:
    """Draw each map of the pass into a file ``LeNet_STAGE_NUMBER``, from 1; black is its minimum, white its maximum.

    Args:
        network, arrays, inputs, directory, chained, format, dark, dpi: as `draw_maps` takes them.

    Returns:
        The paths written; stages whose maps are single units have none.

    Raises:
        What `draw_maps` raises.
    """
    folder, theme = figure_folder(directory, format), DARK if dark else LIGHT
    outputs = run_stages(network, arrays, inputs)
    names = chained_names(outputs) if chained else {}
    paths = []
    for item in outputs:
        if item.values.shape[1:] == (1, 1):
            continue
        for number, values in enumerate(item.values, start=1):
            title = f"LeNet_{names.get(item.key, item.key)}_{number}"
            paths.append(_sheet(values, title, theme).save(folder / f"{title}.{format}", dpi))
    return paths


def _sheet(values: Array, title: str, theme: Theme) -> Sheet:
    rows, columns = values.shape
    pixel = _SIDE / max(rows, columns)
    width, height = columns * pixel, rows * pixel
    sheet = Sheet(_LEFT + width + 0.3, _TOP + height + 0.45, theme)
    sheet.text(_LEFT + width / 2, 0.4, title, 12, align="center", bold=True)
    sheet.text(_LEFT + width / 2, 0.62, f"black to white: {range_text(values)}", 8, theme.muted, "center")
    low, high = float(values.min()), float(values.max())
    sheet.picture(values, _LEFT, _TOP, width, height, theme.grays, (low, high if high > low else low + 1))
    for column in range(0, columns, 1 if columns < _DENSE_TICKS else 5):
        x, below = _LEFT + (column + 0.5) * pixel, _TOP + height
        sheet.line([(x, below), (x, below + _TICK)], theme.ink)
        sheet.text(x, below + 0.22, str(column), 8, align="center")
    for row in range(0, rows, 1 if rows < _DENSE_TICKS else 5):
        y = _TOP + (row + 0.5) * pixel
        sheet.line([(_LEFT - _TICK, y), (_LEFT, y)], theme.ink)
        sheet.text(_LEFT - 0.1, y, str(row), 8, align="right", vertical="center")
    return sheet
