"""Execution of a row's plan: train or resume, measure, and write the results into its folder."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from lenet.benchmarking.machine import processor
from lenet.engine import engine_name
from lenet.experiments import boosting, digit_strings, folder
from lenet.experiments.groups import Group, train_each, train_group
from lenet.experiments.metrics import compare_with_published
from lenet.experiments.plan import PartPlan, Plan, Request
from lenet.experiments.preparation import RowData, prepare
from lenet.experiments.protocols import MEASUREMENTS, TrainedRow
from lenet.experiments.rows import Row
from lenet.experiments.streams import PatternStream
from lenet.model import Model
from lenet.training.progress import NullProgress
from lenet.training.side_by_side import side_by_side

ORDER = 1_989  # the first order's seed; the others follow


def reproduce(
    row: Row, row_folder: Path, request: Request | None = None, *, progress: NullProgress | None = None
) -> TrainedRow:
    """Reproduce a row in its folder, or resume it; its dependencies are reproduced beside it first.

    Raises:
        TrainingError: if the folder holds something else, or a file in it is damaged, or another process trains into
            it, or the row cannot be changed so.
        DataError: if the data set can neither be found nor downloaded.
    """
    plan = (request or Request()).plan(row)
    _check(plan, row_folder)
    return _reproduce(plan, row_folder, progress or NullProgress())


def check(row: Row, row_folder: Path, request: Request) -> None:
    """Check a request against a row, its dependencies and their folders, before anything begins.

    Raises:
        TrainingError: if the row cannot be changed as asked, or a folder holds a run with other settings.
        DataError: if the data set can neither be found nor downloaded.
    """
    _check(request.plan(row), row_folder)


def _check(plan: Plan, row_folder: Path) -> None:
    folder.check(row_folder, _settings(plan, prepare(plan)))
    for name, dependency in plan.dependencies.items():
        _check(dependency, row_folder.parent / name)


def _reproduce(plan: Plan, row_folder: Path, progress: NullProgress) -> TrainedRow:
    data = prepare(plan)
    with folder.begin(row_folder, _settings(plan, data)) as settings:
        dependencies = {
            name: _reproduce(row_plan, row_folder.parent / name, progress)
            for name, row_plan in plan.dependencies.items()
        }
        is_new, start = "results" not in settings, time.monotonic()
        try:
            progress.begin(plan.row.name, _count_presented(plan, data))
            untrained = TrainedRow(plan, settings, data, dependencies, progress=progress)
            trained = (_train_readers if plan.windows else _train)(untrained, row_folder)
            if is_new:
                _measure_and_write(trained, row_folder)
        finally:
            if is_new:  # the time of a run that was stopped counts too
                settings["seconds"] = round(settings.get("seconds", 0.0) + time.monotonic() - start, 1)
                folder.save(row_folder, settings)
    return trained


def _train(untrained: TrainedRow, row_folder: Path) -> TrainedRow:
    """Train the row's networks, groups side by side, or load them."""
    plan, data, progress = untrained.plan, untrained.data, untrained.progress
    streams = {
        part.name: [
            PatternStream(data.training, ORDER + number, part.stream, part.examples, part.recipe.curvature_examples,
                          {name: data.description[name] for name in ("name", "training_sha256")})
            for number in range(len(plan.groups))
        ]
        for part in plan.parts
    }  # fmt: skip

    def train(part: PartPlan, number: int) -> Group:
        name = "" if part.name == "all" else f"{part.name}, "
        return train_group(
            row_folder / "groups" / f"{_file_name(part)}-{number + 1}", part.network, part.recipe, plan.groups[number],
            streams[part.name][number], data.test,
            progress.part(f"{name}order {number + 1} of {len(plan.groups)}"),
        )  # fmt: skip

    by_pattern = [part for part in plan.parts if part.recipe.optimizer == "sdlm"]
    jobs = [partial(train, part, number) for part in by_pattern for number in range(len(plan.groups))]
    results = iter(side_by_side(jobs, progress))
    groups = {part.name: [next(results) for _ in plan.groups] for part in by_pattern}
    for part in plan.parts:
        if part not in by_pattern:
            checkpoint = row_folder / "batches" / _file_name(part)
            groups[part.name] = [
                train_each(checkpoint, part.network, part.recipe, plan.seeds, data.training, data.test, progress)
            ]
    machines: list[boosting.Machine] = []
    if plan.row.measurement == "boosting":
        machines = boosting.train_machines(
            row_folder / "groups", plan.network, plan.recipe, groups["first"], data.training, data.test,
            amount=_amount(plan), progress=progress,
        )  # fmt: skip
    return replace(untrained, streams=streams, groups=groups, machines=machines)


def _train_readers(untrained: TrainedRow, row_folder: Path) -> TrainedRow:
    """Train the space-displacement networks, or load them."""
    plan = untrained.plan
    readers = digit_strings.train_readers(
        row_folder / "groups", plan, untrained.data.training, untrained.settings["data"],
        amounts=digit_strings.amounts_of(plan.quick), progress=untrained.progress,
    )  # fmt: skip
    return replace(untrained, readers=readers)


def _file_name(part: PartPlan) -> str:
    return part.name.replace(",", "").replace(" ", "-")


def _measure_and_write(trained: TrainedRow, row_folder: Path) -> None:
    settings = trained.settings
    results = MEASUREMENTS[trained.row.measurement](trained)
    if history := [*_history(trained)]:
        folder.save_history(row_folder, history)
    if trained.readers:
        digit_strings.save_example(row_folder, trained.data.test)
    _save_first_seed(trained, row_folder)
    figures = compare_with_published(
        trained.row, results.pop("figures"), _is_complete(trained.plan, settings["tested_on"])
    )
    settings["results"] = {"measures": figures, **results}


def _history(trained: TrainedRow) -> Iterator[dict[str, Any]]:
    """A row for each pass of each group."""
    for part, groups in trained.groups.items():
        for number, group in enumerate(groups):
            for row in group.history:
                yield {"part": part, "order": ORDER + number, **row}
    yield from boosting.history_of(trained.machines)
    yield from digit_strings.history_of(trained.readers)


def _save_first_seed(trained: TrainedRow, row_folder: Path) -> None:
    """Save the networks of the first seed, not the best ones."""
    provenance = {"reproduction": trained.settings["name"], "seed": 0, "data": trained.settings["data"]}
    if trained.machines:
        for number, arrays in enumerate(trained.machines[0].arrays, 1):
            model = Model(trained.plan.network, dict(arrays), {**provenance, "network_of_the_machine": number})
            model.save(row_folder / f"weights-{number}.safetensors")
    elif trained.readers:
        trained.readers[0].save(row_folder / "weights.safetensors")
    elif trained.groups:
        part, groups = next(iter(trained.groups.items()))
        model = Model(groups[0].network, dict(groups[0].parameters[0]), {**provenance, "part": part})
        model.save(row_folder / "weights.safetensors")


def _settings(plan: Plan, data: RowData) -> dict[str, Any]:
    return {
        "format": folder.FORMAT,
        "name": plan.row.name,
        "command": plan.command,
        "network": plan.network.to_json(),
        "data": data.description,
        **plan.recipes,
        "seeds": _seeds(plan),
        "seeds_below": {name: _seeds(dependency) for name, dependency in plan.dependencies.items()},
        "orders": [ORDER + number for number in range(len(plan.groups) if plan.row.orders else 0)],
        "quick": plan.quick,
        "tested_on": data.description["tested_on"],
        "versions": folder.versions(),
        "machine": {"processor": processor(), "cores": os.cpu_count(), "instructions": engine_name()},
    }


def _seeds(plan: Plan) -> list[list[int]]:
    return [list(group) for group in plan.groups]


def _amount(plan: Plan) -> boosting.Filter:
    return boosting.QUICK if plan.quick else boosting.Filter()


def _count_presented(plan: Plan, data: RowData) -> int:
    """Number of patterns that a row presents, over all groups; replicas count once."""
    pattern_count = len(data.training)
    if plan.windows:
        return digit_strings.count_windows(plan, pattern_count)
    patterns = 0
    for part in plan.parts:
        runs = len(plan.groups) if part.recipe.optimizer == "sdlm" else len(plan.seeds)
        patterns += runs * part.recipe.epochs * min(part.examples or pattern_count, pattern_count)
    if plan.row.measurement == "boosting":
        patterns += 2 * plan.passes * _amount(plan).patterns
    return patterns


def _is_complete(plan: Plan, tested_on: str) -> bool:
    """Whether the plan has the row's own recipes and test split; the number of seeds may differ."""
    return plan.recipes == Request().plan(plan.row).recipes and not plan.quick and tested_on == "the test part"
