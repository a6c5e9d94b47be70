"""Simulate paper, pens, light and a camera: for benchmarks that need photos with known content.

Shapes and ranges of scenes, ink, light and photos are those of `lab.image_types`.
"""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lab.image_types import Generator, Ink, Light, Photo, SceneColors

# RGB of 0..1.
PAPER_COLORS = ((0.94, 0.94, 0.93), (0.95, 0.92, 0.84), (0.86, 0.88, 0.92), (0.80, 0.70, 0.56), (0.75, 0.76, 0.75))
PEN_COLORS = ((0.08, 0.08, 0.10), (0.10, 0.16, 0.50), (0.36, 0.36, 0.38), (0.62, 0.10, 0.12), (0.08, 0.32, 0.18))
CHALKBOARD_COLOR, CHALK_COLOR = (0.12, 0.20, 0.16), (0.90, 0.91, 0.88)


def smooth_noise(shape: tuple[int, int], bump_width: float, rng: Generator) -> NDArray[np.float32]:
    """Draw smooth noise (H, W), mean 0, standard deviation about 0.9, of bumps some ``bump_width`` pixels wide."""
    size = [max(2, round(side / max(bump_width, 1))) + 2 for side in shape]
    bumps = rng.standard_normal(size).astype(np.float32)
    return np.asarray(cv2.resize(bumps, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def draw_paper(shape: tuple[int, int], rng: Generator) -> SceneColors:
    """Draw bare paper of a random color, with fibers and stains."""
    color = np.array(PAPER_COLORS[rng.integers(len(PAPER_COLORS))], np.float32)
    unevenness = 0.008 * smooth_noise(shape, 2, rng) + 0.01 * smooth_noise(shape, max(shape) / 5, rng)
    return np.clip(color + unevenness[..., None], 0, 1).astype(np.float32)


def write_on_paper(ink: Ink, rng: Generator) -> SceneColors:
    """Composite ink in the color of a random pen over random paper; one time in twelve as chalk on a board."""
    if rng.random() < 1 / 12:
        board = draw_paper(ink.shape, rng) * np.float32(0.1) + np.float32(CHALKBOARD_COLOR)
        return composite_ink(board, ink * 0.9, CHALK_COLOR)
    page = draw_paper(ink.shape, rng)
    return composite_ink(page, ink * rng.uniform(0.75, 1), PEN_COLORS[rng.integers(len(PEN_COLORS))])


def composite_ink(scene: SceneColors, ink: Ink, color: tuple[float, float, float]) -> SceneColors:
    """Composite ink over a scene: where ink is 1, its color (RGB, 0..1); where it is 0, the scene."""
    opacity = np.clip(ink, 0, 1)[..., None]
    return np.asarray(scene * (1 - opacity) + np.float32(color) * opacity, np.float32)


def photograph(scene: SceneColors, rng: Generator) -> Photo:
    """Photograph a scene: uneven light, blur of the lens, noise of the sensor, JPEG compression."""
    height, width = scene.shape[:2]
    lit_scene = scene * linear_light((height, width), rng.uniform(0, 2 * np.pi), rng.uniform(0.55, 1.0))[..., None]
    lit_scene = lit_scene * rng.uniform(0.65, 1.15) * rng.uniform(0.93, 1.0, 3).astype(np.float32)
    blurred = cv2.GaussianBlur(lit_scene, (0, 0), rng.uniform(0.35, 1.4))
    sensor_noise = rng.normal(0, rng.uniform(0.003, 0.03), blurred.shape).astype(np.float32)
    return compress_as_jpeg(to_uint8(blurred + cv2.GaussianBlur(sensor_noise, (0, 0), 0.6)), int(rng.integers(40, 96)))


def linear_light(shape: tuple[int, int], angle: float, min_light: float) -> Light:
    """Light that falls off linearly: from 1 at the side at ``angle`` radians (0 right, π/2 down) to ``min_light``."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    projection = y * np.sin(angle) + x * np.cos(angle)
    return np.asarray(min_light + (1 - min_light) * (projection + 1.42) / 2.84, np.float32)


def shadow_light(shape: tuple[int, int], min_light: float = 0.45) -> Light:
    """Light with a shadow whose sharp edge runs aslant through the middle: 1 outside, ``min_light`` within."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    light = (x + 0.5 * y > 0).astype(np.float32)
    return np.asarray(min_light + (1 - min_light) * cv2.GaussianBlur(light, (0, 0), 1.5), np.float32)


def to_uint8(scene: NDArray[np.float32]) -> Photo:
    """Convert levels of 0..1, clipped, to uint8 of 0..255."""
    return np.asarray(np.rint(np.clip(scene, 0, 1) * 255), np.uint8)


def compress_as_jpeg(photo: Photo, quality: int) -> Photo:
    """Compress a photo as JPEG at a quality of 1..95, and decode it again."""
    buffer = io.BytesIO()
    Image.fromarray(photo).save(buffer, "jpeg", quality=quality)
    return np.asarray(Image.open(buffer))
