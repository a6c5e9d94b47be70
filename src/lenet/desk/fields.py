"""Fields of a page for review: those of its form, or the lines and cells of any other page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lenet.boxes import Box, bounding_box
from lenet.forms.results import DOUBTFUL, OK, VIOLATES, FormReading
from lenet.reading.lines.numbers import MAY_BE_DIGITS
from lenet.records import Record

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
        bundle: what fields have in common that are asked together: the total of a violated sum; else None.
        is_asked: whether somebody is to look at it.
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
    is_asked: bool = False


@dataclass(frozen=True)
class PageFields:
    """A page and its fields.

    Attributes:
        number: in its file, from 1.
        size: (height, width), upright.
        fields: top to bottom.
        remark: what to know of the page.
        form: the form's name; empty if there is none.
        sums: of the form's fields, each (total, terms).
        turned: by how many degrees the page is turned clockwise to be read.
    """

    number: int
    size: tuple[int, int]
    fields: tuple[Field, ...]
    remark: str = ""
    form: str = ""
    sums: tuple[tuple[str, tuple[str, ...]], ...] = ()
    turned: int = 0

    @property
    def problem(self) -> str:
        """Why a page of a form has no fields, as one that shows another form; empty if it has some."""
        return f"page {self.number}: {self.remark}" if self.form and not self.fields else ""


def page_of_form(reading: FormReading) -> PageFields:
    """The fields of a form: doubtful ones are asked, and all of a sum that does not hold, together."""
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
    """The fields of a page as ``lenet read --json`` tells it: of a form, or its cells, or else its lines.

    Raises:
        RecordError: if the values are damaged.
    """
    record = Record.of(values)
    if "form" in record:
        return page_of_form(FormReading.from_dict(values))
    height, width = record.integers("size", 2)
    cells, digits = record.list("cells", default=[]), record.list("digits")
    fields = [_of_cell(Record.of(cell), digits) for cell in cells if Record.of(cell).text("text") or cell["rejected"]]
    lines: dict[int, list[Mapping[str, Any]]] = {}
    for digit in digits:
        if not any(_within(digit["box"], cell["box"]) for cell in cells):
            lines.setdefault(digit["line"], []).append(digit)
    texts = record.text("text").split("\n")
    fields += [_of_line(number, members, texts) for number, members in lines.items()]
    fields += _left_out(record.list("ignored", default=[]), bool(fields), (height, width), record.text("remark", ""))
    fields.sort(key=lambda field: (field.box[0] // max(1, height // 100), field.box[1]))
    return PageFields(
        record.integer("page", 1, default=1),
        (height, width),
        tuple(fields),
        record.text("remark", ""),
        turned=record.integer("turned", 0, 270, default=0),
    )


def _left_out(
    ignored: Sequence[Mapping[str, Any]], has_fields: bool, size: tuple[int, int], remark: str
) -> list[Field]:
    """Ink that may be digits, to be asked; the whole page, where there is ink and nothing was read at all."""
    boxes = [Record.of(piece).integers("box", 4) for piece in ignored if piece["reason"] == MAY_BE_DIGITS]
    boxes = [box for box in dict.fromkeys(map(tuple, boxes)) if not any(_lies_in(box, other) for other in boxes)]
    if not boxes and ignored and not has_fields:
        return [Field("page", "line", "", 0.0, (0, 0, *size), DOUBTFUL, remark, is_asked=True)]
    return [
        Field(f"left out {number}", "line", "", 0.0, (top, left, bottom, right), DOUBTFUL, MAY_BE_DIGITS, is_asked=True)
        for number, (top, left, bottom, right) in enumerate(boxes, 1)
    ]


def _of_line(number: int, digits: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> Field:
    plain = "".join(digit["label"] for digit in digits)
    text = texts[number] if number < len(texts) else plain
    text = text if re.sub(r"\D", "", text) == plain else plain
    return _field(f"line {number + 1}", "line", text, digits, bounding_box([digit["box"] for digit in digits]))


def _of_cell(cell: Record, digits: Sequence[Mapping[str, Any]]) -> Field:
    top, left, bottom, right = cell.integers("box", 4)
    name = f"row {cell.integer('row') + 1}, column {cell.integer('column') + 1}"
    members = [digit for digit in digits if _within(digit["box"], (top, left, bottom, right))]
    field = _field(name, "cell", cell.text("text"), members, (top, left, bottom, right))
    if cell.boolean("rejected") and not field.is_asked:
        return Field(name, "cell", field.text, 0.0, field.box, DOUBTFUL, "ink that was not read", is_asked=True)
    return field


def _field(name: str, kind: str, text: str, digits: Sequence[Mapping[str, Any]], box: Box) -> Field:
    probability = min((digit["probability"] for digit in digits), default=0.0)
    if not any(digit["rejected"] for digit in digits):
        return Field(name, kind, text, probability, box)
    return Field(
        name, kind, text, probability, box, DOUBTFUL, "not sure enough", _alternatives(text, digits), is_asked=True
    )


def _alternatives(text: str, digits: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, float], ...]:
    """Texts in which one digit is another one, likeliest first."""
    places = [place for place, character in enumerate(text) if character.isdigit()]
    if len(places) != len(digits):
        return ()
    changed = [
        (text[:place] + label + text[place + 1 :], probability)
        for place, digit in zip(places, digits, strict=True)
        for label, probability in digit["alternatives"]
        if label.isdigit() and probability >= MIN_PROBABILITY
    ]
    return tuple(sorted(changed, key=lambda one: -one[1])[:MAX_ALTERNATIVES])


def _lies_in(box: Sequence[int], outer: Sequence[int]) -> bool:
    """Whether a box lies whole in another one."""
    return tuple(box) != tuple(outer) and all(
        (box[0] >= outer[0], box[1] >= outer[1], box[2] <= outer[2], box[3] <= outer[3])
    )


def _within(box: Sequence[int], outer: Sequence[int]) -> bool:
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= middle[0] < outer[2] and outer[1] <= middle[1] < outer[3]
