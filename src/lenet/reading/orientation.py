"""Orientation of pages that lie on their side or upside down, by how well the network reads each of the four."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lenet.boxes import Box
from lenet.reading.cells import GridReading
from lenet.reading.foreground.ink import SHARES, InkMap
from lenet.reading.lines.layout import SAMPLE, filter_components, find_components
from lenet.reading.lines.numbers import MIN_DIGITS
from lenet.reading.lines.segmentation import crop_of
from lenet.reading.normalization import normalize_all
from lenet.reading.order_statistics import median
from lenet.reading.recognition import Recognizer
from lenet.reading.scoring import PageReading

MIN_SHAPES = MIN_DIGITS + 1  # fewer say nothing: 1, 6, 8, 9 and 0 are digits upside down, and one does not count
MAX_REJECTED_SHARE = 1 / 3  # of the digits of a page that lies right; where more of a line are doubtful, all are
MIN_GAIN = 0.5  # nats of mean log probability, all but one shape's, by which another way must be better


def read_rotated(
    ink: InkMap,
    upright: GridReading,
    recognizer: Recognizer,
    read: Callable[[InkMap], GridReading],
    accepted: Callable[[GridReading], int],
) -> tuple[GridReading, int]:
    """Read a page rotated, if it was read poorly as it lies and its shapes are digits the other way.

    Args:
        ink: the page.
        upright: how it was read as it lies.
        recognizer: classifies shapes.
        read: reads an ink map.
        accepted: how many digits of a reading are accepted.

    Returns:
        The better reading, its boxes in the page as it lies, and the degrees by which it was rotated clockwise.
    """
    page, upright_accepted = upright.page, accepted(upright)
    has_few = len(page.digits) + len(page.ignored) < MIN_SHAPES
    if page and (has_few or upright_accepted >= (1 - MAX_REJECTED_SHARE) * len(page.digits)):
        return upright, 0
    quarters = find_quarter_turns(ink, recognizer)
    if not quarters:
        return upright, 0
    rotated = read(ink.rotated(quarters))
    page = rotated.page
    rotated_accepted = accepted(rotated)
    is_good = rotated_accepted >= max(MIN_SHAPES, (1 - MAX_REJECTED_SHARE) * len(page.digits))
    is_good &= 2 * sum(digit.label != "1" for digit in page.digits) >= len(page.digits)  # else they may be dashes
    if not is_good or rotated_accepted <= upright_accepted:
        return upright, 0
    return _rotate_back(rotated, ink.levels.shape, quarters), 90 * quarters


def find_quarter_turns(ink: InkMap, recognizer: Recognizer) -> int:
    """Find the clockwise quarter turns that make a page's shapes digits; 0 if none make them clearly likelier.

    What gains most by it does not count: one letter among digits may look like a digit the other way.
    """
    images = _digit_sized_shapes(ink)
    if len(images) < MIN_SHAPES:
        return 0
    ways = np.stack([np.rot90(images, -quarters, axes=(1, 2)) for quarters in range(4)])
    probabilities = recognizer.probabilities(np.ascontiguousarray(ways.reshape(-1, *images.shape[1:])))
    best = np.log(np.maximum(probabilities.max(axis=1), 1e-3)).reshape(4, -1)
    quarters = int(best.sum(axis=1).argmax())
    gains = np.sort(best[quarters] - best[0])
    return quarters if gains[:-1].mean() > MIN_GAIN else 0


def _digit_sized_shapes(ink: InkMap) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Shapes as large as digits, normalized, uint8 (N, 28, 28)."""
    empty = np.zeros((0, 28, 28), np.uint8)
    thresholds = ink.thresholds(SHARES[1:2])
    if not thresholds:
        return empty
    labels, components = find_components((ink.levels > thresholds[0]).view(np.uint8), ink.levels)
    components = filter_components(components, ink.levels.shape)[0]
    if not components:
        return empty
    sizes = np.array([max(component.height, component.width) for component in components])
    middle = median(sizes[sizes > 0.3 * sizes.max()])
    like_digits = [
        component
        for component, size in zip(components, sizes, strict=True)
        if middle < 2 * size and size < 2 * middle  # smaller ones are points, larger ones drawings
    ]
    crops = []
    for component in like_digits[:: math.ceil(len(like_digits) / SAMPLE) or 1]:
        window = np.s_[component.top : component.bottom, component.left : component.right]
        crops.append(crop_of(ink.levels[window], labels[window] == component.number, thresholds[0]))
    normalized = [image for image in normalize_all(crops) if image is not None]
    return np.stack(normalized) if normalized else empty


def _rotate_back(reading: GridReading, shape: tuple[int, ...], quarters: int) -> GridReading:
    """The reading with its boxes in the page before it was rotated clockwise."""
    height, width = shape

    def box(rotated: Box) -> Box:
        top, left, bottom, right = rotated
        if quarters == 1:
            return height - right, top, height - left, bottom
        if quarters == 2:
            return height - bottom, width - right, height - top, width - left
        return left, width - bottom, right, width - top

    def in_page(page: PageReading) -> PageReading:
        lines = tuple(tuple(upright[id(digit)] for digit in line) for line in page.lines)
        signs = tuple(tuple(replace(sign, box=box(sign.box)) for sign in line) for line in page.signs)
        return replace(page, lines=lines, signs=signs, ignored=tuple((box(b), reason) for b, reason in page.ignored))

    # A digit of a cell is the same object in the cell and in its line, and remains so.
    upright = {
        id(digit): replace(digit, candidate=replace(digit.candidate, box=box(digit.box)))
        for page in (reading.page, *(read.lines for read in reading.cells))
        for digit in page.digits
    }
    cells = tuple(
        replace(read, cell=replace(read.cell, box=box(read.cell.box)), lines=in_page(read.lines))
        for read in reading.cells
    )
    return GridReading(in_page(reading.page), cells)
