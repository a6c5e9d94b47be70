"""``lenet review``: a desk for what a table of readings was not sure of."""

from pathlib import Path
from typing import Annotated

import typer

from lenet.cli.serve import announce
from lenet.errors import LeNetError
from lenet.verbs import review as review_verb
from lenet.verbs.serve import normalized_path


def review(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="What lenet read --jsonl wrote.")],
    desk: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Where everything is kept as it is typed; default: beside RESULTS."),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 is every one of this machine.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes any that is free.")] = 8000,
    root_path: Annotated[str, typer.Option(help="The path under which a proxy shows the server, as /digits.")] = "",
    public_host: Annotated[
        list[str] | None,
        typer.Option(help="A name under which a proxy shows the server; others than its own are refused."),
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="LENET_TOKEN", help="What requests must carry; asked for beyond this machine.")
    ] = None,
    access_log: Annotated[bool, typer.Option("--access-log", help="Write a line on stderr for each request.")] = False,
) -> None:
    """Ask what reading was not sure of, one field at a time, one key each, in a browser.

    lenet read scans --jsonl scans.jsonl

    lenet review scans.jsonl
    """
    try:
        root_path = normalized_path(root_path, "--root-path")
    except LeNetError as error:
        raise typer.BadParameter(str(error)) from None
    review_verb.review(
        results,
        desk=desk,
        host=host,
        port=port,
        root_path=root_path,
        public_host=public_host or (),
        token=token,
        access_log=access_log,
        announce=announce,
    )
