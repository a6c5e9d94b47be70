"""Viterbi decoding of the penalties along a field, by a grammar of digits [LeCun98, VII-B and VIII].

The output graph is a line of columns with an arc for each class. It is composed with a small transducer, and the path
of least penalty through the composition is the answer (Viterbi). The paper names such a transducer but prints neither
its arcs nor its penalties; this one is a reconstruction. Its states, each of which reads one column:

    blank           no digit
    column 1 of c   writes the digit c; comes after a blank, or at a cost right after another digit
    column k of c   comes after column k - 1: columns beside each other that see one digit write it once

A digit is seen by a few columns at most, so that a longer row of equal answers is more than one digit.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.sdnn.displacement import BLANK

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Grammar:
    """The costs of the transducer's arcs, in the units of the network's penalties.

    Attributes:
        entry: of every digit.
        contact: of a digit right after another one, beside ``entry``; infinite forbids it, as the paper's does.
        again: of a digit right after an equal one, beside ``entry``.
        stay: of every further column of a digit.
        longest: how many columns may see one digit.
    """

    entry: float = 0.0
    contact: float = math.inf
    again: float = math.inf
    stay: float = 0.0
    longest: int = 3

    @property
    def reads(self) -> NDArray[np.int64]:
        """(states,) the class that each state reads: the digits' columns 1, their columns 2, …, at last the blank."""
        return np.array([*range(BLANK)] * self.longest + [BLANK])

    def arcs(self) -> NDArray[np.float64]:
        """Transition costs (from, to) between the states; infinite where there is no arc."""
        reads = self.reads
        blank, first = len(reads) - 1, np.arange(BLANK)
        costs = np.full((len(reads), len(reads)), math.inf)
        costs[:, blank] = 0.0
        costs[blank, first] = self.entry
        costs[:blank, first] = self.entry + self.contact
        costs[np.arange(blank), reads[:blank]] = self.entry + self.again
        states = np.arange(blank - BLANK)
        costs[states, states + BLANK] = self.stay
        return costs


@dataclass(frozen=True)
class Path:
    """The path of least penalty.

    Attributes:
        text: the digits.
        digit_columns: the first and the last column of each digit.
        classes: (columns,) the class that is taken in each column.
        penalty: of the whole path.
    """

    text: str
    digit_columns: tuple[tuple[int, int], ...]
    classes: tuple[int, ...]
    penalty: float


def decode(penalties: Array, grammar: Grammar | None = None) -> list[Path]:
    """Viterbi decoding: the path of least cost through each of some fields of equal width.

    Args:
        penalties: (N, columns, 11), the blank last; adding a number to all penalties of a column changes no answer.
        grammar: the costs of its arcs; contiguous digits are forbidden if None.

    Returns:
        A path for each field.

    >>> columns = np.full((1, 5, 11), 9.0, np.float32)
    >>> for column, seen in enumerate([4, 4, BLANK, 4, BLANK]):
    ...     columns[0, column, seen] = 0
    >>> decode(columns)[0].text
    '44'
    """
    grammar = grammar or Grammar()
    count, columns, _ = penalties.shape
    arc_costs, reads = grammar.arcs(), grammar.reads
    best = np.full((count, len(reads)), math.inf)
    best[:, -1] = 0.0  # before the first column
    predecessors = np.empty((count, columns, len(reads)), np.int64)
    for column in range(columns):
        costs = best[:, :, None] + arc_costs
        predecessors[:, column] = costs.argmin(axis=1)
        best = costs.min(axis=1) + penalties[:, column, reads]
    return [
        _path(path_predecessors, final_costs, reads)
        for path_predecessors, final_costs in zip(predecessors, best, strict=True)
    ]


def _path(predecessors: NDArray[np.int64], best: NDArray[np.float64], reads: NDArray[np.int64]) -> Path:
    """Trace the path back from the cheapest final state."""
    state = int(best.argmin())
    states = []
    for column_predecessors in predecessors[::-1]:
        states.append(state)
        state = int(column_predecessors[state])
    states.reverse()
    classes = tuple(int(reads[state]) for state in states)
    firsts = [column for column, state in enumerate(states) if state < BLANK]
    digit_columns = []
    for first in firsts:
        last = first
        while last + 1 < len(states) and BLANK <= states[last + 1] < len(reads) - 1:
            last += 1
        digit_columns.append((first, last))
    return Path("".join(str(classes[first]) for first in firsts), tuple(digit_columns), classes, float(best.min()))
