"""What the page computes to see more has its oracle: gradients by the input, occlusion, principal components."""

import json
import shutil
import subprocess
from importlib import resources

import numpy as np
import pytest
import torch

from lenet.initialization import initial_weights
from lenet.model import Model
from lenet.networks import describe, names
from lenet.page import page_document
from lenet.page.document import MAX_NETWORKS

SITE = resources.files("lenet.page") / "site"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")

MODULES = """
import { readFileSync } from "node:fs";
import { parseDocument } from "lenet/network.js";
import { principalComponents, projected } from "lenet/plane/principal.js";
import { inputGradient } from "lenet/saliency/input_gradient.js";
import { COVER, occlude } from "lenet/saliency/occlusion.js";
import { pathThrough } from "lenet/views/path.js";
import { sourcesOf } from "lenet/units.js";
const given = JSON.parse(readFileSync(0, "utf8"));
const networks = given.document ? parseDocument(given.document).networks : [];
const show = (value) => console.log(JSON.stringify(value));
"""


def in_node(script, **given):
    """What ``script`` shows, run inside the site's package."""
    done = subprocess.run(
        ["node", "--input-type=module", "-e", MODULES + script],
        cwd=str(SITE),
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


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
    script = """show(networks.map(({ network }, index) => {
      const pass = network.run(Float32Array.from(given.inputs[index]));
      return given.outputs.map((output) => Array.from(inputGradient(network, pass, output)));
    }));"""
    for models, document in batches(zoo):
        inputs = [input_of(model.network) for model in models]
        shown = in_node(
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
    shown = in_node(
        """const [{ network }] = networks;
        const falls = new Float32Array(network.inputShape[1] * network.inputShape[2]);
        for (const _ of occlude(network, Float32Array.from(given.values), (outputs) => outputs[3], falls));
        show({ falls: Array.from(falls), cover: COVER });""",
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


def test_the_axes_of_the_plane_are_the_principal_components():
    random = np.random.default_rng(2)
    vectors = random.normal(size=(120, 20)) * np.linspace(4, 0.2, 20) + random.normal(size=20)
    shown = in_node(
        """const vectors = given.vectors.map((vector) => Float32Array.from(vector));
        const { mean, axes, shares } = principalComponents(vectors, 2);
        const places = vectors.map((vector) => projected(vector, { mean, axes }));
        show({ axes: axes.map((axis) => Array.from(axis)), shares, places });""",
        vectors=vectors.tolist(),
    )
    centered = vectors - vectors.mean(0)
    _, sizes, axes = np.linalg.svd(centered, full_matrices=False)
    signs = np.sign([axis[np.abs(axis).argmax()] for axis in axes[:2]])
    np.testing.assert_allclose(shown["axes"], axes[:2] * signs[:, None], atol=2e-3)
    np.testing.assert_allclose(shown["shares"], (sizes**2 / (sizes**2).sum())[:2], atol=1e-5)
    np.testing.assert_allclose(shown["places"], centered @ (axes[:2] * signs[:, None]).T, atol=2e-2)


def test_the_maps_of_the_overview_are_connected_with_one_another(zoo):
    script = """show(networks.map(({ network }, index) => {
      const pass = network.run(Float32Array.from(given.inputs[index]));
      return network.stages.map(({ outputShape: [maps, height, width] }, stage) => {
        const unit = [maps - 1, height >> 1, width >> 1];
        const path = pathThrough(network, pass, { stage, unit });
        const isConnected = network.stages.every((one, at) => one.outputShape[1] * one.outputShape[2] === 1
          || sourcesOf(network, at, [path[at + 1], 0, 0]).some(({ map }) => map === path[at]));
        return isConnected && path[stage + 1] === unit[0] && path.length === network.stages.length + 1;
      });
    }));"""
    for models, document in batches(zoo):
        shown = in_node(
            script, document=document, inputs=[input_of(model.network).ravel().tolist() for model in models]
        )
        assert all(all(stages) for stages in shown)
