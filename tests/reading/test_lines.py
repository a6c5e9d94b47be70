"""Lines of digits: layout, cuts, the best path, patterns, and whole pages of MNIST test digits with known text."""

import math
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lab.benchmarks.large_digits import draw_row, to_gray_levels
from lab.synthesis.written_lines import Writer, WritingStyle, bend, photograph_line, rotate
from lenet.errors import ReadingError
from lenet.reading.foreground.ink import InkMap, Polarity, find_ink
from lenet.reading.foreground.rules import find_rules
from lenet.reading.lines.cuts import candidate_cuts, find_slant, sections
from lenet.reading.lines.hypotheses import read_lines
from lenet.reading.lines.layout import collect_lines, find_components, find_skew, find_spaces
from lenet.reading.lines.path import COSTS, MIN_LOG_FIT, Costs, best_path, cost_of, left_out_scores
from lenet.reading.lines.pattern import Pattern
from lenet.reading.lines.segmentation import Candidate, find_rows
from lenet.reading.recognition import Recognizer

PLAIN = WritingStyle()


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer()


@pytest.fixture
def writer(mnist) -> Writer:
    return Writer(mnist.test_images, mnist.test_labels, np.random.default_rng(0))


def ink_of(drawing: np.ndarray, seed: int = 0) -> InkMap:
    gray = photograph_line(drawing, np.random.default_rng(seed))
    return find_ink(np.repeat(gray[..., None], 3, axis=2))


def ink_of_boxes(shape: tuple[int, int], *boxes: tuple[int, int, int, int]) -> InkMap:
    levels = np.zeros(shape, np.float32)
    for top, left, bottom, right in boxes:
        levels[top:bottom, left:right] = 0.9
    return find_ink(np.repeat(np.rint(230 * (1 - levels)).astype(np.uint8)[..., None], 3, axis=2))


class Told:
    """A recognizer that answers every picture with the same probabilities."""

    def __init__(self, **shares: float) -> None:
        self.shares = np.zeros(10, np.float32)
        for name, share in shares.items():
            self.shares[int(name[1:])] = share

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        return np.repeat(self.shares[None], len(images), axis=0)


class Bars:
    """A recognizer that takes narrow pictures for sevens, and all others for no digit."""

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        shares = np.full((len(images), 10), 0.001, np.float32)
        shares[(images > 127).any(axis=1).sum(axis=1) < 6, 7] = 0.98
        return shares


# Patterns

PARTS = st.recursive(
    st.sampled_from([r"\d", "[0-4]", "[159]", "7", "0", "-", r"\.", " "]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})")
        | st.tuples(inner, st.sampled_from(["?", "{2}", "{1,3}", "{0,2}"])).map(lambda pair: f"({pair[0]}){pair[1]}")
    ),
    max_leaves=5,
)


@given(pattern=PARTS, texts=st.lists(st.text("0147-. ", max_size=6), max_size=20))
@settings(max_examples=200, deadline=None)
def test_a_pattern_accepts_what_the_regular_expression_matches(pattern: str, texts: list[str]):
    parsed = Pattern.parse(pattern)
    for text in texts:
        assert parsed.accepts(text) == bool(re.fullmatch(pattern, text)), text


WRONG = r"\w a \d* \d+ ^1 . [a-z] [4-1] [] [0- (1 1) 1{ 1{2,1} 1{0} 1{x} 1?? 1{101} (\d{60}){2} \ ? {3} [^1] ١ 1{²}"


@pytest.mark.parametrize("wrong", ["", "()", "(|)", *WRONG.split()])
def test_what_is_no_pattern_is_refused_in_one_sentence(wrong: str):
    with pytest.raises(ReadingError, match="a pattern is made of") as error:
        Pattern.parse(wrong)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("length", [0, -1, 101])
def test_a_length_is_one_to_a_hundred(length: int):
    with pytest.raises(ReadingError, match=f"cannot have {length} digits"):
        Pattern.of_length(length)


# The best path


def candidate(first: int, last: int, height: float = 1.0, width: float = 0.6, gap: float = 0.0) -> Candidate:
    return Candidate(first, last, (0, 0, 1, 1), np.zeros((1, 1), np.float32), height, width, gap)


def sure_of(*answers: tuple[int, float]) -> np.ndarray:
    shares = np.full((len(answers), 10), 1e-4, np.float32)
    for row, (digit, share) in enumerate(answers):
        shares[row, digit] = share
    return np.log(shares)


def test_the_best_path_joins_what_the_network_reads_as_one():
    runs = [candidate(0, 1), candidate(1, 2), candidate(0, 2)]
    assert best_path(runs, sure_of((1, 0.3), (1, 0.3), (4, 0.99)), 2).chosen == (2,)
    assert best_path(runs, sure_of((1, 0.99), (1, 0.99), (4, 0.3)), 2).chosen == (0, 1)


def test_the_best_path_leaves_out_a_speck():
    runs = [candidate(0, 1), candidate(1, 2, height=0.2, width=0.2)]
    assert best_path(runs, sure_of((3, 0.99), (1, 0.6)), 2).chosen == (0,)


def test_the_best_path_leaves_out_what_the_network_is_sure_is_no_digit():
    runs = [candidate(0, 1), candidate(1, 2)]
    assert best_path(runs, sure_of((3, 0.99), (1, 0.02)), 2).chosen == (0,)


@given(
    pieces=st.integers(1, 4),
    seed=st.integers(0, 10**6),
    text=st.sampled_from([None, r"\d{2}", "[12]{1,3}", r"(12|\d{3}|7)", "[2]?7", r"\d?\d[1]"]),
)
@example(pieces=2, seed=31_707, text=r"\d{2}")  # unlikely digits, where any digit will do
@settings(max_examples=60, deadline=None)
def test_the_best_path_is_the_best_of_all_there_are(pieces: int, seed: int, text: str | None):
    rng = np.random.default_rng(seed)
    runs = [
        candidate(a, b, height=rng.uniform(0.2, 1.1), width=rng.uniform(0.2, 1.4))
        for a in range(pieces)
        for b in range(a + 1, min(pieces, a + 3) + 1)
    ]
    shares = np.full((len(runs), 10), 1e-9)
    shares[:, [1, 2, 7]] = rng.dirichlet(np.full(4, 0.4), len(runs))[:, :3] + 1e-9
    logs = np.log(shares).astype(np.float32)
    left_out = left_out_scores(runs, [-COSTS.left_out] * len(runs), pieces, COSTS)
    # A digit that is told from others must fit; one that hardly fits is written x here, which only \d takes.
    asked = text and re.compile(text.replace(r"\d", r"[\dx]"))

    def every_way(piece: int, text: str, score: float):
        if piece == pieces:
            if asked is None or asked.fullmatch(text):
                yield score, text
            return
        yield from every_way(piece + 1, text, score + left_out[piece])
        for index, run in enumerate(runs):
            if run.first == piece:
                for digit in (1, 2, 7):
                    sign = str(digit) if logs[index, digit] >= MIN_LOG_FIT else "x"
                    gain = float(logs[index, digit]) - cost_of(run, COSTS)
                    yield from every_way(run.last, text + sign, score + gain)

    best = best_path(runs, logs, pieces, text and Pattern.parse(text))
    assert best.score == pytest.approx(max((score for score, _ in every_way(0, "", 0.0)), default=-np.inf), abs=1e-4)


def test_the_gap_of_a_run_is_all_the_white_between_its_pieces():
    ink = ink_of_boxes((200, 400), (60, 50, 110, 58), (60, 64, 110, 72), (60, 82, 110, 90))
    (row,) = find_rows(ink, 0.3, find_rules(ink, 0.3))
    assert {(first, last): gap for first, last, gap, _ in row.runs} == {
        (0, 1): 0, (1, 2): 0, (2, 3): 0, (0, 2): 6, (1, 3): 10, (0, 3): 16
    }  # fmt: skip


def test_a_pattern_chooses_between_cuts():
    runs = [candidate(0, 1), candidate(1, 2), candidate(0, 2)]
    logs = sure_of((1, 0.5), (1, 0.5), (4, 0.9))
    assert best_path(runs, logs, 2).chosen == (2,)
    assert best_path(runs, logs, 2, Pattern.of_length(2)).chosen == (0, 1)
    assert math.isinf(best_path(runs, logs, 2, Pattern.of_length(3)).score)


def test_what_a_digit_costs_decides_between_one_and_two():
    runs = [candidate(0, 1), candidate(1, 2), candidate(0, 2)]
    logs = sure_of((1, 0.9), (1, 0.9), (4, 0.6))
    assert best_path(runs, logs, 2, costs=Costs(digit=0.0)).chosen == (0, 1)
    assert best_path(runs, logs, 2, costs=Costs(digit=2.0)).chosen == (2,)


# Cuts


def test_a_cut_is_proposed_at_the_waist_of_two_joined_blocks():
    mask = np.zeros((40, 80), bool)
    mask[5:35, 2:35] = mask[5:35, 45:78] = mask[18:22] = True
    assert any(35 <= (top + bottom) / 2 <= 45 for top, bottom in candidate_cuts(mask, 30.0))


def test_strokes_that_lean_are_cut_along_their_slant():
    mask = np.zeros((60, 90), bool)
    rows = np.arange(60)
    for start in (35, 60):
        for across in range(8):
            mask[rows, start + across - rows // 2] = True
    mask[28:32, 20:60] = True
    slant = find_slant(mask.astype(np.uint8))
    assert slant == pytest.approx(0.5, abs=0.11)
    halves = [sections(mask, [cut]) for cut in candidate_cuts(mask, 60.0, slant)]
    assert any(
        (half[:27, :][mask[:27]] == 1).mean() == 0.5 and (half[33:][mask[33:]] == 1).mean() == 0.5 for half in halves
    )


@given(seed=st.integers(0, 10**6), count=st.integers(0, 4))
@settings(max_examples=40, deadline=None)
def test_sections_share_out_the_mask_left_to_right(seed: int, count: int):
    rng = np.random.default_rng(seed)
    mask = rng.random((20, 50)) < 0.6
    cuts = sorted((float(x), float(x)) for x in rng.uniform(5, 45, count))
    section = sections(mask, cuts)
    assert ((section > 0) == mask).all()
    assert section.max() <= count + 1


def test_what_is_far_wider_than_high_is_not_cut():
    mask = np.ones((12, 400), bool)
    mask[:4, ::20] = mask[8:, 7::20] = False
    assert candidate_cuts(mask[:, :80], 12.0)
    assert candidate_cuts(mask, 12.0) == []


# Layout


def components_of(*boxes: tuple[int, int, int, int]):
    mask = np.zeros((500, 900), np.uint8)
    for top, left, bottom, right in boxes:
        mask[top:bottom, left:right] = 1
    return find_components(mask, mask.astype(np.float32))[1]


def row_at(top: int, left: int, count: int, step: int = 40) -> list[tuple[int, int, int, int]]:
    return [(top, left + step * number, top + 40, left + step * number + 20) for number in range(count)]


def tops_and_lefts(boxes) -> list[tuple[int, int]]:
    return [(min(c.top for c in line), min(c.left for c in line)) for line in collect_lines(components_of(*boxes))]


def test_lines_are_read_top_to_bottom():
    assert tops_and_lefts(row_at(200, 100, 3) + row_at(100, 300, 3) + row_at(300, 50, 2)) == [
        (100, 300),
        (200, 100),
        (300, 50),
    ]


def test_lines_of_a_table_go_on_across_its_columns():
    assert tops_and_lefts(row_at(100, 50, 3) + row_at(100, 400, 3) + row_at(200, 50, 3) + row_at(205, 400, 3)) == [
        (100, 50),
        (200, 50),
    ]


def test_lines_that_rise_a_little_go_on_across_wide_white():
    rising = [
        (top - left // 28, left, bottom - left // 28, right)
        for row in (100, 200, 300)
        for top, left, bottom, right in row_at(row, 50, 3) + row_at(row, 520, 3)
    ]
    assert [left for _, left in tops_and_lefts(rising)] == [50, 50, 50]


def test_blocks_whose_lines_are_not_level_are_read_one_after_the_other():
    left = [box for top in (50, 120, 190) for box in row_at(top, 50, 3)]
    right = [box for top in (85, 165) for box in row_at(top, 500, 3)]
    assert tops_and_lefts(left + right) == [(50, 50), (120, 50), (190, 50), (85, 500), (165, 500)]


def test_a_dot_and_a_small_digit_join_the_line_they_stand_in():
    lines = collect_lines(components_of(*row_at(100, 50, 3), (134, 160, 140, 166), (120, 180, 138, 195)))
    assert [len(line) for line in lines] == [5]


def test_skew_is_measured_in_degrees_of_fall():
    boxes = [(int(100 + 0.14 * x), x, int(140 + 0.14 * x), x + 20) for x in range(50, 650, 60)]
    assert find_skew(components_of(*boxes), 40.0) == pytest.approx(8, abs=1)
    assert find_skew(components_of(*row_at(100, 50, 8)), 40.0) == 0


@given(steps=st.lists(st.integers(25, 34), min_size=2, max_size=10), wide=st.integers(1, 10), scale=st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_only_a_gap_far_wider_than_the_others_is_a_space(steps: list[int], wide: int, scale: int):
    wide = min(wide, len(steps))
    lefts = np.cumsum([0, *steps]) * scale
    boxes = [(0, int(x), 30 * scale, int(x) + 20 * scale) for x in lefts]
    assert find_spaces(boxes) == frozenset()
    moved = boxes[:wide] + [(a, b + 60 * scale, c, d + 60 * scale) for a, b, c, d in boxes[wide:]]
    assert find_spaces(moved) == frozenset({wide})
    assert find_spaces(moved, frozenset({wide})) == frozenset()


# Whole pages


def share_right(recognizer: Recognizer, pages: list[tuple[str, np.ndarray]]) -> float:
    return float(np.mean([read_lines(ink_of(drawing), recognizer).text == text for text, drawing in pages]))


def texts(writer: Writer, count: int, length: int) -> list[str]:
    return ["".join(map(str, writer.rng.integers(0, 10, length))) for _ in range(count)]


@pytest.mark.parametrize(
    ("style", "least"),
    [
        (PLAIN, 0.9),
        (WritingStyle(separator_probability=0.4, trailing_signs="."), 0.75),
        (WritingStyle(trailing_signs="-"), 0.9),
        (WritingStyle(height=30), 0.9),
        (WritingStyle(slant=0.4), 0.75),
        (WritingStyle(break_probability=0.3), 0.6),
        (WritingStyle(link_probability=0.4, gap=0.2), 0.4),
        (WritingStyle(gap=0.02, spread=0.02), 0.5),
    ],
    ids=["plain", "dots", "dash", "small", "slanted", "broken", "linked", "touching"],
)
def test_a_line_is_read_in_many_styles(recognizer, writer, style: WritingStyle, least: float):
    assert share_right(recognizer, [(text, writer.write_line(text, style)) for text in texts(writer, 12, 5)]) >= least


@pytest.mark.parametrize("degrees", [-15, -7, 0, 7, 15])
def test_a_page_is_read_askew(recognizer, writer, degrees: float):
    pages = []
    for _ in range(4):
        lines = texts(writer, 3, 5)
        pages.append(("\n".join(lines), rotate(writer.write_page(lines, PLAIN), degrees)))
    assert share_right(recognizer, pages) >= 0.5


def test_boxes_of_a_page_askew_hold_their_digits(recognizer, writer):
    drawing = rotate(writer.write_page(["1234567"], PLAIN), 12)
    ink = ink_of(drawing)
    page = read_lines(ink, recognizer)
    assert page.text == "1234567"
    mask = ink.levels > 0.4
    held = np.zeros_like(mask)
    for top, left, bottom, right in (digit.box for digit in page.digits):
        assert mask[top:bottom, left:right].mean() > 0.08
        held[top:bottom, left:right] = True
    assert mask[held].sum() > 0.97 * mask.sum()


def test_curved_lines_are_read(recognizer, writer):
    pages = []
    for _ in range(4):
        lines = texts(writer, 3, 6)
        pages.append(("\n".join(lines), bend(writer.write_page(lines, PLAIN), 45)))
    assert share_right(recognizer, pages) >= 0.5


def test_a_column_is_read_down(recognizer, writer):
    pages = [("\n".join(text), writer.write_page(list(text), PLAIN, max_indent=0.3)) for text in texts(writer, 6, 5)]
    assert share_right(recognizer, pages) >= 0.8


def test_lines_of_different_sizes_are_read(recognizer, writer):
    large, small = (
        writer.write_page(["90817"], WritingStyle(height=90)),
        writer.write_page(["263540"], WritingStyle(height=36)),
    )
    width = max(large.shape[1], small.shape[1])
    page = np.vstack([np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in (large, small)])
    assert read_lines(ink_of(page), recognizer).text == "90817\n263540"


def test_a_gap_is_a_space_and_an_even_spread_is_none(recognizer, writer):
    assert read_lines(ink_of(writer.write_line("1234 6789", PLAIN)), recognizer).text == "1234 6789"
    spread = read_lines(ink_of(writer.write_line("02468", WritingStyle(gap=1.6))), recognizer)
    assert " " not in spread.text
    assert len(spread.digits) == 5


def underlined(drawing: np.ndarray, distance: int) -> np.ndarray:
    """The drawing on paper twice as wide, with a line of its width so far under its digits; below 0 it touches them."""
    height, width = drawing.shape
    page = np.pad(drawing, ((height, height), (width // 2, width // 2)))
    bottom = int(np.flatnonzero(page.max(axis=1) > 0.5 * page.max())[-1])
    page[bottom + distance : bottom + distance + 4, width // 2 : width // 2 + width] = page.max()
    return page


@pytest.mark.parametrize("distance", [-2, 9])
def test_numbers_with_a_line_under_them_are_read(recognizer, writer, distance: int):
    pages = [(text, underlined(writer.write_line(text, PLAIN), distance)) for text in texts(writer, 12, 5)]
    assert share_right(recognizer, pages) >= 0.75


def test_the_side_of_a_box_that_the_edge_cuts_is_no_one(recognizer, writer):
    pages = []
    for text in texts(writer, 12, 5):
        page = writer.write_line(text, PLAIN)
        ys, xs = np.nonzero(page > 0.5)
        top, left, bottom = int(ys.min()) - 15, int(xs.min()) - 15, int(ys.max()) + 15
        page[[top, top + 1, bottom - 1, bottom], left:] = 1.0
        page[top:bottom, left : left + 3] = 1.0
        pages.append((text, page))
    assert share_right(recognizer, pages) >= 0.75


def test_separators_are_left_out_and_said_so(recognizer, writer):
    page = read_lines(
        ink_of(writer.write_line("2080", WritingStyle(separator_probability=1.0, trailing_signs="-"))), recognizer
    )
    assert page.text == "2080"
    assert [reason for _, reason in page.ignored].count("separator") == 4


@pytest.mark.parametrize("seed", range(8, 20))
def test_pieces_that_were_cut_are_not_joined_with_the_digit_beside_them(writer, seed: int):
    writer.rng = np.random.default_rng(seed)
    ink = ink_of(writer.write_line("75904", WritingStyle(gap=0.0, spread=0.15, slant=0.7, link_probability=0.3)), seed)
    for threshold in (0.25, 0.38, 0.52):
        for row in find_rows(ink, threshold, find_rules(ink, threshold)):
            parts = Counter(component for piece in row.pieces for component in piece.components)
            joined = [piece for piece in row.pieces if len(piece.components) > 1]
            assert all(parts[component] == 1 for piece in joined for component in piece.components)


def test_a_line_of_what_is_no_digit_is_ignored():
    page = read_lines(ink_of_boxes((200, 400), *row_at(80, 50, 6)), Told(d1=0.3))
    assert not page
    assert [reason for _, reason in page.ignored] == ["not digits"]


def blocks_at(top: int, left: int, count: int) -> list[tuple[int, int, int, int]]:
    return [(top, left + 35 * number, top + 40, left + 35 * number + 22) for number in range(count)]


def bars_at(top: int, left: int, count: int) -> list[tuple[int, int, int, int]]:
    return [(top, left + 35 * number, top + 40, left + 35 * number + 8) for number in range(count)]


def test_words_left_of_a_number_are_cut_off():
    page = read_lines(ink_of_boxes((200, 700), *blocks_at(80, 40, 5), *bars_at(80, 400, 4)), Bars())
    assert page.text == "7777"
    assert [reason for _, reason in page.ignored].count("not a digit") == 5


def test_lines_of_words_above_a_number_are_ignored():
    words = blocks_at(60, 40, 6) + blocks_at(140, 40, 5)
    page = read_lines(ink_of_boxes((400, 500), *words, *bars_at(300, 60, 7)), Bars())
    assert page.text == "7777777"


def test_a_letter_that_looks_like_a_digit_makes_a_word_no_number():
    mixed = blocks_at(80, 40, 4) + bars_at(80, 180, 2) + blocks_at(80, 250, 2)
    assert not read_lines(ink_of_boxes((200, 700), *mixed), Bars())


@pytest.mark.parametrize("step", [24, 40, 70], ids=["close", "plain", "spaced"])
@pytest.mark.parametrize("count", range(1, 13))
def test_rows_of_ones_are_read_however_many_and_even_they_are(recognizer, count: int, step: int):
    ones = [(top, left, bottom, left + 6) for top, left, bottom, _ in row_at(80, 50, count, step)]
    page = read_lines(ink_of_boxes((200, 960), *ones), recognizer)
    assert page.text == "1" * count
    assert all(digit.probability > 0.9 for digit in page.digits)


def test_two_lines_of_ones_are_read(recognizer):
    ones = [(top, left, bottom, left + 6) for y in (60, 130) for top, left, bottom, _ in row_at(y, 50, 6)]
    assert read_lines(ink_of_boxes((240, 400), *ones), recognizer).text == "111111\n111111"


def test_strokes_in_groups_of_five_are_tally_marks(recognizer):
    strokes = [
        (80, 50 + 20 * number + 60 * (number // 5), 120, 56 + 20 * number + 60 * (number // 5)) for number in range(13)
    ]
    page = read_lines(ink_of_boxes((200, 560), *strokes), recognizer)
    assert not page
    assert [reason for _, reason in page.ignored] == ["tally marks"]


def test_bars_closer_than_a_pen_sets_ones_are_no_ones(recognizer):
    bars = [(60, 50 + 12 * number, 140, 54 + 12 * number + 2 * (number % 3)) for number in range(20)]
    assert not read_lines(ink_of_boxes((200, 400), *bars), recognizer)


def test_texture_that_hangs_together_is_ignored(recognizer):
    rng = np.random.default_rng(0)
    levels = np.zeros((400, 800), np.float32)
    for row, column in rng.integers(0, (340, 780), (700, 2)):
        levels[row : row + 60, column : column + 4] = 1
    levels[::40] = levels[1::40] = 1
    page = read_lines(InkMap(levels, 0.004, 1.0, Polarity.PAPER_HIGH), recognizer)
    assert not page


def test_texture_is_ignored(recognizer):
    rng = np.random.default_rng(0)
    page = np.kron(rng.random((200, 200)) < 0.2, np.ones((6, 6))).astype(np.float32)
    page = read_lines(InkMap(page, 0.004, 1.0, Polarity.PAPER_HIGH), recognizer)
    assert not page
    assert page.ignored == (((0, 0, 1200, 1200), "texture"),)


@pytest.mark.parametrize(("rows", "columns"), [(10, 20), (20, 25), (40, 50)])
def test_a_page_of_very_many_digits_is_read(recognizer, writer, rows: int, columns: int):
    lines = texts(writer, rows, columns)
    page = read_lines(ink_of(writer.write_page(lines, WritingStyle(height=40, gap=0.3), line_gap=0.3)), recognizer)
    read = page.text.replace(" ", "").split("\n")
    assert len(read) == rows
    assert sum(a == b for line, other in zip(read, lines, strict=True) for a, b in zip(line, other, strict=False)) > 0
    digits = sum(len(line) for line in read)
    assert digits >= 0.97 * rows * columns
    covered = digits + len([reason for _, reason in page.ignored if reason != "speck"])
    assert covered >= 0.99 * rows * columns


def test_no_ink_gives_an_empty_draft():
    page = read_lines(InkMap(np.zeros((90, 90), np.float32), 0.004, 1.0, Polarity.PAPER_HIGH), Told())
    assert not page
    assert page.text == ""
    assert page.ignored == ()


def test_a_pattern_chooses_between_digits_and_writes_separators():
    ink = ink_of_boxes((200, 400), *row_at(80, 50, 4))
    network = Told(d1=0.55, d7=0.42)
    assert read_lines(ink, network).text == "1111"
    page = read_lines(ink, network, Pattern.parse("[1]7{2}-1"))
    assert page.text == "177-1"
    assert all(digit.probability > 0.8 for digit in page.digits)


def test_what_does_not_fit_the_pattern_is_ignored():
    ink = ink_of_boxes((200, 400), *row_at(80, 50, 4))
    page = read_lines(ink, Told(d1=0.98), Pattern.of_length(7))
    assert not page
    assert "does not fit the pattern" in [reason for _, reason in page.ignored]
    assert not read_lines(ink, Told(d1=0.98), Pattern.parse("3{4}"))


def test_a_scribble_at_the_end_of_a_line_is_left_out(recognizer, writer):
    line = writer.write_line("12345", PLAIN)
    line[60:120, -55:-30] = 1
    page = read_lines(ink_of(line), recognizer)
    assert page.text == "12345"
    assert "not a digit" in [reason for _, reason in page.ignored]


def test_rows_are_found_under_a_falling_light():
    page = np.tile(np.linspace(240, 80, 300), (200, 1))
    page[60:140, 40:50] *= 0.4
    page[60:140, 250:260] *= 0.4
    ink = find_ink(np.repeat(np.rint(page)[..., None], 3, axis=2).astype(np.uint8))
    assert sum(len(row.pieces) for row in find_rows(ink, 0.3, find_rules(ink, 0.3))) == 2


@pytest.mark.parametrize("text", ["333", "39", "686"])
def test_a_number_cut_out_along_its_ink_keeps_its_outermost_digits(recognizer, mnist, text: str):
    rng = np.random.default_rng(0)
    ink = draw_row([mnist.test_images[np.flatnonzero(mnist.test_labels == int(label))[0]] for label in text], 48, rng)
    crop = to_gray_levels(ink[1:-1, 1:-1]).round().astype(np.uint8)
    reading = read_lines(find_ink(np.repeat(crop[..., None], 3, axis=2)), recognizer)
    assert reading.text == text
