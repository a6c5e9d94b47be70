"""Even spacing: the places that sides of boxes, teeth of combs and lines of squared paper stand at."""

import numpy as np
from numpy.typing import NDArray

MIN_ALIKE = 3  # so many cells of like size are a grid, whether something is in them or not
UNEVEN = 0.08  # of their pitch that evenly spaced rules may be off it: strokes between them are more
BOWS = tuple(UNEVEN * bow / 2 for bow in range(-2, 3))  # how much wider than most the outermost cells are: perspective


def lattices_between(first: float, last: float, count: int) -> list[NDArray[np.float64]]:
    """The places from one to another that so many cells lie between, even or as perspective has it."""
    shares = np.arange(count + 1) / count
    return [first + (last - first) * (shares + bow * shares * (1 - shares)) for bow in BOWS]


def comb_lattice(places: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The evenly spaced places of a comb's teeth, from the first to the last of some, and which of them stands at each.

    It is the one with most teeth over those that are missing, and of such ones that with most; those are -1: digits
    hide them. Where it leaves teeth out that widen steadily, these are the comb's, all of them.
    """
    best, chosen, highest = places, np.arange(len(places)), (-1, 0, 0.0)
    for count in range(2, 2 * len(places)):  # of cells
        pitch = (places[-1] - places[0]) / count
        for lattice in lattices_between(places[0], places[-1], count):
            off = np.abs(lattice[:, None] - places[None])
            is_found = off.min(axis=1) <= UNEVEN * pitch
            found = int(np.count_nonzero(is_found))
            rating = 2 * found - len(lattice), found, -float(off.min(axis=1)[is_found].sum())
            if rating > highest and 2 * found >= len(lattice):
                best, chosen, highest = lattice, np.where(is_found, off.argmin(axis=1), -1), rating
    if highest[1] < len(places) and _widen_steadily(places):
        return places, np.arange(len(places))
    return best, chosen


def are_even(places: NDArray[np.float64]) -> bool:
    """Whether three places and more are evenly spaced, but for some that are missing."""
    if len(places) < MIN_ALIKE:
        return False
    gaps = np.diff(places)
    pitch = float(gaps.min())
    return bool((np.abs(gaps - pitch * np.rint(gaps / pitch)) < 2 * UNEVEN * pitch).all())


def are_separate(places: NDArray[np.float64]) -> bool:
    """Whether places are the left and right sides of even boxes with white between them, in turn."""
    left, right = places[::2], places[1::2]
    if len(left) != len(right) or not are_even(left):
        return False
    return bool(np.ptp(right - left) < 2 * UNEVEN * np.diff(left).min())


def _widen_steadily(places: NDArray[np.float64]) -> bool:
    """Whether four places and more stand the wider apart, the farther to one end, as strong perspective has it."""
    gaps = np.diff(places)
    if len(gaps) < MIN_ALIKE:
        return False
    course = np.polyval(np.polyfit(np.arange(len(gaps)), gaps, 1), np.arange(len(gaps)))
    is_steady = np.abs(gaps - course) < UNEVEN * gaps
    return bool(is_steady.all() and gaps.max() < 2 * gaps.min())  # a gap twice as wide lacks a place
