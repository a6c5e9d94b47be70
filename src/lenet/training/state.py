"""Layout and validation of the training state."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.engine import state as engine_state
from lenet.engine.state import State
from lenet.errors import EngineError, TrainingError
from lenet.training.recipes import Recipe


def initial_state(parameters: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Initial training state: these parameters, and no update taken."""
    return {"updates": np.zeros(1, np.float32)} | {f"weights.{name}": array for name, array in parameters.items()}


def check_state(state: State, network: Network, recipe: Recipe) -> None:
    """Check that a state is one of a learner of this network by this recipe.

    Raises:
        TrainingError: if an array is missing, or has another shape or type.
    """
    try:
        updates = engine_state.updates_of(state, network)
        engine_state.check_state(state, network, state_array_kinds(recipe, updates))
    except EngineError as error:
        raise TrainingError(f"{error}; delete last.safetensors to start the run again") from None


def state_array_kinds(recipe: Recipe, updates: int) -> tuple[str, ...]:
    """Kinds of arrays that a state holds for each parameter: weights, moving average, moments of the optimizer.

    >>> state_array_kinds(Recipe(optimizer="adamw", ema=0.9), updates=1)
    ('weights', 'average', 'exp_avg', 'exp_avg_sq')
    """
    if not updates:
        return ("weights",)
    average = ("average",) if recipe.ema else ()
    adaptive = ("exp_avg", "exp_avg_sq") if recipe.optimizer == "adamw" else ()
    momentum = ("momentum_buffer",) if recipe.optimizer == "sgd" and recipe.momentum else ()
    return ("weights", *average, *adaptive, *momentum)
