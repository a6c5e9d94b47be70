"""The best way to take a row's pieces for digits: a path over candidates, scored by the network.

Source: [LeCun98, V], heuristic over-segmentation and the best path through the interpretation graph.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.reading.segmentation import Candidate

DIGIT_COST = 0.25  # in nats: between a cut and no cut, no cut
GAP_COST = 4.0  # for each digit height of white inside a digit
WIDTH_COST = 3.0  # for each digit height that a digit is wider than high
LOW_COST = 13.0  # for each digit height that a digit is lower than LOW
LOW = 0.62
WORST = -12.0


@dataclass(frozen=True)
class Path:
    """The chosen candidates, by index, left to right, and the path's score: the higher, the better."""

    chosen: tuple[int, ...]
    score: float


def best_path(candidates: Sequence[Candidate], log_probabilities: NDArray[np.float32], pieces: int) -> Path:
    """Cover all pieces with candidates, or pass over those that are better left out.

    Args:
        candidates: runs of pieces.
        log_probabilities: of each candidate's likeliest digit, (len(candidates),).
        pieces: how many there are in the row.
    """
    ending: dict[int, list[int]] = {}
    for index, candidate in enumerate(candidates):
        ending.setdefault(candidate.last, []).append(index)
    best = [Path((), 0.0)]
    for end in range(1, pieces + 1):
        options = [Path(best[end - 1].chosen, best[end - 1].score + _skipping(candidates, ending.get(end, []), end))]
        for index in ending.get(end, []):
            before = best[candidates[index].first]
            score = before.score + _score(candidates[index], float(log_probabilities[index]))
            options.append(Path((*before.chosen, index), score))
        best.append(max(options, key=lambda path: path.score))
    return best[pieces]


def _score(candidate: Candidate, log_probability: float) -> float:
    cost = (
        DIGIT_COST
        + GAP_COST * candidate.gap
        + WIDTH_COST * max(0.0, candidate.width - 1)
        + LOW_COST * max(0.0, LOW - candidate.height)
    )
    return max(log_probability - cost, WORST)


def _skipping(candidates: Sequence[Candidate], ending: list[int], end: int) -> float:
    """What leaving out the last piece costs: little for a speck, much for something as high as a digit."""
    alone = next((candidates[index] for index in ending if candidates[index].first == end - 1), None)
    if alone is None:
        return -0.2
    if alone.height < 0.45:
        return -0.15 - 6 * max(0.0, alone.height - 0.35)
    return -3.5 - 2 * alone.height
