"""Results of reading forms: what stands in each field of a page, how sure that is, and what to know of the page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lenet.boxes import Box
from lenet.errors import UnknownName, counted
from lenet.forms.template import field_named
from lenet.reading.results import PageResult
from lenet.records import Record, RecordError

Corners = tuple[tuple[float, float], ...]

OK, DOUBTFUL, BLANK, VIOLATES = STATUSES = ("ok", "doubtful", "blank", "violates")


@dataclass(frozen=True)
class FieldReading:
    """The reading of a form's field.

    Attributes:
        name: of the field, as its template calls it.
        kind: ``"digits"``, ``"number"``, ``"date"`` or ``"ticks"``.
        text: the likeliest reading that the field's constraints allow, a choice's name for ticks; the likeliest of all
            where they allow none; empty if the field is blank or lies outside the picture.
        probability: that the text is right, 0..1; where constraints chose, given that one that they allow is.
        box: (top, left, bottom, right) of the field in the upright picture's pixels, half-open.
        status: ``"ok"``, ``"doubtful"`` (not sure enough), ``"blank"``, or ``"violates"`` (nothing that was read is
            allowed by the field's constraints, or by a sum).
        reason: why it is not ok, or what a constraint has changed, in a few words; empty if there is nothing to say.
        alternatives: other texts and their probabilities, likeliest first.
        is_changed: whether a constraint chose another text than the likeliest one.
        corners: (y, x) of the field in the upright picture's pixels: its top left, top right, bottom right and bottom
            left on the form, wherever these lie on the picture; empty if the page was not aligned.
    """

    name: str
    kind: str
    text: str
    probability: float
    box: Box
    status: str
    reason: str = ""
    alternatives: tuple[tuple[str, float], ...] = ()
    is_changed: bool = False
    corners: Corners = ()

    def to_dict(self) -> dict[str, Any]:
        """The field as plain values, as `from_dict` reads them."""
        return {
            "name": self.name,
            "kind": self.kind,
            "text": self.text,
            "probability": round(self.probability, 4),
            "status": self.status,
            "reason": self.reason,
            "changed": self.is_changed,
            "box": list(self.box),
            "corners": [[round(y, 1), round(x, 1)] for y, x in self.corners],
            "alternatives": [[text, round(share, 4)] for text, share in self.alternatives],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "FieldReading":
        """The field that `to_dict` gave as plain values.

        Raises:
            RecordError: if they are damaged.
            UnknownName: if the status is none.
        """
        record = Record.of(values)
        if (status := record.text("status")) not in STATUSES:
            raise UnknownName("status", status, STATUSES)
        top, left, bottom, right = (round(side) for side in record.numbers("box", 4))
        return cls(
            record.text("name"),
            record.text("kind"),
            record.text("text"),
            record.number("probability", 0, 1),
            (top, left, bottom, right),
            status,
            record.text("reason", ""),
            alternatives_of(record),
            record.boolean("changed", default=False),
            tuple((y, x) for y, x in record.number_rows("corners", 2)),
        )


@dataclass(frozen=True)
class SumReading:
    """Whether fields add up: the values of the terms to that of the total; None if one of them is blank."""

    total: str
    terms: tuple[str, ...]
    holds: bool | None

    def to_dict(self) -> dict[str, Any]:
        """The sum as plain values."""
        return {"total": self.total, "terms": list(self.terms), "holds": self.holds}

    @classmethod
    def from_record(cls, record: Record) -> "SumReading":
        """The sum that `to_dict` gave.

        Raises:
            RecordError: if it is damaged.
        """
        return cls(record.text("total"), record.texts("terms"), record.boolean("holds") if "holds" in record else None)


def alternatives_of(record: Record) -> tuple[tuple[str, float], ...]:
    """The alternatives of a field's or a digit's record: texts and their probabilities.

    Raises:
        RecordError: if they are damaged.
    """
    pairs = record.list("alternatives", default=[])
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2:
            raise RecordError(f"an entry of alternatives is {pair!r:.80}, expected a text and its probability")
    records = [Record({"text": pair[0], "probability": pair[1]}, "alternatives") for pair in pairs]
    return tuple((one.text("text"), one.number("probability", 0, 1)) for one in records)


@dataclass(frozen=True, repr=False)
class FormReading(PageResult):
    """The reading of a form's page.

    Attributes:
        path: the picture's path, or what kind of object it was.
        page: its number in its file, from 1.
        form: the name of the form.
        fields: all of the form, in its order; of a rejected page none.
        sums: those of the form, in its order.
        remarks: what to know of the whole page: how it was rotated, which fields lie outside the picture.
        is_rejected: whether nothing was read, because the page does not show the form, or could not be opened.
        reason: why; empty if it was read.
        size: (height, width) of the picture, upright; (0, 0) if it could not be opened.
        rotation: by how many degrees the page was rotated clockwise to be read, 0, 90, 180 or 270.
    """

    path: str
    page: int
    form: str
    fields: tuple[FieldReading, ...] = ()
    sums: tuple[SumReading, ...] = ()
    remarks: tuple[str, ...] = ()
    is_rejected: bool = False
    reason: str = ""
    size: tuple[int, int] = (0, 0)
    rotation: int = 0

    def __repr__(self) -> str:
        if self.is_rejected:
            return f"FormReading({self.path!r}, page {self.page}, rejected: {self.reason})"
        counts = [f"{count} {name}" for name in STATUSES if (count := len(self.with_status(name)))]
        return (
            f"FormReading({self.path!r}, page {self.page}, {counted(len(self.fields), 'field')}: {', '.join(counts)})"
        )

    def _repr_html_(self) -> str:
        from lenet.notebook import form_html

        return form_html(self)

    def of(self, path: str, page: int) -> "FormReading":
        """Copy the reading, with another path and page number."""
        return replace(self, path=path, page=page)

    def __getitem__(self, name: str) -> FieldReading:
        """The field of a name.

        Raises:
            UnknownName: if there is none.
        """
        return field_named(name, self.fields)

    def with_status(self, status: str) -> tuple[FieldReading, ...]:
        """The fields of a status: ``"ok"``, ``"doubtful"``, ``"blank"`` or ``"violates"``.

        Raises:
            UnknownName: if there is none of this name.
        """
        if status not in STATUSES:
            raise UnknownName("status", status, STATUSES)
        return tuple(field for field in self.fields if field.status == status)

    @property
    def status(self) -> str:
        """Status of the page: ``"rejected"``, or that of its worst field, ``"blank"`` only if all fields are."""
        if self.is_rejected:
            return "rejected"
        statuses = {field.status for field in self.fields}
        return next((status for status in (VIOLATES, DOUBTFUL, OK) if status in statuses), BLANK)

    @property
    def values(self) -> dict[str, str]:
        """The text of each field by its name."""
        return {field.name: field.text for field in self.fields}

    def to_dict(self) -> dict[str, Any]:
        """The page as plain values, as ``lenet read --form --json`` prints them and `from_dict` reads them."""
        return {
            "file": self.path,
            "page": self.page,
            "form": self.form,
            "status": self.status,
            "rejected": self.is_rejected,
            "reason": self.reason,
            "remarks": list(self.remarks),
            "size": list(self.size),
            "turned": self.rotation,
            "fields": [field.to_dict() for field in self.fields],
            "sums": [one.to_dict() for one in self.sums],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "FormReading":
        """The page that `to_dict` gave as plain values.

        Raises:
            RecordError: if they are damaged.
            UnknownName: if the status of a field is none.
        """
        record = Record.of(values)
        height, width = (round(side) for side in record.numbers("size", 2))
        return cls(
            record.text("file"),
            record.integer("page", 1),
            record.text("form"),
            tuple(FieldReading.from_dict(field) for field in record.list("fields")),
            tuple(SumReading.from_record(one) for one in record.records("sums", default=[])),
            tuple(record.texts("remarks")),
            record.boolean("rejected", default=False),
            record.text("reason", ""),
            (height, width),
            record.integer("turned", default=0),
        )
