"""Network descriptions: stages in a straight line as data, with shapes inferred and checked.

Everything else in the package (counts, modules, kernels, files, pages) is derived from these descriptions.
Shapes are (maps, height, width) throughout; a full connection gives (units, 1, 1).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, Protocol

from lenet.errors import ArchitectureError, counted, printable
from lenet.records import Record, RecordError

Shape = tuple[int, int, int]
"""(maps, height, width)."""

ConnectionTable = tuple[tuple[int, ...], ...]
"""For each output map, the input maps that feed it, ascending; `connections.py` holds the printed ones."""


MAX_STAGES, MAX_UNITS, MAX_PARAMETERS = 1_000, 1 << 24, 1 << 26
"""Upper bounds of a network, the units those of any one stage: descriptions come from files, too."""

NAME = re.compile(r"[^\W_](?:[\w .+-]{0,62}[\w+-])?")
"""Regular expression of network and stage names; files and folders are named after them."""


class Activation(StrEnum):
    """Activation function of a stage, applied to the weighted sum of every unit."""

    IDENTITY = "identity"
    SQUASH = "squash"
    TANH = "tanh"
    SIGMOID = "sigmoid"
    RELU = "relu"
    LOG_SOFTMAX = "log_softmax"


identity = Activation.IDENTITY
squash = Activation.SQUASH
tanh = Activation.TANH
sigmoid = Activation.SIGMOID
relu = Activation.RELU
log_softmax = Activation.LOG_SOFTMAX

SQUASH_AMPLITUDE = 1.7159
SQUASH_SLOPE = 2 / 3
"""f(a) = A tanh(S a), so that f(1) = 1 and f(-1) = -1 to five digits [LeCun98, eq. 6 and appendix A]."""


class Layer(Protocol):
    """Shape inference of a layer: output and parameter shapes from its input shape."""

    def output_shape(self, input_shape: Shape) -> Shape:
        """The output shape; raises ArchitectureError when the layer cannot take ``input_shape``."""
        ...

    def parameter_shapes(self, input_shape: Shape) -> dict[str, tuple[int, ...]]:
        """Name and shape of every trainable array, shared weights once."""
        ...


@dataclass(frozen=True)
class Convolution:
    """Two-dimensional convolution: one kernel for each pair of connected maps.

    Attributes:
        maps: number of output maps.
        kernel_size: side of the square kernels.
        stride: step of the kernel in both directions.
        padding: rows and columns of ``padding_value`` added on every side.
        padding_value: what lies outside the input maps; -1 (the background) in the 1989 network.
        table: which input maps feed each output map; None feeds every one with all.
        bias: one per ``"map"``, or one per ``"unit"`` as in the 1989 network [LeCun89].

    With a table the weights are kept as (kernels, side, side): the kernels that exist, ordered by output map
    and within it by input map, so that no stored zero is ever counted.
    """

    maps: int
    kernel_size: int = 5
    stride: int = 1
    padding: int = 0
    padding_value: float = 0.0
    table: ConnectionTable | None = None
    bias: Literal["map", "unit"] = "map"

    def output_shape(self, input_shape: Shape) -> Shape:
        maps, height, width = input_shape
        if self.table is not None:
            if len(self.table) != self.maps:
                raise ArchitectureError(f"the connection table has {len(self.table)} output maps, not {self.maps}")
            if any(row != tuple(sorted({*row})) or min(row, default=0) < 0 for row in self.table):
                raise ArchitectureError(
                    "the connection table must name input maps in ascending order, each once, from 0"
                )
            needed = max((index for row in self.table for index in row), default=0) + 1
            if needed > maps:
                raise ArchitectureError(f"the connection table needs {needed} input maps, got {maps}")
            if isolated := [index for index, row in enumerate(self.table) if not row]:
                raise ArchitectureError(f"the connection table leaves output maps {isolated} without any input map")
        return (self.maps, self._positions(height), self._positions(width))

    def _positions(self, length: int) -> int:
        if length + 2 * self.padding < self.kernel_size:
            raise ArchitectureError(
                f"needs at least {self.kernel_size - 2 * self.padding} rows and columns for its "
                f"{self.kernel_size}×{self.kernel_size} kernels with padding {self.padding}"
            )
        return (length + 2 * self.padding - self.kernel_size) // self.stride + 1

    def connected_maps(self, in_maps: int) -> ConnectionTable:
        """The connection table; without one, every input map feeds every output map."""
        return self.table if self.table is not None else (tuple(range(in_maps)),) * self.maps

    def parameter_shapes(self, input_shape: Shape) -> dict[str, tuple[int, ...]]:
        side, out = self.kernel_size, self.output_shape(input_shape)
        kernels = (self.maps, input_shape[0]) if self.table is None else (sum(map(len, self.table)),)
        return {"weight": (*kernels, side, side), "bias": out if self.bias == "unit" else (self.maps,)}


@dataclass(frozen=True)
class Subsampling:
    """Sub-sampling: the sum of each ``size`` × ``size`` patch, times a trainable coefficient, plus a trainable bias.

    The sum, not the average: [LeCun98, II-B] (II-A says average; the two differ by a factor in the coefficient).
    Each input map feeds ``copies`` consecutive output maps; 2 in LeNet-4 [LeCun98, III-C.8].
    """

    size: int = 2
    copies: int = 1

    def output_shape(self, input_shape: Shape) -> Shape:
        maps, height, width = _pooled_shape(input_shape, self.size)
        return (maps * self.copies, height, width)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, tuple[int, ...]]:
        maps = input_shape[0] * self.copies
        return {"coefficient": (maps,), "bias": (maps,)}


@dataclass(frozen=True)
class _Pooling:
    """Pooling of non-overlapping ``size`` × ``size`` patches, nothing trainable."""

    size: int = 2

    def output_shape(self, input_shape: Shape) -> Shape:
        return _pooled_shape(input_shape, self.size)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, tuple[int, ...]]:
        return {}


@dataclass(frozen=True)
class MaxPooling(_Pooling):
    """Max pooling: the largest unit of each ``size`` × ``size`` patch."""


@dataclass(frozen=True)
class AveragePooling(_Pooling):
    """Average pooling: the mean of each ``size`` × ``size`` patch."""


@dataclass(frozen=True)
class GlobalAveragePooling:
    """Global average pooling: the mean of each whole map."""

    def output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], 1, 1)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, tuple[int, ...]]:
        return {}


@dataclass(frozen=True)
class FullConnection:
    """Full connection: each unit sees every unit of the stage before, and a bias."""

    units: int

    def output_shape(self, input_shape: Shape) -> Shape:
        return (self.units, 1, 1)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, tuple[int, ...]]:
        maps, height, width = input_shape
        return {"weight": (self.units, maps * height * width), "bias": (self.units,)}


@dataclass(frozen=True)
class EuclideanRbf:
    """Euclidean RBF units: squared distances of the input to fixed prototypes; the smallest wins [LeCun98, eq. 7].

    ``prototypes`` are fixed values, not parameters: the paper's count of 60,000 holds only without them.
    """

    prototypes: tuple[tuple[int, ...], ...]

    def output_shape(self, input_shape: Shape) -> Shape:
        maps, height, width = input_shape
        units = maps * height * width
        for index, prototype in enumerate(self.prototypes):
            if len(prototype) != units:
                raise ArchitectureError(f"prototype {index} has {len(prototype)} values for {units} units")
        return (len(self.prototypes), 1, 1)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, tuple[int, ...]]:
        return {}


LAYER_KINDS: dict[str, type[Any]] = {
    "convolution": Convolution,
    "subsampling": Subsampling,
    "max_pooling": MaxPooling,
    "average_pooling": AveragePooling,
    "global_average_pooling": GlobalAveragePooling,
    "full_connection": FullConnection,
    "euclidean_rbf": EuclideanRbf,
}


def _pooled_shape(input_shape: Shape, size: int) -> Shape:
    maps, height, width = input_shape
    if height % size or width % size:
        raise ArchitectureError(f"needs rows and columns that {size} divides")
    return (maps, height // size, width // size)


@dataclass(frozen=True)
class Stage:
    """One named layer and the activation applied to its units."""

    name: str
    layer: Layer
    activation: Activation = identity

    @property
    def kind(self) -> str:
        """The layer's kind as one word, as in the JSON: ``"convolution"``, ``"subsampling"``, …"""
        return next(kind for kind, layer in LAYER_KINDS.items() if type(self.layer) is layer)


@dataclass(frozen=True, repr=False)
class Network:
    """Description of a LeNet: its input shape, its stages, and its source.

    Attributes:
        name: as in the registry, ``"lenet-5"``.
        input: (channels, height, width).
        stages: first to last; shapes are inferred and checked when the network is made.
        source: the paper and section, or the code, that it follows.
        description: one line, for the list of networks.
        deviations: every point where it differs from its source or fills what the source leaves open.
        input_range: the network inputs that background and full ink become.

    Raises:
        ArchitectureError: if the stages do not fit; names the stage, its input shape and what it needs.

    >>> Network("tiny", (1, 8, 8), (Stage("c1", Convolution(2)), Stage("output", FullConnection(3)))).output_shapes
    ((2, 4, 4), (3, 1, 1))
    """

    name: str
    input: Shape
    stages: tuple[Stage, ...]
    source: str = ""
    description: str = ""
    deviations: tuple[str, ...] = ()
    input_range: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        for kind, name in (("network", self.name), *(("stage", stage.name) for stage in self.stages)):
            if not NAME.fullmatch(name):
                raise ArchitectureError(
                    f"the {kind} name {_shorten(name)} is none that a file can have; "
                    "expected up to 64 letters, digits, spaces and . _ + -, the first a letter or digit"
                )
        if not self.stages:
            raise ArchitectureError(f"{self.name}: a network needs at least one stage")
        if len(self.stages) > MAX_STAGES:
            raise ArchitectureError(f"{self.name}: has {len(self.stages):,} stages, expected at most {MAX_STAGES:,}")
        if min(self.input) < 1:
            raise ArchitectureError(f"{self.name}: takes {_shape_text(self.input)}, expected at least 1 of each")
        names = [stage.name for stage in self.stages]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ArchitectureError(f"{self.name}: stage names must differ, but {', '.join(repeated)} stands twice")
        others = {f"{stage.name}_{stage.activation}": f"the output of {stage.name}" for stage in self.stages}
        others["input"] = "the network's input"
        if taken_names := [name for name in names if name in others]:
            raise ArchitectureError(
                f"{self.name}: among activations {taken_names[0]} is {others[taken_names[0]]}; "
                "give the stage another name"
            )
        for stage in self.stages:
            for attribute, value in vars(stage.layer).items():
                minimum = 0 if attribute == "padding" else 1
                if isinstance(value, int) and value < minimum:
                    raise ArchitectureError(
                        f"{self.name}: {stage.name}: {attribute} is {value}, expected at least {minimum}"
                    )
        if self.input_range[0] == self.input_range[1]:
            raise ArchitectureError(
                f"{self.name}: input_range is {list(self.input_range)}, expected two different numbers: what "
                "background and full ink become"
            )
        for name, shape in (("input", self.input), *zip(names, self.output_shapes, strict=True)):
            if math.prod(shape) > MAX_UNITS:
                raise ArchitectureError(
                    f"{self.name}: {name} is {_shape_text(shape)}, expected at most {MAX_UNITS:,} units"
                )
        if self.parameter_count > MAX_PARAMETERS:
            count = f"{self.parameter_count:,} parameters, expected at most {MAX_PARAMETERS:,}"
            raise ArchitectureError(f"{self.name}: has {count}")

    def __repr__(self) -> str:
        counts = (
            f"{self.parameter_count:,} parameters, input {_shape_text(self.input)}, {counted(self.classes, 'output')}"
        )
        return f"Network({self.name}, {counts})"

    def _repr_html_(self) -> str:
        from lenet.notebook import network_html

        return network_html(self)

    @cached_property
    def output_shapes(self) -> tuple[Shape, ...]:
        """The output shape of each stage."""
        shapes: list[Shape] = []
        input_shape = self.input
        for stage in self.stages:
            try:
                input_shape = stage.layer.output_shape(input_shape)
            except ArchitectureError as error:
                raise ArchitectureError(
                    f"{self.name}: {stage.name} receives {_shape_text(input_shape)}: {error}"
                ) from None
            shapes.append(input_shape)
        return tuple(shapes)

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """The input shape of each stage."""
        return (self.input, *self.output_shapes[:-1])

    @property
    def stages_with_shapes(self) -> Iterator[tuple[Stage, Shape, Shape]]:
        """Each stage with its input shape and its output shape."""
        return zip(self.stages, self.input_shapes, self.output_shapes, strict=True)

    @property
    def classes(self) -> int:
        """Number of outputs."""
        return self.output_shapes[-1][0]

    @property
    def smallest_wins(self) -> bool:
        """True when the outputs are penalties (distances), False when the largest output wins."""
        return isinstance(self.stages[-1].layer, EuclideanRbf)

    @property
    def parameter_count(self) -> int:
        """Number of trainable parameters, shared ones once."""
        return sum(map(math.prod, self.parameter_shapes().values()))

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every trainable array, as in weights files: ``{"c1.weight": (6, 1, 5, 5), …}``."""
        return {
            f"{stage.name}.{name}": shape
            for stage, input_shape, _ in self.stages_with_shapes
            for name, shape in stage.layer.parameter_shapes(input_shape).items()
        }

    def to_json(self) -> dict[str, Any]:
        """The whole description as plain dicts, lists, strings and numbers."""
        return {
            "name": self.name,
            "input": list(self.input),
            "stages": [
                {
                    "name": stage.name,
                    "kind": stage.kind,
                    **_layer_json(stage.layer),
                    "activation": str(stage.activation),
                }
                for stage in self.stages
            ],
            "source": self.source,
            "description": self.description,
            "deviations": list(self.deviations),
            "input_range": list(self.input_range),
        }

    @classmethod
    def from_json(cls, description: Any) -> Network:
        """The inverse of `to_json`, of values that come from a file and may be anything.

        Raises:
            ArchitectureError: if ``description`` is not such a description.
        """
        try:
            record = Record.of(description, "network")
            record = Record(with_current_keys(record.values), record.place)
            low, high = record.numbers("input_range", 2)
            maps, height, width = record.integers("input", 3)
            return cls(
                name=record.text("name"),
                input=(maps, height, width),
                stages=tuple(map(read_stage, record.records("stages"))),
                source=printable(record.text("source")),
                description=printable(record.text("description")),
                deviations=tuple(map(printable, record.texts("deviations"))),
                input_range=(low, high),
            )
        except RecordError as error:
            raise ArchitectureError(f"not a network description: {error}") from None


_FORMER_KEYS = {"story": "description", "departures": "deviations"}


def with_current_keys(values: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a network's description; version 0.1 wrote some under other keys.

    >>> with_current_keys({"name": "lenet-5", "story": "as published"})
    {'name': 'lenet-5', 'description': 'as published'}
    """
    return {_FORMER_KEYS.get(key, key): value for key, value in values.items()}


def _layer_json(layer: Layer) -> dict[str, Any]:
    values: dict[str, Any] = asdict(layer)  # type: ignore[call-overload]
    lists = {name: [list(row) for row in value] for name, value in values.items() if isinstance(value, tuple)}
    return values | lists


_ATTRIBUTES: dict[str, Callable[[Record, str], Any]] = {
    "padding_value": Record.number,
    "table": lambda record, name: record.rows(name) if name in record else None,
    "bias": lambda record, name: _known_text(record, name, ("map", "unit")),
    "prototypes": Record.rows,
}
"""Readers of the layer attributes that are no whole numbers."""


def read_stage(record: Record) -> Stage:
    """The stage of a record that has every attribute of its layer.

    Raises:
        RecordError, ArchitectureError: if a value is missing, or is none that the layer takes.
    """
    kind = LAYER_KINDS[_known_text(record, "kind", LAYER_KINDS)]
    values = {
        field.name: _ATTRIBUTES[field.name](record, field.name)
        if field.name in _ATTRIBUTES
        else record.integer(field.name)
        for field in fields(kind)
    }
    activation = _known_text(record, "activation", list(Activation))
    return Stage(record.text("name"), kind(**values), Activation(activation))


def _known_text(record: Record, name: str, known: Collection[str]) -> str:
    if (value := record.text(name)) not in known:
        raise ArchitectureError(f"unknown layer {name} {_shorten(value)}; known: {', '.join(known)}")
    return value


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}…")


def _shape_text(shape: Shape) -> str:
    maps, height, width = shape
    return f"{maps}@{height}×{width}"
