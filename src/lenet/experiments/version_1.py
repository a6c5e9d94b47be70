"""Folders of reproductions that version 0.1 began: their recipes and groups of networks, as they are kept now."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lenet.errors import TrainingError, WeightsError
from lenet.experiments.recipes import LENET_5
from lenet.model import read_safetensors
from lenet.records import Record, RecordError
from lenet.sdnn.windows import RECIPE, Cutting
from lenet.training import Recipe
from lenet.training.runs import Checkpoint, EpochRow

FORMAT = "lenet-reproduction-1"
_LOSSES = {"mean-squared-error": "sum-squared-error"}


def settings(record: Mapping[str, Any]) -> dict[str, Any]:
    """A row's ``run.json`` with its recipes as they are kept now."""
    return {**record, **_recipes(record)}


def _recipes(record: Mapping[str, Any]) -> dict[str, Any]:
    of_row = record["recipe"]
    return {
        "recipe": recipe(of_row),
        "passes": of_row["passes"] if "peak_rate" in of_row else len(of_row["rates"]),
        "parts": {name: recipe(of_part) for name, of_part in record["parts"].items()},
        "below": {name: _recipes(of_below) for name, of_below in record["below"].items()},
    }


def recipe(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe as it is kept now."""
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
        return {**LENET_5.to_json(), **unchanged, **renamed}
    return Recipe.from_json(values).to_json()


def reader_provenance(account: Record) -> dict[str, Any]:
    """What a model that reads strings says of how it was made, as it is said now."""
    kept = account.record("recipe").values
    return {
        **account.values,
        "recipe": {**recipe(kept), "seed": account.integer("seed", 0)},
        "passes": kept["passes"],
        "windows": {name: kept[name] for name in asdict(Cutting()) if name in kept},
    }


def checkpoint(folder: Path, seeds: Sequence[int], tested: int) -> Checkpoint | None:
    """Where a group of networks stands in the file that was kept for it, if there is no run of it yet.

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
            f"{path}: not readable as networks under way ({error}); delete it to start afresh"
        ) from None


def _row(record: Record, replicas: int, tested: int) -> EpochRow:
    """An epoch's row, of a pass."""
    errors, wrong = (record.integers(name, replicas) for name in ("train_errors", "test_errors"))
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
        "test_errors": list(wrong),
        "test_error_rate": (100 * np.array(wrong) / tested).tolist(),
        "best": False,
        **{name: record.values[name] for name in ("distinct",) if name in record},
    }
