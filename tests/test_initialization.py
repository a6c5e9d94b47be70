"""The ranges of every rule, and that a seed decides everything."""

import numpy as np
import pytest

from lenet import describe, names
from lenet.architecture import Convolution, FullConnection, Network, Stage, tanh
from lenet.errors import UnknownName
from lenet.initialization import RULES, default_rule, initial_weights

C3_FAN_INS = [75] * 6 + [100] * 9 + [150]


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_gives_finite_float32_arrays_of_the_shapes_of_every_network(name, rule):
    network = describe(name)
    weights = initial_weights(network, rule, seed=0)
    assert {key: array.shape for key, array in weights.items()} == network.parameter_shapes()
    assert all(array.dtype == np.float32 and np.isfinite(array).all() for array in weights.values())


@pytest.mark.parametrize(
    ("rule", "bound"),
    [
        ("sqrt", lambda fan_in: 1.2 / np.sqrt(fan_in)),
        ("sqrt-biases", lambda fan_in: 1.2 / np.sqrt(fan_in)),
        ("lush", lambda fan_in: 1 / np.sqrt(fan_in)),
        ("paper", lambda fan_in: 2.4 / fan_in),
        ("pytorch", lambda fan_in: 1 / np.sqrt(fan_in)),
    ],
)
def test_weights_fill_the_range_of_their_rule_and_never_leave_it(rule, bound):
    weights = initial_weights(describe("lenet-5"), rule, seed=3)
    for key, fan_in in [("c1.weight", 25), ("c5.weight", 400), ("f6.weight", 120)]:
        largest = np.abs(weights[key]).max()
        assert 0.9 * bound(fan_in) < largest <= bound(fan_in) * (1 + 1e-6)  # 1e-6: rounding to float32
        # A uniform draw in ±b has the deviation b/√3; 0.1 is five standard errors of C1's 150 weights.
        assert np.std(weights[key]) == pytest.approx(bound(fan_in) / np.sqrt(3), rel=0.1)


@pytest.mark.parametrize("rule", RULES)
def test_each_map_of_c3_has_the_range_of_its_own_fan_in(rule):
    distribution = RULES[rule]
    weights = initial_weights(describe("lenet-5"), rule, seed=5)["c3.weight"]
    start = 0
    for fan_in in C3_FAN_INS:
        kernels = weights[start : start + fan_in // 25]
        limit = distribution.width / fan_in ** (1 / distribution.root)
        assert 0.85 * limit < np.abs(kernels).max() <= limit * (1 + 1e-6)
        start += fan_in // 25
    assert start == len(weights)


@pytest.mark.parametrize(
    ("rule", "coefficient"), [("sqrt", 0.6), ("sqrt-biases", 0.6), ("lush", 0.5), ("paper", 0.6), ("pytorch", 0.5)]
)
def test_coefficients_start_at_the_bound_of_a_fan_in_of_4(rule, coefficient):
    weights = initial_weights(describe("lenet-4"), rule, seed=0)
    for stage in ("s2", "s4"):
        np.testing.assert_allclose(weights[f"{stage}.coefficient"], coefficient, rtol=1e-6)


@pytest.mark.parametrize("rule", ["sqrt", "lush", "paper"])
def test_biases_of_the_historic_rules_start_at_zero(rule):
    weights = initial_weights(describe("lenet-1989"), rule, seed=0)
    assert not any(array.any() for key, array in weights.items() if key.endswith("bias"))


@pytest.mark.parametrize(("rule", "width"), [("pytorch", 1.0), ("sqrt-biases", 1.2)])
def test_drawn_biases_have_the_range_of_the_weights(rule, width):
    weights = initial_weights(describe("lenet-1989"), rule, seed=0)
    for key, fan_in in [("h1.bias", 25), ("h2.bias", 200), ("h3.bias", 192), ("output.bias", 30)]:
        assert 0.5 * width / np.sqrt(fan_in) < np.abs(weights[key]).max() <= width / np.sqrt(fan_in)


def test_biases_of_subsampling_are_drawn_from_the_range_of_a_fan_in_of_4():
    weights = initial_weights(describe("lenet-5"), "sqrt-biases", seed=0)
    for stage in ("s2", "s4"):
        assert 0.3 < np.abs(weights[f"{stage}.bias"]).max() <= 0.6


def test_the_seed_decides_every_weight():
    network = describe("lenet-5")
    first, again, other = (initial_weights(network, "sqrt", seed) for seed in (7, 7, 8))
    assert all((first[key] == again[key]).all() for key in first)
    assert (first["c1.weight"] != other["c1.weight"]).all()


def test_squash_and_tanh_networks_start_from_the_square_root_rule_and_others_from_pytorchs():
    assert {name for name in names() if default_rule(describe(name)) == "sqrt"} == {
        "lenet-1989",
        "lenet-1",
        "lenet-4",
        "lenet-5",
    }
    stages = (Stage("c1", Convolution(2), tanh), Stage("output", FullConnection(3)))
    own = Network("own", (1, 8, 8), stages)
    assert default_rule(own) == "sqrt"
    np.testing.assert_array_equal(initial_weights(own)["c1.weight"], initial_weights(own, "sqrt", 0)["c1.weight"])


def test_an_unknown_rule_is_named_with_the_nearest_one():
    with pytest.raises(UnknownName, match="unknown initialization 'sqr'; did you mean sqrt"):
        initial_weights(describe("lenet-5"), "sqr", seed=0)
