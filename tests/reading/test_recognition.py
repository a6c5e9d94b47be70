"""From outputs to probabilities that can be relied on: temperature, reject class, thresholds."""

import math
import tracemalloc
from dataclasses import replace

import cv2
import numpy as np
import pytest

from lab.synthesis.calibration import calibrate, fit_acceptance
from lenet.engine import forward, probabilities
from lenet.errors import WeightsError
from lenet.initialization import initial_weights
from lenet.model import Model, pretrained
from lenet.networks import describe
from lenet.reading.augmentation import SHEAR, views
from lenet.reading.recognition import Acceptance, Calibration, Recognizer

DIGITS = Acceptance(0.9, ((0.02, 0.6), (0.01, 0.8), (0.005, 0.95)))
SINGLES = Acceptance(0.7, ((0.02, 0.5), (0.01, 0.65), (0.005, 0.7)))
LINES = Acceptance(0.3, ((0.02, 0.25), (0.01, 0.4), (0.005, 0.7)))
TABLE = Calibration(1.0, DIGITS, SINGLES, LINES, Acceptance(0.93, ((0.02, 0.93), (0.01, 0.93), (0.005, 0.93))))
ELEVEN = describe("lenet-5-relu", classes=11)


def weights(classes: int, calibration: Calibration | None = None) -> Model:
    network = describe("lenet-5-relu", classes=classes)
    provenance = ({"calibration": calibration.to_json()} if calibration else {}) | {"reject_class": 10}
    return Model(network, initial_weights(network, "pytorch", 0), provenance)


def test_what_the_ten_probabilities_lack_is_that_of_no_digit(mnist):
    assert Recognizer(weights(10)).probabilities(mnist.test_images[:5]).sum(axis=1) == pytest.approx(1)
    eleven = Recognizer(weights(11)).probabilities(mnist.test_images[:5])
    assert eleven.shape == (5, 10)
    assert (eleven.sum(axis=1) < 0.97).all()


def test_a_higher_temperature_makes_less_sure(mnist):
    images = mnist.test_images[:20]
    cold, warm = (Recognizer(weights(11, Calibration(t))).probabilities(images).max(axis=1) for t in (0.5, 2.0))
    assert (cold > warm).all()


@pytest.mark.parametrize(("max_error", "least"), [(0.02, 0.6), (0.015, 0.8), (0.005, 0.95), (0.5, 0.6)])
def test_a_maximum_error_rate_selects_the_lowest_threshold_that_keeps_it(max_error: float, least: float):
    assert DIGITS.min_confidence_for(max_error) == least
    assert Recognizer(weights(11, TABLE), max_error).min_probability == least


def test_a_maximum_error_rate_below_the_table_is_one_sentence():
    with pytest.raises(
        WeightsError, match=r"no threshold was measured for an error rate of 0\.1%; the lowest is 0\.5%"
    ):
        DIGITS.min_confidence_for(0.001)


def test_weights_without_a_table_accept_no_maximum_error_rate():
    with pytest.raises(WeightsError, match="have no thresholds"):
        Recognizer(weights(10), 0.01)


def test_every_kind_of_answer_has_its_own_threshold():
    own, strict = Recognizer(weights(11, TABLE)), Recognizer(weights(11, TABLE), 0.01)
    for kind, least, asked in (("digit", 0.9, 0.8), ("single", 0.7, 0.65), ("line", 0.3, 0.4)):
        assert [own.accepts(confidence, kind) for confidence in (least, least - 0.01)] == [True, False]
        assert [strict.accepts(confidence, kind) for confidence in (asked, asked - 0.01)] == [True, False]


def test_weights_that_know_nothing_of_lines_take_what_they_know_of_digits():
    known = {"least": 0.9, "thresholds": [[0.01, 0.8]]}
    old = Calibration.of(replace(weights(11), provenance={"calibration": known, "reject_class": 10}))
    for own, default in ((old.single, Calibration.single), (old.line, Calibration.line)):
        assert own == Acceptance(default.min_confidence, ((0.01, 0.8),))


def test_the_thresholds_of_answers_follow_how_often_they_are_wrong():
    rng = np.random.default_rng(3)
    confidences = rng.beta(4, 1, 20_000)
    wrong = rng.random(20_000) < 1 / (1 + np.exp(2 + 1.5 * np.log(confidences / (1 - confidences))))
    result = fit_acceptance(np.stack([confidences, wrong], axis=1), 0.02)
    assert result.min_confidence == dict(result.thresholds)[0.02]
    for share, least in result.thresholds:
        accepted = wrong[confidences >= least]
        assert accepted.mean() <= share + 3 * np.sqrt(share / len(accepted))
        assert len(accepted) > 0.99 * len(wrong) or accepted.mean() > 0.8 * share


def test_a_calibration_survives_its_json():
    assert Calibration.of(weights(11, TABLE)) == TABLE
    of_digits = Calibration.of(weights(11, Calibration(1.0, DIGITS)))  # as training leaves it, before lines are read
    assert (of_digits.digit, of_digits.single.thresholds, of_digits.line.thresholds) == (
        DIGITS,
        *[DIGITS.thresholds] * 2,
    )


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
def test_calibrating_finds_the_temperature_that_outputs_were_made_with(sharpness: float):
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (20_000, 11))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = (shares.cumsum(axis=1) > rng.random((len(scores), 1))).argmax(axis=1)
    result = calibrate(ELEVEN, [((scores * sharpness).astype(np.float32)[None], labels)])
    assert result.temperature == pytest.approx(sharpness, rel=0.06)


def test_a_threshold_keeps_the_share_of_errors_it_promises():
    rng = np.random.default_rng(1)
    scores = rng.normal(0, 4, (40_000, 11))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = (shares.cumsum(axis=1) > rng.random((len(scores), 1))).argmax(axis=1)
    result = calibrate(ELEVEN, [(scores.astype(np.float32)[None], labels)])
    own = np.exp(scores / result.temperature)
    own = (own / own.sum(axis=1, keepdims=True))[:, :10]
    assert len(result.digit.thresholds) >= 3
    for share, least in result.digit.thresholds:
        accepted = own.max(axis=1) >= least
        assert (own.argmax(axis=1) != labels)[accepted].mean() == pytest.approx(share, rel=0.1)


def test_the_probabilities_are_the_mean_over_a_digits_views(mnist):
    own, images = weights(11), mnist.test_images[:6]
    each = [probabilities(own.network, forward(own.network, own.parameters, view))[:, :10] for view in views(images)]
    np.testing.assert_allclose(Recognizer(own).probabilities(images), np.mean(each, axis=0), atol=1e-5)


def test_views_of_many_digits_are_in_memory_a_batch_at_a_time_and_change_no_output(mnist):
    recognizer, digits = Recognizer(), mnist.test_images[:9_000]
    tracemalloc.start()
    outputs = recognizer.outputs(digits)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * digits.nbytes  # all views of all digits would be five times the digits
    assert np.array_equal(outputs[:, 8_000:8_100], recognizer.outputs(digits[8_000:8_100]))
    assert recognizer.outputs(digits[:0]).shape == (5, 0, 11)


def test_views_are_the_picture_turned_and_slanted_to_either_side(mnist):
    image = mnist.test_images[0]
    same, left, right, *slanted = views(image[None])[:, 0]
    assert (same == image).all()
    degrees = math.degrees(math.atan(SHEAR))
    assert_near(left, cv2.warpAffine(image, cv2.getRotationMatrix2D((13.5, 13.5), -degrees, 1), (28, 28)))
    assert_near(right, cv2.warpAffine(image, cv2.getRotationMatrix2D((13.5, 13.5), degrees, 1), (28, 28)))
    tops = [float(view[:10].sum(axis=0) @ np.arange(28)) / float(view[:10].sum()) for view in (*slanted, image)]
    assert min(tops[:2]) < tops[2] - 0.5
    assert max(tops[:2]) > tops[2] + 0.5


def assert_near(image, expected):
    assert np.abs(image.astype(int) - expected).max() <= 8


@pytest.mark.parametrize(
    ("calibration", "message"),
    [
        ("hot", r"provenance\.calibration is 'hot', expected a record"),
        ([1], r"provenance\.calibration is \[1\], expected a record"),
        ({"temperature": "1"}, r"provenance\.calibration\.temperature is '1', expected a number of 0\.001 to 1,000"),
        ({"temperature": 0}, r"temperature is 0, expected a number"),
        ({"least": float("nan")}, r"least is nan, expected a number of 0 to 1"),
        ({"line": {"least": 7}}, r"calibration\.line\.least is 7, expected a number of 0 to 1"),
        ({"single": [1]}, r"calibration\.single is \[1\], expected a record"),
        ({"thresholds": 3}, r"thresholds is 3, expected a list"),
        ({"thresholds": [[0.1]]}, r"thresholds\[0\] is \[0\.1\], expected a list of 2 numbers"),
        ({"thresholds": [{"a": 1}]}, r"thresholds\[0\] is {'a': 1}, expected a list of 2 numbers"),
    ],
)
def test_a_damaged_calibration_is_one_sentence(calibration, message):
    shipped = pretrained()
    for kind in ("calibration", "calibration of one view"):
        if kind != "calibration" and set(calibration) & {"line", "single"}:
            continue  # it has none of these
        damaged = replace(shipped, provenance={**shipped.provenance, kind: calibration})
        with pytest.raises(WeightsError, match=message.replace("calibration", kind, 1)):
            Calibration.of_one_view(damaged)
