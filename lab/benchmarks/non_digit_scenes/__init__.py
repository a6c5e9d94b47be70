"""Draw and photograph pictures without a digit: writing, drawings, surfaces, printed things.

Every picture follows from a seed, its kind and its number. Kinds come in fixed shares, so that a hundred pictures are
mixed as a thousand are.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.benchmarks.camera import photograph
from lab.benchmarks.non_digit_scenes.drawings import doodle, face, symbol
from lab.benchmarks.non_digit_scenes.printed import bar_code, form, map_of_lines, ruled
from lab.benchmarks.non_digit_scenes.surfaces import empty_paper, noise, object_photo, texture
from lab.benchmarks.non_digit_scenes.writing import letter, words
from lab.image_types import Generator, Photo, Scene

Draw = Callable[[Generator, Sequence[Path]], Scene | Photo]


@dataclass(frozen=True)
class Kind:
    """A kind of picture: its name, its percent of all, and the function that draws a scene or a finished photo."""

    name: str
    percent: int
    draw: Draw


def number_of_each(pictures: int) -> dict[str, int]:
    """Number of pictures of each kind among ``pictures`` (largest-remainder rounding)."""
    exact = [kind.percent * pictures / 100 for kind in KINDS]
    counts = [math.floor(count) for count in exact]
    by_remainder = sorted(range(len(KINDS)), key=lambda index: counts[index] - exact[index])
    for index in by_remainder[: pictures - sum(counts)]:
        counts[index] += 1
    return {kind.name: count for kind, count in zip(KINDS, counts, strict=True)}


def draw_picture(kind: str, number: int, fonts: Sequence[Path], seed: int = 0) -> Photo:
    """Picture ``number`` of a kind: uint8 (H, W, 3)."""
    index = next(index for index, candidate in enumerate(KINDS) if candidate.name == kind)
    rng = np.random.default_rng([seed, index, number])
    picture = KINDS[index].draw(rng, fonts)
    return picture if picture.dtype == np.uint8 else photograph(picture, rng)


KINDS = (
    Kind("single letters", 14, letter),
    Kind("words", 18, words),
    Kind("symbols", 10, symbol),
    Kind("scribbles and doodles", 8, doodle),
    Kind("faces", 5, face),
    Kind("textures", 9, texture),
    Kind("noise", 4, noise),
    Kind("empty paper", 7, empty_paper),
    Kind("ruled paper", 5, ruled),
    Kind("empty forms", 5, form),
    Kind("bar codes", 3, bar_code),
    Kind("maps", 4, map_of_lines),
    Kind("clothes and objects", 8, object_photo),
)
