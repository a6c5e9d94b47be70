"""``lenet code``: a network as a PyTorch file of its own."""

from pathlib import Path
from typing import Annotated

import typer

from lenet.errors import LeNetError
from lenet.files import write_atomically
from lenet.networks import describe
from lenet.pytorch.source import standalone_source


def code(
    name: Annotated[str, typer.Argument(help="A network, as in `lenet networks`.", metavar="NETWORK")],
    classes: Annotated[int | None, typer.Option(help="Number of outputs.")] = None,
    channels: Annotated[int | None, typer.Option(help="Input channels: 1 for gray, 3 for color.")] = None,
    hidden: Annotated[int | None, typer.Option(help="Hidden units of lenet-4.")] = None,
    size: Annotated[int | None, typer.Option(help="Input rows and columns of lenet-5-relu, 28 or 32.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None,
) -> None:
    """Print a network as a standalone, readable PyTorch file that imports torch only.

    Example: lenet code lenet-5 -o lenet5.py
    """
    options = {"classes": classes, "channels": channels, "hidden": hidden, "size": size}
    source = standalone_source(describe(name, **{key: value for key, value in options.items() if value is not None}))
    if output is None:
        typer.echo(source, nl=False)
        return
    try:
        write_atomically(output, source.encode())
    except OSError as error:
        raise LeNetError(f"cannot write {output}: {(error.strerror or str(error)).lower()}") from None
    typer.echo(f"{output}: {name} in PyTorch; python {output} prints its output shape and its parameters")


def register(app: typer.Typer) -> None:
    """Add ``code`` to the command line."""
    app.command()(code)
