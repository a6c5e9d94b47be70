"""What a pen wrote between rules is no rule."""

import cv2
import numpy as np
import pytest

from lab.benchmarks.filled_forms import draw_form
from lab.benchmarks.forms import compare_cells
from lenet.reading.foreground.grid.detection import find_grid
from lenet.reading.foreground.ink import find_ink
from tests.reading.drawn_tables import MARGIN, SIDE, grid_of, page_of, table_of


def test_a_one_that_touches_both_rules_is_no_side_of_a_box(reader, digits):
    page = table_of(["2 7439"], digits)
    stroke = page.copy()
    x = MARGIN + SIDE + 27
    cv2.line(stroke, (x + 3, MARGIN), (x, MARGIN + SIDE), 35, 5)
    assert len(grid_of(stroke).cells) == len(grid_of(page).cells) == 6
    assert reader.read(stroke).text == "217439"


def test_the_sides_of_boxes_with_little_white_between_them_are_sides_on_both_sides(digits):
    """Their tops and bottoms are joined over the white, and every other side stands off the even spacing."""
    ink = np.zeros((2 * MARGIN + SIDE, 2 * MARGIN + 5 * 68), np.float32)
    for column in range(5):
        left = MARGIN + 68 * column
        cv2.rectangle(ink, (left, MARGIN), (left + SIDE, MARGIN + SIDE), 0.5, 3)
    grid = grid_of(page_of(ink))
    assert grid is not None
    assert len(grid.cells) == 5
    assert sum(not rule.is_level for rule in grid.rules) == 10


def test_ones_one_below_the_other_in_a_sudoku_are_no_side_of_its_cells(reader, mnist):
    form = draw_form("sudoku", 3, mnist, 22)
    texts = [answer.text for answer in compare_cells(form, reader.read(form.photo)) if answer.cell.text == "1"]
    assert texts == ["1"] * len(texts)


@pytest.mark.parametrize("number", [11, 32])
def test_the_stem_of_a_digit_between_two_lines_is_no_rule_that_takes_digits_away(reader, mnist, number):
    form = draw_form("lined, red margin", number, mnist, 52)
    assert [answer.text for answer in compare_cells(form, reader.read(form.photo))] == form.text.split("\n")


@pytest.mark.parametrize(
    ("number", "seed"), [pytest.param(3, 221, id="a one as high as the row"), pytest.param(4, 222, id="a square zero")]
)
def test_a_digit_in_a_row_that_is_open_at_the_left_is_no_side_of_a_cell(reader, mnist, number, seed):
    form = draw_form("tally columns", number, mnist, seed)
    assert [answer.text for answer in compare_cells(form, reader.read(form.photo))] == [c.text for c in form.cells]


def test_a_rule_that_digits_hide_from_end_to_end_is_a_rule(mnist):
    form = draw_form("tables", 4, mnist, 27)
    grid = find_grid(find_ink(form.photo))
    assert grid is not None
    assert len(grid.cells) == len(form.cells)
