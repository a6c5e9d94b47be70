"""The filters of boosting on examples made by hand, and machines that learn as if they were alone."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lenet.engine.native import instruction_sets
from lenet.errors import TrainingError
from lenet.experiments.boosting import (
    Filter,
    Machine,
    candidates,
    cascade,
    filter_disputed,
    filter_half_wrong,
    filtered,
    margins,
    threshold,
    train_machines,
)
from lenet.experiments.groups import Group, train_group
from lenet.experiments.rows import SQUARED
from lenet.experiments.streams import PatternStream, SeparateStream
from lenet.initialization import initial_weights
from lenet.networks import describe
from lenet.training import progress
from lenet.training.stream import Patterns
from tests.experiments.replica_fakes import use_fake_replicas
from tests.experiments.test_running import Killing

native = pytest.mark.skipif(not instruction_sets(), reason="replicas run in the native engine")
LENET_1 = describe("lenet-1")
SHORT = replace(SQUARED, epochs=3, rates=(0.0005, 0.0002, 0.0001), curvature_examples=20)


def numbered(*labels):
    """Patterns whose single pixel is their number in the stream."""
    return Patterns(np.arange(len(labels), dtype=np.uint8).reshape(-1, 1, 1), np.array(labels))


def pixels(patterns):
    return patterns.images.ravel().tolist()


def test_the_second_network_learns_from_as_many_patterns_that_the_first_gets_wrong_as_it_gets_right():
    # The first network says 0 to everything: patterns 1, 4 and 5 are wrong.
    stream = numbered(0, 7, 0, 0, 3, 5, 0)
    kept = filter_half_wrong(iter([stream]), lambda some: some.labels != 0, 4)
    assert sorted(pixels(kept)) == [0, 1, 2, 4]
    assert (kept.labels != 0).sum() == 2


def test_the_filter_draws_on_until_both_halves_are_full():
    batches = [numbered(0, 0, 0), numbered(0, 9, 0), numbered(9, 9, 9), numbered(9)]
    asked = []

    def is_wrong(some):
        asked.append(len(some))
        return some.labels == 9

    kept = filter_half_wrong(iter(batches), is_wrong, 6)
    assert kept.labels.tolist() == [0, 0, 0, 9, 9, 9]
    assert asked == [3, 3, 3]


def test_a_stream_that_ends_gives_fewer_patterns_still_half_and_half():
    kept = filter_half_wrong(iter([numbered(0, 0, 0, 9, 0)]), lambda some: some.labels == 9, 100)
    assert kept.labels.tolist() == [0, 9]


def test_the_third_network_learns_from_what_the_first_two_disagree_on():
    first, second = np.array([1, 2, 3, 4]), np.array([1, 0, 3, 0])
    kept = filter_disputed(iter([numbered(1, 2, 3, 4)]), lambda some: first != second, 100)
    assert pixels(kept) == [1, 3]


def test_networks_filter_by_their_own_answers():
    network = describe("lenet-4")
    rng = np.random.default_rng(0)
    stream = Patterns(rng.integers(0, 256, (40, 32, 32), np.uint8), rng.integers(0, 10, 40))
    zeros = {name: np.zeros(shape, np.float32) for name, shape in network.parameter_shapes().items()}
    says = [{**zeros, "output.bias": np.eye(10, dtype=np.float32)[digit]} for digit in (3, 5)]
    to_second = filtered(network, says[:1], iter([stream]), 4)
    assert ((to_second.labels == 3).sum(), (to_second.labels != 3).sum()) == (2, 2)
    assert len(filtered(network, says, iter([stream]), 100)) == 40
    assert len(filtered(network, [says[0], says[0]], iter([stream]), 100)) == 0


def test_candidates_are_the_same_each_time_and_others_for_another_seed():
    whole = Patterns(np.random.default_rng(0).integers(0, 256, (9, 32, 32), np.uint8), np.arange(9))
    amount = Filter(batch=6, max_batches=2)
    first, again, other = ([one.images.tobytes() for one in candidates(whole, seed, amount)] for seed in (1, 1, 2))
    assert first == again
    assert len({*first, *other}) == 4


def test_the_margin_is_the_gap_between_the_two_best():
    np.testing.assert_allclose(margins(np.array([[0.5, 2.0, 1.25], [1.0, 1.0, 0.0]], np.float32)), [0.75, 0.0])


def test_a_confident_first_network_answers_alone_and_the_others_are_not_paid_for():
    outputs = np.array([
        [[3, 0], [1, 0]],
        [[0, 5], [0, 2]],
        [[0, 5], [0, 2]],
    ], np.float32)  # fmt: skip
    decided, cost = cascade(outputs, minimum=2.0)
    np.testing.assert_array_equal(decided, [[3, 0], [1, 4]])
    assert cost == 2.0  # one network for the first pattern, three for the second


def test_three_networks_are_asked_for_three_eighths_of_the_patterns_which_makes_1_75_on_average():
    outputs = np.stack([np.arange(1_000), np.zeros(1_000)], axis=1).astype(np.float32)
    _, cost = cascade(np.stack([outputs] * 3), threshold(outputs))
    assert cost == pytest.approx(1.75, abs=0.005)


def test_each_machine_adds_its_own_three_networks(tmp_path, monkeypatch):
    use_fake_replicas(monkeypatch)
    network = describe("lenet-4")
    rng = np.random.default_rng(0)
    whole = Patterns(rng.integers(0, 256, (60, 32, 32), np.uint8), rng.integers(0, 10, 60))
    first = Group(network, (0, 1), tuple(initial_weights(network, "sqrt", seed) for seed in (0, 1)), [])
    machines = train_machines(
        tmp_path, network, SQUARED.limited_to(1), [first], whole, whole.first(5),
        amount=Filter(patterns=10, batch=50, max_batches=2),
    )  # fmt: skip
    assert [type(machine) for machine in machines] == [Machine, Machine]
    assert [machine.seed for machine in machines] == [0, 1]
    orders = [json.loads((tmp_path / place / "run.json").read_text())["seeds"] for place in ("second", "third")]
    assert orders == [[1000, 1001], [2000, 2001]]
    assert machines[0].outputs(whole.images).shape == (3, 60, 10)
    assert not np.array_equal(machines[0].arrays[1]["c1.weight"], machines[1].arrays[1]["c1.weight"])


# Patterns of one's own


def drawn(*sizes):
    """Patterns of each network: pixels from 0 for the first, from 100 for the second, and so on."""
    numbers = [100 * lane + np.arange(size) for lane, size in enumerate(sizes)]
    return [Patterns(some.astype(np.uint8).reshape(-1, 1, 1), some % 10) for some in numbers]


def test_each_network_is_shown_its_own_patterns_in_its_own_order():
    epoch = SeparateStream([5, 6], 30, lambda: drawn(30, 30)).epoch(3)
    for lane, (part, seed) in enumerate(zip(drawn(30, 30), (5, 6), strict=True)):
        alone = PatternStream(part, seed).epoch(3)
        np.testing.assert_array_equal(epoch.images[epoch.order[:, lane]], alone.images[alone.order])
        np.testing.assert_array_equal(epoch.labels[epoch.order[:, lane]], alone.labels[alone.order])


def test_each_networks_second_derivatives_come_from_its_own_patterns():
    epoch = SeparateStream([5, 6], 30, lambda: drawn(30, 30), curvature_examples=10).epoch(2)
    assert epoch.curvature.shape == (10, 2)
    for lane, (part, seed) in enumerate(zip(drawn(30, 30), (5, 6), strict=True)):
        expected = part.images[PatternStream(part, seed, curvature_examples=10).epoch(2).curvature]
        np.testing.assert_array_equal(epoch.images[epoch.curvature[:, lane]], expected)


def test_patterns_come_round_again_where_a_filter_gave_fewer_whatever_the_others_have():
    for others in (4, 30):
        stream = SeparateStream([5, 6], 30, lambda others=others: drawn(others, 12), curvature_examples=20)
        epoch = stream.epoch(0)
        shown = epoch.images[epoch.order[:, 1]].ravel()
        assert set(shown) == set(range(100, 112))
        np.testing.assert_array_equal(shown, np.resize(shown[:12], 30))
        assert epoch.remarks["distinct"] == [min(others, 30), 12]
        seen = epoch.images[epoch.curvature[:, 1]].ravel()
        np.testing.assert_array_equal(seen, np.resize(np.arange(100, 112), 20))


# Machines


def digits(count, seed=0):
    rng = np.random.default_rng(seed)
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 6:22, 6:22] = rng.integers(0, 256, (count, 16, 16))
    return Patterns(images, rng.integers(0, 10, count))


def first_networks(seeds):
    return Group(LENET_1, tuple(seeds), tuple(initial_weights(LENET_1, SHORT.init, seed) for seed in seeds), [])


def machines_of(folder, *groups, amount=None, progress=None):
    first = [first_networks(seeds) for seeds in groups]
    amount = amount or Filter(patterns=30, batch=100, max_batches=3)
    return train_machines(folder, LENET_1, SHORT, first, digits(60), digits(9), amount=amount, progress=progress)


UNTIMED = {"seconds": 0, "images_per_second": 0}


def assert_same_machine(machine, other):
    assert machine.seed == other.seed
    assert machine.threshold == other.threshold
    assert machine.filtered == other.filtered
    for arrays, others in zip(machine.arrays, other.arrays, strict=True):
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, others[name], err_msg=name)
    for rows, others in zip(machine.later, other.later, strict=True):
        assert [{**row, **UNTIMED} for row in rows] == [{**row, **UNTIMED} for row in others]


@native
@pytest.mark.parametrize(("batches", "is_full"), [(4, True), (1, False)])
def test_a_machine_is_bit_for_bit_what_it_would_be_alone(tmp_path, batches, is_full):
    amount = Filter(patterns=30, batch=80, max_batches=batches)
    together = machines_of(tmp_path / "together", (0, 1, 2), (3,), amount=amount)
    alone = [machines_of(tmp_path / f"alone-{seed}", (seed,), amount=amount)[0] for seed in range(4)]
    assert [machine.seed for machine in together] == [0, 1, 2, 3]
    for machine, other in zip(together, alone, strict=True):
        assert_same_machine(machine, other)
    to_second = [machine.filtered[0] for machine in together]
    assert to_second == [30] * 4 if is_full else len(set(to_second)) > 1


@native
def test_a_second_network_is_the_one_that_learns_in_a_group_of_its_own_from_what_was_filtered(tmp_path):
    for machine in machines_of(tmp_path, (0, 1)):
        seed = machine.seed + 1_000
        stream = candidates(digits(60), seed, Filter(patterns=30, batch=100, max_batches=3))
        hard = filtered(LENET_1, machine.arrays[:1], stream, 30)
        stream = PatternStream(hard, seed, curvature_examples=SHORT.curvature_examples)
        alone = train_group(tmp_path / f"alone-{seed}", LENET_1, SHORT, [seed], stream, digits(9))
        for name, array in alone.parameters[0].items():
            np.testing.assert_array_equal(machine.arrays[1][name], array)


@native
@pytest.mark.parametrize("patterns", [0, 40, 100, 170])
def test_machines_that_were_killed_and_resumed_equal_uninterrupted_ones(tmp_path, monkeypatch, patterns):
    monkeypatch.setattr(progress, "_SPAN_SECONDS", 0)
    whole = machines_of(tmp_path / "whole", (0, 1))
    with pytest.raises(KeyboardInterrupt):
        machines_of(tmp_path / "killed", (0, 1), progress=Killing(patterns))
    for machine, other in zip(machines_of(tmp_path / "killed", (0, 1)), whole, strict=True):
        assert_same_machine(machine, other)


def test_machines_that_are_trained_are_opened_without_filtering_again(tmp_path, monkeypatch):
    use_fake_replicas(monkeypatch)
    trained = machines_of(tmp_path, (0, 1), (2,))
    monkeypatch.setattr("lenet.experiments.boosting.candidates", None)
    for machine, other in zip(machines_of(tmp_path, (0, 1), (2,)), trained, strict=True):
        assert_same_machine(machine, other)


def test_a_filter_that_lets_nothing_through_is_named(tmp_path, monkeypatch):
    use_fake_replicas(monkeypatch)
    monkeypatch.setattr("lenet.experiments.boosting.candidates", lambda whole, seed, amount: iter([whole.first(0)]))
    with pytest.raises(TrainingError, match="the filter before the second network of seed 4 let no pattern through"):
        machines_of(tmp_path, (4,))
