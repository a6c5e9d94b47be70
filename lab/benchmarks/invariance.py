"""Measure how stable readings are under changes of the picture: ``python -m lab.benchmarks.invariance [--digits N]``.

MNIST test digits, drawn large as by a pen, are read plainly (dark on light, 120 pixels high, evenly lit), and again
inverted, at other sizes from 12 to 3,000 pixels, with more and less paper around, under- and overexposed, in shadows,
as JPEG, rotated with EXIF data; single digits both automatically and as a picture known to hold one digit, rows of five
automatically. Counts in how many the text is the same as the plain one's; the target is 98 % for each change of a
single digit. What the plain ones themselves get right stands in the first line.

Reading takes most of the time, some 10,000 pictures with 200 digits: a process for every core reads them.
"""

import argparse
import json
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
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
from lab.benchmarks.command import show_progress
from lab.benchmarks.large_digits import draw_digit, draw_row
from lab.image_types import Ink
from lenet import data
from lenet.engine.native import usable_cores
from lenet.evaluation.metrics import wilson_interval
from lenet.model import load
from lenet.reading import Reader
from lenet.reading.batch.worker_pool import map_in_processes

MIN_UNCHANGED = 98.0  # percent
DIGITS_OF_LARGE_SIDES = 40  # of the largest sizes, which take long to draw
DIGITS_IN_ROW = 5
TILE = 130  # pixels of the sheet for a picture


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
    """A picture that was read as something else than the plain one; as small as the sheet shows it."""

    change: str
    subject: Subject
    plainly: str
    text: str
    tile: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Task:
    """A subject, in which ways it is read (whether as a single digit), and the sizes that it is drawn in."""

    subject: Subject
    singles: tuple[bool, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Answers:
    """What a subject was read as in each way, by change, and the pictures that one way read otherwise than plainly."""

    texts: dict[str, list[str]]
    tiles: dict[str, NDArray[np.uint8]]


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


def list_changes(sizes: Sequence[int]) -> list[tuple[str, Change, int]]:
    """Name, change and side of each changed picture."""
    by_size: list[tuple[str, Change, int]] = [(f"size: {side:,} pixels", render_plain, side) for side in sizes]
    return by_size + [(name, change, DEFAULT_DIGIT_SIDE) for name, change in CHANGES.items()]


def read_changed(reader: Reader, task: Task) -> Answers:
    """Read a subject plainly and after each change: each picture is drawn once, and read in every way."""
    subject, inks = task.subject, {}
    texts: dict[str, list[str]] = {}
    tiles: dict[str, NDArray[np.uint8]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, change, side in [("plain", render_plain, DEFAULT_DIGIT_SIDE), *list_changes(task.sizes)]:
            if side not in inks:
                inks[side] = subject.ink(side)
            changed = change(inks[side], Path(folder))
            texts[name] = [reader.read(changed, single=single).text for single in task.singles]
            if texts[name] != texts["plain"]:
                tiles[name] = create_tile(changed)
    return Answers(texts, tiles)


def read_all(tasks: Sequence[Task], weights: str | None, workers: int) -> Iterator[Answers]:
    """The answers to each task, in their order, by so many processes."""
    yield from map_in_processes(partial(_create_task_reader, weights), tasks, workers, _on_lost)


def _create_task_reader(weights: str | None) -> Callable[[Task], Answers]:
    return partial(read_changed, Reader(load(weights) if weights else None))


def _on_lost(task: Task) -> Answers:
    raise SystemExit(
        f"digit {task.subject.number} ended the process that was reading it, most likely by lack of memory"
    )


def count_unchanged(
    tasks: Sequence[Task], answers: Sequence[Answers], way: int, sizes: Sequence[int]
) -> tuple[dict[str, tuple[int, int]], list[Difference]]:
    """For the plain pictures how many are right, for each change how many are the same as plain; and of how many.

    And the pictures that were read otherwise, change by change.
    """
    plainly = [answer.texts["plain"][way] for answer in answers]
    right = sum(text == task.subject.text for text, task in zip(plainly, tasks, strict=True))
    counts, differences = {"plain: right": (right, len(tasks))}, []
    for name, _, _ in list_changes(sizes):
        read = [(task, answer) for task, answer in zip(tasks, answers, strict=True) if name in answer.texts]
        changed = [(task, answer) for task, answer in read if answer.texts[name][way] != answer.texts["plain"][way]]
        counts[name] = (len(read) - len(changed), len(read))
        differences += [
            Difference(name, task.subject, answer.texts["plain"][way], answer.texts[name][way], answer.tiles[name])
            for task, answer in changed
        ]
    return counts, differences


def create_tile(changed: ReaderInput) -> NDArray[np.uint8]:
    """The picture as small as the sheet shows it."""
    picture = (Image.open(changed) if isinstance(changed, Path) else Image.fromarray(changed)).convert("RGB")
    inside = TILE - 6
    size = [max(1, side * inside // max(picture.size)) for side in picture.size]
    return np.asarray(picture.resize((size[0], size[1])))


def draw_contact_sheet(differences: Sequence[Difference], path: Path, columns: int = 12) -> None:
    """The pictures that were read otherwise, with both answers."""
    font, lines = ImageFont.load_default(11), max(1, math.ceil(len(differences) / columns))
    sheet = Image.new("RGB", (columns * TILE, lines * (TILE + 30)), "#dddddd")
    draw = ImageDraw.Draw(sheet)
    for cell, difference in enumerate(differences):
        left, top = cell % columns * TILE, cell // columns * (TILE + 30)
        sheet.paste(Image.fromarray(difference.tile), (left, top))
        draw.text((left, top + TILE - 4), difference.change[:24], "#444444", font)
        plain_text, changed_text = (
            text.replace("\n", "|") or "nothing" for text in (difference.plainly, difference.text)
        )
        draw.text(
            (left, top + TILE + 9),
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
    parser.add_argument("--workers", type=int, default=usable_cores(), help="processes that read [%(default)s]")
    options = parser.parse_args()
    mnist, every_size = data.load("mnist"), (*DIGIT_SIDES, *LARGE_DIGIT_SIDES)
    digits = [
        Task(subject, (False, True), every_size if number < DIGITS_OF_LARGE_SIDES else DIGIT_SIDES)
        for number, subject in enumerate(create_single_digits(mnist, options.digits))
    ]
    lines = [Task(subject, (False,), DIGIT_SIDES) for subject in create_rows(mnist, options.rows)]
    answers: list[Answers] = []
    for answer in read_all([*digits, *lines], options.weights, options.workers):
        answers.append(answer)
        show_progress(f"{len(answers)} of {len(digits)} digits and {len(lines)} rows")
    show_progress("")
    of_digits, of_lines = answers[: len(digits)], answers[len(digits) :]
    parts = {
        "single digits, automatic": (digits, of_digits, 0, every_size),
        "single digits, --single": (digits, of_digits, 1, every_size),
        "rows of five": (lines, of_lines, 0, DIGIT_SIDES),
    }
    results = {name: count_unchanged(*part) for name, part in parts.items() if part[0]}
    figures = {name: counts for name, (counts, _) in results.items()}
    print(f"| same answer as plainly | {' | '.join(figures)} |\n|---|{'---:|' * len(figures)}")
    for change in next(iter(figures.values())):
        cells = [_format_share(*counts[change]) if change in counts else "–" for counts in figures.values()]
        print(f"| {change} | {' | '.join(cells)} |")
    print(f"\nThe target is {MIN_UNCHANGED:.0f} % for each change of a single digit.")
    if options.sheet:
        draw_contact_sheet([one for _, differences in results.values() for one in differences], options.sheet)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def _format_share(unchanged: int, number: int) -> str:
    lower, upper = wilson_interval(number - unchanged, number)
    return f"{100 * unchanged / number:.1f} % ({100 - upper:.1f} to {100 - lower:.1f})"


if __name__ == "__main__":
    main()
