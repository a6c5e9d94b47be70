"""``lenet maps``: figures of a network's feature maps for one picture."""

from pathlib import Path
from typing import Annotated

import typer

from lenet.cli import completion
from lenet.verbs import maps as maps_verb


def maps(
    model: Annotated[
        str,
        typer.Argument(
            help="A weights file, a run's folder, a network whose weights ship with the package, or a TOML file of "
            "your own, which is drawn untrained.",
            autocompletion=completion.models,
        ),
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
    text: Annotated[
        bool, typer.Option("--text", help="Also write the sum of each --unit out in numbers, over all maps it sees.")
    ] = False,
    each_map: Annotated[
        bool, typer.Option("--each-map", help="Also draw every map into a gray picture of its own, with pixel axes.")
    ] = False,
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

    lenet maps lenet-5-relu mnist:7 --unit conv2:0,4,4 --text --each-map --long-names
    """
    for path in maps_verb.maps(
        model,
        picture,
        output,
        unit=unit or (),
        text=text,
        each_map=each_map,
        saliency=saliency,
        long_names=long_names,
        svg=svg,
        dark=dark,
    ):
        typer.echo(path)
