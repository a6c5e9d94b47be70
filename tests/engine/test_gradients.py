"""Derivatives by the native engine, and its losses, beside torch's autograd in float64."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lenet.architecture import Activation, EuclideanRbf, FullConnection, Network, Stage, squash
from lenet.engine import decide
from lenet.engine.native import Engine, UpdateHyperparameters
from lenet.errors import EngineError
from lenet.networks import describe, names
from lenet.training.recipes import recipe
from tests.engine.cases import (
    ODD,
    SETS,
    UNIT,
    decided,
    drawn,
    every_set,
    exact_gradients,
    natural,
    networks,
    random_pictures,
    random_weights,
)

pytest.importorskip("torch")


def assert_derivatives(network, arrays, images, labels, learning, *, sets=SETS, threads=1):
    """The engine's derivatives and loss are those of float64 but for rounding.

    A derivative is a sum of products, over images and places, of what a stage received and of its units' derivatives.
    Each of these is off by some tens of units of the last place after a few stages of sums that drift like random
    walks;
    so is their sum, as a share of the sizes of its terms. One product left out would be far more.
    """
    exact = exact_gradients(network, arrays, images, labels, learning)
    for instructions in sets:
        engine = Engine(network, arrays, threads=threads, instructions=instructions)
        result, loss = engine.gradients(images, labels, learning)
        assert list(result) == list(network.parameter_shapes())
        assert loss == pytest.approx(exact.loss, rel=2e-5, abs=2e-5), instructions
        for name, array in result.items():
            tolerance = 160 * UNIT * exact.terms[name] + 1e-12
            message = f"{name}, {instructions}"
            np.testing.assert_allclose(array, exact.gradients[name], rtol=0, atol=tolerance, err_msg=message)


@given(
    networks(), st.integers(1, 40), st.integers(1, 4), st.sampled_from(("digit", "digit", "full")), st.integers(0, 9)
)
@drawn(80)
def test_derivatives_of_any_network_are_those_of_autograd(network, count, threads, ink, seed):
    arrays = random_weights(network, seed)
    images, labels = random_pictures(network, count, seed, ink)
    clear = decided(network, arrays, images)
    assume(clear.any())
    assert_derivatives(network, arrays, images[clear], labels[clear], natural(network), threads=threads)


@pytest.mark.parametrize("name", names())
def test_derivatives_of_every_network_of_the_zoo_are_those_of_autograd(name):
    network = describe(name)
    made = recipe("fast", network)
    learning = UpdateHyperparameters(loss=made.loss, label_smoothing=made.label_smoothing, j=made.j)
    arrays = random_weights(network)
    images, labels = random_pictures(network, 60)
    clear = decided(network, arrays, images, margin=2e-6)
    assert clear.sum() >= 10
    assert_derivatives(network, arrays, images[clear][:21], labels[clear][:21], learning, threads=2)


@pytest.mark.parametrize("name", ODD)
def test_derivatives_of_an_odd_network_are_right_where_it_is_not_refused(name):
    network = ODD[name]
    arrays = random_weights(network)
    try:
        Engine(network, arrays)
    except EngineError:
        return
    images, labels = random_pictures(network, 45)
    clear = decided(network, arrays, images)
    assert clear.sum() > 17
    assert_derivatives(network, arrays, images[clear], labels[clear], natural(network), threads=2)


@every_set
@pytest.mark.parametrize("threads", [1, 2, 3, 4])
def test_derivatives_of_any_number_of_pictures_are_the_mean_of_those_of_each(threads, instructions):
    network = describe("lenet-1")
    engine = Engine(network, random_weights(network), threads=threads, instructions=instructions)
    images, labels = random_pictures(network, 70)
    learning = natural(network)
    alone = [engine.gradients(images[i : i + 1], labels[i : i + 1], learning) for i in range(70)]
    for count in (1, 2, 15, 16, 17, 31, 33, 48, 63, 70):
        result, loss = engine.gradients(images[:count], labels[:count], learning)
        assert loss == pytest.approx(sum(loss for _, loss in alone[:count]), rel=1e-5)
        for name, array in result.items():
            each = np.array([gradients[name] for gradients, _ in alone[:count]], np.float64)
            # Derivatives of one picture are sums already; their rounding is a share of the largest of them.
            np.testing.assert_allclose(array, each.mean(axis=0), rtol=0, atol=64 * UNIT * np.abs(each).max())


# Losses

DISTANCES = Network(
    "distances",
    (1, 6, 6),
    (
        Stage("f", FullConnection(12), squash),
        Stage("output", EuclideanRbf(tuple(tuple((-1) ** (c * j % 3 + j) for j in range(12)) for c in range(5)))),
    ),
)


def plain(activation):
    return Network(
        "plain", (1, 6, 6), (Stage("output", FullConnection(5), Activation(activation)),), input_range=(-1.0, 1.0)
    )


CASES = {
    "cross-entropy": (plain("identity"), {}),
    "cross-entropy, smoothed": (plain("identity"), {"label_smoothing": 0.05}),
    "cross-entropy, much smoothed": (plain("sigmoid"), {"label_smoothing": 0.9}),
    "nll": (plain("log_softmax"), {"loss": "nll"}),
    "nll, smoothed": (plain("log_softmax"), {"loss": "nll", "label_smoothing": 0.05}),
    "map": (DISTANCES, {"loss": "map"}),
    "map, j 0": (DISTANCES, {"loss": "map", "j": 0.0}),
    "map, j 3": (DISTANCES, {"loss": "map", "j": 3.0}),
    "map, j 1000": (DISTANCES, {"loss": "map", "j": 1000.0}),
    "penalty": (DISTANCES, {"loss": "penalty"}),
    "mean-squared-error": (plain("tanh"), {"loss": "mean-squared-error"}),
    "mean-squared-error of sums": (plain("identity"), {"loss": "mean-squared-error"}),
}


@every_set
@pytest.mark.parametrize("case", CASES)
def test_every_loss_has_the_value_and_derivatives_of_its_formula(case, instructions):
    network, values = CASES[case]
    images, labels = random_pictures(network, 37, ink="full")
    for size in (0.3, 1.0, 4.0):
        arrays = {name: size * array for name, array in random_weights(network).items()}
        assert_derivatives(network, arrays, images, labels, UpdateHyperparameters(**values), sets=[instructions])


@every_set
@pytest.mark.parametrize("case", CASES)
def test_fit_counts_losses_and_errors_as_they_are_met(case, instructions):
    network, values = CASES[case]
    images, labels = random_pictures(network, 53, ink="full")
    arrays = random_weights(network)
    engine = Engine(network, arrays, threads=3, instructions=instructions)
    loss, errors = engine.fit(
        images, labels, np.arange(53), [0.0] * 4, UpdateHyperparameters(batch=16, momentum=0.0, **values)
    )
    assert loss == pytest.approx(
        exact_gradients(network, arrays, images, labels, UpdateHyperparameters(**values)).loss, rel=1e-5
    )
    assert errors == (decide(network, engine.predict(images)) != labels).sum()


@every_set
def test_scores_that_are_far_apart_overflow_nowhere(instructions):
    network = plain("identity")
    arrays = {name: 100 * array for name, array in random_weights(network).items()}
    images, labels = random_pictures(network, 40, ink="full")
    assert_derivatives(network, arrays, images, labels, UpdateHyperparameters(), sets=[instructions])
