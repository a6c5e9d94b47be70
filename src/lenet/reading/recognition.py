"""Recognition: the probabilities of the ten digits for normalized images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.classes import digit_of, join_names
from lenet.engine import Forward, engine_name, probabilities
from lenet.errors import ReadingError, WeightsError
from lenet.model import Model, load, pretrained
from lenet.reading.augmentation import views
from lenet.records import Record

LABELS = "0123456789"
SURE = 0.9  # of a probability: so likely that nothing else is looked for; what weights that know none accept
_BATCH_SIZE = 2_048  # pictures whose views are in memory at once


@dataclass(frozen=True)
class Acceptance:
    """The minimum confidence of an accepted answer of one kind, measured on validation data.

    Attributes:
        min_confidence: where no maximum error rate is set.
        thresholds: (error rate, the minimum confidence that keeps accepted answers below it).
    """

    min_confidence: float
    thresholds: tuple[tuple[float, float], ...] = ()

    def in_record(self, record: Record) -> "Acceptance":
        """Read an acceptance from a record; values that are missing are those of this one.

        Raises:
            RecordError: if it is damaged.
        """
        pairs = tuple((share, threshold) for share, threshold in record.number_rows("thresholds", 2))
        return Acceptance(record.number("least", 0, 1, default=self.min_confidence), pairs or self.thresholds)

    def with_shares_of(self, other: "Acceptance", record: Record) -> "Acceptance":
        """Read an acceptance from a record whose thresholds are for the error rates of another; by default the other's.

        Raises:
            RecordError: if it is damaged.
        """
        values = record.numbers(
            "thresholds", len(other.thresholds), default=[threshold for _, threshold in other.thresholds]
        )
        pairs = tuple((share, threshold) for (share, _), threshold in zip(other.thresholds, values, strict=True))
        return Acceptance(record.number("least", 0, 1, default=self.min_confidence), pairs)

    def to_json(self) -> dict[str, Any]:
        """The acceptance as plain values, as `in_record` reads them."""
        return {"least": self.min_confidence, "thresholds": [list(pair) for pair in self.thresholds]}

    def min_confidence_for(self, max_error: float | None) -> float:
        """The minimum confidence of an accepted answer that keeps their error rate below this share.

        Between two shares of the table the stricter threshold holds.

        Raises:
            WeightsError: if the table is missing, or does not go down that far.
        """
        if max_error is None:
            return self.min_confidence
        if not self.thresholds:
            raise WeightsError("these weights have no thresholds for a maximum error rate; the pretrained ones do")
        fitting = [min_confidence for share, min_confidence in self.thresholds if share <= max_error]
        if not fitting:
            lowest = min(share for share, _ in self.thresholds)
            raise WeightsError(
                f"no threshold was measured for an error rate of {100 * max_error:g}%; the lowest is {100 * lowest:g}%"
            )
        return min(fitting)


@dataclass(frozen=True)
class Calibration:
    """Temperature and rejection thresholds of a network, kept in its weights' provenance.

    Attributes:
        temperature: outputs are divided by it before the softmax.
        digit: for the probability of a picture that is normalized already.
        single: for the confidence of a picture that holds one digit.
        line: for the confidence of a line that has so many digits that it can hardly be anything but a number.
        short_line: for that of any other line, whose digits must each be accepted by itself, too.
    """

    temperature: float = 1.0
    digit: Acceptance = Acceptance(SURE)
    single: Acceptance = digit
    line: Acceptance = digit
    short_line: Acceptance = Acceptance(0.93)

    @classmethod
    def of(cls, model: Model) -> "Calibration":
        """The calibration stored with the weights; what they lack is the default, or the digit's.

        Raises:
            WeightsError: if it is damaged.
        """
        with model.checked_provenance() as provenance:
            record = provenance.record("calibration", default={})
            digit = cls.digit.in_record(record)
            single, line = (
                default.with_shares_of(digit, record.record(kind, default={}))
                for kind, default in (("single", cls.single), ("line", cls.line))
            )
            short = cls.short_line.min_confidence
            short_line = Acceptance(
                short, tuple((share, max(threshold, short)) for share, threshold in line.thresholds)
            )
            return cls(_temperature(record, cls.temperature), digit, single, line, short_line)

    @classmethod
    def of_one_view(cls, model: Model) -> "Calibration":
        """The calibration of a single pass, without `views`, where the weights have one; as `of`."""
        calibration = cls.of(model)
        with model.checked_provenance() as provenance:
            record = provenance.record("calibration of one view", default={})
            return replace(
                calibration,
                temperature=_temperature(record, calibration.temperature),
                digit=calibration.digit.in_record(record),
            )

    def to_json(self) -> dict[str, Any]:
        """The calibration as plain values, as `of` reads them."""
        kinds: dict[str, dict[str, Any]] = {}
        for kind, acceptance in (("single", self.single), ("line", self.line)):
            kinds[kind] = {"least": acceptance.min_confidence}
            if acceptance.thresholds:  # else those of a normalized picture hold
                kinds[kind]["thresholds"] = [threshold for _, threshold in acceptance.thresholds]
        return {"temperature": self.temperature, **self.digit.to_json(), **kinds}

    def probabilities(
        self, network: Network, outputs: NDArray[np.float32], classes: Sequence[int] = range(len(LABELS))
    ) -> NDArray[np.float32]:
        """Class probabilities (N, classes) of outputs (views, N, outputs): softmax with temperature, mean over views.

        What a row lacks of 1 is the probability of none of the classes.

        Args:
            network: whose outputs these are.
            outputs: float32, as the network gives them.
            classes: the output of each class, in the order that is wanted.
        """
        flat_outputs = outputs.reshape(-1, outputs.shape[-1]) / np.float32(self.temperature)
        means: NDArray[np.float32] = probabilities(network, flat_outputs).reshape(outputs.shape).mean(axis=0)
        return np.take(means, classes, axis=1)


def _temperature(record: Record, default: float) -> float:
    return record.number("temperature", 1e-3, 1e3, default=default)


def parse_share(name: str, text: str) -> float:
    """Parse a share between 0 and 1, written as a number or in percent.

    Raises:
        ReadingError: if it is none; ``name`` is what the sentence calls it.

    >>> parse_share("max_error", "0.5%"), parse_share("max_error", "0.005")
    (0.005, 0.005)
    """
    number = text.strip().removesuffix("%")
    try:
        share = float(number) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        share = math.nan
    if not 0 < share < 1:
        hint = f"; {number.strip()} percent are '{number.strip()}%'" if share >= 1 and "%" not in text else ""
        raise ReadingError(f"{name} is {text!r}, expected a share between 0 and 1, as 0.5% or 0.005{hint}")
    return share


def _digit_outputs(model: Model) -> tuple[int, ...]:
    """The outputs of the ten digits of a model that reads them.

    Raises:
        WeightsError: if it does not.
    """
    outputs = model.digit_outputs
    if outputs is None:
        is_subset = all(digit_of(name) is not None for name in model.class_names)
        raise WeightsError(
            f"{model.network.name} tells the classes {join_names(model.class_names)} apart, and reading takes a model "
            f"of the digits 0 to 9{', all of them, since any may be written' if is_subset else ''}; "
            "lenet predict names the class of a picture by any model"
        )
    if model.is_color:
        raise WeightsError(
            f"{model.network.name} was trained on pictures in color, and reading takes a model of digits as ink; "
            "lenet predict names the class of a picture by any model"
        )
    return outputs


class Recognizer:
    """A trained network that reads digits: by the engine LENET_ENGINE asks for, else by the best.

    Args:
        model: one whose classes are the ten digits, under any of their names and in any order, with or without a
            reject class for what is no digit; the one that ships with the package if None.
        max_error: the maximum error rate of accepted answers, as 0.005; the weights' own choice if None.

    Raises:
        WeightsError: if the classes are others, the model takes pictures in color, or its weights know nothing of
            ``max_error``.
        ReadingError: if ``max_error`` is no share.
        EngineError, MissingExtra: if LENET_ENGINE asks for an engine that is not there.
    """

    def __init__(self, model: Model | None = None, max_error: float | None = None) -> None:
        self.model = pretrained() if model is None else load(model)
        network, arrays = self.model.network, self.model.parameters
        self._digits = _digit_outputs(self.model)
        self.calibration = Calibration.of(self.model)
        if max_error is not None and not (isinstance(max_error, int | float) and 0 < max_error < 1):
            raise ReadingError(f"max_error is {max_error!r}, expected a share between 0 and 1, as 0.005")
        self.min_probability = self.calibration.digit.min_confidence_for(max_error)
        self._max_error = max_error
        if engine_name() == "torch":
            from lenet.pytorch import TorchForward

            self._predict = TorchForward(network, arrays).predict
        else:
            self._predict = Forward(network, arrays).predict

    def __reduce__(self) -> tuple[type["Recognizer"], tuple[Model, float | None]]:
        return Recognizer, (self.model, self._max_error)  # an engine belongs to its process

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The probabilities (N, 10) of normalized digits, uint8 (N, 28, 28), ink-high: the mean over their `views`.

        What a row lacks of 1 is the probability that the picture is no digit.
        """
        return self.calibration.probabilities(self.model.network, self.outputs(images), self._digits)

    def outputs(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The network's outputs (views, N, outputs) for each of the `views` of normalized digits, uint8 (N, 28, 28)."""
        starts = range(0, max(len(images), 1), _BATCH_SIZE)
        batches = [self._outputs_of_batch(images[start : start + _BATCH_SIZE]) for start in starts]
        return batches[0] if len(batches) == 1 else np.concatenate(batches, axis=1)

    def _outputs_of_batch(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        augmented = views(images)
        outputs = self._predict(augmented.reshape(-1, *images.shape[1:]))
        return outputs.reshape(*augmented.shape[:2], outputs.shape[1])

    def rejects(self, probabilities: NDArray[np.float32]) -> bool:
        """Whether the answer to a normalized picture with these probabilities, (10,), is not sure enough."""
        return bool(probabilities.max() < self.min_probability)

    def accepts(self, confidence: float, kind: str) -> bool:
        """Whether an answer is sure enough.

        Args:
            confidence: 0..1, of a digit its probability, of a line what `average_over_views` gives it.
            kind: of answer, ``"digit"``, ``"single"``, ``"line"`` or ``"short_line"``: see `Calibration`.
        """
        acceptance: Acceptance = getattr(self.calibration, kind)
        return confidence >= acceptance.min_confidence_for(self._max_error)
