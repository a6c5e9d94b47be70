"""The plain float64 replicas beside torch's autograd, and their second derivatives beside what is known of them."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lenet.architecture import Activation, EuclideanRbf
from lenet.networks import describe
from tests.engine.cases import (
    decided,
    drawn,
    inputs_of,
    module64,
    networks,
    one_thread,
    random_pictures,
    random_weights,
)
from tests.engine.replicas_reference import curvature, gradient, update

torch = pytest.importorskip("torch")
F = torch.nn.functional

HISTORIC = ("lenet-1989", "lenet-1", "lenet-4", "lenet-5")


def losses_for(network):
    return (
        ("map", "penalty")
        if isinstance(network.stages[-1].layer, EuclideanRbf)
        else ("sum-squared-error", "cross-entropy")
    )


def torch_loss(outputs, label, loss, j, halved):
    scale = 0.5 if halved else 1.0
    match loss:
        case "penalty":
            return scale * outputs[label]
        case "map":
            return scale * outputs[label] + torch.logsumexp(
                torch.cat([-scale * outputs, torch.tensor([-j]).double()]), 0
            )
        case "sum-squared-error":
            return scale * (outputs - (2 * F.one_hot(torch.tensor(label), len(outputs)) - 1)).square().sum()
        case _:
            return F.cross_entropy(outputs[None], torch.tensor([label]))


@one_thread()
def assert_autograd_agrees(network, arrays, picture, label, loss, j, halved):
    module = module64(network, arrays)
    inputs = inputs_of(network, picture[None]).astype(np.float64)
    exact = torch_loss(module(torch.from_numpy(inputs)).flatten(), label, loss, j, halved)
    exact.backward()
    value, _, result = gradient(network, arrays, inputs[0], label, loss=loss, j=j, halved=halved)
    assert value == pytest.approx(exact.item(), rel=1e-9, abs=1e-9)
    for name, parameter in module.named_parameters():
        expected = parameter.grad.numpy()
        np.testing.assert_allclose(
            result[name], expected, rtol=1e-7, atol=1e-10 * max(1, np.abs(expected).max()), err_msg=name
        )


@pytest.mark.parametrize("halved", [True, False])
@pytest.mark.parametrize("name", [*HISTORIC, "lenet-5-relu", "lenet-caffe"])
def test_derivatives_of_papers_and_of_taught_networks_are_those_of_autograd(name, halved):
    network = describe(name)
    arrays = random_weights(network)
    images, labels = random_pictures(network, 2)
    for loss in losses_for(network):
        for image, label in zip(images, labels, strict=True):
            assert_autograd_agrees(network, arrays, image, int(label), loss, 12.0, halved)


@given(networks(), st.integers(0, 9), st.booleans())
@drawn(40)
def test_derivatives_of_any_network_are_those_of_autograd(network, seed, halved):
    assume(network.parameter_shapes() and network.stages[-1].activation is not Activation.LOG_SOFTMAX)
    arrays = random_weights(network, seed)
    images, labels = random_pictures(network, 3, seed)
    for index in np.flatnonzero(decided(network, arrays, images)):
        loss = losses_for(network)[index % 2]
        assert_autograd_agrees(network, arrays, images[index], int(labels[index]), loss, 5.0, halved)


@one_thread()
def gauss_newton_diagonal(network, arrays, inputs, stage, start):
    """Σ over the units x before the distances of start * (∂x/∂w)², by autograd: exact, cross terms included."""
    from lenet.pytorch import activations

    module = module64(network, arrays)
    weight = dict(module.named_parameters())[f"{stage}.weight"]
    total = torch.zeros_like(weight)
    for one in inputs:
        units = activations(module, torch.from_numpy(one[None].astype(np.float64)))["f6_squash"].flatten()
        for unit in units:
            total += start * torch.autograd.grad(unit, weight, retain_graph=True)[0] ** 2 / len(inputs)
    return total.numpy()


@pytest.mark.parametrize("halved", [True, False])
def test_second_derivatives_of_c5_and_f6_are_exactly_those_of_gauss_and_newton(halved):
    network = describe("lenet-5")
    arrays = random_weights(network)
    inputs = inputs_of(network, random_pictures(network, 2)[0])
    h = curvature(network, arrays, inputs, loss="map", halved=halved)
    for stage in ("c5", "f6"):
        exact = gauss_newton_diagonal(network, arrays, inputs, stage, 1.0 if halved else 2.0)
        np.testing.assert_allclose(h[f"{stage}.weight"].reshape(exact.shape), exact, rtol=1e-9, atol=1e-14)


def test_second_derivatives_lower_down_leave_cross_terms_out_and_come_out_smaller():
    network = describe("lenet-5")
    arrays = random_weights(network)
    inputs = inputs_of(network, random_pictures(network, 2)[0])
    h = curvature(network, arrays, inputs, loss="map", halved=True)
    exact = gauss_newton_diagonal(network, arrays, inputs, "c1", 1.0)
    assert exact.sum() > 1.5 * h["c1.weight"].sum()


@one_thread()
def test_second_derivatives_of_lenet_5_are_its_gradients_with_every_factor_squared():
    network = describe("lenet-5")
    arrays = random_weights(network)
    inputs = torch.from_numpy(inputs_of(network, random_pictures(network, 3)[0]).astype(np.float64))
    own = {name: torch.from_numpy(array.astype(np.float64)) for name, array in arrays.items()}

    def squash(sums):
        return 1.7159 * torch.tanh(2 / 3 * sums)

    def slope2(given):
        return (2 / 3 * (1.7159 - given**2 / 1.7159)) ** 2

    def column(name):
        return own[name][:, None, None]

    dense = torch.zeros(16, 6, 5, 5).double()
    pairs = tuple(zip(*((o, i) for o, row in enumerate(network.stages[2].layer.table) for i in row), strict=True))
    dense[pairs] = own["c3.weight"]
    c1 = squash(F.conv2d(inputs, own["c1.weight"], own["c1.bias"]))
    u2 = 4 * F.avg_pool2d(c1, 2)
    s2 = squash(column("s2.coefficient") * u2 + column("s2.bias"))
    c3 = squash(F.conv2d(s2, dense, own["c3.bias"]))
    u4 = 4 * F.avg_pool2d(c3, 2)
    s4 = squash(column("s4.coefficient") * u4 + column("s4.bias"))
    c5 = squash(F.conv2d(s4, own["c5.weight"].reshape(120, 16, 5, 5), own["c5.bias"])).flatten(1)
    f6 = squash(c5 @ own["f6.weight"].T + own["f6.bias"])
    expected = {}
    d = slope2(f6)  # eq. 27 from a start of 1
    expected["f6.weight"], expected["f6.bias"] = d.T @ c5**2, d.sum(0)
    d = (d @ own["f6.weight"] ** 2) * slope2(c5)
    expected["c5.weight"], expected["c5.bias"] = d.T @ s4.flatten(1) ** 2, d.sum(0)
    d = (d @ own["c5.weight"].reshape(120, -1) ** 2).reshape(s4.shape) * slope2(s4)
    expected["s4.coefficient"], expected["s4.bias"] = (d * u4**2).sum((0, 2, 3)), d.sum((0, 2, 3))
    d = F.interpolate(d * column("s4.coefficient") ** 2, scale_factor=2) * slope2(c3)
    expected["c3.weight"] = torch.nn.grad.conv2d_weight(s2**2, dense.shape, d)[pairs]
    expected["c3.bias"] = d.sum((0, 2, 3))
    d = F.conv_transpose2d(d, dense**2) * slope2(s2)
    expected["s2.coefficient"], expected["s2.bias"] = (d * u2**2).sum((0, 2, 3)), d.sum((0, 2, 3))
    d = F.interpolate(d * column("s2.coefficient") ** 2, scale_factor=2) * slope2(c1)
    expected["c1.weight"] = torch.nn.grad.conv2d_weight(inputs**2, own["c1.weight"].shape, d)
    expected["c1.bias"] = d.sum((0, 2, 3))
    h = curvature(network, arrays, inputs.numpy(), loss="map", halved=True)
    assert set(h) == set(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(h[name], array.numpy().reshape(h[name].shape) / 3, rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("name", HISTORIC)
def test_second_derivatives_of_a_shared_weight_are_the_sum_over_its_connections(name):
    """Eq. 23: a bias has the same connections as its units, each with an input of 1."""
    network = describe(name)
    arrays = random_weights(network)
    inputs = inputs_of(network, random_pictures(network, 1)[0])
    h = curvature(network, arrays, inputs, loss=losses_for(network)[0], halved=True)
    constant = np.full_like(inputs, 1.0)
    same = curvature(network, arrays, constant, loss=losses_for(network)[0], halved=True)
    first = network.stages[0]
    if first.layer.bias == "map":
        # Where every input is 1, each weight of a kernel has what the bias has.
        for out in range(first.layer.maps):
            np.testing.assert_allclose(same[f"{first.name}.weight"][out], same[f"{first.name}.bias"][out], rtol=1e-9)
    assert all((array >= 0).all() for array in h.values())


def test_an_update_divides_each_rate_by_its_own_second_derivative():
    result = update({"w": np.array([1.0, 1.0])}, {"w": np.array([1.0, 1.0])}, {"w": np.array([0.08, 0.98])}, 0.1, 0.02)
    np.testing.assert_allclose(result["w"], [0.0, 0.9])
