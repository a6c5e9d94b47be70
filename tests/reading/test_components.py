"""Connected components within the box of the ink are those of the whole picture."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lenet.reading.foreground.components import label_components


@given(
    arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=24), elements=st.integers(0, 1)),
    st.tuples(*(st.integers(0, 5),) * 4),
)
def test_components_and_their_numbers_are_those_of_the_whole_mask(ink: np.ndarray, margins: tuple[int, ...]) -> None:
    top, bottom, left, right = margins
    mask = np.pad(ink, ((top, bottom), (left, right)))
    labels, statistics = label_components(mask)
    _, expected, expected_statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    assert np.array_equal(labels, expected)
    assert np.array_equal(statistics[1:], expected_statistics[1:])
    assert not statistics[0].any()


def test_a_mask_without_ink_has_only_its_background() -> None:
    labels, statistics = label_components(np.zeros((7, 9), np.uint8))
    assert labels.shape == (7, 9)
    assert not labels.any()
    assert statistics.tolist() == [[0] * 5]
