"""What a shape says about its digit beyond the network: a stem below a loop is that of a 9."""

import cv2
import numpy as np
import pytest

from lenet.reading.scoring import NINES_WITH_STEM, has_stem, with_stem_evidence

RHO = [(20, 58), (20, 30), (6, 18), (18, 4), (34, 12), (20, 30)]
CROSSED_RHO = [(10, 42), (19, 32), (33, 18), (19, 3), (5, 12), (19, 32), (23, 44), (21, 58)]
EIGHT = [(20, 30), (6, 18), (18, 4), (34, 12), (20, 30), (6, 44), (20, 56), (34, 46), (20, 30)]
OPEN_EIGHT = [(6, 44), (20, 30), (6, 18), (18, 4), (34, 12), (20, 30), (34, 46), (20, 57)]
FIVE = [(32, 4), (8, 4), (8, 28), (30, 32), (30, 50), (8, 56)]


def mask_of(stroke: list[tuple[int, int]], thickness: int = 4) -> np.ndarray:
    mask = np.zeros((60, 40), np.uint8)
    cv2.polylines(mask, [np.array(stroke)], False, 1, thickness)
    ys, xs = np.nonzero(mask)
    return mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1].astype(np.bool_)


@pytest.mark.parametrize(
    ("stroke", "is_stem"), [(RHO, True), (CROSSED_RHO, True), (EIGHT, False), (OPEN_EIGHT, False), (FIVE, False)]
)
def test_a_slender_stroke_below_a_loop_is_a_stem(stroke, is_stem):
    assert has_stem(mask_of(stroke)) == is_stem


def test_a_loop_below_that_is_filled_with_ink_is_no_stem():
    mask = mask_of(EIGHT)
    mask[28:] |= cv2.dilate(mask_of(EIGHT).view(np.uint8), np.ones((9, 9)))[28:] > 0
    assert not has_stem(mask)


def test_ink_of_one_row_or_none_has_no_stem():
    assert not has_stem(np.ones((1, 5), np.bool_))
    assert not has_stem(np.zeros((4, 5), np.bool_))


def test_a_loop_over_ink_too_pale_for_the_mask_has_no_stem():
    assert not has_stem(np.pad(mask_of([(2, 2), (20, 2), (20, 20), (2, 20), (2, 2)]), ((0, 60), (0, 0))))


def test_an_8_with_a_stem_is_a_9_unless_the_network_is_sure_and_what_is_neither_keeps_its_probability():
    unsure = np.array([0, 0.1, 0, 0.05, 0, 0, 0, 0, 0.6, 0.1], np.float32)
    given = with_stem_evidence(unsure, mask_of(RHO))
    assert given.argmax() == 9
    assert given.dtype == np.float32
    assert given.sum() == pytest.approx(unsure.sum())
    assert given[1] == unsure[1]
    assert given[8] / given[9] == pytest.approx(6 / NINES_WITH_STEM)
    sure = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0.999, 0.0002], np.float32)
    assert with_stem_evidence(sure, mask_of(RHO)).argmax() == 8
    assert (with_stem_evidence(unsure, mask_of(EIGHT)) == unsure).all()
    seven = np.roll(unsure, -1)
    assert (with_stem_evidence(seven, mask_of(RHO)) == seven).all()


def test_as_many_more_9s_than_digits_with_a_bowl_have_a_stem_as_the_reader_takes_for_given(mnist):
    def share(label: int) -> float:
        shapes = []
        for image in mnist.train_images[mnist.train_labels == label][:1000]:
            mask = cv2.resize(image.reshape(28, 28), (112, 112), interpolation=cv2.INTER_CUBIC) > 110
            ys, xs = np.nonzero(mask)
            shapes.append(has_stem(mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]))
        return float(np.mean(shapes))

    bowls = np.mean([share(label) for label in (3, 5, 8)])
    assert NINES_WITH_STEM / 3 < share(9) / bowls < 3 * NINES_WITH_STEM


@pytest.mark.parametrize(
    ("nine", "thickness"),
    [(CROSSED_RHO, 5), ([(7, 36), (20, 29), (33, 14), (20, 3), (7, 13), (20, 29), (27, 44), (19, 58)], 6)],
)
def test_a_9_written_like_a_rho_is_read(reader, nine, thickness):
    picture = np.full((200, 400), 235, np.uint8)
    for place, digit in enumerate((EIGHT, nine, EIGHT, nine)):
        cv2.polylines(picture, [np.add(digit, (60 + 60 * place, 70))], False, 40, thickness, cv2.LINE_AA)
    assert reader.read(picture).text == "8989"
