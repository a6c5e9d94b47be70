"""Parquet files of answers (extra ``tables``).

A Parquet file is of use only when its end is written. So rows go into a file of JSON lines beside it, and when all are
there, that becomes the Parquet file, in row groups, with no more than one of them in memory.
"""

import json
import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from lenet.errors import LeNetError, reason_of, required
from lenet.files import atomic_writer
from lenet.reading.tables.formatting import READING_COLUMNS, Columns, Row
from lenet.reading.tables.jsonl_table import JsonLines
from lenet.records import json_bytes

ROWS_SUFFIX = ".rows.jsonl"
_ROWS_AT_ONCE = 10_000


class ParquetTable(JsonLines):
    """A Parquet file with the columns of a `Row`; until it is finished its rows are in ``PATH.rows.jsonl``.

    Raises:
        MissingExtra: if pyarrow is not installed.
    """

    def __init__(self, path: Path, columns: Columns = READING_COLUMNS) -> None:
        super().__init__(Path(os.path.realpath(path) + ROWS_SUFFIX))
        self._target = path
        self._schema = answer_schema(columns)
        self._is_reopened = False

    @property
    def target(self) -> Path:
        return self._target

    def write_page(self, rows: Sequence[Row], values: Sequence[Row]) -> None:
        self.append(b"".join(map(json_bytes, rows)), len(rows))

    def close(self) -> None:
        """End the file of rows, if one was begun."""
        if self._file is not None:
            super().close()

    def finish(self) -> None:
        """Make the Parquet file of all rows; an earlier one stays if there is none."""
        if self._file is None and self._target.exists():
            return
        from pyarrow import RecordBatch
        from pyarrow.parquet import ParquetWriter

        self.begin()
        self.close()
        try:
            with (
                self.path.open("rb") as lines,
                atomic_writer(self._target) as file,
                ParquetWriter(file, self._schema) as writer,
            ):
                while rows := [json.loads(line) for line in islice(lines, _ROWS_AT_ONCE)]:
                    writer.write_batch(RecordBatch.from_pylist(rows, self._schema))
            self.path.unlink()
        except OSError as error:
            raise LeNetError(
                f"{self._target}: cannot be written ({reason_of(error)}); its rows are in {self.path}"
            ) from None

    def reopen(self) -> None:
        """Restore the file of rows from a Parquet file that was finished."""
        if self.path.exists() or not self._target.exists():
            return
        self._is_reopened = True
        with atomic_writer(self.path) as file:
            for row in _rows_of(self._target):
                file.write(json_bytes(row))

    def abandon(self) -> None:
        if self._is_reopened and self._file is None:
            self.path.unlink(missing_ok=True)


def is_parquet_table(path: Path, columns: Columns = READING_COLUMNS) -> bool:
    """Whether a file is a Parquet file with the columns of answers."""
    import pyarrow
    from pyarrow.parquet import read_schema

    try:
        return bool(read_schema(path).names == answer_schema(columns).names)
    except (OSError, pyarrow.ArrowException):
        return False


def _rows_of(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(_ROWS_AT_ONCE):
                yield from batch.to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise LeNetError(f"{path}: not a readable Parquet file ({' '.join(str(error).split())})") from None


def answer_schema(columns: Columns) -> Any:
    """The columns of answers as a pyarrow schema.

    Raises:
        MissingExtra: if pyarrow is not installed.
    """
    with required("pyarrow", "tables", "writing Parquet files"):
        import pyarrow
    integer, number = pyarrow.int32(), pyarrow.float64()
    types = {
        "text": pyarrow.string(),
        "whole": integer,
        "share": number,
        "shares": pyarrow.list_(number),
        "box": pyarrow.list_(integer, 4),
        "boxes": pyarrow.list_(pyarrow.list_(integer, 4)),
    }
    return pyarrow.schema({name: types[kind] for name, kind in columns.kinds.items()})
