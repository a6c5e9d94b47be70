"""Simulate paper, pens, light and a camera: for benchmarks that need photos with known content.

A scene is float32 (H, W, 3), RGB of 0..1; ink is float32 (H, W), 0 paper and 1 pen; a photo is uint8 (H, W, 3).
"""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lab.image_types import Generator, Ink, Photo, SceneColors

PAPERS = ((0.94, 0.94, 0.93), (0.95, 0.92, 0.84), (0.86, 0.88, 0.92), (0.80, 0.70, 0.56), (0.75, 0.76, 0.75))
PENS = ((0.08, 0.08, 0.10), (0.10, 0.16, 0.50), (0.36, 0.36, 0.38), (0.62, 0.10, 0.12), (0.08, 0.32, 0.18))
CHALKBOARD, CHALK = (0.12, 0.20, 0.16), (0.90, 0.91, 0.88)


def smooth_noise(shape: tuple[int, int], bump_width: float, rng: Generator) -> Ink:
    """Smooth noise of mean 0 and deviation 1 whose bumps are about ``bump_width`` pixels wide."""
    size = [max(2, round(side / max(bump_width, 1))) + 2 for side in shape]
    bumps = rng.standard_normal(size).astype(np.float32)
    return np.asarray(cv2.resize(bumps, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def draw_paper(shape: tuple[int, int], rng: Generator) -> SceneColors:
    """Bare paper of some color, with its fibers and stains."""
    color = np.array(PAPERS[rng.integers(len(PAPERS))], np.float32)
    uneven = 0.008 * smooth_noise(shape, 2, rng) + 0.01 * smooth_noise(shape, max(shape) / 5, rng)
    return np.clip(color + uneven[..., None], 0, 1).astype(np.float32)


def write_on_paper(ink: Ink, rng: Generator) -> SceneColors:
    """Ink on paper with some pen; one time in twelve chalk on a board."""
    if rng.random() < 1 / 12:
        return composite_ink(draw_paper(ink.shape, rng) * np.float32(0.1) + np.float32(CHALKBOARD), ink * 0.9, CHALK)
    return composite_ink(draw_paper(ink.shape, rng), ink * rng.uniform(0.75, 1), PENS[rng.integers(len(PENS))])


def composite_ink(scene: SceneColors, ink: Ink, color: tuple[float, float, float]) -> SceneColors:
    """Ink of a color over a scene."""
    cover = np.clip(ink, 0, 1)[..., None]
    return np.asarray(scene * (1 - cover) + np.float32(color) * cover, np.float32)


def photograph(scene: SceneColors, rng: Generator) -> Photo:
    """A scene under uneven light, through a lens, a sensor and JPEG."""
    height, width = scene.shape[:2]
    lit_scene = scene * linear_light((height, width), rng.uniform(0, 2 * np.pi), rng.uniform(0.55, 1.0))[..., None]
    lit_scene = lit_scene * rng.uniform(0.65, 1.15) * rng.uniform(0.93, 1.0, 3).astype(np.float32)
    blurred = cv2.GaussianBlur(lit_scene, (0, 0), rng.uniform(0.35, 1.4))
    sensor_noise = rng.normal(0, rng.uniform(0.003, 0.03), blurred.shape).astype(np.float32)
    return compress_as_jpeg(to_uint8(blurred + cv2.GaussianBlur(sensor_noise, (0, 0), 0.6)), int(rng.integers(40, 96)))


def linear_light(shape: tuple[int, int], angle: float, darkest: float) -> Ink:
    """Light (H, W) that falls off linearly from 1 to ``darkest`` along a direction, in radians."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    projection = y * np.sin(angle) + x * np.cos(angle)
    return np.asarray(darkest + (1 - darkest) * (projection + 1.42) / 2.84, np.float32)


def shadow_light(shape: tuple[int, int], darkness: float = 0.45) -> Ink:
    """Light (H, W) with a shadow whose sharp edge runs aslant through the middle."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    light = (x + 0.5 * y > 0).astype(np.float32)
    return np.asarray(darkness + (1 - darkness) * cv2.GaussianBlur(light, (0, 0), 1.5), np.float32)


def to_uint8(scene: NDArray[np.float32]) -> Photo:
    """Levels 0..1 as 0..255."""
    return np.asarray(np.rint(np.clip(scene, 0, 1) * 255), np.uint8)


def compress_as_jpeg(photo: Photo, quality: int) -> Photo:
    """A photo, (H, W) or (H, W, 3), after JPEG at a quality of 1..95."""
    buffer = io.BytesIO()
    Image.fromarray(photo).save(buffer, "jpeg", quality=quality)
    return np.asarray(Image.open(buffer))
