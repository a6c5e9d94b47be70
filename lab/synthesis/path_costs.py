"""Fit the costs of a path through candidates: those with the fewest synthetic strings read wrong.

    python -m lab.synthesis.path_costs [WEIGHTS] [--strings 300]

Strings of MNIST training digits are drawn in random styles (`WritingStyle.drawn`); their candidates go through the
network once, and the costs are searched one after the other, up and down, as long as that helps. Prints the costs, for
`lenet.reading.lines.path.Costs`, and the share of strings right before and after, of others than those searched on.
"""

import argparse
from dataclasses import asdict, replace

import numpy as np
from numpy.typing import NDArray

from lab.synthesis.written_lines import Writer, WritingStyle, on_paper
from lenet import data
from lenet.model import load
from lenet.reading.foreground.ink import find_ink
from lenet.reading.foreground.rules import find_rules
from lenet.reading.lines.path import Costs, best_path
from lenet.reading.lines.segmentation import Candidate, find_rows
from lenet.reading.recognition import Recognizer
from lenet.reading.scoring import recognize

THRESHOLD = 0.38  # the middle one of those the reader looks at
FACTORS = (0.5, 0.75, 1.33, 2.0)
ROUNDS = 3

Graph = tuple[str, list[tuple[list[Candidate], NDArray[np.float32], int]]]


def graphs(writer: Writer, recognizer: Recognizer, strings: int) -> list[Graph]:
    """Texts, with the candidates, log probabilities and number of pieces of each row found."""
    results: list[Graph] = []
    while len(results) < strings:
        text = "".join(map(str, writer.rng.integers(0, 10, writer.rng.integers(2, 8))))
        if writer.rng.random() < 0.3:  # amounts and numbers of things are often round
            text = text[:2] + "0" * int(writer.rng.integers(2, 5))
        ink = find_ink(
            np.repeat(on_paper(writer.line(text, WritingStyle.drawn(writer.rng)), writer.rng)[..., None], 3, axis=2)
        )
        for threshold in ink.thresholds((THRESHOLD,)):
            rows = []
            for row in find_rows(ink, threshold, find_rules(ink, threshold)):
                signs = recognize(list(row.candidates()), recognizer)
                if signs:
                    logs = np.log(np.maximum(np.stack([sign.probabilities for sign in signs]), 1e-6))
                    rows.append(([sign.candidate for sign in signs], logs, len(row.pieces)))
            results.append((text, rows))
    return results


def read(graph: Graph, costs: Costs) -> str:
    """The text of the best path through each row."""
    text = ""
    for candidates, logs, pieces in graph[1]:
        path = best_path(candidates, logs, pieces, costs=costs)
        text += "".join(str(logs[number].argmax()) for number in path.chosen)
    return text


def edits(a: str, b: str) -> int:
    """The least number of signs put in, taken out or changed."""
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        this = [i]
        for j, y in enumerate(b, 1):
            this.append(min(last[j] + 1, this[-1] + 1, last[j - 1] + (x != y)))
        last = this
    return last[-1]


def loss(sample: list[Graph], costs: Costs) -> float:
    """The share of strings read wrong; a little for each wrong digit in them, so that the search sees a slope."""
    read_as = [read(graph, costs) for graph in sample]
    wrong = [edits(text, graph[0]) for text, graph in zip(read_as, sample, strict=True)]
    return float(np.mean([(count > 0) + 0.2 * count for count in wrong]))


def right(sample: list[Graph], costs: Costs) -> float:
    return float(np.mean([read(graph, costs) == graph[0] for graph in sample]))


def search(sample: list[Graph], costs: Costs) -> Costs:
    smallest = loss(sample, costs)
    for _ in range(ROUNDS):
        previous_loss = smallest
        for name, value in asdict(costs).items():
            for factor in FACTORS:
                candidate_costs = replace(costs, **{name: round(value * factor, 3)})
                if (now := loss(sample, candidate_costs)) < smallest - 1e-9:
                    costs, smallest = candidate_costs, now
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
    sample, held_out = (graphs(writer, recognizer, count) for count in (options.strings, options.strings // 2))
    start = Costs()
    cheapest = search(sample, start)
    print(f"searched on: {right(sample, start):.3f} -> {right(sample, cheapest):.3f}")
    print(f"others:      {right(held_out, start):.3f} -> {right(held_out, cheapest):.3f}")
    print(cheapest)


if __name__ == "__main__":
    main()
