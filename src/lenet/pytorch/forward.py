"""Inference by torch."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.preprocess import network_inputs
from lenet.pytorch import build, load_arrays  # first, for its error where torch is missing

import torch  # isort: skip

Array = NDArray[np.float32]

_BATCH = 1_000


class TorchForward:
    """A network with its weights as a PyTorch module on the CPU; ``predict`` is `engine.Forward`'s.

    Raises:
        MissingExtra: on import, if torch is not installed.
    """

    def __init__(self, network: Network, arrays: Mapping[str, Array]) -> None:
        self.network = network
        self._module = build(network).eval()
        load_arrays(self._module, arrays)

    def predict(self, images: NDArray[np.uint8]) -> Array:
        """The outputs, float32 (N, classes), for uint8 gray levels that `network_inputs` takes."""
        outputs = np.empty((len(images), self.network.classes), np.float32)
        with torch.inference_mode():
            for start in range(0, len(images), _BATCH):
                inputs = network_inputs(images[start : start + _BATCH], self.network.input, self.network.input_range)
                outputs[start : start + len(inputs)] = self._module(torch.from_numpy(inputs)).numpy()
        return outputs
