"""Order statistics are NumPy's, bit for bit."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lenet.reading.order_statistics import median, quantile

finite = st.floats(-1e6, 1e6, width=32)


@given(st.one_of(arrays(kind, st.integers(1, 40)) for kind in (np.uint8, np.int32, np.int64)))
def test_the_median_of_whole_numbers_is_numpys(values):
    middle = values // 4  # NumPy adds the two in the middle in their own type
    assert median(middle) == float(np.median(middle))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@given(st.lists(finite, min_size=1, max_size=60))
def test_the_median_of_fractions_is_numpys_for_lists_and_arrays(kind, values):
    array = np.array(values, kind)
    assert median(array) == float(np.median(array))
    assert median(array.tolist()) == float(np.median(array.tolist()))
    assert median(iter(list(array))) == float(np.median(array))


def test_of_an_array_all_sides_count_and_none_of_it_moves():
    values = np.array([[9.0, 1.0, 5.0], [2.0, 8.0, 4.0]])
    before = values.copy()
    assert median(values) == float(np.median(values)) == 4.5
    assert quantile(values, 0.8) == float(np.quantile(values, 0.8))
    assert np.array_equal(values, before)


@pytest.mark.parametrize("values", [[], np.array([], np.float32)])
def test_nothing_has_no_median(values):
    assert math.isnan(median(values))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@given(st.lists(finite, min_size=1, max_size=60), st.floats(0, 1))
def test_a_quantile_is_numpys(kind, values, share):
    array = np.array(values, kind)
    assert quantile(array, share) == pytest.approx(float(np.quantile(array, share)), rel=1e-6, abs=1e-6)


def test_the_quantile_of_what_illumination_has_is_numpys_to_the_bit():
    rng = np.random.default_rng(0)
    for _ in range(300):
        levels = rng.uniform(20, 255, (rng.integers(4, 97), rng.integers(4, 97))).astype(np.float32)
        assert quantile(levels, 0.8) == float(np.quantile(levels, 0.8))
