"""Choose and pack the digits that the page's network learns from: ``python -m lab.synthesis.page_digits``.

2,000 of MNIST's training digits and 500 of its test digits, as many of each class, sampled by seed; gray levels rounded
to 16 steps, two to a byte, compressed by zlib. The page's chapter on learning shows the error of the network that it
trains on the 500; the hyperparameters that the chapter starts with were chosen on other training digits.
"""

import argparse
import base64
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.command_line import run_command
from lenet import data
from lenet.files import write_atomically
from lenet.page.digits import DIGITS_FILE

TRAINING_PER_CLASS, TEST_PER_CLASS = 200, 50
SEED = 0
CLASSES = 10


def sample_indices(labels: NDArray[np.int64], per_class: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Sample the indices of ``per_class`` examples of each class, in random order."""
    indices = [rng.choice(np.flatnonzero(labels == label), per_class, replace=False) for label in range(CLASSES)]
    return rng.permutation(np.concatenate(indices))


def pack_gray_levels(images: NDArray[np.uint8]) -> str:
    """Pack gray levels, rounded to 16 steps, two to a byte, the first in the upper four bits; by zlib and base64."""
    levels = np.rint(images.reshape(-1) / 17).astype(np.uint8)
    return base64.b64encode(zlib.compress(levels[::2] << 4 | levels[1::2], 9)).decode()


def pack_digits(mnist: data.Dataset, seed: int = SEED) -> dict[str, Any]:
    """Sample and pack the digits of the file: ``{"training", "test", "labels", "pixels", "provenance"}``."""
    rng = np.random.default_rng(seed)
    training = sample_indices(mnist.train_labels, TRAINING_PER_CLASS, rng)
    test = sample_indices(mnist.test_labels, TEST_PER_CLASS, rng)
    labels = np.concatenate([mnist.train_labels[training], mnist.test_labels[test]])
    return {
        "training": len(training),
        "test": len(test),
        "labels": "".join(map(str, labels)),
        "pixels": pack_gray_levels(np.concatenate([mnist.train_images[training], mnist.test_images[test]])),
        "provenance": {
            "data": "MNIST, by Yann LeCun and Corinna Cortes",
            "license": "CC BY-SA 3.0",
            "chosen": f"{len(training)} of its training set, then {len(test)} of its test set, "
            f"as many of each digit, by seed {seed}; gray levels rounded to 16 steps",
            "made by": "python -m lab.synthesis.page_digits",
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, default=DIGITS_FILE)
    path = parser.parse_args().output
    content = json.dumps(pack_digits(data.load("mnist")), indent=1).encode() + b"\n"
    write_atomically(path, content)
    print(f"{path}: {len(content) / 1e3:.0f} kB")


if __name__ == "__main__":
    run_command(main)
