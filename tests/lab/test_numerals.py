"""Numerals drawn stroke by stroke are whole, varied, and of the digit that their label says."""

import numpy as np
import pytest

from lab.synthesis import numerals
from lab.synthesis.numerals import FORMS, HEIGHT, Pen, draw_numeral
from lab.synthesis.written_lines import Writer, WritingStyle
from lenet.reading.normalization import normalize
from lenet.reading.recognition import Recognizer
from tests.reading.chance import most_by_chance


@pytest.mark.parametrize("label", range(10))
def test_every_digit_can_be_asked_for(label: int):
    rng = np.random.default_rng(label)
    assert {draw_numeral(rng, label)[1] for _ in range(20)} == {label}


def test_all_digits_are_drawn_when_none_is_asked_for():
    rng = np.random.default_rng(0)
    assert {draw_numeral(rng)[1] for _ in range(300)} == set(range(10)) == {label for _, label in FORMS}


def test_a_numeral_lies_whole_inside_its_picture(monkeypatch):
    drawn = [draw_numeral(np.random.default_rng(seed))[0] for seed in range(200)]
    monkeypatch.setattr(numerals, "_MARGIN", 40)
    for seed, ink in enumerate(drawn):
        assert ink.dtype == np.float32
        assert set(np.unique(ink)) == {0.0, 1.0}
        whole = draw_numeral(np.random.default_rng(seed))[0]
        assert ink.sum() == pytest.approx(whole.sum(), rel=0.005)  # but for the rounding of knots
        rows = np.flatnonzero(ink.any(axis=1))
        assert rows[-1] - rows[0] > 0.6 * HEIGHT


def test_a_numeral_follows_from_its_random_numbers_and_hardly_comes_twice():
    drawn = [draw_numeral(np.random.default_rng(seed))[0] for seed in (*range(40), *range(40))]
    for first, again in zip(drawn[:40], drawn[40:], strict=True):
        np.testing.assert_array_equal(first, again)
    assert len({ink.tobytes() for ink in drawn}) == 40


@pytest.mark.parametrize("form", dict.fromkeys(form for form, _ in FORMS), ids=lambda form: form.__name__.strip("_"))
def test_the_strokes_of_a_form_hang_together_and_vary(form):
    strokes = []
    for seed in range(30):
        pen = Pen(np.random.default_rng(seed))
        form(pen)
        strokes.append(np.concatenate(pen.strokes))
        steps = max(np.linalg.norm(np.diff(stroke, axis=0), axis=1).max() for stroke in pen.strokes)
        assert steps < 0.6  # of the height: no jump within a stroke
    widths = [float(np.ptp(points[:, 0])) for points in strokes]
    assert np.std(widths) > 0.02


def test_a_writer_draws_the_share_of_numerals_that_it_was_told(mnist):
    def line(share: float) -> np.ndarray:
        writer = Writer(mnist.test_images[:500], mnist.test_labels[:500], np.random.default_rng(4), share)
        return writer.write_line("0123456789", WritingStyle(jitter=0.0, spread=0.0))

    plain = line(0.0)
    assert plain.shape != line(1.0).shape or (plain != line(1.0)).any()
    writer = Writer(mnist.test_images[:500], mnist.test_labels[:500], np.random.default_rng(4), 1.0)
    _, digits = writer.write_line_with_digits("0123456789", WritingStyle(jitter=0.0))
    assert [digit.label for digit in digits] == list(range(10))
    assert max(max(digit.mask.shape) for digit in digits) < 1.6 * 60


def test_the_network_that_ships_has_learned_these_hands():
    rng = np.random.default_rng(26)
    drawn = [draw_numeral(rng) for _ in range(500)]
    pictures = np.stack([normalize(ink) for ink, _ in drawn])
    answers = Recognizer().probabilities(pictures).argmax(axis=1)
    wrong = int((answers != [label for _, label in drawn]).sum())
    assert wrong <= most_by_chance(500, 0.02)  # of a network that has seen four of the forms, one in twelve is
