"""Alignment of pages to a form's blank page: print comes to lie on print, whatever is written between its rules."""

import cv2
import numpy as np
import pytest

from lab.benchmarks.photographed_forms import photograph_page, sample_values, write_values
from lenet.forms.alignment import AlignedPage, Sheet, _shift_mesh, align, coverage_of, register_windows
from lenet.pictures.loading import open_picture

WINDOW = np.s_[290:350, 500:850]  # of the sheet: boxes of a date


@pytest.fixture(scope="module")
def sheet(form) -> Sheet:
    return Sheet.of(open_picture(form.blank))


@pytest.fixture(scope="module")
def blank(form, sheet) -> AlignedPage:
    return align(open_picture(form.blank), sheet)


def moved(page: AlignedPage, matrix: np.ndarray) -> AlignedPage:
    """The page, bent by an affine map."""
    height, width = page.levels.shape
    levels = cv2.warpAffine(page.levels, matrix, (width, height))
    places = cv2.warpAffine(page.places, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return AlignedPage(levels, page.visible, places, page.coverage, page.rotation)


def test_strokes_between_rules_are_not_taken_for_rules(form, sheet, mnist):
    rng = np.random.default_rng([2, 2])  # half of its fields came to lie a third of a box aside
    ink = write_values(sample_values(form.template, rng), form.places, mnist, rng)
    page = align(open_picture(photograph_page(form.blank, ink, rng)), sheet)
    peak = float(np.quantile(page.levels, 0.995))
    for field in form.template.fields:
        top, left, bottom, right = (round(side * sheet.scale[0]) for side in field.box)
        assert coverage_of(page, sheet, np.s_[top - 8 : bottom + 8, left - 8 : right + 8], peak) > 0.98, field.name


@pytest.mark.parametrize(
    "matrix",
    [
        np.float32([[1, 0, 5], [0, 1, -3]]),
        np.float32([[1, 0.25, -80], [0, 1, 0]]),
        np.float32([[1, 0, 0], [0.03, 1, -20]]),
    ],
    ids=["moved", "sheared", "tilted"],
)
def test_a_window_that_lies_off_its_print_is_brought_onto_it(blank, sheet, matrix):
    bent = moved(blank, matrix)
    result = register_windows(bent, sheet, [WINDOW])
    peak = float(np.quantile(bent.levels, 0.995))
    assert coverage_of(bent, sheet, WINDOW, peak) < 0.9
    assert coverage_of(result, sheet, WINDOW, peak) > 0.98
    assert np.abs(result.places[WINDOW] - blank.places[WINDOW]).max() < 2.5


def test_what_lies_on_its_print_stays(blank, sheet):
    result = register_windows(blank, sheet, [WINDOW])
    assert (result.levels == blank.levels).all()
    assert (result.places == blank.places).all()


def test_shifts_of_boxes_that_were_taken_for_those_beside_them_are_left_out():
    places = np.array([(x, y) for y in range(20, 400, 40) for x in range(20, 400, 40)], float)
    aside = np.array([(200 + dx, 200 + dy) for dy in (0, 16) for dx in (0, 8, 16, 24)], float)  # all alike, a box off
    shifts = np.concatenate([np.full(places.shape, 1.0), np.full(aside.shape, (-33.0, 0.0))])
    result = _shift_mesh(np.concatenate([places, aside]), shifts, (420, 420))
    assert np.abs(result - 1).max() < 0.5


def test_shifts_behind_a_fold_are_kept():
    places = np.array([(x, y) for y in range(20, 400, 20) for x in range(20, 400, 40)], float)
    shifts = np.stack([np.zeros(len(places)), 0.07 * np.maximum(0, places[:, 1] - 200)], axis=-1)
    result = _shift_mesh(places, shifts, (420, 420))
    assert np.abs(result[300, :, 1] - 0.07 * 100).max() < 1
    assert np.abs(result[:180]).max() < 1
