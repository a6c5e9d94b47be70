"""Draw surfaces: textures made of noise, noise itself, bare paper in all sorts of light, and things."""

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.benchmarks.camera import Generator, Ink, Photo, Scene, as_bytes, cloud, gradient, hard_shadow, paper
from lenet import data

THINGS = ("fashion-mnist", "cifar10")


def texture(rng: Generator, fonts: Sequence[Path]) -> Scene:
    shape = (round(rng.uniform(200, 500)), round(rng.uniform(200, 600)))
    surfaces = (_wood, _cloth, _stone, _gravel, _brick, _foliage)
    return np.clip(surfaces[rng.integers(len(surfaces))](shape, rng), 0, 1).astype(np.float32)


def _tinted(level: NDArray[np.floating], color: tuple[float, float, float]) -> Scene:
    return np.asarray(level[..., None] * np.float32(color), np.float32)


def _wood(shape: tuple[int, int], rng: Generator) -> Scene:
    bent = cloud(shape, max(shape) / 3, rng) * 0.8 + np.linspace(0, rng.uniform(4, 14), shape[0])[:, None]
    fibers = cv2.resize(cloud((shape[0], 12), 2, rng), shape[::-1])
    return _tinted(0.7 + 0.15 * np.sin(2 * np.pi * bent) + 0.05 * fibers, (0.85, 0.6, 0.38))


def _cloth(shape: tuple[int, int], rng: Generator) -> Scene:
    thread = rng.uniform(3, 9)
    y, x = np.mgrid[: shape[0], : shape[1]]
    weave = np.sin(2 * np.pi * y / thread) * np.sin(2 * np.pi * x / thread)
    folds = cloud(shape, max(shape) / 3, rng)
    return _tinted(0.65 + 0.12 * weave + 0.1 * folds, tuple(rng.uniform(0.3, 1, 3)))


def _stone(shape: tuple[int, int], rng: Generator) -> Scene:
    layers = [cloud(shape, grain, rng) / (1 + index) for index, grain in enumerate((60, 25, 10, 4, 2))]
    return _tinted(0.6 + 0.1 * sum(layers), (0.9, 0.88, 0.85))


def cells(shape: tuple[int, int], number: int, rng: Generator) -> tuple[NDArray[np.int32], Ink]:
    """Voronoi cells: which one each pixel belongs to, and its distance from the nearest of their middles."""
    seeds = np.ones(shape, np.uint8)
    seeds[rng.integers(0, shape[0], number), rng.integers(0, shape[1], number)] = 0
    distance, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    return np.asarray(labels, np.int32), np.asarray(distance, np.float32)


def _gravel(shape: tuple[int, int], rng: Generator) -> Scene:
    labels, distance = cells(shape, int(rng.integers(150, 900)), rng)
    tone = rng.uniform(0.4, 0.9, labels.max() + 1)[labels]
    radius = math.sqrt(labels.size / labels.max() / np.pi)
    return _tinted(tone * np.clip(1.3 - 0.7 * distance / radius, 0.15, 1), (0.9, 0.87, 0.8))


def _brick(shape: tuple[int, int], rng: Generator) -> Scene:
    brick_height, joint = round(rng.uniform(20, 50)), round(rng.uniform(3, 7))
    y, x = np.mgrid[: shape[0], : shape[1]]
    course = y // brick_height
    shifted_x = x + (course % 2) * brick_height
    mortar = (y % brick_height < joint) | (shifted_x % (2 * brick_height) < joint)
    tone = rng.uniform(0.45, 0.75, (course.max() + 1, (shifted_x // (2 * brick_height)).max() + 1))[
        course, shifted_x // (2 * brick_height)
    ]
    bricks = _tinted(tone + 0.04 * cloud(shape, 3, rng), (1, 0.55, 0.42))
    return np.where(mortar[..., None], np.float32(0.75) + 0.03 * cloud(shape, 2, rng)[..., None], bricks)


def _foliage(shape: tuple[int, int], rng: Generator) -> Scene:
    scene = np.full((*shape, 3), (0.08, 0.15, 0.06), np.float32)
    for _ in range(rng.integers(150, 500)):
        center, axes = rng.uniform(0, 1, 2) * shape[::-1], (rng.uniform(8, 26), rng.uniform(3, 10))
        green = np.array([0.35, 0.7, 0.2]) * rng.uniform(0.3, 1.2)
        cv2.ellipse(scene, (tuple(center), tuple(axes), rng.uniform(0, 360)), green.tolist(), -1, cv2.LINE_AA)
    return scene


def noise(rng: Generator, fonts: Sequence[Path]) -> Photo:
    shape = (round(rng.uniform(28, 400)), round(rng.uniform(28, 400)))
    kind = rng.integers(5)
    if kind == 0:
        level = rng.uniform(0, 1, (*shape, 3))
    elif kind == 1:
        level = 0.5 + 0.18 * cloud(shape, rng.uniform(3, 60), rng)[..., None]
    elif kind == 2:
        level = (rng.random((*shape, 1)) < rng.uniform(0.01, 0.5)).astype(np.float32)
    elif kind == 3:
        level = 0.5 + 0.12 * sum(cloud(shape, 2.0**power, rng) for power in range(1, 7))[..., None]
    else:  # stripes of a broken scanner
        level = np.repeat(rng.uniform(0, 1, (shape[0], 1, 1)), shape[1], axis=1)
    return np.repeat(as_bytes(np.float32(level)), 3 if level.shape[2] == 1 else 1, axis=2)


def blank(rng: Generator, fonts: Sequence[Path]) -> Scene:
    """Bare paper: as it is, in shadow, darker to its corners, on a table, crumpled, or with a fold."""
    shape = (round(rng.uniform(200, 700)), round(rng.uniform(200, 700)))
    scene, kind = paper(shape, rng), rng.integers(6)
    if kind == 1:
        scene *= hard_shadow(shape, rng.uniform(0.4, 0.8))[:, :: int(rng.choice((-1, 1))), None]
    elif kind == 2:
        y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
        scene *= (1 - rng.uniform(0.15, 0.4) * (y**2 + x**2) / 2)[..., None].astype(np.float32)
    elif kind == 3:
        corners = np.float32([[0.1, 0.12], [0.9, 0.08], [0.92, 0.9], [0.07, 0.93]]) + rng.normal(0, 0.05, (4, 2))
        sheet = np.zeros(shape, np.uint8)
        cv2.fillPoly(sheet, [np.int32(corners * shape[::-1] * 16)], 255, cv2.LINE_AA, 4)
        cover = sheet[..., None] / np.float32(255)
        scene = np.asarray(scene * cover + np.clip(_wood(shape, rng), 0, 1) * 0.7 * (1 - cover), np.float32)
    elif kind == 4:
        labels, _ = cells(shape, int(rng.integers(15, 60)), rng)
        facets = rng.uniform(0.75, 1.0, labels.max() + 1).astype(np.float32)[labels]
        scene *= cv2.GaussianBlur(facets, (0, 0), 3)[..., None]
    elif kind == 5:
        fold = 1 - 0.25 * np.exp(-(((np.arange(shape[1]) - shape[1] * rng.uniform(0.3, 0.7)) / 3) ** 2))
        scene *= np.float32(fold)[None, :, None]
    return scene


def thing(rng: Generator, fonts: Sequence[Path]) -> Scene | Photo:
    """A picture of clothes or of other things, from the data sets that lie in the cache: as it is, or photographed."""
    cached = [name for name in THINGS if data.is_cached(data.CATALOG[name].collection)]
    if not cached:
        return texture(rng, fonts)
    images = _test_images(cached[rng.integers(len(cached))])
    picture = images[rng.integers(len(images))]
    colors = np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture.transpose(1, 2, 0)
    if rng.random() < 0.5:
        return np.ascontiguousarray(colors)
    larger = cv2.resize(colors, None, fx=9, fy=9, interpolation=cv2.INTER_CUBIC)
    scene = larger.astype(np.float32) / 255
    return scene * gradient(scene.shape[:2], rng.uniform(0, 6), 0.7)[..., None]


@cache
def _test_images(name: str) -> NDArray[np.uint8]:
    return data.load(name).test_images
