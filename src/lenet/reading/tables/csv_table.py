"""CSV files of answers: they grow row by row, and spreadsheets leave their cells as they are."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lenet.errors import printable
from lenet.reading.tables.answer_file import AnswerFile
from lenet.reading.tables.csv_cells import cell_of, text_of
from lenet.reading.tables.formatting import COLUMNS as COLUMNS  # for those who import it from here
from lenet.reading.tables.formatting import NUMBERS, READING_COLUMNS, Columns, TableRow
from lenet.reading.tables.line_file import LineFile


class Table(LineFile):
    """A CSV file with its columns' names at its head, in UTF-8, that holds whole rows at any moment."""

    def __init__(self, path: Path, columns: Sequence[str] = COLUMNS) -> None:
        super().__init__(path, _line(columns, columns, are_names=True))
        self._columns = columns

    def write(self, row: Sequence[object]) -> None:
        """Append a row.

        Raises:
            LeNetError: if there is no room for it; the table then ends with the row before it.
        """
        self.append(_line(row, self._columns))


class CsvTable(AnswerFile):
    """The table of answers as a CSV file."""

    def __init__(self, path: Path, columns: Columns = READING_COLUMNS) -> None:
        super().__init__(path, _line(columns.names, columns.names, are_names=True))
        self._columns = columns

    def write_page(self, rows: Sequence[TableRow], values: Sequence[dict[str, Any]]) -> None:
        names, numbers = self._columns.names, self._columns.numbers
        self.append(b"".join(_line(row.cells(), names, numbers=numbers) for row in rows), len(rows))

    def place(self, line: bytes) -> tuple[str, int, int]:
        [(name, page, number, *_)] = csv.reader([line.decode()], strict=True)
        return text_of(name), int(page), int(number or 0) if self._columns.names[2] == "line" else 0


def is_table(path: Path, columns: Sequence[str] = COLUMNS) -> bool:
    """Whether a file is a table that was written here before, or the beginning of its head alone."""
    head = _line(columns, columns, are_names=True).strip()
    with path.open("rb") as file:
        line = file.readline()
    return line.strip() == head or (not line.endswith(b"\n") and head.startswith(line))


def _line(
    row: Sequence[object], columns: Sequence[str], are_names: bool = False, numbers: frozenset[str] = NUMBERS
) -> bytes:
    cells = zip(columns, map(str, row), strict=True)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(
        [cell if are_names or column in numbers else cell_of(printable(cell)) for column, cell in cells]
    )
    return text.getvalue().encode()
