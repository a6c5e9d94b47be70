"""Evaluation of networks on labeled examples."""

from typing import TYPE_CHECKING, Any

from lenet.evaluation.metrics import ENGINES, Evaluation, Mistake, data_for, evaluate, evaluate_outputs, wilson_interval
from lenet.evaluation.orientation import transposed_digits, warn_of_transposed_digits

if TYPE_CHECKING:
    from lenet.evaluation.sheets import draw_answers, draw_confusion, draw_mistakes

__all__ = [
    "ENGINES",
    "Evaluation",
    "Mistake",
    "data_for",
    "draw_answers",
    "draw_confusion",
    "draw_mistakes",
    "evaluate",
    "evaluate_outputs",
    "transposed_digits",
    "warn_of_transposed_digits",
    "wilson_interval",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from lenet.evaluation import sheets  # imported when asked for: only drawing needs a picture library

        return getattr(sheets, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
