"""Drawings that imitate what pens, paper and cameras do to a digit, for training the reader's network.

A drawing is float32 (H, W), 0 paper and 1 ink, about 80 pixels high: what a crop from a photo is to the reader.
Each then goes through the reader's own `normalize`.
"""

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.reading.normalization import normalize, redraw, stroke_width

Drawing = NDArray[np.float32]
Mask = NDArray[np.uint8]
Generator = np.random.Generator

RUBBISH = 10  # the label of what is no digit
RUBBISH_SHARE = 0.15
EUROPEAN_SHARE = 0.06  # flagged 1, crossed 7, slashed 0: hands that MNIST hardly holds

_ENLARGEMENT = 4.0  # MNIST's 20 pixels become a drawing of 80
_CANVAS = 150


def draw_pool(
    images: NDArray[np.uint8], labels: NDArray[np.uint8], examples: int, rng: Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Training pictures (N, 28, 28) and their labels, RUBBISH among them."""
    pool = np.empty((examples, 28, 28), np.uint8)
    answers = np.empty(examples, np.uint8)
    made = 0
    while made < examples:
        if rng.random() < RUBBISH_SHARE:
            drawing, label = rubbish(images, rng), RUBBISH
        else:
            drawing, label = scene(images, labels, rng)
        picture = normalize(drawing, thicken=rng.normal(0, 0.7))
        if picture is not None:
            pool[made], answers[made] = picture, label
            made += 1
    return pool, answers


def scene(images: NDArray[np.uint8], labels: NDArray[np.uint8], rng: Generator) -> tuple[Drawing, int]:
    """One digit with what may cling to it after a crop, seen through a camera half of the time."""
    if rng.random() < EUROPEAN_SHARE:
        mask, label = european(rng)
    else:
        index = int(rng.integers(len(images)))
        mask, label = pen_digit(images[index], rng), int(labels[index])
    drawing = cluttered(mask, images, rng).astype(np.float32)
    return (through_camera(drawing, rng) if rng.random() < 0.5 else drawing), label


def pen_digit(image: NDArray[np.uint8], rng: Generator) -> Mask:
    """A digit enlarged, slanted, turned, stretched, and redrawn with another pen; cropped to its ink."""
    slant, turn, stretch = rng.normal(0, 0.25), rng.normal(0, 0.08), np.exp(rng.normal(0, 0.12))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = rotation @ np.array([[stretch, -slant], [0, 1]]) * _ENLARGEMENT
    center = (len(image) - 1) / 2
    offset = _CANVAS / 2 - matrix @ np.array([center, center])
    affine = np.hstack([matrix, offset[:, None]]).astype(np.float32)
    large = cv2.warpAffine(image.astype(np.float32) / 255, affine, (_CANVAS, _CANVAS), flags=cv2.INTER_CUBIC)
    mask = (cv2.GaussianBlur(large, (0, 0), 1.6) > 0.45).astype(np.uint8)
    if mask.sum() < 60:
        return pen_digit(image, rng)
    pen = np.exp(rng.normal(np.log(9), 0.35))
    thicken = float(np.clip((pen - stroke_width(mask)) / 2, -3.5, 6))
    return _cropped((redraw(mask, thicken) > 0).astype(np.uint8))


def european(rng: Generator) -> tuple[Mask, int]:
    """A 1 with flag and perhaps foot, a 7 perhaps crossed, or a slashed 0, drawn with a few strokes."""
    canvas = np.zeros((140, 140), np.uint8)
    pen = int(np.clip(np.exp(rng.normal(np.log(8), 0.35)), 3, 18))
    lean, kind = rng.normal(0, 12), rng.random()

    def stroke(*points: tuple[float, float]) -> None:
        corners = np.array(points)
        bends = [(a + b) / 2 + rng.normal(0, 2, 2) for a, b in pairwise(corners)]
        along = np.linspace(0, 1, 6)[:, None]
        curves = [
            (1 - along) ** 2 * a + 2 * along * (1 - along) * bend + along**2 * b
            for a, b, bend in zip(corners[:-1], corners[1:], bends, strict=True)
        ]
        cv2.polylines(canvas, [np.int32(np.vstack(curves) * 16)], False, 1, pen, cv2.LINE_8, 4)

    top, bottom = (70 + lean + rng.normal(0, 3), 30.0), (70 - lean + rng.normal(0, 3), 110.0)
    if kind < 0.48:
        stroke((top[0] - rng.uniform(8, 40), top[1] + rng.uniform(6, 48)), top, bottom)
        if rng.random() < 0.45:
            stroke((bottom[0] - rng.uniform(8, 30), 110), (bottom[0] + rng.uniform(8, 30), 110 + rng.normal(0, 3)))
        return _cropped(canvas), 1
    if kind < 0.92:
        right = (70 + lean + rng.uniform(14, 30), 30 + rng.normal(0, 3))
        left = (right[0] - rng.uniform(28, 60), right[1] + rng.normal(0, 5))
        serif = [(left[0] + rng.normal(0, 3), left[1] + rng.uniform(5, 18))] if rng.random() < 0.35 else []
        stroke(*serif, left, right, bottom)
        if rng.random() < 0.65:
            down = rng.uniform(0.35, 0.6)
            x, y = right[0] * (1 - down) + bottom[0] * down, right[1] * (1 - down) + bottom[1] * down
            stroke((x - rng.uniform(10, 26), y + rng.normal(0, 4)), (x + rng.uniform(8, 24), y + rng.normal(0, 4)))
        return _cropped(canvas), 7
    axes = (int(rng.uniform(18, 34)), int(rng.uniform(34, 44)))
    cv2.ellipse(canvas, (70, 70), axes, rng.normal(0, 10), 0, 360, 1, pen)
    stroke((70 + rng.uniform(15, 40), 30 + rng.normal(0, 6)), (70 - rng.uniform(15, 40), 108 + rng.normal(0, 6)))
    return _cropped(canvas), 0


def cluttered(mask: Mask, images: NDArray[np.uint8], rng: Generator) -> Mask:
    """The digit with, now and then, pieces of neighbours, a rule, a dot, gaps, or an edge cut off."""
    margin = 70
    height, width = mask.shape
    canvas = np.pad(mask, margin)
    if rng.random() < 0.3:
        for right in ([False], [True], [False, True])[rng.integers(3)]:
            _add_neighbour(canvas, mask.shape, margin, right, pen_digit(images[rng.integers(len(images))], rng), rng)
    if rng.random() < 0.06:
        cut, edge = int(rng.uniform(0, 0.1) * max(height, width)), rng.integers(4)
        np.rot90(canvas, edge)[: margin + cut] = 0
    if rng.random() < 0.12:
        thickness, reach = int(rng.integers(2, 6)), int(rng.uniform(0, 25))
        if rng.random() < 0.7:
            y, tilt = margin + height + rng.uniform(-0.25 * height, 8), rng.normal(0, 0.03) * width
            ends = (margin - reach, int(y - tilt)), (margin + width + reach, int(y + tilt))
        else:
            x = margin + (width if rng.random() < 0.5 else 0) + rng.normal(0, 6)
            ends = (int(x), margin - reach), (int(x + rng.normal(0, 4)), margin + height + reach)
        cv2.line(canvas, *ends, 1, thickness)
    if rng.random() < 0.1:
        aside = int(rng.uniform(4, 16))
        x = margin + (width + aside if rng.random() < 0.7 else -aside)
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
    gap, seen = int(rng.uniform(-3, 14)), int(min(rng.uniform(1, 0.35 * height), size[0], margin - 15))
    part = neighbour[:, :seen] if right else neighbour[:, size[0] - seen :]
    left = margin + width + gap if right else margin - gap - seen
    top = int(np.clip(margin + (height - size[1]) / 2 + rng.normal(0, 0.08) * height, 0, canvas.shape[0] - 1))
    part = part[: canvas.shape[0] - top]
    canvas[top : top + len(part), left : left + part.shape[1]] |= part


def through_camera(drawing: Drawing, rng: Generator) -> Drawing:
    """The drawing at low resolution, blurred, with grain, cut at some threshold as the reader would."""
    scale = float(np.exp(rng.uniform(np.log(0.14), np.log(0.7))))
    small = cv2.resize(drawing, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.2, 1.0))
    small = small + rng.normal(0, rng.uniform(0, 0.12), small.shape)
    small = small / max(0.35, float(np.percentile(small, 99)))
    return np.clip(small + 0.5 - rng.uniform(0.3, 0.6), 0, 1).astype(np.float32)


def rubbish(images: NDArray[np.uint8], rng: Generator) -> Drawing:
    """What segmentation may cut out that is no digit: two digits, a part of one, lines, blobs, stains."""
    kinds: list[tuple[float, Callable[[], Mask]]] = [
        (0.5, lambda: _two_digits(images, rng)),
        (0.26, lambda: _part_of_a_digit(images, rng)),
        (0.08, lambda: _lines(rng)),
        (0.1, lambda: _blobs(rng)),
        (0.06, lambda: _stain(rng)),
    ]
    chosen = rng.choice(len(kinds), p=[share for share, _ in kinds])
    return kinds[chosen][1]().astype(np.float32)


def _two_digits(images: NDArray[np.uint8], rng: Generator) -> Mask:
    first, second = (pen_digit(images[rng.integers(len(images))], rng) for _ in range(2))
    height, width = first.shape
    size = (max(4, second.shape[1] * height // second.shape[0]), height)
    second = cv2.resize(second, size, interpolation=cv2.INTER_NEAREST)
    start = max(width + int(rng.uniform(-9, 8)), 0)
    canvas = np.zeros((height, max(width, start + size[0])), np.uint8)
    canvas[:, :width] = first
    canvas[:, start : start + size[0]] |= second
    kept = int(canvas.shape[1] * rng.uniform(0.6, 1))
    return canvas[:, :kept] if rng.random() < 0.5 else canvas[:, -kept:]


def _part_of_a_digit(images: NDArray[np.uint8], rng: Generator) -> Mask:
    digit = pen_digit(images[rng.integers(len(images))], rng)
    height, width = digit.shape
    if rng.random() < 0.3:
        kept = int(height * rng.uniform(0.3, 0.6))
        return digit[:kept] if rng.random() < 0.5 else digit[-kept:]
    if width < 0.4 * height:  # half of a 1 is a 1
        return _part_of_a_digit(images, rng)
    kept = int(width * rng.uniform(0.3, 0.65))
    return digit[:, :kept] if rng.random() < 0.5 else digit[:, -kept:]


def _lines(rng: Generator) -> Mask:
    canvas, pen = np.zeros((100, 100), np.uint8), int(rng.integers(2, 14))
    cv2.line(canvas, (5, 50 + int(rng.normal(0, 8))), (95, 50 + int(rng.normal(0, 8))), 1, pen)
    for _ in range(int(rng.integers(0, 3))):
        x = int(rng.uniform(10, 90))
        ends = (x, int(rng.uniform(0, 30))), (x + int(rng.normal(0, 4)), int(rng.uniform(70, 100)))
        cv2.line(canvas, *ends, 1, pen)
    return canvas


def _blobs(rng: Generator) -> Mask:
    canvas = np.zeros((100, 100), np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        center = (int(rng.normal(50, 12)), int(rng.normal(50, 12)))
        axes = (int(rng.uniform(5, 30)), int(rng.uniform(5, 30)))
        cv2.ellipse(canvas, center, axes, rng.uniform(0, 180), 0, 360, 1, -1)
    return canvas


def _stain(rng: Generator) -> Mask:
    cloud = cv2.GaussianBlur(rng.normal(0, 1, (100, 100)), (0, 0), rng.uniform(3, 9))
    return (cloud > np.percentile(cloud, rng.uniform(60, 92))).astype(np.uint8)


def _cropped(mask: Mask) -> Mask:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
