"""Validated reading of JSON records, and their writing as UTF-8."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lenet.errors import LeNetError

_MISSING: Any = object()


class RecordError(LeNetError):
    """JSON that is damaged, or a record without a value that it must have; the text says where."""


def parse_json(text: str | bytes) -> Any:
    """The values of a JSON text.

    Raises:
        RecordError: if it is none, is nested too deeply, or holds numbers that are too long.

    >>> parse_json("[1, 2")
    Traceback (most recent call last):
    lenet.records.RecordError: not JSON (Expecting ',' delimiter: line 1 column 6 (char 5))
    """
    try:
        return json.loads(text)
    except UnicodeDecodeError:
        raise RecordError("not JSON, whose text is UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise RecordError(f"not JSON ({error})") from None


def json_bytes(value: Any, indent: int | None = None) -> bytes:
    r"""Encode a line of JSON in UTF-8; what stands for undecodable bytes of a file's name is escaped, and comes back.

    >>> json_bytes({"七": "\udcff"}).decode(), parse_json(json_bytes({"七": "\udcff"}))
    ('{"七": "\\udcff"}\n', {'七': '\udcff'})
    """
    return json.dumps(value, indent=indent, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"


@dataclass(frozen=True)
class Record:
    """A JSON object whose values are read by name, each with what is accepted of it.

    A value that is missing is an error, unless the method that reads it is given a ``default``, which is not checked.

    Attributes:
        values: as `json` gives them.
        place: where it stands in the whole, for messages: ``"network.stages[2]"``; empty for the whole.

    >>> Record({"epoch": 3}).integer("epoch", minimum=0)
    3
    >>> Record({"epoch": "3"}, "last").integer("epoch")
    Traceback (most recent call last):
    lenet.records.RecordError: last.epoch is '3', expected a whole number
    """

    values: Mapping[str, Any]
    place: str = ""

    @classmethod
    def of(cls, value: Any, place: str = "") -> "Record":
        """The record that a value is.

        Raises:
            RecordError: if it is none.
        """
        if not isinstance(value, Mapping):
            raise RecordError(f"{place or 'the whole'} is {_shortened_repr(value)}, expected a record")
        return cls(value, place)

    @classmethod
    def parsed(cls, text: str | bytes, format: str | None = None) -> "Record":
        """The record that a JSON text holds.

        Args:
            text: the JSON.
            format: the value that its entry ``format`` must have; None where it need not have one.

        Raises:
            RecordError: as `parse_json` and `of`; or if the format is another.
        """
        record = cls.of(parse_json(text))
        if format is not None and record.text("format") != format:
            raise RecordError(f"format is {record.text('format')!r}, expected {format!r}")
        return record

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def value(self, name: str, default: Any = _MISSING) -> Any:
        """The value itself, whatever it is; null counts as missing where there is a default."""
        if name in self.values and (default is _MISSING or self.values[name] is not None):
            return self.values[name]
        if default is _MISSING:
            raise RecordError(f"no entry {self._named(name)!r}")
        return default

    def text(self, name: str, default: Any = _MISSING) -> str:
        """A text."""
        text: str = self._checked(name, default, "a text", lambda value: isinstance(value, str))
        return text

    def boolean(self, name: str, default: Any = _MISSING) -> bool:
        """True or false."""
        boolean: bool = self._checked(name, default, "true or false", lambda value: isinstance(value, bool))
        return boolean

    def integer(
        self, name: str, minimum: int | None = None, maximum: int | None = None, default: Any = _MISSING
    ) -> int:
        """A whole number within its limits."""
        expected = "a whole number" + _limits(minimum, maximum)
        integer: int = self._checked(
            name, default, expected, lambda value: _is_integer(value) and _is_within(value, minimum, maximum)
        )
        return integer

    def number(
        self, name: str, minimum: float | None = None, maximum: float | None = None, default: Any = _MISSING
    ) -> float:
        """A finite number within its limits."""
        expected = "a number" + _limits(minimum, maximum)
        number: float = self._checked(
            name, default, expected, lambda value: _is_number(value) and _is_within(value, minimum, maximum)
        )
        return number

    def record(self, name: str, default: Any = _MISSING) -> "Record":
        """A record within this one."""
        return Record.of(self.value(name, default), self._named(name))

    def list(self, name: str, length: int | None = None, default: Any = _MISSING) -> Any:
        """A list, of so many values if that is fixed."""
        return self._list(name, length, default, "values", lambda value: True)

    def texts(self, name: str, length: int | None = None, default: Any = _MISSING) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(self._list(name, length, default, "texts", lambda value: isinstance(value, str)))

    def numbers(self, name: str, length: int | None = None, default: Any = _MISSING) -> tuple[float, ...]:
        """A list of finite numbers."""
        return tuple(self._list(name, length, default, "numbers", _is_number))

    def integers(self, name: str, length: int | None = None, default: Any = _MISSING) -> tuple[int, ...]:
        """A list of whole numbers."""
        return tuple(self._list(name, length, default, "whole numbers", _is_integer))

    def records(self, name: str, default: Any = _MISSING) -> tuple["Record", ...]:
        """A list of records."""
        place, values = self._named(name), self.list(name, default=default)
        return tuple(Record.of(value, f"{place}[{index}]") for index, value in enumerate(values))

    def rows(self, name: str) -> tuple[tuple[int, ...], ...]:
        """A list of lists of whole numbers."""
        place = self._named(name)
        rows = {f"{place}[{index}]": row for index, row in enumerate(self.list(name))}
        return tuple(Record(rows).integers(row) for row in rows)

    def number_rows(self, name: str, length: int) -> tuple[tuple[float, ...], ...]:
        """A list of lists of so many finite numbers."""
        place = self._named(name)
        rows = {f"{place}[{index}]": row for index, row in enumerate(self.list(name, default=[]))}
        return tuple(Record(rows).numbers(row, length) for row in rows)

    def _list(self, name: str, length: int | None, default: Any, kind: str, accepts: Callable[[Any], bool]) -> Any:
        expected = f"a list of {kind if length is None else f'{length} {kind}'}"
        return self._checked(
            name,
            default,
            expected,
            lambda value: isinstance(value, list) and length in (None, len(value)) and all(map(accepts, value)),
        )

    def _checked(self, name: str, default: Any, expected: str, accepts: Callable[[Any], bool]) -> Any:
        value = self.value(name, default)
        if value is not default and not accepts(value):
            raise RecordError(f"{self._named(name)} is {_shortened_repr(value)}, expected {expected}")
        return value

    def _named(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and _is_number(value)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float holds
        return False


def _is_within(value: float, minimum: float | None, maximum: float | None) -> bool:
    return (minimum is None or value >= minimum) and (maximum is None or value <= maximum)


def _limits(minimum: float | None, maximum: float | None) -> str:
    if minimum is not None and maximum is not None:
        return f" of {minimum:,} to {maximum:,}"
    if minimum is not None:
        return f" of at least {minimum:,}"
    return "" if maximum is None else f" of at most {maximum:,}"


def _shortened_repr(value: Any) -> str:
    text = (
        repr(value) if not isinstance(value, int) or abs(value) < 10**20 else f"a number of {value.bit_length()} bits"
    )
    return text if len(text) <= 60 else f"{text[:57]}…"
