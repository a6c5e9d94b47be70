"""A labeled folder: pictures, and a table beside them, ``labels.csv``, that says what each one shows."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lenet.errors import DataError, reason_of
from lenet.files import decode_text, path_argument, why_missing
from lenet.reading.recognition import LABELS

KINDS = ("single", "string")
NEW_LINE, GAP = "|", " "  # in labels of strings

_TABLE = "labels.csv"
_REQUIRED = ("file", "label")
_DEFAULT_CAPTURE = "all"
_CSV_HINT = "a table saved as “CSV UTF-8” from any spreadsheet is accepted"


@dataclass(frozen=True)
class LabeledPicture:
    """One row of a table of labels.

    Attributes:
        path: where the picture lies.
        file: its name, as the table has it.
        label: its digits; in those of a string a space is a gap, and a new line starts a line.
        kind: ``"single"``, one digit, or ``"string"``.
        capture: how it was made, in the words of the table; pictures are counted by it.
    """

    path: Path
    file: str
    label: str
    kind: str
    capture: str

    @property
    def group(self) -> str:
        """Kind and capture, as in ``"single/photo"``."""
        return f"{self.kind}/{self.capture}"

    @property
    def digits(self) -> str:
        """The label without gaps and lines."""
        return "".join(self.label.split())


def read_labels(path: str | Path) -> list[LabeledPicture]:
    """Read a table of labels: columns file and label, and if there are any kind and capture; others are left alone.

    Args:
        path: a CSV file with commas, semicolons or tabs, in UTF-8 or UTF-16; or a folder with a ``labels.csv``. Files
            are named from its folder on. Where the table names no kind, a label of one character is a single digit;
            where it names no capture, all pictures were captured alike.

    Raises:
        DataError: if the table, a column, a value or a picture's file is missing, or a file is named twice; with the
            number of the line.
    """
    path = path_argument("labels", path, DataError)
    path = path / _TABLE if path.is_dir() else path
    rows = _rows(path)
    columns = _columns(path, next(rows, (1, ()))[1])
    pictures: list[LabeledPicture] = []
    lines: dict[Path, int] = {}
    for line, values in rows:
        where = f"{path}, line {line}"
        if surplus := [value for value in values[len(columns) :] if value]:
            raise DataError(
                f"{where}: {surplus[0]!r} is in no column; expected one value for each column, "
                "in quotes where it holds what parts the columns"
            )
        picture = _picture(path.parent, where, dict(zip(columns, values, strict=False)))
        first = lines.setdefault(picture.path, line)
        if first != line:
            raise DataError(f"{where}: {picture.file} was named in line {first} already; name each picture once")
        pictures.append(picture)
    if not pictures:
        raise DataError(f"{path}: names no pictures; expected a line for each, as in 7.jpg,7")
    return pictures


def _rows(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """The values of each line that is not empty, and its number."""
    text = _text(path)
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for values in table:
            if any(value.strip() for value in values):
                yield table.line_num, [value.strip() for value in values]
    except csv.Error as error:
        raise DataError(f"{path}, line {table.line_num}: not a table ({error}); {_CSV_HINT}") from None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        problem = f"no such table of labels; expected columns {' and '.join(_REQUIRED)}"
        raise DataError(f"{path}: {why_missing(path, problem)}") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {reason_of(error)}") from None
    try:
        text = decode_text(content)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, line {line}: no text in UTF-8 or UTF-16; {_CSV_HINT}") from None
    if "\0" in text:
        raise DataError(f"{path}: no text but binary data; {_CSV_HINT}")
    return text


def _columns(path: Path, header: Sequence[str]) -> list[str]:
    columns = [name.lower() for name in header]
    for name in _REQUIRED:
        if name not in columns:
            header_text = " ".join(", ".join(filter(None, header)).split()) or "nothing"
            header_text = header_text if len(header_text) <= 80 else f"{header_text[:79]}…"
            raise DataError(
                f"{path}, line 1: no column {name}; expected file, label[, kind][, capture], found {header_text}"
            )
    if duplicates := [name for name in columns if name and columns.count(name) > 1]:
        raise DataError(f"{path}, line 1: two columns are named {duplicates[0]}; expected each name once")
    return columns


def _picture(folder: Path, where: str, values: dict[str, str]) -> LabeledPicture:
    for name in _REQUIRED:
        if not values.get(name):
            raise DataError(f"{where}: no {name}; every line needs a file and the digits that it shows")
    file, label_text = values["file"], values["label"]
    if unknown := [character for character in label_text if character not in LABELS + NEW_LINE + GAP]:
        raise DataError(
            f"{where}: the label {label_text!r} holds {unknown[0]!r}; "
            "expected digits, a space for a gap and | for a new line"
        )
    if not any(character in LABELS for character in label_text):
        raise DataError(f"{where}: the label {label_text!r} holds no digit; expected at least one")
    if not all(line.strip() for line in label_text.split(NEW_LINE)):
        raise DataError(
            f"{where}: the label {label_text!r} has a line without digits; expected {NEW_LINE} between lines only"
        )
    kind = values.get("kind") or ("single" if len(label_text) == 1 else "string")
    if kind not in KINDS:
        raise DataError(f"{where}: unknown kind {kind!r}; expected {' or '.join(KINDS)}")
    if kind == "single" and len(label_text) != 1:
        raise DataError(f"{where}: {label_text!r} is no single digit; give the picture the kind string")
    path = folder / file
    try:
        is_file = path.is_file()
    except (OSError, ValueError) as error:  # no file can have such a name
        raise DataError(f"{where}: the file's name {file[:40]!r}… cannot be: {reason_of(error)}") from None
    if not is_file:
        raise DataError(f"{where}: {path}: {'is a folder' if path.is_dir() else 'no such file'}, expected a picture")
    label = "\n".join(GAP.join(line.split()) for line in label_text.split(NEW_LINE))
    return LabeledPicture(path, file, label, kind, values.get("capture") or _DEFAULT_CAPTURE)
