"""What the tests of several formats share: models of every network, pictures, and what may differ."""

import numpy as np

import lenet
from lenet.engine import Forward
from lenet.model import Model
from lenet.preprocess import fit_to_input
from tests.engine.cases import random_weights


def model_of(network, seed=1):
    """A model whose biases and coefficients all count."""
    if isinstance(network, str):
        network = lenet.describe(network)
    return Model(network, random_weights(network, seed))


def noise(network, count=7, seed=0):
    """Pictures of the network's size, uint8 (N, C, H, W)."""
    return np.random.default_rng(seed).integers(0, 256, (count, *network.input), np.uint8)


def outputs_of(model, pictures):
    return Forward(model.network, model.parameters).predict(pictures)


def digits(model, mnist):
    """All 10,000 test digits at the network's size."""
    return fit_to_input(mnist.test_images, model.network.input)


def error_of(model, outputs, labels):
    """Percent, without the output that stands for no digit."""
    if model.reject_class is not None:
        outputs = np.delete(outputs, model.reject_class, axis=1)
    answers = outputs.argmin(axis=1) if model.network.smallest_wins else outputs.argmax(axis=1)
    return 100 * float((answers != labels).mean())


def assert_close(actual, expected, share=2e-5):
    """Equal but for rounding: the difference beside the largest output."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=share * max(1.0, float(np.abs(expected).max())))
