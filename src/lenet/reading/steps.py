"""A picture of how a picture was read: the picture, its ink, the boxes, and every digit as the network saw it."""

import io
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lenet.files import write_atomically
from lenet.reading.reader import Digit, Reading

_PANEL = 360  # pixels: the height of the picture and of its ink
_TILE = 84  # a digit's 28×28, three times as large
_MARGIN, _CAPTION = 12, 18
_PAPER, _TEXT, _SURE, _DOUBTFUL = (255, 255, 255), (40, 40, 40), (0, 110, 60), (200, 40, 30)


def draw_steps(reading: Reading, path: str | Path) -> None:
    """Write the steps of a reading as a PNG file."""
    buffer = io.BytesIO()
    steps_picture(reading).save(buffer, "png")
    write_atomically(Path(path), buffer.getvalue())


def steps_picture(reading: Reading) -> Image.Image:
    """The picture, its ink, the boxes found, and each digit's 28×28 with its answer, left to right."""
    picture = _fitted(reading.steps.picture.colors)
    levels = reading.steps.ink.levels
    ink = _fitted(np.repeat(255 - _gray(levels / max(float(levels.max()), 1e-6))[:, :, None], 3, axis=2))
    boxes = picture.copy()
    draw = ImageDraw.Draw(boxes)
    scale = (boxes.height / reading.size[0], boxes.width / reading.size[1])
    for digit in reading.digits:
        top, left, bottom, right = digit.box
        frame = (left * scale[1], top * scale[0], right * scale[1] - 1, bottom * scale[0] - 1)
        draw.rectangle(frame, outline=_color(digit), width=2)
    panels = [("picture", picture), (f"ink ({reading.polarity})", ink), (f"{len(reading.digits)} digits", boxes)]
    width = sum(panel.width + _MARGIN for _, panel in panels) + _MARGIN
    across = max(1, (width - _MARGIN) // (_TILE + _MARGIN))
    rows = -(-len(reading.digits) // across)
    first_tile = _CAPTION + max(panel.height for _, panel in panels) + 2 * _MARGIN
    sheet = Image.new("RGB", (width, first_tile + rows * (_TILE + _CAPTION + _MARGIN)), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    x = _MARGIN
    for title, panel in panels:
        draw.text((x, 3), title, _TEXT, font)
        sheet.paste(panel, (x, _CAPTION))
        x += panel.width + _MARGIN
    for index, digit in enumerate(reading.digits):
        x, y = _MARGIN + index % across * (_TILE + _MARGIN), first_tile + index // across * (_TILE + _CAPTION + _MARGIN)
        tile = Image.fromarray(255 - digit.image).resize((_TILE, _TILE), Image.Resampling.NEAREST)
        sheet.paste(tile, (x, y))
        draw.rectangle((x - 1, y - 1, x + _TILE, y + _TILE), outline=_color(digit))
        draw.text((x, y + _TILE + 2), f"{digit.label}  {digit.probability:.1%}", _color(digit), font)
    return sheet


def _fitted(colors: NDArray[np.uint8]) -> Image.Image:
    height, width = colors.shape[:2]
    scale = min(_PANEL / height, 2 * _PANEL / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    return Image.fromarray(np.asarray(cv2.resize(np.ascontiguousarray(colors), size, interpolation=how)))


def _gray(levels: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(np.clip(levels, 0, 1) * 255), np.uint8)


def _color(digit: Digit) -> tuple[int, int, int]:
    return _DOUBTFUL if digit.is_doubtful else _SURE
