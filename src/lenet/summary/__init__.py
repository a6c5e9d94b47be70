"""Exact counts of networks: summaries, derivations, tables, comparison, traced shapes, minimum work of a pass."""

from lenet.summary.comparison import NetworkDifference, difference
from lenet.summary.counts import NetworkSummary, StageSummary, summarize
from lenet.summary.derivations import Derivation, derive
from lenet.summary.tables import draw_tables, explain, list_parameters, to_markdown, to_text
from lenet.summary.trace import trace
from lenet.summary.work import StageWork, Work, measure_work

__all__ = [
    "Derivation",
    "NetworkDifference",
    "NetworkSummary",
    "StageSummary",
    "StageWork",
    "Work",
    "derive",
    "difference",
    "draw_tables",
    "explain",
    "list_parameters",
    "measure_work",
    "summarize",
    "to_markdown",
    "to_text",
    "trace",
]
