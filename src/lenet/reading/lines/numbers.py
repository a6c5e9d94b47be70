"""Selection of the digits of a line that form numbers: no words, tally marks, crossings-out or parts of drawings.

A shape alone may look like a digit; its neighbors on the line and on the page decide.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from lenet.boxes import Box, bounding_box
from lenet.reading.foreground.components import MAX_SIZE_RATIO
from lenet.reading.foreground.grid.rule import MAX_THICKNESS
from lenet.reading.lines.layout import find_spaces
from lenet.reading.order_statistics import median
from lenet.reading.recognition import SURE
from lenet.reading.scoring import LIKELY, PageReading, ScoredCandidate

DIGIT_WORD = 0.86  # minimum geometric mean of the probabilities that shapes between two spaces are any digits
NOT_DIGITS, MAY_BE_DIGITS = "not digits", "may be digits"  # why a line or a word is left out
CROSSED_OUT = "crossing-out"  # of a line that is not accepted
MIN_DIGITS = 3  # fewer digits among words are not told from letters
MAX_IGNORED_PROBABILITY = 1 - SURE  # that ink which is left out is a digit
TALLY_GROUP = 5  # strokes of a full group of tally marks


def without_words(lines: list[PageReading]) -> list[PageReading]:
    """The lines of a page without those that words beside them make doubtful."""
    has_words = any(reason in (NOT_DIGITS, MAY_BE_DIGITS) for line in lines for _, reason in line.ignored)

    def is_doubtful(line: PageReading) -> bool:
        return bool(line) and has_words and not _is_sure(line.digits)

    return [
        PageReading(
            ignored=(*line.ignored, (bounding_box([digit.box for digit in line.digits]), reason_of(line.digits)))
        )
        if is_doubtful(line)
        else line
        for line in lines
    ]


def reason_of(digits: Sequence[ScoredCandidate], others: int = 0) -> str:
    """Why a line or a word is left out: what is more like digits than not may be some.

    Args:
        digits: of the word.
        others: how many more of it are no digits.
    """
    probabilities = [MAX_IGNORED_PROBABILITY] * others + [
        min(1.0, float(digit.probabilities.sum())) for digit in digits
    ]
    return MAY_BE_DIGITS if digits and _trimmed_geometric_mean(probabilities) >= LIKELY else NOT_DIGITS


def numbers_of(
    chosen: list[ScoredCandidate], others: list[Box], signs: list[Box], gaps: frozenset[int]
) -> tuple[list[ScoredCandidate], list[tuple[Box, str]]]:
    """The digits of those words of a line that are numbers; words beside them must leave no doubt about it.

    Args:
        chosen: the digits of the line.
        others: what of it is no digit, as letters are.
        signs: its points, dashes and the like, which fill the white between digits.
        gaps: the indices of digits that a space precedes.

    Returns:
        The digits, and the boxes of what was left out with the reasons.
    """
    after_gap = {id(chosen[index]) for index in gaps}
    boxes = sorted(
        [(box, None) for box in (*others, *signs)] + [(digit.box, digit) for digit in chosen],
        key=lambda entry: _doubled_center(entry[0]),
    )
    spaces = find_spaces([box for box, _ in boxes])
    starts = [
        index for index, (_, digit) in enumerate(boxes) if index == 0 or index in spaces or id(digit) in after_gap
    ]
    words = [boxes[first:last] for first, last in pairwise([*starts, len(boxes)])]
    digits_of_words = [[digit for _, digit in word if digit is not None] for word in words]
    left_out = [sum(box in others for box, digit in word if digit is None) for word in words]
    minimum = DIGIT_WORD if len(words) > 1 else 0.0  # one that has its line for itself is read, and may be rejected
    numbers = [
        bool(digits) and _is_number(digits, count, minimum)
        for digits, count in zip(digits_of_words, left_out, strict=True)
    ]
    if not all(numbers):
        numbers = [
            is_number and count == 0 and _is_sure(digits)
            for digits, count, is_number in zip(digits_of_words, left_out, numbers, strict=True)
        ]
    ignored: list[tuple[Box, str]] = []
    for digits, count, is_number in zip(digits_of_words, left_out, numbers, strict=True):
        if not is_number and digits:
            reason = reason_of(digits, count)
            ignored += [(digit.box, reason if reason == MAY_BE_DIGITS else "not a digit") for digit in digits]
    return [
        digit for digits, is_number in zip(digits_of_words, numbers, strict=True) if is_number for digit in digits
    ], ignored


def _doubled_center(box: Box) -> int:
    return box[1] + box[3]


def _is_number(word: list[ScoredCandidate], others: int, minimum: float) -> bool:
    """Whether shapes between two spaces are digits; of three and more one may look like none."""
    if sum(digit.probability for digit in word) < LIKELY * (len(word) + others):
        return False
    probabilities = [MAX_IGNORED_PROBABILITY] * others + [min(1.0, float(digit.probabilities.sum())) for digit in word]
    return len(probabilities) < MIN_DIGITS or _trimmed_geometric_mean(probabilities) >= minimum


def _is_sure(word: Sequence[ScoredCandidate]) -> bool:
    """Whether shapes are surely digits: the probability of any digit and that of the best one weigh the same.

    Bare strokes are not: among words and drawings any line may be a 1.
    """
    return (
        len(word) >= MIN_DIGITS
        and any(digit.label != "1" for digit in word)
        and _trimmed_geometric_mean(
            [math.sqrt(digit.probability * min(1.0, float(digit.probabilities.sum()))) for digit in word]
        )
        >= SURE
    )


def _trimmed_geometric_mean(probabilities: list[float]) -> float:
    """Geometric mean of probabilities; of three and more without the minimum."""
    trimmed = np.sort(probabilities)[len(probabilities) > 2 :]
    return math.exp(float(np.log(np.maximum(trimmed, 0.01)).mean()))


def are_tallies(digits: Sequence[ScoredCandidate], gaps: frozenset[int]) -> bool:
    """Whether these are tally marks or a bar code: bare strokes in groups of five, or closer than a pen sets ones.

    Strokes alone, however even, are ones.
    """
    if not all(digit.label == "1" for digit in digits):
        return False
    bounds = [0, *sorted(gaps), len(digits)]
    *full_groups, last_group = [end - start for start, end in pairwise(bounds)]
    if full_groups and all(size == TALLY_GROUP for size in full_groups) and last_group <= TALLY_GROUP:
        return True
    lefts, rights = np.array([(digit.box[1], digit.box[3]) for digit in digits], np.float64).T
    pitch = median(np.diff(np.sort(lefts + rights)) / 2) if len(digits) > TALLY_GROUP else math.inf
    # A pen sets ones farther apart than a stroke as high as they are may be thick.
    return pitch < MAX_THICKNESS * median([digit.box[2] - digit.box[0] for digit in digits])


def find_scribbles(digits: list[ScoredCandidate]) -> set[int]:
    """The digits that are crossed out, or blots: their strokes are far wider than those of the line."""
    if len(digits) < 4:
        return set()
    widths = [digit.stroke_width for digit in digits]
    median_width = median(widths)
    return {number for number, width in enumerate(widths) if width > MAX_SIZE_RATIO * median_width}


def find_crossing_out(digits: Sequence[ScoredCandidate], rules: Sequence[Box]) -> Box | None:
    """The rule through the middle half of most digits of a line that ends with them: one of paper goes on."""
    _, left, _, right = bounding_box([digit.box for digit in digits])
    for rule in rules:
        crossed = [
            digit.box[0] < rule[0]
            and rule[2] < digit.box[2]
            and 2 * abs(rule[0] + rule[2] - digit.box[0] - digit.box[2]) <= digit.box[2] - digit.box[0]
            and rule[1] <= digit.box[1]
            and digit.box[3] <= rule[3]
            for digit in digits
        ]
        reach = max(digit.box[2] - digit.box[0] for digit in digits)
        if 2 * sum(crossed) > len(digits) and left - reach < rule[1] and rule[3] < right + reach:
            return rule
    return None


def are_number(digits: Sequence[ScoredCandidate]) -> bool:
    """Whether there are so many digits that they can hardly be anything else; strokes alone may be."""
    return len(digits) >= MIN_DIGITS and any(digit.label != "1" for digit in digits)
