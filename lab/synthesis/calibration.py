"""Calibration on validation outputs: the temperature of the softmax, and thresholds for given shares of errors."""

import numpy as np
from numpy.typing import NDArray

from lab.synthesis.datasets import NO_DIGIT
from lenet.architecture import Network
from lenet.reading.recognition import Calibration

ERROR_SHARES = (0.05, 0.02, 0.01, 0.005, 0.002, 0.001)  # of errors among accepted answers
NONSENSE = 0.0125  # of what is no digit, piece by piece, that may be accepted where no share of errors is asked for
SHARE_ALONE = 0.005  # of errors, where none is asked for and the network knows no "no digit"
SHARE_IN_LINE = 0.01  # of errors, where the neighbours say that it is a digit
PENALTIES = 10  # they are sums over tens of units: their temperatures are as much higher
_MIN_ERRORS = 10  # errors that a threshold must rest on, or chance sets it

Part = tuple[NDArray[np.float32], NDArray[np.integer]]  # outputs for each view (views, N, 11), labels (N,)


def calibrate(network: Network, parts: list[Part]) -> Calibration:
    """Fit the temperature and the thresholds, every part with the same weight.

    The temperature minimizes the cross-entropy. A threshold for a share of errors is the lowest probability above
    which, no-digits included, at most that share of the answers is wrong; where none is asked for, the one that all but
    NONSENSE of the no-digits stay below, or without any the one for SHARE_ALONE.
    """
    temperatures = np.arange(0.5, 3.0, 0.02) * (PENALTIES if network.smallest_wins else 1)
    tried = [Calibration(temperature=float(temperature)) for temperature in temperatures]
    fitted = min(tried, key=lambda one: sum(_cross_entropy(one, network, part) for part in parts))
    surest, wrong, weight = [], [], []
    for outputs, labels in parts:
        digits = fitted.probabilities(network, outputs)
        surest.append(digits.max(axis=1))
        wrong.append(digits.argmax(axis=1) != labels)
        weight.append(np.full(len(labels), 1 / len(labels)))
    order = np.argsort(-np.concatenate(surest), kind="stable")
    chances, errors = np.concatenate(surest)[order], np.concatenate(wrong)[order]
    weights = np.concatenate(weight)[order]
    error_shares = np.cumsum(errors * weights) / np.cumsum(weights)
    thresholds = []
    for error_share in ERROR_SHARES:
        fitting = np.flatnonzero((error_shares <= error_share) & (np.cumsum(errors) >= _MIN_ERRORS))
        if len(fitting):
            thresholds.append((error_share, round(float(chances[fitting[-1]]), 5)))
    nothing = np.concatenate([labels for _, labels in parts]) == NO_DIGIT
    minimum = (
        float(np.quantile(np.concatenate(surest)[nothing], 1 - NONSENSE))
        if nothing.any()
        else dict(thresholds)[SHARE_ALONE]
    )
    in_line = min(
        minimum, max((chance for error_share, chance in thresholds if error_share >= SHARE_IN_LINE), default=minimum)
    )
    return Calibration(round(fitted.temperature, 3), round(minimum, 5), round(in_line, 5), tuple(thresholds))


def _cross_entropy(calibration: Calibration, network: Network, part: Part) -> float:
    outputs, labels = part
    digits = calibration.probabilities(network, outputs).astype(np.float64)
    probabilities = np.concatenate([digits, np.maximum(1 - digits.sum(axis=1, keepdims=True), 0)], axis=1)
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-7)).mean())
