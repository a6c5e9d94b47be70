"""A sheet of the pictures that were read wrongly: the picture, what the network saw, the label and the answer."""

import numpy as np
from PIL import Image, ImageDraw

from lenet.data.sheet import shorten
from lenet.errors import DataError, counted
from lenet.fonts import font_for
from lenet.pictures.loading import open_picture
from lenet.reading.batch.photos import Answer, Measurement

MAX_MISSES = 400  # on one sheet

_PICTURE = (300, 150)  # the room for a picture
_TILE = 42  # a digit's 28×28, half as large again
_TILES = 7  # in a row of a cell; two rows at most
_COLUMNS, _CELL = 5, _PICTURE[0] + 20
_TITLE, _TEXT_TOP = 34, 74  # the heights of the title, and of what is said about a miss
_PAPER, _FRAME, _TEXT, _PALE, _SURE = (255, 255, 255), (205, 205, 205), (30, 30, 30), (110, 110, 110), (176, 0, 32)


def draw_misses(measurement: Measurement) -> Image.Image:
    """All misses, group by group, in the order of `Measurement.misses`; answers that were not rejected are red.

    Digits that the network saw are drawn dark on light; at most `MAX_MISSES` misses are drawn.
    """
    misses = measurement.misses
    columns = min(_COLUMNS, max(3, len(misses)))
    rows = [
        misses[start : min(start + columns, MAX_MISSES)] for start in range(0, min(len(misses), MAX_MISSES), columns)
    ]
    heights = [_PICTURE[1] + max(map(_tiles_height, row)) + _TEXT_TOP for row in rows]
    sheet = Image.new("RGB", (columns * _CELL, _TITLE + sum(heights)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    verb = "was" if len(misses) == 1 else "were"
    title = f"{len(misses):,} of {counted(measurement.total.n, 'picture')} {verb} read wrongly"
    draw.text((10, 8), title + f"; the first {MAX_MISSES}" * (len(misses) > MAX_MISSES), _TEXT, font_for("", 16))
    draw.text((sheet.width - 10, 11), "red: not rejected", _PALE, font_for("", 13), anchor="ra")
    top = _TITLE
    for row, height in zip(rows, heights, strict=True):
        for column, miss in enumerate(row):
            _draw_miss(sheet, column * _CELL + 10, top, miss)
        top += height
    return sheet


def _tiles_height(miss: Answer) -> int:
    count = len(miss.reading.digits) if miss.reading else 0
    return min(2, -(-count // _TILES)) * (_TILE + 2)


def _draw_miss(sheet: Image.Image, left: int, top: int, miss: Answer) -> None:
    draw = ImageDraw.Draw(sheet)
    picture = _thumbnail(miss)
    sheet.paste(picture, (left, top))
    draw.rectangle((left - 1, top - 1, left + picture.width, top + picture.height), outline=_FRAME)
    below = top + picture.height + 4
    digits = miss.reading.digits if miss.reading else ()
    for index, digit in enumerate(digits[: 2 * _TILES]):
        x, y = left + index % _TILES * (_TILE + 1), below + index // _TILES * (_TILE + 2)
        sheet.paste(Image.fromarray(255 - digit.image).resize((_TILE, _TILE), Image.Resampling.BOX), (x, y))
        draw.rectangle((x, y, x + _TILE - 1, y + _TILE - 1), outline=_FRAME if digit.is_rejected else _SURE)
    below += _tiles_height(miss)
    answer = "not opened" if miss.reading is None else f"read as {_one_line(miss.text) or 'nothing'}"
    sure = f", {digits[0].probability:.0%} sure" if len(digits) == 1 else ""
    lines = (
        (0, f"is {_one_line(miss.picture.label)}", 15, _TEXT),
        (18, answer + sure, 15, _PALE if miss.is_rejected else _SURE),
        (38, miss.picture.file, 12, _PALE),
    )
    for offset, text, size, color in lines:
        shown = shorten(text, size, _PICTURE[0], from_end=text == miss.picture.file)
        draw.text((left, below + offset), shown, color, font_for(text, size))


def _thumbnail(miss: Answer) -> Image.Image:
    """The picture as large as fits; small ones by whole factors, so that each pixel stays a square."""
    try:
        picture = Image.fromarray(open_picture(miss.picture.path).colors)
    except DataError:
        return Image.fromarray(np.full((*_PICTURE[::-1], 3), 235, np.uint8))
    fit = min(_PICTURE[0] / picture.width, _PICTURE[1] / picture.height)
    scale = fit if fit < 1 else int(fit)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS if fit < 1 else Image.Resampling.NEAREST)


def _one_line(text: str) -> str:
    return text.replace("\n", " | ")
