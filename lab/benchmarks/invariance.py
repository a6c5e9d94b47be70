"""Measure how stable readings are under changes of the picture: ``python -m lab.benchmarks.invariance [--digits N]``.

MNIST test digits are enlarged, drawn as by a pen, and read as plain pictures (dark on light, 120 pixels high, evenly
lit); then inverted, at other sizes from 12 to 3,000 pixels, with more and less paper around, under- and overexposed, in
shadows, as JPEG, rotated with EXIF data. Single digits are read both automatically and as a picture known to hold one
digit, rows of five automatically. Counts how many changed pictures are read as the plain picture of the same digits is;
the target is 98 % for each change of a single digit. The first line says how many plain pictures are read right.

Reading takes most of the time, some 10,000 pictures with 200 digits: a process for every core reads them.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lab.benchmarks.changed_pictures import (
    CHANGES,
    DEFAULT_DIGIT_SIDE,
    DIGIT_SIDES,
    LARGE_DIGIT_SIDES,
    Change,
    ReaderInput,
    render_plain,
)
from lab.benchmarks.command import show_progress, write_json
from lab.benchmarks.large_digits import draw_digit, draw_row
from lab.command_line import positive_integer, run_command
from lab.image_types import Ink
from lenet import data
from lenet.engine.native import usable_cores
from lenet.evaluation.metrics import wilson_interval
from lenet.reading import Reader
from lenet.reading.batch.worker_pool import map_in_processes

MIN_UNCHANGED = 98.0  # percent
DIGITS_OF_LARGE_SIDES = 40  # how many are drawn with sides of LARGE_DIGIT_SIDES, which take long
DIGITS_IN_ROW = 5
TILE_SIDE = 150  # pixels of the contact sheet for a picture


@dataclass(frozen=True, eq=False)
class Subject:
    """The digits of a picture, however it is changed.

    Attributes:
        images: uint8 (N, 28, 28), of MNIST; one, or a row of several.
        text: their labels.
        number: identifies the subject, and seeds the gaps of a row.
    """

    images: NDArray[np.uint8]
    text: str
    number: int

    def draw(self, side: float) -> Ink:
        """Draw the digits, the longer side of each about ``side`` pixels."""
        if len(self.images) == 1:
            return draw_digit(self.images[0], side)
        return draw_row(list(self.images), side, np.random.default_rng(self.number))


@dataclass(frozen=True, eq=False)
class Difference:
    """A changed picture that was read as another text than the plain one; ``tile`` shows it on the contact sheet."""

    change: str
    subject: Subject
    plain_text: str
    changed_text: str
    tile: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ReadingTask:
    """A subject to read.

    Attributes:
        subject: what is drawn.
        singles: the modes of reading: for each, whether the picture is read as one known to hold one digit.
        sizes: sides in pixels that it is drawn with, beside DEFAULT_DIGIT_SIDE.
    """

    subject: Subject
    singles: tuple[bool, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class SubjectAnswers:
    """The texts that were read from the pictures of a subject.

    Attributes:
        texts: by change, ``"plain"`` among them: the text in each mode.
        tiles: by change, pictures that some mode read as another text than the plain one, for the contact sheet.
    """

    texts: dict[str, list[str]]
    tiles: dict[str, NDArray[np.uint8]]


def create_single_digits(mnist: data.Dataset, number: int) -> list[Subject]:
    """The first ``number`` test digits."""
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
    """List the changed pictures of a subject: name, change, and side of a digit in pixels."""
    by_size: list[tuple[str, Change, int]] = [(f"size: {side:,} pixels", render_plain, side) for side in sizes]
    return by_size + [(name, change, DEFAULT_DIGIT_SIDE) for name, change in CHANGES.items()]


def read_changed(reader: Reader, task: ReadingTask) -> SubjectAnswers:
    """Read the plain and the changed pictures of a subject: each is drawn once, and read in every mode."""
    subject, inks = task.subject, {}
    texts: dict[str, list[str]] = {}
    tiles: dict[str, NDArray[np.uint8]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, change, side in [("plain", render_plain, DEFAULT_DIGIT_SIDE), *list_changes(task.sizes)]:
            if side not in inks:
                inks[side] = subject.draw(side)
            changed = change(inks[side], Path(folder))
            texts[name] = [reader.read(changed, single=single).text for single in task.singles]
            if texts[name] != texts["plain"]:
                tiles[name] = create_tile(changed)
    return SubjectAnswers(texts, tiles)


def read_all_changed(tasks: Sequence[ReadingTask], weights: str | None, workers: int) -> Iterator[SubjectAnswers]:
    """Read all subjects by ``workers`` processes; answers in the order of the tasks."""
    yield from map_in_processes(partial(_create_task_reader, weights), tasks, workers, _refuse_lost_task)


def _create_task_reader(weights: str | None) -> Callable[[ReadingTask], SubjectAnswers]:
    return partial(read_changed, Reader(weights))


def _refuse_lost_task(task: ReadingTask) -> SubjectAnswers:
    raise SystemExit(
        f"digit {task.subject.number} ended the process that was reading it, most likely by lack of memory"
    )


def count_unchanged(
    tasks: Sequence[ReadingTask], answers: Sequence[SubjectAnswers], mode: int, sizes: Sequence[int]
) -> tuple[dict[str, tuple[int, int]], list[Difference]]:
    """Count the plain pictures that are read right, and for each change the pictures that are read as the plain ones.

    Args:
        tasks, answers: of all subjects, in the same order.
        mode: index into `ReadingTask.singles`.
        sizes: of the digits, in pixels, which are changes, too.

    Returns:
        Of each line of the table by name: the count, and the number of pictures. And the pictures that were read
        otherwise, change by change.
    """
    plain_texts = [answer.texts["plain"][mode] for answer in answers]
    right = sum(text == task.subject.text for text, task in zip(plain_texts, tasks, strict=True))
    counts, differences = {"plain: right": (right, len(tasks))}, []
    for name, _, _ in list_changes(sizes):
        read = [(task, answer) for task, answer in zip(tasks, answers, strict=True) if name in answer.texts]
        changed = [(task, answer) for task, answer in read if answer.texts[name][mode] != answer.texts["plain"][mode]]
        counts[name] = (len(read) - len(changed), len(read))
        differences += [
            Difference(name, task.subject, answer.texts["plain"][mode], answer.texts[name][mode], answer.tiles[name])
            for task, answer in changed
        ]
    return counts, differences


def create_tile(changed: ReaderInput) -> NDArray[np.uint8]:
    """Reduce a picture to a tile of the contact sheet, uint8 (3, H, W)."""
    with Image.open(changed) if isinstance(changed, Path) else Image.fromarray(changed) as picture:
        colors = picture.convert("RGB")
    colors.thumbnail((TILE_SIDE, TILE_SIDE))
    return np.asarray(colors).transpose(2, 0, 1)


def draw_contact_sheet(differences: Sequence[Difference], path: Path) -> None:
    """Draw the pictures that were read otherwise, with both texts."""
    titles = []
    for difference in differences:
        plain_text, changed_text = (
            text.replace("\n", "|") or "nothing" for text in (difference.plain_text, difference.changed_text)
        )
        titles.append(f"{difference.change}\n#{difference.subject.number}: {plain_text}, now {changed_text}")
    tiles = [difference.tile for difference in differences]
    data.save_sheet(data.draw_sheet(tiles, titles, columns=12, side=TILE_SIDE), path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Whether the same digit is read alike however it is shown.")
    parser.add_argument("--digits", type=positive_integer, default=500, help="single digits [%(default)s]")
    parser.add_argument("--rows", type=positive_integer, default=100, help="rows of five digits [%(default)s]")
    parser.add_argument("--weights", help="a weights file or a run's folder [those shipped]")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw the pictures that are read otherwise")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a file, too")
    parser.add_argument(
        "--workers", type=positive_integer, default=usable_cores(), help="processes that read [%(default)s]"
    )
    options = parser.parse_args()
    mnist, all_sizes = data.load("mnist"), (*DIGIT_SIDES, *LARGE_DIGIT_SIDES)
    digits = [
        ReadingTask(subject, (False, True), all_sizes if number < DIGITS_OF_LARGE_SIDES else DIGIT_SIDES)
        for number, subject in enumerate(create_single_digits(mnist, options.digits))
    ]
    lines = [ReadingTask(subject, (False,), DIGIT_SIDES) for subject in create_rows(mnist, options.rows)]
    answers: list[SubjectAnswers] = []
    for answer in read_all_changed([*digits, *lines], options.weights, options.workers):
        answers.append(answer)
        show_progress(f"{len(answers)} of {len(digits)} digits and {len(lines)} rows")
    show_progress("")
    digit_answers, row_answers = answers[: len(digits)], answers[len(digits) :]
    parts = {
        "single digits, automatic": (digits, digit_answers, 0, all_sizes),
        "single digits, --single": (digits, digit_answers, 1, all_sizes),
        "rows of five": (lines, row_answers, 0, DIGIT_SIDES),
    }
    results = {name: count_unchanged(*part) for name, part in parts.items() if part[0]}
    figures = {name: counts for name, (counts, _) in results.items()}
    print(f"| same answer as plainly | {' | '.join(figures)} |\n|---|{'---:|' * len(figures)}")
    for change in next(iter(figures.values())):
        cells = [_format_share(*counts[change]) if change in counts else "–" for counts in figures.values()]
        print(f"| {change} | {' | '.join(cells)} |")
    print(f"\nThe target is {MIN_UNCHANGED:.0f} % for each change of a single digit.")
    if options.sheet and (all_differences := [one for _, differences in results.values() for one in differences]):
        draw_contact_sheet(all_differences, options.sheet)
    elif options.sheet:
        print(f"No picture is read otherwise, so {options.sheet} is not drawn.")
    write_json(options.json, figures)


def _format_share(unchanged: int, number: int) -> str:
    lower, upper = wilson_interval(number - unchanged, number)
    return f"{100 * unchanged / number:.1f} % ({100 - upper:.1f} to {100 - lower:.1f})"


if __name__ == "__main__":
    run_command(main)
