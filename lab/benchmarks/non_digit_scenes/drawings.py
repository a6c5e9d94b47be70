"""Draw pictures without digits: symbols, doodles, scribbles and faces.

Symbols of one stroke or one ring are left out, because they can be read as a 1 or a 0: | / - ( ) and the circle.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.benchmarks.camera import smooth_noise, write_on_paper
from lab.benchmarks.non_digit_scenes.writing import crop_to_ink, pad_randomly, render_text
from lab.image_types import Generator, Ink, SceneColors

SYMBOLS = "+=%?#&@!*"

# Points (x, y) of 0..1 that a pen goes through: x to the right, y down.
Stroke = Sequence[tuple[float, float]]


def draw_symbol(rng: Generator, fonts: Sequence[Path]) -> SceneColors:
    """Draw a symbol of a font, or one of strokes, on paper."""
    index = rng.integers(len(SYMBOLS) + len(_DRAWN_SYMBOLS))
    if index < len(SYMBOLS):
        ink = render_text(SYMBOLS[index], round(rng.uniform(40, 300)), fonts, rng)
    else:
        ink = _draw_by_unsteady_hand(_DRAWN_SYMBOLS[index - len(SYMBOLS)], round(rng.uniform(40, 300)), rng)
    return write_on_paper(pad_randomly(ink, rng, max_padding=1.2), rng)


def _ellipse_points(
    x: float, y: float, radius_x: float, radius_y: float | None = None, first: float = 0, last: float = 1
) -> Stroke:
    """Points of an ellipse's arc around (x, y), from ``first`` to ``last`` in turns clockwise from the right."""
    angles = np.linspace(first, last, 40) * 2 * np.pi
    vertical_radius = radius_x if radius_y is None else radius_y
    return [(x + radius_x * math.cos(angle), y + vertical_radius * math.sin(angle)) for angle in angles]


def _star_points(points: int) -> Stroke:
    angles = [-np.pi / 2 + 2 * np.pi * (points // 2) * step / points for step in range(points + 1)]
    return [(0.5 + 0.5 * math.cos(angle), 0.5 + 0.5 * math.sin(angle)) for angle in angles]


_EYES: list[Stroke] = [_ellipse_points(0.35, 0.4, 0.03), _ellipse_points(0.65, 0.4, 0.03)]
_HEAD: Stroke = _ellipse_points(0.5, 0.5, 0.5)
_DRAWN_SYMBOLS: tuple[list[Stroke], ...] = (
    [[(0, 0.5), (1, 0.5)], [(0.7, 0.25), (1, 0.5), (0.7, 0.75)]],  # arrows
    [[(0.5, 0), (0.5, 1)], [(0.2, 0.3), (0.5, 0), (0.8, 0.3)], [(0.2, 0.7), (0.5, 1), (0.8, 0.7)]],
    [[(0, 0.6), (0.35, 1), (1, 0)]],  # tick
    [[(0, 0), (1, 1)], [(1, 0), (0, 1)]],  # cross
    [_star_points(5)],
    [[(0.5, 0), (0.5, 1)], [(0.07, 0.25), (0.93, 0.75)], [(0.93, 0.25), (0.07, 0.75)]],  # asterisk
    [_HEAD, *_EYES, _ellipse_points(0.5, 0.55, 0.27, 0.22, 0.05, 0.45)],  # smileys
    [_HEAD, *_EYES, _ellipse_points(0.5, 0.85, 0.25, 0.2, 0.55, 0.95)],
    [[(0.5, 1), (0, 0.4), (0.05, 0.1), (0.3, 0), (0.5, 0.25), (0.7, 0), (0.95, 0.1), (1, 0.4), (0.5, 1)]],  # heart
    [[(0.5, 0), (1, 0.9), (0, 0.9), (0.5, 0)]],  # triangle
    [[(0, 0.35), (1, 0.35)], [(0, 0.65), (1, 0.65)], [(0.25, 1), (0.75, 0)]],  # not equal
    [[(0, 0.5), (0.15, 0.35), (0.35, 0.5), (0.55, 0.65), (0.75, 0.5), (0.9, 0.35), (1, 0.5)]],  # wave
)
_DOODLES: tuple[list[Stroke], ...] = (
    [  # house
        [(0.1, 1), (0.1, 0.4), (0.5, 0), (0.9, 0.4), (0.9, 1), (0.1, 1)],
        [(0.1, 0.4), (0.9, 0.4)],
        [(0.4, 1), (0.4, 0.65), (0.6, 0.65), (0.6, 1)],
        [(0.65, 0.5), (0.8, 0.5), (0.8, 0.62), (0.65, 0.62), (0.65, 0.5)],
    ],
    [_ellipse_points(0.5, 0.5, 0.25)]  # sun
    + [
        [(0.5 + 0.32 * math.cos(a), 0.5 + 0.32 * math.sin(a)), (0.5 + 0.5 * math.cos(a), 0.5 + 0.5 * math.sin(a))]
        for a in np.linspace(0, 2 * np.pi, 11)[:-1]
    ],
    [_ellipse_points(0.5, 0.3, 0.1), [(0.5, 0.4), (0.5, 1)], [(0.5, 0.8), (0.7, 0.65), (0.5, 0.9)]]  # flower
    + [
        _ellipse_points(0.5 + 0.19 * math.cos(a), 0.3 + 0.19 * math.sin(a), 0.09)
        for a in np.linspace(0, 2 * np.pi, 7)[:-1]
    ],
    [
        _ellipse_points(0.42, 0.5, 0.42, 0.22),
        [(0.8, 0.5), (1, 0.3), (1, 0.7), (0.8, 0.5)],
        _ellipse_points(0.2, 0.43, 0.02),
    ],  # fish
    [
        _ellipse_points(0.5, 0.14, 0.13),
        [(0.5, 0.28), (0.5, 0.65), (0.25, 1)],
        [(0.5, 0.65), (0.75, 1)],
        [(0.2, 0.42), (0.8, 0.42)],
    ],
    [[(0.5 + t / 8 * math.cos(t * 6.3), 0.5 + t / 8 * math.sin(t * 6.3)) for t in np.linspace(0.2, 4, 120)]],  # spiral
    [  # tree
        [(0.42, 1), (0.42, 0.65)],
        [(0.58, 1), (0.58, 0.65)],
        [(0.1, 0.66), (0.5, 0.25), (0.9, 0.66), (0.1, 0.66)],
        [(0.2, 0.4), (0.5, 0), (0.8, 0.4), (0.2, 0.4)],
    ],
)


def _draw_by_unsteady_hand(strokes: Sequence[Stroke], size: int, rng: Generator) -> Ink:
    """Draw strokes bent, stretched and rotated at random, about ``size`` pixels large; cropped to the ink."""
    pen = max(2, round(size * rng.uniform(0.03, 0.1)))
    margin, angle = 2 * pen + size // 4, rng.normal(0, 0.1)
    stretch = np.exp(rng.normal(0, 0.12, 2))
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    canvas = np.zeros((2 * margin + round(1.4 * size), 2 * margin + round(1.4 * size)), np.uint8)
    for stroke in strokes:
        points = smooth_polyline(np.array(stroke, np.float64)) if len(stroke) > 2 else np.array(stroke, np.float64)
        bent_points = points + 0.012 * np.cumsum(rng.normal(0, 0.35, points.shape), axis=0)
        draw_polyline(canvas, ((bent_points - 0.5) * stretch @ rotation.T) * size + canvas.shape[0] / 2, pen)
    return crop_to_ink(canvas.astype(np.float32) / 255)


def smooth_polyline(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Resample a polyline (N, 2) at 12 times as many points, and smooth its corners by a moving average of three."""
    steps = np.linspace(0, len(points) - 1, 12 * len(points))
    dense = np.stack([np.interp(steps, np.arange(len(points)), column) for column in points.T], axis=1)
    inner = (dense[:-2] + dense[1:-1] + dense[2:]) / 3
    return np.concatenate([dense[:1], inner, dense[-1:]])


def draw_polyline(canvas: NDArray[np.uint8], points: NDArray[np.float64], width: int, level: int = 255) -> None:
    """Draw a polyline through points (N, 2) of x and y in pixels, anti-aliased, ``width`` pixels wide."""
    cv2.polylines(canvas, [np.rint(points * 16).astype(np.int32)], False, level, width, cv2.LINE_AA, 4)


def draw_doodle(rng: Generator, fonts: Sequence[Path]) -> SceneColors:
    """Draw a simple figure (a house, a fish, …) or a scribble on paper."""
    if rng.random() < 0.5:
        return write_on_paper(
            pad_randomly(_draw_by_unsteady_hand(_DOODLES[rng.integers(len(_DOODLES))], 260, rng), rng, max_padding=0.6),
            rng,
        )
    shape = (round(rng.uniform(150, 600)), round(rng.uniform(150, 600)))
    canvas = np.zeros(shape, np.uint8)
    for _ in range(rng.integers(1, 5)):  # scribbles: long lines that turn back many times
        corners = rng.uniform(0.1, 0.9, (rng.integers(8, 30), 2)) * shape[::-1]
        draw_polyline(canvas, smooth_polyline(smooth_polyline(corners)), int(rng.integers(2, 9)))
    return write_on_paper(canvas.astype(np.float32) / 255, rng)


def draw_face(rng: Generator, fonts: Sequence[Path]) -> SceneColors:
    """Draw a head with hair, eyes, nose and mouth before a wall, in flat colors."""
    side = round(rng.uniform(200, 500))
    scene = np.ones((side, side, 3), np.float32) * rng.uniform(0.3, 0.95, 3).astype(np.float32)
    scene += 0.03 * smooth_noise((side, side), side / 6, rng)[..., None]
    skin = np.array([0.95, 0.78, 0.65]) * rng.uniform(0.4, 1.0)
    hair = rng.uniform(0.05, 0.6) * np.array([1, 0.8, 0.6])
    center_x, head_radius = 0.5 + rng.normal(0, 0.04), rng.uniform(0.28, 0.36)

    def fill_ellipse(x: float, y: float, radius_x: float, radius_y: float, color: NDArray[np.float64]) -> None:
        points = np.array(_ellipse_points(x, y, radius_x, radius_y)) * side
        cv2.fillPoly(scene, [np.rint(points * 16).astype(np.int32)], color.tolist(), cv2.LINE_AA, 4)

    fill_ellipse(center_x, 1.1, 0.42, 0.3, rng.uniform(0.1, 0.8, 3))  # shoulders
    fill_ellipse(center_x, 0.5 - 0.07, 0.8 * head_radius + 0.05, head_radius + 0.04, hair)
    fill_ellipse(center_x, 0.5, 0.75 * head_radius, head_radius, skin)
    for side_sign in (-1, 1):
        fill_ellipse(center_x + side_sign * 0.11, 0.45, 0.05, 0.03, np.ones(3) * 0.95)
        fill_ellipse(center_x + side_sign * 0.11, 0.45, 0.02, 0.025, rng.uniform(0.05, 0.4, 3))
        fill_ellipse(center_x + side_sign * 0.11, 0.38, 0.06, 0.012, hair)
    fill_ellipse(center_x, 0.54, 0.02, 0.05, skin * 0.8)
    fill_ellipse(center_x, 0.66, rng.uniform(0.05, 0.12), rng.uniform(0.012, 0.05), np.array([0.6, 0.2, 0.2]))
    return np.clip(scene, 0, 1)
