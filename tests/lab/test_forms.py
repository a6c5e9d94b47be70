"""Forms are drawn by their seed, and what was read in them is counted cell by cell."""

import numpy as np
import pytest

from lab.benchmarks.filled_forms import FORM_KINDS, draw_form
from lab.benchmarks.forms import compare_cells
from lenet.reading import Reader


@pytest.mark.parametrize("kind", FORM_KINDS)
def test_forms_are_drawn_again_from_their_seed(mnist, kind):
    form, again = draw_form(kind, 0, mnist, 5), draw_form(kind, 0, mnist, 5)
    assert np.array_equal(form.photo, again.photo)
    assert form.cells == again.cells
    assert not np.array_equal(form.photo[:80, :80], draw_form(kind, 1, mnist, 5).photo[:80, :80])
    height, width = form.photo.shape[:2]
    for cell in form.cells:
        assert -1 < cell.box[0] < cell.box[2] < height + 1
        assert -1 < cell.box[1] < cell.box[3] < width + 1


def test_what_was_read_in_a_form_is_counted_cell_by_cell(mnist):
    reader = Reader()
    form = draw_form("boxes", 0, mnist, 1)
    outcomes = [answer.outcome for answer in compare_cells(form, reader.read(form.photo))]
    assert len(outcomes) == len(form.cells)
    assert outcomes.count("right") >= 0.9 * len(outcomes)
    nothing = reader.read(np.full((100, 100), 240, np.uint8))
    filled = [answer for answer in compare_cells(form, nothing) if answer.cell.text]
    assert {answer.outcome for answer in filled} == {"missing, unsaid"}
