"""The NumPy reference agrees with loops written out unit by unit."""

import numpy as np
import pytest

from lenet.architecture import (
    SQUASH_AMPLITUDE,
    SQUASH_SLOPE,
    AveragePooling,
    Convolution,
    EuclideanRbf,
    FullConnection,
    GlobalAveragePooling,
    MaxPooling,
    Network,
    Stage,
    Subsampling,
    log_softmax,
    relu,
    sigmoid,
    squash,
    tanh,
)
from lenet.engine import activations, decide, forward, probabilities
from lenet.errors import ArchitectureError
from lenet.networks import describe, names

TABLE = ((0, 2), (1,), (0, 1, 2))


def random_arrays(network, seed=0):
    generator = np.random.default_rng(seed)
    shapes = network.parameter_shapes().items()
    return {key: generator.uniform(-0.5, 0.5, shape).astype(np.float32) for key, shape in shapes}


def one_unit(layer, own, maps, o, y, x):
    """One output unit of one image, from the definition of its layer."""
    in_maps, height, width = maps.shape
    if isinstance(layer, Convolution):
        seen = layer.table[o] if layer.table else range(in_maps)
        first_kernel = sum(map(len, layer.table[:o])) if layer.table else 0
        total = float(own["bias"][o, y, x] if layer.bias == "unit" else own["bias"][o])
        for position, i in enumerate(seen):
            kernel = own["weight"][first_kernel + position] if layer.table else own["weight"][o, i]
            for dy in range(layer.kernel_size):
                for dx in range(layer.kernel_size):
                    row, column = y * layer.stride + dy - layer.padding, x * layer.stride + dx - layer.padding
                    inside = 0 <= row < height and 0 <= column < width
                    total += kernel[dy, dx] * (maps[i, row, column] if inside else layer.padding_value)
        return total
    if isinstance(layer, FullConnection):
        return own["bias"][o] + sum(w * v for w, v in zip(own["weight"][o], maps.ravel(), strict=True))
    if isinstance(layer, EuclideanRbf):
        return sum((v - p) ** 2 for v, p in zip(maps.ravel(), layer.prototypes[o], strict=True))
    if isinstance(layer, GlobalAveragePooling):
        return maps[o].mean()
    patch = maps[o // getattr(layer, "copies", 1), 2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
    if isinstance(layer, Subsampling):
        return own["coefficient"][o] * patch.sum() + own["bias"][o]
    return patch.max() if isinstance(layer, MaxPooling) else patch.mean()


@pytest.mark.parametrize(
    "layer",
    [
        Convolution(3, kernel_size=3),
        Convolution(3, kernel_size=5, stride=2, padding=2, padding_value=-1.0, table=TABLE, bias="unit"),
        Convolution(3, kernel_size=4, padding=1, table=TABLE),
        Convolution(2, kernel_size=2, stride=2, bias="unit"),
        Subsampling(),
        Subsampling(copies=2),
        MaxPooling(),
        AveragePooling(),
        GlobalAveragePooling(),
        FullConnection(4),
        EuclideanRbf(tuple(tuple((-1) ** (i * k % 3) for i in range(3 * 6 * 8)) for k in range(4))),
    ],
    ids=repr,
)
def test_every_layer_gives_unit_by_unit_what_its_definition_says(layer):
    network = Network("one", (3, 6, 8), (Stage("s", layer),))
    arrays = random_arrays(network)
    inputs = np.random.default_rng(1).standard_normal((2, 3, 6, 8)).astype(np.float32)
    own = {key.removeprefix("s."): array for key, array in arrays.items()}
    result = activations(network, arrays, inputs)["s"]
    expected = np.empty_like(result)
    for n, o, y, x in np.ndindex(result.shape):
        expected[n, o, y, x] = one_unit(layer, own, inputs[n], o, y, x)
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("activation", "formula"),
    [
        (squash, lambda a: SQUASH_AMPLITUDE * np.tanh(SQUASH_SLOPE * a)),
        (tanh, np.tanh),
        (sigmoid, lambda a: 1 / (1 + np.exp(-a))),
        (relu, lambda a: np.maximum(a, 0)),
        (log_softmax, lambda a: np.log(np.exp(a) / np.exp(a).sum(axis=1, keepdims=True))),
    ],
)
def test_every_activation_is_its_formula(activation, formula):
    network = Network("one", (1, 1, 3), (Stage("s", FullConnection(5), activation),))
    arrays, inputs = random_arrays(network), np.float32([[[[1.0, -2.0, 3.0]]], [[[0.0, 0.5, -9.0]]]])
    seen = activations(network, arrays, inputs)
    np.testing.assert_allclose(seen[f"s_{activation}"], formula(seen["s"].astype(np.float64)), rtol=1e-5, atol=1e-6)


def test_squash_maps_plus_and_minus_one_to_themselves():
    network = Network("one", (1, 1, 1), (Stage("s", FullConnection(1), squash),))
    arrays = {"s.weight": np.ones((1, 1), np.float32), "s.bias": np.zeros(1, np.float32)}
    outputs = forward(network, arrays, np.float32([1, -1]).reshape(2, 1, 1, 1))
    np.testing.assert_allclose(outputs.ravel(), [1, -1], atol=1e-5)


@pytest.mark.parametrize("name", names())
def test_outputs_do_not_depend_on_how_images_are_batched(name):
    network = describe(name)
    arrays = random_arrays(network)
    inputs = np.random.default_rng(2).standard_normal((260, *network.input)).astype(np.float32)
    together = forward(network, arrays, inputs)
    np.testing.assert_allclose(together[255:], forward(network, arrays, inputs[255:]), rtol=1e-4, atol=1e-4)
    last = list(activations(network, arrays, inputs[:3]).values())[-1]
    np.testing.assert_allclose(last.reshape(3, -1), together[:3], rtol=1e-4, atol=1e-4)


def test_a_penalty_wins_by_being_smallest_and_a_logit_by_being_largest():
    outputs = np.float32([[3.0, 1.0, 2.0] + [9.0] * 7])
    assert decide(describe("lenet-5"), outputs).tolist() == [1]
    assert decide(describe("lenet-5-relu"), outputs).tolist() == [3]
    for name in ("lenet-5", "lenet-5-relu"):
        shares = probabilities(describe(name), outputs)
        assert shares.sum() == pytest.approx(1)
        assert shares.argmax() == decide(describe(name), outputs)[0]


def test_inputs_of_another_shape_are_refused():
    network = describe("lenet-5")
    with pytest.raises(ArchitectureError, match=r"lenet-5 takes inputs \(N, 1, 32, 32\), got \(1, 1, 28, 28\)"):
        forward(network, random_arrays(network), np.zeros((1, 1, 28, 28), np.float32))
