"""Random distortions of uint8 pictures for training: shifts, planar affine changes, elastic deformation.

New ground comes in from the sides: background (0) for gray levels, the repeated edge for color.

Sources: [LeCun98, section III-A] for the planar affine changes: translation, scaling, squeezing (compression along one
axis with elongation along the other) and horizontal shearing; [Simard03, section 2] for the elastic deformation.
"""

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.errors import DataError

Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Distortions:
    """Limits of the random distortions; each is drawn uniformly from minus to plus its limit, for each picture anew.

    The defaults suit digits of 28×28. [LeCun98] does not print its ranges.

    Attributes:
        translation: pixels, along each axis.
        rotation: degrees.
        scale: share of the size; 0.1 gives 0.9 to 1.1.
        squeeze: share by which one axis shrinks while the other grows.
        shear: horizontal pixels for each vertical pixel.
        elastic: pixels of displacement at one standard deviation of the smoothed random field; 0 switches it off.
        elastic_smoothness: standard deviation in pixels of the Gaussian that smooths the field.
    """

    translation: float = 2.0
    rotation: float = 10.0
    scale: float = 0.1
    squeeze: float = 0.1
    shear: float = 0.15
    elastic: float = 0.0
    elastic_smoothness: float = 4.0

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if not (math.isfinite(value) and value >= 0):
                raise DataError(f"distortion {limit.name} is {value}; expected a finite number of at least 0")
        for name in ("scale", "squeeze"):
            if getattr(self, name) >= 1:
                raise DataError(
                    f"distortion {name} is {getattr(self, name)}; expected less than 1, a share of the size"
                )
        if self.elastic and not self.elastic_smoothness:
            raise DataError("distortion elastic_smoothness is 0; elastic deformation needs more")


def distort(images: Images, rng: np.random.Generator, distortions: Distortions | None = None) -> Images:
    """Distort each picture at random, with bilinear interpolation around its center.

    Args:
        images: uint8 (N, H, W), or (N, C, H, W).
        rng: the only source of randomness: the same state gives the same pictures.
        distortions: the limits; the defaults if None.

    Returns:
        uint8, same shape.

    >>> square = np.zeros((1, 8, 8), np.uint8); square[:, 2:6, 2:6] = 255
    >>> nothing = Distortions(translation=0, rotation=0, scale=0, squeeze=0, shear=0)
    >>> bool((distort(square, np.random.default_rng(0), nothing) == square).all())
    True
    """
    import cv2  # here, because most commands distort nothing and need not wait for it

    limits = distortions or Distortions()
    _check_images(images)
    height, width = images.shape[-2:]
    matrices = _affine_matrices(len(images), height, width, rng, limits)
    border = cv2.BORDER_CONSTANT if images.ndim == 3 else cv2.BORDER_REPLICATE
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    result = np.empty_like(images)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    for index, (image, matrix) in enumerate(zip(images, matrices, strict=True)):
        source = image if image.ndim == 2 else np.ascontiguousarray(image.transpose(1, 2, 0))
        if limits.elastic:
            dy, dx = _elastic_field(height, width, rng, limits)
            x, y = columns + dx, rows + dy
            map_x = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]
            map_y = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
            warped = cv2.remap(source, map_x, map_y, cv2.INTER_LINEAR, borderMode=border)
        else:
            warped = cv2.warpAffine(source, matrix, (width, height), flags=flags, borderMode=border)
        # OpenCV drops the channel axis when there is one channel.
        result[index] = warped if image.ndim == 2 else np.atleast_3d(warped).transpose(2, 0, 1)
    return result


def shift(images: Images, rng: np.random.Generator, pixels: int) -> Images:
    """Shift each picture by whole pixels, drawn uniformly from -pixels to pixels along each axis.

    Args:
        images: uint8 (N, H, W), or (N, C, H, W).
        rng: the source of randomness.
        pixels: the limit, at least 0.

    Returns:
        uint8, same shape.
    """
    _check_images(images)
    if pixels < 0:
        raise DataError(f"cannot shift by up to {pixels} pixels; expected at least 0")
    return translate(images, pixels - rng.integers(0, 2 * pixels + 1, (len(images), 2)))


def translate(images: Images, shifts: NDArray[np.integer[Any]]) -> Images:
    """Translate each picture by whole pixels.

    Args:
        images: uint8 (N, H, W), or (N, C, H, W).
        shifts: (N, 2), rows down and columns to the right.

    Returns:
        uint8, same shape.
    """
    _check_images(images)
    border = int(np.abs(shifts).max(initial=0))
    height, width = images.shape[-2:]
    pad_width = (*((0, 0),) * (images.ndim - 2), (border, border), (border, border))
    padded = np.pad(images, pad_width, "constant" if images.ndim == 3 else "edge")
    result = np.empty_like(images)
    for down, right in np.unique(shifts, axis=0).tolist():
        indices = np.flatnonzero((shifts == (down, right)).all(axis=1))
        top, left = border - down, border - right
        result[indices] = padded[indices, ..., top : top + height, left : left + width]
    return result


def _check_images(images: Images) -> None:
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise TypeError(f"expected uint8 images (N, H, W) or (N, C, H, W), got {images.dtype} {images.shape}")


def _affine_matrices(
    count: int, height: int, width: int, rng: np.random.Generator, limits: Distortions
) -> NDArray[np.float32]:
    """Random affine matrices (count, 2, 3), each from (x, y) in the result to (x, y) in the source."""

    def draw(limit: float) -> NDArray[np.float64]:
        return rng.uniform(-limit, limit, count)

    angle, scale, squeeze = np.deg2rad(draw(limits.rotation)), 1 + draw(limits.scale), 1 + draw(limits.squeeze)
    shear, shift_x, shift_y = draw(limits.shear), draw(limits.translation), draw(limits.translation)
    cosine, sine = np.cos(angle), np.sin(angle)
    scale_x, scale_y = 1 / (scale * squeeze), squeeze / scale
    linear = np.empty((count, 2, 2))
    linear[:, 0, 0], linear[:, 0, 1] = scale_x * cosine, scale_x * sine + shear * scale_y * cosine
    linear[:, 1, 0], linear[:, 1, 1] = -scale_y * sine, scale_y * cosine
    center = np.array([(width - 1) / 2, (height - 1) / 2])
    shifted_center = center + np.stack([shift_x, shift_y], axis=1)
    offset = center - np.einsum("nij,nj->ni", linear, shifted_center)
    return np.concatenate([linear, offset[:, :, None]], axis=2).astype(np.float32)


def _elastic_field(
    height: int, width: int, rng: np.random.Generator, limits: Distortions
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Gaussian-smoothed uniform noise, scaled to a standard deviation of ``limits.elastic`` pixels."""
    import cv2

    field = rng.uniform(-1, 1, (2, height, width)).astype(np.float32)
    sigma = limits.elastic_smoothness
    dy, dx = (np.asarray(cv2.GaussianBlur(part, (0, 0), sigma), np.float32) for part in field)
    # Departs from [Simard03, section 2]: smoothing by sigma leaves a deviation of 1 / sqrt(12 pi) / sigma in
    # uniform noise; dividing by it states the strength in pixels, whatever the smoothness.
    strength = np.float32(limits.elastic * sigma * math.sqrt(12 * math.pi))
    return dy * strength, dx * strength
