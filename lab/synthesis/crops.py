"""Labeled crops of synthetic lines, cut as the reader cuts them: whole digits, and wrong cuts as no digit.

A network that has only seen whole digits is too sure of halves and pairs, and a path through candidates follows it.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.synthesis.written_lines import PlacedDigit, Writer, WritingStyle
from lenet.reading.foreground.ink import InkMap, Polarity
from lenet.reading.lines.segmentation import Candidate, find_rows

Drawing = NDArray[np.float32]

WHOLE, PURE = 0.92, 0.85  # of a digit's strokes that are there, of the piece's ink that is the digit's: then it is one
TORN, MIXED = 0.75, 0.7  # less than one of these: then it is none; what lies between teaches nothing
MOST_WRONG = 5  # of a line
THRESHOLDS = (0.3, 0.65)


def crops(writer: Writer, no_digit: int) -> Iterator[tuple[Drawing, int]]:
    """Draw a line and crop its candidates: digits, and some that are none, with their labels."""
    rng, places = writer.rng, list[PlacedDigit]()
    text = "".join(map(str, rng.integers(0, 10, rng.integers(2, 6))))
    line = writer.line(text, WritingStyle.drawn(rng), places)
    levels = cv2.GaussianBlur(line, (0, 0), rng.uniform(0.6, 1.5))
    threshold = float(rng.uniform(*THRESHOLDS))
    ink = InkMap(np.asarray(levels, np.float32), 0.004, 1.0, Polarity.PAPER_HIGH)
    owner = np.zeros(line.shape, np.int64)
    for number, place in enumerate(places, 1):
        height, width = place.strokes.shape
        owner[place.top : place.top + height, place.left : place.left + width][place.strokes] = number
    areas = np.bincount(owner.ravel(), minlength=len(places) + 1)
    wrong: list[Drawing] = []
    for row in find_rows(ink, threshold, np.zeros(line.shape, np.uint8)):
        for candidate in row.candidates():
            label = _label(candidate, owner, areas, places, no_digit)
            if label == no_digit:
                wrong.append(candidate.ink)
            elif label is not None:
                yield candidate.ink, label
    for index in rng.permutation(len(wrong))[:MOST_WRONG]:
        yield wrong[index], no_digit


def _label(
    candidate: Candidate, owner: NDArray[np.int64], areas: NDArray[np.intp], places: list[PlacedDigit], no_digit: int
) -> int | None:
    """Label a candidate by the overlap of its ink with each digit; None if it is ambiguous."""
    top, left, bottom, right = candidate.box
    owners = owner[top:bottom, left:right][candidate.ink >= 0.5]
    counts = np.bincount(owners, minlength=len(areas))[1:]
    best = int(counts.argmax())
    if not counts[best] or areas[best + 1] < 20:
        return None
    there, pure = counts[best] / areas[best + 1], counts[best] / counts.sum()
    if there > WHOLE and pure > PURE:
        return places[best].label
    if pure > MIXED and (there > TORN or places[best].label == 1):  # a part of a 1 is a 1
        return None
    return no_digit
