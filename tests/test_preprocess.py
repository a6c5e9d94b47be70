"""One way from gray levels to network input."""

import numpy as np
import pytest

from lenet.errors import DataError
from lenet.networks import describe, names
from lenet.preprocess import network_inputs


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("shape", [(28, 28), (16, 16), (3, 32, 32), (9, 50)])
def test_any_picture_comes_out_in_every_networks_shape_and_range(name, shape):
    network = describe(name)
    images = np.random.default_rng(0).integers(0, 256, (3, *shape), dtype=np.uint8)
    inputs = network_inputs(images, network.input, network.input_range)
    assert inputs.shape == (3, *network.input)
    assert inputs.dtype == np.float32
    low, high = np.float32(network.input_range)
    assert inputs.min() >= low
    assert inputs.max() <= high


def test_lenet_5_gets_the_papers_constants():
    network = describe("lenet-5")
    images = np.array([0, 255], np.uint8)[:, None, None] * np.ones((1, 28, 28), np.uint8)
    inputs = network_inputs(images, network.input, network.input_range)
    assert inputs[0].min() == inputs[0].max() == np.float32(-0.1)
    assert inputs[1, 0, 16, 16] == np.float32(1.175)
    assert inputs[1, 0, 0, 0] == np.float32(-0.1)


def test_padding_is_equal_on_all_sides_and_keeps_the_picture():
    images = np.random.default_rng(1).integers(0, 256, (2, 28, 28), dtype=np.uint8)
    inputs = network_inputs(images, (1, 32, 32), (0, 255))
    np.testing.assert_array_equal(inputs[:, 0, 2:30, 2:30], images)
    assert inputs[:, 0, :2].max() == inputs[:, 0, 30:].max() == inputs[:, 0, :, :2].max() == 0


def test_gray_becomes_three_equal_channels_and_color_its_luma():
    gray = np.full((1, 32, 32), 90, np.uint8)
    np.testing.assert_array_equal(network_inputs(gray, (3, 32, 32), (0, 255)), np.full((1, 3, 32, 32), 90))
    red = np.zeros((1, 3, 32, 32), np.uint8)
    red[:, 0] = 255
    assert network_inputs(red, (1, 32, 32), (0, 255)).max() == round(255 * 0.299)


def test_scaling_twice_is_refused():
    with pytest.raises(TypeError, match="expected uint8 gray levels"):
        network_inputs(np.zeros((1, 28, 28), np.float32), (1, 28, 28), (0, 1))


def test_channels_that_do_not_fit_are_named():
    with pytest.raises(DataError, match="have 4 channels, the network takes 1"):
        network_inputs(np.zeros((1, 4, 8, 8), np.uint8), (1, 8, 8), (0, 1))
    with pytest.raises(DataError, match="expected images"):
        network_inputs(np.zeros((8, 8), np.uint8), (1, 8, 8), (0, 1))
