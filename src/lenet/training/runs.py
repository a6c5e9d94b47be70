"""Runs on disk: folders that can be repeated, read at any moment, and resumed after a kill.

``run.json`` is written once, before the first update. After every epoch ``best.safetensors`` (if it is better) is
written before ``last.safetensors``, which holds the history too; ``history.jsonl`` follows from it. Each file is
replaced in one step, so a kill between two of them only makes the resumed run write the same bytes again.
"""

import hashlib
import json
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save as to_bytes

import lenet
from lenet.architecture import Network
from lenet.errors import LeNetError, TrainingError, WeightsError, reason_of
from lenet.files import LEFTOVERS, locked, write_atomically
from lenet.model import Model, model_bytes, read_safetensors
from lenet.model import load as load_model
from lenet.records import Record, RecordError, json_bytes, parse_json
from lenet.training.recipes import Recipe

if TYPE_CHECKING:
    from lenet.evaluation import Evaluation

FORMAT = "lenet-run-1"
MAX_THREADS = 1024
LOCK = ".lock"
RUNS = Path("runs")  # the folder of the runs that are given none
_MAX_NAME_LENGTH = 200  # bytes of a folder's name, of the 255 that file systems take

EpochRow = dict[str, Any]
"""One epoch: epoch, loss, errors, error_rate, validation_loss, validation_errors, validation_error_rate, test_errors,
test_error_rate, learning_rate, seconds, images_per_second, best; what replicas differ in as lists, a value for each;
a warning where the network is at chance."""


@dataclass(frozen=True)
class Checkpoint:
    """A run's position and state: after ``step`` updates of epoch ``epoch``, both counted from 0.

    Attributes:
        state: the learner's arrays.
        totals: loss and errors of the epoch so far; of replicas, arrays (R,).
        history: the rows of the epochs that are done.
        stream: the state of the stream before the epoch.
    """

    epoch: int
    step: int
    state: dict[str, NDArray[np.float32]]
    totals: tuple[Any, Any] = (0.0, 0)
    history: list[EpochRow] = field(default_factory=list)
    stream: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Run:
    """A run's folder and its files.

    Attributes:
        folder: its path.
        evaluation: of the best model on the test split, if `train` has just made it.
    """

    folder: Path
    evaluation: "Evaluation | None" = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder))

    def __repr__(self) -> str:
        return f"Run({self.folder})"

    def _repr_html_(self) -> str:
        from lenet.notebook import run_html

        return run_html(self)

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
        """The last checkpoint: weights, optimizer, position in the run."""
        return self.folder / "last.safetensors"

    @property
    def first_path(self) -> Path:
        """The initial model, if the recipe does not draw it."""
        return self.folder / "first.safetensors"

    @property
    def curves_path(self) -> Path:
        """The learning curves as a picture."""
        return self.folder / "curves.png"

    @property
    def evaluation_path(self) -> Path:
        """The evaluation of the best model on the test split."""
        return self.folder / "evaluation.json"

    @property
    def history_path(self) -> Path:
        """One line of JSON for each epoch."""
        return self.folder / "history.jsonl"

    @property
    def settings(self) -> dict[str, Any]:
        """The content of ``run.json``."""
        return read_settings(self.settings_path)

    @property
    def history(self) -> list[EpochRow]:
        """The rows of ``history.jsonl``; if it is damaged, of the last checkpoint, which it follows from.

        Raises:
            TrainingError: if neither can be read.
        """
        try:
            return read_history(map(parse_json, self.history_path.read_bytes().splitlines()))
        except FileNotFoundError:
            problem = f"{self.history_path}: no such file"
        except (OSError, RecordError) as error:
            problem = f"{self.history_path}: not a readable history ({error})"
        if checkpoint := self.load_checkpoint():
            return checkpoint.history
        raise TrainingError(f"{problem}; train with --out {self.folder} --resume to write it again")

    @property
    def warnings(self) -> list[str]:
        """Warnings of the last epoch, with advice; as `history`.

        One sentence if it answers no better than chance, none otherwise.
        """
        return [row["warning"] for row in self.history[-1:] if row.get("warning")]

    @property
    def best(self) -> EpochRow:
        """The row of the epoch whose weights ``best.safetensors`` holds; as `history`."""
        if best := [row for row in self.history if row["best"]]:
            return best[-1]
        raise TrainingError(f"{self.history_path}: no epoch in it is the best; train with --resume to write it again")

    @property
    def model(self) -> Model:
        """The best model; of a run of several seeds that of the first, whatever it is worth."""
        return self.models[0]

    @property
    def models(self) -> list[Model]:
        """The best model; of a run of several seeds the models of all, as they are after the last epoch."""
        checkpoint = None if self.best_path.exists() else self.load_checkpoint()
        if checkpoint is None:
            return [load_model(self.best_path)]
        settings = self.settings
        network = Network.from_json(settings["network"])
        return [
            Model(
                network,
                {name: checkpoint.state[f"weights.{name}"][index] for name in network.parameter_shapes()},
                {"seed": seed, "data": settings["data"]},
            )
            for index, seed in enumerate(settings["seeds"])
        ]

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Replace the last checkpoint, then the history that follows from it."""
        position = {
            "format": FORMAT,
            "epoch": checkpoint.epoch,
            "step": checkpoint.step,
            "totals": [np.asarray(total).tolist() for total in checkpoint.totals],
            "history": checkpoint.history,
            **({"stream": checkpoint.stream} if checkpoint.stream else {}),
        }
        write_atomically(self.last_path, to_bytes(checkpoint.state, metadata={"lenet": json.dumps(position)}))
        self.save_history(checkpoint.history)

    def save_history(self, history: list[EpochRow]) -> None:
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
            metadata, state = read_safetensors(self.last_path)
            if not_finite := [name for name, array in state.items() if not np.isfinite(array).all()]:
                raise RecordError(f"{not_finite[0]} holds a value that is not a finite number")
            position = Record.parsed(Record(metadata).text("lenet"))
            history = read_history(position.list("history"))
            epoch = position.integer("epoch", len(history), len(history))
            stream = dict(position.record("stream", default={}).values)
            return Checkpoint(epoch, position.integer("step", 0), state, _read_totals(position), history, stream)
        except (RecordError, WeightsError) as error:
            raise TrainingError(f"{self.last_path}: not a readable checkpoint ({error}); {_START_AGAIN}") from None


def _read_totals(position: Record) -> tuple[Any, Any]:
    if any(isinstance(total, list) for total in position.list("totals")):
        losses, error_counts = position.number_rows("totals", len(position.list("totals", 2)[0]))
        return np.array(losses), np.array(error_counts, np.int64)
    loss, errors = position.numbers("totals", 2)
    return loss, int(errors)


_START_AGAIN = "delete the file to start the run again"


def read_history(rows: Iterable[Any]) -> list[EpochRow]:
    """Validate the rows of a history.

    Raises:
        RecordError: if one lacks a value, or has one of another kind.
    """
    checked = []
    for number, row in enumerate(rows, 1):
        record = Record.of(row, f"epoch {number}")
        record.integer("epoch", number, number)
        for name in ("learning_rate", "seconds"):
            record.number(name, 0)
        record.boolean("best")
        record.text("warning", default=None)
        for name in ("validation_loss", "validation_errors", "validation_error_rate"):
            record.value(name)  # null where nothing is validated
        if isinstance(losses := record.value("loss"), list):
            for name in ("loss", "error_rate"):
                record.numbers(name, len(losses))
            record.integers("errors", len(losses))
            record.integers("test_errors", len(losses), default=[])
            record.numbers("test_error_rate", len(losses), default=[])
        else:
            record.number("loss")
            record.number("error_rate", 0)
            record.integer("errors", 0)
            for part in ("validation", "test"):
                record.number(f"{part}_loss", default=None)
                record.integer(f"{part}_errors", 0, default=None)
                record.number(f"{part}_error_rate", 0, default=None)
        checked.append(dict(record.values))
    return checked


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Create a folder and lock it for this process; a context.

    Raises:
        TrainingError: if another process has locked it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sentence = f"{folder}: another process is training into this folder; wait for it, or choose another with --out"
    with locked(folder / LOCK, lambda: TrainingError(sentence)):
        yield


@contextmanager
def begin(
    out: str | Path | None, settings: dict[str, Any], *, resume: bool = False, start: Model | None = None
) -> Iterator[Run]:
    """Create the folder of a new run with its ``run.json``, or open an old one to resume; a context that locks it.

    Args:
        out: the folder; None takes the first free ``runs/NETWORK-DATA-N``.
        settings: the content of ``run.json``.
        resume: go on with the run that is there, if there is one.
        start: the initial model, if the recipe does not draw it.

    Raises:
        TrainingError: if there is a run and ``resume`` is not set, or it was begun with other settings, or another
            process trains into it, or a file of it cannot be written.
    """
    if out is None:
        run = Run(_create_free_folder(f"{settings['network']['name']}-{settings['data']['name']}"))
    else:
        run = Run(Path(out))
        if run.folder.exists() and not run.folder.is_dir():
            raise TrainingError(f"{out}: is a file, expected a folder for the run")
    with resumable_writes(run.folder), locked_folder(run.folder):
        _prepare(run, settings, resume, start)
        yield run


@contextmanager
def resumable_writes(folder: Path) -> Iterator[None]:
    """Context in which files of a run are written.

    Raises:
        TrainingError: in place of an OSError, as of a full disk.
    """
    try:
        yield
    except OSError as error:
        raise TrainingError(
            f"{error.filename or folder}: cannot be written ({reason_of(error)}); "
            f"resume the run in {folder} as soon as it can be"
        ) from None


def _prepare(run: Run, settings: dict[str, Any], resume: bool, start: Model | None) -> None:
    if run.settings_path.exists():
        stored = run.settings
        if not resume:
            raise TrainingError(
                f"{run.folder}: holds a run of {stored['network']['name']} on {stored['data']['name']} already; "
                "add --resume to go on with it, or choose another folder with --out"
            )
        _check_same_settings(run, stored, settings)
    else:
        for path in (run.last_path, run.first_path):  # without run.json nobody can tell whose they are
            path.unlink(missing_ok=True)
        if start is not None:
            write_atomically(run.first_path, model_bytes(start))
        write_atomically(run.settings_path, json_bytes(settings, indent=2))
    for leftover in run.folder.glob(LEFTOVERS):  # of a process that was killed
        leftover.unlink(missing_ok=True)


def read_settings(path: str | Path) -> dict[str, Any]:
    """Read a ``run.json``, or the one in a run's folder; all that a run is repeated by is checked.

    Raises:
        TrainingError: if it cannot be read or is none, or a value in it is not what it should be.
    """
    path = Path(path)
    path = path / "run.json" if path.is_dir() else path
    try:
        values = parse_json(path.read_bytes())
    except FileNotFoundError:
        raise TrainingError(f"{path}: no such file; expected the run.json of a run") from None
    except (OSError, RecordError) as error:
        raise TrainingError(f"{path}: not readable as JSON ({error}); expected the run.json of a run") from None
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise TrainingError(f"{path}: is not the run.json of a run: no format {FORMAT!r}")
    try:
        return _checked_settings(Record(values))
    except LeNetError as error:
        raise TrainingError(f"{path}: is not the run.json of a run: {error}") from None


_SOURCE: dict[str, Callable[[Record, str], Any]] = {
    "name_or_path": Record.text,
    "data_dir": Record.text,
    "size": Record.integer,
    "color": Record.boolean,
    "polarity": Record.text,
    "transpose": Record.boolean,
}
"""Arguments of `data.load` and their readers."""


_NO_SOURCE = {"name_or_path": ""}
"""The source of a run whose data `data.load` does not load, and which another command than `train` repeats."""


def _checked_settings(record: Record) -> dict[str, Any]:
    Network.from_json(record.value("network"))
    Recipe.from_json(record.value("recipe"))
    data = record.record("data")
    data.text("name")
    data.text("training_sha256", default=None)
    source = data.record("source", default=_NO_SOURCE)
    if unknown := [name for name in source.values if name not in _SOURCE]:
        raise RecordError(f"data.source has an entry {unknown[0]!r}, expected {', '.join(_SOURCE)}")
    source.text("name_or_path")
    record.integer("validation", 0)
    record.integers("seeds", default=[])
    record.integer("threads", 1, MAX_THREADS, default=None)
    for name in ("engine", "device"):
        record.text(name, default=None)
    arguments = {name: _SOURCE[name](source, name) for name in source.values if name in source}
    return {**record.values, "data": {**data.values, **({"source": arguments} if "source" in data else {})}}


def versions(engine: str) -> dict[str, str]:
    """Versions that the bits of a result depend on: of torch only if it is the engine."""
    packages = ("numpy", "safetensors", *(["torch"] if engine == "torch" else []))
    installed = {name: metadata.version(name) for name in packages}
    return {"lenet": lenet.__version__, "python": platform.python_version(), **installed}


def fingerprint(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> str:
    """sha256 of the training images and labels."""
    digest = hashlib.sha256(repr(images.shape).encode())
    digest.update(np.ascontiguousarray(images).data)
    digest.update(np.ascontiguousarray(labels.astype("<i8")).data)
    return digest.hexdigest()


def _create_free_folder(name: str) -> Path:
    """Create the first free folder ``runs/NAME-N``; characters that no folder's name should hold become ``_``."""
    sanitized = "".join(character if character.isprintable() and character not in "/\\" else "_" for character in name)
    stem = sanitized.encode()[:_MAX_NAME_LENGTH].decode(errors="ignore")
    for number in count(1):
        folder = RUNS / f"{stem}-{number}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError("there is always a next number")


def _check_same_settings(run: Run, stored: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    if Network.from_json(stored["network"]) != Network.from_json(settings["network"]):
        raise TrainingError(
            f"{run.folder}: holds a run of {stored['network']['name']}, which differs from the "
            f"{settings['network']['name']} asked for; choose another folder with --out"
        )
    if any(stored["data"].get(name) != settings["data"].get(name) for name in ("training_sha256", "stream")):
        raise TrainingError(
            f"{run.folder}: was begun on {stored['data']['name']}, whose training split differs from that of the "
            f"{settings['data']['name']} given now; choose another folder with --out"
        )
    if stored.get("seeds") != settings.get("seeds"):
        raise TrainingError(f"{run.folder}: was begun with other seeds; choose another folder with --out")
    if stored.get("start") != settings.get("start"):
        raise TrainingError(
            f"{run.folder}: was begun from another model's parameters; leave the model out to go on, "
            "or choose another folder with --out"
        )
    stored_values = {**Recipe.from_json(stored["recipe"]).to_json(), "validation": stored["validation"]}
    for name, value in {**settings["recipe"], "validation": settings["validation"]}.items():
        if stored_values.get(name) != value:
            raise TrainingError(
                f"{run.folder}: was begun with {name} {stored_values.get(name)}, not {value}; "
                "leave that option out to go on, or choose another folder with --out"
            )
