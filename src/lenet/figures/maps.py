"""Figures of one forward pass: feature maps, kernels, connection tables, answers, one poster.

Hidden values are drawn as they are, on their own scale; only the input has a picture's gray levels behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lenet.architecture import Convolution, Network
from lenet.connections import CODE_WIDTH
from lenet.figures.folder import figure_folder
from lenet.figures.page import UNBROKEN, page
from lenet.figures.panels import Array, Cells, Panel, Table, grid_columns
from lenet.figures.poster import poster
from lenet.figures.sheet import DARK, LIGHT, Format, Sheet, Theme, range_text
from lenet.figures.stages import (
    StageOutput,
    answer_bars,
    chained_names,
    code_panels,
    color_panels,
    is_code,
    kernel_count,
    kernel_panels,
    maps_panel,
    names_of_classes,
    parameters_text,
    run_stages,
    winner_text,
)
from lenet.model import check_parameters


def draw_maps(
    network: Network,
    arrays: Mapping[str, Array],
    inputs: Array,
    directory: str | Path,
    *,
    class_names: Sequence[str] = (),
    format: Format = "png",
    dark: bool = False,
    dpi: int = 150,
    chained: bool = False,
) -> list[Path]:
    """Draw all figures of one forward pass.

    Args:
        network: the description.
        arrays: its weights.
        inputs: float32 (channels, height, width), or the same with one image in front.
        directory: where the files go; made if it is not there.
        class_names: one for each output; numbers when left out.
        format: ``"png"`` or ``"svg"``.
        dark: light on dark, for projectors; else dark on white, for paper.
        dpi: dots per inch of a PNG.
        chained: name maps by all operations since the last weights: ``conv1_relu_maxpool`` in place of ``pool1``.

    Returns:
        The paths written: ``input`` and one file for each key of `engine.activations`, ``kernels_STAGE`` for each
        convolution, ``table_STAGE`` for each connection table, ``f6_codes`` where the outputs are distances to
        7×12 character codes, and ``poster``.

    Raises:
        ArchitectureError: if the input does not have the network's shape.
        WeightsError: if the weights are not the network's.
        DataError: if there is not one class name for each output, or ``directory`` is a file.
        UnknownName: if ``format`` is another.
        MissingExtra: if matplotlib is not installed.
    """
    theme = DARK if dark else LIGHT
    folder = figure_folder(directory, format)
    names = names_of_classes(network, class_names)
    outputs = run_stages(network, arrays, inputs)
    sheets = [*_stage_sheets(network, outputs, names, theme), *_code_sheets(network, outputs, names, theme)]
    files = chained_names(outputs) if chained else {}
    paths = [sheet.save(folder / f"{files.get(name, name)}.{format}", dpi) for name, sheet in sheets]
    options: dict[str, Any] = {"format": format, "dark": dark, "dpi": dpi}
    paths += draw_kernels(network, arrays, folder, **options)
    paths += draw_table(network, folder, **options)
    paths.append(draw_poster(network, arrays, inputs, folder, class_names=names, **options))
    return paths


def draw_kernels(
    network: Network,
    arrays: Mapping[str, Array],
    directory: str | Path,
    *,
    format: Format = "png",
    dark: bool = False,
    dpi: int = 150,
) -> list[Path]:
    """Draw the kernels of each convolution at their places in its table, as ``kernels_STAGE``; see `draw_maps`."""
    check_parameters(network, arrays)
    folder, theme, paths = figure_folder(directory, format), DARK if dark else LIGHT, []
    for stage, panel in kernel_panels(network, arrays):
        layer = panel.layer
        title = f"{stage.name} · {kernel_count(layer, panel.in_maps)}"
        subtitle = (
            f"{network.name}: rows are input maps, columns output maps; blue is negative, orange positive, "
            "one scale for all"
        )
        paths.append(page(title, subtitle, [panel], theme).save(folder / f"kernels_{stage.name}.{format}", dpi))
    return paths


def draw_table(
    network: Network, directory: str | Path, *, format: Format = "png", dark: bool = False, dpi: int = 150
) -> list[Path]:
    """Draw each connection table as the papers print it, as ``table_STAGE``; see `draw_maps`.

    Returns:
        The paths written; none for a network whose convolutions see every map.
    """
    folder, theme, paths = figure_folder(directory, format), DARK if dark else LIGHT, []
    for stage, input_shape in zip(network.stages, network.input_shapes, strict=True):
        layer = stage.layer
        if isinstance(layer, Convolution) and layer.table is not None:
            panel = Table(layer.table, input_shape[0])
            title = f"{stage.name} · which input maps each output map sees"
            subtitle = (
                f"{network.name}: rows are input maps, columns output maps; "
                f"{kernel_count(layer, input_shape[0])}, {parameters_text(network, stage)}"
            )
            paths.append(page(title, subtitle, [panel], theme).save(folder / f"table_{stage.name}.{format}", dpi))
    return paths


def draw_poster(
    network: Network,
    arrays: Mapping[str, Array],
    inputs: Array,
    directory: str | Path,
    *,
    class_names: Sequence[str] = (),
    format: Format = "png",
    dark: bool = False,
    dpi: int = 150,
) -> Path:
    """Draw the whole pass from left to right on one sheet, with the kernels below, as ``poster``; see `draw_maps`."""
    theme, folder = DARK if dark else LIGHT, figure_folder(directory, format)
    names = names_of_classes(network, class_names)
    outputs = run_stages(network, arrays, inputs)
    return poster(network, arrays, outputs, names, theme).save(folder / f"poster.{format}", dpi)


def _stage_sheets(
    network: Network, outputs: Sequence[StageOutput], names: Sequence[str], theme: Theme
) -> Iterator[tuple[str, Sheet]]:
    for item in outputs:
        title = f"{item.key} · {item.shape_text}"
        subtitle = f"{network.name}, {item.operation}"
        panels: list[Panel]
        if item is outputs[-1]:
            heading, bars = answer_bars(network, item, names)
            title, _, side_note = f"{item.key} · {heading}".partition("; ")
            subtitle = "; ".join(filter(None, (subtitle, side_note, winner_text(network, item, names))))
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


def _code_sheets(
    network: Network, outputs: Sequence[StageOutput], names: Sequence[str], theme: Theme
) -> Iterator[tuple[str, Sheet]]:
    for name, panel in code_panels(network, outputs, names):
        title = f"{name} · as a 7×12 picture, beside the {len(panel.codes)} codes"
        subtitle = (
            f"{network.name}, under each code the squared distance to it; {winner_text(network, outputs[-1], names)}"
        )
        yield f"{name}_codes", page(title, subtitle, [panel], theme)
