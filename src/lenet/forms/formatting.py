"""Readings of forms as lines of text, as JSON values, and as rows of a table: a row a page, a column a field."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lenet.forms.results import BLANK, OK, FormReading
from lenet.forms.template import Template, TemplateError
from lenet.reading.tables.formatting import Columns, Row
from lenet.terminal import padded, width_of

_CSV_KINDS = ("text", "whole")


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
        names = [name for name, _ in self._column_kinds]
        for name in names:
            if names.count(name) > 1:
                raise TemplateError(f"form {self.template.name}: its table has two columns {name!r}; rename a field")

    @cached_property
    def columns(self) -> Columns:
        """File, page and status; of each field its text and what is known of it; a remark."""
        return Columns(dict(self._column_kinds), tuple(name for name, kind in self._column_kinds if kind in _CSV_KINDS))

    @cached_property
    def _column_kinds(self) -> list[tuple[str, str]]:
        kinds = {"": "text", "_status": "text", "_probability": "share", "_box": "box"}
        of_fields = [(field.name + end, kind) for field in self.template.fields for end, kind in kinds.items()]
        return [("file", "text"), ("page", "whole"), ("status", "text"), *of_fields, ("remark", "text")]

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
        width = max((width_of(field.name) for field in reading.fields), default=0)
        for field in reading.fields:
            status = "" if field.status == OK else field.status
            reason = field.reason and (f": {field.reason}" if status else f"({field.reason})")
            text = "" if field.status == BLANK else f"{field.text}  "
            yield f"{prefix}{padded(field.name, width)}  {text}{status}{reason}".rstrip()

    def json(self, name: str, number: int, reading: FormReading) -> Iterator[dict[str, Any]]:
        """The values of a page of this number."""
        yield reading.to_dict() | {"file": name, "page": number}

    def rows(self, name: str, number: int, reading: FormReading) -> Iterator[Row]:
        """The row of a page of this number."""
        yield self._row(reading.of(name, number))

    def failed(self, name: str, number: int, why: str) -> tuple[Row, dict[str, Any]]:
        """The row and the values of a page that could not be read."""
        reading = self.failure(name, number, why)
        return self._row(reading), reading.to_dict()

    def failure(self, name: str, number: int, why: str) -> FormReading:
        """The reading of a page that could not be read."""
        return FormReading(name, number, self.template.name, is_rejected=True, reason=why)

    def _row(self, reading: FormReading) -> Row:
        """The row of a page; of a rejected one its fields are None."""
        row: Row = dict.fromkeys(self.columns.kinds) | {
            "file": reading.path, "page": reading.page, "status": reading.status,
        }  # fmt: skip
        for field in reading.fields:
            row[field.name] = field.text
            row[f"{field.name}_status"] = field.status
            row[f"{field.name}_probability"] = round(field.probability, 4)
            row[f"{field.name}_box"] = list(field.box)
        of_fields = [f"{field.name} {field.reason}" for field in reading.fields if field.reason]
        return row | {"remark": "; ".join(filter(None, [reading.reason, *reading.remarks, *of_fields]))}
