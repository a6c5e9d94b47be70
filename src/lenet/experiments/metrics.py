"""Metrics of trained networks: figures by seed, learning curves, rejection curves."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.evaluation import Evaluation
from lenet.evaluation.metrics import evaluate_outputs
from lenet.experiments.groups import Array, Group
from lenet.experiments.rows import Row
from lenet.experiments.statistics import summarize, verdict
from lenet.training.stream import Patterns

MEASURES = {
    "test_error": "test error",
    "train_error": "training error after the last pass",
    "train_error_while_learning": "training error during the last pass",
    "rejects_for_1": "rejected for 1 % error on the rest",
    "rejects_for_05": "rejected for 0.5 % error on the rest",
    "strings_right": "strings wholly right",
    "average_cost": "networks asked on average",
}
"""Metrics of rows, in percent; the last is how many networks of a boosted machine classify a pattern."""

REJECT_RATES = tuple(np.round(np.arange(0, 15.01, 0.25), 2).tolist())
"""The reject rates at which rejection curves are sampled, in percent."""

ValuesByMeasure = dict[tuple[str, str], list[float]]
"""By measure (a key of `MEASURES`) and part of the row, a value for each seed."""


def network_figures(network: Network, outputs: Iterable[Array], test: Patterns) -> tuple[ValuesByMeasure, list[float]]:
    """Compute error and reject rates of networks from their outputs (N, classes), and their mean rejection curve.

    Returns:
        Values by measure; and the error rates on the rest, in percent, at the reject rates `REJECT_RATES`.
    """
    evaluations = [evaluate_outputs(network, network_outputs, test.labels) for network_outputs in outputs]
    figures: ValuesByMeasure = {
        ("test_error", ""): [evaluation.error_rate for evaluation in evaluations],
        ("rejects_for_1", ""): [evaluation.reject_rate(1.0) for evaluation in evaluations],
        ("rejects_for_05", ""): [evaluation.reject_rate(0.5) for evaluation in evaluations],
    }
    return figures, np.mean([_error_rates_on_rest(evaluation) for evaluation in evaluations], axis=0).tolist()


def training_figures(groups: Sequence[Group], training: Sequence[Patterns]) -> ValuesByMeasure:
    """Compute error rates on the training patterns, after the last pass and while learning in it."""
    after = [rate for pair in zip(groups, training, strict=True) for rate in pair[0].error_rates(pair[1])]
    return {("train_error", ""): after, ("train_error_while_learning", ""): last_error_rates(groups, "errors")}


def last_error_rates(groups: Sequence[Group], key: str, test_examples: int = 0) -> list[float]:
    """Compute error rates of the last pass, in percent, for all seeds.

    Args:
        key: of the counts in an epoch's row: ``"errors"`` or ``"test_errors"``.
        test_examples: the number of test patterns; 0 for rates of the training patterns.
    """
    rows = [group.history[-1] for group in groups]
    return [100 * errors / (test_examples or row["examples"]) for row in rows for errors in row[key]]


def error_rates_by_pass(groups: Sequence[Group], key: str, test_examples: int = 0) -> NDArray[np.float64]:
    """Compute error rates of every pass, in percent: (passes, seeds); arguments as `last_error_rates`."""
    return np.concatenate(
        [
            np.array([100 * np.array(row[key]) / (test_examples or row["examples"]) for row in group.history])
            for group in groups
        ],
        axis=1,
    )


def compute_curves(groups: Sequence[Group], test_examples: int) -> dict[str, Any]:
    """Compute mean, standard deviation and extremes over seeds after each pass, for training and test."""
    curves_by_part = {}
    for name, key, patterns in (("train", "errors", 0), ("test", "test_errors", test_examples)):
        rates = error_rates_by_pass(groups, key, patterns)
        deviation = rates.std(axis=1, ddof=1) if rates.shape[1] > 1 else np.zeros(len(rates))
        curves_by_part[name] = {
            "mean": rates.mean(axis=1).tolist(),
            "deviation": deviation.tolist(),
            "low": rates.min(axis=1).tolist(),
            "high": rates.max(axis=1).tolist(),
        }
    return curves_by_part


def compare_with_published(row: Row, figures: ValuesByMeasure, is_complete: bool) -> list[dict[str, Any]]:
    """Summarize values by measure, and compare them with the published figures.

    Args:
        is_complete: whether everything was done as the row says; nothing is compared otherwise.
    """
    published = {(figure.measure, figure.part): figure for figure in row.published}
    table = []
    for (measure, part), values in figures.items():
        summary = summarize(values)
        entry: dict[str, Any] = {"measure": measure, "part": part, "values": values, **asdict(summary)}
        if figure := published.get((measure, part)):
            entry["published"] = {name: getattr(figure, name) for name in ("value", "source", "standard_error")}
            entry["verdict"] = verdict(summary, figure.value) if is_complete else "one"
        table.append(entry)
    return table


def largest_difference(measured: Sequence[float], published: Sequence[float], start: int = 3) -> dict[str, float]:
    """Find the largest difference of our mean curve and the printed one, after ``start`` passes.

    >>> largest_difference([9, 9, 9, 1.5, 1.0], [1, 1, 1, 1.4, 1.2])
    {'pass': 5, 'difference': -0.2}
    """
    differences = [
        measured_value - published_value for measured_value, published_value in zip(measured, published, strict=False)
    ]
    if len(differences) <= start:
        return {}
    number = max(range(start, len(differences)), key=lambda index: abs(differences[index]))
    return {"pass": number + 1, "difference": round(differences[number], 3)}


def _error_rates_on_rest(evaluation: Evaluation) -> NDArray[np.float64]:
    """Sample the error rates on the rest, in percent, at the reject rates `REJECT_RATES`."""
    reject_rates, error_rates = evaluation.rejection_curve
    return np.asarray(error_rates[np.searchsorted(reject_rates, REJECT_RATES)])
