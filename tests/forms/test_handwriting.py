"""What is written on a page without its print: strokes at rules stay, and what blur has closed is opened."""

import cv2
import numpy as np

from lenet.forms.alignment import AlignedPage, Sheet
from lenet.forms.handwriting import sharpen, written_levels

WINDOW = (slice(0, 60), slice(0, 60))


def blurred(levels: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(np.float32(levels), (0, 0), 0.8)


def page(written: np.ndarray) -> tuple[AlignedPage, Sheet]:
    """A page with a rule at rows 20 and 21, and on it what is written, as dark as print."""
    rule = np.zeros((60, 60), np.float32)
    rule[20:22] = 1
    places = np.zeros((60, 60, 2), np.float32)
    none = np.zeros((0, 2), np.float32)
    sheet = Sheet(blurred(rule), (1.0, 1.0), none, none)
    return AlignedPage(blurred(np.maximum(rule, written)), np.ones((60, 60), bool), places, 1.0, 0), sheet


def test_a_rule_is_taken_out_and_a_stroke_across_it_stays_whole():
    stroke = np.zeros((60, 60), np.float32)
    stroke[5:50, 28:32] = 1
    for growth in (0, 1):
        levels = written_levels(*page(stroke), WINDOW, growth)
        assert levels[18:24, 29:31].min() > 0.6
        assert levels[:, :20].max() < 0.5


def test_of_a_stroke_along_a_rule_more_stays_where_print_is_taken_to_be_no_wider_than_on_the_sheet():
    stroke = np.zeros((60, 60), np.float32)
    stroke[22:24, 10:50] = 0.8  # paler than print
    wide, narrow = (written_levels(*page(stroke), WINDOW, growth) for growth in (1, 0))
    assert wide[23, 15:45].max() < 0.1
    assert narrow[23, 15:45].min() > 0.5


def test_a_loop_that_blur_has_closed_is_opened_and_bare_paper_stays_bare():
    ring = np.zeros((60, 60), np.float32)
    cv2.circle(ring, (30, 30), 4, 1, 3)
    closed = cv2.GaussianBlur(ring, (0, 0), 1.6)
    opened = sharpen(closed)
    assert closed[30, 30] / closed.max() > 0.4
    assert opened[30, 30] / opened.max() < 0.3
    assert (sharpen(np.zeros((9, 9), np.float32)) == 0).all()
