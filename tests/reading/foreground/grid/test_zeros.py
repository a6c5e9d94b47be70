"""The inside of a zero is no cell; a blank box is."""

import cv2
import numpy as np
import pytest

from tests.reading.drawn_tables import grid_of, page_of, written


@pytest.mark.parametrize(
    ("text", "squareness"),
    [("000", 2.0), ("1000", 2.0), ("60000", 2.0), ("1000", 3.0), ("60000", 3.0), ("1000", 4.0), ("60000", 4.0)],
)
def test_zeros_with_straight_sides_are_no_boxes(reader, digits, text, squareness):
    """Superellipses, whose sides are as straight as printed zeros'; 2 is round, 4 nearly square."""
    ink = np.zeros((180, 100 + 60 * len(text)), np.float32)
    angle = np.linspace(0, 2 * np.pi, 80)
    x, y = (np.sign(part) * np.abs(part) ** (2 / squareness) for part in (np.cos(angle), np.sin(angle)))
    for number, sign in enumerate(text):
        middle = 80 + 60 * number
        if sign == "0":
            points = np.stack([middle + 19 * x, 90 + 26 * y], axis=1)
            cv2.polylines(ink, [np.rint(16 * points).astype(np.int32)], True, 1.0, 4, cv2.LINE_AA, 4)
        else:
            written(ink, cv2.resize(digits[int(sign)], None, fx=1.45, fy=1.45), 90, middle)
    page = page_of(cv2.GaussianBlur(ink, (0, 0), 1.0))
    assert grid_of(page) is None
    assert reader.read(page).text.replace(" ", "") == text


def test_a_blank_box_that_stands_alone_is_a_cell():
    ink = np.zeros((180, 400), np.float32)
    for left in (60, 130, 200, 270):
        cv2.rectangle(ink, (left, 60), (left + 44, 114), 1.0, 3)
    grid = grid_of(page_of(cv2.GaussianBlur(ink, (0, 0), 1.0)))
    assert grid is not None
    boxes = [cell.box for cell in grid.cells]
    for middle in (82, 152, 222, 292):
        assert any(top < 87 < bottom and left < middle < right for top, left, bottom, right in boxes)
