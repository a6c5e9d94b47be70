"""Pictures known to hold one digit: crops that show parts of neighbours, rules, dots, and digits in pieces."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from lenet.reading import Reader
from lenet.reading.foreground.ink import InkMap, Polarity, find_ink
from lenet.reading.lines.segmentation import Candidate
from lenet.reading.scoring import ScoredCandidate
from lenet.reading.single import _vote, find_candidates

DIGITS = 40


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def written(image: np.ndarray, height: int = 90) -> np.ndarray:
    """A digit of MNIST as sharp ink of 0..1, cropped, its longer side ``height`` pixels."""
    large = cv2.resize(image, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    ink = np.clip((cv2.GaussianBlur(large, (0, 0), 4) - 0.5) * 6 + 0.5, 0, 1)
    rows, columns = np.flatnonzero((ink > 0.5).any(axis=1)), np.flatnonzero((ink > 0.5).any(axis=0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = height / max(ink.shape)
    return np.clip(cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), 0, 1)


def on_paper(ink: np.ndarray, dark: int = 60, light: int = 220, grain: float = 3) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, grain, ink.shape)
    return np.clip(np.rint(light - ink * (light - dark) + noise), 0, 255).astype(np.uint8)


def with_remnant(ink: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The left third of another digit at the right edge of the crop."""
    canvas = np.pad(ink, ((12, 12), (14, 44)))
    part = other[:, : min(30, other.shape[1] // 3)]
    part = part[: len(canvas) - 24]
    canvas[12 : 12 + len(part), -part.shape[1] :] = part
    return canvas


def with_dot(ink: np.ndarray) -> np.ndarray:
    canvas = np.pad(ink, ((15, 15), (15, 35)))
    cv2.circle(canvas, (canvas.shape[1] - 22, canvas.shape[0] - 20), 5, 1.0, -1)
    return canvas


def above_a_rule(ink: np.ndarray) -> np.ndarray:
    canvas = np.pad(ink, ((15, 30), (20, 20)))
    canvas[-22:-19] = 1
    return canvas


SCENES = {
    "alone": lambda ink, other: np.pad(ink, 20),
    "a remnant of its neighbour": with_remnant,
    "a dot beside it": lambda ink, other: with_dot(ink),
    "a rule below it": lambda ink, other: above_a_rule(ink),
}


@pytest.mark.parametrize("scene", SCENES)
def test_the_digit_is_read_and_not_what_stands_beside_it(reader: Reader, mnist, scene: str):
    right = 0
    for index in range(DIGITS):
        ink, other = written(mnist.test_images[index]), written(mnist.test_images[index + 1])
        reading = reader.read(on_paper(SCENES[scene](ink, other)), single=True)
        assert len(reading.digits) == 1
        right += reading.text == str(mnist.test_labels[index])
    assert right >= 0.92 * DIGITS


def test_the_loose_bar_of_a_5_belongs_to_it(reader: Reader):
    page = np.zeros((150, 120), np.float32)
    cv2.line(page, (52, 34), (92, 30), 1.0, 8)
    cv2.line(page, (46, 52), (45, 72), 1.0, 8)
    cv2.ellipse(page, (58, 94), (26, 26), 0, -110, 150, 1.0, 8)
    reading = reader.read(on_paper(page), single=True)
    assert reading.text == "5"
    top, _, bottom, _ = reading.digits[0].box
    assert top < 32
    assert bottom > 112


def test_a_neighbour_that_hangs_on_is_cut_off(reader: Reader, mnist):
    round_ones = np.flatnonzero(mnist.test_labels == 0)[:12]
    right = 0
    for first, second in pairwise(round_ones):
        other, ink = (written(mnist.test_images[index]) for index in (first, second))
        rest = other[:, -20:]
        crop = np.zeros((120, rest.shape[1] + ink.shape[1] + 20), np.float32)
        crop[15 : 15 + len(rest), : rest.shape[1]] = rest
        part = crop[15 : 15 + len(ink), rest.shape[1] - 4 : rest.shape[1] - 4 + ink.shape[1]]
        np.maximum(part, ink, out=part)
        boxes = [candidate.box for candidate in find_candidates(find_ink(np.dstack([on_paper(crop)] * 3)))]
        assert any(left > 8 for _, left, _, _ in boxes)
        right += reader.read(on_paper(crop), single=True).text == "0"
    assert right >= 9


def test_a_blank_crop_holds_no_digit(reader: Reader):
    reading = reader.read(np.full((80, 80), 200, np.uint8), single=True)
    assert reading.text == ""
    assert "no digits found" in reading.remark


def sign(box: tuple[int, int, int, int], **shares: float) -> ScoredCandidate:
    probabilities = np.zeros(10, np.float32)
    for label, share in shares.items():
        probabilities[int(label.removeprefix("is"))] = share
    candidate = Candidate(0, 1, box, np.ones((box[2] - box[0], box[3] - box[1]), np.float32), 1.0, 1.0, 0)
    return ScoredCandidate(candidate, np.zeros((28, 28), np.uint8), probabilities)


def test_the_answer_is_what_most_candidates_agree_on():
    ink = InkMap(np.ones((50, 50), np.float32), 0.01, 1.0, Polarity.PAPER_HIGH)
    sure = sign((5, 5, 45, 40), is1=0.7, is7=0.3)
    others = [sign((5, 6, 45, 40), is7=0.6), sign((6, 5, 45, 40), is7=0.65)]
    assert _vote([sure], ink).label == "1"
    agreed = _vote([sure, *others], ink)
    assert (agreed.label, agreed.candidate) == ("7", others[1].candidate)


def test_candidates_that_disagree_make_an_answer_less_sure():
    ink = InkMap(np.ones((50, 50), np.float32), 0.01, 1.0, Polarity.PAPER_HIGH)
    nine, stem = sign((5, 5, 45, 40), is9=0.98), sign((5, 8, 45, 40), is1=0.97)
    alone, beside = _vote([nine], ink).probability, _vote([nine, stem], ink).probability
    assert alone == pytest.approx(0.98 / np.sqrt(0.98), abs=1e-4)
    assert beside < alone - 0.01


def test_a_speck_far_from_the_middle_has_no_say():
    ink = InkMap(np.ones((100, 100), np.float32), 0.01, 1.0, Polarity.PAPER_HIGH)
    nine, speck = sign((30, 30, 70, 60), is9=0.98), sign((0, 0, 5, 3), is1=0.99)
    assert _vote([nine, speck], ink).probability == pytest.approx(_vote([nine], ink).probability, abs=1e-3)


def test_a_digit_that_fills_a_tight_crop_is_preferred_to_a_part_of_it():
    ink = InkMap(np.ones((144, 108), np.float32), 0.01, 1.0, Polarity.PAPER_HIGH)
    whole, part = sign((0, 0, 144, 108), is8=0.95), sign((2, 19, 138, 107), is2=0.95)
    assert _vote([whole, part], ink).label == "8"


def test_what_comes_in_from_one_side_of_a_crop_may_be_a_neighbor():
    ink = InkMap(np.ones((100, 100), np.float32), 0.01, 1.0, Polarity.PAPER_HIGH)
    alone, with_neighbor = sign((20, 20, 80, 70), is6=0.95), sign((20, 0, 80, 70), is5=0.95)
    assert _vote([alone, with_neighbor], ink).label == "6"


@pytest.fixture(scope="module")
def framed_digits(mnist) -> list[tuple[np.ndarray, str]]:
    """Pictures of digits' ink with as much white around them, 90 pixels high and more; one for each of ten digits."""
    return [
        (np.pad(written(mnist.test_images[mnist.test_labels == digit][3].reshape(28, 28)), 30), str(digit))
        for digit in range(10)
    ]


@pytest.mark.parametrize("thickness", [3, 8])
@pytest.mark.parametrize("margin", [0, 14])
def test_the_frame_around_a_digit_is_not_the_digit(reader: Reader, framed_digits, thickness: int, margin: int):
    for ink, digit in framed_digits:
        height, width = ink.shape
        framed = cv2.rectangle(ink.copy(), (thickness // 2,) * 2, (width - thickness, height - thickness), 1, thickness)
        reading = reader.read(on_paper(np.pad(framed, margin)), single=True)
        assert reading.text == digit or (digit in "01" and margin and reading.is_rejected)


def test_a_circled_digit_is_read_or_the_ring_is_no_sure_zero(reader: Reader, framed_digits):
    readings = []
    for ink, digit in framed_digits:
        height, width = ink.shape
        axes = (width // 2 + 8, height // 2 + 4)
        ringed = np.pad(ink, 20)
        ringed = cv2.ellipse(ringed, (ringed.shape[1] // 2, ringed.shape[0] // 2), axes, 0, 0, 360, 1, 5)
        reading = reader.read(on_paper(ringed), single=True)
        readings.append(reading.text == digit)
        assert reading.text == digit or "not accepted: a 0 may be a ring around a digit" in reading.remark
    assert sum(readings) >= 8


@pytest.mark.parametrize("single", [False, True])
def test_a_light_stroke_that_fills_a_crop_is_a_digit_on_dark_paper(reader: Reader, single: bool):
    canvas = np.full((72, 14), 15, np.uint8)
    cv2.line(canvas, (9, 5), (6, 66), 250, 7, cv2.LINE_AA)
    reading = reader.read(canvas, single=single)
    assert (reading.text, reading.is_rejected, reading.polarity) == ("1", False, Polarity.INK_HIGH)


def test_a_blank_box_that_fills_a_crop_is_no_sure_one(reader: Reader):
    for thickness in (2, 4):
        box = cv2.rectangle(np.full((120, 30), 240, np.uint8), (0, 0), (29, 119), 20, 2 * thickness)
        for reading in (reader.read(box), reader.read(box, single=True)):
            assert reading.is_rejected or not reading.text
