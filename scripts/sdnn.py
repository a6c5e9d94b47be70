"""Teach the network that is slid over strings, and choose the prices of its grammar: runs/sdnn/sdnn.safetensors.

    python scripts/sdnn.py

55,000 of MNIST's training digits are learned from. Strings of the other 5,000 choose the prices; MNIST's test set is
not opened. `python benchmarks/sdnn.py` measures.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from lenet import data
from lenet.sdnn.displacement import Displacement
from lenet.sdnn.reader import choose_grammar, with_grammar
from lenet.sdnn.strings import GAPS, write_strings
from lenet.sdnn.teaching import Plan, teach
from lenet.weights import save

TARGET = Path("runs/sdnn/sdnn.safetensors")
VALIDATION = 5_000  # digits
STRINGS = 500  # at each gap, to choose by
DIGITS = 5


def main() -> None:
    options = parse_options()
    split = data.split_validation(data.load("mnist"), VALIDATION)
    began = time.perf_counter()

    def told(epoch: int, wrong: float) -> None:
        seconds = time.perf_counter() - began
        print(f"epoch {epoch}: {100 * wrong:.2f} % of the windows wrong while learning, {seconds:.0f} s", flush=True)

    weights = teach(split.train_images, split.train_labels, Plan(epochs=options.epochs), options.seed, on_epoch=told)
    rng = np.random.default_rng(options.seed)
    strings = [
        write_strings(
            split.validation_images,
            split.validation_labels,
            rng.permutation(VALIDATION)[: STRINGS * DIGITS].reshape(STRINGS, DIGITS),
            rng,
            [gap],
        )
        for gap in GAPS
    ]
    grammar, right = choose_grammar(Displacement(weights, options.phases), strings)
    print(f"{grammar}: {100 * right:.1f} % of {STRINGS * len(GAPS):,} validation strings wholly right")
    provenance = {
        "made by": "scripts/sdnn.py",
        "data": {"name": "mnist", "validation": VALIDATION},
        "options": {"epochs": options.epochs, "seed": options.seed, "phases": options.phases},
        "metrics": {"validation strings right %": round(100 * right, 2)},
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save(options.out, with_grammar(weights, grammar, options.phases, **provenance))
    print(options.out)


def parse_options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--epochs", type=int, default=Plan.epochs, help="[%(default)s]")
    options.add_argument("--seed", type=int, default=0, help="of weights, windows and strings [%(default)s]")
    options.add_argument("--phases", type=int, default=1, choices=(1, 2, 4), help="positions of a field [%(default)s]")
    options.add_argument("--out", type=Path, default=TARGET, help="[%(default)s]")
    return options.parse_args()


if __name__ == "__main__":
    main()
