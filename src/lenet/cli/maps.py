"""``lenet maps``: what a network makes of one picture, drawn."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from lenet import data
from lenet.errors import DataError
from lenet.preprocess import network_inputs
from lenet.weights import Weights, find

_DIGITS = tuple("0123456789")


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command()(maps)


def maps(
    weights: Annotated[
        str, typer.Argument(help="A weights file, a run's folder, or a network whose weights ship with the package.")
    ],
    picture: Annotated[
        str, typer.Argument(help="A picture file; or mnist:7, the test picture number 7 of a public data set.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for the figures.")] = Path("maps"),
    svg: Annotated[bool, typer.Option("--svg", help="Write SVG in place of PNG.")] = False,
    dark: Annotated[bool, typer.Option("--dark", help="Light on dark, for projectors.")] = False,
    unit: Annotated[
        list[str] | None,
        typer.Option(
            help="Also draw one unit: what it sees of the input, and what it sums. STAGE:MAP,ROW,COLUMN, counted "
            "from 0, as c3:5,4,7; of a stage without maps STAGE:NUMBER, as f6:17. May be given several times."
        ),
    ] = None,
    saliency: Annotated[
        bool,
        typer.Option("--saliency", help="Also draw on which pixels the answer rests: occlusion, gradient × input."),
    ] = False,
    long_names: Annotated[
        bool, typer.Option("--long-names", help="Name the files of maps as tutorials do: conv1_relu_maxpool for pool1.")
    ] = False,
) -> None:
    """Draw what a network makes of a picture: maps, kernels, tables, a strip, a poster, and the diagram.

    lenet maps lenet-5-relu mnist:7 -o maps

    lenet maps runs/lenet-5-mnist-1/best.safetensors digit.png --dark --unit c3:5,4,7 --saliency
    """
    from lenet import figures

    found = find(weights)
    network, units = found.network, [_parsed_unit(text) for text in unit or ()]
    for stage, place in units:
        figures.find_unit(network, stage, place)
    image = find_image(picture, found)
    inputs = network_inputs(image[None], network.input, network.input_range)
    drawn: dict[str, Any] = {"format": "svg" if svg else "png", "dark": dark}
    named = {**drawn, "class_names": _class_names(found)}
    passed = (network, found.arrays, inputs)
    paths = figures.draw_maps(*passed, output, chained=long_names, **named)
    paths += [figures.draw_receptive_field(*passed, stage, place, output, **drawn) for stage, place in units]
    paths += [figures.draw_strip(*passed, output, **named), figures.draw_diagram(network, output, **drawn)]
    if saliency:
        paths += figures.draw_saliency(*passed, output, **named)
    for path in paths:
        typer.echo(path)


def _parsed_unit(text: str) -> tuple[str, tuple[int, ...]]:
    stage, _, numbers = text.partition(":")
    parts = numbers.split(",")
    if not stage or len(parts) not in (1, 3) or not all(part.strip().isdecimal() for part in parts):
        raise DataError(f"{text!r} names no unit; expected STAGE:MAP,ROW,COLUMN as c3:5,4,7, or STAGE:NUMBER as f6:17")
    return stage, tuple(int(part) for part in parts)


def find_image(picture: str, weights: Weights) -> NDArray[np.uint8]:
    """The gray levels (H, W), or colors (3, H, W), that the network is to see; ink-high.

    Args:
        picture: ``"mnist:7"``, the test picture number 7, counted from 0; or a picture file. For a network that reads
            digits the first digit is found in the file; any other takes the whole picture.

    Raises:
        DataError: if there is no such picture, or no digit in it.
    """
    name, colon, number = picture.rpartition(":")
    if colon and name in data.names():
        images = data.load(name).test_images
        if not number.isdecimal() or int(number) >= len(images):
            raise DataError(f"{picture}: no such test picture; {name} has numbers 0 to {len(images) - 1}")
        return np.asarray(images[int(number)])
    channels, height, width = weights.network.input
    if channels == 3:
        return data.read_picture(picture, size=max(height, width), color=True)
    if (_class_names(weights)[: len(_DIGITS)] or _DIGITS) != _DIGITS:
        return data.read_picture(picture, size=28)
    return _first_digit(picture)


def _first_digit(picture: str) -> NDArray[np.uint8]:
    from lenet.reading import Reader

    reading = Reader().read(picture, single=True)
    if not reading.digits:
        raise DataError(
            f"{picture}: no digit found; draw or photograph one dark digit on light paper, or light on dark"
        )
    return reading.digits[0].image


def _class_names(weights: Weights) -> tuple[str, ...]:
    """Those of the public data set that the weights were trained on; none if it is not known."""
    names = data.CATALOG[name].class_names if (name := weights.trained_on) in data.CATALOG else ()
    if weights.refusal == len(names):
        names = (*names, "none")
    return names if len(names) == weights.network.classes else ()
