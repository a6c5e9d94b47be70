"""Learning-rate schedules: the rate of each update, as a share of the peak, by how much of the training is done."""

import numpy as np
from numpy.typing import NDArray

SCHEDULES = ("one-cycle", "constant")


def share_of_peak(schedule: str, warm_up: float, update: int, updates: int) -> float:
    """The rate of one update, counted from 0, of all ``updates``, as a share of the peak.

    ``"one-cycle"`` rises linearly while the share ``warm_up`` of all updates is taken, then falls linearly to zero.

    >>> [round(share_of_peak("one-cycle", 0.5, update, 4), 2) for update in range(4)]
    [0.5, 1.0, 1.0, 0.5]
    """
    if schedule == "constant":
        return 1.0
    rising = warm_up * updates
    share = (update + 1) / rising if update + 1 <= rising else (updates - update) / (updates - rising)
    return min(1.0, share)


def one_cycle(done: NDArray[np.float64], warm_up: float) -> NDArray[np.float64]:
    """The same cycle at the middle of each update, where the share ``done`` of all training is behind it.

    >>> one_cycle(np.array([0.125, 0.375, 0.625, 0.875]), 0.5).tolist()
    [0.25, 0.75, 0.75, 0.25]
    """
    return np.where(done < warm_up, done / warm_up, (1 - done) / (1 - warm_up))
