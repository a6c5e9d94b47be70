"""Teaching LeNet-5 what it meets when it is slid over strings, with the native engine."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lenet.engine.native import Engine, Learning
from lenet.initialization import initial_weights
from lenet.preprocess import GrayLevels
from lenet.sdnn.displacement import network_with_blank
from lenet.sdnn.lessons import Recipe, cut_windows
from lenet.weights import Weights

WARM_UP = 0.1  # of the updates


@dataclass(frozen=True)
class Plan:
    """How it is taught: the loss is eq. 9 of [LeCun98]; mini-batches and their optimizer are of today."""

    epochs: int = 80
    peak_rate: float = 3e-3
    learning: Learning = field(
        default_factory=lambda: Learning(batch=64, loss="map", j=20.0, optimizer="adamw", weight_decay=1e-3, ema=0.9995)
    )
    recipe: Recipe = field(default_factory=Recipe)


def teach(
    images: GrayLevels,
    labels: NDArray[np.integer],
    plan: Plan | None = None,
    seed: int = 0,
    threads: int | None = None,
    on_epoch: Callable[[int, float], None] | None = None,
) -> Weights:
    """Teach a network on windows of strings that are written anew for each epoch.

    Args:
        images: uint8 (digits, 28, 28), ink-high.
        labels: (digits,).
        plan: how; the one that `Plan` has, if None.
        seed: of the weights to start from and of all that is drawn.
        threads: as of `Engine`.
        on_epoch: told the number of epochs done and the share of windows that were got wrong while learning.

    Returns:
        The running mean of the weights after the last update.

    Raises:
        EngineError: if there is no native engine.
    """
    plan = plan or Plan()
    network, rng = network_with_blank(), np.random.default_rng(seed)
    engine = Engine(network, initial_weights(network, seed=seed), threads=threads)
    batch = plan.learning.batch
    for epoch in range(plan.epochs):
        windows, classes = cut_windows(images, labels, rng, plan.recipe)
        steps = -(-len(windows) // batch)
        done = (epoch + (np.arange(steps) + 0.5) / steps) / plan.epochs
        rates = plan.peak_rate * np.where(done < WARM_UP, done / WARM_UP, (1 - done) / (1 - WARM_UP))
        _, errors = engine.fit(windows, classes, rng.permutation(len(windows)), rates, plan.learning)
        if on_epoch:
            on_epoch(epoch + 1, errors / len(windows))
    return Weights(network, engine.kept_arrays())
