"""From a row to its folder: teach or go on, measure, and write down what came out."""

import os
import platform
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from lenet.experiments import batches, boosting, digit_strings, folder
from lenet.experiments.metrics import assembled
from lenet.experiments.preparation import Material, prepare
from lenet.experiments.progress import NullProgress
from lenet.experiments.protocols import MEASUREMENTS, TrainedRow
from lenet.experiments.recipe import Recipe
from lenet.experiments.replicas import Group, MakeLanes, replicas, train
from lenet.experiments.request import Request
from lenet.experiments.rows import Part, Row, find
from lenet.experiments.streams import Stream
from lenet.experiments.threads import side_by_side
from lenet.model import Model
from lenet.sdnn.training import Plan
from lenet.training import Recipe as BatchRecipe

ORDER = 1_989  # the first order's seed; the others follow


def reproduce(
    row: Row,
    place: Path,
    request: Request | None = None,
    *,
    progress: NullProgress | None = None,
    make: MakeLanes = replicas,
) -> TrainedRow:
    """Reproduce a row in its folder, or go on with it; what it rests on is reproduced beside it first.

    Raises:
        TrainingError: if the folder holds something else, or a file in it is damaged, or another process trains into
            it, or the row cannot be changed so.
        DataError: if the data set cannot be had.
    """
    request, progress = request or Request(), progress or NullProgress()
    check(row, place, request)
    settings, material = _settings(row, request)
    with folder.begin(place, settings) as settings:
        below = {
            name: reproduce(find(name), place.parent / name, request, progress=progress, make=make)
            for name in row.rests_on
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


def check(row: Row, place: Path, request: Request) -> None:
    """Refuse, before anything begins, what cannot be done with a row, or with those that it rests on.

    Raises:
        TrainingError: if the row cannot be changed as asked, or a folder holds a run with other settings.
        DataError: if the data set cannot be had.
    """
    request.check(row)
    folder.check(place, _settings(row, request)[0])
    for name in row.rests_on:
        check(find(name), place.parent / name, request)


def _teach(
    row: Row,
    place: Path,
    request: Request,
    settings: dict[str, Any],
    material: Material,
    below: dict[str, TrainedRow],
    progress: NullProgress,
    make: MakeLanes,
) -> TrainedRow:
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
    return TrainedRow(row, settings, material, streams, taught_groups, machines, below, taught_batches, make=make)


def _teach_readers(
    row: Row,
    place: Path,
    plan: Plan,
    request: Request,
    settings: dict[str, Any],
    material: Material,
    progress: NullProgress,
) -> TrainedRow:
    """Teach the networks that are slid over strings, or open them."""
    amounts = digit_strings.QUICK if request.quick else digit_strings.Amounts()
    seeds = [seed for group in request.groups_of(row) for seed in group]
    learned, kept_back = amounts.split(material.training)
    progress.begin(row.name, len(seeds) * plan.passes * len(learned))
    readers = digit_strings.teach_readers(
        place / "lanes", plan, seeds, learned, kept_back, settings["data"], amounts=amounts, progress=progress
    )
    return TrainedRow(row, settings, material, {}, {}, [], {}, {}, readers, progress)


def _file_name(part: Part) -> str:
    return part.name.replace(",", "").replace(" ", "-")


def _measure_and_write(taught: TrainedRow, place: Path) -> None:
    row, settings = taught.row, taught.settings
    found = MEASUREMENTS[row.measurement](taught)
    history = [
        {"part": part, **line} for part, groups in taught.groups.items() for group in groups for line in group.history
    ]
    history += [{"part": part, **line} for part, batched in taught.batches.items() for line in batched.history]
    history += boosting.history_of(taught.machines) + digit_strings.history_of(taught.readers)
    if history:
        folder.save_history(place, history)
    if taught.readers:
        digit_strings.save_example(place, taught.material.test)
    _save_first_seed(taught, place)
    settings["results"] = {"measures": assembled(row, found.pop("figures"), _is_complete(row, settings)), **found}


def _save_first_seed(taught: TrainedRow, place: Path) -> None:
    """The networks of the first seed, whatever they are worth: never the best."""
    provenance = {"reproduction": taught.settings["name"], "seed": 0, "data": taught.settings["data"]}
    if taught.machines:
        for number, arrays in enumerate(taught.machines[0].arrays, 1):
            model = Model(taught.row.description(), arrays, {**provenance, "network_of_the_machine": number})
            model.save(place / f"weights-{number}.safetensors")
    elif taught.readers:
        taught.readers[0].save(place / "weights.safetensors")
    elif taught.groups:
        part, groups = next(iter(taught.groups.items()))
        model = Model(groups[0].network, groups[0].lanes.arrays(0), {**provenance, "part": part})
        model.save(place / "weights.safetensors")


def _recipes(row: Row, request: Request) -> dict[str, Any]:
    """How a row and its parts are taught, and how those rows that it rests on."""
    parts = {
        part.name: request.batch_recipe_of(own) if isinstance(own, BatchRecipe) else request.recipe_of(row, own)
        for part in row.parts
        if (own := part.recipe)
    }
    return {
        "recipe": (request.plan_of(row) or request.recipe_of(row)).to_json(),
        "parts": {name: recipe.to_json() for name, recipe in parts.items()},
        "below": {name: _recipes(find(name), request) for name in row.rests_on},
    }


def _settings(row: Row, request: Request) -> tuple[dict[str, Any], Material]:
    material = prepare(row, request.data_dir, validation=request.validation, quick=request.quick)
    network, groups = row.description(), request.groups_of(row)
    return {
        "format": folder.FORMAT,
        "name": row.name,
        "command": " ".join(["lenet reproduce", row.name, *request.options()]),
        "network": network.to_json(),
        "data": material.account,
        **_recipes(row, request),
        "passes": (request.plan_of(row) or request.recipe_of(row)).passes,
        "seeds": _seeds(row, request),
        "seeds_below": {name: _seeds(find(name), request) for name in row.rests_on},
        "orders": [ORDER + number for number in range(len(groups) if row.orders else 0)],
        "quick": request.quick,
        "tested_on": material.account["tested_on"],
        "versions": folder.versions(),
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "instructions": _instructions()},
    }, material


def _seeds(row: Row, request: Request) -> list[list[int]]:
    return [list(group) for group in request.groups_of(row)]


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
    asked = _recipes(row, Request())
    is_whole = all(settings[key] == value for key, value in asked.items()) and not settings["quick"]
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
