"""The one way from gray levels to network input.

Gray levels are uint8 and ink-high: 0 is background, 255 full ink, as in MNIST. Network inputs are float32, with
background and ink where the network's ``input_range`` puts them.
"""

import numpy as np
from numpy.typing import NDArray

from lenet.errors import DataError

GrayLevels = NDArray[np.uint8]
Inputs = NDArray[np.float32]

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def network_inputs(images: GrayLevels, shape: tuple[int, int, int], input_range: tuple[float, float]) -> Inputs:
    """Gray levels brought to a network's number of channels, size and range.

    Args:
        images: (N, H, W) gray, or (N, C, H, W) with C of 1 or 3; uint8, ink-high.
        shape: the network's (channels, height, width).
        input_range: what 0 and 255 become; linear between.

    Returns:
        float32 (N, channels, height, width).

    Raises:
        TypeError, DataError: as `fitted` does.

    >>> network_inputs(np.full((1, 28, 28), 255, np.uint8), (1, 32, 32), (-0.1, 1.175))[0, 0, 1:3, 16]
    array([-0.1  ,  1.175], dtype=float32)
    """
    images = fitted(images, shape)
    background, ink = input_range
    levels = np.linspace(background, ink, 256, dtype=np.float32)
    return levels[images]


def fitted(images: GrayLevels, shape: tuple[int, int, int]) -> GrayLevels:
    """Gray levels brought to a network's (channels, height, width) and left as gray levels, uint8 (N, C, H, W).

    Smaller pictures are padded with background, equally on all sides; larger ones are resampled by area.

    Raises:
        TypeError: if ``images`` is not uint8, so that nothing is scaled twice.
        DataError: if the number of channels cannot be brought to the network's.
    """
    if images.dtype != np.uint8:
        raise TypeError(f"expected uint8 gray levels 0..255, got {images.dtype}")
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4:
        raise DataError(f"expected images (N, H, W) or (N, C, H, W), got {images.shape}")
    channels, height, width = shape
    return _fit(_channels(images, channels), height, width)


def _channels(images: GrayLevels, channels: int) -> GrayLevels:
    channels_given = images.shape[1]
    if channels_given == channels:
        return images
    if channels_given == 1:
        return np.repeat(images, channels, axis=1)
    if channels_given == 3 and channels == 1:
        return np.asarray(np.rint(np.einsum("nchw,c->nhw", images, _LUMA)), np.uint8)[:, None]
    raise DataError(f"the pictures have {channels_given} channels, the network takes {channels}")


def _fit(images: GrayLevels, height: int, width: int) -> GrayLevels:
    given_height, given_width = images.shape[2:]
    if (given_height, given_width) == (height, width):
        return images
    if given_height <= height and given_width <= width:
        top, left = (height - given_height) // 2, (width - given_width) // 2
        edges = ((0, 0), (0, 0), (top, height - given_height - top), (left, width - given_width - left))
        return np.pad(images, edges)
    import cv2  # here, because pictures of the right size need not wait for it

    scale = min(height / given_height, width / given_width)
    size = (max(1, round(given_width * scale)), max(1, round(given_height * scale)))
    planes = images.reshape(-1, given_height, given_width)
    small = np.empty((len(planes), size[1], size[0]), np.uint8)
    for plane, target in zip(planes, small, strict=True):
        cv2.resize(plane, size, dst=target, interpolation=cv2.INTER_AREA)
    return _fit(small.reshape(*images.shape[:2], size[1], size[0]), height, width)
