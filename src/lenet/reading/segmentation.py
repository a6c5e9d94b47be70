"""From an ink map to rows of pieces: what stands together as one line of digits, and where it may be cut.

Components of ink are sorted out by size, collected into rows, joined where they stand over one another, and cut
where digits may touch. Which pieces make a digit is decided by whoever can read them: see `path`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.ink import InkMap
from lenet.reading.normalization import stroke_width

Box = tuple[int, int, int, int]
Labels = NDArray[np.int32]
Mask = NDArray[np.uint8]

MOST_PIECES = 4  # of one digit
WIDEST = 1.7  # of several pieces taken for one digit, in digit heights
WIDEST_GAP = 0.3  # between two pieces of one digit, in digit heights
RULE_LENGTH, RULE_LENGTH_IN_CROP = 0.7, 0.9  # the share of the picture that a rule crosses at least
RULE_TILT, RULE_THICKNESS = 0.08, 0.02  # its steepest slope; its greatest thickness, as a share of its length
CROP = 300  # pixels of the ink map: a picture no larger may be a crop around its digits
REMNANT = 0.3  # of the heaviest component: lighter ones cut off by the picture's edge are left out

_BLOCK = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Piece:
    """Ink that is never divided: a component, several over one another, or a part between two cuts.

    ``left`` and ``right`` are columns of the row; ``numbers`` are its values in the row's labels.
    """

    left: int
    right: int
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Candidate:
    """Neighbouring pieces, ``first`` up to ``last`` (not included), that may be one digit.

    Attributes:
        box: (top, left, bottom, right) in the ink map.
        ink: float32 crop, other ink removed, the edge of a stroke at 0.5.
        height, width, gap: in digit heights of the row; ``gap`` is the white between its pieces.
    """

    first: int
    last: int
    box: Box
    ink: NDArray[np.float32]
    height: float
    width: float
    gap: float


@dataclass(frozen=True)
class Row:
    """Pieces of one line, left to right, in the part of the ink map whose corner is ``corner``."""

    ink: NDArray[np.float32]
    labels: Labels
    corner: tuple[int, int]
    threshold: float
    digit_height: float
    pieces: tuple[Piece, ...]

    def candidates(self) -> Iterator[Candidate]:
        """Every run of neighbouring pieces that could be one digit by its size."""
        for first in range(len(self.pieces)):
            for last in range(first + 1, min(len(self.pieces), first + MOST_PIECES) + 1):
                run = self.pieces[first:last]
                left, right = min(piece.left for piece in run), max(piece.right for piece in run)
                gaps = [max(0, b.left - a.right) for a, b in pairwise(run)]
                if last > first + 1 and (
                    right - left > WIDEST * self.digit_height or max(gaps) > WIDEST_GAP * self.digit_height
                ):
                    break
                yield self._candidate(first, last, left, right, sum(gaps))

    def _candidate(self, first: int, last: int, left: int, right: int, gap: int) -> Candidate:
        numbers = [number for piece in self.pieces[first:last] for number in piece.numbers]
        mask = np.isin(self.labels[:, left:right], numbers)
        rows = np.flatnonzero(mask.any(axis=1))
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        ink = _crop(self.ink[top:bottom, left:right], mask[top:bottom], self.threshold)
        y, x = self.corner
        box = (y + top, x + left, y + bottom, x + right)
        unit = self.digit_height
        return Candidate(first, last, box, ink, (bottom - top) / unit, (right - left) / unit, gap / unit)


@dataclass(frozen=True)
class _Component:
    number: int
    top: int
    left: int
    bottom: int
    right: int
    mass: float

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    def beside(self, other: "_Component") -> float:
        """The distance of the middles along the row."""
        return abs(self.left + self.right - other.left - other.right) / 2


def find_rows(ink: InkMap, threshold: float, rules: Mask) -> list[Row]:
    """The rows of a picture, top to bottom, at one threshold of the ink's levels, rules taken out."""
    mask = without_rules((ink.levels > threshold).view(np.uint8), rules)
    count, components_of, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    labels = np.asarray(components_of, np.int32)
    if count < 2:
        return []
    inked = np.flatnonzero(mask)
    mass = np.bincount(labels.ravel()[inked], weights=ink.levels.ravel()[inked], minlength=count).tolist()
    components = [
        _Component(number, y, x, y + h, x + w, mass[number])
        for number, (x, y, w, h, _) in enumerate(statistics.tolist())
        if number > 0
    ]
    components = _plausible(components, ink.levels.shape)
    if not components:
        return []
    height = _digit_height(components)
    heaviest = max(component.mass for component in components if component.height < 3 * height)
    components = [
        component
        for component in components
        if 0.12 * height < component.height < 3 * height and component.mass > 0.01 * heaviest
    ]
    rows = [_row(ink, labels, members, threshold) for members in _lines(components, height)]
    return [row for row in rows if row.pieces]


def find_rules(ink: InkMap, threshold: float) -> Mask:
    """Where long thin straight lines run nearly along an axis: ruled and squared paper, forms, cheques.

    A rule crosses most of the picture, at most RULE_TILT askew, and is far thinner than long: a pen's stroke is not.
    """
    mask = (ink.levels > threshold).view(np.uint8)
    height, width = mask.shape
    if max(height, width) <= CROP:
        return _level_rules(mask) | _level_rules(np.ascontiguousarray(mask.T)).T
    half = np.asarray(cv2.resize(mask, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8)
    rules = _level_rules(half) | _level_rules(np.ascontiguousarray(half.T)).T  # half the size is enough to see a line
    rules = np.asarray(cv2.resize(rules, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
    return np.asarray(cv2.dilate(rules, _BLOCK), np.uint8)


def _level_rules(mask: Mask) -> Mask:
    """The rules that run nearly level."""
    height, width = mask.shape
    rules = np.zeros_like(mask)
    length = int((RULE_LENGTH if width > CROP / 2 else RULE_LENGTH_IN_CROP) * width)
    if np.count_nonzero(mask.any(axis=0)) < length:
        return rules
    smeared = cv2.dilate(mask, np.ones((5, 1), np.uint8))
    for tilt in np.linspace(-RULE_TILT, RULE_TILT, 9):
        level = np.array([[1, 0, 0], [-tilt, 1, tilt * width / 2]], np.float32)
        turned = cv2.warpAffine(smeared, level, (width, height), flags=cv2.INTER_NEAREST)
        run = np.ones((1, length), np.uint8)
        runs = cv2.morphologyEx(turned, cv2.MORPH_OPEN, run, borderType=cv2.BORDER_CONSTANT, borderValue=0)
        if runs.any():
            back = cv2.warpAffine(runs, level, (width, height), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
            rules |= np.asarray(back, np.uint8)
    rules &= mask
    if rules.any():
        depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)[rules > 0]
        thickness = 4 * float(np.median(depth)) - 2  # over a band of width w the median depth is near (w + 2) / 4
        if thickness > max(RULE_THICKNESS * length, 2.5):
            return np.zeros_like(mask)
    return rules


def without_rules(mask: Mask, rules: Mask) -> Mask:
    """The mask without its rules; strokes that cross them stay whole."""
    lines = mask & rules
    if not lines.any():
        return mask
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    thickness = max(1.0, float(np.median(depth[lines > 0])) * 1.6 + 1)
    kept = np.where((lines > 0) & (depth <= thickness), 0, mask).astype(np.uint8)
    size = (int(2 * thickness) | 1) + 2
    joined = cv2.morphologyEx(kept, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    return kept | (np.asarray(joined, np.uint8) & lines)


def _plausible(components: list[_Component], shape: tuple[int, ...]) -> list[_Component]:
    """Without grain, and without what comes in from the edges of a photo: shadows, tables, fingers, margins."""
    height, width = shape
    longer = max(height, width)

    heaviest = max(component.mass for component in components)

    def edges_touched(component: _Component) -> int:
        at_left, at_right = component.left <= 1, component.right >= width - 1
        return at_left + at_right + (component.top <= 1) + (component.bottom >= height - 1)

    def is_plausible(component: _Component) -> bool:
        edges = edges_touched(component)
        extent = max(component.height, component.width)
        if extent <= 0.03 * min(height, width):
            return False
        if longer <= CROP:  # digits may well touch the edges of a crop
            return edges < 3 and not (edges and component.mass < REMNANT * heaviest)
        return edges == 0 or (edges == 1 and extent <= 0.15 * longer)

    plausible = [component for component in components if is_plausible(component)]
    # Where everything comes in from the edges, a digit may be among it after all.
    return plausible or [c for c in components if edges_touched(c) < 3 and c.mass > REMNANT * heaviest]


def _digit_height(components: list[_Component]) -> float:
    """The median height of the components, weighted by mass, so that specks and dots do not count."""
    typical = float(np.median([component.mass for component in components]))
    by_height = sorted(components, key=lambda component: component.height)
    weights = np.cumsum([min(component.mass, 4 * typical) for component in by_height])
    return float(by_height[int(np.searchsorted(weights, weights[-1] / 2))].height)


def _lines(components: list[_Component], height: float) -> list[list[_Component]]:
    """Components collected into lines, top to bottom; pieces too small to stand alone join the line they are in."""
    large = sorted((c for c in components if c.height >= 0.5 * height), key=lambda c: c.left)
    lines: list[list[_Component]] = []
    for component in large:
        best, most = None, 0.4
        for line in lines:
            for other in sorted(line, key=component.beside)[:2]:
                shared = min(component.bottom, other.bottom) - max(component.top, other.top)
                overlap = shared / min(component.height, other.height)
                if overlap > most:
                    best, most = line, overlap
        if best is None:
            lines.append([component])
        else:
            best.append(component)
    for component in components:
        if component.height < 0.5 * height:
            for line in lines:
                near = min((c for c in line if c.height >= 0.5 * height), key=component.beside)
                if near.top - 0.25 * height < component.middle < near.bottom + 0.1 * height:
                    line.append(component)
                    break
    return sorted(lines, key=lambda line: float(np.mean([component.middle for component in line])))


def _row(ink: InkMap, labels: NDArray[np.int32], line: list[_Component], threshold: float) -> Row:
    top, bottom = min(c.top for c in line), max(c.bottom for c in line)
    left, right = min(c.left for c in line), max(c.right for c in line)
    heights = [component.height for component in line]
    digit_height = float(np.median([height for height in heights if height >= 0.5 * max(heights)]))
    own = np.zeros((bottom - top, right - left), np.int32)
    part = labels[top:bottom, left:right]
    pieces: list[tuple[Piece, int]] = []  # with the component each was cut from
    for component in line:
        mask = part == component.number
        edges = [component.left - left, component.right - left]
        if component.width > 0.7 * digit_height:
            cuts = candidate_cuts(mask[:, edges[0] : edges[1]], digit_height)
            edges[1:1] = [edges[0] + cut for cut in cuts]
        for start, end in pairwise(edges):
            section = mask[:, start:end]
            if int(section.sum()) >= 4:
                number = len(pieces) + 1
                own[:, start:end][section] = number
                pieces.append((Piece(start, end, (number,)), component.number))
    joined = _joined(pieces, digit_height)
    return Row(ink.levels[top:bottom, left:right], own, (top, left), threshold, digit_height, tuple(joined))


def candidate_cuts(mask: NDArray[np.bool_], digit_height: float) -> list[int]:
    """Columns where a component may be two touching digits: little ink, a waist, or the middle of two holes.

    Source: over-segmentation, [LeCun98, V].
    """
    height, width = mask.shape
    stroke = stroke_width(mask.astype(np.uint8))
    near, edge = int(0.08 * digit_height) + 1, max(1, int(0.12 * digit_height))
    ink = _smooth(mask.sum(axis=0), 0.2 * stroke)
    rows = np.arange(height)[:, None]
    top, bottom = np.where(mask, rows, height).min(axis=0), np.where(mask, rows, -1).max(axis=0)
    extent = _smooth(np.maximum(bottom - top + 1, 0), 0.2 * stroke)
    found: list[tuple[float, int]] = [(0.0, column) for column in _between_holes(mask, digit_height)]
    taken = [column for _, column in found]
    for column in range(edge, width - edge):
        if any(abs(column - other) <= 0.1 * digit_height for other in taken):
            continue
        around = slice(max(0, column - near), column + near + 1)
        wide = slice(max(0, column - 3 * near), column + 3 * near + 1)
        if ink[column] == ink[around].min() and ink[column] < 2.6 * stroke:
            found.append((0.5 * float(ink[column]) / stroke, column))
        if extent[column] == extent[around].min() and extent[column] < 0.9 * extent[wide].max():
            found.append((1.2 * float(extent[column]) / digit_height, column))
    cuts: list[int] = []
    for _, column in sorted(found):
        apart = all(abs(column - cut) > 0.12 * digit_height for cut in cuts)
        if edge <= column < width - edge and apart and len(cuts) <= 4 * width / digit_height:
            cuts.append(column)
    return sorted(cuts)


def _between_holes(mask: NDArray[np.bool_], digit_height: float) -> list[int]:
    """The columns midway between neighbouring enclosed holes that do not stand over one another."""
    paper = np.pad((~mask).astype(np.uint8), 1, constant_values=1)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(paper, connectivity=4)
    holes = sorted(
        (int(statistics[number, 0]) - 1, int(statistics[number, 0] + statistics[number, 2]) - 1)
        for number in range(1, count)
        if number != labels[0, 0] and statistics[number, 4] > 2 * (0.06 * digit_height) ** 2
    )
    return [(a[1] + b[0]) // 2 for a, b in pairwise(holes) if b[0] > a[1] - 2]


def _joined(pieces: list[tuple[Piece, int]], digit_height: float) -> list[Piece]:
    """Pieces of different components that stand over one another made one: the bar of a 5, the dot of a broken 4."""
    groups = [(piece, {component}) for piece, component in pieces]
    while True:
        groups.sort(key=lambda group: group[0].left + group[0].right)
        for i, j in _neighbours(len(groups)):
            (a, from_a), (b, from_b) = groups[i], groups[j]
            shared = min(a.right, b.right) - max(a.left, b.left)
            whole = max(a.right, b.right) - min(a.left, b.left)
            over = shared > 0.6 * min(a.right - a.left, b.right - b.left)
            if over and not from_a & from_b and whole < 1.3 * digit_height:
                both = Piece(min(a.left, b.left), max(a.right, b.right), a.numbers + b.numbers)
                groups[i : j + 1] = [(both, from_a | from_b), *groups[i + 1 : j]]
                break
        else:
            return [piece for piece, _ in groups]


def _neighbours(count: int) -> Iterator[tuple[int, int]]:
    """Pairs of indices that are at most three apart."""
    return ((i, j) for i in range(count) for j in range(i + 1, min(i + 4, count)))


def _crop(levels: NDArray[np.float32], mask: NDArray[np.bool_], threshold: float) -> NDArray[np.float32]:
    """Ink with the threshold at 0.5: soft edges are kept where they are the mask's own, all else is paper."""
    near = cv2.dilate(mask.astype(np.uint8), _BLOCK)
    soft = np.clip(levels / (2 * threshold), 0, 1) * near
    outside = np.minimum(soft, 0.49) * (soft < 0.5)
    return np.asarray(np.where(mask, np.maximum(soft, 0.5), outside), np.float32)


def _smooth(profile: NDArray[np.integer], sigma: float) -> NDArray[np.float32]:
    row = profile[None].astype(np.float32)
    smooth: NDArray[np.float32] = np.asarray(cv2.GaussianBlur(row, (0, 0), max(0.5, sigma)), np.float32).ravel()
    return smooth
