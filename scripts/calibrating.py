"""From outputs on validation data to probabilities that can be relied on, and thresholds that keep errors rare."""

import numpy as np
from numpy.typing import NDArray
from pools import NO_DIGIT

from lenet.reading.recognition import Calibration

SHARES = (0.05, 0.02, 0.01, 0.005, 0.002, 0.001)  # of errors among accepted answers
NONSENSE = (
    0.0175  # of what is no digit that may be accepted, one piece at a time, where no share of errors is asked for
)
SHARE_IN_LINE = 0.01  # of errors, where the neighbours say that it is a digit
_FEWEST = 10  # errors that a threshold must rest on, or chance sets it

Part = tuple[NDArray[np.float32], NDArray[np.integer]]  # outputs (N, 11), labels (N,)


def calibrate(parts: list[Part]) -> Calibration:
    """Temperature and thresholds, every part counting alike.

    The temperature minimizes the cross-entropy. A threshold for a share of errors is the lowest probability above
    which, no-digits included, at most that share of the answers is wrong; where none is asked for, the one that all but
    NONSENSE of the no-digits stay below.
    """
    temperature = float(min(np.arange(0.5, 3.0, 0.02), key=lambda t: sum(_cross_entropy(part, t) for part in parts)))
    surest, wrong, weight = [], [], []
    for outputs, labels in parts:
        digits = _softmax(outputs / temperature)[:, :NO_DIGIT]
        surest.append(digits.max(axis=1))
        wrong.append(digits.argmax(axis=1) != labels)
        weight.append(np.full(len(labels), 1 / len(labels)))
    order = np.argsort(-np.concatenate(surest), kind="stable")
    chances, errors = np.concatenate(surest)[order], np.concatenate(wrong)[order]
    weights = np.concatenate(weight)[order]
    shares = np.cumsum(errors * weights) / np.cumsum(weights)
    thresholds = []
    for share in SHARES:
        fitting = np.flatnonzero((shares <= share) & (np.cumsum(errors) >= _FEWEST))
        if len(fitting):
            thresholds.append((share, round(float(chances[fitting[-1]]), 5)))
    nothing = np.concatenate([labels for _, labels in parts]) == NO_DIGIT
    least = float(np.quantile(np.concatenate(surest)[nothing], 1 - NONSENSE)) if nothing.any() else 1.0
    in_line = min(least, max((chance for share, chance in thresholds if share >= SHARE_IN_LINE), default=least))
    return Calibration(round(temperature, 3), round(least, 5), round(in_line, 5), tuple(thresholds))


def _cross_entropy(part: Part, temperature: float) -> float:
    outputs, labels = part
    shares = _softmax(outputs / temperature)
    return float(-np.log(np.maximum(shares[np.arange(len(labels)), labels], 1e-12)).mean())


def _softmax(outputs: NDArray[np.float32]) -> NDArray[np.float64]:
    powers = np.exp(outputs.astype(np.float64) - outputs.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares
