"""Learning through the native engine, on the CPU cores of one process; torch is not needed."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.engine import decide
from lenet.engine.native import Augmentation, Engine, UpdateHyperparameters
from lenet.initialization import initial_weights
from lenet.preprocess import GrayLevels
from lenet.training.output_losses import output_losses
from lenet.training.recipes import Recipe
from lenet.training.state import check_state, initial_state
from lenet.training.stream import Epoch

Arrays = dict[str, NDArray[np.float32]]


class NativeLearner:
    """Learner by the native engine; see `Learner` for the methods.

    Args:
        instructions: one of `engine.native.instruction_sets`.
        threads: None takes one for each core that this process may use.

    Raises:
        EngineError: if the engine is not there, or cannot run the network.
    """

    device = "cpu"

    def __init__(self, network: Network, recipe: Recipe, instructions: str, threads: int | None) -> None:
        self.network, self.recipe = network, recipe
        self._hyperparameters = UpdateHyperparameters(
            batch=recipe.batch,
            loss=recipe.loss,
            label_smoothing=recipe.label_smoothing,
            j=recipe.j,
            optimizer=recipe.optimizer,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov and recipe.momentum > 0,
            weight_decay=recipe.weight_decay,
            ema=recipe.ema,
        )
        weights = initial_weights(network, recipe.init, recipe.seed)
        self._engine = Engine(network, weights, threads=threads, instructions=instructions)
        self.engine, self.threads = self._engine.instructions, self._engine.threads

    def begin_epoch(self, epoch: Epoch, step: int) -> None:
        """No preparation is needed."""

    def learn(
        self,
        images: GrayLevels,
        labels: NDArray[np.int64],
        order: NDArray[np.int64],
        rates: list[float],
        augmentation: Augmentation,
    ) -> tuple[float, int]:
        """Take one step for each of ``rates``; sum of the losses and number of errors while learning."""
        return self._engine.fit(images, labels, order, rates, self._hyperparameters, augmentation)

    def measure(self, images: GrayLevels, labels: NDArray[np.int64]) -> tuple[float, int]:
        """Sum of the losses and number of errors of the evaluation parameters."""
        engine = self._engine
        if self.recipe.ema:
            engine = Engine(self.network, self.evaluation_arrays(), threads=self.threads, instructions=self.engine)
        outputs = engine.predict(images)
        losses = output_losses(outputs, labels, self.recipe)
        return float(losses.sum()), int((decide(self.network, outputs) != labels).sum())

    def evaluation_arrays(self) -> Arrays:
        """The evaluation parameters: the exponential moving average of the weights, if there is one."""
        return self._engine.evaluation_arrays()

    def load(self, parameters: Mapping[str, NDArray[np.float32]]) -> None:
        """Set the initial parameters."""
        self.restore(dict(initial_state(parameters)))

    def state(self) -> Arrays:
        """The training state, by name."""
        return self._engine.state()

    def restore(self, state: Arrays) -> None:
        """Restore a `state`.

        Raises:
            TrainingError: if it belongs to another network or recipe.
        """
        check_state(state, self.network, self.recipe)
        self._engine.restore(state)
