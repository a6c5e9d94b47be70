"""Draw filled forms and digits on ruled paper, with the text and the box of each cell, and photograph them.

The print (rules, boxes, dots), the rule of a margin and the writing are three layers of ink, each in a color of its
own, seen in one perspective. Digits are MNIST's test digits, enlarged, their strokes thinner or thicker by one pen.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.benchmarks.camera import PEN_COLORS, composite_ink, draw_paper, photograph, shadow_light
from lab.benchmarks.large_digits import DigitWriter, random_number
from lab.image_types import Generator, Ink, Photo
from lenet.data import Dataset

Box = tuple[float, float, float, float]  # (top, left, bottom, right) in pixels

# RGB of 0..1.
PRINT_COLORS = ((0.12, 0.12, 0.13), (0.35, 0.35, 0.37), (0.45, 0.58, 0.82), (0.78, 0.45, 0.42), (0.42, 0.62, 0.50))
MARGIN_COLOR = (0.80, 0.30, 0.30)
_MARGIN = 40  # pixels of paper around a form


@dataclass(frozen=True)
class FormCell:
    """A place for digits.

    Attributes:
        row: number of the line that it belongs to; the cells of a row are in order from left to right.
        text: what is written in it; empty if it was left blank.
        box: in the photo; within `_FlatForm` in the form's own pixels.
    """

    row: int
    text: str
    box: Box


@dataclass(frozen=True, eq=False)
class Form:
    """A photographed form: its kind, a key of `FORM_KINDS`, its photo, and its cells."""

    kind: str
    photo: Photo
    cells: tuple[FormCell, ...]

    @property
    def text(self) -> str:
        """The text written on the form: a line for each row that is not blank, without spaces."""
        rows = {cell.row: "" for cell in self.cells}
        for cell in self.cells:
            rows[cell.row] += cell.text
        return "\n".join(text for text in rows.values() if text)


class _FlatForm:
    """A form before it is photographed: the layers of its print (uint8) and writing (0..1), and its cells."""

    def __init__(self, height: int, width: int, digit_writer: DigitWriter, rng: Generator) -> None:
        self.print, self.margin_rule = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
        self.writing = np.zeros((height, width), np.float32)
        self.cells: list[FormCell] = []
        self.digit_writer, self.rng = digit_writer, rng

    def draw_rule(
        self, start: tuple[float, float], end: tuple[float, float], width: float, is_margin: bool = False
    ) -> None:
        """Draw a straight rule from (y, x) to (y, x), ``width`` pixels wide."""
        target = self.margin_rule if is_margin else self.print
        points = np.array([[start[1], start[0]], [end[1], end[0]]]) * 16
        cv2.polylines(target, [np.int32(points)], False, 255, max(1, round(width)), cv2.LINE_AA, 4)

    def write(self, row: int, text: str, box: Box, height: float, jitter: float, is_bounded: bool = True) -> None:
        """Write a text into a cell, and add the cell to the form's.

        Args:
            row, text, box: of the cell.
            height: of the digits, in pixels.
            jitter: standard deviation of their distance from the middle of the box, in digit heights.
            is_bounded: whether the box bounds the text; if not, the cell becomes as wide as what is written.
        """
        top, left, bottom, right = box
        if not text:
            self.cells.append(FormCell(row, text, box))
            return
        inks = [self.digit_writer.draw(int(label), height * self.rng.uniform(0.92, 1.08), self.rng) for label in text]
        gaps = self.rng.uniform(0.12, 0.3, len(text)) * height
        width = sum(ink.shape[1] for ink in inks) + gaps[1:].sum()
        x = (left + right - width) / 2 + np.clip(self.rng.normal(0, jitter), -2 * jitter, 2 * jitter) * height
        for ink, gap in zip(inks, [0.0, *gaps[1:]], strict=True):
            x += gap
            y = (top + bottom - ink.shape[0]) / 2 + np.clip(
                self.rng.normal(0, jitter), -2 * jitter, 2 * jitter
            ) * height
            self._add_ink(ink, round(y), round(x))
            x += ink.shape[1]
        if not is_bounded:
            box = (top, min(left, x - width), bottom, max(right, x))
        self.cells.append(FormCell(row, text, box))

    def _add_ink(self, ink: Ink, y: int, x: int) -> None:
        window = self.writing[max(0, y) : y + ink.shape[0], max(0, x) : x + ink.shape[1]]
        part = ink[max(0, -y) : max(0, -y) + window.shape[0], max(0, -x) : max(0, -x) + window.shape[1]]
        np.maximum(window, part, out=window)


def _draw_boxes(rng: Generator, digit_writer: DigitWriter) -> _FlatForm:
    """Draw fields of adjacent boxes, one digit each, some blank."""
    fields, side, aspect = int(rng.integers(1, 4)), rng.uniform(44, 80), rng.uniform(0.7, 1.1)
    count, width, jitter = int(rng.integers(3, 11)), rng.uniform(1, 0.1 * side), rng.uniform(0.02, 0.1)
    pitch, fill = side * rng.uniform(1.4, 2.0), rng.uniform(0.55, 0.85)
    form = _FlatForm(int(2 * _MARGIN + fields * pitch), int(2 * _MARGIN + count * side * aspect), digit_writer, rng)
    for row in range(fields):
        top = _MARGIN + row * pitch
        for column in range(count):
            left = _MARGIN + column * side * aspect
            _draw_frame(form, (top, left, top + side, left + side * aspect), width)
            text = random_number(1, rng) if rng.random() < 0.85 else ""
            form.write(row, text, (top, left, top + side, left + side * aspect), fill * side, jitter)
    return form


def _draw_separate_boxes(rng: Generator, digit_writer: DigitWriter) -> _FlatForm:
    """Draw rows of boxes with white between them."""
    rows, side, count = int(rng.integers(1, 4)), rng.uniform(44, 80), int(rng.integers(3, 9))
    pitch_x, pitch_y = side * rng.uniform(1.15, 1.6), side * rng.uniform(1.4, 1.9)
    width, jitter, fill = rng.uniform(1, 0.08 * side), rng.uniform(0.02, 0.1), rng.uniform(0.55, 0.85)
    form = _FlatForm(int(2 * _MARGIN + rows * pitch_y), int(2 * _MARGIN + count * pitch_x), digit_writer, rng)
    for row in range(rows):
        for column in range(count):
            top, left = _MARGIN + row * pitch_y, _MARGIN + column * pitch_x
            _draw_frame(form, (top, left, top + side, left + side), width)
            text = random_number(1, rng) if rng.random() < 0.85 else ""
            form.write(row, text, (top, left, top + side, left + side), fill * side, jitter)
    return form


def _draw_combs(rng: Generator, digit_writer: DigitWriter) -> _FlatForm:
    """Draw rows of boxes that are open at the top (combs)."""
    rows, side, aspect = int(rng.integers(1, 4)), rng.uniform(44, 80), rng.uniform(0.7, 1.1)
    count, width, jitter = int(rng.integers(3, 11)), rng.uniform(1, 0.06 * side), rng.uniform(0.02, 0.08)
    pitch, fill, teeth = side * rng.uniform(1.5, 2.0), rng.uniform(0.55, 0.85), rng.uniform(0.3, 1.0)
    form = _FlatForm(int(2 * _MARGIN + rows * pitch), int(2 * _MARGIN + count * side * aspect), digit_writer, rng)
    for row in range(rows):
        top, right = _MARGIN + row * pitch, _MARGIN + count * side * aspect
        form.draw_rule((top + side, _MARGIN), (top + side, right), width)
        for column in range(count + 1):
            x = _MARGIN + column * side * aspect
            form.draw_rule((top + (1 - teeth) * side, x), (top + side, x), width)
        for column in range(count):
            left = _MARGIN + column * side * aspect
            text = random_number(1, rng) if rng.random() < 0.85 else ""
            form.write(row, text, (top, left, top + side, left + side * aspect), fill * side, jitter)
    return form


def _draw_table(rng: Generator, digit_writer: DigitWriter) -> _FlatForm:
    """Draw a table of numbers of one to four digits, some cells blank."""
    rows, columns, height = int(rng.integers(2, 9)), int(rng.integers(2, 7)), rng.uniform(40, 64)
    length = int(rng.integers(1, 5))
    widths = rng.uniform(1.0, 1.4, columns) * (0.8 + 0.75 * length) * 0.6 * height
    width, jitter, fill = rng.uniform(1, 0.05 * height), rng.uniform(0.02, 0.08), rng.uniform(0.5, 0.75)
    xs, ys = _MARGIN + np.concatenate([[0], np.cumsum(widths)]), _MARGIN + height * np.arange(rows + 1)
    form = _FlatForm(int(ys[-1] + _MARGIN), int(xs[-1] + _MARGIN), digit_writer, rng)
    _draw_lattice(form, ys, xs, width)
    for row in range(rows):
        for column in range(columns):
            text = random_number(int(rng.integers(1, length + 1)), rng) if rng.random() < 0.85 else ""
            form.write(row, text, (ys[row], xs[column], ys[row + 1], xs[column + 1]), fill * height, jitter)
    return form


def _draw_sudoku(rng: Generator, digit_writer: DigitWriter) -> _FlatForm:
    """Draw nine by nine cells, thick rules after every third, a third to a half filled."""
    side, thin = rng.uniform(44, 64), rng.uniform(1, 2)
    lines, fill, jitter = _MARGIN + side * np.arange(10), rng.uniform(0.5, 0.75), rng.uniform(0.02, 0.06)
    form = _FlatForm(int(lines[-1] + _MARGIN), int(lines[-1] + _MARGIN), digit_writer, rng)
    _draw_lattice(form, lines, lines, thin)
    _draw_lattice(form, lines[::3], lines[::3], thin * rng.uniform(2, 3.5))
    filled_share = rng.uniform(0.3, 0.6)
    for row in range(9):
        for column in range(9):
            text = str(rng.integers(1, 10)) if rng.random() < filled_share else ""
            box = (lines[row], lines[column], lines[row + 1], lines[column + 1])
            form.write(row, text, box, fill * side, jitter)
    return form


def _draw_tally_column(rng: Generator, digit_writer: DigitWriter) -> _FlatForm:
    """Draw a column of narrow rows, a number of three digits in each of the first ones, rules open at the left."""
    rows, height, fill = int(rng.integers(5, 12)), rng.uniform(44, 64), rng.uniform(0.55, 0.8)
    filled, width = int(rng.integers(2, rows + 1)), rng.uniform(1, 3)
    left, right = _MARGIN * rng.uniform(1.5, 3), _MARGIN * 4 + 2.6 * height
    ys = _MARGIN + height * np.arange(rows + 1)
    form = _FlatForm(int(ys[-1] + _MARGIN), int(right + _MARGIN), digit_writer, rng)
    for y in ys:
        form.draw_rule((y, 0), (y, right), width)
    form.draw_rule((ys[0], right), (ys[-1], right), width)
    if rng.random() < 0.5:
        form.draw_rule((ys[0], left), (ys[-1], left), width)
    for row in range(rows):
        text = random_number(3, rng) if row < filled else ""
        form.write(row, text, (ys[row], left, ys[row + 1], right), fill * height, rng.uniform(0.02, 0.06))
    return form


def _draw_squared_paper(rng: Generator, digit_writer: DigitWriter) -> _FlatForm:
    """Draw numbers on squared paper, their digits as high as one to three squares."""
    return _draw_on_patterned_paper(rng, digit_writer, has_dots=False)


def _draw_dotted_paper(rng: Generator, digit_writer: DigitWriter) -> _FlatForm:
    """Draw numbers on dotted paper."""
    return _draw_on_patterned_paper(rng, digit_writer, has_dots=True)


def _draw_on_patterned_paper(rng: Generator, digit_writer: DigitWriter, has_dots: bool) -> _FlatForm:
    height = rng.uniform(40, 70)
    square, width = height / rng.uniform(0.9, 3.0), rng.uniform(1, 2.5)
    form = _draw_number_lines(rng, digit_writer, height)
    ys, xs = (np.arange(rng.uniform(0, square), extent, square) for extent in form.print.shape)
    if has_dots:
        for y in ys:
            for x in xs:
                cv2.circle(form.print, (round(x), round(y)), max(1, round(width)), 255, -1, cv2.LINE_AA)
    else:
        for y in ys:
            form.draw_rule((y, 0), (y, form.print.shape[1]), width)
        for x in xs:
            form.draw_rule((0, x), (form.print.shape[0], x), width)
    return form


def _draw_lined_paper(rng: Generator, digit_writer: DigitWriter) -> _FlatForm:
    """Draw numbers on ruled lines with a red margin."""
    height = rng.uniform(40, 70)
    pitch, width = height * rng.uniform(1.15, 1.7), rng.uniform(1, 2.5)
    form = _draw_number_lines(rng, digit_writer, height, pitch)
    for y in np.arange(_MARGIN % pitch, form.print.shape[0], pitch):
        form.draw_rule((y, 0), (y, form.print.shape[1]), width)
    x = rng.uniform(0.3, 0.8) * 2 * _MARGIN
    form.draw_rule((0, x), (form.print.shape[0], x), width, is_margin=True)
    return form


def _draw_number_lines(rng: Generator, digit_writer: DigitWriter, height: float, pitch: float = 0.0) -> _FlatForm:
    """Draw numbers one below the other on paper without rules."""
    lines, length, left = int(rng.integers(1, 5)), int(rng.integers(1, 9)), 2.2 * _MARGIN
    pitch = pitch or height * rng.uniform(1.5, 2.2)
    form = _FlatForm(int(2 * _MARGIN + lines * pitch), int(left + 2 * _MARGIN + length * height), digit_writer, rng)
    for row in range(lines):
        box = (_MARGIN + row * pitch, left, _MARGIN + (row + 1) * pitch, left + length * height)
        form.write(row, random_number(length, rng), box, min(height, 0.85 * pitch), 0.04, is_bounded=False)
    return form


def _draw_frame(form: _FlatForm, box: Box, width: float) -> None:
    top, left, bottom, right = box
    for y in (top, bottom):
        form.draw_rule((y, left), (y, right), width)
    for x in (left, right):
        form.draw_rule((top, x), (bottom, x), width)


def _draw_lattice(form: _FlatForm, ys: NDArray[np.float64], xs: NDArray[np.float64], width: float) -> None:
    for y in ys:
        form.draw_rule((y, xs[0]), (y, xs[-1]), width)
    for x in xs:
        form.draw_rule((ys[0], x), (ys[-1], x), width)


FORM_KINDS: dict[str, Callable[[Generator, DigitWriter], _FlatForm]] = {
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
    """Draw and photograph the form of a kind and number: half of them from the front, half in perspective.

    Args:
        kind: a key of `FORM_KINDS`.
        number, seed: what is random follows from them and the kind.
        mnist: its test digits are written.
    """
    rng = np.random.default_rng([seed, sorted(FORM_KINDS).index(kind), number])
    digit_writer = DigitWriter(mnist, rng.uniform(-0.025, 0.02))
    form = FORM_KINDS[kind](rng, digit_writer)
    matrix, (height, width) = _sample_perspective(form.print.shape, rng)
    layers = [
        np.asarray(cv2.warpPerspective(layer, matrix, (width, height), flags=cv2.INTER_AREA), np.float32)
        for layer in (form.print, form.margin_rule, 255 * form.writing)
    ]
    rules, margin, writing = (layer / 255 for layer in layers)
    scene = draw_paper((height, width), rng)
    scene = composite_ink(scene, rules * rng.uniform(0.6, 1), PRINT_COLORS[rng.integers(len(PRINT_COLORS))])
    scene = composite_ink(scene, margin * 0.8, MARGIN_COLOR)
    scene = composite_ink(scene, writing * rng.uniform(0.85, 1), PEN_COLORS[rng.integers(len(PEN_COLORS))])
    if rng.random() < 0.25:
        scene = scene * shadow_light((height, width), rng.uniform(0.55, 0.8))[..., None]
    cells = tuple(FormCell(cell.row, cell.text, _box_in_photo(cell.box, matrix)) for cell in form.cells)
    return Form(kind, photograph(np.asarray(scene, np.float32), rng), cells)


def _sample_perspective(shape: tuple[int, ...], rng: Generator) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Sample a homography (3, 3) from the form to the photo, and the photo's (height, width)."""
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
    """The bounding box, in the photo, of a box of the form."""
    top, left, bottom, right = box
    corners = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float64)
    xs, ys = cv2.perspectiveTransform(corners, matrix)[0].T
    return float(ys.min()), float(xs.min()), float(ys.max()), float(xs.max())
