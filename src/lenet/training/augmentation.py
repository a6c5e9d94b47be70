"""An epoch's shuffling and augmentation as data: the order of its examples, and how each of them is changed.

All of it follows from the recipe's seed and the epoch's number, so an epoch can be started again, or entered in its
middle, and is the same. The learner applies the changes: the native engine while it gathers a batch, torch by
`changed`.
"""

from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from lenet.data.distortions import move
from lenet.engine.native import Changes, Distorting
from lenet.preprocess import GrayLevels
from lenet.training.recipes import Recipe

_ORDER, _DISTORTION, _SHIFT, _MIRROR, _CURVATURE = range(5)


def epoch_order(recipe: Recipe, rows: NDArray[np.int64], epoch: int) -> tuple[NDArray[np.int64], Changes]:
    """The rows in the order of an epoch, int64 (rows,), and the changes of each place in that order.

    Order, shifts and mirroring are the same whatever learns. Distortions are only named here: torch draws them by
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
    distortions = cast(Distorting | None, recipe.distortions)
    return order, Changes(shifts, mirrored, distortions, seed=recipe.seed, epoch=epoch)


def curvature_order(recipe: Recipe, rows: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
    """The rows that SDLM estimates second derivatives from before an epoch; other ones before each."""
    return np.sort(_generator(recipe.seed, epoch, _CURVATURE).permutation(rows)[: recipe.curvature_examples])


def part(changes: Changes, places: slice) -> Changes:
    """The changes of some places of the order."""
    shifts, mirrored = changes.shifts, changes.mirrored
    return replace(
        changes,
        shifts=None if shifts is None else shifts[places],
        mirrored=None if mirrored is None else mirrored[places],
    )


def changed(images: GrayLevels, changes: Changes) -> GrayLevels:
    """Pictures, mirrored and then shifted; images[i] as place i of the changes says, uint8 of the same shape.

    New ground is background for gray levels (N, H, W), the repeated edge for colors (N, C, H, W).
    """
    if changes.mirrored is not None:
        across = (-1, *(1,) * (images.ndim - 1))
        images = np.where(changes.mirrored.reshape(across), images[..., ::-1], images)
    return images if changes.shifts is None else move(images, changes.shifts)


def distortion_generator(changes: Changes) -> np.random.Generator:
    """The generator of an epoch's distortions by OpenCV."""
    return _generator(changes.seed, changes.epoch, _DISTORTION)


def _generator(seed: int, epoch: int, purpose: int) -> np.random.Generator:
    return np.random.default_rng((seed, epoch, purpose))
