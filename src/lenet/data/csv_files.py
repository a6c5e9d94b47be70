"""Reading of pictures from CSV files like Kaggle's: a row for each, of its label and the pixels of a square.

A file is read line by line, so that only pixels, a byte each, and labels are kept. Where the label stands is said by a
header, or by the rows.
"""

import csv
import math
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from lenet.data.idx import open_raw
from lenet.errors import DataError, counted, reason_of

MAX_LINE_BYTES = 1 << 22  # bytes
MAX_LABEL_LENGTH = 200
MAX_SIDE = 1024
MAX_LABELS = 10_000
LABEL_NAMES = {"label", "labels", "class", "target", "y"}
FILE_NAMES = {"file", "filename", "image", "path"}  # of a column that names pictures, as tables of labels have
INDEX_NAMES = {"", "unnamed: 0", "index", "id"}  # how pandas and others head a column of row numbers
_DELIMITERS = (b",", b";", b"\t")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LEVEL_OF_TEXT = {f"{level}{end}".encode(): level for end in ("", ".0") for level in range(256)}
_MIN_NUMBERED_COLUMNS = 8  # as many columns named 0, 1, 2, … are a header, and no picture


class NoLabels(DataError):
    """The rows hold a picture's pixels and nothing else, as Kaggle's test.csv."""


def is_csv(path: Path) -> bool:
    """Whether a file, raw or compressed, is a CSV table: its first line has at least five columns."""
    try:
        with open_raw(path) as stream:
            line = stream.readline(MAX_LINE_BYTES)
    except (OSError, EOFError, zlib.error):
        return False
    return b"\0" not in line and max(map(line.count, _DELIMITERS)) >= 4


def read_csv(path: Path) -> tuple[NDArray[np.uint8], list[str]]:
    """Read a CSV file, raw or compressed with gzip.

    Columns are parted by commas, semicolons or tabs. The label is in the column that a header calls so, else in the
    first or the last, whichever holds names, or few values and not nearly always the same one. Pixels are whole
    numbers, 0 to 255, of a square, row by row; three times a square number of them are a picture in color, whose planes
    or pixels follow one another, whichever gives the smoother pictures.

    Returns:
        uint8 (N, H, W) or (N, 3, H, W), and the label of each.

    Raises:
        NoLabels: if there are columns for pixels only.
        DataError: if the file cannot be read, or a line of it is short or holds something else; it is named.
    """
    try:
        with open_raw(path) as stream:
            images, labels = _Table(path, _rows(stream, path)).read()
    except (OSError, EOFError, zlib.error) as problem:
        raise DataError(f"{path}: cannot be read as a CSV file: {reason_of(problem)}") from problem
    return _reshape(images, path), labels


Row = tuple[int, list[bytes]]
"""The number of a line, and its cells."""


def _rows(stream: BinaryIO, path: Path) -> Iterator[Row]:
    """The rows that are not empty."""
    number, delimiter = 0, b""
    while line := stream.readline(MAX_LINE_BYTES):
        number += 1
        if len(line) == MAX_LINE_BYTES:
            raise DataError(f"{path}: line {number} is longer than {MAX_LINE_BYTES:,} bytes; it is no picture")
        if b"\0" in line:
            raise DataError(
                f"{path}: line {number} holds zero bytes; expected text in UTF-8, as most programs export it"
            )
        line = line.strip(b"\r\n ")
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line:
            continue
        delimiter = delimiter or max(_DELIMITERS, key=line.count)
        yield number, _strip_quotes(line, delimiter) if b'"' in line else line.split(delimiter)


def _strip_quotes(line: bytes, delimiter: bytes) -> list[bytes]:
    try:
        cells = next(csv.reader([line.decode("latin-1")], delimiter=delimiter.decode()), [])
    except csv.Error:  # a cell that never ends; its pixels will be found to be none
        return line.split(delimiter)
    return [cell.encode("latin-1") for cell in cells]


class _Table:
    """Streaming parser of a table: pixels, and the one or two columns that may hold the labels."""

    def __init__(self, path: Path, rows: Iterator[Row]) -> None:
        self.path, self.rows = path, rows
        first = next(rows, None)
        if first is None:
            raise DataError(f"{path}: holds no rows; expected a label and the pixels of a picture in each")
        self.first_rows: list[Row] = [] if _is_header(first[1]) else [first]
        self.names = names = [] if self.first_rows else [_decode_cell(cell).lower() for cell in first[1]]
        self.columns, self.first_pixel = len(first[1]), 0
        if names and names[0] in INDEX_NAMES and names[0] not in LABEL_NAMES:
            self.first_pixel = 1
        self.label_column = self._label_column(first[1], names)
        pixels = self.columns - self.first_pixel - 1
        if not _sides(pixels):
            self._refuse_columns(pixels)

    def _label_column(self, cells: Sequence[bytes], names: Sequence[str]) -> int | None:
        """Index of the label column, by the header or as the one that holds words; None if neither decides."""
        labeled = [index for index, name in enumerate(names) if name in LABEL_NAMES]
        if len(labeled) > 1:
            raise DataError(f"{self.path}: {len(labeled)} columns are called label, class, target or y; expected one")
        if labeled:
            return labeled[0]
        words = [] if names else [index for index in {0, self.columns - 1} if not _is_number(cells[index])]
        return words[0] if len(words) == 1 else None

    def _refuse_columns(self, pixels: int) -> None:
        if self.label_column is None and (sides := _sides(pixels + 1)):
            raise NoLabels(
                f"{self.path}: has {self.columns} columns, the pixels of {'×'.join(map(str, sides))} pictures, and no "
                f"labels; expected {pixels + 2} columns"
            )
        if not FILE_NAMES.isdisjoint(self.names):
            raise DataError(
                f"{self.path}: names files of pictures; training takes a folder of pictures for each class, and "
                "lenet adapt and lenet evaluate --photos take such a table"
            )
        raise DataError(
            f"{self.path}: has {self.columns} columns; expected a label and the pixels of a square picture, as 785 for "
            "28×28, or 3,073 for 32×32 in color"
        )

    def read(self) -> tuple[NDArray[np.uint8], list[str]]:
        """The pixels, (N, pixels), and the labels."""
        pixels, numbers = bytearray(), array("q")
        first: list[bytes] = []  # of each row the label, or its first cell and its last, one of which is the label
        last: list[bytes] = []
        for number, cells in self._all_rows():
            numbers.append(number)
            if len(cells) != self.columns:
                raise DataError(
                    f"{self.path}: line {number} has {counted(len(cells), 'column')}, "
                    f"expected {self.columns} as in the first line"
                )
            if self.label_column is None:
                first.append(cells[self.first_pixel])
                last.append(cells[-1])
                pixel_cells = cells[self.first_pixel + 1 : -1]
            else:
                first.append(cells[self.label_column])
                pixel_cells = cells[self.first_pixel : self.label_column] + cells[self.label_column + 1 :]
            pixels += self._levels(pixel_cells, number)
        if not first:
            raise DataError(f"{self.path}: holds a header and no rows; expected a label and pixels in each")
        images = np.frombuffer(pixels, np.uint8).reshape(len(first), -1)
        if self.label_column is not None:
            return images, self._labels(first, numbers)
        if self._label_is_first(first, last):
            return np.column_stack([images, self._level_column(last, numbers)]), self._labels(first, numbers)
        return np.column_stack([self._level_column(first, numbers), images]), self._labels(last, numbers)

    def _all_rows(self) -> Iterator[Row]:
        yield from self.first_rows
        yield from self.rows

    def _levels(self, cells: Sequence[bytes], number: int) -> bytes:
        """The gray levels of a row: by table look-up, or cell by cell for numbers written otherwise."""
        try:
            return bytes(map(_LEVEL_OF_TEXT.__getitem__, cells))
        except KeyError:
            return bytes([self._level(cell, f"line {number}") for cell in cells])

    def _level(self, cell: bytes, place: str) -> int:
        text = _decode_cell(cell)
        value = float(text) if _is_number(cell) else math.nan
        if not (value.is_integer() and 0 <= value <= 255):
            hint = "; multiply pixels between 0 and 1 by 255" if 0 < value < 1 else ""
            shortened = text if len(text) <= 40 else f"{text[:39]}…"
            raise DataError(f"{self.path}: {place} has a pixel {shortened!r}, expected a whole number, 0 to 255{hint}")
        return int(value)

    def _level_column(self, column: list[bytes], numbers: "array[int]") -> NDArray[np.uint8]:
        """The gray levels of a column that may have held the labels; ``numbers`` are those of its lines."""
        levels = b"".join(self._levels([cell], number) for cell, number in zip(column, numbers, strict=True))
        return np.frombuffer(levels, np.uint8)

    def _label_is_first(self, first: list[bytes], last: list[bytes]) -> bool:
        """Whether the first column holds the labels: corner pixels are nearly constant, or have many more values."""
        counts = [sorted(Counter(column).values()) for column in (first, last)]
        first_values, last_values = map(len, counts)
        if first_values == 1 or last_values == 1:
            return last_values == 1
        is_nearly_constant = [most > 0.95 * len(first) for *_, most in counts]
        if is_nearly_constant[0] != is_nearly_constant[1]:
            return is_nearly_constant[1]
        if 2 * first_values <= last_values or 2 * last_values <= first_values:
            return first_values < last_values
        raise DataError(
            f"{self.path}: the labels may be in the first column or in the last; write a header that calls one of them "
            "label"
        )

    def _labels(self, column: list[bytes], numbers: "array[int]") -> list[str]:
        """Labels as text, whole numbers without a fraction."""
        texts = {cell: _decode_cell(cell) for cell in column}
        if len(texts) > MAX_LABELS:
            line = numbers[column.index(list(texts)[MAX_LABELS])]
            raise DataError(f"{self.path}: has over {MAX_LABELS:,} different labels, the last in line {line}")
        for cell, text in texts.items():
            if "\N{REPLACEMENT CHARACTER}" in text:
                raise DataError(
                    f"{self.path}: line {numbers[column.index(cell)]} has a label that is no UTF-8; save the table as "
                    "“CSV UTF-8”"
                )
            if not text or len(text) > MAX_LABEL_LENGTH:
                raise DataError(
                    f"{self.path}: a label has {len(text)} characters, expected a name or a number of 1 to "
                    f"{MAX_LABEL_LENGTH} characters"
                )
        if all(map(_is_number, texts)):
            texts = {cell: str(int(float(cell))) if float(cell).is_integer() else text for cell, text in texts.items()}
        return [texts[cell] for cell in column]


def _is_header(cells: Sequence[bytes]) -> bool:
    """Whether a first row names the columns: by words, or by counting them."""
    inner = cells[1:-1]
    if (
        not all(_is_number(cell) for cell in inner)
        or {_decode_cell(cells[0]).lower(), _decode_cell(cells[-1]).lower()} & LABEL_NAMES
    ):
        return True
    if len(inner) < _MIN_NUMBERED_COLUMNS:
        return False
    start = float(inner[0])
    return all(float(cell) == start + index for index, cell in enumerate(inner))


def _is_number(cell: bytes) -> bool:
    try:
        return math.isfinite(float(cell)) and b"_" not in cell
    except ValueError:
        return False


def _decode_cell(cell: bytes) -> str:
    return cell.decode("utf-8", "replace").strip()


def _sides(pixels: int) -> tuple[int, ...]:
    """(side, side) or (side, side, 3) of a square picture of so many values; () if there is none."""
    for channels in (1, 3):
        side = math.isqrt(max(0, pixels) // channels)
        if channels * side * side == pixels and 2 <= side <= MAX_SIDE:
            return (side, side, 3)[: 2 + channels // 3]
    return ()


def _reshape(images: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    """Reshape rows of pixels into pictures, (N, H, W) or (N, 3, H, W)."""
    sides = _sides(images.shape[1])
    if len(sides) == 2:
        return images.reshape(-1, *sides)
    side = sides[0]
    sample = images[:: max(1, len(images) // 200)].astype(np.int16)
    planar = sample.reshape(-1, 3, side, side)
    interleaved = sample.reshape(-1, side, side, 3).transpose(0, 3, 1, 2)
    roughness = [_roughness(planar), _roughness(interleaved)]
    if min(roughness) > 0.9 * max(roughness):
        raise DataError(
            f"{path}: has {images.shape[1]} color values a row, and whether they are planar or interleaved cannot be "
            "told; write the pictures with numpy.savez, as images of N, 3, H, W"
        )
    if roughness[0] < roughness[1]:
        return images.reshape(-1, 3, side, side)
    return np.ascontiguousarray(images.reshape(-1, side, side, 3).transpose(0, 3, 1, 2))


def _roughness(pictures: NDArray[np.int16]) -> float:
    """Mean absolute difference of neighboring pixels."""
    return float(sum(np.abs(np.diff(pictures, axis=axis)).mean() for axis in (2, 3)))
