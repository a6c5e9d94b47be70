"""Draw and photograph pictures without a digit: writing, drawings, surfaces, printed things.

A seed, a kind and a number determine a picture. The shares of the kinds are fixed, so that a hundred pictures are mixed
as a thousand are.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.benchmarks.camera import photograph
from lab.benchmarks.non_digit_scenes.drawings import draw_doodle, draw_face, draw_symbol
from lab.benchmarks.non_digit_scenes.printed import draw_bar_code, draw_empty_form, draw_map, draw_ruled_paper
from lab.benchmarks.non_digit_scenes.surfaces import draw_empty_paper, draw_noise, draw_object, draw_texture
from lab.benchmarks.non_digit_scenes.writing import draw_letter, draw_words
from lab.image_types import Generator, Photo, SceneColors

# Takes a random generator and handwriting fonts. Returns a scene, float32 of 0..1, which `draw_picture` photographs; or
# a finished photo, uint8 of 0..255, which it leaves as it is.
DrawFunction = Callable[[Generator, Sequence[Path]], SceneColors | Photo]


@dataclass(frozen=True)
class SceneKind:
    """A kind of picture: its name, its share of all pictures in percent, and the function that draws one."""

    name: str
    percent: int
    draw: DrawFunction


def count_pictures_by_kind(pictures: int) -> dict[str, int]:
    """Count the pictures of each kind, by name, among ``pictures`` (largest-remainder rounding)."""
    exact_counts = [kind.percent * pictures / 100 for kind in SCENE_KINDS]
    counts = [math.floor(count) for count in exact_counts]
    by_remainder = sorted(range(len(SCENE_KINDS)), key=lambda index: counts[index] - exact_counts[index])
    for index in by_remainder[: pictures - sum(counts)]:
        counts[index] += 1
    return {kind.name: count for kind, count in zip(SCENE_KINDS, counts, strict=True)}


def draw_picture(kind: str, number: int, fonts: Sequence[Path], seed: int = 0) -> Photo:
    """Draw picture ``number`` of a kind, photographed: uint8 (H, W, 3)."""
    index = next(index for index, candidate in enumerate(SCENE_KINDS) if candidate.name == kind)
    rng = np.random.default_rng([seed, index, number])
    picture = SCENE_KINDS[index].draw(rng, fonts)
    is_photo = picture.dtype == np.uint8
    return picture if is_photo else photograph(picture, rng)


SCENE_KINDS = (
    SceneKind("single letters", 14, draw_letter),
    SceneKind("words", 18, draw_words),
    SceneKind("symbols", 10, draw_symbol),
    SceneKind("scribbles and doodles", 8, draw_doodle),
    SceneKind("faces", 5, draw_face),
    SceneKind("textures", 9, draw_texture),
    SceneKind("noise", 4, draw_noise),
    SceneKind("empty paper", 7, draw_empty_paper),
    SceneKind("ruled paper", 5, draw_ruled_paper),
    SceneKind("empty forms", 5, draw_empty_form),
    SceneKind("bar codes", 3, draw_bar_code),
    SceneKind("maps", 4, draw_map),
    SceneKind("clothes and objects", 8, draw_object),
)
