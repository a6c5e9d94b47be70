"""Fit the costs of a path through candidates: those with the lowest loss on synthetic strings.

    python -m lab.synthesis.path_costs [WEIGHTS] [--strings 300]

Strings of MNIST training digits are drawn in random styles (`WritingStyle.sample`); their candidates go through the
network once, and the costs are searched one after the other, up and down, as long as that helps. Prints the costs, for
`lenet.reading.lines.path.Costs`, and the accuracy before and after, on the strings searched on and on held-out strings.
"""

import argparse
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lab.synthesis.written_lines import Writer, WritingStyle, photograph_line
from lenet import data
from lenet.model import load
from lenet.reading.foreground.ink import SHARES, find_ink
from lenet.reading.foreground.rules import find_rules
from lenet.reading.lines.path import Costs, best_path
from lenet.reading.lines.segmentation import Candidate, find_rows
from lenet.reading.recognition import Recognizer
from lenet.reading.scoring import recognize

THRESHOLD_SHARE = SHARES[1]
FACTORS = (0.5, 0.75, 1.33, 2.0)
MAX_ROUNDS = 3


@dataclass(frozen=True, eq=False)
class LabeledRows:
    """A synthetic string and the rows found in it.

    Attributes:
        text: what is written.
        rows: of each row its candidates, their log probabilities (candidates, classes), and the number of its pieces.
    """

    text: str
    rows: list[tuple[list[Candidate], NDArray[np.float32], int]]


def synthesize_labeled_rows(writer: Writer, recognizer: Recognizer, strings: int) -> list[LabeledRows]:
    """Render strings of digits, segment them, and classify the candidates of their rows."""
    results: list[LabeledRows] = []
    while len(results) < strings:
        text = "".join(map(str, writer.rng.integers(0, 10, writer.rng.integers(2, 8))))
        if writer.rng.random() < 0.3:  # amounts and counts are often round
            text = text[:2] + "0" * int(writer.rng.integers(2, 5))
        photo = photograph_line(writer.write_line(text, WritingStyle.sample(writer.rng)), writer.rng)
        ink = find_ink(np.repeat(photo[..., None], 3, axis=2))
        for threshold in ink.thresholds((THRESHOLD_SHARE,)):
            rows = []
            for row in find_rows(ink, threshold, find_rules(ink, threshold)):
                scored = recognize(list(row.candidates()), recognizer)
                if scored:
                    logs = np.log(np.maximum(np.stack([candidate.probabilities for candidate in scored]), 1e-6))
                    rows.append(([candidate.candidate for candidate in scored], logs, len(row.pieces)))
            results.append(LabeledRows(text, rows))
    return results


def read_rows(labeled: LabeledRows, costs: Costs) -> str:
    """The text of the best path through each row."""
    text = ""
    for candidates, logs, pieces in labeled.rows:
        path = best_path(candidates, logs, pieces, costs=costs)
        text += "".join(str(logs[number].argmax()) for number in path.chosen)
    return text


def edit_distance(a: str, b: str) -> int:
    """Levenshtein distance: the minimum number of characters inserted, deleted or substituted."""
    previous_row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            row.append(min(previous_row[j] + 1, row[-1] + 1, previous_row[j - 1] + (x != y)))
        previous_row = row
    return previous_row[-1]


def mean_loss(sample: list[LabeledRows], costs: Costs) -> float:
    """The share of strings read wrong, and a little for each wrong digit, so that small improvements count."""
    distances = [edit_distance(read_rows(labeled, costs), labeled.text) for labeled in sample]
    return float(np.mean([(distance > 0) + 0.2 * distance for distance in distances]))


def accuracy(sample: list[LabeledRows], costs: Costs) -> float:
    """The share of strings read exactly."""
    return float(np.mean([read_rows(labeled, costs) == labeled.text for labeled in sample]))


def search_costs(sample: list[LabeledRows], costs: Costs) -> Costs:
    """Coordinate descent: each cost in turn times each of `FACTORS`, as long as the loss falls."""
    smallest = mean_loss(sample, costs)
    for _ in range(MAX_ROUNDS):
        previous_loss = smallest
        for name, value in asdict(costs).items():
            for factor in FACTORS:
                candidate_costs = replace(costs, **{name: round(value * factor, 3)})
                if (candidate_loss := mean_loss(sample, candidate_costs)) < smallest - 1e-9:
                    costs, smallest = candidate_costs, candidate_loss
            print(f"{name:12} {getattr(costs, name):7.3f}   loss {smallest:.4f}", flush=True)
        if smallest == previous_loss:
            break
    return costs


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", nargs="?", help="a run or file of weights; the ones that ship if none")
    parser.add_argument("--strings", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    recognizer = Recognizer(load(options.weights) if options.weights else None)
    mnist = data.load("mnist")
    writer = Writer(mnist.train_images, mnist.train_labels.astype(np.uint8), np.random.default_rng(options.seed))
    sample, held_out = (
        synthesize_labeled_rows(writer, recognizer, count) for count in (options.strings, options.strings // 2)
    )
    start = Costs()
    fitted = search_costs(sample, start)
    print(f"searched on: {accuracy(sample, start):.3f} -> {accuracy(sample, fitted):.3f}")
    print(f"held out:    {accuracy(held_out, start):.3f} -> {accuracy(held_out, fitted):.3f}")
    print(fitted)


if __name__ == "__main__":
    main()
