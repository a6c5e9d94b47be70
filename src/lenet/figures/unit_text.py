"""Text form of one unit's computation: every patch, kernel and product, over all its input maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from lenet.architecture import (
    Activation,
    AveragePooling,
    EuclideanRbf,
    GlobalAveragePooling,
    MaxPooling,
    Network,
    Subsampling,
)
from lenet.figures.panels import Array
from lenet.figures.stages import FORMULAS, ForwardPass, layer_text
from lenet.figures.units import Term, Unit, explain_unit
from lenet.files import write_result


def write_unit(forward_pass: ForwardPass, stage: str, position: Sequence[int], directory: str | Path) -> Path:
    """Write the sum of one unit as text, ``unit_STAGE_MAP_ROW_COLUMN.txt``.

    Args:
        stage, position: as `find_unit` takes them.
        directory: the folder; made if it is not there.

    Raises:
        UnknownName: if the network has no such stage.
        DataError: if the stage has no such unit.
        OSError: if it cannot be written.
    """
    unit = explain_unit(forward_pass, stage, position)
    path = Path(directory) / f"{unit.file_name}.txt"
    write_result(path, unit_text(forward_pass.network, unit).encode())
    return path


def unit_text(network: Network, unit: Unit) -> str:
    """The sum of a unit with all its numbers, rounded to four decimals."""
    number, row, column = unit.position
    index = f"map {number}, row {row}, column {column}" if unit.has_map else f"unit {number}"
    lines = [f"{network.name}, {unit.stage.name}: {index}, after {layer_text(unit.stage)} of {unit.source_name}", ""]
    if unit.source.shape[1:] == (1, 1):
        lines += [_product(unit, term) for term in unit.terms]
    else:
        for term in unit.terms:
            lines += [*_patch(unit, term), ""]
    return "\n".join([*lines, *_sum(unit)]) + "\n"


def _patch(unit: Unit, term: Term) -> Iterator[str]:
    """A patch beside its kernel, row by row."""
    top, left, bottom, right = term.box
    source = "input" if unit.source_name == "input" and len(unit.source) == 1 else f"map {term.map}"
    times = "" if term.kernel is None else " · kernel"
    yield f"{source}, rows {top} to {bottom - 1}, columns {left} to {right - 1}{times}:"
    for index, values in enumerate(term.patch):
        kernel = "" if term.kernel is None else f"   ·   {_row(term.kernel[index])}"
        yield f"  {_row(values)}{kernel}"
    yield f"  {'largest' if isinstance(unit.stage.layer, MaxPooling) else 'sum of products'} = {term.sum:.4f}"


def _product(unit: Unit, term: Term) -> str:
    value, weight = float(term.patch[0, 0]), 0.0 if term.kernel is None else float(term.kernel[0, 0])
    if isinstance(unit.stage.layer, EuclideanRbf):
        return f"unit {term.map:>4}:  ({value:9.4f} - {weight:7.4f})² = {term.sum:9.4f}"
    return f"unit {term.map:>4}:  {value:9.4f} · {weight:9.4f} = {term.sum:9.4f}"


def _sum(unit: Unit) -> Iterator[str]:
    """The terms of all maps, the bias, the sum and the output."""
    layer = unit.stage.layer
    if not isinstance(layer, MaxPooling):
        terms = [f"{term.sum:+.4f}" for term in unit.terms]
        plural = "units" if unit.source.shape[1:] == (1, 1) else "maps"
        label = f"sum over {len(terms)} {plural}" if len(terms) > 1 else _SINGLE.get(type(layer), "sum of products")
        summands = f"{' '.join(terms)} = " if 1 < len(terms) <= 16 else ""
        yield f"{label}: {summands}{sum(term.sum for term in unit.terms):.4f}"
    if unit.bias is not None:
        yield f"bias: {unit.bias:+.4f}"
    yield f"a = {unit.sum:.4f}"
    if unit.stage.activation is not Activation.IDENTITY:
        yield f"{FORMULAS[unit.stage.activation].replace('−', '-')} = {unit.value:.4f}"


_SINGLE = {
    Subsampling: "coefficient · sum of the patch",
    AveragePooling: "mean of the patch",
    GlobalAveragePooling: "mean of the map",
}


def _row(values: Array) -> str:
    return " ".join(f"{value:9.4f}" for value in np.asarray(values, np.float64).tolist())
