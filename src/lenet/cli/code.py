"""``lenet code``: a network as a standalone PyTorch file, and scripts that train it and predict by it."""

from pathlib import Path
from typing import Annotated

import typer

from lenet.cli import completion
from lenet.cli.describe import NETWORK, Channels, Classes, Hidden, Size
from lenet.cli.options import check_one_of
from lenet.errors import LeNetError
from lenet.files import check_writable, write_result
from lenet.verbs.describe import Form
from lenet.verbs.describe import code as code_verb

_USAGE: dict[Form, str] = {
    "module": "in PyTorch; python {file} prints its output shape and its parameters",
    "sequential": "in PyTorch; python {file} prints its parameters and its output shape",
    "train": "is trained by python {file} DATA, beside its model.py",
    "predict": "says what pictures are by python {file} PICTURE, beside its model.py and weights.pt",
}


def code(
    name: Annotated[str, typer.Argument(help=NETWORK, metavar="NETWORK", autocompletion=completion.networks)],
    sequential: Annotated[
        bool, typer.Option("--sequential", help="Layers in feature_extractor and classifier, as nn.Sequential.")
    ] = False,
    train: Annotated[
        bool, typer.Option("--train", help="Print train.py instead, which trains the network of a model.py beside it.")
    ] = False,
    predict: Annotated[
        bool, typer.Option("--predict", help="Print predict.py instead, which says what pictures are.")
    ] = False,
    classes: Classes = None,
    channels: Channels = None,
    hidden: Hidden = None,
    size: Size = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None,
) -> None:
    """Print a network as a standalone, readable PyTorch file that imports torch only.

    lenet code lenet-5 -o model.py

    lenet code lenet-5 --train -o train.py; lenet code lenet-5 --predict -o predict.py
    """
    check_one_of({"--sequential": sequential, "--train": train, "--predict": predict})
    if output is not None and output.suffix != ".py":  # a file of data would be written over
        raise LeNetError(f"{output}: expected a file's name that ends in .py")
    form: Form = "sequential" if sequential else "train" if train else "predict" if predict else "module"
    if output is not None:
        check_writable(output)
    source = code_verb(name, form=form, classes=classes, channels=channels, hidden=hidden, size=size)
    if output is None:
        typer.echo(source, nl=False)
        return
    write_result(output, source.encode())
    typer.echo(f"{output}: {name} {_USAGE[form].format(file=output)}")
