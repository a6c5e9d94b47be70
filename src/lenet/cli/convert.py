"""``lenet convert``: weights that others wrote, as a model's file of lenet's."""

import json
from pathlib import Path
from typing import Annotated

import typer

from lenet.classes import join_names
from lenet.cli import completion
from lenet.errors import printable
from lenet.model import Model, load
from lenet.verbs import convert as verb


def convert(
    source: Annotated[
        str,
        typer.Argument(
            help="A PyTorch state_dict or checkpoint (.pth, .pt), an ONNX graph, or safetensors.", metavar="FILE"
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The .safetensors file to write; default: beside FILE.", metavar="FILE"),
    ] = None,
    network: Annotated[
        str | None, typer.Option(help="The network, where the shapes fit several.", autocompletion=completion.networks)
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option(help="In place of --network, with --pooling: relu, sigmoid, tanh, squash or identity."),
    ] = None,
    pooling: Annotated[str | None, typer.Option(help="With --activation: max or average.")] = None,
    outputs: Annotated[str | None, typer.Option(help="With --activation: logits, sigmoid or log-softmax.")] = None,
    size: Annotated[int | None, typer.Option(help="Input rows and columns, where shapes allow 28 and 32.")] = None,
    input_range: Annotated[
        str | None, typer.Option(help="The inputs that background and full ink become; 0,1 is ToTensor's.")
    ] = None,
    normalize: Annotated[
        str | None, typer.Option(help="In place of it, Normalize's mean and deviation after ToTensor: 0.1307,0.3081.")
    ] = None,
    class_names: Annotated[str | None, typer.Option(help="Names of the classes, in order: cat,dog.")] = None,
    reject_class: Annotated[
        int | None, typer.Option(help="The number of the output that stands for none of the classes, from 0.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write weights of PyTorch, ONNX or others as a file that every verb takes, and that says what it is.

    The network is found by the shapes of the arrays; where these fit several, they are named, and an option decides.

    lenet convert LetNet5.pth -o letnet5.safetensors --network lenet-5-sigmoid-output

    lenet convert model.pt --activation relu --pooling average --normalize 0.1307,0.3081
    """
    path = verb.convert(
        source,
        output,
        network=network,
        activation=activation,
        pooling=pooling,
        outputs=outputs,
        size=size,
        input_range=_pair("--input-range", input_range),
        normalize=_pair("--normalize", normalize),
        class_names=None if class_names is None else [name.strip() for name in class_names.split(",")],
        reject_class=reject_class,
    )
    model = load(path)
    if as_json:
        values = {
            "path": str(path),
            "network": model.network.to_json(),
            "class_names": model.class_names,
            "digest": model.digest,
            "provenance": model.provenance,
        }
        print(json.dumps(values, ensure_ascii=False))
        return
    for line in _summary_lines(path, model):
        print(line)


_RANGE_SOURCES = {
    "file": ", as the file says",
    "option": ", as asked",
    "network": "; --input-range or --normalize says otherwise",
}


def _summary_lines(path: Path, model: Model) -> list[str]:
    """Summary of a conversion: what was written, and what was assumed."""
    network, (low, high) = model.network, model.network.input_range
    origin = model.provenance.get("converted", {"input_range_from": "file", "unused": []})  # none in a model of lenet's
    rows = "×".join(map(str, network.input))
    lines = [
        f"{path}: {network.name}, {sum(array.size for array in model.parameters.values()):,} parameters, input {rows}",
        f"background becomes {low:.6g} and full ink {high:.6g}{_RANGE_SOURCES[origin['input_range_from']]}",
        f"classes {join_names(model.class_names)}"
        + ("" if model.reject_class is None else f"; output {model.reject_class} stands for none of them"),
    ]
    if unused := origin["unused"]:
        lines.append(f"left out, as nothing leads to them: {', '.join(map(printable, unused))}")
    return lines


def _pair(option: str, text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        first, second = map(float, text.split(","))
    except ValueError:
        raise typer.BadParameter(f"{option} is {text!r}, expected two numbers with a comma between them") from None
    return first, second
