"""``lenet networks``, ``show`` and ``diff``: exact counts of the networks."""

import json
from pathlib import Path
from typing import Annotated

import typer

from lenet import summary
from lenet.cli import completion
from lenet.cli.options import Json, check_one_of
from lenet.networks import describe, names, to_toml
from lenet.summary.derivations import Language
from lenet.verbs.describe import describe_network
from lenet.verbs.describe import diff as diff_verb

NETWORK = (
    "A network, as `lenet networks` lists them, a TOML file of your own (--toml prints one), a weights file, or a "
    "run's folder."
)
Classes = Annotated[int | None, typer.Option(help="Number of outputs, where the network's head allows it.")]
Channels = Annotated[int | None, typer.Option(help="Input channels: 1 gray, 3 color.")]
Hidden = Annotated[int | None, typer.Option(help="Hidden units of lenet-4: 37 (default) or, as printed, 120.")]
Size = Annotated[int | None, typer.Option(help="Input rows and columns of lenet-5-relu: 28 or 32.")]


def networks(as_json: Json = False) -> None:
    """List the networks: names, parameters, connections, one line each."""
    all_counts = [summary.summarize(describe(name)) for name in names()]
    if as_json:
        print(json.dumps([row.list_entry() for row in all_counts], indent=2))
        return
    width = max(map(len, names()))
    print(f"{'network':<{width}}  {'parameters':>10}  {'connections':>11}")
    for row in all_counts:
        network = row.network
        print(f"{network.name:<{width}}  {row.parameters:>10,}  {row.connections:>11,}  {network.description}")


def show(
    name: Annotated[str, typer.Argument(help=NETWORK, autocompletion=completion.networks)],
    as_json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Derive every figure with its numbers.")] = False,
    lang: Annotated[
        Language | None, typer.Option("--lang", "--language", help="Language of --explain [default: en].")
    ] = None,
    table: Annotated[bool, typer.Option("--table", help="Draw the connection table.")] = False,
    weights: Annotated[bool, typer.Option("--weights", help="List every parameter array with its shape.")] = False,
    trace: Annotated[
        bool, typer.Option("--trace", help="Print the shape after every layer, with PyTorch's names of the layers.")
    ] = False,
    toml: Annotated[
        bool, typer.Option("--toml", help="Print its description as a TOML file, to be changed and used as a name is.")
    ] = False,
    diagram: Annotated[
        Path | None,
        typer.Option("--diagram", metavar="FILE", help="Draw the network's diagram into an SVG or PNG file."),
    ] = None,
    classes: Classes = None,
    channels: Channels = None,
    hidden: Hidden = None,
    size: Size = None,
) -> None:
    """Count a network exactly: shapes, parameters, connections, multiply-accumulates, receptive fields.

    lenet show lenet-5 --explain --lang zh

    lenet show lenet-5 --toml > my.toml; lenet show my.toml
    """
    check_one_of({
        "--json": as_json, "--markdown": markdown, "--explain": explain, "--table": table, "--weights": weights,
        "--trace": trace, "--toml": toml, "--diagram": diagram is not None,
    })  # fmt: skip
    if lang is not None and not explain:
        raise typer.BadParameter("--lang goes with --explain")
    network = describe_network(name, classes=classes, channels=channels, hidden=hidden, size=size)
    if diagram is not None:
        from lenet.figures import write_diagram  # here, because only diagrams need matplotlib

        print(write_diagram(network, diagram))
        return
    network_counts = summary.summarize(network)
    if trace:
        print(summary.trace(network))
    elif toml:
        print(to_toml(network), end="")
    elif as_json:
        print(json.dumps(network_counts.to_json(), indent=2, ensure_ascii=False))
    elif markdown:
        print(summary.to_markdown(network_counts))
    elif explain:
        print(summary.explain(network_counts, lang or "en"))
    elif table:
        print(summary.draw_tables(network))
    elif weights:
        print(summary.list_parameters(network))
    else:
        print(summary.to_text(network_counts))


def diff(
    before: Annotated[str, typer.Argument(help="As `lenet show` takes them.", autocompletion=completion.networks)],
    after: Annotated[str, typer.Argument(help="Another one.", autocompletion=completion.networks)],
    as_json: Json = False,
) -> None:
    """List every difference of two networks, stage by stage, with its effect on the counts."""
    difference = diff_verb(before, after)
    print(json.dumps(difference.to_json(), indent=2) if as_json else difference)
