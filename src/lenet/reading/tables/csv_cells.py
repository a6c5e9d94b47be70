"""Cells of CSV files that spreadsheets and pandas leave as they are."""

import csv
import io
import re
from collections.abc import Sequence

from lenet.errors import printable

# What a spreadsheet runs as a formula, takes for another number, a date or a time, or trims; and the mark itself.
_CHANGED_BY_SPREADSHEETS = re.compile(
    r"['=+\-@＝＋－＠\s]|(?s:.*)\s$|0\d+$|\d{16,}$|\d{1,3}(,\d{3})+$|\d[\d.:/eE-]*[.:/eE-][\d.:/eE-]*$"
)
_APOSTROPHE = "'"


def cell_of(text: str) -> str:
    """Text as a cell that stays text: with an apostrophe before it where a spreadsheet or pandas would change it.

    Whoever reads the table takes one leading apostrophe off: ``cell.removeprefix("'")``.

    >>> [cell_of(text) for text in ("1998", "0142", "=1+1", "'", "7.png")]
    ['1998', "'0142", "'=1+1", "''", '7.png']
    """
    return _APOSTROPHE + text if _CHANGED_BY_SPREADSHEETS.match(text) else text


def text_of(cell: str) -> str:
    """The text of a cell that `cell_of` made."""
    return cell.removeprefix(_APOSTROPHE)


def line_of_cells(texts: Sequence[str]) -> str:
    """Texts as a line of a CSV file, each a cell that stays text.

    >>> line_of_cells(["1998", "", "0142"])
    "1998,,'0142"
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([cell_of(printable(cell)) for cell in texts])
    return text.getvalue()
