"""Choice among readings: the likeliest one that a constraint allows, and how likely it is then.

Constraints choose and never invent: what is chosen is made of alternatives that the network gave.
"""

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")

Alternatives = Sequence[tuple[T, float]]

MAX_TRIED = 20_000  # combinations: a check digit needs ten or so, a sum of five fields some hundreds
_NEGLIGIBLE = 1e-4  # of the choice's probability: what is less likely is not looked at, but counted
MIN_PROBABILITY = 1e-3  # of an alternative: what is less likely is no reading of what is on paper


@dataclass(frozen=True)
class Choice(Generic[T]):
    """The likeliest combination that is allowed.

    Attributes:
        values: one alternative of each position.
        probability: that it is right, given that one of those that are allowed is; combinations that were not tried
            count as allowed, so that it is never overrated.
        prior: the product of its alternatives' probabilities.
    """

    values: tuple[T, ...]
    probability: float
    prior: float


def choices(
    positions: Sequence[Alternatives[T]],
    is_allowed: Callable[[tuple[T, ...]], bool],
    *,
    max_choices: int = 1,
    min_probability: float = MIN_PROBABILITY,
    max_tried: int = MAX_TRIED,
) -> list[Choice[T]]:
    """The likeliest combinations of alternatives, one of each position, that are allowed, the likeliest first.

    Args:
        positions: of each, its alternatives and their probabilities, in any order.
        is_allowed: the constraint.
        max_choices: how many are given at most; those ten thousand times less likely than the first are not.
        min_probability: alternatives below are left out, but for the likeliest of each position.
        max_tried: after so many combinations the search is given up.

    Returns:
        The choices; none if no combination that was tried is allowed.

    >>> fours = [("4", 0.7), ("9", 0.29)], [("2", 0.99)]
    >>> [choice.values for choice in choices(fours, lambda digits: True, max_choices=3)]
    [('4', '2'), ('9', '2')]
    >>> [choice.values for choice in choices(fours, lambda digits: int("".join(digits)) > 50)]
    [('9', '2')]
    """
    if not all(positions):
        return []
    ordered = [_likely(alternatives, min_probability) for alternatives in positions]
    best: list[tuple[tuple[int, ...], float]] = []
    allowed_sum = tried = 0.0
    for indices, prior in islice(_combinations(ordered), max_tried):
        tried += prior
        is_likely = not best or prior >= _NEGLIGIBLE * best[0][1]
        if is_allowed(tuple(one[index][0] for one, index in zip(ordered, indices, strict=True))):
            allowed_sum += prior
            if len(best) < max_choices and is_likely:
                best.append((indices, prior))
        if best and (not is_likely or (len(best) == max_choices and 1 - tried < _NEGLIGIBLE * best[0][1])):
            break
    return [
        Choice(
            tuple(one[index][0] for one, index in zip(ordered, indices, strict=True)),
            prior / max(allowed_sum + max(0.0, 1 - tried), prior) if prior else 0.0,
            prior,
        )
        for indices, prior in best
    ]


def _likely(alternatives: Alternatives[T], min_probability: float) -> list[tuple[T, float]]:
    """Alternatives, likeliest first, without those that are too unlikely."""
    first, *others = sorted(alternatives, key=lambda one: -one[1])
    return [first, *(one for one in others if one[1] >= min_probability)]


def _combinations(positions: Sequence[Sequence[tuple[T, float]]]) -> Iterator[tuple[tuple[int, ...], float]]:
    """All combinations, as the index of each position's alternative, and their probabilities, likeliest first.

    Best-first search: a combination follows the one that is one step likelier at its last position that is not the
    likeliest alternative, so that each is reached once.
    """
    costs = [[-math.log(max(share, 1e-300)) for _, share in one] for one in positions]
    start = (0,) * len(positions)
    queue = [(sum(one[0] for one in costs), start, 0)]
    while queue:
        cost, indices, last = heapq.heappop(queue)
        yield indices, math.exp(-cost)
        for position in range(last, len(positions)):
            if (index := indices[position] + 1) < len(costs[position]):
                step = costs[position][index] - costs[position][index - 1]
                following = (*indices[:position], index, *indices[position + 1 :])
                heapq.heappush(queue, (cost + step, following, position))
