"""How thick a rule is where nothing touches it."""

import numpy as np
import pytest

from lenet.reading.foreground.grid.profiles import measured
from lenet.reading.foreground.grid.rule import Rule


@pytest.mark.parametrize(("bare", "thickness"), [(5, 9), (16, 3), (60, 3)])
def test_a_rule_along_which_a_digit_lies_is_as_thick_as_its_bare_part_if_that_is_more_than_a_bend(bare, thickness):
    mask = np.zeros((40, 60), np.uint8)
    mask[19:22] = 1
    mask[19:28, bare:] = 1
    rule = Rule(0, np.full(60, 20.0, np.float32), 3.0, is_level=True)
    assert measured(rule, mask.astype(np.float32), mask).thickness == thickness
