"""The verb ``serve``: HTTP server of the page, reading and activations."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lenet.errors import LeNetError
from lenet.model import Model, file_of, load
from lenet.page import page_document, page_html
from lenet.verbs.describe import title_of

if TYPE_CHECKING:
    from lenet.forms.template import Template
    from lenet.server import Access

_MEGA = 1_000_000
_MAX_PAGE_MODELS = 2  # networks side by side: the one that reads, and one to compare it with


def serve(
    model: Model | str | Path = "pretrained",
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int = 1,
    root_path: str = "",
    max_body: int = 16,
    max_pixels: int = 50,
    timeout: float = 30,
    concurrency: int = 64,
    public_host: Sequence[str] = (),
    token: str | None = None,
    cors: Sequence[str] = (),
    access_log: bool = False,
    desk: str | Path | None = None,
    form: str | Path | Sequence[str | Path] = (),
    announce: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve the page at ``/``, reading at ``/v1/read``, and what else ``/docs`` lists, until SIGINT or SIGTERM comes.

    Args:
        model: the one that is served: a model, its file, a run's folder, or a name that ships. If it reads no digits,
            its classes are at ``/v1/predict`` and on the page, and ``/v1/read`` is answered by the one that ships.
        host: the address to listen on; ``"0.0.0.0"`` is every one of this machine.
        port: 0 takes any that is free.
        workers: how many processes answer.
        root_path: the path under which a proxy shows the server, as ``"/digits"``.
        max_body: the longest body, in megabytes.
        max_pixels: the largest picture, in millions of pixels.
        timeout: seconds for a request to arrive, and to be read.
        concurrency: pictures that each process takes at a time.
        public_host: names under which a proxy shows the server, besides those of what it is bound to; requests to any
            other are refused.
        token: what requests must carry, as ``?token=…`` or ``Authorization: Bearer …``; None for nothing.
        cors: origins of pages elsewhere whose scripts may ask, as ``"https://example.org"``.
        access_log: write a line on stderr for each request.
        desk: the folder of a desk at ``/desk``, made if it is not there: what is dropped there, or lies in it, is read,
            and what is doubtful is asked. Everything is kept in it as it is typed.
        form: templates of forms, or one of them. Pages are read by them where ``/v1/read`` is asked for a form by the
            name of its file, without the suffix; those of the desk are all read by the one that is named.
        announce: called with the address when the server is ready.

    Raises:
        LeNetError: if the address cannot be listened on, or a value is none that is accepted.
        TemplateError, DataError: if a template is wrong, or its blank page cannot be opened.
        WeightsError, UnknownName: as `lenet.load`.
        MissingExtra: if the packages of the extra ``serve`` are not installed.
    """
    from lenet.server import Limits, ServerConfig
    from lenet.server import serve as run
    from lenet.server.page_route import modules_folder
    from lenet.server.readers import shipped

    forms = forms_of(form)
    if desk is not None and len(forms) > 1:
        raise LeNetError(f"form names {len(forms)} templates, but the pages of a desk are read by one")
    desk = None if desk is None else desk_folder(desk)
    access = access_of(host, public_host, token, cors, has_desk=desk is not None)
    served, shipped_models = load(model), shipped()
    others = [other for other in shipped_models if other.network.name != served.network.name]
    root_path = normalized_path(root_path)
    page_models = [served, *others][:_MAX_PAGE_MODELS] if served.reads_digits else [served]
    document = page_document(
        page_models,
        reads_at=f"{root_path}/v1/read" if served.reads_digits else None,
        docs_at=f"{root_path}/docs",
        titles=[title_of(model, served), *(other.network.name for other in others)][: len(page_models)],
    )
    config = ServerConfig(
        served,
        page=page_html(document, modules_at=root_path + modules_folder()),
        limits=Limits(max_body * _MEGA, max_pixels * _MEGA, timeout, concurrency),
        models=tuple(shipped_models),
        root_path=root_path,
        access=access,
        writes_log=access_log,
        file=None if isinstance(model, Model) else file_of(model).name,
        desk=desk,
        form=forms[0][0] if forms and desk is not None else None,
        forms=tuple(template for _, template in forms),
    )
    run(config, host, port, workers, announce if desk is None else lambda address: announce(f"{address}/desk"))


def forms_of(paths: str | Path | Sequence[str | Path]) -> list[tuple[Path, "Template"]]:
    """Templates with their files, looked at before anything is served.

    Raises:
        LeNetError: if two have one name.
        TemplateError, DataError: if one is wrong, or its blank page cannot be opened.
    """
    from lenet.forms.reader import blank_page
    from lenet.forms.template import Template

    forms = [(Path(path), Template.load(path)) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    names = [template.name for _, template in forms]
    for path, template in forms:
        if names.count(template.name) > 1:
            raise LeNetError(f"{path}: another form has the name {template.name!r}, too; rename one of the files")
        blank_page(template)
    return forms


def access_of(
    host: str, public_host: Sequence[str], token: str | None, cors: Sequence[str] = (), *, has_desk: bool
) -> "Access":
    """Access policy from the options of `serve`.

    Raises:
        LeNetError: if host, token or an origin is none, or a desk could be reached from elsewhere without a token.
    """
    from lenet.server import Access, hosts_of, is_local

    if not isinstance(host, str):
        raise LeNetError(f"host is {host!r}, expected an address, as 127.0.0.1")
    if has_desk and token is None and not is_local(host):
        raise LeNetError(f"a desk on {host} can be reached from elsewhere; choose a token that it asks for")
    hosts, takes_addresses = hosts_of(host, public_host)
    return Access(hosts, takes_addresses, token, tuple(cors))


def desk_folder(name: str | Path) -> Path:
    """The folder of a desk, by its name.

    Raises:
        LeNetError: if there is none, as in a script whose variable is empty: the current folder would be meant then; or
            if it is a file's.
    """
    if not isinstance(name, str | Path) or not str(name).strip():
        raise LeNetError(f"desk is {name!r}, expected the name of a folder, as stack")
    folder = Path(name)
    if folder.exists() and not folder.is_dir():
        raise LeNetError(f"{folder}: is a file, expected a folder for the desk")
    return folder


def normalized_path(text: str, name: str = "root_path") -> str:
    """A path that begins with a slash and ends without; ``name`` is what messages call it.

    >>> normalized_path("digits/"), normalized_path("/")
    ('/digits', '')
    """
    path = text.strip("/")
    if not re.fullmatch(r"[A-Za-z0-9._~/-]*", path) or ({"", ".", ".."} & set(path.split("/")) and path):
        raise LeNetError(f"{name} is {text!r}, expected a path of letters, digits and ._~-/, as /digits")
    return f"/{path}" if path else ""
