"""How a network of the papers is trained, as values that run.json keeps: loss, first weights, steps, passes."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from lenet.errors import TrainingError

# [LeCun98, III-B]: eta of each pass.
PUBLISHED_RATES = (0.0005,) * 2 + (0.0002,) * 3 + (0.0001,) * 3 + (0.00005,) * 4 + (0.00001,) * 8


@dataclass(frozen=True)
class Recipe:
    """Stochastic diagonal Levenberg–Marquardt [LeCun98, III-B and appendix C].

    Attributes:
        loss: ``"map"`` (eq. 9), ``"penalty"`` (eq. 8) or ``"mean-squared-error"`` (targets +1 and -1).
        j: the penalty of the rubbish class in eq. 9, in the units of the penalties as ``halved`` leaves them.
        halved: penalties are half the squared distances, in the loss and in the start of the second derivatives.
        init: the rule of the first weights.
        rates: eta of each pass; its length is the number of passes.
        mu: keeps steps finite where the second derivative vanishes.
        curvature_patterns: patterns from which the second derivatives are estimated before each pass.
    """

    loss: str = "map"
    j: float = 15.0
    halved: bool = True
    init: str = "sqrt"
    rates: tuple[float, ...] = PUBLISHED_RATES
    mu: float = 0.02
    curvature_patterns: int = 500

    @property
    def passes(self) -> int:
        """How often all patterns are presented."""
        return len(self.rates)

    def limited_to(self, passes: int) -> "Recipe":
        """The same with the first so many passes only.

        >>> Recipe().limited_to(3).rates
        (0.0005, 0.0005, 0.0002)
        """
        if not 1 <= passes <= self.passes:
            raise TrainingError(f"{passes} passes were asked for; the recipe has rates for 1 to {self.passes}")
        return Recipe(**{**vars(self), "rates": self.rates[:passes]})

    def stretched(self, factor: float) -> "Recipe":
        """The same with each rate for so many times as many passes.

        >>> Recipe(rates=(0.5, 0.2)).stretched(2).rates
        (0.5, 0.5, 0.2, 0.2)
        >>> Recipe(rates=(0.5, 0.5, 0.2, 0.2)).stretched(0.5).rates
        (0.5, 0.2)
        """
        passes = round(factor * self.passes)
        if not passes:
            raise TrainingError(f"{self.passes} passes stretched by {factor} are none; expected at least one")
        return replace(self, rates=tuple(self.rates[number * self.passes // passes] for number in range(passes)))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "rates": list(self.rates)}


# Drawn biases were chosen on training patterns set aside; with squared errors they bring nothing there.
LENET_5 = Recipe(init="sqrt-biases")
SQUARED = Recipe(loss="mean-squared-error", j=0.0)
# The papers print no rates for these networks: the rows say what was tried on training patterns set aside.
LENET_1 = replace(SQUARED, rates=tuple(round(4 * eta, 6) for eta in PUBLISHED_RATES))
ZIP_CODES = replace(SQUARED, rates=(0.0003,) * 23)
