"""Signs between the digits of a line: minus, point, comma, colon, slash, plus and parentheses, told by their geometry.

Size, place beside the digits, and lean are the evidence, and that the network takes a sign for no digit, as it does
with all of them but the slash. A slash is told from a 1 by what 144 handwriting fonts do, those for training: it leans
more than three other digits, 0.4 columns a row in the mean, and is longer, 1.2 digit heights; a 1 is as the digits are.
Parentheses look like ones, too: two that begin and end a line and bend away from one another are no ones.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from lenet.boxes import Box, bounding_box
from lenet.reading.foreground.grid.rule import MIN_COVERAGE
from lenet.reading.lines.layout import COLUMN_GAP, MAX_LOW_HEIGHT, MAX_OFFSET
from lenet.reading.lines.segmentation import (
    DASH_ASPECT,
    MARK_TOP,
    Piece,
    Row,
    is_dash,
)
from lenet.reading.normalization import MIN_PIXELS, stroke_width
from lenet.reading.order_statistics import median
from lenet.reading.scoring import LIKELY, PlacedSign, ScoredCandidate

Bits = NDArray[np.bool_]

# Of slashes in the mean: columns a row beyond the digits' slant, and digit heights; a 1 is as the digits are. No dash,
# and no stroke of a plus, is longer.
SLASH_LEAN, SLASH_LENGTH = 0.4, 1.2
# Standard deviations: of the lean of slashes, which is taken for that of ones, too, and of the length of slashes.
SPREAD, SPREAD_OF_LENGTH = 0.15, 0.25
MAX_AXIS_RATIO = 0.15  # of a straight stroke: its standard deviation across, as a share of that along it
MIN_LEAN, MIN_LENGTH = SPREAD, 1 + SPREAD  # what leans less, and is shorter, is a 1
SLASH_LOG_PRIOR, DATE_LOG_PRIOR = -3.0, 1.0  # log odds that a stroke is a slash; where dates have one
MIN_SLASH_LOG_ODDS = 2.0  # of each of several slashes that are accepted
MIN_DOUBT_LOG_ODDS = SLASH_LOG_PRIOR  # of a 1 that is rejected: its shape makes it no less likely a slash; and reversed
MIN_BEND = 0.06  # of its height: all parentheses of those fonts bend more; so do 5 % of MNIST's ones, to either side
DASH_TOP = 0.2  # of the digits' height: dashes stand no nearer to their top, or to their foot
MIN_POINT = 0.7  # stroke widths: smaller ink is a speck
COMMA_TAIL = 0.05  # digit heights below: 94 % of commas have one, or are as long as dashes, 1 % of points
MAX_PLUS_HEIGHT = 0.85  # in digit heights: what is taken for a digit, and higher, is a 4 or a 7

_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d\d|\d{4})")


@dataclass(frozen=True)
class LineSigns:
    """The signs of a line, the digits that are left, and the indices of those that may be slashes.

    Attributes:
        has_possible_one: whether a slash may be a 1.
        digit_height: in pixels, of the row; or of the digits in parentheses, which may be lower than these.
        pointed: the indices of digits with a point beneath them, as a ! or ? has.
        untold: boxes of ink as large as signs beside the digits that is none by its size and place.
    """

    signs: tuple[PlacedSign, ...]
    digits: tuple[ScoredCandidate, ...]
    possible_slashes: frozenset[int]
    digit_height: float
    pointed: frozenset[int] = frozenset()
    untold: tuple[Box, ...] = ()
    has_possible_one: bool = False


def find_signs(row: Row, path_digits: Sequence[ScoredCandidate], unused_pieces: Sequence[Piece]) -> LineSigns:
    """Tell the signs of a line from the digits of its best path and from the pieces that no digit uses.

    Args:
        row: the line.
        path_digits: the candidates on the best path, left to right.
        unused_pieces: the pieces of the row that none of them uses.
    """
    digit_components = {
        component
        for digit in path_digits
        for piece in row.pieces[digit.candidate.first : digit.candidate.last]
        for component in piece.components
    }
    separate_pieces = _joined_cuts(
        [piece for piece in unused_pieces if digit_components.isdisjoint(piece.components)], row.digit_height
    )
    pluses = [
        digit
        for digit in path_digits
        if digit.is_likelier_none
        and digit.candidate.height < MAX_PLUS_HEIGHT
        and _is_plus(digit.candidate.mask, row.digit_height)
    ]
    commas = [
        digit
        for digit in path_digits
        if digit.label == "1"
        and (others := [other.box for other in path_digits if other is not digit])
        and _is_long_comma(digit.box, *_band(others, digit.box))
    ]
    digits = [digit for digit in path_digits if digit not in pluses and digit not in commas]
    if not digits:
        return LineSigns((), tuple(path_digits), frozenset(), row.digit_height)
    slashes, possible, are_sure = _slashes(digits)
    signs = [_sign("+", digit.box) for digit in pluses]
    signs += [_sign(",", digit.box) for digit in commas]
    signs += [_sign("/", digits[index].box) for index in slashes]
    remaining = [digit for index, digit in enumerate(digits) if index not in slashes]
    if not remaining:
        return LineSigns((), tuple(path_digits), frozenset(range(len(path_digits))), row.digit_height)
    digit_height = row.digit_height
    ends = [row.pieces[0], row.pieces[-1]]
    if all(end in separate_pieces for end in ends) and _are_parentheses(row):
        signs += [_sign(text, row.box_of(end)) for text, end in zip("()", ends, strict=True)]
        separate_pieces = [piece for piece in separate_pieces if piece not in ends]
        digit_height = min(digit_height, median(digit.box[2] - digit.box[0] for digit in remaining))
    possible_slashes = frozenset(
        index for index, digit in enumerate(remaining) if any(digit is digits[i] for i in possible)
    )
    line_stroke_width = median(digit.stroke_width for digit in remaining)
    is_short = {id(piece): piece.height * row.digit_height < MAX_LOW_HEIGHT * digit_height for piece in separate_pieces}
    columns = [
        (min(piece.left for piece in pieces), max(piece.right for piece in pieces))
        for pieces in (row.pieces[digit.candidate.first : digit.candidate.last] for digit in remaining)
    ]
    marks = [_Mark(box, _is_clear((box[1], box[3]), [(d.box[1], d.box[3]) for d in remaining])) for box in row.points]
    pointed: set[int] = set()
    for piece in separate_pieces:
        box = row.box_of(piece)
        if _is_plus_among(row, piece, [digit.box for digit in remaining]):
            signs.append(_sign("+", box))
        elif is_short[id(piece)]:
            marks.append(_Mark(box, _is_clear((piece.left, piece.right), columns)))
            pointed |= {
                index
                for index, digit in enumerate(remaining)
                if digit.box[2] <= box[0]
                and _middle(box) < _band([other.box for other in remaining], box)[1]
                and not _is_clear((piece.left, piece.right), [columns[index]])
            }
        elif text := _tall_sign(piece, row, remaining):
            signs.append(_sign(text, box))
    signs += _short_signs(marks, remaining, line_stroke_width)
    placed = tuple(_placed_in_line(signs, remaining))
    untold = tuple(
        mark.box
        for mark in marks
        if _size(mark.box) >= MIN_POINT * line_stroke_width
        and mark.box not in row.points
        and not any(_is_in(mark.box, sign.box) for sign in placed)
        and not any(digit.box[1] <= mark.box[1] and mark.box[3] <= digit.box[3] for digit in remaining)
    )
    return LineSigns(placed, tuple(remaining), possible_slashes, digit_height, frozenset(pointed), untold, not are_sure)


def without_sign(
    row: Row, digit: ScoredCandidate, scored: Sequence[ScoredCandidate], path_digits: Sequence[ScoredCandidate]
) -> ScoredCandidate:
    """Drop from a digit a sign at its side that the path took, or a part of which, if it is as clear without.

    Args:
        row: the line.
        digit: one of ``path_digits``, the candidates on the best path.
        scored: all candidates of the row.
    """
    run = range(digit.candidate.first, digit.candidate.last)
    others = [other for other in path_digits if other is not digit]
    boxes = [other.box for other in others] or [digit.box]
    taken = {number for other in others for number in range(other.candidate.first, other.candidate.last)}
    for number in (run[0], run[-1]):
        component = row.pieces[number].components
        parts = [index for index, piece in enumerate(row.pieces) if piece.components & component]
        rest = [index for index in run if index not in parts]
        if not rest or rest[-1] - rest[0] + 1 > len(rest) or not taken.isdisjoint(parts):
            continue
        whole = _joined_cuts([row.pieces[index] for index in parts], row.digit_height)
        if len(whole) > 1 or not _is_sign(row, whole[0], boxes):
            continue
        for one in scored:
            is_rest = (one.candidate.first, one.candidate.last) == (rest[0], rest[-1] + 1)
            if is_rest and one.label == digit.label and one.probability > LIKELY:
                return one
    return digit


def _is_sign(row: Row, piece: Piece, digit_boxes: list[Box]) -> bool:
    """Whether a piece is a dash, point, comma or plus by its shape and place beside digits."""
    box = row.box_of(piece)
    top, bottom = _band(digit_boxes, box)
    if _short_sign(_Mark(box), top, bottom) or _is_long_comma(box, top, bottom):
        return True
    return _is_plus_among(row, piece, digit_boxes)


def find_possible_slashes(digits: Sequence[ScoredCandidate]) -> set[int]:
    """Find the digits of a line, by index, that are slashes or may be: ones that lean, or are long."""
    slashes, possible, _ = _slashes(list(digits))
    return slashes | possible


def find_short_signs(boxes: Sequence[Box], digits: Sequence[ScoredCandidate]) -> tuple[PlacedSign, ...]:
    """Find which boxes are dashes, points, commas or colons, by size and place beside digits of their line."""
    marks = [_Mark(box) for box in boxes]
    return tuple(_short_signs(marks, list(digits), median(digit.stroke_width for digit in digits)))


def separator_scores(row: Row) -> list[dict[str, float]]:
    """For each piece of a row, the log probabilities of the separators of a pattern that it may be."""
    digit_boxes = [piece.box for piece in row.pieces if piece.height > 0.5]
    if not digit_boxes:
        return [{} for _ in row.pieces]
    slant = _slant_of([_mask_of(row, piece) for piece in row.pieces if piece.height > 0.5])
    scores: list[dict[str, float]] = []
    for piece in row.pieces:
        top, bottom = _band(digit_boxes, piece.box)
        if piece.height < MAX_LOW_HEIGHT:
            text = _short_sign(_Mark(piece.box, is_clear=False), top, bottom)
            scores.append({text: -0.1, **({"'": -1.0} if text == "," else {})} if text else {})
            continue
        mask = _mask_of(row, piece)
        stroke = _Stroke.of(mask)
        if _is_plus(mask, row.digit_height):
            scores.append({"+": -0.1})
        elif stroke.is_straight and stroke.lean > slant:
            log_ratio = _slash_log_likelihood_ratio(stroke, slant, row.digit_height)
            scores.append({"/": -float(np.logaddexp(0.0, -log_ratio))})
        else:
            scores.append({})
    return scores


@dataclass(frozen=True)
class _Stroke:
    """The principal axis of a mask: its lean in columns to the right for each row up, and its height in rows.

    It is straight if it spreads little across its axis beside how it spreads along it, or beside the width of a pen.
    """

    lean: float
    is_straight: bool
    height: int

    @classmethod
    def of(cls, mask: Bits) -> "_Stroke":
        ys, xs = np.nonzero(mask)
        if len(ys) < MIN_PIXELS:
            return cls(0.0, False, 0)
        variances, axes = np.linalg.eigh(np.cov(xs, ys))
        across, along = axes[:, 1]
        lean = -float(across / along) if abs(along) > 1e-3 else math.inf
        spread, extent = math.sqrt(max(float(variances[0]), 0.0)), math.sqrt(max(float(variances[1]), 1e-9))
        is_bare = spread < MAX_AXIS_RATIO * extent or 2 * spread < stroke_width(mask.view(np.uint8))
        return cls(lean, is_bare and abs(lean) < 2, int(ys.max() - ys.min()) + 1)


def _slashes(digits: list[ScoredCandidate]) -> tuple[set[int], set[int], bool]:
    """Which strokes among the digits of a line are slashes, which others may be, and whether the slashes are sure."""
    strokes = {
        index: stroke
        for index, digit in enumerate(digits)
        if digit.label == "1" and (stroke := _Stroke.of(digit.candidate.mask)).is_straight
    }
    if len(digits) < 2 or not any(stroke.lean > MIN_LEAN for stroke in strokes.values()):
        return set(), set(), True
    others = [digit for index, digit in enumerate(digits) if index not in strokes]
    height = median(digit.box[2] - digit.box[0] for digit in others or digits)
    leans = [stroke.lean for stroke in strokes.values()]
    if upright := [lean for lean in leans if abs(lean) < MIN_LEAN]:
        slant = median(upright)
    else:  # a hand that leans: its ones lean no more than its other digits, and all alike
        slant = min([*leans, *([_slant_of([digit.candidate.mask for digit in others])] if others else [])])
    # What begins or ends a line is no slash.
    leaning = {i: one for i, one in strokes.items() if 0 < i < len(digits) - 1 and one.lean > MIN_LEAN}
    places, log_prior = _places_of_slashes("".join(digit.label for digit in digits), leaning)
    log_odds = {
        index: _slash_log_likelihood_ratio(stroke, slant, height) + (log_prior if index in places else SLASH_LOG_PRIOR)
        for index, stroke in leaning.items()
        if index in places or stroke.lean - slant > MIN_LEAN or stroke.height > MIN_LENGTH * height
    }
    slashes = {index for index, value in log_odds.items() if value > 0}
    possible = {index for index, value in log_odds.items() if value > MIN_DOUBT_LOG_ODDS} - slashes
    odds = [log_odds[index] for index in slashes]
    return slashes, possible, not odds or (min(odds) > MIN_SLASH_LOG_ODDS and sum(odds) > -MIN_DOUBT_LOG_ODDS)


def find_bars(digits: Sequence[ScoredCandidate]) -> set[int]:
    """Find the ones between digits that may be bars: longer than the line is high, or in white twice as wide as any.

    Of several bars each is as long as the others: a line is as high as its digits that are no ones, if it has any.
    """
    bars: set[int] = set()
    for index in range(1, len(digits) - 1):
        digit, others = digits[index], [*digits[:index], *digits[index + 1 :]]
        if digit.label != "1":
            continue
        others = [other for other in others if other.label != "1"] or others
        top, _, bottom, _ = bounding_box([other.box for other in others])
        height = digit.box[2] - digit.box[0]
        is_long = digit.box[0] < top and bottom < digit.box[2]
        is_longer = height > SLASH_LENGTH * median(other.box[2] - other.box[0] for other in others)
        whites = [after.box[1] - before.box[3] for before, after in pairwise(digits)]
        around, elsewhere = whites[index - 1 : index + 1], whites[: index - 1] + whites[index + 1 :]
        is_alone = bool(elsewhere) and min(around) > 2 * max(0, *elsewhere, digit.box[3] - digit.box[1])
        if ((is_long and is_longer) or is_alone) and _Stroke.of(digit.candidate.mask).is_straight:
            bars.add(index)
    return bars


def _places_of_slashes(labels: str, leaning: Iterable[int]) -> tuple[frozenset[int], float]:
    """The strokes that make a line a date or a fraction if they are slashes, and the log odds that these are."""
    for places in combinations(sorted(leaning), 2):
        if _is_date("".join("/" if index in places else label for index, label in enumerate(labels))):
            return frozenset(places), DATE_LOG_PRIOR
    return frozenset(leaning) if len(labels) == len("1/2") else frozenset(), 0.0


def between_parentheses(row: Row, scored: Sequence[ScoredCandidate]) -> list[ScoredCandidate]:
    """Select the candidates between parentheses around a whole line; none if it is in none.

    The network takes a parenthesis for a 1 or for no digit, but with a digit beside it perhaps for another one.
    """
    last = len(row.pieces) - 1
    ends = [digit for digit in scored if (digit.candidate.first, digit.candidate.last) in ((0, 1), (last, last + 1))]
    if len(ends) < 2 or not all(digit.label == "1" or digit.is_likelier_none for digit in ends):
        return []
    if not _are_parentheses(row):
        return []
    return [digit for digit in scored if digit.candidate.first > 0 and digit.candidate.last <= last]


def _are_parentheses(row: Row) -> bool:
    """Whether the first and the last piece are components by themselves that bend away from one another."""
    first, *between, last = row.pieces
    parts = Counter(component for piece in row.pieces for component in piece.components)
    are_whole = all(len(end.components) == 1 and parts[min(end.components)] == 1 for end in (first, last))
    if not between or not are_whole or min(first.height, last.height) < MAX_PLUS_HEIGHT:
        return False
    return min(-_bend(_mask_of(row, first)), _bend(_mask_of(row, last))) > MIN_BEND


def _bend(mask: Bits) -> float:
    """Curvature of a stroke: its middle's offset to the right of its ends, as a share of its height, by a parabola."""
    rows = np.flatnonzero(mask.any(axis=1))
    if len(rows) < MIN_PIXELS:
        return 0.0
    middles = [float(np.flatnonzero(mask[row]).mean()) for row in rows]
    return -float(np.polyfit(np.linspace(-1, 1, len(rows)), middles, 2)[0]) / len(rows)


def _slash_log_likelihood_ratio(stroke: _Stroke, slant: float, height: float) -> float:
    """The log likelihood ratio of a slash and a 1, by lean and length.

    Some ones lean as they like: their lean follows Cauchy's law. What leans more than most slashes is one no less.
    """
    lean, length = stroke.lean - slant, stroke.height / height
    density_of_slash = _normal(min(lean, SLASH_LEAN), SLASH_LEAN) * _normal(length, SLASH_LENGTH, SPREAD_OF_LENGTH)
    return math.log(density_of_slash / (_cauchy(lean) * _normal(length, 1.0)))


def _normal(value: float, mean: float, deviation: float = SPREAD) -> float:
    return math.exp(-0.5 * ((value - mean) / deviation) ** 2) / (math.sqrt(2 * math.pi) * deviation) + 1e-9


def _cauchy(value: float) -> float:
    return 1 / (math.pi * SPREAD * (1 + (value / SPREAD) ** 2))


def _is_date(text: str) -> bool:
    date = _DATE.fullmatch(text)
    return date is not None and 1 <= min(int(date[1]), int(date[2])) <= 12 and max(int(date[1]), int(date[2])) <= 31


def _slant_of(masks: Sequence[Bits]) -> float:
    """The mean slant of some digits by their moments, in columns to the right for each row up."""
    slants = []
    for mask in masks:
        ys, xs = np.nonzero(mask)
        if len(ys) >= MIN_PIXELS and (variance := float(ys.var())) > 0:
            slants.append(-float(((ys - ys.mean()) * (xs - xs.mean())).mean()) / variance)
    return float(np.mean(slants)) if slants else 0.0


def _mask_of(row: Row, piece: Piece) -> Bits:
    top, left, bottom, right = piece.box
    return np.asarray(np.isin(row.labels[top:bottom, left:right], piece.numbers), np.bool_)


def _tall_sign(piece: Piece, row: Row, digits: list[ScoredCandidate]) -> str:
    """The slash or long comma that an unused piece as high as digits is; empty if it is none."""
    box = row.box_of(piece)
    if _is_long_comma(box, *_band([digit.box for digit in digits], box)):
        return ","
    stroke = _Stroke.of(_mask_of(row, piece))
    if not stroke.is_straight:
        return ""
    height = median(digit.box[2] - digit.box[0] for digit in digits)
    slant = _slant_of([digit.candidate.mask for digit in digits])
    return "/" if _slash_log_likelihood_ratio(stroke, slant, height) > 0 else ""


def _is_plus_among(row: Row, piece: Piece, digit_boxes: Sequence[Box]) -> bool:
    """Whether a piece is a plus by its shape, and stands in the middle of the digits' height as one does."""
    box = row.box_of(piece)
    top, bottom = _band(digit_boxes, box)
    is_in_middle = DASH_TOP < (_middle(box) - top) / (bottom - top) < 1 - DASH_TOP
    return is_in_middle and piece.height < MAX_PLUS_HEIGHT and _is_plus(_mask_of(row, piece), row.digit_height)


def _is_plus(mask: Bits, digit_height: float) -> bool:
    """Whether a shape is a cross: a steep and a flat stroke that cross near their middles, and white beside them.

    Both may lean; if they lean as much as they stand, it is a multiplication sign.
    """
    height, width = mask.shape
    if max(height, width) > min(SLASH_LENGTH * digit_height, DASH_ASPECT * min(height, width)):
        return False
    width_of_stroke = stroke_width(mask.view(np.uint8))
    if min(height, width) - width_of_stroke < 2 * width_of_stroke:  # arms shorter than wide: a point
        return False
    ys, xs = np.nonzero(mask)
    y, x = ys - (height - 1) / 2, xs - (width - 1) / 2
    steep, flat = np.zeros(2), np.zeros(2)  # the strokes as lines: columns by rows, rows by columns
    for _ in range(3):  # each ink belongs to the nearer one
        is_steep = abs(x - np.polyval(steep, y)) < abs(y - np.polyval(flat, x))
        if len(set(y[is_steep].tolist())) < 2 or len(set(x[~is_steep].tolist())) < 2:
            return False
        steep, flat = np.polyfit(y[is_steep], x[is_steep], 1), np.polyfit(x[~is_steep], y[~is_steep], 1)
    if abs(steep[0]) + abs(flat[0]) >= 1:
        return False
    crossing_x = (steep[1] + steep[0] * flat[1]) / (1 - steep[0] * flat[0])
    crossing_y = np.polyval(flat, crossing_x)
    reach = width_of_stroke / 2 + 1  # within twice as much, most of a bold digit lies, too
    on_steep = abs(x - np.polyval(steep, y)) <= reach
    on_flat = abs(y - np.polyval(flat, x)) <= reach
    rows, columns = set(y[on_steep].tolist()), set(x[on_flat].tolist())
    is_crossed = len(rows) >= MIN_COVERAGE * height and len(columns) >= MIN_COVERAGE * width
    is_middle = max(abs(crossing_y) / height, abs(crossing_x) / width) <= MAX_OFFSET
    down, across = np.arange(height)[:, None] - (height - 1) / 2, np.arange(width) - (width - 1) / 2
    is_aside = (abs(across - np.polyval(steep, down)) > reach) & (abs(down - np.polyval(flat, across)) > reach)
    max_ink_aside = (1 - MIN_COVERAGE) * min(len(y), int(is_aside.sum()))
    return bool(is_crossed and is_middle and (mask & is_aside).sum() <= max_ink_aside)


@dataclass(frozen=True)
class _Mark:
    """The box of short ink, and whether it stands beside the digits of its line rather than above or below one."""

    box: Box
    is_clear: bool = True


def _is_clear(columns: tuple[float, float], digit_columns: Sequence[tuple[float, float]]) -> bool:
    """Whether no digit shares half of a mark's columns: what does is rather a loose part of it, as the flag of a 1."""
    left, right = columns
    return all(2 * (min(right, end) - max(left, start)) < right - left for start, end in digit_columns)


def _short_signs(marks: Sequence[_Mark], digits: list[ScoredCandidate], line_stroke_width: float) -> list[PlacedSign]:
    """Dashes, points, commas, and colons: two points over one another, however their line leans."""
    digit_boxes = [digit.box for digit in digits]
    marks = [mark for mark in marks if _size(mark.box) >= MIN_POINT * line_stroke_width]
    marks = sorted(marks, key=lambda mark: mark.box[1])
    boxes = [mark.box for mark in marks]
    signs: list[PlacedSign] = []
    used: set[Box] = set()
    for upper in boxes:
        top, bottom = _band(digit_boxes, upper)
        for lower in boxes:
            height = bottom - top
            is_beneath = _middle(lower) - _middle(upper) > abs(upper[1] + upper[3] - lower[1] - lower[3]) / 2
            are_points = max(_size(upper), _size(lower)) <= MAX_LOW_HEIGHT * height
            are_alike = max(_size(upper), _size(lower)) < 2 * min(_size(upper), _size(lower))
            is_inside = top < _middle(upper) and lower[0] < bottom
            if is_beneath and are_points and are_alike and is_inside:
                signs.append(_sign(":", (upper[0], min(upper[1], lower[1]), lower[2], max(upper[3], lower[3]))))
                used |= {upper, lower}
    for mark in marks:
        if mark.box not in used and (text := _short_sign(mark, *_band(digit_boxes, mark.box))):
            signs.append(_sign(text, mark.box))
    return signs


def _joined_cuts(pieces: Sequence[Piece], digit_height: float) -> list[Piece]:
    """The pieces, those in one that cuts have divided."""
    by_component: dict[frozenset[int], list[Piece]] = {}
    for piece in pieces:
        by_component.setdefault(piece.components, []).append(piece)
    joined = []
    for parts in by_component.values():
        box = bounding_box([part.box for part in parts])
        joined.append(
            replace(
                parts[0],
                left=min(part.left for part in parts),
                right=max(part.right for part in parts),
                numbers=tuple(number for part in parts for number in part.numbers),
                box=box,
                height=(box[2] - box[0]) / digit_height,
            )
        )
    return joined


def _short_sign(mark: _Mark, top: float, bottom: float) -> str:
    """The dash, point or comma that a mark is by its size and place beside digits from ``top`` to ``bottom``.

    Points and commas stand at the foot of the digits; where the line is uneven, higher, but then between two of them.
    """
    box = mark.box
    height, width, digit_height = box[2] - box[0], box[3] - box[1], bottom - top
    place = (_middle(box) - top) / digit_height
    is_short = mark.is_clear and width < SLASH_LENGTH * digit_height
    if is_dash(width, height, digit_height) and is_short and DASH_TOP < place < 1 - DASH_TOP:
        return "-"
    min_place = DASH_TOP if mark.is_clear else MARK_TOP
    if max(height, width) > MAX_LOW_HEIGHT * digit_height or width > DASH_ASPECT * height or place < min_place:
        return ""
    has_tail = box[2] > bottom + COMMA_TAIL * digit_height or height > DASH_ASPECT * width
    return "," if has_tail else "."


def _is_long_comma(box: Box, top: float, bottom: float) -> bool:
    """Whether a box is in the lower half of digits from ``top`` to ``bottom``, and goes below them as a comma does."""
    has_tail = box[2] - bottom > COMMA_TAIL * (bottom - top)
    return box[0] >= (top + bottom) / 2 and has_tail and box[2] - box[0] > box[3] - box[1]


def _band(boxes: Sequence[Box], box: Box) -> tuple[float, float]:
    """The top and bottom of the digits around a box: the medians of the four nearest."""
    middle = box[1] + box[3]
    nearest = sorted(boxes, key=lambda other: abs(other[1] + other[3] - middle))[:4]
    top, bottom = (median(other[side] for other in nearest) for side in (0, 2))
    return top, max(bottom, top + 1)


def _placed_in_line(signs: list[PlacedSign], digits: Sequence[ScoredCandidate]) -> list[PlacedSign]:
    """The signs that stand at the line's digits, with the index of the digit that each stands before."""
    middles = [digit.box[1] + digit.box[3] for digit in digits]
    placed: list[PlacedSign] = []
    for sign in sorted(signs, key=lambda sign: sign.box[1] + sign.box[3]):
        gap = min(max(digit.box[1] - sign.box[3], sign.box[1] - digit.box[3]) for digit in digits)
        if gap < COLUMN_GAP * max(digit.box[2] - digit.box[0] for digit in digits):
            index = sum(middle < sign.box[1] + sign.box[3] for middle in middles)
            placed.append(replace(sign, index=index))
    return placed


def reindexed(signs: Sequence[PlacedSign], digits: Sequence[ScoredCandidate]) -> tuple[PlacedSign, ...]:
    """The signs with their index among those digits of the line that are left, if others were words."""
    return tuple(_placed_in_line(list(signs), digits)) if digits else ()


def _sign(text: str, box: Box) -> PlacedSign:
    return PlacedSign(text, box, 0)


def _is_in(box: Box, other: Box) -> bool:
    return other[0] <= box[0] and other[1] <= box[1] and box[2] <= other[2] and box[3] <= other[3]


def _middle(box: Box) -> float:
    return (box[0] + box[2]) / 2


def _size(box: Box) -> int:
    return max(box[2] - box[0], box[3] - box[1])


def are_side_by_side(signs: Sequence[PlacedSign]) -> bool:
    """Whether two of the signs stand between the same digits as low letters do, and not all are points of a leader."""
    places = Counter(sign.index for sign in signs if sign.text in ".,:")
    return any(places[sign.index] > 1 for sign in signs if sign.text in ",:")
