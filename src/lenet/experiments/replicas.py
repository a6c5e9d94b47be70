"""One group of networks with different seeds, a lane of a vector each: taught the same patterns in the same order, or
each patterns of its own.

A group's file holds weights, learner state and history after its last whole pass; a run that was stopped goes on from
there and ends in the same bits.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.engine import decide
from lenet.errors import EngineError, TrainingError
from lenet.experiments.checkpoint import keep, resume
from lenet.experiments.progress import NullProgress
from lenet.experiments.recipe import Recipe
from lenet.experiments.streams import OwnStreams, Patterns, Stream
from lenet.initialization import initial_weights
from lenet.preprocess import fitted
from lenet.records import Record, RecordError

Array = NDArray[np.float32]

_SPAN = 2_000  # patterns between two signs of life
_PACE, _LANES = 1_000, 8  # patterns, and networks in one vector of AVX2, to measure the pace of one core by


class Lanes(Protocol):
    """What is asked of `lenet.engine.replicas.Replicas`."""

    def arrays(self, replica: int) -> dict[str, Array]:
        """One network's weights."""
        ...

    def curvatures(self, images: NDArray[np.uint8], labels: NDArray[np.int64], order: NDArray[np.int64]) -> Any:
        """Estimate the second derivatives of all parameters."""
        ...

    def learn(
        self, images: NDArray[np.uint8], labels: NDArray[np.int64], order: NDArray[np.int64], eta: float, mu: float
    ) -> Mapping[str, Any]:
        """Learn pattern by pattern, in an order (n,) of all or (n, R) of each; mean loss and errors of each replica."""
        ...

    def predict(self, images: NDArray[np.uint8]) -> Array:
        """Outputs (R, N, classes)."""
        ...

    def state(self) -> Mapping[str, Any]:
        """What `restore` takes."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Stand where `state` was asked for."""
        ...


MakeLanes = Callable[..., Lanes]


def replicas(network: Network, arrays: Sequence[Mapping[str, Array]], recipe: Recipe) -> Lanes:
    """The networks side by side in the native engine."""
    from lenet.engine.replicas import Replicas  # here, because rows and reports need no engine

    lanes: Lanes = Replicas(network, arrays, loss=recipe.loss, j=recipe.j, halved=recipe.halved)
    return lanes


@dataclass
class Group:
    """Networks that differ by their seed, and by the patterns that they were shown if each was shown its own.

    Attributes:
        lanes: the networks, taught.
        seeds: of their first weights, in the order of the lanes.
        order: the seed of the order that they share, or of each one's own.
        history: a row for each pass: pass, rate, loss, train_errors and test_errors by lane, patterns, seconds; where
            each has patterns of its own, how many of them are distinct, by lane.
    """

    network: Network
    lanes: Lanes
    seeds: tuple[int, ...]
    order: int | list[int]
    history: list[dict[str, Any]] = field(default_factory=list)

    def outputs(self, images: NDArray[np.uint8]) -> Array:
        """What the networks say, (R, N, classes)."""
        return self.lanes.predict(at_size(self.network, images))

    def errors(self, patterns: Patterns) -> list[int]:
        """How many of the patterns each network gets wrong."""
        return errors_of(self.network, self.outputs(patterns.images), patterns.labels)


def errors_of(network: Network, outputs: Array, labels: NDArray[np.int64]) -> list[int]:
    """The number of wrong answers of each network, from outputs (R, N, classes)."""
    return [int((decide(network, some) != labels).sum()) for some in outputs]


def at_size(network: Network, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Gray levels (N, H, W) with background around them, up to the size that the network takes."""
    return np.ascontiguousarray(fitted(images, network.input)[:, 0])


def train(
    path: Path,
    network: Network,
    recipe: Recipe,
    seeds: Sequence[int],
    stream: Stream | OwnStreams,
    test: Patterns,
    *,
    stage: str = "",
    progress: NullProgress | None = None,
    make: MakeLanes = replicas,
) -> Group:
    """Teach one group, or go on with it, or just open it if it has had all its passes.

    Args:
        path: the group's file.
        stream: the patterns of each pass.
        test: what the networks are tested on after each pass; it has no say in anything.
        stage: the group's name for its reader.
        progress: is told of every 2,000 patterns and of every pass.

    Raises:
        TrainingError: if the file is damaged, or was begun with other settings.
    """
    progress = progress or NullProgress()
    settings = {
        "network": network.to_json(),
        "recipe": recipe.to_json(),
        "seeds": list(seeds),
        "order": stream.order,
        "patterns": stream.patterns,
    }
    lanes = make(network, [initial_weights(network, recipe.init, seed) for seed in seeds], recipe)
    group = Group(network, lanes, tuple(seeds), stream.order)
    if kept := resume(path, settings, partial(_history, lanes=len(seeds), passes=recipe.passes)):
        state, history = kept
        try:
            lanes.restore(state)
        except EngineError as error:
            raise TrainingError(f"{path}: {error}; delete it to start afresh") from None
        group.history += history
    progress.skip(len(group.history) * stream.patterns)
    test_images = at_size(network, test.images)
    for number in range(len(group.history), recipe.passes):
        started = time.monotonic()
        row = _one_pass(group, recipe, stream, number, progress)
        row["test_errors"] = errors_of(network, lanes.predict(test_images), test.labels)
        row["seconds"] = time.monotonic() - started
        group.history.append(row)
        keep(path, lanes.state(), settings, history=group.history)
        progress.end_of_pass(stage, row, recipe.passes, len(test.labels))
    return group


def _history(known: Record, lanes: int, passes: int) -> list[dict[str, Any]]:
    """The rows of the passes so far, each with what is used of it."""
    rows = known.records("history")
    if len(rows) > passes:
        raise RecordError(f"it holds {len(rows)} passes, expected at most {passes}")
    for number, row in enumerate(rows, 1):
        row.integer("pass", number, number)
        row.number("rate", 0)
        row.list("loss", lanes)
        row.integers("train_errors", lanes)
        row.integers("test_errors", lanes)
        row.integer("patterns", 0)
        row.number("seconds", 0)
    return [dict(row.values) for row in rows]


def seconds_of_a_core(group: Group, recipe: Recipe, patterns: Patterns, make: MakeLanes = replicas) -> float:
    """How long the passes that a group had over these patterns keep one core busy, for each of its networks.

    Measured anew, the best of three times over the first 1,000 patterns, since what else ran beside the training made
    that longer. The group stays as it is.
    """
    images, labels = at_size(group.network, patterns.images[:_PACE]), patterns.labels[:_PACE]
    arrays = [group.lanes.arrays(lane) for lane in range(min(len(group.seeds), _LANES))]
    lanes = make(group.network, arrays, recipe)
    lanes.curvatures(images, labels, np.arange(10, dtype=np.int64))
    times = []
    for _ in range(3):
        started = time.perf_counter()
        lanes.learn(images, labels, np.arange(len(labels), dtype=np.int64), recipe.rates[-1], recipe.mu)
        times.append(time.perf_counter() - started)
    return min(times) / len(labels) * len(patterns) * len(group.history) / len(arrays)


def _one_pass(
    group: Group, recipe: Recipe, stream: Stream | OwnStreams, number: int, progress: NullProgress
) -> dict[str, Any]:
    patterns, order = stream.of_pass(number)
    images, eta = at_size(group.network, patterns.images), recipe.rates[number]
    chosen = stream.curvature_patterns(number, min(recipe.curvature_patterns, stream.patterns))
    group.lanes.curvatures(images, patterns.labels, chosen)
    loss, errors = np.zeros(len(group.seeds)), np.zeros(len(group.seeds), np.int64)
    for start in range(0, len(order), _SPAN):
        some = order[start : start + _SPAN]
        said = group.lanes.learn(images, patterns.labels, some, eta, recipe.mu)
        loss += len(some) * np.asarray(said["loss"], np.float64)
        errors += np.asarray(said["errors"], np.int64)
        if not np.isfinite(loss).any():
            raise TrainingError(f"no network's loss is a number any more, after {start + len(some):,} patterns")
        progress.advance(len(some))
    row = {
        "pass": number + 1,
        "order": group.order,
        "rate": eta,
        "loss": (loss / len(order)).tolist(),
        "train_errors": errors.tolist(),
        "patterns": len(order),
    }
    return row | ({"distinct": [len(np.unique(own)) for own in order.T]} if order.ndim == 2 else {})
