"""The benchmark of invariance: every picture is read in every mode, and what is counted is what was read."""

from pathlib import Path

import numpy as np
import pytest

from lab.benchmarks.changed_pictures import CHANGES, DEFAULT_DIGIT_SIDE, render_plain
from lab.benchmarks.invariance import (
    ReadingTask,
    Subject,
    SubjectAnswers,
    count_unchanged,
    create_rows,
    create_single_digits,
    list_changes,
    read_all_changed,
    read_changed,
)
from lenet.data import Dataset
from lenet.reading import Reader

SIZES = (60, 250)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def test_a_digit_is_read_after_each_change_as_its_picture_alone_is_read_in_each_mode(
    reader: Reader, mnist: Dataset, tmp_path: Path
):
    [subject] = create_single_digits(mnist, 1)
    answers = read_changed(reader, ReadingTask(subject, (False, True), SIZES))
    assert list(answers.texts) == ["plain", *(name for name, _, _ in list_changes(SIZES))]
    for name, change, side in [("plain", render_plain, DEFAULT_DIGIT_SIDE), *list_changes(SIZES)]:
        alone = [reader.read(change(subject.draw(side), tmp_path), single=single).text for single in (False, True)]
        assert answers.texts[name] == alone
    assert len(CHANGES) + len(SIZES) + 1 == len(answers.texts)


def test_processes_read_what_one_reads(reader: Reader, mnist: Dataset):
    tasks = [ReadingTask(subject, (False,), (60,)) for subject in create_rows(mnist, 2)]
    together = list(read_all_changed(tasks, None, workers=2))
    assert [answers.texts for answers in together] == [read_changed(reader, task).texts for task in tasks]


def test_what_is_read_otherwise_than_plainly_is_counted_in_its_mode_and_shown():
    names = [name for name, _, _ in list_changes(SIZES)]
    subject = Subject(np.zeros((1, 28, 28), np.uint8), "7", 0)
    texts = {"plain": ["7", "1"]} | {name: ["7", "1"] for name in names} | {"inverted": ["7", "7"]}
    tile = np.zeros((5, 5, 3), np.uint8)
    small = {name: texts[name] for name in texts if name != "size: 250 pixels"}
    tasks = [ReadingTask(subject, (False, True), SIZES), ReadingTask(subject, (False, True), SIZES[:1])]
    answers = [SubjectAnswers(texts, {"inverted": tile}), SubjectAnswers(small, {"inverted": tile})]
    automatic, none = count_unchanged(tasks, answers, 0, SIZES)
    single, differences = count_unchanged(tasks, answers, 1, SIZES)
    assert none == []
    assert automatic["plain: right"] == automatic["inverted"] == (2, 2)
    assert (single["plain: right"], single["inverted"], single["size: 250 pixels"]) == ((0, 2), (0, 2), (1, 1))
    assert [(one.change, one.plain_text, one.changed_text) for one in differences] == [("inverted", "1", "7")] * 2
