"""Extraction of the ink of a picture: how much darker each pixel is than the paper would be there.

Detects the polarity and the working scale, divides out the background's `illumination`, and equalizes the contrast of
pale strokes. `rules` finds printed lines in it; `segmentation` the digits.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.engine import choice, native
from lenet.reading.foreground.components import count_on_border, label_components
from lenet.reading.foreground.illumination import MIN_CONTRAST, SIDE, close_strokes, estimate_background
from lenet.reading.normalization import DIGIT_SIDE
from lenet.reading.order_statistics import median

Ink = NDArray[np.float32]
Colors = NDArray[np.uint8]
Mask = NDArray[np.uint8]

LONGEST_SIDE = 800  # pixels looked at, twice as many where digits are small; larger pictures are reduced by area
CLEAR_DIGIT = 32  # pixels of the map: digits lower than those of MNIST are looked at again, at this height
GRAIN = 3.0  # standard deviations of the paper's grain that ink must stand out by
MIN_GRAIN = 1 / 255  # one gray level
SEPARATED = 0.7  # of the variance that two classes of levels explain if one of them is ink: of noise alone it is 0.64
SEPARATED_IN_THREE = 0.88  # the same of three classes: of noise alone it is 0.81
SHARES = (0.25, 0.38, 0.52)  # of full ink: above these, strokes are looked for, pale ones at the first
PALE = 0.7  # of full ink: strokes below it are brought up to it
MAX_GAIN = PALE / SHARES[0]  # of strokes: those as pale as the first share become as dark as that
CROP = 300  # pixels: a picture, or an ink map, no larger may be a crop around its digits

_BLOCK = np.ones((3, 3), np.uint8)


class Polarity(StrEnum):
    """Which gray levels are ink."""

    AUTO = "auto"
    INK_HIGH = "ink-high"
    PAPER_HIGH = "paper-high"

    @classmethod
    def _missing_(cls, value: object) -> "Polarity | None":
        return cls.AUTO if value == "found" else None  # as version 0.1 called it

    @property
    def opposite(self) -> "Polarity":
        """The other one of ink-high and paper-high."""
        return Polarity.PAPER_HIGH if self is Polarity.INK_HIGH else Polarity.INK_HIGH


@dataclass(frozen=True)
class InkMap:
    """The ink of a picture.

    Attributes:
        levels: float32 (h, w); 0 is paper, 1 would be black on white.
        noise: the standard deviation of the paper's grain, in levels.
        scale: pixels of the map for each pixel of the picture.
        polarity: which gray levels were taken for ink.
        unequalized: the levels before the contrast of pale strokes was equalized; None where they are the same.
        dark_areas: uint8 (h, w), 1 where areas at the edges were left out for their darkness, as a table or a sleeve;
            they may be paper in a deep shadow. None where there are none.
    """

    levels: Ink
    noise: float
    scale: float
    polarity: Polarity
    unequalized: Ink | None = None
    dark_areas: Mask | None = None

    @property
    def before_equalization(self) -> "InkMap":
        """The ink map with the contrast that strokes and print have in the picture."""
        return self if self.unequalized is None else self.with_levels(self.unequalized)

    @property
    def may_be_paper(self) -> bool:
        """Whether the ink of a crop may be the paper around a light digit: all at its border, along most of it."""
        if max(self.levels.shape) > CROP * self.scale:
            return False
        counts = count_on_border(label_components((self.levels > self.peak / 2).view(np.uint8))[0])
        return bool(2 * counts[0] < counts.sum() and counts[1:].all())

    def with_levels(self, levels: Ink) -> "InkMap":
        """A copy with other levels."""
        return replace(self, levels=levels, unequalized=None, dark_areas=None)

    def rotated(self, quarter_turns: int) -> "InkMap":
        """The ink map rotated clockwise."""
        planes = (self.levels, self.unequalized)
        levels, unequalized = (
            None if plane is None else np.ascontiguousarray(np.rot90(plane, -quarter_turns)) for plane in planes
        )
        assert levels is not None
        return replace(self, levels=levels, unequalized=unequalized, dark_areas=None)

    @cached_property
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


def find_ink(colors: Colors, polarity: Polarity = Polarity.AUTO) -> InkMap:
    """Extract the ink map of a picture.

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
    scaled = _resize(colors, scale)
    if polarity is Polarity.AUTO:
        polarity = find_polarity(scaled, is_crop=max(colors.shape) <= CROP)
    ink = _extract_ink(scaled, scale, polarity)
    refined_scale = _scale_for(_digit_height(ink), scale, max(colors.shape))
    return equalize_strokes(
        ink if refined_scale == scale else _extract_ink(_resize(colors, refined_scale), refined_scale, polarity)
    )


def find_ink_in_shadow(colors: Colors, ink: InkMap) -> InkMap | None:
    """Extract the ink map of a picture once more, the dark areas at its edges taken for paper in a shadow.

    None if there are none, or if most of them would be ink: paper is bare but for what is written, and a table has a
    grain, which would take long to read.
    """
    if ink.dark_areas is None:
        return None
    in_shadow = _extract_ink(_resize(colors, ink.scale), ink.scale, ink.polarity, dark_is_paper=True)
    is_grain = median(in_shadow.levels[ink.dark_areas > 0]) > GRAIN * in_shadow.noise
    return None if is_grain else equalize_strokes(in_shadow)


def find_polarity(colors: Colors, is_crop: bool = False) -> Polarity:
    """Detect the polarity from the sign of the skewness of gray levels about their local median.

    Ink is the rarer extreme, and so the longer tail.

    Light specks on a light page (gloss, a lamp's reflection) are not ink: the page must be dark for that.
    Nor is a sheet on a dark table: looked at closely, and away from the sheet's edges, the rarer extreme is dark.

    Args:
        colors: uint8 (h, w, 3), RGB.
        is_crop: whether digits may fill the picture. Then it holds no sheet on a table, and close to the edges of its
            strokes there is nothing else to look at.
    """
    gray = np.asarray(cv2.cvtColor(colors, cv2.COLOR_RGB2GRAY), np.uint8)
    if median_level(gray[:: 1 + len(gray) // 200]) >= 128:
        return Polarity.PAPER_HIGH
    small = np.asarray(cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA), np.uint8)
    if _third_moment(gray, _local_median(small, 17)) <= 0:
        return Polarity.PAPER_HIGH
    if is_crop:
        return Polarity.INK_HIGH
    local_median = _local_median(small, 9)
    edges = cv2.morphologyEx(local_median, cv2.MORPH_GRADIENT, _BLOCK) > 0.25 * np.ptp(small)
    flat_mask = np.asarray(cv2.erode(1 - edges.astype(np.uint8), _BLOCK), np.uint8)
    third_moment = _third_moment(gray, local_median, flat_mask)
    return Polarity.INK_HIGH if third_moment > 0 else Polarity.PAPER_HIGH


def _histogram(levels: Mask) -> NDArray[np.int64]:
    """Histogram of 256 levels."""
    return np.asarray(cv2.calcHist([levels], [0], None, [256], [0, 256]), np.int64).ravel()


def median_level(levels: Mask) -> float:
    """Median by counting, which is faster than the sorting of `numpy.median`."""
    counted = np.cumsum(_histogram(levels))
    middle = np.searchsorted(counted, [(levels.size - 1) // 2, levels.size // 2], side="right")
    return float(middle.mean())


def _local_median(small: Mask, kernel_size: int) -> Ink:
    """Median filter of a 32×32 copy, with replicated borders."""
    return np.asarray(cv2.medianBlur(small, kernel_size), np.float32)


def _third_moment(gray: Mask, local_median: Ink, mask: Mask | None = None) -> float:
    deviation = gray.astype(np.float32) - cv2.resize(local_median, gray.shape[::-1])
    if mask is not None:
        deviation *= cv2.resize(mask, gray.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return float((deviation * deviation * deviation).mean())  # far faster than a power


def _working_scale(colors: Colors) -> float:
    """The scale for pictures as they come: by a whole factor none is smaller than the copy that shows its light."""
    height, width = colors.shape[:2]
    if max(height, width) > LONGEST_SIDE:
        return LONGEST_SIDE / float(max(height, width))
    return float(max(1, min(-(-SIDE // min(height, width)), LONGEST_SIDE // max(height, width))))


def _scale_for(height: float, scale: float, longest: int) -> float:
    """The working scale for digits of this height at the present scale."""
    if scale > 1 or not 0 < height < DIGIT_SIDE:
        return scale
    refined = min(scale * CLEAR_DIGIT / height, 2 * LONGEST_SIDE / longest)
    return float(round(refined)) if refined > 1.5 else min(1.0, refined)


def _resize(colors: Colors, scale: float) -> Colors:
    """Resize a picture, halved before as often as it can be, which for areas is nearly the same and faster."""
    if scale == 1:
        return colors
    height, width = colors.shape[:2]
    halvings = 0
    while scale <= 0.5 and not (height % 2 or width % 2):
        height, width, scale, halvings = height // 2, width // 2, 2 * scale, halvings + 1
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    if scale < 1 and choice.choose_engine() in choice.INSTRUCTION_SETS:
        reduced = native.reduce_colors(colors, halvings, size)
        if reduced is not None:
            return reduced
    return resize_by_opencv(colors, halvings, size)


def resize_by_opencv(colors: Colors, halvings: int, size: tuple[int, int]) -> Colors:
    """Resize by OpenCV: the reference of `lenet.engine.native.reduce_colors`; it also enlarges."""
    for _ in range(halvings):
        colors = np.asarray(cv2.resize(colors, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    if colors.shape[:2] == size:
        return colors
    interpolation = cv2.INTER_AREA if size < colors.shape[:2] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(colors, size[::-1], interpolation=interpolation), np.uint8)


def _extract_ink(colors: Colors, scale: float, polarity: Polarity, dark_is_paper: bool = False) -> InkMap:
    paper_high = np.asarray(cv2.bitwise_not(colors) if polarity is Polarity.INK_HIGH else colors, np.uint8)
    darkness, dark_areas = _measure_darkness(paper_high, scale, dark_is_paper)
    # Enlargement also enlarges grain and the fine lines of security paper: the smoothing grows with it.
    darkness = np.asarray(cv2.GaussianBlur(darkness, (0, 0), max(0.8, 0.4 * scale) if scale >= 1 else 1.0), np.float32)
    quantized, counts = _quantize(darkness)
    ink = _subtract_paper(darkness, _mask_paper(quantized, counts), scale, polarity)
    if not ink.thresholds(SHARES):  # or are printed rules half of what was taken for its grain?
        ink = _subtract_paper(darkness, _mask_lightest_paper(quantized, counts), scale, polarity)
    return replace(ink, dark_areas=dark_areas)


def _subtract_paper(darkness: Ink, paper: Mask, scale: float, polarity: Polarity) -> InkMap:
    """Subtract the paper's level: the ink map, with the noise of the paper by its levels' median deviation."""
    levels = darkness - _level_of_paper(darkness, paper)
    sample = (slice(None, None, 1 + levels.size // 200_000),) * 2
    if not paper[sample].any():  # so little of it that the sample misses it
        sample = (slice(None),) * 2
    noise = 1.4826 * median(np.abs(levels[sample][paper[sample] > 0]))
    return InkMap(np.maximum(levels, 0.0), max(noise, MIN_GRAIN), scale, polarity)


def _measure_darkness(paper_high: Colors, scale: float, dark_is_paper: bool) -> tuple[Ink, Mask | None]:
    """Normalize the illumination: each pixel's darkness relative to the background, maximum over the channels.

    And a mask of the areas that have no paper in any of them; None if there are none.
    """
    planes = [np.asarray(plane, np.uint8) for plane in cv2.split(paper_high)]
    if all(np.array_equal(planes[0], plane) for plane in planes[1:]):
        planes = planes[:1]
    size = (paper_high.shape[1], paper_high.shape[0])
    measure = (
        native.measure_darkness if choice.choose_engine() in choice.INSTRUCTION_SETS else measure_darkness_by_opencv
    )
    darkness: Ink | None = None
    backgrounds = estimate_background(planes, max(paper_high.shape) <= CROP * scale, dark_is_paper)
    for plane, local in zip(planes, backgrounds, strict=True):
        nearby = close_strokes(plane) if local.has_edges else plane
        expected = np.asarray(cv2.resize(local.background, size), np.uint8)
        minimum = None if local.minimum is None else np.asarray(cv2.resize(local.minimum, size), np.uint8)
        gain = np.asarray(cv2.resize(local.gain, size), np.float32)
        darkness = measure(plane, nearby, expected, minimum, gain, darkness)
    assert darkness is not None
    without_paper = (np.maximum.reduce([local.gain for local in backgrounds]) == 0).view(np.uint8)
    return darkness, np.asarray(
        cv2.resize(without_paper, size, interpolation=cv2.INTER_NEAREST), np.uint8
    ) if without_paper.any() else None


def measure_darkness_by_opencv(
    levels: Mask, nearby: Mask, expected: Mask, minimum: Mask | None, gain: Ink, darkness: Ink | None
) -> Ink:
    """Measure darkness by OpenCV: the reference of `lenet.engine.native.measure_darkness`."""
    paper = expected if minimum is None else cv2.min(expected, cv2.max(nearby, minimum))
    deficit = cv2.subtract(paper, levels, dtype=cv2.CV_32F)
    cv2.multiply(deficit, gain, dst=deficit)
    return np.asarray(deficit if darkness is None else cv2.max(darkness, deficit), np.float32)


def quantize_darkness_by_numpy(darkness: Ink) -> tuple[Mask, NDArray[np.int64]]:
    """Quantize darkness by NumPy: the reference of `lenet.engine.native.quantize_darkness`."""
    quantized = np.asarray(np.clip((darkness + 0.1) * (255 / 1.1), 0, 255), np.uint8)
    return quantized, _histogram(quantized)


def _quantize(darkness: Ink) -> tuple[Mask, NDArray[np.int64]]:
    is_native = choice.choose_engine() in choice.INSTRUCTION_SETS
    return (native.quantize_darkness if is_native else quantize_darkness_by_numpy)(darkness)


def _mask_lightest_paper(quantized: Mask, counts: NDArray[np.int64]) -> Mask:
    """Mask the levels about the most frequent ones, as far to the dark as they go to the light.

    Grain goes as far to either side; what goes farther to the dark is printed or written.
    """
    lightest = int(np.argmax(counts > counts.mean()))
    mode = max(lightest, int(np.convolve(counts, np.bartlett(11), "same").argmax()))
    return (quantized <= 2 * mode - lightest).astype(np.uint8)


def _mask_paper(quantized: Mask, counts: NDArray[np.int64]) -> Mask:
    """Mask the paper by Otsu's threshold: 1 outside the dilated darker class; all 1 if the classes do not separate.

    Where two classes do not separate, three may: paper, its printed rules, and what is written.
    """
    probability, bins = counts / counts.sum(), np.arange(256)
    class_probability, class_sum = np.cumsum(probability), np.cumsum(probability * bins)
    mean = class_sum[-1]
    variance = float(probability @ (bins - mean) ** 2)
    between_class_variance = (mean * class_probability - class_sum) ** 2 / np.maximum(
        class_probability * (1 - class_probability), 1e-9
    )
    threshold = int(between_class_variance.argmax())
    if between_class_variance.max() <= SEPARATED * variance:
        explained, threshold = _three_classes(class_probability, class_sum)
        if explained <= SEPARATED_IN_THREE * variance:
            return np.ones_like(quantized)
    ink = (quantized > threshold).astype(np.uint8)
    paper = np.asarray(1 - cv2.dilate(ink, np.ones((5, 5), np.uint8)), np.uint8)
    return paper if np.count_nonzero(paper) > 0.1 * paper.size else 1 - ink


def _three_classes(class_probability: NDArray[np.float64], class_sum: NDArray[np.float64]) -> tuple[float, int]:
    """The variance between the three classes that explain most, and the lower threshold, of cumulative levels."""
    mean = class_sum[-1]
    low, high = class_probability[:, None], class_probability[None]
    below = class_sum[:, None] ** 2 / np.maximum(low, 1e-9)
    between = (class_sum[None] - class_sum[:, None]) ** 2 / np.maximum(high - low, 1e-9)
    above = (mean - class_sum[None]) ** 2 / np.maximum(1 - high, 1e-9)
    explained = np.triu(below + between + above - mean**2, 1)
    first, _ = np.unravel_index(int(explained.argmax()), explained.shape)
    return float(explained.max()), int(first)


def _level_of_paper(darkness: Ink, paper: Mask) -> Ink:
    """Local mean of the darkness of paper (normalized convolution): closing overestimates the background by grain."""
    height, width = darkness.shape
    scale = SIDE / 2 / max(height, width)
    size = [max(4, round(side * scale)) for side in (width, height)]
    planes = [
        cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (darkness * paper, paper.astype(np.float32))
    ]
    mean = float(planes[0].sum() / max(planes[1].sum(), 1e-6))
    level, coverage = (cv2.GaussianBlur(plane, (0, 0), 3) for plane in planes)
    weight = 0.05  # of the mean, where there is no paper
    local_mean = (level + weight * mean) / (coverage + weight)
    return np.asarray(cv2.resize(local_mean, (width, height)), np.float32)


def _digit_height(ink: InkMap) -> float:
    """The typical height of the ink's components, in pixels of the map; 0 if unknown."""
    thresholds = ink.thresholds(SHARES[1:2])
    if not thresholds:
        return 0.0
    mask = (ink.levels > thresholds[0]).view(np.uint8)
    return median_height(label_components(mask)[1], ink.levels.shape)


def median_height(statistics: NDArray[np.int32], shape: tuple[int, ...]) -> float:
    """Area-weighted median height of connected components, those that cross the picture left out.

    Args:
        statistics: of the background, number 0, and of each component, as `label_components` gives them.
        shape: (height, width) of the picture.

    Returns:
        Pixels; 0 if there are no components, or if those that cross the picture have most of the area.
    """
    heights, widths, areas = (statistics[1:, i] for i in (cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH, cv2.CC_STAT_AREA))
    inside = np.maximum(heights / shape[0], widths / shape[1]) < 0.9
    if 2 * areas[inside].sum() <= areas.sum():
        return 0.0
    order = np.argsort(heights[inside])
    areas = np.cumsum(areas[inside][order])
    return float(heights[inside][order][np.searchsorted(areas, areas[-1] / 2)])


def equalize_strokes(ink: InkMap) -> InkMap:
    """Equalize the contrast of strokes by component, so that one share of the peak thresholds all at the same depth."""
    peak = ink.peak
    threshold = max(0.1 * peak, 2 * GRAIN * ink.noise, MIN_CONTRAST)
    if peak < 2 * threshold:
        return ink
    mask = (ink.levels > threshold).view(np.uint8)
    labels, statistics = label_components(mask)
    height = median_height(statistics, mask.shape)
    heights, widths = statistics[:, cv2.CC_STAT_HEIGHT], statistics[:, cv2.CC_STAT_WIDTH]
    like_digits = (heights > 0.5 * height) & (heights < 2 * height) & (widths < 2 * height)
    like_digits[0] = False
    if not like_digits.any():
        return ink
    inked = np.flatnonzero(mask.view(np.bool_))
    numbers = labels.ravel()[inked]
    order = np.argsort(numbers, kind="stable")
    starts = np.searchsorted(numbers[order], np.arange(1, len(statistics)))
    darkest = np.maximum.reduceat(ink.levels.ravel()[inked][order], starts)
    gains = np.ones(len(statistics), np.float32)
    gains[1:] = np.clip(PALE * peak / darkest, 1.0, MAX_GAIN)
    gains[~like_digits] = 1.0
    return replace(ink, levels=ink.levels * gains[labels], unequalized=ink.levels) if gains.max() > 1 else ink
