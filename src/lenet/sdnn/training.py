"""Teaching LeNet-5 what it meets when it is slid over strings, with the native engine."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.engine.native import Engine, Learning
from lenet.errors import TrainingError
from lenet.initialization import initial_weights
from lenet.model import Model
from lenet.preprocess import GrayLevels
from lenet.sdnn.displacement import network_with_blank
from lenet.sdnn.windows import Recipe, cut_windows
from lenet.training.schedule import one_cycle

WARM_UP = 0.1  # of the updates


@dataclass(frozen=True)
class Plan:
    """How it is taught: the loss is eq. 9 of [LeCun98]; mini-batches and their optimizer are of today.

    Attributes:
        passes: how often every digit is written into a string.
        schedule: passes over which the rate rises and falls; with fewer ``passes`` its end is never reached.
        peak_rate: the highest rate.
        learning: how updates are taken.
        recipe: how windows are cut.
    """

    passes: int = 80
    schedule: int = 80
    peak_rate: float = 3e-3
    learning: Learning = field(
        default_factory=lambda: Learning(batch=64, loss="map", j=20.0, optimizer="adamw", weight_decay=1e-3, ema=0.9995)
    )
    recipe: Recipe = field(default_factory=Recipe)

    def limited_to(self, passes: int) -> "Plan":
        """The same with the first so many passes only.

        >>> Plan().limited_to(3).schedule
        80
        """
        if not 1 <= passes <= self.schedule:
            raise TrainingError(f"{passes} passes were asked for; the plan has rates for 1 to {self.schedule}")
        return replace(self, passes=passes)

    def to_json(self) -> dict[str, Any]:
        """Plain values, those of ``learning`` and ``recipe`` by their own names."""
        plain = asdict(self)
        return {**plain.pop("learning"), **plain.pop("recipe"), **plain}


@dataclass(frozen=True, eq=False)
class TrainingState:
    """Where teaching stands after a pass; on the same engine `teach` goes on from it to the same bits.

    Attributes:
        passes: how many are done.
        learner: the engine's state, arrays by name.
        drawn: the state of what is drawn, as plain values.
    """

    passes: int
    learner: Mapping[str, NDArray[np.float32]]
    drawn: Mapping[str, Any]


def teach(
    images: GrayLevels,
    labels: NDArray[np.integer],
    plan: Plan | None = None,
    seed: int = 0,
    threads: int | None = None,
    on_pass: Callable[[int, int, int], None] | None = None,
    *,
    start: TrainingState | None = None,
    on_place: Callable[[TrainingState], None] | None = None,
) -> Model:
    """Teach a network on windows of strings that are written anew for each pass.

    Args:
        images: uint8 (digits, 28, 28), ink-high.
        labels: (digits,).
        plan: how; the one that `Plan` has, if None.
        seed: of the weights to start from and of all that is drawn.
        threads: as of `Engine`.
        on_pass: told how many passes are done, and of the last one the windows, and how many it got wrong.
        start: where teaching by the same plan, seed and digits stood; None starts afresh.
        on_place: given where teaching stands, after each pass.

    Returns:
        The running mean of the weights after the last update.

    Raises:
        EngineError: if there is no native engine.
        TrainingError: if the loss is no longer a number.
    """
    plan = plan or Plan()
    network, rng = network_with_blank(), np.random.default_rng(seed)
    engine = Engine(network, initial_weights(network, seed=seed), threads=threads)
    batch = plan.learning.batch
    if start is not None:
        engine.restore(start.learner)
        rng.bit_generator.state = dict(start.drawn)
    for number in range(start.passes if start else 0, plan.passes):
        windows, classes = cut_windows(images, labels, rng, plan.recipe)
        steps = -(-len(windows) // batch)
        done = (number + (np.arange(steps) + 0.5) / steps) / plan.schedule
        rates = plan.peak_rate * one_cycle(done, WARM_UP)
        loss, errors = engine.fit(windows, classes, rng.permutation(len(windows)), rates, plan.learning)
        if not math.isfinite(loss):
            raise TrainingError(f"the loss is {loss} in pass {number + 1}: the updates have diverged; lower the rate")
        if on_pass:
            on_pass(number + 1, len(windows), errors)
        if on_place:
            on_place(TrainingState(number + 1, engine.state(), rng.bit_generator.state))
    return Model(network, engine.kept_arrays())
