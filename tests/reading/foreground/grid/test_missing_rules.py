"""Rules that writing hides are found by the others, and where a table is open its cells end."""

import cv2
import numpy as np
import pytest

from tests.reading.drawn_tables import MARGIN, SIDE, grid_of, page_of, table_of, written


def test_rows_that_are_open_at_one_side_are_cells(reader, digits):
    rows = ["204", "739", "586"]
    ink = np.zeros((2 * MARGIN + 3 * SIDE, 400), np.float32)
    for row in range(4):
        cv2.line(ink, (60, MARGIN + row * SIDE), (340, MARGIN + row * SIDE), 1.0, 2)
    cv2.line(ink, (340, MARGIN), (340, MARGIN + 3 * SIDE), 1.0, 2)
    for row, text in enumerate(rows):
        for column, sign in enumerate(text):
            written(ink, digits[int(sign)], MARGIN + (row + 0.5) * SIDE, 150 + 45 * column)
    assert [cell.text for cell in reader.read(page_of(ink)).cells] == rows


def test_the_sides_of_separate_boxes_are_found_where_digits_touch_them(reader, digits):
    ink = np.zeros((2 * MARGIN + SIDE, 2 * MARGIN + 5 * 80), np.float32)
    for column, sign in enumerate("53208"):
        left = MARGIN + 80 * column
        cv2.rectangle(ink, (left, MARGIN), (left + SIDE, MARGIN + SIDE), 1.0, 5)
        written(ink, digits[int(sign)], MARGIN + 22, left + SIDE / 2)
    assert [cell.text for cell in reader.read(page_of(ink)).cells] == list("53208")


def test_rules_that_writing_hides_are_found_by_the_others_of_squared_paper(digits):
    ink = np.zeros((400, 600), np.float32)
    for y in range(10, 400, 30):
        cv2.line(ink, (0, y), (600, y), 0.6, 2)
    for x in range(10, 600, 30):
        cv2.line(ink, (x, 0), (x, 400), 0.6, 2)
    for column in range(12):
        written(ink, np.minimum(1, 1.5 * cv2.dilate(digits[8], np.ones((7, 7)))), 195, 40 + column * 46)
    grid = grid_of(page_of(ink))
    assert grid is not None
    assert [sum(rule.is_level == is_level for rule in grid.rules) for is_level in (True, False)] == [13, 20]


def test_a_side_of_a_box_that_does_not_reach_its_top_is_found_by_the_other_boxes(reader, digits):
    page = table_of(["204739"], digits)
    side = MARGIN + 3 * SIDE
    page[MARGIN + 3 : MARGIN + 11, side - 4 : side + 5] = 235
    assert reader.read(page).text == "204739"


def test_a_side_along_which_a_stroke_lies_stands_where_the_other_boxes_have_theirs():
    ink = np.zeros((2 * MARGIN + SIDE, 2 * MARGIN + 6 * SIDE), np.float32)
    cv2.rectangle(ink, (MARGIN, MARGIN), (MARGIN + 6 * SIDE, MARGIN + SIDE), 1.0, 7)
    for column in range(1, 6):
        cv2.line(ink, (MARGIN + column * SIDE, MARGIN), (MARGIN + column * SIDE, MARGIN + SIDE), 1.0, 7)
    side = MARGIN + 3 * SIDE
    cv2.line(ink, (side + 5, MARGIN), (side + 5, MARGIN + SIDE), 1.0, 7)
    grid = grid_of(page_of(ink))
    assert grid is not None
    uprights = sorted(float(rule.middles.mean()) for rule in grid.rules if not rule.is_level)
    assert uprights == pytest.approx([MARGIN + column * SIDE for column in range(7)], abs=1)
