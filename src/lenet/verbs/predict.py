"""Classification of pictures by any model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from lenet.engine import probabilities
from lenet.errors import DataError, UnknownName, counted
from lenet.model import Model, load
from lenet.pictures.tensors import Tensor, array_of
from lenet.preprocess import fit_to_input
from lenet.verbs.pictures import network_picture

if TYPE_CHECKING:
    from PIL import Image

    Picture = str | Path | bytes | IO[bytes] | Image.Image | NDArray[Any] | Tensor
    Pictures = Picture | Sequence[Picture]


NEAR_CHANCE = 0.1  # of the way from chance to certainty


@dataclass(frozen=True, eq=False)
class Prediction:
    """Class probabilities of a picture.

    Attributes:
        class_name: the likeliest.
        probability: of that class, 0..1.
        probabilities: of every class by name, likeliest first; what they lack of 1 is the probability of no class.

    >>> guessed = Prediction("cat", 0.52, {"cat": 0.52, "dog": 0.48})
    >>> guessed.is_chance, guessed.none
    (True, 0.0)
    """

    class_name: str
    probability: float
    probabilities: dict[str, float]

    def top(self, count: int = 3) -> list[tuple[str, float]]:
        """The likeliest classes with their probabilities."""
        return list(self.probabilities.items())[:count]

    @property
    def none(self) -> float:
        """The probability of the reject class, none of the classes; 0 for a model without one."""
        return max(0.0, round(1 - sum(self.probabilities.values()), 6))

    @property
    def is_chance(self) -> bool:
        """Whether the likeliest class is about as likely as chance: less than a tenth of the way from there to 1.

        Chance is 1/classes: with ten classes 0.1, so that what is below 0.19 is as good as guessed.
        """
        chance = 1 / len(self.probabilities)
        return self.probability < chance + NEAR_CHANCE * (1 - chance)

    @property
    def remark(self) -> str:
        """Why the answer is unreliable; empty if it is not."""
        if self.none > self.probability:
            return f"more likely none of the classes ({self.none:.1%})"
        return "as likely as chance" if self.is_chance else ""

    def to_json(self, limit: int | None = None) -> dict[str, Any]:
        """Class, probabilities of so many likeliest classes, or of all, and the remark, as plain values."""
        rounded = {name: round(value, 4) for name, value in self.top(limit or len(self.probabilities))}
        return {
            "class": self.class_name,
            "probability": round(self.probability, 4),
            "probabilities": rounded,
            "none": round(self.none, 4),
            "remark": self.remark,
        }

    def __repr__(self) -> str:
        return f"Prediction({self.class_name!r}, {self.probability:.1%})"


@overload
def predict(
    model: Model | str | Path, pictures: list[Any] | tuple[Any, ...], *, fit: str = "pad"
) -> list[Prediction]: ...
@overload
def predict(model: Model | str | Path, pictures: Pictures, *, fit: str = "pad") -> Any: ...
def predict(model: Model | str | Path, pictures: Any, *, fit: str = "pad") -> Any:
    """Classify one picture, or each of many.

    Args:
        model: a model, its file, a run's folder, or a name that ships.
        pictures: a path, a picture file's bytes or stream, a Pillow image, an array or a tensor; or a list of these.
            Arrays are gray levels (H, W) or colors (H, W, 3) or (3, H, W), uint8, or float of 0..1; with one dimension
            more they are many pictures. (N, H, W) is one color picture only if the model takes color and N is 3;
            flattened pictures, as (N, 784), are refused.
            Arrays no larger than the network's input, or than the pictures it learned from, are taken as they are, as
            in data sets: 255 is ink. Larger ones and all other pictures come to the network's input as they did in
            training; a model of digits as ink takes the one that stands out most. Of a file with several pages the
            first is taken; `lenet predict` in the shell takes each.
        fit: how a whole picture becomes a square: ``"pad"`` with the color of its border, as class folders are read
            for training; ``"crop"`` to its middle; or ``"stretch"``.

    Returns:
        A `Prediction`; for a list or an array of many, a list of as many.

    Raises:
        DataError: if a picture cannot be opened, or an array is none.
        WeightsError, UnknownName: as `lenet.load`; or if there is no such fit.

    >>> one = np.zeros((28, 28), np.uint8)
    >>> one[4:24, 13:16] = 255
    >>> predict("lenet-5-relu", one).class_name
    '1'
    """
    model = load(model)
    from lenet.data import FITS
    from lenet.reading.recognition import Calibration

    if fit not in FITS:
        raise UnknownName("fit", str(fit), FITS)
    levels, are_many = gray_levels(model, pictures, fit)
    outputs = model._forward.predict(levels)
    rows = probabilities(model.network, outputs / np.float32(Calibration.of_one_view(model).temperature))
    predictions = [_prediction(model, row) for row in rows]
    return predictions if are_many else predictions[0]


def gray_levels(model: Model, pictures: Any, fit: str = "pad") -> tuple[NDArray[np.uint8], bool]:
    """Pictures as gray levels or colors of the network's size, uint8 (N, C, H, W), and whether they are many.

    Raises:
        DataError: as `predict`.
    """
    if isinstance(pictures, list | tuple):
        if not pictures:
            return np.empty((0, *model.network.input), np.uint8), True
        converted = [gray_levels(model, picture, fit) for picture in pictures]
        if any(are_many for _, are_many in converted):
            raise DataError("a list holds one picture each, got arrays of many; join them with numpy.concatenate")
        return np.concatenate([levels for levels, _ in converted]), True
    if isinstance(pictures, Tensor):
        pictures = array_of(pictures)
    if isinstance(pictures, np.ndarray):
        return _from_array(model, pictures, fit)
    return fit_to_input(network_picture(model, pictures, fit)[None], model.network.input), False


def _from_array(model: Model, array: NDArray[Any], fit: str) -> tuple[NDArray[np.uint8], bool]:
    channels, side = model.network.input[0], model.picture_kind.side
    shape = (channels, side, side) if model.is_color else (side, side)
    if array.ndim == 2 and array.shape[1] == math.prod(shape) != len(array):
        raise DataError(
            f"an array of shape {array.shape}, which may be {counted(len(array), 'flattened picture')}; "
            f"reshape it to {(len(array), *shape)}, or to {(1, *array.shape)} if it is one picture"
        )
    if array.dtype.kind == "f":
        if array.size and not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise DataError("an array with values outside 0..1; expected uint8 of 0..255, or fractions of 0..1")
        array = np.rint(array * 255).astype(np.uint8)
    if array.dtype != np.uint8 or array.ndim not in (2, 3, 4):
        raise DataError(
            f"an array of {array.dtype} and shape {array.shape}; expected uint8 or fractions of 0..1, "
            "(H, W), (H, W, 3), (N, H, W), (N, 3, H, W) or (N, H, W, 3)"
        )
    if array.shape[-1] == 1 and array.ndim > 2:
        array = array[..., 0]
    if 0 in array.shape[-2:] or (array.ndim > 2 and array.shape[-1] in (2, 4)):
        raise DataError(f"an array of shape {array.shape}; expected one or three channels, and at least one pixel")
    are_many = array.ndim == 4 or (array.ndim == 3 and 3 not in (array.shape[-1], channels == 3 and array.shape[0]))
    if array.ndim in (3, 4) and array.shape[-1] == 3:
        array = np.moveaxis(array, -1, -3)
    if not are_many:
        array = array[None]
    if max(array.shape[-2:]) > max(side, *model.network.input[1:]):  # no data set's, but a photo's
        array = np.stack([network_picture(model, _image_of(one), fit) for one in array])
    return fit_to_input(array, model.network.input), are_many


def _image_of(array: NDArray[np.uint8]) -> Image.Image:
    from PIL import Image

    if array.ndim == 3:
        array = np.moveaxis(array, 0, -1) if len(array) == 3 else array[0]
    return Image.fromarray(np.ascontiguousarray(array))


def _prediction(model: Model, values: NDArray[np.float32]) -> Prediction:
    if model.reject_class is not None:
        values = np.delete(values, model.reject_class)
    order = np.argsort(-values, kind="stable")
    by_name = {model.class_names[index]: float(values[index]) for index in order}
    first = next(iter(by_name))
    return Prediction(first, by_name[first], by_name)
