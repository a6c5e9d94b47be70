"""Learning through the native engine, on the CPU cores of one process; torch is not needed."""

from dataclasses import fields

from lenet.architecture import Network
from lenet.engine import decide
from lenet.engine.native import Augmentation, Engine, UpdateHyperparameters
from lenet.initialization import initial_weights
from lenet.preprocess import GrayLevels
from lenet.training.learners import Arrays, Labels, Learner
from lenet.training.output_losses import output_losses
from lenet.training.recipes import Recipe
from lenet.training.state import check_state


class NativeLearner(Learner):
    """Learner by the native engine.

    Args:
        instructions: one of `engine.native.instruction_sets`.
        threads: None takes one for each core that this process may use.

    Raises:
        EngineError: if the engine is not there, or cannot run the network.
    """

    device = "cpu"

    def __init__(self, network: Network, recipe: Recipe, instructions: str, threads: int | None) -> None:
        self.network, self.recipe = network, recipe
        values = {field.name: getattr(recipe, field.name) for field in fields(UpdateHyperparameters)}
        self._hyperparameters = UpdateHyperparameters(**values | {"nesterov": recipe.nesterov and recipe.momentum > 0})
        weights = initial_weights(network, recipe.init, recipe.seed)
        self._engine = Engine(network, weights, threads=threads, instructions=instructions)
        self.engine, self.threads = self._engine.instructions, self._engine.threads

    def learn(
        self, images: GrayLevels, labels: Labels, order: Labels, rates: list[float], augmentation: Augmentation
    ) -> tuple[float, int]:
        return self._engine.fit(images, labels, order, rates, self._hyperparameters, augmentation)

    def measure(self, images: GrayLevels, labels: Labels) -> tuple[float, int]:
        engine = self._engine
        if self.recipe.ema:
            engine = Engine(self.network, self.evaluation_arrays(), threads=self.threads, instructions=self.engine)
        outputs = engine.predict(images)
        losses = output_losses(outputs, labels, self.recipe)
        return float(losses.sum()), int((decide(self.network, outputs) != labels).sum())

    def evaluation_arrays(self) -> Arrays:
        return self._engine.evaluation_arrays()

    def state(self) -> Arrays:
        return self._engine.state()

    def restore(self, state: Arrays) -> None:
        check_state(state, self.network, self.recipe)
        self._engine.restore(state)
