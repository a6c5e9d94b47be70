"""Reduction of a picture's colors: OpenCV's areas, rounding for rounding."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.engine import native
from lenet.reading.foreground.ink import resize_by_opencv

pytestmark = pytest.mark.skipif(not native.instruction_sets(), reason="the native engine is not built")

# Builds of OpenCV without it are for other processors, whose compilers round sums in other places.
HAS_IPP = "Intel IPP:                   2" in cv2.getBuildInformation()


def assert_equal(reduced: np.ndarray | None, expected: np.ndarray) -> None:
    assert reduced is not None
    np.testing.assert_allclose(reduced.astype(int), expected, rtol=0, atol=0 if HAS_IPP else 1)


def is_whole(larger: int, smaller: int) -> bool:
    return larger % smaller == 0


@settings(max_examples=200, deadline=None)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    halvings=st.integers(0, 3),
    shares=st.tuples(st.floats(0.05, 1), st.floats(0.05, 1)),
    seed=st.integers(0, 1000),
)
def test_every_size_is_opencv_s(height: int, width: int, halvings: int, shares: tuple[float, float], seed: int):
    rng = np.random.default_rng(seed)
    colors = rng.integers(0, 256, (height << halvings, width << halvings, 3), np.uint8)
    size = max(1, round(height * shares[0])), max(1, round(width * shares[1]))
    reduced = native.reduce_colors(colors, halvings, size)
    if is_whole(height, size[0]) and is_whole(width, size[1]):
        assert reduced is None
    else:
        assert_equal(reduced, resize_by_opencv(colors, halvings, size))


@pytest.mark.parametrize("level", [0, 255])
def test_a_picture_of_one_level_keeps_it(level: int):
    colors = np.full((100, 140, 3), level, np.uint8)
    assert (native.reduce_colors(colors, 1, (40, 57)) == level).all()


def test_views_are_reduced_as_their_copies_are():
    colors = np.random.default_rng(0).integers(0, 256, (80, 120, 4), np.uint8)
    views = (colors[..., :3], colors[::2, :, 1:], colors[:, ::-1, :3], colors[::-1, :, :3], colors[4:60, 10:90, :3])
    for view in (*views, np.swapaxes(colors, 0, 1)[..., :3], colors[4:60, 10:90, :3].copy()[:, 3:73]):
        size = (view.shape[0] // 2 - 3, view.shape[1] // 2 - 3)
        assert_equal(native.reduce_colors(view, 1, size), resize_by_opencv(view.copy(), 1, size))


def test_what_is_no_smaller_is_left_to_opencv():
    colors = np.zeros((20, 30, 3), np.uint8)
    assert native.reduce_colors(colors, 0, (20, 30)) is None
    assert native.reduce_colors(colors, 0, (25, 20)) is None
    assert native.reduce_colors(colors, 1, (5, 15)) is None
