"""What the code gives for numbers that documents say."""

import importlib
import math
from functools import cache
from pathlib import Path
from typing import Any

import lenet
from lenet import show
from lenet.connections import DIGIT_CODES, LENET_5_C3
from lenet.networks import describe
from lenet.summary import StageSummary


@cache
def stage(network: str, name: str) -> StageSummary:
    """The counts of one stage of a network."""
    return next(row for row in show(network).stages if row.name == name)


def layer(network: str, name: str) -> Any:
    """The layer of one stage."""
    return next(one.layer for one in describe(network).stages if one.name == name)


def shape(network: str, name: str) -> tuple[int, ...]:
    """Maps, rows and columns that leave a stage."""
    return stage(network, name).output_shape


def maps(network: str, name: str) -> int:
    """The maps or units of a stage."""
    return shape(network, name)[0]


def parameters(network: str, name: str = "") -> int:
    """The parameters of a stage, or of a network."""
    return (stage(network, name) if name else show(network)).parameters


def connections(network: str, name: str = "") -> int:
    """The connections of a stage, or of a network."""
    return (stage(network, name) if name else show(network)).connections


def kernels() -> int:
    """The kernels of C3."""
    return sum(map(len, layer("lenet-5", "c3").table))


def dense_kernels() -> int:
    """The kernels that C3 had if each of its maps saw each of S2's."""
    return maps("lenet-5", "c3") * maps("lenet-5", "s2")


def table_groups() -> tuple[int, ...]:
    """How many maps of C3 see three maps of S2, four neighbors, two pairs, and all."""
    circle = maps("lenet-5", "s2")

    def are_neighbors(seen: tuple[int, ...]) -> bool:
        return any(set(seen) == {(first + step) % circle for step in range(len(seen))} for first in range(circle))

    kinds = [(len(seen), are_neighbors(seen)) for seen in LENET_5_C3]
    return tuple(kinds.count(kind) for kind in ((3, True), (4, True), (4, False), (circle, True)))


def nearest_codes() -> int:
    """In how many pixels the codes of two digits differ, of those that differ least."""
    pairs = ((DIGIT_CODES[a], DIGIT_CODES[b]) for a in range(10) for b in range(a))
    return min(sum(x != y for x, y in zip(*pair, strict=True)) for pair in pairs)


def with_sigmoids(classes: int = 10) -> tuple[float, float]:
    """The largest probability of outputs between 0 and 1 after a softmax, and the loss that they never fall below."""
    return round(math.e / (math.e + classes - 1), 3), round(math.log(math.e + classes - 1) - 1, 3)


def constant(module: str, name: str) -> Any:
    """A constant of one of the package's modules."""
    return getattr(importlib.import_module(f"lenet.{module}"), name)


def shipped_bytes(name: str) -> int:
    """The size of a file of weights that ships."""
    return (Path(lenet.__file__).parent / f"pretrained/{name}.safetensors").stat().st_size
