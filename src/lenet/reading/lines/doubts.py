"""Reasons to doubt a digit other than its probability: it may be a sign, or a part of something that was drawn.

A line with a doubt is not accepted, and the remark says the doubt.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.boxes import Box, bounding_box
from lenet.reading.foreground.components import label_components
from lenet.reading.foreground.rules import THICKNESS
from lenet.reading.lines.frames import FRAME
from lenet.reading.lines.layout import AT_EDGE, MAX_LOW_HEIGHT, MAX_OFFSET, MIN_SIZE
from lenet.reading.lines.numbers import are_number
from lenet.reading.lines.segmentation import Piece, Row
from lenet.reading.recognition import SURE
from lenet.reading.scoring import LIKELY, PageReading, ScoredCandidate

# Doubts, as remarks say them.
CUT_OFF = "what looks like a digit comes in from the edge"
PART = "what looks like a digit may be a part of something else"
AT_SIDE = "a digit may belong to the next cell, or be the side of one"
MAY_BE_PRINT = "a 1 may be what is left of a printed line"
MAY_BE_SLASH = "a 1 may be a slash"
MAY_BE_ONE = "a slash may be a 1"
MAY_BE_BAR = "a 1 may be a bar between numbers"
MAY_BE_TICK = "a 1 may be a check mark"
MAY_BE_PERCENT = "two digits may be a percent sign"
MAY_BE_DOLLAR = "a digit may be a dollar sign"
MAY_BE_AMPERSAND = "an 8 may be an ampersand"
MAY_BE_TRIANGLE = "a digit may be a triangle"
MAY_BE_LETTER = "two ones that are joined may be a letter"
MAY_BE_LETTERS = "signs side by side may be letters"
MAY_BE_SIDES = "evenly spaced ones may be sides of boxes"
HAS_POINT = "a digit with a point beneath it may be a ! or ?"
MAY_BE_SIGNS = {MAY_BE_SLASH, MAY_BE_ONE, HAS_POINT}  # which not every threshold shows
RING = "a 0 may be a ring around a digit"
RAISED = "a digit stands as high as an exponent"
UNSURE_SIGNS = "which signs are between the digits is not sure"
UNTOLD_INK = "ink at the digits may be a sign"
BROKEN = "pieces of ink may be a broken digit"
OTHER_SHAPE = "a shape as high as the digits is none"


def with_doubt(
    digits: Sequence[ScoredCandidate], ignored: Sequence[tuple[Box, str]], shape: tuple[int, int]
) -> tuple[ScoredCandidate, ...]:
    """The digits of a line, those less sure that leave ink over, below them, above them or inside, and rings in rings;
    and what comes in from an edge of a picture, (height, width), that is far larger, or goes through it like a fold.
    Those of a number are doubtful where they reach an edge, which may have cut a part off, and are not sure.

    The point of an exclamation mark stands under its stroke, a face has eyes within its ring, a postmark has two rings:
    the digit is but a part of what was drawn. A point behind a digit, level with its foot, does not count. Nor does any
    ink where there are so many digits that they are a number: there it is a speck, or a splinter of a stroke.
    """

    def at_edges(digit: ScoredCandidate) -> tuple[bool, bool, bool, bool]:
        top, left, bottom, right = digit.box
        return top <= 1, bottom >= shape[0] - 1, left <= 1, right >= shape[1] - 1

    if any(reason == AT_EDGE and _stands_beside(box, digits, shape[0]) for box, reason in ignored):
        digits = with_line_doubt(digits, CUT_OFF)
    if are_number(digits):
        return tuple(
            replace(digit, doubt=digit.doubt or CUT_OFF) if digit.probability < SURE and any(at_edges(digit)) else digit
            for digit in digits
        )

    def doubt_of(digit: ScoredCandidate) -> str:
        top, left, bottom, right = digit.box
        size = max(bottom - top, right - left)
        if any(at_edges(digit)) and 2 * size < min(shape):
            return CUT_OFF
        if all(at_edges(digit)[:2]) and digit.stroke_width < THICKNESS * shape[0]:
            return CUT_OFF
        for (above, from_left, below, to_right), reason in ignored:
            is_in_frame = above < top and bottom < below and from_left < left and right < to_right and reason == FRAME
            height, width = below - above, to_right - from_left
            inside = above > top and below < bottom and from_left > left and to_right < right
            above_or_below = bottom < above < bottom + size or top - size < below < top
            in_line = left - MAX_OFFSET * size < from_left and to_right < right + MAX_OFFSET * size
            is_rest = reason != "rule" and MIN_SIZE * size < max(height, width)
            is_small = max(height, width) < 0.5 * size
            if is_rest and (inside or (is_small and above_or_below and in_line)):
                return PART
            if is_in_frame and digit.label == "0":
                return PART
        return ""

    return tuple(doubted(digit, doubt) if (doubt := doubt_of(digit)) else digit for digit in digits)


def _stands_beside(box: Box, digits: Sequence[ScoredCandidate], picture_height: int) -> bool:
    """Whether a box is higher than half of a line, among its digits or no farther from its ends than it is high.

    What goes through the whole picture, from its top to its bottom, is a rule or a shadow, unless it is wider than the
    line is high: digits may hang on it. Beside fewer digits than are a number there may be a sliver of a neighbor.
    """
    top, left, bottom, right = bounding_box([digit.box for digit in digits])
    height = bottom - top
    is_high = 2 * (min(bottom, box[2]) - max(top, box[0])) > height
    goes_through = box[0] <= 1 and box[2] >= picture_height - 1 and box[3] - box[1] <= height
    is_sliver = not are_number(digits) and box[3] - box[1] < right - left
    return is_high and not goes_through and not is_sliver and box[3] > left - height and box[1] < right + height


def doubts_of(digits: Sequence[ScoredCandidate], row: Row) -> dict[int, str]:
    """Find doubts in the digits of a row, by their shapes and places: the `id` of a digit, and its doubt."""
    doubts = {id(digits[index]): RAISED for index in find_raised(digits)}
    doubts |= {id(digits[index]): MAY_BE_PERCENT for index in find_percents(digits, row)}
    doubts |= {id(digits[index]): MAY_BE_LETTER for index in find_joined_ones(digits, row)}
    doubts |= {id(digits[index]): MAY_BE_SIDES for index in find_sides(digits)}
    doubts |= {id(digit): MAY_BE_DOLLAR for digit in digits if has_bar(digit)}
    doubts |= {id(digit): MAY_BE_AMPERSAND for digit in digits if has_arm(digit)}
    doubts |= {id(digit): MAY_BE_TRIANGLE for digit in digits if is_triangle(digit)}
    doubts |= {id(digit): MAY_BE_TICK for digit in digits[1:][-1:] if is_tick(digit, row)}  # it follows a number
    if not are_number(digits):
        doubts |= {id(digit): RING for digit in digits if is_ring_around_stroke(digit)}
    return doubts


def find_raised(digits: Sequence[ScoredCandidate]) -> set[int]:
    """The digits whose foot is above the middle of one beside: degrees, exponents, the upper ring of a percent sign."""
    beside = [(i, j) for i in range(len(digits)) for j in (i - 1, i + 1) if 0 <= j < len(digits)]
    return {i for i, j in beside if 2 * digits[i].box[2] < digits[j].box[0] + digits[j].box[2]}


def find_percents(digits: Sequence[ScoredCandidate], row: Row) -> set[int]:
    """The digits of a row that may be percent signs in pairs: a ring above, a ring below, and a stroke through both.

    The stroke, cut or whole, makes a 9 or 7 of the upper ring, and a 6 of the lower one or a 0 beneath its end.
    """
    found: set[int] = set()
    for index, (upper, lower) in enumerate(pairwise(digits)):
        if upper.label not in ("7", "9") or lower.label not in ("6", "0") or (ring := _box_of_hole(upper)) is None:
            continue
        other = _box_of_hole(lower) or lower.box
        is_cut = _extent(lower, row)[0] <= _extent(upper, row)[1]
        if ring[2] <= other[0] and (is_cut or lower.box[1] < upper.box[3]):
            found |= {index, index + 1}
    return found


def find_joined_ones(digits: Sequence[ScoredCandidate], row: Row) -> set[int]:
    """The ones that were cut from one another: M, N, U, V and W have such strokes."""
    return {
        number
        for index, (first, second) in enumerate(pairwise(digits))
        if first.label == second.label == "1" and _components(first, row) & _components(second, row)
        for number in (index, index + 1)
    }


def find_sides(digits: Sequence[ScoredCandidate]) -> set[int]:
    """Find ones that may be sides of boxes: evenly spaced to the width of a stroke, some places being without.

    Either every other digit is one, or they begin lower than all other digits, as the teeth of a comb do.
    """
    ones = {number: digit for number, digit in enumerate(digits) if digit.label == "1"}
    others = [digit for digit in digits if digit.label != "1"]
    distances = [right - left for left, right in pairwise((one.box[1] + one.box[3]) / 2 for one in ones.values())]
    if len(distances) < 2 or not others or (pitch := min(distances)) <= 0:
        return set()
    stroke_width = min(one.stroke_width for one in ones.values())
    are_even = all(abs(distance - pitch * round(distance / pitch)) < stroke_width for distance in distances)
    are_alternate = all((left.label == "1") != (right.label == "1") for left, right in pairwise(digits))
    are_lower = min(one.box[0] for one in ones.values()) > max(other.box[0] for other in others)
    return set(ones) if are_even and (are_alternate or are_lower) else set()


def has_bar(digit: ScoredCandidate) -> bool:
    """Whether an S, which the network takes for a 5 or an 8, begins and ends with a bare stroke, as a dollar sign does.

    What both digits begin and end with is wider than two strokes within the width of one: a bar or a bend.
    """
    if digit.label not in ("5", "8"):
        return False
    depth = max(round(digit.stroke_width), 1)
    mask = digit.candidate.mask
    columns = [np.flatnonzero(rows.any(axis=0)) for rows in (mask[:depth], mask[-depth:])]
    return all(len(ends) > 0 and ends[-1] + 1 - ends[0] <= 2 * digit.stroke_width for ends in columns)


def has_arm(digit: ScoredCandidate) -> bool:
    """Whether an 8 has a third stroke beside its larger ring, in most rows of its white, as an ampersand does."""
    if digit.label != "8":
        return False
    mask = digit.candidate.mask
    rows = _hole(mask).any(axis=1)
    strokes = np.count_nonzero(mask & ~np.pad(mask, ((0, 0), (1, 0)))[:, :-1], axis=1)
    return bool(2 * np.count_nonzero(strokes[rows] > 2) > np.count_nonzero(rows))


def is_triangle(digit: ScoredCandidate) -> bool:
    """Whether the white in a 0 is a triangle: the one around it is smaller than the ellipse that fits its rectangle.

    The network takes narrow triangles for a 1, which has no white in it otherwise.
    """
    if digit.label not in ("0", "1") or not (hole := _hole(digit.candidate.mask)).any():
        return False
    points = np.argwhere(hole).astype(np.float32)
    _, (height, width), _ = cv2.minAreaRect(points)
    area, _ = cv2.minEnclosingTriangle(points[:, None])
    return bool(area < math.pi * (height / 2) * (width / 2))


def is_tick(digit: ScoredCandidate, row: Row) -> bool:
    """Whether a 1 of a row is a V with a short arm on its left, as check marks are, even where the arm was cut off.

    Beneath the flag of a 1 and within the loop of its foot there is ink above the white, in a V there is none.
    """
    if digit.label != "1":
        return False
    parts, components = _pieces(digit, row), _components(digit, row)
    middle = sum(bounding_box([piece.box for piece in parts])[::2]) / 2
    arms = [piece for piece in row.pieces if piece.components <= components and piece.box[0] > middle]
    pieces = {piece.numbers: piece for piece in (*parts, *arms)}.values()
    top, left, bottom, right = bounding_box([piece.box for piece in pieces])
    mask = np.isin(row.labels[top:bottom, left:right], [number for piece in pieces for number in piece.numbers])
    return _depth_of_valley(mask) > 2 * digit.stroke_width


def _pieces(digit: ScoredCandidate, row: Row) -> list[Piece]:
    """The pieces of a digit on a row, without those taken for specks."""
    candidate = digit.candidate
    return [row.pieces[number] for number in range(candidate.first, candidate.last) if number not in candidate.dropped]


def _components(digit: ScoredCandidate, row: Row) -> frozenset[int]:
    return frozenset[int]().union(*(piece.components for piece in _pieces(digit, row)))


def _extent(digit: ScoredCandidate, row: Row) -> tuple[float, float]:
    """The left and right end of a digit along its row, slanted strokes set upright."""
    pieces = _pieces(digit, row)
    return min(piece.left for piece in pieces), max(piece.right for piece in pieces)


def _hole(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest white that a shape encloses, bool like its mask; all false if it encloses none."""
    paper = cv2.copyMakeBorder((~mask).view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(paper, connectivity=4)
    areas = statistics[:, cv2.CC_STAT_AREA].copy()
    areas[[0, labels[0, 0]]] = 0  # ink, and the paper around it
    return np.asarray((labels == areas.argmax())[1:-1, 1:-1] & bool(areas.any()), np.bool_)


def _box_of_hole(digit: ScoredCandidate) -> Box | None:
    """The box of the largest white that a digit encloses, in the ink map."""
    ys, xs = np.nonzero(_hole(digit.candidate.mask))
    top, left = digit.box[:2]
    return (top + ys.min(), left + xs.min(), top + ys.max() + 1, left + xs.max() + 1) if len(ys) else None


def _depth_of_valley(mask: NDArray[np.bool_]) -> int:
    """In how many rows a shape has white that is open above, with ink to both sides and below."""
    above, below = np.maximum.accumulate(mask), np.maximum.accumulate(mask[::-1])[::-1]
    left = np.maximum.accumulate(mask, axis=1)
    right = np.maximum.accumulate(mask[:, ::-1], axis=1)[:, ::-1]
    return int((~above & below & left & right).any(axis=1).sum())


def is_ring_around_stroke(digit: ScoredCandidate) -> bool:
    """Whether a zero is two components of ink: a ring, and in it a bare stroke, too high for a point in its hole."""
    if digit.label != "0":
        return False
    statistics = label_components(digit.candidate.mask.view(np.uint8))[1]
    heights = sorted(statistics[1:, cv2.CC_STAT_HEIGHT].tolist())
    return len(heights) == 2 and heights[0] > MAX_LOW_HEIGHT * (heights[1] - 2 * digit.stroke_width)


def doubted(digit: ScoredCandidate, doubt: str) -> ScoredCandidate:
    """The digit with a doubt, unless it has one: no likelier than not, and so rejected by itself."""
    if digit.doubt:
        return digit
    return replace(digit, probabilities=digit.probabilities * np.float32(LIKELY), doubt=doubt)


def with_sign_doubts(page: PageReading) -> PageReading:
    """A page of which the signs are asked for, too: lines whose signs are in doubt are in doubt themselves."""
    doubts = page.sign_doubts or ("",) * len(page.lines)
    lines = zip(page.lines, doubts, strict=True)
    return replace(page, lines=tuple(with_line_doubt(line, doubt) if doubt else line for line, doubt in lines))


def with_line_doubt(digits: Sequence[ScoredCandidate], doubt: str) -> tuple[ScoredCandidate, ...]:
    """The digits of a line, those without a doubt with this one: it is about the line as a whole."""
    return tuple(digit if digit.doubt else replace(digit, doubt=doubt) for digit in digits)
