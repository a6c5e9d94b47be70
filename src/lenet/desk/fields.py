"""Fields of a page for review: those of its form, or the lines and cells of any other page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lenet.boxes import Box, bounding_box
from lenet.forms.results import DOUBTFUL, OK, VIOLATES, FormReading
from lenet.reading.lines.numbers import MAY_BE_DIGITS
from lenet.records import Record

NO_PAGE = "holds digits without a page; lenet read reads such files"
MAX_ALTERNATIVES = 5
MIN_PROBABILITY = 0.001  # of an alternative: of rarer ones a page of doubtful fields has less than one


@dataclass(frozen=True)
class Field:
    """A field of a page.

    Attributes:
        name: of the form's field; ``line 3``, or ``row 2, column 5``, of any other page.
        kind: as `FieldReading.kind`; ``"line"`` or ``"cell"``.
        text, probability, status, reason, alternatives: as `FieldReading` has them.
        box: (top, left, bottom, right) in the upright picture's pixels.
        bundle: what the fields have in common that are reviewed together: the total of a violated sum; else None.
        needs_review: whether somebody is to look at it, since reading was not sure of it.
    """

    name: str
    kind: str
    text: str
    probability: float
    box: Box
    status: str = OK
    reason: str = ""
    alternatives: tuple[tuple[str, float], ...] = ()
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
    """

    number: int
    size: tuple[int, int]
    fields: tuple[Field, ...]
    remark: str = ""
    form_name: str = ""
    sums: tuple[tuple[str, tuple[str, ...]], ...] = ()
    rotation: int = 0

    @property
    def problem(self) -> str:
        """Why a page of a form has no fields, as one that shows another form; empty if it has some."""
        return f"page {self.number}: {self.remark}" if self.form_name and not self.fields else ""


def page_of_form(reading: FormReading) -> PageFields:
    """The fields of a form: doubtful ones need review, and all of a sum that does not hold, together."""
    bundles = {name: one.total for one in reading.sums if one.holds is False for name in (one.total, *one.terms)}
    fields = tuple(
        Field(
            field.name,
            field.kind,
            field.text,
            field.probability,
            field.box,
            field.status,
            field.reason,
            field.alternatives[:MAX_ALTERNATIVES],
            bundles.get(field.name),
            field.status in (DOUBTFUL, VIOLATES) or field.name in bundles,
        )
        for field in reading.fields
    )
    remark = "; ".join(filter(None, (reading.reason, *reading.remarks)))
    sums = tuple((one.total, one.terms) for one in reading.sums)
    return PageFields(reading.page, reading.size, fields, remark, reading.form, sums, reading.turned)


def page_of_values(values: Mapping[str, Any]) -> PageFields:
    """The fields of a page as ``lenet read --json`` writes it: of a form, or its cells, or else its lines.

    Raises:
        RecordError: if the values are damaged.
    """
    record = Record.of(values)
    if "form" in record:
        return page_of_form(FormReading.from_dict(values))
    height, width = record.integers("size", 2)
    cells, digits = record.list("cells", default=[]), record.list("digits")
    fields = [
        _field_of_cell(Record.of(cell), digits) for cell in cells if Record.of(cell).text("text") or cell["rejected"]
    ]
    lines: dict[int, list[Mapping[str, Any]]] = {}
    for digit in digits:
        if not any(_has_center_in(digit["box"], cell["box"]) for cell in cells):
            lines.setdefault(digit["line"], []).append(digit)
    texts = record.text("text").split("\n")
    fields += [_field_of_line(number, members, texts) for number, members in lines.items()]
    fields += _ignored_ink(record.list("ignored", default=[]), bool(fields), (height, width), record.text("remark", ""))
    fields.sort(key=lambda field: _order(field.box, height))
    return PageFields(
        record.integer("page", 1, default=1),
        (height, width),
        tuple(fields),
        record.text("remark", ""),
        rotation=record.integer("turned", 0, 270, default=0),
    )


def _ignored_ink(
    ignored: Sequence[Mapping[str, Any]], has_fields: bool, size: tuple[int, int], remark: str
) -> list[Field]:
    """Fields of ignored ink that may be digits; one of the whole page, where there is ink and nothing was read."""
    boxes = [Record.of(piece).integers("box", 4) for piece in ignored if piece["reason"] == MAY_BE_DIGITS]
    boxes = [box for box in {*map(tuple, boxes)} if not any(_is_inside(box, other_box) for other_box in boxes)]
    boxes.sort(key=lambda box: _order(box, size[0]))
    if not boxes and ignored and not has_fields:
        return [Field("page", "line", "", 0.0, (0, 0, *size), DOUBTFUL, remark, needs_review=True)]
    return [
        Field(
            f"left out {number}",
            "line",
            "",
            0.0,
            (top, left, bottom, right),
            DOUBTFUL,
            MAY_BE_DIGITS,
            needs_review=True,
        )
        for number, (top, left, bottom, right) in enumerate(boxes, 1)
    ]


def _order(box: Sequence[int], height: int) -> tuple[int, ...]:
    """Sorting key of fields on a page of this height: from top to bottom, and of the same height from left to right."""
    return box[0] // max(1, height // 100), *box[1:], box[0]


def _field_of_line(number: int, digits: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> Field:
    digits_alone = "".join(digit["label"] for digit in digits)
    text = texts[number] if number < len(texts) else digits_alone
    text = text if re.sub(r"\D", "", text) == digits_alone else digits_alone
    return _field(f"line {number + 1}", "line", text, digits, bounding_box([digit["box"] for digit in digits]))


def _field_of_cell(cell: Record, digits: Sequence[Mapping[str, Any]]) -> Field:
    top, left, bottom, right = cell.integers("box", 4)
    name = f"row {cell.integer('row') + 1}, column {cell.integer('column') + 1}"
    members = [digit for digit in digits if _has_center_in(digit["box"], (top, left, bottom, right))]
    field = _field(name, "cell", cell.text("text"), members, (top, left, bottom, right))
    if cell.boolean("rejected") and not field.needs_review:
        return Field(name, "cell", field.text, 0.0, field.box, DOUBTFUL, "ink that was not read", needs_review=True)
    return field


def _field(name: str, kind: str, text: str, digits: Sequence[Mapping[str, Any]], box: Box) -> Field:
    probability = min((digit["probability"] for digit in digits), default=0.0)
    if not any(digit["rejected"] for digit in digits):
        return Field(name, kind, text, probability, box)
    return Field(
        name, kind, text, probability, box, DOUBTFUL, "not sure enough", _alternatives(text, digits), needs_review=True
    )


def _alternatives(text: str, digits: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, float], ...]:
    """Texts in which one digit is another one, likeliest first."""
    positions = [position for position, character in enumerate(text) if character.isdigit()]
    if len(positions) != len(digits):
        return ()
    changed = [
        (text[:position] + label + text[position + 1 :], probability)
        for position, digit in zip(positions, digits, strict=True)
        for label, probability in digit["alternatives"]
        if label.isdigit() and probability >= MIN_PROBABILITY
    ]
    return tuple(sorted(changed, key=lambda text_and_probability: -text_and_probability[1])[:MAX_ALTERNATIVES])


def _is_inside(box: Sequence[int], outer: Sequence[int]) -> bool:
    """Whether a box lies whole in another one."""
    return tuple(box) != tuple(outer) and all(
        (box[0] >= outer[0], box[1] >= outer[1], box[2] <= outer[2], box[3] <= outer[3])
    )


def _has_center_in(box: Sequence[int], outer: Sequence[int]) -> bool:
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= middle[0] < outer[2] and outer[1] <= middle[1] < outer[3]
