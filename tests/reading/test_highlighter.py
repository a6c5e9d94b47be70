"""A highlighter's mark is no ink: what is written under it is read, and a thick pen of the same color stays ink."""

import numpy as np
import pytest

import lenet
from lab.benchmarks.camera import composite_ink, to_uint8
from lab.benchmarks.filled_forms import draw_form
from lab.benchmarks.large_digits import draw_row, pad_with_paper
from lenet.reading.foreground.ink import find_ink

PAPER, BLUE, BLACK, RED = (0.94, 0.94, 0.92), (0.10, 0.16, 0.50), (0.08, 0.08, 0.10), (0.75, 0.10, 0.12)
YELLOW, PINK, GREEN = (0.97, 0.95, 0.25), (0.98, 0.55, 0.72), (0.55, 0.95, 0.50)


@pytest.fixture(scope="module")
def ink(mnist) -> np.ndarray:
    """A page with 28604 in the middle."""
    images = [mnist.test_images[np.flatnonzero(mnist.test_labels == label)[3]] for label in (2, 8, 6, 0, 4)]
    return pad_with_paper(draw_row(images, 60, np.random.default_rng(5)))


def highlighted(ink: np.ndarray, pen: tuple, marker: tuple, share: float) -> np.ndarray:
    """A page with a swipe of a highlighter over the left part of what is written, this share of it."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    scene = np.full((*ink.shape, 3), PAPER, np.float32)
    right = columns[0] + round(share * (columns[-1] - columns[0])) + 12
    scene[rows[0] - 8 : rows[-1] + 8, columns[0] - 20 : right] *= np.float32(marker)
    return to_uint8(composite_ink(scene, ink, pen))


@pytest.mark.parametrize("marker", [YELLOW, PINK, GREEN], ids=["yellow", "pink", "green"])
@pytest.mark.parametrize("pen", [BLUE, BLACK, RED], ids=["blue", "black", "red"])
def test_what_is_written_under_a_highlighter_is_read(ink, pen, marker):
    for share in (0.55, 1.0):
        assert lenet.read(highlighted(ink, pen, marker, share)).text == "28604"


@pytest.mark.parametrize("color", [(0.95, 0.85, 0.10), (0.95, 0.45, 0.60), (0.30, 0.80, 0.30)])
def test_a_thick_pen_of_a_highlighters_color_stays_ink(mnist, color):
    images = [mnist.test_images[np.flatnonzero(mnist.test_labels == label)[3]] for label in (7, 3)]
    wide = pad_with_paper(draw_row(images, 150, np.random.default_rng(5)))
    scene = np.full((*wide.shape, 3), PAPER, np.float32)
    assert lenet.read(to_uint8(composite_ink(scene, wide, color))).text == "73"


def test_a_swipe_under_which_nothing_is_written_stays_ink():
    scene = np.full((400, 400, 3), PAPER, np.float32)
    scene[100:300, 180:230] *= np.float32(YELLOW)
    assert find_ink(to_uint8(scene)).levels[120:280, 190:220].min() > 0.3


def test_red_digits_on_red_squares_are_no_swipe(reader, mnist):
    form = draw_form("squared", 2, mnist, 81)
    assert reader.read(form.photo).text == form.text


def test_a_thick_digit_that_hardly_darkens_one_color_is_no_swipe(reader, mnist):
    """Dark blue on brown paper in dim light: parts of it are inked in blue by chance."""
    form = draw_form("dotted", 5, mnist, 223)
    assert reader.read(form.photo).text == form.text
