"""Drawing of a reading's steps: the picture, its ink, what was found, and every digit as the network saw it."""

from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lenet.errors import counted
from lenet.files import atomic_writer
from lenet.reading.drawing.marks import (
    PAPER,
    TEXT,
    Sheet,
    color_of,
    draw_digit_box,
    label_of,
    resize_pixels,
    visible_ignored,
)
from lenet.reading.results import Digit, Reading

_PANEL_HEIGHT = 400  # pixels, of the picture and of its ink
_TILE = 84  # pixels: a digit's 28×28, three times as large
_MARGIN, _CAPTION_HEIGHT, _ANSWER_HEIGHT = 14, 24, 40
_MIN_WIDTH = 640
_MAX_TILES = 400


def draw_steps(reading: Reading, path: str | Path) -> None:
    """Write the steps of a reading, which must have kept them, as a PNG file."""
    picture = steps_picture(reading)
    with atomic_writer(Path(path)) as file:
        picture.save(file, "png")


def steps_picture(reading: Reading) -> Image.Image:
    """Draw the picture, its ink, what was found, and below them each digit's 28×28 with its answer, line by line.

    Raises:
        ReadingError: if the reading has not kept its steps.
    """
    picture = reading.kept_steps.picture
    rejected = sum(digit.is_rejected for digit in reading.digits)
    lines = [list(line) for _, line in groupby(reading.digits[:_MAX_TILES], key=lambda digit: digit.line)]
    line_count = len({digit.line for digit in reading.digits})
    title = f"3  found: {counted(len(reading.digits), 'digit')} in {counted(line_count, 'line')}"
    if reading.signs:
        title += f", {counted(len(reading.signs), 'sign')}"
    if ignored := visible_ignored(reading):
        title += f", {len(ignored)} ignored"
    if reading.cells:
        title += f"; a grid of {counted(len(reading.cells), 'cell')}"
    panels = [
        ("1  picture", resize_pixels(picture.colors, *_panel_size(reading))),
        (f"2  ink, {reading.polarity}", _ink_panel(reading)),
        (title, _boxes_panel(reading)),
    ]
    font = ImageFont.load_default(15)
    panel_widths = [max(panel.width, round(font.getlength(title))) for title, panel in panels]
    width = max(_MIN_WIDTH, sum(panel_widths) + (len(panels) + 1) * _MARGIN)
    tiles_per_row = (width - _MARGIN) // (_TILE + _MARGIN)
    rows = [line[start : start + tiles_per_row] for line in lines for start in range(0, len(line), tiles_per_row)]
    tiles_top = 2 * _CAPTION_HEIGHT + max(panel.height for _, panel in panels) + 2 * _MARGIN
    row_pitch = _TILE + _ANSWER_HEIGHT + _MARGIN
    sheet = Image.new("RGB", (width, tiles_top + max(len(rows) * row_pitch, _MARGIN)), PAPER)
    draw, x = ImageDraw.Draw(sheet), _MARGIN
    for (title, panel), panel_width in zip(panels, panel_widths, strict=True):
        draw.text((x, _CAPTION_HEIGHT / 2 + 3), title, TEXT, font, anchor="lm")
        sheet.paste(panel, (x, _CAPTION_HEIGHT + 3))
        x += panel_width + _MARGIN
    tiles_title = f"4  each digit as the network saw it, and its answer{f'; {rejected} rejected' if rejected else ''}"
    if len(reading.digits) > _MAX_TILES:
        tiles_title += f"; the first {_MAX_TILES}"
    draw.text(
        (_MARGIN, tiles_top - _CAPTION_HEIGHT + 6), tiles_title if rows else reading.remark, TEXT, font, anchor="lm"
    )
    for row, digits in enumerate(rows):
        for column, digit in enumerate(digits):
            _draw_tile(sheet, digit, _MARGIN + column * (_TILE + _MARGIN), tiles_top + row * row_pitch)
    return sheet


def _draw_tile(sheet: Image.Image, digit: Digit, x: int, y: int) -> None:
    draw = ImageDraw.Draw(sheet)
    tile = Image.fromarray(255 - digit.image).resize((_TILE, _TILE), Image.Resampling.NEAREST)
    sheet.paste(tile, (x, y))
    draw_digit_box(draw, (y - 2, x - 2, y + _TILE + 1, x + _TILE + 1), digit.is_rejected, 2)
    color = color_of(digit)
    draw.text((x, y + _TILE + 13), label_of(digit), color, ImageFont.load_default(20), anchor="lm")
    draw.text((x + _TILE, y + _TILE + 14), f"{digit.probability:.1%}", color, ImageFont.load_default(14), anchor="rm")
    runner_up, runner_up_probability = digit.alternatives[0]
    draw.text(
        (x + _TILE, y + _TILE + 31),
        f"{runner_up}  {runner_up_probability:.1%}",
        TEXT,
        ImageFont.load_default(12),
        anchor="rm",
    )


def _panel_size(reading: Reading) -> tuple[int, int]:
    height, width = reading.size
    scale = min(_PANEL_HEIGHT / height, 1.4 * _PANEL_HEIGHT / width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _ink_panel(reading: Reading) -> Image.Image:
    levels = reading.kept_steps.ink.levels
    dark = np.clip(levels / max(float(levels.max()), 1e-6), 0, 1)
    gray = np.asarray(np.rint(255 - 255 * dark), np.uint8)
    return resize_pixels(np.repeat(gray[:, :, None], 3, axis=2), *_panel_size(reading))


def _boxes_panel(reading: Reading) -> Image.Image:
    """Draw lines, boxes and ignored ink on the picture; labels, where digits are large enough to have them beside."""
    frame = 18
    sheet = Sheet(reading, max(_panel_size(reading)) - 2 * frame, frame, text_height=13)
    sheet.mark_cells()
    sheet.mark_ignored(has_reasons=len(reading.ignored) <= 6)
    sheet.mark_lines()
    sheet.mark_digits(has_labels=len(reading.digits) <= 30)
    return sheet.picture
