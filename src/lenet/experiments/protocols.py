"""Measurement protocols of each kind of row: figures by seed, and the data of its chart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lenet.experiments import digit_strings
from lenet.experiments.boosting import Machine, cascade
from lenet.experiments.details import PUBLISHED
from lenet.experiments.groups import Group, seconds_of_a_core
from lenet.experiments.metrics import (
    ValuesByMeasure,
    compute_curves,
    error_rates_by_pass,
    largest_difference,
    last_error_rates,
    network_figures,
    training_figures,
)
from lenet.experiments.plan import Plan
from lenet.experiments.preparation import RowData
from lenet.experiments.rows import Measurement, Row
from lenet.experiments.statistics import difference
from lenet.experiments.streams import PatternStream, invert_pixels
from lenet.experiments.transformations import TRANSFORMATIONS, transform_sweep
from lenet.model import Model
from lenet.training.progress import NullProgress
from lenet.training.stream import Patterns

_TEST_NOISE_SEED = 1_998


@dataclass(frozen=True, eq=False)
class TrainedRow:
    """A row with its trained networks.

    Attributes:
        plan: of the training.
        settings: the content of its run.json.
        data: its patterns.
        dependencies: the rows that it rests on.
        streams, groups: by part, one for each order.
        machines: of a boosted row.
        readers: of a row that reads strings, by seed.
        progress: reporter of the measurement.
    """

    plan: Plan
    settings: dict[str, Any]
    data: RowData
    dependencies: Mapping[str, "TrainedRow"]
    streams: Mapping[str, list[PatternStream]] = field(default_factory=dict)
    groups: Mapping[str, list[Group]] = field(default_factory=dict)
    machines: list[Machine] = field(default_factory=list)
    readers: list[Model] = field(default_factory=list)
    progress: NullProgress = field(default_factory=NullProgress)

    @property
    def row(self) -> Row:
        """The published result."""
        return self.plan.row


def _training(trained: TrainedRow) -> dict[str, Any]:
    groups, test = trained.groups["all"], trained.data.test
    outputs = [network_outputs for group in groups for network_outputs in group.outputs(test.images)]
    figures, remaining = network_figures(trained.row.description(), outputs, test)
    figures |= training_figures(groups, [stream.training() for stream in trained.streams["all"]])
    mean_curves = compute_curves(groups, len(test))
    results = {
        "figures": figures,
        "curves": mean_curves,
        "rejection": remaining,
        "by_order": _by_order(groups, len(test)),
    }
    if trained.row.curve:
        results["farthest"] = _largest_differences(trained.row, mean_curves)
    return results


def _boosting(trained: TrainedRow) -> dict[str, Any]:
    """Error of the ensemble, of the cascade, and of each network alone."""
    test, network = trained.data.test, trained.row.description()
    outputs = [machine.outputs(test.images) for machine in trained.machines]
    figures, remaining = network_figures(network, [three.sum(axis=0) for three in outputs], test)
    cascades = [cascade(three, machine.threshold) for three, machine in zip(outputs, trained.machines, strict=True)]
    figures[("average_cost", "")] = [cost for _, cost in cascades]
    cascade_figures, _ = network_figures(network, [cascade_outputs for cascade_outputs, _ in cascades], test)
    figures[("test_error", "the later two left out where the first is confident")] = cascade_figures[("test_error", "")]
    for index, position in enumerate(("first", "second", "third")):
        single_figures, _ = network_figures(network, [three[index] for three in outputs], test)
        figures[("test_error", f"the {position} network alone")] = single_figures[("test_error", "")]
    filtered = [machine.filtered for machine in trained.machines]
    first = trained.groups["first"]
    return {
        "figures": figures, "curves": compute_curves(first, len(test)), "rejection": remaining,
        "filtered_patterns": filtered,
        "by_order": _by_order(first, len(test)),
    }  # fmt: skip


def _learning_curve(trained: TrainedRow) -> dict[str, Any]:
    groups = trained.dependencies["lenet-5"].groups["all"]
    tested = len(trained.data.test)
    rates = error_rates_by_pass(groups, "test_errors", tested)
    figures: ValuesByMeasure = {
        ("test_error", f"pass {number}"): rates[number - 1].tolist() for number in (1, 10, 20) if number <= len(rates)
    }
    mean_curves = compute_curves(groups, tested)
    return {"figures": figures, "curves": mean_curves, "farthest": _largest_differences(trained.row, mean_curves)}


def _sizes(trained: TrainedRow) -> dict[str, Any]:
    tested = len(trained.data.test)
    rows = {
        "60,000": trained.dependencies["lenet-5"],
        "60,000 + 540,000 distorted": trained.dependencies["lenet-5-distorted"],
    }
    parts = dict(trained.groups) | {name: row.groups["all"] for name, row in rows.items()}
    figures: ValuesByMeasure = {}
    for part, groups in parts.items():
        figures[("test_error", part)] = last_error_rates(groups, "test_errors", tested)
        figures[("train_error_while_learning", part)] = last_error_rates(groups, "errors")
    return {"figures": figures}


def _rejections(trained: TrainedRow) -> dict[str, Any]:
    figures: ValuesByMeasure = {}
    for name, dependency in trained.dependencies.items():
        for result in dependency.settings["results"]["measures"]:
            if result["part"] == "" and result["measure"] in ("rejects_for_05", "test_error"):
                figures[(result["measure"], name)] = result["values"]
    remaining = {name: dependency.settings["results"]["rejection"] for name, dependency in trained.dependencies.items()}
    return {"figures": figures, "rejections": remaining}


def _noise(trained: TrainedRow) -> dict[str, Any]:
    test = trained.data.test
    noisy = Patterns(invert_pixels(test.images, np.random.default_rng(_TEST_NOISE_SEED)), test.labels)
    figures: ValuesByMeasure = {}
    for learned, groups in (
        ("clean", trained.dependencies["lenet-5"].groups["all"]),
        ("noisy", trained.groups["noisy"]),
    ):
        for tested, patterns in (("clean", test), ("noisy", noisy)):
            part = f"learned {learned}, tested {tested}"
            figures[("test_error", part)] = [rate for group in groups for rate in group.error_rates(patterns)]
    return {"figures": figures, "curves": compute_curves(trained.groups["noisy"], len(test))}


def _robustness(trained: TrainedRow) -> dict[str, Any]:
    test, figures = trained.data.test, ValuesByMeasure()
    series: dict[str, dict[str, Any]] = {
        transformation.name: {"amounts": list(transformation.amounts), **{name: [] for name in trained.dependencies}}
        for transformation in TRANSFORMATIONS
    }
    for transformation, amount, patterns in transform_sweep(test):
        for name, dependency in trained.dependencies.items():
            rates = [rate for group in dependency.groups["all"] for rate in group.error_rates(patterns)]
            series[transformation.name][name].append([float(np.mean(rates)), float(np.std(rates))])
            if amount in transformation.published_range:
                figures[("test_error", f"{name}, {transformation.name} {amount:g}".replace(" -", " −"))] = rates
    return {"figures": figures, "series": series}


def _ablation(trained: TrainedRow) -> dict[str, Any]:
    """Errors of each step, difference to the step before, and core seconds for each seed."""
    tested, baseline = len(trained.data.test), trained.dependencies["lenet-5"].groups["all"]
    figures: ValuesByMeasure = {}
    seconds: dict[str, float] = {}
    recipes = {PUBLISHED: trained.plan.recipe, **{part.name: part.recipe for part in trained.plan.parts}}
    for part, recipe in recipes.items():
        groups = trained.groups.get(part, baseline)
        figures[("test_error", part)] = last_error_rates(groups, "test_errors", tested)
        figures[("train_error_while_learning", part)] = last_error_rates(groups, "errors")
        core_seconds = [seconds_of_network for group in groups for seconds_of_network in group.seconds]
        if recipe.optimizer == "sdlm":
            core_seconds = [seconds_of_a_core(groups[0], recipe, trained.data.training)]
        seconds[part] = float(np.mean(core_seconds))
    errors = [values for (measure, _), values in figures.items() if measure == "test_error"]
    changes = [difference(*pair) for pair in zip(errors[1:], errors, strict=False)]
    return {"figures": figures, "seconds": seconds, "changes": dict(zip([*seconds][1:], changes, strict=True))}


def _strings(trained: TrainedRow) -> dict[str, Any]:
    amounts = digit_strings.amounts_of(trained.plan.quick)
    return digit_strings.measure(trained.readers, trained.data.test, amounts, trained.progress)


def _by_order(groups: list[Group], tested: int) -> list[float]:
    """The mean test error of each order's seeds after the last pass."""
    return [float(np.mean(last_error_rates([group], "test_errors", tested))) for group in groups]


def _largest_differences(row: Row, mean_curves: Mapping[str, Any]) -> dict[str, Any]:
    assert row.curve is not None
    return {
        name: largest_difference(mean_curves[name]["mean"], published)
        for name, published in zip(("train", "test"), row.curve, strict=True)
    }


MEASUREMENTS: dict[Measurement, Callable[[TrainedRow], dict[str, Any]]] = {
    "training": _training,
    "boosting": _boosting,
    "learning-curve": _learning_curve,
    "sizes": _sizes,
    "rejections": _rejections,
    "noise": _noise,
    "robustness": _robustness,
    "ablation": _ablation,
    "strings": _strings,
}
