"""A row's folder: ``run.json`` holds its settings and results, from which the other files follow.

``run.json`` is written before the first pass and once more, with the results, at the end; ``groups/`` holds the runs
of its networks; ``history.jsonl`` a line for each pass of each group; ``weights.safetensors`` the first seed's network.
"""

import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import lenet
from lenet.architecture import Network, with_current_keys
from lenet.engine.replicas import EQUAL_BITS
from lenet.errors import LeNetError, TrainingError
from lenet.experiments import version_1
from lenet.files import LEFTOVERS, write_result
from lenet.records import Record, RecordError, json_bytes, parse_json
from lenet.training.runs import locked_folder

FORMAT = "lenet-reproduction-2"

_COMPARED_SETTINGS = (
    "quick",
    "tested_on",
    "passes",
    "seeds",
    "orders",
    "recipe",
    "data",
    "network",
    "parts",
    "below",
    "seeds_below",
)


@contextmanager
def begin(folder: Path, settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Create the folder of a row, or open it to resume; a context that locks it and gives the content of run.json.

    Raises:
        TrainingError: if it holds something else, or another process trains into it.
    """
    check(folder, settings)  # before anything is made
    with locked_folder(folder):
        stored = check(folder, settings)
        if stored is None:
            save(folder, settings)
        for leftover in folder.rglob(LEFTOVERS):  # of a process that was killed
            leftover.unlink(missing_ok=True)
        yield settings if stored is None else stored


def check(folder: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """Read the run.json of a row's folder and compare it with the settings; None if there is none.

    Raises:
        TrainingError: if the folder holds something else than what ``settings`` ask for.
    """
    if folder.exists() and not folder.is_dir():
        raise TrainingError(f"{folder}: is a file, expected a folder for the run")
    if not (folder / "run.json").exists():
        return None
    stored = read(folder)
    if stored["name"] != settings["name"]:
        raise TrainingError(
            f"{folder}: holds {stored['name']}, not {settings['name']}; choose another folder with --out"
        )
    stored_values, current_values = _flatten(stored), _flatten(settings)
    for key, value in current_values.items():
        if stored_values.get(key) != value:
            stored_text, current_text = _setting_text(key, stored_values.get(key)), _setting_text(key, value)
            raise TrainingError(
                f"{folder}: was begun with {key} {stored_text}, not {current_text}; "
                "choose another folder with --out, or delete this one"
            )
    stored_bits, bits = (EQUAL_BITS.get(run["machine"]["instructions"], "") for run in (stored, settings))
    if "results" not in stored and stored_bits != bits:
        name = stored["machine"]["instructions"]
        raise TrainingError(
            f"{folder}: was begun by the engine {name}, whose last bits differ; set LENET_ENGINE={name}"
        )
    return stored


def save(folder: Path, settings: dict[str, Any]) -> None:
    """Replace run.json."""
    write_result(folder / "run.json", json_bytes(settings, indent=1))


def save_history(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Replace history.jsonl."""
    write_result(folder / "history.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())


def read(folder: Path) -> dict[str, Any]:
    """Read a row's run.json; its settings are checked here, its results by `checked_results`.

    Raises:
        TrainingError: if it cannot be read or is none, or a value in it is not what it should be.
    """
    path = folder / "run.json"
    try:
        settings = parse_json(path.read_bytes())
    except FileNotFoundError:
        raise TrainingError(f"{path}: no such file; expected the run.json of a reproduction") from None
    except (OSError, RecordError) as error:
        raise TrainingError(f"{path}: not readable as JSON ({error}); delete it to start again") from None
    if not isinstance(settings, dict) or settings.get("format") not in (FORMAT, version_1.FORMAT):
        raise TrainingError(f"{path}: is not the run.json of a reproduction: no format {FORMAT!r}")
    try:
        _check_settings(Record(settings))
        if settings["format"] == version_1.FORMAT:
            settings = version_1.settings(settings)
    except (LeNetError, LookupError, TypeError, AttributeError) as error:
        raise TrainingError(f"{path}: {error}; delete it to start again") from None
    return dict(settings) | {"network": with_current_keys(settings["network"])}


def _check_settings(record: Record) -> None:
    for name in ("name", "command", "tested_on"):
        record.text(name)
    record.boolean("quick")
    record.integer("passes", 0)
    for name in ("seeds", "orders"):
        record.list(name)
    for name in _NESTED:
        record.record(name, default={})
    Network.from_json(record.value("network"))
    machine = record.record("machine")
    machine.text("instructions")
    record.number("seconds", 0, default=0)
    if "results" in record:
        record.record("results").records("measures")


@contextmanager
def checked_results(folder: Path) -> Iterator[None]:
    """Convert any error from damaged results into a TrainingError of one sentence; a context.

    Every row has results of its own shape, and only what draws and prints them knows it.

    Raises:
        TrainingError: in place of whatever a value that is missing or of another kind leads to.
    """
    try:
        yield
    except (LeNetError, OSError):
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, StopIteration, RuntimeError) as error:
        raise TrainingError(
            f"{folder / 'run.json'}: its results are damaged ({type(error).__name__}: {error}); "
            "delete the file, and the same command measures again"
        ) from error


def versions() -> dict[str, str]:
    """Versions that the bits of a result depend on."""
    return {
        "lenet": lenet.__version__,
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "opencv": metadata.version("opencv-python-headless"),
    }


_NESTED = ("recipe", "data", "parts", "below", "seeds_below")


def _flatten(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that a resumed run must share, flattened: nested ones by their own names."""
    return {
        f"{key} {name}" if name else key: value
        for key in _COMPARED_SETTINGS
        for name, value in (settings.get(key, {}).items() if key in _NESTED else [("", settings[key])])
    }


def _setting_text(key: str, value: Any) -> str:
    """Format a value for an error message: of seeds, their number, and that in each order."""
    if key.startswith("seeds") and isinstance(value, list):
        numbers = [len(group) for group in value]
        return f"{sum(numbers)} ({' + '.join(map(str, numbers))})" if len(numbers) > 1 else str(sum(numbers))
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"
