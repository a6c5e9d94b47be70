"""Decoding of protocol-buffer messages into numbered fields, without a schema."""

from collections.abc import Iterator

from lenet.errors import WeightsError

Value = int | memoryview
Message = dict[int, list[Value]]
"""The values of each field number, in order: integers, and all else as the bytes it is."""

MAX_FIELDS = 100_000


def read_message(content: memoryview) -> Message:
    """Decode a message into its fields.

    Raises:
        WeightsError: if it is none, or has more fields than any that is read here.

    >>> read_message(memoryview(bytes([8, 150, 1])))
    {1: [150]}
    """
    message: Message = {}
    position = count = 0
    while position < len(content):
        key, position = _varint(content, position)
        number, kind = key >> 3, key & 7
        value: Value
        if kind == 0:
            value, position = _varint(content, position)
        else:
            if kind == 2:
                size, position = _varint(content, position)
            elif kind in (1, 5):
                size = 8 if kind == 1 else 4
            else:
                raise WeightsError("is damaged: it is no sequence of fields")
            value, position = content[position : position + size], position + size
            if position > len(content):
                raise WeightsError("is damaged: its end is missing")
        message.setdefault(number, []).append(value)
        if (count := count + 1) > MAX_FIELDS:
            raise WeightsError(f"has a message of over {MAX_FIELDS:,} fields, expected those of a LeNet")
    return message


def integers(values: list[Value]) -> Iterator[int]:
    """Decode a repeated field of integers, packed or not, each within 64 bits and signed."""
    for value in values:
        numbers = [value] if isinstance(value, int) else _packed(value)
        for number in numbers:
            yield number - (1 << 64) if number >> 63 else number


def _packed(content: memoryview) -> Iterator[int]:
    position = 0
    while position < len(content):
        number, position = _varint(content, position)
        yield number


def _varint(content: memoryview, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if position >= len(content) or shift > 63:
            raise WeightsError("is damaged: its end is missing" if shift <= 63 else "is damaged: a number is too long")
        byte = content[position]
        number, shift, position = number | (byte & 127) << shift, shift + 7, position + 1
        if byte < 128:
            return number & (1 << 64) - 1, position
