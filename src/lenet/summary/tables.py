"""Summaries as text: a table, Markdown, derivations, the connection tables, the parameters' names."""

from __future__ import annotations

import math

from lenet.architecture import Convolution, Network, Shape
from lenet.connections import draw_connection_table
from lenet.errors import ArchitectureError
from lenet.summary.counts import NetworkSummary, StageSummary
from lenet.summary.derivations import Language, derive, describe_stage, texts
from lenet.terminal import padded

_HEADINGS = ("stage", "layer", "activation", "output", "parameters", "share", "connections", "MACs", "field", "jump")
TEXT_COLUMNS = 4  # the first columns are words, the others numbers


def shape_text(shape: Shape) -> str:
    """Format a shape as the papers do.

    >>> shape_text((6, 28, 28)), shape_text((84, 1, 1))
    ('6@28×28', '84')
    """
    maps, height, width = shape
    return str(maps) if height == width == 1 else f"{maps}@{height}×{width}"


def table_rows(summary: NetworkSummary) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows of a summary's table, totals last, every cell as text."""
    rows: list[tuple[str, ...]] = [("input", "", "", shape_text(summary.network.input), "", "", "", "", "", "")]
    rows += [_row(summary, stage) for stage in summary.stages]
    totals = (f"{summary.parameters:,}", "100 %", f"{summary.connections:,}", f"{summary.macs:,}", "", "")
    return _HEADINGS, [*rows, ("total", "", "", "", *totals)]


def _row(summary: NetworkSummary, stage: StageSummary) -> tuple[str, ...]:
    return (
        stage.name,
        stage.kind.replace("_", " "),
        "" if stage.activation == "identity" else stage.activation.replace("_", " "),
        shape_text(stage.output_shape),
        f"{stage.parameters:,}",
        f"{summary.share(stage):.1f} %",
        f"{stage.connections:,}",
        f"{stage.macs:,}",
        str(stage.receptive_field),
        str(stage.jump),
    )


def to_text(summary: NetworkSummary) -> str:
    """Format a summary as an aligned table, with the network's description, source and deviations."""
    headings, rows = table_rows(summary)
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = [_aligned(row, widths) for row in (headings, *rows)]
    rule = "─" * len(max(lines, key=len))
    network = summary.network
    head = [f"{network.name}: {network.description}", f"source: {network.source}", ""]
    body = [lines[0], rule, *lines[1:-1], rule, lines[-1]]
    tail = [f"deviation: {deviation}" for deviation in network.deviations]
    return "\n".join([*head, *body, *([""] if tail else []), *tail])


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        cell.ljust(width) if column < TEXT_COLUMNS else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def to_markdown(summary: NetworkSummary) -> str:
    """Format a summary as a Markdown table."""
    headings, rows = table_rows(summary)
    rule = ["---" if column < TEXT_COLUMNS else "---:" for column in range(len(headings))]
    lines = [headings, tuple(rule), *rows[:-1], tuple(f"**{cell}**" if cell else "" for cell in rows[-1])]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def explain(summary: NetworkSummary, language: Language = "en") -> str:
    """Every figure of every stage derived with its numbers, in English or Chinese."""
    network = summary.network
    colon = "：" if language == "zh" else ": "
    blocks = [f"{network.name}{colon}{shape_text(network.input)}"]
    for stage, layer in zip(summary.stages, (stage.layer for stage in network.stages), strict=True):
        lines = [f"{stage.name}  {describe_stage(layer, stage.input_shape, language)}"]
        lines += [
            f"    {padded(f'{derivation.label(language)} ', 22)}{derivation.formula}"
            for derivation in derive(summary, stage.name)
        ]
        blocks.append("\n".join(lines))
    ends = []
    for name, words in texts(language)["totals"].items():
        terms = " + ".join(f"{getattr(stage, name):,}" for stage in summary.stages if getattr(stage, name)) or "0"
        ends.append(f"{padded(f'{words} ', 26)}{terms} = {getattr(summary, name):,}")
    return "\n\n".join([*blocks, "\n".join(ends)])


def draw_tables(network: Network) -> str:
    """The connection tables of a network, drawn as Table I of [LeCun98] is printed.

    Raises:
        ArchitectureError: if no stage has one.
    """
    drawings = []
    for index, (stage, input_shape, _) in enumerate(network.stages_with_shapes):
        if not isinstance(stage.layer, Convolution) or stage.layer.table is None:
            continue
        input_name = network.stages[index - 1].name if index else "input"
        rows = draw_connection_table(stage.layer.table, input_shape[0]).splitlines()
        numbers = "".join(f"{column:3d}" for column in range(stage.layer.maps))
        marked = sum(map(len, stage.layer.table))
        lines = [
            f"{input_name} (rows) → {stage.name} (columns): {marked} of {input_shape[0] * stage.layer.maps} kernels"
        ]
        lines += [
            f"  {numbers}",
            *(f"{i:2d}" + "".join(f"{symbol:>3}" for symbol in row) for i, row in enumerate(rows)),
        ]
        drawings.append("\n".join(lines))
    if not drawings:
        raise ArchitectureError(f"{network.name} has no connection table: every map sees every map of the stage before")
    return "\n\n".join(drawings)


def list_parameters(network: Network) -> str:
    """The name, shape and size of every trainable array, and their total.

    >>> from lenet.networks import describe
    >>> print(list_parameters(describe("lenet-short")).splitlines()[0])
    conv1.weight   (6, 1, 5, 5)       150
    """
    shapes = network.parameter_shapes()
    texts = {name: f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})" for name, shape in shapes.items()}
    sizes = {name: f"{math.prod(shape):,}" for name, shape in shapes.items()}
    total = f"{sum(map(math.prod, shapes.values())):,}"
    first = max(map(len, [*texts, "total"])) + 2
    second = max(map(len, texts.values())) + 2
    third = max(map(len, [*sizes.values(), total]))
    lines = [f"{name:<{first}}{texts[name]:<{second}}{sizes[name]:>{third + 2}}" for name in shapes]
    return "\n".join([*lines, f"{'total':<{first}}{'':<{second}}{total:>{third + 2}}"])
