"""Remarks on a reading: why nothing was found, which signs were left out, and what may be missing."""

from collections.abc import Sequence

from lenet.errors import counted
from lenet.reading.cells import GridReading, ReadCell
from lenet.reading.foreground.ink import InkMap, Polarity
from lenet.reading.lines.layout import AT_EDGE
from lenet.reading.lines.numbers import CROSSED_OUT, MAY_BE_DIGITS, NOT_DIGITS
from lenet.reading.lines.pattern import Pattern
from lenet.reading.results import FIRST_PAGE_REMARK
from lenet.reading.scoring import PageReading

MAX_LINES = 3  # whose signs a remark shows
MAX_CELLS = 5  # that a remark names

_EXPLANATIONS = {  # reason for leaving ink out -> its sentence, in order of precedence
    MAY_BE_DIGITS: "shapes that may be digits are too unsure; --single reads the one that stands out most",
    "tally marks": "the strokes stand as tally marks or bars do",
    "texture": "the picture is full of ink, and little of it looks like digits; take a part of it",
    NOT_DIGITS: "what is written looks like words or drawings; --single reads the digit that stands out most",
    "not a digit": "none of the shapes looks like one; --single reads the one that stands out most",
    "separator": "there are only signs such as points and dashes",
    AT_EDGE: "all ink comes in from the edges of the picture; leave some paper around the digits",
    "rule": "there are only ruled lines",
}


def remark_of(
    reading: GridReading,
    polarity: Polarity,
    ink: InkMap,
    pattern: Pattern | None,
    rotation: int,
    has_more_pages: bool = False,
) -> str:
    """Compose the remark on a reading, in one sentence; empty if it has all there is.

    Args:
        reading: what was read, with its signs left out of the text if it has any.
        polarity: the one asked for.
        ink: where it was read.
        pattern: of each line, if one was asked for.
        rotation: by how many degrees the page was rotated clockwise.
        has_more_pages: whether the file has pages behind it that were not read.
    """
    remarks = [*_remarks_on(reading.page, rotation), *_remarks_on_cells(reading.cells)]
    if not reading.page and not reading.cells:
        remarks = [_nothing_found(reading.page, polarity, ink, pattern)]
    return "; ".join(remarks + [FIRST_PAGE_REMARK] * has_more_pages)


def _remarks_on_cells(cells: Sequence[ReadCell]) -> list[str]:
    unread = [f"{one.cell.row + 1}, {one.cell.column + 1}" for one in cells if one.is_unread]
    if unread:
        more = f" and {len(unread) - MAX_CELLS} more" if len(unread) > MAX_CELLS else ""
        return [f"cells with ink that is no digit (row, column): {'; '.join(unread[:MAX_CELLS])}{more}"]
    return ["all cells are blank"] * (bool(cells) and not any(one.lines for one in cells))


def _remarks_on(page: PageReading, rotation: int) -> list[str]:
    remarks = [f"turned by {rotation} degrees"] if rotation else []
    if with_signs := [text for text, signs in zip(page.lines_with_signs, page.signs, strict=False) if signs]:
        remarks.append(f"signs left out: {' | '.join(with_signs[:MAX_LINES])}{' …' * (len(with_signs) > MAX_LINES)}")
    reasons = [reason for _, reason in page.ignored]
    if missing := reasons.count(MAY_BE_DIGITS):
        remarks.append(f"left out: {counted(missing, 'shape or line', 'shapes or lines')} that may be digits")
    if tallies := reasons.count("tally marks"):
        remarks.append(f"left out: {counted(tallies, 'line')} of tally marks")
    if crossed_out := reasons.count(CROSSED_OUT):
        remarks.append(f"crossed out: {counted(crossed_out, 'line')}, not accepted")
    doubts = dict.fromkeys(digit.doubt for digit in page.digits if digit.doubt and digit.doubt != CROSSED_OUT)
    if doubts:
        remarks.append(f"not accepted: {', '.join(doubts)}")
    remarks += [doubt for doubt in dict.fromkeys(page.sign_doubts) if doubt and doubt not in doubts]
    if unfit := reasons.count("does not fit the pattern"):
        remarks.append(f"left out: {counted(unfit, 'line that does', 'lines that do')} not fit the pattern")
    return remarks


def _nothing_found(page: PageReading, polarity: Polarity, ink: InkMap, pattern: Pattern | None) -> str:
    reasons = {reason for _, reason in page.ignored}
    if pattern is not None:
        return "no digits found that fit the pattern or length; read without it to see what is there"
    if polarity is not Polarity.AUTO:
        return f"no digits found in {polarity} gray levels; let it be detected, or try the other one"
    contrast = "darker than the paper" if ink.polarity is Polarity.PAPER_HIGH else "lighter than the background"
    for reason, explanation in _EXPLANATIONS.items():
        if reason in reasons:
            return f"no digits found {contrast}: {explanation}"
    if ink.polarity is Polarity.PAPER_HIGH:
        return f"no digits found {contrast}; try --ink-high for light digits on a dark background"
    return f"no digits found {contrast}; try --paper-high for dark digits on light paper"
