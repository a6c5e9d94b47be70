"""Readings as lines of text, as JSON values, and as rows of a table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Union

from lenet.cli.table import line_of_cells
from lenet.reading.idx import IdxReading
from lenet.reading.recognition import LABELS

if TYPE_CHECKING:
    from lenet.reading import Digit, Reading

AnyReading = Union["Reading", IdxReading]

_REJECTED = "?"


@dataclass(frozen=True)
class Line:
    """Digits that are answered together: a whole picture's, or one line of them.

    Attributes:
        number: of the line, from 1; 0 for a whole picture.
        text: labels and what stands between them.
        digits: its digits.
    """

    number: int
    text: str
    digits: tuple["Digit", ...]

    def written(self, rejected: str) -> str:
        """The text with rejected digits written as asked: ``{}`` stands for the label."""
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


@dataclass(frozen=True)
class Answers:
    """How readings are put into words.

    Attributes:
        is_named: whether each answer begins with its file's name.
        by_line: whether each line of digits is an answer of its own.
        has_detail: whether each digit has a line of its own.
        hides_rejected: whether rejected digits are "?", in place of a digit that "?" follows.
        by_cell: whether the cells of a grid are answered as rows of CSV.
        min_probability: of an accepted digit of an IDX file.
    """

    is_named: bool
    by_line: bool
    has_detail: bool
    hides_rejected: bool
    min_probability: float
    by_cell: bool = False

    def named(self) -> "Answers":
        """The same, each with its file's name."""
        return replace(self, is_named=True)

    @property
    def _rejected(self) -> str:
        return _REJECTED if self.hides_rejected else "{}" + _REJECTED

    def text(self, name: str, reading: AnyReading) -> Iterator[str]:
        """The lines to print."""
        before = f"{name}: " if self.is_named else ""
        if isinstance(reading, IdxReading):
            yield from self._idx_text(before, reading)
            return
        if self.by_cell:
            texts = reading.table
            for cell in reading.cells:
                written = Line(0, cell.text, cell.digits).written(self._rejected)
                texts[cell.row][cell.column] = written or cell.accepted_text
            for row in texts:
                yield line_of_cells([name, *row] if self.is_named else row)
            return
        lines = lines_of(reading, self.by_line)
        if not lines and self.is_named:
            yield before
        for line in lines:
            written = line.written(self._rejected)
            yield before + (written.replace("\n", " | ") if self.is_named else written)
            for digit in line.digits if self.has_detail else ():
                top, left, bottom, right = digit.box
                others = _others(digit.alternatives[:2])
                place = f"rows {top}-{bottom}, columns {left}-{right}"
                yield f"  {digit.label}  {digit.probability:.1%}  {others}; {place}"
        if self.has_detail:
            for piece in reading.ignored:
                top, left, bottom, right = piece.box
                yield f"  ignored: {piece.reason}; rows {top}-{bottom}, columns {left}-{right}"

    def _idx_text(self, before: str, reading: IdxReading) -> Iterator[str]:
        for probabilities in reading.probabilities:
            first, *others = (-probabilities).argsort()[:3].tolist()
            label = LABELS[first]
            line = before + (self._rejected.format(label) if probabilities[first] < self.min_probability else label)
            if self.has_detail:
                rest = _others([(LABELS[other], probabilities[other]) for other in others])
                line += f"  {probabilities[first]:.1%}  {rest}"
            yield line

    def json(self, name: str, number: int, reading: AnyReading) -> Iterator[dict[str, Any]]:
        """The values of a page of this number: one, or one for each line."""
        values = reading.to_json() | {"file": name}
        if isinstance(reading, IdxReading):
            yield values
            return
        values = {"file": name, "page": number} | values
        if not self.by_line:
            yield values
            return
        for line in lines_of(reading, by_line=True) or [Line(1, "", ())]:
            yield values | {
                "line": line.number,
                "text": line.text,
                "accepted": line.written(_REJECTED),
                "rejected": not line.digits or any(digit.is_rejected for digit in line.digits),
                "digits": [digit.to_json() for digit in line.digits],
            }

    def rows(self, name: str, number: int, reading: AnyReading) -> Iterator[tuple[object, ...]]:
        """The rows of a page under a table's `COLUMNS`: one, or one for each line; for an IDX file one for each digit.

        Boxes are "top,left,bottom,right", lines parted by "|".
        """
        if isinstance(reading, IdxReading):
            for index, probabilities in enumerate(reading.probabilities):
                label, share = LABELS[int(probabilities.argmax())], float(probabilities.max())
                accepted = label if share >= self.min_probability else _REJECTED
                yield name, number, index + 1, label, accepted, f"{share:.4f}", f"{share:.4f}", "", ""
            return
        for line in lines_of(reading, self.by_line) or [Line(0, "", ())]:
            probabilities = [digit.probability for digit in line.digits]
            yield (
                name,
                number,
                line.number or "",
                line.text.replace("\n", "|"),
                line.written(_REJECTED).replace("\n", "|"),
                f"{min(probabilities):.4f}" if probabilities else "",
                " ".join(f"{share:.4f}" for share in probabilities),
                " ".join("{},{},{},{}".format(*digit.box) for digit in line.digits),
                reading.remark,
            )


def is_in_doubt(reading: AnyReading, min_probability: float) -> bool:
    """Whether some digit of the reading was rejected."""
    if isinstance(reading, IdxReading):
        return bool((reading.probabilities.max(axis=1) < min_probability).any())
    return any(digit.is_rejected for digit in reading.digits)


def _others(alternatives: Iterable[tuple[str, float]]) -> str:
    return "then " + ", ".join(f"{label} {share:.1%}" for label, share in alternatives)
