"""The best segmentation of a row's pieces into digits: a path over candidates, scored by the network.

Source: [LeCun98, V], heuristic over-segmentation and the best path through the interpretation graph, here the product
of the candidates' graph with the automaton of a `Pattern`, searched by Viterbi's algorithm.

The costs, in nats, are what lab.synthesis.path_costs found with ``--strings 400 --seed 1`` and the weights that ship,
from those found before with other weights; what leaves out a low ring then became what leaves out a digit. Of these 400
synthetic strings of MNIST training digits, hard styles among them, they read 74.5 %, of 200 others 78.5 %. The loss is
flat around them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lenet.reading.lines.layout import MAX_LOW_HEIGHT
from lenet.reading.lines.pattern import Pattern
from lenet.reading.lines.segmentation import MAX_RING_HEIGHT, Candidate

MIN_FIT = 0.02  # minimum probability of a digit that a pattern asks for
NARROW_WIDTH = 0.4  # in digit heights: few digits except 1 are narrower


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
        left_out: for ink left out that is as high as a digit, or a low ring, which may be a small zero.
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
    low_below: float = MAX_RING_HEIGHT
    speck: float = 0.133
    speck_above: float = 0.19
    left_out: float = 3.75
    rubbish: float = 5.0


COSTS = Costs()
MISSING_SEPARATOR = COSTS.mark  # a separator that the pattern asks for and no ink shows


@dataclass(frozen=True)
class Path:
    """The best path.

    Attributes:
        chosen: candidates by index, left to right.
        score: higher is better; minus infinity if nothing fits the pattern.
        allowed: for each chosen candidate, the digits that the pattern allows in its place.
        separators: what the pattern puts before the chosen one of that number; at their count, behind the last.
        separator_pieces: the pieces that were taken for these, each with its separator and that number.
    """

    chosen: tuple[int, ...]
    score: float
    allowed: tuple[frozenset[int], ...] = ()
    separators: Mapping[int, str] = field(default_factory=dict)
    separator_pieces: tuple[tuple[int, str, int], ...] = ()


@dataclass(frozen=True)
class _PathNode:
    """A partial path: its score, the step before, and the candidate or the piece of a separator taken there."""

    score: float
    previous: "_PathNode | None" = None
    candidate: int = -1
    state: int = 0
    separator_piece: int = -1


def best_path(
    candidates: Sequence[Candidate],
    log_probabilities: NDArray[np.float32],
    pieces: int,
    pattern: Pattern | None = None,
    costs: Costs = COSTS,
    separator_scores: Sequence[Mapping[str, float]] = (),
) -> Path:
    """Viterbi search: cover all pieces with candidates, or skip those that are better left out.

    Args:
        candidates: runs of pieces.
        log_probabilities: of the ten digits for each candidate, (len(candidates), 10).
        pieces: how many there are in the row.
        pattern: what the digits and separators must make; any digits if None.
        costs: of the path.
        separator_scores: for each piece the log probability that it is a separator, for those that it looks like.
    """
    pattern = Pattern.anything() if pattern is None else pattern
    states = pattern.states
    skip_scores = left_out_scores(candidates, log_probabilities, pieces, costs)
    from_piece: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for index, candidate in enumerate(candidates):
        dropped_score = sum(skip_scores[piece] for piece in candidate.dropped)
        from_piece[candidate.first].append((index, dropped_score - cost_of(candidate, costs)))
    best_of = _best_of(log_probabilities, pattern)
    best_nodes: list[dict[int, _PathNode]] = [{} for _ in range(pieces + 1)]
    best_nodes[0][0] = _PathNode(0.0)

    def relax(
        piece: int, state: int, score: float, previous: _PathNode, candidate: int = -1, separator_piece: int = -1
    ) -> None:
        current = best_nodes[piece].get(state)
        if current is None or score > current.score:
            best_nodes[piece][state] = _PathNode(score, previous, candidate, state, separator_piece)

    for piece in range(pieces + 1):
        for state in range(len(states)):  # separators lead to later states only, so each is final when its turn comes
            node = best_nodes[piece].get(state)
            if node is None:
                continue
            if piece < pieces:
                relax(piece + 1, state, node.score + skip_scores[piece], node)
            for target in states[state].following:
                if states[target].separator:
                    relax(piece, target, node.score - MISSING_SEPARATOR, node)
                    if piece < pieces:
                        separator_logs = separator_scores[piece] if separator_scores else {}
                        score = max(skip_scores[piece] / 2, separator_logs.get(states[target].separator, -np.inf))
                        relax(piece + 1, target, node.score + score, node, separator_piece=piece)
                    continue
                scores = best_of[states[target].digits]
                for index, score in from_piece[piece]:
                    if scores[index] > -np.inf:
                        total = node.score + scores[index] + score
                        relax(candidates[index].last, target, total, node, index)
    ends = [node for state, node in best_nodes[pieces].items() if state in pattern.accepting]
    return _trace_back(max(ends, key=lambda node: node.score), pattern) if ends else Path((), -np.inf)


def _best_of(log_probabilities: NDArray[np.float32], pattern: Pattern) -> dict[frozenset[int], list[float]]:
    """For each set of digits in the pattern, the log probability of the likeliest of them, for every candidate."""
    best: dict[frozenset[int], list[float]] = {}
    for digits in {state.digits for state in pattern.states if state.digits}:
        log_best = log_probabilities[:, sorted(digits)].max(axis=1, initial=-np.inf)
        if len(digits) < 10:
            log_best = np.where(log_best >= np.log(MIN_FIT), log_best, -np.inf)
        best[digits] = log_best.tolist()
    return best


def _trace_back(end: _PathNode, pattern: Pattern) -> Path:
    nodes = [end]
    while nodes[-1].previous is not None:
        nodes.append(nodes[-1].previous)
    chosen: list[int] = []
    allowed: list[frozenset[int]] = []
    separators: dict[int, str] = {}
    separator_pieces: list[tuple[int, str, int]] = []
    for previous, node in zip(nodes[::-1], nodes[-2::-1], strict=False):
        state = pattern.states[node.state]
        if node.candidate >= 0:
            chosen.append(node.candidate)
            allowed.append(state.digits)
        elif node.state != previous.state:
            separators[len(chosen)] = separators.get(len(chosen), "") + state.separator
            if node.separator_piece >= 0:
                separator_pieces.append((node.separator_piece, state.separator, len(chosen)))
    return Path(tuple(chosen), end.score, tuple(allowed), separators, tuple(separator_pieces))


def cost_of(candidate: Candidate, costs: Costs) -> float:
    """The cost of taking a candidate for a digit, whatever digit it is."""
    return (
        costs.digit
        + costs.cut * candidate.cuts
        + costs.splinter * max(0.0, NARROW_WIDTH - candidate.width) * (candidate.cuts > 0)
        + costs.mark * candidate.marks
        + costs.gap * candidate.gap
        + costs.width * max(0.0, candidate.width / max(candidate.height, 1.0) - costs.wide_above)
        + costs.low * max(0.0, costs.low_below - candidate.height)
    )


def left_out_scores(
    candidates: Sequence[Candidate], log_probabilities: NDArray[np.float32], pieces: int, costs: Costs
) -> list[float]:
    """Scores of leaving out each piece: a small cost for a speck, a large one for a piece as high as a digit."""
    scores = [-costs.speck] * pieces
    log_no_digit = np.log(np.clip(1 - np.exp(log_probabilities).sum(axis=1), 1e-6, 1))  # the probability of no digit
    for candidate, no_digit_score in zip(candidates, log_no_digit.tolist(), strict=True):
        if candidate.last == candidate.first + 1:
            height = candidate.height
            size_cost = costs.speck + 6 * max(0.0, height - costs.speck_above)
            if height > MAX_LOW_HEIGHT or candidate.is_ring:
                size_cost = costs.left_out
            skip_score = max(-size_cost, no_digit_score - costs.rubbish * min(height, 1.0) - costs.speck)
            scores[candidate.first] = skip_score - costs.torn * (candidate.cuts > 0)
    return scores
