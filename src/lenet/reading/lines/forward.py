"""Forward algorithm over the paths of a row: the share that one text has of all its readings.

Source: [LeCun98, VI], free and constrained forward scores of the interpretation graph.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lenet.boxes import Box
from lenet.reading.lines.layout import COLUMN_GAP
from lenet.reading.lines.path import COSTS, MISSING_SEPARATOR, cost_of, left_out_scores
from lenet.reading.lines.pattern import Pattern
from lenet.reading.lines.segmentation import Candidate


@dataclass(frozen=True, eq=False)
class RowGraph:
    """The interpretation graph of a row.

    Attributes:
        box: of the row, in the ink map.
        pieces: their boxes, left to right.
        skips: the weight of leaving out each piece.
        runs: the first piece of each candidate, and the one behind its last.
        priors: float64 (candidates, 1), the weight of taking each, whatever digit it is.
        probabilities: float64 (candidates, 10), of the digits.
    """

    box: Box
    pieces: tuple[Box, ...]
    skips: Sequence[float]
    runs: Sequence[tuple[int, int]]
    priors: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    @classmethod
    def of(
        cls, box: Box, pieces: tuple[Box, ...], candidates: Sequence[Candidate], probabilities: NDArray[np.float32]
    ) -> "RowGraph":
        """The graph of candidates with their probabilities, float32 (N, 10); their ink is not kept."""
        probable = np.maximum(probabilities.astype(np.float64), 1e-6)
        skips = left_out_scores(candidates, scores_of_no_digit(probable), len(pieces), COSTS)
        dropped = [sum(skips[piece] for piece in candidate.dropped) for candidate in candidates]
        costs = [cost_of(candidate, COSTS) for candidate in candidates]
        priors = np.exp(np.array(dropped) - np.array(costs))[:, None]
        runs = [(candidate.first, candidate.last) for candidate in candidates]
        return cls(box, pieces, np.exp(skips).tolist(), runs, priors, probable)

    def share(self, text: str, box: Box, pattern: Pattern | None = None, signs: Sequence[Box] = ()) -> float:
        """The weight of the paths that spell a text, as a share of all paths' weight, 0..1.

        That a path's candidates are digits at all is part of the former and not of the latter: a text is doubtful both
        where another one is as likely, and where it may be none.

        Args:
            text: digits, with the separators of the pattern if there is one.
            box: of the text; all paths leave out what is in another column, to its left or right.
            pattern: what all paths must make; any digits if None.
            signs: boxes of ink that is known to be no digit; all paths leave it out.
        """
        pattern = Pattern.anything() if pattern is None else pattern
        reach = COLUMN_GAP * (box[2] - box[0])
        skips = [
            1.0
            if right < box[1] - reach
            or left > box[3] + reach
            or any(_is_mostly_in((top, left, bottom, right), sign) for sign in signs)
            else skip
            for (top, left, bottom, right), skip in zip(self.pieces, self.skips, strict=True)
        ]
        weights = self.priors * self.probabilities
        are_digits = np.minimum(self.probabilities.sum(axis=1, keepdims=True), 1.0)
        spelled = self._weight(weights * are_digits, skips, Pattern.of_text(text)) * pattern.ways(text)
        key = pattern.text, tuple(skips)
        if key not in self._totals:
            self._totals[key] = self._weight(weights, skips, pattern)
        return spelled / max(self._totals[key], spelled, 1e-300)

    @cached_property
    def _totals(self) -> dict[tuple[str, tuple[float, ...]], float]:
        """The weight of all paths, by the pattern and the weights of leaving out each piece: hypotheses share them."""
        return {}

    def _weight(self, weights: NDArray[np.float64], skips: Sequence[float], pattern: Pattern) -> float:
        """The sum over all paths that a pattern accepts of the product of their candidates' weights, (N, 10).

        A path counts as often as there are ways in which the pattern makes its text. Few of the states are reached at a
        piece, and few follow one another: lists take a fifth of the time of matrices.
        """
        states, count = pattern.states, len(self.pieces)
        of_digits = {digits: weights[:, sorted(digits)].sum(axis=1).tolist() for digits in {s.digits for s in states}}
        of_state = [of_digits[state.digits] for state in states]
        from_piece: dict[int, list[int]] = defaultdict(list)
        for index, (first, last) in enumerate(self.runs):
            if max(skips[first:last]) < 1:
                from_piece[first].append(index)
        sources: list[list[int]] = [[] for _ in states]
        for source, state in enumerate(states):
            for target in state.following:
                sources[target].append(source)
        separators = [number for number, state in enumerate(states) if state.separator]
        digits = [number for number, state in enumerate(states) if state.digits]
        reached = [[0.0] * len(states) for _ in range(count + 1)]
        reached[0][0] = 1.0
        for piece, here in enumerate(reached):
            for target in separators:  # these lead to later states only, so each is complete when its turn comes
                came = sum(here[source] for source in sources[target])
                here[target] += came * math.exp(-MISSING_SEPARATOR)
                if piece < count:
                    reached[piece + 1][target] += came * math.sqrt(skips[piece])
            if piece < count:
                ahead, skip = reached[piece + 1], skips[piece]
                for number, weight in enumerate(here):
                    if weight:
                        ahead[number] += weight * skip
            entering = [0.0] * len(states)
            for source, weight in enumerate(here):
                if weight:
                    for target in states[source].following:
                        entering[target] += weight
            steps = [(target, entering[target], of_state[target]) for target in digits if entering[target]]
            for index in from_piece[piece]:
                behind = reached[self.runs[index][1]]
                for target, weight, of_candidate in steps:
                    behind[target] += weight * of_candidate[index]
        return sum(reached[count][state] for state in sorted(pattern.accepting))


def scores_of_no_digit(probabilities: NDArray[np.float64]) -> list[float]:
    """For each candidate the score of leaving it out if it is as high as a digit: as likely as the network takes it for
    none, and at the price that the search for the best path has.

    Args:
        probabilities: of the digits for each candidate, (N, 10).
    """
    scores: list[float] = (np.log(np.clip(1 - probabilities.sum(axis=1), 1e-6, 1)) - COSTS.left_out).tolist()
    return scores


def _shared_area(box: Box, other: Box) -> int:
    height, width = min(box[2], other[2]) - max(box[0], other[0]), min(box[3], other[3]) - max(box[1], other[1])
    return max(0, height) * max(0, width)


def _is_mostly_in(box: Box, other: Box) -> bool:
    return 2 * _shared_area(box, other) > _shared_area(box, box)


def find_row(graphs: Sequence[RowGraph], box: Box) -> RowGraph | None:
    """The row that shows most of the ink in a box, at another threshold than it was found at; None if none does."""
    best = max(graphs, key=lambda graph: _shared_area(box, graph.box), default=None)
    return best if best is not None and _is_mostly_in(box, best.box) else None
