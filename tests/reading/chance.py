"""What chance allows in a sample that is smaller than the measurement it stands for."""

from math import comb


def most_by_chance(number: int, share: float, confidence: float = 0.99) -> int:
    """The most failures that a reader with this share of them shows in ``number`` pictures, so surely.

    A test that allows so many accuses one in a hundred readers that just meet the bar; it proves that a bar is missed,
    not that it is met, which the full measurement in ``lab.benchmarks`` does.

    >>> most_by_chance(100, 0.02)
    6
    """
    total = 0.0
    for failures in range(number + 1):
        total += comb(number, failures) * share**failures * (1 - share) ** (number - failures)
        if total >= confidence:
            return failures
    return number
