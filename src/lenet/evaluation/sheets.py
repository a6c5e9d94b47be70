"""Pictures of evaluations: the worst mistakes, and the confusion matrix."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lenet.evaluation.metrics import Evaluation
from lenet.preprocess import GrayLevels


def draw_mistakes(evaluation: Evaluation, images: GrayLevels, limit: int = 60, columns: int = 10) -> Image.Image:
    """A sheet of the worst mistakes: each picture, ink dark, over its class and what it was read as.

    Args:
        images: those that were evaluated, uint8 (N, H, W) or (N, C, H, W).
    """
    mistakes = evaluation.worst_mistakes(limit)
    cell, text = 72, 30
    columns = max(1, min(columns, len(mistakes)))
    rows = math.ceil(len(mistakes) / columns)
    names = evaluation.class_names
    title = f"{evaluation.network} on {evaluation.data}: {evaluation}"
    width = max(columns * (cell + 8) + 8, 12 + round(_font(12).getlength(title)))
    sheet = Image.new("RGB", (width, 30 + rows * (cell + text + 8)), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((8, 8), title, "black", _font(12))
    for number, mistake in enumerate(mistakes):
        left, top = 8 + number % columns * (cell + 8), 30 + number // columns * (cell + text + 8)
        sheet.paste(_picture(images[mistake.index]).resize((cell, cell), Image.Resampling.NEAREST), (left, top))
        draw.rectangle((left - 1, top - 1, left + cell, top + cell), outline="#cccccc")
        for line, caption in enumerate((names[mistake.actual], f"read {_name(names, mistake.predicted)}")):
            draw.text(
                (left, top + cell + 2 + 13 * line), _shortened(caption, cell), ("#444444", "#b00020")[line], _font(11)
            )
    return sheet


def draw_confusion(evaluation: Evaluation) -> Image.Image:
    """The confusion matrix: a row for each class, a column for what it was read as; errors red, the right ones gray."""
    counts, names = evaluation.confusion, evaluation.class_names
    font, cell = _font(12), 46
    margin = 40 + round(max(font.getlength(_name(names, index)) for index in range(len(counts))))
    size = margin + cell * len(counts) + 8
    picture = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(picture)
    max_errors = max(1, int((counts - np.diag(counts.diagonal())).max()))
    for row, column in np.ndindex(counts.shape):
        count, left, top = int(counts[row, column]), margin + column * cell, margin + row * cell
        pale = 255 - round(170 * math.sqrt(count / max_errors)) if row != column else 232
        fill = (pale, pale, pale) if row == column else (255, pale, pale)
        draw.rectangle((left, top, left + cell - 2, top + cell - 2), fill=fill)
        if count:
            draw.text((left + cell / 2 - 1, top + cell / 2 - 1), f"{count:,}", "black", font, anchor="mm")
    for index in range(len(counts)):
        at = margin + index * cell + cell / 2
        draw.text((margin - 8, at), _name(names, index), "black", font, anchor="rm")
        draw.text((at, margin - 8), _shortened(_name(names, index), cell), "black", font, anchor="mb")
    draw.text((margin, 6), "read as", "#666666", font)
    draw.text((margin - 8, margin - 8), "is", "#666666", font, anchor="rb")
    return picture


def _picture(image: GrayLevels) -> Image.Image:
    """Dark ink on white for gray levels, as people write; colors as they are."""
    if image.ndim == 3 and len(image) == 3:
        return Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)))
    return Image.fromarray(255 - image.reshape(image.shape[-2:])).convert("RGB")


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def _name(names: Sequence[str], label: int) -> str:
    return names[label] if label < len(names) else str(label)


def _shortened(text: str, width: int) -> str:
    font = _font(11)
    while len(text) > 1 and font.getlength(text) > width:
        text = text[:-2] + "…"
    return text
