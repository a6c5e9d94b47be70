"""Draw writing without digits: single letters and words in many handwritings, on paper and on boards.

Single letters are left out that can be read as a digit: O o D Q (0), I i J j l T t (1, 7), Z z (2), E e (3),
A h Y y (4), S s (5), G b (6), B (8), g q (9). Words keep all letters.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lab.benchmarks.camera import write_on_paper
from lab.image_types import Generator, Ink, SceneColors

LETTERS = "acdfkmnpruvwxCFHKLMNPRUVWX"
_VOCABULARY = """
    apple bread chair dream early flower garden house island journey kitchen light mother never orange paper quiet
    river summer table under village water yellow zebra about because children different evening friend great hello
    important just know letter morning number often please question remember school thank usually very weather
    yesterday always Dear Monday Paris Anna John Total Name Date Signature Amount Kind regards See you soon Best
    wishes Milk Eggs Butter Coffee Sugar To do Call mum Meeting notes Page Chapter Address Phone Email Street City
    hundred and thousand only
"""
WORDS = _VOCABULARY.split()


def draw_letter(rng: Generator, fonts: Sequence[Path]) -> SceneColors:
    """Draw one letter on paper."""
    ink = render_text(rng.choice(list(LETTERS)), round(rng.uniform(30, 320)), fonts, rng)
    return write_on_paper(pad_randomly(ink, rng, max_padding=1.2), rng)


def draw_words(rng: Generator, fonts: Sequence[Path]) -> SceneColors:
    """Draw one to three lines of words on paper."""
    lines = [" ".join(rng.choice(WORDS, rng.integers(1, 4))) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    ink = render_text("\n".join(lines), round(rng.uniform(24, 110)), fonts, rng)
    return write_on_paper(pad_randomly(ink, rng, max_padding=0.3), rng)


def render_text(text: str, size: int, fonts: Sequence[Path], rng: Generator) -> Ink:
    """Render a text in a random font of ``size`` pixels, rotated a little, cropped to its ink."""
    font = ImageFont.truetype(fonts[rng.integers(len(fonts))], size)
    left, top, right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((0, 0), text, font)
    page = Image.new("L", (math.ceil(right - left) + 8, math.ceil(bottom - top) + 8))
    ImageDraw.Draw(page).multiline_text((4 - left, 4 - top), text, 255, font)
    rotated = page.rotate(rng.normal(0, 3), Image.Resampling.BICUBIC, expand=True)
    return crop_to_ink(np.asarray(rotated, np.float32) / 255)


def pad_randomly(ink: Ink, rng: Generator, max_padding: float) -> Ink:
    """Pad ink with paper: on each side by a random part, up to ``max_padding``, of its longer side."""
    above, below, left, right = (6 + round(rng.uniform(0.02, max_padding) * max(ink.shape)) for _ in range(4))
    return np.pad(ink, ((above, below), (left, right)))


def crop_to_ink(ink: Ink) -> Ink:
    """Crop to the rows and columns that have ink; unchanged if none has."""
    rows, columns = np.flatnonzero(ink.max(axis=1) > 0.2), np.flatnonzero(ink.max(axis=0) > 0.2)
    if not len(rows):
        return ink
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
