"""Derivations of counts: the formula of each with its numbers put in; names in English and Chinese.

A formula is written so that both sides of its last equals sign can be computed and compared; the tests do.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from lenet.architecture import (
    AveragePooling,
    Convolution,
    EuclideanRbf,
    FullConnection,
    Layer,
    MaxPooling,
    Shape,
    Stage,
    Subsampling,
)
from lenet.errors import UnknownName
from lenet.summary.counts import NetworkSummary, StageSummary, kernels, window

Language = Literal["en", "zh"]


@dataclass(frozen=True)
class Derivation:
    """A quantity, and the formula that ends in its value."""

    quantity: str
    formula: str

    def label(self, language: Language = "en") -> str:
        """The quantity's name in a language."""
        return texts(language)["quantities"][self.quantity]


def derive(summary: NetworkSummary, stage_name: str) -> list[Derivation]:
    """The formula of each count of a stage.

    Raises:
        UnknownName: if the network has no such stage.

    >>> from lenet.summary import summarize
    >>> from lenet.networks import describe
    >>> for derivation in derive(summarize(describe("lenet-5")), "c1")[:3]:
    ...     print(derivation.formula)
    ⌊(32 + 2·0 − 5)/1⌋ + 1 = 28
    (5·5·1 + 1)·6 = 156
    156·28·28 = 122,304
    """
    names = [stage.name for stage in summary.stages]
    if stage_name not in names:
        raise UnknownName(f"stage of {summary.network.name}", stage_name, names)
    index = names.index(stage_name)
    stage, layer = summary.stages[index], summary.network.stages[index].layer
    formulas = [*_sizes(layer, stage.input_shape, stage.output_shape), *_counts(layer, stage)]
    return [Derivation(*pair) for pair in (*formulas, *_receptive_field(summary, index))]


def describe_stage(layer: Layer, input_shape: Shape, language: Language = "en") -> str:
    """Describe a layer in one sentence, with its numbers."""
    sentences, kind = texts(language)["layers"], Stage("layer", layer).kind
    if not isinstance(layer, Convolution):
        return sentences[kind].format(layer=layer)
    kind = kind if layer.table is None else "table"
    inputs, count = input_shape[0], kernels(layer, input_shape)
    return sentences[kind].format(layer=layer, inputs=inputs, kernels=count, possible=inputs * layer.maps)


@cache
def texts(language: Language) -> dict[str, dict[str, str]]:
    """The words of a language, by table: quantities, totals, and sentences about layers."""
    import tomllib  # here, because most counts are printed without them

    content = resources.files("lenet.summary").joinpath("texts.toml").read_text("utf-8")
    values: dict[str, dict[str, dict[str, str]]] = tomllib.loads(content)
    if language not in values:
        raise UnknownName("language", language, values)
    return values[language]


def _sizes(layer: Layer, input_shape: Shape, output_shape: Shape) -> list[tuple[str, str]]:
    axes = [("size", 1)] if input_shape[1] == input_shape[2] else [("height", 1), ("width", 2)]
    match layer:
        case Convolution():
            return [
                (
                    quantity,
                    f"⌊({input_shape[axis]} + 2·{layer.padding} − {layer.kernel_size})/{layer.stride}⌋ + 1"
                    f" = {output_shape[axis]}",
                )
                for quantity, axis in axes
            ]
        case Subsampling() | MaxPooling() | AveragePooling():
            return [(quantity, f"{input_shape[axis]}/{layer.size} = {output_shape[axis]}") for quantity, axis in axes]
        case _:
            return []


def _counts(layer: Layer, stage: StageSummary) -> list[tuple[str, str]]:
    maps, height, width = stage.output_shape
    # Factors of the formulas, as text.
    area = f"{height}·{width}"
    parameters, connections, macs = f"{stage.parameters:,}", f"{stage.connections:,}", f"{stage.macs:,}"
    inputs = "·".join(str(n) for n in stage.input_shape if n > 1) or "1"
    match layer:
        case Convolution():
            side, in_maps = layer.kernel_size, stage.input_shape[0]
            map_pairs = f"{in_maps}·{maps}" if layer.table is None else str(kernels(layer, stage.input_shape))
            if layer.bias == "unit":
                weights = f"{side}·{side}·{map_pairs}"
                return [
                    ("parameters", f"{weights} + {maps}·{area} = {parameters}"),
                    ("connections", f"({weights} + {maps})·{area} = {connections}"),
                    ("macs", f"{weights}·{area} = {macs}"),
                ]
            groups = sorted(Counter(map(len, layer.connected_maps(in_maps))).items())
            terms = [f"({side}·{side}·{inputs_of_map} + 1)·{count}" for inputs_of_map, count in groups]
            return [
                ("parameters", f"{' + '.join(terms)} = {parameters}"),
                ("connections", f"{parameters}·{area} = {connections}"),
                ("macs", f"{side}·{side}·{map_pairs}·{area} = {macs}"),
            ]
        case Subsampling():
            return [
                ("parameters", f"2·{maps} = {parameters}"),
                ("connections", f"({layer.size}·{layer.size} + 1)·{maps}·{area} = {connections}"),
                ("macs", f"{maps}·{area} = {macs}"),
            ]
        case FullConnection():
            return [
                ("parameters", f"({inputs} + 1)·{maps} = {parameters}"),
                ("connections", f"({inputs} + 1)·{maps} = {connections}"),
                ("macs", f"{inputs}·{maps} = {macs}"),
            ]
        case EuclideanRbf():
            product = f"{inputs}·{maps}"
            return [
                ("parameters", "0 = 0"),
                ("fixed", f"{product} = {stage.fixed:,}"),
                ("connections", f"{product} = {connections}"),
                ("macs", f"{product} = {macs}"),
            ]
        case _:
            return [("parameters", "0 = 0"), ("connections", "0 = 0"), ("macs", "0 = 0")]


def _receptive_field(summary: NetworkSummary, index: int) -> list[tuple[str, str]]:
    stage, layer = summary.stages[index], summary.network.stages[index].layer
    side, stride, padding = window(layer, stage.input_shape)
    previous_stage = summary.stages[index - 1] if index else None
    field, jump, center = (
        (previous_stage.receptive_field, previous_stage.jump, previous_stage.first_center)
        if previous_stage
        else (1, 1, 0.0)
    )
    return [
        ("receptive_field", f"{field} + ({side} − 1)·{jump} = {stage.receptive_field}"),
        ("jump", f"{jump}·{stride} = {stage.jump}"),
        ("first_center", f"{center:g} + (({side} − 1)/2 − {padding})·{jump} = {stage.first_center:g}"),
    ]
