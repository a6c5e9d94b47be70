"""What is asked of rows: how many seeds and passes, on which patterns, with which values in place of the recipe's."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lenet.errors import TrainingError, UnknownName
from lenet.experiments.digit_strings import DIGITS
from lenet.experiments.recipe import Recipe
from lenet.experiments.rows import Row
from lenet.initialization import RULES
from lenet.sdnn.training import Plan
from lenet.training import Recipe as BatchRecipe

_CHANGES = ("j", "mu", "eta", "rate", "stretch", "init", "unhalved")  # of the recipe
_QUICK_SEEDS, _QUICK_CURVATURE = 2, 20


@dataclass(frozen=True)
class Request:
    """What is asked of a row, and of the rows that it rests on.

    Attributes:
        seeds: so many in place of the row's own number.
        passes: only the first so many.
        quick: one pass over 200 patterns with two seeds, to see that all works; the figures mean nothing.
        validation: so many training patterns stand in for the test part, which is left alone.
        data_dir: where the data set's files lie.
        j, mu: other values than the recipe's, to be tried on validation patterns.
        rate: a factor for all rates.
        eta: one rate for all passes.
        stretch: each rate for so many times as many passes.
        init: another rule of `initialization` for the first weights.
        unhalved: penalties and squared distances count whole, and j is in units of whole ones.
    """

    seeds: int | None = None
    passes: int | None = None
    quick: bool = False
    validation: int = 0
    data_dir: Path | None = None
    j: float | None = None
    mu: float | None = None
    rate: float = 1.0
    eta: float | None = None
    stretch: float = 1.0
    init: str | None = None
    unhalved: bool = False

    def __post_init__(self) -> None:
        if self.seeds is not None and not 1 <= self.seeds <= 1_000:
            raise TrainingError(f"{self.seeds} seeds were asked for; expected 1 to 1000")
        if self.validation < 0:
            raise TrainingError(f"{self.validation} patterns for validation were asked for; expected at least 0")
        if not 0 < self.rate < 1_000:
            raise TrainingError(f"the rates were to be multiplied by {self.rate}; expected a factor above 0")
        if not 0 < self.stretch <= 100:
            raise TrainingError(f"the passes were to be stretched by {self.stretch}; expected more than 0, at most 100")
        if self.init is not None and self.init not in RULES:
            raise UnknownName("initialization", self.init, RULES)
        for name, value in (("eta", self.eta), ("mu", self.mu)):
            if value is not None and not 0 < value < 1:
                raise TrainingError(f"{name} is {value}; expected more than 0 and less than 1")
        if self.j is not None and not (math.isfinite(self.j) and self.j >= 0):
            raise TrainingError(f"j is {self.j}; expected a number of at least 0")

    def check(self, row: Row) -> None:
        """Refuse what cannot be done with a row, or would change a part of it only.

        Raises:
            TrainingError: in one sentence.
        """
        if self.quick and (self.passes is not None or self.stretch != 1):
            left = "stretch" if self.passes is None else "passes"
            raise TrainingError(f"a quick look is one pass; leave --{left} or --quick out")
        asked = [name for name in _CHANGES if getattr(self, name) != getattr(Request, name)]
        if asked and any(part.recipe for part in row.parts):
            raise TrainingError(f"{row.name} compares recipes as they stand; leave --{asked[0]} out")
        if "j" in asked and row.plan is None and row.recipe.loss != "map":
            raise TrainingError(f"{row.name} learns by {row.recipe.loss}, which has no j to change; leave --j out")
        for name in ("mu", "eta", "stretch", "init", "unhalved"):
            if name in asked and row.plan is not None:
                raise TrainingError(f"{row.name} is taught by AdamW, which has no --{name} to change; leave it out")
        if row.plan is not None and 0 < self.validation < DIGITS:
            raise TrainingError(f"{self.validation} patterns make no string of digits; expected {DIGITS} or more")
        whole = row.plan or replace(self, passes=None).recipe_of(row)
        if self.passes is not None:
            whole.limited_to(self.passes)

    def recipe_of(self, row: Row, own: Recipe | None = None) -> Recipe:
        """A row's recipe, or one of its parts' own, changed as asked."""
        recipe = own or row.recipe
        if self.j is not None and recipe.loss == "map":
            recipe = replace(recipe, j=self.j)
        if self.mu is not None:
            recipe = replace(recipe, mu=self.mu)
        if self.init is not None:
            recipe = replace(recipe, init=self.init)
        if self.unhalved:
            recipe = replace(recipe, halved=False)
        if self.stretch != 1:
            recipe = recipe.stretched(self.stretch)
        if self.eta is not None:
            recipe = replace(recipe, rates=(self.eta,) * recipe.passes)
        if self.rate != 1:
            recipe = replace(recipe, rates=tuple(self.rate * eta for eta in recipe.rates))
        recipe = recipe if self.passes is None else recipe.limited_to(self.passes)
        return replace(recipe.limited_to(1), curvature_patterns=_QUICK_CURVATURE) if self.quick else recipe

    def batch_recipe_of(self, own: BatchRecipe) -> BatchRecipe:
        """The recipe of a part that learns by mini-batches, with fewer passes if they are asked for."""
        return replace(own, epochs=min(own.epochs, 1 if self.quick else self.passes or own.epochs))

    def plan_of(self, row: Row) -> Plan | None:
        """How the network is taught that is slid over strings, changed as asked; None for all other rows."""
        if row.plan is None:
            return None
        plan = row.plan if self.passes is None else row.plan.limited_to(self.passes)
        learning = plan.learning if self.j is None else replace(plan.learning, j=self.j)
        plan = replace(plan, learning=learning, peak_rate=self.rate * plan.peak_rate)
        return plan.limited_to(1) if self.quick else plan

    def groups_of(self, row: Row) -> tuple[tuple[int, ...], ...]:
        """The seeds of each group; a group is an order of presentation. None where a row teaches no network itself."""
        if not row.parts:
            return ()
        number = self.seeds or (_QUICK_SEEDS if self.quick else row.seeds)
        parts = np.array_split(np.arange(number), min(row.orders or number, number))
        return tuple(tuple(part.tolist()) for part in parts)

    def options(self) -> list[str]:
        """As they are given on the command line, those that change what comes out."""
        given = {"--seeds": self.seeds, "--passes": self.passes, "--validation": self.validation or None,
                 "--j": self.j, "--mu": self.mu, "--eta": self.eta, "--rate": self.rate if self.rate != 1 else None,
                 "--stretch": self.stretch if self.stretch != 1 else None, "--init": self.init}  # fmt: skip
        flags = {"--unhalved": self.unhalved, "--quick": self.quick}
        values = {name: f"{v:.12g}" if isinstance(v, float) else v for name, v in given.items() if v is not None}
        return [f"{name} {v}" for name, v in values.items()] + [name for name, is_on in flags.items() if is_on]
