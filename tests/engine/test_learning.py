"""Updates by the native engine: beside torch's optimizers in float64, and bit for bit beside themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.architecture import Convolution, FullConnection, MaxPooling, Network, Stage, Subsampling, relu, squash
from lenet.engine.native import Augmentation, Engine, UpdateHyperparameters
from lenet.errors import EngineError
from lenet.initialization import initial_weights
from lenet.networks import describe, names
from lenet.training.recipes import recipe
from tests.engine.cases import (
    SETS,
    drawn,
    every_set,
    inputs_of,
    loss64,
    module64,
    natural,
    one_thread,
    random_pictures,
    random_weights,
)

TINY = Network(
    "tiny",
    (1, 9, 11),
    (
        Stage("c1", Convolution(5, 4, padding=1), squash),
        Stage("s2", Subsampling(), squash),
        Stage("c3", Convolution(7, 3, table=((0,), (1, 2), (0, 3), (4,), (0, 1, 2), (2, 4), (3,))), relu),
        Stage("output", FullConnection(6)),
    ),
)
POOLED = Network(
    "pooled",
    (3, 10, 10),
    (
        Stage("c1", Convolution(6, 5), relu),
        Stage("p2", MaxPooling()),
        Stage("f3", FullConnection(19), relu),
        Stage("output", FullConnection(4)),
    ),
)
WAYS = {
    "nesterov": {},
    "plain momentum": {"nesterov": False},
    "no momentum": {"momentum": 0.0, "nesterov": False},
    "weight decay": {"weight_decay": 0.05},
    "running mean": {"ema": 0.25},
    "adamw": {"optimizer": "adamw"},
    "adamw with everything": {"optimizer": "adamw", "momentum": 0.8, "weight_decay": 0.1, "ema": 0.9},
}


@one_thread()
def learn64(network, arrays, images, labels, order, rates, learning):
    """The same updates by torch in float64: weights, their running mean, the losses' sum, and where AdamW is steady."""
    torch = pytest.importorskip("torch")
    module, loss_of_each = module64(network, arrays), loss64(learning)
    parameters = dict(module.named_parameters())
    settings = {"lr": 1.0, "weight_decay": learning.weight_decay}
    if learning.optimizer == "adamw":
        optimizer = torch.optim.AdamW(parameters.values(), betas=(learning.momentum, 0.999), **settings)
    else:
        settings |= {"momentum": learning.momentum, "nesterov": learning.nesterov}
        optimizer = torch.optim.SGD(parameters.values(), **settings)
    average = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    inputs = torch.from_numpy(inputs_of(network, images).astype(np.float64))
    steady = {name: np.ones(tuple(parameter.shape), bool) for name, parameter in parameters.items()}
    total = 0.0
    for step, rate in enumerate(rates):
        rows = torch.from_numpy(order[step * learning.batch : (step + 1) * learning.batch])
        losses = loss_of_each(module(inputs[rows]), torch.from_numpy(labels)[rows])
        total += float(losses.detach().sum())
        optimizer.zero_grad()
        losses.mean().backward()
        for name, parameter in parameters.items():
            size = parameter.grad.abs().numpy()
            steady[name] &= size > 1e-3 * size.max()
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        decay = min(learning.ema, (2 + step) / (11 + step))
        for name, parameter in parameters.items():
            average[name] += (1 - decay) * (parameter.detach() - average[name])
    weights = {name: parameter.detach().numpy() for name, parameter in parameters.items()}
    kept = {name: array.numpy() for name, array in average.items()} if learning.ema else weights
    return weights, kept, total, steady


def assert_learned(network, arrays, images, labels, rates, learning, sets=SETS, threads=2):
    """Weights after some updates are those of float64.

    They have moved by sums of derivatives, each right to about a millionth; a unit that rounding puts on the other
    side of a bend of ReLU adds one product of thousands. AdamW divides each derivative by its own size, so that it
    makes whole steps of those that are nothing but rounding: these are compared as steps.
    """
    order = np.random.default_rng(3).permutation(len(images))
    weights, kept, total, steady = learn64(network, arrays, images, labels, order, rates, learning)
    for instructions in sets:
        engine = Engine(network, arrays, threads=threads, instructions=instructions)
        loss, _ = engine.fit(images, labels, order, rates, learning)
        assert loss == pytest.approx(total, rel=1e-4), instructions
        for result, expected in ((engine.arrays(), weights), (engine.evaluation_arrays(), kept)):
            assert list(result) == list(arrays)
            for name, array in result.items():
                moved = np.abs(weights[name] - arrays[name]).max()
                off = np.abs(array - expected[name])
                assert off.max() <= 2.5 * sum(rates), (name, instructions)
                compared = off if learning.optimizer == "sgd" else off[steady[name]]
                assert compared.max(initial=0) <= 4e-4 * moved + 1e-7, (name, instructions)


# Beside float64


@pytest.mark.parametrize("name", names())
def test_five_updates_of_every_network_of_the_zoo_are_those_of_float64(name):
    network = describe(name)
    made = recipe("fast", network)
    learning = UpdateHyperparameters(
        batch=20,
        loss=made.loss,
        label_smoothing=made.label_smoothing,
        j=made.j,
        optimizer=made.optimizer,
        momentum=made.momentum,
        nesterov=made.nesterov,
        weight_decay=made.weight_decay,
        ema=made.ema,
    )
    images, labels = random_pictures(network, 89, seed=2)
    # Half of the recipe's rate: fewer units come so near a bend that rounding decides on which side they are.
    rates = [made.learning_rate * share for share in (0.1, 0.3, 0.5, 0.3, 0.1)]
    assert_learned(network, initial_weights(network), images, labels, rates, learning)


@pytest.mark.parametrize("network", [TINY, POOLED, describe("lenet-5")], ids=lambda network: network.name)
@pytest.mark.parametrize("way", WAYS)
def test_five_updates_in_every_way_are_those_of_float64(way, network):
    images, labels = random_pictures(network, 83, seed=1)
    learning = natural(network, batch=19, **WAYS[way])
    # Penalties are tens: at rates for logits LeNet-5 leaps from plateau to plateau.
    peak = 0.004 if learning.optimizer == "adamw" else 0.04 if not network.smallest_wins else 0.001
    rates = [peak * share for share in (0.25, 1, 0.5, 0.75, 0.125)]
    assert_learned(network, initial_weights(network), images, labels, rates, learning)


@given(
    st.integers(1, 70), st.integers(1, 100), st.integers(1, 4), st.sampled_from((TINY, POOLED)), st.sampled_from(SETS)
)
@drawn(40)
def test_batches_and_data_of_any_size_are_learned(batch, examples, threads, network, instructions):
    images, labels = random_pictures(network, examples, seed=examples)
    rates = [0.02 / (1 + step) for step in range(-(-examples // batch))]
    learning = UpdateHyperparameters(batch=batch, nesterov=False, momentum=0.5)
    assert_learned(network, initial_weights(network), images, labels, rates, learning, [instructions], threads)


def test_an_order_may_leave_examples_out_and_bring_some_twice():
    images, labels = random_pictures(TINY, 30)
    order = np.array([3, 3, 29, 0, 17, 3, 8])
    learning, rates = UpdateHyperparameters(batch=4), [0.1, 0.05]
    expected = learn64(TINY, random_weights(TINY), images, labels, order, rates, learning)[0]
    engine = Engine(TINY, random_weights(TINY))
    engine.fit(images, labels, order, rates, learning)
    for name, array in engine.arrays().items():
        np.testing.assert_allclose(array, expected[name], rtol=0, atol=1e-5)


def test_no_examples_change_nothing():
    engine = Engine(TINY, random_weights(TINY), threads=2)
    images, labels = random_pictures(TINY, 5)
    assert engine.fit(images, labels, np.arange(0), [], UpdateHyperparameters()) == (0.0, 0)
    assert_same(engine.arrays(), random_weights(TINY))
    assert engine.state()["updates"] == [0]


# Bit for bit


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)


@pytest.fixture(params=["nesterov", "adamw", "running mean", "adamw with everything"])
def learning(request):
    return UpdateHyperparameters(batch=23, **WAYS[request.param])


def training_batches(network, examples, learning, seed=0):
    """The arguments of `fit`, with random order, rates and augmentation."""
    rng = np.random.default_rng(seed)
    images, labels = random_pictures(network, examples, seed)
    rates = rng.uniform(0.001, 0.01, -(-examples // learning.batch))
    augmentation = Augmentation(rng.integers(-2, 3, (examples, 2)).astype(np.int8), rng.random(examples) < 0.5)
    return images, labels, rng.permutation(examples), rates, learning, augmentation


def parts(training_batches, *ends):
    """The same batches, cut after these updates."""
    images, labels, order, rates, learning, augmentation = training_batches
    for first, last in zip((0, *ends), (*ends, len(rates)), strict=True):
        places = slice(first * learning.batch, last * learning.batch)
        part_changes = Augmentation(augmentation.shifts[places], augmentation.mirrored[places])
        yield images, labels, order[places], rates[first:last], learning, part_changes


@every_set
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_twice_gives_the_same_bits(threads, learning, instructions):
    states = []
    for _ in range(2):
        engine = Engine(POOLED, random_weights(POOLED), threads=threads, instructions=instructions)
        totals = [engine.fit(*training_batches(POOLED, 150, learning, seed)) for seed in (0, 1)]
        states.append((engine.state(), totals))
    assert_same(states[0][0], states[1][0])
    assert states[0][1] == states[1][1]


@every_set
def test_one_call_and_many_give_the_same_bits(learning, instructions):
    whole = Engine(TINY, random_weights(TINY), threads=2, instructions=instructions)
    total = whole.fit(*training_batches(TINY, 150, learning))
    cut = Engine(TINY, random_weights(TINY), threads=2, instructions=instructions)
    totals = [cut.fit(*part) for part in parts(training_batches(TINY, 150, learning), 1, 2, 5)]
    assert_same(whole.state(), cut.state())
    assert_same(whole.evaluation_arrays(), cut.evaluation_arrays())
    assert sum(loss for loss, _ in totals) == pytest.approx(total[0], rel=1e-12)
    assert sum(errors for _, errors in totals) == total[1]


@every_set
def test_going_on_from_a_state_gives_the_same_bits(learning, instructions):
    engine = Engine(TINY, random_weights(TINY), threads=2, instructions=instructions)
    begun, rest = parts(training_batches(TINY, 150, learning), 3)
    engine.fit(*begun)
    state = engine.state()
    kept = {name: array.copy() for name, array in state.items()}
    engine.fit(*rest)
    assert_same(state, kept)
    end = engine.state()
    engine.restore(state)
    assert_same(engine.state(), state)
    engine.fit(*rest)
    assert_same(engine.state(), end)
    other = Engine(TINY, random_weights(TINY, seed=9), threads=2, instructions=instructions)
    other.restore(state)
    assert_same(other.state(), state)
    assert_same(other.evaluation_arrays(), {name: state[f"{_kept(learning)}.{name}"] for name in other.arrays()})
    other.fit(*rest)
    assert_same(other.state(), end)
    assert_same(other.evaluation_arrays(), engine.evaluation_arrays())


def _kept(learning):
    return "average" if learning.ema else "weights"


@every_set
def test_predicting_and_looking_between_updates_changes_no_bit(learning, instructions):
    one = Engine(TINY, random_weights(TINY), threads=2, instructions=instructions)
    other = Engine(TINY, random_weights(TINY), threads=2, instructions=instructions)
    images, labels = random_pictures(TINY, 61)
    for part in parts(training_batches(TINY, 150, learning), 2, 4):
        one.fit(*part)
        other.fit(*part)
        other.predict(images)
        other.predict(images[:1])
        other.activations(images)
        other.gradients(images, labels, learning)
        other.evaluation_arrays()["c1.weight"][...] = 7
        other.arrays()["c1.weight"][...] = 7
    assert_same(one.state(), other.state())


def test_a_state_from_before_the_first_update_is_one():
    learning = UpdateHyperparameters(batch=16, ema=0.9)
    engine = Engine(TINY, random_weights(TINY), threads=2)
    state = engine.state()
    engine.fit(*training_batches(TINY, 60, learning))
    end = engine.state()
    engine.restore(state)
    engine.fit(*training_batches(TINY, 60, learning))
    assert_same(engine.state(), end)


def test_what_learned_in_one_way_goes_on_in_another_from_a_state():
    engine = Engine(TINY, random_weights(TINY), threads=2)
    before = engine.state()
    engine.fit(*training_batches(TINY, 60, UpdateHyperparameters(optimizer="adamw", ema=0.9)))
    engine.restore(before)
    engine.fit(*training_batches(TINY, 60, UpdateHyperparameters()))
    fresh = Engine(TINY, random_weights(TINY), threads=2)
    fresh.fit(*training_batches(TINY, 60, UpdateHyperparameters()))
    assert_same(engine.state(), fresh.state())


def test_states_that_do_not_fit_are_named():
    engine = Engine(TINY, random_weights(TINY))
    state = engine.state()
    with pytest.raises(EngineError, match=r"the state kept does not fit tiny: it lacks 'weights\.c3\.weight'"):
        engine.restore({name: array for name, array in state.items() if name != "weights.c3.weight"})
    with pytest.raises(EngineError, match=r"weights\.c1\.weight is float32 \(3,\), expected float32 \(5, 1, 4, 4\)"):
        engine.restore(state | {"weights.c1.weight": np.zeros(3, np.float32)})
    assert_same(engine.state(), state)


# Divergence


@every_set
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["c1.weight", "c1.bias", "f3.weight", "output.weight", "output.bias"])
def test_weights_that_are_no_numbers_give_a_loss_that_is_none(name, value, threads, instructions):
    arrays = random_weights(POOLED)
    arrays[name].reshape(-1)[:] = value
    engine = Engine(POOLED, arrays, threads=threads, instructions=instructions)
    images, labels = random_pictures(POOLED, 100, ink="full")
    loss, _ = engine.fit(images, labels, np.arange(100), [0.01] * 4, UpdateHyperparameters(batch=30))
    assert not np.isfinite(loss)
    # Nothing was learned from it.
    assert_same(engine.arrays(), arrays)


@every_set
@pytest.mark.parametrize("network", [TINY, POOLED, describe("lenet-5-relu"), describe("lenet-5")], ids=lambda n: n.name)
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_rate_that_is_far_too_large_ends_in_a_loss_that_is_no_number(optimizer, network, instructions):
    engine = Engine(network, initial_weights(network), threads=2, instructions=instructions)
    images, labels = random_pictures(network, 100)
    loss, _ = engine.fit(images, labels, np.arange(100), [1e38] * 10, natural(network, batch=10, optimizer=optimizer))
    assert not np.isfinite(loss)


@every_set
def test_an_engine_that_diverged_is_as_good_as_new_after_it_was_restored(instructions):
    learning = UpdateHyperparameters(batch=10)
    engine = Engine(POOLED, random_weights(POOLED), threads=2, instructions=instructions)
    engine.fit(*training_batches(POOLED, 40, learning))
    state = engine.state()
    images, labels = random_pictures(POOLED, 100)
    expected = engine.predict(images), engine.predict(images[:1])
    for weights in (1e20, np.nan):
        engine.restore(
            state | {f"weights.{name}": array * np.float32(weights) for name, array in engine.arrays().items()}
        )
        engine.fit(images, labels, np.arange(100), [1e38] * 10, learning)
        engine.restore(state)
        np.testing.assert_array_equal(engine.predict(images), expected[0])
        np.testing.assert_array_equal(engine.predict(images[:1]), expected[1])
        engine.fit(*training_batches(POOLED, 100, learning, 1))
        fresh = Engine(POOLED, random_weights(POOLED), threads=2, instructions=instructions)
        fresh.restore(state)
        fresh.fit(*training_batches(POOLED, 100, learning, 1))
        assert_same(engine.state(), fresh.state())
        np.testing.assert_array_equal(engine.predict(images[:1]), fresh.predict(images[:1]))


def test_restoring_keeps_the_way_of_learning_apart():
    """A running mean that a state lacks starts anew from the weights of that state."""
    engine = Engine(TINY, random_weights(TINY))
    engine.fit(*training_batches(TINY, 60, UpdateHyperparameters(batch=16)))
    state = engine.state()
    assert not any(name.startswith("average.") for name in state)
    engine.fit(*training_batches(TINY, 60, UpdateHyperparameters(batch=16, ema=0.5)))
    engine.restore(state)
    assert_same(engine.evaluation_arrays(), engine.arrays())
    assert_same(engine.evaluation_arrays(), {name: state[f"weights.{name}"] for name in engine.arrays()})
