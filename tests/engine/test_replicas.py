"""Native replicas: their derivatives, their second derivatives, and each lane beside the same network alone."""

import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lenet.architecture import (
    Activation,
    AveragePooling,
    Convolution,
    EuclideanRbf,
    FullConnection,
    MaxPooling,
    Network,
    Stage,
    Subsampling,
    log_softmax,
    relu,
    squash,
)
from lenet.engine.native import Engine, UpdateHyperparameters
from lenet.engine.replicas import LOSSES, Replicas
from lenet.errors import EngineError, UnknownName
from lenet.networks import describe
from tests.engine.cases import (
    SETS,
    UNIT,
    decided,
    drawn,
    every_set,
    exact_gradients,
    inputs_of,
    networks,
    random_pictures,
    random_weights,
)
from tests.engine.replicas_reference import curvature, gradient

pytest.importorskip("torch")

HISTORIC = ("lenet-1989", "lenet-1", "lenet-4", "lenet-5")
PICTURES = np.zeros((3, 28, 28), np.uint8)
PUBLISHED = {"j": 15.0, "halved": True}


def first_loss(network):
    return "map" if isinstance(network.stages[-1].layer, EuclideanRbf) else "sum-squared-error"


def started(network, seeds, **settings):
    settings = {"loss": first_loss(network), **PUBLISHED} | settings
    return Replicas(network, [random_weights(network, seed) for seed in seeds], **settings)


def without_curvatures(replicas):
    """A rate of eta / mu for every parameter."""
    state = replicas.state()
    weights = {name: array for name, array in state.items() if name.startswith("weights.")}
    zeros = {name.replace("weights", "curvatures", 1): np.zeros_like(array) for name, array in weights.items()}
    replicas.restore(weights | zeros)


def derivatives(replicas, image, label):
    """One picture's derivatives in every replica, from an update so large that the weights before do not matter."""
    without_curvatures(replicas)
    before = replicas.state()
    result = replicas.learn(image[None], np.array([label]), np.array([0]), eta=2.0**20, mu=1.0)
    after = replicas.state()
    replicas.restore(before)
    names = replicas.network.parameter_shapes()
    # In float64, and exact but for one rounding.
    return result, {
        name: (before[f"weights.{name}"].astype(np.float64) - after[f"weights.{name}"]) / 2.0**20 for name in names
    }


def assert_derivatives(network, seeds, images, labels, *, sets=SETS, loss=None, j=15.0):
    chosen = loss or first_loss(network)
    for instructions in sets:
        replicas = started(network, seeds, loss=chosen, j=j, halved=False, instructions=instructions)
        # That of `UpdateHyperparameters` is the mean over the outputs, not the sum.
        share = network.classes if chosen == "sum-squared-error" else 1
        for image, label in zip(images, labels, strict=True):
            result, actual = derivatives(replicas, image, label)
            for lane, seed in enumerate(seeds):
                learning = UpdateHyperparameters(loss=chosen.replace("sum-", "mean-"), j=j)
                arrays = random_weights(network, seed)
                exact = exact_gradients(network, arrays, image[None], [label], learning)
                assert result["loss"][lane] == pytest.approx(share * exact.loss, rel=2e-5, abs=2e-5)
                for name, array in exact.gradients.items():
                    tolerance = (
                        share * (160 * UNIT * exact.terms[name] + 1e-12) + 2e-7 * np.abs(share * array).max() + 1e-12
                    )
                    np.testing.assert_allclose(
                        actual[name][lane], share * array, rtol=0, atol=tolerance, err_msg=f"{name}, {instructions}"
                    )


# Derivatives


@pytest.mark.parametrize("name", HISTORIC)
def test_derivatives_of_the_papers_networks_are_those_of_autograd_in_every_lane(name):
    network = describe(name)
    images, labels = random_pictures(network, 2)
    assert_derivatives(network, range(16), images[:1], labels[:1], sets=SETS[:1])
    assert_derivatives(network, range(5), images, labels, sets=SETS[1:])


@given(networks(), st.integers(0, 9), st.sampled_from(("digit", "digit", "full")))
@drawn(60)
def test_derivatives_of_any_network_are_those_of_autograd(network, seed, ink):
    assume(network.parameter_shapes() and network.stages[-1].activation is not Activation.LOG_SOFTMAX)
    arrays = random_weights(network, seed)
    images, labels = random_pictures(network, 3, seed, ink)
    clear = decided(network, arrays, images)
    choices = ("map", "penalty") if network.smallest_wins else ("sum-squared-error", "cross-entropy")
    assert_derivatives(network, [seed], images[clear], labels[clear], loss=choices[seed % 2])


@pytest.mark.parametrize("halved", [True, False])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_is_that_of_the_reference(loss, halved):
    network = describe("lenet-5" if loss in ("map", "penalty") else "lenet-1")
    images, labels = random_pictures(network, 3)
    for j in (0.5, 30.0):
        replicas = started(network, range(3), loss=loss, j=j, halved=halved)
        for image, label in zip(images, labels, strict=True):
            result, actual = derivatives(replicas, image, label)
            for lane in range(3):
                arrays = random_weights(network, lane)
                value, wrong, exact = gradient(
                    network, arrays, inputs_of(network, image[None])[0], label, loss=loss, j=j, halved=halved
                )
                assert result["loss"][lane] == pytest.approx(value, rel=1e-5)
                assert result["errors"][lane] == wrong
                for name, array in exact.items():
                    np.testing.assert_allclose(
                        actual[name][lane], array, rtol=0, atol=2e-5 * np.abs(array).max() + 1e-9
                    )


# Second derivatives


def assert_curvatures(network, seeds, images, labels, *, sets=SETS, loss=None, halved=True):
    chosen = loss or first_loss(network)
    inputs = inputs_of(network, images)
    exact = [curvature(network, random_weights(network, seed), inputs, loss=chosen, halved=halved) for seed in seeds]
    for instructions in sets:
        result = started(network, seeds, loss=chosen, halved=halved, instructions=instructions).curvatures(
            images, labels
        )
        for lane in range(len(seeds)):
            for name, array in exact[lane].items():
                # Sums of what is never negative lose nothing by cancelling, but for a background put back.
                np.testing.assert_allclose(
                    result[name][lane], array, rtol=1e-4, atol=1e-5 * array.max(), err_msg=f"{name}, {instructions}"
                )
                assert array.max() < 1e-4 or (result[name][lane][array > 1e-3 * array.max()] > 0).all()


@pytest.mark.parametrize("halved", [True, False])
@pytest.mark.parametrize("name", HISTORIC)
def test_second_derivatives_of_the_papers_networks_are_those_of_the_plain_recursion(name, halved):
    network = describe(name)
    images, labels = random_pictures(network, 4)
    assert_curvatures(network, range(3), images, labels, halved=halved)


@given(networks(), st.integers(0, 9), st.sampled_from(("digit", "full")))
@drawn(60)
def test_second_derivatives_of_any_network_are_those_of_the_plain_recursion(network, seed, ink):
    assume(network.parameter_shapes() and network.stages[-1].activation is not Activation.LOG_SOFTMAX)
    arrays = random_weights(network, seed)
    images, labels = random_pictures(network, 3, seed, ink)
    clear = decided(network, arrays, images)
    assume(clear.any())
    loss = "cross-entropy" if seed % 2 and not network.smallest_wins else None
    assert_curvatures(network, [seed], images[clear], labels[clear], loss=loss, halved=bool(seed % 3))


def test_labels_do_not_change_second_derivatives():
    network = describe("lenet-1")
    images, labels = random_pictures(network, 3)
    replicas = started(network, range(2))
    one, other = replicas.curvatures(images, labels), replicas.curvatures(images, (labels + 1) % 10)
    assert all((one[name] == other[name]).all() for name in one)


# Updates


@every_set
def test_an_update_is_each_weight_less_its_own_rate_times_its_derivative(instructions):
    network = describe("lenet-5")
    images, labels = random_pictures(network, 6)
    replicas = started(network, range(4), instructions=instructions)
    h = replicas.curvatures(images, labels)
    state = replicas.state()
    _, grads = derivatives(replicas, images[5], labels[5])
    replicas.restore(state)
    replicas.learn(images, labels, np.array([5]), eta=0.0005, mu=0.02)
    for name in network.parameter_shapes():
        expected = state[f"weights.{name}"] - 0.0005 / (0.02 + h[name].astype(np.float64)) * grads[name]
        np.testing.assert_allclose(replicas.state()[f"weights.{name}"], expected, rtol=3e-7, atol=1e-8)


def trained(network, count, instructions, *, threads=1, seeds=None, keep=None):
    images, labels = random_pictures(network, 30)
    replicas = started(network, seeds or range(count), instructions=instructions, threads=threads)
    replicas.curvatures(images[:10], labels[:10])
    order = np.random.default_rng(1).permutation(30)
    result = replicas.learn(images, labels, order, eta=0.0005, mu=0.02)
    return result, replicas.arrays(0 if keep is None else keep)


@every_set
@pytest.mark.parametrize("name", HISTORIC)
def test_a_lane_is_bit_for_bit_the_network_that_it_would_be_alone(name, instructions):
    network = describe(name)
    for lane in (0, 3, 15, 16):
        together, one = trained(network, 17, instructions, keep=lane, threads=2)
        alone, same = trained(network, 1, instructions, seeds=[lane])
        assert together["loss"][lane] == alone["loss"][0]
        assert together["errors"][lane] == alone["errors"][0]
        for array, expected in zip(one.values(), same.values(), strict=True):
            np.testing.assert_array_equal(array, expected)
        start = random_weights(network, lane)
        assert all((array != start[name]).any() for name, array in one.items())


@pytest.mark.skipif(not {"avx512", "avx2"} <= set(SETS), reason="needs both instruction sets")
@pytest.mark.parametrize("name", HISTORIC)
def test_avx2_and_avx512_give_the_same_bits(name):
    network = describe(name)
    wide, arrays = trained(network, 3, "avx512", keep=2)
    narrow, same = trained(network, 3, "avx2", keep=2)
    np.testing.assert_array_equal(wide["loss"], narrow["loss"])
    for array, expected in zip(arrays.values(), same.values(), strict=True):
        np.testing.assert_array_equal(array, expected)


def test_learning_in_parts_gives_the_same_bits_as_at_once():
    network = describe("lenet-1")
    images, labels = random_pictures(network, 20)
    once, parts = started(network, range(3)), started(network, range(3))
    for replicas in (once, parts):
        replicas.curvatures(images, labels)
    whole = once.learn(images, labels, np.arange(20), eta=0.001, mu=0.02)
    first = parts.learn(images, labels, np.arange(7), eta=0.001, mu=0.02)
    # A third one goes on from the state of the second.
    third = started(network, (7, 8, 9))
    third.restore(parts.state())
    second = third.learn(images, labels, np.arange(7, 20), eta=0.001, mu=0.02)
    np.testing.assert_allclose(whole["loss"] * 20, first["loss"] * 7 + second["loss"] * 13, rtol=1e-12)
    np.testing.assert_array_equal(whole["errors"], first["errors"] + second["errors"])
    for name, array in once.state().items():
        np.testing.assert_array_equal(array, third.state()[name])


def test_replicas_learn_a_small_task():
    rng = np.random.default_rng(0)
    network = describe("lenet-1")
    images = np.zeros((200, 28, 28), np.uint8)
    labels = rng.integers(0, 10, 200)
    for image, label in zip(images, labels, strict=True):
        image[4 + label * 2 : 8 + label * 2, 6:22] = rng.integers(100, 256, (4, 16))
    replicas = started(network, range(2))
    errors = []
    for _ in range(6):
        replicas.curvatures(images, labels)
        errors.append(replicas.learn(images, labels, rng.permutation(200), eta=0.001, mu=0.02)["errors"])
    assert errors[0].min() > 60
    assert errors[-1].max() < 20


def test_a_replica_that_diverges_leaves_the_others_alone():
    network = describe("lenet-1")
    images, labels = random_pictures(network, 10)
    broken = {name: np.full_like(array, np.nan) for name, array in random_weights(network).items()}
    replicas = Replicas(network, [random_weights(network, 1), broken], loss="sum-squared-error", **PUBLISHED)
    replicas.curvatures(images, labels)
    result = replicas.learn(images, labels, np.arange(10), eta=0.0005, mu=0.02)
    assert np.isfinite(result["loss"][0])
    assert np.isnan(result["loss"][1])
    assert all(np.isfinite(array).all() for array in replicas.arrays(0).values())


# Pictures of one's own


def own_order(lanes, updates=30, pictures=30):
    return np.random.default_rng(2).integers(0, pictures, (updates, lanes))


def assert_each_lane_is_alone(network, lanes, images, labels, *, loss=None, **settings):
    """Each lane of a group, on pictures of its own, beside the same network alone on them."""
    order = own_order(lanes, pictures=len(images))
    settings |= {"loss": loss or first_loss(network)}
    together = started(network, range(lanes), **settings)
    h = together.curvatures(images, labels, order[:10])
    result = together.learn(images, labels, order, eta=0.0005, mu=0.02)
    for lane in {0, 1, lanes // 2, lanes - 1}:
        alone = started(network, [lane], **settings)
        same_h = alone.curvatures(images, labels, order[:10, [lane]])
        same = alone.learn(images, labels, order[:, [lane]], eta=0.0005, mu=0.02)
        assert result["loss"][lane] == same["loss"][0]
        assert result["errors"][lane] == same["errors"][0]
        for name, array in together.arrays(lane).items():
            np.testing.assert_array_equal(h[name][lane], same_h[name][0], err_msg=name)
            np.testing.assert_array_equal(array, alone.arrays(0)[name], err_msg=name)


@every_set
@pytest.mark.parametrize("name", HISTORIC)
def test_a_lane_with_pictures_of_its_own_is_the_network_that_it_would_be_alone(name, instructions):
    network = describe(name)
    images, labels = random_pictures(network, 30)
    for lanes in (3, 17):  # part of a vector, and more than one
        assert_each_lane_is_alone(network, lanes, images, labels, instructions=instructions, threads=2)


@given(networks(), st.integers(0, 9), st.sampled_from(("digit", "full")))
@drawn(60)
def test_any_network_learns_from_pictures_of_its_own_as_alone(network, seed, ink):
    assume(network.parameter_shapes() and network.stages[-1].activation is not Activation.LOG_SOFTMAX)
    images, labels = random_pictures(network, 12, seed, ink)
    loss = "cross-entropy" if seed % 2 and not network.smallest_wins else None
    for instructions in SETS:
        assert_each_lane_is_alone(network, 5, images, labels, loss=loss, instructions=instructions)


@every_set
def test_the_ink_of_others_adds_nothing_to_a_lanes_background(instructions):
    """Max pooling leaves each kernel one unit to learn from, so that a rest of a rounded square would be seen."""
    stages = (Stage("c1", Convolution(14), squash), Stage("p2", MaxPooling()), Stage("output", FullConnection(3)))
    network = Network("few units", (1, 6, 6), stages, input_range=(-0.1, 1.175))
    images, labels = random_pictures(network, 8, 3)
    settings = {"loss": "cross-entropy", "instructions": instructions}
    together = started(network, range(8), **settings).curvatures(images, labels, np.arange(8)[None])
    for lane in range(8):
        alone = started(network, [lane], **settings).curvatures(images, labels, np.array([lane]))
        for name, array in alone.items():
            np.testing.assert_array_equal(together[name][lane], array[0], err_msg=name)


@every_set
@pytest.mark.parametrize("loss", LOSSES)
def test_each_lanes_update_is_that_of_the_reference_on_its_own_picture(loss, instructions):
    network = describe("lenet-5" if loss in ("map", "penalty") else "lenet-4")
    images, labels = random_pictures(network, 10)
    inputs, order = inputs_of(network, images), own_order(5, 1, 10)
    replicas = started(network, range(5), loss=loss, instructions=instructions)
    without_curvatures(replicas)
    result = replicas.learn(images, labels, order, eta=2.0**20, mu=1.0)
    for lane, row in enumerate(order[0]):
        arrays = random_weights(network, lane)
        value, wrong, exact = gradient(network, arrays, inputs[row], labels[row], loss=loss, **PUBLISHED)
        assert result["loss"][lane] == pytest.approx(value, rel=1e-5)
        assert result["errors"][lane] == wrong
        for name, array in exact.items():
            actual = (arrays[name].astype(np.float64) - replicas.arrays(lane)[name]) / 2.0**20
            np.testing.assert_allclose(actual, array, rtol=0, atol=2e-5 * np.abs(array).max() + 1e-9, err_msg=name)


@every_set
@pytest.mark.parametrize("name", HISTORIC)
def test_second_derivatives_of_each_lane_are_those_of_the_reference_on_its_own_pictures(name, instructions):
    network = describe(name)
    images, labels = random_pictures(network, 10)
    inputs, order = inputs_of(network, images), own_order(3, 4, 10)
    result = started(network, range(3), instructions=instructions).curvatures(images, labels, order)
    for lane in range(3):
        weights = random_weights(network, lane)
        exact = curvature(network, weights, inputs[order[:, lane]], loss=first_loss(network), halved=True)
        for name, array in exact.items():
            np.testing.assert_allclose(result[name][lane], array, rtol=1e-4, atol=1e-5 * array.max(), err_msg=name)


@pytest.mark.skipif(not {"avx512", "avx2"} <= set(SETS), reason="needs both instruction sets")
@pytest.mark.parametrize("name", HISTORIC)
def test_avx2_and_avx512_give_the_same_bits_on_pictures_of_ones_own(name):
    network = describe(name)
    images, labels = random_pictures(network, 30)
    states = []
    for instructions in ("avx512", "avx2"):
        replicas = started(network, range(11), instructions=instructions)
        replicas.curvatures(images, labels, own_order(11)[:10])
        replicas.learn(images, labels, own_order(11), eta=0.0005, mu=0.02)
        states.append(replicas.state())
    for name, array in states[0].items():
        np.testing.assert_array_equal(array, states[1][name], err_msg=name)


@every_set
def test_shared_pictures_after_pictures_of_ones_own_are_seen_by_all(instructions):
    network = describe("lenet-5")
    images, labels = random_pictures(network, 30)
    mixed, columns = (started(network, range(3), instructions=instructions) for _ in range(2))
    shared = np.random.default_rng(1).permutation(30)
    for replicas, order in ((mixed, shared), (columns, np.stack([shared] * 3, axis=1))):
        replicas.curvatures(images, labels, own_order(3))
        replicas.learn(images, labels, order, eta=0.0005, mu=0.02)
        replicas.curvatures(images, labels, order)
    for name, array in mixed.state().items():
        np.testing.assert_array_equal(array, columns.state()[name], err_msg=name)


# The rest


def test_outputs_are_those_of_the_engine():
    network = describe("lenet-5")
    images, _ = random_pictures(network, 5)
    outputs = started(network, range(3)).predict(images)
    assert outputs.shape == (3, 5, 10)
    for replica in range(3):
        np.testing.assert_array_equal(
            outputs[replica], Engine(network, random_weights(network, replica)).predict(images)
        )


def test_weights_come_back_as_they_were_given():
    network = describe("lenet-4")
    replicas = started(network, range(20))
    replicas.load(18, random_weights(network, 99))
    for replica, seed in ((0, 0), (17, 17), (18, 99), (19, 19)):
        for name, array in random_weights(network, seed).items():
            np.testing.assert_array_equal(replicas.arrays(replica)[name], array)
    assert replicas.replicas == 20


def test_steps_between_the_published_network_and_todays_can_learn():
    """The published network, and one change after the other."""
    table = describe("lenet-5").stages[2].layer.table
    for third, pooling, bent in (
        (Convolution(16, table=table), Subsampling(), squash),
        (Convolution(16), AveragePooling(), relu),
        (Convolution(16), MaxPooling(), relu),
    ):
        network = Network(
            "between",
            (1, 32, 32),
            (
                Stage("c1", Convolution(6), bent),
                Stage("s2", pooling, bent if isinstance(pooling, Subsampling) else Activation.IDENTITY),
                Stage("c3", third, bent),
                Stage("s4", pooling, bent if isinstance(pooling, Subsampling) else Activation.IDENTITY),
                Stage("c5", Convolution(120), bent),
                Stage("f6", FullConnection(84), bent),
                Stage("output", FullConnection(10)),
            ),
            input_range=(-0.1, 1.175),
        )
        assert np.isfinite(trained_by(network, "cross-entropy")["loss"]).all()


def trained_by(network, loss):
    images, labels = random_pictures(network, 12)
    replicas = started(network, range(2), loss=loss)
    replicas.curvatures(images, labels)
    return replicas.learn(images, labels, np.arange(12), eta=1e-4, mu=0.02)


def refused(match, network, **settings):
    with pytest.raises(EngineError, match=match):
        Replicas(network, [random_weights(network)], **{"loss": "map", **PUBLISHED} | settings)


def test_what_cannot_be_learned_is_refused_in_one_sentence():
    lenet_1, lenet_5 = describe("lenet-1"), describe("lenet-5")
    refused("learn by map from Euclidean RBF outputs", lenet_1)
    refused("learn by cross-entropy from other outputs", lenet_5, loss="cross-entropy")
    soft = Network("soft", (1, 4, 4), (Stage("output", FullConnection(3), log_softmax),))
    refused("log_softmax", soft, loss="cross-entropy")
    bare = Network("bare", (1, 1, 2), (Stage("output", EuclideanRbf(((1, 1), (1, -1)))),))
    refused("Euclidean RBF at the end only", bare)
    many = Network("many", (1, 4, 4), (Stage("s", Subsampling(2, copies=9)), Stage("output", FullConnection(2))))
    refused("9 copies", many, loss="cross-entropy")
    refused("threads is 0", lenet_5, threads=0)
    with pytest.raises(UnknownName, match="sum-squared-error"):
        Replicas(lenet_1, [random_weights(lenet_1)], loss="squared", **PUBLISHED)
    with pytest.raises(EngineError, match="at least one"):
        Replicas(lenet_5, [], loss="map", **PUBLISHED)


def test_misuse_is_named():
    network = describe("lenet-1")
    replicas = started(network, range(2))
    labels = np.zeros(3, np.int64)
    with pytest.raises(EngineError, match="before their curvatures"):
        replicas.learn(PICTURES, labels, np.arange(3), eta=1.0, mu=1.0)
    with pytest.raises(ValueError, match="at least one picture"):
        replicas.curvatures(PICTURES[:0], labels[:0])
    with pytest.raises(ValueError, match="labels go from"):
        replicas.curvatures(PICTURES, labels + 10)
    with pytest.raises(ValueError, match="expected uint8 images"):
        replicas.curvatures(np.zeros((3, 32, 32), np.uint8), labels)
    with pytest.raises(ValueError, match="at least one picture"):
        replicas.curvatures(PICTURES, labels, np.zeros((0, 2), np.int64))
    replicas.curvatures(PICTURES, labels)
    with pytest.raises(ValueError, match="the order names rows"):
        replicas.learn(PICTURES, labels, np.array([3]), eta=1.0, mu=1.0)
    with pytest.raises(ValueError, match="the order names rows 0 to 3 of 3 images"):
        replicas.learn(PICTURES, labels, np.array([[0, 3]]), eta=1.0, mu=1.0)
    for shape in ((3, 1), (2, 3), (1, 2, 1), ()):
        match = rf"the order is shaped {re.escape(str(shape))}, expected \(n,\) or \(n, 2\), a column for each replica"
        with pytest.raises(ValueError, match=match):
            replicas.learn(PICTURES, labels, np.zeros(shape, np.int64), eta=1.0, mu=1.0)
        with pytest.raises(ValueError, match=match):
            replicas.curvatures(PICTURES, labels, np.zeros(shape, np.int64))
    with pytest.raises(EngineError, match="replica is 2"):
        replicas.arrays(2)
    with pytest.raises(EngineError, match="does not fit 2 replicas"):
        replicas.restore(started(network, range(3)).state())
    with pytest.raises(EngineError, match="does not fit 2 replicas"):
        replicas.restore(started(describe("lenet-4"), range(2)).state())
