"""The same digit is read alike whatever its size, paper, light and file: a part of ``lab.benchmarks.invariance``.

The benchmark's bar is the same answer for 98 % of 500 digits under each change. Here are few digits, always the same
ones, so nothing varies from run to run; but which few they are is chance. So each change alone may miss as often as a
reader that just meets the bar does by chance, and only all changes together must meet the bar itself.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lab.benchmarks.changed_pictures import CHANGES, DEFAULT_DIGIT_SIDE, render_plain
from lab.benchmarks.large_digits import draw_digit, draw_row
from lenet import data
from lenet.reading import Reader
from tests.reading.chance import most_by_chance

BAR = 0.98  # of the answers are the same
DIGITS, ROWS, ROW = 30, 6, 5
SIZES = (12, 25, 60, 250, 600)  # pixels of the digit's longer side


@cache
def reader() -> Reader:
    return Reader()


def digit_texts(change: str, folder: Path) -> list[str]:
    """What each digit is read as under a change, or at a size."""
    named = {"plain": render_plain, **CHANGES}
    side = int(change) if change.isdigit() else DEFAULT_DIGIT_SIDE
    inks = (draw_digit(image, side) for image in data.load("mnist").test_images[:DIGITS])
    return [reader().read(named.get(change, render_plain)(ink, folder)).text for ink in inks]


@pytest.fixture(scope="module")
def differences(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """For each change: digits that are read otherwise than plainly, as "before, now after"."""
    folder = tmp_path_factory.mktemp("turned")
    before = digit_texts("plain", folder)
    return {
        change: [
            f"#{index}: {old!r}, now {new!r}"
            for index, (old, new) in enumerate(zip(before, digit_texts(change, folder), strict=True))
            if old != new
        ]
        for change in (*map(str, SIZES), *CHANGES)
    }


@pytest.mark.parametrize("change", [*map(str, SIZES), *CHANGES])
def test_a_change_that_leaves_the_digit_leaves_the_answer(differences: dict[str, list[str]], change: str):
    assert len(differences[change]) <= most_by_chance(DIGITS, 1 - BAR), differences[change]


def test_all_changes_together_meet_the_bar(differences: dict[str, list[str]]):
    result = {change: texts for change, texts in differences.items() if texts}
    assert sum(map(len, result.values())) <= (1 - BAR) * DIGITS * len(differences), result


@pytest.mark.parametrize("change", ["inverted", "hard shadow", "JPEG of quality 30", "EXIF orientation 6"])
def test_a_row_is_read_alike_too(tmp_path: Path, change: str):
    test_images = data.load("mnist").test_images
    rng = np.random.default_rng(0)
    inks = [draw_row(list(test_images[ROW * row : ROW * (row + 1)]), DEFAULT_DIGIT_SIDE, rng) for row in range(ROWS)]
    before = [reader().read(render_plain(ink, tmp_path)).text for ink in inks]
    after = [reader().read(CHANGES[change](ink, tmp_path)).text for ink in inks]
    same = [old == new for old, new in zip(before, after, strict=True)]
    assert sum(same) >= ROWS - most_by_chance(ROWS, ROW * (1 - BAR)), (before, after)
