"""Draw surfaces: textures made of noise, noise itself, empty paper in different light, and images of objects."""

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.benchmarks.camera import draw_paper, linear_light, shadow_light, smooth_noise, to_uint8
from lab.image_types import Generator, Photo, SceneColors
from lenet import data

OBJECT_DATASETS = ("fashion-mnist", "cifar10")


def draw_texture(rng: Generator, fonts: Sequence[Path]) -> SceneColors:
    """Draw wood, cloth, stone, gravel, bricks or foliage."""
    shape = (round(rng.uniform(200, 500)), round(rng.uniform(200, 600)))
    surfaces = (_draw_wood, _draw_cloth, _draw_stone, _draw_gravel, _draw_bricks, _draw_foliage)
    return np.clip(surfaces[rng.integers(len(surfaces))](shape, rng), 0, 1).astype(np.float32)


def _tint(level: NDArray[np.floating], color: tuple[float, float, float]) -> SceneColors:
    """Multiply a color (RGB, 0..1) by a level (H, W)."""
    return np.asarray(level[..., None] * np.float32(color), np.float32)


def _draw_wood(shape: tuple[int, int], rng: Generator) -> SceneColors:
    rings = smooth_noise(shape, max(shape) / 3, rng) * 0.8 + np.linspace(0, rng.uniform(4, 14), shape[0])[:, None]
    fibers = cv2.resize(smooth_noise((shape[0], 12), 2, rng), shape[::-1])
    return _tint(0.7 + 0.15 * np.sin(2 * np.pi * rings) + 0.05 * fibers, (0.85, 0.6, 0.38))


def _draw_cloth(shape: tuple[int, int], rng: Generator) -> SceneColors:
    thread = rng.uniform(3, 9)
    y, x = np.mgrid[: shape[0], : shape[1]]
    weave = np.sin(2 * np.pi * y / thread) * np.sin(2 * np.pi * x / thread)
    folds = smooth_noise(shape, max(shape) / 3, rng)
    return _tint(0.65 + 0.12 * weave + 0.1 * folds, tuple(rng.uniform(0.3, 1, 3)))


def _draw_stone(shape: tuple[int, int], rng: Generator) -> SceneColors:
    layers = [smooth_noise(shape, grain, rng) / (1 + index) for index, grain in enumerate((60, 25, 10, 4, 2))]
    return _tint(0.6 + 0.1 * sum(layers), (0.9, 0.88, 0.85))


def draw_voronoi_cells(
    shape: tuple[int, int], count: int, rng: Generator
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Draw ``count`` Voronoi cells: each pixel's cell, and its distance in pixels to the cell's seed; (H, W) each."""
    seeds = np.ones(shape, np.uint8)
    seeds[rng.integers(0, shape[0], count), rng.integers(0, shape[1], count)] = 0
    distance, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    return np.asarray(labels, np.int32), np.asarray(distance, np.float32)


def _draw_gravel(shape: tuple[int, int], rng: Generator) -> SceneColors:
    labels, distance = draw_voronoi_cells(shape, int(rng.integers(150, 900)), rng)
    tone = rng.uniform(0.4, 0.9, labels.max() + 1)[labels]
    radius = math.sqrt(labels.size / labels.max() / np.pi)
    return _tint(tone * np.clip(1.3 - 0.7 * distance / radius, 0.15, 1), (0.9, 0.87, 0.8))


def _draw_bricks(shape: tuple[int, int], rng: Generator) -> SceneColors:
    brick_height, joint = round(rng.uniform(20, 50)), round(rng.uniform(3, 7))
    y, x = np.mgrid[: shape[0], : shape[1]]
    course = y // brick_height
    shifted_x = x + (course % 2) * brick_height
    mortar = (y % brick_height < joint) | (shifted_x % (2 * brick_height) < joint)
    tone = rng.uniform(0.45, 0.75, (course.max() + 1, (shifted_x // (2 * brick_height)).max() + 1))[
        course, shifted_x // (2 * brick_height)
    ]
    bricks = _tint(tone + 0.04 * smooth_noise(shape, 3, rng), (1, 0.55, 0.42))
    return np.where(mortar[..., None], np.float32(0.75) + 0.03 * smooth_noise(shape, 2, rng)[..., None], bricks)


def _draw_foliage(shape: tuple[int, int], rng: Generator) -> SceneColors:
    scene = np.full((*shape, 3), (0.08, 0.15, 0.06), np.float32)
    for _ in range(rng.integers(150, 500)):
        center, axes = rng.uniform(0, 1, 2) * shape[::-1], (rng.uniform(8, 26), rng.uniform(3, 10))
        green = np.array([0.35, 0.7, 0.2]) * rng.uniform(0.3, 1.2)
        cv2.ellipse(scene, (tuple(center), tuple(axes), rng.uniform(0, 360)), green.tolist(), -1, cv2.LINE_AA)
    return scene


def draw_noise(rng: Generator, fonts: Sequence[Path]) -> Photo:
    """Draw colored, smooth, binary or multi-scale noise, or horizontal stripes."""
    shape = (round(rng.uniform(28, 400)), round(rng.uniform(28, 400)))
    kinds = (_draw_color_noise, _draw_smooth_noise, _draw_binary_noise, _draw_multi_scale_noise, _draw_scanner_stripes)
    level = kinds[rng.integers(len(kinds))](shape, rng)
    return np.repeat(to_uint8(np.float32(level)), 3 if level.shape[2] == 1 else 1, axis=2)


def _draw_color_noise(shape: tuple[int, int], rng: Generator) -> NDArray[np.floating]:
    return rng.uniform(0, 1, (*shape, 3))


def _draw_smooth_noise(shape: tuple[int, int], rng: Generator) -> NDArray[np.floating]:
    return np.asarray(0.5 + 0.18 * smooth_noise(shape, rng.uniform(3, 60), rng)[..., None])


def _draw_binary_noise(shape: tuple[int, int], rng: Generator) -> NDArray[np.floating]:
    return (rng.random((*shape, 1)) < rng.uniform(0.01, 0.5)).astype(np.float32)


def _draw_multi_scale_noise(shape: tuple[int, int], rng: Generator) -> NDArray[np.floating]:
    return np.asarray(0.5 + 0.12 * sum(smooth_noise(shape, 2.0**power, rng) for power in range(1, 7))[..., None])


def _draw_scanner_stripes(shape: tuple[int, int], rng: Generator) -> NDArray[np.floating]:
    return np.repeat(rng.uniform(0, 1, (shape[0], 1, 1)), shape[1], axis=1)


def draw_empty_paper(rng: Generator, fonts: Sequence[Path]) -> SceneColors:
    """Draw empty paper: evenly lit, in shadow, darker to its corners, on a table, crumpled, or with a fold."""
    shape = (round(rng.uniform(200, 700)), round(rng.uniform(200, 700)))
    scene = draw_paper(shape, rng)
    effects = (_leave_unchanged, _add_shadow, _add_vignette, _put_on_table, _crumple, _fold)
    return effects[rng.integers(len(effects))](scene, rng)


def _leave_unchanged(scene: SceneColors, rng: Generator) -> SceneColors:
    return scene


def _add_shadow(scene: SceneColors, rng: Generator) -> SceneColors:
    return np.asarray(
        scene * shadow_light(scene.shape[:2], rng.uniform(0.4, 0.8))[:, :: int(rng.choice((-1, 1))), None]
    )


def _add_vignette(scene: SceneColors, rng: Generator) -> SceneColors:
    y, x = np.mgrid[-1 : 1 : scene.shape[0] * 1j, -1 : 1 : scene.shape[1] * 1j]
    return np.asarray(scene * (1 - rng.uniform(0.15, 0.4) * (y**2 + x**2) / 2)[..., None].astype(np.float32))


def _put_on_table(scene: SceneColors, rng: Generator) -> SceneColors:
    height, width = scene.shape[:2]
    corners = np.float32([[0.1, 0.12], [0.9, 0.08], [0.92, 0.9], [0.07, 0.93]]) + rng.normal(0, 0.05, (4, 2))
    sheet = np.zeros((height, width), np.uint8)
    cv2.fillPoly(sheet, [np.int32(corners * (width, height) * 16)], 255, cv2.LINE_AA, 4)
    coverage = sheet[..., None] / np.float32(255)
    return np.asarray(
        scene * coverage + np.clip(_draw_wood((height, width), rng), 0, 1) * 0.7 * (1 - coverage), np.float32
    )


def _crumple(scene: SceneColors, rng: Generator) -> SceneColors:
    labels, _ = draw_voronoi_cells(scene.shape[:2], int(rng.integers(15, 60)), rng)
    facets = rng.uniform(0.75, 1.0, labels.max() + 1).astype(np.float32)[labels]
    return np.asarray(scene * cv2.GaussianBlur(facets, (0, 0), 3)[..., None])


def _fold(scene: SceneColors, rng: Generator) -> SceneColors:
    width = scene.shape[1]
    fold = 1 - 0.25 * np.exp(-(((np.arange(width) - width * rng.uniform(0.3, 0.7)) / 3) ** 2))
    return np.asarray(scene * np.float32(fold)[None, :, None])


def draw_object(rng: Generator, fonts: Sequence[Path]) -> SceneColors | Photo:
    """Draw an image of Fashion-MNIST or CIFAR-10, small or enlarged; a texture if neither is in the cache."""
    cached = [name for name in OBJECT_DATASETS if data.is_cached(data.CATALOG[name].source)]
    if not cached:
        return draw_texture(rng, fonts)
    images = _load_test_images(cached[rng.integers(len(cached))])
    picture = images[rng.integers(len(images))]
    colors = np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture.transpose(1, 2, 0)
    if rng.random() < 0.5:
        return np.ascontiguousarray(colors)
    larger = cv2.resize(colors, None, fx=9, fy=9, interpolation=cv2.INTER_CUBIC)
    scene = larger.astype(np.float32) / 255
    return scene * linear_light(scene.shape[:2], rng.uniform(0, 6), 0.7)[..., None]


@cache
def _load_test_images(name: str) -> NDArray[np.uint8]:
    return data.load(name).test_images
