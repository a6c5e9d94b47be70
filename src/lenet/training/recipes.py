"""Recipes: all hyperparameters of a training, as plain values.

The named recipes are made for ``lenet-5-relu`` on gray pictures, thousands of them; `recipe` adapts them to the other
networks, to color and to small data sets by the tables below.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from lenet.architecture import Activation, Network
from lenet.data.distortions import Distortions
from lenet.errors import TrainingError, UnknownName, counted
from lenet.initialization import RULES, default_rule
from lenet.naming import resolve_name
from lenet.records import Record, RecordError
from lenet.training.schedule import SCHEDULES, learning_rates

OPTIMIZERS = ("sgd", "adamw", "sdlm")
LOSSES = ("cross-entropy", "nll", "map", "penalty", "mean-squared-error", "sum-squared-error")
# [LeCun98, III-B]: eta of each pass.
PUBLISHED_RATES = (0.0005,) * 2 + (0.0002,) * 3 + (0.0001,) * 3 + (0.00005,) * 4 + (0.00001,) * 8
MAX_SHIFT = 127  # pixels, as many as a signed byte holds
MAX_EPOCHS, MAX_BATCH = 1_000_000, 1_000_000_000
_SMOOTHABLE = ("cross-entropy", "nll")
_SDLM_LOSSES = ("penalty", "map", "sum-squared-error", "cross-entropy")


def _plain_value(value: Any) -> Any:
    """A number of NumPy, as parameter grids have, as one of Python; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


@dataclass(frozen=True)
class Recipe:
    """All hyperparameters of a training: the same recipe on the same data gives the same weights, bit for bit.

    Attributes:
        name: the named recipe it started from.
        epochs: passes over the training split.
        batch: examples for each update.
        optimizer: ``"sgd"``, ``"adamw"``, or ``"sdlm"``: stochastic diagonal Levenberg–Marquardt [LeCun98, appendix C],
            an update after each example, by the native engine.
        learning_rate: the peak of the schedule.
        momentum: of SGD, or the first beta of AdamW.
        nesterov: Nesterov's form of momentum, for SGD.
        weight_decay: pull of every parameter towards zero.
        schedule: one of `SCHEDULES`; see `schedule.learning_rates`.
        rates: the rate of each epoch, for the schedule ``"piecewise-constant"``, in place of ``learning_rate``.
        warm_up: share of all updates in which the rate rises.
        label_smoothing: share of the target spread uniformly over all classes, for cross-entropy and nll.
        loss: one of `LOSSES`; see `losses`.
        j: penalty of the rubbish class in the map loss [LeCun98, eq. 9], in units of the other penalties as ``halved``
            leaves them; the paper gives no value.
        halved: penalties and squared errors are half the squared distances, for SDLM.
        mu: keeps the steps of SDLM finite where the second derivative vanishes [LeCun98, eq. 18].
        curvature_examples: how many examples SDLM estimates second derivatives from before each epoch.
        init: one of the rules of `initialization`.
        shift: upper bound of random shifts in whole pixels, along each axis, anew every epoch.
        flip: mirror half of the training pictures left to right; for things, not for digits.
        translation, rotation, scale, squeeze, shear, elastic: limits of `data.distortions.Distortions`; all 0 is none.
        ema: decay of the exponential moving average of the weights, which is then validated and saved; 0 is none.
        seed: of the first weights, the order, and every distortion.

    Raises:
        UnknownName, TrainingError: if a value is not among those accepted.
    """

    name: str = "custom"
    epochs: int = 2
    batch: int = 64
    optimizer: str = "sgd"
    learning_rate: float = 0.06
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    schedule: str = "one-cycle"
    rates: tuple[float, ...] = ()
    warm_up: float = 0.3
    label_smoothing: float = 0.0
    loss: str = "cross-entropy"
    j: float = 20.0
    halved: bool = False
    mu: float = 0.02
    curvature_examples: int = 500
    init: str = "pytorch"
    shift: int = 0
    flip: bool = False
    translation: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    squeeze: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    ema: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in list(vars(self).items()):
            object.__setattr__(self, name, _plain_value(value))
        for kind, value, known in (
            ("optimizer", self.optimizer, OPTIMIZERS),
            ("schedule", self.schedule, SCHEDULES),
            ("loss", self.loss, LOSSES),
            ("initialization", self.init, tuple(RULES)),
        ):
            if value not in known:
                raise UnknownName(kind, value, known)
        minimums = {"epochs": 1, "batch": 1, "curvature_examples": 1, "shift": 0, "seed": 0, "weight_decay": 0, "j": 0}
        for name, minimum in minimums.items():
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= minimum):
                raise TrainingError(f"{name} is {getattr(self, name)}, expected at least {minimum}")
        for name, maximum in (("shift", MAX_SHIFT), ("epochs", MAX_EPOCHS), ("batch", MAX_BATCH)):
            if getattr(self, name) > maximum:
                raise TrainingError(f"{name} is {getattr(self, name)}, expected at most {maximum}")
        for name, rate in (("learning_rate", self.learning_rate), ("mu", self.mu), *(("rates", r) for r in self.rates)):
            if not (math.isfinite(rate) and rate > 0):
                raise TrainingError(f"{name} is {rate}, expected a number above 0")
        for name in ("momentum", "warm_up", "label_smoothing", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise TrainingError(f"{name} is {getattr(self, name)}, expected at least 0 and less than 1")
        if self.label_smoothing and self.loss not in _SMOOTHABLE:
            raise TrainingError(
                f"label_smoothing is {self.label_smoothing}, but the loss {self.loss} takes none; "
                f"expected 0, or a loss of {' or '.join(_SMOOTHABLE)}"
            )
        if len(self.rates) != (self.epochs if self.schedule == "piecewise-constant" else 0):
            raise TrainingError(
                f"the schedule {self.schedule} has {counted(len(self.rates), 'rate')} for "
                f"{counted(self.epochs, 'epoch')}; expected "
                + ("a rate for each epoch" if self.schedule == "piecewise-constant" else "none")
            )
        if self.optimizer == "sdlm":
            self._check_sdlm()
        elif self.loss == "sum-squared-error" or self.halved:
            subject, remedy = "halved", "set it to false"
            if self.loss == "sum-squared-error":
                subject, remedy = "the loss sum-squared-error", "name another loss"
            sentence = f"{subject} goes with the optimizer sdlm, not with {self.optimizer}; {remedy}, or take sdlm"
            raise TrainingError(sentence)
        _ = self.distortions

    def _check_sdlm(self) -> None:
        """Check the values that SDLM restricts: it updates after each example, with a rate for each parameter."""
        required = {"batch": 1, "schedule": "piecewise-constant", "momentum": 0.0, "weight_decay": 0.0, "ema": 0.0,
                    "label_smoothing": 0.0, "shift": 0, "flip": False}  # fmt: skip
        for name, value in required.items():
            if getattr(self, name) != value:
                raise TrainingError(
                    f"the optimizer sdlm takes {name} {value} only, not {getattr(self, name)}; try the recipe 1998"
                )
        if self.distortions:
            raise TrainingError("the optimizer sdlm takes examples as they are; leave the distortions out")
        if self.loss in ("mean-squared-error", "nll"):
            raise TrainingError(f"the optimizer sdlm does not learn by {self.loss}; expected {', '.join(_SDLM_LOSSES)}")

    def limited_to(self, epochs: int) -> "Recipe":
        """The recipe limited to its first epochs, which keep their rates.

        >>> SDLM.limited_to(3).rates
        (0.0005, 0.0005, 0.0002)
        """
        if not 1 <= epochs <= self.epochs:
            raise TrainingError(f"{epochs} epochs were asked for; the recipe has rates for 1 to {self.epochs}")
        return replace(self, epochs=epochs, rates=self.rates[:epochs])

    @property
    def distortions(self) -> Distortions | None:
        """The limits of the distortions; None if all are 0."""
        names = ("translation", "rotation", "scale", "squeeze", "shear", "elastic")
        limits = {name: getattr(self, name) for name in names}
        distortions = Distortions(**limits)  # which checks them
        return distortions if any(limits.values()) else None

    def learning_rates(self, epoch: int, steps: int) -> list[float]:
        """The learning rates of the ``steps`` updates of one epoch, counted from 0."""
        return learning_rates(self.schedule, self.learning_rate, self.warm_up, epoch, self.epochs, steps, self.rates)

    def to_json(self) -> dict[str, Any]:
        """All values, as ``run.json`` holds them."""
        return {**asdict(self), "rates": list(self.rates)}

    @classmethod
    def from_json(cls, values: Any) -> "Recipe":
        """The inverse of `to_json`, of values that may come from a file.

        Raises:
            TrainingError: if a value is not one of a recipe, or has another type.
        """
        kinds = {field.name: _READERS[type(field.default)] for field in fields(cls)}
        try:
            record = Record.of(values, "the recipe")
            if unknown := [name for name in record.values if name not in kinds]:
                raise UnknownName("recipe value", unknown[0], kinds)
            record = Record(record.values)
            return cls(**{name: kinds[name](record, name) for name in record.values})
        except RecordError as error:
            raise TrainingError(str(error)) from None


_GOES_WITH = {
    "j": ("loss", ("map",)),
    "mu": ("optimizer", ("sdlm",)),
    "curvature_examples": ("optimizer", ("sdlm",)),
    "nesterov": ("optimizer", ("sgd",)),
    "warm_up": ("schedule", ("one-cycle", "one-cycle-midpoint")),
    "learning_rate": ("schedule", tuple(name for name in SCHEDULES if name != "piecewise-constant")),
}
"""What a value has an effect with: a field of the recipe, and what that has to be."""

_READERS: dict[type, Callable[[Record, str], Any]] = {
    bool: Record.boolean,
    int: Record.integer,
    float: Record.number,
    str: Record.text,
    tuple: Record.numbers,
}
"""Readers of a recipe's values by type."""

SDLM = Recipe(
    "1998", optimizer="sdlm", epochs=len(PUBLISHED_RATES), batch=1, momentum=0.0, nesterov=False, weight_decay=0.0,
    schedule="piecewise-constant", rates=PUBLISHED_RATES, loss="map", j=15.0, halved=True, init="sqrt-biases",
)  # fmt: skip
"""The recipe of [LeCun98, III-B and appendix C]; values that are not printed were chosen on validation examples."""

RECIPES: dict[str, Recipe] = {
    "fast": Recipe("fast", epochs=2, learning_rate=0.1, label_smoothing=0.05, shift=1),
    "default": Recipe("default", epochs=5, label_smoothing=0.05, shift=1),
    "best": Recipe(
        "best", epochs=40, weight_decay=3e-4, label_smoothing=0.05, ema=0.999,
        translation=1.2, rotation=8.6, scale=0.1, squeeze=0.05, shear=0.1, elastic=0.4,
    ),
    # The usual settings of tutorials, for comparison: no schedule, no shifts, one small rate.
    "tutorial": Recipe(
        "tutorial", epochs=50, batch=16, learning_rate=1e-3, nesterov=False, weight_decay=0.0, schedule="constant"
    ),
    SDLM.name: SDLM,
}  # fmt: skip


_Adaptation = tuple[int, dict[str, Any]]
"""Adaptation of a recipe to a network: a factor on the epochs, and replaced values."""

_SQUASH = {"optimizer": "adamw", "learning_rate": 2e-3, "weight_decay": 1e-3}
_SIGMOID = {"optimizer": "adamw", "learning_rate": 5e-3, "weight_decay": 0.0, "label_smoothing": 0.0}

# Chosen on validation examples. The squash and the logistic sigmoid saturate: steps scaled by unit (AdamW) cross the
# plateau at the start that one rate for all (SGD) does not. Small networks and small data sets need more passes.
_ADAPTATIONS: dict[str, _Adaptation] = {
    # epochs × this, and the values
    "lenet-1989": (10, {**_SQUASH, "learning_rate": 5e-3}),
    "lenet-1": (2, {**_SQUASH, "learning_rate": 1e-2}),
    "lenet-4": (2, {**_SQUASH, "learning_rate": 5e-3}),
    "lenet-5": (2, _SQUASH),
    "lenet-5-sigmoid": (2, {**_SIGMOID, "shift": 0}),
    "lenet-5-sigmoid-output": (1, {"learning_rate": 0.1, "label_smoothing": 0.0}),
    "lenet-5-gap": (2, {}),
    "lenet-rgb": (2, {"shift": 2, "flip": True, "learning_rate": 0.05}),
}


# Logits learned by SGD from three channels: at the rates for gray digits ReLUs die, or the loss diverges.
_COLOR: _Adaptation = (2, {"learning_rate": 0.02})

# An epoch of fewer examples has too few updates: the epochs are multiplied, up to this factor. A rate that rises
# within a few dozen updates kills ReLUs now and then, so SGD takes half of it.
ENOUGH_EXAMPLES, MAX_EPOCH_FACTOR = 5_000, 50


def recipe(name: str, network: Network, *, examples: int | None = None, **values: Any) -> Recipe:
    """A named recipe, adapted to a network and to the number of examples, with single values replaced.

    The loss always follows from the network, and so do the first weights but for ``1998``; of the rest ``tutorial`` and
    ``1998`` keep their own.

    Args:
        name: one of `RECIPES`.
        network: what will be trained.
        examples: how many there are; fewer than 5,000 get more epochs, and by SGD half the rate. None is enough.
        values: those of `Recipe` that shall differ; None leaves a value as it is.

    Raises:
        UnknownName, TrainingError: if the recipe or a value is not among those accepted.

    >>> from lenet.networks import describe
    >>> recipe("fast", describe("lenet-5")).loss, recipe("fast", describe("lenet-5-relu"), epochs=1).epochs
    ('map', 1)
    >>> recipe("fast", describe("lenet-5-relu")).epochs, recipe("fast", describe("lenet-5-relu"), examples=500).epochs
    (2, 20)
    """
    name = resolve_name("recipe", name, RECIPES)
    base = RECIPES[name]
    overrides = {key: _plain_value(value) for key, value in values.items() if value is not None}
    optimizer = overrides.get("optimizer", base.optimizer)
    if base.rates:
        base = base if "rates" in overrides else base.limited_to(overrides.get("epochs", base.epochs))
    elif name != "tutorial":
        factor, adapted_values = _adaptation(network)
        base = replace(base, epochs=base.epochs * factor, **adapted_values)
        if examples and examples < ENOUGH_EXAMPLES:
            factor = epoch_factor(examples)
            rate = base.learning_rate / 2 if base.optimizer == "sgd" else base.learning_rate
            base = replace(base, epochs=base.epochs * factor, learning_rate=rate)
    loss = overrides.get("loss", natural_loss(network, optimizer))
    smoothing = base.label_smoothing if loss in _SMOOTHABLE else 0.0
    init = base.init if base.optimizer == "sdlm" else default_rule(network)
    complete = {**base.to_json(), "loss": loss, "label_smoothing": smoothing, "init": init, **overrides}
    return Recipe.from_json({**complete, "rates": list(complete["rates"])})


def epoch_factor(examples: int) -> int:
    """Factor of the epochs for this number of examples, one at least, by `recipe`.

    >>> [epoch_factor(examples) for examples in (60_000, 500, 61)]
    [1, 10, 50]
    """
    return min(MAX_EPOCH_FACTOR, math.ceil(ENOUGH_EXAMPLES / max(1, examples)))


def natural_loss(network: Network, optimizer: str = "sgd") -> str:
    """The loss that suits a network's outputs; SDLM sums squared errors where the others take their mean.

    >>> from lenet.networks import describe
    >>> [natural_loss(describe(name)) for name in ("lenet-1", "lenet-5", "lenet-short", "lenet-caffe")]
    ['mean-squared-error', 'map', 'nll', 'cross-entropy']
    """
    if network.smallest_wins:
        return "map"
    match network.stages[-1].activation:
        case Activation.LOG_SOFTMAX:
            return "nll"
        case Activation.SQUASH | Activation.TANH:
            return "sum-squared-error" if optimizer == "sdlm" else "mean-squared-error"
        case _:
            return "cross-entropy"


def check_loss(loss: str, network: Network) -> None:
    """Raise TrainingError where a loss does not fit a network's outputs."""
    penalties = loss in ("map", "penalty")
    if penalties != network.smallest_wins:
        outputs = (
            "penalties, of which the smallest wins" if network.smallest_wins else "values, of which the largest wins"
        )
        raise TrainingError(
            f"the loss {loss} does not fit {network.name}, whose outputs are {outputs}; use {natural_loss(network)}"
        )
    if loss == "nll" and network.stages[-1].activation is not Activation.LOG_SOFTMAX:
        raise TrainingError(f"the loss nll needs log-softmax outputs, which {network.name} has not; use cross-entropy")


def check_effect(names: Iterable[str], recipe: Recipe, network: Network) -> None:
    """Check that values of a recipe that somebody chose have an effect in it, and leave pictures in their frame.

    Args:
        names: of the values that were chosen.

    Raises:
        TrainingError: if one of them goes with another loss, optimizer or schedule, or a shift moves pictures away.
    """
    for name in names:
        kind, accepted = _GOES_WITH.get(name, ("", ()))
        if kind and getattr(recipe, name) and (value := getattr(recipe, kind)) not in accepted:
            raise TrainingError(
                f"{name} goes with the {kind} {' or '.join(accepted)}, and the {kind} is {value}; leave {name} out"
            )
    if recipe.shift >= (side := min(network.input[1:])):
        raise TrainingError(f"shift is {recipe.shift}, expected less than {side}, the side of a picture")


def _adaptation(network: Network) -> _Adaptation:
    activations = {stage.activation for stage in network.stages}
    if network.name in _ADAPTATIONS:
        return _ADAPTATIONS[network.name]
    if Activation.SIGMOID in activations:
        return 2, _SIGMOID
    if activations & {Activation.SQUASH, Activation.TANH}:
        return 2, _SQUASH
    return _COLOR if network.input[0] > 1 else (1, {})
