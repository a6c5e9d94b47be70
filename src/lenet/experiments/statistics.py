"""Statistics over seeds: mean, deviation, 95 % interval of the mean, and comparison with a published figure.

A seed's figure is one draw; the interval is Student's, over seeds. It says nothing about the finite test set, which
is the same for all seeds; that is what the binomial standard error is for.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

# Student's 97.5 % points by degrees of freedom; between two entries the smaller one, which is the wider interval.
_STUDENT_QUANTILES = {
    1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228,
    11: 2.201, 12: 2.179, 13: 2.160, 14: 2.145, 15: 2.131, 16: 2.120, 17: 2.110, 18: 2.101, 19: 2.093, 20: 2.086,
    21: 2.080, 22: 2.074, 23: 2.069, 24: 2.064, 25: 2.060, 26: 2.056, 27: 2.052, 28: 2.048, 29: 2.045, 30: 2.042,
    31: 2.040, 40: 2.021, 47: 2.012, 60: 2.000, 63: 1.998, 120: 1.980,
}  # fmt: skip


@dataclass(frozen=True)
class Summary:
    """A figure over ``n`` seeds; deviation and interval are None for a single one."""

    n: int
    mean: float
    deviation: float | None
    low: float | None
    high: float | None


def student_quantile(freedom: int) -> float:
    """Student's 97.5 % point.

    >>> student_quantile(15), student_quantile(35)
    (2.131, 2.04)
    """
    return _STUDENT_QUANTILES[max(tabulated for tabulated in _STUDENT_QUANTILES if tabulated <= freedom)]


def summarize(values: Sequence[float]) -> Summary:
    """Mean, standard deviation (n - 1) and the 95 % interval of the mean.

    >>> summarize([0.9, 1.0, 1.1]).mean
    1.0
    """
    n, mean = len(values), fmean(values)
    if n == 1:
        return Summary(1, mean, None, None, None)
    deviation = stdev(values)
    half_width = student_quantile(n - 1) * deviation / math.sqrt(n)
    return Summary(n, mean, deviation, mean - half_width, mean + half_width)


def difference(values: Sequence[float], baseline: Sequence[float]) -> tuple[float, float | None]:
    """Difference of the means of two samples, and half the width of its 95 % interval.

    Welch's, with the degrees of freedom of the smaller sample, which is the wider interval; None for a single value.

    >>> difference([1.0, 1.2], [0.9, 1.1])[0]
    0.1
    """
    summary, baseline_summary = summarize(values), summarize(baseline)
    difference_of_means = round(summary.mean - baseline_summary.mean, 6)
    if summary.deviation is None or baseline_summary.deviation is None:
        return difference_of_means, None
    error = math.sqrt(summary.deviation**2 / summary.n + baseline_summary.deviation**2 / baseline_summary.n)
    return difference_of_means, student_quantile(min(summary.n, baseline_summary.n) - 1) * error


def verdict(summary: Summary, published: float) -> str:
    """Compare a printed figure with the interval of our mean: ``"within"``, ``"below"``, ``"above"`` it, or ``"one"``.

    ``"one"`` stands for no verdict, as of a single seed, of which nothing can be said. Printed figures have two digits
    after the point, so half of the last one is allowed for.

    >>> verdict(summarize([0.90, 0.95, 1.0]), 0.95), verdict(summarize([0.80, 0.81, 0.82]), 0.95)
    ('within', 'above')
    """
    if summary.low is None or summary.high is None:
        return "one"
    if published < summary.low - 0.005:
        return "below"
    return "above" if published > summary.high + 0.005 else "within"
