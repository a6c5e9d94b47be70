"""The network that learns in the page has the engine's gradients, and the same seeds give the same curve."""

import base64
import itertools
import json
import shutil
import subprocess
import zlib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from lab.synthesis import page_digits
from lenet.architecture import Network
from lenet.connections import DIGIT_CODES
from lenet.engine import forward, reference
from lenet.page.digits import packed_digits
from lenet.preprocess import network_inputs

SITE = resources.files("lenet.page") / "site"
HARNESS = Path(__file__).with_name("page_learning.mjs")
TOLERANCE = 1e-4
RUBBISH = 20.0
BATCH = [0, 7, 500, 1234, 1999]

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")

COMMON = {"learningRate": 0.001, "batchSize": 4, "momentum": 0.9, "shift": 0, "initialization": "usual", "seed": 3}
NETWORKS = [
    {"activation": activation, "sampling": sampling, "connections": connections, "outputs": outputs}
    for activation, sampling, connections, outputs in itertools.product(
        ("squash", "sigmoid", "relu"), ("subsampling", "average", "max"), ("table", "all"), ("rbf", "logits", "sigmoid")
    )
]


def learned(cases, folder):
    """What the page's modules make of these cases in node: unpacked digits, and an answer to each case."""
    asked = {"packed": packed_digits(), "codes": [list(code) for code in DIGIT_CODES], "cases": cases}
    paths = [folder / "cases.json", folder / "answers.json"]
    paths[0].write_text(json.dumps(asked))
    done = subprocess.run(
        ["node", str(HARNESS), str(SITE), *map(str, paths)], cwd=SITE, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(paths[1].read_text())


def doubles(text):
    return np.frombuffer(base64.b64decode(text), "<f8")


def arrays_of(flat, shapes):
    """The page's flat array as the engine's arrays by name."""
    arrays, start = {}, 0
    for stage, of_stage in shapes:
        for name, shape in of_stage.items():
            size = int(np.prod(shape))
            arrays[f"{stage}.{name}"] = flat[start : start + size].reshape(shape)
            start += size
    assert start == flat.size
    return arrays


def loss_and_grad(network, outputs, labels):
    """The losses of the outputs and their derivatives, written plainly."""
    correct = np.eye(10)[labels]
    if network.smallest_wins:
        powers = np.exp(-outputs)
        total = np.exp(-RUBBISH) + powers.sum(axis=1, keepdims=True)
        return (outputs * correct).sum() + np.log(total).sum(), correct - powers / total
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    shares = powers / powers.sum(axis=1, keepdims=True)
    return -np.log((shares * correct).sum(axis=1)).sum(), shares - correct


@pytest.fixture(scope="module")
def images():
    content = packed_digits()
    pairs = np.frombuffer(zlib.decompress(base64.b64decode(content["pixels"])), np.uint8)
    levels = np.stack([pairs >> 4, pairs & 15], axis=1).reshape(-1, 28, 28)
    return (17 * levels).astype(np.uint8), np.array([*map(int, content["labels"])])


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    cases = [{"settings": COMMON | settings, "updates": 6, "places": BATCH} for settings in NETWORKS]
    return learned(cases, tmp_path_factory.mktemp("learning"))


@needs_node
def test_the_page_unpacks_the_digits_that_python_packed(answered, images):
    pixels, labels = images
    found = np.frombuffer(base64.b64decode(answered["images"]), np.uint8).reshape(-1, 28, 28)
    np.testing.assert_array_equal(found, pixels)
    assert answered["labels"] == labels.tolist()


def test_the_digits_are_those_of_mnist_that_the_command_chooses(mnist, images):
    made, shipped = page_digits.pack_digits(mnist), packed_digits()
    assert {**made, "pixels": None} == {**shipped, "pixels": None}
    rng = np.random.default_rng(page_digits.SEED)
    training = page_digits.sample_indices(mnist.train_labels, 200, rng)
    test = page_digits.sample_indices(mnist.test_labels, 50, rng)
    chosen = np.concatenate([mnist.train_images[training], mnist.test_images[test]])
    assert np.abs(chosen.astype(int) - images[0]).max() <= 8
    assert np.bincount(images[1][:2000]).tolist() == [200] * 10
    assert np.bincount(images[1][2000:]).tolist() == [50] * 10


@needs_node
@pytest.mark.parametrize("number", range(len(NETWORKS)), ids=["-".join(one.values()) for one in NETWORKS])
def test_the_gradients_of_every_setting_are_the_engines(answered, images, number):
    answer = answered["answers"][number]
    for stage in answer["description"]["stages"]:
        if "padding_value" in stage:
            stage["padding_value"] = float(stage["padding_value"])  # JavaScript writes 0.0 as 0
    network = Network.from_json(answer["description"])
    assert {f"{stage}.{name}": tuple(shape) for stage, of in answer["shapes"] for name, shape in of.items()} == dict(
        network.parameter_shapes()
    )
    parameters = arrays_of(doubles(answer["parameters"]), answer["shapes"])
    gradients = arrays_of(doubles(answer["gradients"]), answer["shapes"])
    digits, labels = images[0][BATCH], images[1][BATCH]
    inputs = network_inputs(digits, network.input, network.input_range).astype(float)
    recorded = reference.activations(network, parameters, inputs, np.float64)
    outputs = recorded[list(recorded)[-1]].reshape(len(digits), -1)
    loss, grad = loss_and_grad(network, outputs, labels)
    expected, _ = reference.backward(network, parameters, recorded, grad)
    assert answer["lossSum"] == pytest.approx(loss, rel=TOLERANCE)
    assert answer["misreadCount"] == (reference.decide(network, outputs) != labels).sum()
    for name, array in expected.items():
        assert np.abs(array).max() > 0, name
        np.testing.assert_allclose(gradients[name], array, rtol=0, atol=TOLERANCE * np.abs(array).max(), err_msg=name)
    np.testing.assert_allclose(
        forward(network, {name: array.astype(np.float32) for name, array in parameters.items()}, inputs.astype("f4")),
        outputs,
        rtol=TOLERANCE,
        atol=TOLERANCE * np.abs(outputs).max(),
    )


@needs_node
def test_what_the_chapter_starts_with_misreads_at_most_5_percent_after_five_passes(tmp_path):
    today = {"activation": "relu", "sampling": "max", "connections": "all", "outputs": "logits", "learningRate": 0.01}
    settings = COMMON | today | {"batchSize": 16, "shift": 1, "seed": 1}
    answer = learned([{"settings": settings, "updates": 625, "places": BATCH, "read": True}], tmp_path)["answers"][0]
    assert answer["preset"] == "today"
    assert 100 * answer["misread"] / 500 <= 5
    assert np.mean(answer["losses"][:20]) > 2.2
    assert np.mean(answer["losses"][-125:]) < 0.5


@needs_node
def test_sigmoid_outputs_hold_the_loss_above_1_461(tmp_path):
    settings = COMMON | {"activation": "relu", "sampling": "max", "connections": "all", "outputs": "sigmoid"}
    cases = [
        {"settings": settings | {"learningRate": 0.02, "batchSize": 16}, "updates": 200, "places": list(range(50))}
    ]
    answer = learned(cases, tmp_path)["answers"][0]
    floor = np.log(np.e + 9) - 1
    assert min(answer["losses"]) > floor
    assert np.mean(answer["losses"][-20:]) < 2.1
