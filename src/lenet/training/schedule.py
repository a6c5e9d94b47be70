"""Learning-rate schedules: the rate of every update of an epoch."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SCHEDULES = ("one-cycle", "one-cycle-midpoint", "constant", "piecewise-constant")


def learning_rates(
    schedule: str, peak: float, warm_up: float, epoch: int, epochs: int, steps: int, by_epoch: Sequence[float] = ()
) -> list[float]:
    """The learning rates of one epoch's updates.

    Args:
        schedule: ``"one-cycle"`` rises linearly to ``peak`` while the share ``warm_up`` of all updates is taken, then
            falls linearly to zero, and is taken at the end of each update; ``"one-cycle-midpoint"`` in its middle,
            where epochs may have different numbers of updates; ``"constant"`` stays at ``peak``;
            ``"piecewise-constant"`` has one rate for each epoch, ``by_epoch``.
        epoch: counted from 0, of ``epochs``.
        steps: updates in this epoch.

    >>> [round(rate, 2) for rate in learning_rates("one-cycle", 1.0, 0.5, epoch=0, epochs=1, steps=4)]
    [0.5, 1.0, 1.0, 0.5]
    >>> learning_rates("one-cycle-midpoint", 1.0, 0.5, epoch=1, epochs=2, steps=2)
    [0.75, 0.25]
    >>> learning_rates("piecewise-constant", 0.0, 0.0, epoch=1, epochs=2, steps=2, by_epoch=(0.5, 0.2))
    [0.2, 0.2]
    """
    match schedule:
        case "one-cycle":
            updates = epochs * steps
            return [peak * _one_cycle(epoch * steps + step, updates, warm_up) for step in range(steps)]
        case "one-cycle-midpoint":
            return [float(rate) for rate in peak * _one_cycle_midpoint(epoch, epochs, steps, warm_up)]
        case "piecewise-constant":
            return [by_epoch[epoch]] * steps
        case _:
            return [peak] * steps


def _one_cycle(update: int, updates: int, warm_up: float) -> float:
    """Ratio of the rate to its peak at the end of an update, counted from 0."""
    warm_up_updates = warm_up * updates
    is_rising = update + 1 <= warm_up_updates
    return min(1.0, (update + 1) / warm_up_updates if is_rising else (updates - update) / (updates - warm_up_updates))


def _one_cycle_midpoint(epoch: int, epochs: int, steps: int, warm_up: float) -> NDArray[np.float64]:
    """Ratios of the rate to its peak in the middle of each update of an epoch."""
    progress = (epoch + (np.arange(steps) + 0.5) / steps) / epochs
    return np.where(progress < warm_up, progress / warm_up if warm_up else 1.0, (1 - progress) / (1 - warm_up))
