"""Digit-string reader: space displacement, grammar, and search for its costs on validation strings."""

import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from lenet.errors import WeightsError
from lenet.model import Model
from lenet.preprocess import GrayLevels
from lenet.records import Record, RecordError
from lenet.sdnn.decoding import Grammar, Path, decode
from lenet.sdnn.digit_strings import DigitStrings
from lenet.sdnn.displacement import CLASSES, Array, Displacement

_KEY = "grammar"
_BATCH_SIZE = 200  # fields
_ROUNDS = 2
_MAX_COLUMNS = 64  # phases, and columns that see one digit
# The values that are tried, cost after cost.
_CANDIDATES: dict[str, Sequence[Any]] = {
    "again": (1.0, 2.0, 4.0, 6.0, 9.0, 12.0, 16.0, 24.0),
    "longest": range(2, 11),
    "stay": (-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 6.0),
    "entry": (-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 8.0, 10.0),
    "contact": (6.0, 9.0, 12.0, 16.0, 24.0, math.inf),
}


class StringReader:
    """Reader of digit strings in fields as high as the network's input.

    Args:
        model: of a network with a blank; its provenance may hold the costs of a `Grammar`.
        grammar: the costs; those of the weights if None.
        phases: as of `Displacement`.

    Raises:
        WeightsError: if the network has no blank.
    """

    def __init__(self, model: Model, grammar: Grammar | None = None, phases: int | None = None) -> None:
        if model.network.classes != CLASSES:
            raise WeightsError(f"holds {model.network.name} weights, whose network knows no blank between digits")
        with model.checked_provenance() as provenance:
            record = provenance.record(_KEY, default={})
            self.displacement = Displacement(model, phases or record.integer("phases", 1, _MAX_COLUMNS, default=1))
            self.grammar = grammar or _grammar(record)

    def read(self, fields: GrayLevels) -> list[Path]:
        """Read fields, uint8 (N, 32, width), ink-high.

        Returns:
            The path of least penalty of each.
        """
        parts = [fields[start : start + _BATCH_SIZE] for start in range(0, len(fields), _BATCH_SIZE)]
        return [path for part in parts for path in decode(self.displacement.columns(part).penalties, self.grammar)]


def choose_grammar(displacement: Displacement, strings: Sequence[DigitStrings]) -> tuple[Grammar, float]:
    """Coordinate search over the grammar's costs for the most strings wholly right.

    Returns:
        The grammar, and the share of the strings that it gets right, 0..1.
    """
    scored_batches = [(displacement.columns(batch.fields).penalties, batch.texts) for batch in strings]
    best, best_share = Grammar(again=6.0, longest=displacement.phases + 2), -1.0
    evaluated: set[Grammar] = set()
    for _ in range(_ROUNDS):
        for name, values in _CANDIDATES.items():
            for grammar in [replace(best, **{name: value}) for value in values]:
                if grammar in evaluated:
                    continue
                evaluated.add(grammar)
                share = share_right(scored_batches, grammar)
                if share > best_share:
                    best, best_share = grammar, share
    return best, best_share


def share_right(scored_batches: Sequence[tuple[Array, Sequence[str]]], grammar: Grammar) -> float:
    """The share of strings that are wholly right, from penalties and texts."""
    right = [
        path.text == text
        for penalties, texts in scored_batches
        for path, text in zip(decode(penalties, grammar), texts, strict=True)
    ]
    return float(np.mean(right))


def with_grammar(model: Model, grammar: Grammar, phases: int, **provenance: Any) -> Model:
    """Add the grammar's costs and further provenance to a model."""
    costs = {name: str(cost) for name, cost in asdict(grammar).items()}
    return replace(model, provenance={**model.provenance, **provenance, _KEY: {**costs, "phases": phases}})


def _grammar(record: Record) -> Grammar:
    costs = {name: _cost(record, name) for name in ("entry", "contact", "again", "stay") if name in record}
    longest = record.text("longest", default=str(Grammar.longest))
    if not (longest.isdecimal() and longest.isascii() and 1 <= int(longest[:9]) <= _MAX_COLUMNS):
        raise RecordError(f"{_KEY}.longest is {longest[:40]!r}, expected a whole number of 1 to {_MAX_COLUMNS}")
    return Grammar(**costs, longest=int(longest))


def _cost(record: Record, name: str) -> float:
    """Parse a cost, stored as text, since JSON has no infinity."""
    try:
        cost = float(record.text(name))
    except ValueError:
        cost = math.nan
    if math.isnan(cost):
        raise RecordError(f"{_KEY}.{name} is {record.text(name)[:40]!r}, expected a cost")
    return cost
