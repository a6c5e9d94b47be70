"""A run on disk: a folder that can be repeated, read at any moment, and gone on with after a kill.

``run.json`` is written once, before the first update. After every epoch ``best.safetensors`` (if it is better) is
written before ``last.safetensors``, which holds the history too; ``history.jsonl`` follows from it. Each file is
replaced in one step, so a kill between two of them only makes the resumed run write the same bytes again.
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

import lenet
from lenet.data import Dataset
from lenet.errors import TrainingError
from lenet.files import LEFTOVERS, write_atomically
from lenet.records import json_bytes
from lenet.weights import Weights
from lenet.weights import load as load_weights

FORMAT = "lenet-run-1"

Row = dict[str, Any]
"""One epoch: epoch, loss, error_rate, validation_loss, validation_errors, validation_error_rate, learning_rate, …"""


@dataclass(frozen=True)
class Checkpoint:
    """Where a run stands: after ``step`` updates of epoch ``epoch``, both counted from 0.

    Attributes:
        state: the learner's arrays.
        totals: loss and errors of the epoch so far.
        history: the rows of the epochs that are done.
    """

    epoch: int
    step: int
    state: dict[str, NDArray[np.float32]]
    totals: tuple[float, int] = (0.0, 0)
    history: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    """A run's folder and what lies in it."""

    folder: Path

    @property
    def settings_path(self) -> Path:
        """Everything needed to repeat the run."""
        return self.folder / "run.json"

    @property
    def best_path(self) -> Path:
        """The weights with the fewest validation errors."""
        return self.folder / "best.safetensors"

    @property
    def last_path(self) -> Path:
        """The last checkpoint: weights, optimizer, place in the run."""
        return self.folder / "last.safetensors"

    @property
    def history_path(self) -> Path:
        """One line of JSON for each epoch."""
        return self.folder / "history.jsonl"

    @property
    def settings(self) -> dict[str, Any]:
        """What ``run.json`` holds."""
        return read_settings(self.settings_path)

    @property
    def history(self) -> list[Row]:
        """The rows of ``history.jsonl``."""
        return [json.loads(line) for line in self.history_path.read_text("utf-8").splitlines()]

    @property
    def best(self) -> Row:
        """The row of the epoch whose weights ``best.safetensors`` holds."""
        return next(row for row in reversed(self.history) if row["best"])

    def weights(self) -> Weights:
        """The best weights."""
        return load_weights(self.best_path)

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Replace the last checkpoint, then the history that follows from it."""
        place = {
            "format": FORMAT,
            "epoch": checkpoint.epoch,
            "step": checkpoint.step,
            "totals": checkpoint.totals,
            "history": checkpoint.history,
        }
        write_atomically(self.last_path, to_bytes(checkpoint.state, metadata={"lenet": json.dumps(place)}))
        self.save_history(checkpoint.history)

    def save_history(self, history: list[Row]) -> None:
        """Replace the history."""
        write_atomically(self.history_path, "".join(json.dumps(row) + "\n" for row in history).encode())

    def load_checkpoint(self) -> Checkpoint | None:
        """The last checkpoint, or None if the run was stopped before its first.

        Raises:
            TrainingError: if the file is damaged or another kind of file.
        """
        if not self.last_path.exists():
            return None
        try:
            with safe_open(self.last_path, framework="numpy") as file:
                place = json.loads((file.metadata() or {})["lenet"])
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it has no __iter__)
            loss, errors = place["totals"]
            return Checkpoint(place["epoch"], place["step"], state, (loss, errors), place["history"])
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise TrainingError(
                f"{self.last_path}: not a readable checkpoint ({error}); delete the file to start the run again"
            ) from None


def begin(out: str | Path | None, settings: dict[str, Any], *, resume: bool = False) -> Run:
    """Make the folder of a new run and write ``run.json``, or open an old one to go on.

    Args:
        out: the folder; None takes the first free ``runs/NETWORK-DATA-N``.
        settings: what ``run.json`` shall hold.
        resume: go on with the run that is there, if there is one.

    Raises:
        TrainingError: if there is a run and ``resume`` is not set, or it was begun with other settings.
    """
    if out is None:
        run = Run(_free_folder(f"{settings['network']['name']}-{settings['data']['name']}"))
    else:
        run = Run(Path(out))
        if run.folder.exists() and not run.folder.is_dir():
            raise TrainingError(f"{out}: is a file, expected a folder for the run")
    if run.settings_path.exists():
        stored = run.settings
        if not resume:
            raise TrainingError(
                f"{run.folder}: holds a run of {stored['network']['name']} on {stored['data']['name']} already; "
                "add --resume to go on with it, or choose another folder with --out"
            )
        _refuse_other_settings(run, stored, settings)
    else:
        run.folder.mkdir(parents=True, exist_ok=True)
        run.last_path.unlink(missing_ok=True)  # without run.json nobody can tell whose it is
        write_atomically(run.settings_path, json_bytes(settings, indent=2))
    for unfinished in run.folder.glob(LEFTOVERS):  # of a process that was killed
        unfinished.unlink(missing_ok=True)
    return run


def read_settings(path: str | Path) -> dict[str, Any]:
    """What a ``run.json``, or the one in a run's folder, holds.

    Raises:
        TrainingError: if it cannot be read or is none.
    """
    path = Path(path)
    path = path / "run.json" if path.is_dir() else path
    try:
        settings = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise TrainingError(f"{path}: no such file; expected the run.json of a run") from None
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: not readable as JSON ({error}); expected the run.json of a run") from None
    if not isinstance(settings, dict) or settings.get("format") != FORMAT:
        raise TrainingError(f"{path}: is not the run.json of a run: no format {FORMAT!r}")
    if missing := [key for key in ("network", "data", "recipe", "validation") if key not in settings]:
        raise TrainingError(f"{path}: is not the run.json of a run: no entry {missing[0]!r}")
    return settings


def versions(engine: str) -> dict[str, str]:
    """What the bits of a result depend on beside its settings: torch only where it is the engine."""
    packages = ("numpy", "safetensors", *(["torch"] if engine == "torch" else []))
    installed = {name: metadata.version(name) for name in packages}
    return {"lenet": lenet.__version__, "python": platform.python_version(), **installed}


def fingerprint(dataset: Dataset) -> str:
    """sha256 of the training images and labels; the test part has no say in a run."""
    digest = hashlib.sha256(repr(dataset.train_images.shape).encode())
    digest.update(np.ascontiguousarray(dataset.train_images).data)
    digest.update(np.ascontiguousarray(dataset.train_labels.astype("<i8")).data)
    return digest.hexdigest()


def _free_folder(stem: str) -> Path:
    for number in count(1):
        folder = Path("runs") / f"{stem}-{number}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError("there is always a next number")


def _refuse_other_settings(run: Run, stored: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    if stored["network"] != settings["network"]:
        raise TrainingError(
            f"{run.folder}: holds a run of {stored['network']['name']}, which differs from the "
            f"{settings['network']['name']} asked for; choose another folder with --out"
        )
    if stored["data"]["training_sha256"] != settings["data"]["training_sha256"]:
        raise TrainingError(
            f"{run.folder}: was begun on {stored['data']['name']}, whose training part differs from that of the "
            f"{settings['data']['name']} given now; choose another folder with --out"
        )
    before = {**stored["recipe"], "validation": stored["validation"]}
    for name, value in {**settings["recipe"], "validation": settings["validation"]}.items():
        if before.get(name) != value:
            raise TrainingError(
                f"{run.folder}: was begun with {name} {before.get(name)}, not {value}; "
                "leave that option out to go on, or choose another folder with --out"
            )
