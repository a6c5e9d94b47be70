"""Train the weights that ship: MNIST as it is, and synthetic digits and no digits in varied handwriting.

    python -m lab.synthesis.pretrained          # writes src/lenet/pretrained/lenet-5-relu.safetensors, which reads
    python -m lab.synthesis.pretrained lenet-5  # the 1998 network beside it, for the page: without a "no digit" output

55,000 of MNIST's training digits and most handwriting fonts are trained on; the other 5,000 and the other fonts choose
the epoch and fix temperature and thresholds. MNIST's test set is measured once, at the end.
"""

import argparse
import json
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.synthesis.calibration import calibrate
from lab.synthesis.datasets import NO_DIGIT, draw_dataset
from lab.synthesis.fonts import handwriting_fonts
from lab.synthesis.strokes import StrokeRenderer
from lenet import data
from lenet.architecture import Network
from lenet.data.distortions import Distortions
from lenet.engine import decide
from lenet.engine.native import Changes, Engine, Learning
from lenet.initialization import initial_weights
from lenet.model import Model
from lenet.networks import describe
from lenet.preprocess import fitted
from lenet.reading.recognition import Recognizer
from lenet.training.schedule import one_cycle

TARGET = Path(__file__).parents[2] / "src/lenet/pretrained"
VALIDATION = 5_000  # of MNIST's training digits
JUDGED = 25_000  # pictures drawn to choose and calibrate by
EVERY = 8  # font is kept from training for them
PLAIN = 4  # times MNIST as it is, beside the drawn pictures
WARM_UP = 0.2  # of the updates
DISTORTIONS = Distortions(translation=1.5, rotation=6, scale=0.08, squeeze=0.08, shear=0.1)

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Plan:
    """A network and how it learns."""

    network: Network
    peak_rate: float
    learning: Learning


PLANS = {
    "lenet-5-relu": Plan(
        describe("lenet-5-relu", classes=NO_DIGIT + 1),
        0.06,
        Learning(batch=64, label_smoothing=0.03, momentum=0.9, nesterov=True, weight_decay=2e-4, ema=0.9995),
    ),
    "lenet-5": Plan(
        describe("lenet-5"), 2e-3, Learning(batch=64, loss="map", optimizer="adamw", weight_decay=1e-3, ema=0.9995)
    ),
}


def main() -> None:
    options = parse_options()
    plan = PLANS[options.network]
    mnist = data.load("mnist")
    split = data.split_validation(mnist, VALIDATION, seed=options.seed)
    fonts = handwriting_fonts("training")
    began = time.perf_counter()
    trained_on = [font for index, font in enumerate(fonts) if index % EVERY]
    renderer = StrokeRenderer(split.train_images, split.train_labels, trained_on)
    others = StrokeRenderer(split.validation_images, split.validation_labels, fonts[::EVERY])
    drawn = draw(renderer, options.drawn, options.seed, options.keep)
    judged = draw(others, JUDGED, options.seed + 1, options.keep)
    print(f"drew {len(drawn[0]) + JUDGED:,} pictures in {time.perf_counter() - began:.0f} s", flush=True)
    images = np.concatenate([split.train_images] * PLAIN + [drawn[0]])
    labels = np.concatenate([split.train_labels] * PLAIN + [drawn[1]]).astype(np.uint8)
    plain = (split.validation_images, split.validation_labels.astype(np.uint8))
    arrays = train(plan, images, labels, [plain, judged], options)
    engine = Engine(plan.network, arrays)
    recognizer = Recognizer(Model(plan.network, arrays))
    seen = [
        (recognizer.outputs(images[known]), labels[known])
        for images, labels, known in ((*part, part[1] < plan.network.classes) for part in (plain, judged))
    ]
    calibration = calibrate(plan.network, seen)
    of_one_view = calibrate(plan.network, [(outputs[:1], labels) for outputs, labels in seen])
    test_error, drawn_error = error_rate(engine, mnist.test_images, mnist.test_labels), error_rate(engine, *judged)
    seconds = time.perf_counter() - began
    print(f"MNIST test error {test_error:.2f} %; drawn validation error {drawn_error:.2f} %; {seconds:.0f} s in all")
    provenance = {
        "made by": "lab/synthesis/pretrained.py",
        "data": {"name": "mnist", "validation": VALIDATION, "judged": JUDGED},
        "options": {"drawn": options.drawn, "epochs": options.epochs, "seed": options.seed},
        "metrics": {"mnist test error %": round(test_error, 2), "drawn validation error %": round(drawn_error, 2)},
        "versions": {"numpy": np.__version__, "opencv": cv2.__version__},
        "engine": f"{engine.instructions}, {engine.threads} threads, {platform.machine()}",
        "calibration": calibration.to_json(),
        "calibration of one view": {"temperature": of_one_view.temperature, "least": of_one_view.least},
    }
    if plan.network.classes > NO_DIGIT:
        provenance["refusal"] = NO_DIGIT
    output = options.output or TARGET / f"{plan.network.name}.safetensors"
    Model(plan.network, arrays, json.loads(json.dumps(provenance)), mnist.class_names).save(output)
    print(f"wrote {output} ({output.stat().st_size:,} bytes)")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", nargs="?", choices=PLANS, default="lenet-5-relu")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--drawn", type=int, default=400_000, help="pictures drawn of digits and no digits")
    parser.add_argument("--seed", type=int, default=1998)
    parser.add_argument("--keep", type=Path, help="a folder that keeps what was drawn, to train again without drawing")
    parser.add_argument("--output", type=Path, help="the weights file; its place in the package")
    return parser.parse_args()


def draw(renderer: StrokeRenderer, pictures: int, seed: int, folder: Path | None) -> tuple[Images, Labels]:
    kept = folder / f"drawn-{seed}-{pictures}.npz" if folder else None
    if kept and kept.exists():
        with np.load(kept) as arrays:
            return arrays["images"], arrays["labels"]
    images, labels = draw_dataset(renderer, pictures, seed, len(os.sched_getaffinity(0)))
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, images=images, labels=labels)
    return images, labels


def train(
    plan: Plan, images: Images, labels: Labels, validation: list[tuple[Images, Labels]], options: argparse.Namespace
) -> dict[str, NDArray[np.float32]]:
    """The running mean of the weights, of the epoch with the least mean validation error."""
    images, labels = _known(plan, images, labels)
    validation = [_known(plan, *part) for part in validation]
    rng = np.random.default_rng(options.seed)
    engine = Engine(plan.network, initial_weights(plan.network, seed=options.seed))
    steps = -(-len(images) // plan.learning.batch)
    done = (np.arange(options.epochs * steps) + 0.5) / (options.epochs * steps)
    rates = plan.peak_rate * one_cycle(done, WARM_UP)
    best, least = engine.arrays(), np.inf
    for epoch in range(options.epochs):
        began = time.perf_counter()
        changes = Changes(distortions=DISTORTIONS, seed=options.seed, epoch=epoch)
        own_rates = rates[epoch * steps : (epoch + 1) * steps]
        engine.fit(images, labels, rng.permutation(len(images)), own_rates, plan.learning, changes)
        kept = engine.kept_arrays()
        errors = [mistakes(Engine(plan.network, kept), *part) for part in validation]
        if np.mean(errors) < least:
            best, least = kept, float(np.mean(errors))
        print(
            f"epoch {epoch + 1}: validation errors {errors[0]:.2f} % and {errors[1]:.2f} %, "
            f"{time.perf_counter() - began:.0f} s",
            flush=True,
        )
    return best


def _known(plan: Plan, images: Images, labels: Labels) -> tuple[Images, Labels]:
    """Those pictures that the network has an output for, at its size."""
    known = labels < plan.network.classes
    return fitted(images[known], plan.network.input)[:, 0], labels[known]


def error_rate(engine: Engine, images: Images, labels: Labels) -> float:
    """Percent of the digits that are read as another one; a refusal is no answer, and what is no digit has none."""
    digits = labels != NO_DIGIT
    outputs = engine.predict(images[digits])[:, :NO_DIGIT]
    return 100 * float((decide(engine.network, outputs) != labels[digits]).mean())


def mistakes(engine: Engine, images: Images, labels: Labels) -> float:
    """Percent of all pictures whose likeliest output is another than it should be, refusals included."""
    return 100 * float((decide(engine.network, engine.predict(images)) != labels).mean())


if __name__ == "__main__":
    main()
