"""From outputs to probabilities that can be relied on: temperature, refusals, thresholds."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from lab.synthesis.calibration import calibrate
from lenet.engine import forward, probabilities
from lenet.errors import WeightsError
from lenet.initialization import initial_weights
from lenet.model import Model, pretrained
from lenet.networks import describe
from lenet.reading.augmentation import ROTATION, views
from lenet.reading.recognition import Calibration, Recognizer

TABLE = Calibration(1.0, 0.9, 0.7, ((0.02, 0.6), (0.01, 0.8), (0.005, 0.95)))
ELEVEN = describe("lenet-5-relu", classes=11)


def weights(classes: int, calibration: Calibration | None = None) -> Model:
    network = describe("lenet-5-relu", classes=classes)
    provenance = ({"calibration": calibration.to_json()} if calibration else {}) | {"refusal": 10}
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
def test_a_greatest_error_takes_the_lowest_threshold_that_keeps_it(max_error: float, least: float):
    assert TABLE.min_probability_for(max_error) == least
    assert Recognizer(weights(11, TABLE), max_error).min_probability == least


def test_a_greatest_error_below_the_table_is_one_sentence():
    with pytest.raises(WeightsError, match=r"a greatest error of 0\.100% was not measured; the lowest is 0\.500%"):
        TABLE.min_probability_for(0.001)


def test_weights_without_a_table_know_nothing_of_a_greatest_error():
    with pytest.raises(WeightsError, match="carry no thresholds"):
        Recognizer(weights(10), 0.01)


def test_in_a_line_of_sure_digits_less_is_enough():
    shares = np.float32([0.8, *[0.0] * 9])
    recognizer = Recognizer(weights(11, TABLE))
    assert recognizer.rejects(shares)
    assert not recognizer.rejects(shares, in_line=True)
    assert Recognizer(weights(11, TABLE), 0.005).rejects(shares, in_line=True)


def test_a_calibration_survives_its_json():
    assert Calibration.of(weights(11, TABLE)) == TABLE


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
def test_calibrating_finds_the_temperature_that_outputs_were_made_with(sharpness: float):
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (20_000, 11))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = (shares.cumsum(axis=1) > rng.random((len(scores), 1))).argmax(axis=1)
    found = calibrate(ELEVEN, [((scores * sharpness).astype(np.float32)[None], labels)])
    assert found.temperature == pytest.approx(sharpness, rel=0.06)


def test_a_threshold_keeps_the_share_of_errors_it_promises():
    rng = np.random.default_rng(1)
    scores = rng.normal(0, 4, (40_000, 11))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = (shares.cumsum(axis=1) > rng.random((len(scores), 1))).argmax(axis=1)
    found = calibrate(ELEVEN, [(scores.astype(np.float32)[None], labels)])
    own = np.exp(scores / found.temperature)
    own = (own / own.sum(axis=1, keepdims=True))[:, :10]
    assert len(found.thresholds) >= 3
    for share, least in found.thresholds:
        accepted = own.max(axis=1) >= least
        assert (own.argmax(axis=1) != labels)[accepted].mean() == pytest.approx(share, rel=0.1)


def test_the_probabilities_are_the_mean_over_a_digits_views(mnist):
    own, images = weights(11), mnist.test_images[:6]
    each = [probabilities(own.network, forward(own.network, own.parameters, view))[:, :10] for view in views(images)]
    np.testing.assert_allclose(Recognizer(own).probabilities(images), np.mean(each, axis=0), atol=1e-5)


def test_views_are_the_picture_turned_and_slanted_to_either_side(mnist):
    image = mnist.test_images[0]
    same, left, right, *slanted = views(image[None])[:, 0]
    assert (same == image).all()
    assert_near(left, cv2.warpAffine(image, cv2.getRotationMatrix2D((13.5, 13.5), -ROTATION, 1), (28, 28)))
    assert_near(right, cv2.warpAffine(image, cv2.getRotationMatrix2D((13.5, 13.5), ROTATION, 1), (28, 28)))
    tops = [float(view[:10].sum(axis=0) @ np.arange(28)) / float(view[:10].sum()) for view in (*slanted, image)]
    assert min(tops[:2]) < tops[2] - 0.5
    assert max(tops[:2]) > tops[2] + 0.5


def assert_near(image, expected):
    assert np.abs(image.astype(int) - expected).max() <= 8


@pytest.mark.parametrize(
    ("calibration", "said"),
    [
        ("hot", r"provenance\.calibration is 'hot', expected a record"),
        ([1], r"provenance\.calibration is \[1\], expected a record"),
        ({"temperature": "1"}, r"provenance\.calibration\.temperature is '1', expected a number of 0\.001 to 1,000"),
        ({"temperature": 0}, r"temperature is 0, expected a number"),
        ({"least": float("nan")}, r"least is nan, expected a number of 0 to 1"),
        ({"least_in_line": 7}, r"least_in_line is 7, expected a number of 0 to 1"),
        ({"thresholds": 3}, r"thresholds is 3, expected a list"),
        ({"thresholds": [[0.1]]}, r"thresholds\[0\] is \[0\.1\], expected a list of 2 numbers"),
        ({"thresholds": [{"a": 1}]}, r"thresholds\[0\] is {'a': 1}, expected a list of 2 numbers"),
    ],
)
def test_a_damaged_calibration_is_one_sentence(calibration, said):
    shipped = pretrained()
    for kind in ("calibration", "calibration of one view"):
        if kind != "calibration" and set(calibration) & {"thresholds", "least_in_line"}:
            continue  # it has none of these
        damaged = replace(shipped, provenance={**shipped.provenance, kind: calibration})
        with pytest.raises(WeightsError, match=said.replace("calibration", kind, 1)):
            Calibration.of_one_view(damaged)
