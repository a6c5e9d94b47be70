"""``lenet review``: a desk for what a table of readings was not sure of."""

from pathlib import Path
from typing import Annotated

import typer

from lenet.cli.options import AccessLog, Host, Port, PublicHosts, RootPath
from lenet.cli.serve import announce, normalized
from lenet.verbs import review as review_verb


def review(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="What lenet read --jsonl wrote.")],
    desk: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Where everything is kept as it is typed; default: beside RESULTS."),
    ] = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    root_path: RootPath = "",
    public_host: PublicHosts = None,
    token: Annotated[
        str | None, typer.Option(envvar="LENET_TOKEN", help="What requests must carry; asked for beyond this machine.")
    ] = None,
    access_log: AccessLog = False,
    form: Annotated[
        Path | None,
        typer.Option(metavar="FORM", help="The template that RESULTS was read by: answers are checked by it."),
    ] = None,
) -> None:
    """Ask what reading was not sure of, one field at a time, one key each, in a browser.

    lenet read scans --jsonl scans.jsonl

    lenet review scans.jsonl
    """
    review_verb.review(
        results,
        desk=desk,
        host=host,
        port=port,
        root_path=normalized(root_path),
        public_host=public_host or (),
        token=token,
        access_log=access_log,
        form=form,
        announce=announce,
    )
