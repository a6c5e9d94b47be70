"""Reading in bfloat16 on the matrix unit, where this processor has one."""

import numpy as np
import pytest

from lenet.engine.native import Engine, UpdateHyperparameters, instruction_sets, precisions
from lenet.errors import EngineError
from lenet.networks import describe, names
from tests.engine.cases import random_pictures, random_weights

pytestmark = pytest.mark.skipif(not instruction_sets(), reason="the native engine was not built")
has_matrix_unit = pytest.mark.skipif("bfloat16" not in precisions(), reason="this processor has no matrix unit")


def engines(network, seed=0, threads=2):
    weights = random_weights(network, seed)
    return [Engine(network, weights, threads=threads, precision=precision) for precision in ("float32", "bfloat16")]


@has_matrix_unit
@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("count", [9, 17, 32, 45])
def test_outputs_in_bfloat16_differ_by_a_few_of_its_roundings(name, count):
    network = describe(name)
    images, _ = random_pictures(network, count, seed=3)
    exact, halves = (engine.predict(images) for engine in engines(network))
    # products are right to 2⁻⁸; a few stages of sums of either sign leave about that of the outputs' spread
    assert np.abs(exact - halves).max() <= 12 * 2**-8 * exact.std()
    assert np.abs(exact - halves).max() > 0


@has_matrix_unit
def test_a_picture_is_read_in_bfloat16_the_same_whatever_stands_beside_it():
    network = describe("lenet-5-relu")
    images, _ = random_pictures(network, 64, seed=5)
    _, halves = engines(network)
    together = halves.predict(images)
    np.testing.assert_array_equal(halves.predict(images[::-1].copy())[::-1], together)
    np.testing.assert_array_equal(halves.predict(images[16:48]), together[16:48])


@has_matrix_unit
def test_learning_and_a_few_pictures_stay_in_float32():
    network = describe("lenet-5")
    images, labels = random_pictures(network, 40, seed=7)
    exact, halves = engines(network)
    np.testing.assert_array_equal(exact.predict(images[:2]), halves.predict(images[:2]))
    for engine in (exact, halves):
        engine.fit(images, labels, np.arange(40), [0.01, 0.01], UpdateHyperparameters(batch=20, loss="map"))
    for name, array in exact.arrays().items():
        np.testing.assert_array_equal(array, halves.arrays()[name])


@has_matrix_unit
def test_weights_that_have_learned_are_those_read_with():
    network = describe("lenet-5-relu")
    images, labels = random_pictures(network, 40, seed=9)
    _, halves = engines(network)
    before = halves.predict(images)
    halves.fit(images, labels, np.arange(40), [0.1, 0.1], UpdateHyperparameters(batch=20))
    fresh = Engine(network, halves.arrays(), precision="bfloat16")
    assert np.abs(halves.predict(images) - before).max() > 0.01
    np.testing.assert_array_equal(halves.predict(images), fresh.predict(images))


def test_a_precision_that_cannot_be_had_is_refused_with_those_that_can():
    network = describe("lenet-1")
    with pytest.raises(EngineError, match="cannot read in 'float16'; expected one of float32"):
        Engine(network, random_weights(network, 0), precision="float16")
