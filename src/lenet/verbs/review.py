"""The verb ``review``: a desk for a table of readings."""

from collections.abc import Callable, Sequence
from pathlib import Path

from lenet.errors import DataError
from lenet.files import path_argument
from lenet.verbs.serve import access_of, desk_folder, forms_of, serve


def review(
    results: str | Path,
    *,
    desk: str | Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    root_path: str = "",
    public_host: Sequence[str] = (),
    token: str | None = None,
    access_log: bool = False,
    form: str | Path | None = None,
    announce: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve a desk at ``/desk`` that asks what a table of readings was not sure of, until SIGINT or SIGTERM comes.

    Args:
        results: what ``lenet read --jsonl`` wrote. The pictures are looked for where it names them, from the current
            folder and from its own.
        desk: the folder in which everything is kept as it is typed; one beside the table, named after it, if None.
            Pages that are there already, with their answers, stay as they are.
        form: the template that the pages were read by: answers that do not fit it are said. Pages that were read
            without it are read again, as at the desk of `lenet.serve`.
        host, port, root_path, public_host, token, access_log, announce: as `lenet.serve` takes them.

    Raises:
        DataError: if there is no such table, or a line of it is none of a reading.
        TemplateError: if the template is wrong.
        LeNetError, MissingExtra: as `lenet.serve`.
    """
    from lenet.desk.results_file import import_results
    from lenet.desk.stack import Stack

    access_of(host, public_host, token, has_desk=True)  # before anything is written
    forms_of(() if form is None else form)
    path = path_argument("results", results, DataError)
    folder = path.parent / f"{path.stem}.desk" if desk is None else desk_folder(desk)
    import_results(path, lambda: Stack(folder))
    serve(
        host=host,
        port=port,
        root_path=root_path,
        public_host=public_host,
        token=token,
        access_log=access_log,
        desk=folder,
        form=() if form is None else form,
        announce=announce,
    )
