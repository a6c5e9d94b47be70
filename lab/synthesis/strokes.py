"""Stroke rendering: binary masks of digits, letters and signs in varied handwriting, to train the reader's network.

A mask is uint8 (H, W) of 0 and 1, about 80 pixels high and cropped to its ink. MNIST's digits are enlarged; fonts
bring the shapes that MNIST lacks; both are slanted, turned, stretched, bent, and redrawn with another pen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lab.synthesis.fonts import HandwritingFont
from lenet.reading.normalization import redraw, stroke_width

Mask = NDArray[np.uint8]
Generator = np.random.Generator

# Letters and signs that are nobody's digit; left out are twins: O of 0, l of 1, Z of 2, S of 5, b of 6, B of 8.
LETTERS = "acdefhkmnprtuvwxACEFHKLMNPRTUVWXY"
SYMBOLS = "+=%&@#$?*€£~"

FONT_SHARE, STROKE_SHARE = 0.25, 0.05  # digits of fonts, and drawn stroke by stroke; the rest are MNIST's
_HEIGHT = 80.0
_CANVAS = 160
_GLYPH = 96  # the size at which fonts are drawn


@dataclass(frozen=True)
class StrokeRenderer:
    """Renders digits from pictures of digits, uint8 (N, 28, 28), with their labels, and from handwriting fonts."""

    images: NDArray[np.uint8]
    labels: NDArray[np.integer]
    fonts: Sequence[HandwritingFont]

    @cached_property
    def _opened(self) -> list[ImageFont.FreeTypeFont]:
        return [ImageFont.truetype(str(font.path), _GLYPH) for font in self.fonts]

    def digit(self, rng: Generator) -> tuple[Mask, int]:
        """Render a random digit: its mask and its label."""
        kind = rng.random()
        if kind < STROKE_SHARE:
            return _stroke_by_stroke(rng)
        if kind < STROKE_SHARE + FONT_SHARE:
            label = int(rng.integers(10))
            return self.written(str(label), rng), label
        index = int(rng.integers(len(self.images)))
        large = np.asarray(self.images[index], np.float32) / 255
        mask = _redrawn(large, 4.0, 1.6, rng)
        return (mask, int(self.labels[index])) if mask is not None else self.digit(rng)

    def written(self, text: str, rng: Generator) -> Mask:
        """Render a text of a few characters in a random font."""
        font = self._opened[int(rng.integers(len(self._opened)))]
        left, top, right, bottom = font.getbbox(text)
        canvas = Image.new("L", (max(1, int(right - left)) + 8, max(1, int(bottom - top)) + 8))
        ImageDraw.Draw(canvas).text((4 - left, 4 - top), text, 255, font)
        glyph = np.asarray(canvas, np.float32) / 255
        mask = _redrawn(glyph, _HEIGHT / max(glyph.shape), 0.8, rng)
        return mask if mask is not None else self.written(text, rng)


def _redrawn(glyph: NDArray[np.float32], enlargement: float, blur: float, rng: Generator) -> Mask | None:
    """A glyph slanted, turned, stretched, bent, and drawn with another pen; None if hardly anything is left."""
    slant, angle, stretch = rng.normal(0.06, 0.27), rng.normal(0, 0.08), np.exp(rng.normal(0, 0.14))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = rotation @ np.array([[stretch, -slant], [0, 1]]) * enlargement
    center = (np.array(glyph.shape[::-1]) - 1) / 2
    inverse = np.linalg.inv(matrix)
    y, x = np.mgrid[:_CANVAS, :_CANVAS].astype(np.float32) - _CANVAS / 2
    if rng.random() < 0.7:
        bend = rng.normal(0, rng.uniform(0.5, 3.0), (2, 6, 6)).astype(np.float32)
        x, y = (coordinate + cv2.resize(field, (_CANVAS, _CANVAS), interpolation=cv2.INTER_CUBIC)
                for coordinate, field in zip((x, y), bend, strict=True))  # fmt: skip
    from_x = (inverse[0, 0] * x + inverse[0, 1] * y + center[0]).astype(np.float32)
    from_y = (inverse[1, 0] * x + inverse[1, 1] * y + center[1]).astype(np.float32)
    large = cv2.remap(glyph, from_x, from_y, cv2.INTER_CUBIC if enlargement > 1 else cv2.INTER_LINEAR)
    mask = (cv2.GaussianBlur(large, (0, 0), blur) > 0.45).astype(np.uint8)
    if mask.sum() < 60:
        return None
    pen = np.exp(rng.normal(np.log(9), 0.35))
    thicken = float(np.clip((pen - stroke_width(mask)) / 2, -3.5, 6))
    return cropped((redraw(mask, thicken) > 0).astype(np.uint8))


def _stroke_by_stroke(rng: Generator) -> tuple[Mask, int]:
    """What fonts rarely hold: a 1 with flag or foot, a crossed 7, a slashed 0, a 5 in two parts."""
    canvas = np.zeros((140, 140), np.uint8)
    pen = int(np.clip(np.exp(rng.normal(np.log(8), 0.35)), 3, 18))
    lean, kind = rng.normal(4, 12), rng.random()

    def stroke(*points: tuple[float, float]) -> None:
        corners = np.array(points)
        bends = [(a + b) / 2 + rng.normal(0, 2, 2) for a, b in pairwise(corners)]
        parameter = np.linspace(0, 1, 6)[:, None]
        curves = [
            (1 - parameter) ** 2 * a + 2 * parameter * (1 - parameter) * bend + parameter**2 * b
            for a, b, bend in zip(corners[:-1], corners[1:], bends, strict=True)
        ]
        cv2.polylines(canvas, [np.int32(np.vstack(curves) * 16)], False, 1, pen, cv2.LINE_8, 4)

    top, bottom = (70 + lean + rng.normal(0, 3), 30.0), (70 - lean + rng.normal(0, 3), 110.0)
    if kind < 0.4:
        stroke((top[0] - rng.uniform(8, 40), top[1] + rng.uniform(6, 48)), top, bottom)
        if rng.random() < 0.45:
            stroke((bottom[0] - rng.uniform(8, 30), 110), (bottom[0] + rng.uniform(8, 30), 110 + rng.normal(0, 3)))
        return cropped(canvas), 1
    if kind < 0.75:
        right = (70 + lean + rng.uniform(14, 30), 30 + rng.normal(0, 3))
        left = (right[0] - rng.uniform(28, 60), right[1] + rng.normal(0, 5))
        serif = [(left[0] + rng.normal(0, 3), left[1] + rng.uniform(5, 18))] if rng.random() < 0.35 else []
        stroke(*serif, left, right, bottom)
        if rng.random() < 0.65:
            height_fraction = rng.uniform(0.35, 0.6)
            x, y = (
                right[0] * (1 - height_fraction) + bottom[0] * height_fraction,
                right[1] * (1 - height_fraction) + bottom[1] * height_fraction,
            )
            stroke((x - rng.uniform(10, 26), y + rng.normal(0, 4)), (x + rng.uniform(8, 24), y + rng.normal(0, 4)))
        return cropped(canvas), 7
    if kind < 0.9:
        neck = (62 + lean + rng.normal(0, 3), 32 + rng.normal(0, 3))
        waist = (neck[0] - lean * 0.6 - rng.uniform(0, 8), rng.uniform(56, 70))
        axes = (int(rng.uniform(16, 28)), int((112 - waist[1]) / 2))
        bend_point = (int(waist[0] + rng.uniform(4, 14)), int(waist[1] + axes[1]))
        stroke(neck, waist)
        cv2.ellipse(canvas, bend_point, axes, 0, rng.uniform(-140, -100), rng.uniform(100, 170), 1, pen)
        start = (neck[0] + rng.uniform(-4, 16), neck[1] + rng.uniform(-8, 2))  # the bar may hang loose
        stroke(start, (start[0] + rng.uniform(18, 44), start[1] + rng.normal(-3, 4)))
        return cropped(canvas), 5
    axes = (int(rng.uniform(18, 34)), int(rng.uniform(34, 44)))
    cv2.ellipse(canvas, (70, 70), axes, rng.normal(0, 10), 0, 360, 1, pen)
    stroke((70 + rng.uniform(15, 40), 30 + rng.normal(0, 6)), (70 - rng.uniform(15, 40), 108 + rng.normal(0, 6)))
    return cropped(canvas), 0


def cropped(mask: Mask) -> Mask:
    """The mask cut to its ink."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
