"""A run is of the family whose slope it has."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.reading.foreground.grid.families import Family
from lenet.reading.foreground.grid.rule import Rule
from lenet.reading.foreground.rules import RULE_TILT

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(2, 60), st.floats(0.5, 4), st.floats(-0.02, 0.02), st.floats(0, 6))
@settings(max_examples=200, deadline=None)
def test_a_run_is_of_its_family_by_the_range_of_its_places(seed, count, spread, slope, thickness):
    sides = np.random.default_rng(seed).choice([-1, -0.9, 0, 0.9, 1], count, p=[0.3, 0.15, 0.1, 0.15, 0.3])
    middles = (50 + spread * sides).astype(np.float32)
    run, family = Rule(0, middles, thickness, True), Family(slope, 0.0, 50.0)
    offsets = middles - slope * np.arange(count, dtype=np.float32)
    is_steep = abs(run.slope - slope) > RULE_TILT + 3.0 / count
    assert family.has(run) == (not is_steep and bool(np.ptp(offsets) <= 3.0 + thickness / 2 + RULE_TILT * count))
