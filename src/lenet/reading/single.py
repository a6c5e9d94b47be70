"""Reading of pictures that are known to hold one digit: candidates at every threshold compete.

A crop shows parts of its neighbors, rules and dots beside the digit, and may cut into the digit itself. Candidates
are the heaviest components near the middle, alone and with what may belong to them, and what cuts leave of those that
hang on a neighbor. The answer is the label with the largest vote of all candidates, weighted by the network's
probability, their ink and their place in the picture.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.components import Mask, count_on_border, label_components
from lenet.reading.foreground.grid.detection import RULE_SHARES
from lenet.reading.foreground.ink import CROP, PALE, InkMap
from lenet.reading.foreground.rules import find_rules, without_rules
from lenet.reading.lines.cuts import candidate_cuts, sections
from lenet.reading.lines.doubts import RING
from lenet.reading.lines.frames import find_frames
from lenet.reading.lines.layout import find_components
from lenet.reading.lines.segmentation import MAX_GAP, Candidate, crop_of
from lenet.reading.recognition import LABELS, Recognizer
from lenet.reading.scoring import PageReading, ScoredCandidate, recognize

# Shares of full ink, each as much above the last: from what the palest rule has to what pale strokes are raised to.
THRESHOLDS = tuple(np.geomspace(RULE_SHARES[0], PALE, 6).tolist())
MAX_SEEDS = 3  # components that a threshold's candidates are built around
MIN_MASS = 0.04  # of the seed's ink, of the heaviest seed's, and of what is cut: lighter components are specks
CENTER_SIGMA = 0.35  # of the picture's side: the standard deviation of a digit's place around the middle
# In nats: candidates' weights are the softmax of their prominences over this. It is also the cost of each edge that a
# component touches, or a candidate on one side only.
PROMINENCE_TEMPERATURE = 0.15

Bits = NDArray[np.bool_]


def read_single(ink: InkMap, recognizer: Recognizer) -> PageReading:
    """Read one digit: the label with the largest vote of the candidates, weighted by probability, ink and place."""
    scored = recognize(list(find_candidates(ink)), recognizer)
    if not scored:
        return PageReading()
    best = _vote(scored, ink)
    if best.label == "0" and any(_is_in_ring(one, best) for one in scored):
        best = replace(best, doubt=RING)
    return PageReading(((best,),), (frozenset(),), confidences=(best.probability,), kind="single")


def _is_in_ring(inner: ScoredCandidate, ring: ScoredCandidate) -> bool:
    """Whether what looks like a digit has a ring around it on all four sides, and white between itself and the ring."""
    top, left, bottom, right = np.subtract(inner.box, ring.box[:2] * 2)
    height, width = ring.candidate.mask.shape
    if top <= 0 or left <= 0 or bottom >= height or right >= width or inner.is_likelier_none:
        return False
    mask = np.pad(inner.candidate.mask, 1).view(np.uint8)
    white = (cv2.dilate(mask, np.ones((3, 3), np.uint8)) > mask) & 1
    return not (ring.candidate.mask[top - 1 : bottom + 1, left - 1 : right + 1] & white).any()


def find_candidates(ink: InkMap) -> Iterator[Candidate]:
    """All candidates at all thresholds, with the picture's rules, and rings that may be zeros, and without."""
    thresholds = ink.thresholds(THRESHOLDS)
    rules = find_rules(ink, min(thresholds, default=1.0))
    for threshold in thresholds:
        mask = (ink.levels > threshold).view(np.uint8)
        components = _Components.of(ink, mask)
        masks = _without_frames(mask, ink) if components.has_one_around_another() else [mask]
        if rules.any():
            masks += [without_rules(mask, rules) for mask in masks]
        for variant in masks:
            yield from _candidates(ink, components if variant is mask else _Components.of(ink, variant), threshold)


def _without_frames(mask: Mask, ink: InkMap) -> list[Mask]:
    """The mask without frames; without rings around bare strokes, too, where there are any: they may be zeros.

    What lies along most of the picture's border is a frame, if something else is left.
    """
    labels, components = find_components(mask, ink.levels)
    counts = count_on_border(labels)
    frames = [number for number in range(1, len(counts)) if 2 * counts[number] > counts.sum()]
    rings = [ring.number for ring in find_frames(components, labels, around_strokes=True)]
    frames += [frame.number for frame in find_frames(components, labels)]
    masks = [mask & ~np.isin(labels, frames)]
    if not set(rings) <= set(frames):
        masks.append(mask & ~np.isin(labels, frames + rings))
    return [one for one in masks if one.any()] or [mask]


@dataclass(frozen=True)
class _Components:
    """Connected ink: labels (h, w) and for each component its box and its mass; component 0 is the background."""

    labels: NDArray[np.int32]
    top: NDArray[np.intp]
    left: NDArray[np.intp]
    bottom: NDArray[np.intp]
    right: NDArray[np.intp]
    mass: NDArray[np.float64]

    @classmethod
    def of(cls, ink: InkMap, mask: NDArray[np.uint8]) -> "_Components":
        labels, statistics = label_components(mask)
        left, top, width, height = statistics[:, :4].T.astype(np.intp)
        inked = np.flatnonzero(mask.view(np.bool_))
        levels = ink.levels.ravel()[inked]
        mass = np.asarray(np.bincount(labels.ravel()[inked], weights=levels, minlength=len(statistics)), np.float64)
        return cls(labels, top, left, top + height, left + width, mass)

    def joined(self, group: list[int]) -> tuple[tuple[int, int], Bits]:
        """The top left corner of some components' bounding box, and the mask of their pixels in it."""
        top, left = int(self.top[group].min()), int(self.left[group].min())
        window = self.labels[top : self.bottom[group].max(), left : self.right[group].max()]
        if len(group) == 1:
            return (top, left), window == group[0]
        is_member = np.zeros(len(self.mass), np.bool_)
        is_member[group] = True
        return (top, left), is_member[window]

    def has_one_around_another(self) -> bool:
        """Whether the bounding box of a component lies within another's; specks do not count."""
        heavy = np.flatnonzero(self.mass >= MIN_MASS * self.mass.max())
        starts = np.stack([self.top[heavy], self.left[heavy]])
        ends = np.stack([self.bottom[heavy], self.right[heavy]])
        is_inside = (starts[:, :, None] > starts[:, None]) & (ends[:, :, None] < ends[:, None])
        return bool(is_inside.all(axis=0).any())

    def edges(self) -> NDArray[np.intp]:
        """The number of edges of the picture that each component touches."""
        height, width = self.labels.shape
        sides = [self.top <= 1, self.left <= 1, self.bottom >= height - 1, self.right >= width - 1]
        return np.asarray(np.sum(sides, axis=0), np.intp)

    def groups(self, seed: int) -> list[list[int]]:
        """The seed, alone and with those that may be parts of the same digit: close by, and over or under it."""
        size = max(self.bottom[seed] - self.top[seed], self.right[seed] - self.left[seed])
        gap_x = np.maximum(self.left - self.right[seed], self.left[seed] - self.right)
        gap_y = np.maximum(self.top - self.bottom[seed], self.top[seed] - self.bottom)
        shared_columns = np.minimum(self.right, self.right[seed]) - np.maximum(self.left, self.left[seed])
        narrower = np.minimum(self.right - self.left, self.right[seed] - self.left[seed])
        gap = np.maximum(gap_x, gap_y)
        is_over = (2 * shared_columns >= narrower) | (gap < 0)  # or under it; what is neither stands beside it
        edges = self.edges()
        is_edge_remnant = (edges > 0) & (edges[seed] == 0) & (shared_columns < self.right - self.left)
        is_member = (gap < MAX_GAP * size) & is_over & ~is_edge_remnant & (self.mass >= MIN_MASS * self.mass[seed])
        is_member[[0, seed]] = False
        members = np.flatnonzero(is_member).tolist()
        return [[seed], [seed, *members]] if members else [[seed]]


def _candidates(ink: InkMap, components: _Components, threshold: float) -> Iterator[Candidate]:
    if len(components.mass) < 2:
        return
    for seed in _seeds(components, ink):
        for group in components.groups(seed):
            yield _candidate(ink, *components.joined(group), threshold)
        yield from _cut_candidates(ink, *components.joined([seed]), threshold)


def _seeds(components: _Components, ink: InkMap) -> list[int]:
    """The heaviest components near the middle."""
    scores = (
        0.5 * np.log(components.mass + 1e-9)
        - _squared_offset(ink, components.top, components.left, components.bottom, components.right)
        / (2 * CENTER_SIGMA**2)
        - PROMINENCE_TEMPERATURE * components.edges()
    )
    scores[0] = -np.inf
    order = np.argsort(-scores)[:MAX_SEEDS].tolist()
    return [seed for seed in order if components.mass[seed] > MIN_MASS * components.mass.max()]


def _squared_offset(ink: InkMap, top: Any, left: Any, bottom: Any, right: Any) -> Any:
    """The squared distance of boxes' centers, numbers or arrays, from the picture's, in shares of its sides."""
    height, width = ink.levels.shape
    return ((left + right) / 2 / width - 0.5) ** 2 + ((top + bottom) / 2 / height - 0.5) ** 2


def _cut_candidates(ink: InkMap, corner: tuple[int, int], mask: Bits, threshold: float) -> Iterator[Candidate]:
    """Parts of a component, whose mask fills its bounding box, after cuts at its left, its right, or both."""
    (top, left), (height, width) = corner, mask.shape
    at_left, at_right = left <= 1, left + width >= ink.levels.shape[1] - 1
    is_wide = width > height  # it may be two digits
    if max(ink.levels.shape) > CROP or 2 * width < height or not (at_left or at_right or is_wide):
        return
    cuts = candidate_cuts(mask, float(height))
    section_labels = sections(mask, cuts)
    levels = ink.levels[top : top + height, left : left + width]
    mass = np.bincount(section_labels.ravel(), weights=(levels * mask).ravel(), minlength=len(cuts) + 2)
    for first in range(1, len(cuts) + 2):
        for last in range(first, len(cuts) + 2):
            if (first, last) == (1, len(cuts) + 1) or mass[first : last + 1].sum() < MIN_MASS * mass.sum():
                continue
            yield _candidate(ink, corner, (section_labels >= first) & (section_labels <= last), threshold)


def _candidate(ink: InkMap, corner: tuple[int, int], mask: Bits, threshold: float) -> Candidate:
    """The candidate that a mask with its top left corner at this place of the picture cuts out."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    inked = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    top, left = corner[0] + int(rows[0]), corner[1] + int(columns[0])
    height, width = inked.shape
    box = (top, left, top + height, left + width)
    levels = ink.levels[top : top + height, left : left + width]
    crop = crop_of(levels, inked, threshold)
    return Candidate(first=0, last=1, box=box, ink=crop, height=1.0, width=width / height, gap=0)


def _vote(scored: list[ScoredCandidate], ink: InkMap) -> ScoredCandidate:
    """The most prominent candidate of the label with the largest vote, with the votes as its probabilities.

    The vote for a label is its mean probability over all candidates, weighted by their prominence.
    """
    prominences = np.array([_prominence(candidate, ink) for candidate in scored])
    weights = np.exp((prominences - prominences.max()) / PROMINENCE_TEMPERATURE)
    probabilities = np.stack([candidate.probabilities for candidate in scored])
    # That there is a digit is given: its probability counts less than which one it is.
    tempered = probabilities / np.sqrt(np.maximum(probabilities.sum(axis=1, keepdims=True), 1e-9))
    votes = weights @ tempered / weights.sum()
    agreed = [number for number, candidate in enumerate(scored) if candidate.label == LABELS[int(votes.argmax())]]
    best = max(agreed or range(len(scored)), key=lambda number: float(prominences[number]))
    return replace(scored[best], probabilities=votes.astype(np.float32))


def _prominence(candidate: ScoredCandidate, ink: InkMap) -> float:
    height, width = ink.levels.shape
    top, left, bottom, right = candidate.box
    # What comes in from one side may be a neighbor's; what goes from side to side fills a tight crop.
    edges = abs((top <= 1) - (bottom >= height - 1)) + abs((left <= 1) - (right >= width - 1))
    # That there is a digit is given: its probability counts less than which one it is.
    tempered = candidate.probability / math.sqrt(float(candidate.probabilities.sum()))
    return float(
        math.log(tempered * math.sqrt(candidate.mass(ink)))
        - _squared_offset(ink, *candidate.box) / (2 * CENTER_SIGMA**2)
        - PROMINENCE_TEMPERATURE * edges
    )
