"""Measure the calibration of the reader's probabilities: ``python -m lab.benchmarks.calibration [--photos CSV]``.

Measures the reader's probabilities on the 10,000 test digits of MNIST and, where a labeled folder of photos is given
(columns file, label, kind, capture; pictures of one digit only), on those. The expected calibration error, of
`lenet.evaluation.calibration`, comes with a bootstrap interval, and with the error that as many answers would show by
chance if the probabilities were exactly right. The bars are 1.5 % on MNIST and 4 % on photos.
"""

import argparse
import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenet import data
from lenet.errors import LeNetError
from lenet.evaluation.calibration import BINS, calibration_bins, calibration_error
from lenet.evaluation.metrics import wilson_interval
from lenet.figures.chart import Chart, legend
from lenet.figures.sheet import Sheet
from lenet.model import load
from lenet.reading import Reader
from lenet.reading.recognition import Recognizer

MAX_CALIBRATION_ERRORS = {"MNIST test": 1.5, "photos": 4.0}  # percent
RESAMPLES = 1000


@dataclass(frozen=True, eq=False)
class Answers:
    """Probabilities (N,) of the answers given, and whether each was right (N,)."""

    name: str
    probabilities: NDArray[np.float64]
    right: NDArray[np.bool_]
    missing: int = 0  # pictures in which no digit was found: no answer, no probability

    def bins(self) -> list[tuple[float, float, int, float]]:
        """For each bin: mean probability, accuracy, number, and the minimum probability in it."""
        parts = calibration_bins(self.probabilities)
        means = [(self.probabilities[part].mean(), self.right[part].mean(), len(part)) for part in parts]
        minima = [float(self.probabilities[part[0]]) for part in parts]
        return [
            (float(sure), float(share), count, low) for (sure, share, count), low in zip(means, minima, strict=True)
        ]

    @property
    def error(self) -> float:
        """The expected calibration error, in percent."""
        return 100 * calibration_error(self.probabilities, self.right)

    def bootstrap_interval(self, rng: np.random.Generator) -> tuple[float, float]:
        """The middle 95 % of the error over answers drawn again with replacement."""
        resamples = (rng.integers(0, len(self.right), len(self.right)) for _ in range(RESAMPLES))
        errors = [100 * calibration_error(self.probabilities[sample], self.right[sample]) for sample in resamples]
        lower, upper = np.percentile(errors, (2.5, 97.5))
        return float(lower), float(upper)

    def mean_chance_error(self, rng: np.random.Generator) -> float:
        """The mean error that these probabilities would show, were each exactly right."""
        errors = (rng.random(len(self.right)) < self.probabilities for _ in range(RESAMPLES // 5))
        return float(np.mean([100 * calibration_error(self.probabilities, right) for right in errors]))


def answer_mnist(recognizer: Recognizer) -> Answers:
    """The test digits, which are normalized already."""
    mnist = data.load("mnist")
    probabilities = recognizer.probabilities(mnist.test_images)
    return Answers(
        "MNIST test", probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1) == mnist.test_labels
    )


def answer_photos(recognizer: Recognizer, labels: Path) -> Answers:
    """Pictures of one digit each."""
    reader, probabilities, right, missing = Reader(recognizer), [], [], 0
    with labels.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "single"]
    for row in rows:
        try:
            reading = reader.read(labels.parent / row["file"], single=True)
        except LeNetError as error:
            raise SystemExit(f"{error}") from None
        if reading.digits:
            probabilities.append(reading.digits[0].probability)
            right.append(reading.text == row["label"])
        missing += not reading.digits
    return Answers("photos", np.array(probabilities), np.array(right, bool), missing)


def draw_reliability_diagrams(answered: list[Answers], path: Path) -> None:
    """Draw the reliability diagrams, and below each the histogram of its probabilities."""
    sheet, shares = Sheet(9.2, 5.8), (0, 0.2, 0.4, 0.6, 0.8, 1)
    muted, colors = sheet.theme.muted, (sheet.theme.signed[1], sheet.theme.accent)
    for number, (answers, color) in enumerate(zip(answered, colors, strict=False)):
        left, width = 0.75 + 4.6 * number, 3.7
        sheet.text(left, 0.36, f"{answers.name}: {len(answers.right):,} answers", 12, bold=True)
        sheet.text(left, 0.6, f"expected calibration error {answers.error:.2f} %", 8.5, muted)
        legend(sheet, left, 0.92, [("line", color, "the reader"), ("line", muted, "perfectly calibrated")])
        upper = Chart(sheet, left, 1.3, width, 2.7, (0, 1.02), (0, 1.05))
        upper.frame((), shares, "", "share right")
        upper.line((0, 1), (0, 1), muted, 1.0)
        sure, share, count, _ = zip(*answers.bins(), strict=True)
        for x, part, n in zip(sure, share, count, strict=True):
            low, high = wilson_interval(round(part * n), n)
            upper.whisker(x, low / 100, high / 100, color)
        upper.line(sure, share, color)
        upper.dots(sure, share, color, filled=True)
        heights, edges = np.histogram(answers.probabilities, bins=25, range=(0, 1))
        ticks = [10**power for power in range(len(str(heights.max())) + 1)]
        lower = Chart(sheet, left, 4.35, width, 0.8, (0, 1.02), (0.6, ticks[-1]), is_log=True)
        lower.frame(shares, ticks[:-1], "probability of the answer", "answers")
        lower.bars(edges, heights, color)
    sheet.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Whether 90 %% sure means right nine times in ten.")
    parser.add_argument("--photos", type=Path, metavar="CSV", help="labels of a folder of photos, beside them")
    parser.add_argument("--weights", help="a weights file or a run's folder [those shipped]")
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw the reliability diagrams")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a file, too")
    options = parser.parse_args()
    recognizer = Recognizer(load(options.weights) if options.weights else None)
    answered = [answer_mnist(recognizer)]
    if options.photos:
        answered.append(answer_photos(recognizer, options.photos))
    figures, rng = {}, np.random.default_rng(0)
    print("| answers to | number | right | mean probability | calibration error | 95 % interval | by chance | limit |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for answers in answered:
        (low, high), chance = answers.bootstrap_interval(rng), answers.mean_chance_error(rng)
        right, sure = 100 * answers.right.mean(), 100 * answers.probabilities.mean()
        print(
            f"| {answers.name} | {len(answers.right):,} | {right:.2f} % | {sure:.2f} % | {answers.error:.2f} % "
            f"| {low:.2f} to {high:.2f} % | {chance:.2f} % | {MAX_CALIBRATION_ERRORS[answers.name]} % |"
        )
        figures[answers.name] = {
            "n": len(answers.right),
            "no_answer": answers.missing,
            "right": right,
            "mean_probability": sure,
            "calibration_error": answers.error,
            "interval_95": [low, high],
            "by_chance": chance,
        }
    for answers in answered:
        print(f"\n**{answers.name}**, {BINS} bins of equally many answers", end="")
        print(f"; {answers.missing} pictures without an answer left out" if answers.missing else "")
        print("\n| from | mean probability | share right | answers |\n|---:|---:|---:|---:|")
        for sure, share, count, minimum in answers.bins():
            print(f"| {100 * minimum:.1f} % | {100 * sure:.2f} % | {100 * share:.2f} % | {count:,} |")
    if options.png:
        draw_reliability_diagrams(answered, options.png)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
