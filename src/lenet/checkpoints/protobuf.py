"""Decoding of protocol-buffer messages into numbered fields, without a schema."""

from collections.abc import Iterator

from lenet.errors import WeightsError

MAX_FIELDS = 100_000


class Message:
    """A message's fields by number, each with its values in order: integers, and all else as the bytes it is.

    Args:
        content: the encoded message.

    Raises:
        WeightsError: if it is none, or has more fields than any that is read here; also from its methods, if a field
            holds a number in place of bytes.

    >>> Message(memoryview(bytes([8, 150, 1]))).integer(1)
    150
    """

    def __init__(self, content: memoryview) -> None:
        self._fields: dict[int, list[int | memoryview]] = {}
        position = count = 0
        while position < len(content):
            key, position = _varint(content, position)
            number, kind = key >> 3, key & 7
            value: int | memoryview
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
            self._fields.setdefault(number, []).append(value)
            if (count := count + 1) > MAX_FIELDS:
                raise WeightsError(f"has a message of over {MAX_FIELDS:,} fields, expected those of a LeNet")

    def blobs(self, number: int) -> list[memoryview]:
        """The values of a field that are bytes; none if it is not there."""
        values = self._fields.get(number, [])
        if any(isinstance(value, int) for value in values):
            raise WeightsError("is damaged: a field holds a number in place of bytes")
        return [value for value in values if not isinstance(value, int)]

    def messages(self, number: int) -> list["Message"]:
        """The messages of a field."""
        return [Message(blob) for blob in self.blobs(number)]

    def texts(self, number: int) -> list[str]:
        """The texts of a field."""
        return [str(blob, "utf-8") for blob in self.blobs(number)]

    def text(self, number: int) -> str:
        """The first text of a field, which must be there."""
        return self.texts(number)[0]

    def integers(self, number: int) -> tuple[int, ...]:
        """The integers of a field, packed or not, each within 64 bits and signed."""
        numbers: list[int] = []
        for value in self._fields.get(number, []):
            numbers += [value] if isinstance(value, int) else _packed(value)
        return tuple(number - (1 << 64) if number >> 63 else number for number in numbers)

    def integer(self, number: int) -> int:
        """The first integer of a field; 0 if it is not there."""
        return next(iter(self.integers(number)), 0)


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
