"""What stands below an annotated picture: the answer as the shell prints it, its remark, and the kinds of boxes."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import lenet
from lab.benchmarks.large_digits import draw_digit
from lenet.reading import Reading
from lenet.reading.drawing.annotation import annotated
from lenet.reading.drawing.steps import steps_picture
from lenet.reading.results import Ignored, Sign
from tests.reading.drawn_tables import table_of


@pytest.fixture(scope="module")
def reading(mnist) -> Reading:
    """The reading of two boxes with a 4 and a 2 in them, both accepted."""
    images = [mnist.test_images[np.flatnonzero(mnist.test_labels == label)[3]] for label in range(10)]
    boxes = lenet.read(table_of(["42"], [draw_digit(image, 36) for image in images]), keep_steps=True)
    assert (boxes.text, len(boxes.cells)) == ("42", 2)
    return replace(boxes, digits=tuple(replace(digit, is_rejected=False) for digit in boxes.digits))


def shows(drawing: Image.Image, text: str) -> bool:
    """Whether a drawing has a text in its letters, at any size of them."""
    gray = np.asarray(drawing.convert("L"))
    for size in range(10, 80):
        font = ImageFont.load_default(size)
        letters = Image.new("RGB", (int(font.getlength(text)), 2 * size), "white")
        ImageDraw.Draw(letters).text((2, size), text, (40, 40, 40), font, anchor="lm")
        template = np.asarray(letters.convert("L"))[size // 2 : -(size // 2)]
        fits = all(a <= b for a, b in zip(template.shape, gray.shape, strict=True))
        if fits and cv2.matchTemplate(gray, template, cv2.TM_SQDIFF).min() < template.size:
            return True
    return False


def test_the_caption_marks_rejected_digits_as_the_shell_does(reading: Reading):
    first, second = reading.digits
    assert shows(annotated(reading), "42")
    assert shows(annotated(replace(reading, digits=(replace(first, is_rejected=True), second))), "4?2")


def test_the_caption_has_the_remark(reading: Reading):
    assert not shows(annotated(reading), "signs left out: 4,2")
    assert shows(annotated(replace(reading, remark="signs left out: 4,2")), "signs left out: 4,2")


def test_only_ink_that_is_marked_is_counted_as_ignored(reading: Reading):
    assert {piece.reason for piece in reading.ignored} == {"rule"}
    for drawing in (annotated(reading), steps_picture(reading)):
        assert not shows(drawing, f"{len(reading.ignored)} ignored")
    without_cells = replace(reading, cells=())
    assert shows(annotated(without_cells), f"{len(reading.ignored)} ignored")
    assert shows(steps_picture(without_cells), f"{len(reading.ignored)} ignored")


def test_signs_are_marked_and_counted_as_signs(reading: Reading):
    rule = reading.ignored[0]
    point, inside = Sign((30, 40, 36, 46), "."), Ignored((31, 41, 35, 45), "separator")
    with_sign = replace(reading, cells=(), signs=(point,), ignored=(rule, inside))
    for drawing in (annotated(with_sign), steps_picture(with_sign)):
        assert shows(drawing, "1 sign")
        assert shows(drawing, "1 ignored")
    assert shows(annotated(replace(with_sign, signs=())), "2 ignored")
    assert not np.array_equal(annotated(with_sign), annotated(replace(with_sign, ignored=(rule,), signs=())))


def test_lines_are_counted_beyond_the_digits_that_are_drawn(reading: Reading):
    digits = tuple(replace(reading.digits[0], line=number // 100) for number in range(402))
    steps = steps_picture(replace(reading, digits=digits, cells=()))
    assert shows(steps.crop((0, 0, steps.width, 40)), "3  found: 402 digits in 5 lines")


def test_the_legend_tells_cells_that_were_read_from_those_that_were_not(reading: Reading):
    assert shows(annotated(reading), "2 cells")
    unread = annotated(replace(reading, cells=(replace(reading.cells[0], is_unread=True), *reading.cells[1:])))
    assert shows(unread, "1 cell")
    assert shows(unread, "1 unread cell")
