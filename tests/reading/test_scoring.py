"""What the loops of a shape say about its digit beyond the network: no 1 has any, and no 8 a stem below one."""

import cv2
import numpy as np
import pytest

from lenet.reading.scoring import RARITY, rare_digits, with_shape_evidence

RHO = [(20, 58), (20, 30), (6, 18), (18, 4), (34, 12), (20, 30)]
CROSSED_RHO = [(10, 42), (19, 32), (33, 18), (19, 3), (5, 12), (19, 32), (23, 44), (21, 58)]
EIGHT = [(20, 30), (6, 18), (18, 4), (34, 12), (20, 30), (6, 44), (20, 56), (34, 46), (20, 30)]
OPEN_EIGHT = [(6, 44), (20, 30), (6, 18), (18, 4), (34, 12), (20, 30), (34, 46), (20, 57)]
LOOPED_TWO = [(16, 26), (8, 14), (20, 4), (32, 14), (16, 26), (6, 46), (14, 44), (24, 56), (38, 50)]
TAILED_NINE = [(30, 18), (30, 6), (18, 4), (12, 16), (30, 18), (30, 40), (18, 56), (2, 48), (2, 36)]
FIVE = [(32, 4), (8, 4), (8, 28), (30, 32), (30, 50), (8, 56)]


def mask_of(stroke: list[tuple[int, int]], thickness: int = 4) -> np.ndarray:
    mask = np.zeros((60, 40), np.uint8)
    cv2.polylines(mask, [np.array(stroke)], False, 1, thickness)
    ys, xs = np.nonzero(mask)
    return mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1].astype(np.bool_)


@pytest.mark.parametrize(
    ("stroke", "labels"),
    [
        (RHO, "0135678"),
        (CROSSED_RHO, "0135678"),
        (LOOPED_TWO, "0167"),
        (TAILED_NINE, "0167"),
        (EIGHT, "17"),
        (OPEN_EIGHT, "0167"),
        (FIVE, ""),
    ],
)
def test_loops_and_a_slender_stroke_below_them_tell_which_digits_a_shape_hardly_is(stroke, labels):
    assert rare_digits(mask_of(stroke)) == labels


def test_a_loop_below_that_is_filled_with_ink_is_no_stem():
    mask = mask_of(EIGHT)
    mask[28:] |= cv2.dilate(mask_of(EIGHT).view(np.uint8), np.ones((17, 17)))[28:] > 0
    assert rare_digits(mask) == "0167"


def test_white_no_wider_than_a_stroke_is_no_loop():
    stroke = np.ones((40, 10), np.bool_)
    stroke[10:12, 4:7] = False
    assert rare_digits(stroke) == ""
    assert rare_digits(np.ones((1, 5), np.bool_)) == ""
    assert rare_digits(np.zeros((4, 5), np.bool_)) == ""


def test_a_loop_over_ink_too_pale_for_the_mask_has_no_stem():
    assert rare_digits(np.pad(mask_of([(2, 2), (20, 2), (20, 20), (2, 20), (2, 2)]), ((0, 60), (0, 0)))) == "0167"


def test_what_hardly_looks_like_its_likeliest_digit_is_another_unless_the_network_is_sure():
    unsure = np.array([0, 0.1, 0, 0.05, 0, 0, 0, 0, 0.6, 0.1], np.float32)
    given = with_shape_evidence(unsure, mask_of(RHO))
    assert given.argmax() == 9
    assert given.dtype == np.float32
    assert given.sum() == pytest.approx(unsure.sum())
    assert given[8] / given[9] == pytest.approx(6 / RARITY)
    sure = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0.999, 0.0002], np.float32)
    assert with_shape_evidence(sure, mask_of(RHO)).argmax() == 8
    assert (with_shape_evidence(unsure, mask_of(EIGHT)) == unsure).all()
    nine = np.roll(unsure, 1)
    assert (with_shape_evidence(nine, mask_of(RHO)) == nine).all()


def test_9s_look_more_often_like_them_than_digits_that_hardly_do(mnist):
    def shares(label: int) -> list[float]:
        kinds = []
        for image in mnist.train_images[mnist.train_labels == label]:
            mask = cv2.resize(image.reshape(28, 28), (112, 112), interpolation=cv2.INTER_CUBIC) > 110
            rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
            kinds.append(rare_digits(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]))
        return [float(np.mean([set(rare) <= set(kind) for kind in kinds])) for rare in ("17", "0167", "0135678")]

    loops, only_above, stems = zip(*map(shares, range(10)), strict=True)
    assert all(RARITY * loops[digit] < loops[9] for digit in (1, 7))
    assert all(RARITY * only_above[digit] < only_above[9] for digit in (0, 1, 6, 7))
    assert all(RARITY * stems[digit] < stems[9] for digit in (0, 1, 3, 5, 6, 7, 8))


@pytest.mark.parametrize(
    ("nine", "thickness"),
    [(CROSSED_RHO, 5), ([(7, 36), (20, 29), (33, 14), (20, 3), (7, 13), (20, 29), (27, 44), (19, 58)], 6)],
)
def test_a_9_written_like_a_rho_is_read(reader, nine, thickness):
    picture = np.full((200, 400), 235, np.uint8)
    for place, digit in enumerate((EIGHT, nine, EIGHT, nine)):
        cv2.polylines(picture, [np.add(digit, (60 + 60 * place, 70))], False, 40, thickness, cv2.LINE_AA)
    assert reader.read(picture).text == "8989"


def test_a_2_with_a_loop_on_top_is_read(reader):
    picture = np.full((130, 110), 235, np.uint8)
    cv2.polylines(picture, [np.add(np.array(LOOPED_TWO) * 2, (10, 5))], False, 40, 5, cv2.LINE_AA)
    assert reader.read(picture, single=True).text == "2"
