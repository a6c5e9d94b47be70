"""Networks of one description with different seeds: by SDLM trained side by side in one run, else in a run each."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.data import Dataset
from lenet.engine import Forward, decide
from lenet.experiments import version_1
from lenet.experiments.streams import PatternStream, SeparateStream
from lenet.training import Recipe, Run, fit
from lenet.training.learners.replicas import ReplicaLearner
from lenet.training.progress import NullProgress
from lenet.training.runs import EpochRow
from lenet.training.side_by_side import side_by_side
from lenet.training.stream import Epoch, Patterns, padded_to_input

Array = NDArray[np.float32]

_TIMED, _TIMED_NETWORKS = 1_000, 8  # patterns, and networks in one vector of AVX2, to measure the pace of one core by


@dataclass(frozen=True, eq=False)
class Group:
    """Networks that differ by their seed, and by the patterns that they were shown if each was shown its own.

    Attributes:
        seeds: of their first weights.
        parameters: of each network after the last pass.
        history: a row for each pass, as `training.runs.EpochRow`, with a value for each network.
        seconds: of training each of them on one core, where each had one.
    """

    network: Network
    seeds: tuple[int, ...]
    parameters: tuple[Mapping[str, Array], ...]
    history: list[EpochRow]
    seconds: tuple[float, ...] = ()

    def outputs(self, images: NDArray[np.uint8]) -> Array:
        """The outputs of each network, (R, N, classes)."""
        images = padded_to_input(images, self.network)
        return np.stack([Forward(self.network, arrays).predict(images) for arrays in self.parameters])

    def errors(self, patterns: Patterns) -> list[int]:
        """Number of errors of each network on the patterns."""
        answers = [decide(self.network, outputs) for outputs in self.outputs(patterns.images)]
        return [int((answer != patterns.labels).sum()) for answer in answers]

    def error_rates(self, patterns: Patterns) -> list[float]:
        """Errors of each network on the patterns, in percent."""
        return [100 * errors / len(patterns) for errors in self.errors(patterns)]


def train_group(
    folder: Path,
    network: Network,
    recipe: Recipe,
    seeds: Sequence[int],
    stream: PatternStream | SeparateStream,
    test: Patterns,
    progress: NullProgress | None = None,
) -> Group:
    """Train one group side by side, or resume it, or load it if it has had all its passes.

    Args:
        folder: the run's.
        recipe: of SDLM.
        test: the patterns of the test after each pass, which chooses nothing.

    Raises:
        TrainingError: if a file there is damaged, or the run was begun with other settings.
    """
    run = fit(
        network, stream, recipe, folder, seeds=seeds, resume=True,
        test=(padded_to_input(test.images, network), test.labels),
        checkpoint=version_1.checkpoint(folder, seeds, len(test)), progress=progress,
    )  # fmt: skip
    return Group(network, tuple(seeds), tuple(model.parameters for model in run.models), run.history)


def train_each(
    folder: Path,
    network: Network,
    recipe: Recipe,
    seeds: Sequence[int],
    training: Patterns,
    test: Patterns,
    progress: NullProgress | None = None,
) -> Group:
    """Train a network of each seed by mini-batches, in a run and on a core of its own, or resume.

    As many seeds learn side by side as there are cores, so that the number of cores changes no bit.

    Args:
        folder: holds the runs, named by their seeds.
        training, test: at the network's size; nothing is chosen by either.

    Raises:
        TrainingError: if a run there was begun with other settings.
    """
    progress = progress or NullProgress()
    classes = tuple(str(label) for label in range(network.classes))
    dataset = Dataset("mnist", training.images, training.labels, test.images, test.labels, classes)

    def train(seed: int) -> Run:
        return fit(
            network, dataset, replace(recipe, seed=seed), folder / f"{seed}", resume=True, validation=0,
            test=(test.images, test.labels), device="cpu", threads=1,
            progress=progress.part(f"{folder.name}, seed {seed}"),
        )  # fmt: skip

    runs = side_by_side([partial(train, seed) for seed in seeds], progress)
    histories = [run.history for run in runs]
    parameters = tuple(run.model.parameters for run in runs)
    core_seconds = tuple(sum(row["seconds"] for row in history) for history in histories)
    history = [_merge_rows(rows, len(training)) for rows in zip(*histories, strict=True)]
    group = Group(network, tuple(seeds), parameters, history, core_seconds)
    if None in history[-1]["test_errors"]:  # of runs that version 0.1 ended
        history[-1]["test_errors"] = group.errors(test)
    return group


def seconds_of_a_core(group: Group, recipe: Recipe, patterns: Patterns) -> float:
    """Core seconds of a group's passes over these patterns, for each of its networks.

    Measured anew, the best of three times over the first 1,000 patterns, since what else ran beside the training made
    that longer. The group stays as it is.
    """
    images, labels = padded_to_input(patterns.images[:_TIMED], group.network), patterns.labels[:_TIMED]
    count = min(len(group.seeds), _TIMED_NETWORKS)
    order = np.arange(len(labels), dtype=np.int64)
    learner, epoch = ReplicaLearner(group.network, recipe, None, None, range(count)), Epoch(images, labels, order)
    learner.begin_epoch(replace(epoch, curvature=order[:10]), 0)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        learner.learn(images, labels, order, [recipe.rates[-1]], epoch.augmentation)
        times.append(time.perf_counter() - start)
    return min(times) / len(labels) * len(patterns) * len(group.history) / count


def _merge_rows(rows: Sequence[EpochRow], examples: int) -> dict[str, Any]:
    """Merge the rows of a pass of several runs into one, with a value for each run."""
    columns = {name: [row.get(name) for row in rows] for name in ("loss", "errors", "error_rate", "test_errors")}
    common = {name: rows[0][name] for name in ("epoch", "learning_rate")}
    return {**common, "examples": examples, **columns, "seconds": sum(row["seconds"] for row in rows)}
