"""Pictures for benchmarks: MNIST where it is in the cache, else similar pseudo-random blobs."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lenet.data import CATALOG, Dataset, is_cached, load

_SIDE, _BORDER, _INK = 28, 4, 0.19  # of MNIST: rows, empty rows on every side, share of pixels that are not 0
_COARSE = 6


def load_digits() -> Dataset:
    """MNIST if the cache holds it, else pseudo-random blobs, as the name says for reports; nothing is fetched."""
    if is_cached(CATALOG["mnist"].source):
        return replace(load("mnist"), name="MNIST")
    name = "pseudo-random blobs of ink, as MNIST is not in the cache (lenet data fetch mnist)"
    return Dataset(name, *draw_blobs(30_000, seed=0), *draw_blobs(10_000, seed=1), tuple("0123456789"))


def draw_blobs(examples: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pseudo-random blobs with MNIST's share of ink and empty border, and random labels.

    Returns:
        uint8 (examples, 28, 28) and int64 (examples,).
    """
    rng = np.random.default_rng(seed)
    inner = _SIDE - 2 * _BORDER
    grid, positions = np.arange(_COARSE), np.linspace(0, _COARSE - 1, inner)
    interpolation = np.maximum(0, 1 - abs(positions[:, None] - grid)).astype(np.float32)  # linear, (inner, _COARSE)
    clouds = interpolation @ rng.random((examples, _COARSE, _COARSE), np.float32) @ interpolation.T
    levels = np.quantile(clouds.reshape(examples, -1), 1 - _INK * _SIDE**2 / inner**2, axis=1).astype(np.float32)
    ink = np.clip((clouds - levels[:, None, None]) * 2000, 0, 255).astype(np.uint8)
    images = np.zeros((examples, _SIDE, _SIDE), np.uint8)
    images[:, _BORDER:-_BORDER, _BORDER:-_BORDER] = ink
    return images, rng.integers(0, 10, examples)
