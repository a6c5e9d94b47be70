"""The exercises whose answer is a number, a shape or a word: what is right, and which mistakes give which answer.

Nothing is stored: answers are computed from the networks' descriptions. Texts stand in ``texts/``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from lenet.architecture import Convolution, Network, Stage
from lenet.networks import describe
from lenet.summary import StageSummary, summarize
from lenet.summary.counts import kernels

Answer = float | tuple[int, ...] | str
"""A number, a shape, or one of the words that an exercise offers."""


@dataclass(frozen=True)
class Question:
    """An exercise that is answered by a number, a shape or a word.

    Attributes:
        answer: computes the right one.
        mistakes: wrong ones by the name of the mistake, which has a hint of its own.
        tolerance: how far a number may be off.
        words: of an exercise answered by a word, each accepted spelling and the word that it means.
    """

    answer: Callable[[], Answer]
    mistakes: Mapping[str, Callable[[], Answer]] = field(default_factory=dict)
    tolerance: float = 1e-6
    words: Mapping[str, str] = field(default_factory=dict)


@cache
def _stage(network: str, stage: str) -> StageSummary:
    return next(row for row in summarize(describe(network)).stages if row.name == stage)


def _maps(network: str, stage: str) -> int:
    return _stage(network, stage).output_shape[0]


def _c3() -> Convolution:
    layer = next(stage.layer for stage in describe("lenet-5").stages if stage.name == "c3")
    assert isinstance(layer, Convolution)
    return layer


def _c3_weights(every_map: bool) -> int:
    """The weights of C3's kernels: those that exist, or all that there could be."""
    layer, input_shape = _c3(), _stage("lenet-5", "c3").input_shape
    return (layer.maps * input_shape[0] if every_map else kernels(layer, input_shape)) * layer.kernel_size**2


def _output_side(side: int, padding: int) -> int:
    """The output side of a 5×5 convolution of stride 2."""
    layer = Convolution(1, kernel_size=5, stride=2, padding=padding)
    return Network("one", (1, side, side), (Stage("conv", layer),)).output_shapes[0][1]


def _color_parameters() -> int:
    return summarize(describe("lenet-5-relu", channels=3)).stages[0].parameters


def _prototype_distances(power: float) -> float:
    """The smallest distance of two digits' codes, as a sum of the differences' powers."""
    from lenet.connections import DIGIT_CODES

    pairs = ((DIGIT_CODES[a], DIGIT_CODES[b]) for a in range(10) for b in range(a))
    return min(sum(math.pow(abs(x - y), power) for x, y in zip(*pair, strict=True)) for pair in pairs)


def _hand_sum(maps: int = 2, bias: bool = True, flipped: bool = False) -> float:
    """The worked example's value in row 0, column 1."""
    from lenet.course.examples import BIAS, KERNELS, MAPS

    kernels = KERNELS[:, ::-1, ::-1] if flipped else KERNELS
    return float((MAPS[:maps, 0:3, 1:4] * kernels[:maps]).sum() + (BIAS if bias else 0.0))


def _nearest_to_zero() -> float:
    background, ink = describe("lenet-5").input_range
    return float(round(-background / (ink - background) * 255))


_CLASSES, _LETTERS, _TRAINING_EXAMPLES, _BATCH = 10, 26, 55_000, 16
_SPLIT_WORDS = {
    **dict.fromkeys(("validation", "val", "validation set", "验证", "验证集"), "validation"),
    **dict.fromkeys(("test", "test set", "测试", "测试集"), "test"),
    **dict.fromkeys(("training", "train", "training set", "训练", "训练集"), "training"),
}

QUESTIONS: dict[str, Question] = {
    "1.1": Question(
        lambda: math.prod(describe("lenet-5").input),
        {
            "unpadded": lambda: 28 * 28,
            "color": lambda: 3 * math.prod(describe("lenet-5").input),
            "side": lambda: describe("lenet-5").input[1],
        },
    ),
    "1.3": Question(
        _nearest_to_zero,
        {"zero": lambda: 0, "middle": lambda: 127, "upper-middle": lambda: 128},
    ),
    "2.2": Question(
        _hand_sum,
        {
            "no-bias": lambda: _hand_sum(bias=False),
            "one-map": lambda: _hand_sum(maps=1),
            "flipped": lambda: _hand_sum(flipped=True),
        },
    ),
    "2.3": Question(
        lambda: _stage("lenet-5-relu", "conv2").macs // _stage("lenet-5-relu", "conv2").units,
        {
            "one-map": lambda: 25,
            "bias": lambda: _stage("lenet-5-relu", "conv2").macs // _stage("lenet-5-relu", "conv2").units + 1,
            "layer": lambda: _stage("lenet-5-relu", "conv2").macs,
        },
    ),
    "3.1": Question(
        lambda: _output_side(64, 2),
        {
            "unpadded": lambda: _output_side(64, 0),
            "off-by-one": lambda: _output_side(64, 2) - 1,
            "rounded-up": lambda: _output_side(64, 2) + 1,
            "no-stride": lambda: 64,
            "not-rounded": lambda: (64 + 2 * 2 - 5) / 2 + 1,
        },
    ),
    "3.2": Question(
        _color_parameters,
        {
            "no-bias": lambda: _color_parameters() - _maps("lenet-5-relu", "conv1"),
            "gray": lambda: _stage("lenet-5-relu", "conv1").parameters,
            "bias-per-kernel": lambda: 3 * _stage("lenet-5-relu", "conv1").parameters,
        },
    ),
    "4.2": Question(
        lambda: _stage("lenet-5", "s4").parameters,
        {
            "plain": lambda: _stage("lenet-5-relu", "pool1").parameters,
            "four-weights": lambda: _maps("lenet-5", "s4") * (2 * 2 + 1),
            "one-map": lambda: _stage("lenet-5", "s4").parameters // _maps("lenet-5", "s4"),
        },
    ),
    "4.3": Question(
        lambda: _stage("lenet-5", "s4").connections,
        {
            "no-bias": lambda: _stage("lenet-5", "s4").connections - _stage("lenet-5", "s4").units,
            "units": lambda: _stage("lenet-5", "s4").units,
            "parameters": lambda: _stage("lenet-5", "s4").parameters,
        },
    ),
    "5.1": Question(
        lambda: _stage("lenet-5", "c3").parameters,
        {
            "all-maps": lambda: _stage("lenet-5-relu", "conv2").parameters,
            "all-maps-no-bias": lambda: _c3_weights(every_map=True),
            "no-bias": lambda: _c3_weights(every_map=False),
            "one-kernel-per-map": lambda: _maps("lenet-5", "c3") * (25 + 1),
        },
    ),
    "5.2": Question(
        lambda: _stage("lenet-1", "h3").connections,
        {
            "no-bias": lambda: _stage("lenet-1", "h3").macs,
            "all-maps": lambda: (25 * _maps("lenet-1", "h2") + 1) * _stage("lenet-1", "h3").units,
            "parameters": lambda: _stage("lenet-1", "h3").parameters,
            "input-positions": lambda: (
                _stage("lenet-1", "h3").parameters * math.prod(_stage("lenet-1", "h3").input_shape[1:])
            ),
        },
    ),
    "6.2": Question(
        lambda: _stage("lenet-5", "f6").parameters + _stage("lenet-5", "output").parameters,
        {
            "fixed": lambda: _stage("lenet-5", "f6").parameters + _stage("lenet-5", "output").fixed,
            "linear": lambda: _stage("lenet-5", "f6").parameters + _stage("lenet-5-relu", "output").parameters,
            "no-bias": lambda: _stage("lenet-5", "f6").macs,
        },
    ),
    "6.3": Question(
        lambda: _prototype_distances(2),
        {
            "pixels": lambda: _prototype_distances(2) / 4,
            "not-squared": lambda: _prototype_distances(1),
            "square-root": lambda: math.sqrt(_prototype_distances(2)),
        },
        tolerance=0.01,
    ),
    "7.2": Question(
        lambda: math.log(_CLASSES),
        {
            "probability": lambda: 1 / _CLASSES,
            "base-2": lambda: math.log2(_CLASSES),
            "base-10": lambda: math.log10(_CLASSES),
            "sign": lambda: -math.log(_CLASSES),
        },
        tolerance=0.005,
    ),
    "7.3": Question(
        lambda: math.log(math.e + _LETTERS - 1) - 1,
        {
            "zero": lambda: 0,
            "chance": lambda: math.log(_LETTERS),
            "probability": lambda: math.e / (math.e + _LETTERS - 1),
            "ten-classes": lambda: math.log(math.e + _CLASSES - 1) - 1,
        },
        tolerance=0.005,
    ),
    "8.1": Question(
        lambda: math.ceil(_TRAINING_EXAMPLES / _BATCH),
        {
            "rest-dropped": lambda: _TRAINING_EXAMPLES // _BATCH,
            "with-validation": lambda: 60_000 / _BATCH,
            "examples": lambda: _TRAINING_EXAMPLES,
            "fraction": lambda: _TRAINING_EXAMPLES / _BATCH,
        },
    ),
    "8.2": Question(
        lambda: (_BATCH, 1, 28, 28),
        {
            "channels-last": lambda: (_BATCH, 28, 28, 1),
            "no-channel": lambda: (_BATCH, 28, 28),
            "transposed-axes": lambda: (1, _BATCH, 28, 28),
            "one-picture": lambda: (1, 28, 28),
        },
    ),
    "9.2": Question(lambda: "validation", {"test": lambda: "test", "training": lambda: "training"}, words=_SPLIT_WORDS),
    "10.2": Question(
        lambda: _digit_side(),
        {"whole": lambda: 28, "padded": lambda: describe("lenet-5").input[1]},
    ),
    "10.3": Question(
        lambda: 100 * 0.99**10,
        {
            "one-digit": lambda: 99,
            "subtracted": lambda: 90,
            "fraction": lambda: 0.99**10,
            "wrong-ones": lambda: 100 * (1 - 0.99**10),
        },
        tolerance=0.06,
    ),
}


def _digit_side() -> int:
    from lenet.reading.normalization import DIGIT_SIDE

    return DIGIT_SIDE
