"""The boxes of a comb are closed at the top."""

import cv2
import numpy as np
import pytest

from lab.benchmarks.filled_forms import draw_form
from lab.benchmarks.forms import compare_cells
from lenet.reading.foreground.grid.spacing import comb_lattice
from tests.reading.drawn_tables import MARGIN, SIDE, table_of


def test_boxes_open_at_the_top_are_a_field(reader, digits):
    reading = reader.read(table_of(["3 4706"], digits, open_top=True))
    assert reading.text == "3 4706"
    assert len(reading.cells) == 6


def test_a_stroke_from_tooth_to_tooth_is_of_a_digit(reader, digits):
    page = table_of(["3 4 06"], digits, width=5, open_top=True)
    left, top = MARGIN + 3 * SIDE, MARGIN + 8
    cv2.line(page, (left, top), (left + SIDE, top), 35, 5)
    cv2.line(page, (left + SIDE - 8, top), (left + 24, top + 36), 35, 5)
    assert reader.read(page).text == "3 4706"


@pytest.mark.parametrize("hidden", [[0], [0, 1], [6], [5, 6], [0, 6]])
def test_a_comb_goes_on_to_the_ends_of_its_base_where_teeth_are_hidden(reader, digits, hidden):
    page = table_of(["830471"], digits, width=5, open_top=True)
    for tooth in hidden:
        x = MARGIN + tooth * SIDE
        page[MARGIN : MARGIN + SIDE - 6, x - 4 : x + 5] = 235
    reading = reader.read(page)
    assert len(reading.cells) == 6
    assert reading.text == "830471"


@pytest.mark.parametrize("height", [17, 20, 24])
def test_teeth_hardly_higher_than_thick_are_of_a_comb(reader, digits, height):
    page = table_of(["83 471"], digits, width=7, open_top=True)
    for x in range(MARGIN, MARGIN + 7 * SIDE, SIDE):
        page[MARGIN - 5 : MARGIN + SIDE - height, x - 5 : x + 6] = 235
    reading = reader.read(page)
    assert len(reading.cells) == 6
    assert reading.text == "83 471"


@pytest.mark.parametrize("number", [6, 8])
def test_no_tooth_of_a_comb_is_a_stroke_beside_what_closes_its_box(reader, mnist, number):
    form = draw_form("combs", number, mnist, 245)
    assert not [one for one in compare_cells(form, reader.read(form.photo)) if "1" in one.text and not one.cell.text]


def test_of_lattices_that_miss_as_many_teeth_more_than_they_show_the_one_with_most_is_chosen():
    lattice, found = comb_lattice(np.array([46.0, 136.0, 180.0, 224.0]))
    assert len(lattice) == 5
    assert found.tolist() == [0, -1, 1, 2, 3]


def test_the_outermost_tooth_stands_at_the_end_of_its_base_in_perspective_too(reader, mnist):
    form = draw_form("combs", 2, mnist, 274)
    assert reader.read(form.photo).text.replace(" ", "") == form.text


def test_a_comb_in_strong_perspective_has_all_its_teeth(reader, digits):
    """They stand a third wider apart at one end than at the other; a part of them, nearly even, was the comb."""
    page = table_of(["084370416"], digits, width=5, open_top=True)
    height, width = page.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = np.array([[0, 20], [width, 0], [width, height], [0, height - 12]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    matrix[2, 0] = -0.26 / width
    photo = cv2.warpPerspective(page, matrix, (round(width / 0.74), round(height / 0.74)), borderValue=235)
    reading = reader.read(photo)
    assert (reading.text, len(reading.cells)) == ("084370416", 9)
