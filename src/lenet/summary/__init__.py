"""The exact account of a network, derived, drawn and compared."""

from lenet.summary.account import Account, StageAccount, count
from lenet.summary.comparison import NetworkDifference, difference
from lenet.summary.derivations import Derivation, derive
from lenet.summary.tables import draw_tables, explain, list_parameters, to_markdown, to_text
from lenet.summary.trace import trace
from lenet.summary.work import StageWork, Work, measure_work

__all__ = [
    "Account",
    "Derivation",
    "NetworkDifference",
    "StageAccount",
    "StageWork",
    "Work",
    "count",
    "derive",
    "difference",
    "draw_tables",
    "explain",
    "list_parameters",
    "measure_work",
    "to_markdown",
    "to_text",
    "trace",
]
