"""The verb ``maps``: figures of a model's forward pass on one picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lenet.errors import DataError, check_switches
from lenet.model import Model
from lenet.preprocess import network_inputs
from lenet.verbs.describe import load_or_create
from lenet.verbs.predict import gray_levels


def maps(
    model: Model | str | Path,
    picture: Any,
    output: str | Path = "maps",
    *,
    unit: str | Sequence[str] = (),
    text: bool = False,
    each_map: bool = False,
    saliency: bool = False,
    long_names: bool = False,
    svg: bool = False,
    dark: bool = False,
) -> list[Path]:
    """Draw what a model makes of a picture: feature maps, kernels, tables, a strip, a poster, and the diagram.

    Args:
        model: a model, its file, a run's folder, a name that ships, or the TOML file of a network, which is drawn with
            first weights.
        picture: ``"mnist:7"``, the test picture number 7 of a public data set; or a picture, as `lenet.predict` takes
            one.
        output: the folder for the figures; made if it is not there.
        unit: units to draw, too: what each sees of the input, and what it sums. ``"c3:5,4,7"`` is map, row and column,
            counted from 0; ``"f6:17"`` a unit of a stage without maps.
        text: write the sum of each of these units out in numbers, too, as ``unit_conv2_0_4_4.txt``.
        each_map: draw every map into a gray picture of its own, too, with pixels along its axes: ``LeNet_conv1_3``.
        saliency: whether to draw on which pixels the answer rests: occlusion, gradient × input.
        long_names: name the files of maps as tutorials do: ``conv1_relu_maxpool`` for ``pool1``.
        svg: SVG files in place of PNG.
        dark: light on dark, for projectors.

    Returns:
        The paths written.

    Raises:
        DataError: if there is no such picture, no digit in it, or no such unit.
        LeNetError: if the folder cannot be written into.
        WeightsError, UnknownName: as `lenet.load`.
        MissingExtra: if matplotlib is not installed.
    """
    from lenet import figures

    check_switches(
        DataError, text=text, each_map=each_map, saliency=saliency, long_names=long_names, svg=svg, dark=dark
    )
    folder = figures.FigureFolder(output, "svg" if svg else "png", dark)
    model = load_or_create(model)
    network = model.network
    units = [parse_unit(text) for text in ([unit] if isinstance(unit, str) else unit)]
    if text and not units:
        raise DataError("text writes the sum of a unit out, and no unit is given; name one as c3:5,4,7")
    for stage, position in units:
        figures.find_unit(network, stage, position)
    levels, _ = gray_levels(model, picture)
    if len(levels) != 1:
        raise DataError(f"maps are drawn of one picture, got {len(levels)}; name one of them")
    inputs = network_inputs(levels, network.input, network.input_range)
    forward_pass = figures.ForwardPass.of(network, model.parameters, inputs, model.output_names)
    paths = figures.draw_maps(forward_pass, folder, chained=long_names)
    paths += [figures.draw_receptive_field(forward_pass, *unit, folder) for unit in units]
    if text:
        paths += [figures.write_unit(forward_pass, *unit, output) for unit in units]
    if each_map:
        paths += figures.draw_each_map(forward_pass, folder, chained=long_names)
    paths += [figures.draw_strip(forward_pass, folder), figures.draw_diagram(network, folder)]
    if saliency:
        paths += figures.draw_saliency(forward_pass, folder)
    return paths


def parse_unit(text: str) -> tuple[str, tuple[int, ...]]:
    """Parse a stage and the position of a unit in it.

    >>> parse_unit("c3:5,4,7"), parse_unit("f6:17")
    (('c3', (5, 4, 7)), ('f6', (17,)))
    """
    stage, _, numbers = text.partition(":")
    parts = numbers.split(",")
    if not stage or len(parts) not in (1, 3) or not all(part.strip().isdecimal() for part in parts):
        raise DataError(f"{text!r} names no unit; expected STAGE:MAP,ROW,COLUMN as c3:5,4,7, or STAGE:NUMBER as f6:17")
    return stage, tuple(int(part) for part in parts)
