"""The exact account of a network, derived, drawn and compared."""

from lenet.anatomy.account import Account, StageAccount, count
from lenet.anatomy.comparison import NetworkDifference, difference
from lenet.anatomy.derivations import Derivation, derive
from lenet.anatomy.views import draw_tables, explain, list_parameters, to_markdown, to_text
from lenet.anatomy.work import StageWork, Work, measure_work

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
]
