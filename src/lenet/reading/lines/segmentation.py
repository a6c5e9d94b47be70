"""Segmentation of an ink map into rows of pieces: the lines of a page, and where each may be cut into digits.

Ink that stands over other ink is joined, and cut where digits may touch. Which pieces make a digit is decided by
the path search: see `path`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.boxes import Box, bounding_box
from lenet.reading.foreground.ink import InkMap
from lenet.reading.foreground.rules import MANY_COMPONENTS, without_rules
from lenet.reading.lines.cuts import candidate_cuts, find_slant, sections
from lenet.reading.lines.frames import FRAME, find_frames
from lenet.reading.lines.layout import (
    MAX_LOW_HEIGHT,
    MAX_WIDTH,
    MIN_SIZE,
    SAMPLE,
    Component,
    Labels,
    Mask,
    collect_lines,
    filter_components,
    find_components,
    find_digit_height,
    find_point_boxes,
    find_skew,
    points_beside,
)
from lenet.reading.lines.sides import without_sides
from lenet.reading.normalization import DIGIT_SIDE, MIN_PIXELS
from lenet.reading.order_statistics import median

MAX_GAP = 0.3  # between two pieces of one digit, in digit heights
MARK_TOP = 1 - MAX_LOW_HEIGHT  # of a digit's height, from its top: points and commas stand below
MIN_HEIGHT = MAX_LOW_HEIGHT * DIGIT_SIDE  # pixels of the ink map, where digits are no smaller than MNIST's
DASH_ASPECT = 1.6  # width over height of a dash
MAX_RING_HEIGHT = MARK_TOP  # in digit heights: zeros may be written so small that they look like specks

Run = tuple[int, int, float, tuple[int, ...]]

_BLOCK = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Piece:
    """Ink that is never divided: a component, several over one another, or a part between two cuts.

    ``left`` and ``right`` are its extent along the row, slanted strokes set upright; ``numbers`` are its values in the
    row's labels, ``box`` lies in the row, ``height`` is in digit heights; ``components`` are those it is part of.
    ``is_mark``: it is as low as a point or comma, and stands where these do.
    """

    left: float
    right: float
    numbers: tuple[int, ...]
    box: Box
    height: float
    components: frozenset[int] = frozenset()
    is_mark: bool = False


@dataclass(frozen=True)
class Candidate:
    """Neighbouring pieces, ``first`` up to ``last`` (not included), that may be one digit.

    Attributes:
        box: (top, left, bottom, right) in the ink map.
        ink: float32 crop, other ink removed, the edge of a stroke at 0.5.
        height, width, gap: in digit heights of the row; ``gap`` is the white between its pieces.
        dropped: pieces among them that are taken for specks.
        cuts: on how many of its sides a stroke had to be cut.
        marks: how many of its pieces look like a point or comma beside the rest.
        is_ring: whether it is one low piece around white: a speck has none, a small zero does.
    """

    first: int
    last: int
    box: Box
    ink: NDArray[np.float32]
    height: float
    width: float
    gap: float
    dropped: tuple[int, ...] = ()
    cuts: int = 0
    marks: int = 0
    is_ring: bool = False

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Its strokes, bool."""
        return np.asarray(self.ink >= 0.5, np.bool_)


@dataclass(frozen=True)
class Row:
    """Pieces of one line, left to right, in the part of the ink map whose corner is ``corner``.

    ``points`` are boxes in the ink map: ink beside them that is too small for a digit's part, but may be a point.
    """

    ink: NDArray[np.float32]
    labels: Labels
    corner: tuple[int, int]
    threshold: float
    digit_height: float
    pieces: tuple[Piece, ...]
    points: tuple[Box, ...] = ()

    def candidates(self) -> Iterator[Candidate]:
        """Every run of neighbouring pieces that could be one digit by its size, with and without its specks."""
        return (self._candidate(*run) for run in self.runs)

    def whole_components(self) -> Iterator[Candidate]:
        """The candidates that are a component each, as high as a digit and no wider."""
        for first, last, gap, dropped in self.runs:
            piece = self.pieces[first]
            like_a_digit = piece.height > 0.5 and piece.right - piece.left < 1.2 * self.digit_height
            if last == first + 1 and like_a_digit and not (self._is_cut(first) or self._is_cut(last)):
                yield self._candidate(first, last, gap, dropped)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The candidates as (first piece, last one (not included), white between, pieces dropped)."""
        return tuple(self._runs())

    def _runs(self) -> Iterator[Run]:
        for first in range(len(self.pieces)):
            gap, run_end = 0.0, self.pieces[first].right
            for last in range(first + 1, len(self.pieces) + 1):
                run_pieces = self.pieces[first:last]
                last_gap = max(0.0, run_pieces[-1].left - run_end) if last > first + 1 else 0.0
                gap, run_end = gap + last_gap, max(run_end, run_pieces[-1].right)
                run_width = run_end - min(piece.left for piece in run_pieces)
                if run_width > MAX_WIDTH * self.digit_height or last_gap > MAX_GAP * self.digit_height:
                    break
                yield first, last, gap, ()
                specks = tuple(
                    index for index in range(first + 1, last - 1) if self.pieces[index].height < MAX_LOW_HEIGHT
                )
                if specks:
                    yield first, last, gap, specks

    def box_of(self, piece: Piece) -> Box:
        """A piece's box in the ink map."""
        return self._in_ink_map(piece.box)

    def _in_ink_map(self, box: Box) -> Box:
        top, left, bottom, right = box
        y, x = self.corner
        return y + top, x + left, y + bottom, x + right

    @cached_property
    def _soft_levels(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return _soft_levels(self.ink, self.threshold)

    def _candidate(self, first: int, last: int, gap: float, dropped: tuple[int, ...]) -> Candidate:
        run_pieces = [self.pieces[index] for index in range(first, last) if index not in dropped]
        numbers = [number for piece in run_pieces for number in piece.numbers]
        box = top, left, bottom, right = bounding_box([piece.box for piece in run_pieces])
        label_window = self.labels[top:bottom, left:right]
        mask = label_window == numbers[0]
        for number in numbers[1:]:
            mask |= label_window == number
        strong, weak = self._soft_levels
        ink = _soft_crop(strong[top:bottom, left:right], weak[top:bottom, left:right], mask)
        digit_height = self.digit_height
        width = max(piece.right for piece in run_pieces) - min(piece.left for piece in run_pieces)
        cuts = self._is_cut(first) + self._is_cut(last)
        marks = sum(piece.is_mark for piece in run_pieces) if len(run_pieces) > 1 else 0
        is_low = last == first + 1 and bottom - top < MAX_RING_HEIGHT * digit_height
        return Candidate(
            first,
            last,
            self._in_ink_map(box),
            ink,
            (bottom - top) / digit_height,
            width / digit_height,
            gap / digit_height,
            dropped,
            cuts,
            marks,
            is_low and _has_hole(mask),
        )

    def _is_cut(self, boundary: int) -> bool:
        """Whether the pieces before and behind a place were cut from one component."""
        if not 0 < boundary < len(self.pieces):
            return False
        return not self.pieces[boundary - 1].components.isdisjoint(self.pieces[boundary].components)


@dataclass(frozen=True)
class Page:
    """The rows of a picture in reading order, what was left out and why, and the components of the rows with the height
    of digits.

    ``is_texture``: there is much ink, and none of it looks like digits; lines were not looked for.
    """

    rows: tuple[Row, ...] = ()
    ignored: tuple[tuple[Box, str], ...] = ()
    components: tuple[Component, ...] = ()
    height: float = 0.0
    is_texture: bool = False

    @cached_property
    def skew(self) -> float:
        """By how many degrees its lines fall."""
        return find_skew(list(self.components), self.height)


def find_page(ink: InkMap, threshold: float, rules: Mask, are_digits: Callable[[list[Candidate]], bool] = bool) -> Page:
    """The rows of a picture at one threshold of the ink's levels, rules taken out.

    Args:
        ink: the ink of the picture.
        threshold: the level above which it counts.
        rules: the mask of ruled lines.
        are_digits: tells whether some components are digits; it is asked where there are very many.
    """
    mask = (ink.levels > threshold).view(np.uint8)
    labels, components = find_components(mask, ink.levels)
    frames = find_frames(components, labels)
    if frames:
        mask[np.isin(labels, [frame.number for frame in frames])] = 0
    if frames or rules.any():
        mask = without_rules(mask, rules)
        labels, components = find_components(mask, ink.levels)
    if components and (touching := _mask_touching_digits(components, rules)).any():
        mask &= 1 - touching
        labels, components = find_components(mask, ink.levels)
    all_components, sides = without_sides(components, rules)
    components, height, ignored = filter_components(all_components, ink.levels.shape)
    ignored += [(side.box, "rule") for side in sides] + [(frame.box, FRAME) for frame in frames]
    if len(components) > MANY_COMPONENTS and not are_digits(_sample(ink, labels, components, height, threshold)):
        return Page(is_texture=True)
    points = find_point_boxes(all_components, height)
    rows: list[Row] = []
    for line in collect_lines(components):
        if max(component.height for component in line) > max(0.25 * height, MIN_HEIGHT):
            row = row_of(ink, labels, line, threshold)
            rows.append(replace(row, points=points_beside(points, line, height)))
        else:
            ignored += [
                (component.box, "separator" if is_dash(component.width, component.height, height) else "speck")
                for component in line
            ]
    return Page(tuple(row for row in rows if row.pieces), tuple(ignored), tuple(components), height)


def _mask_touching_digits(components: list[Component], rules: Mask) -> Mask:
    """Mask where digits of two lines touch on the rule between them, uint8 (h, w): along it, as wide as they are.

    They are one component, higher than wide: what of it is above the rule and what is below are each nearer to a whole
    digit than to half of one.
    """
    touching = np.zeros_like(rules)
    if not rules.any():
        return touching
    height = find_digit_height(components)
    for component in components:
        top, left, bottom, right = component.box
        if bottom - top < max(height + height / 2, right - left):
            continue
        around = rules[top:bottom, max(0, left - round(height)) : right + round(height)]
        along = np.flatnonzero(2 * np.count_nonzero(around, axis=1) > around.shape[1])
        if not len(along) or along[-1] - along[0] >= len(along):  # none, or several
            continue
        part = min(along[0], bottom - top - along[-1] - 1)
        if height - part < part - height / 2:
            touching[top + along[0] : top + along[-1] + 1, left:right] = 1
    return touching


def _sample(
    ink: InkMap, labels: Labels, components: list[Component], height: float, threshold: float
) -> list[Candidate]:
    """Some of the components as high as digits and no wider, spread over the page, as candidates."""
    like_digits = [c for c in components if 0.5 * height < c.height < 2 * height and c.width < 1.2 * height]
    candidates = []
    for component in like_digits[:: max(1, len(like_digits) // SAMPLE)]:
        window = np.s_[component.top : component.bottom, component.left : component.right]
        crop = crop_of(ink.levels[window], labels[window] == component.number, threshold)
        candidates.append(Candidate(0, 1, component.box, crop, component.height / height, component.width / height, 0))
    return candidates


def is_dash(width: float, height: float, digit_height: float) -> bool:
    """Whether a mark is much wider than high, and wide beside the digits of its line."""
    return width > max(DASH_ASPECT * height, MIN_SIZE * digit_height)


def find_rows(ink: InkMap, threshold: float, rules: Mask) -> list[Row]:
    """The rows of a picture, in reading order, at one threshold of the ink's levels, rules taken out."""
    return list(find_page(ink, threshold, rules).rows)


def row_of(ink: InkMap, labels: Labels, line: list[Component], threshold: float) -> Row:
    top, left, bottom, right = bounding_box([component.box for component in line])
    heights = [component.height for component in line]
    highest = max(heights)
    digit_height = median(height for height in heights if height >= 0.5 * highest)
    label_window = labels[top:bottom, left:right]
    numbers_of_pieces = np.zeros_like(label_window)
    is_in_line = np.zeros(int(label_window.max()) + 1, np.uint8)
    is_in_line[[component.number for component in line]] = 1
    slant = find_slant(is_in_line[label_window])
    pieces: list[Piece] = []
    for component in line:
        corner = component.top - top, component.left - left
        window = np.s_[corner[0] : component.bottom - top, corner[1] : component.right - left]
        mask = label_window[window] == component.number
        cuts = candidate_cuts(mask, digit_height, slant) if component.width > 0.6 * digit_height else []
        section = sections(mask, cuts)
        for value in range(1, len(cuts) + 2):
            part = section == value
            if np.count_nonzero(part) >= MIN_PIXELS:
                number = len(pieces) + 1
                numbers_of_pieces[window][part] = number
                rows = np.flatnonzero(part.any(axis=1))
                inked = part[rows]
                firsts = corner[1] + inked.argmax(axis=1)
                lasts = corner[1] + inked.shape[1] - 1 - inked[:, ::-1].argmax(axis=1)
                shifts = slant * (corner[0] + rows - label_window.shape[0] / 2)
                box = corner[0] + int(rows[0]), int(firsts.min()), corner[0] + int(rows[-1]) + 1, int(lasts.max()) + 1
                height = (box[2] - box[0]) / digit_height
                ends = float((firsts + shifts).min()), float((lasts + shifts).max()) + 1
                pieces.append(Piece(*ends, (number,), box, height, frozenset({component.number})))
    return Row(
        ink.levels[top:bottom, left:right],
        numbers_of_pieces,
        (top, left),
        threshold,
        digit_height,
        _flag_marks(_merge_stacked(pieces, digit_height), digit_height),
    )


def _merge_stacked(pieces: list[Piece], digit_height: float) -> tuple[Piece, ...]:
    """Merge whole components that stand over one another: the halves of a broken 4.

    Low ones stay apart: they may be the bar of a 5 as well as a comma or a speck, and the path decides. So do pieces
    that were cut: with the half of a digit that overlaps its neighbor's, the whole digit would be no candidate.
    """
    parts = Counter(component for piece in pieces for component in piece.components)
    while True:
        pieces = sorted(pieces, key=lambda piece: piece.left + piece.right)
        for i, j in _neighbours(len(pieces)):
            a, b = pieces[i], pieces[j]
            shared_columns = min(a.right, b.right) - max(a.left, b.left)
            left, right = min(a.left, b.left), max(a.right, b.right)
            is_stacked = shared_columns > 0.6 * min(a.right - a.left, b.right - b.left)
            are_tall = min(a.height, b.height) > MAX_LOW_HEIGHT
            are_whole = all(parts[component] == 1 for component in a.components | b.components)
            if is_stacked and are_tall and are_whole and right - left < 1.3 * digit_height:
                box = bounding_box([a.box, b.box])
                height = (box[2] - box[0]) / digit_height
                merged = Piece(left, right, a.numbers + b.numbers, box, height, a.components | b.components)
                pieces[i : j + 1] = [merged, *pieces[i + 1 : j]]
                break
        else:
            return tuple(pieces)


def _flag_marks(pieces: tuple[Piece, ...], digit_height: float) -> tuple[Piece, ...]:
    """Mark the pieces that are low, whole, at the foot of the digits around them, and beside these."""
    tall = [piece for piece in pieces if piece.height > MAX_LOW_HEIGHT]
    parts = Counter(component for piece in pieces for component in piece.components)

    def is_mark(piece: Piece) -> bool:
        if piece.height > MAX_LOW_HEIGHT or any(parts[component] > 1 for component in piece.components):
            return False
        top, left, bottom, right = piece.box
        neighbor_boxes = [
            other.box for other in tall if other.box[1] < right + digit_height and other.box[3] > left - digit_height
        ]
        if not neighbor_boxes:
            return False
        surroundings = bounding_box(neighbor_boxes)
        at_foot = (top + bottom) / 2 > surroundings[0] + MARK_TOP * (surroundings[2] - surroundings[0])
        return at_foot and all(min(right, box[3]) - max(left, box[1]) < 0.5 * (right - left) for box in neighbor_boxes)

    return tuple(replace(piece, is_mark=True) if is_mark(piece) else piece for piece in pieces)


def _neighbours(count: int) -> Iterator[tuple[int, int]]:
    """Pairs of indices that are at most three apart."""
    return ((i, j) for i in range(count) for j in range(i + 1, min(i + 4, count)))


def _has_hole(mask: NDArray[np.bool_]) -> bool:
    """Whether ink encloses white."""
    paper = cv2.copyMakeBorder((~mask).view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    return cv2.connectedComponents(paper, connectivity=4)[0] > 2  # the ink, and the paper around it


def crop_of(levels: NDArray[np.float32], mask: NDArray[np.bool_], threshold: float) -> NDArray[np.float32]:
    """Crop ink, scaled to put the threshold at 0.5; soft edges stay where they are the mask's, the rest is paper."""
    return _soft_crop(*_soft_levels(levels, threshold), mask)


def _soft_levels(levels: NDArray[np.float32], threshold: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Levels scaled to put the threshold at 0.5: as they are inside a mask, at least 0.5, and at its edge, below it."""
    scaled = np.clip(levels / (2 * threshold), 0, 1)
    return np.maximum(scaled, np.float32(0.5)), np.minimum(scaled, np.float32(0.49)) * (scaled < 0.5)


def _soft_crop(strong: NDArray[np.float32], weak: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    inside = mask.view(np.uint8)
    at_edge = cv2.copyTo(weak, cv2.dilate(inside, _BLOCK))
    return np.asarray(cv2.copyTo(strong, inside, at_edge), np.float32)
