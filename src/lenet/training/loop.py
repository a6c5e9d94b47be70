"""The training loop: epochs of updates, validation, checkpoints; the same for all learners.

Updates are handed over in spans of a tenth of a second or two, so that what a span costs in Python is nothing beside
it; where spans end changes no result. The test split of a data set is never used here, unless it is passed to be
monitored, and even then it chooses nothing.
"""

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.classes import join_names
from lenet.data.datasets import Dataset
from lenet.engine.replicas import EQUAL_BITS
from lenet.errors import TrainingError, counted
from lenet.files import write_atomically
from lenet.model import Model, PictureKind, load, model_bytes
from lenet.preprocess import GrayLevels
from lenet.training.augmentation import slice_augmentation
from lenet.training.chance import ChanceLevel, first_epochs, warning
from lenet.training.devices import Device, choose_device
from lenet.training.distributed import ProcessGroup, Worker
from lenet.training.learners import Learner, learner_on
from lenet.training.picture_kind import infer_picture_kind
from lenet.training.progress import NullProgress, Pace, describe_epoch
from lenet.training.recipes import Recipe, check_loss
from lenet.training.runs import (
    FORMAT,
    MAX_THREADS,
    Checkpoint,
    EpochRow,
    Run,
    begin,
    fingerprint,
    read_settings,
    versions,
)
from lenet.training.stream import DatasetStream, Examples, Stream

Labels = NDArray[np.int64]
Labeled = tuple[GrayLevels, Labels]
"""Pictures at the network's size, and their labels."""


class Diverged(TrainingError):
    """The loss is no longer a number."""


def fit(
    network: Network,
    data: Dataset | Stream,
    recipe: Recipe,
    out: str | Path | None = None,
    *,
    start: Model | None = None,
    resume: bool = False,
    validation: int | None = None,
    test: Labeled | None = None,
    seeds: Sequence[int] | None = None,
    until: int | None = None,
    device: str = "auto",
    engine: str | None = None,
    threads: int | None = None,
    checkpoint_every: int | None = None,
    checkpoint: Checkpoint | None = None,
    source: Mapping[str, Any] | None = None,
    progress: NullProgress | None = None,
) -> Run:
    """Fit a network to the training split of a data set or to a stream, and keep everything in a run's folder.

    On a CPU the native engine trains, on GPUs and in several processes torch does. Both see the same first weights,
    order, shifts and mirroring, but draw distortions from generators of their own. Under torchrun
    each process takes its share of every batch; only the first writes.

    Args:
        network: what to train.
        data: what to train on; of a data set, the test split is not looked at.
        recipe: how; `recipes.recipe` gives the named ones, adapted to the network.
        out: the run's folder; None takes the first free ``runs/NETWORK-DATA-N``.
        start: a model of this network whose parameters training starts from, in place of the recipe's first weights.
        resume: go on with the run in ``out`` exactly where its last checkpoint stands; start it if there is none.
        validation: examples cut from the training split; None takes a tenth, at most 5,000; 0 none (then the
            weights of the last epoch are the best). A stream is not cut.
        test: examples whose errors are counted after each epoch; they choose nothing.
        seeds: of the first weights of so many networks, which are trained side by side, by SDLM; None trains one, from
            the recipe's seed.
        until: stop after so many epochs of the recipe's.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        engine: ``"torch"`` or an instruction set of the native engine; None takes what LENET_ENGINE says, else the
            best for the device. A run that goes on keeps its engine, because others give other last bits.
        threads: of the CPU; None takes one per core. Other numbers give other last bits.
        checkpoint_every: updates between checkpoints within an epoch; None keeps one an epoch.
        checkpoint: where to begin, if the folder holds no checkpoint.
        source: the arguments of `data.load` that gave ``data``, so that ``run.json`` can repeat it.
        progress: what shows how it goes.

    Raises:
        TrainingError: if the run cannot start or go on, another process trains into its folder, or the loss is no
            longer a number.
        EngineError: if the engine that was asked for is not there or cannot run the network.
        MissingExtra: if torch is needed and not installed.
    """
    _check(network, data, recipe, seeds, threads, checkpoint_every, start)
    threads, checkpoint_every = (None if value is None else int(value) for value in (threads, checkpoint_every))
    if start is not None and start.network.parameter_shapes() != network.parameter_shapes():
        raise TrainingError(f"training was to start from a model of {start.network.name}, which is not {network.name}")
    worker = Worker.from_environment()
    resume = resume or (worker.restarts > 0 and out is not None)
    stored = _stored_settings(out) if resume else {}
    chosen_device = _device(recipe, engine, device, worker, stored)
    held_out: Labeled | None = None
    chance: ChanceLevel | None = None
    names: tuple[str, ...] = ()
    kind: PictureKind | None = None
    if isinstance(data, Stream):
        stream, data_settings = data, data.describe()
    else:
        examples = Examples.of(data, network, validation)
        stream, names, kind = DatasetStream(examples, recipe), tuple(data.class_names), infer_picture_kind(data)
        held_out = (examples.held_out_images, examples.held_out_labels) if len(examples.held_out_labels) else None
        if seeds is None:
            chance = ChanceLevel.of(examples.labels[examples.rows], held_out[1] if held_out else None)
        data_settings = {
            "name": data.name,
            "source": dict(source or {"name_or_path": data.provenance.get("origin", data.name)}),
            "training_sha256": fingerprint(data.train_images, data.train_labels),
        }
    with (
        ExitStack() as stack,
        learner_on(chosen_device, network, recipe, threads or stored.get("threads"), worker, seeds) as (learner, group),
    ):
        settings = {
            "format": FORMAT,
            "network": network.to_json(),
            "data": data_settings,
            "recipe": recipe.to_json(),
            "validation": 0 if held_out is None else len(held_out[1]),
            "engine": learner.engine,
            "device": learner.device.partition(":")[0],
            "threads": learner.threads,
            "processes": worker.world_size,
            "versions": versions(learner.engine),
            **({"start": start.digest} if start is not None else {}),
            **({"seeds": list(seeds)} if seeds is not None else {}),
        }
        opened_run = (
            stack.enter_context(begin(out, settings, resume=resume, start=start))
            if worker.is_rank_zero
            else Run(Path())
        )
        run = group.broadcast(opened_run)
        last_checkpoint = _checkpoint_of(run, recipe, stream, held_out, checkpoint) if worker.is_rank_zero else None
        start_checkpoint = group.broadcast(last_checkpoint)
        first_model = group.broadcast(load(run.first_path) if worker.is_rank_zero and run.first_path.exists() else None)
        if start_checkpoint is not None:
            if start_checkpoint is checkpoint:
                run.save_checkpoint(start_checkpoint)
            learner.restore(start_checkpoint.state)
            _restore_stream(stream, start_checkpoint, run)
        elif first_model is not None:
            learner.load(first_model.parameters)
        reject_class = None if first_model is None else first_model.reject_class
        names = _class_names(network.classes - (reject_class is not None), names)
        reporter = progress if progress is not None and worker.is_rank_zero else NullProgress()
        with reporter:
            training = _Training(
                network,
                names,
                kind,
                reject_class,
                recipe,
                held_out,
                test,
                chance,
                learner,
                group,
                run,
                settings,
                reporter,
            )
            training.run_epochs(stream, start_checkpoint or Checkpoint(0, 0, {}), until, checkpoint_every)
    return run


def train_epochs(
    learner: Learner,
    stream: Stream,
    recipe: Recipe,
    *,
    checkpoint: Checkpoint | None = None,
    until: int | None = None,
    group: ProcessGroup | None = None,
    checkpoint_every: int | None = None,
    on_checkpoint: Callable[[Checkpoint], None] | None = None,
    progress: NullProgress | None = None,
) -> Iterator[EpochRow]:
    """Train a learner on a stream, and give each epoch's row when its updates have been taken.

    Args:
        learner: in the state of ``checkpoint``, as the stream is.
        checkpoint: epoch, update and totals to resume from; None is the beginning.
        until: stop after so many epochs of the recipe's.
        group: the processes that train together.
        checkpoint_every: updates between calls of ``on_checkpoint`` within an epoch; None makes none.
        on_checkpoint: takes what the loop knows of a checkpoint, which lacks the history.
        progress: what shows how it goes.

    Raises:
        Diverged: if the loss is no longer a number; of replicas, if that of one is not.
    """
    group, progress, pace = group or ProcessGroup(Worker()), progress or NullProgress(), Pace()
    is_alone, checkpoint = group.worker.world_size == 1, checkpoint or Checkpoint(0, 0, {})
    step, (loss, errors) = checkpoint.step, checkpoint.totals if group.worker.is_rank_zero else (0.0, 0)
    for number in range(checkpoint.epoch, min(until or recipe.epochs, recipe.epochs)):
        stream_state, epoch = stream.state(), stream.epoch(number)
        count, batch = len(epoch), recipe.batch
        steps = math.ceil(count / batch)
        rates = recipe.learning_rates(number, steps)
        first_step, epoch_start = step, time.perf_counter()
        checkpoint_interval = checkpoint_every or steps
        learner.begin_epoch(epoch, step)
        while step < steps:
            next_checkpoint = (step // checkpoint_interval + 1) * checkpoint_interval
            end = min(step + pace.updates, steps, next_checkpoint)
            batches, span_start = slice(step * batch, end * batch), time.perf_counter()
            span_loss, span_errors = learner.learn(
                epoch.images,
                epoch.labels,
                epoch.order[batches],
                rates[step:end],
                slice_augmentation(epoch.augmentation, batches),
            )
            now = time.perf_counter()
            pace.record(end - step, now - span_start)
            seen = min(end * batch, count)  # the last batch may be smaller
            presented = seen - step * batch
            step, loss, errors = end, loss + span_loss, errors + span_errors
            if is_alone:  # several processes find out together, or they would wait for one another
                _check_finite(loss, recipe, number)
            examples_so_far = max(1, seen // group.worker.world_size)
            speed = (seen - first_step * batch) / (now - epoch_start)
            status = _status(number, recipe, loss / examples_so_far, 100 * errors / examples_so_far, speed)
            progress.advance(presented, status)
            if step < steps and step == next_checkpoint and on_checkpoint:
                totals = group.sum_loss_and_errors(loss, errors)
                _check_finite(totals[0], recipe, number)
                on_checkpoint(Checkpoint(number, step, learner.state(), totals, stream=stream_state))
        seconds = time.perf_counter() - epoch_start
        loss, errors = group.sum_loss_and_errors(loss, errors)
        _check_finite(loss, recipe, number)
        yield {
            "epoch": number + 1,
            "loss": _round_loss(loss / count),
            "errors": _plain_values(errors),
            "error_rate": _plain_values(100 * errors / count),
            "examples": count,
            "learning_rate": rates[-1],
            "seconds": seconds,
            "images_per_second": (count - first_step * batch) / seconds,
            **epoch.remarks,
        }
        step, loss, errors = 0, 0.0, 0


@dataclass(frozen=True)
class _Training:
    """Training of one run: validation, best model and checkpoint after each epoch's updates."""

    network: Network
    class_names: tuple[str, ...]
    picture_kind: PictureKind | None
    reject_class: int | None
    recipe: Recipe
    held_out: Labeled | None
    test: Labeled | None
    chance: ChanceLevel | None
    learner: Learner
    group: ProcessGroup
    run: Run
    settings: dict[str, Any]
    progress: NullProgress

    def run_epochs(
        self, stream: Stream, checkpoint: Checkpoint, until: int | None, checkpoint_every: int | None
    ) -> None:
        """Run all epochs from a checkpoint on, with validation, the best model and checkpoints."""
        is_rank_zero, history = self.group.worker.is_rank_zero, list(checkpoint.history)
        epochs = min(until or self.recipe.epochs, self.recipe.epochs)

        def save(latest: Checkpoint) -> None:
            # Before the checkpoint of before is replaced: no run goes on from values that are not finite.
            self._check_arrays(latest.state, latest.epoch - (latest.step == 0))
            if is_rank_zero:
                self.run.save_checkpoint(replace(latest, history=history))

        self.progress.begin("", epochs * stream.examples)
        self.progress.skip(checkpoint.epoch * stream.examples + checkpoint.step * self.recipe.batch)
        if is_rank_zero and history:
            self.run.save_history(history)
        try:
            for row in train_epochs(
                self.learner, stream, self.recipe, checkpoint=checkpoint, until=until, group=self.group,
                checkpoint_every=checkpoint_every, on_checkpoint=save, progress=self.progress,
            ):  # fmt: skip
                self._finish(row, history)
                save(Checkpoint(row["epoch"], 0, self.learner.state(), stream=stream.state()))
                self.progress.note(describe_epoch(row, epochs))
        except Diverged as error:
            consequence = f"{self.run.best_path} holds the best weights of the epochs before"
            if "seeds" in self.settings:
                consequence = f"{self.run.last_path} holds the networks as they were before"
            consequence = consequence if history else "no epoch was finished, so no weights were kept"
            raise TrainingError(f"{error}; {consequence}") from None

    def _finish(self, row: EpochRow, history: list[EpochRow]) -> None:
        """Validate, save the weights if they are the best so far, and add the row to the history."""
        arrays = self.learner.evaluation_arrays()
        self._check_arrays(arrays, row["epoch"] - 1)
        row |= {"validation_loss": None, "validation_errors": None, "validation_error_rate": None}
        if self.held_out is not None:
            row |= self._measure("validation", self.held_out, row)
        if self.test is not None:
            row |= self._measure("test", self.test, row)
        earlier_errors = [earlier["validation_errors"] for earlier in history]
        row["best"] = "seeds" not in self.settings and (
            self.held_out is None or not earlier_errors or row["validation_errors"] < min(earlier_errors)
        )
        if row["best"] and self.group.worker.is_rank_zero:
            self._save_best(row, arrays)
        if warning_text := self._chance_warning(row):
            row["warning"] = warning_text
            if self.group.worker.is_rank_zero and self._is_told(row, history):
                print(f"lenet: {warning_text}", file=sys.stderr)
        history.append(row)

    def _check_arrays(self, arrays: Mapping[str, NDArray[np.float32]], epoch: int) -> None:
        """Raise Diverged unless all values are finite."""
        is_finite = all(np.isfinite(array).all() for array in arrays.values())
        _check_finite(0.0 if is_finite else math.nan, self.recipe, epoch)

    def _chance_warning(self, row: EpochRow) -> str:
        """The warning of a network at chance after its first epochs; empty if it is not."""
        if self.chance is None or row["epoch"] < self._check_epoch(row):
            return ""
        held_out = 0 if self.held_out is None else len(self.held_out[1])
        if not self.chance.is_compatible_with(row["errors"], row["examples"], row["validation_errors"], held_out):
            return ""
        recipe = replace(self.recipe, batch=min(self.recipe.batch, row["examples"]))  # no batch holds more
        telling = self.chance.telling(row["error_rate"], row["validation_error_rate"], held_out)
        return warning(self.network, recipe, row["epoch"], *telling)

    def _is_told(self, row: EpochRow, history: Sequence[EpochRow]) -> bool:
        """Whether a warning is printed: at the first check, or else at the end; in between, networks recover."""
        check_epoch = self._check_epoch(row)
        was_told = any(earlier["epoch"] == check_epoch and "warning" in earlier for earlier in history)
        return row["epoch"] == check_epoch or (row["epoch"] == self.recipe.epochs and not was_told)

    def _check_epoch(self, row: EpochRow) -> int:
        return min(first_epochs(row["examples"]), self.recipe.epochs)

    def _measure(self, name: str, examples: Labeled, row: EpochRow) -> dict[str, Any]:
        loss, errors = self.learner.measure(*examples)
        count = len(examples[1])
        _check_finite(loss, self.recipe, row["epoch"] - 1)
        values = {"loss": loss / count, "errors": errors, "error_rate": 100 * errors / count}
        return {f"{name}_{key}": _plain_values(value) for key, value in values.items()}

    def _save_best(self, row: EpochRow, arrays: dict[str, NDArray[np.float32]]) -> None:
        data = self.settings["data"]
        provenance = {
            "recipe": self.settings["recipe"],
            "data": {name: value for name, value in data.items() if name != "source"},
            "epoch": row["epoch"],
            "validation_examples": self.settings["validation"],
            "validation_error_rate": row["validation_error_rate"],
            **({} if self.reject_class is None else {"reject_class": self.reject_class}),
            **({} if self.picture_kind is None else {"pictures": asdict(self.picture_kind)}),
            **{key: self.settings[key] for key in ("engine", "device", "threads", "processes", "versions")},
        }
        write_atomically(self.run.best_path, model_bytes(Model(self.network, arrays, provenance, self.class_names)))


def _checkpoint_of(
    run: Run, recipe: Recipe, stream: Stream, held_out: Labeled | None, other: Checkpoint | None = None
) -> Checkpoint | None:
    """The last checkpoint of a run, checked against the run's length; without one, ``other``."""
    checkpoint = run.load_checkpoint() or other
    if checkpoint is None:
        return None
    steps = math.ceil(stream.examples / recipe.batch)
    epoch, step = checkpoint.epoch, checkpoint.step
    is_within_run = epoch <= recipe.epochs and step < (steps if epoch < recipe.epochs else 1)
    is_validated = [row["validation_errors"] is not None for row in checkpoint.history]
    if not is_within_run or any(validated != (held_out is not None) for validated in is_validated):
        raise TrainingError(
            f"{run.last_path}: update {step} after {epoch} epochs is not one of this run; delete the file to "
            "start the run again"
        )
    return checkpoint


def _device(recipe: Recipe, engine: str | None, device: str, worker: Worker, stored: Mapping[str, Any]) -> Device:
    """Device of a run; a resumed run keeps its device and engine, or for SDLM one that gives the same bits."""
    device = stored.get("device", device) if device == "auto" else device
    if recipe.optimizer != "sdlm":
        return choose_device(engine, device, worker, stored)
    chosen_device = choose_device(engine, "cpu" if device == "auto" else device, worker, {})
    if (stored_engine := stored.get("engine")) and EQUAL_BITS.get(stored_engine) != EQUAL_BITS.get(
        chosen_device.engine
    ):
        raise TrainingError(
            f"the run was begun with the engine {stored_engine}, whose last bits differ; go on with "
            f"LENET_ENGINE={stored_engine}, or start a new run with another --out"
        )
    return chosen_device


def _restore_stream(stream: Stream, checkpoint: Checkpoint, run: Run) -> None:
    try:
        stream.restore(checkpoint.stream)
    except ValueError as error:
        raise TrainingError(f"{run.last_path}: {error}; delete the file to start the run again") from None


def _class_names(classes: int, known: tuple[str, ...]) -> tuple[str, ...]:
    """The class names of the data set, and a name for each further class of the network."""
    return known + tuple(f"unused {index}" for index in range(len(known), classes)) if known else ()


def _check_finite(loss: Any, recipe: Recipe, epoch: int) -> None:
    losses = np.ravel(loss)
    if np.isfinite(losses).all():
        return
    diverged = int(np.flatnonzero(~np.isfinite(losses))[0])
    subject = "the loss" if len(losses) == 1 else f"the loss of network {diverged + 1} of {len(losses)}"
    option, rate = ("rates", recipe.rates[epoch]) if recipe.rates else ("learning-rate", recipe.learning_rate)
    raise Diverged(
        f"{subject} is {losses[diverged]} in epoch {epoch + 1}: the updates have diverged; lower --{option}, which is "
        f"{rate}"
    )


def _status(epoch: int, recipe: Recipe, loss: Any, error_rate: Any, speed: float) -> str:
    position = f"epoch {epoch + 1}/{recipe.epochs}"
    return f"{position}  loss {np.mean(loss):.3f}  error {np.mean(error_rate):.2f} %  {speed:,.0f} images/s"


def _plain_values(value: Any) -> Any:
    """A number, or a list with a number for each replica, as plain values."""
    return value.tolist() if isinstance(value, np.ndarray) else value


def _round_loss(loss: Any) -> Any:
    """A loss rounded to 7 digits, as the last ones depend on the spans."""
    return [float(f"{value:.7g}") for value in loss] if isinstance(loss, np.ndarray) else float(f"{loss:.7g}")


def _stored_settings(out: str | Path | None) -> dict[str, Any]:
    if out is None:
        raise TrainingError("there is no telling which run to go on with; name its folder with --out")
    return read_settings(out) if (Path(out) / "run.json").exists() else {}


def _check(
    network: Network,
    data: Dataset | Stream,
    recipe: Recipe,
    seeds: Sequence[int] | None,
    threads: int | None,
    checkpoint_every: int | None,
    start: Model | None,
) -> None:
    check_loss(recipe.loss, network)
    if isinstance(data, Dataset):
        classes = network.classes if start is None else len(start.class_names)
        if len(data.class_names) > classes:
            raise TrainingError(
                f"{data.name} has {len(data.class_names)} classes, but {network.name} has "
                f"{counted(classes, 'output')} for them; "
                f"the classes are {join_names(data.class_names)}"
                + ("; take lenet-5-relu by name, which gets as many as there are" if start is None else "")
            )
        if (data.train_labels == data.train_labels[0]).all():
            raise TrainingError(
                f"{data.name} holds examples of the class {data.class_names[data.train_labels[0]]} alone; "
                "expected at least two classes, which a network learns to tell apart"
            )
    for name, value in (("threads", threads), ("checkpoint_every", checkpoint_every)):
        if not isinstance(value, Integral | None):
            raise TrainingError(f"{name} is {value!r}, expected a whole number")
        if value is not None and value < 1:
            raise TrainingError(f"{name} is {value}, expected at least 1")
    if threads is not None and threads > MAX_THREADS:
        raise TrainingError(f"threads is {threads}, expected at most {MAX_THREADS}")
    if seeds is not None and (recipe.optimizer != "sdlm" or not len(seeds)):
        raise TrainingError(
            f"{len(seeds)} seeds with the optimizer {recipe.optimizer}: several go with sdlm; leave them out"
        )
