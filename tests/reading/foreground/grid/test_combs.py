"""The boxes of a comb are closed at the top."""

import cv2
import pytest

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
