"""Scikit-learn classifier of pictures: any network, trained in memory by the engine."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lenet import networks
from lenet.architecture import Network
from lenet.engine import probabilities
from lenet.errors import DataError, TrainingError, counted, required
from lenet.model import Model
from lenet.preprocess import GrayLevels, fit_to_input
from lenet.training.devices import choose_device
from lenet.training.distributed import Worker
from lenet.training.learners import learner_on
from lenet.training.loop import train_epochs
from lenet.training.recipes import Recipe, check_loss, recipe
from lenet.training.runs import MAX_THREADS
from lenet.training.stream import DatasetStream, Examples, padded_to_input

with required("scikit-learn", "estimator", "LeNetClassifier"):
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data

_MIN_UPDATES = 500  # of a fit whose epochs are not given, so that a few hundred pictures are learned, too
_LANES = 16  # pictures that the engine takes at once, on any processor


class LeNetClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A LeNet as a scikit-learn classifier.

    Pictures are rows, as scikit-learn has them, (n, 784) for 28 × 28, or arrays (n, height, width), (n, height, width,
    3) or (n, 3, height, width). uint8 is taken as it is, 0 for background and 255 for ink; of other numbers the
    smallest and the largest that `fit` sees become background and ink. Small pictures are enlarged by whole factors and
    get background around them, up to the network's size; larger ones are reduced.

    Args:
        network: a network's name, or its description.
        recipe: how it is trained: ``"fast"``, ``"default"``, ``"best"``, … or a `Recipe`.
        epochs: None takes the recipe's, and for few pictures as many as make 500 updates.
        batch, learning_rate: None takes the recipe's.
        image_shape: (height, width) or (channels, height, width) of the pictures that rows hold; None takes rows for
            squares. What does not fill a square is laid out in the next larger one, with a warning.
        threads: of the engine; None takes one per core.
        random_state: of the first weights, the order and the augmentation; a number gives the same model each time.

    Attributes:
        classes_: the labels, sorted.
        model_: the `Model`, to be saved, exported and opened up.
        history_: a row for each epoch: loss, errors, seconds.
        value_range_: what background and ink are in ``X``.

    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = LeNetClassifier(random_state=0).fit(X[:1200], y[:1200])
    >>> classifier.score(X[1200:], y[1200:]) > 0.9
    True
    """

    def __init__(
        self,
        network: str | Network = "lenet-5-relu",
        *,
        recipe: str | Recipe = "fast",
        epochs: int | None = None,
        batch: int | None = None,
        learning_rate: float | None = None,
        image_shape: tuple[int, ...] | None = None,
        threads: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.network = network
        self.recipe = recipe
        self.epochs = epochs
        self.batch = batch
        self.learning_rate = learning_rate
        self.image_shape = image_shape
        self.threads = threads
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> LeNetClassifier:
        """Train the network on pictures, (n, …), and their labels, (n,): numbers or names.

        Raises:
            ValueError: if these are no pictures with a label each, or there are fewer than two classes.
            TrainingError: if a parameter is out of its range, or the loss is no longer a number.
        """
        checked: tuple[NDArray[Any], NDArray[Any]] = validate_data(self, X, y, allow_nd=True, dtype="numeric")
        values, targets = checked
        check_classification_targets(targets)
        self.classes_, labels = np.unique(targets, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(f"y has 1 class, {self.classes_.tolist()[0]!r}; expected at least two classes")
        self.value_range_ = (0.0, 255.0) if values.dtype == np.uint8 else (float(values.min()), float(values.max()))
        pictures = self._to_pictures(values)
        network = self._describe_network(1 if pictures.ndim == 3 else 3)
        recipe = self._recipe(network, len(pictures))
        images = padded_to_input(_enlarge(pictures, network), network)
        rows = np.arange(len(images), dtype=np.int64)
        labels = labels.astype(np.int64)
        stream = DatasetStream(Examples(images, labels, rows, images[:0], labels[:0]), recipe)
        device = choose_device(None, "auto", Worker(), {})
        with learner_on(device, network, recipe, self.threads, Worker()) as (learner, group):
            self.history_ = list(train_epochs(learner, stream, recipe, group=group))
            parameters = learner.evaluation_arrays()
        names = tuple(map(str, self.classes_))
        names += tuple(f"unused {number}" for number in range(len(names), network.classes))
        are_names = all(names) and len(set(names)) == len(names)
        provenance = {"recipe": recipe.to_json(), "made by": "LeNetClassifier"}
        self.model_ = Model(network, parameters, provenance, names if are_names else ())
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The label of each picture, (n,).

        Raises:
            ValueError: if ``X`` is not what `fit` saw: other shapes, or numbers far outside its range.
        """
        check_is_fitted(self)
        predictions: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return predictions

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """The probability of each class, (n, classes), in the order of ``classes_``: softmax of outputs, or of negative
        penalties.

        Raises:
            ValueError: as `predict`.
        """
        check_is_fitted(self)
        pictures = self._to_pictures(validate_data(self, X, reset=False, allow_nd=True, dtype="numeric"))
        network = self.model_.network
        images = fit_to_input(_enlarge(pictures, network), network.input)
        # Whole vectors of pictures, so that the bits of an answer do not depend on what is asked beside it.
        images = np.pad(images, ((0, -len(images) % _LANES), (0, 0), (0, 0), (0, 0)))
        outputs = self.model_._forward.predict(images)[: len(pictures), : len(self.classes_)]
        return probabilities(network, outputs.astype(np.float64))

    def _describe_network(self, channels: int) -> Network:
        """The network with as many outputs and channels as the pictures ask for."""
        if isinstance(self.network, Network):
            network = self.network
        else:
            options = networks.options(self.network)
            arguments = {"classes": len(self.classes_)} if "classes" in options else {}
            if options.get("channels", channels) < channels:
                arguments["channels"] = channels
            network = networks.describe(self.network, **arguments)
        if network.classes < len(self.classes_):
            raise DataError(
                f"y has {counted(len(self.classes_), 'class', 'classes')}, "
                f"but {network.name} has {counted(network.classes, 'output')}"
            )
        return network

    def _recipe(self, network: Network, examples: int) -> Recipe:
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        overrides: dict[str, Any] = {
            "epochs": self.epochs,
            "batch": self.batch,
            "learning_rate": self.learning_rate,
            "seed": int(seed),
        }
        overrides = {name: value for name, value in overrides.items() if value is not None}
        if isinstance(self.recipe, Recipe):
            full_recipe = Recipe.from_json(self.recipe.to_json() | overrides)
        else:
            full_recipe = recipe(self.recipe, network, **overrides)
        if self.epochs is None and full_recipe.schedule != "piecewise-constant":
            min_epochs = math.ceil(_MIN_UPDATES / math.ceil(examples / full_recipe.batch))
            full_recipe = Recipe.from_json(full_recipe.to_json() | {"epochs": max(full_recipe.epochs, min_epochs)})
        check_loss(full_recipe.loss, network)
        if full_recipe.optimizer == "sdlm":
            raise TrainingError("the optimizer sdlm trains networks side by side, by lenet.train; take sgd or adamw")
        if self.threads is not None and not 1 <= self.threads <= MAX_THREADS:
            raise TrainingError(f"threads is {self.threads}, expected at least 1 and at most {MAX_THREADS}")
        return full_recipe

    def _to_pictures(self, X: NDArray[Any]) -> GrayLevels:
        """uint8 (n, height, width), or (n, 3, height, width)."""
        low, high = self.value_range_
        if X.dtype == np.uint8 and (low, high) == (0, 255):
            levels = X
        else:
            span = high - low
            if X.min() < low - span or X.max() > high + span:
                raise DataError(
                    f"X reaches from {X.min():g} to {X.max():g}, but from {low:g} to {high:g} when it was fitted; "
                    "expected pictures in the same range"
                )
            shares = (X.astype(np.float64) - low) / (span or 1)
            levels = np.rint(255 * np.clip(shares, 0, 1)).astype(np.uint8)
        if levels.ndim == 2:
            return self._from_rows(levels)
        if levels.ndim == 4 and levels.shape[-1] in (1, 3) and levels.shape[1] not in (1, 3):
            levels = np.moveaxis(levels, -1, 1)
        if levels.ndim == 4 and levels.shape[1] == 1:
            levels = levels[:, 0]
        if levels.ndim > 4 or (levels.ndim == 4 and levels.shape[1] != 3):
            raise DataError(
                f"X has shape {X.shape}; expected rows (n, pixels), or pictures (n, height, width), "
                "(n, height, width, 3) or (n, 3, height, width)"
            )
        return np.ascontiguousarray(levels)

    def _from_rows(self, levels: NDArray[np.uint8]) -> GrayLevels:
        count, pixels = levels.shape
        if self.image_shape is not None:
            shape = tuple(self.image_shape)
            if len(shape) not in (2, 3) or math.prod(shape) != pixels or (len(shape) == 3 and shape[0] not in (1, 3)):
                raise DataError(
                    f"image_shape is {self.image_shape!r}, but X has {pixels} features; expected (height, width), "
                    "(1, height, width) or (3, height, width) of as many"
                )
            return levels.reshape(count, *(shape[1:] if shape[0] == 1 and len(shape) == 3 else shape))
        side = math.isqrt(pixels - 1) + 1
        if side**2 != pixels:
            warnings.warn(
                f"X has {pixels} features, which are no square picture; they are laid out in {side} × {side}, the rest "
                "is background; image_shape says what they are",
                stacklevel=4,
            )
            levels = np.pad(levels, ((0, 0), (0, side**2 - pixels)))
        return levels.reshape(count, side, side)


def _enlarge(pictures: GrayLevels, network: Network) -> GrayLevels:
    """Nearest-neighbor enlargement of small pictures, by the largest whole factor that the network has room for."""
    factor = min(size // length for size, length in zip(network.input[1:], pictures.shape[-2:], strict=True))
    return pictures.repeat(factor, axis=-2).repeat(factor, axis=-1) if factor > 1 else pictures
