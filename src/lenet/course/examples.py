"""Small arrays that lessons work out by hand, and exercises ask about."""

import numpy as np
from numpy.typing import NDArray

MAPS = np.array(
    [
        [[1, 0, 2, 1], [0, 3, 1, 0], [2, 1, 0, 1], [1, 0, 1, 2]],
        [[0, 1, 1, 0], [2, 0, 1, 3], [1, 1, 0, 0], [0, 2, 1, 1]],
    ],
    np.float32,
)
"""Two input maps of 4×4."""

KERNELS = np.array(
    [[[1, 0, -1], [2, 0, -2], [1, 0, -1]], [[0, 1, 0], [1, -3, 1], [0, 1, 0]]],
    np.float32,
)
"""One kernel of 3×3 for each of the two maps."""

BIAS = 2.0

SCORES = np.array(
    [
        [0.2, 0.1, 3.1, 0.9, -0.4, 0.3, -1.0, 1.2, 0.5, 0.0],
        [4.0, -1.2, 0.6, 0.0, 0.3, 0.8, 1.1, -0.5, 0.4, 0.2],
        [-0.3, 2.2, 0.7, 0.4, 1.9, -0.8, 0.0, 1.6, 0.3, 0.9],
        [0.1, 0.4, 0.2, -0.6, 2.4, 0.0, 0.3, 0.7, 0.5, 2.7],
    ],
    np.float32,
)
"""The ten scores of each of four pictures."""

LABELS = np.array([2, 0, 7, 4])
"""What the four pictures show."""


def numbers_table(array: NDArray[np.generic], digits: int = 0) -> str:
    """Two-dimensional numbers as aligned text, a row a line.

    >>> print(numbers_table(np.array([[1.0, -2.0], [10.0, 0.0]])))
      1  -2
     10   0
    """
    texts = [[f"{value + 0.0:.{digits}f}" for value in row] for row in np.asarray(array, float)]
    width = max(len(text) for row in texts for text in row)
    return "\n".join(" " + "  ".join(text.rjust(width) for text in row) for row in texts)
