"""Contact sheets of examples with their class names."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lenet.data.datasets import Dataset
from lenet.errors import DataError, reason_of
from lenet.files import check_writable, write_atomically
from lenet.fonts import font_for

PICTURE_SIDE = 84
TEXT_SIZE, TEXT_HEIGHT = 12, 18
GAP = 6
PAPER, FRAME, INK, WRONG = (255, 255, 255), (205, 205, 205), (40, 40, 40), (176, 0, 32)


def draw_examples(
    dataset: Dataset, count: int = 40, seed: int = 0, split: str = "train", columns: int = 10
) -> Image.Image:
    """Draw examples of a data set, chosen at random, in the order of their classes.

    Args:
        count: how many, at least 1; at most as many as there are are drawn.
        seed: which ones, at least 0; the same seed always gives the same sheet.
        split: ``"train"`` or ``"test"``.
    """
    if not 1 <= count <= 10_000:
        raise DataError(f"count is {count}, expected 1 to 10,000 examples")
    for name, value, minimum in (("columns", columns, 1), ("seed", seed, 0)):
        if value < minimum:
            raise DataError(f"{name} is {value}, expected at least {minimum}")
    images, labels = dataset.part(split)
    indices = np.random.default_rng(seed).choice(len(labels), min(count, len(labels)), replace=False)
    indices = indices[np.lexsort((indices, labels[indices]))]
    titles = [dataset.class_names[label] for label in labels[indices]]
    return draw_sheet(images[indices], titles, columns)


def draw_sheet(
    images: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
    titles: Sequence[str],
    columns: int = 10,
    side: int = PICTURE_SIDE,
    *,
    heading: str = "",
    is_wrong: Sequence[bool] = (),
) -> Image.Image:
    """Draw pictures in rows, each with a title below it.

    Args:
        images: uint8 (H, W), drawn dark on light as on paper, or colors (3, H, W), drawn as they are.
        titles: one for each, of one line or several; lines that are too long are cut short.
        columns: pictures in a row.
        side: of the square that each is drawn into, in pixels.
        heading: a line above all pictures, which is never cut.
        is_wrong: of each picture, whether the last line of its title is red; of none if left out.
    """
    columns = max(1, min(columns, len(images)))
    rows = -(-len(images) // columns)
    lines = max((title.count("\n") + 1 for title in titles), default=1)
    cell_width, cell_height = side + GAP, side + lines * TEXT_HEIGHT + GAP
    head = TEXT_HEIGHT + GAP if heading else 0
    width = max(columns * cell_width, round(font_for(heading, TEXT_SIZE).getlength(heading)) + GAP) + GAP
    sheet = Image.new("RGB", (width, head + rows * cell_height + GAP), PAPER)
    canvas = ImageDraw.Draw(sheet)
    canvas.text((GAP, GAP), heading, fill=INK, font=font_for(heading, TEXT_SIZE))
    for index, (image, title) in enumerate(zip(images, titles, strict=True)):
        left, top = GAP + index % columns * cell_width, head + GAP + index // columns * cell_height
        is_gray = image.ndim == 2 or len(image) == 1
        picture = Image.fromarray(
            255 - image.reshape(image.shape[-2:]) if is_gray else np.ascontiguousarray(image.transpose(1, 2, 0))
        )
        picture.thumbnail((side, side))
        # Whole multiples keep each pixel a square.
        zoom = max(1, side // max(picture.size))
        picture = picture.resize((picture.width * zoom, picture.height * zoom), Image.Resampling.NEAREST).convert("RGB")
        x, y = left + (side - picture.width) // 2, top + (side - picture.height) // 2
        sheet.paste(picture, (x, y))
        canvas.rectangle((x - 1, y - 1, x + picture.width, y + picture.height), outline=FRAME)
        texts = title.split("\n")
        for number, line in enumerate(texts):
            text, font = shorten(line, TEXT_SIZE, side), font_for(line, TEXT_SIZE)
            text_left = left + side / 2 - canvas.textlength(text, font=font) / 2
            is_red = bool(is_wrong) and is_wrong[index] and number == len(texts) - 1
            color = WRONG if is_red else INK
            canvas.text((text_left, top + side + 1 + number * TEXT_HEIGHT), text, fill=color, font=font)
    return sheet


def save_sheet(sheet: Image.Image, path: str | Path) -> None:
    """Write a sheet in the format that the file's name asks for, whole or not at all.

    Raises:
        DataError: if the name asks for none that Pillow writes, or the place cannot be written to.
    """
    path, content = Path(path), io.BytesIO()
    try:
        sheet.save(content, _kind_of(path))
        write_atomically(path, content.getvalue())
    except OSError as problem:
        raise DataError(f"{path}: cannot be written: {reason_of(problem)}") from problem


def check_sheet_path(path: str | Path) -> None:
    """Check, before a sheet is drawn, that `save_sheet` can write it.

    Raises:
        LeNetError: if not.
    """
    _kind_of(Path(path))
    check_writable(path)


def _kind_of(path: Path) -> str:
    """Pillow's name of the format that a file's name asks for."""
    kind = Image.registered_extensions().get(path.suffix.lower())
    if kind is None or kind not in Image.SAVE:
        raise DataError(f"{path}: cannot write pictures of this kind; expected a name that ends in .png, .jpg or .webp")
    return kind


def shorten(text: str, size: float, width: float, from_end: bool = False) -> str:
    """Cut a text wider than so many pixels in its font, at its end or from its beginning, and put an ellipsis there."""
    part, font = text, font_for(text, size)
    while len(part) > 1 and font.getlength(part if part == text else f"{part}…") > width:
        part = part[1:] if from_end else part[:-1]
    return text if part == text else f"…{part}" if from_end else f"{part}…"
