"""Measure the calibration of the reader's probabilities: ``python -m lab.benchmarks.calibration [--photos CSV]``.

Measures the reader's probabilities on the 10,000 test digits of MNIST and, where a table of labeled photos is given, on
its pictures of one digit. The expected calibration error, of
`lenet.evaluation.calibration`, comes with a bootstrap interval, and with the error that as many answers would show by
chance if the probabilities were exactly right. The limits are 1.5 % on MNIST and 4 % on photos.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.benchmarks.command import write_json
from lab.command_line import run_command
from lenet import data
from lenet.errors import DataError
from lenet.evaluation.calibration import BINS, calibration_bins, calibration_error
from lenet.evaluation.metrics import wilson_interval
from lenet.figures.chart import Chart, legend
from lenet.figures.sheet import Sheet
from lenet.model import load
from lenet.reading import Reader
from lenet.reading.batch.labels import read_labels
from lenet.reading.recognition import Recognizer

MAX_CALIBRATION_ERRORS = {"MNIST test": 1.5, "photos": 4.0}  # percent
RESAMPLES = 1000  # of the bootstrap; a fifth of them for the error by chance


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers to a set of pictures.

    Attributes:
        name: of the pictures, a key of `MAX_CALIBRATION_ERRORS`.
        probabilities: (N,), of the answers.
        is_right: (N,), whether each was right.
        unanswered: how many pictures were left out because no digit was found in them.
    """

    name: str
    probabilities: NDArray[np.float64]
    is_right: NDArray[np.bool_]
    unanswered: int = 0

    def bins(self) -> list[tuple[float, float, int, float]]:
        """Sort answers into bins of equally many; of each the mean probability, share right, count and minimum."""
        parts = calibration_bins(self.probabilities)
        means = [(self.probabilities[part].mean(), self.is_right[part].mean(), len(part)) for part in parts]
        minima = [float(self.probabilities[part[0]]) for part in parts]
        return [
            (float(probability), float(share), count, low)
            for (probability, share, count), low in zip(means, minima, strict=True)
        ]

    @property
    def error(self) -> float:
        """The expected calibration error, in percent."""
        return 100 * calibration_error(self.probabilities, self.is_right)

    def bootstrap_interval(self, rng: np.random.Generator) -> tuple[float, float]:
        """The 95 % interval of the error, in percent, by the bootstrap."""
        resamples = (rng.integers(0, len(self.is_right), len(self.is_right)) for _ in range(RESAMPLES))
        errors = [100 * calibration_error(self.probabilities[sample], self.is_right[sample]) for sample in resamples]
        lower, upper = np.percentile(errors, (2.5, 97.5))
        return float(lower), float(upper)

    def mean_chance_error(self, rng: np.random.Generator) -> float:
        """The mean error, in percent, that as many answers would show if each probability were exactly right."""
        errors = (rng.random(len(self.is_right)) < self.probabilities for _ in range(RESAMPLES // 5))
        return float(np.mean([100 * calibration_error(self.probabilities, right) for right in errors]))


def answer_mnist(recognizer: Recognizer) -> Answers:
    """Answer MNIST's test digits, which are normalized already."""
    mnist = data.load("mnist")
    probabilities = recognizer.probabilities(mnist.test_images)
    return Answers(
        "MNIST test", probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1) == mnist.test_labels
    )


def answer_photos(recognizer: Recognizer, labels: Path) -> Answers:
    """Answer the photos of one digit each that a table of labels names.

    Raises:
        DataError: if there is none, or no digit is found in any.
    """
    pictures = [picture for picture in read_labels(labels) if picture.kind == "single"]
    if not pictures:
        raise DataError(f"{labels}: names no picture of the kind single, of one digit")
    reader, probabilities, is_right, unanswered = Reader(recognizer), [], [], 0
    for picture in pictures:
        reading = reader.read(picture.path, single=True)
        if reading.digits:
            probabilities.append(reading.digits[0].probability)
            is_right.append(reading.text == picture.label)
        unanswered += not reading.digits
    if not probabilities:
        raise DataError(f"{labels}: no digit was found in any of its {unanswered} pictures, so nothing can be measured")
    return Answers("photos", np.array(probabilities), np.array(is_right, bool), unanswered)


def draw_reliability_diagrams(answer_sets: list[Answers], path: Path) -> None:
    """Draw the reliability diagrams, and below each the histogram of its probabilities."""
    sheet, shares = Sheet(9.2, 5.8), (0, 0.2, 0.4, 0.6, 0.8, 1)
    muted, colors = sheet.theme.muted, (sheet.theme.signed[1], sheet.theme.accent)
    for number, (answers, color) in enumerate(zip(answer_sets, colors, strict=False)):
        left, width = 0.75 + 4.6 * number, 3.7
        sheet.text(left, 0.36, f"{answers.name}: {len(answers.is_right):,} answers", 12, bold=True)
        sheet.text(left, 0.6, f"expected calibration error {answers.error:.2f} %", 8.5, muted)
        legend(sheet, left, 0.92, [("line", color, "the reader"), ("line", muted, "perfectly calibrated")])
        upper = Chart(sheet, left, 1.3, width, 2.7, (0, 1.02), (0, 1.05))
        upper.frame((), shares, "", "share right")
        upper.line((0, 1), (0, 1), muted, 1.0)
        mean_probability, share, count, _ = zip(*answers.bins(), strict=True)
        for x, part, n in zip(mean_probability, share, count, strict=True):
            low, high = wilson_interval(round(part * n), n)
            upper.whisker(x, low / 100, high / 100, color)
        upper.line(mean_probability, share, color)
        upper.dots(mean_probability, share, color, filled=True)
        heights, edges = np.histogram(answers.probabilities, bins=25, range=(0, 1))
        ticks = [10**power for power in range(len(str(heights.max())) + 1)]
        lower = Chart(sheet, left, 4.35, width, 0.8, (0, 1.02), (0.6, ticks[-1]), is_log=True)
        lower.frame(shares, ticks[:-1], "probability of the answer", "answers")
        lower.bars(edges, heights, color)
    sheet.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Whether 90 % sure means right nine times in ten.")
    parser.add_argument("--photos", type=Path, metavar="CSV", help="labels of a folder of photos, beside them")
    parser.add_argument("--weights", help="a weights file or a run's folder [those shipped]")
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw the reliability diagrams")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a file, too")
    options = parser.parse_args()
    recognizer = Recognizer(load(options.weights) if options.weights else None)
    answer_sets = [answer_mnist(recognizer)]
    if options.photos:
        answer_sets.append(answer_photos(recognizer, options.photos))
    results, rng = {}, np.random.default_rng(0)
    print("| answers to | number | right | mean probability | calibration error | 95 % interval | by chance | limit |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for answers in answer_sets:
        (low, high), chance = answers.bootstrap_interval(rng), answers.mean_chance_error(rng)
        right, probability = 100 * answers.is_right.mean(), 100 * answers.probabilities.mean()
        print(
            f"| {answers.name} | {len(answers.is_right):,} | {right:.2f} % | {probability:.2f} % "
            f"| {answers.error:.2f} % | {low:.2f} to {high:.2f} % | {chance:.2f} % "
            f"| {MAX_CALIBRATION_ERRORS[answers.name]} % |"
        )
        results[answers.name] = {
            "n": len(answers.is_right),
            "no_answer": answers.unanswered,
            "right": right,
            "mean_probability": probability,
            "calibration_error": answers.error,
            "interval_95": [low, high],
            "by_chance": chance,
        }
    for answers in answer_sets:
        print(f"\n**{answers.name}**, {BINS} bins of equally many answers", end="")
        print(f"; {answers.unanswered} pictures without an answer left out" if answers.unanswered else "")
        print("\n| from | mean probability | share right | answers |\n|---:|---:|---:|---:|")
        for probability, share, count, minimum in answers.bins():
            print(f"| {100 * minimum:.1f} % | {100 * probability:.2f} % | {100 * share:.2f} % | {count:,} |")
    if options.png:
        draw_reliability_diagrams(answer_sets, options.png)
    write_json(options.json, results)


if __name__ == "__main__":
    run_command(main)
