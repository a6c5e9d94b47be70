"""Figure of a space-displacement network on a digit string, after Fig. 25 of [LeCun98], from input to answer.

Everything stands above the pixels that it comes from: maps, the columns of F6 drawn as the characters that they code,
the class of each column, the digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.connections import CODE_HEIGHT, CODE_WIDTH
from lenet.figures.sheet import Sheet, Theme

Array = NDArray[np.float32]

_PIXEL = 0.08  # inches
_LEFT, _RIGHT, _TOP, _GAP = 0.75, 0.3, 0.85, 0.22
_MAPS = 3
_BLANK = "·"


@dataclass(frozen=True, eq=False)
class Displaced:
    """Outputs of a space-displacement network for one string.

    Attributes:
        field: uint8 (height, width), ink-high.
        maps: float32 (maps, rows, columns) of a stage, with its ``map_name``; ``map_first`` is the pixel column in the
            middle of what the first unit sees, ``map_step`` the pixels from unit to unit. Those that vary most are
            drawn.
        codes: float32 (columns, 84), F6.
        centers: (columns,) the pixel column in the middle of what each code's column sees.
        classes: for each column the character it was classified as, empty for a blank.
        digits: the answer: each digit and the first and the last of its columns.
        view: pixels that a column sees.
    """

    field: NDArray[np.uint8]
    maps: Array
    codes: Array
    centers: Array
    classes: Sequence[str]
    digits: Sequence[tuple[str, int, int]]
    map_name: str = "c3"
    map_first: float = 6.5
    map_step: int = 2
    view: int = 32


def displacement(displaced: Displaced, theme: Theme) -> Sheet:
    """The sheet."""
    height, width = displaced.field.shape
    maps = displaced.maps[np.argsort(-displaced.maps.std(axis=(1, 2)), kind="stable")[:_MAPS]]
    map_high = maps.shape[1] * displaced.map_step * _PIXEL
    distance = float(np.diff(displaced.centers[:2])[0]) if len(displaced.centers) > 1 else displaced.view / 8
    cell = distance * _PIXEL / (CODE_WIDTH + 0.8)
    code_y = _TOP + 0.42
    maps_y = code_y + CODE_HEIGHT * cell + 1.4 * _GAP
    field_y = maps_y + len(maps) * (map_high + 0.06) + _GAP
    sheet = Sheet(_LEFT + width * _PIXEL + _RIGHT, field_y + height * _PIXEL + 0.5, theme)
    _answer(sheet, displaced)
    for index, (code, center) in enumerate(zip(displaced.codes, displaced.centers, strict=True)):
        x = _pixel_x(float(center))
        sheet.picture(
            code.reshape(CODE_HEIGHT, CODE_WIDTH), x - CODE_WIDTH * cell / 2, code_y, CODE_WIDTH * cell,
            CODE_HEIGHT * cell, theme.sequential, (-1.0, 1.0),
        )  # fmt: skip
        label = displaced.classes[index]
        sheet.text(
            x, code_y - 0.17, label or _BLANK, 10, theme.ink if label else theme.muted, "center", bold=bool(label)
        )
    for index, values in enumerate(maps):
        left = _pixel_x(displaced.map_first - displaced.map_step / 2)
        map_width = values.shape[1] * displaced.map_step * _PIXEL
        sheet.picture(values, left, maps_y + index * (map_high + 0.06), map_width, map_high, theme.sequential)
    sheet.picture(displaced.field, _LEFT, field_y, width * _PIXEL, height * _PIXEL, theme.sequential, (0.0, 255.0))
    _window(sheet, displaced, code_y, cell, field_y)
    for y, lines in (
        (0.5, ["answer"]),
        (code_y - 0.2, ["class"]),
        (code_y + 0.2, ["f6", f"{len(displaced.codes)} × {displaced.codes.shape[1]}"]),
        (maps_y + 0.15, [displaced.map_name, f"{len(maps)} of {len(displaced.maps)}"]),
        (field_y + 0.15, ["input", f"{height}×{width}"]),
    ):
        for row, line in enumerate(lines):
            sheet.text(0.1, y + 0.17 * row, line, 9, theme.muted if row else theme.ink, bold=not row)
    return sheet


def _answer(sheet: Sheet, displaced: Displaced) -> None:
    """Draw the digits, large, each above a bar over its columns."""
    half_height = _PIXEL * 1.6
    for digit, first, last in displaced.digits:
        left, right = (
            _pixel_x(float(displaced.centers[first])) - half_height,
            _pixel_x(float(displaced.centers[last])) + half_height,
        )
        sheet.text((left + right) / 2, 0.62, digit, 34, sheet.theme.accent, "center", bold=True)
        sheet.line([(left, _TOP + 0.02), (right, _TOP + 0.02)], sheet.theme.accent, 2)


def _window(sheet: Sheet, displaced: Displaced, code_y: float, cell: float, field_y: float) -> None:
    """Mark the code and the input window of one column, the one in the middle of the answer."""
    if not displaced.digits:
        return
    _, first, last = displaced.digits[len(displaced.digits) // 2]
    center = float(displaced.centers[(first + last) // 2])
    left = _pixel_x(center - (displaced.view - 1) / 2) - _PIXEL / 2
    window_width, accent, bottom = (
        displaced.view * _PIXEL,
        sheet.theme.accent,
        field_y + displaced.field.shape[0] * _PIXEL,
    )
    sheet.box(left, field_y, window_width, bottom - field_y, edge=accent, line=1.6)
    sheet.box(
        _pixel_x(center) - CODE_WIDTH * cell / 2, code_y, CODE_WIDTH * cell, CODE_HEIGHT * cell, edge=accent, line=1.6
    )
    note = f"each column of f6 sees {displaced.view} pixels across"
    sheet.text(left + window_width / 2, bottom + 0.24, note, 9, accent, "center")


def _pixel_x(pixel: float) -> float:
    """The x coordinate on the sheet of a pixel column's center."""
    return _LEFT + (pixel + 0.5) * _PIXEL
