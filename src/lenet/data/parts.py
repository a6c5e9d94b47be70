"""A part of a data set: pictures and labels, as the reader of each file format returns it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.errors import DataError

Part = tuple[NDArray[np.uint8], NDArray[np.int64]]


def as_images(array: NDArray[Any], name: str) -> NDArray[np.uint8]:
    """Bring images to (N, H, W) or (N, 3, H, W), whichever axis the channels have.

    Raises:
        DataError: if the array is none of pictures, which ``name`` stands for.
    """
    if array.dtype != np.uint8:
        raise DataError(f"{name} is {array.dtype}, expected uint8 gray levels 0..255")
    if array.ndim == 4 and array.shape[1] not in (1, 3) and array.shape[3] in (1, 3):
        array = array.transpose(0, 3, 1, 2)
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    if not (array.ndim == 3 or (array.ndim == 4 and array.shape[1] == 3)) or 0 in array.shape:
        raise DataError(
            f"{name} has shape {array.shape}, expected images (N, H, W), (N, 3, H, W) or (N, H, W, 3), N ≥ 1"
        )
    return np.ascontiguousarray(array)
