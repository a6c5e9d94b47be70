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
from lenet.reading.tables.formatting import READING_COLUMNS, Columns, Row
from lenet.reading.tables.line_file import LineFile

_NUMBERS = {"page", "line", "least_probability", "probability", "probabilities"}  # columns whose cells are no texts


class Table(LineFile):
    """A CSV file with its columns' names as its header, in UTF-8, that holds whole rows at any moment."""

    def __init__(self, path: Path, columns: Sequence[str] = COLUMNS) -> None:
        super().__init__(path, _line(columns))
        self._columns = columns

    def write(self, row: Sequence[object]) -> None:
        """Append a row.

        Raises:
            LeNetError: if there is no room for it; the table then ends with the row before it.
        """
        cells = zip(self._columns, map(str, row), strict=True)
        self.append(_line([cell if column in _NUMBERS else _text_cell(cell) for column, cell in cells]))


class CsvTable(AnswerFile):
    """The table of answers as a CSV file."""

    def __init__(self, path: Path, columns: Columns = READING_COLUMNS) -> None:
        super().__init__(path, _line(columns.names))
        self._kinds = {name: columns.kinds[name] for name in columns.names}

    def write_page(self, rows: Sequence[Row], values: Sequence[Row]) -> None:
        lines = [_line([_cell(row[name], kind) for name, kind in self._kinds.items()]) for row in rows]
        self.append(b"".join(lines), len(rows))

    def parse_position(self, line: bytes) -> tuple[str, int, int]:
        [(name, page, number, *_)] = csv.reader([line.decode()], strict=True)
        return text_of(name), int(page), int(number or 0) if "line" in self._kinds else 0


def is_table(path: Path, columns: Sequence[str] = COLUMNS) -> bool:
    """Whether a file is a table that was written here before, or the beginning of its header alone."""
    header = _line(columns).strip()
    with path.open("rb") as file:
        line = file.readline()
    return line.strip() == header or (not line.endswith(b"\n") and header.startswith(line))


def _cell(value: Any, kind: str) -> str:
    """A value of one of the kinds of `Columns` as a cell; a box is "top,left,bottom,right"."""
    if value is None:
        return ""
    match kind:
        case "whole":
            return str(value)
        case "share":
            return f"{value:.4f}"
        case "shares":
            return " ".join(f"{share:.4f}" for share in value)
        case "boxes":
            return _text_cell(" ".join("{},{},{},{}".format(*box) for box in value))
        case _:
            return _text_cell(value)


def _text_cell(text: str) -> str:
    return cell_of(printable(text))


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()
