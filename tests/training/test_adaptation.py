"""Adapting weights to a hand: what is learned, what is kept, and what stays no digit."""

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


def in_an_odd_hand(images: np.ndarray, labels: np.ndarray) -> Patterns:
    """Slanted far to the right, and threes the wrong way round."""
    slant = np.array([[1, 0.6, -0.6 * 13.5], [0, 1, 0]], np.float32)
    turned = np.where((labels == 3)[:, None, None], images[:, :, ::-1], images)
    moved = np.stack([cv2.warpAffine(image, slant, (28, 28)) for image in turned])
    return Patterns(moved, labels.astype(np.int64))


def error_rate(weights: Model, examples: Patterns) -> float:
    outputs = Forward(weights.network, weights.parameters).predict(examples.images)
    return 100 * float((decide(weights.network, outputs) != examples.labels).mean())


def answered_surely(weights: Model, images: np.ndarray) -> float:
    """Percent of pictures that are taken for one of the ten digits with a probability of 80 % and more."""
    shares = probabilities(weights.network, Forward(weights.network, weights.parameters).predict(images))
    return 100 * float((shares[:, :10].max(axis=1) >= 0.8).mean())


@pytest.fixture(scope="module")
def test_part(mnist) -> Patterns:
    return Patterns(mnist.test_images, mnist.test_labels.astype(np.int64))


@pytest.fixture(scope="module")
def rehearsed(mnist) -> Patterns:
    return Patterns(mnist.train_images, mnist.train_labels.astype(np.int64))


@pytest.fixture(scope="module")
def own(test_part: Patterns) -> Patterns:
    """Forty digits of a person, four of each."""
    rows = np.concatenate([np.flatnonzero(test_part.labels == digit)[:4] for digit in range(10)])
    return in_an_odd_hand(test_part.images[rows], test_part.labels[rows])


@pytest.fixture(scope="module")
def eleven(rehearsed: Patterns) -> Model:
    """A network with an eleventh answer, for pieces of digits; trained for a moment."""
    network = describe("lenet-5-relu", classes=11)
    rng = np.random.default_rng(0)
    pieces = pieces_of_digits(rehearsed.images, 12_000, rng)
    images = np.concatenate([rehearsed.images[:30_000], pieces])
    labels = np.concatenate([rehearsed.labels[:30_000], np.full(len(pieces), NO_DIGIT_LABEL)])
    engine = Engine(network, initial_weights(network), threads=1)
    steps = -(-len(images) // 64)
    for rate in (0.05, 0.02):
        engine.fit(images, labels, rng.permutation(len(images)), [rate] * steps, UpdateHyperparameters(ema=0.99))
    return Model(
        network, engine.evaluation_arrays(), {"calibration": {"temperature": 1.5}, "reject_class": NO_DIGIT_LABEL}
    )


@pytest.fixture(scope="module")
def adapted(own: Patterns, rehearsed: Patterns) -> Model:
    return adapt(pretrained(), own, rehearsed, threads=1)


def test_forty_digits_of_an_odd_hand_halve_its_errors(adapted: Model, test_part: Patterns):
    others = in_an_odd_hand(test_part.images[2000:4000], test_part.labels[2000:4000])
    before = error_rate(pretrained(), others)
    assert before > 8  # or there would be nothing to learn
    assert error_rate(adapted, others) < before / 2


def test_mnist_suffers_by_less_than_a_fifth_of_a_percent(adapted: Model, test_part: Patterns):
    assert error_rate(adapted, test_part) < error_rate(pretrained(), test_part) + 0.2


def test_without_rehearsal_mnist_would_suffer(own: Patterns, test_part: Patterns):
    """The test above can fail."""
    forgetful = adapt(pretrained(), own, own, threads=1)
    assert error_rate(forgetful, test_part) > error_rate(pretrained(), test_part) + 0.2


@pytest.mark.parametrize("outputs", [10, 11])
def test_pieces_of_digits_are_refused_as_before(outputs, eleven, own, rehearsed, test_part):
    weights = eleven if outputs == 11 else pretrained()
    pieces = pieces_of_digits(test_part.images, 4000, np.random.default_rng(1))
    later = adapt(weights, own, rehearsed, threads=1)
    assert answered_surely(later, pieces) < answered_surely(weights, pieces) + 2


def test_the_eleventh_answer_would_be_forgotten_if_pieces_were_not_rehearsed(
    eleven, own, rehearsed, test_part, monkeypatch
):
    """The test above can fail."""
    monkeypatch.setattr(adaptation, "PIECES_SHARE", 0.0)
    pieces = pieces_of_digits(test_part.images, 4000, np.random.default_rng(1))
    forgetful = adapt(eleven, own, rehearsed, threads=1)
    assert answered_surely(forgetful, pieces) > answered_surely(eleven, pieces) + 5


def test_a_digit_shown_often_becomes_no_likelier(own, rehearsed, test_part):
    """Two hundred plain sevens and nothing else: what was no seven stays none."""
    rows = np.flatnonzero(test_part.labels == 7)[:200]
    later = adapt(pretrained(), Patterns(test_part.images[rows], test_part.labels[rows]), rehearsed, threads=1)
    others = test_part.labels != 7
    counts = [
        (decide(w.network, Forward(w.network, w.parameters).predict(test_part.images[others])) == 7).sum()
        for w in (pretrained(), later)
    ]
    assert counts[1] <= counts[0] + 10  # of 8,972


def test_the_same_gives_the_same_bits_and_leaves_the_old_weights_alone(own: Patterns, rehearsed: Patterns):
    weights, short = pretrained(), replace(ADAPTATION_RECIPE, epochs=1)
    one, other = (adapt(weights, own, rehearsed, short, threads=1) for _ in range(2))
    for name, array in pretrained().parameters.items():
        assert np.array_equal(one.parameters[name], other.parameters[name])
        assert np.array_equal(weights.parameters[name], array)
        assert not np.array_equal(one.parameters[name], array)
    assert one.provenance == weights.provenance


def test_networks_of_another_size_and_kind_of_output_adapt_too(own: Patterns, rehearsed: Patterns):
    network = describe("lenet-5")  # 32×32, penalties
    short = replace(ADAPTATION_RECIPE, epochs=1, learning_rate=2e-3)
    weights = Model(network, initial_weights(network))
    assert error_rate(adapt(weights, own, rehearsed, short, threads=1), own) < error_rate(weights, own)


def test_nothing_to_learn_is_refused(own: Patterns, rehearsed: Patterns):
    nothing = own.take(np.arange(0))
    with pytest.raises(TrainingError, match="0 own examples"):
        adapt(pretrained(), nothing, rehearsed)
    with pytest.raises(TrainingError, match="0 to rehearse"):
        adapt(pretrained(), own, nothing)


@given(st.integers(0, 2**32 - 1))
def test_pieces_hold_only_ink_of_digits_in_its_place(seed):
    digits = np.zeros((3, 28, 28), np.uint8)
    digits[:, 4:24, 10:18] = np.array([50, 100, 200])[:, None, None]
    pieces = pieces_of_digits(digits, 20, np.random.default_rng(seed))
    assert pieces.shape == (20, 28, 28)
    assert pieces.dtype == np.uint8
    assert set(np.unique(pieces)) <= {0, 50, 100, 200}
    assert not pieces[:, digits.max(axis=0) == 0].any()


def test_labels_are_drawn_as_often_as_the_probabilities_say():
    shares = np.tile(np.array([[0.2, 0.0, 0.5, 0.3]], np.float32), (40_000, 1))
    drawn = adaptation._sample_labels(shares, np.random.default_rng(0))
    assert np.bincount(drawn, minlength=4) / 40_000 == pytest.approx([0.2, 0.0, 0.5, 0.3], abs=0.01)
