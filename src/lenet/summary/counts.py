"""Exact counts of a network: shapes, parameters, connections, multiply-accumulates, receptive fields.

Conventions, those of [LeCun98]: a shared weight is one parameter; every use of a weight or bias in one pass is a
connection, also where a kernel lies on the padding; plain pooling has neither. A multiply-accumulate is one product
of a weight and an input: biases are none, sub-sampling has one a unit, an RBF one a coordinate.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from lenet.architecture import (
    Convolution,
    EuclideanRbf,
    FullConnection,
    GlobalAveragePooling,
    Layer,
    Network,
    Shape,
    Stage,
    Subsampling,
)


@dataclass(frozen=True)
class StageSummary:
    """The cost of one stage for one image, and the receptive field of its units.

    Attributes:
        parameters: free parameters, shared ones once.
        connections: uses of a weight or bias in one pass.
        macs: multiply-accumulates in one pass.
        units: outputs.
        fixed: values that are stored but not trained (the RBF's prototypes).
        receptive_field: rows and columns of the input that reach one unit, padding included.
        jump: input pixels between the centers of neighboring units.
        first_center: row and column of the center of the first unit's receptive field; pixel centers are whole.
    """

    name: str
    kind: str
    activation: str
    input_shape: Shape
    output_shape: Shape
    parameters: int
    connections: int
    macs: int
    units: int
    fixed: int
    receptive_field: int
    jump: int
    first_center: float


@dataclass(frozen=True)
class NetworkSummary:
    """The counts of all stages and their totals."""

    network: Network
    stages: tuple[StageSummary, ...]

    def __repr__(self) -> str:
        counts = f"{self.parameters:,} parameters, {self.connections:,} connections, {self.macs:,} MACs"
        return f"NetworkSummary({self.network.name}, {len(self.stages)} stages, {counts})"

    @cached_property
    def parameters(self) -> int:
        return sum(stage.parameters for stage in self.stages)

    @cached_property
    def connections(self) -> int:
        return sum(stage.connections for stage in self.stages)

    @cached_property
    def macs(self) -> int:
        return sum(stage.macs for stage in self.stages)

    @cached_property
    def units(self) -> int:
        """Outputs of all stages; the input is not counted."""
        return sum(stage.units for stage in self.stages)

    def share(self, stage: StageSummary) -> float:
        """Percent of the network's parameters that the stage holds."""
        return 100 * stage.parameters / self.parameters if self.parameters else 0.0

    def __str__(self) -> str:
        from lenet.summary.tables import to_text

        return to_text(self)

    def _repr_html_(self) -> str:
        from lenet.notebook import text_html

        return text_html(str(self))

    def to_markdown(self) -> str:
        """A Markdown table."""
        from lenet.summary.tables import to_markdown

        return to_markdown(self)

    def explain(self, language: Literal["en", "zh"] = "en") -> str:
        """Every figure derived, with its numbers."""
        from lenet.summary.tables import explain

        return explain(self, language)

    def trace(self) -> str:
        """The shape after every layer, with PyTorch's names of the layers."""
        from lenet.summary.trace import trace

        return trace(self.network)

    def to_json(self) -> dict[str, Any]:
        """``{"name", "input_shape", "stages": [{"name", "parameters", …}], "totals": {…}, …}``."""
        return {
            "name": self.network.name,
            "source": self.network.source,
            "description": self.network.description,
            "deviations": list(self.network.deviations),
            "input_shape": list(self.network.input),
            "stages": [
                {
                    **asdict(stage),
                    "input_shape": list(stage.input_shape),
                    "output_shape": list(stage.output_shape),
                    "share": round(self.share(stage), 2),
                }
                for stage in self.stages
            ],
            "totals": {
                "parameters": self.parameters,
                "connections": self.connections,
                "macs": self.macs,
                "units": self.units,
                "fixed": sum(stage.fixed for stage in self.stages),
            },
        }

    def list_entry(self) -> dict[str, Any]:
        """What a list of networks tells of each, of `to_json`."""
        values = self.to_json()
        return {key: values[key] for key in ("name", "description", "source", "input_shape", "deviations", "totals")}


def summarize(network: Network) -> NetworkSummary:
    """Count a network exactly, stage by stage.

    >>> from lenet.networks import describe
    >>> summary = summarize(describe("lenet-5"))
    >>> summary.parameters, summary.connections, summary.macs
    (60000, 340908, 328096)
    """
    stages = []
    receptive_field, jump, first_center = 1, 1, 0.0
    for stage, input_shape, output_shape in network.stages_with_shapes:
        side, stride, padding = window(stage.layer, input_shape)
        first_center += ((side - 1) / 2 - padding) * jump
        receptive_field += (side - 1) * jump
        jump *= stride
        stages.append(_count_stage(stage, input_shape, output_shape, receptive_field, jump, first_center))
    return NetworkSummary(network, tuple(stages))


def window(layer: Layer, input_shape: Shape) -> tuple[int, int, int]:
    """Side, stride and padding of a unit's window onto the stage before, along the rows.

    The window of full connections and global pooling is the whole map, with a stride of 1.
    """
    match layer:
        case Convolution():
            return layer.kernel_size, layer.stride, layer.padding
        case FullConnection() | EuclideanRbf() | GlobalAveragePooling():
            return input_shape[1], 1, 0
        case _:
            size = int(getattr(layer, "size"))  # noqa: B009 (sub-sampling and both poolings have it)
            return size, size, 0


def kernels(layer: Convolution, input_shape: Shape) -> int:
    """The number of kernels of a convolution: the pairs of input and output map that it connects."""
    return sum(map(len, layer.connected_maps(input_shape[0])))


def _count_stage(
    stage: Stage, input_shape: Shape, output_shape: Shape, receptive_field: int, jump: int, first_center: float
) -> StageSummary:
    layer = stage.layer
    maps, height, width = output_shape
    units = math.prod(output_shape)
    connections = macs = fixed = 0
    match layer:
        case Convolution():
            weights = layer.kernel_size**2 * kernels(layer, input_shape)
            macs = weights * height * width
            connections = macs + units
        case Subsampling():
            macs = units
            connections = (layer.size**2 + 1) * units
        case FullConnection():
            macs = math.prod(input_shape) * maps
            connections = macs + maps
        case EuclideanRbf():
            macs = connections = fixed = math.prod(input_shape) * maps
    return StageSummary(
        name=stage.name,
        kind=stage.kind,
        activation=str(stage.activation),
        input_shape=input_shape,
        output_shape=output_shape,
        parameters=sum(math.prod(shape) for shape in layer.parameter_shapes(input_shape).values()),
        connections=connections,
        macs=macs,
        units=units,
        fixed=fixed,
        receptive_field=receptive_field,
        jump=jump,
        first_center=first_center,
    )
