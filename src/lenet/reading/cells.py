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
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.boxes import Box, bounding_box
from lenet.reading.foreground.grid import DARKER, Grid, GridCell, grid_thresholds, without_grid
from lenet.reading.foreground.ink import SHARES, InkMap
from lenet.reading.lines.hypotheses import drafts_of, most_confident, read_lines
from lenet.reading.lines.layout import (
    MIN_SIZE,
    Component,
    Labels,
    Mask,
    collect_lines,
    digit_height,
    find_components,
    find_spaces,
)
from lenet.reading.lines.numbers import MAY_BE_DIGITS, NO_DIGIT, doubted
from lenet.reading.lines.pattern import Pattern
from lenet.reading.lines.segmentation import MAX_LOW_HEIGHT, MAX_WIDTH, MIN_HEIGHT, Candidate, Page, crop_of, row_of
from lenet.reading.lines.signs import find_possible_slashes, find_short_signs
from lenet.reading.order_statistics import median
from lenet.reading.recognition import Recognizer
from lenet.reading.scoring import PageReading, PlacedSign, ScoredCandidate, recognize

# Of a component's ink in one cell: it belongs there, and what is left overhangs; on a rule: it was left of the rule. Of
# the ink as high as digits that belongs to cells: they are meant for digits. Of a cell's height: a 1 may be its side.
WHOLE = 0.75
MAX_FIELD_ASPECT = 1.6  # width over height of the boxes of a field, which hold a digit each
MIN_LEFT_OUT = 0.6  # of the digits' height: ink of a cell that was left out of its line, and is a digit there
TOUCH = 2  # pixels between a digit and the side of its cell: it may belong to the next one, too
UNREAD = (MAY_BE_DIGITS, "not a digit", "not digits", "texture")  # reasons for leaving out what may have been a digit

_BLOCK = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class ReadCell:
    """A cell and the lines in it: none if it is blank, or ``is_unread``, if there is ink that is no digit.

    ``is_box``: it is a box of a field, whose digits make one number; ``signs`` are those in a box without digits.
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
        """The same with the signs that stand between the digits."""
        return self.lines.text_with_signs.replace("\n", " ") or "".join(sign.text for sign in self.signs)


@dataclass(frozen=True, eq=False)
class GridReading:
    """The reading of a page with a grid, and of its cells; without cells if they are not meant for digits."""

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
    bare = without_grid(ink, grid)
    rules = tuple((_box_of(rule.points()), "rule") for rule in grid.rules)
    floor = min(grid_thresholds(ink.before_equalization), default=0.0)  # what is paler may be left of rules
    thresholds = list(dict.fromkeys(max(threshold, floor) for threshold in bare.thresholds(SHARES)))
    if bare.peak <= floor:
        thresholds = []
    if not thresholds:
        return GridReading(PageReading(ignored=rules), tuple(ReadCell(cell, PageReading()) for cell in grid.cells))
    if pattern is not None or not _hold_digits(bare, grid, thresholds[0]):
        page = read_lines(bare, recognizer, pattern)
        if pattern is None:
            page = _with_doubted_print(page, ink, _palest_pen(page.digits, ink, grid))
        return GridReading(replace(page, ignored=page.ignored + rules))
    owners = _owners(grid)
    printed = np.asarray(cv2.dilate(grid.print_levels, np.ones((5, 5), np.uint8)), np.float32)
    on_rules = ((printed > 0) & (ink.before_equalization.levels <= DARKER * printed)).view(np.uint8)
    splits = [_Split.of(bare, grid, owners, on_rules, threshold, recognizer) for threshold in thresholds]
    drafts = drafts_of(bare, [page for split in splits for page in split.pages(bare, grid)], recognizer, None)
    cells = [
        _read_cell(cell, [drafts[index + level * len(grid.cells)] for level in range(len(thresholds))])
        for index, cell in enumerate(grid.cells)
    ]
    outside = _read_outside(bare, splits[0], owners, recognizer)
    cells = _with_signs_of_fields(_with_fields(_with_doubtful(cells, splits, bare, recognizer)))
    cells = _without_confidence(_without_sides(cells))
    palest = _palest_pen([*outside.digits, *chain(*(read.lines.digits for read in cells))], ink, grid)
    cells = [replace(read, lines=_with_doubted_print(read.lines, ink, palest)) for read in cells]
    outside = _with_doubted_print(outside, ink, palest)
    return GridReading(_joined(cells, outside, rules), tuple(cells))


def _read_outside(ink: InkMap, split: "_Split", owners: NDArray[np.int32], recognizer: Recognizer) -> PageReading:
    """The lines beside the cells."""
    outside = split.of_cell.get(0, [])
    if not any(component.height >= MAX_LOW_HEIGHT * split.typical for component in outside):
        return PageReading()
    is_outside = np.isin(split.labels, [component.number for component in outside])
    near = cv2.dilate(is_outside.view(np.uint8), _BLOCK) & (owners == 0)
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
    typical = digit_height(components)
    tall = [c for c in components if 0.5 * typical <= c.height <= 2 * typical]
    shares = _shares(labels, _owners(grid))
    of_tall = [shares[component.number] for component in tall]
    inside = [share for share in of_tall if sum(share.values()) > share.get(0, 0)]
    fitting = 0
    for share in inside:
        number, count = max(share.items(), key=lambda entry: entry[1])
        fitting += number > 0 and count >= WHOLE * sum(share.values())
    return bool(inside) and fitting >= WHOLE * len(inside)


def _owners(grid: Grid) -> NDArray[np.int32]:
    """The cell of each pixel: rules belong to the cells beside them."""
    owners = grid.regions.astype(np.float32)
    reach = round(max((rule.thickness for rule in grid.rules), default=0) / 2) + 4
    for _ in range(reach):
        owners = np.where(owners > 0, owners, cv2.dilate(owners, _BLOCK))
    return owners.astype(np.int32)


def _shares(labels: Labels, owners: NDArray[np.int32]) -> dict[int, dict[int, int]]:
    """For each component, how many of its pixels lie in each cell; 0 is outside of all."""
    inked = np.flatnonzero(labels)
    pairs = labels.ravel()[inked].astype(np.int64) << 32 | owners.ravel()[inked]
    shares: dict[int, dict[int, int]] = defaultdict(dict)
    for pair, count in zip(*(values.tolist() for values in np.unique(pairs, return_counts=True)), strict=True):
        shares[pair >> 32][pair & 0xFFFFFFFF] = count
    return shares


@dataclass(frozen=True, eq=False)
class _Split:
    """The ink of a page at one threshold by cells: labels, and the components of each cell; of 0 those of no cell."""

    threshold: float
    labels: Labels
    of_cell: Mapping[int, list[Component]]
    typical: float

    @classmethod
    def of(
        cls,
        ink: InkMap,
        grid: Grid,
        owners: NDArray[np.int32],
        on_rules: Mask,
        threshold: float,
        recognizer: Recognizer,
    ) -> "_Split":
        labels, components = find_components((ink.levels > threshold).view(np.uint8), ink.levels)
        areas = np.bincount(labels.ravel(), minlength=len(components) + 1)
        remnants = np.bincount(labels[on_rules > 0], minlength=len(components) + 1) > WHOLE * areas
        components = [component for component in components if not remnants[component.number]]
        crossing = _crossing(grid, components, _shares(labels, owners))
        digits, rest = _digits_of(crossing, ink, labels, threshold, recognizer)
        whole = {digit.number for digit in digits}
        read_alone = {component.number for component in crossing}
        components = [component for component in components if component.number not in read_alone] + digits + rest
        of_cell: dict[int, list[Component]] = defaultdict(list)
        next_number = int(labels.max()) + 1
        shares = _shares(labels, owners)
        for component in components:
            number, share = component.number, shares[component.number]
            total = sum(share.values())
            if number in whole:  # beside the outermost cells there is none that it could belong to
                share = {cell: count for cell, count in share.items() if cell and count >= (1 - WHOLE) * total} or share
            owner = max(share, key=share.__getitem__)
            of_cell[owner].append(component)
            if number in whole or share[owner] >= WHOLE * total:
                continue
            top, left, bottom, right = component.box  # an own label for what of it lies in other cells
            window = labels[top:bottom, left:right]
            mine, cells = window == number, owners[top:bottom, left:right]
            for other in (other for other, count in share.items() if other != owner and count >= (1 - WHOLE) * total):
                part = mine & (cells == other)
                window[part] = next_number
                of_cell[other].append(_component(next_number, part, (top, left), ink.levels))
                next_number += 1
            of_cell[owner][-1] = _component(number, window == number, (top, left), ink.levels)
        tall = [c for owner, members in of_cell.items() if owner for c in members if c.height > MIN_HEIGHT]
        return cls(threshold, labels, of_cell, digit_height(tall) if tall else 0.0)

    def pages(self, ink: InkMap, grid: Grid) -> list[Page]:
        """A page for each cell."""
        return [self._page(ink, self.of_cell.get(cell.number, [])) for cell in grid.cells]

    def _page(self, ink: InkMap, components: list[Component]) -> Page:
        components = [c for c in components if max(c.height, c.width) > max(MIN_SIZE * self.typical, 2)]
        rows, ignored = [], []
        for line in collect_lines(components):
            if max(c.height for c in line) >= max(MAX_LOW_HEIGHT * self.typical, MIN_HEIGHT):
                rows.append(row_of(ink, self.labels, line, self.threshold))
            else:
                ignored += [(c.box, "speck") for c in line]
        return Page(tuple(row for row in rows if row.pieces), tuple(ignored))


def _crossing(grid: Grid, components: Sequence[Component], shares: Mapping[int, Mapping[int, int]]) -> list[Component]:
    """The components as high as digits of which much lies in two cells of one row, or beside one."""
    row_of = {cell.number: cell.row for cell in grid.cells}
    crossing = []
    for component in components:
        share = shares[component.number]
        total = sum(share.values())
        rows = {row_of[number] for number, count in share.items() if number and count >= (1 - WHOLE) * total}
        if len(rows) == 1 and max(share.values()) < WHOLE * total and component.height > MIN_HEIGHT:
            crossing.append(component)
    return crossing


def _digits_of(
    components: Sequence[Component], ink: InkMap, labels: Labels, threshold: float, recognizer: Recognizer
) -> tuple[list[Component], list[Component]]:
    """The digits that components are read as, each by itself, and what is left of them; ``labels`` are set to these."""
    pages = [Page((row_of(ink, labels, [component], threshold),)) for component in components]
    digits: list[Component] = []
    rest: list[Component] = []
    next_number = int(labels.max()) + 1
    for component, draft in zip(components, drafts_of(ink, pages, recognizer, None), strict=True):
        for digit in draft.digits:
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


def _read_cell(cell: GridCell, drafts: list[PageReading]) -> ReadCell:
    """The surest draft of a cell; blank if most thresholds show nothing there."""
    nonempty = [draft for draft in drafts if draft]
    if 2 * len(nonempty) < len(drafts):
        empty = next(draft for draft in drafts if not draft)
        is_unread = any(reason in UNREAD for draft in drafts for _, reason in draft.ignored)
        return ReadCell(cell, empty, is_unread)
    return ReadCell(cell, most_confident(nonempty, drafts) if nonempty else drafts[0])


def _with_doubtful(cells: list[ReadCell], splits: list[_Split], ink: InkMap, recognizer: Recognizer) -> list[ReadCell]:
    """The cells; where ink was taken for no digit, its likeliest digit, with the little probability that it has."""
    candidates: list[Candidate] = []
    cell_of: dict[int, int] = {}
    for index, read in enumerate(cells):
        for candidate in _unread_whole(read, splits, ink) if read.is_unread else _left_out(read, splits[0], ink):
            candidates.append(candidate)
            cell_of[id(candidate)] = index
    likely: dict[int, list[ScoredCandidate]] = defaultdict(list)
    for digit in recognize(candidates, recognizer):
        index = cell_of[id(digit.candidate)]
        if digit.probability > (NO_DIGIT if cells[index].is_unread else 0.0):
            likely[index].append(digit)
    return [
        ReadCell(read.cell, _with_digits(read.lines, likely[index])) if index in likely else read
        for index, read in enumerate(cells)
    ]


def _unread_whole(read: ReadCell, splits: list[_Split], ink: InkMap) -> list[Candidate]:
    """All the ink of a cell as one candidate, at each threshold."""
    candidates = []
    for split in splits:
        parts = split.of_cell.get(read.cell.number, [])
        if not parts or max(c.height for c in parts) < MAX_LOW_HEIGHT * split.typical:
            continue
        candidate = _candidate(bounding_box(c.box for c in parts), parts, split, ink)
        if candidate.width <= MAX_WIDTH:
            candidates.append(candidate)
    return candidates


def _left_out(read: ReadCell, split: _Split, ink: InkMap) -> list[Candidate]:
    """What a cell's line was read without, as high as digits and off the sides: parts of neighbors lie at them."""
    if len(read.lines.lines) != 1:
        return []
    top, left, bottom, right = read.cell.box
    sign_boxes = [sign.box for line in read.lines.signs for sign in line]
    members = split.of_cell.get(read.cell.number, [])
    return [
        _candidate(box, members, split, ink)
        for box in dict.fromkeys(box for box, _ in read.lines.ignored)
        if MIN_LEFT_OUT * split.typical <= box[2] - box[0] <= bottom - top
        and box[3] - box[1] <= MAX_WIDTH * (box[2] - box[0])
        and left + TOUCH < box[1]
        and box[3] < right - TOUCH
        and box not in sign_boxes
    ]


def _candidate(box: Box, parts: Sequence[Component], split: _Split, ink: InkMap) -> Candidate:
    window = np.s_[box[0] : box[2], box[1] : box[3]]
    mask = np.isin(split.labels[window], [c.number for c in parts])
    height, width = box[2] - box[0], box[3] - box[1]
    return Candidate(0, 1, box, crop_of(ink.levels[window], mask, split.threshold), 1.0, width / height, 0)


def _with_digits(lines: PageReading, digits: list[ScoredCandidate]) -> PageReading:
    """A cell's lines without confidence: with the likeliest of these digits, or all in the one line that there is."""
    if not lines:
        digits = [max(digits, key=lambda digit: digit.probability)]
    members = sorted([*lines.digits, *digits], key=lambda digit: digit.box[1] + digit.box[3])
    added = [index for index, digit in enumerate(members) if any(digit is other for other in digits)]

    def place(index: int) -> int:
        """The place in the new line of what stood before the digit of this number."""
        for number in added:
            index += number <= index
        return index

    gaps = frozenset(place(gap) for gap in chain(*lines.gaps))
    signs = tuple(replace(sign, index=place(sign.index)) for sign in chain(*lines.signs))
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
    """The cells, marked where they are the boxes of a field: one row by itself of cells hardly wider than high."""
    marked: list[ReadCell] = []
    for members in _by(cells, lambda read: read.cell.block).values():
        aspect = median([read.cell.width / read.cell.height for read in members])
        is_field = aspect <= MAX_FIELD_ASPECT and len({read.cell.row for read in members}) == 1
        marked += [replace(read, is_box=is_field) for read in members]
    return marked


def _with_signs_of_fields(cells: list[ReadCell]) -> list[ReadCell]:
    """The cells, with the signs that stand in boxes of their own, and in doubt where a 1 may be a slash."""
    fields = _by([read for read in cells if read.is_box], lambda read: read.cell.block).values()
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
        return replace(doubted(digit), is_doubtful=True) if id(digit) in doubtful else digit

    return [
        replace(
            read,
            lines=replace(read.lines, lines=tuple(tuple(map(marked, line)) for line in read.lines.lines)),
            signs=signs.get(read.cell.number, ()),
        )
        for read in cells
    ]


def _without_sides(cells: list[ReadCell]) -> list[ReadCell]:
    """The cells; ones that may be sides of boxes are told beside a digit, and are no digits of theirs."""
    result = []
    for read in cells:
        sides = [digit for digit in read.lines.digits if _may_be_side(digit, read.cell)]
        if sides and len(sides) < len(read.lines.digits) and len(read.lines.lines) == 1 and not any(read.lines.signs):
            line = tuple(digit for digit in read.lines.lines[0] if digit not in sides)
            ignored = read.lines.ignored + tuple((digit.box, MAY_BE_DIGITS) for digit in sides)
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


def _may_be_side(digit: ScoredCandidate, cell: GridCell) -> bool:
    """Whether a 1 stands at the side of a box, and is as high."""
    top, left, bottom, right = digit.box
    is_aside = abs(left + right - cell.box[1] - cell.box[3]) > cell.width / 2
    return (
        digit.label == "1"
        and is_aside
        and cell.width <= MAX_FIELD_ASPECT * cell.height
        and bottom - top > WHOLE * cell.height
    )


def _without_confidence(cells: list[ReadCell]) -> list[ReadCell]:
    """The cells; without confidence where a digit may belong to a neighbor in a table, or be the side of a box."""
    place_of = {(read.cell.block, read.cell.row, read.cell.column): index for index, read in enumerate(cells)}
    doubtful: set[int] = set()
    for index, read in enumerate(cells):
        cell = read.cell
        for digit in read.lines.digits:
            _, left, _, right = digit.box
            if _may_be_side(digit, cell):
                doubtful.add(index)
            for step, overhangs in ((-1, left <= cell.box[1] + TOUCH), (1, right >= cell.box[3] - TOUCH)):
                if overhangs and not read.is_box:
                    doubtful |= {index, place_of.get((cell.block, cell.row, cell.column + step), index)}
    return [
        replace(read, lines=replace(read.lines, confidences=(0.0,) * len(read.lines.lines)))
        if index in doubtful
        else read
        for index, read in enumerate(cells)
    ]


def _palest_pen(digits: Sequence[ScoredCandidate], ink: InkMap, grid: Grid) -> float:
    """The level below which a stroke is rather print, between the rules and the digits that are no ones.

    0 where rules are as dark as the pen.
    """
    written = [_darkness(digit.box, ink) for digit in digits if digit.label != "1"]
    printed = sorted(rule.darkness for rule in grid.rules if not rule.is_open)
    printed = printed[len(printed) // 2 :]  # thick rules are darker than thin ones
    if not written or not printed:
        return 0.0
    pen, print_level = median(written), median(printed)
    return math.sqrt(pen * print_level) if pen > DARKER * print_level else 0.0


def _with_doubted_print(lines: PageReading, ink: InkMap, palest: float) -> PageReading:
    """The lines; ones as pale as print may be what is left of rules, and are accepted in none."""

    def marked(digit: ScoredCandidate) -> ScoredCandidate:
        is_print = digit.label == "1" and _darkness(digit.box, ink) < palest
        return replace(digit, is_doubtful=True) if is_print else digit

    return replace(lines, lines=tuple(tuple(map(marked, line)) for line in lines.lines))


def _darkness(box: Box, ink: InkMap) -> float:
    """The level of an upright stroke in a box, as the picture has it."""
    top, left, bottom, right = box
    return median(ink.before_equalization.levels[top:bottom, left:right].max(axis=1))


def _joined(cells: list[ReadCell], outside: PageReading, rules: tuple[tuple[Box, str], ...]) -> PageReading:
    """The lines of a page: one for each row of cells, and those outside, from the top."""
    rows = _by(cells, lambda read: read.cell.row).values()
    lines = [*_lines_of(outside), *(line for members in rows if (line := _joined_row(members)).digits)]
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


def _joined_row(members: Sequence[ReadCell]) -> _Line:
    """The lines of a row's cells as one, with spaces between cells, but none between the boxes of a field."""
    is_field = members[0].is_box
    digits: list[ScoredCandidate] = []
    gaps: set[int] = set()
    signs: list[PlacedSign] = []
    has_blank = False
    for read in members:
        for line in _lines_of(read.lines):
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
        has_blank |= not read.lines
        if read.lines and is_field:
            has_blank = False
    confidence = min((confidence for read in members for confidence in read.lines.confidences), default=0.0)
    return _Line(tuple(digits), frozenset(gaps), tuple(signs), confidence)


def _middle(line: Sequence[ScoredCandidate]) -> float:
    return median([digit.box[0] + digit.box[2] for digit in line])


def _by(cells: Sequence[ReadCell], key: Callable[[ReadCell], int]) -> dict[int, list[ReadCell]]:
    groups: dict[int, list[ReadCell]] = {}
    for read in cells:
        groups.setdefault(key(read), []).append(read)
    return groups
