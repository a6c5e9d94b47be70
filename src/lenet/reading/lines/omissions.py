"""Signs and digits that the chosen reading of a page leaves out and other thresholds show; such digits are ignored ink.

Ink that the chosen reading shows to come in from the edge of the picture is told already.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from operator import not_

from lenet.boxes import Box
from lenet.reading.lines.doubts import MAY_BE_SIGNS, UNSURE_SIGNS, with_line_doubt
from lenet.reading.lines.layout import AT_EDGE
from lenet.reading.lines.numbers import MAY_BE_DIGITS
from lenet.reading.recognition import SURE
from lenet.reading.scoring import LIKELY, PageReading, ScoredCandidate


def extends(other: PageReading, reading: PageReading) -> bool:
    """Whether another hypothesis shows all digits of a reading, and between or beside them only ones that are sure."""
    if len(other.lines) != len(reading.lines):
        return False
    lost: list[ScoredCandidate] = []
    for line, other_line in zip(reading.lines, other.lines, strict=True):
        is_shown = [any(_shared(digit.box, one.box) for one in line) for digit in other_line]
        if _labels(line) != _labels(list(compress(other_line, is_shown))):
            return False
        lost += compress(other_line, map(not_, is_shown))
    signs = [sign.box for line in reading.signs for sign in line if sign.text != ":"]  # a digit is more than two points
    return bool(lost) and all(
        digit.probability > SURE and not any(_is_mostly_in(digit.box, box) for box in signs) for digit in lost
    )


def with_losses(chosen: PageReading, hypotheses: Sequence[PageReading]) -> PageReading:
    """The chosen reading of a page; its ignored boxes hold the likely digits of others that are in none of its own."""
    boxes = [digit.box for digit in chosen.digits]
    signs = [sign.box for line in chosen.signs for sign in line if sign.text != ":"]
    at_edge = [box for box, reason in chosen.ignored if reason == AT_EDGE]
    losses: list[Box] = []
    for digit in (digit for hypothesis in hypotheses if hypothesis is not chosen for digit in hypothesis.digits):
        is_told = (
            any(_shared(digit.box, box) > 0 for box in (*boxes, *losses))
            or any(_is_mostly_in(digit.box, box) for box in signs)
            or any(_is_part(digit.box, box) for box in at_edge)
        )
        if digit.probability > LIKELY and not is_told:
            losses.append(digit.box)
    return replace(chosen, ignored=chosen.ignored + tuple((box, MAY_BE_DIGITS) for box in losses))


def with_lost_signs(chosen: PageReading, hypotheses: Sequence[PageReading]) -> PageReading:
    """Add to each line of the chosen reading the signs of the first hypothesis that shows any beside the same digits.

    The thinner the ink of a threshold, the more of a point is lost, and the more of a broken stroke looks like one:
    what the chosen reading shows to be a part of a digit is no sign. Where hypotheses show other signs, these are in
    doubt, and where one shows that a digit may be a sign, the line is. A point may look like a comma at another one.

    Args:
        chosen: one of the hypotheses, read without a pattern.
        hypotheses: of all thresholds, the one with the most ink first.
    """
    alike = [one for one in hypotheses if len(one.signs) == len(chosen.signs)]
    lines, signs, doubts = list(chosen.lines), list(chosen.signs), list(chosen.sign_doubts)
    for number, line in enumerate(chosen.lines[: len(chosen.signs)]):
        others = [one for one in alike if _labels(one.lines[number]) == _labels(line)]
        shown = [one.signs[number] for one in others if one.signs[number]]
        apart = [one for one in shown if not any(_contains(digit.box, sign.box) for digit in line for sign in one)]
        signs[number] = next(iter(apart), chosen.signs[number])
        if len({tuple((sign.text.replace(",", "."), sign.index) for sign in one) for one in shown}) > 1:
            doubts[number] = UNSURE_SIGNS
        told = [digit.doubt for one in others for digit in one.lines[number] if digit.doubt in MAY_BE_SIGNS]
        if told and not any(digit.doubt in MAY_BE_SIGNS for digit in line):
            lines[number] = with_line_doubt(line, told[0])
    return replace(chosen, lines=tuple(lines), signs=tuple(signs), sign_doubts=tuple(doubts))


def _labels(line: Sequence[ScoredCandidate]) -> str:
    return "".join(digit.label for digit in line)


def _contains(box: Box, other: Box) -> bool:
    return box[0] <= other[0] and box[1] <= other[1] and other[2] <= box[2] and other[3] <= box[3]


def _is_mostly_in(box: Box, other: Box) -> bool:
    return 2 * _shared(box, other) > _shared(box, box)


def _is_part(box: Box, strip: Box) -> bool:
    """Whether a box lies in a strip of ink that is not much wider: in a large shadow a digit may stand for itself."""
    (top, left, bottom, right), side = box, min(strip[2] - strip[0], strip[3] - strip[1])
    return _is_mostly_in(box, strip) and 2 * min(bottom - top, right - left) >= side


def _shared(a: Box, b: Box) -> int:
    height, width = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(0, height) * max(0, width)
