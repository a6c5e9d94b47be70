"""Apply rotations, scalings and shifts to test digits, for the robustness test [LeCun98, Fig. 13]."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.training.stream import Patterns


@dataclass(frozen=True)
class Transformation:
    """A geometric transformation of a picture, and the amounts to apply it by.

    Attributes:
        name: ``"rotation"``, ``"scale"`` or ``"vertical shift"``.
        unit: of the amounts.
        amounts: those that are tried, the identity among them.
        published_range: the ends of the range within which the paper calls recognition accurate.
    """

    name: str
    unit: str
    amounts: tuple[float, ...]
    published_range: tuple[float, float]


TRANSFORMATIONS = (
    Transformation("rotation", "degrees", tuple(range(-60, 61, 10)), (-30, 30)),
    Transformation("scale", "times", (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0), (0.5, 2.0)),
    Transformation("vertical shift", "pixels", tuple(range(-10, 11, 2)), (-10, 10)),
)
"""The paper: scale up to about a factor of 2, shifts of about half a digit's height (20 pixels), rotations of 30."""


def transform(images: NDArray[np.uint8], name: str, amount: float) -> NDArray[np.uint8]:
    """Rotate counter-clockwise, scale, or shift down pictures (N, H, W) about their center, bilinearly.

    >>> dot = np.zeros((1, 5, 5), np.uint8); dot[0, 2, 2] = 255
    >>> np.argwhere(transform(dot, "vertical shift", 2)[0]).tolist()
    [[4, 2]]
    """
    import cv2

    height, width = images.shape[1:]
    center = ((width - 1) / 2, (height - 1) / 2)
    matrix = cv2.getRotationMatrix2D(center, amount if name == "rotation" else 0.0, amount if name == "scale" else 1.0)
    if name == "vertical shift":
        matrix[1, 2] += amount
    result = np.empty_like(images)
    for image, target in zip(images, result, strict=True):
        cv2.warpAffine(image, matrix, (width, height), dst=target, flags=cv2.INTER_LINEAR)
    return result


def transform_sweep(patterns: Patterns) -> Iterator[tuple[Transformation, float, Patterns]]:
    """Apply every transformation by each of its amounts to the patterns."""
    for transformation in TRANSFORMATIONS:
        for amount in transformation.amounts:
            transformed = Patterns(transform(patterns.images, transformation.name, amount), patterns.labels)
            yield transformation, amount, transformed
