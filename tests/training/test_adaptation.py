"""Adapting weights to a handwriting: what is learned, what is kept, and what is still rejected."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.engine import Forward, decide, probabilities
from lenet.engine.native import Engine, UpdateHyperparameters, instruction_sets
from lenet.errors import TrainingError
from lenet.initialization import initial_weights
from lenet.model import Model, pretrained
from lenet.networks import describe
from lenet.training import adaptation
from lenet.training.adaptation import ADAPTATION_RECIPE, adapt, pieces_of_digits
from lenet.training.stream import Patterns

NO_DIGIT_LABEL = 10

pytestmark = pytest.mark.skipif(not instruction_sets(), reason="the native engine learns here")


def in_unusual_handwriting(images: np.ndarray, labels: np.ndarray) -> Patterns:
    """Slanted far to the right, and threes mirrored."""
    slant = np.array([[1, 0.6, -0.6 * 13.5], [0, 1, 0]], np.float32)
    mirrored = np.where((labels == 3)[:, None, None], images[:, :, ::-1], images)
    slanted = np.stack([cv2.warpAffine(image, slant, (28, 28)) for image in mirrored])
    return Patterns(slanted, labels.astype(np.int64))


def error_rate(weights: Model, examples: Patterns) -> float:
    outputs = Forward(weights.network, weights.parameters).predict(examples.images)
    return 100 * float((decide(weights.network, outputs) != examples.labels).mean())


def accepted_percentage(weights: Model, images: np.ndarray) -> float:
    """Percentage of images that are classified as one of the ten digits with a probability of at least 80 %."""
    predictions = probabilities(weights.network, Forward(weights.network, weights.parameters).predict(images))
    return 100 * float((predictions[:, :10].max(axis=1) >= 0.8).mean())


@pytest.fixture(scope="module")
def test_part(mnist) -> Patterns:
    return Patterns(mnist.test_images, mnist.test_labels.astype(np.int64))


@pytest.fixture(scope="module")
def rehearsal(mnist) -> Patterns:
    return Patterns(mnist.train_images, mnist.train_labels.astype(np.int64))


@pytest.fixture(scope="module")
def own(test_part: Patterns) -> Patterns:
    """Forty digits of a person, four of each."""
    rows = np.concatenate([np.flatnonzero(test_part.labels == digit)[:4] for digit in range(10)])
    return in_unusual_handwriting(test_part.images[rows], test_part.labels[rows])


@pytest.fixture(scope="module")
def model_with_reject_class(rehearsal: Patterns) -> Model:
    """A network with a reject class, for pieces of digits; trained for a moment."""
    network = describe("lenet-5-relu", classes=11)
    rng = np.random.default_rng(0)
    pieces = pieces_of_digits(rehearsal.images, 12_000, rng)
    images = np.concatenate([rehearsal.images[:30_000], pieces])
    labels = np.concatenate([rehearsal.labels[:30_000], np.full(len(pieces), NO_DIGIT_LABEL)])
    engine = Engine(network, initial_weights(network), threads=1)
    steps = -(-len(images) // 64)
    for rate in (0.05, 0.02):
        engine.fit(images, labels, rng.permutation(len(images)), [rate] * steps, UpdateHyperparameters(ema=0.99))
    return Model(
        network, engine.evaluation_arrays(), {"calibration": {"temperature": 1.5}, "reject_class": NO_DIGIT_LABEL}
    )


@pytest.fixture(scope="module")
def adapted(own: Patterns, rehearsal: Patterns) -> Model:
    return adapt(pretrained(), own, rehearsal, threads=1)


def test_forty_digits_of_an_unusual_handwriting_halve_its_errors(adapted: Model, test_part: Patterns):
    others = in_unusual_handwriting(test_part.images[2000:4000], test_part.labels[2000:4000])
    before = error_rate(pretrained(), others)
    assert before > 8  # or there would be nothing to learn
    assert error_rate(adapted, others) < before / 2


def test_the_error_rate_on_mnist_rises_by_less_than_a_fifth_of_a_percent(adapted: Model, test_part: Patterns):
    assert error_rate(adapted, test_part) < error_rate(pretrained(), test_part) + 0.2


def test_without_rehearsal_the_error_rate_on_mnist_would_rise(own: Patterns, test_part: Patterns):
    """The test above can fail."""
    without_rehearsal = adapt(pretrained(), own, own, threads=1)
    assert error_rate(without_rehearsal, test_part) > error_rate(pretrained(), test_part) + 0.2


@pytest.mark.parametrize("outputs", [10, 11])
def test_pieces_of_digits_are_rejected_as_before(outputs, model_with_reject_class, own, rehearsal, test_part):
    weights = model_with_reject_class if outputs == 11 else pretrained()
    pieces = pieces_of_digits(test_part.images, 4000, np.random.default_rng(1))
    adapted = adapt(weights, own, rehearsal, threads=1)
    assert accepted_percentage(adapted, pieces) < accepted_percentage(weights, pieces) + 2


def test_the_reject_class_would_be_forgotten_without_pieces_in_the_rehearsal(
    model_with_reject_class, own, rehearsal, test_part, monkeypatch
):
    """The test above can fail."""
    monkeypatch.setattr(adaptation, "PIECES_SHARE", 0.0)
    pieces = pieces_of_digits(test_part.images, 4000, np.random.default_rng(1))
    without_pieces = adapt(model_with_reject_class, own, rehearsal, threads=1)
    assert accepted_percentage(without_pieces, pieces) > accepted_percentage(model_with_reject_class, pieces) + 5


def test_a_digit_learned_often_is_not_predicted_more_often_elsewhere(own, rehearsal, test_part):
    """Two hundred ordinary sevens and nothing else: other digits are still not classified as sevens."""
    rows = np.flatnonzero(test_part.labels == 7)[:200]
    adapted = adapt(pretrained(), Patterns(test_part.images[rows], test_part.labels[rows]), rehearsal, threads=1)
    others = test_part.labels != 7
    counts = [
        (decide(w.network, Forward(w.network, w.parameters).predict(test_part.images[others])) == 7).sum()
        for w in (pretrained(), adapted)
    ]
    assert counts[1] <= counts[0] + 10  # of 8,972


def test_adapting_is_reproducible_to_the_bit_and_does_not_change_the_original_weights(
    own: Patterns, rehearsal: Patterns
):
    weights, short = pretrained(), replace(ADAPTATION_RECIPE, epochs=1)
    one, other = (adapt(weights, own, rehearsal, short, threads=1) for _ in range(2))
    for name, array in pretrained().parameters.items():
        assert np.array_equal(one.parameters[name], other.parameters[name])
        assert np.array_equal(weights.parameters[name], array)
        assert not np.array_equal(one.parameters[name], array)
    assert one.provenance == weights.provenance


def test_networks_with_another_input_size_and_output_layer_adapt_too(own: Patterns, rehearsal: Patterns):
    network = describe("lenet-5")  # 32×32, penalties
    short = replace(ADAPTATION_RECIPE, epochs=1, learning_rate=2e-3)
    weights = Model(network, initial_weights(network))
    assert error_rate(adapt(weights, own, rehearsal, short, threads=1), own) < error_rate(weights, own)


def test_an_empty_set_is_an_error(own: Patterns, rehearsal: Patterns):
    empty = own.take(np.arange(0))
    with pytest.raises(TrainingError, match="0 own examples"):
        adapt(pretrained(), empty, rehearsal)
    with pytest.raises(TrainingError, match="0 to rehearse"):
        adapt(pretrained(), own, empty)


@given(st.integers(0, 2**32 - 1))
def test_pieces_have_only_pixels_of_the_digits_at_their_positions(seed):
    digits = np.zeros((3, 28, 28), np.uint8)
    digits[:, 4:24, 10:18] = np.array([50, 100, 200])[:, None, None]
    pieces = pieces_of_digits(digits, 20, np.random.default_rng(seed))
    assert pieces.shape == (20, 28, 28)
    assert pieces.dtype == np.uint8
    assert set(np.unique(pieces)) <= {0, 50, 100, 200}
    assert not pieces[:, digits.max(axis=0) == 0].any()


def test_labels_are_sampled_in_proportion_to_their_probabilities():
    distribution = np.tile(np.array([[0.2, 0.0, 0.5, 0.3]], np.float32), (40_000, 1))
    drawn = adaptation._sample_labels(distribution, np.random.default_rng(0))
    assert np.bincount(drawn, minlength=4) / 40_000 == pytest.approx([0.2, 0.0, 0.5, 0.3], abs=0.01)
