"""Fields of a page for review: those of its form, or the lines and cells of any other page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lenet.boxes import Box, bounding_box
from lenet.forms.results import DOUBTFUL, OK, VIOLATES, FieldReading, FormReading, alternatives_of
from lenet.reading.lines.numbers import MAY_BE_DIGITS
from lenet.records import Record, RecordError

NO_PAGE = "holds digits without a page; lenet read reads such files"
MAX_ALTERNATIVES = 5
MAX_NUMBER = 2**31 - 1  # of a page in its file, and of pixels of a side
MIN_PROBABILITY = 0.001  # of an alternative: of rarer ones a page of doubtful fields has less than one


@dataclass(frozen=True)
class Field(FieldReading):
    """A field of a form; or a line or a cell of any other page, called ``line 3`` or ``row 2, column 5``.

    Attributes:
        bundle: what the fields have in common that are reviewed together: the total of a violated sum; else None.
        needs_review: whether somebody is to look at it, since reading was not sure of it.
    """

    status: str = OK
    bundle: str | None = None
    needs_review: bool = False


@dataclass(frozen=True)
class PageFields:
    """A page and its fields.

    Attributes:
        number: in its file, from 1.
        size: (height, width), upright.
        fields: top to bottom.
        remark: what to know of the page.
        form_name: the name of the template that the page was read by; empty if there is none.
        sums: of the form's fields, each (total, terms).
        rotation: degrees clockwise by which the page is rotated to be read: 0, 90, 180 or 270.

    Raises:
        RecordError: if the number or the size is none that the stack can keep.
    """

    number: int
    size: tuple[int, int]
    fields: tuple[Field, ...]
    remark: str = ""
    form_name: str = ""
    sums: tuple[tuple[str, tuple[str, ...]], ...] = ()
    rotation: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.number <= MAX_NUMBER or not 0 <= min(self.size) <= max(self.size) <= MAX_NUMBER:
            raise RecordError(f"page {self.number} of {self.size[0]}×{self.size[1]}, expected at most {MAX_NUMBER:,}")

    @property
    def problem(self) -> str:
        """Why a page of a form has no fields, as one that shows another form; empty if it has some."""
        return problem_of(self.number, self.remark) if self.form_name and not self.fields else ""


def problem_of(number: int, remark: str) -> str:
    """What is said beside a file of a page of another form."""
    return f"page {number}: {remark}"


def page_of_form(reading: FormReading) -> PageFields:
    """The fields of a form: doubtful ones need review, and all of a sum that does not hold, together."""
    bundles = {name: one.total for one in reading.sums if one.holds is False for name in (one.total, *one.terms)}
    fields = tuple(
        Field(
            **vars(field) | {"alternatives": field.alternatives[:MAX_ALTERNATIVES]},
            bundle=bundles.get(field.name),
            needs_review=field.status in (DOUBTFUL, VIOLATES) or field.name in bundles,
        )
        for field in reading.fields
    )
    remark = "; ".join(filter(None, (reading.reason, *reading.remarks)))
    sums = tuple((one.total, one.terms) for one in reading.sums)
    return PageFields(reading.page, reading.size, fields, remark, reading.form, sums, reading.rotation)


def page_of_values(values: Mapping[str, Any]) -> PageFields:
    """The fields of a page as ``lenet read --json`` writes it: of a form, or its cells, or else its lines.

    Raises:
        RecordError: if the values are damaged.
    """
    record = Record.of(values)
    if "form" in record:
        return page_of_form(FormReading.from_dict(values))
    height, width = record.integers("size", 2)
    digits = [_Digit.of(digit) for digit in record.records("digits")]
    cells = [(cell, _box_of(cell)) for cell in record.records("cells", default=[])]
    fields = [_field_of_cell(cell, box, digits) for cell, box in cells if cell.text("text") or cell.boolean("rejected")]
    lines: dict[int, list[_Digit]] = {}
    for digit in digits:
        if not any(_has_center_in(digit.box, box) for _, box in cells):
            lines.setdefault(digit.line, []).append(digit)
    texts = record.text("text").split("\n")
    fields += [_field_of_line(number, members, texts) for number, members in lines.items()]
    remark = record.text("remark", "")
    fields += _ignored_ink(record.records("ignored", default=[]), bool(fields), (height, width), remark)
    fields.sort(key=lambda field: _order(field.box, height))
    page, rotation = record.integer("page", 1, default=1), record.integer("turned", 0, 270, default=0)
    return PageFields(page, (height, width), tuple(fields), remark, rotation=rotation)


@dataclass(frozen=True)
class _Digit:
    """A digit of a page, as ``lenet read --json`` writes it."""

    label: str
    probability: float
    is_rejected: bool
    box: Box
    line: int
    alternatives: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, record: Record) -> "_Digit":
        return cls(
            record.text("label"),
            record.number("probability", 0, 1),
            record.boolean("rejected"),
            _box_of(record),
            record.integer("line", 0),
            alternatives_of(record),
        )


def _box_of(record: Record) -> Box:
    top, left, bottom, right = record.integers("box", 4)
    return top, left, bottom, right


def _ignored_ink(ignored: Sequence[Record], has_fields: bool, size: tuple[int, int], remark: str) -> list[Field]:
    """Fields of ignored ink that may be digits; one of the whole page, where there is ink and nothing was read."""
    boxes = {_box_of(piece) for piece in ignored if piece.text("reason") == MAY_BE_DIGITS}
    outermost = [box for box in boxes if not any(_is_inside(box, other_box) for other_box in boxes)]
    if not outermost and ignored and not has_fields:
        return [Field("page", "line", "", 0.0, (0, 0, *size), DOUBTFUL, remark, needs_review=True)]
    outermost.sort(key=lambda box: _order(box, size[0]))
    return [
        Field(f"left out {number}", "line", "", 0.0, box, DOUBTFUL, MAY_BE_DIGITS, needs_review=True)
        for number, box in enumerate(outermost, 1)
    ]


def _order(box: Sequence[int], height: int) -> tuple[int, ...]:
    """Sorting key of fields on a page of this height: from top to bottom, and of the same height from left to right."""
    return box[0] // max(1, height // 100), *box[1:], box[0]


def _field_of_line(number: int, digits: Sequence[_Digit], texts: Sequence[str]) -> Field:
    digits_alone = "".join(digit.label for digit in digits)
    text = texts[number] if number < len(texts) else digits_alone
    text = text if re.sub(r"\D", "", text) == digits_alone else digits_alone
    return _field(f"line {number + 1}", "line", text, digits, bounding_box([digit.box for digit in digits]))


def _field_of_cell(cell: Record, box: Box, digits: Sequence[_Digit]) -> Field:
    name = f"row {cell.integer('row') + 1}, column {cell.integer('column') + 1}"
    field = _field(name, "cell", cell.text("text"), [digit for digit in digits if _has_center_in(digit.box, box)], box)
    if cell.boolean("rejected") and not field.needs_review:
        return Field(name, "cell", field.text, 0.0, box, DOUBTFUL, "ink that was not read", needs_review=True)
    return field


def _field(name: str, kind: str, text: str, digits: Sequence[_Digit], box: Box) -> Field:
    probability = min((digit.probability for digit in digits), default=0.0)
    if not any(digit.is_rejected for digit in digits):
        return Field(name, kind, text, probability, box)
    return Field(
        name, kind, text, probability, box, DOUBTFUL, "not sure enough", _alternatives(text, digits), needs_review=True
    )


def _alternatives(text: str, digits: Sequence[_Digit]) -> tuple[tuple[str, float], ...]:
    """Texts in which one digit is another one, likeliest first."""
    positions = [position for position, character in enumerate(text) if character.isdigit()]
    if len(positions) != len(digits):
        return ()
    changed = [
        (text[:position] + label + text[position + 1 :], probability)
        for position, digit in zip(positions, digits, strict=True)
        for label, probability in digit.alternatives
        if label.isdigit() and probability >= MIN_PROBABILITY
    ]
    return tuple(sorted(changed, key=lambda text_and_probability: -text_and_probability[1])[:MAX_ALTERNATIVES])


def _is_inside(box: Box, outer: Box) -> bool:
    """Whether a box lies whole in another one."""
    return box != outer and bounding_box([box, outer]) == outer


def _has_center_in(box: Box, outer: Box) -> bool:
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= middle[0] < outer[2] and outer[1] <= middle[1] < outer[3]
