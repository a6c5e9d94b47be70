"""Dotted paper: its dots are no specks of the digits, and other small marks are no dots."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lab.benchmarks.large_digits import draw_digit
from lenet.reading import Reader
from lenet.reading.foreground.dots import nearest_distances, without_dots
from lenet.reading.foreground.ink import InkMap, Polarity, find_ink


def ink_of(ink: np.ndarray) -> InkMap:
    page = np.asarray(235 - 200 * np.clip(ink, 0, 1), np.uint8)
    return find_ink(np.repeat(page[..., None], 3, axis=2), Polarity.PAPER_HIGH)


def dotted(shape: tuple[int, int], pitch: int) -> np.ndarray:
    ink = np.zeros(shape, np.float32)
    for y in range(12, shape[0], pitch):
        for x in range(12, shape[1], pitch):
            cv2.circle(ink, (x, y), 3, 0.9, -1, cv2.LINE_AA)
    return ink


def test_dots_are_taken_out_and_strokes_stay():
    strokes = np.zeros((240, 320), np.float32)
    cv2.line(strokes, (100, 60), (130, 160), 1.0, 5)
    ink = ink_of(np.maximum(dotted((240, 320), 24), strokes))
    cleared = without_dots(ink)
    seen = cv2.resize(strokes, ink.levels.shape[::-1], interpolation=cv2.INTER_NEAREST)
    far = cv2.dilate(seen, np.ones((101, 101))) == 0
    assert ink.levels[far].max() > 0.5
    assert cleared.levels[far].max() < 0.05
    assert np.array_equal(cleared.levels[seen == 1], ink.levels[seen == 1])


def test_small_marks_at_random_and_a_row_of_points_stay():
    rng = np.random.default_rng(4)
    ink = np.zeros((240, 320), np.float32)
    for x, y in zip(rng.integers(10, 310, 60).tolist(), rng.integers(10, 230, 60).tolist(), strict=True):
        cv2.circle(ink, (x, y), 3, 0.9, -1, cv2.LINE_AA)
    specks = ink_of(ink)
    assert without_dots(specks) is specks
    row = np.zeros((240, 320), np.float32)
    row[100:148] = dotted((48, 320), 24)[:48]
    row[130:] = 0
    points = ink_of(row)
    assert without_dots(points) is points


def test_a_page_of_small_digits_in_even_rows_has_no_dots(mnist):
    ink = np.zeros((600, 900), np.float32)
    zeros = np.flatnonzero(mnist.test_labels == 0)
    for index in range(100):
        digit = draw_digit(mnist.test_images[zeros[index]], 16)
        top, left = 60 + 48 * (index // 10), 120 + 60 * (index % 10)
        ink[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    page = ink_of(ink)
    assert without_dots(page) is page


def test_digits_on_dotted_paper_are_read(mnist):
    ink = dotted((260, 420), 22)
    for column, label in enumerate((7, 8, 9)):
        digit = draw_digit(mnist.test_images[np.flatnonzero(mnist.test_labels == label)[3]], 52)
        window = ink[100 : 100 + digit.shape[0], 110 + 62 * column : 110 + 62 * column + digit.shape[1]]
        np.maximum(window, digit, out=window)
    page = np.asarray(235 - 200 * np.clip(ink, 0, 1), np.uint8)
    assert Reader().read(page).text == "789"


@given(st.lists(st.tuples(*[st.integers(0, 40) | st.floats(0, 2000, width=32)] * 2), min_size=1, max_size=60))
def test_the_nearest_of_those_that_can_be_is_the_nearest_of_all(places):
    points = np.array(places, np.float32)
    distances = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    np.fill_diagonal(distances, np.inf)
    assert np.array_equal(nearest_distances(points), distances.min(axis=1))


def test_of_three_thousand_evenly_spaced_dots_each_is_compared_with_those_of_two_rows(monkeypatch):
    steps, hypot = [], np.hypot
    monkeypatch.setattr(np, "hypot", lambda *sides: steps.append(len(sides[0])) or hypot(*sides))
    rows, columns = np.mgrid[0:60, 0:50]
    points = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float32) * 20
    assert (nearest_distances(points) == 20).all()
    assert len(steps) <= 2 * 50
