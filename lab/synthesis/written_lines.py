"""Draw lines and pages of handwritten digits with known text, for tests, crops and path costs.

Digits come from a data set; their size, slant, stroke width, distances, ligatures, breaks and separators are sampled.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.image_types import Generator, GrayLevels, Ink
from lab.synthesis.numerals import draw_numeral
from lenet.reading.normalization import grown_signed_distance, stroke_width


@dataclass(frozen=True)
class WritingStyle:
    """The parameters of a line's handwriting; lengths in digit heights.

    Attributes:
        height: of a digit, in pixels.
        gap: the mean gap between neighbors; less than 0: they touch or overlap.
        spread: the standard deviation of the gap.
        pen: the stroke width; that of the digits themselves if 0.
        slant: columns to the right for each row up.
        jitter: the standard deviation of baseline shifts, and of the logarithm of sizes.
        link_probability: that a stroke joins two neighbors.
        break_probability: that a digit has a gap in its stroke.
        flagged_share: of the 1s drawn with a flag and of the 7s with a bar across, of which MNIST has few.
        separator_probability: that a point or comma stands between two neighbors.
        trailing_signs: what follows the last digit: any of ``".,-"``.
    """

    height: int = 60
    gap: float = 0.25
    spread: float = 0.05
    pen: float = 0.11
    slant: float = 0.0
    jitter: float = 0.04
    link_probability: float = 0.0
    break_probability: float = 0.0
    flagged_share: float = 0.0
    separator_probability: float = 0.0
    trailing_signs: str = ""

    @classmethod
    def sample(cls, rng: Generator) -> "WritingStyle":
        """Sample a style at random."""
        return cls(
            height=int(rng.integers(40, 90)),
            gap=float(rng.choice([-0.03, 0.0, 0.1, 0.2, 0.3, 0.3])),
            spread=float(rng.uniform(0.02, 0.08)),
            pen=float(np.exp(rng.normal(np.log(0.1), 0.3))),
            slant=float(rng.normal(0.1, 0.2)),
            jitter=float(rng.uniform(0.02, 0.1)),
            link_probability=float(rng.choice([0.0, 0.3])),
            break_probability=float(rng.choice([0.0, 0.15])),
            flagged_share=float(rng.choice([0.0, 0.9])),
            separator_probability=float(rng.choice([0.0, 0.25])),
            trailing_signs="".join(rng.choice(["", "", ".", "-", ".-", ","], 1)),
        )


@dataclass(frozen=True, eq=False)
class PlacedDigit:
    """A digit of a line: its label, the row and column of its corner, and the mask of its strokes, bool (h, w)."""

    label: int
    top: int
    left: int
    mask: NDArray[np.bool_]


class Writer:
    """Writes lines with the digits of a data set: ``images`` uint8 (N, 28, 28), ink-high, with their ``labels``.

    ``stroke_drawn_share`` of them are drawn stroke by stroke instead (`draw_numeral`).
    """

    def __init__(
        self, images: NDArray[np.uint8], labels: NDArray[np.uint8], rng: Generator, stroke_drawn_share: float = 0.0
    ) -> None:
        self.images, self.rng, self.stroke_drawn_share = images, rng, stroke_drawn_share
        self.indices_by_label = [np.flatnonzero(labels == label) for label in range(10)]

    def write_line(self, text: str, style: WritingStyle) -> Ink:
        """Write a line of digits and spaces; the ink is three digit heights high."""
        return self.write_line_with_digits(text, style)[0]

    def write_line_with_digits(self, text: str, style: WritingStyle) -> tuple[Ink, list[PlacedDigit]]:
        """Write a line as `write_line` does; the ink, and the digits from left to right."""
        rng, digit_height, digits = self.rng, style.height, list[PlacedDigit]()
        canvas = np.zeros((3 * digit_height, (2 * len(text) + 5) * digit_height), np.float32)
        x, previous_x = float(digit_height), -1
        for index, character in enumerate(text):
            if character == " ":
                x += (1.0 + max(style.gap, 0) * 3) * digit_height
                previous_x = -1
                continue
            digit = self._draw_digit(int(character), style)
            height, width = digit.shape
            y = int(2 * digit_height - height + rng.normal(0, style.jitter) * digit_height)
            left = int(x)
            if previous_x >= 0 and style.gap < 0.05:  # as near as the strokes allow, then a little nearer or farther
                left = self._find_touching_column(canvas, digit, y, left, digit_height) + int(
                    rng.normal(style.gap, style.spread) * digit_height
                )
            target = canvas[y : y + height, left : left + width]
            np.maximum(target, digit, out=target)
            digits.append(PlacedDigit(int(character), y, left, digit > 0.5))
            if previous_x >= 0 and rng.random() < style.link_probability:
                level = int(y + height * rng.choice([0.1, 0.5, 0.9]))
                sag = (int((previous_x + left + width / 2) / 2), int(level + rng.normal(0, 0.1) * digit_height))
                ends = (
                    (int(previous_x), int(level + rng.normal(0, 0.05) * digit_height)),
                    (int(left + width / 2), level),
                )
                pen = max(2, round((style.pen or 0.1) * digit_height * 0.8))
                cv2.polylines(canvas, [np.array([ends[0], sag, ends[1]], np.int32)], False, 1.0, pen, cv2.LINE_AA)
            previous_x = left + width / 2
            x = left + width + max(0.0, rng.normal(style.gap, style.spread)) * digit_height * (style.gap >= 0.05)
            if index + 1 < len(text) and text[index + 1] != " " and rng.random() < style.separator_probability:
                x = self._write_sign(canvas, str(rng.choice([".", ","])), x, style)
                previous_x = -1
        for sign in style.trailing_signs:
            x = self._write_sign(canvas, sign, x, style)
        return canvas[:, : int(x) + digit_height], digits

    def write_page(
        self, lines: list[str], style: WritingStyle, *, line_gap: float = 0.7, max_indent: float = 0.0
    ) -> Ink:
        """Write lines ``line_gap`` digit heights apart, indented by up to ``max_indent`` digit heights."""
        lines_drawn = [self.write_line(text, style) for text in lines]
        digit_height = style.height
        trimmed = [
            np.pad(line[int(0.8 * digit_height) : int(2.2 * digit_height)], ((0, int(line_gap * digit_height)), (0, 0)))
            for line in lines_drawn
        ]
        trimmed = [np.pad(line, ((0, 0), (int(self.rng.uniform(0, max_indent) * digit_height), 0))) for line in trimmed]
        width = max(line.shape[1] for line in trimmed)
        return np.pad(np.vstack([np.pad(line, ((0, 0), (0, width - line.shape[1]))) for line in trimmed]), digit_height)

    def _draw_digit(self, label: int, style: WritingStyle) -> Ink:
        """Draw a digit in a style, cropped to its ink."""
        image = self.images[self.rng.choice(self.indices_by_label[label])].astype(np.float32) / 255
        if label in (1, 7) and self.rng.random() < style.flagged_share:
            image = self._draw_flagged(label)
        if self.stroke_drawn_share and self.rng.random() < self.stroke_drawn_share:
            numeral, _ = draw_numeral(self.rng, label)
            scale = 20 / max(numeral.shape)
            image = np.asarray(cv2.resize(numeral, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32)
        rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
        scale = style.height / 20 * float(np.exp(self.rng.normal(0, style.jitter)))
        image = np.pad(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 3)
        height, width = image.shape
        size = int(width * scale + abs(style.slant) * height * scale), int(height * scale)
        shear = np.array(
            [[scale, -style.slant * scale, max(style.slant, 0) * height * scale], [0, scale, 0]], np.float32
        )
        large = cv2.GaussianBlur(cv2.warpAffine(image, shear, size, flags=cv2.INTER_CUBIC), (0, 0), 0.35 * scale)
        mask = (large > 0.45).astype(np.uint8)
        if style.break_probability and self.rng.random() < style.break_probability:
            mask = self._break_stroke(mask, style)
        thicken = (style.pen * style.height - stroke_width(mask)) / 2 if style.pen else 0.0
        ink = np.clip(grown_signed_distance(mask, max(thicken, -0.25 * stroke_width(mask))) + 0.5, 0, 1)
        rows, columns = np.flatnonzero((ink > 0.5).any(axis=1)), np.flatnonzero((ink > 0.5).any(axis=0))
        return np.asarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], np.float32)

    def _draw_flagged(self, label: int) -> Ink:
        """Draw a 1 with a flag and perhaps a foot, or a 7 with a bar across; float32 (28, 28)."""
        rng, canvas = self.rng, np.zeros((112, 112), np.float32)
        top, bottom = np.array([62 + rng.normal(0, 4), 16.0]), np.array([56 + rng.normal(0, 4), 96.0])
        if label == 1:
            flag = top - np.array([rng.uniform(12, 32), -rng.uniform(8, 40)])
            strokes = [[flag, top, bottom]]
            if rng.random() < 0.3:
                foot = np.array([rng.uniform(8, 22), 0.0])
                strokes.append([bottom - foot, bottom + foot])
        else:
            right = np.add(top, [rng.uniform(8, 22), 0])
            middle = right + (bottom - right) * rng.uniform(0.4, 0.6)
            bar = np.array([rng.uniform(10, 22), rng.normal(0, 2)])
            strokes = [[right - np.array([rng.uniform(30, 50), rng.normal(0, 4)]), right, bottom]]
            strokes.append([middle - bar, middle + bar])
        for stroke in strokes:
            cv2.polylines(canvas, [np.rint(stroke).astype(np.int32)], False, 1.0, 10, cv2.LINE_AA)
        return np.asarray(cv2.resize(canvas, (28, 28), interpolation=cv2.INTER_AREA), np.float32)

    def _break_stroke(self, mask: NDArray[np.uint8], style: WritingStyle) -> NDArray[np.uint8]:
        """Remove a disc of ink at a random place, unless more than a quarter of the ink would go."""
        ys, xs = np.nonzero(mask)
        index = int(self.rng.integers(len(ys)))
        radius = int(max(2.0, (0.6 * stroke_width(mask) + 0.05 * style.height)))
        broken = mask.copy()
        cv2.circle(broken, (int(xs[index]), int(ys[index])), radius, 0, -1)
        return broken if broken.sum() > 0.75 * mask.sum() else mask

    def _find_touching_column(self, canvas: Ink, digit: Ink, y: int, left: int, digit_height: int) -> int:
        """Find the column at which a digit's ink touches the ink on its left."""
        ink_at_left = canvas[y : y + digit.shape[0], max(0, left - digit_height) : left + digit_height] > 0.5
        rows = np.flatnonzero(ink_at_left.any(axis=1) & (digit > 0.5).any(axis=1))
        if not len(rows):
            return left
        right_edges = ink_at_left.shape[1] - 1 - ink_at_left[rows, ::-1].argmax(axis=1)
        left_edges = (digit[rows] > 0.5).argmax(axis=1)
        return int(max(0, left - digit_height) + (right_edges - left_edges).max() + 1)

    def _write_sign(self, canvas: Ink, sign: str, x: float, style: WritingStyle) -> float:
        """Write a sign of ``.,-`` at column x; the column behind it."""
        digit_height, pen = style.height, max(3, round((style.pen or 0.1) * style.height * 1.1))
        x += 0.15 * digit_height
        base = int(2 * digit_height - 0.03 * digit_height)
        if sign == "-":
            level = int(1.5 * digit_height + self.rng.normal(0, 0.05) * digit_height)
            end = int(x + self.rng.uniform(0.3, 0.7) * digit_height)
            cv2.line(
                canvas,
                (int(x), level),
                (end, int(level + self.rng.normal(0, 0.03) * digit_height)),
                1.0,
                pen,
                cv2.LINE_AA,
            )
            return end + 0.15 * digit_height
        tip = (int(x), base) if sign == "." else (int(x - 0.06 * digit_height), int(base + 0.16 * digit_height))
        cv2.line(canvas, (int(x), base), tip, 1.0, pen, cv2.LINE_AA)
        return x + pen + 0.1 * digit_height


def photograph_line(
    ink: Ink, rng: Generator, ink_level: float = 50, paper_level: float = 220, noise_deviation: float = 3
) -> GrayLevels:
    """Photograph ink: uneven light, blur and sensor noise; uint8 (h, w), dark on light, levels of 0..255."""
    height, width = ink.shape
    light_falloff = 1 - rng.uniform(0, 0.3) * np.linspace(0, 1, width)[None] * np.linspace(0.5, 1, height)[:, None]
    gray = (paper_level - cv2.GaussianBlur(ink, (0, 0), 0.8) * (paper_level - ink_level)) * light_falloff
    return np.clip(np.rint(gray + rng.normal(0, noise_deviation, ink.shape)), 0, 255).astype(np.uint8)


def rotate(ink: Ink, degrees: float) -> Ink:
    """Rotate ink clockwise by ``degrees``."""
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    sine, cosine = abs(matrix[0, 1]), abs(matrix[0, 0])
    size = int(width * cosine + height * sine), int(width * sine + height * cosine)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return np.asarray(cv2.warpAffine(ink, matrix, size, flags=cv2.INTER_LINEAR), np.float32)


def bend(ink: Ink, height: float) -> Ink:
    """Bend lines of ink into an arc, ``height`` pixels high in the middle."""
    width = ink.shape[1]
    padded = np.pad(ink, ((abs(int(height)) + 2, abs(int(height)) + 2), (0, 0)))
    y, x = np.mgrid[: padded.shape[0], :width].astype(np.float32)
    arc = (height * (1 - (2 * x / width - 1) ** 2)).astype(np.float32)
    return np.asarray(cv2.remap(padded, x, y - arc, cv2.INTER_LINEAR), np.float32)
