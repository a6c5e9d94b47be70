"""Recognition: the probabilities of the ten digits for normalized images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.classes import digit_of, listed
from lenet.engine import Forward, engine_name, probabilities
from lenet.errors import ReadingError, WeightsError
from lenet.model import Model, pretrained
from lenet.reading.augmentation import views
from lenet.records import Record

LABELS = "0123456789"


@dataclass(frozen=True)
class Calibration:
    """Temperature and rejection thresholds of a network, kept in its weights' provenance.

    Attributes:
        temperature: outputs are divided by it before the softmax.
        min_probability: the minimum probability of an accepted answer where no maximum error rate is set.
        min_probability_in_line: the lower threshold between accepted neighbors.
        thresholds: (error rate, the minimum probability that keeps accepted answers below it), measured on validation
            data.
    """

    temperature: float = 1.0
    min_probability: float = 0.8
    min_probability_in_line: float = 0.8
    thresholds: tuple[tuple[float, float], ...] = field(default=())

    @classmethod
    def of(cls, model: Model) -> "Calibration":
        """The calibration stored with the weights, or the default one.

        Raises:
            WeightsError: if it is damaged.
        """
        with model.checked_provenance() as provenance:
            record = provenance.record("calibration", default={})
            min_probability = record.number("least", 0, 1, default=cls.min_probability)
            pairs = tuple((share, threshold) for share, threshold in record.number_rows("thresholds", 2))
            return cls(
                _temperature(record, cls.temperature),
                min_probability,
                record.number("least_in_line", 0, 1, default=min_probability),
                pairs,
            )

    @classmethod
    def of_one_view(cls, model: Model) -> "Calibration":
        """The calibration of a single pass, without `views`, where the weights have one; as `of`."""
        calibration = cls.of(model)
        with model.checked_provenance() as provenance:
            record = provenance.record("calibration of one view", default={})
            min_probability = record.number("least", 0, 1, default=calibration.min_probability)
            return replace(
                calibration, temperature=_temperature(record, calibration.temperature), min_probability=min_probability
            )

    def to_json(self) -> dict[str, Any]:
        """The calibration as plain values, as `of` reads them."""
        pairs = [list(pair) for pair in self.thresholds]
        return {
            "temperature": self.temperature,
            "least": self.min_probability,
            "least_in_line": self.min_probability_in_line,
            "thresholds": pairs,
        }

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

    def min_probability_for(self, max_error: float) -> float:
        """The minimum probability of an accepted answer that keeps their error rate below this share.

        Between two shares of the table the stricter threshold holds.

        Raises:
            WeightsError: if the table is missing, or does not go down that far.
        """
        if not self.thresholds:
            raise WeightsError("these weights carry no thresholds for a greatest error; the ones that ship do")
        fitting = [min_probability for share, min_probability in self.thresholds if share <= max_error]
        if not fitting:
            lowest = min(share for share, _ in self.thresholds)
            raise WeightsError(f"a greatest error of {max_error:.3%} was not measured; the lowest is {lowest:.3%}")
        return min(fitting)


def _temperature(record: Record, default: float) -> float:
    return record.number("temperature", 1e-3, 1e3, default=default)


def parse_share(name: str, text: str) -> float:
    """A share between 0 and 1 that somebody typed, as a number or in percent.

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
            f"{model.network.name} tells the classes {listed(model.class_names)} apart, and reading takes a model of "
            f"the digits 0 to 9{', all of them, since any may be written' if is_subset else ''}; "
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
            refusal for what is no digit; the one that ships with the package if None.
        max_error: the greatest share of accepted answers that may be wrong, as 0.005; the weights' own choice if None.

    Raises:
        WeightsError: if the classes are others, the model takes pictures in color, or its weights know nothing of
            ``max_error``.
        ReadingError: if ``max_error`` is no share.
        EngineError, MissingExtra: if LENET_ENGINE asks for an engine that is not there.
    """

    def __init__(self, model: Model | None = None, max_error: float | None = None) -> None:
        self.model = pretrained() if model is None else model
        network, arrays = self.model.network, self.model.parameters
        self._digits = _digit_outputs(self.model)
        self.calibration = Calibration.of(self.model)
        if max_error is not None and not (isinstance(max_error, int | float) and 0 < max_error < 1):
            raise ReadingError(f"max_error is {max_error!r}, expected a share between 0 and 1, as 0.005")
        if max_error is None:
            self.min_probability, self.min_probability_in_line = (
                self.calibration.min_probability,
                self.calibration.min_probability_in_line,
            )
        else:
            self.min_probability = self.min_probability_in_line = self.calibration.min_probability_for(max_error)
        self._max_error = max_error
        if engine_name() == "torch":
            from lenet.pytorch.forward import TorchForward

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
        augmented = views(images)
        outputs = self._predict(augmented.reshape(-1, *images.shape[1:]))
        return outputs.reshape(*augmented.shape[:2], outputs.shape[1])

    def rejects(self, probabilities: NDArray[np.float32], in_line: bool = False) -> bool:
        """Whether an answer with these probabilities, (10,), is not sure enough; ``in_line`` if its neighbours are."""
        return bool(probabilities.max() < (self.min_probability_in_line if in_line else self.min_probability))
