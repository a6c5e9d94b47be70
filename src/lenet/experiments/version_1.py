"""Conversion of version 0.1's reproduction folders: recipes and groups of networks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lenet.errors import TrainingError, WeightsError
from lenet.model import read_safetensors
from lenet.records import Record, RecordError
from lenet.sdnn.windows import RECIPE, WindowParameters
from lenet.training import Recipe
from lenet.training.recipes import SDLM
from lenet.training.runs import Checkpoint, EpochRow

FORMAT = "lenet-reproduction-1"
_LOSSES = {"mean-squared-error": "sum-squared-error"}


def settings(record: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a row's ``run.json``."""
    return {**record, **_recipes(record)}


def _recipes(record: Mapping[str, Any]) -> dict[str, Any]:
    row_recipe = record["recipe"]
    return {
        "recipe": recipe(row_recipe),
        "passes": row_recipe["passes"] if "peak_rate" in row_recipe else len(row_recipe["rates"]),
        "parts": {name: recipe(part) for name, part in record["parts"].items()},
        "below": {name: _recipes(dependency) for name, dependency in record["below"].items()},
    }


def recipe(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a recipe."""
    record = Record.of(values, "recipe")
    if "peak_rate" in record:
        unchanged = {name: values[name] for name in ("batch", "loss", "j", "optimizer", "weight_decay", "ema")}
        return {**RECIPE.to_json(), **unchanged, "learning_rate": values["peak_rate"], "epochs": values["schedule"]}
    if "rates" in record and "optimizer" not in record:
        renamed = {
            "loss": _LOSSES.get(record.text("loss"), record.text("loss")),
            "epochs": len(record.list("rates")),
            "curvature_examples": record.integer("curvature_patterns", 1),
        }
        unchanged = {name: values[name] for name in ("j", "halved", "init", "rates", "mu")}
        return {**SDLM.to_json(), **unchanged, **renamed}
    return Recipe.from_json(values).to_json()


def reader_provenance(provenance: Record) -> dict[str, Any]:
    """Convert the provenance of a model that reads strings."""
    values = provenance.record("recipe").values
    return {
        **provenance.values,
        "recipe": {**recipe(values), "seed": provenance.integer("seed", 0)},
        "passes": values["passes"],
        "windows": {name: values[name] for name in asdict(WindowParameters()) if name in values},
    }


def checkpoint(folder: Path, seeds: Sequence[int], tested: int) -> Checkpoint | None:
    """Convert the checkpoint of a group of networks, if there is one and no run of it yet.

    Args:
        folder: of the group's run.
        seeds: of its networks.
        tested: test patterns.

    Raises:
        TrainingError: if the file is damaged, or holds other networks.
    """
    path = folder.parent.parent / "lanes" / f"{folder.name}.safetensors"
    if (folder / "last.safetensors").exists() or not path.exists():
        return None
    try:
        metadata, state = read_safetensors(path)
        metadata_record = Record.parsed(Record(metadata).text("lenet"))
        if metadata_record.record("settings").value("seeds") != list(seeds):
            raise RecordError("it holds other seeds")
        history = [_row(row, len(seeds), tested) for row in metadata_record.records("history")]
        return Checkpoint(len(history), 0, state, history=history)
    except (RecordError, WeightsError) as error:
        raise TrainingError(
            f"{path}: not readable as a checkpoint of networks ({error}); delete it to start afresh"
        ) from None


def _row(record: Record, replicas: int, tested: int) -> EpochRow:
    """Convert the row of a pass."""
    errors, test_errors = (record.integers(name, replicas) for name in ("train_errors", "test_errors"))
    examples, seconds = record.integer("patterns", 1), record.number("seconds", 0)
    return {
        "epoch": record.integer("pass", 1),
        "loss": list(record.numbers("loss", replicas)),
        "errors": list(errors),
        "error_rate": [100 * count / examples for count in errors],
        "examples": examples,
        "learning_rate": record.number("rate", 0),
        "seconds": seconds,
        "images_per_second": examples / max(seconds, 1e-9),
        **dict.fromkeys(("validation_loss", "validation_errors", "validation_error_rate")),
        "test_errors": list(test_errors),
        "test_error_rate": (100 * np.array(test_errors) / tested).tolist(),
        "best": False,
        **{name: record.values[name] for name in ("distinct",) if name in record},
    }
