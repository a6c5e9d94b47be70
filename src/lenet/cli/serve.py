"""``lenet serve``: HTTP server of the page, reading and activations.

The server is imported when the verb runs, because its packages are an extra.
"""

from pathlib import Path
from typing import Annotated

import typer

from lenet.cli import completion
from lenet.cli.options import AccessLog, Host, Port, PublicHosts, RootPath
from lenet.errors import LeNetError
from lenet.verbs import serve as serve_verb


def serve(
    model: Annotated[
        str | None,
        typer.Argument(
            help="What is served: a weights file or a run's folder; default: the one that ships, which reads digits.",
            autocompletion=completion.models,
        ),
    ] = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="How many processes answer.")] = 1,
    root_path: RootPath = "",
    max_body: Annotated[int, typer.Option(min=1, help="The longest body, in megabytes.")] = 16,
    max_pixels: Annotated[int, typer.Option(min=1, help="The largest picture, in millions of pixels.")] = 50,
    timeout: Annotated[float, typer.Option(help="Seconds for a request to arrive, and to be read.")] = 30,
    concurrency: Annotated[int, typer.Option(min=1, help="Pictures that each process takes at a time.")] = 64,
    public_host: PublicHosts = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="LENET_TOKEN",
            help="What requests must carry: as ?token=… in a browser, as Authorization: Bearer … from programs.",
        ),
    ] = None,
    cors: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="Pages elsewhere whose scripts may ask, as https://example.org; * is all."),
    ] = None,
    access_log: AccessLog = False,
    desk: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER", help="The folder of a desk at /desk: drop paper there, answer what is doubtful."
        ),
    ] = None,
    form: Annotated[
        list[Path] | None,
        typer.Option(metavar="FORM", help="The template of a form that pages are read by, at /v1/read or the desk."),
    ] = None,
) -> None:
    """Serve the page at / and reading at /v1/read; /docs says what else there is.

    Only this machine is answered unless --host says otherwise. Ctrl-C stops it when all that was asked is answered.

    lenet serve

    lenet serve runs/mine --port 0 --workers 2

    lenet serve --desk stack

    lenet serve --form form.toml

    curl -F picture=@photo.jpg http://127.0.0.1:8000/v1/read

    curl -F picture=@page.jpg 'http://127.0.0.1:8000/v1/read?form=form'
    """
    serve_verb.serve(
        "pretrained" if model is None else model,
        host=host,
        port=port,
        workers=workers,
        root_path=normalized(root_path),
        max_body=max_body,
        max_pixels=max_pixels,
        timeout=timeout,
        concurrency=concurrency,
        public_host=public_host or (),
        token=token,
        cors=cors or (),
        access_log=access_log,
        desk=desk,
        form=form or (),
        announce=announce,
    )


def normalized(root_path: str) -> str:
    """A path that begins with a slash and ends without; a usage error if it is none."""
    try:
        return serve_verb.normalized_path(root_path, "--root-path")
    except LeNetError as error:
        raise typer.BadParameter(str(error)) from None


def announce(address: str) -> None:
    """Print where the server answers."""
    print(f"serving at {address}  (Ctrl-C stops)", flush=True)
