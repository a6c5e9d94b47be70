"""Fit the costs of a path through candidates to synthetic digit strings, by coordinate descent.

    python -m lab.synthesis.path_costs [WEIGHTS] [--strings 300]

Strings of MNIST training digits are drawn in random styles (`WritingStyle.sample`); the network classifies their
candidates once, and the costs are changed one after the other as long as the loss falls. Prints the costs, for
`lenet.reading.lines.path.Costs`, and the accuracy before and after, on the strings searched on and on held-out strings.
"""

import argparse
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lab.command_line import natural_number, positive_integer, run_command
from lab.synthesis.written_lines import Writer, WritingStyle, photograph_line
from lenet import data
from lenet.model import load
from lenet.reading.foreground.ink import SHARES, find_ink
from lenet.reading.foreground.rules import find_rules
from lenet.reading.lines.path import Costs, best_path
from lenet.reading.lines.segmentation import Candidate, find_rows
from lenet.reading.recognition import Recognizer
from lenet.reading.scoring import recognize

THRESHOLD_SHARE = SHARES[1]  # as `InkMap.thresholds` takes it
FACTORS = (0.5, 0.75, 1.33, 2.0)  # that each cost is multiplied by
MAX_ROUNDS = 3  # over all costs
_DIGIT_ERROR_WEIGHT = 0.2  # in the loss, of a wrong digit beside a wrong string


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
                    probabilities = np.stack([candidate.probabilities for candidate in scored])
                    log_probabilities = np.log(np.maximum(probabilities, 1e-6))
                    rows.append(([candidate.candidate for candidate in scored], log_probabilities, len(row.pieces)))
            results.append(LabeledRows(text, rows))
    return results


def read_rows(labeled: LabeledRows, costs: Costs) -> str:
    """The text of the best path through each row."""
    text = ""
    for candidates, log_probabilities, pieces in labeled.rows:
        path = best_path(candidates, log_probabilities, pieces, costs=costs)
        text += "".join(str(log_probabilities[number].argmax()) for number in path.chosen)
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
    """The mean of 1 for a string read wrong and 0.2 for each of its wrong digits, so that small improvements count."""
    distances = [edit_distance(read_rows(labeled, costs), labeled.text) for labeled in sample]
    return float(np.mean([(distance > 0) + _DIGIT_ERROR_WEIGHT * distance for distance in distances]))


def accuracy(sample: list[LabeledRows], costs: Costs) -> float:
    """The share of strings read exactly."""
    return float(np.mean([read_rows(labeled, costs) == labeled.text for labeled in sample]))


def search_costs(sample: list[LabeledRows], costs: Costs) -> Costs:
    """Search costs by coordinate descent: each cost in turn times each of `FACTORS`, as long as the loss falls."""
    min_loss = mean_loss(sample, costs)
    for _ in range(MAX_ROUNDS):
        previous_loss = min_loss
        for name, value in asdict(costs).items():
            for factor in FACTORS:
                candidate_costs = replace(costs, **{name: round(value * factor, 3)})
                if (candidate_loss := mean_loss(sample, candidate_costs)) < min_loss - 1e-9:
                    costs, min_loss = candidate_costs, candidate_loss
            print(f"{name:12} {getattr(costs, name):7.3f}   loss {min_loss:.4f}", flush=True)
        if min_loss == previous_loss:
            break
    return costs


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", nargs="?", help="a run or file of weights; the ones that ship if none")
    parser.add_argument("--strings", type=positive_integer, default=300)
    parser.add_argument("--seed", type=natural_number, default=0)
    options = parser.parse_args()
    recognizer = Recognizer(load(options.weights) if options.weights else None)
    mnist = data.load("mnist")
    writer = Writer(mnist.train_images, mnist.train_labels.astype(np.uint8), np.random.default_rng(options.seed))
    sample, held_out = (
        synthesize_labeled_rows(writer, recognizer, count) for count in (options.strings, options.strings // 2)
    )
    initial_costs = Costs()
    fitted_costs = search_costs(sample, initial_costs)
    print(f"searched on: {accuracy(sample, initial_costs):.3f} -> {accuracy(sample, fitted_costs):.3f}")
    print(f"held out:    {accuracy(held_out, initial_costs):.3f} -> {accuracy(held_out, fitted_costs):.3f}")
    print(fitted_costs)


if __name__ == "__main__":
    run_command(main)
