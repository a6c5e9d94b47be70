"""``lenet evaluate --photos``: accuracy of reading on labeled pictures, by group."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from lenet.cli.output import progress, report
from lenet.data.sheet import save_sheet
from lenet.errors import LeNetError, counted, printable
from lenet.evaluation import wilson_interval
from lenet.evaluation.calibration import BINS, calibration_error
from lenet.model import load
from lenet.reading.batch.labels import read_labels
from lenet.reading.batch.photos import Measurement, Tally, read_labeled
from lenet.reading.drawing.misses import draw_misses
from lenet.terminal import padded, width_of

Item = TypeVar("Item")


def evaluate_photos(model: str, table: Path, max_error: float | None, mistakes: Path | None, as_json: bool) -> None:
    """Read every picture of a table of labels, and print what was right; see `read_labels` for the table."""
    pictures = read_labels(table)
    originals = map(os.path.realpath, (table, *(picture.path for picture in pictures)))
    if mistakes and os.path.realpath(mistakes) in originals:
        raise LeNetError(f"--mistakes would write over {mistakes}; name another file")
    answers = with_progress(read_labeled(pictures, load(model), max_error), len(pictures))
    measurement = Measurement(tuple(answers))
    report_problems(measurement)
    if as_json:
        print(json.dumps(measurement.to_json() | {"calibration": _calibration(measurement)}, ensure_ascii=False))
    else:
        print(*table_of(measurement), sep="\n")
    if mistakes:  # after the figures, which a drawing that cannot be written must not take along
        save_sheet(draw_misses(measurement), mistakes)
        if not as_json:
            print(printable(str(mistakes)))


def table_of(measurement: Measurement) -> list[str]:
    """Text table of a measurement: a line for each group and for all, then remarks."""
    groups = measurement.groups
    rows = [*groups.items()] + ([("all", measurement.total)] if len(groups) > 1 else [])
    width = max(len("kind/capture"), *(width_of(name) for name, _ in rows))
    head = f"{'kind/capture':<{width}}       n     right  95 % interval     rejected  wrong among accepted"
    return [head, *(f"{padded(name, width)}  {_tally_row(tally)}" for name, tally in rows), *_remarks(measurement)]


def report_problems(measurement: Measurement) -> None:
    """One line on stderr for each picture that could not be opened."""
    for answer in measurement.answers:
        if answer.problem:
            report(f"{answer.problem}; counted as wrong")


def with_progress(items: Iterable[Item], count: int) -> Iterator[Item]:
    """Iterate over what is told of pictures, with a bar on a terminal's stderr."""
    with progress(count, "pictures") as show_progress:
        for number, item in enumerate(items, start=1):
            show_progress(number)
            yield item


def percent(part: int, whole: int) -> str:
    """Format a ratio as a percentage, ``"98.7 %"``; ``"-"`` for a whole of 0.

    >>> percent(1, 3), percent(0, 0)
    ('33.3 %', '-')
    """
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _tally_row(tally: Tally) -> str:
    wrong_low, wrong_high = wilson_interval(tally.n - tally.right, tally.n)
    interval = f"{100 - wrong_high:.1f} to {100 - wrong_low:.1f} %"
    wrong = f"{percent(tally.accepted_wrong, tally.accepted)} ({tally.accepted_wrong} of {tally.accepted})"
    right, rejected = percent(tally.right, tally.n), percent(tally.rejected, tally.n)
    return f"{tally.n:>6}  {right:>8}  {interval:<16}  {rejected:>8}  {wrong}"


def _remarks(measurement: Measurement) -> list[str]:
    remarks = []
    strings = Tally.of([answer for answer in measurement.answers if answer.picture.kind == "string"])
    if strings.n:
        remarks.append(
            "strings are right when digits and lines are; "
            f"{strings.right_with_gaps} of {strings.n} have their gaps right, too"
        )
    calibration = _calibration(measurement)
    if digits := calibration["digits"]:
        remarks.append(
            f"probabilities of {counted(digits, 'single digit')} are off by "
            f"{100 * calibration['expected_error']:.1f} % (expected calibration error, "
            f"{counted(min(BINS, digits), 'bin')} of equal mass)"
        )
    return remarks


def _calibration(measurement: Measurement) -> dict[str, Any]:
    """Expected calibration error of the probabilities of single digits."""
    probabilities, right = measurement.single_digits
    error = round(calibration_error(probabilities, right), 5) if right else None
    return {"expected_error": error, "bins": BINS, "digits": len(right)}
