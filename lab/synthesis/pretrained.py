"""Train the weights that ship, on MNIST and on synthetic pictures of digits and of what is no digit.

    python -m lab.synthesis.pretrained          # writes src/lenet/pretrained/lenet-5-relu.safetensors, which reads
    python -m lab.synthesis.pretrained lenet-5  # the 1998 network beside it, for the page: without a "no digit" output

Training: 55,000 of MNIST's training digits and the training split of the handwriting fonts. The other 5,000 digits and
the fonts' validation split choose the epoch and fix temperature and thresholds. MNIST's test set is measured once, at
the end.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.command_line import natural_number, positive_integer, run_command
from lab.synthesis.calibration import (
    LINE_PICTURES,
    SINGLE_PICTURES,
    VALIDATION_EXAMPLES,
    add_answer_calibration,
    calibrate,
)
from lab.synthesis.datasets import NO_DIGIT_LABEL, draw_dataset
from lab.synthesis.fonts import load_handwriting_fonts
from lab.synthesis.strokes import StrokeRenderer
from lenet import data
from lenet.architecture import Network
from lenet.engine import decide
from lenet.engine.native import Augmentation, Engine
from lenet.model import Model
from lenet.networks import describe
from lenet.preprocess import fit_to_input
from lenet.reading.recognition import Recognizer
from lenet.training import Epoch, Recipe
from lenet.training.devices import choose_device
from lenet.training.distributed import Worker
from lenet.training.learners import learner_on
from lenet.training.loop import train_epochs
from lenet.training.stream import GeneratedStream

WEIGHTS_FOLDER = Path(__file__).parents[2] / "src/lenet/pretrained"
MNIST_REPEATS = 4  # how often MNIST's training digits are in the pool, beside the drawn pictures

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]

_DISTORTION_LIMITS = {"translation": 1.5, "rotation": 6.0, "scale": 0.08, "squeeze": 0.08, "shear": 0.1}
_RECIPE = Recipe("shipped", schedule="one-cycle-midpoint", warm_up=0.2, ema=0.9995, **_DISTORTION_LIMITS)
TRAINING_PLANS = {
    "lenet-5-relu": (
        describe("lenet-5-relu", classes=NO_DIGIT_LABEL + 1),
        replace(_RECIPE, learning_rate=0.06, label_smoothing=0.03, weight_decay=2e-4),
    ),
    "lenet-5": (
        describe("lenet-5"),
        replace(_RECIPE, learning_rate=2e-3, loss="map", init="sqrt", optimizer="adamw", weight_decay=1e-3),
    ),
}
"""The networks that ship, by name: the description and the recipe."""


class PoolStream(GeneratedStream):
    """A pool of pictures, shuffled anew for each epoch, and distorted as the recipe says."""

    def __init__(self, images: Images, labels: Labels, recipe: Recipe) -> None:
        super().__init__(recipe.seed)
        self._images, self._labels, self._recipe = images, labels, recipe

    @property
    def examples(self) -> int:
        return len(self._labels)

    def epoch(self, number: int) -> Epoch:
        augmentation = Augmentation(
            distortions=cast(Any, self._recipe.distortions), seed=self._recipe.seed, epoch=number
        )
        return Epoch(self._images, self._labels, self.rng.permutation(len(self._labels)), augmentation)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse_options(arguments)
    network, recipe = TRAINING_PLANS[options.network]
    recipe = replace(recipe, epochs=options.epochs, seed=options.seed)
    mnist = data.load("mnist")
    split = data.split_validation(mnist, VALIDATION_EXAMPLES, seed=options.seed)
    started = time.perf_counter()
    renderer = StrokeRenderer(split.train_images, split.train_labels, load_handwriting_fonts("training"))
    held_out_renderer = StrokeRenderer(
        split.validation_images, split.validation_labels, load_handwriting_fonts("validation")
    )
    drawn = draw_or_load(renderer, options.drawn, options.seed, options.keep)
    drawn_validation = draw_or_load(held_out_renderer, options.judged, options.seed + 1, options.keep)
    count = len(drawn[0]) + len(drawn_validation[0])
    print(f"drew {count:,} pictures in {time.perf_counter() - started:.0f} s", flush=True)
    images = np.concatenate([split.train_images] * MNIST_REPEATS + [drawn[0]])
    labels = np.concatenate([split.train_labels] * MNIST_REPEATS + [drawn[1]]).astype(np.uint8)
    mnist_validation = (split.validation_images, split.validation_labels.astype(np.uint8))
    arrays = train(network, recipe, images, labels, [mnist_validation, drawn_validation])
    engine = Engine(network, arrays)
    reject_class = {"reject_class": NO_DIGIT_LABEL} if network.classes > NO_DIGIT_LABEL else {}
    recognizer = Recognizer(Model(network, arrays, reject_class))
    scored_pictures = [
        (recognizer.outputs(images[is_known]), labels[is_known])
        for images, labels, is_known in (
            (*part, part[1] < network.classes) for part in (mnist_validation, drawn_validation)
        )
    ]
    calibration = calibrate(network, scored_pictures)
    one_view_calibration = calibrate(network, [(outputs[:1], labels) for outputs, labels in scored_pictures])
    test_error, drawn_error = (
        digit_error_rate(engine, mnist.test_images, mnist.test_labels),
        digit_error_rate(engine, *drawn_validation),
    )
    seconds = time.perf_counter() - started
    print(f"MNIST test error {test_error:.2f} %; drawn validation error {drawn_error:.2f} %; {seconds:.0f} s in all")
    provenance = {
        "made by": "lab/synthesis/pretrained.py",
        "data": {"name": "mnist", "validation": VALIDATION_EXAMPLES, "judged": options.judged},
        "options": {"drawn": options.drawn, "epochs": options.epochs, "seed": options.seed},
        "metrics": {"mnist test error %": round(test_error, 2), "drawn validation error %": round(drawn_error, 2)},
        "versions": {"numpy": np.__version__, "opencv": cv2.__version__},
        "engine": f"{engine.instructions}, {engine.threads} threads, {platform.machine()}",
        "calibration": calibration.to_json(),
        "calibration of one view": {
            "temperature": one_view_calibration.temperature,
            "least": one_view_calibration.digit.min_confidence,
        },
        **reject_class,
    }
    trained = Model(network, arrays, json.loads(json.dumps(provenance)), mnist.class_names)
    if options.keep:  # lab.synthesis.calibration can go on from here
        trained.save(options.keep / f"{network.name}-{options.drawn}.safetensors")
    output = options.output or WEIGHTS_FOLDER / f"{network.name}.safetensors"
    add_answer_calibration(trained, options.singles, options.lines).save(output)
    print(f"wrote {output} ({output.stat().st_size:,} bytes)")


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", nargs="?", choices=TRAINING_PLANS, default="lenet-5-relu")
    parser.add_argument("--epochs", type=positive_integer, default=20)
    parser.add_argument(
        "--drawn", type=positive_integer, default=400_000, help="pictures drawn of digits and no digits"
    )
    parser.add_argument(
        "--judged", type=positive_integer, default=25_000, help="pictures drawn to choose and calibrate by"
    )
    parser.add_argument(
        "--singles", type=positive_integer, default=SINGLE_PICTURES, help="digits drawn and read, for thresholds"
    )
    parser.add_argument(
        "--lines", type=positive_integer, default=LINE_PICTURES, help="lines drawn and read, for thresholds"
    )
    parser.add_argument("--seed", type=natural_number, default=1998)
    parser.add_argument("--keep", type=Path, help="a folder that keeps what was drawn, to train again without drawing")
    parser.add_argument("--output", type=Path, help="the weights file; its place in the package")
    return parser.parse_args(arguments)


def draw_or_load(renderer: StrokeRenderer, pictures: int, seed: int, folder: Path | None) -> tuple[Images, Labels]:
    """Draw ``pictures`` pictures, or load those of the same seed and number that an earlier call kept in ``folder``."""
    cache_file = folder / f"drawn-{seed}-{pictures}.npz" if folder else None
    if cache_file and cache_file.exists():
        with np.load(cache_file) as arrays:
            return arrays["images"], arrays["labels"]
    images, labels = draw_dataset(renderer, pictures, seed, len(os.sched_getaffinity(0)))
    if cache_file:
        cache_file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache_file, images=images, labels=labels)
    return images, labels


def train(
    network: Network, recipe: Recipe, images: Images, labels: Labels, validation: list[tuple[Images, Labels]]
) -> dict[str, NDArray[np.float32]]:
    """Train; the moving average of the weights after the epoch with the lowest mean validation error."""
    stream = PoolStream(*_with_known_labels(network, images, labels), recipe)
    validation = [_with_known_labels(network, *part) for part in validation]
    worker = Worker()
    with learner_on(choose_device(None, "cpu", worker, {}), network, recipe, None, worker) as (learner, _):
        best, min_error = learner.evaluation_arrays(), np.inf
        for row in train_epochs(learner, stream, recipe):
            parameters = learner.evaluation_arrays()
            errors = [total_error_rate(Engine(network, parameters), *part) for part in validation]
            if np.mean(errors) < min_error:
                best, min_error = parameters, float(np.mean(errors))
            print(
                f"epoch {row['epoch']}: validation errors {errors[0]:.2f} % and {errors[1]:.2f} %, "
                f"{row['seconds']:.0f} s",
                flush=True,
            )
    return best


def _with_known_labels(network: Network, images: Images, labels: Labels) -> tuple[Images, Labels]:
    """The pictures whose class the network has an output for, fitted to its input, and their labels."""
    is_known = labels < network.classes
    return fit_to_input(images[is_known], network.input)[:, 0], labels[is_known]


def digit_error_rate(engine: Engine, images: Images, labels: Labels) -> float:
    """Percent of the digits that are read as another one; a rejection is no answer, and what is no digit has none."""
    digits = labels != NO_DIGIT_LABEL
    outputs = engine.predict(images[digits])[:, :NO_DIGIT_LABEL]
    return 100 * float((decide(engine.network, outputs) != labels[digits]).mean())


def total_error_rate(engine: Engine, images: Images, labels: Labels) -> float:
    """Percent of all pictures whose likeliest output is another than it should be, rejections included."""
    return 100 * float((decide(engine.network, engine.predict(images)) != labels).mean())


if __name__ == "__main__":
    run_command(main)
