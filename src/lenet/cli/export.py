"""``lenet export``: write a model in a format of other programs."""

import json
from pathlib import Path
from typing import Annotated

import typer

from lenet.cli import completion
from lenet.exporting import formats


def export(
    model: Annotated[
        str,
        typer.Argument(
            help="A weights file, a run's folder, or a network whose weights ship with the package.",
            autocompletion=completion.models,
        ),
    ],
    to: Annotated[str, typer.Option(help=f"The format: {', '.join(formats.FORMATS)}.", metavar="FORMAT")] = "onnx",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The file to write, for hf a folder.", show_default="after the network"),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Pictures to round weights on and to compare answers on: a public data set or a path to your own.",
            show_default="what the model was trained on",
            autocompletion=completion.data_sets,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print files, bytes and comparison as JSON.")] = False,
) -> None:
    """Write a model for other programs, and compare its answers with the engine's on 1,000 pictures.

    lenet export lenet-5-relu --to onnx

    lenet export runs/lenet-5-mnist-1 --to c-int8 -o digits.c
    """
    written = formats.export(model, to, out, data=data)
    typer.echo(json.dumps(written.to_json(), ensure_ascii=False) if as_json else str(written))
