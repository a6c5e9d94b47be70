"""Loops over the pixels of ink maps: what OpenCV and NumPy give in several passes, rounding for rounding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.engine import native
from lenet.reading.foreground.ink import measure_darkness_by_opencv, quantize_darkness_by_numpy

pytestmark = pytest.mark.skipif(not native.instruction_sets(), reason="the native engine is not built")

SHAPES = st.tuples(st.integers(1, 70), st.integers(1, 70))


@settings(max_examples=150, deadline=None)
@given(SHAPES, st.integers(0, 1000), st.booleans(), st.booleans())
def test_darkness_is_what_opencv_measures(shape: tuple[int, int], seed: int, has_minimum: bool, is_gray: bool):
    rng = np.random.default_rng(seed)
    darkness = by_opencv = None
    for _ in range(1 if is_gray else 3):
        levels, nearby, expected, minimum = rng.integers(0, 256, (4, *shape), np.uint8)
        gain = rng.uniform(0, 2, shape).astype(np.float32) * (rng.random(shape) < 0.9)
        arguments = (levels, nearby, expected, minimum if has_minimum else None, gain.astype(np.float32))
        darkness = native.measure_darkness(*arguments, darkness)
        by_opencv = measure_darkness_by_opencv(*arguments, by_opencv)
    np.testing.assert_array_equal(darkness, by_opencv)


def test_arrays_of_other_sizes_are_refused():
    levels, gain = np.zeros((4, 5), np.uint8), np.zeros((4, 5), np.float32)
    with pytest.raises(ValueError, match="one shape"):
        native.measure_darkness(levels, levels, levels[:3], None, gain, None)
    with pytest.raises(ValueError, match="one shape"):
        native.measure_darkness(levels, levels, levels, levels, gain, gain[:2].copy())


@settings(max_examples=100, deadline=None)
@given(SHAPES, st.integers(0, 1000), st.sampled_from([0.0, 0.05, 1.0, 1000.0]))
def test_quantized_darkness_is_what_numpy_counts(shape: tuple[int, int], seed: int, spread: float):
    darkness = np.random.default_rng(seed).normal(0.2, spread, shape).astype(np.float32)
    for ours, by_numpy in zip(native.quantize_darkness(darkness), quantize_darkness_by_numpy(darkness), strict=True):
        np.testing.assert_array_equal(ours, by_numpy)
