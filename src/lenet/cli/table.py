"""CSV files of answers: they grow row by row, and spreadsheets leave their cells as they are."""

import csv
import errno
import io
import os
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import typer

from lenet.errors import LeNetError, printable

COLUMNS = ("file", "page", "line", "text", "accepted", "least_probability", "probabilities", "boxes", "remark")

_NUMBERS = {"page", "line", "least_probability", "probability", "probabilities"}
_SECONDS = 1.0  # that may pass until what was written is on the disk, too

# What a spreadsheet runs as a formula, takes for another number, a date or a time, or trims; and the mark itself.
_CHANGED = re.compile(r"['=+\-@＝＋－＠\s]|.*\s$|0\d+$|\d{16,}$|\d{1,3}(,\d{3})+$|\d[\d.:/eE-]*[.:/eE-][\d.:/eE-]*$")
_MARK = "'"


def cell_of(text: str) -> str:
    """Text as a cell that stays text: with an apostrophe before it where a spreadsheet or pandas would change it.

    Whoever reads the table takes one leading apostrophe off: ``cell.removeprefix("'")``.

    >>> [cell_of(text) for text in ("1998", "0142", "=1+1", "'", "7.png")]
    ['1998', "'0142", "'=1+1", "''", '7.png']
    """
    return _MARK + text if _CHANGED.match(text) else text


def line_of_cells(texts: Sequence[str]) -> str:
    """Texts as a line of a CSV file, each a cell that stays text.

    >>> line_of_cells(["1998", "", "0142"])
    "1998,,'0142"
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([cell_of(printable(cell)) for cell in texts])
    return text.getvalue()


class Table:
    """A CSV file with its columns' names at its head, in UTF-8, that holds whole rows at any moment.

    What is there already is written over when the first row comes, and not before. A link is followed; a pipe gets the
    rows as they come.
    """

    def __init__(self, path: Path, columns: Sequence[str] = COLUMNS) -> None:
        self._path, self._columns = path, columns
        self._file: BinaryIO | None = None
        self._rows = self._whole = 0  # rows, and bytes of whole rows
        self._synced = time.monotonic()

    def write(self, row: Sequence[object]) -> None:
        """Append a row.

        Raises:
            LeNetError: if there is no room for it; the table then ends with the row before it.
        """
        try:
            if self._file is None:
                self._begin()
            self._append(_line(row, self._columns))
            self._rows += 1
            if time.monotonic() - self._synced > _SECONDS:
                self._sync()
        except OSError as error:
            raise self._refused(error) from None

    def close(self) -> None:
        """End the table; one that has got no row is a head alone, unless there was a file before."""
        try:
            if self._file is None and not self._path.exists():
                self._begin()
            if self._file is not None:
                self._sync()
                self._file.close()
        except OSError as error:
            raise self._refused(error) from None

    def _begin(self) -> None:
        Path(os.path.realpath(self._path)).parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("wb", buffering=0)
        self._append(_line(self._columns, self._columns, are_names=True))

    def _append(self, line: bytes) -> None:
        """Write a line in one piece, or nothing of it."""
        assert self._file is not None
        left = memoryview(line)
        try:
            while left:
                left = left[self._file.write(left) :]
        except BaseException:
            with suppress(OSError):  # pipes and devices
                self._file.truncate(self._whole)
            raise
        self._whole += len(line)

    def _sync(self) -> None:
        assert self._file is not None
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # pipes cannot
                raise
        self._synced = time.monotonic()

    def _refused(self, error: OSError) -> LeNetError:
        why = (error.strerror or str(error)).lower()
        return LeNetError(f"{self._path}: cannot be written ({why}); it ends after {self._rows:,} rows")


def check_table_path(path: Path | None, columns: Sequence[str] = COLUMNS) -> None:
    """Refuse, before anything is done, a path that no table with these columns can be written to.

    Raises:
        BadParameter: if that is so.
    """
    if path is None:
        return
    if path.suffix.lower() != ".csv" or path.is_dir():
        raise typer.BadParameter(f"--csv writes a CSV file, expected a name that ends in .csv, got {path}")
    if path.parent.exists() and not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
        raise typer.BadParameter(f"--csv cannot write into {path.parent}")
    if path.exists() and path.stat().st_size and not _is_table(path, columns):
        raise typer.BadParameter(f"--csv would write over {path}, which holds something else; name another file")


def _is_table(path: Path, columns: Sequence[str]) -> bool:
    """Whether a file is a table that was written here before."""
    with path.open("rb") as file:
        return file.readline().strip() == ",".join(columns).encode()


def _line(row: Sequence[object], columns: Sequence[str], are_names: bool = False) -> bytes:
    cells = zip(columns, map(str, row), strict=True)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(
        [cell if are_names or column in _NUMBERS else cell_of(printable(cell)) for column, cell in cells]
    )
    return text.getvalue().encode()
