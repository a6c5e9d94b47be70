"""Labeled crops of synthetic lines, cut as the reader cuts them: whole digits, and wrong cuts as no digit.

A network that has only seen whole digits is too sure of halves and pairs, and a path through candidates follows it.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.image_types import Ink
from lab.synthesis.written_lines import PlacedDigit, Writer, WritingStyle
from lenet.reading.foreground.ink import InkMap, Polarity
from lenet.reading.lines.segmentation import Candidate, find_rows

MIN_COVERAGE, MIN_PURITY = (
    0.92,
    0.85,
)  # of a digit's strokes that are there, of the piece's ink that is the digit's: then it is one
MAX_TORN_COVERAGE, MAX_MIXED_PURITY = (
    0.75,
    0.7,
)  # less than one of these: then it is none; what lies between teaches nothing
MAX_NO_DIGITS = 5  # of a line
THRESHOLD_RANGE = (0.3, 0.65)


def draw_crops(writer: Writer, no_digit: int) -> Iterator[tuple[Ink, int]]:
    """Draw a line and crop its candidates: digits, and some that are none, with their labels."""
    rng = writer.rng
    text = "".join(map(str, rng.integers(0, 10, rng.integers(2, 6))))
    line, placed_digits = writer.write_line_with_digits(text, WritingStyle.sample(rng))
    levels = cv2.GaussianBlur(line, (0, 0), rng.uniform(0.6, 1.5))
    threshold = float(rng.uniform(*THRESHOLD_RANGE))
    ink = InkMap(np.asarray(levels, np.float32), 0.004, 1.0, Polarity.PAPER_HIGH)
    owner = np.zeros(line.shape, np.int64)
    for number, placed_digit in enumerate(placed_digits, 1):
        height, width = placed_digit.mask.shape
        owner[placed_digit.top : placed_digit.top + height, placed_digit.left : placed_digit.left + width][
            placed_digit.mask
        ] = number
    areas = np.bincount(owner[levels > threshold], minlength=len(placed_digits) + 1)  # of thin pens, too
    wrong: list[Ink] = []
    for row in find_rows(ink, threshold, np.zeros(line.shape, np.uint8)):
        for candidate in row.candidates():
            label = _label_candidate(candidate, owner, areas, placed_digits, no_digit)
            if label == no_digit:
                wrong.append(candidate.ink)
            elif label is not None:
                yield candidate.ink, label
    for index in rng.permutation(len(wrong))[:MAX_NO_DIGITS]:
        yield wrong[index], no_digit


def _label_candidate(
    candidate: Candidate,
    owner: NDArray[np.int64],
    areas: NDArray[np.intp],
    placed_digits: list[PlacedDigit],
    no_digit: int,
) -> int | None:
    """Label a candidate by the overlap of its ink with each digit; None if it is ambiguous."""
    top, left, bottom, right = candidate.box
    owners = owner[top:bottom, left:right][candidate.ink >= 0.5]
    counts = np.bincount(owners, minlength=len(areas))[1:]
    best = int(counts.argmax())
    if not counts[best] or areas[best + 1] < 20:
        return None
    coverage, purity = counts[best] / areas[best + 1], counts[best] / counts.sum()
    if coverage > MIN_COVERAGE and purity > MIN_PURITY:
        return placed_digits[best].label
    if purity > MAX_MIXED_PURITY and (
        coverage > MAX_TORN_COVERAGE or placed_digits[best].label == 1
    ):  # a part of a 1 is a 1
        return None
    return no_digit
