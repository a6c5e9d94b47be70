"""The training loop: epochs of updates, validation, checkpoints; the same whatever takes the updates.

Updates are handed over in spans of a tenth of a second or two, so that what a span costs in Python is nothing beside
it; where spans end changes no result. The test part of a data set is never touched here.
"""

import math
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.data.datasets import Dataset
from lenet.engine.native import Changes
from lenet.errors import TrainingError
from lenet.model import Model, load
from lenet.preprocess import GrayLevels
from lenet.training.augmentation import epoch_order, part
from lenet.training.devices import choose_device, learner_on
from lenet.training.distributed import Group, Worker
from lenet.training.examples import Examples
from lenet.training.progress import NullProgress, Pace
from lenet.training.recipes import Recipe, check_loss
from lenet.training.runs import FORMAT, MOST_THREADS, Checkpoint, Row, Run, begin, fingerprint, read_settings, versions
from lenet.training.state import first_state

Labels = NDArray[np.int64]


class Learner(Protocol):
    """What the loop asks of an engine; `learner.TorchLearner` says what each means."""

    engine: str
    device: str
    threads: int

    def learn(
        self, images: GrayLevels, labels: Labels, order: Labels, rates: list[float], changes: Changes
    ) -> tuple[float, int]: ...
    def measure(self, images: GrayLevels, labels: Labels) -> tuple[float, int]: ...
    def kept_arrays(self) -> dict[str, NDArray[np.float32]]: ...
    def state(self) -> dict[str, NDArray[np.float32]]: ...
    def restore(self, state: dict[str, NDArray[np.float32]]) -> None: ...


def fit(
    network: Network,
    dataset: Dataset,
    recipe: Recipe,
    out: str | Path | None = None,
    *,
    start: Model | None = None,
    resume: bool = False,
    validation: int | None = None,
    device: str = "auto",
    engine: str | None = None,
    threads: int | None = None,
    checkpoint_every: int | None = None,
    source: Mapping[str, Any] | None = None,
    progress: NullProgress | None = None,
) -> Run:
    """Fit a network to the training part of a data set, and keep everything in a run's folder.

    On a CPU the native engine trains, on GPUs and in several processes torch does. Both see the same first weights,
    order, shifts and mirroring, but draw distortions from generators of their own. Under torchrun
    each process takes its share of every batch; only the first writes.

    Args:
        network: what to train.
        dataset: what to train on; its test part is not looked at.
        recipe: how; `recipes.recipe` gives the named ones, adapted to the network.
        out: the run's folder; None takes the first free ``runs/NETWORK-DATA-N``.
        start: a model of this network whose parameters training starts from, in place of the recipe's first weights.
        resume: go on with the run in ``out`` exactly where its last checkpoint stands; start it if there is none.
        validation: examples cut from the training part; None takes a tenth, at most 5,000; 0 none (then the
            weights of the last epoch are the best).
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        engine: ``"torch"`` or an instruction set of the native engine; None takes what LENET_ENGINE says, else the
            best for the device. A run that goes on keeps its engine, because others give other last bits.
        threads: of the CPU; None takes one a core. Other numbers give other last bits.
        checkpoint_every: updates between checkpoints within an epoch; None keeps one an epoch.
        source: the arguments of `data.load` that gave ``dataset``, so that ``run.json`` can repeat it.
        progress: what shows how it goes.

    Raises:
        TrainingError: if the run cannot start or go on, another process trains into its folder, or the loss is no
            longer a number.
        EngineError: if the engine that was asked for is not there or cannot run the network.
        MissingExtra: if torch is needed and not installed.
    """
    _check(network, dataset, recipe, threads, checkpoint_every)
    if start is not None and start.network.parameter_shapes() != network.parameter_shapes():
        raise TrainingError(f"training was to start from a model of {start.network.name}, which is not {network.name}")
    worker = Worker.from_environment()
    resume = resume or (worker.restarts > 0 and out is not None)
    stored = _stored_settings(out) if resume else {}
    place = choose_device(engine, stored.get("device", device) if device == "auto" else device, worker, stored)
    examples = Examples.of(dataset, network, validation)
    with (
        ExitStack() as held,
        learner_on(place, network, recipe, threads or stored.get("threads"), worker) as (
            learner,
            group,
        ),
    ):
        settings = {
            "format": FORMAT,
            "network": network.to_json(),
            "data": {
                "name": dataset.name,
                "source": dict(source or {"name_or_path": dataset.provenance.get("origin", dataset.name)}),
                "training_sha256": fingerprint(dataset),
            },
            "recipe": recipe.to_json(),
            "validation": len(examples.held_out_labels),
            "engine": learner.engine,
            "device": learner.device.partition(":")[0],
            "threads": learner.threads,
            "processes": worker.world_size,
            "versions": versions(learner.engine),
            **({"start": start.digest} if start is not None else {}),
        }
        own = held.enter_context(begin(out, settings, resume=resume, start=start)) if worker.is_first else Run(Path())
        run = group.from_first(own)
        begun = group.from_first(_checkpoint_of(run, recipe, examples) if worker.is_first else None)
        shown = progress if progress is not None and worker.is_first else NullProgress()
        first = group.from_first(_first_model(run) if worker.is_first else None)
        if begun is None and first is not None:
            learner.restore(first_state(first.parameters))
        with shown:
            refusal = None if first is None else first.refusal
            names = _class_names(network.classes - (refusal is not None), dataset)
            training = _Training(
                network, names, refusal, recipe, examples, learner, group, run, settings, checkpoint_every or 0, shown
            )
            training.go(begun)
    return run


@dataclass(frozen=True)
class _Training:
    """One run under way."""

    network: Network
    class_names: tuple[str, ...]
    refusal: int | None
    recipe: Recipe
    examples: Examples
    learner: Learner
    group: Group
    run: Run
    settings: dict[str, Any]
    checkpoint_every: int
    progress: NullProgress
    pace: Pace = field(default_factory=Pace)

    def go(self, start: Checkpoint | None) -> None:
        """All epochs from a checkpoint on."""
        epoch, step, history, totals = 0, 0, list[Row](), (0.0, 0)
        if start is not None:
            epoch, step, history = start.epoch, start.step, start.history
            totals = start.totals if self.worker.is_first else totals
            self.learner.restore(start.state)
            if self.worker.is_first:
                self.run.save_history(history)
        count = len(self.examples.rows)
        self.progress.start(self.recipe.epochs, count, epoch * count + step * self.recipe.batch)
        for number in range(epoch, self.recipe.epochs):
            row = self._epoch(number, step, totals, history)
            step, totals = 0, (0.0, 0)
            self._finish(row, history)
            if self.worker.is_first:
                self.run.save_checkpoint(Checkpoint(number + 1, 0, self.learner.state(), history=history))
            self.progress.epoch(row)

    @property
    def worker(self) -> Worker:
        return self.group.worker

    def _epoch(self, epoch: int, first_step: int, totals: tuple[float, int], history: list[Row]) -> Row:
        """The updates of an epoch from one on, with the totals of those before it; the row of its training part."""
        recipe, batch = self.recipe, self.recipe.batch
        examples = self.examples
        order, changes = epoch_order(recipe, examples.rows, epoch)
        steps = math.ceil(len(order) / batch)
        rates = [recipe.rate(epoch * steps + step, recipe.epochs * steps) for step in range(steps)]
        loss, errors = totals
        step, started = first_step, time.perf_counter()
        while step < steps:
            end = min(step + self.pace.updates, steps, self._next_checkpoint(step, steps))
            places, begun = slice(step * batch, end * batch), time.perf_counter()
            more_loss, more_errors = self.learner.learn(
                examples.images, examples.labels, order[places], rates[step:end], part(changes, places)
            )
            now = time.perf_counter()
            self.pace.took(end - step, now - begun)
            step, loss, errors = end, loss + more_loss, errors + more_errors
            if self.worker.world_size == 1:  # several processes find out together, or they would wait for one another
                self._check_finite(loss, epoch, history)
            self._show(epoch, step, len(order), loss, errors, (step - first_step) * batch / (now - started))
            if step < steps and step == self._next_checkpoint(step - 1, steps):
                self._save_within(epoch, step, loss, errors, history)
        seconds = time.perf_counter() - started
        loss, errors = self._summed(loss, errors)
        self._check_finite(loss, epoch, history)
        return {
            "epoch": epoch + 1,
            "loss": _shortened(loss / len(order)),
            "errors": errors,
            "error_rate": 100 * errors / len(order),
            "learning_rate": rates[-1],
            "seconds": seconds,
            "images_per_second": (steps - first_step) * batch / seconds,
        }

    def _next_checkpoint(self, step: int, steps: int) -> int:
        every = self.checkpoint_every or steps
        return (step // every + 1) * every

    def _save_within(self, epoch: int, step: int, loss: float, errors: int, history: list[Row]) -> None:
        totals = self._summed(loss, errors)
        self._check_finite(totals[0], epoch, history)
        if self.worker.is_first:
            self.run.save_checkpoint(Checkpoint(epoch, step, self.learner.state(), totals, history))

    def _summed(self, loss: float, errors: int) -> tuple[float, int]:
        loss, summed_errors = self.group.add_up(loss, errors)
        return loss, round(summed_errors)

    def _check_finite(self, loss: float, epoch: int, history: list[Row]) -> None:
        if math.isfinite(loss):
            return
        kept = f"{self.run.best_path} holds the best weights of the epochs before"
        raise TrainingError(
            f"the loss is {loss} in epoch {epoch + 1}: the updates have diverged; "
            f"lower --learning-rate, which is {self.recipe.learning_rate}; "
            f"{kept if history else 'no epoch was finished, so no weights were kept'}"
        )

    def _show(self, epoch: int, steps: int, examples: int, loss: float, errors: int, images_per_second: float) -> None:
        seen = min(steps * self.recipe.batch, examples)
        share = max(1, seen // self.worker.world_size)
        self.progress.advance(epoch + 1, epoch * examples + seen, loss / share, 100 * errors / share, images_per_second)

    def _finish(self, row: Row, history: list[Row]) -> None:
        """Validate; keep the weights if they are the best so far; add the row to the history."""
        count = len(self.examples.held_out_labels)
        kept = self.learner.kept_arrays()
        finite = all(np.isfinite(array).all() for array in kept.values())
        self._check_finite(0.0 if finite else math.nan, row["epoch"] - 1, history)
        before = [earlier["validation_errors"] for earlier in history]
        if count:
            loss, errors = self.learner.measure(self.examples.held_out_images, self.examples.held_out_labels)
            self._check_finite(loss, row["epoch"] - 1, history)
            row |= {
                "validation_loss": loss / count,
                "validation_errors": errors,
                "validation_error_rate": 100 * errors / count,
            }
            row["best"] = not before or errors < min(before)
        else:
            row |= {"validation_loss": None, "validation_errors": None, "validation_error_rate": None, "best": True}
        if row["best"] and self.worker.is_first:
            self._save_best(row, kept)
        history.append(row)

    def _save_best(self, row: Row, arrays: dict[str, NDArray[np.float32]]) -> None:
        data = self.settings["data"]
        provenance = {
            "recipe": self.settings["recipe"],
            "data": {"name": data["name"], "training_sha256": data["training_sha256"]},
            "epoch": row["epoch"],
            "validation_examples": self.settings["validation"],
            "validation_error_rate": row["validation_error_rate"],
            **({} if self.refusal is None else {"refusal": self.refusal}),
            **{key: self.settings[key] for key in ("engine", "device", "threads", "processes", "versions")},
        }
        Model(self.network, arrays, provenance, self.class_names).save(self.run.best_path)


def _checkpoint_of(run: Run, recipe: Recipe, examples: Examples) -> Checkpoint | None:
    """The last checkpoint of a run, if there is one and it lies within the run."""
    start = run.load_checkpoint()
    if start is None:
        return None
    steps = math.ceil(len(examples.rows) / recipe.batch)
    is_validated = len(examples.held_out_labels) > 0
    fits = start.epoch <= recipe.epochs and start.step < (steps if start.epoch < recipe.epochs else 1)
    if not fits or any((row["validation_errors"] is not None) != is_validated for row in start.history):
        raise TrainingError(
            f"{run.last_path}: stands at update {start.step} after {start.epoch} epochs, where this run does not come "
            "by; delete the file to start the run again"
        )
    return start


def _first_model(run: Run) -> Model | None:
    """What the run started from, if that is not what its recipe draws."""
    return load(run.first_path) if run.first_path.exists() else None


def _class_names(classes: int, dataset: Dataset) -> tuple[str, ...]:
    """Those of the data set, and a name for each class of the network that it has no examples of."""
    names = tuple(dataset.class_names)
    return names + tuple(f"unused {index}" for index in range(len(names), classes))


def _shortened(loss: float) -> float:
    """A loss without its last digits, which depend on where spans ended."""
    return float(f"{loss:.7g}")


def _stored_settings(out: str | Path | None) -> dict[str, Any]:
    if out is None:
        raise TrainingError("there is no telling which run to go on with; name its folder with --out")
    return read_settings(out) if (Path(out) / "run.json").exists() else {}


def _check(
    network: Network, dataset: Dataset, recipe: Recipe, threads: int | None, checkpoint_every: int | None
) -> None:
    check_loss(recipe.loss, network)
    if len(dataset.class_names) > network.classes:
        raise TrainingError(
            f"{dataset.name} has {len(dataset.class_names)} classes, but {network.name} has {network.classes} outputs"
        )
    for name, value in (("threads", threads), ("checkpoint_every", checkpoint_every)):
        if value is not None and value < 1:
            raise TrainingError(f"{name} is {value}, expected at least 1")
    if threads is not None and threads > MOST_THREADS:
        raise TrainingError(f"threads is {threads}, expected at most {MOST_THREADS}")
