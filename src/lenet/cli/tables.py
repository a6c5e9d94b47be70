"""Checks of the tables that a command is to write: names, folders, and what is there already."""

from collections.abc import Callable, Sequence
from pathlib import Path

import typer

from lenet.cli.options import check_place
from lenet.files import check_writable
from lenet.reading.batch.files import TablePaths
from lenet.reading.tables.formatting import COLUMNS, READING_COLUMNS, Columns


def check_table_path(path: Path | None, columns: Sequence[str] = COLUMNS) -> None:
    """Refuse, before anything is done, a path that no CSV table with these columns can be written to.

    Raises:
        BadParameter: if that is so.
    """
    if path is not None:
        from lenet.reading.tables.csv_table import is_table

        _check(path, "csv", "CSV", (".csv",), lambda path: is_table(path, columns))


def check_table_paths(paths: TablePaths, columns: Columns = READING_COLUMNS) -> None:
    """Refuse, before anything is done, paths that tables of readings cannot be written to.

    Raises:
        BadParameter: if that is so.
        MissingExtra: if a package is not installed that a format needs.
    """
    check_table_path(paths.csv, columns.names)
    if paths.jsonl is not None:
        from lenet.reading.tables.jsonl_table import is_json_lines

        _check(paths.jsonl, "jsonl", "JSON Lines", (".jsonl", ".ndjson"), is_json_lines)
    if paths.parquet is not None:
        from lenet.reading.tables.parquet_table import answer_schema, is_parquet_table

        answer_schema(columns)  # says whether a package is missing
        _check(paths.parquet, "parquet", "Parquet", (".parquet", ".pq"), lambda path: is_parquet_table(path, columns))


def _check(path: Path, option: str, kind: str, suffixes: Sequence[str], is_of_ours: Callable[[Path], bool]) -> None:
    if path.suffix.lower() not in suffixes:
        raise typer.BadParameter(
            f"--{option} writes a {kind} file, expected a name that ends in {suffixes[0]}, got {path}"
        )
    check_place(f"--{option}", check_writable, path)
    if path.exists() and path.stat().st_size and not is_of_ours(path):
        raise typer.BadParameter(f"--{option} would write over {path}, which holds something else; name another file")
