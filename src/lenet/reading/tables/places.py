"""Checks of the places of tables, before anything is read: their names, their folders, and what is there already."""

from collections.abc import Callable, Sequence
from pathlib import Path

from lenet.errors import DataError, LeNetError
from lenet.files import check_writable
from lenet.reading.tables.formatting import Columns


def check_csv(path: Path, columns: Sequence[str]) -> None:
    """Check that a CSV table with these columns can be written to a path.

    Raises:
        DataError: if not; the sentence begins with ``csv``.
    """
    from lenet.reading.tables.csv_table import is_table

    _check(path, "csv", "CSV", (".csv",), lambda path: is_table(path, columns))


def check_jsonl(path: Path) -> None:
    """Check that answers as JSON Lines can be written to a path.

    Raises:
        DataError: if not; the sentence begins with ``jsonl``.
    """
    from lenet.reading.tables.jsonl_table import is_json_lines

    _check(path, "jsonl", "JSON Lines", (".jsonl", ".ndjson"), is_json_lines)


def check_parquet(path: Path, columns: Columns) -> None:
    """Check that a Parquet table with these columns can be written to a path.

    Raises:
        DataError: if not; the sentence begins with ``parquet``.
        MissingExtra: if pyarrow is not installed.
    """
    from lenet.reading.tables.parquet_table import answer_schema, is_parquet_table

    answer_schema(columns)  # says whether the package is missing
    _check(path, "parquet", "Parquet", (".parquet", ".pq"), lambda path: is_parquet_table(path, columns))


def _check(path: Path, option: str, kind: str, suffixes: Sequence[str], is_of_ours: Callable[[Path], bool]) -> None:
    if path.suffix.lower() not in suffixes:
        raise DataError(f"{option} writes a {kind} file, expected a name that ends in {suffixes[0]}, got {path}")
    try:
        check_writable(path)
    except LeNetError as error:
        raise DataError(f"{option} {error}") from None
    if path.exists() and path.stat().st_size and not is_of_ours(path):
        raise DataError(f"{option} would write over {path}, which holds something else; name another file")
