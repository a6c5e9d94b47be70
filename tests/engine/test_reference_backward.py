"""The backward pass in plain NumPy beside torch's autograd, for the registered networks and for any other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.architecture import Activation, EuclideanRbf, FullConnection, GlobalAveragePooling, Network, Stage
from lenet.engine.reference import activations, backward
from lenet.networks import describe, names
from tests.engine.cases import (
    decided,
    drawn,
    inputs_of,
    layers,
    module64,
    networks,
    one_thread,
    random_pictures,
    random_weights,
)

torch = pytest.importorskip("torch")


@one_thread()
def assert_autograd_agrees(network, seed):
    """In float64 to its rounding; in float32 to its own, which adds up over a few stages."""
    arrays, (images, _) = random_weights(network, seed), random_pictures(network, 4, seed)
    inputs = inputs_of(network, images[decided(network, arrays, images)])
    grad = np.random.default_rng(seed).normal(size=(len(inputs), network.classes))
    module, pixels = module64(network, arrays), torch.from_numpy(inputs.astype(np.float64)).requires_grad_()
    module(pixels).flatten(1).backward(torch.from_numpy(grad))
    exact = {"inputs": pixels.grad, **{name: parameter.grad for name, parameter in module.named_parameters()}}
    for dtype, share in ((np.float64, 1e-12), (np.float32, 1e-3)):
        result, to_inputs = backward(network, arrays, activations(network, arrays, inputs, dtype), grad)
        assert list(result) == list(network.parameter_shapes())
        for name, array in {"inputs": to_inputs, **result}.items():
            expected = exact[name].numpy()
            assert array.dtype == dtype
            assert array.shape == expected.shape
            near = share * np.abs(expected).max(initial=1)
            np.testing.assert_allclose(array, expected, rtol=0, atol=near, err_msg=f"{name}, {dtype.__name__}")


@pytest.mark.parametrize("name", names())
def test_gradients_of_every_registered_network_are_those_of_autograd(name):
    assert_autograd_agrees(describe(name), 3)


@given(networks(), st.integers(0, 9))
@drawn(40)
def test_gradients_of_any_network_are_those_of_autograd(network, seed):
    assert_autograd_agrees(network, seed)


@st.composite
def single_stages(draw):
    """One stage of any kind: whatever it gives depends on an input along one connection only."""
    shape = (draw(st.integers(1, 3)), *[draw(st.sampled_from((2, 4, 6)))] * 2)
    activation = draw(st.sampled_from(Activation))
    if activation is Activation.LOG_SOFTMAX:
        return Network("one", (draw(st.integers(2, 6)), 1, 1), (Stage("s", GlobalAveragePooling(), activation),))
    full = FullConnection(draw(st.integers(1, 9)))
    units = int(np.prod(shape))
    distances = EuclideanRbf(tuple(tuple((-1) ** (c * u % 3 + u) for u in range(units)) for c in range(4)))
    return Network("one", shape, (Stage("s", draw(layers(shape) | st.sampled_from((full, distances))), activation),))


@given(single_stages(), st.integers(0, 9))
@drawn(60)
@one_thread()
def test_second_derivatives_go_through_a_stage_by_the_squares_of_its_first_ones(network, seed):
    from lenet.pytorch import activations as torch_activations

    arrays, rng = random_weights(network, seed), np.random.default_rng(seed)
    inputs, start = rng.normal(size=(1, *network.input)), rng.uniform(0, 1, network.output_shapes[-1])
    module = module64(network, arrays)
    jacobian = torch.autograd.functional.jacobian(
        lambda pixels: list(torch_activations(module, pixels).values())[-1].reshape(start.shape),
        torch.from_numpy(inputs),
    ).numpy()
    _, result = backward(network, arrays, activations(network, arrays, inputs, np.float64), start[None], squared=True)
    np.testing.assert_allclose(result, np.tensordot(start, jacobian**2, 3), rtol=1e-9, atol=1e-12)
