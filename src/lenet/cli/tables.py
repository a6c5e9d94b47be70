"""Checks of the tables that a command is to write, whose sentences begin with the option."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from lenet.errors import DataError
from lenet.reading.batch.files import TablePaths
from lenet.reading.tables.formatting import COLUMNS, READING_COLUMNS, Columns


def check_table_path(path: Path | None, columns: Sequence[str] = COLUMNS) -> None:
    """Refuse, before anything is done, a path that no CSV table with these columns can be written to.

    Raises:
        BadParameter: if that is so.
    """
    if path is not None:
        from lenet.reading.tables.places import check_csv

        with _usage_errors():
            check_csv(path, columns)


def check_table_paths(paths: TablePaths, columns: Columns = READING_COLUMNS) -> None:
    """Refuse, before anything is done, paths that tables of readings cannot be written to.

    Raises:
        BadParameter: if that is so.
        MissingExtra: if a package is not installed that a format needs.
    """
    with _usage_errors():
        paths.check(columns)


@contextmanager
def _usage_errors() -> Iterator[None]:
    try:
        yield
    except DataError as error:
        raise typer.BadParameter(f"--{error}") from None
