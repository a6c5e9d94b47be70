"""Networks taught by mini-batches, seed after seed, beside those that learn a pattern at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lenet.architecture import Network
from lenet.data import Dataset
from lenet.engine import Forward
from lenet.experiments.progress import NullProgress
from lenet.experiments.replicas import errors_of
from lenet.experiments.streams import Patterns
from lenet.experiments.threads import side_by_side
from lenet.training import Recipe, fit


@dataclass(frozen=True)
class Batched:
    """What came of one recipe, a value for each seed.

    Attributes:
        test_errors: wrong test patterns after the last pass.
        train_errors: wrong training patterns during the last pass, as they were presented.
        patterns: training patterns in a pass.
        seconds: of training, on one core.
        history: a row for each pass: pass, rate, patterns; loss, train_errors and seconds by seed.
    """

    seeds: tuple[int, ...]
    test_errors: tuple[int, ...]
    train_errors: tuple[int, ...]
    patterns: int
    seconds: tuple[float, ...]
    history: tuple[dict[str, Any], ...]


def teach(
    folder: Path,
    network: Network,
    recipe: Recipe,
    seeds: Sequence[int],
    training: Patterns,
    test: Patterns,
    progress: NullProgress | None = None,
) -> Batched:
    """Teach a network from each seed, or go on with it; each has a run's folder of its own, and one thread.

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

    def taught(seed: int) -> tuple[int, list[dict[str, Any]]]:
        run = fit(
            network, dataset, replace(recipe, seed=seed), folder / f"{seed}",
            resume=True, validation=0, device="cpu", threads=1,
        )  # fmt: skip
        outputs = Forward(network, run.model.parameters).predict(test.images)
        wrong = errors_of(network, outputs[None], test.labels)[0]
        progress.note(f"{folder.name}, seed {seed}  test {100 * wrong / len(test):.2f} %")
        return wrong, run.history

    found = side_by_side([partial(taught, seed) for seed in seeds], progress)
    histories = [history for _, history in found]
    return Batched(
        seeds=tuple(seeds),
        test_errors=tuple(wrong for wrong, _ in found),
        train_errors=tuple(history[-1]["errors"] for history in histories),
        patterns=len(training),
        seconds=tuple(sum(row["seconds"] for row in history) for history in histories),
        history=tuple(_as_pass(rows, len(training)) for rows in zip(*histories, strict=True)),
    )


def _as_pass(rows: Sequence[Mapping[str, Any]], patterns: int) -> dict[str, Any]:
    """A pass of all seeds, under the names of those that learn a pattern at a time."""
    return {
        "pass": rows[0]["epoch"],
        "rate": rows[0]["learning_rate"],
        "loss": [row["loss"] for row in rows],
        "train_errors": [row["errors"] for row in rows],
        "patterns": patterns,
        "seconds": [row["seconds"] for row in rows],
    }
