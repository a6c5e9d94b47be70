"""Circles, ovals and balloons around digits are no digits, and what stands in them is read."""

import cv2
import numpy as np
import pytest

import lenet
from lab.benchmarks.large_digits import draw_row, pad_with_paper, to_gray_levels
from lenet.reading.lines.frames import FRAME, find_frames
from lenet.reading.lines.layout import find_components

PEN = 6  # pixels


@pytest.fixture(scope="module")
def images(mnist) -> list[np.ndarray]:
    """A clear digit of each label."""
    return [mnist.test_images[np.flatnonzero(mnist.test_labels == label)[3]] for label in range(10)]


def framed(images: list[np.ndarray], text: str, start: int = 0, end: int = 360, is_balloon: bool = False) -> np.ndarray:
    """A page with a number, and an oval drawn around it, open between two angles; a balloon's has a tail."""
    ink = draw_row([images[int(digit)] for digit in text], 60, np.random.default_rng(5))
    height, width = ink.shape
    page = np.pad(ink, 120)
    center = (page.shape[1] // 2, page.shape[0] // 2)
    axes = (width // 2 + 46, height // 2 + 32)
    cv2.ellipse(page, center, axes, 0, start, end, 1.0, PEN, cv2.LINE_AA)
    if is_balloon:
        tip = (center[0] - 60, center[1] + axes[1] + 44)
        for x in (-34, -4):
            cv2.line(page, (center[0] + x, center[1] + axes[1] - 4), tip, 1.0, PEN, cv2.LINE_AA)
    return np.asarray(to_gray_levels(page), np.uint8)


@pytest.mark.parametrize("text", ["9", "57", "2048"])
@pytest.mark.parametrize(("start", "end"), [(0, 360), (15, 350)], ids=["closed", "open"])
def test_a_number_in_an_oval_is_read_and_the_oval_told(images, text, start, end):
    reading = lenet.read(framed(images, text, start, end))
    assert reading.text.replace(" ", "") == text
    assert FRAME in {piece.reason for piece in reading.ignored}


def test_a_number_in_a_speech_balloon_is_read(images):
    assert lenet.read(framed(images, "57", is_balloon=True)).text == "57"


def test_a_ring_in_a_ring_is_not_accepted_as_a_zero():
    page = np.zeros((240, 240), np.float32)
    for radius in (44, 60):
        cv2.circle(page, (120, 120), radius, 1.0, PEN, cv2.LINE_AA)
    assert lenet.read(np.asarray(to_gray_levels(page), np.uint8)).is_rejected


@pytest.mark.parametrize("stroke", [((60, 58), (60, 64)), ((52, 76), (68, 44))], ids=["point", "slash"])
def test_a_zero_with_a_point_or_a_stroke_in_it_is_no_frame(stroke):
    mask = np.zeros((120, 120), np.uint8)
    cv2.ellipse(mask, (60, 60), (30, 44), 0, 0, 360, 1, PEN)
    cv2.line(mask, *stroke, 1, PEN)
    labels, components = find_components(mask, mask.astype(np.float32))
    assert len(components) == 2
    assert find_frames(components, labels) == []


@pytest.mark.parametrize(("reach", "is_frame"), [(0, True), (60, False)], ids=["bare", "with a digit"])
def test_an_oval_that_a_digit_hangs_on_is_no_frame(reach, is_frame):
    mask = np.zeros((160, 260), np.uint8)
    cv2.ellipse(mask, (130, 80), (120, 70), 0, 0, 360, 1, PEN)
    cv2.ellipse(mask, (90, 80), (18, 30), 0, 0, 360, 1, PEN)  # a zero in it
    cv2.polylines(mask, [np.array([[250, 50], [250 - reach, 50], [250 - reach, 110]])], False, 1, PEN)
    labels, components = find_components(mask, mask.astype(np.float32))
    assert len(components) == 2
    assert (find_frames(components, labels) != []) == is_frame


@pytest.mark.parametrize(("reach", "is_frame"), [(0, True), (60, False)], ids=["bare", "with a digit"])
def test_a_frame_around_two_lines_that_a_digit_of_one_hangs_on_is_no_frame(reach, is_frame):
    mask = np.zeros((190, 260), np.uint8)
    cv2.rectangle(mask, (10, 10), (250, 180), 1, PEN)
    for y in (55, 135):
        cv2.ellipse(mask, (90, y), (18, 30), 0, 0, 360, 1, PEN)
    cv2.polylines(mask, [np.array([[250, 32], [250 - reach, 32], [250 - reach, 72]])], False, 1, PEN)
    labels, components = find_components(mask, mask.astype(np.float32))
    assert (find_frames(components, labels) != []) == is_frame


@pytest.mark.parametrize(("gap", "is_frame"), [(8, True), (0, False)], ids=["drawn", "through the picture"])
def test_rules_through_the_picture_and_a_digit_that_touches_one_are_no_frame(gap, is_frame):
    mask = np.zeros((160, 260), np.uint8)
    for y in (30, 130):
        mask[y - 2 : y + 2, gap : 260 - gap] = 1
    mask[gap : 160 - gap, 38:42] = 1
    cv2.ellipse(mask, (90, 80), (18, 30), 0, 0, 360, 1, PEN)  # a zero beside the margin
    cv2.line(mask, (150, 30), (150, 110), 1, PEN)
    labels, components = find_components(mask, mask.astype(np.float32))
    assert (find_frames(components, labels) != []) == is_frame


def test_a_zero_beside_other_digits_stays_one(images):
    page = pad_with_paper(draw_row([images[int(digit)] for digit in "60098"], 60, np.random.default_rng(5)))
    reading = lenet.read(np.asarray(to_gray_levels(page), np.uint8))
    assert reading.text == "60098"
    assert not reading.ignored
