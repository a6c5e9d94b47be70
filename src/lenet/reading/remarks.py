"""Remarks on a reading: why nothing was found, which signs were left out, and what may be missing."""

from collections.abc import Sequence

from lenet.reading.cells import GridReading, ReadCell
from lenet.reading.foreground.ink import InkMap, Polarity
from lenet.reading.lines.layout import AT_EDGE
from lenet.reading.lines.numbers import MAY_BE_DIGITS, NOT_DIGITS
from lenet.reading.lines.pattern import Pattern
from lenet.reading.results import FIRST_PAGE_REMARK
from lenet.reading.scoring import PageReading

MAX_LINES = 3  # whose signs a remark shows
MAX_CELLS = 5  # that a remark names

_CAUSES = {  # the first that holds is said
    MAY_BE_DIGITS: "marks that may be digits are too unsure; --single reads the one that stands out most",
    "tally marks": "the strokes stand as tally marks or bars do",
    "texture": "the picture is full of ink, and little of it looks like digits; take a part of it",
    NOT_DIGITS: "what is written looks like words or drawings; --single reads the digit that stands out most",
    "not a digit": "none of the marks looks like one; --single reads the one that stands out most",
    "separator": "there are signs alone",
    AT_EDGE: "all ink comes in from the edges of the picture; leave some paper around the digits",
    "rule": "there are ruled lines alone",
}


def remark_of(
    reading: GridReading,
    polarity: Polarity,
    ink: InkMap,
    expected: Pattern | None,
    turned: int,
    has_more_pages: bool = False,
) -> str:
    """What to know of a reading, in one sentence; empty if it has all there is.

    Args:
        reading: what was read, with its signs left out of the text if it has any.
        polarity: what was asked for.
        ink: where it was read.
        expected: the pattern of each line, if one was asked for.
        turned: by how many degrees the page was turned clockwise.
        has_more_pages: whether the file has pages behind it that were not read.
    """
    remarks = [*_remarks_on(reading.page, turned), *_remarks_on_cells(reading.cells)]
    if not reading.page and not reading.cells:
        remarks = [_nothing_found(reading.page, polarity, ink, expected)]
    return "; ".join(remarks + [FIRST_PAGE_REMARK] * has_more_pages)


def _remarks_on_cells(cells: Sequence[ReadCell]) -> list[str]:
    unread = [f"{read.cell.row + 1}, {read.cell.column + 1}" for read in cells if read.is_unread]
    if unread:
        more = f" and {len(unread) - MAX_CELLS} more" if len(unread) > MAX_CELLS else ""
        return [f"cells with ink that is no digit (row, column): {'; '.join(unread[:MAX_CELLS])}{more}"]
    return ["all cells are blank"] * (bool(cells) and not any(read.lines for read in cells))


def _remarks_on(page: PageReading, turned: int) -> list[str]:
    remarks = [f"turned by {turned} degrees"] if turned else []
    if marked := [text for text, marks in zip(page.lines_with_marks, page.marks, strict=False) if marks]:
        remarks.append(f"signs left out: {' | '.join(marked[:MAX_LINES])}{' …' * (len(marked) > MAX_LINES)}")
    reasons = [reason for _, reason in page.ignored]
    if missing := reasons.count(MAY_BE_DIGITS):
        remarks.append(f"left out: {missing} mark{'s' * (missing > 1)} or line{'s' * (missing > 1)} that may be digits")
    if tallies := reasons.count("tally marks"):
        remarks.append(f"left out: {tallies} line{'s' * (tallies > 1)} of tally marks")
    if unfit := reasons.count("does not fit the pattern"):
        remarks.append(f"left out: {unfit} line{'s' * (unfit > 1)} that do{'es' * (unfit == 1)} not fit what was asked")
    return remarks


def _nothing_found(page: PageReading, polarity: Polarity, ink: InkMap, expected: Pattern | None) -> str:
    reasons = {reason for _, reason in page.ignored}
    if expected is not None:
        return "no digits found that fit what was asked for; read without it to see what is there"
    if polarity is not Polarity.FOUND:
        return f"no digits found in {polarity} gray levels; leave the polarity to be found, or try the other one"
    ground = "darker than the paper" if ink.polarity is Polarity.PAPER_HIGH else "lighter than the ground"
    for reason, cause in _CAUSES.items():
        if reason in reasons:
            return f"no digits found {ground}: {cause}"
    if ink.polarity is Polarity.PAPER_HIGH:
        return f"no digits found {ground}; try --ink-high for light digits on a dark ground"
    return f"no digits found {ground}; try --paper-high for dark digits on light paper"
