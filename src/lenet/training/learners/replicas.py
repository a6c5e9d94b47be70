"""Learning by stochastic diagonal Levenberg–Marquardt: replicas of a network side by side in the native engine."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.engine import decide
from lenet.engine.native import Augmentation
from lenet.engine.replicas import Replicas
from lenet.errors import EngineError, TrainingError
from lenet.initialization import initial_weights
from lenet.preprocess import GrayLevels
from lenet.training.learners import Arrays, Labels, Learner
from lenet.training.output_losses import output_losses
from lenet.training.recipes import Recipe
from lenet.training.stream import Epoch


class ReplicaLearner(Learner):
    """Learner of networks of several seeds, with an update after each example.

    Args:
        instructions: one of `engine.native.instruction_sets`; None takes the fastest.
        threads: None takes one for each core that this process may use; their number changes no bit.
        seeds: of the first weights, one for each replica; None is one network, of the recipe's seed, whose losses and
            parameters are not stacked.

    Raises:
        EngineError: if the engine is not there, or cannot run the network.
    """

    device = "cpu"

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        instructions: str | None,
        threads: int | None,
        seeds: Sequence[int] | None = None,
    ) -> None:
        self.network, self.recipe = network, recipe
        self._is_single = seeds is None
        weights = [initial_weights(network, recipe.init, seed) for seed in ([recipe.seed] if seeds is None else seeds)]
        self._replicas = Replicas(
            network, weights, loss=recipe.loss, j=recipe.j, halved=recipe.halved, threads=threads,
            instructions=instructions,
        )  # fmt: skip
        self.engine, self.threads = self._replicas.instructions, self._replicas.threads

    def begin_epoch(self, epoch: Epoch, step: int) -> None:
        """Estimate the second derivatives, at the first update of an epoch."""
        if step == 0:
            self._replicas.curvatures(epoch.images, epoch.labels, epoch.curvature)

    def learn(
        self, images: GrayLevels, labels: Labels, order: Labels, rates: list[float], augmentation: Augmentation
    ) -> tuple[Any, Any]:
        """Take an update after each example; the rates of an epoch are all the same."""
        result = self._replicas.learn(images, labels, order, rates[0], self.recipe.mu)
        return self._unstack(len(order) * result["loss"], result["errors"])

    def measure(self, images: GrayLevels, labels: Labels) -> tuple[Any, Any]:
        outputs = self._replicas.predict(images)
        losses = np.array([output_losses(replica_outputs, labels, self.recipe).sum() for replica_outputs in outputs])
        errors = np.array([int((decide(self.network, replica_outputs) != labels).sum()) for replica_outputs in outputs])
        return self._unstack(losses, errors)

    def evaluation_arrays(self) -> Arrays:
        if self._is_single:
            return self._replicas.arrays(0)
        replicas_arrays = [self._replicas.arrays(replica) for replica in range(self._replicas.replicas)]
        return {name: np.stack([arrays[name] for arrays in replicas_arrays]) for name in replicas_arrays[0]}

    def load(self, parameters: Mapping[str, NDArray[np.float32]]) -> None:
        for replica in range(self._replicas.replicas):
            self._replicas.load(replica, parameters)

    def state(self) -> Arrays:
        """Parameters and second derivatives, (R, ...) each."""
        return self._replicas.state()

    def restore(self, state: Arrays) -> None:
        try:
            self._replicas.restore(state)
        except EngineError as error:
            raise TrainingError(f"{error}; delete last.safetensors to start the run again") from None

    def _unstack(self, losses: NDArray[np.float64], errors: NDArray[np.int64]) -> tuple[Any, Any]:
        return (float(losses[0]), int(errors[0])) if self._is_single else (losses, errors)
