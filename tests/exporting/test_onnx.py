"""ONNX models: ONNX Runtime gives the engine's answers, for every network and for any that can be described."""

import json

import numpy as np
import pytest
from hypothesis import given

import lenet
from lenet.engine import decide
from lenet.exporting.quantization import quantize, quantized_forward
from lenet.preprocess import network_inputs
from tests.engine.cases import ODD, drawn, networks
from tests.exporting.cases import assert_close, digits, error_of, model_of, noise, outputs_of

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
from lenet.exporting.onnx import to_onnx  # noqa: E402  # needs onnx

AT_ONCE = 1_000


def run(content, pictures, name="pictures"):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    if name == "pictures" and pictures.shape[1] == 1:
        pictures = pictures[:, 0]
    starts = range(0, len(pictures), AT_ONCE)
    return np.concatenate([session.run(None, {name: pictures[start : start + AT_ONCE]})[0] for start in starts])


def written(model, quantization=None):
    return to_onnx(model.network, model.parameters, takes_bytes=True, quantization=quantization)


@pytest.mark.parametrize("name", ["lenet-5-relu", "lenet-5"])
def test_the_file_gives_the_engines_answers_on_all_test_digits(name, mnist):
    model = lenet.load(name)
    pictures = digits(model, mnist)
    result, expected = run(written(model), pictures), outputs_of(model, pictures)
    assert (decide(model.network, result) == decide(model.network, expected)).all()
    assert_close(result, expected)


@pytest.mark.parametrize("name", ["lenet-5-relu", "lenet-5"])
def test_with_8_bit_weights_the_error_on_test_digits_moves_by_at_most_0_05_points(name, mnist, tmp_path):
    model = lenet.load(name)
    assert lenet.export(model, "onnx-int8", tmp_path / "digits.onnx").check.source == "test pictures of mnist"
    content = (tmp_path / "digits.onnx").read_bytes()
    pictures, labels = digits(model, mnist), mnist.test_labels
    error = error_of(model, outputs_of(model, pictures), labels)
    assert error_of(model, run(content, pictures), labels) == pytest.approx(error, abs=0.05)
    stored = {array.name: array for array in onnx.load_from_string(content).graph.initializer}
    large = [array for array in stored.values() if np.prod(array.dims) > 1_000]
    assert {array.data_type for array in large} <= {onnx.TensorProto.INT8}


@pytest.mark.parametrize("name", lenet.names())
def test_every_network_takes_bytes_and_gives_the_engines_outputs(name):
    model = model_of(name)
    pictures = noise(model.network)
    assert_close(run(written(model), pictures), outputs_of(model, pictures))


@pytest.mark.parametrize("name", lenet.names())
def test_every_network_in_8_bits_gives_what_its_arithmetic_says(name):
    model = model_of(name)
    pictures = noise(model.network, 40)
    rounded = quantize(model.network, model.parameters, pictures, 63)
    expected = quantized_forward(model.network, model.parameters, rounded, pictures)
    assert_close(run(written(model, rounded), pictures), expected, 0.02)  # a level more or less where two are as near


@pytest.mark.parametrize("name", lenet.names())
def test_the_benchmarks_model_takes_network_inputs(name):
    model = model_of(name)
    pictures = noise(model.network)
    inputs = network_inputs(pictures, model.network.input, model.network.input_range)
    result = run(to_onnx(model.network, model.parameters), inputs, "input")
    assert_close(result, outputs_of(model, pictures))


@drawn(150)
@given(networks())
def test_any_network_gives_the_outputs_of_the_engine(network):
    model = model_of(network)
    pictures = noise(network)
    assert_close(run(written(model), pictures), outputs_of(model, pictures), 1e-4)


@pytest.mark.parametrize("network", ODD.values(), ids=ODD)
def test_odd_networks_give_the_outputs_of_the_engine(network):
    model = model_of(network)
    pictures = noise(network)
    assert_close(run(written(model), pictures), outputs_of(model, pictures), 1e-4)


def test_the_file_says_what_its_outputs_mean_and_is_the_same_bytes_again(tmp_path):
    model = lenet.load("lenet-5")
    lenet.export(model, "onnx", tmp_path / "a.onnx")
    lenet.export(model, "onnx", tmp_path / "b.onnx")
    content = (tmp_path / "a.onnx").read_bytes()
    assert content == (tmp_path / "b.onnx").read_bytes()
    properties = {entry.key: entry.value for entry in onnx.load_from_string(content).metadata_props}
    assert json.loads(properties["output_names"]) == list("0123456789")
    assert properties["the winner"] == "the smallest output"
