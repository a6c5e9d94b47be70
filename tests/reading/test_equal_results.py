"""Fast code of the reader gives, to the last bit, what slow and plain code gives."""

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lenet.engine import native
from lenet.reading.foreground.grid import MIN_COVERAGE, MIN_GAP, Rule, _Family, _inked_parts, _straight_runs
from lenet.reading.lines.cuts import SLANTS, candidate_cuts, propose_cuts
from lenet.reading.lines.segmentation import crop_of

HAS_IPP = "Intel IPP:                   2" in cv2.getBuildInformation()  # other builds may round in another order
built = pytest.mark.skipif(not native.instruction_sets(), reason="the engine was not built")


def strokes(seed: int, height: int, width: int) -> np.ndarray:
    """A mask with strokes of a pen, specks, and bars along its sides."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(rng.integers(0, 9)):
        start, end = rng.integers(-4, max(height, width) + 4, (2, 2)).tolist()
        if rng.random() < 0.6:
            end[int(rng.integers(0, 2))] = start[0]
        cv2.line(mask, start, end, 1, int(rng.integers(1, 6)))
    return mask | (rng.random(mask.shape) < rng.choice([0.0, 0.01])).astype(np.uint8)


sizes = st.integers(1, 90)
seeds = st.integers(0, 2**32 - 1)


@given(seeds, sizes, sizes, st.integers(4, 20), st.booleans())
@settings(max_examples=150, deadline=None)
def test_straight_runs_are_the_same_where_the_whole_page_is_gone_through(seed, height, width, length, is_level):
    mask = np.pad(strokes(seed, height, width), ((0, 4), (0, 4)))
    whole = mask.copy()
    whole[-1, -1] = 1  # a speck that spreads the ink over the page
    found, expected = (_straight_runs(page, length, is_level) for page in (mask, whole))
    assert [(a.start, a.middles.tolist(), a.thickness, a.is_level) for a in found] == [
        (b.start, b.middles.tolist(), b.thickness, b.is_level) for b in expected
    ]


@given(seeds, sizes, sizes, st.integers(4, 20))
@settings(max_examples=100, deadline=None)
def test_upright_runs_are_the_level_ones_of_the_page_on_its_side(seed, height, width, length):
    mask = strokes(seed, height, width)
    upright, level = _straight_runs(mask, length, False), _straight_runs(np.ascontiguousarray(mask.T), length, True)
    assert [(a.start, a.middles.tolist(), a.thickness) for a in upright] == [
        (b.start, b.middles.tolist(), b.thickness) for b in level
    ]


def parts_by_morphology(is_inked: np.ndarray, min_length: int) -> list[tuple[int, int]]:
    """Runs of ink once the gaps that a printer leaves are closed, long enough and with enough ink."""
    gap = MIN_GAP + 1
    row = np.pad(is_inked.astype(np.uint8), gap)[None]
    closed = cv2.morphologyEx(row, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))[0]
    edges = (np.flatnonzero(np.diff(closed)) + 1 - gap).tolist()
    return [
        (start, end)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if end - start >= min_length and np.mean(is_inked[start:end]) >= MIN_COVERAGE
    ]


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 12)), max_size=12), st.integers(-8, 8), st.integers(1, 12))
@settings(max_examples=300, deadline=None)
def test_parts_of_a_rule_are_what_closing_its_gaps_leaves(pieces, start, min_length):
    is_inked = np.array([inked for inked, count in pieces for _ in range(count)], bool)
    mask = np.zeros((9, max(1, len(is_inked) + start)), np.uint8)
    along = np.arange(max(0, start), start + len(is_inked))
    mask[4, along] = is_inked[along - start]
    rule = Rule(start, np.full(len(is_inked), 4.2, np.float32), 1.0, True)
    expected = parts_by_morphology(is_inked[along - start], min_length)
    parts = _inked_parts(rule, mask, min_length)
    assert [(part.start, part.end) for part in parts] == [(max(0, start) + a, max(0, start) + b) for a, b in expected]


@given(seeds, st.integers(2, 60), st.floats(0.5, 4), st.floats(-0.02, 0.02), st.floats(0, 6))
@settings(max_examples=200, deadline=None)
def test_a_run_is_of_its_family_by_the_quantiles_of_its_places(seed, count, spread, slope, thickness):
    sides = np.random.default_rng(seed).choice([-1, -0.9, 0, 0.9, 1], count, p=[0.3, 0.15, 0.1, 0.15, 0.3])
    middles = (50 + spread * sides).astype(np.float32)
    run, family = Rule(0, middles, thickness, True), _Family(slope, 0.0, 50.0)
    offsets = middles - slope * np.arange(count, dtype=np.float32)
    low, high = np.quantile(offsets, (0.1, 0.9))
    is_steep = abs(run.slope - slope) > 0.05 + 3.0 / count
    assert family.has(run) == (not is_steep and bool(high - low <= 3.0 + thickness / 2 + 0.05 * count))


@given(seeds, st.integers(2, 60))
@settings(max_examples=100, deadline=None)
def test_the_slope_of_a_rule_is_the_rise_between_the_means_of_its_ends(seed, count):
    middles = np.random.default_rng(seed).normal(50, 3, count).astype(np.float32)
    part = max(1, count // 4)
    rise = float(middles[-part:].mean() - middles[:part].mean())
    assert Rule(0, middles, 1.0, True).slope == rise / max(count - part, 1)


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
    found, expected = (sorted(f(mask, digit_height, slants)) for f in (native.propose_cuts, propose_cuts))
    if HAS_IPP:
        assert found == expected
    else:
        assert abs(len(found) - len(expected)) <= 0.2 * len(expected) + 2


@built
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (3, 3)])
@pytest.mark.parametrize("digit_height", [0.5, 9.0])
def test_blots_are_cut_alike(shape, digit_height):
    mask = np.ones(shape, bool)
    found, expected = (sorted(f(mask, digit_height, [-0.3, 0.0])) for f in (native.propose_cuts, propose_cuts))
    assert found == expected


@built
def test_parts_of_masks_are_cut_as_their_copies(monkeypatch):
    page = digits_that_touch(5, 120, 240)
    part = page[10:70:1, 20:200:2]
    assert candidate_cuts(part, 40.0, 0.3) == candidate_cuts(part.copy(), 40.0, 0.3) != []
    by_engine = candidate_cuts(part, 40.0, 0.3)
    monkeypatch.setenv("LENET_ENGINE", "numpy")
    assert candidate_cuts(part, 40.0, 0.3) == by_engine
