"""The filters of boosting on examples made by hand, and machines that learn alone."""

import numpy as np
import pytest

from lenet.networks import describe
from lenet.reproduction.boosting import (
    Filter,
    Machine,
    answered,
    candidates,
    disputed,
    filtered,
    half_wrong,
    margins,
    teach_machines,
    threshold,
)
from lenet.reproduction.lanes import Group
from lenet.reproduction.recipe import SQUARED
from lenet.reproduction.streams import Patterns
from replica_fakes import FakeLanes


def numbered(*labels):
    """Patterns whose single pixel is their number in the stream."""
    return Patterns(np.arange(len(labels), dtype=np.uint8).reshape(-1, 1, 1), np.array(labels))


def pixels(patterns):
    return patterns.images.ravel().tolist()


def test_the_second_network_learns_from_as_many_patterns_that_the_first_gets_wrong_as_it_gets_right():
    # The first network says 0 to everything: patterns 1, 4 and 5 are wrong.
    stream = numbered(0, 7, 0, 0, 3, 5, 0)
    kept = half_wrong(iter([stream]), lambda some: some.labels != 0, 4)
    assert sorted(pixels(kept)) == [0, 1, 2, 4]
    assert (kept.labels != 0).sum() == 2


def test_the_filter_draws_on_until_both_halves_are_full():
    batches = [numbered(0, 0, 0), numbered(0, 9, 0), numbered(9, 9, 9), numbered(9)]
    asked = []

    def is_wrong(some):
        asked.append(len(some))
        return some.labels == 9

    kept = half_wrong(iter(batches), is_wrong, 6)
    assert kept.labels.tolist() == [0, 0, 0, 9, 9, 9]
    assert asked == [3, 3, 3]


def test_a_stream_that_ends_gives_fewer_patterns_still_half_and_half():
    kept = half_wrong(iter([numbered(0, 0, 0, 9, 0)]), lambda some: some.labels == 9, 100)
    assert kept.labels.tolist() == [0, 9]


def test_the_third_network_learns_from_what_the_first_two_disagree_on():
    first, second = np.array([1, 2, 3, 4]), np.array([1, 0, 3, 0])
    kept = disputed(iter([numbered(1, 2, 3, 4)]), lambda some: first != second, 100)
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
    amount = Filter(batch=6, most_batches=2)
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
    decided, cost = answered(outputs, least=2.0)
    np.testing.assert_array_equal(decided, [[3, 0], [1, 4]])
    assert cost == 2.0  # one network for the first pattern, three for the second


def test_three_networks_are_asked_for_three_eighths_of_the_patterns_which_makes_1_75_on_average():
    outputs = np.stack([np.arange(1_000), np.zeros(1_000)], axis=1).astype(np.float32)
    _, cost = answered(np.stack([outputs] * 3), threshold(outputs))
    assert cost == pytest.approx(1.75, abs=0.005)


def test_each_machine_adds_its_own_three_networks(tmp_path):
    network = describe("lenet-4")
    rng = np.random.default_rng(0)
    whole = Patterns(rng.integers(0, 256, (60, 32, 32), np.uint8), rng.integers(0, 10, 60))
    from lenet.initialization import initial_weights

    lanes = FakeLanes(network, [initial_weights(network, "sqrt", seed) for seed in (0, 1)], SQUARED)
    machines = teach_machines(
        tmp_path, network, SQUARED.limited_to(1), [Group(network, lanes, (0, 1), 7)], whole, whole.first(5),
        amount=Filter(patterns=10, batch=50, most_batches=2), make=FakeLanes,
    )  # fmt: skip
    assert [type(machine) for machine in machines] == [Machine, Machine]
    assert [machine.seed for machine in machines] == [0, 1]
    assert [group.seeds for machine in machines for group in machine.later] == [(1000,), (2000,), (1001,), (2001,)]
    assert machines[0].outputs(whole.images).shape == (3, 60, 10)
    assert not np.array_equal(machines[0].arrays[1]["c1.weight"], machines[1].arrays[1]["c1.weight"])
