"""Pictures of evaluations: sheets of examples and of the worst mistakes, and the confusion matrix."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from lenet.data.sheet import draw_sheet
from lenet.evaluation.metrics import Evaluation
from lenet.fonts import font_for
from lenet.preprocess import GrayLevels


def draw_answers(evaluation: Evaluation, images: GrayLevels, count: int = 40, columns: int = 10) -> Image.Image:
    """Draw a sheet of the first examples, each picture over its class and its prediction, which is red if wrong.

    Args:
        images: those that were evaluated, uint8 (N, H, W), drawn as dark ink, or colors (N, 3, H, W).
        count: how many examples; at most as many as there are.
    """
    return _draw_examples(evaluation, images, range(min(count, evaluation.examples)), columns)


def draw_mistakes(evaluation: Evaluation, images: GrayLevels, limit: int = 60, columns: int = 10) -> Image.Image:
    """Draw a sheet of the worst mistakes, each picture over its class and its prediction.

    Args:
        images: as `draw_answers` takes them.
        limit: at most so many.
    """
    return _draw_examples(evaluation, images, [mistake.index for mistake in evaluation.worst_mistakes(limit)], columns)


def _draw_examples(evaluation: Evaluation, images: GrayLevels, rows: Sequence[int], columns: int) -> Image.Image:
    """Draw the examples of these rows, under the evaluation's summary."""
    names, actual, predicted = evaluation.class_names, evaluation.labels, evaluation.predictions
    return draw_sheet(
        [images[row] for row in rows],
        [f"{names[actual[row]]}\nread {_class_name(names, predicted[row])}" for row in rows],
        columns,
        heading=f"{evaluation.network} on {evaluation.data}: {evaluation}",
        is_wrong=[bool(actual[row] != predicted[row]) for row in rows],
    )


def draw_confusion(evaluation: Evaluation) -> Image.Image:
    """Draw the confusion matrix: rows are classes, columns predictions; errors are red, the diagonal gray.

    The columns' names are upright where one of them is wider than a column.
    """
    counts, names = evaluation.confusion, evaluation.class_names
    titles = [_class_name(names, index) for index in range(len(counts))]
    font, cell = font_for("", 12), 46
    longest = round(max(font_for(title, 12).getlength(title) for title in titles))
    margin = 40 + longest
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
    for index, title in enumerate(titles):
        center = margin + index * cell + cell / 2
        draw.text((margin - 8, center), title, "black", font_for(title, 12), anchor="rm")
        if longest > cell - 4:
            upright = Image.new("RGB", (longest, cell), "white")
            ImageDraw.Draw(upright).text((0, cell / 2), title, "black", font_for(title, 12), anchor="lm")
            picture.paste(
                upright.transpose(Image.Transpose.ROTATE_90), (round(center - cell / 2), margin - 8 - longest)
            )
        else:
            draw.text((center, margin - 11), title, "black", font_for(title, 12), anchor="ms")
    draw.text((margin, 6), "read as", "#666666", font)
    draw.text((margin - 8, margin - 8), "is", "#666666", font, anchor="rb")
    return picture


def _class_name(names: Sequence[str], label: int) -> str:
    return names[label] if label < len(names) else str(label)
