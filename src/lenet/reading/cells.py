"""Reading within the cells of a grid: each cell holds one digit, some, or none; the cells of a row make a line.

Components of ink belong to the cell that most of them lies in, so that digits may overhang its sides. What crosses from
a cell to the next one is read for itself first, and each digit of it stays whole; what shows none, or lies in two rows,
is divided between the cells. Cells that have nothing to do with what is written, as those of squared paper, are
left out: then only their rules are taken away.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.boxes import Box, bounding_box
from lenet.reading.foreground.grid.cell import GridCell
from lenet.reading.foreground.grid.detection import Grid, grid_thresholds
from lenet.reading.foreground.grid.removal import without_grid
from lenet.reading.foreground.grid.rule import REACH
from lenet.reading.foreground.grid.strokes import DARKER
from lenet.reading.foreground.ink import SHARES, InkMap
from lenet.reading.lines.doubts import AT_SIDE, BROKEN, MAY_BE_ONE, MAY_BE_PRINT, MAY_BE_SLASH, doubted, with_line_doubt
from lenet.reading.lines.hypotheses import average_over_views, hypotheses_of, most_confident, read_lines, shows_digits
from lenet.reading.lines.layout import (
    MAX_LOW_HEIGHT,
    MAX_WIDTH,
    MIN_SIZE,
    Component,
    Labels,
    Mask,
    collect_lines,
    find_components,
    find_digit_height,
    find_spaces,
)
from lenet.reading.lines.numbers import MAX_IGNORED_PROBABILITY, MAY_BE_DIGITS
from lenet.reading.lines.omissions import with_losses
from lenet.reading.lines.pattern import Pattern
from lenet.reading.lines.segmentation import (
    DASH_ASPECT,
    MAX_RING_HEIGHT,
    MIN_HEIGHT,
    Candidate,
    Page,
    crop_of,
    row_of,
)
from lenet.reading.lines.signs import find_possible_slashes, find_short_signs
from lenet.reading.order_statistics import median
from lenet.reading.recognition import Recognizer
from lenet.reading.scoring import PageReading, PlacedSign, ScoredCandidate, recognize

MIN_SHARE_IN_CELL = 0.75  # of a component's ink: it belongs to that cell, and the rest overhangs
MIN_SHARE_ON_RULE = MIN_SHARE_IN_CELL  # of a component's ink: it is a remnant of the rule
MIN_FITTING_SHARE = MIN_SHARE_IN_CELL  # of the components as high as digits, in one cell each: cells bound the digits
MIN_SIDE_HEIGHT = MIN_SHARE_IN_CELL  # of a cell's height: a 1 may be the printed side of its box
MAX_FIELD_ASPECT = DASH_ASPECT  # width over height of the boxes of a field: no digit is wider for its height
TOUCH = REACH  # between a digit and the side of its cell: it may belong to the next one, too
# Reasons for which ink was ignored that may have been a digit.
REASONS_FOR_DOUBT = (MAY_BE_DIGITS, "not a digit", "not digits", "texture")

_BLOCK = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class ReadCell:
    """A cell and the lines in it: none if it is blank or unread.

    Attributes:
        is_unread: there is ink in it that was taken for no digit.
        is_box: it is a box of a field, whose digits make one number.
        signs: those in a box without digits.
    """

    cell: GridCell
    lines: PageReading
    is_unread: bool = False
    is_box: bool = False
    signs: tuple[PlacedSign, ...] = ()

    @property
    def text(self) -> str:
        """Its digits, a space for a gap and between lines."""
        return self.lines.text.replace("\n", " ")

    @property
    def text_with_signs(self) -> str:
        """The text with the signs that stand between the digits."""
        return self.lines.text_with_signs.replace("\n", " ") or "".join(sign.text for sign in self.signs)


@dataclass(frozen=True, eq=False)
class GridReading:
    """The reading of a page with a grid, and of its cells: none on squared paper, which bounds no digits."""

    page: PageReading
    cells: tuple[ReadCell, ...] = ()


def read_grid(ink: InkMap, grid: Grid, recognizer: Recognizer, pattern: Pattern | None = None) -> GridReading:
    """Read a page with a grid.

    Args:
        ink: the ink of a picture.
        grid: its rules and cells.
        recognizer: classifies candidates.
        pattern: what each line must look like, if that is known; then cells do not bound the digits.
    """
    without_rules = without_grid(ink, grid)
    rules = tuple((_box_of(rule.points()), "rule") for rule in grid.rules)
    min_threshold = min(grid_thresholds(ink.before_equalization), default=0.0)  # what is paler may be left of rules
    thresholds = list(dict.fromkeys(max(threshold, min_threshold) for threshold in without_rules.thresholds(SHARES)))
    if without_rules.peak <= min_threshold:
        thresholds = []
    if not thresholds:
        return GridReading(PageReading(ignored=rules), tuple(ReadCell(cell, PageReading()) for cell in grid.cells))
    if pattern is not None or not _hold_digits(without_rules, grid, thresholds[0]):
        page = read_lines(without_rules, recognizer, pattern)
        if pattern is None:
            page = _with_doubted_ones(page, ink, _print_threshold(page.digits, ink, grid))
        return GridReading(replace(page, ignored=page.ignored + rules))
    cell_numbers = _find_cell_numbers(grid)
    printed = np.asarray(cv2.dilate(grid.print_levels, np.ones((5, 5), np.uint8)), np.float32)
    on_rules = ((printed > 0) & (ink.before_equalization.levels <= DARKER * printed)).view(np.uint8)
    splits = [
        _CellComponents.of(without_rules, grid, cell_numbers, on_rules, threshold, recognizer)
        for threshold in thresholds
    ]
    digit_height = splits[0].digit_height  # of the threshold with the most ink: at higher ones strokes are broken
    splits = [replace(split, digit_height=digit_height) for split in splits]
    hypotheses = hypotheses_of(
        without_rules, [page for split in splits for page in split.segment_cells(without_rules, grid)], recognizer, None
    )
    average = partial(
        average_over_views,
        ink=without_rules,
        rules=np.zeros_like(on_rules),
        thresholds=thresholds,
        recognizer=recognizer,
    )
    cells = [
        _read_cell(cell, hypotheses[index :: len(grid.cells)], average)  # one for each threshold
        for index, cell in enumerate(grid.cells)
    ]
    outside = _read_outside(without_rules, splits[0], cell_numbers, recognizer)
    cells = _without_fractions(cells)
    cells = _with_field_signs(_with_fields(_with_likeliest_digits(cells, splits, without_rules, recognizer)))
    cells = _with_broken_doubts(_with_side_doubts(_without_box_sides(cells)))
    print_threshold = _print_threshold([*outside.digits, *chain(*(read.lines.digits for read in cells))], ink, grid)
    cells = [replace(read, lines=_with_doubted_ones(read.lines, ink, print_threshold)) for read in cells]
    outside = _with_doubted_ones(outside, ink, print_threshold)
    return GridReading(_joined(cells, outside, rules), tuple(cells))


def _read_outside(
    ink: InkMap, split: "_CellComponents", cell_numbers: NDArray[np.int32], recognizer: Recognizer
) -> PageReading:
    """Read the lines outside of the cells."""
    outside = split.of_cell.get(0, [])
    if not any(component.height >= MAX_LOW_HEIGHT * split.digit_height for component in outside):
        return PageReading()
    is_outside = np.isin(split.labels, [component.number for component in outside])
    near = cv2.dilate(is_outside.view(np.uint8), _BLOCK) & (cell_numbers == 0)
    return read_lines(ink.with_levels(np.where(is_outside | (near > 0), ink.levels, np.float32(0))), recognizer)


def _box_of(points: NDArray[np.int32]) -> Box:
    (left, top), (right, bottom) = points.min(axis=0) // 16, points.max(axis=0) // 16 + 1
    return max(0, int(top)), max(0, int(left)), int(bottom), int(right)


def _hold_digits(ink: InkMap, grid: Grid, threshold: float) -> bool:
    """Whether most of the ink that is as high as digits lies in one cell each."""
    labels, components = find_components((ink.levels > threshold).view(np.uint8), ink.levels)
    components = [c for c in components if c.height > MIN_HEIGHT]
    if not components:
        return True  # an empty form
    digit_height = find_digit_height(components)
    tall = [c for c in components if 0.5 * digit_height <= c.height <= 2 * digit_height]
    shares = _shares(labels, _find_cell_numbers(grid))
    of_tall = [shares[component.number] for component in tall]
    inside = [share for share in of_tall if sum(share.values()) > share.get(0, 0)]
    fitting = 0
    for share in inside:
        number, count = max(share.items(), key=lambda entry: entry[1])
        fitting += number > 0 and count >= MIN_SHARE_IN_CELL * sum(share.values())
    return bool(inside) and fitting >= MIN_FITTING_SHARE * len(inside)


def _find_cell_numbers(grid: Grid) -> NDArray[np.int32]:
    """Find the number of each pixel's cell, 0 outside of all: rules belong to the cells beside them."""
    cell_numbers = grid.regions.astype(np.float32)
    reach = round(max((rule.thickness for rule in grid.rules), default=0) / 2) + 4
    for _ in range(reach):
        cell_numbers = np.where(cell_numbers > 0, cell_numbers, cv2.dilate(cell_numbers, _BLOCK))
    return cell_numbers.astype(np.int32)


def _shares(labels: Labels, cell_numbers: NDArray[np.int32]) -> dict[int, dict[int, int]]:
    """Count, for each component, how many of its pixels lie in each cell; 0 is outside of all."""
    inked = np.flatnonzero(labels)
    pairs = labels.ravel()[inked].astype(np.int64) << 32 | cell_numbers.ravel()[inked]
    shares: dict[int, dict[int, int]] = defaultdict(dict)
    for pair, count in zip(*(values.tolist() for values in np.unique(pairs, return_counts=True)), strict=True):
        shares[pair >> 32][pair & 0xFFFFFFFF] = count
    return shares


@dataclass(frozen=True, eq=False)
class _CellComponents:
    """The components of a page at one threshold, by the number of their cell; 0 those outside of all."""

    threshold: float
    labels: Labels
    of_cell: Mapping[int, list[Component]]
    digit_height: float

    @classmethod
    def of(
        cls,
        ink: InkMap,
        grid: Grid,
        cell_numbers: NDArray[np.int32],
        on_rules: Mask,
        threshold: float,
        recognizer: Recognizer,
    ) -> "_CellComponents":
        labels, components = find_components((ink.levels > threshold).view(np.uint8), ink.levels)
        areas = np.bincount(labels.ravel(), minlength=len(components) + 1)
        are_remnants = np.bincount(labels[on_rules > 0], minlength=len(components) + 1) > MIN_SHARE_ON_RULE * areas
        components = [component for component in components if not are_remnants[component.number]]
        crossing = _crossing_components(grid, components, _shares(labels, cell_numbers))
        digits, rest = _digits_of(crossing, ink, labels, threshold, recognizer)
        whole = {digit.number for digit in digits}
        read_alone = {component.number for component in crossing}
        components = [component for component in components if component.number not in read_alone] + digits + rest
        of_cell: dict[int, list[Component]] = defaultdict(list)
        next_number = int(labels.max()) + 1
        shares = _shares(labels, cell_numbers)
        for component in components:
            number, share = component.number, shares[component.number]
            total = sum(share.values())
            if number in whole:  # beside the outermost cells there is none that it could belong to
                share = {
                    cell: count for cell, count in share.items() if cell and count >= (1 - MIN_SHARE_IN_CELL) * total
                } or share
            main_cell = max(share, key=share.__getitem__)
            of_cell[main_cell].append(component)
            if number in whole or share[main_cell] >= MIN_SHARE_IN_CELL * total:
                continue
            top, left, bottom, right = component.box  # what of it lies in other cells gets a new label
            window = labels[top:bottom, left:right]
            mine, cells = window == number, cell_numbers[top:bottom, left:right]
            for other in (
                other
                for other, count in share.items()
                if other != main_cell and count >= (1 - MIN_SHARE_IN_CELL) * total
            ):
                part = mine & (cells == other)
                window[part] = next_number
                of_cell[other].append(_component(next_number, part, (top, left), ink.levels))
                next_number += 1
            of_cell[main_cell][-1] = _component(number, window == number, (top, left), ink.levels)
        tall = [c for main_cell, members in of_cell.items() if main_cell for c in members if c.height > MIN_HEIGHT]
        return cls(threshold, labels, of_cell, find_digit_height(tall) if tall else 0.0)

    def segment_cells(self, ink: InkMap, grid: Grid) -> list[Page]:
        """Segment the rows of each cell, as if a cell were a page."""
        return [self._segment_cell(ink, self.of_cell.get(cell.number, [])) for cell in grid.cells]

    def _segment_cell(self, ink: InkMap, components: list[Component]) -> Page:
        components = [c for c in components if max(c.height, c.width) > max(MIN_SIZE * self.digit_height, 2)]
        rows, ignored = [], []
        min_height = max(MAX_LOW_HEIGHT * self.digit_height, MIN_HEIGHT)
        for line in collect_lines(components):
            dashes = [c for c in line if c.height >= min_height and self._is_dash(c)]
            if any(c.height >= min_height and c not in dashes for c in line):
                rows.append(row_of(ink, self.labels, line, self.threshold))
            else:
                ignored += [(c.box, "separator" if c in dashes else "speck") for c in line]
        return Page(tuple(row for row in rows if row.pieces), tuple(ignored))

    def _is_dash(self, component: Component) -> bool:
        """Whether a component is wider than a digit and, along its slope, not half as high: it fills a blank cell."""
        if component.width <= MAX_WIDTH * self.digit_height:
            return False
        window = self.labels[component.top : component.bottom, component.left : component.right]
        _, sides, _ = cv2.minAreaRect(np.argwhere(window == component.number).astype(np.float32))
        return bool(2 * min(sides) < self.digit_height)


def _crossing_components(
    grid: Grid, components: Sequence[Component], shares: Mapping[int, Mapping[int, int]]
) -> list[Component]:
    """Select the components as high as digits of which much lies in two cells of one row, or beside one."""
    row_of = {cell.number: cell.row for cell in grid.cells}
    crossing = []
    for component in components:
        share = shares[component.number]
        total = sum(share.values())
        rows = {
            row_of[number] for number, count in share.items() if number and count >= (1 - MIN_SHARE_IN_CELL) * total
        }
        if len(rows) == 1 and max(share.values()) < MIN_SHARE_IN_CELL * total and component.height > MIN_HEIGHT:
            crossing.append(component)
    return crossing


def _digits_of(
    components: Sequence[Component], ink: InkMap, labels: Labels, threshold: float, recognizer: Recognizer
) -> tuple[list[Component], list[Component]]:
    """Split components into the digits that each is read as, and what is left of it; ``labels`` are set to these."""
    pages = [Page((row_of(ink, labels, [component], threshold),)) for component in components]
    digits: list[Component] = []
    rest: list[Component] = []
    next_number = int(labels.max()) + 1
    for component, hypothesis in zip(components, hypotheses_of(ink, pages, recognizer, None), strict=True):
        for digit in hypothesis.digits:
            top, left, bottom, right = digit.box
            window = labels[top:bottom, left:right]
            part = digit.candidate.mask & (window == component.number)
            window[part] = next_number
            digits.append(_component(next_number, part, (top, left), ink.levels))
            next_number += 1
        window = labels[component.top : component.bottom, component.left : component.right]
        if (left_over := window == component.number).any():
            rest.append(_component(component.number, left_over, (component.top, component.left), ink.levels))
    return digits, rest


def _component(number: int, part: NDArray[np.bool_], corner: tuple[int, int], levels: NDArray[np.float32]) -> Component:
    ys, xs = np.nonzero(part)
    ys, xs = ys + corner[0], xs + corner[1]
    box = int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1
    return Component(number, *box, float(levels[ys, xs].sum()))


def _read_cell(
    cell: GridCell, hypotheses: list[PageReading], average: Callable[[PageReading], PageReading]
) -> ReadCell:
    """Choose the surest of a cell's hypotheses, one for each threshold; blank if most thresholds show nothing there.

    Its confidence is averaged over views.
    """
    nonempty = [hypothesis for hypothesis in hypotheses if hypothesis]
    if not nonempty or 2 * sum(map(shows_digits, hypotheses)) < len(hypotheses):
        empty = next(hypothesis for hypothesis in hypotheses if not hypothesis)
        is_unread = any(reason in REASONS_FOR_DOUBT for hypothesis in hypotheses for _, reason in hypothesis.ignored)
        return ReadCell(cell, empty, is_unread)
    chosen = with_losses(average(most_confident(nonempty, hypotheses)), nonempty)
    return ReadCell(cell, _drop_signs_at_sides(chosen, cell))


def _drop_signs_at_sides(lines: PageReading, cell: GridCell) -> PageReading:
    """Keep the signs that stand within the sides of their cell: what begins at a side is rather left of a rule."""
    _, left, _, right = cell.box
    return replace(
        lines,
        signs=tuple(
            tuple(sign for sign in line if left + TOUCH < sign.box[1] and sign.box[3] < right - TOUCH)
            for line in lines.signs
        ),
    )


def _without_fractions(cells: list[ReadCell]) -> list[ReadCell]:
    """Take slashes of fractions like 7/9 for ink left out, where as many cells hold numbers of three digits and more.

    There they are rather ones that lean; and they may be wherever a column holds such a number, too.
    """

    def is_fraction(read: ReadCell) -> bool:
        signs = [sign for line in read.lines.signs for sign in line]
        return [(sign.text, sign.index) for sign in signs] == [("/", 1)] and len(read.lines.digits) == 2

    are_fractions = [is_fraction(read) for read in cells]
    numbers = [read for read in cells if len(read.lines.digits) > 2 and not any(read.lines.signs)]
    are_ones = len(numbers) >= sum(are_fractions)
    columns = {(read.cell.block, read.cell.column) for read in numbers}

    def doubted_lines(lines: PageReading) -> PageReading:
        doubtful = tuple(with_line_doubt(line, MAY_BE_ONE) for line in lines.lines)
        return replace(lines, lines=doubtful, signs=() if are_ones else lines.signs)

    return [
        replace(read, lines=doubted_lines(read.lines))
        if is_one and (are_ones or (read.cell.block, read.cell.column) in columns)
        else read
        for read, is_one in zip(cells, are_fractions, strict=True)
    ]


def _with_likeliest_digits(
    cells: list[ReadCell], splits: list[_CellComponents], ink: InkMap, recognizer: Recognizer
) -> list[ReadCell]:
    """Add the likeliest digit, with the little probability that it has, to cells whose ink was taken for no digit."""
    candidates: list[Candidate] = []
    cell_of: dict[int, int] = {}
    for index, read in enumerate(cells):
        for candidate in (
            _whole_ink_candidates(read, splits, ink) if read.is_unread else _left_out_candidates(read, splits[0], ink)
        ):
            candidates.append(candidate)
            cell_of[id(candidate)] = index
    likely: dict[int, list[ScoredCandidate]] = defaultdict(list)
    for digit in recognize(candidates, recognizer):
        index = cell_of[id(digit.candidate)]
        if digit.probability > (MAX_IGNORED_PROBABILITY if cells[index].is_unread else 0.0):
            likely[index].append(digit)
    return [
        ReadCell(read.cell, _with_digits(read.lines, likely[index])) if index in likely else read
        for index, read in enumerate(cells)
    ]


def _whole_ink_candidates(read: ReadCell, splits: list[_CellComponents], ink: InkMap) -> list[Candidate]:
    """Make one candidate of all the ink of a cell, at each threshold."""
    candidates = []
    for split in splits:
        parts = split.of_cell.get(read.cell.number, [])
        if not parts or max(c.height for c in parts) < MAX_LOW_HEIGHT * split.digit_height:
            continue
        candidate = _candidate(bounding_box(c.box for c in parts), parts, split, ink)
        if candidate.width <= MAX_WIDTH:
            candidates.append(candidate)
    return candidates


def _left_out_candidates(read: ReadCell, split: _CellComponents, ink: InkMap) -> list[Candidate]:
    """Make candidates of ink left out of a cell's one line: as high as digits, off the cell's sides."""
    if len(read.lines.lines) != 1:
        return []
    top, left, bottom, right = read.cell.box
    sign_boxes = [sign.box for line in read.lines.signs for sign in line]
    members = split.of_cell.get(read.cell.number, [])
    return [
        _candidate(box, members, split, ink)
        for box in dict.fromkeys(box for box, _ in read.lines.ignored)
        if MAX_RING_HEIGHT * split.digit_height <= box[2] - box[0] <= bottom - top
        and box[3] - box[1] <= MAX_WIDTH * (box[2] - box[0])
        and left + TOUCH < box[1]
        and box[3] < right - TOUCH
        and box not in sign_boxes
    ]


def _candidate(box: Box, parts: Sequence[Component], split: _CellComponents, ink: InkMap) -> Candidate:
    window = np.s_[box[0] : box[2], box[1] : box[3]]
    mask = np.isin(split.labels[window], [c.number for c in parts])
    height, width = box[2] - box[0], box[3] - box[1]
    return Candidate(0, 1, box, crop_of(ink.levels[window], mask, split.threshold), 1.0, width / height, 0)


def _with_digits(lines: PageReading, digits: list[ScoredCandidate]) -> PageReading:
    """Add the likeliest of some digits to a cell without lines, or all of them to its one line, with confidence 0."""
    if not lines:
        digits = [max(digits, key=lambda digit: digit.probability)]
    members = sorted([*lines.digits, *digits], key=lambda digit: digit.box[1] + digit.box[3])
    added = [index for index, digit in enumerate(members) if any(digit is other for other in digits)]

    def shifted_index(index: int) -> int:
        """Map an index in the line as it was to the index after the digits are inserted."""
        for number in added:
            index += number <= index
        return index

    gaps = frozenset(shifted_index(gap) for gap in chain(*lines.gaps))
    signs = tuple(replace(sign, index=shifted_index(sign.index)) for sign in chain(*lines.signs))
    boxes = [digit.box for digit in digits]
    ignored = tuple((box, reason) for box, reason in lines.ignored if box not in boxes)
    return replace(
        lines,
        lines=(tuple(members),),
        gaps=(gaps,),
        ignored=ignored,
        separators=({},),
        signs=(signs,) if signs else (),
        confidences=(0.0,),
    )


def _with_fields(cells: list[ReadCell]) -> list[ReadCell]:
    """Mark the cells that are the boxes of a field: one row by itself of cells hardly wider than high."""
    marked: list[ReadCell] = []
    for members in _grouped_by(cells, lambda read: read.cell.block).values():
        aspect = median([read.cell.width / read.cell.height for read in members])
        is_one_row = len({read.cell.row for read in members}) == 1 and not _are_columns(members)
        is_field = aspect <= MAX_FIELD_ASPECT and is_one_row
        marked += [replace(read, is_box=is_field) for read in members]
    return marked


def _with_field_signs(cells: list[ReadCell]) -> list[ReadCell]:
    """Add the signs that stand in boxes of their own, and doubt digits 1 that may be slashes."""
    fields = _grouped_by([read for read in cells if read.is_box], lambda read: read.cell.block).values()
    signs: dict[int, tuple[PlacedSign, ...]] = {}
    doubtful: set[int] = set()
    for members in fields:
        if digits := [digit for read in members for digit in read.lines.digits]:
            doubtful |= {id(digits[index]) for index in find_possible_slashes(digits)}
            for read in members:
                if not read.lines and not read.is_unread:
                    marks = [box for box, reason in read.lines.ignored if reason in ("speck", "separator")]
                    signs[read.cell.number] = find_short_signs(marks, digits)

    def marked(digit: ScoredCandidate) -> ScoredCandidate:
        return doubted(digit, MAY_BE_SLASH) if id(digit) in doubtful else digit

    return [
        replace(
            read,
            lines=replace(read.lines, lines=tuple(tuple(map(marked, line)) for line in read.lines.lines)),
            signs=signs.get(read.cell.number, ()),
        )
        for read in cells
    ]


def _without_box_sides(cells: list[ReadCell]) -> list[ReadCell]:
    """Take 1s that may be printed sides of boxes out of lines with other digits, and list them as ignored."""
    result = []
    for read in cells:
        box_sides = [digit for digit in read.lines.digits if _may_be_box_side(digit, read.cell)]
        if (
            box_sides
            and len(box_sides) < len(read.lines.digits)
            and len(read.lines.lines) == 1
            and not any(read.lines.signs)
        ):
            line = tuple(digit for digit in read.lines.lines[0] if digit not in box_sides)
            ignored = read.lines.ignored + tuple((digit.box, MAY_BE_DIGITS) for digit in box_sides)
            lines = replace(
                read.lines,
                lines=(line,),
                gaps=(find_spaces([digit.box for digit in line], frozenset()),),
                ignored=ignored,
                confidences=(0.0,),
            )
            read = replace(read, lines=lines)
        result.append(read)
    return result


def _may_be_box_side(digit: ScoredCandidate, cell: GridCell) -> bool:
    """Whether a 1 stands at the side of a box, and is as high."""
    top, left, bottom, right = digit.box
    is_aside = abs(left + right - cell.box[1] - cell.box[3]) > cell.width / 2
    return (
        digit.label == "1"
        and is_aside
        and cell.width <= MAX_FIELD_ASPECT * cell.height
        and bottom - top > MIN_SIDE_HEIGHT * cell.height
    )


def _with_side_doubts(cells: list[ReadCell]) -> list[ReadCell]:
    """Doubt all digits of a cell where one may belong to a neighbor in a table, or be the side of a box."""
    index_of = {(read.cell.block, read.cell.row, read.cell.column): index for index, read in enumerate(cells)}
    doubtful: set[int] = set()
    for index, read in enumerate(cells):
        cell = read.cell
        for digit in read.lines.digits:
            top, left, bottom, right = digit.box
            may_be_side = digit.label == "1" and 2 * (right - left) < bottom - top
            if _may_be_box_side(digit, cell):
                doubtful.add(index)
            for step, overhangs in ((-1, left <= cell.box[1] + TOUCH), (1, right >= cell.box[3] - TOUCH)):
                neighbor = index_of.get((cell.block, cell.row, cell.column + step))
                if overhangs and not read.is_box and (neighbor is not None or may_be_side):
                    doubtful |= {index} if neighbor is None else {index, neighbor}

    def doubted_lines(lines: PageReading) -> PageReading:
        return replace(lines, lines=tuple(with_line_doubt(line, AT_SIDE) for line in lines.lines))

    return [
        replace(read, lines=doubted_lines(read.lines)) if index in doubtful else read
        for index, read in enumerate(cells)
    ]


def _with_broken_doubts(cells: list[ReadCell]) -> list[ReadCell]:
    """Doubt what may be pieces of one digit: digits below one another in a box, ink over or below a lone digit."""

    def is_broken(read: ReadCell) -> bool:
        if len(read.lines.digits) != 1:
            return read.is_box and len(read.lines.lines) == len(read.lines.digits) > 1
        top, left, bottom, right = read.lines.digits[0].box
        return any(
            (box[2] <= top or bottom <= box[0])
            and max(left, box[1]) < min(right, box[3])
            and max(box[2] - box[0], box[3] - box[1]) > MIN_SIZE * (bottom - top)
            for box, reason in read.lines.ignored
            if reason != "rule"
        )

    return [
        replace(
            read, lines=replace(read.lines, lines=tuple(with_line_doubt(line, BROKEN) for line in read.lines.lines))
        )
        if is_broken(read)
        else read
        for read in cells
    ]


def _print_threshold(digits: Sequence[ScoredCandidate], ink: InkMap, grid: Grid) -> float:
    """Find the level below which a stroke is rather print: the geometric mean of the rules' and the pen's.

    The pen's is that of digits other than 1. 0 where rules are as dark as the pen.
    """
    written = [_darkness(digit.box, ink) for digit in digits if digit.label != "1"]
    printed = sorted(rule.darkness for rule in grid.rules if not rule.is_open)
    printed = printed[len(printed) // 2 :]  # thick rules are darker than thin ones
    if not written or not printed:
        return 0.0
    pen, print_level = median(written), median(printed)
    return math.sqrt(pen * print_level) if pen > DARKER * print_level else 0.0


def _with_doubted_ones(lines: PageReading, ink: InkMap, print_threshold: float) -> PageReading:
    """Doubt 1s paler than a level, so that none of them is accepted: they may be what is left of rules."""

    def marked(digit: ScoredCandidate) -> ScoredCandidate:
        is_print = digit.label == "1" and _darkness(digit.box, ink) < print_threshold
        return replace(digit, doubt=MAY_BE_PRINT) if is_print else digit

    return replace(lines, lines=tuple(tuple(map(marked, line)) for line in lines.lines))


def _darkness(box: Box, ink: InkMap) -> float:
    """Measure the level of an upright stroke in a box, before equalization."""
    top, left, bottom, right = box
    return median(ink.before_equalization.levels[top:bottom, left:right].max(axis=1))


def _joined(cells: list[ReadCell], outside: PageReading, rules: tuple[tuple[Box, str], ...]) -> PageReading:
    """Join the lines of a page: one for each row of cells or level of columns, and those outside, from the top."""
    rows = _grouped_by(cells, lambda read: read.cell.row).values()
    levels = [level for members in rows for level in _levels(members)]
    lines = [*_lines_of(outside), *(line for level in levels if (line := _joined_level(level)).digits)]
    lines.sort(key=lambda line: _middle(line.digits))
    return PageReading(
        tuple(line.digits for line in lines),
        tuple(line.gaps for line in lines),
        outside.ignored + tuple(chain(*(read.lines.ignored for read in cells))) + rules,
        tuple({} for _ in lines),
        tuple(line.signs for line in lines),
        tuple(line.confidence for line in lines),
    )


@dataclass(frozen=True, eq=False)
class _Line:
    """One line of a `PageReading`, read without a pattern."""

    digits: tuple[ScoredCandidate, ...]
    gaps: frozenset[int]
    signs: tuple[PlacedSign, ...]
    confidence: float


def _lines_of(page: PageReading) -> list[_Line]:
    signs = page.signs or ((),) * len(page.lines)
    return [_Line(*line) for line in zip(page.lines, page.gaps, signs, page.confidences, strict=True)]


def _are_columns(members: Sequence[ReadCell]) -> bool:
    """Whether cells of a row, two or all that are filled, hold several lines each: no rules part their rows."""
    counts = [len(read.lines.lines) for read in members if read.lines]
    return sum(count > 1 for count in counts) >= min(len(counts), 2) > 0


def _levels(members: Sequence[ReadCell]) -> list[list[tuple[ReadCell, list[_Line]]]]:
    """The lines of a row's cells, each with its cell; those of columns by their levels, from the top."""
    if not _are_columns(members):
        return [[(read, _lines_of(read.lines)) for read in members]]
    levels: list[list[tuple[ReadCell, list[_Line]]]] = []
    bottom = 0.0
    lines = [(read, line) for read in members for line in _lines_of(read.lines)]
    for read, line in sorted(lines, key=lambda one: _middle(one[1].digits)):
        if _middle(line.digits) > 2 * bottom:
            levels.append([])
            bottom = median([digit.box[2] for digit in line.digits])
        levels[-1].append((read, [line]))
    return [sorted(level, key=lambda one: one[0].cell.box[1]) for level in levels]


def _joined_level(level: Sequence[tuple[ReadCell, list[_Line]]]) -> _Line:
    """Join the lines of cells beside one another, with spaces between cells, but none between the boxes of a field."""
    is_field = level[0][0].is_box
    digits: list[ScoredCandidate] = []
    gaps: set[int] = set()
    signs: list[PlacedSign] = []
    has_blank = False
    for read, lines in level:
        for line in lines:
            first = len(digits)
            if digits and (has_blank or not is_field):
                gaps.add(first)
            gaps |= {first + gap for gap in line.gaps}
            begins = first in gaps and not is_field
            if begins and signs and signs[-1].index == first:
                signs[-1] = replace(signs[-1], has_space_behind=True)
            for number, sign in enumerate(line.signs):
                is_first = number == sign.index == 0 and not (signs and signs[-1].index == first)
                signs.append(replace(sign, index=first + sign.index, has_space_before=begins and is_first))
            digits += line.digits
            has_blank = not is_field
        signs += [replace(sign, index=len(digits)) for sign in read.signs]
        has_blank |= not lines
        if lines and is_field:
            has_blank = False
    confidence = min((line.confidence for _, lines in level for line in lines), default=0.0)
    return _Line(tuple(digits), frozenset(gaps), tuple(signs), confidence)


def _middle(line: Sequence[ScoredCandidate]) -> float:
    return median([digit.box[0] + digit.box[2] for digit in line])


def _grouped_by(cells: Sequence[ReadCell], key: Callable[[ReadCell], int]) -> dict[int, list[ReadCell]]:
    groups: dict[int, list[ReadCell]] = {}
    for read in cells:
        groups.setdefault(key(read), []).append(read)
    return groups
