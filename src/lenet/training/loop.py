"""The loop: epochs of updates, validation, checkpoints; the same whatever takes the updates.

All chance of an epoch follows from the recipe's seed and the epoch's number, so an epoch can be started again, or
entered in its middle, and is the same. The test part of a data set is never touched here.
"""

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lenet import weights as weights_files
from lenet.architecture import Network
from lenet.data import Dataset, Split, split_validation
from lenet.data.distortions import distort, shift
from lenet.errors import MissingExtra, TrainingError
from lenet.preprocess import GrayLevels, network_inputs
from lenet.training.distributed import Group, Worker
from lenet.training.progress import Silent
from lenet.training.recipes import Recipe, check_loss
from lenet.training.runs import FORMAT, Checkpoint, Row, Run, begin, fingerprint, read_settings, versions

Labels = NDArray[np.int64]

_VALIDATION_SEED = 0  # the same cut for every seed of a recipe, so that runs can be compared
_SHOWN_EVERY = 0.1  # seconds


class Learner(Protocol):
    """What the loop asks of an engine; `learner.TorchLearner` says what each means."""

    def update(self, images: GrayLevels, labels: Labels, batch: int, learning_rate: float) -> None: ...
    def running_totals(self) -> tuple[float, int]: ...
    def gather_totals(self) -> tuple[float, int]: ...
    def start_totals(self, loss: float = 0.0, errors: int = 0) -> None: ...
    def measure(self, images: GrayLevels, labels: Labels) -> tuple[float, int]: ...
    def kept_arrays(self) -> dict[str, NDArray[np.float32]]: ...
    def state(self) -> dict[str, NDArray[np.float32]]: ...
    def restore(self, state: dict[str, NDArray[np.float32]]) -> None: ...


def train(
    network: Network,
    dataset: Dataset,
    recipe: Recipe,
    out: str | Path | None = None,
    *,
    resume: bool = False,
    validation: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    checkpoint_every: int | None = None,
    source: Mapping[str, Any] | None = None,
    progress: Silent | None = None,
) -> Run:
    """Train a network on the training part of a data set, and keep everything in a run's folder.

    Under torchrun each process takes its share of every batch; only the first writes.

    Args:
        network: what to train.
        dataset: what to train on; its test part is not looked at.
        recipe: how; `recipes.recipe` gives the named ones, adapted to the network.
        out: the run's folder; None takes the first free ``runs/NETWORK-DATA-N``.
        resume: go on with the run in ``out`` exactly where its last checkpoint stands; start it if there is none.
        validation: examples cut from the training part; None takes a tenth, at most 5,000; 0 none (then the
            weights of the last epoch are the best).
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        threads: of the CPU; None takes one a core. Other numbers give other last bits.
        checkpoint_every: updates between checkpoints within an epoch; None keeps one an epoch.
        source: the arguments of `data.load` that gave ``dataset``, so that ``run.json`` can repeat it.
        progress: what shows how it goes.

    Raises:
        TrainingError: if the run cannot start or go on, or the loss is no longer a number.
        MissingExtra: without torch.
    """
    _check(network, dataset, recipe, threads, checkpoint_every)
    # Threads that spin while they wait make training many times slower beside any other busy process; this is read
    # when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from lenet.training.learner import TorchLearner, choose_device, default_threads, reproducible
    except MissingExtra:
        raise MissingExtra("torch", "train", "training") from None
    worker = Worker.from_environment()
    resume = resume or (worker.restarts > 0 and out is not None)
    stored = _stored_settings(out) if resume else {}
    device = choose_device(stored.get("device", device) if device == "auto" else device, worker.local_rank)
    threads = threads or stored.get("threads") or default_threads()
    split = split_validation(dataset, _validation_examples(dataset, validation), _VALIDATION_SEED)
    settings = {
        "format": FORMAT,
        "network": network.to_json(),
        "data": {
            "name": dataset.name,
            "source": dict(source or {"name_or_path": dataset.provenance.get("origin", dataset.name)}),
            "training_sha256": fingerprint(dataset),
        },
        "recipe": recipe.to_json(),
        "validation": len(split.validation_labels),
        "device": device.partition(":")[0],
        "threads": threads,
        "processes": worker.world_size,
        "versions": versions(),
    }
    with Group(worker, cuda=device.startswith("cuda")) as group, reproducible(threads):
        run = group.from_first(begin(out, settings, resume=resume) if worker.is_first else Run(Path()))
        learner = TorchLearner(network, recipe, group, device)
        start = group.from_first(run.load_checkpoint() if worker.is_first else None)
        shown = progress if progress is not None and worker.is_first else Silent()
        with shown:
            _Training(network, recipe, split, learner, run, worker, settings, checkpoint_every or 0, shown).go(start)
    return run


@dataclass(frozen=True)
class _Training:
    """One run under way."""

    network: Network
    recipe: Recipe
    split: Split
    learner: Learner
    run: Run
    worker: Worker
    settings: dict[str, Any]
    checkpoint_every: int
    progress: Silent

    def go(self, start: Checkpoint | None) -> None:
        """All epochs from a checkpoint on."""
        epoch, step, history = 0, 0, list[Row]()
        if start is not None:
            epoch, step, history = start.epoch, start.step, start.history
            self.learner.restore(start.state)
            self.learner.start_totals(*start.totals)
            if self.worker.is_first:
                self.run.save_history(history)
        images = _fitted(self.split.train_images, self.network)
        held_out = _fitted(self.split.validation_images, self.network)
        done = epoch * len(images) + step * self.recipe.batch
        self.progress.start(self.recipe.epochs, len(images), done)
        for number in range(epoch, self.recipe.epochs):
            row = self._epoch(number, step, images, history)
            step = 0
            self._finish(row, held_out, history)
            self.learner.start_totals()
            if self.worker.is_first:
                self.run.save_checkpoint(Checkpoint(number + 1, 0, self.learner.state(), history=history))
            self.progress.epoch(row)

    def _epoch(self, epoch: int, first_step: int, images: GrayLevels, history: list[Row]) -> Row:
        recipe, labels, batch = self.recipe, self.split.train_labels, self.recipe.batch
        order, pictures = epoch_examples(images, recipe, epoch)
        steps = math.ceil(len(order) / batch)
        started = shown = time.perf_counter()
        rate = 0.0
        for step in range(first_step, steps):
            rows = order[step * batch : (step + 1) * batch]
            mine = self.worker.share(rows)
            rate = recipe.rate(epoch * steps + step, recipe.epochs * steps)
            self.learner.update(pictures[mine], labels[mine], len(rows), rate)
            now = time.perf_counter()
            if now - shown > _SHOWN_EVERY:
                shown = now
                self._show(epoch, step + 1, len(order), (step + 1 - first_step) * batch / (now - started))
            if self.checkpoint_every and (step + 1) % self.checkpoint_every == 0 and step + 1 < steps:
                totals = self.learner.gather_totals()
                if self.worker.is_first:
                    self.run.save_checkpoint(Checkpoint(epoch, step + 1, self.learner.state(), totals, history))
        seconds = time.perf_counter() - started
        loss, errors = self.learner.gather_totals()
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss} in epoch {epoch + 1}: the updates have diverged; "
                f"lower --learning-rate, which is {recipe.learning_rate}"
            )
        return {
            "epoch": epoch + 1,
            "loss": loss / len(order),
            "errors": errors,
            "error_rate": 100 * errors / len(order),
            "learning_rate": rate,
            "seconds": seconds,
            "images_per_second": (steps - first_step) * batch / seconds,
        }

    def _show(self, epoch: int, steps: int, examples: int, images_per_second: float) -> None:
        seen = min(steps * self.recipe.batch, examples)
        loss, errors = self.learner.running_totals()
        share = max(1, seen // self.worker.world_size)
        self.progress.advance(epoch + 1, epoch * examples + seen, loss / share, 100 * errors / share, images_per_second)

    def _finish(self, row: Row, held_out: GrayLevels, history: list[Row]) -> None:
        """Validate; keep the weights if they are the best so far; add the row to the history."""
        examples = len(held_out)
        before = [earlier["validation_errors"] for earlier in history]
        if examples:
            loss, errors = self.learner.measure(held_out, self.split.validation_labels)
            row |= {
                "validation_loss": loss / examples,
                "validation_errors": errors,
                "validation_error_rate": 100 * errors / examples,
            }
            row["best"] = not before or errors < min(before)
        else:
            row |= {"validation_loss": None, "validation_errors": None, "validation_error_rate": None, "best": True}
        if row["best"] and self.worker.is_first:
            self._save_best(row)
        history.append(row)

    def _save_best(self, row: Row) -> None:
        data = self.settings["data"]
        provenance = {
            "recipe": self.settings["recipe"],
            "data": {"name": data["name"], "training_sha256": data["training_sha256"]},
            "epoch": row["epoch"],
            "validation_examples": self.settings["validation"],
            "validation_error_rate": row["validation_error_rate"],
            **{key: self.settings[key] for key in ("device", "threads", "processes", "versions")},
        }
        kept = weights_files.Weights(self.network, self.learner.kept_arrays(), provenance)
        weights_files.save(self.run.best_path, kept)


def epoch_examples(images: GrayLevels, recipe: Recipe, epoch: int) -> tuple[NDArray[np.int64], GrayLevels]:
    """The order of an epoch, and its pictures, shifted, mirrored and distorted as the recipe says.

    Both follow from the recipe's seed and the epoch's number alone.
    """
    order_rng, *rngs = (np.random.default_rng((recipe.seed, epoch, purpose)) for purpose in range(4))
    changes: list[Callable[[GrayLevels], GrayLevels]] = []
    if limits := recipe.distortions:
        changes.append(lambda pictures: distort(pictures, rngs[0], limits))
    if recipe.shift:
        changes.append(lambda pictures: shift(pictures, rngs[1], recipe.shift))
    if recipe.flip:
        changes.append(lambda pictures: _mirror_half(pictures, rngs[2]))
    order = order_rng.permutation(len(images))
    for change in changes:
        images = change(images)
    return order, images


def _mirror_half(images: GrayLevels, rng: np.random.Generator) -> GrayLevels:
    mirrored = images.copy()
    chosen = rng.random(len(images)) < 0.5
    mirrored[chosen] = images[chosen][..., ::-1]
    return mirrored


def _fitted(images: GrayLevels, network: Network) -> GrayLevels:
    """Gray levels at the network's size, brought there once and not in every epoch; (N, H, W) where they are gray."""
    channels, height, width = network.input
    if (1, *images.shape[1:])[-3:] != network.input and len(images):
        levels = network_inputs(images, network.input, (0.0, 255.0))
        images = np.rint(levels).astype(np.uint8)
    return images.reshape(-1, height, width) if channels == 1 else images


def _validation_examples(dataset: Dataset, asked: int | None) -> int:
    return min(5_000, len(dataset.train_labels) // 10) if asked is None else asked


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
