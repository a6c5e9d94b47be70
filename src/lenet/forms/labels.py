"""Labels of a form: the words printed outside its fields, and those that differ on a page.

Forms of one house, and editions of one form, have the same boxes in the same places and other words beside them: the
print of their fields is alike. Each word is searched for near its position, by normalized cross-correlation, and then
each of its letters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from lenet.forms.alignment import PRINT, AlignedPage, Levels, Sheet
from lenet.forms.template import Box, Template

MAX_LETTER_HEIGHT = 40  # pixels of the sheet, 7 mm on A4: what is higher, or twice as wide, is a box, rule or picture
WORD_GAP, LINE_GAP = 13, 5  # pixels that are bridged between letters, and between their parts
MIN_LABEL_INK = 40  # pixels of print: less has no shape
MARGIN = 3  # pixels around a field that belong to it
LABEL_SEARCH_RADIUS = 6  # pixels around a label's position in which it is searched for
MAX_DISTANCE = 400  # pixels from a field, 75 mm on A4: farther words are of none, as a headline and the page's foot
VERTICAL_WEIGHT = 8  # of distances, against horizontal ones: a word stands beside its field, or close above it
LETTER_WIDTH, LETTER_SEARCH_RADIUS = 16, 2  # pixels: of a piece of a label, and around its position in the word
BLUR_SIGMAS = (1.0, 2.0, 3.0)  # pixels: labels are compared as sharp pictures and blurred ones show them
MIN_CORRELATION = (
    0.72  # of a letter: the same have 0.9 and more in photos, 0.77 with a stroke across; others up to 0.67
)


@dataclass(frozen=True)
class Label:
    """A printed word or line of words: its window on the sheet, and the field that it is nearest to, if one is near."""

    window: tuple[slice, slice]
    field: str | None


def find_labels(sheet: Sheet, template: Template) -> tuple[Label, ...]:
    """The labels of a form.

    Args:
        sheet: of the form's blank page.
        template: the form.
    """
    _, components, statistics, _ = cv2.connectedComponentsWithStats(sheet.print.view(np.uint8))
    is_letter = (statistics[:, cv2.CC_STAT_HEIGHT] <= MAX_LETTER_HEIGHT) & (
        statistics[:, cv2.CC_STAT_WIDTH] <= 2 * MAX_LETTER_HEIGHT
    )
    text = is_letter[components].astype(np.uint8)
    y, x = sheet.shape[0] / template.page[0], sheet.shape[1] / template.page[1]
    boxes = {
        field.name: [(top * y, left * x, bottom * y, right * x) for top, left, bottom, right in field.boxes]
        for field in template.fields
    }
    for top, left, bottom, right in (box for of_field in boxes.values() for box in of_field):
        rows = slice(max(0, int(top) - MARGIN), int(bottom) + MARGIN + 1)
        text[rows, max(0, int(left) - MARGIN) : int(right) + MARGIN + 1] = 0
    _, words, statistics, _ = cv2.connectedComponentsWithStats(
        cv2.dilate(text, np.ones((LINE_GAP, WORD_GAP), np.uint8))
    )
    ink = np.bincount(words[text > 0], minlength=len(statistics))
    labels = []
    for left, top, width, height, _ in statistics[1:][ink[1:] >= MIN_LABEL_INK].tolist():
        distances = {
            name: min(_distance((top, left, top + height, left + width), box) for box in of_field)
            for name, of_field in boxes.items()
        }
        nearest = min(distances, key=distances.__getitem__)
        window = slice(top, top + height), slice(left, left + width)
        labels.append(Label(window, nearest if distances[nearest] <= MAX_DISTANCE else None))
    return tuple(labels)


def visible_labels(page: AlignedPage, labels: Sequence[Label]) -> list[Label]:
    """The labels that a page shows whole."""
    return [label for label in labels if page.visible[label.window].all()]


def other_labels(page: AlignedPage, sheet: Sheet, labels: Sequence[Label]) -> list[Label]:
    """The labels at whose positions a page has something else.

    Args:
        page: aligned to the sheet.
        sheet: of the form's blank page.
        labels: that the page shows whole.
    """
    templates = [_blur(sheet.levels, sheet.peak, sigma) for sigma in BLUR_SIGMAS]
    return [
        label
        for label in labels
        if max(_min_letter_correlation(page, expected, label) for expected in templates) < MIN_CORRELATION
    ]


def _min_letter_correlation(page: AlignedPage, expected: Levels, label: Label) -> float:
    """The lowest correlation of a label's letters with the page, where the whole label correlates best."""
    rows, columns = label.window
    area = page.levels[
        max(0, rows.start - LABEL_SEARCH_RADIUS) : rows.stop + LABEL_SEARCH_RADIUS,
        max(0, columns.start - LABEL_SEARCH_RADIUS) : columns.stop + LABEL_SEARCH_RADIUS,
    ]
    blurred = _blur(area, max(float(np.quantile(area, 0.95)), 0.06))  # what is written is no darker than print
    word = expected[label.window]
    height, width = word.shape
    _, _, _, (left, top) = cv2.minMaxLoc(cv2.matchTemplate(blurred, word, cv2.TM_CCOEFF_NORMED))
    sides = np.linspace(0, width, max(1, round(width / LETTER_WIDTH)) + 1).astype(int).tolist()
    correlations = []
    for start, stop in pairwise(sides):
        letter = word[:, start:stop]
        near = blurred[
            max(0, top - LETTER_SEARCH_RADIUS) : top + height + LETTER_SEARCH_RADIUS,
            max(0, left + start - LETTER_SEARCH_RADIUS) : left + stop + LETTER_SEARCH_RADIUS,
        ]
        if letter.max() >= PRINT * word.max():  # else it is white between two words
            correlations.append(float(cv2.matchTemplate(near, letter, cv2.TM_CCOEFF_NORMED).max()))
    return min(correlations)


def _blur(levels: Levels, full: float, sigma: float = BLUR_SIGMAS[0]) -> Levels:
    return np.asarray(cv2.GaussianBlur(np.minimum(levels, np.float32(full)), (0, 0), sigma), np.float32)


def _distance(one: Box, other: Box) -> float:
    """The distance between two boxes, rows weighing more; 0 if they meet."""
    down = max(one[0] - other[2], other[0] - one[2], 0)
    across = max(one[1] - other[3], other[1] - one[3], 0)
    return float(np.hypot(VERTICAL_WEIGHT * down, across))
