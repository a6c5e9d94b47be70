"""Measure the reading of signs between digits: ``python -m lab.benchmarks.signs [--seed N]``.

Writes texts with a sign, and numbers without one that hold many ones, in the test split of the handwriting fonts, and
counts for each kind of text how often the reading with its signs kept is exact, how often its digits are, how often it
is rejected, and how often it is accepted though a digit or a sign is wrong, missing or too many.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lab.command_line import natural_number, run_command
from lab.image_types import Generator, Ink
from lab.synthesis.fonts import SPLITS, load_handwriting_fonts
from lab.synthesis.written_lines import photograph_line
from lenet.reading import Reader

FONT_SIZE, LETTER_SPACING = 70, 6  # pixels; the spacing is added to the font's own

TEXT_KINDS: dict[str, Callable[[Generator], str]] = {
    "dates with slashes": lambda rng: f"{random_day(rng):02d}/{random_month(rng):02d}/{rng.integers(1990, 2030)}",
    "dates with dashes": lambda rng: f"{random_day(rng):02d}-{random_month(rng):02d}-{rng.integers(1990, 2030)}",
    "fractions": lambda rng: f"{rng.integers(1, 10)}/{rng.integers(2, 10)}",
    "negative numbers": lambda rng: f"-{rng.integers(10, 1000)}",
    "points": lambda rng: f"{rng.integers(1, 100)}.{rng.integers(10, 100)}",
    "commas": lambda rng: f"{rng.integers(1, 100)},{rng.integers(10, 100)}",
    "times": lambda rng: f"{rng.integers(10, 24)}:{rng.integers(10, 60)}",
    "sums": lambda rng: f"{rng.integers(2, 100)}+{rng.integers(2, 100)}",
    "ones and others": lambda rng: "".join(rng.choice(list("01111123456789"), 6)),
    "in parentheses": lambda rng: f"({rng.integers(10, 10000)})",
}


def random_day(rng: Generator) -> int:
    """A day that every month has, 1 to 28."""
    return int(rng.integers(1, 29))


def random_month(rng: Generator) -> int:
    """A month, 1 to 12."""
    return int(rng.integers(1, 13))


def render_line(font: Path, text: str) -> Ink:
    """Render a line of text in a font, float32 (h, w): 0 paper, 1 ink."""
    face = ImageFont.truetype(str(font), FONT_SIZE)
    picture = Image.new("L", (200 + int(face.getlength(text)) + LETTER_SPACING * len(text), 3 * FONT_SIZE), 0)
    draw, x = ImageDraw.Draw(picture), 80.0
    for character in text:
        draw.text((x, FONT_SIZE // 2), character, 255, face)
        x += face.getlength(character) + LETTER_SPACING
    return np.asarray(picture, np.float32) / 255


def read_texts(
    reader: Reader, kind: str, seed: int, splits: Sequence[str] = ("test",)
) -> Iterator[tuple[str, str, bool]]:
    """Write and read a text in each font: the text, what was read without spaces, and whether it was rejected."""
    for number, font in enumerate(load_handwriting_fonts(*splits)):
        rng = np.random.default_rng([seed, list(TEXT_KINDS).index(kind), number])
        text = TEXT_KINDS[kind](rng)
        reading = reader.read(photograph_line(render_line(font.path, text), rng), signs="keep")
        yield text, reading.text.replace(" ", ""), reading.is_rejected


def main() -> None:
    parser = argparse.ArgumentParser(description="How signs between digits are read.")
    parser.add_argument("--seed", type=natural_number, default=0, help="another seed writes other texts [%(default)s]")
    parser.add_argument("--split", nargs="+", default=["test"], choices=SPLITS, help="of the fonts, one or several")
    options = parser.parse_args()
    reader = Reader()
    print("| texts | number | text exact | digits exact | rejected | wrong among accepted |")
    print("|---|---:|---:|---:|---:|---:|")
    for kind in TEXT_KINDS:
        results = list(read_texts(reader, kind, options.seed, options.split))
        count = len(results)
        text_exact = sum(text == read for text, read, _ in results)
        digits_exact = sum(keep_digits(text) == keep_digits(read) for text, read, _ in results)
        accepted, wrong = count_accepted(results)
        print(
            f"| {kind} | {count} | {100 * text_exact / count:.0f} % | {100 * digits_exact / count:.0f} % "
            f"| {100 * (count - accepted) / count:.0f} % | {wrong} of {accepted} |"
        )


def count_accepted(results: Iterable[tuple[str, str, bool]]) -> tuple[int, int]:
    """Count the accepted readings, and those among them in which a digit or a sign is wrong.

    Args:
        results: text, reading and whether it was rejected, as `read_texts` gives them.
    """
    is_right = [text == read for text, read, is_rejected in results if not is_rejected]
    return len(is_right), is_right.count(False)


def keep_digits(text: str) -> str:
    """Drop all characters but digits."""
    return "".join(filter(str.isdigit, text))


if __name__ == "__main__":
    run_command(main)
