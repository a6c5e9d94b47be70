"""Fast code of the reader gives, to the last bit, what slow and plain code gives."""

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lenet.engine import native
from lenet.reading.lines.cuts import SLANTS, candidate_cuts, propose_cuts
from lenet.reading.lines.segmentation import crop_of

HAS_IPP = "Intel IPP:                   2" in cv2.getBuildInformation()  # other builds may round in another order
built = pytest.mark.skipif(not native.instruction_sets(), reason="the engine was not built")


seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(1, 40), st.integers(1, 40), st.sampled_from([0.05, 0.183, 0.4]))
@settings(max_examples=150, deadline=None)
def test_crops_keep_the_ink_of_a_mask_and_its_soft_edge(seed, height, width, threshold):
    rng = np.random.default_rng(seed)
    levels = rng.random((height, width), np.float32) * np.float32(rng.choice([0.3, 1.0]))
    mask = (levels > threshold) & (rng.random((height, width)) < 0.7)
    near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    soft = np.clip(levels / (2 * threshold), 0, 1) * near
    outside = np.minimum(soft, 0.49) * (soft < 0.5)
    expected = np.where(mask, np.maximum(soft, 0.5), outside)
    crop = crop_of(levels, mask, threshold)
    assert crop.dtype == np.float32
    np.testing.assert_array_equal(crop, expected)


def digits_that_touch(seed: int, height: int, width: int) -> np.ndarray:
    """A mask with rings, bars and strokes side by side, as digits that touch."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(rng.integers(1, 6)):
        middle = [int(rng.integers(0, width)), int(rng.integers(0, height))]
        pen = int(rng.integers(1, 6))
        if rng.random() < 0.6:
            axes = [int(rng.integers(1, max(2, height // 2))), int(rng.integers(1, max(2, height // 2)))]
            cv2.ellipse(mask, middle, axes, int(rng.integers(0, 180)), 0, int(rng.integers(180, 361)), 1, pen)
        else:
            cv2.line(mask, middle, (int(rng.integers(0, width)), int(rng.integers(0, height))), 1, pen)
    return mask > 0


@built
@given(seeds, st.integers(1, 60), st.integers(1, 160), st.floats(2, 80), st.sampled_from(SLANTS.tolist()))
@settings(max_examples=400, deadline=None)
def test_the_engine_proposes_the_cuts_that_opencv_does(seed, height, width, digit_height, slant):
    mask, slants = digits_that_touch(seed, height, width), sorted({0.0, slant / 2, slant})
    assume(mask.any())
    result, expected = (sorted(f(mask, digit_height, slants)) for f in (native.propose_cuts, propose_cuts))
    if HAS_IPP:
        assert result == expected
    else:
        assert abs(len(result) - len(expected)) <= 0.2 * len(expected) + 2


@built
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (3, 3)])
@pytest.mark.parametrize("digit_height", [0.5, 9.0])
def test_blots_are_cut_alike(shape, digit_height):
    mask = np.ones(shape, bool)
    result, expected = (sorted(f(mask, digit_height, [-0.3, 0.0])) for f in (native.propose_cuts, propose_cuts))
    assert result == expected


@built
def test_parts_of_masks_are_cut_as_their_copies(monkeypatch):
    page = digits_that_touch(5, 120, 240)
    part = page[10:70:1, 20:200:2]
    assert candidate_cuts(part, 40.0, 0.3) == candidate_cuts(part.copy(), 40.0, 0.3) != []
    by_engine = candidate_cuts(part, 40.0, 0.3)
    monkeypatch.setenv("LENET_ENGINE", "numpy")
    assert candidate_cuts(part, 40.0, 0.3) == by_engine
