"""Draw digits with remnants beside them and a camera's degradation, and pictures that are no digit.

A drawing is float32 (H, W), 0 paper and 1 ink, about 80 pixels high: like a crop from a photo, as the reader makes it.
"""

from collections.abc import Callable

import cv2
import numpy as np

from lab.image_types import Generator, Ink, Mask
from lab.synthesis.strokes import LETTERS, SYMBOLS, StrokeRenderer, crop_to_ink

CAMERA_SHARE = 0.5  # of the drawings: degraded as by a camera
MAX_SPECK_SHARE = 0.04  # of the area of the largest component: smaller ones are specks
MAX_REMNANT_SHARE = 0.6  # of a neighbor's width: if more of it is in the crop, they are two digits
MIN_SHARE_OF_TWO = 0.25  # of the ink of two digits: if one has less, it is a remnant beside the other
MAX_PART_SHARE = 0.7  # of a digit's ink: if a part has more, it is the digit with an end cut off
# Digits whose upper, lower, left or right part is a digit itself, as the head of a 9 is a 0: never drawn as no digit.
UPPER_IS_DIGIT, LOWER_IS_DIGIT, LEFT_IS_DIGIT, RIGHT_IS_DIGIT = "1236789", "146789", "1", "1479"


def draw_degraded_digit(renderer: StrokeRenderer, rng: Generator) -> tuple[Ink, int]:
    """Draw a digit with the remnants of a crop, some as a camera shows them; the drawing and its label."""
    mask, label = renderer.render_digit(rng)
    drawing = add_noise(mask, renderer, rng).astype(np.float32)
    return (simulate_camera(drawing, rng) if rng.random() < CAMERA_SHARE else drawing), label


def draw_no_digit(renderer: StrokeRenderer, rng: Generator) -> Ink:
    """Draw a crop that is no digit: two digits, a part of one, letters, symbols, lines, blobs, stains."""
    shares_and_kinds: list[tuple[float, Callable[[], Mask]]] = [
        (0.27, lambda: _draw_two_digits(renderer, rng)),
        (0.16, lambda: _draw_part_of_digit(renderer, rng)),
        (0.35, lambda: _draw_letters(renderer, rng)),
        (0.05, lambda: _draw_symbol(rng)),
        (0.06, lambda: _draw_scribble(rng)),
        (0.03, lambda: _draw_lines(rng)),
        (0.04, lambda: _draw_blobs(rng)),
        (0.04, lambda: _draw_stain(rng)),
    ]
    index = rng.choice(len(shares_and_kinds), p=[share for share, _ in shares_and_kinds])
    drawing = shares_and_kinds[index][1]().astype(np.float32)
    return simulate_camera(drawing, rng) if rng.random() < CAMERA_SHARE else drawing


def add_noise(mask: Mask, renderer: StrokeRenderer, rng: Generator) -> Mask:
    """Add to a digit, at random, pieces of neighbors, a rule, a dot, gaps, or an edge cut off."""
    margin = 70
    height, width = mask.shape
    canvas = np.pad(mask, margin)
    if rng.random() < 0.2:
        for is_right in ([False], [True], [False, True])[rng.integers(3)]:
            _add_neighbor(canvas, mask.shape, margin, is_right, renderer.render_digit(rng)[0], rng)
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


def _add_neighbor(
    canvas: Mask, shape: tuple[int, int], margin: int, is_right: bool, neighbor: Mask, rng: Generator
) -> None:
    """Draw the near part of another digit beside the one of ``shape`` in the middle of the canvas."""
    height, width = shape
    scale = height / neighbor.shape[0] * np.exp(rng.normal(0, 0.15))
    size = (max(3, int(neighbor.shape[1] * scale)), max(3, int(neighbor.shape[0] * scale)))
    neighbor = cv2.resize(neighbor, size, interpolation=cv2.INTER_NEAREST)
    gap = int(rng.uniform(-3, 14))
    visible_width = int(min(rng.uniform(1, 0.35 * height), max(1, MAX_REMNANT_SHARE * size[0]), margin - 15))
    part = neighbor[:, :visible_width] if is_right else neighbor[:, size[0] - visible_width :]
    left = margin + width + gap if is_right else margin - gap - visible_width
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
    """Remove components that are specks, as the reader does."""
    count, components, statistics, _ = cv2.connectedComponentsWithStats((drawing >= 0.5).astype(np.uint8))
    areas = statistics[:, cv2.CC_STAT_AREA]
    if count <= 2:
        return drawing
    specks = areas < MAX_SPECK_SHARE * areas[1:].max()
    return np.where(specks[components] & (components > 0), 0.0, drawing).astype(np.float32)


def _draw_two_digits(renderer: StrokeRenderer, rng: Generator) -> Mask:
    """Draw two digits side by side, with at least MIN_SHARE_OF_TWO of the ink and half of each."""
    first, second = (renderer.render_digit(rng)[0] for _ in range(2))
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
    """Draw the part of a digit that a cut leaves, if it is no digit itself."""
    digit, label = renderer.render_digit(rng)
    height, width = digit.shape
    side = rng.integers(2)
    if rng.random() < 0.3:
        rows = int(height * rng.uniform(0.3, 0.6))
        part, digits_that_stay_digits = ((digit[:rows], UPPER_IS_DIGIT), (digit[-rows:], LOWER_IS_DIGIT))[side]
    else:
        columns = int(width * rng.uniform(0.3, 0.65))
        part, digits_that_stay_digits = (
            (digit[:, :columns], LEFT_IS_DIGIT),
            (digit[:, -columns:], RIGHT_IS_DIGIT),
        )[side]
        if width < 0.4 * height:
            return _draw_part_of_digit(renderer, rng)
    if str(label) in digits_that_stay_digits or not 0 < part.sum() < MAX_PART_SHARE * digit.sum():
        return _draw_part_of_digit(renderer, rng)
    return part


def _draw_letters(renderer: StrokeRenderer, rng: Generator) -> Mask:
    alphabet, count = (SYMBOLS, 1) if rng.random() < 0.2 else (LETTERS, 1 + (rng.random() < 0.3))
    return renderer.render_text("".join(alphabet[rng.integers(len(alphabet))] for _ in range(count)), rng)


def _draw_symbol(rng: Generator) -> Mask:
    """Draw an arrow, a tick, a cross or a star, at a random angle but for the tick."""
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
    """Draw a few random curves across one another."""
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
    """Draw ellipses, together wider than high: high ones can be read as a 1, 6, 8 or 9 of a thick pen."""
    canvas = np.zeros((100, 100), np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        center = (int(rng.normal(50, 12)), int(rng.normal(50, 12)))
        axes = (int(rng.uniform(5, 30)), int(rng.uniform(5, 30)))
        cv2.ellipse(canvas, center, axes, rng.uniform(0, 180), 0, 360, 1, -1)
    height, width = crop_to_ink(canvas).shape
    return canvas if height < width else _draw_blobs(rng)


def _draw_stain(rng: Generator) -> Mask:
    smooth_noise = cv2.GaussianBlur(rng.normal(0, 1, (100, 100)), (0, 0), rng.uniform(2, 9))
    return (smooth_noise > np.percentile(smooth_noise, rng.uniform(50, 92))).astype(np.uint8)
