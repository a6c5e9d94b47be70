"""How good a network is on examples it has not seen: error rate with its interval, confusions, mistakes, rejections."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lenet import engine
from lenet.architecture import Network
from lenet.data import Dataset
from lenet.errors import DataError, UnknownName
from lenet.preprocess import GrayLevels, network_inputs
from lenet.weights import Weights, load

ENGINES = ("numpy", "torch")

Arrays = Mapping[str, NDArray[np.float32]]
Labels = NDArray[np.int64]

_AT_ONCE = 1_000
_Z95 = 1.959963984540054  # the standard normal's 97.5 % point


@dataclass(frozen=True)
class Mistake:
    """One example that was read as another class than its own."""

    index: int
    actual: int
    predicted: int
    probability: float

    def __str__(self) -> str:
        return f"#{self.index}: {self.actual} read as {self.predicted} with probability {self.probability:.3f}"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a network made of labelled examples.

    Attributes:
        network, data, split: names of what was evaluated on what.
        class_names: by label.
        labels: int64 (N,), what the examples are.
        predictions: int64 (N,), what they were read as.
        probabilities: float32 (N, classes), summing to 1.
        margins: float32 (N,), by how much the winner wins: the difference of the two largest outputs, or of the two
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

    def worst_mistakes(self, most: int = 40) -> list[Mistake]:
        """The mistakes made with the greatest probability, worst first."""
        wrong = np.flatnonzero(self.predictions != self.labels)
        certainty = self.probabilities[wrong, self.predictions[wrong]]
        order = np.lexsort((wrong, -self.margins[wrong], -certainty))
        return [
            Mistake(int(index), int(self.labels[index]), int(self.predictions[index]), float(chance))
            for index, chance in zip(wrong[order][:most], certainty[order][:most], strict=True)
        ]

    @cached_property
    def rejection_curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Reject rates, and the error rates on the rest, both in percent, when the smallest margins are refused first.

        Examples of equal margin are refused together. The last entry refuses all: its error rate is 0.
        """
        order = np.argsort(self.margins, kind="stable")
        wrong = (self.predictions != self.labels)[order]
        refused = np.concatenate([[0], np.flatnonzero(np.diff(self.margins[order])) + 1, [self.examples]])
        left = wrong.sum() - np.concatenate([[0], np.cumsum(wrong)])[refused]
        kept = self.examples - refused
        return 100 * refused / self.examples, 100 * left / np.maximum(kept, 1)

    def reject_rate(self, error_rate: float) -> float:
        """The smallest percent of examples that must be refused for at most this error rate on the rest."""
        rejected, remaining = self.rejection_curve
        return float(rejected[np.flatnonzero(remaining <= error_rate)[0]])

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values; of the mistakes the 100 worst."""
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

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.error_rate:.2f} % error ({self.errors:,} of {self.examples:,}; "
            f"95 % interval {low:.2f} to {high:.2f} %)"
        )


def evaluate(
    weights: Weights | str | Path, dataset: Dataset, *, split: str = "test", engine: str = "numpy"
) -> Evaluation:
    """Evaluate weights on a part of a data set, by default the test part.

    Args:
        weights: the weights, or their file.
        dataset: where the examples come from.
        split: ``"test"`` or ``"train"``.
        engine: ``"numpy"``, which needs nothing else, or ``"torch"``.

    Raises:
        WeightsError: if the file is damaged.
        DataError: if the data set has more classes than the network has outputs.
        UnknownName: if there is no such split or engine.
    """
    if not isinstance(weights, Weights):
        weights = load(weights)
    if engine not in ENGINES:
        raise UnknownName("engine", engine, ENGINES)
    network = weights.network
    if len(dataset.class_names) > network.classes:
        raise DataError(
            f"{dataset.name} has {len(dataset.class_names)} classes, but {network.name} has {network.classes} outputs"
        )
    images, labels = dataset.part(split)
    forward = _numpy_outputs if engine == "numpy" else _torch_outputs
    outputs = np.concatenate(
        [
            forward(weights, _inputs(network, images[start : start + _AT_ONCE]))
            for start in range(0, len(images), _AT_ONCE)
        ]
    )
    return judge(network, outputs, labels, data=dataset.name, split=split, class_names=dataset.class_names)


def judge(
    network: Network,
    outputs: NDArray[np.float32],
    labels: Labels,
    *,
    data: str = "",
    split: str = "test",
    class_names: Sequence[str] | None = None,
) -> Evaluation:
    """Compare a network's outputs, (N, classes), with the labels, (N,)."""
    two_best = np.sort(outputs if network.smallest_wins else -outputs, axis=1)[:, :2]
    return Evaluation(
        network=network.name,
        data=data,
        split=split,
        class_names=tuple(class_names or map(str, range(network.classes))),
        labels=labels.astype(np.int64),
        predictions=engine.decide(network, outputs),
        probabilities=engine.probabilities(network, outputs),
        margins=two_best[:, -1] - two_best[:, 0],
    )


def wilson_interval(errors: int, examples: int) -> tuple[float, float]:
    """The 95 % score interval of an error rate, in percent [Wilson27]; it stays within 0 to 100.

    >>> [round(limit, 2) for limit in wilson_interval(82, 10_000)]
    [0.66, 1.02]
    """
    rate, spread = errors / examples, _Z95**2 / examples
    center = (rate + spread / 2) / (1 + spread)
    half = math.sqrt(spread * (rate * (1 - rate) + spread / 4)) / (1 + spread)
    low = 0.0 if errors == 0 else center - half
    high = 1.0 if errors == examples else center + half
    return 100 * low, 100 * high


def draw_mistakes(evaluation: Evaluation, images: GrayLevels, most: int = 60, columns: int = 10) -> Image.Image:
    """A sheet of the worst mistakes: each picture, ink dark, over its class and what it was read as.

    Args:
        images: those that were evaluated, uint8 (N, H, W) or (N, C, H, W).
    """
    mistakes = evaluation.worst_mistakes(most)
    cell, text = 72, 30
    columns = max(1, min(columns, len(mistakes)))
    rows = math.ceil(len(mistakes) / columns)
    names = evaluation.class_names
    title = f"{evaluation.network} on {evaluation.data}: {evaluation}"
    width = max(columns * (cell + 8) + 8, 12 + round(_font(12).getlength(title)))
    sheet = Image.new("RGB", (width, 30 + rows * (cell + text + 8)), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((8, 8), title, "black", _font(12))
    for place, mistake in enumerate(mistakes):
        left, top = 8 + place % columns * (cell + 8), 30 + place // columns * (cell + text + 8)
        sheet.paste(_picture(images[mistake.index]).resize((cell, cell), Image.Resampling.NEAREST), (left, top))
        draw.rectangle((left - 1, top - 1, left + cell, top + cell), outline="#cccccc")
        for line, said in enumerate((names[mistake.actual], f"read {_name(names, mistake.predicted)}")):
            draw.text(
                (left, top + cell + 2 + 13 * line), _shortened(said, cell), ("#444444", "#b00020")[line], _font(11)
            )
    return sheet


def draw_confusion(evaluation: Evaluation) -> Image.Image:
    """The confusion matrix: a row for each class, a column for what it was read as; errors red, the right ones gray."""
    counts, names = evaluation.confusion, evaluation.class_names
    font, cell = _font(12), 46
    margin = 40 + round(max(font.getlength(_name(names, index)) for index in range(len(counts))))
    size = margin + cell * len(counts) + 8
    picture = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(picture)
    most_wrong = max(1, int((counts - np.diag(counts.diagonal())).max()))
    for row, column in np.ndindex(counts.shape):
        count, left, top = int(counts[row, column]), margin + column * cell, margin + row * cell
        pale = 255 - round(170 * math.sqrt(count / most_wrong)) if row != column else 232
        fill = (pale, pale, pale) if row == column else (255, pale, pale)
        draw.rectangle((left, top, left + cell - 2, top + cell - 2), fill=fill)
        if count:
            draw.text((left + cell / 2 - 1, top + cell / 2 - 1), f"{count:,}", "black", font, anchor="mm")
    for index in range(len(counts)):
        at = margin + index * cell + cell / 2
        draw.text((margin - 8, at), _name(names, index), "black", font, anchor="rm")
        draw.text((at, margin - 8), _shortened(_name(names, index), cell), "black", font, anchor="mb")
    draw.text((margin, 6), "read as", "#666666", font)
    draw.text((margin - 8, margin - 8), "is", "#666666", font, anchor="rb")
    return picture


def _inputs(network: Network, images: GrayLevels) -> NDArray[np.float32]:
    return network_inputs(images, network.input, network.input_range)


def _numpy_outputs(weights: Weights, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    return engine.forward(weights.network, weights.arrays, inputs)


def _torch_outputs(weights: Weights, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    from lenet.pytorch import build, load_arrays  # first, for its error where torch is missing

    import torch  # isort: skip

    module = build(weights.network)
    load_arrays(module, weights.arrays)
    with torch.inference_mode():
        return np.asarray(module(torch.from_numpy(inputs)).numpy())


def _picture(image: GrayLevels) -> Image.Image:
    """Dark ink on white for gray levels, as people write; colors as they are."""
    if image.ndim == 3 and len(image) == 3:
        return Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)))
    return Image.fromarray(255 - image.reshape(image.shape[-2:])).convert("RGB")


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def _name(names: Sequence[str], label: int) -> str:
    return names[label] if label < len(names) else str(label)


def _shortened(text: str, width: int) -> str:
    font = _font(11)
    while len(text) > 1 and font.getlength(text) > width:
        text = text[:-2] + "…"
    return text
