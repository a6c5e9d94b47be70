"""An epoch's shuffling and augmentation as data: the order of its examples, and the augmentation of each.

All of it follows from the recipe's seed and the epoch's number, so an epoch can be started again, or entered in its
middle, and is the same. The learner applies the augmentation: the native engine while it gathers a batch, torch
by `augment`.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lenet.data.distortions import translate
from lenet.engine.native import Augmentation
from lenet.preprocess import GrayLevels
from lenet.training.recipes import Recipe

_ORDER, _DISTORTION, _SHIFT, _MIRROR, _CURVATURE = range(5)


def epoch_order(recipe: Recipe, rows: NDArray[np.int64], epoch: int) -> tuple[NDArray[np.int64], Augmentation]:
    """Shuffle the rows for an epoch: their order, int64 (rows,), and the augmentation of each position.

    Order, shifts and mirroring are the same for all learners. Distortions have their limits only: torch draws them by
    OpenCV (`data.distortions`), the native engine from a generator of its own, so they differ in their numbers, not in
    their limits.
    """
    order, examples = rows[_generator(recipe.seed, epoch, _ORDER).permutation(len(rows))], len(rows)
    shifts, mirrored = None, None
    if recipe.shift:
        limit = recipe.shift
        shifts = _generator(recipe.seed, epoch, _SHIFT).integers(-limit, limit + 1, (examples, 2)).astype(np.int8)
    if recipe.flip:
        mirrored = _generator(recipe.seed, epoch, _MIRROR).random(examples) < 0.5
    return order, Augmentation(shifts, mirrored, recipe.distortions, seed=recipe.seed, epoch=epoch)


def curvature_order(recipe: Recipe, rows: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
    """Random rows for SDLM's estimate of second derivatives before an epoch, others for each."""
    return np.sort(_generator(recipe.seed, epoch, _CURVATURE).permutation(rows)[: recipe.curvature_examples])


def slice_augmentation(augmentation: Augmentation, positions: slice) -> Augmentation:
    """Slice an epoch's augmentation by positions of the order."""
    shifts, mirrored = augmentation.shifts, augmentation.mirrored
    return replace(
        augmentation,
        shifts=None if shifts is None else shifts[positions],
        mirrored=None if mirrored is None else mirrored[positions],
    )


def augment(images: GrayLevels, augmentation: Augmentation) -> GrayLevels:
    """Mirror and then shift pictures; images[i] by element i of the augmentation, uint8 of the same shape.

    Uncovered pixels are background for gray levels (N, H, W), the replicated edge for colors (N, C, H, W).
    """
    if augmentation.mirrored is not None:
        shape = (-1, *(1,) * (images.ndim - 1))
        images = np.where(augmentation.mirrored.reshape(shape), images[..., ::-1], images)
    return images if augmentation.shifts is None else translate(images, augmentation.shifts)


def distortion_generator(augmentation: Augmentation) -> np.random.Generator:
    """The generator of an epoch's distortions by OpenCV."""
    return _generator(augmentation.seed, augmentation.epoch, _DISTORTION)


def _generator(seed: int, epoch: int, purpose: int) -> np.random.Generator:
    return np.random.default_rng((seed, epoch, purpose))
