"""Resolution of a request into a plan: recipes, networks, seeds and passes of a row and its dependencies."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lenet.architecture import Network
from lenet.errors import TrainingError, UnknownName
from lenet.experiments.rows import Row, find
from lenet.experiments.streams import Kind
from lenet.initialization import RULES
from lenet.sdnn.windows import WindowParameters
from lenet.training import Recipe

_SDLM_OPTIONS = {
    "mu": "--mu",
    "eta": "--eta",
    "pass_factor": "--pass-factor",
    "init": "--init",
    "halved": "--no-halved",
}
_RECIPE_OPTIONS = {"j": "--j", "rate": "--rate", **_SDLM_OPTIONS}
_QUICK_SEEDS, _QUICK_CURVATURE = 2, 20


@dataclass(frozen=True)
class PartPlan:
    """One training of a row, over all seeds.

    Attributes:
        name: within the row.
        network, recipe: what is trained, and how.
        has_own_recipe: whether it is trained by a recipe other than the row's.
        stream: the kind of patterns it is presented.
        examples: how many of them; all if None.
    """

    name: str
    network: Network
    recipe: Recipe
    has_own_recipe: bool
    stream: Kind
    examples: int | None


@dataclass(frozen=True)
class Plan:
    """The resolved plan of a row.

    Attributes:
        row: what is reproduced.
        network: the row's.
        recipe: the row's, changed as asked, but for the number of passes of a network that is slid over strings.
        passes: how often all patterns are presented.
        windows: how windows are cut, of a row that reads strings.
        parts: what is trained.
        groups: the seeds of each group; a group is an order of presentation.
        quick: whether it is a look only, whose figures mean nothing.
        validation: so many training patterns stand in for the test split.
        data_dir: where the data set's files lie.
        command: that makes the row.
        dependencies: the plans of the rows that it rests on, by name.
    """

    row: Row
    network: Network
    recipe: Recipe
    passes: int
    windows: WindowParameters | None
    parts: tuple[PartPlan, ...]
    groups: tuple[tuple[int, ...], ...]
    quick: bool
    validation: int
    data_dir: Path | None
    command: str
    dependencies: dict[str, "Plan"]

    @property
    def seeds(self) -> list[int]:
        """The seeds of all groups."""
        return [seed for group in self.groups for seed in group]

    @property
    def recipes(self) -> dict[str, Any]:
        """The recipes of a row, its parts and its dependencies, as ``run.json`` holds them."""
        return {
            "recipe": self.recipe.to_json(),
            "passes": self.passes,
            "parts": {part.name: part.recipe.to_json() for part in self.parts if part.has_own_recipe},
            "below": {name: plan.recipes for name, plan in self.dependencies.items()},
        }


@dataclass(frozen=True)
class Request:
    """Options of a reproduction, for a row and its dependencies: those of `lenet.reproduce`, which explains them."""

    seeds: int | None = None
    passes: int | None = None
    quick: bool = False
    validation: int = 0
    data_dir: Path | None = None
    j: float | None = None
    mu: float | None = None
    rate: float = 1.0
    eta: float | None = None
    pass_factor: float = 1.0
    init: str | None = None
    halved: bool = True

    def __post_init__(self) -> None:
        if self.seeds is not None and not (isinstance(self.seeds, int) and 1 <= self.seeds <= 1_000):
            raise TrainingError(f"{self.seeds!r} seeds were asked for; expected 1 to 1000")
        if self.validation < 0:
            raise TrainingError(f"{self.validation} patterns for validation were asked for; expected at least 0")
        if not 0 < self.rate < 1_000:
            raise TrainingError(f"the rates were to be multiplied by {self.rate}; expected a factor above 0")
        if not 0 < self.pass_factor <= 100:
            raise TrainingError(f"pass_factor is {self.pass_factor}; expected more than 0 and at most 100")
        if self.init is not None and self.init not in RULES:
            raise UnknownName("initialization", self.init, RULES)
        for name, value in (("eta", self.eta), ("mu", self.mu)):
            if value is not None and not 0 < value < 1:
                raise TrainingError(f"{name} is {value}; expected more than 0 and less than 1")
        if self.j is not None and not (math.isfinite(self.j) and self.j >= 0):
            raise TrainingError(f"j is {self.j}; expected a number of at least 0")

    def plan(self, row: Row) -> Plan:
        """Resolve the plan of a row.

        Raises:
            TrainingError: in one sentence, if something cannot be done with the row, or would change a part of it only.
        """
        self._check(row)
        recipe, network = self._with_options(row.recipe), row.description()
        passes = recipe.epochs if self.passes is None else self.passes
        if passes > recipe.epochs or passes < 1:
            raise TrainingError(f"{passes} passes were asked for; the recipe has rates for 1 to {recipe.epochs}")
        passes = 1 if self.quick else passes
        return Plan(
            row,
            network,
            self._limited(recipe, passes),
            passes,
            row.windows,
            tuple(
                PartPlan(
                    part.name,
                    part.network or network,
                    self._limited(self._with_options(part.recipe or row.recipe), passes),
                    part.recipe is not None,
                    part.stream,
                    part.examples,
                )
                for part in row.parts
            ),
            self._groups(row),
            self.quick,
            self.validation,
            self.data_dir,
            " ".join(["lenet reproduce", row.name, *self.options()]),
            {name: self.plan(find(name)) for name in row.depends_on},
        )

    def options(self) -> list[str]:
        """The options that change the result, as on the command line."""
        options = {"--seeds": self.seeds, "--passes": self.passes, "--validation": self.validation or None,
                 "--j": self.j, "--mu": self.mu, "--eta": self.eta, "--rate": self.rate if self.rate != 1 else None,
                 "--pass-factor": self.pass_factor if self.pass_factor != 1 else None, "--init": self.init}  # fmt: skip
        flags = {"--no-halved": not self.halved, "--quick": self.quick}
        values = {name: f"{v:.12g}" if isinstance(v, float) else v for name, v in options.items() if v is not None}
        return [f"{name} {v}" for name, v in values.items()] + [name for name, is_on in flags.items() if is_on]

    def _check(self, row: Row) -> None:
        if self.quick and (self.passes is not None or self.pass_factor != 1):
            option = "pass-factor" if self.passes is None else "passes"
            raise TrainingError(f"a quick look is one pass; leave --{option} or --quick out")
        changed = [name for name in _RECIPE_OPTIONS if getattr(self, name) != getattr(Request, name)]
        if changed and any(part.recipe for part in row.parts):
            raise TrainingError(f"{row.name} compares recipes as they stand; leave {_RECIPE_OPTIONS[changed[0]]} out")
        if "j" in changed and row.recipe.loss != "map":
            raise TrainingError(f"{row.name} learns by {row.recipe.loss}, which has no j to change; leave --j out")
        for name, option in _SDLM_OPTIONS.items():
            if name in changed and row.recipe.optimizer != "sdlm":
                raise TrainingError(f"{row.name} is trained by AdamW, to which {option} does not apply; leave it out")
        if row.windows is not None and 0 < self.validation < row.windows.digits:
            raise TrainingError(
                f"{self.validation} patterns make no string of digits; expected {row.windows.digits} or more"
            )

    def _with_options(self, recipe: Recipe) -> Recipe:
        """Apply the options to a recipe, with all its passes."""
        if self.j is not None and recipe.loss == "map":
            recipe = replace(recipe, j=self.j)
        if recipe.optimizer != "sdlm":
            return replace(recipe, learning_rate=self.rate * recipe.learning_rate)
        recipe = replace(
            recipe,
            mu=self.mu or recipe.mu,
            init=self.init or recipe.init,
            halved=recipe.halved and self.halved,
        )
        recipe = scale_schedule(recipe, self.pass_factor)
        eta = [self.eta] * recipe.epochs if self.eta is not None else recipe.rates
        return replace(recipe, rates=tuple(rate if self.rate == 1 else self.rate * rate for rate in eta))

    def _limited(self, recipe: Recipe, passes: int) -> Recipe:
        """Limit a recipe to so many passes, unless its schedule runs over the full number."""
        if recipe.optimizer == "sdlm":
            curvature = _QUICK_CURVATURE if self.quick else recipe.curvature_examples
            return replace(recipe.limited_to(passes), curvature_examples=curvature)
        has_fewer_passes = self.quick or self.passes is not None
        is_limited = has_fewer_passes and recipe.schedule != "one-cycle-midpoint"
        return replace(recipe, epochs=min(recipe.epochs, passes)) if is_limited else recipe

    def _groups(self, row: Row) -> tuple[tuple[int, ...], ...]:
        if not row.parts:
            return ()
        number = self.seeds or (_QUICK_SEEDS if self.quick else row.seeds)
        parts = np.array_split(np.arange(number), min(row.orders or number, number))
        return tuple(tuple(part.tolist()) for part in parts)


def scale_schedule(recipe: Recipe, factor: float) -> Recipe:
    """Scale the length of a recipe's schedule: each rate for ``factor`` times as many passes.

    >>> from lenet.training.recipes import SDLM
    >>> two = replace(SDLM, epochs=2, rates=(0.5, 0.2))
    >>> scale_schedule(two, 2).rates, scale_schedule(scale_schedule(two, 2), 0.5).rates
    ((0.5, 0.5, 0.2, 0.2), (0.5, 0.2))
    """
    if factor == 1:
        return recipe
    passes, epochs = round(factor * recipe.epochs), recipe.epochs
    if not passes:
        raise TrainingError(f"{epochs} passes times {factor} are none; expected at least one")
    rates = tuple(recipe.rates[number * epochs // passes] for number in range(passes))
    return replace(recipe, epochs=passes, rates=rates)
