"""Forward algorithm over the paths of a row: the share that one text has of all its readings.

Source: [LeCun98, VI], free and constrained forward scores of the interpretation graph.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lenet.boxes import Box
from lenet.reading.lines.path import COSTS, MISSING_SEPARATOR, cost_of, left_out_scores
from lenet.reading.lines.pattern import Pattern
from lenet.reading.lines.segmentation import Candidate

MIN_SHARED_ROW = 0.3  # of a line's box: a row at another threshold that shares less shows something else
# Ink as high as a digit is left out as likely as the network takes it for none; at no fixed price, as the best path's.
SHARE_COSTS = replace(COSTS, left_out=math.inf)
REACH = 1.0  # in line heights: ink farther from a line's ends belongs to other words


@dataclass(frozen=True, eq=False)
class RowGraph:
    """The interpretation graph of a row.

    Attributes:
        box: of the row, in the ink map.
        pieces: their boxes, left to right.
        candidates: runs of pieces.
        probabilities: float32 (candidates, 10), of the digits.
    """

    box: Box
    pieces: tuple[Box, ...]
    candidates: Sequence[Candidate]
    probabilities: NDArray[np.float32]

    def share(self, text: str, box: Box, pattern: Pattern | None = None, signs: Sequence[Box] = ()) -> float:
        """The weight of the paths that spell a text, as a share of all paths' weight, 0..1.

        That a path's candidates are digits at all is part of the former and not of the latter: a text is doubtful both
        where another one is as likely, and where it may be none.

        Args:
            text: digits, with the separators of the pattern if there is one.
            box: of the text; all paths leave out what is farther to its left or right than a digit.
            pattern: what all paths must make; any digits if None.
            signs: boxes of ink that is known to be no digit; all paths leave it out.
        """
        pattern = Pattern.anything() if pattern is None else pattern
        probabilities = np.maximum(self.probabilities.astype(np.float64), 1e-6)
        is_digit = np.minimum(probabilities.sum(axis=1, keepdims=True), 1.0)
        skips = left_out_scores(self.candidates, np.log(probabilities), len(self.pieces), SHARE_COSTS)
        dropped = [sum(skips[piece] for piece in candidate.dropped) for candidate in self.candidates]
        costs = [cost_of(candidate, SHARE_COSTS) for candidate in self.candidates]
        priors = np.exp(np.array(dropped) - np.array(costs))[:, None]
        reach = REACH * (box[2] - box[0])
        is_free = [
            right < box[1] - reach
            or left > box[3] + reach
            or any(_is_mostly_in((top, left, bottom, right), sign) for sign in signs)
            for top, left, bottom, right in self.pieces
        ]
        skip_weights = np.where(is_free, 1.0, np.exp(skips))
        spelled = self._weight(priors * probabilities * is_digit, skip_weights, Pattern.of_text(text)) * pattern.ways(
            text
        )
        return spelled / max(self._weight(priors * probabilities, skip_weights, pattern), spelled, 1e-300)

    def _weight(self, weights: NDArray[np.float64], skips: NDArray[np.float64], pattern: Pattern) -> float:
        """The sum over all paths that a pattern accepts of the product of their candidates' weights, (N, 10).

        A path counts as often as there are ways in which the pattern makes its text.
        """
        states, count = pattern.states, len(self.pieces)
        of_state = np.stack([weights[:, sorted(state.digits)].sum(axis=1) for state in states], axis=1)
        from_piece: dict[int, list[int]] = defaultdict(list)
        for index, candidate in enumerate(self.candidates):
            if (skips[candidate.first : candidate.last] < 1).all():
                from_piece[candidate.first].append(index)
        follows = np.array([[target in state.following for target in range(len(states))] for state in states], float)
        separators = [number for number, state in enumerate(states) if state.separator]
        reached = np.zeros((count + 1, len(states)))
        reached[0, 0] = 1.0
        for piece in range(count + 1):
            here = reached[piece]
            for target in separators:  # these lead to later states only, so each is complete when its turn comes
                came = float(here @ follows[:, target])
                here[target] += came * np.exp(-MISSING_SEPARATOR)
                if piece < count:
                    reached[piece + 1, target] += came * np.sqrt(skips[piece])
            if piece < count:
                reached[piece + 1] += here * skips[piece]
            entering = here @ follows
            for index in from_piece[piece]:
                reached[self.candidates[index].last] += entering * of_state[index]
        return float(reached[count, sorted(pattern.accepting)].sum())


def _is_mostly_in(box: Box, other: Box) -> bool:
    height, width = min(box[2], other[2]) - max(box[0], other[0]), min(box[3], other[3]) - max(box[1], other[1])
    return 2 * max(0, height) * max(0, width) > (box[2] - box[0]) * (box[3] - box[1])


def find_row(graphs: Sequence[RowGraph], box: Box) -> RowGraph | None:
    """The row that shows most of the ink in a box, at another threshold than it was found at; None if none does."""

    def shared(graph: RowGraph) -> int:
        top, left, bottom, right = graph.box
        height, width = min(bottom, box[2]) - max(top, box[0]), min(right, box[3]) - max(left, box[1])
        return max(0, height) * max(0, width)

    best = max(graphs, key=shared, default=None)
    area = (box[2] - box[0]) * (box[3] - box[1])
    return best if best is not None and shared(best) > MIN_SHARED_ROW * area else None
