"""The best segmentation of a row's pieces into digits: a path over candidates, scored by the network.

Source: [LeCun98, V], heuristic over-segmentation and the best path through the interpretation graph, here the product
of the candidates' graph with the automaton of a `Pattern`, searched by Viterbi's algorithm.

The costs, in nats, are what lab.synthesis.path_costs found with ``--strings 400 --seed 1`` and the weights that ship,
from those found before with other weights: of 400 synthetic strings of MNIST training digits, hard styles among them,
they read 75.2 % (73.5 before), of 200 others 78.0 % (77.5 before). The loss is flat around them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lenet.reading.lines.pattern import Pattern
from lenet.reading.lines.segmentation import Candidate

WORST = -12.0  # lower bound of a candidate's score
MIN_FIT = 0.02  # minimum probability of a digit that a pattern asks for
NARROW = 0.4  # in digit heights: few digits except 1 are narrower
MISSING_SEPARATOR = 1.0  # a separator that the pattern asks for and no ink shows


@dataclass(frozen=True)
class Costs:
    """The costs of a path, in nats.

    Attributes:
        digit: for every digit, so that between a cut and no cut there is none.
        cut: for every side on which a digit was cut off its neighbour.
        splinter: penalty for narrow fragments: for each digit height that a digit so cut is narrower than NARROW.
        torn: for ink left out that was cut off a digit, above all else.
        mark: for what looks like a point or comma and is taken for part of a digit.
        gap: for each digit height of white inside a digit.
        width, wide_above: for each share of its height, or of its line's, that a digit is wider than ``wide_above``.
        low, low_below: for each digit height that a digit is lower than ``low_below`` of its line's height.
        speck, speck_above: for ink left out that is low; more for each digit height above ``speck_above``.
        left_out: for ink left out that is as high as a digit, for each digit height.
        rubbish: the same where the network is sure that it is no digit.
    """

    digit: float = 0.16
    cut: float = 0.1
    splinter: float = 1.5
    torn: float = 0.2
    mark: float = 1.3
    gap: float = 5.3
    width: float = 0.75
    wide_above: float = 0.7
    low: float = 6.5
    low_below: float = 0.62
    speck: float = 0.133
    speck_above: float = 0.19
    left_out: float = 3.75
    rubbish: float = 5.0


COSTS = Costs()


@dataclass(frozen=True)
class Path:
    """The best path.

    Attributes:
        chosen: candidates by index, left to right.
        score: higher is better; minus infinity if nothing fits the pattern.
        allowed: for each chosen candidate, the digits that the pattern allows in its place.
        separators: what the pattern puts before the chosen one of that number; at their count, behind the last.
    """

    chosen: tuple[int, ...]
    score: float
    allowed: tuple[frozenset[int], ...] = ()
    separators: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Step:
    """A partial path: its score, the step before, and the candidate taken there."""

    score: float
    before: "_Step | None" = None
    candidate: int = -1
    state: int = 0


def best_path(
    candidates: Sequence[Candidate],
    log_probabilities: NDArray[np.float32],
    pieces: int,
    pattern: Pattern | None = None,
    costs: Costs = COSTS,
) -> Path:
    """Cover all pieces with candidates, or pass over those that are better left out.

    Args:
        candidates: runs of pieces.
        log_probabilities: of the ten digits for each candidate, (len(candidates), 10).
        pieces: how many there are in the row.
        pattern: what the digits and separators must make; any digits if None.
        costs: of the path.
    """
    pattern = Pattern.anything() if pattern is None else pattern
    states = pattern.states
    skipping = _skipping(candidates, log_probabilities, pieces, costs)
    from_piece: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for index, candidate in enumerate(candidates):
        passed_over = sum(skipping[piece] for piece in candidate.dropped)
        from_piece[candidate.first].append((index, passed_over - _cost(candidate, costs)))
    best_of = _best_of(log_probabilities, pattern)
    reached: list[dict[int, _Step]] = [{} for _ in range(pieces + 1)]
    reached[0][0] = _Step(0.0)

    def reach(piece: int, state: int, score: float, before: _Step, candidate: int = -1) -> None:
        known = reached[piece].get(state)
        if known is None or score > known.score:
            reached[piece][state] = _Step(score, before, candidate, state)

    for piece in range(pieces + 1):
        for state in range(len(states)):  # separators lead to later states only, so each is final when its turn comes
            step = reached[piece].get(state)
            if step is None:
                continue
            if piece < pieces:
                reach(piece + 1, state, step.score + skipping[piece], step)
            for target in states[state].following:
                if states[target].separator:
                    reach(piece, target, step.score - MISSING_SEPARATOR, step)
                    if piece < pieces:
                        reach(piece + 1, target, step.score + skipping[piece] / 2, step)
                    continue
                scores = best_of[states[target].digits]
                for index, score in from_piece[piece]:
                    if scores[index] > -np.inf:
                        total = max(scores[index] + score, WORST)
                        reach(candidates[index].last, target, step.score + total, step, index)
    ends = [step for state, step in reached[pieces].items() if state in pattern.accepting]
    return _traced(max(ends, key=lambda step: step.score), pattern) if ends else Path((), -np.inf)


def _best_of(log_probabilities: NDArray[np.float32], pattern: Pattern) -> dict[frozenset[int], list[float]]:
    """For each set of digits in the pattern, the log probability of the likeliest of them, for every candidate."""
    best: dict[frozenset[int], list[float]] = {}
    for digits in {state.digits for state in pattern.states if state.digits}:
        log_best = log_probabilities[:, sorted(digits)].max(axis=1, initial=-np.inf)
        if len(digits) < 10:
            log_best = np.where(log_best >= np.log(MIN_FIT), log_best, -np.inf)
        best[digits] = log_best.tolist()
    return best


def _traced(end: _Step, pattern: Pattern) -> Path:
    steps = [end]
    while steps[-1].before is not None:
        steps.append(steps[-1].before)
    chosen: list[int] = []
    allowed: list[frozenset[int]] = []
    separators: dict[int, str] = {}
    for before, step in zip(steps[::-1], steps[-2::-1], strict=False):
        state = pattern.states[step.state]
        if step.candidate >= 0:
            chosen.append(step.candidate)
            allowed.append(state.digits)
        elif step.state != before.state:
            separators[len(chosen)] = separators.get(len(chosen), "") + state.separator
    return Path(tuple(chosen), end.score, tuple(allowed), separators)


def _cost(candidate: Candidate, costs: Costs) -> float:
    return (
        costs.digit
        + costs.cut * candidate.cuts
        + costs.splinter * max(0.0, NARROW - candidate.width) * (candidate.cuts > 0)
        + costs.mark * candidate.marks
        + costs.gap * candidate.gap
        + costs.width * max(0.0, candidate.width / max(candidate.height, 1.0) - costs.wide_above)
        + costs.low * max(0.0, costs.low_below - candidate.height)
    )


def _skipping(
    candidates: Sequence[Candidate], log_probabilities: NDArray[np.float32], pieces: int, costs: Costs
) -> list[float]:
    """The score of leaving out each piece: a small cost for a speck, a large one for a piece as high as a digit."""
    scores = [-costs.speck] * pieces
    nothing = np.log(np.clip(1 - np.exp(log_probabilities).sum(axis=1), 1e-6, 1))  # the probability of no digit
    for candidate, rubbish in zip(candidates, nothing.tolist(), strict=True):
        if candidate.last == candidate.first + 1:
            height = candidate.height
            by_size = costs.speck + 6 * max(0.0, height - costs.speck_above)
            if height >= 0.45:
                by_size = 3.5 + (costs.left_out - 3.5) * height
            alone = max(-by_size, rubbish - costs.rubbish * min(height, 1.0) - costs.speck)
            scores[candidate.first] = alone - costs.torn * (candidate.cuts > 0)
    return scores
