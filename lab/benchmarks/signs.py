"""Measure signs between digits: ``python -m lab.benchmarks.signs [--seed N]``.

Writes texts with a sign, and numbers without one that hold many ones, in the handwriting fonts that no network was
trained on, and counts for each kind of text how often the reading with its signs kept is right, rejected, and wrong
though accepted.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lab.synthesis.fonts import handwriting_fonts
from lab.synthesis.written_lines import Drawing, Generator, on_paper
from lenet.reading import Reader

SIZE, WHITE = 70, 6  # pixels: of the font, and between two signs beyond its own

KINDS: dict[str, Callable[[Generator], str]] = {
    "dates with slashes": lambda rng: f"{day(rng):02d}/{month(rng):02d}/{rng.integers(1990, 2030)}",
    "dates with dashes": lambda rng: f"{day(rng):02d}-{month(rng):02d}-{rng.integers(1990, 2030)}",
    "fractions": lambda rng: f"{rng.integers(1, 10)}/{rng.integers(2, 10)}",
    "negative numbers": lambda rng: f"-{rng.integers(10, 1000)}",
    "points": lambda rng: f"{rng.integers(1, 100)}.{rng.integers(10, 100)}",
    "commas": lambda rng: f"{rng.integers(1, 100)},{rng.integers(10, 100)}",
    "times": lambda rng: f"{rng.integers(10, 24)}:{rng.integers(10, 60)}",
    "sums": lambda rng: f"{rng.integers(2, 100)}+{rng.integers(2, 100)}",
    "ones and others": lambda rng: "".join(rng.choice(list("01111123456789"), 6)),
}


def day(rng: Generator) -> int:
    return int(rng.integers(1, 29))


def month(rng: Generator) -> int:
    return int(rng.integers(1, 13))


def drawn(font: Path, text: str) -> Drawing:
    """A line of text in a font, float32 (h, w): 0 paper, 1 ink."""
    face = ImageFont.truetype(str(font), SIZE)
    picture = Image.new("L", (200 + int(face.getlength(text)) + WHITE * len(text), 3 * SIZE), 0)
    draw, x = ImageDraw.Draw(picture), 80.0
    for character in text:
        draw.text((x, SIZE // 2), character, 255, face)
        x += face.getlength(character) + WHITE
    return np.asarray(picture, np.float32) / 255


def outcomes(reader: Reader, kind: str, seed: int, part: str = "kept apart") -> Iterator[tuple[str, str, bool]]:
    """For each font the text that was written, what was read, and whether it was rejected."""
    for number, font in enumerate(handwriting_fonts(part)):
        rng = np.random.default_rng([seed, list(KINDS).index(kind), number])
        text = KINDS[kind](rng)
        reading = reader.read(on_paper(drawn(font.path, text), rng), signs="keep")
        yield text, reading.text.replace(" ", ""), reading.is_rejected


def main() -> None:
    options = argparse.ArgumentParser(description="How signs between digits are read.")
    options.add_argument("--seed", type=int, default=0, help="another seed writes other texts [%(default)s]")
    options.add_argument("--part", default="kept apart", help="of the fonts, or training [%(default)s]")
    chosen = options.parse_args()
    reader = Reader()
    print("| texts | number | right, signs too | digits right | rejected | wrong among accepted |")
    print("|---|---:|---:|---:|---:|---:|")
    for kind in KINDS:
        results = list(outcomes(reader, kind, chosen.seed, chosen.part))
        count = len(results)
        right = sum(text == read for text, read, _ in results)
        digits_right = sum(digits_of(text) == digits_of(read) for text, read, _ in results)
        accepted = [(text, read) for text, read, is_rejected in results if not is_rejected]
        wrong = sum(digits_of(text) != digits_of(read) for text, read in accepted)
        print(
            f"| {kind} | {count} | {100 * right / count:.0f} % | {100 * digits_right / count:.0f} % "
            f"| {100 * (count - len(accepted)) / count:.0f} % | {wrong} of {len(accepted)} |"
        )


def digits_of(text: str) -> str:
    return "".join(filter(str.isdigit, text))


if __name__ == "__main__":
    main()
