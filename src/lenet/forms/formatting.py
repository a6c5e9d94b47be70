"""Readings of forms as lines of text, as JSON values, and as rows of a table: a row a page, a column a field."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lenet.forms.results import BLANK, OK, FormReading
from lenet.forms.template import Template, TemplateError
from lenet.reading.tables.formatting import Columns

OF_PAGE = ("file", "page", "status")
REMARK = "remark"


@dataclass(frozen=True)
class FormRow:
    """A row of a table of forms.

    Attributes:
        names: of the fields, in the template's order.
        reading: the page.
    """

    names: tuple[str, ...]
    reading: FormReading

    @property
    def remark(self) -> str:
        """Remarks on the page, and on each field that is not plainly ok."""
        of_fields = [f"{field.name} {field.reason}" for field in self.reading.fields if field.reason]
        return "; ".join([*filter(None, [self.reading.reason]), *self.reading.remarks, *of_fields])

    def values(self) -> dict[str, Any]:
        """The row as plain values under the names of its columns; None for what there is not."""
        reading = self.reading
        values: dict[str, Any] = {"file": reading.path, "page": reading.page, "status": reading.status}
        fields = {field.name: field for field in reading.fields}
        for name in self.names:
            field = fields.get(name)
            values[name] = field.text if field else None
            values[f"{name}_status"] = field.status if field else None
            values[f"{name}_probability"] = round(field.probability, 4) if field else None
            values[f"{name}_box"] = list(field.box) if field else None
        return values | {REMARK: self.remark}

    def cells(self) -> tuple[object, ...]:
        """The row as texts: of each field its text and its status."""
        reading = self.reading
        fields = {field.name: field for field in reading.fields}
        pairs = [
            (fields[name].text, fields[name].status) if name in fields else ("", "") for name in self.names
        ]  # of a rejected page nothing
        return (reading.path, reading.page, reading.status, *(cell for pair in pairs for cell in pair), self.remark)


@dataclass(frozen=True)
class FormFormatter:
    """Formatting of readings of forms.

    Attributes:
        template: the form.
        is_named: whether each line begins with its file's name.

    Raises:
        TemplateError: if two columns of its table would have one name.
    """

    template: Template
    is_named: bool = False

    def __post_init__(self) -> None:
        names = [name for name, _ in self.columns.of_parquet]
        for name in names:
            if names.count(name) > 1:
                raise TemplateError(f"form {self.template.name}: its table has two columns {name!r}; rename a field")

    @cached_property
    def columns(self) -> Columns:
        """File, page and status; of each field its text and what is known of it; a remark."""
        fields = [field.name for field in self.template.fields]
        names = (*OF_PAGE, *(name for field in fields for name in (field, f"{field}_status")), REMARK)
        kinds = {"": "text", "_status": "text", "_probability": "share", "_box": "box"}
        of_fields = [(field + end, kind) for field in fields for end, kind in kinds.items()]
        of_page = [("file", "text"), ("page", "whole"), ("status", "text")]
        return Columns(names, frozenset({"page"}), (*of_page, *of_fields, (REMARK, "text")))

    @property
    def record(self) -> dict[str, Any]:
        """Settings that a resumed table must share with the interrupted one: none beside the reader's."""
        return {}

    def named(self) -> "FormFormatter":
        """A formatter whose lines begin with their file's name."""
        return FormFormatter(self.template, True)

    def text(self, name: str, reading: FormReading) -> Iterator[str]:
        """The lines to print: one a field."""
        prefix = f"{name}: " if self.is_named else ""
        if reading.is_rejected:
            yield f"{prefix}rejected: {reading.reason}"
            return
        width = max((len(field.name) for field in reading.fields), default=0)
        for field in reading.fields:
            status = "" if field.status == OK else field.status
            reason = field.reason and (f": {field.reason}" if status else f"({field.reason})")
            text = "" if field.status == BLANK else f"{field.text}  "
            yield f"{prefix}{field.name:<{width}}  {text}{status}{reason}".rstrip()

    def json(self, name: str, number: int, reading: FormReading) -> Iterator[dict[str, Any]]:
        """The values of a page of this number."""
        yield reading.to_dict() | {"file": name, "page": number}

    def rows(self, name: str, number: int, reading: FormReading) -> Iterator[FormRow]:
        """The row of a page of this number."""
        yield self._row(reading.of(name, number))

    def failed(self, name: str, number: int, why: str) -> tuple[FormRow, dict[str, Any]]:
        """The row and the values of a page that could not be read."""
        reading = FormReading(name, number, self.template.name, is_rejected=True, reason=why)
        return self._row(reading), reading.to_dict()

    def _row(self, reading: FormReading) -> FormRow:
        return FormRow(tuple(field.name for field in self.template.fields), reading)
