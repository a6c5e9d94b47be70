"""Preprocessing: gray levels to network inputs.

Gray levels are uint8 and ink-high: 0 is background, 255 full ink, as in MNIST. Network inputs are float32, with
background and ink where the network's ``input_range`` puts them.
"""

import numpy as np
from numpy.typing import NDArray

from lenet.errors import DataError

GrayLevels = NDArray[np.uint8]
Inputs = NDArray[np.float32]

SIDE = 28
"""Of a normalized digit's picture, as MNIST has them."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def network_inputs(images: GrayLevels, shape: tuple[int, int, int], input_range: tuple[float, float]) -> Inputs:
    """Convert gray levels to a network's number of channels, size and range.

    Args:
        images: (N, H, W) gray, or (N, C, H, W) with C of 1 or 3; uint8, ink-high.
        shape: the network's (channels, height, width).
        input_range: what 0 and 255 become; linear between.

    Returns:
        float32 (N, channels, height, width).

    Raises:
        TypeError, DataError: as `fit_to_input` does.

    >>> network_inputs(np.full((1, 28, 28), 255, np.uint8), (1, 32, 32), (-0.1, 1.175))[0, 0, 1:3, 16]
    array([-0.1  ,  1.175], dtype=float32)
    """
    images = fit_to_input(images, shape)
    background, ink = input_range
    levels = np.linspace(background, ink, 256, dtype=np.float32)
    return levels[images]


def fit_to_input(images: GrayLevels, shape: tuple[int, int, int]) -> GrayLevels:
    """Convert gray levels to a network's (channels, height, width), uint8 (N, C, H, W), by padding or area resampling.

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
    image_channels = images.shape[1]
    if image_channels == channels:
        return images
    if image_channels == 1:
        return np.repeat(images, channels, axis=1)
    if image_channels == 3 and channels == 1:
        return np.asarray(np.rint(np.einsum("nchw,c->nhw", images, _LUMA)), np.uint8)[:, None]
    raise DataError(f"the pictures have {image_channels} channels, the network takes {channels}")


def _fit(images: GrayLevels, height: int, width: int) -> GrayLevels:
    image_height, image_width = images.shape[2:]
    if (image_height, image_width) == (height, width):
        return images
    if image_height <= height and image_width <= width:
        top, left = (height - image_height) // 2, (width - image_width) // 2
        pad_width = ((0, 0), (0, 0), (top, height - image_height - top), (left, width - image_width - left))
        return np.pad(images, pad_width)
    import cv2  # here, because pictures of the right size need not wait for it

    scale = min(height / image_height, width / image_width)
    size = (max(1, round(image_width * scale)), max(1, round(image_height * scale)))
    planes = images.reshape(-1, image_height, image_width)
    small = np.empty((len(planes), size[1], size[0]), np.uint8)
    for plane, target in zip(planes, small, strict=True):
        cv2.resize(plane, size, dst=target, interpolation=cv2.INTER_AREA)
    return _fit(small.reshape(*images.shape[:2], size[1], size[0]), height, width)
