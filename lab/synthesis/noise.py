"""Synthetic noise: remnants beside a cropped digit, the degradation of a camera, and pictures that are no digit.

A drawing is float32 (H, W), 0 paper and 1 ink, about 80 pixels high: what a crop from a photo is to the reader.
"""

from collections.abc import Callable

import cv2
import numpy as np

from lab.image_types import Generator, Ink, Mask
from lab.synthesis.strokes import LETTERS, SYMBOLS, StrokeRenderer, cropped

CAMERA_SHARE = 0.5
MAX_SPECK_SHARE = 0.04  # of the largest component: smaller ones are specks
MAX_REMNANT_SHARE = 0.6  # of a neighbor's width: with more of it there, they are two digits
MIN_SHARE_OF_TWO = 0.25  # of the ink of two digits: with less, one of them is a remnant beside the other
MAX_PART_SHARE = 0.7  # of a digit's ink: with more, it is a digit with an end cut off
# Halves that are digits themselves, and teach that a clean digit is none: the head of a 9 is a 0, its stem a 1.
DIGITS_WITH_DIGIT_HEADS, DIGITS_WITH_DIGIT_FEET, DIGITS_WITH_DIGIT_LEFTS, DIGITS_WITH_DIGIT_RIGHTS = (
    "1236789",
    "146789",
    "1",
    "1479",
)


def draw_degraded_digit(renderer: StrokeRenderer, rng: Generator) -> tuple[Ink, int]:
    """Draw a digit with the remnants of a crop, half of the time through a camera; the drawing and its label."""
    mask, label = renderer.digit(rng)
    drawing = add_noise(mask, renderer, rng).astype(np.float32)
    return (simulate_camera(drawing, rng) if rng.random() < CAMERA_SHARE else drawing), label


def draw_no_digit(renderer: StrokeRenderer, rng: Generator) -> Ink:
    """Draw a crop that is no digit: two digits, a part of one, letters, symbols, lines, blobs, stains."""
    kinds: list[tuple[float, Callable[[], Mask]]] = [
        (0.27, lambda: _draw_two_digits(renderer, rng)),
        (0.16, lambda: _draw_part_of_digit(renderer, rng)),
        (0.35, lambda: _draw_letters(renderer, rng)),
        (0.05, lambda: _draw_symbol(rng)),
        (0.06, lambda: _draw_scribble(rng)),
        (0.03, lambda: _draw_lines(rng)),
        (0.04, lambda: _draw_blobs(rng)),
        (0.04, lambda: _draw_stain(rng)),
    ]
    index = rng.choice(len(kinds), p=[share for share, _ in kinds])
    drawing = kinds[index][1]().astype(np.float32)
    return simulate_camera(drawing, rng) if rng.random() < CAMERA_SHARE else drawing


def add_noise(mask: Mask, renderer: StrokeRenderer, rng: Generator) -> Mask:
    """Add to a digit, at random, pieces of neighbours, a rule, a dot, gaps, or an edge cut off."""
    margin = 70
    height, width = mask.shape
    canvas = np.pad(mask, margin)
    if rng.random() < 0.2:
        for right in ([False], [True], [False, True])[rng.integers(3)]:
            _add_neighbour(canvas, mask.shape, margin, right, renderer.digit(rng)[0], rng)
    if rng.random() < 0.06:
        cut, edge = int(rng.uniform(0, 0.1) * max(height, width)), rng.integers(4)
        np.rot90(canvas, edge)[: margin + cut] = 0
    if rng.random() < 0.12:
        thickness, overhang = int(rng.integers(2, 6)), int(rng.uniform(0, 25))
        if rng.random() < 0.7:
            y, tilt = margin + height + rng.uniform(-0.25 * height, 8), rng.normal(0, 0.03) * width
            ends = (margin - overhang, int(y - tilt)), (margin + width + overhang, int(y + tilt))
        else:
            x = margin + (width if rng.random() < 0.5 else 0) + rng.normal(0, 6)
            ends = (int(x), margin - overhang), (int(x + rng.normal(0, 4)), margin + height + overhang)
        cv2.line(canvas, *ends, 1, thickness)
    if rng.random() < 0.1:
        offset = int(rng.uniform(4, 16))
        x = margin + (width + offset if rng.random() < 0.7 else -offset)
        cv2.circle(canvas, (x, margin + height - int(rng.uniform(0, 8))), int(rng.uniform(2, 7)), 1, -1)
    if rng.random() < 0.12:
        for _ in range(rng.integers(1, 3)):
            angle, x, y = rng.uniform(0, np.pi), margin + rng.uniform(0, width), margin + rng.uniform(0, height)
            dx, dy = 40 * np.cos(angle), 40 * np.sin(angle)
            cv2.line(canvas, (int(x - dx), int(y - dy)), (int(x + dx), int(y + dy)), 0, int(rng.integers(1, 5)))
    return canvas


def _add_neighbour(
    canvas: Mask, shape: tuple[int, int], margin: int, right: bool, neighbour: Mask, rng: Generator
) -> None:
    """Draw the near part of another digit beside the one in the middle."""
    height, width = shape
    scale = height / neighbour.shape[0] * np.exp(rng.normal(0, 0.15))
    size = (max(3, int(neighbour.shape[1] * scale)), max(3, int(neighbour.shape[0] * scale)))
    neighbour = cv2.resize(neighbour, size, interpolation=cv2.INTER_NEAREST)
    gap = int(rng.uniform(-3, 14))
    visible_width = int(min(rng.uniform(1, 0.35 * height), max(1, MAX_REMNANT_SHARE * size[0]), margin - 15))
    part = neighbour[:, :visible_width] if right else neighbour[:, size[0] - visible_width :]
    left = margin + width + gap if right else margin - gap - visible_width
    top = int(np.clip(margin + (height - size[1]) / 2 + rng.normal(0, 0.08) * height, 0, canvas.shape[0] - 1))
    part = part[: canvas.shape[0] - top]
    canvas[top : top + len(part), left : left + part.shape[1]] |= part


def simulate_camera(drawing: Ink, rng: Generator) -> Ink:
    """Degrade a drawing as a camera does: low resolution, blur, sensor noise; then threshold it as the reader would."""
    scale = float(np.exp(rng.uniform(np.log(0.14), np.log(0.7))))
    height, width = (max(2, round(side * scale)) for side in drawing.shape)
    small = cv2.resize(drawing, (width, height), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.2, 1.0))
    small = small + rng.normal(0, rng.uniform(0, 0.12), small.shape)
    small = small / max(0.35, float(np.percentile(small, 99)))
    return _remove_specks(np.clip(small + 0.5 - rng.uniform(0.3, 0.6), 0, 1).astype(np.float32))


def _remove_specks(drawing: Ink) -> Ink:
    """Remove specks, as the reader does."""
    count, components, statistics, _ = cv2.connectedComponentsWithStats((drawing >= 0.5).astype(np.uint8))
    areas = statistics[:, cv2.CC_STAT_AREA]
    if count <= 2:
        return drawing
    specks = areas < MAX_SPECK_SHARE * areas[1:].max()
    return np.where(specks[components] & (components > 0), 0.0, drawing).astype(np.float32)


def _draw_two_digits(renderer: StrokeRenderer, rng: Generator) -> Mask:
    """Two digits side by side, a good part of each, or it would be a digit with a remnant beside it."""
    first, second = (renderer.digit(rng)[0] for _ in range(2))
    height, width = first.shape
    size = (max(4, second.shape[1] * height // second.shape[0]), height)
    second = cv2.resize(second, size, interpolation=cv2.INTER_NEAREST)
    start = max(width + int(rng.uniform(-9, 8)), 0)
    left, right = 0, start + size[0]
    if rng.random() < 0.5:
        right = start + int(size[0] * rng.uniform(0.5, 1))
    else:
        left = width - int(width * rng.uniform(0.5, 1))
    inks = int(first[:, left:].sum()), int(second[:, : right - start].sum())
    if min(inks) < MIN_SHARE_OF_TWO * sum(inks) or inks[0] < first.sum() / 2 or inks[1] < second.sum() / 2:
        return _draw_two_digits(renderer, rng)
    canvas = np.zeros((height, max(width, start + size[0])), np.uint8)
    canvas[:, :width] = first
    canvas[:, start : start + size[0]] |= second
    return canvas[:, left:right]


def _draw_part_of_digit(renderer: StrokeRenderer, rng: Generator) -> Mask:
    """What a cut leaves of a digit, if that is no digit itself."""
    digit, label = renderer.digit(rng)
    height, width = digit.shape
    side = rng.integers(2)
    if rng.random() < 0.3:
        rows = int(height * rng.uniform(0.3, 0.6))
        part, is_whole = ((digit[:rows], DIGITS_WITH_DIGIT_HEADS), (digit[-rows:], DIGITS_WITH_DIGIT_FEET))[side]
    else:
        columns = int(width * rng.uniform(0.3, 0.65))
        part, is_whole = (
            (digit[:, :columns], DIGITS_WITH_DIGIT_LEFTS),
            (digit[:, -columns:], DIGITS_WITH_DIGIT_RIGHTS),
        )[side]
        if width < 0.4 * height:
            return _draw_part_of_digit(renderer, rng)
    if str(label) in is_whole or not 0 < part.sum() < MAX_PART_SHARE * digit.sum():
        return _draw_part_of_digit(renderer, rng)
    return part


def _draw_letters(renderer: StrokeRenderer, rng: Generator) -> Mask:
    alphabet, count = (SYMBOLS, 1) if rng.random() < 0.2 else (LETTERS, 1 + (rng.random() < 0.3))
    return renderer.written("".join(alphabet[rng.integers(len(alphabet))] for _ in range(count)), rng)


def _draw_symbol(rng: Generator) -> Mask:
    """An arrow, a tick, a cross or a star, turned anyhow but for the tick."""
    canvas, pen = np.zeros((120, 120), np.uint8), int(rng.integers(3, 13))
    kind, turn_angle = rng.integers(4), rng.uniform(0, 2 * np.pi)

    def stroke(*points: tuple[float, float]) -> None:
        corners = np.array(points) + rng.normal(0, 2.5, (len(points), 2))
        rotation = (
            [[np.cos(turn_angle), -np.sin(turn_angle)], [np.sin(turn_angle), np.cos(turn_angle)]]
            if kind != 1
            else np.eye(2)
        )
        cv2.polylines(canvas, [np.int32(corners @ np.transpose(rotation) + 60)], False, 1, pen)

    if kind == 0:
        head = rng.uniform(10, 22)
        stroke((-40, 0), (40, 0))
        stroke((40 - head, -head), (40, 0), (40 - head, head))
    elif kind == 1:
        stroke((-rng.uniform(20, 34), 0), (-rng.uniform(4, 14), rng.uniform(16, 30)), (30, -rng.uniform(24, 44)))
    else:
        for angle in np.arange(2 + (kind == 3)) * np.pi / (2 + (kind == 3)):
            x, y = 38 * np.cos(angle), 38 * np.sin(angle)
            stroke((-x, -y), (x, y))
    return canvas


def _draw_scribble(rng: Generator) -> Mask:
    """A few wandering strokes across one another."""
    canvas, pen = np.zeros((100, 100), np.uint8), int(rng.integers(3, 12))
    for _ in range(int(rng.integers(2, 5))):
        corners = rng.uniform(8, 92, (2, int(rng.integers(4, 8)))).astype(np.float32)
        x, y = cv2.resize(corners, (60, 2), interpolation=cv2.INTER_CUBIC)
        cv2.polylines(canvas, [np.int32(np.stack([x, y], axis=1))], False, 1, pen)
    return canvas


def _draw_lines(rng: Generator) -> Mask:
    canvas, pen = np.zeros((100, 100), np.uint8), int(rng.integers(2, 14))
    cv2.line(canvas, (5, 50 + int(rng.normal(0, 8))), (95, 50 + int(rng.normal(0, 8))), 1, pen)
    for _ in range(int(rng.integers(0, 3))):
        x = int(rng.uniform(10, 90))
        ends = (x, int(rng.uniform(0, 30))), (x + int(rng.normal(0, 4)), int(rng.uniform(70, 100)))
        cv2.line(canvas, *ends, 1, pen)
    return canvas


def _draw_blobs(rng: Generator) -> Mask:
    """Ellipses of ink, wider than high: high ones are a 1, 6, 8 or 9 in a thick pen."""
    canvas = np.zeros((100, 100), np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        center = (int(rng.normal(50, 12)), int(rng.normal(50, 12)))
        axes = (int(rng.uniform(5, 30)), int(rng.uniform(5, 30)))
        cv2.ellipse(canvas, center, axes, rng.uniform(0, 180), 0, 360, 1, -1)
    height, width = cropped(canvas).shape
    return canvas if height < width else _draw_blobs(rng)


def _draw_stain(rng: Generator) -> Mask:
    cloud = cv2.GaussianBlur(rng.normal(0, 1, (100, 100)), (0, 0), rng.uniform(2, 9))
    return (cloud > np.percentile(cloud, rng.uniform(50, 92))).astype(np.uint8)
