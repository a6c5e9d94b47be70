"""Extraction of the ink of a picture: how much darker each pixel is than the paper would be there.

Detects the polarity and the working scale, divides out the paper's `light`, and raises pale strokes to the level of the
others. `rules` finds printed lines in it; `segmentation` the digits.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.foreground.light import find_light

Ink = NDArray[np.float32]
Colors = NDArray[np.uint8]
Mask = NDArray[np.uint8]

LONGEST_SIDE = 800  # pixels looked at; larger pictures are reduced by area, unless their digits are small
SHORTEST_SIDE = 100  # smaller pictures are enlarged, by a whole factor
LONGEST_SIDE_OF_SMALL = 1600  # pixels looked at, at most, when digits are small
SMALL_DIGIT, CLEAR_DIGIT = 20, 32  # pixels of the map: lower digits are looked at again, at the second height
MIN_CONTRAST = 0.06  # ink must be this much darker than the paper, as a share of the paper's light
GRAIN = 3.0  # standard deviations of the paper's grain that ink must stand out by
SEPARATED = 0.7  # of the variance that two classes of levels explain if one of them is ink: of noise alone it is 0.64
PALE, MAX_GAIN = 0.7, 3.0  # strokes below this share of full ink are brought up to it, by this factor at most
CROP = 300  # pixels of the picture: one no larger may be a crop around its digits

_BLOCK = np.ones((3, 3), np.uint8)


class Polarity(StrEnum):
    """Which gray levels are ink."""

    FOUND = "found"
    INK_HIGH = "ink-high"
    PAPER_HIGH = "paper-high"


@dataclass(frozen=True)
class InkMap:
    """The ink of a picture.

    Attributes:
        levels: float32 (h, w); 0 is paper, 1 would be black on white.
        noise: the standard deviation of the paper's grain, in levels.
        scale: pixels of the map for each pixel of the picture.
        polarity: which gray levels were taken for ink.
    """

    levels: Ink
    noise: float
    scale: float
    polarity: Polarity

    @property
    def peak(self) -> float:
        """The level of full ink: the mean of the darkest 0.2 % of the pixels, at least 60 of them."""
        levels = self.levels[self.levels > MIN_CONTRAST / 2]
        count = min(levels.size, max(60, int(0.002 * self.levels.size)))
        return float(np.sort(levels)[-count:].mean()) if count else 0.0

    def thresholds(self, shares: tuple[float, ...]) -> list[float]:
        """Shares of the peak, no lower than the grain of the paper; none if nothing stands out from it."""
        peak = self.peak
        if peak < MIN_CONTRAST:
            return []
        levels = (max(share * peak, GRAIN * self.noise) for share in shares)
        return list(dict.fromkeys(level for level in levels if level < 0.9 * peak))


def find_ink(colors: Colors, polarity: Polarity = Polarity.FOUND) -> InkMap:
    """The ink map of a picture.

    Args:
        colors: uint8 (H, W, 3), RGB.
        polarity: which gray levels are ink, if it is known.

    >>> page = np.full((120, 120, 3), 200, np.uint8)
    >>> page[30:90, 55:65] = 40
    >>> ink = find_ink(page)
    >>> bool(ink.levels[60, 60] > 0.7), bool(ink.levels[60, 20] < 0.01), ink.polarity.value
    (True, True, 'paper-high')
    """
    scale = _working_scale(colors)
    scaled = _resized(colors, scale)
    if polarity is Polarity.FOUND:
        polarity = find_polarity(scaled)
    ink = _ink(scaled, scale, polarity)
    better = _scale_for(_digit_height(ink), scale, max(colors.shape))
    return _evened(ink if better == scale else _ink(_resized(colors, better), better, polarity))


def find_polarity(colors: Colors) -> Polarity:
    """Ink is the rarer extreme: which one, the third moment around the local middle tells.

    Light specks on a light page (gloss, a lamp's reflection) are not ink: the page must be dark for that.
    Nor is a sheet on a dark table: looked at closely, and away from the sheet's edges, the rarer extreme is dark.
    """
    gray = np.asarray(cv2.cvtColor(colors, cv2.COLOR_RGB2GRAY), np.uint8)
    small = np.asarray(cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA), np.uint8)
    is_dark = float(np.median(gray[:: 1 + len(gray) // 200])) < 128
    if not is_dark or _third_moment(gray, _middle(small, 17)) <= 0:
        return Polarity.PAPER_HIGH
    middle = _middle(small, 9)
    steps = cv2.morphologyEx(middle, cv2.MORPH_GRADIENT, _BLOCK) > 0.25 * np.ptp(small)
    level = np.asarray(cv2.erode(1 - steps.astype(np.uint8), _BLOCK), np.uint8)
    moment = _third_moment(gray, middle, level)
    return Polarity.INK_HIGH if moment > 0 else Polarity.PAPER_HIGH


def _middle(small: Mask, window: int) -> Ink:
    """The median around each pixel of a copy of 32x32."""
    framed = cv2.copyMakeBorder(small, 8, 8, 8, 8, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.medianBlur(framed, window)[8:-8, 8:-8], np.float32)


def _third_moment(gray: Mask, middle: Ink, counted: Mask | None = None) -> float:
    departure = gray.astype(np.float32) - cv2.resize(middle, gray.shape[::-1])
    if counted is not None:
        departure *= cv2.resize(counted, gray.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return float((departure * departure * departure).mean())  # far faster than a power


def _working_scale(colors: Colors) -> float:
    height, width = colors.shape[:2]
    if max(height, width) > LONGEST_SIDE:
        return LONGEST_SIDE / float(max(height, width))
    return float(max(1, min(-(-SHORTEST_SIDE // min(height, width)), LONGEST_SIDE // max(height, width))))


def _scale_for(height: float, scale: float, longest: int) -> float:
    """The working scale for digits of this height at the present scale."""
    if scale > 1 or not 0 < height < SMALL_DIGIT:
        return scale
    better = min(scale * CLEAR_DIGIT / height, LONGEST_SIDE_OF_SMALL / longest)
    better = float(round(better)) if better > 1.5 else min(1.0, better)
    return better if better > 1.2 * scale else scale


def _resized(colors: Colors, scale: float) -> Colors:
    if scale == 1:
        return colors
    size = (max(1, round(colors.shape[1] * scale)), max(1, round(colors.shape[0] * scale)))
    return np.asarray(
        cv2.resize(colors, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8
    )


def _ink(colors: Colors, scale: float, polarity: Polarity) -> InkMap:
    darkness = _darkness(np.asarray(cv2.bitwise_not(colors) if polarity is Polarity.INK_HIGH else colors), scale)
    # Enlargement also enlarges grain and the fine lines of security paper: the smoothing grows with it.
    darkness = np.asarray(cv2.GaussianBlur(darkness, (0, 0), max(0.8, 0.4 * scale) if scale >= 1 else 1.0), np.float32)
    paper = _paper(darkness)
    darkness -= _level_of_paper(darkness, paper)
    sample = (slice(None, None, 1 + darkness.size // 200_000),) * 2
    noise = 1.4826 * float(np.median(np.abs(darkness[sample][paper[sample] > 0]), overwrite_input=True))
    return InkMap(np.maximum(darkness, 0.0), max(noise, 0.004), scale, polarity)


def _darkness(paper_high: Colors, scale: float) -> Ink:
    """The darkness of each pixel relative to the paper's light, in the channel where it is largest."""
    planes = [np.asarray(plane, np.uint8) for plane in cv2.split(paper_high)]
    if all(np.array_equal(planes[0], plane) for plane in planes[1:]):
        planes = planes[:1]
    size = (paper_high.shape[1], paper_high.shape[0])
    darkness: Ink | None = None
    for plane, light in zip(planes, find_light(planes, max(paper_high.shape) <= CROP * scale), strict=True):
        expected = cv2.resize(light.paper, size)
        if light.darkest is not None:
            expected = cv2.min(expected, cv2.max(plane, cv2.resize(light.darkest, size)))
        lacking = cv2.subtract(expected, plane, dtype=cv2.CV_32F)
        cv2.multiply(lacking, cv2.resize(light.unit, size), dst=lacking)
        darkness = np.asarray(lacking if darkness is None else cv2.max(darkness, lacking), np.float32)
    assert darkness is not None
    return darkness


def _paper(darkness: Ink) -> Mask:
    """1 where there is surely paper: away from the darker of two classes of levels, if there are two (Otsu)."""
    coarse = np.asarray(np.clip((darkness + 0.1) * (255 / 1.1), 0, 255), np.uint8)
    counts = np.bincount(coarse.ravel(), minlength=256)
    share, bins = counts / counts.sum(), np.arange(256)
    below, sum_below = np.cumsum(share), np.cumsum(share * bins)
    mean = sum_below[-1]
    between = (mean * below - sum_below) ** 2 / np.maximum(below * (1 - below), 1e-9)
    if between.max() <= SEPARATED * float(share @ (bins - mean) ** 2):
        return np.ones_like(coarse)
    ink = (coarse > int(between.argmax())).astype(np.uint8)
    paper = np.asarray(1 - cv2.dilate(ink, np.ones((5, 5), np.uint8)), np.uint8)
    return paper if np.count_nonzero(paper) > 0.1 * paper.size else 1 - ink


def _level_of_paper(darkness: Ink, paper: Mask) -> Ink:
    """The mean level of the paper around each pixel: closing overestimates its light by the lightest grain."""
    height, width = darkness.shape
    scale = 48 / max(height, width)
    size = (max(4, round(width * scale)), max(4, round(height * scale)))
    share = cv2.resize(paper.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    level = cv2.resize(darkness * paper, size, interpolation=cv2.INTER_AREA)
    mean = float(level.sum() / max(share.sum(), 1e-6))
    around = (cv2.GaussianBlur(level, (0, 0), 3) + 0.05 * mean) / (cv2.GaussianBlur(share, (0, 0), 3) + 0.05)
    return np.asarray(cv2.resize(around, (width, height)), np.float32)


def _digit_height(ink: InkMap) -> float:
    """The typical height of the ink's components, in pixels of the map; 0 if unknown."""
    thresholds = ink.thresholds((0.38,))
    if not thresholds:
        return 0.0
    mask = (ink.levels > thresholds[0]).view(np.uint8)
    return middle_height(np.asarray(cv2.connectedComponentsWithStats(mask)[2], np.int32), ink.levels.shape)


def middle_height(statistics: NDArray[np.int32], shape: tuple[int, ...]) -> float:
    """The height that halves the area of components, those that cross the picture left out.

    Args:
        statistics: as `cv2.connectedComponentsWithStats` gives them; the first is the background.
        shape: (height, width) of the picture.

    Returns:
        Pixels; 0 if there are no components, or if those that cross the picture have most of the area.
    """
    heights, widths, areas = (statistics[1:, i] for i in (cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH, cv2.CC_STAT_AREA))
    inside = (heights < 0.9 * shape[0]) & (widths < 0.9 * shape[1])
    if 2 * areas[inside].sum() <= areas.sum():
        return 0.0
    order = np.argsort(heights[inside])
    areas = np.cumsum(areas[inside][order])
    return float(heights[inside][order][np.searchsorted(areas, areas[-1] / 2)])


def _evened(ink: InkMap) -> InkMap:
    """Raise pale strokes toward full ink, so that one share of the peak thresholds every digit at the same depth."""
    peak = ink.peak
    threshold = max(0.1 * peak, 2 * GRAIN * ink.noise, MIN_CONTRAST)
    if peak < 2 * threshold:
        return ink
    mask = (ink.levels > threshold).view(np.uint8)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask)
    height = middle_height(np.asarray(statistics, np.int32), mask.shape)
    heights, widths = statistics[:, cv2.CC_STAT_HEIGHT], statistics[:, cv2.CC_STAT_WIDTH]
    like_digits = (heights > 0.5 * height) & (heights < 2 * height) & (widths < 2 * height)
    like_digits[0] = False
    if not like_digits.any():
        return ink
    inked = np.flatnonzero(labels)
    numbers = labels.ravel()[inked]
    order = np.argsort(numbers, kind="stable")
    starts = np.searchsorted(numbers[order], np.arange(1, count))
    darkest = np.maximum.reduceat(ink.levels.ravel()[inked][order], starts)
    gains = np.ones(count, np.float32)
    gains[1:] = np.clip(PALE * peak / darkest, 1.0, MAX_GAIN)
    gains[~like_digits] = 1.0
    return replace(ink, levels=ink.levels * gains[labels]) if gains.max() > 1 else ink
