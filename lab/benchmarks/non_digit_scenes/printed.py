"""Draw printed things without digits: ruled paper, empty forms, bar codes, maps."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lab.benchmarks.camera import composite_ink, draw_paper
from lab.benchmarks.non_digit_scenes.drawings import draw_polyline, smooth_polyline
from lab.benchmarks.non_digit_scenes.surfaces import draw_voronoi_cells
from lab.benchmarks.non_digit_scenes.writing import WORDS
from lab.image_types import Generator, SceneColors

PRINT_COLOR = (0.12, 0.12, 0.13)
RULINGS = ("lined", "squared", "dotted", "staff")


def draw_ruled_paper(rng: Generator, fonts: Sequence[Path]) -> SceneColors:
    """Draw lined, squared, dotted or staff paper."""
    shape, pitch = (round(rng.uniform(250, 700)), round(rng.uniform(250, 700))), rng.uniform(14, 60)
    ink, width, ruling = np.zeros(shape, np.uint8), int(rng.integers(1, 4)), RULINGS[rng.integers(4)]
    tilt = rng.normal(0, 0.015) * shape[1]
    for y in np.arange(pitch / 2, shape[0], pitch):
        for offset in np.arange(5) * pitch / 7 if ruling == "staff" else (0.0,):
            draw_polyline(ink, np.array([[0, y + offset], [shape[1], y + offset + tilt]]), width)
    if ruling in ("squared", "dotted"):
        vertical = np.zeros(shape, np.uint8)
        for x in np.arange(pitch / 2, shape[1], pitch):
            draw_polyline(vertical, np.array([[x, 0], [x - tilt, shape[0]]]), width)
        ink = np.maximum(ink, vertical) if ruling == "squared" else np.minimum(ink, vertical)
    color = ((0.3, 0.45, 0.75), (0.45, 0.45, 0.45), (0.75, 0.4, 0.4))[rng.integers(3)]
    return composite_ink(draw_paper(shape, rng), ink.astype(np.float32) / 255 * rng.uniform(0.4, 1), color)


def draw_empty_form(rng: Generator, fonts: Sequence[Path]) -> SceneColors:
    """Draw a form with empty fields: boxes, rows of boxes and lines to write on, with printed captions."""
    shape = (round(rng.uniform(250, 600)), round(rng.uniform(300, 800)))
    ink = np.zeros(shape, np.uint8)
    page, font = Image.new("L", shape[::-1]), ImageFont.load_default(int(rng.integers(12, 20)))
    draw, y, width = ImageDraw.Draw(page), 30, int(rng.integers(1, 4))
    while y < shape[0] - 60:
        if rng.random() < 0.7:
            draw.text((20, y - 18), str(rng.choice(WORDS)), 230, font)
        field_height, fields = int(rng.integers(24, 50)), int(rng.choice((0, 1, 1, 4, 6, 10)))
        right = min(
            shape[1] - 20,
            20 + (fields or 1) * int(rng.integers(field_height, 2 * field_height)) * (6 if fields < 2 else 1),
        )
        if fields == 0:
            draw_polyline(ink, np.array([[20, y + field_height], [right, y + field_height]], np.float64), width)
        for x in np.linspace(20, right, fields + 1)[:-1] if fields else ():
            cv2.rectangle(ink, (round(x), y), (round(x + (right - 20) / fields), y + field_height), 255, width)
        y += field_height + int(rng.integers(25, 50))
    combined = np.maximum(ink, np.asarray(page)).astype(np.float32) / 255
    return composite_ink(draw_paper(shape, rng), combined * rng.uniform(0.6, 1), PRINT_COLOR)


def draw_bar_code(rng: Generator, fonts: Sequence[Path]) -> SceneColors:
    """Draw a bar code, or a QR-like code with three finder patterns."""
    module_side = int(rng.integers(2, 7))
    if rng.random() < 0.5:
        bars = np.repeat(np.arange(60) % 2 == 0, rng.integers(1, 5, 60))
        ink = np.repeat(bars[None], rng.integers(25, 60), axis=0)
    else:
        side = int(rng.choice((21, 25, 29)))
        ink = rng.random((side, side)) < 0.5
        finder_pattern = np.pad(np.pad(np.ones((3, 3), bool), 1), 1, constant_values=True)
        for rows, columns in (
            (slice(0, 7), slice(0, 7)),
            (slice(0, 7), slice(-7, None)),
            (slice(-7, None), slice(0, 7)),
        ):
            ink[rows, columns] = finder_pattern
    large = np.kron(ink, np.ones((module_side, module_side))).astype(np.float32)
    page = np.pad(large, int(rng.integers(10, 60)))
    return composite_ink(draw_paper(page.shape, rng), page * rng.uniform(0.8, 1), PRINT_COLOR)


def draw_map(rng: Generator, fonts: Sequence[Path]) -> SceneColors:
    """Draw a map: areas of color, and roads that bend and cross."""
    shape = (round(rng.uniform(300, 600)), round(rng.uniform(300, 700)))
    labels, _ = draw_voronoi_cells(shape, int(rng.integers(8, 30)), rng)
    scene = rng.uniform(0.75, 0.97, (labels.max() + 1, 3)).astype(np.float32)[labels]
    for _ in range(rng.integers(5, 18)):
        start, end = rng.uniform(-0.1, 1.1, (2, 2)) * shape[::-1]
        points = np.linspace(start, end, 9) + rng.normal(0, min(shape) / 14, (9, 2))
        road, width = np.zeros(shape, np.uint8), int(rng.integers(1, 10))
        draw_polyline(road, smooth_polyline(smooth_polyline(points)), width)
        color = ((0.25, 0.25, 0.3), (0.95, 0.75, 0.3), (0.4, 0.6, 0.85), (0.6, 0.6, 0.6))[rng.integers(4)]
        scene = composite_ink(scene, road.astype(np.float32) / 255, color)
    return scene
