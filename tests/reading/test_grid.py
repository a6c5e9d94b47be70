"""A grid is found as a grid: rules, boxes, combs, tables and squared paper, and what stands in their cells."""

import json

import cv2
import numpy as np
import pytest
from PIL import Image

from lab.benchmarks.filled_forms import FORM_KINDS, draw_form
from lab.benchmarks.forms import compare_cells
from lab.benchmarks.large_digits import draw_digit
from lenet.cli import main
from lenet.errors import ReadingError
from lenet.reading import Reader
from lenet.reading.drawing.annotation import annotated
from lenet.reading.drawing.steps import steps_picture
from lenet.reading.foreground.grid import Grid, find_grid, without_grid
from lenet.reading.foreground.ink import InkMap, Polarity, find_ink

SIDE, MARGIN = 60, 40  # pixels of a box, and of the paper around a form


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def digits(mnist) -> list[np.ndarray]:
    """An upright digit of each label, 36 pixels high."""
    labels = mnist.test_labels
    return [draw_digit(mnist.test_images[np.flatnonzero(labels == label)[3]], 36) for label in range(10)]


def written(ink: np.ndarray, digit: np.ndarray, y: float, x: float) -> None:
    """Put a digit's middle at a place of a page's ink."""
    height, width = digit.shape
    top, left = round(y - height / 2), round(x - width / 2)
    window = ink[top : top + height, left : left + width]
    np.maximum(window, digit, out=window)


def table_of(rows: list[str], digits: list[np.ndarray], width: int = 2, open_top: bool = False) -> np.ndarray:
    """A page of gray levels with a cell for each sign of each row; a space leaves it blank."""
    height, length = len(rows), max(map(len, rows))
    ink = np.zeros((2 * MARGIN + height * SIDE, 2 * MARGIN + length * SIDE), np.float32)
    right, bottom = MARGIN + length * SIDE, MARGIN + height * SIDE
    for row in range(int(open_top), height + 1):
        cv2.line(ink, (MARGIN, MARGIN + row * SIDE), (right, MARGIN + row * SIDE), 1.0, width)
    for column in range(length + 1):
        cv2.line(ink, (MARGIN + column * SIDE, MARGIN), (MARGIN + column * SIDE, bottom), 1.0, width)
    for row, text in enumerate(rows):
        for column, sign in enumerate(text):
            if sign != " ":
                written(ink, digits[int(sign)], MARGIN + (row + 0.5) * SIDE, MARGIN + (column + 0.5) * SIDE)
    return page_of(ink)


def page_of(ink: np.ndarray) -> np.ndarray:
    return np.asarray(235 - 200 * np.clip(ink, 0, 1), np.uint8)


def grid_of(page: np.ndarray) -> Grid | None:
    return find_grid(ink_of(page))


def ink_of(page: np.ndarray) -> InkMap:
    return find_ink(np.repeat(page[..., None], 3, axis=2), Polarity.PAPER_HIGH)


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


def test_digits_of_cells_are_those_of_the_reading_and_stand_in_their_boxes(reader, digits):
    reading = reader.read(table_of(["42", "07"], digits))
    assert [digit for cell in reading.cells for digit in cell.digits] == list(reading.digits)
    for cell in reading.cells:
        top, left, bottom, right = cell.box
        for digit in cell.digits:
            y, x = (digit.box[0] + digit.box[2]) / 2, (digit.box[1] + digit.box[3]) / 2
            assert top < y < bottom
            assert left < x < right


def test_boxes_open_at_the_top_are_a_field(reader, digits):
    reading = reader.read(table_of(["3 4706"], digits, open_top=True))
    assert reading.text == "3 4706"
    assert len(reading.cells) == 6


@pytest.mark.parametrize("count", range(1, 13))
def test_ones_in_boxes_are_ones_and_their_sides_are_none(reader, digits, count):
    assert reader.read(table_of(["1" * count], digits)).text == "1" * count


def test_a_table_of_ones_is_read(reader, digits):
    assert reader.read(table_of(["11111", "10111", "11111"], digits)).text.replace(" ", "") == "11111\n10111\n11111"


def test_a_one_that_touches_both_rules_is_no_side_of_a_box(reader, digits):
    page = table_of(["2 7439"], digits)
    stroke = page.copy()
    x = MARGIN + SIDE + 27
    cv2.line(stroke, (x + 3, MARGIN), (x, MARGIN + SIDE), 35, 5)
    assert len(grid_of(stroke).cells) == len(grid_of(page).cells) == 6
    assert reader.read(stroke).text == "217439"


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


def test_a_photo_in_perspective_has_the_same_cells(reader, digits):
    page = table_of(["417", "352"], digits)
    height, width = page.shape
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    seen = np.float32([[12, 14], [width - 4, 0], [width, height - 10], [0, height]])
    matrix = cv2.getPerspectiveTransform(corners, seen)
    photo = cv2.warpPerspective(page, matrix, (width, height), borderValue=235)
    cells = {(cell.row, cell.column): cell.text for cell in reader.read(np.asarray(photo)).cells}
    assert cells == {(0, 0): "4", (0, 1): "1", (0, 2): "7", (1, 0): "3", (1, 1): "5", (1, 2): "2"}


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


def wide_table(texts: list[list[tuple[int, int]]], digits: list[np.ndarray], level: float, width: int) -> np.ndarray:
    """A page with two cells of 170 pixels in each row, and digits, as (label, place), wherever they stand."""
    ink = np.zeros((2 * MARGIN + len(texts) * SIDE, 2 * MARGIN + 340), np.float32)
    for y in range(len(texts) + 1):
        cv2.line(ink, (MARGIN, MARGIN + y * SIDE), (MARGIN + 340, MARGIN + y * SIDE), level, width)
    for x in range(3):
        cv2.line(ink, (MARGIN + 170 * x, MARGIN), (MARGIN + 170 * x, MARGIN + len(texts) * SIDE), level, width)
    for row, text in enumerate(texts):
        for label, x in text:
            written(ink, digits[label], MARGIN + (row + 0.5) * SIDE, MARGIN + x)
    return page_of(ink)


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


def test_digits_without_rules_have_no_grid(reader, digits):
    ink = np.zeros((300, 500), np.float32)
    for row, text in enumerate(("8046", "1111", "5577")):
        for column, label in enumerate(text):
            written(ink, digits[int(label)], 60 + 80 * row, 60 + 90 * column)
    assert grid_of(page_of(ink)) is None
    assert reader.read(page_of(ink)).cells == ()


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
    for middle in (82, 152, 222, 292):
        assert any(top < 87 < bottom and left < middle < right for top, left, bottom, right in boxes_of(grid))


def boxes_of(grid: Grid) -> list[tuple[int, int, int, int]]:
    return [cell.box for cell in grid.cells]


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


def test_a_form_is_read_as_before_where_no_grid_is_asked_for(reader, digits):
    reading = reader.read(table_of(["42", "07"], digits), grid=False)
    assert reading.cells == ()


def test_a_pattern_is_kept_to_in_boxes(reader, digits):
    assert reader.read(table_of(["204739"], digits), length=6).text == "204739"


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


def test_what_was_read_in_a_form_is_counted_cell_by_cell(reader, mnist):
    form = draw_form("boxes", 0, mnist, 1)
    outcomes = [answer.outcome for answer in compare_cells(form, reader.read(form.photo))]
    assert len(outcomes) == len(form.cells)
    assert outcomes.count("right") >= 0.9 * len(outcomes)
    nothing = reader.read(np.full((100, 100), 240, np.uint8))
    filled = [answer for answer in compare_cells(form, nothing) if answer.cell.text]
    assert {answer.outcome for answer in filled} == {"missing, unsaid"}


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


def test_a_picture_without_cells_says_so_where_cells_are_asked_for(digits, tmp_path, capsys):
    path = tmp_path / "seven.png"
    ink = np.zeros((120, 120), np.float32)
    written(ink, digits[7], 60, 60)
    Image.fromarray(page_of(ink)).save(path)
    assert main(["read", str(path), "--cells"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no cells found" in printed.err


def test_the_drawings_show_the_cells(reader, digits):
    page = table_of(["42", "07"], digits)
    reading, plain = (reader.read(page, keep_steps=True, grid=grid) for grid in (True, False))
    for draw in (annotated, steps_picture):
        with_cells, without = np.asarray(draw(reading)), np.asarray(draw(plain))
        greens = [np.count_nonzero((drawing == (0, 140, 120)).all(axis=2)) for drawing in (with_cells, without)]
        assert greens[0] > 200
        assert greens[1] == 0


def test_length_and_pattern_still_exclude_one_another(reader, digits):
    with pytest.raises(ReadingError):
        reader.read(table_of(["42"], digits), length=2, pattern=r"\d\d")


def test_a_side_of_a_box_that_does_not_reach_its_top_is_found_by_the_other_boxes(reader, digits):
    page = table_of(["204739"], digits)
    side = MARGIN + 3 * SIDE
    page[MARGIN + 3 : MARGIN + 11, side - 4 : side + 5] = 235
    assert reader.read(page).text == "204739"


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


def test_rules_of_an_even_table_end_as_far_from_its_middle_as_they_begin(digits):
    grid = grid_of(table_of(["  ", "  "], digits, width=3))
    assert grid is not None
    assert {(rule.start + rule.end - 1) / 2 for rule in grid.rules} == {MARGIN + SIDE}


def test_ones_one_below_the_other_in_a_sudoku_are_no_side_of_its_cells(reader, mnist):
    form = draw_form("sudoku", 3, mnist, 22)
    told = [answer.text for answer in compare_cells(form, reader.read(form.photo)) if answer.cell.text == "1"]
    assert told == ["1"] * len(told)


def test_what_the_line_of_a_cell_leaves_out_is_told_as_a_digit_and_the_cell_is_not_sure(reader, mnist):
    """The last 6 is open, and taken for no digit."""
    form = draw_form("tally columns", 8, mnist, 21)
    cell = next(cell for cell in reader.read(form.photo).cells if cell.row == 1 and cell.text)
    assert len(cell.text) == len("626")
    assert cell.text.startswith("62")
    assert cell.is_rejected


def test_the_rules_of_narrow_squared_paper_are_found(digits):
    ink = np.zeros((300, 400), np.float32)
    for y in range(7, 300, 14):
        cv2.line(ink, (0, y), (400, y), 0.6, 2)
    for x in range(7, 400, 14):
        cv2.line(ink, (x, 0), (x, 300), 0.6, 2)
    for column in range(5):
        written(ink, np.minimum(1, 1.5 * digits[3]), 150, 60 + 55 * column)
    grid = grid_of(page_of(ink))
    assert grid is not None
    assert [sum(rule.is_level == is_level for rule in grid.rules) for is_level in (True, False)] == [21, 29]


@pytest.mark.parametrize(
    ("kind", "number", "seed"),
    [
        pytest.param("separate boxes", 1, 26, id="blank boxes beside written ones, whose print is as pale"),
        pytest.param("boxes", 3, 25, id="strokes in the middle of boxes"),
        pytest.param("boxes", 6, 26, id="a thick digit along the side of its box"),
        pytest.param("combs", 6, 26, id="teeth that digits hide"),
        pytest.param("combs", 7, 25, id="teeth in perspective"),
        pytest.param("combs", 6, 25, id="thick teeth"),
        pytest.param("combs", 0, 27, id="digits that reach from tooth to tooth"),
    ],
)
def test_a_form_has_each_of_its_boxes_and_no_other(reader, mnist, kind, number, seed):
    form = draw_form(kind, number, mnist, seed)
    assert reader.read(form.photo).text.replace(" ", "") == form.text


def test_a_rule_that_digits_hide_from_end_to_end_is_a_rule(mnist):
    form = draw_form("tables", 4, mnist, 27)
    grid = find_grid(find_ink(form.photo))
    assert grid is not None
    assert len(grid.cells) == len(form.cells)


def test_a_turned_page_is_turned_with_its_contrast():
    rng = np.random.default_rng(1)
    levels, unequalized = rng.random((2, 4, 5), np.float32)
    turned = InkMap(levels, 0.004, 1.0, Polarity.PAPER_HIGH, unequalized).turned(1)
    assert (turned.levels == np.rot90(levels, -1)).all()
    assert (turned.before_equalization.levels == np.rot90(unequalized, -1)).all()


def test_a_tooth_that_is_read_as_a_one_is_not_accepted_since_it_is_as_pale_as_print(reader, mnist):
    form = draw_form("combs", 1, mnist, 25)
    wrong = [answer for answer in compare_cells(form, reader.read(form.photo)) if answer.outcome != "right"]
    assert [(answer.cell.text, answer.text) for answer in wrong] == [("4", "14")]
    assert {answer.outcome for answer in wrong} == {"wrong, rejected"}
