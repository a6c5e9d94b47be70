"""Published figures of the papers as data: single figures, learning curves and sizes of training sets.

Rates are percent, as printed. The curve of Fig. 5 was read from the vectors of the authors' preprint and is good to
0.02.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One printed figure.

    Attributes:
        measure: what it measures, one of the keys of `metrics.MEASURES`.
        value: in percent; an average cost in networks.
        source: paper, then section or figure.
        examples: number of test or training examples; 0 for what is not an error rate.
        part: the name of its training (`rows.Part`), where a row has several: ``"15,000"``, ``"lenet-1"``.
    """

    measure: str
    value: float
    source: str
    examples: int = 10_000
    part: str = ""

    @property
    def standard_error(self) -> float | None:
        """The binomial standard error of the printed rate, in percent: the chance of a finite test set.

        >>> round(Published("test_error", 0.95, "[LeCun98, Fig. 9]").standard_error, 3)
        0.097
        """
        if not self.examples:
            return None
        share = self.value / 100
        return float(100 * (share * (1 - share) / self.examples) ** 0.5)


FIGURE_5_TRAINING = (
    4.89, 3.04, 1.77, 1.48, 1.22, 0.91, 0.78, 0.70, 0.57, 0.49,
    0.47, 0.44, 0.41, 0.39, 0.39, 0.39, 0.36, 0.36, 0.36, 0.36,
)  # fmt: skip
"""LeNet-5 without distortions, error on the training patterns while learning, passes 1 to 20 [LeCun98, Fig. 5]."""

FIGURE_5_TEST = (
    2.65, 2.24, 1.48, 1.43, 1.43, 1.09, 1.04, 1.07, 0.99, 0.96,
    0.96, 0.99, 0.96, 0.96, 0.96, 0.96, 0.96, 0.96, 0.96, 0.96,
)  # fmt: skip
"""The same run's error on the test set after each pass [LeCun98, Fig. 5]."""

FIGURE_6_TEST = {15_000: 1.68, 30_000: 1.14, 60_000: 0.94}
"""Test error by the number of training patterns [LeCun98, Fig. 6]."""

FIGURE_6_TRAINING = {15_000: 0.05, 30_000: 0.31, 60_000: 0.35}
"""Training error by the number of training patterns [LeCun98, Fig. 6]."""

FIGURE_6_DISTORTED = 0.82
"""Test error with 540,000 distorted patterns beside the 60,000 [LeCun98, Fig. 6]."""

FIGURE_10 = {"lenet-1": 3.7, "lenet-4": 1.8, "lenet-4-boosted": 0.5}
"""Percent of the test patterns to be rejected for 0.5 % error on the rest [LeCun98, Fig. 10]."""

ZIP_TRAINING_EXAMPLES, ZIP_TEST_EXAMPLES = 7_291, 2_007
"""Digits of the zip codes [LeCun89]."""
