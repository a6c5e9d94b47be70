"""Stroke rendering: binary masks of digits, letters and symbols in varied handwriting, to train the reader's network.

A mask is uint8 (H, W) of 0 and 1, about 80 pixels high and cropped to its ink. MNIST's digits are enlarged; fonts
bring the shapes that MNIST lacks; both are slanted, rotated, stretched, bent, and redrawn with another pen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lab.image_types import Generator, Mask
from lab.synthesis.fonts import HandwritingFont
from lab.synthesis.numerals import draw_numeral
from lenet.reading.normalization import grown_signed_distance, stroke_width

# Letters and symbols that look like no digit; left out are: O of 0, l of 1, Z of 2, S of 5, b of 6, B of 8.
LETTERS = "acdefhkmnprtuvwxACEFHKLMNPRTUVWXY"
SYMBOLS = "+=%@#?*€£~"

FONT_SHARE, STROKE_SHARE = 0.25, 0.12  # digits of fonts, and drawn stroke by stroke; the rest are MNIST's
_HEIGHT = 80.0
_CANVAS = 160
_FONT_SIZE = 96


@dataclass(frozen=True)
class StrokeRenderer:
    """Renders digits from pictures of digits, uint8 (N, 28, 28), with their labels, and from handwriting fonts."""

    images: NDArray[np.uint8]
    labels: NDArray[np.integer]
    fonts: Sequence[HandwritingFont]

    @cached_property
    def _font_faces(self) -> list[ImageFont.FreeTypeFont]:
        return [ImageFont.truetype(str(font.path), _FONT_SIZE) for font in self.fonts]

    def render_digit(self, rng: Generator) -> tuple[Mask, int]:
        """Render a random digit: its mask and its label."""
        share = rng.random()
        if share < STROKE_SHARE:
            glyph, label = draw_numeral(rng)
            mask = _redraw(glyph, _HEIGHT / max(glyph.shape), 0.8, rng)
            return (mask, label) if mask is not None else self.render_digit(rng)
        if share < STROKE_SHARE + FONT_SHARE:
            label = int(rng.integers(10))
            return self.render_text(str(label), rng), label
        index = int(rng.integers(len(self.images)))
        large = np.asarray(self.images[index], np.float32) / 255
        mask = _redraw(large, 4.0, 1.6, rng)
        return (mask, int(self.labels[index])) if mask is not None else self.render_digit(rng)

    def render_text(self, text: str, rng: Generator) -> Mask:
        """Render a text of a few characters in a random font."""
        font = self._font_faces[int(rng.integers(len(self._font_faces)))]
        left, top, right, bottom = font.getbbox(text)
        canvas = Image.new("L", (max(1, int(right - left)) + 8, max(1, int(bottom - top)) + 8))
        ImageDraw.Draw(canvas).text((4 - left, 4 - top), text, 255, font)
        glyph = np.asarray(canvas, np.float32) / 255
        mask = _redraw(glyph, _HEIGHT / max(glyph.shape), 0.8, rng)
        return mask if mask is not None else self.render_text(text, rng)


def _redraw(glyph: NDArray[np.float32], enlargement: float, blur: float, rng: Generator) -> Mask | None:
    """Slant, rotate, stretch and bend a glyph, and draw it with another pen; None if hardly anything is left."""
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
    return crop_to_ink((grown_signed_distance(mask, thicken) > 0).astype(np.uint8))


def crop_to_ink(mask: Mask) -> Mask:
    """Crop a mask to its ink."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
