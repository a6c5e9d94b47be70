"""Illumination estimate: the gray level of bare paper at each pixel of a picture, and a mask of areas without paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.grid.rule import MAX_THICKNESS
from lenet.reading.order_statistics import median, quantile

Plane = NDArray[np.uint8]
Levels = NDArray[np.float32]

MIN_CONTRAST = 0.06  # ink must be this much darker than the paper, as a share of the paper's light
DARK_FRACTION = 0.4  # of the paper's light: a table or a sleeve has less
STROKE_AT_EDGE = 0.035  # of the longer side: the strokes that are told from a shadow that they cross the edge of
EDGE_OF_SHADOW = 1.15  # of gray levels close by: even light changes by less

SIDE = 96  # pixels, of a crop half as many: the longer side of the copy on which light is estimated
_KERNEL_SIZE = 9  # pixels of the copy that the smoothing of light reaches over, and so where a shadow's edge may be
_BLOCK = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Background:
    """Background estimate of one channel, on a small copy of the picture.

    Attributes:
        background: uint8; the gray level that bare paper would have.
        minimum: uint8, the least light close by, or None; bare paper behind the edge of a shadow has no less.
        gain: float32; what a lack of gray levels is multiplied by to give a share of the light; 0 where no paper is.
    """

    background: Plane
    minimum: Plane | None
    gain: Levels

    @property
    def has_edges(self) -> bool:
        """Whether light changes abruptly somewhere, as at the edge of a shadow."""
        if self.minimum is None:
            return False
        return bool(((self.background > EDGE_OF_SHADOW * self.minimum) & (self.gain > 0)).any())


def estimate_background(planes: Sequence[Plane], is_crop: bool, dark_is_paper: bool = False) -> list[Background]:
    """Estimate the background of each channel by morphological closing and smoothing.

    Args:
        planes: the channels, uint8 (h, w) each; paper is lighter than ink.
        is_crop: whether digits may fill the picture and touch its edges. In any other picture what runs along an
            edge is no stroke, and light may change abruptly.
        dark_is_paper: whether dark areas at the edges of such a picture are paper in a shadow, and no table or sleeve.
    """
    copies = [_reduced(plane, SIDE // 2 if is_crop else SIDE) for plane in planes]
    closed = [_without_strokes(copy, is_crop) for copy in copies]
    if is_crop:
        backgrounds = [_gray(cv2.GaussianBlur(levels, (0, 0), 3)) for levels in closed]
        return [
            Background(background, None, gain)
            for background, gain in zip(backgrounds, _gains(backgrounds, copies, planes), strict=True)
        ]
    closed = [_without_strokes(copy, is_crop) for copy in _without_light_strokes(copies, closed)]
    backgrounds = [
        _gray(cv2.GaussianBlur(cv2.medianBlur(_gray(levels), _KERNEL_SIZE), (0, 0), 1.5)) for levels in closed
    ]
    light = np.maximum.reduce(closed)
    non_paper = np.zeros_like(light) if dark_is_paper else _non_paper_mask(light)
    minima = [cv2.erode(levels + 255 * non_paper, np.ones((_KERNEL_SIZE, _KERNEL_SIZE), np.uint8)) for levels in closed]
    return [
        Background(background, _gray(cv2.GaussianBlur(minimum, (0, 0), 1)), gain * (1 - non_paper))
        for background, minimum, gain in zip(backgrounds, minima, _gains(backgrounds, copies, planes), strict=True)
    ]


def close_strokes(plane: Plane) -> Plane:
    """Remove thin strokes by morphological closing at full size: the edges of shadows stay where they are."""
    side = round(STROKE_AT_EDGE * max(plane.shape)) | 1
    return np.asarray(cv2.morphologyEx(plane, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8)), np.uint8)


def _reduced(plane: Plane, side: int) -> Plane:
    """A copy whose longer side has so many pixels."""
    height, width = plane.shape
    scale = side / max(height, width)
    size = [max(4, round(extent * scale)) for extent in (width, height)]
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)


def _without_strokes(copy: Plane, is_crop: bool) -> Levels:
    """Remove strokes by morphological closing of a reduced copy; light, shadow, and what lies beside paper stay."""
    side = SIDE // 2 if is_crop else SIDE
    stroke = int(MAX_THICKNESS * side) | 1  # none is thicker, as none is longer than the picture
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (stroke, stroke))
    border = stroke + 1
    # Border replicated: a dark strip along the edge becomes a wide one, which closing leaves alone.
    border_mode = cv2.BORDER_REFLECT if is_crop else cv2.BORDER_REPLICATE
    padded = cv2.copyMakeBorder(copy, border, border, border, border, border_mode)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)[border:-border, border:-border]
    return np.asarray(closed, np.float32)


def _without_light_strokes(copies: Sequence[Plane], closed: Sequence[Levels]) -> list[Plane]:
    """Remove strokes that are lighter than the paper in one channel and darker in another, as blue ones on brown."""
    shares = [copy / np.maximum(levels, 1.0) for copy, levels in zip(copies, closed, strict=True)]
    darkest = np.minimum.reduce(shares)
    result = []
    for copy, share in zip(copies, shares, strict=True):
        usual = cv2.medianBlur(copy, _KERNEL_SIZE // 2 | 1)
        is_stroke = (darkest < (1 - MIN_CONTRAST) * share) & (usual < (1 - MIN_CONTRAST) * copy)
        near = cv2.dilate(np.asarray(is_stroke, np.uint8), _BLOCK)
        result.append(np.where(near, np.minimum(copy, usual), copy))
    return result


def _gains(backgrounds: Sequence[Plane], copies: Sequence[Plane], planes: Sequence[Plane]) -> list[Levels]:
    """Gains 2 / (background of the channel + of the lightest channel), which turn deficits into shares of light.

    On yellow paper blue has little light but as much grain: a share of its own light would be mostly grain. Where a
    highlighter has darkened a channel, that one shows no ink.
    """
    levels = [np.asarray(paper, np.float32) for paper in backgrounds]
    lightest = np.maximum.reduce(levels)
    gains = [2 / np.maximum(channel_background + lightest, 1.0) for channel_background in levels]
    return [
        np.asarray(gain * (1 - highlight), np.float32)
        for gain, highlight in zip(gains, _highlight_masks(levels, gains, copies, planes), strict=True)
    ]


def _highlight_masks(
    backgrounds: Sequence[Levels], gains: Sequence[Levels], copies: Sequence[Plane], planes: Sequence[Plane]
) -> list[Levels]:
    """Masks of each channel where a highlighter has darkened it: 1 there, 0 elsewhere.

    A highlighter's mark is wide, fills the box around it, ends abruptly, and leaves a channel as light as the paper,
    but for what is written under it. A thick stroke may be as colored, but nothing is written in it. A digit on squared
    paper and the squares around it are one dark area on the copy alone: in the picture there is bare paper in between.
    """
    masks = [np.zeros(copy.shape, np.float32) for copy in copies]

    def find_lack(channels: Sequence[Plane]) -> list[NDArray[np.bool_]]:
        """Find where channels lack as much light as the edge of a shadow takes."""
        least = 1 - 1 / EDGE_OF_SHADOW
        return [
            np.asarray((paper - channel) * gain > least, np.bool_)
            for paper, gain, channel in zip(backgrounds, gains, channels, strict=True)
        ]

    if not any(channel.any() for channel in find_lack([close_strokes(copy) for copy in copies])):
        return masks
    darkened, inked = (
        find_lack([_reduced(close_strokes(plane), max(copies[0].shape)) for plane in planes]),
        find_lack(copies),
    )
    _, labels = cv2.connectedComponents(np.asarray(np.logical_or.reduce(darkened), np.uint8))
    for number in range(1, int(labels.max()) + 1):
        region = labels == number
        size = np.count_nonzero(region)
        _, sides, _ = cv2.minAreaRect(np.argwhere(region).astype(np.float32))
        is_wide = 2 * np.count_nonzero(cv2.erode(region.astype(np.uint8), _BLOCK)) > size
        is_written = any(_is_written_on(copy, region, channel) for copy, channel in zip(copies, inked, strict=True))
        if is_wide and 2 * size > (sides[0] + 1) * (sides[1] + 1) and is_written:
            near, far = (cv2.dilate(region.astype(np.uint8), _BLOCK, iterations=pixels) for pixels in (1, 2))
            around = far > near
            for mask, is_dark, copy in zip(masks, darkened, copies, strict=True):
                has_edge = around.any() and median(copy[around]) > EDGE_OF_SHADOW * median(copy[region])
                if has_edge and 2 * np.count_nonzero(is_dark & region) > size:
                    mask[region & is_dark] = 1
    return [np.asarray(cv2.dilate(mask, _BLOCK, iterations=2), np.float32) for mask in masks]


def _is_written_on(copy: Plane, region: NDArray[np.bool_], is_inked: NDArray[np.bool_]) -> bool:
    """Whether less than half of a region is inked in a channel, and stands out from it there, too.

    A thick stroke that hardly darkens a channel is inked in parts of it by chance.
    """
    written = copy[region & is_inked]
    if not 0 < 2 * len(written) < np.count_nonzero(region):
        return False
    return median(copy[region]) > EDGE_OF_SHADOW * median(written)


def _non_paper_mask(illumination: Levels) -> Levels:
    """Mask of dark connected components at the border with abrupt edges; a shadow is less dark, or has soft edges."""
    dark = (illumination < DARK_FRACTION * quantile(illumination, 0.8)).astype(np.uint8)
    non_paper = np.zeros_like(dark)
    if dark.any():
        abrupt_edges = (cv2.dilate(illumination, np.ones((7, 7), np.uint8)) > EDGE_OF_SHADOW * illumination) & (
            cv2.erode(dark, _BLOCK) == 0
        )
        rim = (dark > 0) & (cv2.erode(dark, _BLOCK) == 0)
        count, labels = cv2.connectedComponents(dark)
        for number in range(1, count):
            region = labels == number
            at_edge = region[[0, -1]].any() or region[:, [0, -1]].any()
            if at_edge and 2 * np.count_nonzero(abrupt_edges & region) > np.count_nonzero(rim & region) > 0:
                non_paper[region] = 1
    return np.asarray(cv2.dilate(non_paper, _BLOCK), np.float32)


def _gray(levels: NDArray[Any]) -> Plane:
    return np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8)
