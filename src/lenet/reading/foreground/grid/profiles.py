"""Measurement of rules where nothing touches them: their course, thickness, darkness and evenness."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.grid.rule import REACH, Mask, Rule
from lenet.reading.foreground.grid.tracing import STEP
from lenet.reading.order_statistics import median

MIN_BENT = 200  # pixels: shorter rules are straight, but for bends; so many places show the course of longer ones


def measure_rule(rule: Rule, levels: NDArray[np.float32], mask: Mask) -> Rule:
    """Measure a rule's middle, thickness and darkness where nothing touches it."""
    if rule.is_open:
        return rule
    levels, mask = (levels, mask) if rule.is_level else (levels.T, mask.T)
    columns = np.arange(rule.start, rule.end)
    rule = replace(rule, middles=_curve(columns - rule.start, rule.middles, len(columns)))
    above, below = ink_extents(mask, rule.middles, columns, limit=round(2 * rule.thickness) + 4)
    thickness, mode = median(above + below) + 1, _mode(above + below) + 1
    if thickness > mode + 1:  # digits lie on most of it
        thickness = mode
    is_bare = find_bare(above + below + 1, thickness)
    if thickness > 2 * rule.thickness:  # a digit lies along most of it: the straight run within tells how thick it is
        is_bare_run = find_bare(above + below + 1, rule.thickness)
        if 8 * np.count_nonzero(is_bare_run) >= len(columns):  # fewer are where the bends of a zero are straight
            is_bare, thickness = is_bare_run, rule.thickness
    is_bare |= np.count_nonzero(is_bare) < 2
    centers = np.rint(rule.middles) + (below - above) / 2
    middles = _curve(columns[is_bare] - rule.start, centers[is_bare], len(columns))
    bends = np.interp(columns, columns[is_bare], centers[is_bare] - middles[is_bare])
    middles += cv2.blur(np.clip(bends, -REACH, REACH)[None].astype(np.float32), (STEP + 1, 1))[0]
    darkness = find_darkness(replace(rule, middles=middles), levels)
    corner = min(round(thickness + REACH), len(columns) // 4)
    is_even = (is_bare & (np.abs(centers - middles) <= 1.5))[corner : len(columns) - corner]
    return replace(rule, middles=middles, thickness=thickness, darkness=darkness, evenness=float(np.mean(is_even)))


def find_darkness(rule: Rule, levels: NDArray[np.float32]) -> float:
    """Find the median level of a rule's ink; ``levels`` has its direction along the rows."""
    columns = np.arange(rule.start, rule.end)
    rows = np.rint(rule.middles).astype(np.intp) + np.array([[-1], [0], [1]])  # thin print lies beside its course
    return median(levels[np.clip(rows, 0, levels.shape[0] - 1), columns].max(axis=0))


def find_bare(extents: NDArray[np.integer] | NDArray[np.floating], thickness: float) -> NDArray[np.bool_]:
    """Find where ink is as thick as a rule, within what its ragged edges make of it."""
    return np.asarray(np.abs(extents - thickness) <= 1.5 + 0.1 * thickness, np.bool_)


def _curve(places: NDArray[np.integer], middles: NDArray[np.floating], count: int) -> NDArray[np.float32]:
    """A smooth curve of so many pixels through what is known of it: a cubic by iterated weights.

    Digits that touch a rule bend its middle; they count less each time.
    """
    steps = np.linspace(0, len(places) - 1, min(len(places), MIN_BENT)).astype(np.intp)
    degree = 3 if count > MIN_BENT and len(steps) > 8 else 1
    powers = np.vander(places[steps] / max(count - 1, 1), degree + 1)
    known, weights = middles[steps].astype(np.float64), np.ones(len(steps))
    for _ in range(4):
        weighted = powers * weights[:, None]
        fit = np.linalg.lstsq(weighted.T @ powers, weighted.T @ known, rcond=None)[0]
        residuals = np.abs(known - powers @ fit)
        weights = 1 / (1 + (residuals / max(0.5, 1.5 * median(residuals))) ** 2)
    return (np.vander(np.arange(count) / max(count - 1, 1), degree + 1) @ fit).astype(np.float32)


def _mode(extents: NDArray[np.intp]) -> float:
    """The mode of a rule's extents, within a pixel: digits on it make it thicker, each by another amount."""
    counts = np.bincount(extents, minlength=3)
    near = np.convolve(counts, np.ones(3), mode="same")
    place = int(near.argmax())
    return median(extents[np.abs(extents - place) <= 1])


def ink_extents(
    mask: Mask | NDArray[np.bool_], middles: NDArray[np.float32], columns: NDArray[np.intp], limit: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Measure the ink's extent above and below a level curve, in pixels, at most ``limit``."""
    height = mask.shape[0]
    rows, steps = np.rint(middles).astype(np.intp), np.arange(1, limit + 1)[:, None]
    extents = []
    for direction in (-1, 1):
        ahead = rows + direction * steps
        goes_on = (mask[np.clip(ahead, 0, height - 1), columns] > 0) & (ahead >= 0) & (ahead < height)
        extents.append(np.where(goes_on.all(axis=0), limit, goes_on.argmin(axis=0)))
    return extents[0], extents[1]
