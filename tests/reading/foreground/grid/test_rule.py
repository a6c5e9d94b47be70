"""The slope of a rule is that of its ends."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.reading.foreground.grid.rule import Rule

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(2, 60))
@settings(max_examples=100, deadline=None)
def test_the_slope_of_a_rule_is_the_rise_between_the_means_of_its_ends(seed, count):
    middles = np.random.default_rng(seed).normal(50, 3, count).astype(np.float32)
    part = max(1, count // 4)
    rise = float(middles[-part:].mean() - middles[:part].mean())
    assert Rule(0, middles, 1.0, True).slope == rise / max(count - part, 1)
