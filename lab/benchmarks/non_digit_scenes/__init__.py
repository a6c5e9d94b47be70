"""Draw and photograph pictures without a digit: writing, drawings, surfaces, printed things.

Every picture follows from a seed, its kind and its number. Kinds come in fixed shares, so that a hundred pictures are
mixed as a thousand are.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.benchmarks.camera import Generator, Photo, Scene, photograph
from lab.benchmarks.non_digit_scenes.drawings import doodle, face, sign
from lab.benchmarks.non_digit_scenes.printed import code, form, map_of_lines, ruled
from lab.benchmarks.non_digit_scenes.surfaces import blank, noise, texture, thing
from lab.benchmarks.non_digit_scenes.writing import letter, words

Draw = Callable[[Generator, Sequence[Path]], Scene | Photo]


@dataclass(frozen=True)
class Kind:
    """A kind of picture: its name, its percent of all, and who draws one, as a scene or as a finished photo."""

    name: str
    percent: int
    draw: Draw


def number_of_each(pictures: int) -> dict[str, int]:
    """How many of so many pictures are of each kind: their shares, the largest remainders rounded up."""
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
    drawn = KINDS[index].draw(rng, fonts)
    return drawn if drawn.dtype == np.uint8 else photograph(drawn, rng)


KINDS = (
    Kind("single letters", 14, letter),
    Kind("words", 18, words),
    Kind("signs", 10, sign),
    Kind("scribbles and doodles", 8, doodle),
    Kind("faces", 5, face),
    Kind("textures", 9, texture),
    Kind("noise", 4, noise),
    Kind("blank photos", 7, blank),
    Kind("ruled paper", 5, ruled),
    Kind("empty forms", 5, form),
    Kind("bar codes", 3, code),
    Kind("maps", 4, map_of_lines),
    Kind("clothes and things", 8, thing),
)
