"""Evaluation of networks on labeled examples."""

from typing import TYPE_CHECKING, Any

from lenet.evaluation.metrics import ENGINES, Evaluation, Mistake, evaluate, judge, wilson_interval

if TYPE_CHECKING:
    from lenet.evaluation.sheets import draw_answers, draw_confusion, draw_mistakes

__all__ = [
    "ENGINES",
    "Evaluation",
    "Mistake",
    "draw_answers",
    "draw_confusion",
    "draw_mistakes",
    "evaluate",
    "judge",
    "wilson_interval",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from lenet.evaluation import sheets  # imported when asked for: only drawing needs a picture library

        return getattr(sheets, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
