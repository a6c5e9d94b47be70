"""Validation of a saved training state: arrays by name."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.errors import EngineError

_MAX_UPDATES = 1 << 40

State = Mapping[str, NDArray[Any]]


def updates_of(state: State, network: Network) -> int:
    """The number of updates.

    Raises:
        EngineError: if the state does not hold it as a float32 array (1,).
    """
    array = state.get("updates")
    is_count = array is not None and array.shape == (1,) and array.dtype == np.float32
    updates = float(array[0]) if array is not None and is_count else math.nan
    if not (0 <= updates <= _MAX_UPDATES and updates.is_integer()):
        raise EngineError(f"{_mismatch(network)}: its count of updates is no whole number of at least 0")
    return int(updates)


def check_state(state: State, network: Network, kinds: Sequence[str]) -> None:
    """Raise EngineError unless the state is of this network.

    Args:
        kinds: of what there is an array for each parameter: ``"weights"``, ``"average"``, ``"exp_avg"``, …

    Raises:
        EngineError: if an array is missing, or has another shape or type.
    """
    updates_of(state, network)
    for kind in kinds:
        for name, shape in network.parameter_shapes().items():
            array = state.get(f"{kind}.{name}")
            if array is None:
                raise EngineError(f"{_mismatch(network)}: it lacks {f'{kind}.{name}'!r}")
            if array.shape != shape or array.dtype != np.float32:
                actual = f"{array.dtype} {array.shape}, expected float32 {shape}"
                raise EngineError(f"{_mismatch(network)}: {kind}.{name} is {actual}")


def _mismatch(network: Network) -> str:
    return f"the state kept does not fit {network.name}"
