"""From a picture to its ink: how much darker each place is than the paper would be there.

Finds which side is ink, estimates the paper's light and divides it out. What the ink shows is segmentation's.
"""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

Ink = NDArray[np.float32]
Colors = NDArray[np.uint8]

LONGEST_SIDE = 800  # pixels looked at; larger pictures are reduced by area
SHORTEST_SIDE = 100  # smaller pictures are enlarged, by a whole factor
LEAST_CONTRAST = 0.06  # ink must be this much darker than the paper, as a share of the paper's light

_LIGHT_SIDE = 48  # the longer side of the copy on which the paper's light is estimated
_LIGHT_KERNEL = 13  # wider than any stroke, in pixels of that copy
_DARKEST_PAPER = 20.0


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
        count = min(self.levels.size, max(60, int(0.002 * self.levels.size)))
        flat = self.levels.ravel()
        return float(np.partition(flat, flat.size - count)[-count:].mean())

    def thresholds(self, shares: tuple[float, ...]) -> list[float]:
        """Shares of the peak, no lower than the grain of the paper; none if nothing stands out from it."""
        peak = self.peak
        if peak < LEAST_CONTRAST:
            return []
        levels = (max(share * peak, 3 * self.noise) for share in shares)
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
    colors, scale = _at_working_size(colors)
    if polarity is Polarity.FOUND:
        polarity = find_polarity(colors)
    paper_high = (255 - colors if polarity is Polarity.INK_HIGH else colors).astype(np.float32)
    light = paper_high / _light(paper_high)
    least = np.minimum(np.minimum(light[..., 0], light[..., 1]), light[..., 2])  # ten times faster than min(axis=2)
    darkest = np.clip(1.0 - least, 0.0, 1.0)
    darkness = cv2.GaussianBlur(darkest, (0, 0), 0.8 if scale >= 1 else 1.0)
    paper = _median(darkness)
    # Only pixels lighter than the middle tell of grain: in a tight crop the darker half is ink.
    lighter = paper - darkness[darkness < paper]
    noise = 1.4826 * _median(lighter) if lighter.size > 9 else 0.0
    return InkMap(np.maximum(darkness - paper, 0.0).astype(np.float32), max(noise, 0.004), scale, polarity)


def find_polarity(colors: Colors) -> Polarity:
    """Ink is the rarer extreme: which one, the third moment around the local middle tells.

    Light specks on a light page (gloss, a lamp's reflection) are not ink: the page must be dark for that.
    """
    gray = cv2.cvtColor(colors, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA)
    framed = cv2.copyMakeBorder(small, 8, 8, 8, 8, cv2.BORDER_REPLICATE)
    middle = cv2.medianBlur(framed, 17)[8:-8, 8:-8].astype(np.float32)
    departure = gray.astype(np.float32) - cv2.resize(middle, gray.shape[::-1])
    light_is_rare = float((departure * departure * departure).mean()) > 0  # far faster than a power
    return Polarity.INK_HIGH if light_is_rare and np.median(gray) < 128 else Polarity.PAPER_HIGH


def _at_working_size(colors: Colors) -> tuple[Colors, float]:
    height, width = colors.shape[:2]
    if max(height, width) > LONGEST_SIDE:
        scale = LONGEST_SIDE / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        return np.asarray(cv2.resize(colors, size, interpolation=cv2.INTER_AREA), np.uint8), scale
    factor = min(-(-SHORTEST_SIDE // min(height, width)), LONGEST_SIDE // max(height, width))
    if factor < 2:
        return colors, 1.0
    larger = cv2.resize(colors, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return np.asarray(larger, np.uint8), float(factor)


def _light(paper_high: NDArray[np.float32]) -> NDArray[np.float32]:
    """The light of the bare paper at every pixel: closing takes strokes away, what is left varies slowly."""
    height, width = paper_high.shape[:2]
    scale = _LIGHT_SIDE / max(height, width)
    size = (max(4, round(width * scale)), max(4, round(height * scale)))
    small = cv2.resize(paper_high, size, interpolation=cv2.INTER_AREA)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_LIGHT_KERNEL, _LIGHT_KERNEL))
    framed = cv2.copyMakeBorder(small, *(14,) * 4, cv2.BORDER_REFLECT)
    light = cv2.GaussianBlur(cv2.morphologyEx(framed, cv2.MORPH_CLOSE, kernel), (0, 0), 3)[14:-14, 14:-14]
    return np.maximum(cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR), _DARKEST_PAPER)


def _median(levels: NDArray[np.float32]) -> float:
    """As np.median, which looks for three places at once and takes ten times as long for it."""
    half = levels.size // 2
    ordered = np.partition(levels, half, axis=None)
    upper = ordered[half]
    return float(upper if levels.size % 2 else (ordered[:half].max() + upper) / 2)
