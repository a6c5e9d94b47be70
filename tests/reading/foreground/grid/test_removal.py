"""Rules are taken out of the ink as thick as they are, and strokes across them stay."""

import cv2
import numpy as np

from lab.benchmarks.filled_forms import draw_form
from lab.benchmarks.forms import compare_cells
from lenet.reading.foreground.grid.detection import find_grid
from lenet.reading.foreground.grid.removal import without_grid
from tests.reading.drawn_tables import MARGIN, SIDE, ink_of, page_of, table_of, wide_table


def test_a_stroke_that_crosses_a_rule_stays_whole(digits):
    page = table_of(["24", "70"], digits)
    y, x = MARGIN + SIDE, MARGIN + 30
    crossed = page.copy()
    cv2.line(crossed, (x - 3, y - 20), (x + 3, y + 20), 35, 5)
    ink = ink_of(crossed)
    bare = without_grid(ink, find_grid(ink)).levels
    column = bare[y - 15 : y + 16, x - 3 : x + 4].max(axis=1)
    assert column.min() > 0.4
    assert bare[y - 3 : y + 4, x + 12 : x + 25].max() < 0.1


def test_a_rule_is_taken_out_as_thick_as_it_is(digits):
    for width in (1, 3, 7):
        ink = ink_of(table_of(["   ", "   "], digits, width))
        grid = find_grid(ink)
        assert without_grid(ink, grid).levels.max() < 0.1
        assert all(width <= rule.thickness <= width + 4 for rule in grid.rules)  # with the soft edges on both sides


def test_a_one_along_a_side_that_is_paler_is_no_part_of_it(reader, digits):
    page = wide_table([[(4, 60), (2, 110)], [(5, 60), (8, 260)]], digits, 0.35, 7)
    cv2.line(page, (MARGIN + 173, MARGIN + 14), (MARGIN + 173, MARGIN + 46), 35, 5)
    assert [cell.text for cell in reader.read(page).cells] == ["42", "1", "5", "8"]


def test_ink_at_the_edge_of_a_rule_stays_where_it_is_darker_than_print(digits):
    page = wide_table([[(4, 60), (2, 110)], [(5, 60), (8, 260)]], digits, 0.35, 9)
    cv2.line(page, (MARGIN + 173, MARGIN + 15), (MARGIN + 173, MARGIN + 45), 35, 3)
    ink = ink_of(page)
    bare = without_grid(ink, find_grid(ink)).levels[MARGIN : MARGIN + 2 * SIDE, MARGIN + 166 : MARGIN + 175].max(axis=1)
    assert bare[18:43].min() > 0.4
    assert max(bare[6:11].max(), bare[50:54].max(), bare[66:115].max()) < 0.1


def test_a_slanted_stroke_across_a_rule_as_dark_stays_as_wide_as_it_is(digits):
    page = table_of(["24", "70"], digits, width=8)
    y, x = MARGIN + SIDE, MARGIN + 30
    cv2.line(page, (x - 12, y - 24), (x + 12, y + 24), 35, 5)
    ink = ink_of(page)
    bare = without_grid(ink, find_grid(ink)).levels[y - 8 : y + 9, x - 20 : x + 21] > 0.2
    assert (bare.sum(axis=1) > 0).all()
    assert bare.sum(axis=1).max() <= 12  # the level width of a stroke 5 wide, with its soft edges


def test_strokes_that_end_on_both_sides_of_a_rule_are_not_joined_along_it(digits):
    page = table_of(["24", "70"], digits, width=8)
    y, x = MARGIN + SIDE, MARGIN + 30
    cv2.line(page, (x - 9, y - 24), (x - 9, y - 2), 35, 5)
    cv2.line(page, (x + 9, y + 2), (x + 9, y + 24), 35, 5)
    ink = ink_of(page)
    assert without_grid(ink, find_grid(ink)).levels[y - 3 : y + 4, x - 20 : x + 21].max() < 0.1


def test_a_stroke_that_lies_on_a_rule_as_dark_keeps_the_width_of_the_pen(digits):
    page = table_of(["24", "70"], digits, width=2)
    y, x = MARGIN + SIDE, MARGIN + 30
    cv2.line(page, (x - 14, y + 2), (x + 14, y + 2), 35, 5)
    ink = ink_of(page)
    bare = without_grid(ink, find_grid(ink)).levels[y - 8 : y + 12] > 0.2
    assert bare[:, x - 9 : x + 10].sum(axis=0).min() >= 5
    assert not bare[:8, x - 26 : x - 17].any()


def test_the_blur_of_squared_paper_is_taken_out_with_its_rules(reader, mnist):
    form = draw_form("squared", 2, mnist, 201)
    assert {outcome.outcome for outcome in compare_cells(form, reader.read(form.photo))} == {"right"}


def test_nothing_is_left_where_two_rules_cross_and_are_darker_than_each():
    level, upright = np.zeros((300, 400), np.float32), np.zeros((300, 400), np.float32)
    level[20::32], upright[:, 20::32] = 0.4, 0.4
    level, upright = (cv2.GaussianBlur(rules, (0, 0), 1) for rules in (level, upright))
    ink = ink_of(page_of(level + upright))
    assert without_grid(ink, find_grid(ink)).levels.max() < 0.1
