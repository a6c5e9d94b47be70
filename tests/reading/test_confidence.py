"""The confidence of lines: the share of their text among all readings, and what is made of it."""

from dataclasses import replace
from itertools import product

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.synthesis.written_lines import Writer, WritingStyle, photograph_line
from lenet.reading import Reader
from lenet.reading.lines.doubts import CUT_OFF, find_sides, with_doubt
from lenet.reading.lines.forward import RowGraph, find_row, scores_of_no_digit
from lenet.reading.lines.hypotheses import SHARE_POWER, _groups, most_confident, shows_digits
from lenet.reading.lines.layout import AT_EDGE
from lenet.reading.lines.numbers import MAY_BE_DIGITS, numbers_of
from lenet.reading.lines.omissions import with_losses
from lenet.reading.lines.path import COSTS, cost_of, left_out_scores
from lenet.reading.lines.pattern import Pattern
from lenet.reading.lines.segmentation import Candidate
from lenet.reading.scoring import LIKELY, PageReading, PlacedSign, ScoredCandidate

BOX = (0, 0, 50, 200)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def candidate(first: int, last: int, height: float = 1.0, width: float = 0.6, is_ring: bool = False) -> Candidate:
    return Candidate(first, last, (0, 0, 1, 1), np.zeros((1, 1), np.float32), height, width, 0.0, is_ring=is_ring)


def graph(candidates: list[Candidate], *answers: dict[int, float], pieces: int) -> RowGraph:
    probabilities = np.full((len(candidates), 10), 1e-6, np.float32)
    for row, answer in enumerate(answers):
        for digit, share in answer.items():
            probabilities[row, digit] = share
    return RowGraph.of(
        BOX, tuple((0, 40 * piece, 50, 40 * piece + 30) for piece in range(pieces)), candidates, probabilities
    )


def test_a_text_that_no_other_reading_rivals_has_the_whole_share():
    sure = graph([candidate(0, 1), candidate(1, 2)], {3: 1.0}, {8: 1.0}, pieces=2)
    assert sure.share("38", BOX) > 0.9
    assert sure.share("83", BOX) < 0.01


def test_two_labels_that_are_as_likely_share_a_place():
    torn = graph([candidate(0, 1), candidate(1, 2)], {3: 1.0}, {1: 0.5, 7: 0.5}, pieces=2)
    assert torn.share("31", BOX) == pytest.approx(torn.share("37", BOX))
    assert 0.45 < torn.share("31", BOX) < 0.5


def test_a_cut_that_reads_as_well_takes_its_share():
    runs = [candidate(0, 1), candidate(1, 2), candidate(0, 2)]
    whole, cut = {4: 1.0}, {1: 0.9}
    both = graph(runs, cut, cut, whole, pieces=2)
    assert both.share("4", BOX) + both.share("11", BOX) < 1
    assert both.share("4", BOX) < graph(runs, {1: 0.01}, {1: 0.01}, whole, pieces=2).share("4", BOX)


def test_what_may_be_no_digit_makes_a_text_doubtful():
    runs = [candidate(0, 1), candidate(1, 2)]
    assert graph(runs, {3: 1.0}, {8: 0.6}, pieces=2).share("38", BOX) < 0.65


def test_ink_far_beside_a_text_is_another_word():
    runs = [candidate(0, 1), candidate(4, 5)]
    words = graph(runs, {3: 1.0}, {8: 1.0}, pieces=5)
    assert words.share("3", (0, 0, 50, 30)) > 0.9
    assert words.share("3", BOX) < 0.1


@given(pieces=st.integers(1, 4), seed=st.integers(0, 10**6), asked=st.sampled_from([None, r"\d{2}", "[12]{1,3}"]))
@settings(max_examples=60, deadline=None)
def test_shares_are_the_weights_of_all_paths_there_are(pieces: int, seed: int, asked: str | None):
    rng = np.random.default_rng(seed)
    runs = [
        candidate(a, b, height=rng.uniform(0.2, 1.1), width=rng.uniform(0.2, 1.4))
        for a in range(pieces)
        for b in range(a + 1, min(pieces, a + 3) + 1)
    ]
    shares = np.full((len(runs), 10), 1e-6)
    shares[:, [1, 2, 7]] = rng.dirichlet(np.full(4, 0.4), len(runs))[:, :3] + 1e-6
    row = RowGraph.of(BOX, ((0, 0, 50, 200),) * pieces, runs, shares.astype(np.float32))
    skips = np.exp(left_out_scores(runs, scores_of_no_digit(shares), pieces, COSTS))
    weights = shares * np.exp([[-cost_of(run, COSTS)] for run in runs])

    def every_path(piece: int, spelled: str, weight: float, digits: float):
        if piece == pieces:
            yield spelled, weight, digits
            return
        yield from every_path(piece + 1, spelled, weight * skips[piece], digits)
        for index, run in enumerate(runs):
            if run.first == piece:
                for digit in (1, 2, 7):
                    is_digit = min(1.0, shares[index].sum())
                    taken = weight * weights[index, digit]
                    yield from every_path(run.last, spelled + str(digit), taken, digits * is_digit)

    paths = list(every_path(0, "", 1.0, 1.0))
    if asked is None:
        total = sum(weight for _, weight, _ in paths)
        for text in ["".join(signs) for count in (1, 2) for signs in product("127", repeat=count)]:
            expected = sum(weight * digits for spelled, weight, digits in paths if spelled == text) / total
            assert row.share(text, BOX) == pytest.approx(expected, rel=2e-3, abs=1e-5)
    else:
        pattern = Pattern.parse(asked)
        total = sum(weight * pattern.ways(spelled) for spelled, weight, _ in paths)
        expected = sum(weight * digits for spelled, weight, digits in paths if spelled == "12") * pattern.ways("12")
        if total > 1e-2:  # so much that digits which no candidate looks like do not count
            assert row.share("12", BOX, pattern) == pytest.approx(expected / total, rel=1e-2, abs=1e-4)


def signs_of(row: RowGraph, *numbers: int) -> tuple[ScoredCandidate, ...]:
    return tuple(
        ScoredCandidate(
            Candidate(number, number + 1, row.pieces[number], np.zeros((1, 1), np.float32), 1.0, 0.6, 0.0),
            np.zeros((28, 28), np.uint8),
            row.probabilities[number],
        )
        for number in numbers
    )


def test_what_is_surely_a_digit_takes_no_share_by_being_left_out():
    runs = [candidate(piece, piece + 1) for piece in range(5)]
    sure, doubtful = (graph(runs, *[{3: 1.0}] * 4, {8: share}, pieces=5) for share in (1.0, 0.5))
    assert sure.share("33338", BOX) > 0.999
    assert sure.share("3333", BOX) < 1e-6 < doubtful.share("3333", BOX)


def test_the_confidence_of_a_line_is_the_root_of_its_share_times_the_probabilities_of_its_labels():
    runs = [candidate(piece, piece + 1) for piece in range(3)]
    row = graph(runs, {3: 0.72, 8: 0.08}, {8: 0.8, 0: 0.2}, {5: 1.0}, pieces=3)
    page = PageReading((signs_of(row, 0, 1, 2),), (frozenset(),), graphs=(row,))
    share = row.share("385", (0, 0, 50, 110))
    [confidence] = most_confident([page], [page, page]).confidences
    assert confidence == pytest.approx(share**SHARE_POWER * 0.9 * 0.8, rel=1e-4)
    [beside_nothing] = most_confident([page], [page, PageReading()]).confidences
    assert beside_nothing == pytest.approx((share / 2) ** SHARE_POWER * 0.9 * 0.8, rel=1e-4)


def test_that_digits_are_some_counts_once_more_in_a_line_that_may_be_no_number():
    row = graph([candidate(0, 1), candidate(1, 2)], {3: 0.72, 8: 0.08}, {8: 0.8, 0: 0.2}, pieces=2)
    page = PageReading((signs_of(row, 0, 1),), (frozenset(),), graphs=(row,))
    [confidence] = most_confident([page], [page]).confidences
    assert confidence == pytest.approx(row.share("38", (0, 0, 50, 70)) ** SHARE_POWER * 0.72 * 0.8, rel=1e-4)


def test_the_reading_has_as_many_lines_as_the_middle_one_of_all_thresholds():
    row = graph([candidate(piece, piece + 1) for piece in range(3)], {3: 0.9}, {8: 0.9}, {5: 1.0}, pieces=3)
    of_lines = {
        count: PageReading(
            tuple(signs_of(row, number) for number in range(count)), (frozenset(),) * count, graphs=(row,)
        )
        for count in (1, 2, 3)
    }
    for counts, chosen in (((1, 2, 3), 2), ((3, 1, 1), 1), ((1, 2), 1)):
        hypotheses = [of_lines[count] for count in counts]
        assert len(most_confident(hypotheses, hypotheses).lines) == chosen


@pytest.mark.parametrize(
    ("last_probability", "shown", "text"),
    [
        (1.0, "short full", "385"),
        (1.0, "short full full", "385"),
        (1.0, "short full short", "38"),
        (0.8, "short full", "38"),
    ],
)
def test_a_sure_digit_beside_the_others_is_read_where_half_of_the_thresholds_show_it(last_probability, shown, text):
    runs = [candidate(piece, piece + 1) for piece in range(3)]
    row_of = {
        "short": graph(runs[:2], {3: 1.0}, {8: 1.0}, pieces=2),
        "full": graph(runs, {3: 1.0}, {8: 1.0}, {5: last_probability}, pieces=3),
    }
    page_of = {
        name: PageReading((signs_of(row, *range(len(row.pieces))),), (frozenset(),), graphs=(row,))
        for name, row in row_of.items()
    }
    hypotheses = [page_of[name] for name in shown.split()]
    assert most_confident(hypotheses, [*hypotheses, PageReading()]).text == text


def test_pieces_over_one_another_or_as_near_as_a_stroke_is_wide_are_one_group():
    arc, foot, other = (0, 10, 20, 18), (24, 20, 40, 30), (5, 40, 30, 50)
    assert _groups([arc, foot, other], gap=4.0) == [(0, 10, 40, 30)]
    assert _groups([arc, foot, other], gap=1.0) == []
    assert _groups([arc, other, (30, 12, 34, 44)], gap=0.0) == [(0, 10, 34, 50)]


def test_a_threshold_that_shows_what_may_be_digits_shows_digits():
    box = (0, 0, 10, 10)
    shown = [shows_digits(PageReading(ignored=((box, reason),))) for reason in ("may be digits", "not digits")]
    assert shown == [True, False]


def test_a_mark_above_makes_a_digit_doubtful_unless_it_stands_in_a_number():
    row = graph([candidate(piece, piece + 1) for piece in range(3)], {3: 0.9}, {8: 0.8}, {5: 1.0}, pieces=3)
    mark = ((-12, 50, -4, 62), "speck")
    alone, number = (with_doubt(line, [mark], (60, 120)) for line in (signs_of(row, 0, 1), signs_of(row, 0, 1, 2)))
    assert [sign.probability for sign in alone] == pytest.approx([0.9, 0.8 * LIKELY])
    assert [sign.probability for sign in number] == pytest.approx([0.9, 0.8, 1.0])


@pytest.mark.parametrize(("edge", "is_doubtful"), [(50, True), (60, False)])
def test_a_digit_of_a_number_that_is_not_sure_is_doubtful_where_an_edge_may_have_cut_it(edge, is_doubtful):
    row = graph([candidate(piece, piece + 1) for piece in range(3)], {3: 0.95}, {8: 0.8}, {5: 1.0}, pieces=3)
    lower = [
        replace(sign, candidate=replace(sign.candidate, box=(9, *sign.box[1:]))) for sign in signs_of(row, 0, 1, 2)
    ]
    marked = with_doubt(lower, [], (edge, 200))
    assert [bool(sign.doubt) for sign in marked] == [False, is_doubtful, False]


@pytest.mark.parametrize(
    ("labels", "lefts", "top", "sides"),
    [
        ("13181", (0, 40, 80, 120, 160), 0, {0, 2, 4}),
        ("313181", (0, 40, 80, 120, 160, 200), 0, {1, 3, 5}),
        ("13181", (0, 40, 80, 120, 175), 0, set()),  # a hand sets them less evenly
        ("11111", (0, 40, 80, 120, 160), 0, set()),
        ("131", (0, 40, 80), 0, set()),
        ("1325171", (0, 40, 80, 120, 160, 200, 240), 15, {0, 4, 6}),
        ("1325171", (0, 40, 80, 120, 160, 200, 240), 0, set()),  # as high as the others
        ("1325171", (0, 40, 80, 120, 175, 200, 240), 15, set()),
    ],
)
def test_evenly_spaced_ones_between_all_other_digits_or_lower_than_they_may_be_sides_of_boxes(
    labels, lefts, top, sides
):
    stroke = np.zeros((50, 30), np.float32)
    stroke[:, 13:17] = 1.0
    digits = [
        ScoredCandidate(
            Candidate(0, 1, (top if label == "1" else 0, left, 50, left + 30), stroke, 1.0, 0.6, 0.0),
            stroke,
            np.eye(10, dtype=np.float32)[int(label)],
        )
        for label, left in zip(labels, lefts, strict=True)
    ]
    assert find_sides(digits) == sides


def test_a_comb_whose_sides_are_read_as_ones_is_not_accepted(reader, mnist):
    writer = Writer(mnist.test_images, mnist.test_labels, np.random.default_rng(3))
    canvas = np.zeros((180, 420), np.float32)
    for place, label in enumerate("74827"):
        digit = writer.write_line(label, WritingStyle(height=50, jitter=0.0))
        rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
        ink = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        left = 75 + 60 * place - ink.shape[1] // 2
        canvas[120 - len(ink) : 120, left : left + ink.shape[1]] = ink
    for side in range(6):
        cv2.line(canvas, (45 + 60 * side, 68), (45 + 60 * side, 122), 1.0, 4)
    reading = reader.read(photograph_line(canvas, writer.rng), grid=False)
    assert reading.text == "17141812171"
    assert reading.is_rejected
    assert reading.remark == "not accepted: evenly spaced ones may be sides of boxes"


@pytest.mark.parametrize(
    ("strip", "lost"),
    [((0, 0, 50, 34), []), ((0, 0, 400, 300), [(0, 0, 50, 30)]), ((60, 0, 110, 34), [(0, 0, 50, 30)])],
)
def test_ink_at_the_edge_is_no_digit_lost_where_another_threshold_takes_it_for_one(strip, lost):
    row = graph([candidate(piece, piece + 1) for piece in range(3)], {1: 1.0}, {8: 1.0}, {5: 1.0}, pieces=3)
    chosen = PageReading((signs_of(row, 1, 2),), (frozenset(),), ignored=((strip, AT_EDGE),))
    another = PageReading((signs_of(row, 0, 1, 2),), (frozenset(),))
    ignored = with_losses(chosen, [chosen, another]).ignored
    assert [box for box, reason in ignored if reason == MAY_BE_DIGITS] == lost


@pytest.mark.parametrize(
    ("signs", "kept"),
    [([], ""), ([(40, 52, 50, 62)], "3000"), ([(40, 33, 50, 38)], "")],  # none, a point in the middle, one aside
)
def test_a_point_fills_the_white_between_digits_that_are_one_word(signs, kept):
    runs = [candidate(piece, piece + 1) for piece in range(4)]
    row = graph(runs, {3: 1.0}, {0: 0.7}, {0: 0.7}, {0: 0.7}, pieces=4)
    places = [(0, left, 50, left + 30) for left in (0, 90, 122, 154)]
    digits = [
        replace(digit, candidate=replace(digit.candidate, box=box))
        for digit, box in zip(signs_of(row, 0, 1, 2, 3), places, strict=True)
    ]
    numbers, ignored = numbers_of(digits, [], signs, frozenset())
    assert ("".join(digit.label for digit in numbers), len(ignored)) == (kept, 4 - len(kept))


@pytest.mark.parametrize(
    ("text", "sign", "lost"),
    [(".", (0, 0, 12, 12), [(0, 0, 50, 30)]), ("/", (0, 0, 50, 20), []), (":", (0, 0, 50, 20), [(0, 0, 50, 30)])],
)
def test_points_over_a_digit_that_another_threshold_shows_do_not_hide_it(text, sign, lost):
    row = graph([candidate(piece, piece + 1) for piece in range(3)], {0: 0.6}, {8: 1.0}, {5: 1.0}, pieces=3)
    placed = PlacedSign(text, sign, 0)
    chosen = PageReading((signs_of(row, 1, 2),), (frozenset(),), signs=((placed,),))
    another = PageReading((signs_of(row, 0, 1, 2),), (frozenset(),))
    told = with_losses(chosen, [chosen, another]).ignored
    assert [box for box, reason in told if reason == MAY_BE_DIGITS] == lost


@pytest.mark.parametrize(
    ("box", "numbers", "is_doubted"),
    [
        ((10, 112, 60, 125), (0, 1, 2), True),  # a digit that the lower edge cuts
        ((0, 100, 60, 170), (0, 1, 2), True),  # a fold askew, on which digits hang
        ((0, 112, 60, 118), (0, 1, 2), False),  # a rule from the upper edge to the lower one
        ((35, 112, 60, 125), (0, 1, 2), False),  # lower than a digit
        ((10, 190, 60, 200), (0, 1, 2), False),  # far off
        ((10, 0, 60, 180), (0,), True),  # more than the digit
        ((10, 35, 60, 45), (0,), False),  # a sliver beside it
    ],
)
def test_ink_from_an_edge_that_is_as_high_as_the_line_beside_it_makes_it_doubtful(box, numbers, is_doubted):
    row = graph([candidate(piece, piece + 1) for piece in range(3)], {3: 1.0}, {8: 1.0}, {5: 1.0}, pieces=3)
    line = with_doubt(signs_of(row, *numbers), [(box, AT_EDGE)], (60, 200))
    assert [digit.doubt for digit in line] == [CUT_OFF * is_doubted] * len(numbers)


def test_a_pattern_leaves_a_text_fewer_rivals():
    torn = graph([candidate(0, 1), candidate(1, 2)], {3: 1.0}, {1: 0.5, 7: 0.5}, pieces=2)
    assert torn.share("31", BOX, Pattern.parse(r"\d[0-4]")) > 0.9
    assert torn.share("3-1", BOX, Pattern.parse(r"\d-[0-4]")) == pytest.approx(
        torn.share("31", BOX, Pattern.parse(r"\d[0-4]"))
    )


def test_a_row_at_another_threshold_is_found_by_its_place():
    rows = [RowGraph.of((top, 0, top + 40, 300), (), [], np.zeros((0, 10), np.float32)) for top in (0, 100)]
    assert find_row(rows, (105, 20, 135, 200)) is rows[1]
    assert find_row(rows, (200, 20, 235, 200)) is None


def test_a_low_ring_costs_more_to_leave_out_than_a_low_blot():
    ring, blot = ([candidate(0, 1, height=0.35, is_ring=is_ring)] for is_ring in (True, False))
    high = [-COSTS.left_out]
    assert left_out_scores(ring, high, 1, COSTS)[0] < left_out_scores(blot, high, 1, COSTS)[0] - 1


@pytest.mark.parametrize("size", [0.3, 0.4, 0.5])
def test_zeros_written_far_smaller_than_their_neighbours_are_read(reader, mnist, size: float):
    writer, right = Writer(mnist.test_images, mnist.test_labels, np.random.default_rng(4)), 0
    for _ in range(6):
        style = WritingStyle(height=80, pen=0.06)
        high, low = (
            writer.write_line("51", style),
            writer.write_line("0", WritingStyle(height=round(80 * size), pen=0.1)),
        )
        canvas = np.zeros((240, high.shape[1] + low.shape[1]), np.float32)
        canvas[:, : high.shape[1]] = high
        rows = np.flatnonzero(low.any(axis=1))
        zero = low[rows[0] : rows[-1] + 1, np.flatnonzero(low.any(axis=0))]
        left = np.flatnonzero(high.any(axis=0))[-1] + 25
        canvas[160 - len(zero) : 160, left : left + zero.shape[1]] = zero
        right += reader.read(photograph_line(canvas, writer.rng)).text.replace(" ", "").endswith("0")
    assert right >= 5


def test_a_line_is_accepted_or_not_as_a_whole(reader, mnist):
    writer = Writer(mnist.test_images, mnist.test_labels, np.random.default_rng(5))
    readings = [
        reader.read(photograph_line(writer.write_line(text, WritingStyle()), writer.rng)) for text in ("30862", "914")
    ]
    for reading in readings:
        assert len(reading.confidences) == 1
        least = reader._recognizer.calibration.line.min_confidence
        assert reading.is_rejected == (reading.confidences[0] < least)


def test_no_line_is_accepted_with_what_is_likelier_no_digit_than_its_label(reader):
    row = graph([candidate(0, 1), candidate(1, 2)], {3: 1.0}, {8: 0.46, 0: 0.04}, pieces=2)
    assert not reader._is_sure(signs_of(row, 0, 1) * 2, 1.0, "line")
    row = graph([candidate(0, 1), candidate(1, 2)], {3: 1.0}, {8: 0.5, 0: 0.04}, pieces=2)
    assert reader._is_sure(signs_of(row, 0, 1) * 2, 1.0, "line")


def test_light_figures_on_a_dark_plate_in_light_surroundings_are_read(reader, mnist):
    writer = Writer(mnist.test_images, mnist.test_labels, np.random.default_rng(7))
    figures = writer.write_line("20864", WritingStyle(height=70, gap=0.3))
    rows, columns = np.flatnonzero(figures.any(axis=1)), np.flatnonzero(figures.any(axis=0))
    figures = figures[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    plate = np.pad(60 + 180 * np.clip(figures, 0, 1), 25, constant_values=60)
    page = np.pad(plate, 60, constant_values=180).astype(np.uint8)
    reading = reader.read(page)
    assert (reading.text, str(reading.polarity)) == ("20864", "ink-high")


def test_a_digit_that_is_no_line_is_given_as_with_single_but_rejected(reader, mnist):
    """Squared paper whose rules are as dark as the pen: nothing stands out as a line."""
    result = 0
    for index in np.flatnonzero(mnist.test_labels == 3)[:6]:
        writer = Writer(mnist.test_images[index : index + 1], np.array([3], np.uint8), np.random.default_rng(7))
        writer.indices_by_label[3] = np.array([0])
        digit = writer.write_line("3", WritingStyle(height=110, pen=0.1))
        digit[::22] = digit[:, ::22] = np.maximum(digit[::22].max(initial=0), 0.0)
        reading = reader.read(photograph_line(digit, writer.rng))
        assert all(one.is_rejected for one in reading.digits) or reading.confidences[0] > 0
        result += bool(reading.digits)
    assert result >= 1
