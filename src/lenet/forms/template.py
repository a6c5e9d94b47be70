"""Templates of forms: a page and its fields as data, read from TOML files that are written to be changed by hand.

`docs/forms.md` shows one, with all that may stand in it.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Protocol, TypeVar

from lenet.boxes import bounding_box
from lenet.errors import DataError, ReadingError, UnknownName, counted, printable, reason_of
from lenet.files import decode_text, path_argument, why_missing
from lenet.forms.check_digits import CHECKS, OF_LETTERS
from lenet.reading.lines.pattern import MAX_CHARACTERS, Pattern
from lenet.records import Record, RecordError

Box = tuple[float, float, float, float]

KINDS = ("digits", "number", "date", "ticks")
MAX_BYTES = 1 << 20
MAX_FIELDS = 1000
DEFAULT_FORMAT = "DD.MM.YYYY"
PARTS_OF_DATE = re.compile(r"YYYY|YY|MM|DD")

_KEYS = {
    "form": ("page", "blank", "sha256", "field", "sum"),
    "field": ("name", "box", "kind", "cells", "length", "pattern", "range", "check", "format", "choices"),
    "sum": ("total", "terms"),
}
_KINDS_OF_KEY = {  # which keys only some kinds have
    "cells": ("digits", "number", "date"),
    "length": ("digits", "number"),
    "pattern": ("digits", "number"),
    "range": ("digits", "number", "date"),
    "check": ("digits",),
    "format": ("date",),
    "choices": ("ticks",),
    "box": ("digits", "number", "date"),
}
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?", re.ASCII)


class _HasName(Protocol):
    @property
    def name(self) -> str: ...


Named = TypeVar("Named", bound=_HasName)


class TemplateError(DataError):
    """A template that is damaged or contradicts itself; the sentence names file, line and field."""


@dataclass(frozen=True)
class Field:
    """A field of a form.

    Attributes:
        name: what its column is called.
        kind: ``"digits"``, ``"number"``, ``"date"`` or ``"ticks"``.
        box: (top, left, bottom, right), in the page's unit; of ticks the box around all choices.
        length: how many digits it has; None if that is not known.
        pattern: what it looks like; None if that is not known.
        limits: the least and the greatest value, of dates their ordinals; None if that is not known.
        check: the rule of its check digit, a key of `CHECKS`; None if it has none.
        format: of a date, of DD, MM, YYYY or YY and what stands between them.
        choices: of ticks, each choice's box.
        cells: left and right of each box that holds one digit, in the page's unit; none if digits are written freely.
    """

    name: str
    kind: str
    box: Box
    length: int | None = None
    pattern: str | None = None
    limits: tuple[float, float] | None = None
    check: str | None = None
    format: str = DEFAULT_FORMAT
    choices: tuple[tuple[str, Box], ...] = ()
    cells: tuple[tuple[float, float], ...] = ()

    @property
    def boxes(self) -> list[Box]:
        """The boxes of the ticks' choices, or the field's own."""
        return [box for _, box in self.choices] or [self.box]

    def violation(self, text: str) -> str:
        """Why a text cannot be what stands in this field, in a few words; empty if it can.

        >>> Field("year", "digits", (0, 0, 1, 4), length=4, limits=(1900, 2100)).violation("1066")
        'is below 1900'
        """
        digits = sum(character.isdecimal() for character in text)
        if self.length is not None and digits != self.length:
            return f"has {counted(digits, 'digit')}, not {self.length}"
        if self.pattern is not None and not Pattern.parse(self.pattern).accepts(text):
            return f"is not {self.pattern}"
        if self.kind == "digits" and not re.fullmatch(r"[\d ]*", text, re.ASCII) and self.pattern is None:
            return "holds more than digits"
        if self.kind == "date":
            return self._date_violation(text)
        if self.kind == "number" and self.pattern is None and value_of(text) is None:
            return "is no number"
        if self.check is not None and not CHECKS[self.check](text):
            return f"violates the check digit ({self.check})"
        return self._out_of_range(text)

    def blank_boxes(self, text: str) -> str:
        """How a text's digits and the field's boxes differ in number, in a few words; empty if they do not.

        Boxes may stay blank, so that fewer digits violate nothing.

        >>> Field("year", "digits", (0, 0, 1, 4), cells=((0, 1), (1, 2), (2, 3), (3, 4))).blank_boxes("66")
        'has 2 digits, in 4 boxes'
        """
        digits = sum(character.isdecimal() for character in text)
        is_full = self.kind != "digits" or not self.cells or digits == len(self.cells)
        return "" if is_full else f"has {counted(digits, 'digit')}, in {counted(len(self.cells), 'box', 'boxes')}"

    def _date_violation(self, text: str) -> str:
        day = _parse_date(text, self.format)
        if day is None:
            return f"is no date {self.format}"
        if self.limits is None:
            return ""
        first, last = (date.fromordinal(int(limit)) for limit in self.limits)
        return f"is before {first}" if day < first else f"is after {last}" if day > last else ""

    def _out_of_range(self, text: str) -> str:
        if self.limits is None:
            return ""
        value = value_of(text)
        if value is None:
            return "is no number"
        lower, upper = self.limits
        return (
            f"is below {lower:g}"
            if value < Decimal(repr(lower))
            else (f"is above {upper:g}" if value > Decimal(repr(upper)) else "")
        )


@dataclass(frozen=True)
class Sum:
    """Fields that add up: the values of the terms to that of the total."""

    total: str
    terms: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The fields of the total and of the terms."""
        return self.total, *self.terms

    def holds(self, values: Mapping[str, str]) -> bool:
        """Whether the texts of these fields add up, exactly; False if one of them is no number.

        >>> Sum("all", ("a", "b")).holds({"all": "0,3", "a": "0,1", "b": "0.20"})
        True
        """
        total, *terms = (value_of(values.get(name, "")) for name in self.names)
        return total is not None and None not in terms and sum(term for term in terms if term is not None) == total


@dataclass(frozen=True)
class Template:
    """A form: the size of its page, its fields in their order, and the sums between them.

    Attributes:
        blank: the picture of the blank page, as the file names it, seen from the file's folder; None without one.
        digest: the SHA-256 of that picture, in hexadecimal; empty if it is not known.
        name: of the form: that of its file.
    """

    page: tuple[float, float]
    fields: tuple[Field, ...]
    sums: tuple[Sum, ...] = ()
    blank: Path | None = None
    digest: str = ""
    name: str = "form"

    def field(self, name: str) -> Field:
        """The field of a name.

        Raises:
            UnknownName: if there is none.
        """
        return field_named(name, self.fields)

    @classmethod
    def load(cls, path: str | Path) -> "Template":
        """The template that a TOML file holds.

        Raises:
            TemplateError: if it cannot be read, or is wrong.
        """
        path = path_argument("form", path, TemplateError)
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            problem = why_missing(path, f"cannot be read ({reason_of(error)})")
            raise TemplateError(f"{path}: {problem}") from None
        template = cls.of_bytes(content, str(path))
        return replace(template, blank=None if template.blank is None else path.parent / template.blank)

    @classmethod
    def of_bytes(cls, content: bytes, name: str) -> "Template":
        """The template that the bytes of a TOML file of this name hold.

        Raises:
            TemplateError: if it is wrong.
        """
        if len(content) > MAX_BYTES:
            raise TemplateError(f"{name}: over {MAX_BYTES:,} bytes, which is more than a template needs")
        try:
            template = cls.parse(decode_text(content), name)
        except UnicodeDecodeError:
            raise TemplateError(f"{name}: is not a text in UTF-8, as TOML files are") from None
        return replace(template, name=Path(name).stem)

    @classmethod
    def parse(cls, text: str, name: str = "form.toml") -> "Template":
        """The template that a TOML text holds.

        Args:
            name: what sentences call it.

        Raises:
            TemplateError: if it is wrong; the sentence names line and field.
        """
        try:
            values = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
            raise TemplateError(f"{name}: not TOML ({printable(' '.join(str(error).split()))})") from None
        return _Parser(text, name).template(values)


def field_named(name: str, fields: Iterable[Named]) -> Named:
    """The one of the fields, or of what was read in them, that has a name.

    Raises:
        UnknownName: if none has.
    """
    fields = list(fields)
    for field in fields:
        if field.name == name:
            return field
    raise UnknownName("field", name, [field.name for field in fields])


def value_of(text: str) -> Decimal | None:
    """The number that a text is, with a comma or a point before its decimals; None if it is none.

    >>> value_of("1 234,50"), value_of("12-")
    (Decimal('1234.50'), None)
    """
    plain = text.replace(" ", "")
    if len(plain) > MAX_CHARACTERS or not _NUMBER.fullmatch(plain):
        return None
    try:
        return Decimal(plain.replace(",", "."))
    except InvalidOperation:
        return None


def _parse_date(text: str, form: str) -> date | None:
    """The date that a text is; of two digits of a year, those of 1950 to 2049."""
    names = iter(PARTS_OF_DATE.findall(form))
    pattern = PARTS_OF_DATE.sub(lambda part: rf"(\d{{{len(part[0])}}})", re.escape(form))
    match = re.fullmatch(pattern, text, re.ASCII)
    if match is None:
        return None
    parts = {name: int(digits) for name, digits in zip(names, match.groups(), strict=True)}
    year = parts.get("YYYY", (parts.get("YY", 0) + 50) % 100 + 1950)
    try:
        return date(year, parts["MM"], parts["DD"])
    except ValueError:
        return None


class _Parser:
    """Checks of a template's values, and the lines they stand in."""

    def __init__(self, text: str, name: str) -> None:
        self._lines, self._name = text.splitlines(), name

    def template(self, values: Mapping[str, Any]) -> Template:
        record = Record(values)
        self._check_keys(values, "form", "", 0)
        try:
            height, width = record.numbers("page", 2)
            if not (height > 0 and width > 0):
                raise RecordError("page is not above 0, expected its height and width")
            tables = record.list("field")
            if not 1 <= len(tables) <= MAX_FIELDS:
                raise RecordError(f"{len(tables):,} fields, expected 1 to {MAX_FIELDS:,}")
            sums = record.list("sum", default=[])
            blank, digest = record.text("blank", ""), record.text("sha256", "")
        except RecordError as error:
            raise self._error(str(error), self._line_of("", 0, str(error).split()[0])) from None
        page = (height, width)
        fields = [self._field(table, number, page) for number, table in enumerate(tables)]
        for number, field in enumerate(fields):
            if field.name in [other.name for other in fields[:number]]:
                raise self._error(
                    "has the name of an earlier field", self._line_of("field", number, "name"), field.name
                )
        numbers = [field.name for field in fields if field.kind in ("digits", "number")]
        return Template(
            page,
            tuple(fields),
            tuple(self._sum(one, number, numbers) for number, one in enumerate(sums)),
            Path(blank) if blank else None,
            digest,
        )

    def _field(self, value: Any, number: int, page: tuple[float, float]) -> Field:
        name = f"number {number + 1}"
        try:
            record = Record.of(value)
            name = record.text("name")
            if not name.strip() or not name.isprintable():
                raise RecordError(f"name is {name!r}, expected a text that can be printed")
            self._check_keys(record.values, "field", name, number)
            kind = record.text("kind")
            if kind not in KINDS:
                raise RecordError(str(UnknownName("kind", kind, KINDS)))
            for key, kinds in _KINDS_OF_KEY.items():
                if key in record.values and kind not in kinds:
                    raise RecordError(f"{key} is of fields of kind {' or '.join(kinds)}, and this is one of {kind}")
            length = record.integer("length", 1, MAX_CHARACTERS) if "length" in record else None
            pattern = Pattern.parse(record.text("pattern")).text if "pattern" in record else None
            limits = (_dates if kind == "date" else _limits)(record, "range") if "range" in record else None
            check = record.text("check") if "check" in record else None
            if check is not None and check not in CHECKS:
                raise RecordError(str(UnknownName("check", check, CHECKS)))
            if check in OF_LETTERS:
                raise RecordError(f"check is {check}, whose texts begin with letters, and only digits are read")
            form = record.text("format", DEFAULT_FORMAT)
            if sorted(part[:2] for part in PARTS_OF_DATE.findall(form)) != ["DD", "MM", "YY"]:
                raise RecordError(f"format is {form!r}, expected DD, MM and YYYY or YY, as {DEFAULT_FORMAT!r}")
            choices = self._choices(record, page) if kind == "ticks" else ()
            box = bounding_box([one for _, one in choices]) if choices else _box(record, "box", page)
            cells = _cells(record, "cells", box) if "cells" in record else ()
        except (RecordError, ReadingError) as error:
            match = re.search(rf"\b({'|'.join(_KEYS['field'])})\b", str(error))  # the sentence begins with the key
            raise self._error(str(error), self._line_of("field", number, match[1] if match else ""), name) from None
        return Field(name, kind, box, length, pattern, limits, check, form, choices, cells)

    def _choices(self, record: Record, page: tuple[float, float]) -> tuple[tuple[str, Box], ...]:
        boxes = record.record("choices")
        if not boxes.values:
            raise RecordError("choices are none, expected a box for each")
        return tuple((choice, _box(boxes, choice, page)) for choice in boxes.values)

    def _sum(self, value: Any, number: int, numbers: Sequence[str]) -> Sum:
        key = "total"
        try:
            record = Record.of(value)
            self._check_keys(record.values, "sum", "", number)
            one = Sum(record.text(key), record.texts(key := "terms"))
            if not one.terms or len(set(one.names)) <= len(one.terms):
                raise RecordError(f"terms are {list(one.terms)}, expected other fields than the total, each once")
            for name in one.names:
                key = "total" if name == one.total else "terms"
                if name not in numbers:
                    raise RecordError(str(UnknownName("field of digits or numbers", name, numbers)))
        except RecordError as error:
            raise self._error(str(error), self._line_of("sum", number, key), "", f"sum {number + 1}") from None
        return one

    def _check_keys(self, values: Mapping[str, Any], table: str, name: str, number: int) -> None:
        for key in values:
            if key not in _KEYS[table]:
                sentence = str(UnknownName("entry", key, _KEYS[table]))
                raise self._error(sentence, self._line_of("" if table == "form" else table, number, key), name)

    def _line_of(self, table: str, number: int, key: str) -> int:
        """The line of a key in the so manieth table of a kind; that of the table's head if it does not stand there."""
        lines = list(self._lines_of(table, number))
        pattern = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]""")
        return next((line for line, text in lines if pattern.match(text)), lines[0][0] if lines else 1)

    def _lines_of(self, table: str, number: int) -> Iterator[tuple[int, str]]:
        """The lines of a table, its head first; without a name those before the first table."""
        current, last_numbers = "", dict.fromkeys(_KEYS, -1)
        for line, text in enumerate(self._lines, start=1):
            if head := re.match(r"""\s*\[\[?\s*["']?(\w+)["']?\s*\]""", text):
                current = head[1]
                last_numbers[current] = last_numbers.get(current, -1) + 1
            if current == table and (not table or last_numbers[table] == number):
                yield line, text

    def _error(self, sentence: str, line: int, field: str = "", place: str = "") -> TemplateError:
        where = place or (f"field {field!r}" if field else "")
        return TemplateError(f"{self._name}, line {line}{', ' * bool(where)}{where}: {sentence}")


def _limits(record: Record, key: str) -> tuple[float, float]:
    lower, upper = record.numbers(key, 2)
    if lower > upper:
        raise RecordError(f"{key} is {[lower, upper]}, expected the least value before the greatest")
    return lower, upper


def _dates(record: Record, key: str) -> tuple[float, float]:
    days = record.list(key, 2)
    if not all(type(day) is date for day in days) or days[0] > days[1]:
        raise RecordError(f"{key} is {days}, expected the first date before the last, as [1900-01-01, 2026-12-31]")
    return days[0].toordinal(), days[1].toordinal()


def _box(record: Record, key: str, page: tuple[float, float]) -> Box:
    top, left, bottom, right = record.numbers(key, 4)
    if not (0 <= top < bottom <= page[0] and 0 <= left < right <= page[1]):
        raise RecordError(
            f"{key} is {list(record.values[key])}, expected top, left, bottom, right within the page of "
            f"{page[0]:g} by {page[1]:g}"
        )
    return top, left, bottom, right


def _cells(record: Record, key: str, box: Box) -> tuple[tuple[float, float], ...]:
    """Left and right of each box: of as many as a number says, of equal width, or as they are listed."""
    if isinstance(record.values[key], list):
        sides = tuple((left, right) for left, right in record.number_rows(key, 2))
        ends = [place for pair in sides for place in pair]
        if not 1 <= len(sides) <= MAX_CHARACTERS or ends != sorted(ends) or ends[0] < box[1] or ends[-1] > box[3]:
            raise RecordError(
                f"{key} are {record.values[key]}, expected the left and right of 1 to {MAX_CHARACTERS} boxes within "
                f"{box[1]:g} to {box[3]:g}, from the left"
            )
        return sides
    count = record.integer(key, 1, MAX_CHARACTERS)
    width = (box[3] - box[1]) / count
    return tuple((box[1] + number * width, box[1] + (number + 1) * width) for number in range(count))
