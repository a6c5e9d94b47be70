"""Whoever runs a network gets the native engine where it can run it, and the reference's answer everywhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet import engine
from lenet.architecture import Convolution, FullConnection, Network, Stage
from lenet.engine import Forward, native, reference
from lenet.errors import ArchitectureError, EngineError, MissingExtra
from lenet.initialization import initial_weights
from lenet.networks import describe, names
from lenet.preprocess import network_inputs

ENGINES = [*native.instruction_sets(), "numpy"]
BEYOND = Network("wide", (1, 12, 12), (Stage("c1", Convolution(2, 9)), Stage("output", FullConnection(3))))


def images_for(network, count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *network.input)).astype(np.uint8)


def weights_of(network):
    return initial_weights(network, "pytorch", 1)


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("engine_name", ENGINES)
def test_every_engine_gives_the_outputs_of_the_reference(name, engine_name):
    network = describe(name)
    images, arrays = images_for(network, 3), weights_of(network)
    inputs = network_inputs(images, network.input, network.input_range)
    expected = reference.forward(network, arrays, inputs)
    # Sums of thousands of float32 products taken in another order.
    close = {"rtol": 1e-4, "atol": 1e-4 * float(np.abs(expected).max())}
    ready = Forward(network, arrays, engine_name)
    np.testing.assert_allclose(ready.predict(inputs), expected, **close)
    np.testing.assert_allclose(ready.predict(images), expected, **close)


@pytest.mark.parametrize("engine_name", ENGINES)
def test_every_engine_names_and_shapes_activations_as_the_reference_does(engine_name):
    network = describe("lenet-5")
    images, arrays = images_for(network, 2), weights_of(network)
    expected = reference.activations(network, arrays, network_inputs(images, network.input, network.input_range))
    result = Forward(network, arrays, engine_name).activations(images)
    assert {key: array.shape for key, array in result.items()} == {key: a.shape for key, a in expected.items()}
    for key, array in expected.items():
        np.testing.assert_allclose(result[key], array, rtol=1e-3, atol=1e-3, err_msg=key)


@given(count=st.integers(0, 70))
def test_any_number_of_gray_pictures_gives_as_many_outputs(count):
    network = describe("lenet-short")
    images, arrays = images_for(network, count), weights_of(network)
    outputs = engine.forward(network, arrays, images[:, 0])
    assert outputs.shape == (count, network.classes)
    if count:
        one = Forward(network, arrays).predict(images[-1:])
        np.testing.assert_allclose(outputs[-1:], one, rtol=1e-4, atol=1e-4)


def test_the_engine_runs_unless_the_variable_says_numpy(monkeypatch):
    network = describe("lenet-5-relu")
    images, arrays = images_for(network, 5), weights_of(network)
    inputs = network_inputs(images, network.input, network.input_range)
    monkeypatch.setenv("LENET_ENGINE", "numpy")
    np.testing.assert_array_equal(engine.forward(network, arrays, inputs), reference.forward(network, arrays, inputs))
    monkeypatch.delenv("LENET_ENGINE")
    assert engine.engine_name() == (native.instruction_sets() or ["numpy"])[0]
    monkeypatch.setenv("LENET_ENGINE", "abacus")
    with pytest.raises(EngineError, match="abacus"):
        engine.forward(network, arrays, inputs)


def test_without_the_extension_the_reference_runs(monkeypatch, capsys):
    network = describe("lenet-5-relu")
    images, arrays = images_for(network, 5), weights_of(network)
    monkeypatch.delenv("LENET_ENGINE", raising=False)
    monkeypatch.setattr(native, "instruction_sets", lambda: [])
    inputs = network_inputs(images, network.input, network.input_range)
    np.testing.assert_array_equal(engine.forward(network, arrays, images), reference.forward(network, arrays, inputs))
    assert capsys.readouterr().out == ""


def test_what_the_engine_cannot_run_the_reference_does_unless_the_engine_was_named(monkeypatch):
    monkeypatch.delenv("LENET_ENGINE", raising=False)
    images, arrays = images_for(BEYOND, 3), weights_of(BEYOND)
    inputs = network_inputs(images, BEYOND.input, BEYOND.input_range)
    np.testing.assert_array_equal(engine.forward(BEYOND, arrays, images), reference.forward(BEYOND, arrays, inputs))
    for name in native.instruction_sets():
        with pytest.raises(EngineError, match="c1"):
            Forward(BEYOND, arrays, name)


@pytest.mark.parametrize("engine_name", ENGINES)
def test_network_inputs_of_another_size_are_refused_and_gray_pictures_fitted(engine_name):
    network = describe("lenet-5")
    ready, small = Forward(network, weights_of(network), engine_name), images_for(describe("lenet-5-relu"), 2)
    for shape in ((2, 1, 28, 28), (2, 3, 32, 32), (32, 32)):
        with pytest.raises(ArchitectureError, match=r"takes inputs \(N, 1, 32, 32\), got \("):
            ready.predict(np.zeros(shape, np.float32))
        with pytest.raises(ArchitectureError, match=r"takes inputs \(N, 1, 32, 32\), got \("):
            ready.activations(np.zeros(shape, np.float32))
    np.testing.assert_array_equal(ready.predict(small), ready.predict(np.pad(small[:, 0], ((0, 0), (2, 2), (2, 2)))))


def test_torch_reads_the_same(monkeypatch):
    pytest.importorskip("torch")
    from lenet.pytorch import TorchForward

    network = describe("lenet-5")
    small, arrays = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8), weights_of(network)
    expected = Forward(network, arrays, "numpy").predict(small)
    np.testing.assert_allclose(TorchForward(network, arrays).predict(small), expected, rtol=1e-4, atol=1e-2)


def test_torch_that_is_missing_names_its_extra(monkeypatch):
    monkeypatch.setenv("LENET_ENGINE", "torch")
    monkeypatch.setattr("lenet.engine.choice.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"lenet\[train\]"):
        engine.engine_name()
