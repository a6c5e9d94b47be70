"""The choice among readings: the likeliest that is allowed, never one that nobody read."""

import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.forms.check_digits import CHECKS, luhn
from lenet.forms.choice import MIN_PROBABILITY, Choice, choices

SHARES = st.lists(st.floats(0.002, 1), min_size=1, max_size=4).map(lambda shares: [one / sum(shares) for one in shares])
POSITIONS = st.lists(
    SHARES.map(lambda shares: [(str(digit), share) for digit, share in enumerate(shares)]), min_size=1, max_size=5
)


def likeliest(positions, is_allowed, **options) -> Choice[str] | None:
    return next(iter(choices(positions, is_allowed, **options)), None)


@settings(deadline=None)  # the machine may be busy
@given(POSITIONS, st.integers(1, 7))
def test_it_is_the_likeliest_of_all_that_are_allowed(positions, divisor):
    def is_allowed(digits: tuple[str, ...]) -> bool:
        return int("".join(digits)) % divisor == 0

    def is_likely(digits: tuple[str, ...]) -> bool:
        return all(
            share >= MIN_PROBABILITY or share == max(one for _, one in position)
            for digit, position in zip(digits, positions, strict=True)
            for label, share in position
            if label == digit
        )

    shares = {tuple(label for label, _ in one): math.prod(share for _, share in one) for one in product(*positions)}
    allowed = {digits: share for digits, share in shares.items() if is_allowed(digits)}
    chosen = likeliest(positions, is_allowed)
    likely = {digits: share for digits, share in allowed.items() if is_likely(digits)}
    assert (chosen is None) == (not likely)
    if chosen is not None:
        assert allowed[chosen.values] == pytest.approx(max(likely.values()))
        assert chosen.prior == pytest.approx(allowed[chosen.values])
        assert 0 <= chosen.probability <= chosen.prior / sum(allowed.values()) + 1e-9


@settings(deadline=None)  # the machine may be busy
@given(POSITIONS)
def test_what_no_constraint_changes_is_the_likeliest_of_each_position(positions):
    chosen = likeliest(positions, lambda digits: True)
    for value, position in zip(chosen.values, positions, strict=True):
        assert dict(position)[value] == max(share for _, share in position)
    assert chosen.probability <= 1


@settings(deadline=None)  # the machine may be busy
@given(POSITIONS, st.randoms())
def test_nothing_is_invented(positions, chance):
    chosen = likeliest(positions, lambda digits: chance.random() < 0.3)
    if chosen is not None:
        for value, position in zip(chosen.values, positions, strict=True):
            assert value in [label for label, _ in position]


def test_a_check_digit_chooses_the_second_reading_of_one_digit():
    read = [[(digit, 0.99), (other, 0.01)] for digit, other in zip("79927398713", "12345678901", strict=True)]
    read[3] = [("1", 0.6), ("2", 0.39)]
    chosen = likeliest(read, lambda digits: luhn("".join(digits)))
    assert "".join(chosen.values) == "79927398713"
    assert chosen.probability > 0.8


def test_where_two_readings_are_allowed_neither_is_sure():
    chosen = likeliest([[("1", 0.5), ("7", 0.49)]], lambda digits: True)
    assert chosen.probability < 0.52


def test_what_is_unlikely_is_no_reading_and_then_nothing_is_chosen():
    assert likeliest([[("1", 0.9999), ("7", 0.0001)]], lambda digits: digits == ("7",)) is None
    assert likeliest([[("1", 0.9999), ("7", 0.0001)], []], lambda digits: True) is None


def test_the_search_ends():
    read = [[(str(digit), 0.1) for digit in range(10)]] * 20
    tried = []
    assert likeliest(read, lambda digits: bool(tried.append(digits)), max_tried=500) is None
    assert len(tried) == len(set(tried)) == 500


def test_fields_that_add_up_are_chosen_together():
    fields = [[("12", 0.8), ("72", 0.19)], [("30", 0.9), ("80", 0.09)], [("102", 0.7), ("42", 0.25)]]
    chosen = likeliest(fields, lambda values: int(values[0]) + int(values[1]) == int(values[2]))
    assert chosen.values == ("12", "30", "42")


def test_every_rule_can_likeliest():
    for rule in CHECKS.values():
        assert likeliest([[("1", 1.0)]], lambda digits, rule=rule: rule("".join(digits))) is None
