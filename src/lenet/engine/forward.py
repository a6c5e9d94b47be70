"""Inference of trained networks: by the native engine where there is one, else by the NumPy reference."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.engine import reference
from lenet.engine.choice import choose_engine
from lenet.engine.native import Engine
from lenet.errors import EngineError
from lenet.preprocess import fit_to_input, network_inputs

Array = NDArray[np.float32]

_BATCH = 1_000  # images converted to the reference's inputs at once


class Forward:
    """A network with its weights, prepared once for many forward passes.

    Args:
        network: the description.
        arrays: its weights, named and shaped as `Network.parameter_shapes` says.
        engine: ``"auto"`` is the one that LENET_ENGINE asks for, else the best there is; or an instruction set of the
            native engine, or ``"numpy"``. ``"torch"`` runs the reference: torch is the callers' business.

    Raises:
        EngineError: if the engine that is asked for is not there, or if it is named and cannot run the network.
    """

    def __init__(self, network: Network, arrays: Mapping[str, Array], engine: str = "auto") -> None:
        self.network = network
        self._arrays = arrays
        self._native = _native(network, arrays, engine)

    def predict(self, images: NDArray[Any]) -> Array:
        """The network's outputs.

        Args:
            images: uint8 gray levels, as `fit_to_input` takes them; or float32 network inputs (N, channels, height,
                width).

        Returns:
            float32 (N, classes): penalties where ``network.smallest_wins``, else values of which the largest wins.

        Raises:
            ArchitectureError: if network inputs have another size than the network takes.
        """
        images = self._padded_to_input(images)
        if self._native is not None:
            return self._native.predict(images)
        outputs = np.empty((len(images), self.network.classes), np.float32)
        for start in range(0, len(images), _BATCH):
            inputs = self._inputs(images[start : start + _BATCH])
            outputs[start : start + len(inputs)] = reference.forward(self.network, self._arrays, inputs)
        return outputs

    def activations(self, images: NDArray[Any]) -> dict[str, Array]:
        """The output of every stage, before and after its activation: see `reference.activations`."""
        images = self._padded_to_input(images)
        if self._native is not None:
            return self._native.activations(images)
        return reference.activations(self.network, self._arrays, self._inputs(images))

    def _padded_to_input(self, images: NDArray[Any]) -> NDArray[Any]:
        return fit_to_input(images, self.network.input) if images.dtype == np.uint8 else np.asarray(images, np.float32)

    def _inputs(self, images: NDArray[Any]) -> NDArray[Any]:
        if images.dtype == np.uint8:
            return network_inputs(images, self.network.input, self.network.input_range)
        return images


def forward(network: Network, arrays: Mapping[str, Array], images: NDArray[Any]) -> Array:
    """The network's outputs for gray levels or network inputs: see `Forward.predict`."""
    return Forward(network, arrays).predict(images)


def activations(network: Network, arrays: Mapping[str, Array], images: NDArray[Any]) -> dict[str, Array]:
    """The output of every stage, before and after its activation: see `reference.activations`."""
    return Forward(network, arrays).activations(images)


def engine_name(engine: str = "auto") -> str:
    """The engine's name; of ``"auto"`` the one that LENET_ENGINE asks for, else the best for reading.

    Raises:
        EngineError, MissingExtra: if LENET_ENGINE asks for one that is not there.
    """
    return choose_engine("numpy") if engine == "auto" else engine


def _native(network: Network, arrays: Mapping[str, Array], engine: str) -> Engine | None:
    name = engine_name(engine)
    if name in ("torch", "numpy"):
        return None
    try:
        return Engine(network, arrays, instructions=name)
    except EngineError:
        if engine == "auto":  # it runs most kinds of networks, not all
            return None
        raise
