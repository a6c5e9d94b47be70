"""``lenet explain``: the interactive page about networks, as one HTML file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from lenet.cli import completion
from lenet.page.document import DEFAULT_MODELS
from lenet.summary.derivations import Language
from lenet.verbs import explain as explain_verb
from lenet.verbs.describe import load_or_create


def explain(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            help="Weights files, runs' folders, networks whose weights ship with the package, or TOML files of your "
            "own, which are shown untrained; two can be compared.",
            show_default="the ones that ship",
            autocompletion=completion.models,
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML file to write.", metavar="FILE")] = Path(
        "lesson.html"
    ),
    language: Annotated[
        Language | None,
        typer.Option("--language", "--lang", help="The language that the page starts in; the browser's if left out."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print path, bytes and networks as JSON.")] = False,
) -> None:
    """Write one HTML file in which networks can be drawn to and every unit be asked; it needs no connection.

    lenet explain runs/x/best.safetensors -o lesson.html

    lenet explain lenet-5-relu lenet-5 --language zh
    """
    loaded_models = [load_or_create(name) for name in models or DEFAULT_MODELS]
    path = explain_verb.explain(loaded_models, output, language=language)
    size, names = path.stat().st_size, [model.network.name for model in loaded_models]
    if as_json:
        typer.echo(json.dumps({"path": str(path), "bytes": size, "networks": names}, ensure_ascii=False))
        return
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
    typer.echo(f"{path}: {listed}, {size / 1e6:.2f} MB; open it in any browser")
