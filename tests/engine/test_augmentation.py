"""How the native engine changes pictures while it loads them, seen through weights that keep what was shown.

One full connection from zero weights, each picture a class of its own, a loss whose derivative is the picture itself:
after one update the weights of each class are the gray levels that its unit received.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.architecture import FullConnection, Network, Stage
from lenet.data import Distortions, distort
from lenet.data.distortions import translate
from lenet.engine.native import Augmentation, Engine, UpdateHyperparameters
from lenet.errors import EngineError
from tests.engine.cases import SETS, drawn, every_set

STILL = Distortions(translation=0, rotation=0, scale=0, squeeze=0, shear=0)
USUAL = Distortions(translation=1.2, rotation=8.6, scale=0.1, squeeze=0.05, shear=0.1, elastic=0.5)


def shown(images, augmentation, *, order=None, batch=None, threads=1, instructions=None):
    """The pictures as they were learned from, in the order in which they lie in ``images``."""
    count, rows = len(images), np.arange(len(images)) if order is None else order
    shape = (1, *images.shape[1:])[-3:]
    network = Network("plate", shape, (Stage("output", FullConnection(count)),), input_range=(0.0, 255.0))
    arrays = {name: np.zeros(shape, np.float32) for name, shape in network.parameter_shapes().items()}
    engine = Engine(network, arrays, threads=threads, instructions=instructions)
    batch = batch or len(rows)
    sizes = [min(batch, len(rows) - first) for first in range(0, len(rows), batch)]
    engine.fit(
        images,
        np.arange(count),
        rows,
        sizes,
        UpdateHyperparameters(batch, "nll", momentum=0.0, nesterov=False),
        augmentation,
    )
    kept = engine.arrays()["output.weight"].reshape(images.shape)
    np.testing.assert_allclose(kept, np.rint(kept), atol=1e-3)
    return np.rint(kept).astype(np.uint8)


def random_images(count=20, shape=(12, 11), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype(np.uint8)


def squares(count=200, side=28):
    images = np.zeros((count, side, side), np.uint8)
    images[:, 9:19, 9:19] = 255
    return images


def centers(images):
    rows, columns = np.mgrid[: images.shape[1], : images.shape[2]]
    ink = images.astype(float).sum((1, 2))
    return np.stack([(images * rows).sum((1, 2)) / ink, (images * columns).sum((1, 2)) / ink], axis=1)


@every_set
@pytest.mark.parametrize("shape", [(12, 11), (3, 7, 20), (1, 1), (34, 33)])
def test_without_changes_pictures_are_shown_as_they_are(shape, instructions):
    images = random_images(40, shape)
    for augmentation in (None, Augmentation(), Augmentation(distortions=STILL)):
        np.testing.assert_array_equal(shown(images, augmentation, threads=2, instructions=instructions), images)


# Shifts and mirrors


@given(
    st.sampled_from(((12, 11), (3, 7, 20), (28, 28), (3, 5, 5))),
    st.integers(0, 13),
    st.booleans(),
    st.booleans(),
    st.integers(0, 99),
    st.sampled_from(SETS),
)
@drawn(60)
def test_shifts_and_mirrors_are_those_done_beforehand(shape, most, shifting, mirroring, seed, instructions):
    rng = np.random.default_rng(seed)
    images = random_images(19, shape, seed)
    shifts = rng.integers(-most, most + 1, (19, 2)).astype(np.int8) if shifting else None
    mirrored = rng.random(19) < 0.5 if mirroring else None
    expected = images
    if mirrored is not None:
        expected = np.where(mirrored.reshape(-1, *(1,) * (images.ndim - 1)), images[..., ::-1], images)
    if shifts is not None:
        expected = translate(expected, shifts)
    np.testing.assert_array_equal(shown(images, Augmentation(shifts, mirrored), instructions=instructions), expected)


@pytest.mark.parametrize("shape", [(6, 5), (3, 6, 5)])
def test_shifts_beyond_the_edge_leave_background_or_the_edge(shape):
    images = random_images(6, shape)
    shifts = np.array([(127, 0), (-128, 0), (0, 127), (0, -128), (6, 5), (-6, -5)], np.int8)
    expected = translate(images, shifts.astype(np.int64))
    np.testing.assert_array_equal(shown(images, Augmentation(shifts)), expected)
    assert (expected == 0).all() == (len(shape) == 2)


def test_changes_belong_to_places_of_the_order_not_to_rows():
    images = random_images(6, (8, 8))
    order = np.array([4, 0, 5, 2])
    shifts = np.array([(1, 0), (0, 2), (-1, -1), (3, 3)], np.int8)
    mirrored = np.array([True, False, False, True])
    result = shown(images, Augmentation(shifts, mirrored), order=order, batch=3)
    for row, shift, mirror in zip(order, shifts, mirrored, strict=True):
        before = images[row][:, ::-1] if mirror else images[row]
        np.testing.assert_array_equal(result[row], translate(before[None], shift[None])[0])
    assert not result[[1, 3]].any()


# Distortions


@every_set
@pytest.mark.parametrize("shape", [(28, 28), (3, 32, 32), (9, 20)])
def test_a_distortion_follows_from_seed_epoch_and_row_alone(shape, instructions):
    images = random_images(50, shape)
    augmentation = Augmentation(distortions=USUAL, seed=3, epoch=5)
    once = shown(images, augmentation, instructions=instructions)
    assert (once != images).reshape(50, -1).any(axis=1).all()
    order = np.random.default_rng(0).permutation(50)
    for other in ({"order": order}, {"threads": 3, "batch": 7}, {"threads": 2, "batch": 40, "order": order}):
        np.testing.assert_array_equal(shown(images, augmentation, instructions=instructions, **other), once)
    for changed in (
        replace(augmentation, seed=4),
        replace(augmentation, epoch=6),
        replace(augmentation, seed=5, epoch=3),
    ):
        assert (shown(images, changed, instructions=instructions) != once).reshape(50, -1).any(axis=1).all()


def test_equal_pictures_are_distorted_each_in_its_own_way():
    result = shown(squares(100), Augmentation(distortions=USUAL))
    assert len(np.unique(result.reshape(100, -1), axis=0)) == 100


def test_all_instruction_sets_distort_alike():
    images = random_images(50, (28, 28))
    result = [shown(images, Augmentation(distortions=USUAL, seed=1), instructions=name).astype(int) for name in SETS]
    # A multiply-add that rounds once less may move a level that lies between two.
    assert all(np.abs(other - result[0]).max() <= 1 for other in result)


def test_distorted_then_mirrored_then_shifted():
    images = random_images(16, (14, 15))
    rng = np.random.default_rng(0)
    distorted = shown(images, Augmentation(distortions=USUAL, seed=2))
    shifts, mirrored = rng.integers(-3, 4, (16, 2)).astype(np.int8), rng.random(16) < 0.5
    expected = translate(np.where(mirrored[:, None, None], distorted[:, :, ::-1], distorted), shifts)
    np.testing.assert_array_equal(shown(images, Augmentation(shifts, mirrored, USUAL, seed=2)), expected)


@every_set
def test_translation_moves_the_center_evenly_within_its_limit(instructions):
    limits = replace(STILL, translation=3.0)
    moved = centers(shown(squares(), Augmentation(distortions=limits), instructions=instructions)) - 13.5
    # Gray levels are rounded, which moves the center of a square of 100 pixels by hundredths.
    assert 2.8 < np.abs(moved).max() <= 3.02
    assert np.abs(moved.mean(axis=0)).max() < 4 * 3 / (3 * 200) ** 0.5
    assert moved.std(axis=0) == pytest.approx(3 / 3**0.5, rel=0.15)
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.25


@every_set
@pytest.mark.parametrize("change", ["rotation", "scale", "squeeze", "shear", "translation", "all"])
def test_each_change_is_distributed_like_that_of_opencv(change, instructions):
    """The places of the ink, its area and its moments: means and deviations over many pictures agree."""
    size = {"rotation": 40, "scale": 0.2, "squeeze": 0.2, "shear": 0.3, "translation": 3}
    limits = replace(STILL, **(size if change == "all" else {change: size[change]}))
    images = np.zeros((300, 28, 28), np.uint8)
    images[:, 8:20, 11:15] = 255
    images[:, 8:11, 11:18] = 255

    def measures(pictures):
        rows, columns = np.mgrid[:28, :28] - 13.5
        ink = pictures.astype(float) / 255
        kinds = (rows**0, rows, columns, rows**2, columns**2, rows * columns)
        return np.stack([(ink * kind).sum((1, 2)) for kind in kinds], axis=1)

    result = measures(shown(images, Augmentation(distortions=limits), instructions=instructions))
    expected = measures(distort(images, np.random.default_rng(0), limits))
    error = np.maximum(result.std(axis=0), expected.std(axis=0)) / 300**0.5
    assert (np.abs(result.mean(axis=0) - expected.mean(axis=0)) < 6 * error + 1).all()
    np.testing.assert_allclose(result.std(axis=0), expected.std(axis=0), rtol=0.25, atol=2)


@every_set
@pytest.mark.parametrize("smoothness", [1.5, 3.0, 4.0, 6.0])
def test_the_elastic_strength_is_in_pixels_whatever_the_smoothness(smoothness, instructions):
    # Gray levels that rise by 4 a column show how far each unit looks to the side.
    ramp = np.broadcast_to(4 * np.arange(64, dtype=np.uint8), (60, 64, 64))
    limits = replace(STILL, elastic=2.0, elastic_smoothness=smoothness)
    for images in (ramp, ramp.transpose(0, 2, 1)):
        result = shown(np.ascontiguousarray(images), Augmentation(distortions=limits), instructions=instructions)
        displacement = (result.astype(float) - images)[:, 16:48, 16:48] / 4
        assert displacement.std() == pytest.approx(2.0, rel=0.15)
        assert abs(displacement.mean()) < 0.5


def test_elastic_displacements_are_smooth_and_differ_between_the_axes():
    ramp = np.broadcast_to(4 * np.arange(64, dtype=np.uint8), (60, 64, 64))
    limits = replace(STILL, elastic=2.0, elastic_smoothness=4.0)
    fields = []
    for images in (ramp, ramp.transpose(0, 2, 1)):
        result = shown(np.ascontiguousarray(images), Augmentation(distortions=limits))
        fields.append((result.astype(float) - images)[:, 16:48, 16:48] / 4)
    right, down = fields
    # Neighbours of noise under a Gaussian of 4 pixels move almost alike; those twelve pixels apart almost freely.
    assert np.corrcoef(right[:, :, 1:].ravel(), right[:, :, :-1].ravel())[0, 1] > 0.95
    assert abs(np.corrcoef(right[:, :, 16:].ravel(), right[:, :, :16].ravel())[0, 1]) < 0.3
    assert abs(np.corrcoef(right.ravel(), down.ravel())[0, 1]) < 0.3


@every_set
def test_background_stays_background(instructions):
    strong = Distortions(translation=5, rotation=45, scale=0.3, squeeze=0.3, shear=0.4, elastic=3.0)
    empty = np.zeros((30, 28, 28), np.uint8)
    assert not shown(empty, Augmentation(distortions=strong), instructions=instructions).any()
    color = np.full((30, 3, 28, 28), 77, np.uint8)
    assert (shown(color, Augmentation(distortions=strong), instructions=instructions) == 77).all()
    full = np.full((30, 28, 28), 255, np.uint8)
    moved = shown(full, Augmentation(distortions=replace(STILL, translation=5)), instructions=instructions)
    assert (moved == 0).any()
    assert (moved[:, 6:22, 6:22] == 255).all()


def test_planes_of_a_color_picture_move_together():
    gray = random_images(10, (20, 20))
    color = np.repeat(gray[:, None], 3, axis=1)
    result = shown(color, Augmentation(distortions=USUAL))
    np.testing.assert_array_equal(result[:, 0], result[:, 1])
    np.testing.assert_array_equal(result[:, 0], result[:, 2])


def test_pictures_too_large_to_distort_are_named():
    images = np.zeros((2, 65, 10), np.uint8)
    with pytest.raises(EngineError, match=r"pictures of 1×65×10 are too large to distort; expected at most 3×64×64"):
        shown(images, Augmentation(distortions=USUAL))
    assert not shown(np.zeros((2, 64, 64), np.uint8), Augmentation(distortions=USUAL)).any()
