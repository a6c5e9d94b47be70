"""Set the least probability of an accepted field: ``python -m lab.synthesis.field_acceptance [--pages N]``.

Pages of the form of `lab.benchmarks.photographed_forms`, filled with the digits of MNIST that no network was trained
on, are photographed and read. `lenet.forms.fields.MIN_OK` is the threshold that `acceptance` gives for FIELD_ERRORS,
the rule of the thresholds of lines: the lowest probability above which at most that share of the fields is wrong; where
too few errors are left, what a logistic regression on all fields expects. Keys must stay below four a page.
"""

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from lab.benchmarks.photographed_forms import FormPages, count_key_presses, write_form
from lab.synthesis.calibration import fit_acceptance
from lenet.forms import fields
from lenet.forms.results import BLANK, DOUBTFUL, OK, FieldReading

SEEDS = (6, 7, 8)  # of pages that were looked at; those of the benchmark's figures are others
FIELD_ERROR_SHARE = 0.0005  # of accepted fields may be wrong: half of what the benchmark's bar allows
MAX_KEY_PRESSES = 4.0  # a page, by the bar of the benchmark


def apply_threshold(read: FieldReading, min_probability: float) -> FieldReading:
    """The field as it is if texts below this probability are doubtful; ticks are judged by their ink."""
    is_unsure = read.status == OK and read.kind != "ticks" and read.probability < min_probability
    return replace(read, status=DOUBTFUL) if is_unsure else read


def confidence_of(read: FieldReading) -> float:
    """What decides whether a field is accepted: its probability, or 1 where nothing but its ink is asked."""
    return read.probability if read.status == OK and read.kind != "ticks" else 1.0


def _disable_threshold() -> None:
    """Let this process doubt no field for its probability alone."""
    fields.MIN_OK = 0.0


def _read_pages(
    form: Path, seed: int, pages: int, workers: int, photos: Path | None
) -> Iterator[tuple[FieldReading, str]]:
    """Each field of the pages, and what was written."""
    with ProcessPoolExecutor(workers, get_context("spawn"), _disable_threshold) as pool:
        for values, _, reading in pool.map(FormPages(form, seed, None, photos, "validation").read, range(pages)):
            yield from ((read, values[read.name]) for read in reading.fields)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Set the least probability of an accepted field of a form.")
    parser.add_argument("--pages", type=int, default=30, help="of each seed [%(default)s]")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="of what is drawn, below 1000 [6 7 8]")
    parser.add_argument("--workers", type=int, default=1, help="how many processes draw and read [%(default)s]")
    parser.add_argument("--photos", type=Path, metavar="FOLDER", help="keep the photos, and take those that are there")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        form = write_form(Path(folder))[0]
        read = partial(_read_pages, form, pages=options.pages, workers=options.workers, photos=options.photos)
        answers = [answer for seed in options.seeds for answer in read(seed)]
    pages = options.pages * len(options.seeds)
    judged = [(confidence_of(one), one.text != truth) for one, truth in answers if one.status in (OK, BLANK)]
    threshold = fit_acceptance(np.array(judged, np.float64), FIELD_ERROR_SHARE, [FIELD_ERROR_SHARE]).min_confidence
    for min_probability in sorted({0.9, 0.95, 0.98, 0.99, 0.995, threshold}):
        at = [(apply_threshold(one, min_probability), truth) for one, truth in answers]
        wrong = sum(one.status in (OK, BLANK) and one.text != truth for one, truth in at)
        keys = sum(count_key_presses(one, truth) for one, truth in at) / pages
        share = f"{wrong} of {len(at):,} fields are wrong and accepted ({100 * wrong / len(at):.3f} %)"
        print(f"at {min_probability:.3f} {share}, {keys:.2f} keys a page")
        if min_probability == threshold and keys > MAX_KEY_PRESSES:
            raise SystemExit(f"{threshold:.3f} would ask for more than {MAX_KEY_PRESSES:.0f} keys a page")
    print(f"MIN_OK = {threshold:.3f}: expected to keep {100 * FIELD_ERROR_SHARE:.2f} % wrong among accepted fields")


if __name__ == "__main__":
    main()
