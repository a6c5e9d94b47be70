"""Figures of one forward pass: feature maps, kernels, connection tables, answers, one poster.

Hidden values are drawn as they are, on their own scale; only the input has a picture's gray levels behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lenet.architecture import Convolution, Network
from lenet.connections import CODE_WIDTH
from lenet.figures.folder import FigureFolder
from lenet.figures.page import UNBROKEN, page
from lenet.figures.panels import Cells, Panel, Table, grid_columns
from lenet.figures.poster import poster
from lenet.figures.sheet import DARK, Sheet, Theme, range_text
from lenet.figures.stages import (
    ForwardPass,
    answer_bars,
    chained_names,
    code_panels,
    color_panels,
    is_code,
    kernel_count,
    kernel_panels,
    maps_panel,
    parameters_text,
    prediction_text,
)


def draw_maps(forward_pass: ForwardPass, folder: FigureFolder, *, chained: bool = False) -> list[Path]:
    """Draw all figures of one forward pass.

    Args:
        chained: name maps by all operations since the last weights: ``conv1_relu_maxpool`` in place of ``pool1``.

    Returns:
        The paths written: ``input`` and one file for each key of `engine.activations`, ``kernels_STAGE`` for each
        convolution, ``table_STAGE`` for each connection table, ``f6_codes`` where the outputs are distances to
        7×12 character codes, and ``poster``.

    Raises:
        MissingExtra: if matplotlib is not installed.
    """
    files = chained_names(forward_pass.outputs) if chained else {}
    sheets = [*_stage_sheets(forward_pass, folder.theme), *_code_sheets(forward_pass, folder.theme)]
    return [
        *(folder.save(sheet, files.get(name, name)) for name, sheet in sheets),
        *draw_kernels(forward_pass, folder),
        *draw_table(forward_pass.network, folder),
        draw_poster(forward_pass, folder),
    ]


def draw_kernels(forward_pass: ForwardPass, folder: FigureFolder) -> list[Path]:
    """Draw the kernels of each convolution at their places in its table, as ``kernels_STAGE``; their paths."""
    network, paths = forward_pass.network, []
    for stage, panel in kernel_panels(network, forward_pass.arrays):
        title = f"{stage.name} · {kernel_count(panel.layer, panel.in_maps)}"
        subtitle = (
            f"{network.name}: rows are input maps, columns output maps; blue is negative, orange positive, "
            "one scale for all"
        )
        paths.append(folder.save(page(title, subtitle, [panel], folder.theme), f"kernels_{stage.name}"))
    return paths


def draw_table(network: Network, folder: FigureFolder) -> list[Path]:
    """Draw each connection table as the papers print it, as ``table_STAGE``.

    Returns:
        The paths written; none for a network whose convolutions see every map.
    """
    paths = []
    for stage, input_shape, _ in network.stages_with_shapes:
        layer = stage.layer
        if isinstance(layer, Convolution) and layer.table is not None:
            panel = Table(layer.table, input_shape[0])
            title = f"{stage.name} · which input maps each output map sees"
            subtitle = (
                f"{network.name}: rows are input maps, columns output maps; "
                f"{kernel_count(layer, input_shape[0])}, {parameters_text(network, stage)}"
            )
            paths.append(folder.save(page(title, subtitle, [panel], folder.theme), f"table_{stage.name}"))
    return paths


def draw_poster(forward_pass: ForwardPass, folder: FigureFolder) -> Path:
    """Draw the whole pass from left to right on one sheet, with the kernels below, as ``poster``."""
    return folder.save(poster(forward_pass, folder.theme), "poster")


def _stage_sheets(forward_pass: ForwardPass, theme: Theme) -> Iterator[tuple[str, Sheet]]:
    network = forward_pass.network
    for item in forward_pass.outputs:
        title = f"{item.key} · {item.shape_text}"
        subtitle = f"{network.name}, {item.operation}"
        panels: list[Panel]
        if item is forward_pass.outputs[-1]:
            heading, bars = answer_bars(forward_pass)
            title, _, side_note = f"{item.key} · {heading}".partition("; ")
            subtitle = "; ".join(filter(None, (subtitle, side_note, prediction_text(forward_pass))))
            panels = [bars]
        elif item.values.shape[1:] == (1, 1):
            columns = CODE_WIDTH if is_code(network, item) else grid_columns(len(item.values), 20)
            panels = [Cells(item.values.reshape(-1), columns)]
            subtitle += f"; true minimum and maximum {range_text(item.values).replace(' ', UNBROKEN)}"
        else:
            panels = [maps_panel(item, grid_columns(len(item.values), 10 if len(item.values) > 16 else 8), 1.3)]
            panels = [*color_panels(network, item, 1.3), *panels]
            bright_is_high = theme is DARK or len(panels) > 1
            low_color, high_color = ("black", "white") if bright_is_high else ("white", "black")
            subtitle += f"; each map on its own scale, {low_color} its minimum, {high_color} its maximum"
        yield item.key, page(title, subtitle, panels, theme)


def _code_sheets(forward_pass: ForwardPass, theme: Theme) -> Iterator[tuple[str, Sheet]]:
    for name, panel in code_panels(forward_pass):
        title = f"{name} · as a 7×12 picture, beside the {len(panel.codes)} codes"
        subtitle = (
            f"{forward_pass.network.name}, under each code the squared distance to it; {prediction_text(forward_pass)}"
        )
        yield f"{name}_codes", page(title, subtitle, [panel], theme)
