"""Metrics of trained networks: figures by seed, learning curves, rejection curves."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.evaluation import Evaluation
from lenet.evaluation.metrics import evaluate_outputs
from lenet.experiments.groups import Array, Group
from lenet.experiments.rows import Row
from lenet.experiments.statistics import summarize, verdict
from lenet.experiments.streams import Patterns

MEASURES = {
    "test_error": "test error",
    "train_error": "training error after the last pass",
    "train_error_while_learning": "training error during the last pass",
    "rejects_for_1": "rejected for 1 % error on the rest",
    "rejects_for_05": "rejected for 0.5 % error on the rest",
    "strings_right": "strings wholly right",
    "average_cost": "networks asked on average",
}
"""Percent, but for the last."""

REJECTED = tuple(np.round(np.arange(0, 15.01, 0.25), 2).tolist())
"""The reject rates of rejection curves, in percent."""

Figures = dict[tuple[str, str], list[float]]
"""By measure and part, a figure for each seed."""


def network_figures(network: Network, outputs: Iterable[Array], test: Patterns) -> tuple[Figures, list[float]]:
    """Error and rejections of networks from their outputs (N, classes); and their mean curve over `REJECTED`."""
    evaluations = [evaluate_outputs(network, network_outputs, test.labels) for network_outputs in outputs]
    figures: Figures = {
        ("test_error", ""): [evaluation.error_rate for evaluation in evaluations],
        ("rejects_for_1", ""): [evaluation.reject_rate(1.0) for evaluation in evaluations],
        ("rejects_for_05", ""): [evaluation.reject_rate(0.5) for evaluation in evaluations],
    }
    return figures, np.mean([_remaining(evaluation) for evaluation in evaluations], axis=0).tolist()


def training_figures(groups: Sequence[Group], training: Sequence[Patterns]) -> Figures:
    """Errors on the training patterns, measured after the last pass and while learning in it."""
    after = [
        100 * errors / len(patterns)
        for group, patterns in zip(groups, training, strict=True)
        for errors in group.errors(patterns)
    ]
    return {("train_error", ""): after, ("train_error_while_learning", ""): last_rates(groups, "errors")}


def last_rates(groups: Sequence[Group], key: str, tested: int = 0) -> list[float]:
    """Error rates of the last pass, in percent, for all seeds; ``tested`` is the number of test patterns."""
    rows = [group.history[-1] for group in groups]
    return [100 * errors / (tested or row["examples"]) for row in rows for errors in row[key]]


def error_rates_by_pass(groups: Sequence[Group], key: str, tested: int = 0) -> NDArray[np.float64]:
    """Error rates in percent, (passes, seeds)."""
    return np.concatenate(
        [
            np.array([100 * np.array(row[key]) / (tested or row["examples"]) for row in group.history])
            for group in groups
        ],
        axis=1,
    )


def curves(groups: Sequence[Group], tested: int) -> dict[str, Any]:
    """Mean, standard deviation and extremes over seeds after each pass, for training and test."""
    spread_by_part = {}
    for name, key, patterns in (("train", "errors", 0), ("test", "test_errors", tested)):
        rates = error_rates_by_pass(groups, key, patterns)
        spread = rates.std(axis=1, ddof=1) if rates.shape[1] > 1 else np.zeros(len(rates))
        spread_by_part[name] = {
            "mean": rates.mean(axis=1).tolist(),
            "deviation": spread.tolist(),
            "low": rates.min(axis=1).tolist(),
            "high": rates.max(axis=1).tolist(),
        }
    return spread_by_part


def compare_with_published(row: Row, figures: Figures, is_complete: bool) -> list[dict[str, Any]]:
    """The figures with their summaries, and the published figures beside them.

    Args:
        is_complete: whether everything was done as the row says; nothing is compared otherwise.
    """
    published = {(figure.measure, figure.part): figure for figure in row.published}
    table = []
    for (measure, part), values in figures.items():
        summary = summarize(values)
        entry: dict[str, Any] = {"measure": measure, "part": part, "values": values, **summary.to_json()}
        if figure := published.get((measure, part)):
            entry["published"] = {
                "value": figure.value,
                "source": figure.source,
                "standard_error": figure.standard_error,
            }
            entry["verdict"] = verdict(summary, figure.value) if is_complete else "one"
        table.append(entry)
    return table


def largest_difference(measured: Sequence[float], published: Sequence[float], start: int = 3) -> dict[str, float]:
    """Largest difference of our mean curve and the printed one, after ``start`` passes.

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


def _remaining(evaluation: Evaluation) -> NDArray[np.float64]:
    """Error rates on the rest at the reject rates `REJECTED`."""
    reject_rates, error_rates = evaluation.rejection_curve
    return np.asarray(error_rates[np.searchsorted(reject_rates, REJECTED)])
