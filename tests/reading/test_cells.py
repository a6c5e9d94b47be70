"""What stands in the cells of a grid is read cell by cell, and accepted so."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from lab.benchmarks.filled_forms import draw_form
from lab.benchmarks.forms import compare_cells
from lenet.cli import main
from lenet.errors import ReadingError
from lenet.reading import cells
from lenet.reading.drawing.annotation import annotated
from lenet.reading.drawing.steps import steps_picture
from lenet.reading.foreground.grid.cell import GridCell
from lenet.reading.lines.numbers import MAY_BE_DIGITS
from lenet.reading.lines.segmentation import Candidate
from lenet.reading.scoring import PageReading, ScoredCandidate
from tests.reading.drawn_tables import MARGIN, SIDE, page_of, table_of, wide_table, written


@pytest.mark.parametrize("width", [1, 2, 5, 8])
def test_a_field_of_boxes_is_one_number(reader, digits, width):
    assert reader.read(table_of(["204739"], digits, width)).text == "204739"


def test_a_blank_box_inside_a_field_is_a_gap_and_one_at_its_end_is_nothing(reader, digits):
    reading = reader.read(table_of(["20 7  3 "], digits))
    assert reading.text == "20 7 3"
    assert [cell.text for cell in reading.cells] == ["2", "0", "", "7", "", "", "3", ""]


def test_the_cells_of_a_table_know_their_row_and_column(reader, digits):
    reading = reader.read(table_of(["42 ", " 07", "9 3"], digits))
    assert reading.text == "4 2\n0 7\n9 3"
    places = {(cell.row, cell.column): cell.text for cell in reading.cells}
    assert places == {(0, 0): "4", (0, 1): "2", (0, 2): "", (1, 0): "", (1, 1): "0", (1, 2): "7"} | {
        (2, 0): "9", (2, 1): "", (2, 2): "3"
    }  # fmt: skip
    accepted = {place: next(cell for cell in reading.cells if (cell.row, cell.column) == place) for place in places}
    assert reading.table == [[accepted[row, column].accepted_text for column in range(3)] for row in range(3)]


@pytest.mark.parametrize(
    "lost", [[(1, 0), (2, 0)], [(2, 0), (1, 3)], [(2, 0), (2, 1), (2, 2)], [(1, 3), (2, 3)], [(1, 1), (2, 1), (2, 2)]]
)
@pytest.mark.parametrize("inset", [0, 12])
def test_rows_of_a_table_are_told_where_parts_of_their_rules_are_lost(reader, digits, lost, inset):
    page = table_of(["4206", "1739", "8520", "3964"], digits)
    for row, column in lost:
        y, x = MARGIN + row * SIDE, MARGIN + column * SIDE
        page[y - 3 : y + 4, x + 4 : x + SIDE - 4] = 235
    height, width = page.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + np.array([[inset, 0], [-2 * inset, inset], [0, -inset], [0, -2 * inset]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    reading = reader.read(cv2.warpPerspective(page, matrix, (width, height), borderValue=235))
    assert reading.text == "4 2 0 6\n1 7 3 9\n8 5 2 0\n3 9 6 4"
    assert len(reading.cells) == 16


@pytest.mark.parametrize("first_lost", [1, 2])
def test_columns_without_rules_between_their_rows_are_read_row_by_row(reader, digits, first_lost):
    page = table_of(["4206", "1739", "8520", "3964"], digits)
    for row in range(first_lost, 4):
        for column in range(4):
            page[MARGIN + row * SIDE - 3 : MARGIN + row * SIDE + 4, MARGIN + column * SIDE + 4 :][:, : SIDE - 8] = 235
    reading = reader.read(page)
    assert reading.text == "4 2 0 6\n1 7 3 9\n8 5 2 0\n3 9 6 4"
    assert [cell.text for cell in reading.cells][-4:] == [
        " ".join(row[column] for row in ["4206", "1739", "8520", "3964"][first_lost - 1 :]) for column in range(4)
    ]


def test_a_column_whose_rule_between_two_rows_is_lost_is_read_line_by_line(reader, digits):
    page = wide_table([[(4, 60), (2, 110)], [(0, 60), (7, 110)], [(3, 60), (5, 110)]], digits, 1.0, 2)
    page = page[:, : MARGIN + 170 + MARGIN // 2]
    page[:, MARGIN + 173 :] = 235
    page[MARGIN + SIDE - 3 : MARGIN + SIDE + 4, MARGIN + 4 : MARGIN + 166] = 235
    reading = reader.read(page)
    assert reading.text == "42\n07\n35"
    assert [cell.text for cell in reading.cells] == ["42 07", "35"]


def test_a_cell_is_read_where_most_thresholds_show_digits_or_what_may_be_digits():
    box = (10, 10, 40, 30)
    candidate = Candidate(0, 1, box, np.zeros((1, 1), np.float32), 1.0, 0.6, 0)
    seven = ScoredCandidate(candidate, np.zeros((28, 28), np.uint8), np.eye(10, dtype=np.float32)[7])
    shown, empty = PageReading(((seven,),), (frozenset(),)), PageReading()
    may_be = PageReading(ignored=((box, MAY_BE_DIGITS),))
    for hypotheses, text, is_unread in (
        ([shown, may_be, may_be], "7", False),
        ([shown, empty, empty], "", False),
        ([may_be, may_be, may_be], "", True),
    ):
        read = cells._read_cell(GridCell(1, (0, 0, 50, 50)), hypotheses, lambda lines: lines)
        assert (read.text, read.is_unread) == (text, is_unread)


def test_a_digit_across_two_rows_stays_in_one_cell(reader, digits):
    page = table_of([" 206", " 739", "8520"], digits)
    page[MARGIN + SIDE - 3 : MARGIN + SIDE + 4, MARGIN + 4 : MARGIN + SIDE - 4] = 235
    window = page[MARGIN + SIDE - 18 : MARGIN + SIDE + 18, MARGIN + SIDE // 2 - 14 : MARGIN + SIDE // 2 + 14]
    window[:] = np.minimum(window, page_of(cv2.resize(digits[4], window.shape[::-1])))
    reading = reader.read(page)
    assert [(cell.row, cell.text) for cell in reading.cells if cell.column == 0][:2] == [(0, "4"), (2, "8")]


def test_digits_of_cells_are_those_of_the_reading_and_stand_in_their_boxes(reader, digits):
    reading = reader.read(table_of(["42", "07"], digits))
    assert [digit for cell in reading.cells for digit in cell.digits] == list(reading.digits)
    for cell in reading.cells:
        top, left, bottom, right = cell.box
        for digit in cell.digits:
            y, x = (digit.box[0] + digit.box[2]) / 2, (digit.box[1] + digit.box[3]) / 2
            assert top < y < bottom
            assert left < x < right


@pytest.mark.parametrize("count", range(1, 13))
def test_ones_in_boxes_are_ones_and_their_sides_are_none(reader, digits, count):
    assert reader.read(table_of(["1" * count], digits)).text == "1" * count


def test_a_table_of_ones_is_read(reader, digits):
    assert reader.read(table_of(["11111", "10111", "11111"], digits)).text.replace(" ", "") == "11111\n10111\n11111"


def test_a_photo_in_perspective_has_the_same_cells(reader, digits):
    page = table_of(["417", "352"], digits)
    height, width = page.shape
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    seen = np.float32([[12, 14], [width - 4, 0], [width, height - 10], [0, height]])
    matrix = cv2.getPerspectiveTransform(corners, seen)
    photo = cv2.warpPerspective(page, matrix, (width, height), borderValue=235)
    cells = {(cell.row, cell.column): cell.text for cell in reader.read(np.asarray(photo)).cells}
    assert cells == {(0, 0): "4", (0, 1): "1", (0, 2): "7", (1, 0): "3", (1, 1): "5", (1, 2): "2"}


def test_a_digit_on_the_side_of_two_cells_of_a_table_is_accepted_in_neither(reader, digits):
    ink = np.zeros((2 * MARGIN + 2 * SIDE, 2 * MARGIN + 2 * 170), np.float32)
    for y in range(3):
        cv2.line(ink, (MARGIN, MARGIN + y * SIDE), (MARGIN + 340, MARGIN + y * SIDE), 1.0, 2)
    for x in range(3):
        cv2.line(ink, (MARGIN + 170 * x, MARGIN), (MARGIN + 170 * x, MARGIN + 2 * SIDE), 1.0, 2)
    for y, x, sign in ((0, 60, 4), (0, 100, 2), (0, 157, 3), (0, 260, 7), (1, 60, 5), (1, 110, 6), (1, 260, 8)):
        written(ink, digits[sign], MARGIN + (y + 0.5) * SIDE, MARGIN + x)
    cells = reader.read(page_of(ink)).cells
    assert len(cells) == 4
    assert [any(digit.is_rejected for digit in cell.digits) for cell in cells] == [True, True, False, False]


@pytest.mark.parametrize("label", [0, 3, 6, 8])
@pytest.mark.parametrize(("place", "texts"), [(167, ["42{}", "75"]), (173, ["42", "{}75"])])
def test_a_digit_across_a_side_is_whole_and_of_the_cell_that_most_of_it_lies_in(reader, digits, label, place, texts):
    row = [(4, 70), (2, 115), (label, place), (7, 240), (5, 285)]
    page = wide_table([row, [(1, 60), (6, 110), (8, 260)]], digits, 0.6, 2)
    cells = reader.read(page).cells
    assert [cell.text for cell in cells] == [text.format(label) for text in texts] + ["16", "8"]
    assert cells[0].is_rejected
    assert cells[1].is_rejected


def test_a_digit_across_the_outermost_side_is_of_its_cell(reader, digits):
    page = wide_table([[(4, 70), (2, 260), (3, 300), (8, 343)], [(1, 60), (8, 260)]], digits, 0.6, 2)
    assert [cell.text for cell in reader.read(page).cells] == ["4", "238", "1", "8"]


def test_digits_of_two_cells_that_touch_on_their_side_are_one_of_each(reader, digits):
    page = wide_table([[(4, 70), (6, 157), (3, 178), (7, 240)], [(1, 60), (8, 260)]], digits, 0.6, 2)
    assert [cell.text for cell in reader.read(page).cells] == ["46", "37", "1", "8"]


def test_a_slash_among_numbers_of_three_digits_is_a_one_that_leans_and_not_accepted(reader, digits):
    page = wide_table([[(4, 30), (2, 80), (8, 130)], [(7, 30), (7, 130), (3, 200), (6, 250), (9, 300)]], digits, 0.6, 2)
    cv2.line(page, (MARGIN + 98, MARGIN + SIDE + 8), (MARGIN + 62, MARGIN + SIDE + 52), 35, 4)
    reading = reader.read(page)
    assert [cell.text for cell in reading.cells] == ["428", "", "717", "369"]
    assert [cell.is_rejected for cell in reading.cells] == [False, False, True, False]
    assert "a slash may be a 1" in reading.remark


def test_fractions_in_the_cells_of_a_table_stay_fractions(reader, digits):
    page = wide_table([[(4, 30), (8, 130)], [(7, 30), (9, 130), (3, 200), (6, 250), (9, 300)]], digits, 0.6, 2)
    for row in range(2):
        cv2.line(page, (MARGIN + 92, MARGIN + row * SIDE + 12), (MARGIN + 68, MARGIN + row * SIDE + 48), 35, 4)
    assert [cell.text for cell in reader.read(page, signs="keep").cells] == ["4/8", "", "7/9", "369"]


def test_a_fraction_below_a_number_of_three_digits_is_no_sure_one(reader, digits):
    page = wide_table([[(4, 30), (2, 80), (8, 130)], [(4, 30), (8, 130)], [(7, 30), (9, 130)]], digits, 0.6, 2)
    for row in (1, 2):
        cv2.line(page, (MARGIN + 98, MARGIN + row * SIDE + 8), (MARGIN + 62, MARGIN + row * SIDE + 52), 35, 4)
    reading = reader.read(page, signs="keep")
    assert [cell.text for cell in reading.cells] == ["428", "", "4/8", "", "7/9", ""]
    assert [cell.is_rejected for cell in reading.cells[::2]] == [False, True, True]
    assert "a slash may be a 1" in reading.remark


def test_two_digits_over_one_another_in_a_box_are_not_accepted(reader, digits):
    page = table_of(["204 39"], digits)
    ink = (235 - page.astype(np.float32)) / 200
    for label, y in ((1, 16), (0, 44)):
        written(ink, cv2.resize(digits[label], None, fx=0.5, fy=0.5), MARGIN + y, MARGIN + 3.5 * SIDE)
    reading = reader.read(page_of(ink))
    assert reading.cells[3].is_rejected
    assert "pieces of ink may be a broken digit" in reading.remark


def test_a_blank_form_is_blank_and_says_so(reader, digits):
    reading = reader.read(table_of(["      "], digits))
    assert reading.text == ""
    assert [cell.text for cell in reading.cells] == [""] * 6
    assert not any(cell.is_rejected for cell in reading.cells)
    assert reading.remark == "all cells are blank"


def test_a_cell_with_ink_that_is_no_digit_is_rejected_and_named(reader, digits):
    page = table_of(["4 7"], digits)
    x, y = MARGIN + SIDE + 30, MARGIN + 30
    for shift in range(-18, 19, 4):
        cv2.line(page, (x - 20, y + shift), (x + 20, y - shift), 35, 3)
    reading = reader.read(page)
    cell = reading.cells[1]
    assert cell.is_rejected
    assert reading.is_rejected
    assert cell.digits or (cell.is_unread and "1, 2" in reading.remark)


@pytest.mark.parametrize("rise", [0, 7, 14, 24])
def test_a_cell_that_a_long_stroke_fills_is_blank(reader, digits, rise):
    page = wide_table([[(8, 70), (5, 110), (8, 260)], [], [(7, 60), (3, 260)]], digits, 0.6, 2)
    y = MARGIN + SIDE + 40
    cv2.line(page, (MARGIN - 20, y), (MARGIN + 200, y - rise), 35, 3)
    reading = reader.read(page)
    assert [cell.text for cell in reading.cells] == ["85", "8", "", "", "7", "3"]
    assert not reading.is_rejected


def test_a_digit_across_the_outermost_side_is_accepted_but_a_one_which_may_be_the_side(reader, digits):
    rows = [[(4, 70), (2, 260), (3, 300), (8, 338)], [(8, 60), (7, 260), (6, 300), (1, 337)]]
    cells = reader.read(wide_table(rows, digits, 0.6, 2)).cells
    assert [cell.text for cell in cells] == ["4", "238", "8", "761"]
    assert [cell.is_rejected for cell in cells] == [False, False, False, True]


def test_a_form_is_read_as_before_where_no_grid_is_asked_for(reader, digits):
    reading = reader.read(table_of(["42", "07"], digits), grid=False)
    assert reading.cells == ()


def test_a_pattern_is_kept_to_in_boxes(reader, digits):
    assert reader.read(table_of(["204739"], digits), length=6).text == "204739"


def test_what_the_line_of_a_cell_leaves_out_is_told_as_a_digit_and_the_cell_is_not_sure(reader, mnist):
    """The last 6 is open, and taken for no digit."""
    form = draw_form("tally columns", 8, mnist, 21)
    cell = next(cell for cell in reader.read(form.photo).cells if cell.row == 1 and cell.text)
    assert len(cell.text) == len("626")
    assert cell.text.startswith("62")
    assert cell.is_rejected


def test_a_side_of_a_box_that_is_read_as_a_one_is_not_accepted_since_it_is_as_pale_as_print(reader, mnist):
    form = draw_form("separate boxes", 9, mnist, 214)
    reading = reader.read(form.photo)
    wrong = [answer for answer in compare_cells(form, reading) if answer.outcome != "right"]
    assert [(answer.cell.text, answer.text, answer.outcome) for answer in wrong] == [("", "1", "wrong, rejected")]
    assert "a 1 may be what is left of a printed line" in reading.remark


@pytest.mark.parametrize(
    ("number", "seed", "written", "read", "doubt"),
    [
        # It fills its cell: its 9 is written over the 0 before it, and its 2 lies beyond its cell's side.
        (8, 61, "9032", "003", "a digit may belong to the next cell, or be the side of one"),
        # The middle of its 9 is lost in pale ink: the foot is taken for a sign, what is left of the ring for a speck.
        (1, 91, "490", "40", "pieces of ink may be a broken digit"),
    ],
)
def test_a_number_that_lost_digits_is_not_accepted_and_the_remark_says_why(
    reader, mnist, number: int, seed: int, written: str, read: str, doubt: str
):
    form = draw_form("tables", number, mnist, seed)
    reading = reader.read(form.photo)
    answer = next(answer for answer in compare_cells(form, reading) if answer.cell.text == written)
    assert (answer.text, answer.outcome) == (read, "wrong, rejected")
    assert doubt in reading.remark


def test_the_confidence_of_a_number_in_a_cell_is_averaged_over_its_views_too(reader, mnist, monkeypatch):
    form = draw_form("tables", 8, mnist, 61)
    accepted = {cell.text for cell in reader.read(form.photo).cells if len(cell.text) > 2 and not cell.is_rejected}
    assert accepted

    def average(lines: PageReading, **_: object) -> PageReading:
        return replace(lines, confidences=(0.0,) * len(lines.lines), graphs=())

    monkeypatch.setattr(cells, "average_over_views", average)
    assert {cell.text for cell in reader.read(form.photo).cells if cell.is_rejected} >= accepted


def test_length_and_pattern_still_exclude_one_another(reader, digits):
    with pytest.raises(ReadingError):
        reader.read(table_of(["42"], digits), length=2, pattern=r"\d\d")


def test_a_picture_without_cells_says_so_where_cells_are_asked_for(digits, tmp_path, capsys):
    path = tmp_path / "seven.png"
    ink = np.zeros((120, 120), np.float32)
    written(ink, digits[7], 60, 60)
    Image.fromarray(page_of(ink)).save(path)
    assert main(["read", str(path), "--cells"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no cells found" in printed.err


def test_cells_are_printed_as_csv_and_stand_in_json(digits, tmp_path, capsys):
    path = tmp_path / "marks.png"
    Image.fromarray(table_of(["42 ", " 07"], digits)).save(path)
    assert main(["read", str(path), "--cells"]) == 0
    assert capsys.readouterr().out.replace("?", "") == "4,2,\n,0,7\n"
    assert main(["read", str(path), "--json"]) == 0
    cells = json.loads(capsys.readouterr().out)[0]["cells"]
    assert [(cell["row"], cell["column"], cell["text"]) for cell in cells][:3] == [(0, 0, "4"), (0, 1, "2"), (0, 2, "")]
    assert main(["read", str(path), "--no-grid", "--json"]) in (0, 1)
    assert json.loads(capsys.readouterr().out)[0]["cells"] == []


def test_the_drawings_show_the_cells(reader, digits):
    page = table_of(["42", "07"], digits)
    reading, plain = (reader.read(page, keep_steps=True, grid=grid) for grid in (True, False))
    for draw in (annotated, steps_picture):
        with_cells, without = np.asarray(draw(reading)), np.asarray(draw(plain))
        greens = [np.count_nonzero((drawing == (0, 140, 120)).all(axis=2)) for drawing in (with_cells, without)]
        assert greens[0] > 200
        assert greens[1] == 0
