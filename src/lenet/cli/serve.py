"""``lenet serve``: the page, reading and activations over HTTP.

The server is imported when the verb runs, because its packages are an extra.
"""

import re
from typing import Annotated

import typer

from lenet.weights import find, pretrained

_MEGA = 1_000_000
_ON_PAGE = 2  # networks side by side: the one that reads, and one to compare it with


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command()(serve)


def serve(
    weights: Annotated[
        str | None,
        typer.Argument(help="The network that reads: a weights file or a run's folder; default: the one that ships."),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 is every one of this machine.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes any that is free.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="How many processes answer.")] = 1,
    root_path: Annotated[str, typer.Option(help="The path under which a proxy shows the server, as /digits.")] = "",
    max_body: Annotated[int, typer.Option(min=1, help="The longest body, in megabytes.")] = 16,
    max_pixels: Annotated[int, typer.Option(min=1, help="The largest picture, in millions of pixels.")] = 50,
    timeout: Annotated[float, typer.Option(help="Seconds for a request to arrive, and to be read.")] = 30,
    concurrency: Annotated[int, typer.Option(min=1, help="Pictures that each process takes at a time.")] = 64,
) -> None:
    """Serve the page at / and reading at /v1/read; /docs says what else there is.

    Only this machine is answered unless --host says otherwise. Ctrl-C stops it when all that was asked is answered.

    lenet serve

    lenet serve runs/mine --port 0 --workers 2

    curl -F picture=@photo.jpg http://127.0.0.1:8000/v1/read
    """
    from lenet.page import page_document, page_html
    from lenet.server import Limits, Service
    from lenet.server import serve as run
    from lenet.server.readers import shipped

    own = find(weights) if weights is not None else pretrained()
    shown = shipped()
    beside = [one for one in shown if one.network.name != own.network.name]
    root_path = _path(root_path)
    document = page_document([own, *beside][:_ON_PAGE], reads_at=f"{root_path}/v1/read")
    service = Service(
        own,
        page=page_html(document),
        limits=Limits(max_body * _MEGA, max_pixels * _MEGA, timeout, concurrency),
        shown=tuple(shown),
        root_path=root_path,
    )
    run(service, host, port, workers, announce)


def announce(address: str) -> None:
    """Print where the server answers."""
    print(f"serving at {address}  (Ctrl-C stops)", flush=True)


def _path(text: str) -> str:
    """A path that begins with a slash and ends without."""
    path = text.strip("/")
    if not re.fullmatch(r"[A-Za-z0-9._~/-]*", path) or ({"", ".", ".."} & set(path.split("/")) and path):
        raise typer.BadParameter(f"--root-path is {text!r}, expected a path of letters, digits and ._~-/, as /digits")
    return f"/{path}" if path else ""
