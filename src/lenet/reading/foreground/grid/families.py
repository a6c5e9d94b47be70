"""The slopes that the rules of one direction share: as perspective has it, they change evenly across the page."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lenet.reading.foreground.grid.rule import Rule
from lenet.reading.foreground.rules import RULE_TILT


@dataclass(frozen=True, eq=False)
class Family:
    """The slopes of rules in one direction: as perspective has it, they change evenly across the rules.

    ``slope`` at the middle of their places, ``turn`` for each pixel from there.
    """

    slope: float
    turn: float
    middle: float

    @classmethod
    def of(cls, runs: Sequence[Rule]) -> "Family":
        """The slopes that long runs agree on, by iterated weights."""
        if not runs:
            return cls(0.0, 0.0, 0.0)
        lengths = np.array([len(run.middles) for run in runs], np.float64)
        slopes = np.array([run.slope for run in runs])
        places = np.array([float(run.middles[len(run.middles) // 2]) for run in runs])
        order = np.argsort(slopes)
        weights = lengths[order] ** 2
        slope = float(slopes[order][np.searchsorted(np.cumsum(weights), weights.sum() / 2)])
        middle, turn = float(places.mean()), 0.0
        extent = max(float(np.ptp(places)), 1.0)
        for _ in range(5):
            residuals = slopes - slope - turn * (places - middle)
            weights = lengths**2 / (1 + (residuals / RULE_TILT) ** 2) ** 2
            away = (places - middle) / extent
            total, first = float(weights.sum()), float(weights @ away)
            second = float(weights @ away**2) + 0.05 * total
            rise, turned = float(weights @ slopes), float(weights @ (slopes * away))
            determinant = total * second - first * first
            slope = (rise * second - first * turned) / determinant
            turn = (total * turned - first * rise) / determinant / extent
        return cls(slope, turn, middle)

    def at(self, place: float) -> float:
        """The slope of a rule at a place across the rules."""
        return self.slope + self.turn * (place - self.middle)

    def has(self, run: Rule) -> bool:
        """Whether a run is as steep, and straight; short ones are no surer of that than by a pixel or two."""
        count = len(run.middles)
        slope = self.at(float(run.middles[count // 2]))
        if abs(run.slope - slope) > RULE_TILT + 3.0 / count:
            return False
        offsets = run.middles - slope * np.arange(count, dtype=np.float32)
        max_range = 3.0 + run.thickness / 2 + RULE_TILT * count
        return float(offsets.max()) - float(offsets.min()) <= max_range


def alike_rules(rules: list[Rule]) -> list[Rule]:
    """The rules that are as steep as others of their direction."""
    alike: list[Rule] = []
    for is_level in (True, False):
        family = Family.of([rule for rule in rules if rule.is_level == is_level])
        alike += [rule for rule in rules if rule.is_level == is_level and (rule.is_open or family.has(rule))]
    return alike
