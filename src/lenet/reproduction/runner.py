"""From a row to its folder: teach or go on, measure, and write down what came out."""

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lenet.errors import TrainingError
from lenet.reproduction import boosting, folder
from lenet.reproduction.lanes import Group, MakeLanes, replicas, train
from lenet.reproduction.measurements import MEASUREMENTS, Taught
from lenet.reproduction.measures import assembled
from lenet.reproduction.preparation import Material, prepare
from lenet.reproduction.progress import Silent
from lenet.reproduction.recipe import Recipe
from lenet.reproduction.rows import Row, find
from lenet.reproduction.streams import Stream
from lenet.reproduction.workers import side_by_side
from lenet.weights import Weights
from lenet.weights import save as save_weights

_QUICK_SEEDS, _QUICK_CURVATURE = 2, 20
ORDER = 1_989  # the first order's seed; the others follow


@dataclass(frozen=True)
class Request:
    """What is asked of a row, and of the rows that it rests on.

    Attributes:
        seeds: so many in place of the row's own number.
        passes: only the first so many.
        quick: one pass over 200 patterns with two seeds, to see that all works; the figures mean nothing.
        validation: so many training patterns stand in for the test part, which is left alone.
        data_dir: where the data set's files lie.
        j, rate: other values than the recipe's, the second a factor of all rates; to be tried on validation patterns.
    """

    seeds: int | None = None
    passes: int | None = None
    quick: bool = False
    validation: int = 0
    data_dir: Path | None = None
    j: float | None = None
    rate: float = 1.0

    def __post_init__(self) -> None:
        if self.seeds is not None and not 1 <= self.seeds <= 1_000:
            raise TrainingError(f"{self.seeds} seeds were asked for; expected 1 to 1000")
        if self.validation < 0:
            raise TrainingError(f"{self.validation} patterns for validation were asked for; expected at least 0")
        if not 0 < self.rate < 1_000:
            raise TrainingError(f"the rates were to be multiplied by {self.rate}; expected a factor above 0")

    def recipe_of(self, row: Row) -> Recipe:
        """The row's recipe, changed as asked."""
        recipe = row.recipe if self.passes is None else row.recipe.limited_to(self.passes)
        if self.j is not None and recipe.loss == "map":
            recipe = replace(recipe, j=self.j)
        if self.rate != 1:
            recipe = replace(recipe, rates=tuple(self.rate * eta for eta in recipe.rates))
        return replace(recipe.limited_to(1), curvature_patterns=_QUICK_CURVATURE) if self.quick else recipe

    def groups_of(self, row: Row) -> tuple[tuple[int, ...], ...]:
        """The seeds of each group; a group is an order of presentation. None where a row teaches no network itself."""
        if not row.parts:
            return ()
        number = self.seeds or (_QUICK_SEEDS if self.quick else row.seeds)
        parts = np.array_split(np.arange(number), min(row.orders, number))
        return tuple(tuple(part.tolist()) for part in parts)

    def options(self) -> list[str]:
        """As they are given on the command line, those that change what comes out."""
        given = {"--seeds": self.seeds, "--passes": self.passes, "--validation": self.validation or None, "--j": self.j}
        options = [f"{name} {value}" for name, value in given.items() if value is not None]
        return options + ([f"--rate {self.rate:g}"] if self.rate != 1 else []) + (["--quick"] if self.quick else [])


def reproduce(
    row: Row,
    place: Path,
    request: Request | None = None,
    *,
    progress: Silent | None = None,
    make: MakeLanes = replicas,
) -> Taught:
    """Reproduce a row in its folder, or go on with it; what it rests on is reproduced beside it first.

    Raises:
        TrainingError: if the folder holds something else, or a file in it is damaged.
        DataError: if the data set cannot be had.
    """
    request, progress = request or Request(), progress or Silent()
    recipe, groups = request.recipe_of(row), request.groups_of(row)
    folder_settings, material = _settings(row, request, recipe, groups)
    settings = folder.begin(place, folder_settings)
    below = {
        name: reproduce(find(name), place.parent / name, request, progress=progress, make=make) for name in row.rests_on
    }
    is_new, started = "results" not in settings, time.monotonic()
    try:
        taught = _teach(row, place, request, settings, material, below, progress, make)
        if is_new:
            _measure_and_write(taught, place)
    finally:
        if is_new:  # the time of a run that was stopped counts too
            settings["seconds"] = round(settings.get("seconds", 0.0) + time.monotonic() - started, 1)
            folder.save(place, settings)
    return taught


def _teach(
    row: Row,
    place: Path,
    request: Request,
    settings: dict[str, Any],
    material: Material,
    below: dict[str, Taught],
    progress: Silent,
    make: MakeLanes,
) -> Taught:
    """Teach the row's networks, groups side by side, or open them."""
    recipe, groups = request.recipe_of(row), request.groups_of(row)
    progress.begin(row.name, _presented(row, recipe, groups, material, request.quick))
    streams = {
        part.name: [Stream(material.training, ORDER + g, part.stream, part.examples) for g in range(len(groups))]
        for part in row.parts
    }

    def teach(part: str, number: int) -> Group:
        return train(
            place / "lanes" / f"{part.replace(',', '')}-{number + 1}.safetensors",
            row.description(), recipe, groups[number], streams[part][number], material.test,
            stage=f"{'' if part == 'all' else part + ', '}order {number + 1} of {len(groups)}",
            progress=progress, make=make,
        )  # fmt: skip

    jobs = [partial(teach, part.name, number) for part in row.parts for number in range(len(groups))]
    done = iter(side_by_side(jobs, progress))
    taught_groups = {part.name: [next(done) for _ in groups] for part in row.parts}
    machines: list[boosting.Machine] = []
    if row.measurement == "boosting":
        machines = boosting.teach_machines(
            place / "lanes", row.description(), recipe, taught_groups["first"], material.training, material.test,
            amount=boosting.QUICK if request.quick else None, progress=progress, make=make,
        )  # fmt: skip
    return Taught(row, settings, material, streams, taught_groups, machines, below)


def _measure_and_write(taught: Taught, place: Path) -> None:
    row, settings = taught.row, taught.settings
    found = MEASUREMENTS[row.measurement](taught)
    history = [
        {"part": part, **line} for part, groups in taught.groups.items() for group in groups for line in group.history
    ]
    if history:
        folder.save_history(place, history + boosting.history_of(taught.machines))
    _save_first_seed(taught, place)
    settings["results"] = {"measures": assembled(row, found.pop("figures"), _is_complete(row, settings)), **found}


def _save_first_seed(taught: Taught, place: Path) -> None:
    """The networks of the first seed, whatever they are worth: never the best."""
    provenance = {"reproduction": taught.settings["name"], "seed": 0, "data": taught.settings["data"]}
    if taught.machines:
        for number, arrays in enumerate(taught.machines[0].arrays, 1):
            weights = Weights(taught.row.description(), arrays, {**provenance, "network_of_the_machine": number})
            save_weights(place / f"weights-{number}.safetensors", weights)
    elif taught.groups:
        group = next(iter(taught.groups.values()))[0]
        save_weights(
            place / "weights.safetensors", Weights(taught.row.description(), group.lanes.arrays(0), provenance)
        )


def _settings(
    row: Row, request: Request, recipe: Recipe, groups: Sequence[tuple[int, ...]]
) -> tuple[dict[str, Any], Material]:
    material = prepare(row, request.data_dir, validation=request.validation, quick=request.quick)
    network = row.description()
    return {
        "format": folder.FORMAT,
        "name": row.name,
        "command": " ".join(["lenet reproduce", row.name, *request.options()]),
        "network": network.to_json(),
        "data": material.account,
        "recipe": recipe.to_json(),
        "passes": recipe.passes,
        "seeds": [list(group) for group in groups],
        "orders": [ORDER + number for number in range(len(groups))],
        "quick": request.quick,
        "tested_on": material.account["tested_on"],
        "versions": folder.versions(),
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "instructions": _instructions()},
    }, material


def _presented(row: Row, recipe: Recipe, groups: Sequence[Sequence[int]], material: Material, quick: bool) -> int:
    """How many patterns a row presents, over all groups; those of 16 seeds at once count once."""
    whole = len(material.training)
    patterns = sum(recipe.passes * min(part.examples or whole, whole) * len(groups) for part in row.parts)
    if row.measurement == "boosting":
        amount = boosting.QUICK if quick else boosting.Filter()
        patterns += sum(map(len, groups)) * 2 * recipe.passes * amount.patterns
    return patterns


def _is_complete(row: Row, settings: dict[str, Any]) -> bool:
    """Whether everything was done as the row says, but for the number of seeds."""
    is_whole = settings["recipe"] == row.recipe.to_json() and not settings["quick"]
    return is_whole and settings["tested_on"] == "the test part"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _instructions() -> str:
    from lenet.engine import engine_name

    return engine_name()
