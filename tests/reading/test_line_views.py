"""Test-time augmentation of lines: their views, and the confidence that is averaged over them."""

from dataclasses import replace

import numpy as np
import pytest

from lab.synthesis.written_lines import Writer, WritingStyle, photograph_line
from lenet.reading import Reader
from lenet.reading.foreground.ink import InkMap, Polarity
from lenet.reading.lines import hypotheses
from lenet.reading.lines.augmentation import STRETCH, views_of_line
from lenet.reading.recognition import Recognizer
from lenet.reading.scoring import PageReading


def page(*boxes: tuple[int, int, int, int]) -> InkMap:
    levels = np.zeros((300, 400), np.float32)
    for top, left, bottom, right in boxes:
        levels[top:bottom, left:right] = 1.0
    return InkMap(levels, 0.004, 1.0, Polarity.PAPER_HIGH)


def test_a_line_has_views_with_its_top_to_the_right_and_to_the_left_and_a_narrow_and_a_wide_one():
    bar = (100, 150, 160, 250)
    views = [view.levels > 0.5 for view, _ in views_of_line(page(bar), np.zeros((300, 400), np.uint8), [bar])]
    rows = [np.flatnonzero(view.any(axis=1))[[0, -1]] for view in views]
    moved = [int(view[top].argmax()) - int(view[foot].argmax()) for view, (top, foot) in zip(views, rows, strict=True)]
    widths = [int(view[top].sum()) for view, (top, _) in zip(views, rows, strict=True)]
    assert moved == pytest.approx([9, -9, 0, 0], abs=1)
    assert widths == pytest.approx([100, 100, 100 / STRETCH, 100 * STRETCH], abs=1)


def test_a_view_holds_the_ink_of_its_line_alone_and_none_at_its_edges():
    digit, piece, neighbor = (100, 150, 160, 190), (140, 196, 158, 200), (90, 204, 160, 240)
    ink = page(digit, piece, neighbor)
    rules = np.zeros(ink.levels.shape, np.uint8)
    rules[158:161] = 1
    for view, view_rules in views_of_line(ink, rules, [digit, piece]):
        assert view.levels.shape == view_rules.shape
        assert not np.concatenate([view.levels[0], view.levels[-1], view.levels[:, 0], view.levels[:, -1]]).any()
        stretch = (view.levels > 0.5).sum() / (60 * 40 + 18 * 4)
        assert 1 / STRETCH - 0.02 < stretch < STRETCH + 0.02
        assert view_rules.any()


@pytest.fixture(scope="module")
def doubtful(mnist) -> tuple[PageReading, InkMap, list[float]]:
    """A line that is read right and is not sure, with what it was read from."""
    writer = Writer(mnist.test_images, mnist.test_labels, np.random.default_rng(1))
    reader, seen = Reader(), []

    def spy(reading, ink, rules, thresholds, recognizer, pattern=None):
        seen.append((reading, ink, thresholds))
        return reading

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hypotheses, "average_over_views", spy)
        for _ in range(60):
            seen.clear()
            reader.read(photograph_line(writer.write_line("38526", WritingStyle(height=60, gap=0.0)), writer.rng))
            for reading, ink, thresholds in seen:
                is_one_line = [len(line) for line in reading.lines] == [5]
                if is_one_line and reading.text == "38526" and 0.3 < reading.confidences[0] < 0.85:
                    return reading, ink, thresholds
    raise AssertionError("no line of sixty is doubtful")


def average(doubtful, **changes) -> float:
    reading, ink, thresholds = doubtful
    reading = replace(reading, **changes)
    no_rules = np.zeros(ink.levels.shape, np.uint8)
    return hypotheses.average_over_views(reading, ink, no_rules, thresholds, Recognizer()).confidences[0]


def test_a_text_that_no_view_is_read_as_keeps_a_fifth_of_its_confidence(doubtful, monkeypatch):
    [confidence] = doubtful[0].confidences
    blank = doubtful[1].with_levels(np.zeros((60, 60), np.float32))
    monkeypatch.setattr(hypotheses, "views_of_line", lambda *_: [(blank, np.zeros((60, 60), np.uint8))] * 4)
    assert average(doubtful) == pytest.approx(confidence / 5)


def test_a_line_that_all_views_are_read_as_is_surer_than_one_that_none_is(doubtful):
    [confidence] = doubtful[0].confidences
    assert confidence / 5 < average(doubtful) < (confidence + 4) / 5


def test_what_is_sure_and_what_is_not_accepted_for_another_reason_is_not_read_again(doubtful, monkeypatch):
    monkeypatch.setattr(hypotheses, "views_of_line", lambda *_: pytest.fail("read again"))
    reading = doubtful[0]
    assert average(doubtful, confidences=(0.95,)) == 0.95
    doubted = tuple(replace(digit, doubt="it may be a sign") for digit in reading.lines[0])
    assert average(doubtful, lines=(doubted,)) == reading.confidences[0]
    assert average(doubtful, lines=(reading.lines[0][:2],)) == reading.confidences[0]
