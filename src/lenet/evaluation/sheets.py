"""Pictures of evaluations: sheets of examples and of the worst mistakes, and the confusion matrix."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw
from PIL.ImageFont import load_default

from lenet.data.sheet import shorten
from lenet.evaluation.metrics import Evaluation
from lenet.preprocess import GrayLevels


def draw_answers(evaluation: Evaluation, images: GrayLevels, count: int = 40, columns: int = 10) -> Image.Image:
    """Draw a sheet of the first examples, each picture over its class and its prediction.

    Args:
        images: those that were evaluated, uint8 (N, H, W), drawn as dark ink, or colors (N, 3, H, W).
        count: how many examples; at most as many as there are.
    """
    pairs = zip(evaluation.labels[:count].tolist(), evaluation.predictions[:count].tolist(), strict=True)
    return _draw_examples(evaluation, images, [(index, *pair) for index, pair in enumerate(pairs)], columns)


def draw_mistakes(evaluation: Evaluation, images: GrayLevels, limit: int = 60, columns: int = 10) -> Image.Image:
    """Draw a sheet of the worst mistakes, each picture over its class and its prediction.

    Args:
        images: as `draw_answers` takes them.
        limit: at most so many.
    """
    worst = evaluation.worst_mistakes(limit)
    return _draw_examples(
        evaluation, images, [(mistake.index, mistake.actual, mistake.predicted) for mistake in worst], columns
    )


def _draw_examples(
    evaluation: Evaluation, images: GrayLevels, examples: Sequence[tuple[int, int, int]], columns: int
) -> Image.Image:
    """Draw examples, each given by index, class and prediction, under the evaluation's summary."""
    cell, text = 72, 30
    columns = max(1, min(columns, len(examples)))
    rows = math.ceil(len(examples) / columns)
    names, small = evaluation.class_names, load_default(11)
    title = f"{evaluation.network} on {evaluation.data}: {evaluation}"
    width = max(columns * (cell + 8) + 8, 12 + round(load_default(12).getlength(title)))
    sheet = Image.new("RGB", (width, 30 + rows * (cell + text + 8)), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((8, 8), title, "black", load_default(12))
    for number, (index, actual, predicted) in enumerate(examples):
        left, top = 8 + number % columns * (cell + 8), 30 + number // columns * (cell + text + 8)
        sheet.paste(_to_image(images[index]).resize((cell, cell), Image.Resampling.NEAREST), (left, top))
        draw.rectangle((left - 1, top - 1, left + cell, top + cell), outline="#cccccc")
        answer_color = "#444444" if actual == predicted else "#b00020"
        draw.text((left, top + cell + 2), shorten(names[actual], small, cell), "#444444", small)
        draw.text(
            (left, top + cell + 15), shorten(f"read {_class_name(names, predicted)}", small, cell), answer_color, small
        )
    return sheet


def draw_confusion(evaluation: Evaluation) -> Image.Image:
    """Draw the confusion matrix: rows are classes, columns predictions; errors are red, the diagonal gray."""
    counts, names = evaluation.confusion, evaluation.class_names
    font, cell = load_default(12), 46
    margin = 40 + round(max(font.getlength(_class_name(names, index)) for index in range(len(counts))))
    size = margin + cell * len(counts) + 8
    picture = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(picture)
    max_errors = max(1, int((counts - np.diag(counts.diagonal())).max()))
    for row, column in np.ndindex(counts.shape):
        count, left, top = int(counts[row, column]), margin + column * cell, margin + row * cell
        lightness = 255 - round(170 * math.sqrt(count / max_errors)) if row != column else 232
        fill = (lightness, lightness, lightness) if row == column else (255, lightness, lightness)
        draw.rectangle((left, top, left + cell - 2, top + cell - 2), fill=fill)
        if count:
            draw.text((left + cell / 2 - 1, top + cell / 2 - 1), f"{count:,}", "black", font, anchor="mm")
    for index in range(len(counts)):
        center = margin + index * cell + cell / 2
        draw.text((margin - 8, center), _class_name(names, index), "black", font, anchor="rm")
        draw.text((center, margin - 8), shorten(_class_name(names, index), font, cell), "black", font, anchor="mb")
    draw.text((margin, 6), "read as", "#666666", font)
    draw.text((margin - 8, margin - 8), "is", "#666666", font, anchor="rb")
    return picture


def _to_image(image: GrayLevels) -> Image.Image:
    """Convert to a Pillow image: gray levels as dark ink on white, colors unchanged."""
    if image.ndim == 3 and len(image) == 3:
        return Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)))
    return Image.fromarray(255 - image.reshape(image.shape[-2:])).convert("RGB")


def _class_name(names: Sequence[str], label: int) -> str:
    return names[label] if label < len(names) else str(label)
