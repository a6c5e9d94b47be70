"""Measure how stable readings are under changes of the picture: ``python -m lab.benchmarks.invariance [--digits N]``.

MNIST test digits, drawn large as by a pen, are read plainly (dark on light, 120 pixels high, evenly lit), and again
inverted, at other sizes from 12 to 3,000 pixels, with more and less paper around, under- and overexposed, in shadows,
as JPEG, rotated with EXIF data; single digits both automatically and as a picture known to hold one digit, rows of five
automatically. Counts in how many the text is the same as the plain one's; the target is 98 % for each change of a
single digit. What the plain ones themselves get right stands in the first line.
"""

import argparse
import json
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lab.benchmarks.changed_pictures import (
    CHANGES,
    DEFAULT_DIGIT_SIDE,
    DIGIT_SIDES,
    LARGE_DIGIT_SIDES,
    Change,
    ReaderInput,
    render_plain,
)
from lab.benchmarks.large_digits import draw_digit, draw_row
from lab.image_types import Ink
from lenet import data
from lenet.evaluation.metrics import wilson_interval
from lenet.model import load
from lenet.reading import Reader

MIN_UNCHANGED = 98.0  # percent
DIGITS_OF_LARGE_SIDES = 40  # of the largest sizes, which take long to draw
DIGITS_IN_ROW = 5


@dataclass(frozen=True, eq=False)
class Subject:
    """What is shown: MNIST digits, one or a row, and where its gaps come from."""

    images: NDArray[np.uint8]
    text: str
    number: int

    def ink(self, side: float) -> Ink:
        if len(self.images) == 1:
            return draw_digit(self.images[0], side)
        return draw_row(list(self.images), side, np.random.default_rng(self.number))


@dataclass(frozen=True, eq=False)
class Difference:
    """A picture that was read as something else than the plain one."""

    change: str
    subject: Subject
    plainly: str
    text: str
    picture: NDArray[np.uint8]


def create_single_digits(mnist: data.Dataset, number: int) -> list[Subject]:
    """The first test digits."""
    labels = mnist.test_labels
    return [Subject(mnist.test_images[index : index + 1], str(labels[index]), index) for index in range(number)]


def create_rows(mnist: data.Dataset, number: int, length: int = DIGITS_IN_ROW) -> list[Subject]:
    """Rows of test digits that follow one another, from the last one backward."""
    starts = [len(mnist.test_labels) - length * (index + 1) for index in range(number)]
    return [
        Subject(
            mnist.test_images[start : start + length],
            "".join(map(str, mnist.test_labels[start : start + length])),
            start,
        )
        for start in starts
    ]


def read_changed(
    reader: Reader, subjects: Sequence[Subject], change: Change, side: float, plainly: Sequence[str], single: bool
) -> Iterator[tuple[Subject, str, str, ReaderInput]]:
    """Subject, what it was read as plainly, what it is read as changed, and the changed picture."""
    with tempfile.TemporaryDirectory() as folder:
        for subject, plain_text in zip(subjects, plainly, strict=False):
            changed = change(subject.ink(side), Path(folder))
            text = reader.read(changed, single=single).text
            yield subject, plain_text, text, np.asarray(Image.open(changed)) if isinstance(changed, Path) else changed


def read_plain(reader: Reader, subjects: Sequence[Subject], single: bool) -> list[str]:
    return [
        reader.read(render_plain(subject.ink(DEFAULT_DIGIT_SIDE), Path()), single=single).text for subject in subjects
    ]


def count_unchanged(
    reader: Reader, subjects: Sequence[Subject], single: bool, sizes: Sequence[int], differences: list[Difference]
) -> dict[str, tuple[int, int]]:
    """For the plain pictures how many are right, for each change how many are the same as plain; and of how many."""
    plainly = read_plain(reader, subjects, single)
    right = sum(text == subject.text for text, subject in zip(plainly, subjects, strict=True))
    counts = {"plain: right": (right, len(subjects))}
    changes = [(name, change, DEFAULT_DIGIT_SIDE) for name, change in CHANGES.items()]
    for name, change, side in [(f"size: {side:,} pixels", render_plain, side) for side in sizes] + changes:
        subset = subjects[:DIGITS_OF_LARGE_SIDES] if side in LARGE_DIGIT_SIDES else subjects
        unchanged = 0
        for subject, plain_text, text, picture in read_changed(reader, subset, change, side, plainly, single):
            unchanged += text == plain_text
            if text != plain_text:
                differences.append(Difference(name, subject, plain_text, text, picture))
        counts[name] = (unchanged, len(subset))
    return counts


def draw_contact_sheet(differences: Sequence[Difference], path: Path, tile: int = 130, columns: int = 12) -> None:
    """The pictures that were read otherwise, with both answers."""
    font, lines = ImageFont.load_default(11), max(1, math.ceil(len(differences) / columns))
    sheet = Image.new("RGB", (columns * tile, lines * (tile + 30)), "#dddddd")
    draw = ImageDraw.Draw(sheet)
    for cell, difference in enumerate(differences):
        left, top = cell % columns * tile, cell // columns * (tile + 30)
        picture = Image.fromarray(difference.picture).convert("RGB")
        picture = picture.resize(
            (
                max(1, picture.width * (tile - 6) // max(picture.size)),
                max(1, picture.height * (tile - 6) // max(picture.size)),
            )
        )
        sheet.paste(picture, (left, top))
        draw.text((left, top + tile - 4), difference.change[:24], "#444444", font)
        plain_text, changed_text = (
            text.replace("\n", "|") or "nothing" for text in (difference.plainly, difference.text)
        )
        draw.text(
            (left, top + tile + 9),
            f"#{difference.subject.number}: {plain_text}, now {changed_text}"[:26],
            "#b00020",
            font,
        )
    sheet.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Whether the same digit is read alike however it is shown.")
    parser.add_argument("--digits", type=int, default=500, help="single digits [%(default)s]")
    parser.add_argument("--rows", type=int, default=100, help="rows of five digits [%(default)s]")
    parser.add_argument("--weights", help="a weights file or a run's folder [those shipped]")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw the pictures that are read otherwise")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a file, too")
    options = parser.parse_args()
    reader, mnist = Reader(load(options.weights) if options.weights else None), data.load("mnist")
    digits, lines = create_single_digits(mnist, options.digits), create_rows(mnist, options.rows)
    differences: list[Difference] = []
    parts = {
        "single digits, automatic": (digits, False, (*DIGIT_SIDES, *LARGE_DIGIT_SIDES)),
        "single digits, --single": (digits, True, (*DIGIT_SIDES, *LARGE_DIGIT_SIDES)),
        "rows of five": (lines, False, DIGIT_SIDES),
    }
    figures = {
        name: count_unchanged(reader, subjects, single, sizes, differences)
        for name, (subjects, single, sizes) in parts.items()
        if subjects
    }
    print(f"| same answer as plainly | {' | '.join(figures)} |\n|---|{'---:|' * len(figures)}")
    for change in next(iter(figures.values())):
        cells = [_format_share(*counts[change]) if change in counts else "–" for counts in figures.values()]
        print(f"| {change} | {' | '.join(cells)} |")
    print(f"\nThe target is {MIN_UNCHANGED:.0f} % for each change of a single digit.")
    if options.sheet:
        draw_contact_sheet(differences, options.sheet)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def _format_share(unchanged: int, number: int) -> str:
    lower, upper = wilson_interval(number - unchanged, number)
    return f"{100 * unchanged / number:.1f} % ({100 - upper:.1f} to {100 - lower:.1f})"


if __name__ == "__main__":
    main()
