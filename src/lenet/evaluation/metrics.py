"""Evaluation on labeled examples: error rate with its interval, confusions, mistakes, rejections."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.engine import Forward, choice, decide, engine_name, probabilities
from lenet.errors import UnknownName
from lenet.model import Model, load
from lenet.preprocess import GrayLevels

if TYPE_CHECKING:
    from lenet.data import Dataset

ENGINES = ("auto", *choice.ENGINES)

Labels = NDArray[np.int64]

_BATCH = 10_000
_Z95 = 1.959963984540054  # the standard normal's 97.5 % point


@dataclass(frozen=True)
class Mistake:
    """One misclassified example."""

    index: int
    actual: int
    predicted: int
    probability: float

    def __str__(self) -> str:
        return f"#{self.index}: {self.actual} read as {self.predicted} with probability {self.probability:.3f}"


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """The result of evaluating a network on labeled examples.

    Attributes:
        network, data, split: names of what was evaluated on what.
        class_names: by label.
        labels: int64 (N,).
        predictions: int64 (N,).
        probabilities: float32 (N, classes), summing to 1.
        margins: float32 (N,): the difference of the two largest outputs, or of the two
            smallest penalties, the reject criterion of [LeCun98, III-C].
    """

    network: str
    data: str
    split: str
    class_names: tuple[str, ...]
    labels: Labels
    predictions: Labels
    probabilities: NDArray[np.float32]
    margins: NDArray[np.float32]

    @property
    def examples(self) -> int:
        """Number of examples."""
        return len(self.labels)

    @property
    def errors(self) -> int:
        """Number of examples read as another class."""
        return int((self.predictions != self.labels).sum())

    @property
    def error_rate(self) -> float:
        """Percent, 0 to 100, as the papers print it."""
        return 100 * self.errors / self.examples

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of `error_rate`, in percent."""
        return wilson_interval(self.errors, self.examples)

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """(classes, classes): how many examples of each class (row) were read as each class (column)."""
        counts = np.zeros((self.probabilities.shape[1],) * 2, np.int64)
        np.add.at(counts, (self.labels, self.predictions), 1)
        return counts

    @property
    def class_errors(self) -> list[dict[str, Any]]:
        """For each class: name, errors, examples and error rate in percent (None where it has no examples)."""
        examples, right = self.confusion.sum(axis=1), self.confusion.diagonal()
        return [
            {
                "class": name,
                "errors": int(count - correct),
                "examples": int(count),
                "error_rate": 100 * float(count - correct) / count if count else None,
            }
            for name, count, correct in zip(self.class_names, examples, right, strict=False)
        ]

    def worst_mistakes(self, limit: int = 40) -> list[Mistake]:
        """The mistakes made with the greatest probability, worst first."""
        rows = np.flatnonzero(self.predictions != self.labels)
        confidences = self.probabilities[rows, self.predictions[rows]]
        order = np.lexsort((rows, -self.margins[rows], -confidences))
        return [
            Mistake(int(index), int(self.labels[index]), int(self.predictions[index]), float(probability))
            for index, probability in zip(rows[order][:limit], confidences[order][:limit], strict=True)
        ]

    @cached_property
    def rejection_curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Reject rates, and the error rates on the rest, both in percent, when the smallest margins are rejected first.

        Examples of equal margin are rejected together. The last entry rejects all: its error rate is 0.
        """
        order = np.argsort(self.margins, kind="stable")
        is_wrong = (self.predictions != self.labels)[order]
        rejects = np.concatenate([[0], np.flatnonzero(np.diff(self.margins[order])) + 1, [self.examples]])
        errors = is_wrong.sum() - np.concatenate([[0], np.cumsum(is_wrong)])[rejects]
        return 100 * rejects / self.examples, 100 * errors / np.maximum(self.examples - rejects, 1)

    def reject_rate(self, error_rate: float) -> float:
        """The smallest percent of examples that must be rejected for at most this error rate on the rest."""
        reject_rates, error_rates = self.rejection_curve
        return float(reject_rates[np.flatnonzero(error_rates <= error_rate)[0]])

    def to_json(self) -> dict[str, Any]:
        """The evaluation as plain values, with the 100 worst mistakes."""
        return {
            "network": self.network,
            "data": self.data,
            "split": self.split,
            "examples": self.examples,
            "errors": self.errors,
            "error_rate": self.error_rate,
            "interval_95": list(self.interval),
            "classes": self.class_errors,
            "confusion": self.confusion.tolist(),
            "rejects": [
                {"error_rate": rate, "reject_rate": self.reject_rate(rate)} for rate in (1.0, 0.5, 0.2, 0.1, 0.0)
            ],
            "worst_mistakes": [vars(mistake) for mistake in self.worst_mistakes(100)],
        }

    def __repr__(self) -> str:
        return f"Evaluation({self.network} on {self.data}, {self.split} split: {self})"

    def _repr_html_(self) -> str:
        from lenet.notebook import evaluation_html

        return evaluation_html(self)

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.error_rate:.2f} % error ({self.errors:,} of {self.examples:,}; "
            f"95 % interval {low:.2f} to {high:.2f} %)"
        )


def data_for(
    model: Model,
    name_or_path: str | Path,
    data_dir: str | Path | None = None,
    *,
    polarity: str = "auto",
    transpose: bool | None = None,
) -> "Dataset":
    """Load a data set as a model takes its pictures; arguments as of `lenet.data.load`."""
    from lenet.data import load as load_data
    from lenet.data import public_name
    from lenet.evaluation.orientation import warn_of_transposed_digits

    picture_kind = model.picture_kind
    if polarity == "auto" and public_name(name_or_path) is None:
        polarity = picture_kind.polarity
    dataset = load_data(
        name_or_path,
        data_dir,
        size=picture_kind.side,
        color=picture_kind.kind == "color",
        polarity=polarity,
        transpose=transpose,
    )
    if transpose is None:
        warn_of_transposed_digits(dataset)
    return dataset


def evaluate(
    model: Model | str | Path = "pretrained",
    data: "Dataset | str | Path" = "mnist",
    *,
    data_dir: str | Path | None = None,
    polarity: str = "auto",
    transpose: bool | None = None,
    split: str = "test",
    engine: str = "auto",
) -> Evaluation:
    """Evaluate a model on a part of a data set, by default the test split: error rate, confusions, rejections.

    Args:
        model: a model, its file, a run's folder, or a name that ships.
        data: a public data set's name, a path to your own, or a data set.
        data_dir: the folder where the files of a public data set lie already.
        polarity, transpose: of data of your own, given by its path; as `lenet.data.load` takes them.
        split: ``"test"`` or ``"train"``.
        engine: ``"auto"`` is what LENET_ENGINE asks for, else the best there is; or one of ENGINES by name.

    Raises:
        WeightsError: if the model's file is damaged.
        DataError: if the data is not found or downloaded, is damaged, or has a class that is none of the model's.
        UnknownName: if there is no such split, engine, data set or model.
        EngineError, MissingExtra: if the engine is not there, or cannot run the network.
    """
    from lenet.data import Dataset

    model = load(model)
    if engine not in ENGINES:
        raise UnknownName("engine", engine, ENGINES)
    network, dataset = model.network, data
    if not isinstance(dataset, Dataset):
        dataset = data_for(model, dataset, data_dir, polarity=polarity, transpose=transpose)
    dataset = dataset.with_classes(model.class_names)  # matched by name, never by index
    images, labels = dataset.part(split)
    predict = _predictor(model, engine)
    starts = range(0, len(images), _BATCH)
    outputs = np.concatenate([predict(images[start : start + _BATCH]) for start in starts])
    if model.reject_class is not None:  # no example is rejected: the most probable class is the prediction
        outputs = np.delete(outputs, model.reject_class, axis=1)
    return evaluate_outputs(network, outputs, labels, data=dataset.name, split=split, class_names=dataset.class_names)


def evaluate_outputs(
    network: Network,
    outputs: NDArray[np.float32],
    labels: Labels,
    *,
    data: str = "",
    split: str = "test",
    class_names: Sequence[str] | None = None,
) -> Evaluation:
    """Compare a network's outputs, (N, classes), with the labels, (N,)."""
    best_two = np.sort(outputs if network.smallest_wins else -outputs, axis=1)[:, :2]
    return Evaluation(
        network=network.name,
        data=data,
        split=split,
        class_names=tuple(class_names or map(str, range(outputs.shape[1]))),
        labels=labels.astype(np.int64),
        predictions=decide(network, outputs),
        probabilities=probabilities(network, outputs),
        margins=best_two[:, -1] - best_two[:, 0],
    )


def wilson_interval(errors: int, examples: int) -> tuple[float, float]:
    """The 95 % score interval of an error rate, in percent [Wilson27]; it stays within 0 to 100.

    >>> [round(limit, 2) for limit in wilson_interval(82, 10_000)]
    [0.66, 1.02]
    """
    rate, spread = errors / examples, _Z95**2 / examples
    center = (rate + spread / 2) / (1 + spread)
    half_width = math.sqrt(spread * (rate * (1 - rate) + spread / 4)) / (1 + spread)
    low = 0.0 if errors == 0 else center - half_width
    high = 1.0 if errors == examples else center + half_width
    return 100 * low, 100 * high


def _predictor(model: Model, engine: str) -> Callable[[GrayLevels], NDArray[np.float32]]:
    if engine_name(engine) == "torch":
        from lenet.pytorch import TorchForward

        return TorchForward(model.network, model.parameters).predict
    return Forward(model.network, model.parameters, engine).predict
