"""What the page shows to see more has its oracle: gradients by the input, occlusion, principal components."""

import base64

import numpy as np
import pytest
import torch

from lenet.architecture import FullConnection, Network, Stage
from lenet.engine.reference import activations
from lenet.initialization import initial_weights
from lenet.model import Model, pretrained
from lenet.networks import describe, names
from lenet.page import page_document
from lenet.page.digits import unpack_test_digits
from lenet.page.document import MAX_NETWORKS
from lenet.page.plane import MAX_UNITS, digit_plane
from lenet.preprocess import network_inputs
from tests.page.in_node import needs_node, run_in_node

pytestmark = needs_node

MODULES = """
import { answerOf, networkInput, parseDocument } from "lenet/network.js";
import { projectOnAxes } from "lenet/plane/plane.js";
import { inputGradient } from "lenet/saliency/input_gradient.js";
import { SQUARE_SIDE, occlude } from "lenet/saliency/occlusion.js";
import { chooseOverviewMaps } from "lenet/views/overview_maps.js";
import { sourcesOf } from "lenet/units.js";
const models = given.document ? parseDocument(given.document).models : [];
"""


def run_script(script, **given):
    """Run a script in node after the imports of MODULES; returns what it passes to ``show``."""
    return run_in_node(MODULES + script, **given)


@pytest.fixture(scope="module")
def zoo():
    return [Model(describe(name), initial_weights(describe(name), seed=4)) for name in names()]


def batches(zoo):
    for start in range(0, len(zoo), MAX_NETWORKS):
        models = zoo[start : start + MAX_NETWORKS]
        yield models, page_document(models)


def input_of(network, seed=5):
    low, high = network.input_range
    return np.random.default_rng(seed).uniform(low, high, network.input).astype(np.float32)


def test_the_gradient_by_the_input_is_that_of_autograd_for_every_network_of_the_zoo(zoo):
    script = """show(models.map(({ network }, index) => {
      const pass = network.run(Float32Array.from(given.inputs[index]));
      return given.outputs.map((output) => Array.from(inputGradient(network, pass, output)));
    }));"""
    for models, document in batches(zoo):
        inputs = [input_of(model.network) for model in models]
        shown = run_script(
            script, document=document, inputs=[values.ravel().tolist() for values in inputs], outputs=[0, 1]
        )
        for model, values, gradients in zip(models, inputs, shown, strict=True):
            for output, gradient in enumerate(gradients):
                tensor = torch.from_numpy(values)[None].requires_grad_()
                model.to_torch().double()(tensor.double())[0, output].backward()
                expected = tensor.grad.numpy().ravel()
                np.testing.assert_allclose(
                    gradient, expected, atol=1e-4 * np.abs(expected).max(), err_msg=model.network.name
                )


def test_occlusion_is_the_mean_fall_of_the_score_over_all_squares_that_cover_a_place(zoo):
    [model] = [one for one in zoo if one.network.name == "lenet-1"]
    network = model.network
    values = input_of(network)
    shown = run_script(
        """const [{ network }] = models;
        const falls = new Float32Array(network.inputShape[1] * network.inputShape[2]);
        for (const _ of occlude(network, Float32Array.from(given.values), (outputs) => outputs[3], falls));
        show({ falls: Array.from(falls), cover: SQUARE_SIDE });""",
        document=page_document([model]),
        values=values.ravel().tolist(),
    )
    module = model.to_torch()
    height, width = values.shape[1:]

    def score(image):
        return module(torch.from_numpy(image)[None])[0, 3].item()

    before, cover = score(values), shown["cover"]
    for row, column in ((0, 0), (13, 7), (height - 1, width - 1)):
        falls = []
        for top in range(2 - cover, height, 2):
            for left in range(2 - cover, width, 2):
                if top <= row < top + cover and left <= column < left + cover:
                    covered = values.copy()
                    covered[:, max(top, 0) : top + cover, max(left, 0) : left + cover] = network.input_range[0]
                    falls.append(before - score(covered))
        assert shown["falls"][row * width + column] == pytest.approx(np.mean(falls), abs=1e-4)


def arrays_of(plane):
    values = np.frombuffer(base64.b64decode(plane["values"]), "<f4")
    return {
        name: values[place["start"] :][: int(np.prod(place["shape"]))].reshape(place["shape"])
        for name, place in plane["arrays"].items()
    }


@pytest.mark.parametrize("name", ["lenet-5", "lenet-5-relu"])
def test_the_axes_of_the_plane_are_the_principal_components_of_the_last_hidden_stage(name):
    model = pretrained(name)
    plane = digit_plane(model)
    network = model.network
    inputs = network_inputs(unpack_test_digits(), network.input, network.input_range)
    values = activations(network, model.parameters, inputs)
    before = list(values)[list(values).index(network.stages[-1].name) - 1]
    hidden = values[before].reshape(500, -1).astype(float)
    centered = hidden - hidden.mean(0)
    _, sizes, axes = np.linalg.svd(centered, full_matrices=False)
    signs = np.sign([axis[np.abs(axis).argmax()] for axis in axes[:2]])
    arrays = arrays_of(plane)
    np.testing.assert_allclose(arrays["mean"], hidden.mean(0), atol=1e-5)
    np.testing.assert_allclose(arrays["axes"], axes[:2] * signs[:, None], atol=1e-5)
    np.testing.assert_allclose(arrays["places"], centered @ (axes[:2] * signs[:, None]).T, atol=1e-3)
    np.testing.assert_allclose(plane["shares"], (sizes**2 / (sizes**2).sum())[:2], atol=1e-6)


def test_the_page_puts_a_digit_where_the_document_has_it_and_reads_it_as_the_document_says():
    models = [pretrained("lenet-5"), pretrained("lenet-5-relu")]
    shown = run_script(
        """show(models.map((model) => given.images.map((image) => {
          const pass = model.network.run(networkInput(model.network, Uint8Array.from(image)));
          const place = projectOnAxes(pass.stages.at(-2).values, model.plane);
          return { place, read: model.labels[answerOf(model, pass.outputs).predictedClass] };
        })));""",
        document=page_document(models),
        images=unpack_test_digits().reshape(500, -1).tolist(),
    )
    for model, points in zip(models, shown, strict=True):
        plane = digit_plane(model)
        places = [point["place"] for point in points]
        np.testing.assert_allclose(places, arrays_of(plane)["places"], atol=1e-3)
        assert "".join(point["read"] for point in points) == plane["read"]


def test_only_a_network_that_reads_digits_by_a_stage_before_its_outputs_has_a_plane():
    def plane_of(network, **made):
        network = describe(network) if isinstance(network, str) else network
        return digit_plane(Model(network, initial_weights(network, seed=1), made))

    def stages(*layers):
        return Network("own", (1, 28, 28), tuple(Stage(f"f{place}", layer) for place, layer in enumerate(layers)))

    assert plane_of("lenet-1989") is not None
    assert plane_of("lenet-5-relu", data={"name": "fashion-mnist"}) is None
    assert plane_of("lenet-rgb", data={"name": "cifar10"}) is None
    assert plane_of(stages(FullConnection(10))) is None
    assert plane_of(stages(FullConnection(1), FullConnection(10))) is None
    assert plane_of(stages(FullConnection(2), FullConnection(10))) is not None
    assert plane_of(stages(FullConnection(MAX_UNITS + 1), FullConnection(10))) is None


def test_outputs_beyond_all_numbers_make_no_plane_and_equal_ones_one_without_shares():
    def plane_of_all(name, weight):
        network = describe(name)
        arrays = initial_weights(network, seed=1)
        return digit_plane(Model(network, {name: np.full_like(array, weight) for name, array in arrays.items()}))

    assert plane_of_all("lenet-5-relu", 1e30) is None
    still = plane_of_all("lenet-1", 0)
    assert still["shares"] == [0, 0]
    assert np.isfinite(arrays_of(still)["places"]).all()


def test_the_maps_of_the_overview_are_connected_with_one_another(zoo):
    script = """show(models.map(({ network }, index) => {
      const pass = network.run(Float32Array.from(given.inputs[index]));
      return network.stages.map(({ outputShape: [maps, height, width] }, stage) => {
        const unit = [maps - 1, height >> 1, width >> 1];
        const path = chooseOverviewMaps(network, pass, { stageIndex: stage, unit });
        const isConnected = network.stages.every((one, at) => one.outputShape[1] * one.outputShape[2] === 1
          || sourcesOf(network, at, [path[at + 1], 0, 0]).some(({ map }) => map === path[at]));
        return isConnected && path[stage + 1] === unit[0] && path.length === network.stages.length + 1;
      });
    }));"""
    for models, document in batches(zoo):
        shown = run_script(
            script, document=document, inputs=[input_of(model.network).ravel().tolist() for model in models]
        )
        assert all(all(stages) for stages in shown)
