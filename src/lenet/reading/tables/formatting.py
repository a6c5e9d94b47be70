"""Readings as lines of text, as JSON values, and as rows of a table."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, Union

from lenet.reading.idx import IdxReading
from lenet.reading.recognition import LABELS
from lenet.reading.tables.csv_cells import line_of_cells

if TYPE_CHECKING:
    from lenet.reading import Digit, Reading

DigitReading = Union["Reading", IdxReading]

COLUMNS = ("file", "page", "line", "text", "accepted", "least_probability", "probabilities", "boxes", "remark")

_REJECTED = "?"


@dataclass(frozen=True)
class Line:
    """The digits of one answer: a whole picture's, or one line's.

    Attributes:
        number: of the line, from 1; 0 for a whole picture.
        text: labels and what stands between them.
        digits: its digits.
    """

    number: int
    text: str
    digits: tuple["Digit", ...]

    def marked(self, rejected: str) -> str:
        """The text with rejected digits by the format ``rejected``, in which ``{}`` stands for the label."""
        marks = iter(rejected.format(digit.label) if digit.is_rejected else digit.label for digit in self.digits)
        return "".join(next(marks) if character in LABELS else character for character in self.text)


def lines_of(reading: "Reading", by_line: bool) -> list[Line]:
    """The lines of a picture, or the picture as one; none if it holds no digits."""
    if not reading.digits:
        return []
    if not by_line:
        return [Line(0, reading.text, reading.digits)]
    digits = iter(reading.digits)
    return [
        Line(number, text, tuple(islice(digits, sum(character in LABELS for character in text))))
        for number, text in enumerate(reading.text.split("\n"), 1)
    ]


Row = dict[str, Any]
"""A row of a table: plain values under the names of its columns; None for what there is not."""


@dataclass(frozen=True)
class Columns:
    """The columns of a table.

    Attributes:
        kinds: the columns of a Parquet file in their order, and what each holds: ``"text"``, ``"whole"``, ``"share"``,
            ``"shares"``, ``"box"`` or ``"boxes"``.
        names: those of a CSV file.
    """

    kinds: dict[str, str]
    names: tuple[str, ...]


_KINDS = ("text", "whole", "whole", "text", "text", "share", "shares", "boxes", "text")
READING_COLUMNS = Columns(dict(zip(COLUMNS, _KINDS, strict=True)), COLUMNS)


class Formatter(Protocol):
    """Formatting of the result of a page as rows and JSON values."""

    @property
    def columns(self) -> Columns:
        """The names of the columns."""

    @property
    def record(self) -> dict[str, Any]:
        """Settings that a resumed table must share with the interrupted one."""

    def rows(self, name: str, number: int, reading: Any) -> Iterator[Row]:
        """The rows of a page of this number."""

    def json(self, name: str, number: int, reading: Any) -> Iterator[dict[str, Any]]:
        """The values of a page of this number."""

    def failed(self, name: str, number: int, why: str) -> tuple[Row, dict[str, Any]]:
        """The row and the values of a page that could not be read."""


@dataclass(frozen=True)
class ReadingFormatter:
    """Formatting of readings as text, JSON values and table rows.

    Attributes:
        min_probability: of an accepted digit of an IDX file.
        is_named: whether each answer begins with its file's name.
        by_line: whether each line of digits is an answer of its own.
        has_detail: whether each digit has a line of its own.
        hides_rejected: whether rejected digits are "?", in place of a digit that "?" follows.
        by_cell: whether the cells of a grid are answered as rows of CSV.
    """

    min_probability: float
    is_named: bool = False
    by_line: bool = False
    has_detail: bool = False
    hides_rejected: bool = False
    by_cell: bool = False

    def named(self) -> "ReadingFormatter":
        """A formatter whose answers begin with their file's name."""
        return replace(self, is_named=True)

    @property
    def columns(self) -> Columns:
        """The names of the columns."""
        return READING_COLUMNS

    @property
    def record(self) -> dict[str, Any]:
        """Settings that a resumed table must share with the interrupted one."""
        return {"lines": self.by_line, "min_probability": self.min_probability}

    def failed(self, name: str, number: int, why: str) -> tuple[Row, dict[str, Any]]:
        """The row and the values of a page that could not be read."""
        values = {"file": name, "page": number, "text": "", "accepted": "", "rejected": True, "remark": why}
        return _row(name, number, remark=why), values

    @property
    def _rejected(self) -> str:
        return _REJECTED if self.hides_rejected else "{}" + _REJECTED

    def text(self, name: str, reading: DigitReading) -> Iterator[str]:
        """The lines to print."""
        prefix = f"{name}: " if self.is_named else ""
        if isinstance(reading, IdxReading):
            yield from self._idx_text(prefix, reading)
            return
        if self.by_cell:
            texts = reading.table
            for cell in reading.cells:
                text = Line(0, cell.text, cell.digits).marked(self._rejected)
                texts[cell.row][cell.column] = text or cell.accepted_text
            for row in texts:
                yield line_of_cells([name, *row] if self.is_named else row)
            return
        lines = lines_of(reading, self.by_line)
        if not lines and self.is_named:
            yield prefix
        for line in lines:
            text = line.marked(self._rejected)
            yield prefix + (text.replace("\n", " | ") if self.is_named else text)
            for digit in line.digits if self.has_detail else ():
                top, left, bottom, right = digit.box
                others = _others(digit.alternatives[:2])
                place = f"rows {top}-{bottom}, columns {left}-{right}"
                yield f"  {digit.label}  {digit.probability:.1%}  {others}; {place}"
        if self.has_detail:
            for piece in reading.ignored:
                top, left, bottom, right = piece.box
                yield f"  ignored: {piece.reason}; rows {top}-{bottom}, columns {left}-{right}"

    def _idx_text(self, prefix: str, reading: IdxReading) -> Iterator[str]:
        for probabilities in reading.probabilities:
            first, *others = (-probabilities).argsort()[:3].tolist()
            label = LABELS[first]
            line = prefix + (self._rejected.format(label) if probabilities[first] < self.min_probability else label)
            if self.has_detail:
                alternatives = _others([(LABELS[other], probabilities[other]) for other in others])
                line += f"  {probabilities[first]:.1%}  {alternatives}"
            yield line

    def json(self, name: str, number: int, reading: DigitReading) -> Iterator[dict[str, Any]]:
        """The values of a page of this number: one, or one for each line."""
        values = {"file": name, "page": number} | reading.to_json() | {"file": name}
        if isinstance(reading, IdxReading) or not self.by_line:
            yield values
            return
        for line in lines_of(reading, by_line=True) or [Line(1, "", ())]:
            yield values | {
                "line": line.number,
                "text": line.text,
                "accepted": line.marked(_REJECTED),
                "rejected": not line.digits or any(digit.is_rejected for digit in line.digits),
                "digits": [digit.to_json() for digit in line.digits],
            }

    def rows(self, name: str, number: int, reading: DigitReading) -> Iterator[Row]:
        """The rows of a page in tables: one, or one for each line; for an IDX file one for each digit."""
        if isinstance(reading, IdxReading):
            for index, probabilities in enumerate(reading.probabilities):
                label, share = LABELS[int(probabilities.argmax())], float(probabilities.max())
                accepted = label if share >= self.min_probability else _REJECTED
                yield _row(name, number, index + 1, label, accepted, [share])
            return
        for line in lines_of(reading, self.by_line) or [Line(0, "", ())]:
            yield _row(
                name,
                number,
                line.number,
                line.text.replace("\n", "|"),
                line.marked(_REJECTED).replace("\n", "|"),
                [digit.probability for digit in line.digits],
                [list(digit.box) for digit in line.digits],
                reading.remark,
            )


def _row(
    file: str,
    page: int,
    line: int = 0,
    text: str = "",
    accepted: str = "",
    shares: Sequence[float] = (),
    boxes: Sequence[list[int]] = (),
    remark: str = "",
) -> Row:
    """The row of an answer, without a line's number for a whole page."""
    probabilities = [round(share, 4) for share in shares]
    least = min(probabilities, default=None)
    return dict(
        zip(COLUMNS, (file, page, line or None, text, accepted, least, probabilities, boxes, remark), strict=True)
    )


def is_in_doubt(reading: DigitReading, min_probability: float) -> bool:
    """Whether any digit of the reading was rejected."""
    if isinstance(reading, IdxReading):
        return bool((reading.probabilities.max(axis=1) < min_probability).any())
    return any(digit.is_rejected for digit in reading.digits)


def _others(alternatives: Iterable[tuple[str, float]]) -> str:
    return "then " + ", ".join(f"{label} {share:.1%}" for label, share in alternatives)
