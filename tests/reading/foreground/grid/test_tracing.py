"""Runs are rules from end to end, and parted where white lies between."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.reading.foreground.grid.rule import Rule
from lenet.reading.foreground.grid.tracing import MIN_COVERAGE, MIN_GAP, inked_parts, trace_rules
from lenet.reading.foreground.ink import MIN_GRAIN, InkMap, Polarity
from tests.reading.drawn_tables import MARGIN, SIDE, grid_of, table_of


def parts_by_morphology(is_inked: np.ndarray, min_length: int) -> list[tuple[int, int]]:
    """Runs of ink once the gaps that a printer leaves are closed, long enough and with enough ink."""
    gap = MIN_GAP + 1
    row = np.pad(is_inked.astype(np.uint8), gap)[None]
    closed = cv2.morphologyEx(row, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))[0]
    edges = (np.flatnonzero(np.diff(closed)) + 1 - gap).tolist()
    return [
        (start, end)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if end - start >= min_length and np.mean(is_inked[start:end]) >= MIN_COVERAGE
    ]


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 12)), max_size=12), st.integers(-8, 8), st.integers(1, 12))
@settings(max_examples=300, deadline=None)
def test_parts_of_a_rule_are_what_closing_its_gaps_leaves(pieces, start, min_length):
    is_inked = np.array([inked for inked, count in pieces for _ in range(count)], bool)
    mask = np.zeros((9, max(1, len(is_inked) + start)), np.uint8)
    along = np.arange(max(0, start), start + len(is_inked))
    mask[4, along] = is_inked[along - start]
    rule = Rule(start, np.full(len(is_inked), 4.2, np.float32), 1.0, True)
    expected = parts_by_morphology(is_inked[along - start], min_length)
    parts = inked_parts(rule, mask, min_length)
    assert [(part.start, part.end) for part in parts] == [(max(0, start) + a, max(0, start) + b) for a, b in expected]


def test_rules_of_an_even_table_end_as_far_from_its_middle_as_they_begin(digits):
    grid = grid_of(table_of(["  ", "  "], digits, width=3))
    assert grid is not None
    assert {(rule.start + rule.end - 1) / 2 for rule in grid.rules} == {MARGIN + SIDE}


def test_a_rule_ends_where_its_course_leaves_the_picture():
    levels = np.zeros((200, 400), np.float32)
    for left, right in (((20, 60), (400, 83)), ((20, 180), (400, 203)), ((20, 60), (20, 180)), ((300, 76), (300, 196))):
        cv2.line(levels, left, right, 1.0, 5)
    levels[-2:] = 1  # a table's edge, along which the ink goes on
    mask = (levels > 0.5).view(np.uint8)
    ink = InkMap(levels, MIN_GRAIN, 1.0, Polarity.PAPER_HIGH)
    rules = trace_rules(ink, mask, mask, 0.5)
    assert rules
    assert all(rule.middles.min() >= 0 and rule.middles.max() <= 199 for rule in rules if rule.is_level)
