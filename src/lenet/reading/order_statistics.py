"""Order statistics by a partition. NumPy's import all of its masked arrays at their first call: 10 ms of a process."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


def median(values: Iterable[float] | NDArray[np.generic]) -> float:
    """The middle one of numbers, or the mean of the two in the middle, as `numpy.median` gives it.

    Args:
        values: none of them NaN; an array may have any shape.

    Returns:
        NaN if there are no values.

    >>> median([3, 1, 2]), median(np.array([[4, 1], [3, 2]]))
    (2.0, 2.5)
    """
    if isinstance(values, np.ndarray):
        if not values.size:
            return math.nan
        first, last = (values.size - 1) // 2, values.size // 2
        parted = np.partition(values.ravel(), (first, last))
        return float(parted[first] if first == last else parted[first : last + 1].mean())
    ordered: Sequence[float] = sorted(values)  # of the few that lists have this is faster
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2) if ordered else math.nan


def quantile(values: NDArray[np.floating], share: float) -> float:
    """The number that a share of numbers lies below, interpolated as `numpy.quantile` does it.

    Args:
        values: at least one, none of them NaN; of any shape.
        share: 0..1.

    >>> quantile(np.array([3.0, 1.0, 2.0]), 0.75)
    2.5
    """
    place = share * (values.size - 1)
    first = min(int(place), values.size - 1)
    last = min(first + 1, values.size - 1)
    parted = np.partition(values.ravel(), (first, last))
    low, high, fraction = parted[first], parted[last], place - first
    rest = 1 - fraction
    return float(low + (high - low) * fraction if fraction < rest else high - (high - low) * rest)
