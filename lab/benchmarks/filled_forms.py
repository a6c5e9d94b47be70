"""Draw filled forms and digits on ruled paper, with what stands where, and photograph them.

The print (rules, boxes, dots) and the writing are two layers of ink in their own colors, seen in one perspective.
Digits are MNIST's test digits, drawn large by some pen.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.benchmarks.camera import PENS, composite_ink, draw_paper, photograph, shadow_light
from lab.benchmarks.large_digits import draw_digit
from lab.image_types import Generator, Ink, Photo
from lenet.data import Dataset
from lenet.reading.normalization import redraw

Box = tuple[float, float, float, float]

PRINT_COLORS = ((0.12, 0.12, 0.13), (0.35, 0.35, 0.37), (0.45, 0.58, 0.82), (0.78, 0.45, 0.42), (0.42, 0.62, 0.50))
MARGIN_COLOR = (0.80, 0.30, 0.30)
_MARGIN = 40  # pixels of paper around a form


@dataclass(frozen=True)
class FormCell:
    """A place for digits: its text, empty if it was left blank, and its box (top, left, bottom, right) in the photo.

    ``row`` numbers the line that it belongs to; the cells of a row read from left to right.
    """

    row: int
    text: str
    box: Box


@dataclass(frozen=True, eq=False)
class Form:
    """A photographed form."""

    kind: str
    photo: Photo
    cells: tuple[FormCell, ...]

    @property
    def text(self) -> str:
        """What is written, a line for each row that is not blank; without spaces."""
        rows = {cell.row: "" for cell in self.cells}
        for cell in self.cells:
            rows[cell.row] += cell.text
        return "\n".join(text for text in rows.values() if text)


class _FlatForm:
    """A sheet under work: print, writing, and cells in its own pixels."""

    def __init__(self, height: int, width: int, digits: "_DigitWriter", rng: Generator) -> None:
        self.print, self.margin_rule = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
        self.writing = np.zeros((height, width), np.float32)
        self.cells: list[FormCell] = []
        self.digits, self.rng = digits, rng

    def rule(self, start: tuple[float, float], end: tuple[float, float], width: float, margin: bool = False) -> None:
        """A straight rule from (y, x) to (y, x)."""
        target = self.margin_rule if margin else self.print
        points = np.array([[start[1], start[0]], [end[1], end[0]]]) * 16
        cv2.polylines(target, [np.int32(points)], False, 255, max(1, round(width)), cv2.LINE_AA, 4)

    def write(self, row: int, text: str, box: Box, height: float, jitter: float, bounded: bool = True) -> None:
        """Write a text into a cell, its digits ``height`` pixels high, off the middle by ``jitter`` heights.

        Where the box is none that bounds the text, the cell is as wide as what is written.
        """
        top, left, bottom, right = box
        if not text:
            self.cells.append(FormCell(row, text, box))
            return
        inks = [self.digits.ink(int(label), height * self.rng.uniform(0.92, 1.08), self.rng) for label in text]
        gaps = self.rng.uniform(0.12, 0.3, len(text)) * height
        width = sum(ink.shape[1] for ink in inks) + gaps[1:].sum()
        x = (left + right - width) / 2 + np.clip(self.rng.normal(0, jitter), -2 * jitter, 2 * jitter) * height
        for ink, gap in zip(inks, [0.0, *gaps[1:]], strict=True):
            x += gap
            y = (top + bottom - ink.shape[0]) / 2 + np.clip(
                self.rng.normal(0, jitter), -2 * jitter, 2 * jitter
            ) * height
            self._put(ink, round(y), round(x))
            x += ink.shape[1]
        self.cells.append(FormCell(row, text, box if bounded else (top, min(left, x - width), bottom, max(right, x))))

    def _put(self, ink: Ink, y: int, x: int) -> None:
        window = self.writing[max(0, y) : y + ink.shape[0], max(0, x) : x + ink.shape[1]]
        part = ink[max(0, -y) : max(0, -y) + window.shape[0], max(0, -x) : max(0, -x) + window.shape[1]]
        np.maximum(window, part, out=window)


@dataclass(frozen=True, eq=False)
class _DigitWriter:
    """Writes MNIST's test digits with one pen."""

    images: NDArray[np.uint8]
    labels: NDArray[np.integer]
    pen: float  # pixels by which strokes are thicker, for each pixel of a digit's height
    of_label: list[NDArray[np.intp]] = field(default_factory=list)

    def ink(self, label: int, height: float, rng: Generator) -> Ink:
        index = int(rng.choice(self.of_label[label]))
        side = height
        ink = draw_digit(self.images[index], side)
        thickened = redraw((np.pad(ink, 3) > 0.5).astype(np.uint8), self.pen * height)
        return np.asarray(np.clip(thickened + 0.5, 0, 1), np.float32)

    def number(self, digits: int, rng: Generator) -> str:
        return "".join(str(label) for label in rng.integers(10, size=digits))


def _draw_boxes(rng: Generator, digits: _DigitWriter) -> _FlatForm:
    """Fields of adjacent boxes, one digit each, some blank."""
    fields, side, aspect = int(rng.integers(1, 4)), rng.uniform(44, 80), rng.uniform(0.7, 1.1)
    count, width, jitter = int(rng.integers(3, 11)), rng.uniform(1, 0.1 * side), rng.uniform(0.02, 0.1)
    pitch, fill = side * rng.uniform(1.4, 2.0), rng.uniform(0.55, 0.85)
    sheet = _FlatForm(int(2 * _MARGIN + fields * pitch), int(2 * _MARGIN + count * side * aspect), digits, rng)
    for row in range(fields):
        top = _MARGIN + row * pitch
        for column in range(count):
            left = _MARGIN + column * side * aspect
            _draw_frame(sheet, (top, left, top + side, left + side * aspect), width)
            text = digits.number(1, rng) if rng.random() < 0.85 else ""
            sheet.write(row, text, (top, left, top + side, left + side * aspect), fill * side, jitter)
    return sheet


def _draw_separate_boxes(rng: Generator, digits: _DigitWriter) -> _FlatForm:
    """Rows of boxes with white between them."""
    rows, side, count = int(rng.integers(1, 4)), rng.uniform(44, 80), int(rng.integers(3, 9))
    pitch_x, pitch_y = side * rng.uniform(1.15, 1.6), side * rng.uniform(1.4, 1.9)
    width, jitter, fill = rng.uniform(1, 0.08 * side), rng.uniform(0.02, 0.1), rng.uniform(0.55, 0.85)
    sheet = _FlatForm(int(2 * _MARGIN + rows * pitch_y), int(2 * _MARGIN + count * pitch_x), digits, rng)
    for row in range(rows):
        for column in range(count):
            top, left = _MARGIN + row * pitch_y, _MARGIN + column * pitch_x
            _draw_frame(sheet, (top, left, top + side, left + side), width)
            text = digits.number(1, rng) if rng.random() < 0.85 else ""
            sheet.write(row, text, (top, left, top + side, left + side), fill * side, jitter)
    return sheet


def _draw_combs(rng: Generator, digits: _DigitWriter) -> _FlatForm:
    """Boxes open at the top."""
    rows, side, aspect = int(rng.integers(1, 4)), rng.uniform(44, 80), rng.uniform(0.7, 1.1)
    count, width, jitter = int(rng.integers(3, 11)), rng.uniform(1, 0.06 * side), rng.uniform(0.02, 0.08)
    pitch, fill, teeth = side * rng.uniform(1.5, 2.0), rng.uniform(0.55, 0.85), rng.uniform(0.3, 1.0)
    sheet = _FlatForm(int(2 * _MARGIN + rows * pitch), int(2 * _MARGIN + count * side * aspect), digits, rng)
    for row in range(rows):
        top, right = _MARGIN + row * pitch, _MARGIN + count * side * aspect
        sheet.rule((top + side, _MARGIN), (top + side, right), width)
        for column in range(count + 1):
            x = _MARGIN + column * side * aspect
            sheet.rule((top + (1 - teeth) * side, x), (top + side, x), width)
        for column in range(count):
            left = _MARGIN + column * side * aspect
            text = digits.number(1, rng) if rng.random() < 0.85 else ""
            sheet.write(row, text, (top, left, top + side, left + side * aspect), fill * side, jitter)
    return sheet


def _draw_table(rng: Generator, digits: _DigitWriter) -> _FlatForm:
    """A table of numbers of one to four digits, some cells blank."""
    rows, columns, height = int(rng.integers(2, 9)), int(rng.integers(2, 7)), rng.uniform(40, 64)
    length = int(rng.integers(1, 5))
    widths = rng.uniform(1.0, 1.4, columns) * (0.8 + 0.75 * length) * 0.6 * height
    width, jitter, fill = rng.uniform(1, 0.05 * height), rng.uniform(0.02, 0.08), rng.uniform(0.5, 0.75)
    xs, ys = _MARGIN + np.concatenate([[0], np.cumsum(widths)]), _MARGIN + height * np.arange(rows + 1)
    sheet = _FlatForm(int(ys[-1] + _MARGIN), int(xs[-1] + _MARGIN), digits, rng)
    _draw_lattice(sheet, ys, xs, width)
    for row in range(rows):
        for column in range(columns):
            text = digits.number(int(rng.integers(1, length + 1)), rng) if rng.random() < 0.85 else ""
            sheet.write(row, text, (ys[row], xs[column], ys[row + 1], xs[column + 1]), fill * height, jitter)
    return sheet


def _draw_sudoku(rng: Generator, digits: _DigitWriter) -> _FlatForm:
    """Nine by nine cells, thick rules after every third, a third to a half filled."""
    side, thin = rng.uniform(44, 64), rng.uniform(1, 2)
    lines, fill, jitter = _MARGIN + side * np.arange(10), rng.uniform(0.5, 0.75), rng.uniform(0.02, 0.06)
    sheet = _FlatForm(int(lines[-1] + _MARGIN), int(lines[-1] + _MARGIN), digits, rng)
    _draw_lattice(sheet, lines, lines, thin)
    _draw_lattice(sheet, lines[::3], lines[::3], thin * rng.uniform(2, 3.5))
    filled_share = rng.uniform(0.3, 0.6)
    for row in range(9):
        for column in range(9):
            text = str(rng.integers(1, 10)) if rng.random() < filled_share else ""
            box = (lines[row], lines[column], lines[row + 1], lines[column + 1])
            sheet.write(row, text, box, fill * side, jitter)
    return sheet


def _draw_tally_column(rng: Generator, digits: _DigitWriter) -> _FlatForm:
    """A column of narrow rows, a number of three digits in each of the first ones, rules open at the left."""
    rows, height, fill = int(rng.integers(5, 12)), rng.uniform(44, 64), rng.uniform(0.55, 0.8)
    filled, width = int(rng.integers(2, rows + 1)), rng.uniform(1, 3)
    left, right = _MARGIN * rng.uniform(1.5, 3), _MARGIN * 4 + 2.6 * height
    ys = _MARGIN + height * np.arange(rows + 1)
    sheet = _FlatForm(int(ys[-1] + _MARGIN), int(right + _MARGIN), digits, rng)
    for y in ys:
        sheet.rule((y, 0), (y, right), width)
    sheet.rule((ys[0], right), (ys[-1], right), width)
    if rng.random() < 0.5:
        sheet.rule((ys[0], left), (ys[-1], left), width)
    for row in range(rows):
        text = digits.number(3, rng) if row < filled else ""
        sheet.write(row, text, (ys[row], left, ys[row + 1], right), fill * height, rng.uniform(0.02, 0.06))
    return sheet


def _draw_squared_paper(rng: Generator, digits: _DigitWriter) -> _FlatForm:
    """Squared paper, numbers written over it, their digits as high as one to three squares."""
    return _draw_on_patterned_paper(rng, digits, dotted=False)


def _draw_dotted_paper(rng: Generator, digits: _DigitWriter) -> _FlatForm:
    """Dotted paper."""
    return _draw_on_patterned_paper(rng, digits, dotted=True)


def _draw_on_patterned_paper(rng: Generator, digits: _DigitWriter, dotted: bool) -> _FlatForm:
    height = rng.uniform(40, 70)
    square, width = height / rng.uniform(0.9, 3.0), rng.uniform(1, 2.5)
    sheet = _draw_number_lines(rng, digits, height)
    ys, xs = (np.arange(rng.uniform(0, square), extent, square) for extent in sheet.print.shape)
    if dotted:
        for y in ys:
            for x in xs:
                cv2.circle(sheet.print, (round(x), round(y)), max(1, round(width)), 255, -1, cv2.LINE_AA)
    else:
        for y in ys:
            sheet.rule((y, 0), (y, sheet.print.shape[1]), width)
        for x in xs:
            sheet.rule((0, x), (sheet.print.shape[0], x), width)
    return sheet


def _draw_lined_paper(rng: Generator, digits: _DigitWriter) -> _FlatForm:
    """Ruled lines with a red margin, numbers standing on the lines."""
    height = rng.uniform(40, 70)
    pitch, width = height * rng.uniform(1.15, 1.7), rng.uniform(1, 2.5)
    sheet = _draw_number_lines(rng, digits, height, pitch)
    for y in np.arange(_MARGIN % pitch, sheet.print.shape[0], pitch):
        sheet.rule((y, 0), (y, sheet.print.shape[1]), width)
    x = rng.uniform(0.3, 0.8) * 2 * _MARGIN
    sheet.rule((0, x), (sheet.print.shape[0], x), width, margin=True)
    return sheet


def _draw_number_lines(rng: Generator, digits: _DigitWriter, height: float, pitch: float = 0.0) -> _FlatForm:
    """Numbers one below the other on plain paper."""
    lines, length, left = int(rng.integers(1, 5)), int(rng.integers(1, 9)), 2.2 * _MARGIN
    pitch = pitch or height * rng.uniform(1.5, 2.2)
    sheet = _FlatForm(int(2 * _MARGIN + lines * pitch), int(left + 2 * _MARGIN + length * height), digits, rng)
    for row in range(lines):
        box = (_MARGIN + row * pitch, left, _MARGIN + (row + 1) * pitch, left + length * height)
        sheet.write(row, digits.number(length, rng), box, min(height, 0.85 * pitch), 0.04, bounded=False)
    return sheet


def _draw_frame(sheet: _FlatForm, box: Box, width: float) -> None:
    top, left, bottom, right = box
    for y in (top, bottom):
        sheet.rule((y, left), (y, right), width)
    for x in (left, right):
        sheet.rule((top, x), (bottom, x), width)


def _draw_lattice(sheet: _FlatForm, ys: NDArray[np.float64], xs: NDArray[np.float64], width: float) -> None:
    for y in ys:
        sheet.rule((y, xs[0]), (y, xs[-1]), width)
    for x in xs:
        sheet.rule((ys[0], x), (ys[-1], x), width)


FORM_KINDS: dict[str, Callable[[Generator, _DigitWriter], _FlatForm]] = {
    "boxes": _draw_boxes,
    "separate boxes": _draw_separate_boxes,
    "combs": _draw_combs,
    "tables": _draw_table,
    "sudoku": _draw_sudoku,
    "tally columns": _draw_tally_column,
    "squared": _draw_squared_paper,
    "dotted": _draw_dotted_paper,
    "lined, red margin": _draw_lined_paper,
}


def draw_form(kind: str, number: int, mnist: Dataset, seed: int) -> Form:
    """The form of this kind and number, photographed: half of them from the front, half in perspective."""
    rng = np.random.default_rng([seed, sorted(FORM_KINDS).index(kind), number])
    labels = mnist.test_labels
    of_label = [np.flatnonzero(labels == label) for label in range(10)]
    sheet = FORM_KINDS[kind](rng, _DigitWriter(mnist.test_images, labels, float(rng.uniform(-0.025, 0.02)), of_label))
    matrix, (height, width) = _sample_perspective(sheet.print.shape, rng)
    layers = [
        np.asarray(cv2.warpPerspective(layer, matrix, (width, height), flags=cv2.INTER_AREA), np.float32)
        for layer in (sheet.print, sheet.margin_rule, 255 * sheet.writing)
    ]
    rules, margin, writing = (layer / 255 for layer in layers)
    scene = draw_paper((height, width), rng)
    scene = composite_ink(scene, rules * rng.uniform(0.6, 1), PRINT_COLORS[rng.integers(len(PRINT_COLORS))])
    scene = composite_ink(
        composite_ink(scene, margin * 0.8, MARGIN_COLOR), writing * rng.uniform(0.85, 1), PENS[rng.integers(len(PENS))]
    )
    if rng.random() < 0.25:
        scene = scene * shadow_light((height, width), rng.uniform(0.55, 0.8))[..., None]
    cells = tuple(FormCell(cell.row, cell.text, _box_in_photo(cell.box, matrix)) for cell in sheet.cells)
    return Form(kind, photograph(np.asarray(scene, np.float32), rng), cells)


def _sample_perspective(shape: tuple[int, ...], rng: Generator) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """A homography from the sheet to the photo, and the photo's size."""
    height, width = shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    if rng.random() < 0.5:
        return np.eye(3), (height, width)
    angle = np.clip(rng.normal(0, 0.03), -0.07, 0.07)
    photo_corners = (corners - corners.mean(axis=0)) @ np.array(
        [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    )
    photo_corners += rng.normal(0, 0.012, (4, 2)) * max(height, width)
    photo_corners = np.float32(photo_corners - photo_corners.min(axis=0))
    size = np.ceil(photo_corners.max(axis=0)).astype(int)
    return np.asarray(cv2.getPerspectiveTransform(corners, photo_corners), np.float64), (int(size[1]), int(size[0]))


def _box_in_photo(box: Box, matrix: NDArray[np.float64]) -> Box:
    top, left, bottom, right = box
    corners = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float64)
    xs, ys = cv2.perspectiveTransform(corners, matrix)[0].T
    return float(ys.min()), float(xs.min()), float(ys.max()), float(xs.max())
