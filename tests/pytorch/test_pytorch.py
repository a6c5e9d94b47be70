"""The built modules against a slow forward pass in float64 that shares nothing with them."""

import importlib.util
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet import describe, engine, names
from lenet.architecture import (
    Activation,
    AveragePooling,
    Convolution,
    EuclideanRbf,
    FullConnection,
    GlobalAveragePooling,
    MaxPooling,
    Network,
    Stage,
    Subsampling,
    sigmoid,
    squash,
    tanh,
)
from lenet.connections import LENET_5_C3
from lenet.errors import ArchitectureError, LeNetError, WeightsError
from lenet.model import pretrained
from lenet.preprocess import network_inputs
from lenet.pytorch import activations, build, load_arrays, to_arrays
from lenet.pytorch.source import MODULE_ATTRIBUTES, standalone_source
from lenet.reading import Reader

PARAMETERS = {
    "lenet-1989": 9_760,
    "lenet-1": 2_578,
    "lenet-4": 16_885,
    "lenet-5": 60_000,
    "lenet-5-relu": 61_706,
    "lenet-5-average": 61_706,
    "lenet-5-sigmoid": 61_706,
    "lenet-5-sigmoid-output": 61_706,
    "lenet-short": 5_142,
    "lenet-rgb": 121_182,
    "lenet-5-gap": 4_850,
    "lenet-caffe": 431_080,
}

ACTIVATIONS = {
    Activation.IDENTITY: lambda a: a,
    Activation.SQUASH: lambda a: 1.7159 * np.tanh(2 * a / 3),
    Activation.TANH: np.tanh,
    Activation.SIGMOID: lambda a: 1 / (1 + np.exp(-a)),
    Activation.RELU: lambda a: np.where(a > 0, a, 0),
    Activation.LOG_SOFTMAX: lambda a: a - np.log(np.exp(a).sum(axis=1, keepdims=True)),
}


def random_arrays(network, seed=0):
    """Random weights, biases and coefficients, small enough to keep units out of saturation."""
    rng = np.random.default_rng(seed)
    return {
        name: (rng.uniform(-1, 1, shape) / np.sqrt(np.prod(shape[1:]) or 1)).astype(np.float32)
        for name, shape in network.parameter_shapes().items()
    }


def random_inputs(network, count=2, seed=1):
    low, high = network.input_range
    return np.random.default_rng(seed).uniform(low, high, (count, *network.input)).astype(np.float32)


def slow_layer(layer, parameters, maps):
    """One stage in float64 by loops over maps, kernel rows and columns, or patches."""
    images, in_maps, height, width = maps.shape
    if isinstance(layer, Convolution):
        p, k, s = layer.padding, layer.kernel_size, layer.stride
        padded = np.full((images, in_maps, height + 2 * p, width + 2 * p), float(layer.padding_value))
        padded[:, :, p : p + height, p : p + width] = maps
        rows, columns = (height + 2 * p - k) // s + 1, (width + 2 * p - k) // s + 1
        sums = np.zeros((images, layer.maps, rows, columns))
        kernel = 0
        for out in range(layer.maps):
            for in_map in range(in_maps):
                if layer.table is None:
                    weights = parameters["weight"][out, in_map]
                elif in_map in layer.table[out]:
                    weights = parameters["weight"][kernel]
                    kernel += 1
                else:
                    continue
                for y in range(k):
                    for x in range(k):
                        patch = padded[:, in_map, y : y + s * rows : s, x : x + s * columns : s]
                        sums[:, out] += weights[y, x] * patch[:, :rows, :columns]
            sums[:, out] += parameters["bias"][out]  # a number, or a plane of one bias a unit
        return sums
    if isinstance(layer, FullConnection):
        return (maps.reshape(images, -1) @ parameters["weight"].T + parameters["bias"])[:, :, None, None]
    if isinstance(layer, EuclideanRbf):
        vectors = maps.reshape(images, -1)
        penalties = [[sum((x - w) ** 2 for x, w in zip(v, p, strict=True)) for p in layer.prototypes] for v in vectors]
        return np.array(penalties)[:, :, None, None]
    if isinstance(layer, GlobalAveragePooling):
        return maps.mean(axis=(2, 3))[:, :, None, None]
    copies = layer.copies if isinstance(layer, Subsampling) else 1
    size = layer.size
    pooled = np.zeros((images, in_maps * copies, height // size, width // size))
    for y in range(height // size):
        for x in range(width // size):
            patch = maps[:, :, y * size : y * size + size, x * size : x * size + size]
            for out in range(in_maps * copies):
                units = patch[:, out // copies].reshape(images, -1)
                if isinstance(layer, Subsampling):
                    pooled[:, out, y, x] = parameters["coefficient"][out] * units.sum(axis=1) + parameters["bias"][out]
                else:
                    pooled[:, out, y, x] = units.max(axis=1) if isinstance(layer, MaxPooling) else units.mean(axis=1)
    return pooled


def slow_activations(network, arrays, inputs):
    """The outputs of each stage before and after its activation, by name, as `lenet.pytorch.activations`."""
    maps = inputs.astype(np.float64)
    outputs = {"input": maps}
    for stage in network.stages:
        parameters = {k.split(".")[1]: v.astype(np.float64) for k, v in arrays.items() if k.split(".")[0] == stage.name}
        maps = outputs[stage.name] = slow_layer(stage.layer, parameters, maps)
        if stage.activation != Activation.IDENTITY:
            maps = outputs[f"{stage.name}_{stage.activation}"] = ACTIVATIONS[stage.activation](maps)
    return outputs


def loaded(network, arrays):
    module = build(network)
    load_arrays(module, arrays)
    return module.eval()


def assert_close(actual, expected):
    # float32 sums of up to 800 terms of order 1 against float64
    np.testing.assert_allclose(actual, expected, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", names())
def test_every_network_gives_what_the_slow_pass_gives_at_every_stage(name):
    network = describe(name)
    arrays, inputs = random_arrays(network), random_inputs(network)
    module = loaded(network, arrays)
    expected = slow_activations(network, arrays, inputs)
    with torch.no_grad():
        actual = activations(module, torch.from_numpy(inputs))
        outputs = module(torch.from_numpy(inputs)).numpy()
    assert list(actual) == list(expected)
    for key, maps in expected.items():
        assert_close(actual[key].numpy(), maps)
    assert_close(outputs, list(expected.values())[-1].reshape(len(inputs), -1))


@pytest.mark.parametrize("name", names())
def test_every_network_agrees_with_the_engine_on_outputs_and_on_the_names_of_activations(name):
    network = describe(name)
    arrays, inputs = random_arrays(network, seed=2), random_inputs(network, count=3, seed=4)
    module = loaded(network, arrays)
    with torch.no_grad():
        assert_close(module(torch.from_numpy(inputs)).numpy(), engine.forward(network, arrays, inputs))
        actual = activations(module, torch.from_numpy(inputs))
    reference = engine.activations(network, arrays, inputs)
    assert {key: tuple(maps.shape) for key, maps in actual.items()} == {key: m.shape for key, m in reference.items()}
    assert list(actual) == list(reference)


@pytest.mark.parametrize("name", names())
def test_the_state_dict_holds_exactly_the_parameters_of_the_description(name):
    network = describe(name)
    module = build(network)
    assert {key: tuple(t.shape) for key, t in module.state_dict().items()} == network.parameter_shapes()
    assert sum(parameter.numel() for parameter in module.parameters()) == PARAMETERS[name]
    assert [child for child, _ in module.named_children()] == [stage.name for stage in network.stages]


def test_all_networks_have_a_golden_count():
    assert set(PARAMETERS) == set(names())


def test_c3_equals_one_full_convolution_per_output_map():
    c3 = build(describe("lenet-5")).c3
    maps = torch.randn(2, 6, 14, 14, generator=torch.Generator().manual_seed(0))
    kernels = iter(c3.weight)
    for out, in_maps in enumerate(LENET_5_C3):
        alone = F.conv2d(maps[:, in_maps], torch.stack([next(kernels) for _ in in_maps])[None], c3.bias[out : out + 1])
        torch.testing.assert_close(c3(maps)[:, out : out + 1], alone)
    assert next(kernels, None) is None


@pytest.mark.parametrize("name", ["lenet-1989", "lenet-4", "lenet-5"])
def test_gradients_agree_with_differences_of_the_slow_pass(name):
    network = describe(name)
    arrays, inputs = random_arrays(network, seed=5), random_inputs(network, count=1)
    module = loaded(network, arrays)
    module(torch.from_numpy(inputs)).sum().backward()
    rng, step = np.random.default_rng(0), 1e-3
    for key, parameter in module.named_parameters():
        place = tuple(rng.integers(length) for length in parameter.shape)
        sides = []
        for sign in (1, -1):
            moved = {k: v.astype(np.float64) for k, v in arrays.items()}
            moved[key][place] += sign * step
            sides.append(list(slow_activations(network, moved, inputs).values())[-1].sum())
        # 5e-3: central differences of step 1e-3 are off by about 1e-6 relative, float32 gradients by more.
        assert parameter.grad[place].item() == pytest.approx((sides[0] - sides[1]) / (2 * step), rel=5e-3, abs=2e-3)


tables = st.integers(1, 4).flatmap(
    lambda in_maps: st.tuples(
        st.just(in_maps),
        st.lists(st.sets(st.integers(0, in_maps - 1), min_size=1), min_size=1, max_size=5),
    )
)


def assert_built_as_slow(network, seed):
    arrays, inputs = random_arrays(network, seed), random_inputs(network, seed=seed)
    with torch.no_grad():
        actual = loaded(network, arrays)(torch.from_numpy(inputs)).numpy()
    assert_close(actual, list(slow_activations(network, arrays, inputs).values())[-1].reshape(len(inputs), -1))


@settings(max_examples=40, deadline=None)
@given(
    drawn=tables,
    dense=st.booleans(),
    kernel_size=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    padding_value=st.sampled_from([0.0, -1.0, 0.5]),
    bias=st.sampled_from(["map", "unit"]),
    seed=st.integers(0, 1000),
)
def test_any_convolution_gives_what_the_slow_pass_gives(
    drawn, dense, kernel_size, stride, padding, padding_value, bias, seed
):
    in_maps, rows = drawn
    table = None if dense else tuple(tuple(sorted(row)) for row in rows)
    convolution = Convolution(len(rows), kernel_size, stride, padding, padding_value, table, bias)
    stages = (Stage("c1", convolution, tanh), Stage("f2", FullConnection(4), squash))
    assert_built_as_slow(Network("drawn", (in_maps, 8, 6), stages), seed)


@settings(max_examples=20, deadline=None)
@given(
    in_maps=st.integers(1, 3),
    size=st.integers(1, 3),
    copies=st.integers(1, 3),
    pooling=st.sampled_from([AveragePooling, MaxPooling]),
    seed=st.integers(0, 1000),
)
def test_any_sub_sampling_and_pooling_gives_what_the_slow_pass_gives(in_maps, size, copies, pooling, seed):
    stages = (Stage("s1", Subsampling(size, copies), sigmoid), Stage("p2", pooling(2)), Stage("f3", FullConnection(4)))
    assert_built_as_slow(Network("drawn", (in_maps, 4 * size, 6 * size), stages), seed)


def test_a_convolution_may_follow_a_full_connection():
    network = Network("own", (1, 4, 4), (Stage("f1", FullConnection(5), tanh), Stage("c2", Convolution(3, 1))))
    arrays, inputs = random_arrays(network), random_inputs(network)
    expected = list(slow_activations(network, arrays, inputs).values())[-1].reshape(2, 3)
    assert_close(loaded(network, arrays)(torch.from_numpy(inputs)).detach().numpy(), expected)


@pytest.mark.parametrize("shape", [(2, 1, 28, 28), (1, 32, 32), (2, 3, 32, 32), (4, 1024)])
def test_a_wrong_input_shape_is_answered_with_the_expected_and_the_given_one(shape):
    module = build(describe("lenet-5"))
    for run in (module, lambda inputs: activations(module, inputs)):
        with pytest.raises(ValueError, match=r"lenet-5 takes inputs \(N, 1, 32, 32\), got \(") as caught:
            run(torch.zeros(shape))
        assert str(shape) in str(caught.value)


def test_a_stage_name_that_a_module_cannot_hold_is_named():
    for name in ("forward", "a.b", "network"):
        with pytest.raises(ArchitectureError, match=f"own: a stage cannot be called '{name}'"):
            build(Network("own", (1, 4, 4), (Stage(name, FullConnection(2)),)))


def test_no_source_is_printed_of_a_stage_whose_name_a_module_of_torch_has_already():
    assert {name for name in dir(torch.nn.Module()) if not name.startswith("_")} <= MODULE_ATTRIBUTES
    for name in ("forward", "train", "parameters", "training"):
        network = Network("own", (1, 4, 4), (Stage(name, FullConnection(2)),))
        with pytest.raises(ArchitectureError, match=f"own: a stage cannot be called '{name}'"):
            standalone_source(network)


def test_arrays_come_back_as_they_were_loaded_and_are_copies():
    network = describe("lenet-4")
    arrays = random_arrays(network)
    for array in arrays.values():
        array.flags.writeable = False
    module = loaded(network, arrays)
    back = to_arrays(module)
    assert list(back) == list(arrays)
    assert all(back[key].dtype == np.float32 and (back[key] == arrays[key]).all() for key in arrays)
    back["c1.bias"] += 1
    assert (to_arrays(module)["c1.bias"] == arrays["c1.bias"]).all()


def test_arrays_of_another_network_are_refused_and_change_nothing():
    module = build(describe("lenet-5"))
    before = to_arrays(module)
    arrays = random_arrays(describe("lenet-5"))
    for wrong, words in [
        (random_arrays(describe("lenet-5-relu")), "does not belong to it|is missing"),
        ({key: array for key, array in arrays.items() if key != "f6.bias"}, "the array 'f6.bias' is missing"),
        ({**arrays, "f7.bias": arrays["f6.bias"]}, "the array 'f7.bias' does not belong to it"),
        ({**arrays, "c3.weight": np.zeros((16, 6, 5, 5))}, r"c3.weight is \(16, 6, 5, 5\), expected \(60, 5, 5\)"),
        ({**arrays, "c1.bias": arrays["c1.bias"] + 1j}, "c1.bias holds complex64, expected real numbers"),
        ({**arrays, "c1.bias": arrays["c1.bias"].astype(object)}, "c1.bias holds object, expected real numbers"),
    ]:
        with pytest.raises(WeightsError, match=words):
            load_arrays(module, wrong)
    assert all((to_arrays(module)[key] == before[key]).all() for key in before)


def test_arrays_in_the_byte_order_of_other_machines_are_the_same_weights():
    network = describe("lenet-5")
    arrays = random_arrays(network)
    back = to_arrays(loaded(network, {key: array.astype(">f4") for key, array in arrays.items()}))
    assert all((back[key] == arrays[key]).all() for key in arrays)


def test_new_modules_start_within_one_over_the_square_root_of_each_maps_fan_in():
    torch.manual_seed(0)
    module = build(describe("lenet-5"))
    start = 0
    for fan_in in [75] * 6 + [100] * 9 + [150]:
        kernels = module.c3.weight[start : start + fan_in // 25].abs()
        assert 0.85 / fan_in**0.5 < kernels.max().item() <= 1 / fan_in**0.5 + 1e-7
        start += fan_in // 25
    assert module.c1.weight.abs().max().item() <= 0.2
    assert (module.s2.coefficient == 0.5).all()


def test_a_module_can_be_pickled_and_turned_to_double():
    network = describe("lenet-5")
    module = loaded(network, random_arrays(network))
    inputs = torch.from_numpy(random_inputs(network))
    again = pickle.loads(pickle.dumps(module))
    assert torch.equal(again(inputs), module(inputs))
    outputs = module.double()(inputs.double())
    assert outputs.dtype == torch.float64
    torch.testing.assert_close(outputs.float(), again(inputs))


def test_importing_the_printing_of_source_imports_no_torch_and_a_missing_torch_is_named():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from lenet import describe; from lenet.pytorch import standalone_source\n"
        "assert 'class LeNet5(' in standalone_source(describe('lenet-5'))\n"
        "import lenet.cli.code\n"
        "try:\n    from lenet.pytorch import build\n"
        "except ValueError as error:\n    print(error)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "needs torch, which is not installed; install it with: pip install 'lenet[train]'" in result.stdout


HUBCONF = Path(__file__).parents[2] / "hubconf.py"


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("hubconf", HUBCONF)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_torch_hub_offers_every_network(hub):
    entries = {name for name in vars(hub) if callable(getattr(hub, name)) and not name.startswith("_")} - {"Path"}
    assert entries == {name.replace("-", "_") for name in names()}
    for entry in entries:
        assert sum(p.numel() for p in getattr(hub, entry)().parameters()) == PARAMETERS[entry.replace("_", "-")]
        assert getattr(hub, entry).__doc__
    assert hub.lenet_rgb(classes=3).output.out_features == 3


def test_torch_hub_refuses_arguments_that_a_network_does_not_take(hub):
    with pytest.raises(LeNetError, match="no argument 'channels'"):
        hub.lenet_1(channels=3)


def from_hub(entry, **arguments):
    return torch.hub.load(str(HUBCONF.parent), entry, source="local", **arguments)


def examples_of_digits(network):
    """The network inputs of the digits on the example pictures, and their labels."""
    folder, texts = HUBCONF.parent / "examples/digits", {"seven": "7", "two": "2", "year": "1998", "phone": "55500142"}
    reader = Reader("lenet-5-relu")
    readings = [reader.read(folder / f"{name}.png") for name in texts]
    cut = np.stack([digit.image for reading in readings for digit in reading.digits])
    labels = [int(digit) for number in texts.values() for digit in number]
    return torch.from_numpy(network_inputs(cut, network.input, network.input_range)), labels


@pytest.mark.parametrize("name", ["lenet-5-relu", "lenet-5"])
def test_torch_hub_reads_digits_with_the_weights_that_ship(name):
    module, shipped = from_hub(name.replace("-", "_"), pretrained=True), pretrained(name)
    assert module.network == shipped.network
    arrays = to_arrays(module)
    assert arrays.keys() == shipped.parameters.keys()
    assert all((arrays[key] == shipped.parameters[key]).all() for key in arrays)
    inputs, labels = examples_of_digits(module.network)
    with torch.no_grad():
        outputs = module(inputs)
    best = outputs.argmin(1) if module.network.smallest_wins else outputs.argmax(1)
    assert best.tolist() == labels


def test_torch_hub_says_which_output_stands_for_no_digit():
    module = from_hub("lenet_5_relu", pretrained=True)
    assert module.reject_class == module.refusal == 10
    assert module.network.classes == 11
    letter = np.zeros((1, 28, 28), np.uint8)
    letter[0, 4:24, 6:9] = letter[0, 4:7, 6:22] = letter[0, 21:24, 6:22] = letter[0, 12:15, 6:19] = 255  # an E
    inputs = torch.from_numpy(network_inputs(letter, module.network.input, module.network.input_range))
    assert int(module(inputs).argmax()) == module.reject_class
    assert from_hub("lenet_5", pretrained=True).reject_class is None


def test_torch_hub_refuses_pretrained_weights_that_do_not_ship_or_of_another_shape(hub):
    with pytest.raises(LeNetError, match="unknown weights file, run or pretrained network 'lenet-1'"):
        hub.lenet_1(pretrained=True)
    with pytest.raises(WeightsError, match="expected no classes beside pretrained=True"):
        hub.lenet_5_relu(pretrained=True, classes=26)


def test_torch_hub_loads_from_the_repository():
    module = from_hub("lenet_5_relu", classes=4)
    assert tuple(module(torch.zeros(1, 1, 28, 28)).shape) == (1, 4)
