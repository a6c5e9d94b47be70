"""Distortions of training digits: their limits, and that they depend on the seed alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.data import Distortions, distort, shift
from lenet.data.distortions import _elastic_field
from lenet.errors import DataError

NO_DISTORTION = {"translation": 0, "rotation": 0, "scale": 0, "squeeze": 0, "shear": 0}


@pytest.fixture
def squares():
    images = np.zeros((200, 28, 28), np.uint8)
    images[:, 9:19, 9:19] = 255
    return images


def rng(seed=0):
    return np.random.default_rng(seed)


def centers_of_mass(images):
    rows, columns = np.mgrid[:28, :28]
    ink = images.astype(float).sum((1, 2))
    return np.stack([(images * rows).sum((1, 2)) / ink, (images * columns).sum((1, 2)) / ink], axis=1)


@pytest.mark.parametrize("shape", [(5, 28, 28), (5, 3, 32, 32), (5, 1, 16, 16)])
@pytest.mark.parametrize("elastic", [0, 1])
def test_distorting_keeps_the_shape_and_depends_on_the_seed_alone(shape, elastic):
    images = rng(7).integers(0, 256, shape, np.uint8)
    before = images.copy()

    first, again, other = (distort(images, rng(seed), Distortions(elastic=elastic)) for seed in (1, 1, 2))

    assert (first.shape, first.dtype) == (shape, np.uint8)
    assert (first == again).all()
    assert (first != other).any()
    assert (images == before).all()


@pytest.mark.parametrize("shape", [(4, 28, 28), (4, 3, 9, 12)])
def test_distortions_whose_limits_are_zero_change_nothing(shape):
    images = rng(7).integers(0, 256, shape, np.uint8)

    assert (distort(images, rng(), Distortions(**NO_DISTORTION)) == images).all()
    assert (shift(images, rng(), 0) == images).all()


def test_translation_is_uniform_within_its_limit(squares):
    moved = centers_of_mass(distort(squares, rng(), Distortions(**NO_DISTORTION | {"translation": 3}))) - 13.5

    assert 2.5 < np.abs(moved).max() <= 3.05
    assert np.abs(moved.mean(0)).max() < 0.4


@pytest.mark.parametrize("change", ["rotation", "scale", "squeeze", "shear"])
def test_every_other_affine_change_leaves_the_center_where_it_is(change, squares):
    limit = {"rotation": 40, "scale": 0.2, "squeeze": 0.2, "shear": 0.3}[change]

    changed = distort(squares, rng(), Distortions(**NO_DISTORTION | {change: limit}))

    assert np.abs(centers_of_mass(changed) - 13.5).max() < 0.1
    # A draw next to zero changes no byte.
    assert (changed != squares).any(axis=(1, 2)).mean() > 0.95


def test_scale_changes_the_area_and_the_others_keep_it(squares):
    def area(**change):
        return distort(squares, rng(), Distortions(**NO_DISTORTION | change)).sum((1, 2)) / (255 * 100)

    assert 0.78 < area(scale=0.1).min() < 0.85
    assert 1.15 < area(scale=0.1).max() < 1.24
    for change in ({"rotation": 40}, {"shear": 0.3}, {"squeeze": 0.2}):
        assert np.abs(area(**change) - 1).max() < 0.03


def test_a_rotation_by_ninety_degrees_transposes_a_bar():
    bar = np.zeros((1, 29, 29), np.uint8)
    bar[0, 14, 5:24] = 200

    class UpperLimits:
        def uniform(self, low, high, size):
            return np.full(size, high)

    turned = distort(bar, UpperLimits(), Distortions(**NO_DISTORTION | {"rotation": 90}))

    assert np.abs(turned[0].astype(int) - bar[0].T).max() <= 1


def test_uncovered_pixels_are_0_in_gray_and_repeat_the_edge_in_color():
    gray, color = np.full((50, 8, 8), 90, np.uint8), np.full((50, 3, 8, 8), 90, np.uint8)
    far = Distortions(**NO_DISTORTION | {"translation": 4})

    assert (distort(gray, rng(), far) == 0).any()
    assert (shift(gray, rng(), 2) == 0).any()
    assert (distort(color, rng(), far) == 90).all()
    assert (shift(color, rng(), 2) == 90).all()


def test_the_elastic_strength_is_in_pixels_whatever_the_smoothness():
    generator = rng()
    for smoothness in (1.5, 3.0):
        limits = Distortions(elastic=2.0, elastic_smoothness=smoothness)
        fields = np.array([_elastic_field(64, 64, generator, limits) for _ in range(40)])[..., 16:48, 16:48]
        assert fields.std() == pytest.approx(2.0, rel=0.1)


@given(pixels=st.integers(0, 4), seed=st.integers(0, 20), color=st.booleans())
def test_a_shift_is_a_whole_number_of_pixels_within_the_limit(pixels, seed, color):
    images = rng(seed).integers(1, 256, (3, 2, 9, 9) if color else (3, 9, 9), np.uint8)

    shifted = shift(images, rng(seed), pixels)

    for before, after in zip(images, shifted, strict=True):
        channel_padding = ((0, 0),) * (before.ndim - 2)
        padded = np.pad(before, (*channel_padding, (pixels,) * 2, (pixels,) * 2), "edge" if color else "constant")
        offsets = [(top, left) for top in range(2 * pixels + 1) for left in range(2 * pixels + 1)]
        assert any((padded[..., top : top + 9, left : left + 9] == after).all() for top, left in offsets)


def test_every_shift_occurs_and_zero_is_not_preferred():
    dots = np.zeros((4000, 9, 9), np.uint8)
    dots[:, 4, 4] = 255

    positions, counts = np.unique(np.argwhere(shift(dots, rng(), 2))[:, 1:], axis=0, return_counts=True)

    assert (positions.min(), positions.max(), len(positions)) == (2, 6, 25)
    assert counts.min() > 100


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rotation": -1}, "distortion rotation is -1; expected a finite number of at least 0"),
        ({"shear": float("nan")}, "distortion shear is nan"),
        ({"scale": 1}, "distortion scale is 1; expected less than 1"),
        ({"elastic": 1, "elastic_smoothness": 0}, "elastic_smoothness is 0"),
    ],
)
def test_limits_out_of_range_are_refused_by_name(change, message):
    with pytest.raises(DataError, match=message):
        Distortions(**change)


def test_pictures_of_another_type_and_negative_shifts_are_refused():
    with pytest.raises(TypeError, match="expected uint8 images"):
        distort(np.zeros((2, 28, 28)), rng())
    with pytest.raises(DataError, match="cannot shift by up to -1 pixels"):
        shift(np.zeros((2, 28, 28), np.uint8), rng(), -1)
