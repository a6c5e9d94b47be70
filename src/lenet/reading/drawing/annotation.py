"""Annotated pictures: what was read, drawn on the picture it was read from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lenet.errors import DataError, counted, reason_of
from lenet.files import atomic_writer
from lenet.reading.drawing.marks import (
    MAX_LABEL_SCALE,
    PAPER,
    TEXT,
    Box,
    Sheet,
    draw_cell,
    draw_digit_box,
    draw_ignored,
    visible_ignored,
)
from lenet.reading.drawing.places import JPEG_SUFFIXES, page_path
from lenet.reading.results import REJECTED_MARK, Reading
from lenet.reading.tables.formatting import lines_of

if TYPE_CHECKING:
    from lenet.reading.batch.pages import Page

MIN_SIDE, MAX_SIDE = 720, 2000  # pixels of a drawing's longer side, without its frame
MAX_ENLARGEMENT = 12
LEGIBLE_DIGIT = 56  # pixels: smaller digits are enlarged until they are as high
MAX_CAPTION_LINES, MAX_REMARK_LINES = 4, 3
LETTER_WIDTH = 0.54  # of the mean letter, in heights
JPEG_QUALITY = 90


@dataclass(frozen=True)
class Drawings:
    """Draws each page that was read: the `PageCallback` of `read_all` behind ``--annotate`` and ``--show``.

    Attributes:
        annotated: for each source, where its annotated picture goes; empty if none are wanted.
        steps: where the steps of the picture go, if they are wanted.

    Raises:
        DataError: if a drawing cannot be written.
    """

    annotated: tuple[Path, ...] = ()
    steps: Path | None = None

    def __call__(self, page: "Page") -> None:
        if not isinstance(page.result, Reading):
            return
        if self.annotated:
            path = self.annotated[page.index]
            _write_drawing(draw_annotated, page.result, path if page.is_only else page_path(path, page.number))
        if self.steps is not None and page.number == 1:
            from lenet.reading.drawing.steps import draw_steps

            _write_drawing(draw_steps, page.result, self.steps)


def _write_drawing(draw: Callable[[Reading, Path], None], reading: Reading, path: Path) -> None:
    try:
        if path.is_symlink():  # to a picture, perhaps
            path.unlink()
        draw(reading, path)
    except OSError as error:
        raise DataError(f"{path}: cannot be drawn ({reason_of(error)})") from None


def draw_annotated(reading: Reading, path: str | Path) -> None:
    """Write a reading that has kept its steps, annotated: as JPEG if the file is named so, else as PNG."""
    picture, is_jpeg = annotated(reading), Path(path).suffix.lower() in JPEG_SUFFIXES
    with atomic_writer(Path(path)) as file:
        picture.save(file, "jpeg" if is_jpeg else "png", quality=JPEG_QUALITY, compress_level=3)


def annotated(reading: Reading) -> Image.Image:
    """The picture of a reading, boxes and answers on it, and below it what was read.

    Its longer side has 720 to 2,000 pixels and a frame; small digits are enlarged so that they can be told by eye.

    Raises:
        ReadingError: if the reading has not kept its steps.
    """
    longer = max(reading.size)
    heights = [digit.box[2] - digit.box[0] for digit in reading.digits] or [longer]
    target_side = longer * max(1.0, LEGIBLE_DIGIT / max(1.0, float(np.median(heights))))
    side = round(min(max(target_side, MIN_SIDE), MAX_SIDE, longer * MAX_ENLARGEMENT))
    text_height = max(16, round(side / 50))  # the height of letters: they stay legible when the whole is looked at
    sheet = Sheet(reading, side, frame=round(1.2 * MAX_LABEL_SCALE * text_height), text_height=text_height)
    sheet.mark_cells()
    sheet.mark_ignored()
    sheet.mark_digits()
    return _with_caption(sheet, reading)


def _with_caption(sheet: Sheet, reading: Reading) -> Image.Image:
    """The sheet; below it what was read, as the shell prints it, its remark, and what the kinds of boxes mean."""
    text_height, width = sheet.text_height, sheet.picture.width
    text = "".join(line.marked("{}" + REJECTED_MARK) for line in lines_of(reading, by_line=False)).replace("\n", " | ")
    paragraphs = [(text, round(1.4 * text_height), MAX_CAPTION_LINES), (reading.remark, text_height, MAX_REMARK_LINES)]
    lines = [
        (line, ImageFont.load_default(size))
        for paragraph, size, max_lines in paragraphs
        for line in _wrapped(paragraph, (width - 2 * text_height) / (LETTER_WIDTH * size), max_lines)
    ]
    line_pitch = round(1.9 * text_height)
    captioned = Image.new("RGB", (width, sheet.picture.height + line_pitch * (len(lines) + 1) + text_height), PAPER)
    captioned.paste(sheet.picture, (0, 0))
    draw, y = ImageDraw.Draw(captioned), sheet.picture.height + text_height
    for line, font in lines:
        draw.text((text_height, y), line, TEXT, font, anchor="lm")
        y += line_pitch
    _draw_legend(draw, reading, text_height, y)
    return captioned


def _wrapped(text: str, letters: float, max_lines: int) -> list[str]:
    """A text in lines of so many letters; one that has more than ``max_lines`` ends with an ellipsis."""
    lines = wrap(text, max(12, int(letters)))
    return lines if len(lines) <= max_lines else [*lines[: max_lines - 1], "…"]


def _draw_legend(draw: ImageDraw.ImageDraw, reading: Reading, text_height: int, y: float) -> None:
    """Draw, on one line, each kind of box that is on the sheet, with how many there are."""
    rejected = sum(digit.is_rejected for digit in reading.digits)
    unread = sum(cell.is_unread for cell in reading.cells)
    kinds: list[tuple[str, int, Callable[[Box], None]]] = [
        ("accepted", len(reading.digits) - rejected, lambda box: draw_digit_box(draw, box, False, 2)),
        ("rejected", rejected, lambda box: draw_digit_box(draw, box, True, 2)),
        ("sign", len(reading.signs), lambda box: draw_ignored(draw, box, 1)),
        ("ignored", len(visible_ignored(reading)), lambda box: draw_ignored(draw, box, 1)),
        ("cell", len(reading.cells) - unread, lambda box: draw_cell(draw, box, False, text_height)),
        ("unread cell", unread, lambda box: draw_cell(draw, box, True, text_height)),
    ]
    font, x = ImageFont.load_default(text_height), float(text_height)
    for name, count, draw_box in kinds:
        if count:
            draw_box((y - 0.6 * text_height, x, y + 0.6 * text_height, x + 1.2 * text_height))
            text = counted(count, name) if name.endswith(("cell", "sign")) else f"{count:,} {name}"
            draw.text((x + 1.7 * text_height, y), text, TEXT, font, anchor="lm")
            x += 3.2 * text_height + draw.textlength(text, font)
