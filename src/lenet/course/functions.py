"""The exercises whose answer is a function: its calls, what the package gives, and what known mistakes give."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lenet import engine
from lenet.architecture import Convolution, EuclideanRbf, FullConnection, Network, Stage, Subsampling, squash
from lenet.connections import DIGIT_CODES, LENET_1_H3, LENET_5_C3
from lenet.course.examples import BIAS, KERNELS, MAPS, SCORES
from lenet.networks import describe
from lenet.preprocess import network_inputs

Array = Any  # NumPy's, of any shape and dtype
Function = Callable[..., Any]


@dataclass(frozen=True)
class Task:
    """An exercise that is answered by a function.

    Attributes:
        name: the function's name.
        arguments: the names of its parameters.
        solution: the function by which answers are judged.
        cases: returns the arguments of each call.
        mistakes: wrong solutions by the names of their mistakes, each of which has a hint.
        tolerance: how far a value may be off, relative to the largest.
    """

    name: str
    arguments: tuple[str, ...]
    solution: Function
    cases: Callable[[], Sequence[tuple[Any, ...]]]
    mistakes: Mapping[str, Function]
    tolerance: float = 1e-4


def _random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- 1.2: gray levels to network inputs ---


def _network_input(levels: Array) -> Array:
    network = describe("lenet-5")
    return network_inputs(levels[None], network.input, network.input_range)[0, 0]


def _padded(levels: Array, background: float, ink: float, border: float) -> Array:
    return np.pad(background + (ink - background) * levels / 255, 2, constant_values=border)


def _gray_cases() -> list[tuple[Array]]:
    ramp = np.arange(784, dtype=np.uint8).reshape(28, 28)
    return [(ramp,), (np.full((28, 28), 255, np.uint8),)]


# --- 2.1: convolution ---


def _convolve(maps: Array, kernels: Array, bias: float) -> Array:
    layer = Convolution(1, kernel_size=kernels.shape[-1])
    network = Network("one", maps.shape, (Stage("conv", layer),))
    arrays = {"conv.weight": np.asarray(kernels[None], np.float32), "conv.bias": np.array([bias], np.float32)}
    return engine.activations(network, arrays, np.asarray(maps[None], np.float32))["conv"][0, 0]


def _same_size(maps: Array, kernels: Array, bias: float) -> Array:
    side = kernels.shape[-1] // 2
    return _convolve(np.pad(maps, ((0, 0), (side, side), (side, side))), kernels, bias)


def _convolve_depthwise(maps: Array, kernels: Array, bias: float) -> Array:
    return np.stack([_convolve(maps[c : c + 1], kernels[c : c + 1], bias) for c in range(len(maps))])


def _convolution_cases() -> list[tuple[Any, ...]]:
    random = _random(1)
    return [
        (MAPS, KERNELS, BIAS),
        (random.normal(size=(3, 7, 6)).astype(np.float32), random.normal(size=(3, 5, 5)).astype(np.float32), -0.5),
    ]


# --- 3.3: sizes ---


def _output_size(n: int, kernel_size: int, stride: int, padding: int) -> int:
    layer = Convolution(1, kernel_size, stride, padding)
    return layer.output_shape((1, n, n))[1]


# --- 4.1: sub-sampling ---


def _subsample(values: Array, coefficient: float, bias: float) -> Array:
    network = Network("one", (1, *values.shape), (Stage("s", Subsampling(), squash),))
    arrays = {"s.coefficient": np.array([coefficient], np.float32), "s.bias": np.array([bias], np.float32)}
    return engine.activations(network, arrays, np.asarray(values[None, None], np.float32))["s_squash"][0, 0]


def _windows(values: Array) -> Array:
    rows, columns = values.shape
    return values.reshape(rows // 2, 2, columns // 2, 2)


def _squash(sums: Array) -> Array:
    return 1.7159 * np.tanh(2 / 3 * sums)


def _overlapping(values: Array, coefficient: float, bias: float) -> Array:
    sums = values[:-1, :-1] + values[1:, :-1] + values[:-1, 1:] + values[1:, 1:]
    return _squash(coefficient * sums + bias)


def _subsampling_cases() -> list[tuple[Any, ...]]:
    return [(MAPS[0], 0.25, -0.5), (_random(2).normal(size=(6, 8)).astype(np.float32), 0.6, 0.1)]


# --- 5.3: tables of connections ---


def _table_parameters(table: tuple[tuple[int, ...], ...], kernel_size: int) -> int:
    in_maps = 1 + max(max(row) for row in table)
    layer = Convolution(len(table), kernel_size, table=table)
    return sum(math.prod(shape) for shape in layer.parameter_shapes((in_maps, kernel_size, kernel_size)).values())


def _dense_parameters(table: tuple[tuple[int, ...], ...], kernel_size: int) -> int:
    in_maps = 1 + max(max(row) for row in table)
    return len(table) * (in_maps * kernel_size**2 + 1)


# --- 6.1: penalties ---


def _penalties(f6: Array, codes: Array) -> Array:
    layer = EuclideanRbf(tuple(tuple(int(value) for value in code) for code in codes))
    network = Network("one", (f6.shape[1], 1, 1), (Stage("output", layer),))
    return engine.forward(network, {}, np.asarray(f6, np.float32)[:, :, None, None])


def _penalty_cases() -> list[tuple[Any, ...]]:
    codes = np.array(DIGIT_CODES, np.float32)
    f6 = np.clip(codes[[3, 8, 1]] + _random(3).normal(0, 0.4, (3, 84)), -1.7, 1.7).astype(np.float32)
    return [(codes[:2, :6], codes[:, :6]), (f6, codes)]


# --- 7.1: softmax ---


def _softmax(scores: Array) -> Array:
    network = Network("one", (scores.shape[1], 1, 1), (Stage("output", FullConnection(scores.shape[1])),))
    return engine.probabilities(network, np.asarray(scores, np.float32))


def _unstable_softmax(scores: Array) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        powers = np.exp(scores)
        return powers / powers.sum(axis=1, keepdims=True)


def _softmax_over(scores: Array, axis: int | None) -> Array:
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _exponentials(scores: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.exp(scores)


# --- 8.3: NCHW ---


def _color_cases() -> list[tuple[Array]]:
    return [
        (_random(4).integers(0, 256, (2, 4, 5, 3), np.uint8),),
        (_random(5).integers(0, 256, (1, 6, 6, 3), np.uint8),),
    ]


def _channels_first(images: Array) -> Array:
    return np.asarray(images.transpose(0, 3, 1, 2) / 255, np.float32)


# --- 9.1 and 9.3: the best epoch, and a step ---


def _descend(weight: float, gradients: Sequence[float], rate: float, momentum: float, grad_scale: float = 1.0) -> float:
    velocity = 0.0
    for gradient in gradients:
        velocity = momentum * velocity + grad_scale * gradient
        weight -= rate * velocity
    return weight


# --- 10.1: ink and paper ---


def _ink_high(picture: Array) -> Array:
    return 255 - picture if np.median(picture) > 127 else picture


def _paper_cases() -> list[tuple[Array]]:
    paper = np.full((8, 10), 230, np.uint8)
    paper[2:6, 4:6] = 30
    board = np.full((8, 10), 25, np.uint8)
    board[1:7, 3] = 240
    return [(paper,), (board,)]


TASKS: dict[str, Task] = {
    "1.2": Task(
        "network_input",
        ("levels",),
        _network_input,
        _gray_cases,
        {
            "zero-padding": lambda levels: _padded(levels, -0.1, 1.175, 0.0),
            "unit-range": lambda levels: _padded(levels, 0.0, 1.0, 0.0),
            "unit-range-padded": lambda levels: _padded(levels, 0.0, 1.0, -0.1),
            "inverted": lambda levels: _padded(levels, 1.175, -0.1, -0.1),
            "no-padding": lambda levels: -0.1 + 1.275 * levels / 255,
            "not-scaled": lambda levels: np.pad(levels, 2),
        },
    ),
    "2.1": Task(
        "convolve",
        ("maps", "kernels", "bias"),
        _convolve,
        _convolution_cases,
        {
            "flipped": lambda maps, kernels, bias: _convolve(maps, kernels[:, ::-1, ::-1], bias),
            "no-bias": lambda maps, kernels, bias: _convolve(maps, kernels, 0.0),
            "bias-per-input-map": lambda maps, kernels, bias: _convolve(maps, kernels, bias * len(maps)),
            "depthwise": _convolve_depthwise,
            "same-size": _same_size,
            "one-map": lambda maps, kernels, bias: _convolve(maps[:1], kernels[:1], bias),
        },
    ),
    "3.3": Task(
        "output_size",
        ("n", "kernel_size", "stride", "padding"),
        _output_size,
        lambda: [(32, 5, 1, 0), (28, 5, 1, 2), (28, 2, 2, 0), (16, 5, 2, 2), (64, 5, 2, 2), (11, 3, 3, 1)],
        {
            "not-rounded": lambda n, k, s, p: (n + 2 * p - k) / s + 1,
            "rounded-up": lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1,
            "no-plus-1": lambda n, k, s, p: (n + 2 * p - k) // s,
            "one-side": lambda n, k, s, p: (n + p - k) // s + 1,
            "no-padding": lambda n, k, s, p: (n - k) // s + 1,
        },
    ),
    "4.1": Task(
        "subsample",
        ("values", "coefficient", "bias"),
        _subsample,
        _subsampling_cases,
        {
            "mean": lambda values, c, b: _squash(c * _windows(values).mean(axis=(1, 3)) + b),
            "no-squash": lambda values, c, b: c * _windows(values).sum(axis=(1, 3)) + b,
            "plain-mean": lambda values, c, b: _windows(values).mean(axis=(1, 3)),
            "max": lambda values, c, b: _windows(values).max(axis=(1, 3)),
            "squashed-max": lambda values, c, b: _squash(c * _windows(values).max(axis=(1, 3)) + b),
            "sigmoid": lambda values, c, b: 1 / (1 + np.exp(-(c * _windows(values).sum(axis=(1, 3)) + b))),
            "plain-tanh": lambda values, c, b: np.tanh(c * _windows(values).sum(axis=(1, 3)) + b),
            "overlapping": _overlapping,
        },
    ),
    "5.3": Task(
        "table_parameters",
        ("table", "kernel_size"),
        _table_parameters,
        lambda: [(((0,), (0, 1)), 3), (LENET_5_C3, 5), (LENET_1_H3, 5)],
        {
            "all-maps": _dense_parameters,
            "no-bias": lambda table, k: _table_parameters(table, k) - len(table),
            "bias-per-kernel": lambda table, k: sum(map(len, table)) * (k * k + 1),
            "one-kernel-per-map": lambda table, k: len(table) * (k * k + 1),
        },
    ),
    "6.1": Task(
        "penalties",
        ("f6", "codes"),
        _penalties,
        _penalty_cases,
        {
            "halved": lambda f6, codes: _penalties(f6, codes) / 2,
            "square-root": lambda f6, codes: np.sqrt(_penalties(f6, codes)),
            "dot-product": lambda f6, codes: f6 @ codes.T,
            "absolute-differences": lambda f6, codes: np.abs(f6[:, None] - codes[None]).sum(axis=2),
            "mean": lambda f6, codes: _penalties(f6, codes) / f6.shape[1],
            "transposed-axes": lambda f6, codes: _penalties(f6, codes).T,
        },
    ),
    "7.1": Task(
        "softmax",
        ("scores",),
        _softmax,
        lambda: [(SCORES,), (np.array([[1000.0, 1001.0, 1002.0], [1.0, 0.0, 2.0]], np.float32),)],
        {
            "overflow": _unstable_softmax,
            "whole-batch": lambda scores: _softmax_over(scores, None),
            "over-batch": lambda scores: _softmax_over(scores, 0),
            "unnormalized": _exponentials,
            "no-exponential": lambda scores: scores / scores.sum(axis=1, keepdims=True),
            "log-softmax": lambda scores: np.log(np.maximum(_softmax(scores), 1e-38)),
        },
    ),
    "8.3": Task(
        "to_nchw",
        ("images",),
        _channels_first,
        _color_cases,
        {
            "reshape": lambda images: images.reshape(len(images), 3, *images.shape[1:3]) / 255,
            "not-scaled": lambda images: images.transpose(0, 3, 1, 2),
            "transposed": lambda images: images.transpose(0, 3, 2, 1) / 255,
            "channels-last": lambda images: images / 255,
        },
    ),
    "9.1": Task(
        "best_epoch",
        ("validation_errors",),
        lambda errors: int(np.argmin(errors)),
        lambda: [([2.0, 1.4, 1.6, 1.7],), ([3.0, 1.2, 1.2, 1.5],), ([1.9, 1.5, 1.3],)],
        {
            "max": lambda errors: int(np.argmax(errors)),
            "last": lambda errors: len(errors) - 1,
            "one-based": lambda errors: int(np.argmin(errors)) + 1,
            "last-of-ties": lambda errors: len(errors) - 1 - int(np.argmin(errors[::-1])),
            "value": lambda errors: min(errors),
        },
    ),
    "9.3": Task(
        "descend",
        ("weight", "gradients", "rate", "momentum"),
        _descend,
        lambda: [(1.0, [0.5], 0.1, 0.9), (0.3, [1.0, 1.0, -0.5, 0.25], 0.05, 0.9), (0.0, [2.0, -1.0], 0.1, 0.0)],
        {
            "ascent": lambda weight, gradients, rate, m: 2 * weight - _descend(weight, gradients, rate, m),
            "no-momentum": lambda weight, gradients, rate, m: _descend(weight, gradients, rate, 0.0),
            "dampened": lambda weight, gradients, rate, m: _descend(weight, gradients, rate, m, 1 - m),
            "first-only": lambda weight, gradients, rate, m: _descend(weight, gradients[:1], rate, m),
        },
    ),
    "10.1": Task(
        "ink_high",
        ("picture",),
        _ink_high,
        _paper_cases,
        {
            "always": lambda picture: 255 - picture,
            "never": lambda picture: picture,
            "exchanged": lambda picture: 255 - _ink_high(picture),
        },
    ),
}
