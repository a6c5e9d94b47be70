"""Handwriting on an aligned page, without its print: strokes that cross printed rules stay whole."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.forms.alignment import AlignedPage, Levels, Sheet

GROWTH = 1  # pixels on each side that print may be wider than on the sheet: alignment, blur, and the printer's ink
SHARPENING, BLUR = 1.5, 1.5  # share of what a Gaussian blur of so many pixels takes away that is added again
FAINT = 0.2  # of full print: paler is paper
CORE = 0.6  # of full print: the middle of a rule, whose level says how dark the page's print is
EXCESS, MIN_EXCESS = 0.35, 0.15  # of that level, and of paper's light: ink darker than expected there is a pen's
SLANTS = (0, 1, -1, 2, -2)  # halves of a pixel sideways for each pixel across: strokes may cross a rule aslant


def written_levels(page: AlignedPage, sheet: Sheet, window: tuple[slice, slice], growth: int = GROWTH) -> Levels:
    """The ink within a window of the sheet that is not printed.

    Printed pixels are filled with what stands on both sides of the print, straight across or aslant: a stroke that
    crosses a rule goes on, and one that ends at it ends there.

    Args:
        page: the page, aligned.
        sheet: of its form.
        window: rows and columns of the sheet.
        growth: pixels on each side that print is taken to be wider than on the sheet.

    Returns:
        float32, levels as those of the page.
    """
    levels, printed = page.levels[window], sheet.levels[window] / max(sheet.peak, 1e-3)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * growth + 1,) * 2)
    mask = np.asarray(cv2.dilate((printed > FAINT).view(np.uint8), disk), np.uint8)
    if not mask.any():
        return levels
    bare = np.where(mask > 0, np.float32(0), levels)
    filled = np.zeros_like(bare)
    for is_level in (True, False):
        filled = np.maximum(filled, _restore_strokes(bare, mask, is_level))
    filled = np.minimum(filled, levels)
    core = printed > CORE
    gain = float(np.median(levels[core])) if core.any() else 0.0
    expected = gain * np.clip(cv2.dilate(printed, np.ones((3, 3), np.uint8)) / CORE, 0, 1.2)
    is_pen = levels - expected > max(EXCESS * gain, MIN_EXCESS)  # a stroke that runs along a rule, at its side
    return np.asarray(np.where((mask > 0) & ~is_pen, filled, levels), np.float32)


def sharpen(levels: Levels) -> Levels:
    """Unsharp masking: lens, sensor and resampling have blurred what is written, and closed small loops with it."""
    blurred = cv2.GaussianBlur(levels, (0, 0), BLUR)
    return np.asarray(np.maximum(levels + np.float32(SHARPENING) * (levels - blurred), 0), np.float32)


def _restore_strokes(bare: Levels, mask: NDArray[np.uint8], is_level: bool) -> Levels:
    """Restore strokes that cross horizontal, or vertical, print: the lesser of what stands before and behind it."""
    if not is_level:
        return np.asarray(
            _restore_strokes(np.ascontiguousarray(bare.T), np.ascontiguousarray(mask.T), True).T, np.float32
        )
    height = mask.shape[0]
    rows = np.arange(height)[:, None]
    above = np.maximum.accumulate(np.where(mask == 0, rows, -1), axis=0)  # the nearest bare row above and below
    below = np.minimum.accumulate(np.where(mask == 0, rows, height)[::-1], axis=0)[::-1]
    thickness = below - above - 1
    is_thin = (mask > 0) & (above >= 0) & (below < height) & (thickness <= 16)
    result = np.zeros_like(bare)
    ys, xs = np.nonzero(is_thin)
    if not len(ys):
        return result
    up, down = above[ys, xs], below[ys, xs]
    for slant in SLANTS:
        lean = slant / 2
        left = np.clip(np.rint(xs - lean * (ys - up)).astype(int), 0, mask.shape[1] - 1)
        right = np.clip(np.rint(xs + lean * (down - ys)).astype(int), 0, mask.shape[1] - 1)
        before = np.maximum(bare[up, left], bare[np.maximum(up - 1, 0), left])
        behind = np.maximum(bare[down, right], bare[np.minimum(down + 1, height - 1), right])
        result[ys, xs] = np.maximum(result[ys, xs], np.minimum(before, behind))
    return result
