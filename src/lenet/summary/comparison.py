"""Comparison of two networks, stage by stage, with the effects on the counts."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from lenet.architecture import Convolution, EuclideanRbf, FullConnection, Network, Stage
from lenet.summary.counts import NetworkSummary, StageSummary, kernels, summarize
from lenet.summary.tables import shape_text

_FIGURES = {"parameters": "parameters", "connections": "connections", "macs": "MACs"}
"""Totals, with their names in text."""


@dataclass(frozen=True)
class Change:
    """One property that differs."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class StageDifference:
    """Differences of a pair of aligned stages, or a stage without a partner.

    Attributes:
        before, after: the stages' counts; None where the network has no such stage.
        changes: the properties that differ; empty if the stages are the same but for their names.
    """

    before: StageSummary | None
    after: StageSummary | None
    changes: tuple[Change, ...]

    def effect(self, figure: str) -> int:
        """Change of a total by the stage: ``"parameters"``, ``"connections"`` or ``"macs"``."""
        return _count(self.after, figure) - _count(self.before, figure)


@dataclass(frozen=True)
class NetworkDifference:
    """Differences of two networks, as a whole and stage by stage."""

    before: NetworkSummary
    after: NetworkSummary
    changes: tuple[Change, ...]
    stages: tuple[StageDifference, ...]

    def __repr__(self) -> str:
        names = f"{self.before.network.name} and {self.after.network.name}"
        return f"NetworkDifference({names}, {len(self.changes)} changes, {len(self.stages)} stages)"

    def __str__(self) -> str:
        return to_text(self)

    def _repr_html_(self) -> str:
        from lenet.notebook import text_html

        return text_html(str(self))

    def to_json(self) -> dict[str, Any]:
        """The same as plain dicts and lists."""
        return {
            "before": self.before.network.name,
            "after": self.after.network.name,
            "changes": [vars(change) for change in self.changes],
            "stages": [
                {
                    "before": stage.before.name if stage.before else None,
                    "after": stage.after.name if stage.after else None,
                    "changes": [vars(change) for change in stage.changes],
                    "effect": {figure: stage.effect(figure) for figure in _FIGURES},
                }
                for stage in self.stages
            ],
            "totals": {
                figure: {"before": getattr(self.before, figure), "after": getattr(self.after, figure)}
                for figure in _FIGURES
            },
        }


def difference(before: Network, after: Network) -> NetworkDifference:
    """Compare two networks.

    >>> from lenet.networks import describe
    >>> found = difference(describe("lenet-5"), describe("lenet-5-relu"))
    >>> [change.what for change in found.stages[2].changes]
    ['connection table', 'activation']
    >>> found.stages[2].effect("parameters")
    900
    """
    first, second = summarize(before), summarize(after)
    changes = _changed(
        ("input", shape_text(before.input), shape_text(after.input)),
        ("input range", _range_text(before), _range_text(after)),
        ("decision", _decision(before), _decision(after)),
    )
    pairs = _align(before, after)
    return NetworkDifference(first, second, changes, tuple(_compare(first, second, i, k) for i, k in pairs))


def to_text(difference: NetworkDifference) -> str:
    """Format the difference as text."""
    first, second = difference.before, difference.after
    lines = [f"{first.network.name} → {second.network.name}"]
    lines += [f"  {change.what}: {change.before} → {change.after}" for change in difference.changes]
    for stage in difference.stages:
        is_unchanged = stage.before and stage.after and not stage.changes
        lines.append(f"{_pair_name(stage)}{': the same' if is_unchanged else ''}")
        lines += [f"  {change.what}: {change.before} → {change.after}" for change in stage.changes]
        effects = [
            f"{name} {_count(stage.before, figure):,} → {_count(stage.after, figure):,} ({stage.effect(figure):+,})"
            for figure, name in _FIGURES.items()
            if stage.effect(figure)
        ]
        lines += [f"  effect: {', '.join(effects)}"] if effects else []
    for figure, name in _FIGURES.items():
        a, b = getattr(first, figure), getattr(second, figure)
        lines.append(f"total {name}: {a:,} → {b:,} ({b - a:+,})")
    return "\n".join(lines)


def _pair_name(stage: StageDifference) -> str:
    if stage.before is None or stage.after is None:
        only = stage.after or stage.before
        assert only is not None
        return f"{only.name}: only in the {'second' if stage.before is None else 'first'}"
    same_name = stage.before.name == stage.after.name
    return stage.before.name if same_name else f"{stage.before.name} → {stage.after.name}"


def _count(stage: StageSummary | None, figure: str) -> int:
    return getattr(stage, figure) if stage else 0


def _align(before: Network, after: Network) -> list[tuple[int | None, int | None]]:
    """Align stages by role: convolutions with convolutions, full connections with full connections."""
    roles = ([_role(stage) for stage in before.stages], [_role(stage) for stage in after.stages])
    pairs: list[tuple[int | None, int | None]] = []
    for tag, i0, i1, k0, k1 in SequenceMatcher(None, *roles, autojunk=False).get_opcodes():
        if tag == "equal":
            pairs += zip(range(i0, i1), range(k0, k1), strict=True)
        else:
            pairs += [(i, None) for i in range(i0, i1)] + [(None, k) for k in range(k0, k1)]
    return pairs


def _role(stage: Stage) -> str:
    if stage.name in {"output", "ip2"} or isinstance(stage.layer, EuclideanRbf):
        return "output"
    if isinstance(stage.layer, FullConnection) or stage.name == "c5":
        return "dense"
    return "convolution" if isinstance(stage.layer, Convolution) else "pooling"


def _compare(first: NetworkSummary, second: NetworkSummary, i: int | None, k: int | None) -> StageDifference:
    a, b = None if i is None else first.stages[i], None if k is None else second.stages[k]
    if a is None or b is None or i is None or k is None:
        return StageDifference(a, b, ())
    before, after = _properties(first.network.stages[i], a), _properties(second.network.stages[k], b)
    return StageDifference(a, b, _changed(*((what, before[what], after[what]) for what in before if what in after)))


def _properties(stage: Stage, summary: StageSummary) -> dict[str, str]:
    layer = stage.layer
    properties = {"layer": stage.kind.replace("_", " ")}
    if isinstance(layer, Convolution):
        input_shape = summary.input_shape
        all_pairs = input_shape[0] * layer.maps
        used = kernels(layer, input_shape)
        table = "every map" if layer.table is None else f"{used} of {all_pairs} kernels"
        properties |= {
            "maps": str(layer.maps),
            "kernel": f"{layer.kernel_size}×{layer.kernel_size}",
            "stride": str(layer.stride),
            "padding": f"{layer.padding}" + (f" (filled with {layer.padding_value:g})" if layer.padding else ""),
            "connection table": table,
            "bias": f"one per {layer.bias}",
        }
    if isinstance(layer, FullConnection):
        properties["units"] = str(layer.units)
    properties["activation"] = str(stage.activation).replace("_", " ")
    properties["output"] = shape_text(summary.output_shape)
    return properties


def _changed(*rows: tuple[str, str, str]) -> tuple[Change, ...]:
    return tuple(Change(what, before, after) for what, before, after in rows if before != after)


def _range_text(network: Network) -> str:
    background, ink = network.input_range
    return f"{background:.4g} to {ink:.4g}"


def _decision(network: Network) -> str:
    return "smallest penalty wins" if network.smallest_wins else "largest output wins"
