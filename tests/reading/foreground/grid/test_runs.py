"""Straight runs of ink are found, and quickly."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.reading.foreground.grid.runs import straight_runs
from tests.reading.drawn_tables import grid_of, page_of, written

sizes = st.integers(1, 90)
seeds = st.integers(0, 2**32 - 1)


def strokes(seed: int, height: int, width: int) -> np.ndarray:
    """A mask with strokes of a pen, specks, and bars along its sides."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(rng.integers(0, 9)):
        start, end = rng.integers(-4, max(height, width) + 4, (2, 2)).tolist()
        if rng.random() < 0.6:
            end[int(rng.integers(0, 2))] = start[0]
        cv2.line(mask, start, end, 1, int(rng.integers(1, 6)))
    return mask | (rng.random(mask.shape) < rng.choice([0.0, 0.01])).astype(np.uint8)


@given(seeds, sizes, sizes, st.integers(4, 20), st.booleans())
@settings(max_examples=150, deadline=None)
def teststraight_runs_are_the_same_where_the_whole_page_is_gone_through(seed, height, width, length, is_level):
    mask = np.pad(strokes(seed, height, width), ((0, 4), (0, 4)))
    whole = mask.copy()
    whole[-1, -1] = 1  # a speck that spreads the ink over the page
    result, expected = (straight_runs(page, length, is_level) for page in (mask, whole))
    assert [(a.start, a.middles.tolist(), a.thickness, a.is_level) for a in result] == [
        (b.start, b.middles.tolist(), b.thickness, b.is_level) for b in expected
    ]


@given(seeds, sizes, sizes, st.integers(4, 20))
@settings(max_examples=100, deadline=None)
def test_upright_runs_are_the_level_ones_of_the_page_on_its_side(seed, height, width, length):
    mask = strokes(seed, height, width)
    upright, level = straight_runs(mask, length, False), straight_runs(np.ascontiguousarray(mask.T), length, True)
    assert [(a.start, a.middles.tolist(), a.thickness) for a in upright] == [
        (b.start, b.middles.tolist(), b.thickness) for b in level
    ]


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
