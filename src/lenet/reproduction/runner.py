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
from lenet.reproduction import batches, boosting, folder, strings
from lenet.reproduction.lanes import Group, MakeLanes, replicas, train
from lenet.reproduction.measurements import MEASUREMENTS, Taught
from lenet.reproduction.measures import assembled
from lenet.reproduction.preparation import Material, prepare
from lenet.reproduction.progress import Silent
from lenet.reproduction.recipe import Recipe
from lenet.reproduction.rows import Part, Row, find
from lenet.reproduction.streams import Stream
from lenet.reproduction.workers import side_by_side
from lenet.sdnn.teaching import Plan
from lenet.training import Recipe as BatchRecipe
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
        j, mu: other values than the recipe's, to be tried on validation patterns.
        rate: a factor for all rates.
        eta: one rate for all passes.
    """

    seeds: int | None = None
    passes: int | None = None
    quick: bool = False
    validation: int = 0
    data_dir: Path | None = None
    j: float | None = None
    mu: float | None = None
    rate: float = 1.0
    eta: float | None = None

    def __post_init__(self) -> None:
        if self.seeds is not None and not 1 <= self.seeds <= 1_000:
            raise TrainingError(f"{self.seeds} seeds were asked for; expected 1 to 1000")
        if self.validation < 0:
            raise TrainingError(f"{self.validation} patterns for validation were asked for; expected at least 0")
        if not 0 < self.rate < 1_000:
            raise TrainingError(f"the rates were to be multiplied by {self.rate}; expected a factor above 0")
        for name, value in (("eta", self.eta), ("mu", self.mu)):
            if value is not None and not 0 < value < 1:
                raise TrainingError(f"{name} is {value}; expected more than 0 and less than 1")

    def recipe_of(self, row: Row, own: Recipe | None = None) -> Recipe:
        """A row's recipe, or one of its parts' own, changed as asked; j is changed in the row's alone."""
        recipe = own or row.recipe
        recipe = recipe if self.passes is None else recipe.limited_to(self.passes)
        if self.j is not None and own is None and recipe.loss == "map":
            recipe = replace(recipe, j=self.j)
        if self.mu is not None:
            recipe = replace(recipe, mu=self.mu)
        if self.eta is not None:
            recipe = replace(recipe, rates=(self.eta,) * recipe.passes)
        if self.rate != 1:
            recipe = replace(recipe, rates=tuple(self.rate * eta for eta in recipe.rates))
        return replace(recipe.limited_to(1), curvature_patterns=_QUICK_CURVATURE) if self.quick else recipe

    def batch_recipe_of(self, own: BatchRecipe) -> BatchRecipe:
        """The recipe of a part that learns by mini-batches, with fewer passes if they are asked for."""
        return replace(own, epochs=min(own.epochs, 1 if self.quick else self.passes or own.epochs))

    def plan_of(self, row: Row) -> Plan | None:
        """How the network is taught that is slid over strings, changed as asked; None for all other rows.

        Raises:
            TrainingError: if it is to be changed where it has nothing to change, or validation has no string.
        """
        if row.plan is None:
            return None
        if 0 < self.validation < strings.DIGITS:
            raise TrainingError(
                f"{self.validation} patterns make no string of digits; expected {strings.DIGITS} or more"
            )
        for name, value in (("mu", self.mu), ("eta", self.eta)):
            if value is not None:
                raise TrainingError(f"{row.name} is taught by AdamW, which has no --{name} to change; leave it out")
        plan = row.plan if self.passes is None else row.plan.limited_to(self.passes)
        learning = plan.learning if self.j is None else replace(plan.learning, j=self.j)
        plan = replace(plan, learning=learning, peak_rate=self.rate * plan.peak_rate)
        return plan.limited_to(1) if self.quick else plan

    def groups_of(self, row: Row) -> tuple[tuple[int, ...], ...]:
        """The seeds of each group; a group is an order of presentation. None where a row teaches no network itself."""
        if not row.parts:
            return ()
        number = self.seeds or (_QUICK_SEEDS if self.quick else row.seeds)
        parts = np.array_split(np.arange(number), min(row.orders or number, number))
        return tuple(tuple(part.tolist()) for part in parts)

    def options(self) -> list[str]:
        """As they are given on the command line, those that change what comes out."""
        given = {"--seeds": self.seeds, "--passes": self.passes, "--validation": self.validation or None,
                 "--j": self.j, "--mu": self.mu, "--eta": self.eta}  # fmt: skip
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
    recipe, groups = request.plan_of(row) or request.recipe_of(row), request.groups_of(row)
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
    if plan := request.plan_of(row):
        return _teach_readers(row, place, plan, request, settings, material, progress)
    recipe, groups = request.recipe_of(row), request.groups_of(row)
    progress.begin(row.name, _presented(row, request, groups, material))
    streams = {
        part.name: [Stream(material.training, ORDER + g, part.stream, part.examples) for g in range(len(groups))]
        for part in row.parts
    }

    def teach(part: Part, own: Recipe | None, number: int) -> Group:
        return train(
            place / "lanes" / f"{_file_name(part)}-{number + 1}.safetensors",
            part.network or row.description(), request.recipe_of(row, own), groups[number],
            streams[part.name][number], material.test,
            stage=f"{'' if part.name == 'all' else part.name + ', '}order {number + 1} of {len(groups)}",
            progress=progress, make=make,
        )  # fmt: skip

    by_pattern = {part: part.recipe for part in row.parts if not isinstance(part.recipe, BatchRecipe)}
    jobs = [partial(teach, part, own, number) for part, own in by_pattern.items() for number in range(len(groups))]
    done = iter(side_by_side(jobs, progress))
    taught_groups = {part.name: [next(done) for _ in groups] for part in by_pattern}
    taught_batches = {
        part.name: batches.teach(
            place / "batches" / _file_name(part), part.network or row.description(),
            request.batch_recipe_of(part.recipe), [seed for group in groups for seed in group],
            material.training, material.test, progress,
        )
        for part in row.parts if isinstance(part.recipe, BatchRecipe)
    }  # fmt: skip
    machines: list[boosting.Machine] = []
    if row.measurement == "boosting":
        machines = boosting.teach_machines(
            place / "lanes", row.description(), recipe, taught_groups["first"], material.training, material.test,
            amount=boosting.QUICK if request.quick else None, progress=progress, make=make,
        )  # fmt: skip
    return Taught(row, settings, material, streams, taught_groups, machines, below, taught_batches)


def _teach_readers(
    row: Row,
    place: Path,
    plan: Plan,
    request: Request,
    settings: dict[str, Any],
    material: Material,
    progress: Silent,
) -> Taught:
    """Teach the networks that are slid over strings, or open them."""
    amounts = strings.QUICK if request.quick else strings.Amounts()
    seeds = [seed for group in request.groups_of(row) for seed in group]
    learned, kept_back = amounts.split(material.training)
    progress.begin(row.name, len(seeds) * plan.passes * len(learned))
    readers = strings.teach_readers(
        place / "lanes", plan, seeds, learned, kept_back, settings["data"], amounts=amounts, progress=progress
    )
    return Taught(row, settings, material, {}, {}, [], {}, {}, readers, progress)


def _file_name(part: Part) -> str:
    return part.name.replace(",", "").replace(" ", "-")


def _measure_and_write(taught: Taught, place: Path) -> None:
    row, settings = taught.row, taught.settings
    found = MEASUREMENTS[row.measurement](taught)
    history = [
        {"part": part, **line} for part, groups in taught.groups.items() for group in groups for line in group.history
    ]
    history += boosting.history_of(taught.machines) + strings.history_of(taught.readers)
    if history:
        folder.save_history(place, history)
    if taught.readers:
        strings.save_example(place, taught.material.test)
    _save_first_seed(taught, place)
    settings["results"] = {"measures": assembled(row, found.pop("figures"), _is_complete(row, settings)), **found}


def _save_first_seed(taught: Taught, place: Path) -> None:
    """The networks of the first seed, whatever they are worth: never the best."""
    provenance = {"reproduction": taught.settings["name"], "seed": 0, "data": taught.settings["data"]}
    if taught.machines:
        for number, arrays in enumerate(taught.machines[0].arrays, 1):
            weights = Weights(taught.row.description(), arrays, {**provenance, "network_of_the_machine": number})
            save_weights(place / f"weights-{number}.safetensors", weights)
    elif taught.readers:
        save_weights(place / "weights.safetensors", taught.readers[0])
    elif taught.groups:
        group = next(iter(taught.groups.values()))[0]
        save_weights(place / "weights.safetensors", Weights(group.network, group.lanes.arrays(0), provenance))


def _settings(
    row: Row, request: Request, recipe: Recipe | Plan, groups: Sequence[tuple[int, ...]]
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
        "orders": [ORDER + number for number in range(len(groups) if row.orders else 0)],
        "quick": request.quick,
        "tested_on": material.account["tested_on"],
        "versions": folder.versions(),
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "instructions": _instructions()},
    }, material


def _presented(row: Row, request: Request, groups: Sequence[Sequence[int]], material: Material) -> int:
    """How many patterns a row presents one by one, over all groups; those of 16 seeds at once count once."""
    whole = len(material.training)
    patterns = sum(
        len(groups) * request.recipe_of(row, part.recipe).passes * min(part.examples or whole, whole)
        for part in row.parts
        if not isinstance(part.recipe, BatchRecipe)
    )
    if row.measurement == "boosting":
        amount = boosting.QUICK if request.quick else boosting.Filter()
        patterns += 2 * request.recipe_of(row).passes * amount.patterns
    return patterns


def _is_complete(row: Row, settings: dict[str, Any]) -> bool:
    """Whether everything was done as the row says, but for the number of seeds."""
    is_whole = settings["recipe"] == (row.plan or row.recipe).to_json() and not settings["quick"]
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
