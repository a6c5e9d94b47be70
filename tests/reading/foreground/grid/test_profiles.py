"""Measurement of rules: their thickness where nothing touches them."""

import numpy as np
import pytest

from lenet.reading.foreground.grid.profiles import measure_rule
from lenet.reading.foreground.grid.rule import Rule


@pytest.mark.parametrize(("bare", "thickness"), [(5, 9), (16, 3), (60, 3)])
def test_a_rule_that_a_digit_covers_is_as_thick_as_where_none_touches_it_if_that_part_is_long_enough(bare, thickness):
    mask = np.zeros((40, 60), np.uint8)
    mask[19:22] = 1
    mask[19:28, bare:] = 1
    rule = Rule(0, np.full(60, 20.0, np.float32), 3.0, is_level=True)
    assert measure_rule(rule, mask.astype(np.float32), mask).thickness == thickness
