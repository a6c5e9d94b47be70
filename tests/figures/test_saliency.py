"""Saliency: gradients by the input compared with torch and with differences, and occlusion."""

import numpy as np
import pytest

from lenet import describe, engine, figures, names
from lenet.architecture import AveragePooling, Convolution, FullConnection, Network, Stage
from lenet.figures import FigureFolder, ForwardPass
from lenet.figures.saliency import _sheet, gradient_times_input, input_gradient, occlusion, patch_side
from lenet.figures.sheet import LIGHT
from lenet.initialization import initial_weights


def example(name, seed=2):
    network = describe(name) if isinstance(name, str) else name
    background, ink = network.input_range
    inputs = np.random.default_rng(seed).uniform(background, ink, (1, *network.input)).astype(np.float32)
    return network, initial_weights(network, seed=seed), inputs


@pytest.mark.parametrize("name", names())
def test_the_gradient_is_that_of_torch(name):
    torch = pytest.importorskip("torch")
    from lenet import pytorch

    network, arrays, inputs = example(name)
    module = pytorch.build(network)
    pytorch.load_arrays(module, arrays)
    pixels = torch.tensor(inputs, dtype=torch.float64, requires_grad=True)
    module.double()(pixels)[0, 3].backward()
    expected = pixels.grad[0].numpy()
    np.testing.assert_allclose(
        input_gradient(network, arrays, inputs, 3), expected, rtol=0, atol=1e-5 * abs(expected).max()
    )


@pytest.mark.parametrize("name", ["lenet-1989", "lenet-1", "lenet-4", "lenet-5"])  # smooth everywhere
def test_the_gradient_is_the_slope_that_the_engine_shows(name):
    network, arrays, inputs = example(name)
    step, pixels = 0.02, inputs.size
    moved = np.repeat(inputs, 2 * pixels, axis=0).reshape(2, pixels, pixels)
    moved[0][np.diag_indices(pixels)] += step
    moved[1][np.diag_indices(pixels)] -= step
    up, down = engine.forward(network, arrays, moved.reshape(-1, *network.input)).reshape(2, pixels, -1)[:, :, 3]
    slopes = input_gradient(network, arrays, inputs, 3).reshape(-1)
    np.testing.assert_allclose((up - down) / (2 * step), slopes, rtol=0, atol=0.02 * np.abs(slopes).max())


def test_in_a_linear_network_the_pixels_add_up_to_what_the_whole_picture_gives():
    stages = (Stage("c1", Convolution(3, 3)), Stage("p", AveragePooling()), Stage("output", FullConnection(4)))
    network = Network("linear", (2, 10, 10), stages, input_range=(-0.5, 2.0))
    _, arrays, inputs = example(network)
    blank = np.full_like(inputs, -0.5)
    outputs, nothing = engine.forward(network, arrays, np.concatenate([inputs, blank]))
    predicted = int(outputs.argmax())
    salience = gradient_times_input(network, arrays, inputs)
    assert salience.shape == (10, 10)
    assert salience.sum() == pytest.approx(outputs[predicted] - nothing[predicted], rel=1e-4)
    assert (gradient_times_input(network, arrays, blank) == 0).all()


@pytest.mark.parametrize("name", ["lenet-5", "lenet-rgb", "lenet-1989"])
def test_occlusion_is_what_covering_one_patch_after_the_other_shows(name):
    network, arrays, inputs = example(name)
    result, reach = occlusion(network, arrays, inputs), patch_side(network) // 2
    outputs = engine.forward(network, arrays, inputs)[0]
    sign = -1 if network.smallest_wins else 1
    predicted = int((sign * outputs).argmax())
    height, width = network.input[1:]
    for row, column in ((0, 0), (height - 1, 3), (height // 2, width // 2)):
        covered = inputs.copy()
        for y in range(height):
            for x in range(width):
                if abs(y - row) <= reach and abs(x - column) <= reach:
                    covered[0, :, y, x] = network.input_range[0]
        falls = sign * (outputs[predicted] - engine.forward(network, arrays, covered)[0, predicted])
        assert result[row, column] == pytest.approx(falls, rel=1e-3, abs=1e-5)


def test_to_hide_what_is_blank_changes_nothing_and_a_penalty_counts_negatively():
    network, arrays, inputs = example("lenet-5")
    blank = np.full_like(inputs, -0.1)
    blank[0, 0, 20:, :] = inputs[0, 0, 20:, :]
    np.testing.assert_allclose(occlusion(network, arrays, blank)[:15], 0, atol=1e-4)
    # Where salience is positive, a little less ink makes the winning penalty larger.
    salience = gradient_times_input(network, arrays, inputs)
    predicted = int(engine.forward(network, arrays, inputs)[0].argmin())
    row, column = np.unravel_index(salience.argmax(), salience.shape)
    paler = inputs.copy()
    paler[0, 0, row, column] -= 0.1
    before, after = (engine.forward(network, arrays, some)[0, predicted] for some in (inputs, paler))
    assert after > before


@pytest.mark.parametrize("name", ["lenet-5", "lenet-rgb"])
def test_salience_is_drawn_on_its_own_scale_around_zero_beside_the_input(name, tmp_path):
    network, arrays, inputs = example(name)
    paths = figures.draw_saliency(ForwardPass.of(network, arrays, inputs), FigureFolder(tmp_path, dpi=30))
    assert [path.name for path in paths] == ["saliency_occlusion.png", "saliency_gradient.png"]
    salience = occlusion(network, arrays, inputs)
    sheet = _sheet(network, inputs[0], salience, "title", "subtitle", LIGHT)
    shown, drawn, _legend = sheet.axes.images
    assert shown.get_array().shape[:2] == network.input[1:]
    np.testing.assert_array_equal(drawn.get_array(), salience)
    low, high = drawn.get_clim()
    assert -low == high == pytest.approx(abs(salience).max())
    np.testing.assert_allclose(drawn.to_rgba(np.array([0.0]))[0, :3], 1.0, atol=0.01)
