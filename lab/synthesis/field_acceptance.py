"""Set the minimum probability of an accepted field: ``python -m lab.synthesis.field_acceptance [--pages N]``.

Pages of the form of `lab.benchmarks.photographed_forms`, filled with the digits of MNIST that no network was trained
on, are photographed and read. `lenet.forms.fields.MIN_OK` is the threshold that `fit_acceptance` gives for
FIELD_ERROR_SHARE, as for lines: the lowest probability above which at most that share of the fields is wrong; where too
few errors are left, what a logistic regression on all fields expects. At most four key presses a page may be needed.
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
from lab.command_line import natural_number, positive_integer, run_command
from lab.synthesis.calibration import fit_acceptance
from lenet.forms import fields
from lenet.forms.results import BLANK, DOUBTFUL, OK, FieldReading

SEEDS = (6, 7, 8)  # of pages that were looked at; those of the benchmark's figures are others
FIELD_ERROR_SHARE = 0.0005  # of accepted fields may be wrong: half of the benchmark's target
MAX_KEY_PRESSES = 4.0  # a page: the target of the benchmark


def apply_threshold(read: FieldReading, min_probability: float) -> FieldReading:
    """Make an accepted field doubtful if its probability is too low; ticks, which ink decides, stay as they are."""
    is_unsure = read.status == OK and read.kind != "ticks" and read.probability < min_probability
    return replace(read, status=DOUBTFUL) if is_unsure else read


def confidence_of(read: FieldReading) -> float:
    """The confidence that decides about a field: its probability; 1 if ink alone decides (ticks, blank)."""
    return read.probability if read.status == OK and read.kind != "ticks" else 1.0


def _disable_threshold() -> None:
    """Let this process accept fields of any probability."""
    fields.MIN_OK = 0.0


def _read_pages(
    form: Path, seed: int, pages: int, workers: int, photos: Path | None
) -> Iterator[tuple[FieldReading, str]]:
    """Draw and read pages: the reading of each field, and the text that was written in it."""
    with ProcessPoolExecutor(workers, get_context("spawn"), _disable_threshold) as pool:
        for values, _, reading in pool.map(FormPages(form, seed, None, photos, "validation").read, range(pages)):
            yield from ((read, values[read.name]) for read in reading.fields)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Set the least probability of an accepted field of a form.")
    parser.add_argument("--pages", type=positive_integer, default=30, help="of each seed [%(default)s]")
    parser.add_argument(
        "--seeds", type=natural_number, nargs="+", default=SEEDS, help="of what is drawn, below 1000 [6 7 8]"
    )
    parser.add_argument(
        "--workers", type=positive_integer, default=1, help="how many processes draw and read [%(default)s]"
    )
    parser.add_argument("--photos", type=Path, metavar="FOLDER", help="keep the photos, and take those that are there")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        form = write_form(Path(folder))[0]
        read = partial(_read_pages, form, pages=options.pages, workers=options.workers, photos=options.photos)
        answers = [answer for seed in options.seeds for answer in read(seed)]
    pages = options.pages * len(options.seeds)
    undoubted = [(one, truth) for one, truth in answers if one.status in (OK, BLANK)]
    confidences_and_errors = np.array([(confidence_of(one), one.text != truth) for one, truth in undoubted], np.float64)
    threshold = fit_acceptance(confidences_and_errors, FIELD_ERROR_SHARE, [FIELD_ERROR_SHARE]).min_confidence
    for min_probability in sorted({0.9, 0.95, 0.98, 0.99, 0.995, threshold}):
        thresholded = [(apply_threshold(one, min_probability), truth) for one, truth in answers]
        wrong = sum(one.status in (OK, BLANK) and one.text != truth for one, truth in thresholded)
        keys = sum(count_key_presses(one, truth) for one, truth in thresholded) / pages
        count = len(thresholded)
        share = f"{wrong} of {count:,} fields are wrong and accepted ({100 * wrong / count:.3f} %)"
        print(f"at {min_probability:.3f} {share}, {keys:.2f} keys a page")
        if min_probability == threshold and keys > MAX_KEY_PRESSES:
            raise SystemExit(f"{threshold:.3f} would ask for more than {MAX_KEY_PRESSES:.0f} keys a page")
    print(f"MIN_OK = {threshold:.3f}: expected to keep {100 * FIELD_ERROR_SHARE:.2f} % wrong among accepted fields")


if __name__ == "__main__":
    run_command(main)
