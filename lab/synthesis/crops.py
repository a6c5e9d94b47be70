"""Draw labeled crops of synthetic lines, cut as the reader cuts them: whole digits, and wrong cuts as no digit.

A network that was trained on whole digits alone is overconfident on halves and pairs of digits, so that the path search
through candidates chooses them.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.image_types import Ink
from lab.synthesis.written_lines import PlacedDigit, Writer, WritingStyle
from lenet.reading.foreground.ink import InkMap, Polarity
from lenet.reading.lines.segmentation import Candidate, find_rows

# Of a crop and the digit that most of its ink belongs to: coverage is the share of the digit's ink that the crop has,
# purity the share of the crop's ink that is the digit's. Above both minima the crop is that digit.
MIN_COVERAGE, MIN_PURITY = 0.92, 0.85
# Above these two, or above the purity if it is of a 1, it is ambiguous, and left out; else it is no digit.
MIN_AMBIGUOUS_COVERAGE, MIN_AMBIGUOUS_PURITY = 0.75, 0.7
MAX_NO_DIGITS = 5  # crops of a line that are no digit
THRESHOLD_RANGE = (0.3, 0.65)  # of the darkness at which a line is segmented
_MIN_DIGIT_PIXELS = 20  # of a digit's ink above the threshold


def draw_crops(writer: Writer, no_digit_label: int) -> Iterator[tuple[Ink, int]]:
    """Draw a line and crop its candidates: ink and label of digits, and of some crops that are none."""
    rng = writer.rng
    text = "".join(map(str, rng.integers(0, 10, rng.integers(2, 6))))
    line, placed_digits = writer.write_line_with_digits(text, WritingStyle.sample(rng))
    levels = cv2.GaussianBlur(line, (0, 0), rng.uniform(0.6, 1.5))
    threshold = float(rng.uniform(*THRESHOLD_RANGE))
    ink = InkMap(np.asarray(levels, np.float32), noise=0.004, scale=1.0, polarity=Polarity.PAPER_HIGH)
    digit_number = np.zeros(line.shape, np.int64)  # of each pixel, from 1; 0 is paper
    for number, placed_digit in enumerate(placed_digits, 1):
        height, width = placed_digit.mask.shape
        digit_number[placed_digit.top : placed_digit.top + height, placed_digit.left : placed_digit.left + width][
            placed_digit.mask
        ] = number
    areas = np.bincount(digit_number[levels > threshold], minlength=len(placed_digits) + 1)
    no_digits: list[Ink] = []
    for row in find_rows(ink, threshold, np.zeros(line.shape, np.uint8)):
        for candidate in row.candidates():
            label = _label_candidate(candidate, digit_number, areas, placed_digits, no_digit_label)
            if label == no_digit_label:
                no_digits.append(candidate.ink)
            elif label is not None:
                yield candidate.ink, label
    for index in rng.permutation(len(no_digits))[:MAX_NO_DIGITS]:
        yield no_digits[index], no_digit_label


def _label_candidate(
    candidate: Candidate,
    digit_number: NDArray[np.int64],
    areas: NDArray[np.intp],
    placed_digits: list[PlacedDigit],
    no_digit_label: int,
) -> int | None:
    """Label a candidate by the overlap of its ink with each digit; None if it is ambiguous.

    Args:
        digit_number: (H, W), of each pixel of the line, from 1; 0 is paper.
        areas: pixels of ink of each digit number.
        placed_digits: of the line.
        no_digit_label: the label of what is no digit.
    """
    top, left, bottom, right = candidate.box
    numbers_of_ink = digit_number[top:bottom, left:right][candidate.ink >= 0.5]
    pixels = np.bincount(numbers_of_ink, minlength=len(areas))[1:]
    best = int(pixels.argmax())
    if not pixels[best] or areas[best + 1] < _MIN_DIGIT_PIXELS:
        return None
    coverage, purity = pixels[best] / areas[best + 1], pixels[best] / pixels.sum()
    if coverage > MIN_COVERAGE and purity > MIN_PURITY:
        return placed_digits[best].label
    is_one = placed_digits[best].label == 1  # a part of a 1 is a 1
    if purity > MIN_AMBIGUOUS_PURITY and (coverage > MIN_AMBIGUOUS_COVERAGE or is_one):
        return None
    return no_digit_label
