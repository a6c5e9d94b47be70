"""Quantization: scales cover what was seen, weights are the nearest levels, and hard cases stay finite."""

import numpy as np
import pytest

import lenet
from lenet.architecture import Convolution, FullConnection, Network, Stage
from lenet.exporting.quantization import quantize, quantized_forward
from tests.exporting.cases import model_of, noise, outputs_of


@pytest.mark.parametrize("largest", [63, 127])
def test_weights_are_off_by_at_most_half_a_step_and_use_the_whole_range(largest):
    model = lenet.load("lenet-5")
    rounded = quantize(model.network, model.parameters, noise(model.network), largest)
    assert list(rounded) == ["c1", "c3", "c5", "f6"]
    for name, stage in rounded.items():
        weight = model.parameters[f"{name}.weight"]
        scales = stage.weight_scales if name != "c3" else np.repeat(stage.weight_scales, [3] * 6 + [4] * 9 + [6])
        scales = scales.reshape(-1, *(1,) * (weight.ndim - 1))
        assert (np.abs(stage.weight * scales - weight) <= 0.5001 * scales).all()
        assert np.abs(stage.weight).max() == largest


def test_inputs_that_were_seen_are_off_by_at_most_half_a_step():
    model = lenet.load("lenet-5-relu")
    pictures = noise(model.network, 20)
    seen = model._forward.activations(pictures)
    stage = quantize(model.network, model.parameters, pictures)["fc1"]
    values = seen["pool2"]
    assert np.abs(stage.values(stage.levels(values)) - values).max() <= 0.51 * stage.scale
    assert stage.levels(np.float32([-1e9, 1e9])).tolist() == [0, 255]


def test_the_quantized_network_is_near_the_exact_one(mnist):
    model = lenet.load("lenet-5-relu")
    rounded = quantize(model.network, model.parameters, mnist.train_images[:500])
    pictures = mnist.test_images[:500]
    result = quantized_forward(model.network, model.parameters, rounded, pictures)
    assert np.abs(result - outputs_of(model, pictures)).mean() < 0.1


def test_maps_without_weights_and_pictures_without_ink_stay_finite():
    network = Network(
        "empty",
        (1, 6, 6),
        (Stage("c1", Convolution(2, 3, padding=1, padding_value=-1.0)), Stage("f2", FullConnection(3))),
    )
    model = model_of(network)
    arrays = {name: array.copy() for name, array in model.parameters.items()}
    arrays["c1.weight"][0] = 0
    arrays["f2.weight"][:] = 1e-30
    pictures = np.zeros((2, 1, 6, 6), np.uint8)
    rounded = quantize(network, arrays, pictures)
    result = quantized_forward(network, arrays, rounded, pictures)
    assert np.isfinite(result).all()
    np.testing.assert_allclose(result, np.broadcast_to(arrays["f2.bias"], result.shape), atol=1e-6)
