"""Estimation of the paper's light at every pixel of a picture, and of areas without paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
Levels = NDArray[np.float32]

STROKE = 0.27  # of the longer side: no stroke is wider
DARKER, ABRUPTLY = 0.4, 1.5  # a table or a sleeve has less than this share of the paper's light, and begins with a step

_SIDE, _SIDE_OF_CROP = 96, 48  # the longer side of the copy on which light is estimated
_REACH = 9  # pixels of the copy that the smoothing of light reaches over, and so where a shadow's edge may be
_DARKEST_PAPER = 20.0
_BLOCK = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Light:
    """The light on one channel, on a small copy of the picture.

    Attributes:
        paper: uint8; the gray level that bare paper would have.
        darkest: uint8, the least light close by, or None; bare paper behind the edge of a shadow has no less.
        unit: float32; what a lack of gray levels is multiplied by to give a share of the light; 0 where no paper is.
    """

    paper: Plane
    darkest: Plane | None
    unit: Levels


def find_light(planes: Sequence[Plane], is_crop: bool) -> list[Light]:
    """The paper's light in each channel.

    Args:
        planes: the channels, uint8 (h, w) each; paper is lighter than ink.
        is_crop: whether digits may fill the picture and touch its edges. In any other picture what runs along an
            edge is no stroke, and light may change abruptly.
    """
    closed = [_without_strokes(plane, is_crop) for plane in planes]
    if is_crop:
        papers = [_gray(cv2.GaussianBlur(levels, (0, 0), 3)) for levels in closed]
        return [Light(paper, None, unit) for paper, unit in zip(papers, _units(papers), strict=True)]
    papers = [_gray(cv2.GaussianBlur(cv2.medianBlur(_gray(levels), _REACH), (0, 0), 1.5)) for levels in closed]
    absent = _no_paper(np.maximum.reduce(closed))
    minima = [cv2.erode(levels + 255 * absent, np.ones((_REACH, _REACH), np.uint8)) for levels in closed]
    return [
        Light(paper, _gray(cv2.GaussianBlur(darkest, (0, 0), 1)), unit * (1 - absent))
        for paper, darkest, unit in zip(papers, minima, _units(papers), strict=True)
    ]


def _without_strokes(plane: Plane, is_crop: bool) -> Levels:
    """Closing takes away what is dark and narrow; what is left is light, shadow, and what lies beside the paper."""
    side = _SIDE_OF_CROP if is_crop else _SIDE
    height, width = plane.shape
    scale = side / max(height, width)
    size = (max(4, round(width * scale)), max(4, round(height * scale)))
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    stroke = int(STROKE * side) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (stroke, stroke))
    frame = stroke + 1
    # A picture carried on as it ends: a dark strip along its edge becomes a wide one, which closing leaves alone.
    beyond = cv2.BORDER_REFLECT if is_crop else cv2.BORDER_REPLICATE
    framed = cv2.copyMakeBorder(small, frame, frame, frame, frame, beyond)
    closed = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, kernel)[frame:-frame, frame:-frame]
    return np.maximum(closed, _DARKEST_PAPER).astype(np.float32)


def _units(papers: Sequence[Plane]) -> list[Levels]:
    """Shares are halfway between those of a channel's own light, and of the lightest channel's.

    On yellow paper blue has little light but as much grain: a share of its own light would be mostly grain.
    """
    levels = [np.asarray(paper, np.float32) for paper in papers]
    lightest = np.maximum.reduce(levels)
    return [np.asarray(2 / np.maximum(own + lightest, 1.0), np.float32) for own in levels]


def _no_paper(light: Levels) -> Levels:
    """1 where something dark comes in from the edge, else 0. A shadow is less dark, or begins softly."""
    dark = (light < DARKER * float(np.quantile(light, 0.8))).astype(np.uint8)
    absent = np.zeros_like(dark)
    if dark.any():
        begins = (cv2.dilate(light, np.ones((7, 7), np.uint8)) > ABRUPTLY * light) & (cv2.erode(dark, _BLOCK) == 0)
        rim = (dark > 0) & (cv2.erode(dark, _BLOCK) == 0)
        count, labels = cv2.connectedComponents(dark)
        for number in range(1, count):
            region = labels == number
            at_edge = region[[0, -1]].any() or region[:, [0, -1]].any()
            if at_edge and 2 * np.count_nonzero(begins & region) > np.count_nonzero(rim & region) > 0:
                absent[region] = 1
    return np.asarray(cv2.dilate(absent, _BLOCK), np.float32)


def _gray(levels: NDArray[Any]) -> Plane:
    return np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8)
