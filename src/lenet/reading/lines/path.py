"""The best segmentation of a row's pieces into digits: a path over candidates, scored by the network.

Source: [LeCun98, V], heuristic over-segmentation and the best path through the interpretation graph, here the product
of the candidates' graph with the automaton of a `Pattern`, searched by Viterbi's algorithm.

The costs, in nats, are what lab.synthesis.path_costs found with ``--strings 400 --seed 1`` and the weights that ship,
from those found before with other weights; what leaves out a low ring then became what leaves out a digit, those of
fragments one, and those by height one. Of these 400 synthetic strings of MNIST training digits, hard styles among them,
they read 75.0 %, of 200 others 79.0 %. The loss is flat around them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lenet.reading.lines.layout import MAX_LOW_HEIGHT
from lenet.reading.lines.pattern import Pattern
from lenet.reading.lines.segmentation import MAX_RING_HEIGHT, Candidate


@dataclass(frozen=True)
class Costs:
    """The costs of a path, in nats.

    Attributes:
        digit: for every digit, so that between a cut and no cut there is none, and for every speck left out.
        cut: for every side on which a digit was cut off its neighbour.
        torn: for ink left out that was cut off a digit, above all else.
        fragment: for what looks like a point or comma and is taken for part of a digit; for each digit height that a
            digit so cut is narrower than low ink may be high.
        height: for each digit height of white inside a digit, that a digit is lower than ``low_below``, or that low ink
            left out is higher than a speck.
        width, wide_above: for each share of its height, or of its line's, that a digit is wider than ``wide_above``.
        left_out: for ink left out that is as high as a digit, or a low ring, which may be a small zero.
    """

    digit: float = 0.133
    cut: float = 0.1
    torn: float = 0.2
    fragment: float = 1.5
    height: float = 6.0
    width: float = 0.75
    wide_above: float = 0.7
    low_below: float = MAX_RING_HEIGHT
    left_out: float = 3.75


COSTS = Costs()
MIN_LOG_FIT = -COSTS.left_out  # of a digit that a pattern asks for: a less likely one is rather left out
MISSING_SEPARATOR = COSTS.fragment  # a separator that the pattern asks for and no ink shows


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
    skip_scores = left_out_scores(candidates, [-costs.left_out] * len(candidates), pieces, costs)
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
            log_best = np.where(log_best >= MIN_LOG_FIT, log_best, -np.inf)
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
        + costs.fragment * max(0.0, MAX_LOW_HEIGHT - candidate.width) * (candidate.cuts > 0)
        + costs.fragment * candidate.marks
        + costs.height * candidate.gap
        + costs.width * max(0.0, candidate.width / max(candidate.height, 1.0) - costs.wide_above)
        + costs.height * max(0.0, costs.low_below - candidate.height)
    )


def left_out_scores(
    candidates: Sequence[Candidate], high_scores: Sequence[float], pieces: int, costs: Costs
) -> list[float]:
    """Scores of leaving out each piece: a small cost for a speck, another score for a piece as high as a digit.

    Args:
        candidates: runs of pieces.
        high_scores: for each of them the score of leaving it out if it is a piece as high as a digit, or a low ring.
        pieces: how many there are in the row.
        costs: of a path.
    """
    scores = [-costs.digit] * pieces
    for candidate, high_score in zip(candidates, high_scores, strict=True):
        if candidate.last == candidate.first + 1:
            is_high = candidate.height > MAX_LOW_HEIGHT or candidate.is_ring
            low_score = -costs.digit - costs.height * max(0.0, candidate.height - MAX_LOW_HEIGHT / 2)
            scores[candidate.first] = (high_score if is_high else low_score) - costs.torn * (candidate.cuts > 0)
    return scores
