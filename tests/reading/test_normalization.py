"""The one normalization: any size, place and pen becomes MNIST's 28×28."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.engine import native
from lenet.reading.normalization import (
    DIGIT_SIDE,
    grown_signed_distance,
    normalize,
    normalize_all,
    normalize_by_opencv,
    stroke_width,
)

HAS_IPP = "Intel IPP:                   2" in cv2.getBuildInformation()


def drawn_seven(size: int, pen: int, margin: int = 0) -> np.ndarray:
    ink = np.zeros((size, size), np.uint8)
    corners = np.array([[0.2, 0.15], [0.8, 0.15], [0.4, 0.9]]) * size
    cv2.polylines(ink, [np.int32(corners)], False, 1, pen)
    return np.pad(ink, margin).astype(np.float32)


def extent(picture: np.ndarray) -> tuple[int, int]:
    mask = picture > 0
    return int(mask.any(axis=1).sum()), int(mask.any(axis=0).sum())


def test_the_longer_side_of_the_ink_is_twenty_pixels():
    wide = np.zeros((60, 200), np.float32)
    wide[25:35, 20:180] = 1
    assert extent(normalize(drawn_seven(150, 14)))[0] == DIGIT_SIDE
    assert extent(normalize(wide))[1] == DIGIT_SIDE


def test_the_center_of_mass_is_in_the_middle_of_the_picture():
    picture = normalize(drawn_seven(150, 14)).astype(float)
    rows, columns = np.indices(picture.shape)
    center = (rows * picture).sum() / picture.sum(), (columns * picture).sum() / picture.sum()
    assert center == pytest.approx((13.5, 13.5), abs=0.51)  # placed on whole pixels


@settings(max_examples=25, deadline=None)
@given(margin=st.integers(0, 80), before=st.integers(0, 60))
def test_paper_around_the_digit_changes_nothing(margin: int, before: int):
    ink = drawn_seven(120, 12)
    np.testing.assert_array_equal(normalize(np.pad(ink, ((before, margin), (margin, before)))), normalize(ink))


@pytest.mark.parametrize("size", [40, 80, 240, 900])
def test_the_size_of_the_drawing_hardly_matters(size: int):
    difference = normalize(drawn_seven(size, max(1, size // 9))).astype(int) - normalize(drawn_seven(160, 17))
    assert np.abs(difference).mean() < 8


@pytest.mark.parametrize("pen", [4, 8, 16, 24])
def test_thin_and_thick_pens_come_out_alike(pen: int):
    thickness = stroke_width((normalize(drawn_seven(160, pen)) > 127).astype(np.uint8))
    assert thickness == pytest.approx(stroke_width((normalize(drawn_seven(160, 14)) > 127).astype(np.uint8)), abs=1)


def test_an_mnist_digit_stays_what_it_is(mnist):
    changes = [
        np.abs(normalize(image.astype(np.float32) / 255).astype(int) - image).mean()
        for image in mnist.test_images[:100]
    ]
    shifted = [np.abs(np.roll(image, 3, axis=1).astype(int) - image).mean() for image in mnist.test_images[:100]]
    assert np.mean(changes) < 0.6 * np.mean(shifted)


def test_no_ink_gives_no_picture():
    assert normalize(np.zeros((30, 30), np.float32)) is None
    assert normalize(np.full((30, 30), 0.4, np.float32)) is None


@pytest.mark.parametrize("pen", [3, 6, 12])
def test_a_stroke_made_thinner_than_it_is_keeps_its_center_line(pen: int):
    mask = np.zeros((100, 100), np.uint8)
    mask[20:80, 40 : 40 + pen] = 1
    thinned = grown_signed_distance(mask, -6.0) > 0
    assert thinned[25:75].any(axis=1).all()
    assert thinned.sum() <= mask.sum()


@pytest.mark.parametrize("shape", [(1, 900), (900, 1), (2, 2000)])
def test_a_hairline_is_no_digit(shape: tuple[int, int]):
    assert normalize(np.ones(shape, np.float32)) is None


def mnist_crops(images: np.ndarray, side: int) -> list[np.ndarray]:
    """Digits of about this many pixels, a part of a larger array each."""
    sheets = [cv2.resize(image, (side * 28 // 20,) * 2, interpolation=cv2.INTER_CUBIC) for image in images]
    return [np.pad(sheet.astype(np.float32) / 255, 3)[2:-2, 1:-1] for sheet in sheets]


@pytest.mark.skipif(not native.instruction_sets(), reason="the engine was not built")
@pytest.mark.parametrize("thicken", [0.0, -2.5, 3.0])
@pytest.mark.parametrize("side", [12, 30, 75, 90, 200])
def test_the_engine_normalizes_as_opencv_does(mnist, side: int, thicken: float):
    crops = mnist_crops(mnist.test_images[:40], side)
    pictures, have_ink = native.normalize(crops, thicken)
    assert have_ink.all()
    references = [normalize_by_opencv(crop, thicken) for crop in crops]
    differences = np.abs(np.stack(references).astype(int) - pictures)
    # Where OpenCV has no library of Intel's it enlarges by 32nds of a pixel, and rounds in another order.
    assert differences.max() == 0 if HAS_IPP else differences.mean() < 0.5


def test_many_digits_are_normalized_each_as_if_alone(mnist):
    crops = [*mnist_crops(mnist.test_images[:6], 60), np.zeros((9, 9), np.float32), drawn_seven(150, 14)]
    together = normalize_all(crops)
    assert together[6] is None
    for crop, picture in zip(crops, together, strict=True):
        np.testing.assert_array_equal(picture, normalize(crop))


@pytest.mark.parametrize("normalization", [normalize, normalize_by_opencv])
def test_what_a_thin_frame_leaves_of_a_blot_is_no_digit(normalization):
    ink = np.zeros((900, 900), np.float32)
    ink[[0, -1]] = ink[:, [0, -1]] = 1
    ink[400:500, 400:500] = 1
    assert normalization(ink) is None
