"""Test-time augmentation of lines: each is cut out, sheared and stretched, to be cut into digits and read again.

The views of a digit (`lenet.reading.augmentation`) tell whether the network is sure of its class; those of a line,
whether its ink is cut into the same digits again.
"""

import math
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from lenet.boxes import Box, bounding_box
from lenet.reading.augmentation import SHEAR
from lenet.reading.foreground.ink import InkMap
from lenet.reading.lines.layout import MAX_OFFSET, Mask

STRETCH = 1.18  # by which a line is made wider, and narrower


def views_of_line(ink: InkMap, rules: Mask, boxes: Sequence[Box]) -> Iterator[tuple[InkMap, Mask]]:
    """Four views of a line: its top moved against its foot to either side, narrower, and wider.

    Args:
        ink: of the page.
        rules: uint8 of its shape, 1 where a ruled line is.
        boxes: where the line's ink is in it. Nothing else is in the views, and nothing reaches their edges.

    Yields:
        The ink of each view, and its rules.
    """
    top, left, bottom, right = bounding_box(boxes)
    margin = int(MAX_OFFSET * (bottom - top))
    shape = bottom - top + 2 * margin, right - left + 2 * margin
    levels, line_rules = np.zeros(shape, np.float32), np.zeros(shape, np.uint8)
    for box in boxes:
        there = np.s_[box[0] : box[2], box[1] : box[3]]
        here = np.s_[box[0] - top + margin : box[2] - top + margin, box[1] - left + margin : box[3] - left + margin]
        levels[here], line_rules[here] = ink.levels[there], rules[there]
    height, width = shape
    for stretch, shear in ((1.0, -SHEAR), (1.0, SHEAR), (1 / STRETCH, 0.0), (STRETCH, 0.0)):
        matrix = np.array([[stretch, shear, max(0.0, -shear) * height], [0.0, 1.0, 0.0]])
        size = math.ceil(stretch * width + abs(shear) * height), height
        yield (
            ink.with_levels(np.asarray(cv2.warpAffine(levels, matrix, size), np.float32)),
            np.asarray(cv2.warpAffine(line_rules, matrix, size, flags=cv2.INTER_NEAREST), np.uint8),
        )
