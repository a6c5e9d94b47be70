"""From normalized digits to the probabilities of the ten: all that reading needs of a network."""

import numpy as np
from numpy.typing import NDArray

from lenet.engine import Forward, engine_name, probabilities
from lenet.errors import WeightsError
from lenet.weights import Weights, pretrained

LABELS = "0123456789"
DOUBTFUL = 0.8  # digits less probable than this are marked


class Recognizer:
    """A trained network of ten classes, ready to read digits: by the engine LENET_ENGINE asks for, else by the best.

    Args:
        weights: the ones that ship with the package if none are given.

    Raises:
        WeightsError: if the network has another number of classes.
        EngineError, MissingExtra: if LENET_ENGINE asks for an engine that is not there.
    """

    def __init__(self, weights: Weights | None = None) -> None:
        self.weights = pretrained() if weights is None else weights
        network, arrays = self.weights.network, self.weights.arrays
        if network.classes != len(LABELS):
            raise WeightsError(
                f"{network.name} tells {network.classes} classes apart; "
                f"reading takes weights of a network with {len(LABELS)}, one for each digit"
            )
        if engine_name() == "torch":
            from lenet.pytorch.forward import TorchForward

            self._predict = TorchForward(network, arrays).predict
        else:
            self._predict = Forward(network, arrays).predict

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The probabilities (N, 10) of normalized digits, uint8 (N, 28, 28), ink-high."""
        return probabilities(self.weights.network, self._predict(images))
