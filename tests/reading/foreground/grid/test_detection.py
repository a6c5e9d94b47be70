"""A grid is found where rules bound cells, and only there."""

import cv2
import numpy as np
import pytest

from lab.benchmarks.filled_forms import draw_form
from tests.reading.drawn_tables import grid_of, page_of, written


def test_digits_without_rules_have_no_grid(reader, digits):
    ink = np.zeros((300, 500), np.float32)
    for row, text in enumerate(("8046", "1111", "5577")):
        for column, label in enumerate(text):
            written(ink, digits[int(label)], 60 + 80 * row, 60 + 90 * column)
    assert grid_of(page_of(ink)) is None
    assert reader.read(page_of(ink)).cells == ()


def test_squared_paper_bounds_nothing(reader, digits):
    ink = np.zeros((240, 420), np.float32)
    for place in range(5, 420, 26):
        cv2.line(ink, (place, 0), (place, 240), 0.5, 1)
        cv2.line(ink, (0, place), (420, place), 0.5, 1)
    for index, label in enumerate((3, 1, 4, 5, 9)):
        written(ink, digits[label], 120, 80 + 55 * index)
    reading = reader.read(page_of(ink))
    assert reading.text == "31459"
    assert reading.cells == ()
    assert any(piece.reason == "rule" for piece in reading.ignored)


@pytest.mark.parametrize(
    ("kind", "number", "seed"),
    [
        pytest.param("separate boxes", 1, 26, id="blank boxes beside written ones, whose print is as pale"),
        pytest.param("boxes", 3, 25, id="strokes in the middle of boxes"),
        pytest.param("boxes", 6, 26, id="a thick digit along the side of its box"),
        pytest.param("separate boxes", 5, 61, id="thick zeros along the sides of their boxes"),
        pytest.param("boxes", 5, 61, id="digits across the tops of their boxes"),
        pytest.param("separate boxes", 3, 221, id="left sides that are nearly as even as right and left ones in turn"),
        pytest.param("separate boxes", 5, 241, id="boxes as pale as what rules are found from"),
        pytest.param("sudoku", 4, 241, id="thin rules paler than others"),
        pytest.param("combs", 6, 26, id="teeth that digits hide"),
        pytest.param("combs", 7, 25, id="teeth in perspective"),
        pytest.param("combs", 6, 25, id="thick teeth"),
        pytest.param("combs", 0, 27, id="digits that reach from tooth to tooth"),
    ],
)
def test_a_form_has_each_of_its_boxes_and_no_other(reader, mnist, kind, number, seed):
    form = draw_form(kind, number, mnist, seed)
    assert reader.read(form.photo).text.replace(" ", "") == form.text


@pytest.mark.parametrize(
    ("number", "seed"),
    [pytest.param(8, 61, id="lines that end on nothing"), pytest.param(6, 61, id="digits that touch on a line")],
)
def test_the_lines_of_lined_paper_bound_no_cells_and_take_no_digits_with_them(reader, mnist, number, seed):
    form = draw_form("lined, red margin", number, mnist, seed)
    reading = reader.read(form.photo)
    assert reading.cells == ()
    assert [len(line) for line in reading.text.split()] == [len(line) for line in form.text.split()]
