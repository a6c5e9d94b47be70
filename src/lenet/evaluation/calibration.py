"""Calibration of probabilities: the expected calibration error."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 15


def calibration_bins(probabilities: ArrayLike, bins: int = BINS) -> list[NDArray[np.intp]]:
    """Equal-mass bins of answers by probability, in ascending order: the indices in each bin.

    Args:
        probabilities: (N,), of the answers given.
        bins: how many; fewer where there are fewer answers.
    """
    order = np.argsort(probabilities, kind="stable")
    edges = np.linspace(0, len(order), max(1, min(bins, len(order))) + 1).round().astype(int)
    return np.split(order, edges[1:-1])


def calibration_error(probabilities: ArrayLike, right: ArrayLike, bins: int = BINS) -> float:
    """Expected calibration error, 0..1: the difference of mean probability and accuracy in a bin, averaged.

    The mean over all answers [Guo17, eq. 3], of the one class that was answered.

    Args:
        probabilities: (N,), of the answers given.
        right: (N,), whether they were right.
        bins: as in `calibration_bins`.

    >>> calibration_error([0.5, 0.5, 1.0, 1.0], [True, False, True, True], bins=2)
    0.0
    """
    # Departs from [Guo17, eq. 3]: bins hold equally many answers, as most probabilities are close to 1.
    differences = np.asarray(probabilities, np.float64) - np.asarray(right, np.float64)
    return float(
        sum(abs(differences[indices].sum()) for indices in calibration_bins(probabilities, bins))
        / max(1, len(differences))
    )
