"""Connected-component labelling of masks that are mostly paper: only the bounding box of the ink is gone through."""

import cv2
import numpy as np
from numpy.typing import NDArray

MAX_SIZE_RATIO = 2.2  # shapes that differ by a larger factor, as the digits of one line or printed dots, are not alike

Mask = NDArray[np.uint8]
Labels = NDArray[np.int32]
Statistics = NDArray[np.int32]


def label_components(mask: Mask) -> tuple[Labels, Statistics]:
    """The 8-connected components of a mask.

    Args:
        mask: uint8 (h, w) of 0 and 1.

    Returns:
        int32 labels (h, w), 0 where there is no ink, and for each label a row of left, top, width, height and area;
        that of label 0 is zero.

    >>> mask = np.zeros((60, 80), np.uint8)
    >>> mask[10:20, 30:35] = mask[40, 50] = 1
    >>> labels, statistics = label_components(mask)
    >>> statistics.tolist(), int(labels[40, 50])
    ([[0, 0, 0, 0, 0], [30, 10, 5, 10, 50], [50, 40, 1, 1, 1]], 2)
    """
    left, top, width, height = cv2.boundingRect(mask)
    left, top = left - left % 2, top - top % 2  # OpenCV numbers components by blocks of two rows and columns
    window = np.s_[top : top + height + 1, left : left + width + 1]
    labels = np.zeros(mask.shape, np.int32)
    _, labels[window], statistics, _ = cv2.connectedComponentsWithStats(mask[window], connectivity=8)
    statistics[0] = 0
    statistics[1:, :2] += (left, top)
    return labels, np.asarray(statistics, np.int32)


def count_on_border(labels: Labels) -> NDArray[np.intp]:
    """The number of pixels along the picture's border that each component has, and the background, label 0.

    >>> count_on_border(np.array([[1, 1, 0], [0, 0, 0], [0, 2, 2]], np.int32)).tolist()
    [4, 2, 2]
    """
    border = [labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]]
    return np.bincount(np.concatenate(border), minlength=int(labels.max(initial=0)) + 1)
