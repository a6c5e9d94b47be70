"""Networks taught by mini-batches, seed after seed, beside those that learn a pattern at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lenet.architecture import Network
from lenet.data import Dataset
from lenet.engine import Forward
from lenet.reproduction.lanes import errors_of
from lenet.reproduction.progress import Silent
from lenet.reproduction.streams import Patterns
from lenet.reproduction.workers import side_by_side
from lenet.training import Recipe, train


@dataclass(frozen=True)
class Batched:
    """What came of one recipe, a value for each seed.

    Attributes:
        test_errors: wrong test patterns after the last pass.
        train_errors: wrong training patterns during the last pass, as they were presented.
        patterns: training patterns in a pass.
        seconds: of training, on one core.
    """

    seeds: tuple[int, ...]
    test_errors: tuple[int, ...]
    train_errors: tuple[int, ...]
    patterns: int
    seconds: tuple[float, ...]


def teach(
    folder: Path,
    network: Network,
    recipe: Recipe,
    seeds: Sequence[int],
    training: Patterns,
    test: Patterns,
    progress: Silent | None = None,
) -> Batched:
    """Teach a network from each seed, or go on with it; each has a run's folder of its own, and one thread.

    As many seeds learn side by side as there are cores, so that the number of cores changes no bit.

    Args:
        folder: holds the runs, named by their seeds.
        training, test: at the network's size; nothing is chosen by either.

    Raises:
        TrainingError: if a run there was begun with other settings.
    """
    progress = progress or Silent()
    classes = tuple(str(label) for label in range(network.classes))
    dataset = Dataset("mnist", training.images, training.labels, test.images, test.labels, classes)

    def taught(seed: int) -> tuple[int, int, float]:
        run = train(
            network, dataset, replace(recipe, seed=seed), folder / f"{seed}",
            resume=True, validation=0, device="cpu", threads=1,
        )  # fmt: skip
        outputs = Forward(network, run.weights().arrays).predict(test.images)
        rows = run.history
        wrong = errors_of(network, outputs[None], test.labels)[0]
        progress.note(f"{folder.name}, seed {seed}  test {100 * wrong / len(test):.2f} %")
        return wrong, rows[-1]["errors"], sum(row["seconds"] for row in rows)

    found = side_by_side([partial(taught, seed) for seed in seeds], progress)
    test_errors, train_errors, seconds = zip(*found, strict=True)
    return Batched(tuple(seeds), test_errors, train_errors, len(training), seconds)
