"""Tables and fields of boxes drawn with digits in them, and the ink and the grid of a page."""

import cv2
import numpy as np

from lenet.reading.foreground.grid.detection import Grid, find_grid
from lenet.reading.foreground.ink import InkMap, Polarity, find_ink

SIDE, MARGIN = 60, 40  # pixels of a box, and of the paper around a form


def table_of(rows: list[str], digits: list[np.ndarray], width: int = 2, open_top: bool = False) -> np.ndarray:
    """A page of gray levels with a cell for each sign of each row; a space leaves it blank."""
    height, length = len(rows), max(map(len, rows))
    ink = np.zeros((2 * MARGIN + height * SIDE, 2 * MARGIN + length * SIDE), np.float32)
    right, bottom = MARGIN + length * SIDE, MARGIN + height * SIDE
    for row in range(int(open_top), height + 1):
        cv2.line(ink, (MARGIN, MARGIN + row * SIDE), (right, MARGIN + row * SIDE), 1.0, width)
    for column in range(length + 1):
        cv2.line(ink, (MARGIN + column * SIDE, MARGIN), (MARGIN + column * SIDE, bottom), 1.0, width)
    for row, text in enumerate(rows):
        for column, sign in enumerate(text):
            if sign != " ":
                written(ink, digits[int(sign)], MARGIN + (row + 0.5) * SIDE, MARGIN + (column + 0.5) * SIDE)
    return page_of(ink)


def wide_table(texts: list[list[tuple[int, int]]], digits: list[np.ndarray], level: float, width: int) -> np.ndarray:
    """A page with two cells of 170 pixels in each row, and digits, as (label, place), wherever they stand."""
    ink = np.zeros((2 * MARGIN + len(texts) * SIDE, 2 * MARGIN + 340), np.float32)
    for y in range(len(texts) + 1):
        cv2.line(ink, (MARGIN, MARGIN + y * SIDE), (MARGIN + 340, MARGIN + y * SIDE), level, width)
    for x in range(3):
        cv2.line(ink, (MARGIN + 170 * x, MARGIN), (MARGIN + 170 * x, MARGIN + len(texts) * SIDE), level, width)
    for row, text in enumerate(texts):
        for label, x in text:
            written(ink, digits[label], MARGIN + (row + 0.5) * SIDE, MARGIN + x)
    return page_of(ink)


def written(ink: np.ndarray, digit: np.ndarray, y: float, x: float) -> None:
    """Put a digit's middle at a place of a page's ink."""
    height, width = digit.shape
    top, left = round(y - height / 2), round(x - width / 2)
    window = ink[top : top + height, left : left + width]
    np.maximum(window, digit, out=window)


def page_of(ink: np.ndarray) -> np.ndarray:
    return np.asarray(235 - 200 * np.clip(ink, 0, 1), np.uint8)


def grid_of(page: np.ndarray) -> Grid | None:
    return find_grid(ink_of(page))


def ink_of(page: np.ndarray) -> InkMap:
    return find_ink(np.repeat(page[..., None], 3, axis=2), Polarity.PAPER_HIGH)
