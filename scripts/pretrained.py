"""Train the weights that `lenet read` ships with: MNIST as it is, and as pens, cameras and clutter change it.

    python scripts/pretrained.py            # writes src/lenet/pretrained/lenet-5-relu.safetensors

MNIST's training set alone is used: 55,000 digits to train on, 5,000 to choose the epoch by; the test set is
measured once, at the end. What is no digit is taught by asking for ten equal probabilities.
"""

import argparse
import json
import platform
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from pens import RUBBISH, draw_pool

from lenet import data
from lenet.networks import describe
from lenet.preprocess import network_inputs
from lenet.pytorch import NetworkModule, build, load_arrays, to_arrays
from lenet.weights import Weights, save

NETWORK = describe("lenet-5-relu")
TARGET = Path(__file__).parents[1] / "src/lenet/pretrained/lenet-5-relu.safetensors"
VALIDATION = 5_000
BATCH = 64
PEAK_RATE, WARM_UP, MOMENTUM, WEIGHT_DECAY, SMOOTHING, AVERAGING = 0.06, 0.2, 0.9, 3e-4, 0.03, 0.9995

Images = NDArray[np.uint8]


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    mnist = data.load("mnist")
    split = data.split_validation(mnist, VALIDATION, seed=options.seed)
    began = time.perf_counter()
    drawn, drawn_labels = draw_pool(split.train_images, split.train_labels, options.drawn, rng)
    judged, judged_labels = draw_pool(split.validation_images, split.validation_labels, VALIDATION, rng)
    print(f"drew {options.drawn + VALIDATION:,} pictures in {time.perf_counter() - began:.0f} s", flush=True)
    module = train(
        np.concatenate([split.train_images, drawn]),
        np.concatenate([split.train_labels, drawn_labels]),
        [(split.validation_images, split.validation_labels), (judged, judged_labels)],
        options.epochs,
        rng,
    )
    errors = error_rate(module, mnist.test_images, mnist.test_labels)
    drawn_errors = error_rate(module, judged, judged_labels)
    seconds = time.perf_counter() - began
    print(f"MNIST test error {errors:.2f} %; drawn validation error {drawn_errors:.2f} %; {seconds:.0f} s in all")
    provenance = {
        "made by": "scripts/pretrained.py",
        "options": vars(options) | {"output": options.output.name},
        "data": {"name": "mnist", "drawn": options.drawn, "validation": VALIDATION},
        "metrics": {"mnist test error %": round(errors, 2), "drawn validation error %": round(drawn_errors, 2)},
        "versions": {"torch": torch.__version__, "numpy": np.__version__, "opencv": cv2.__version__},
        "machine": platform.machine(),
    }
    save(options.output, Weights(NETWORK, to_arrays(module), json.loads(json.dumps(provenance))))
    print(f"wrote {options.output} ({options.output.stat().st_size:,} bytes)")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--drawn", type=int, default=120_000, help="pictures drawn from MNIST's digits")
    parser.add_argument("--seed", type=int, default=1998)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, default=TARGET)
    return parser.parse_args()


def train(
    images: Images,
    labels: NDArray[np.integer],
    validation: list[tuple[Images, NDArray[np.integer]]],
    epochs: int,
    rng: np.random.Generator,
) -> NetworkModule:
    """The average of the weights along the way, of the epoch with the least mean validation error."""
    module, average, best = build(NETWORK), build(NETWORK), build(NETWORK)
    average.load_state_dict(module.state_dict())
    targets = target_probabilities(labels)
    optimizer = torch.optim.SGD(module.parameters(), PEAK_RATE, MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True)
    steps, step, least = epochs * (len(images) // BATCH), 0, np.inf
    for epoch in range(epochs):
        began, order = time.perf_counter(), rng.permutation(len(images))
        inputs = torch.from_numpy(network_inputs(jitter(images, rng), NETWORK.input, NETWORK.input_range))
        for start in range(0, len(images) - BATCH + 1, BATCH):
            done = (step := step + 1) / steps
            rate = done / WARM_UP if done < WARM_UP else (1 - done) / (1 - WARM_UP)
            for group in optimizer.param_groups:
                group["lr"] = PEAK_RATE * rate
            chosen = torch.from_numpy(order[start : start + BATCH])
            loss = F.cross_entropy(module(inputs[chosen]), targets[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                torch._foreach_lerp_(
                    list(average.parameters()), list(module.parameters()), 1 - min(AVERAGING, step / (step + 10))
                )
        errors = [error_rate(average, *part) for part in validation]
        if np.mean(errors) < least:
            least = float(np.mean(errors))
            load_arrays(best, to_arrays(average))
        seconds = time.perf_counter() - began
        print(
            f"epoch {epoch + 1}: validation errors {errors[0]:.2f} % and {errors[1]:.2f} %, {seconds:.0f} s", flush=True
        )
    return best


def target_probabilities(labels: NDArray[np.integer]) -> torch.Tensor:
    """Smoothed one-hot rows; for rubbish ten equal probabilities."""
    classes = NETWORK.classes
    table = np.full((classes + 1, classes), SMOOTHING / classes, np.float32)
    table[np.arange(classes), np.arange(classes)] += 1 - SMOOTHING
    table[RUBBISH] = 1 / classes
    return torch.from_numpy(table[labels])


def jitter(images: Images, rng: np.random.Generator) -> Images:
    """Every picture a little turned, slanted, scaled and shifted, another way each epoch."""
    count = len(images)
    turn, slant = rng.normal(0, 0.06, count), rng.normal(0, 0.06, count)
    wide, high = np.exp(rng.normal(0, 0.05, (2, count)))
    matrices = np.empty((count, 2, 3), np.float32)
    matrices[:, 0, 0], matrices[:, 0, 1] = wide * np.cos(turn), -np.sin(turn) + slant
    matrices[:, 1, 0], matrices[:, 1, 1] = np.sin(turn), high * np.cos(turn)
    center = np.full(2, (images.shape[1] - 1) / 2)
    matrices[:, :, 2] = center - matrices[:, :, :2] @ center + rng.normal(0, 0.7, (count, 2))
    moved = np.empty_like(images)
    for image, matrix, target in zip(images, matrices, moved, strict=True):
        cv2.warpAffine(image, matrix, image.shape[::-1], dst=target, flags=cv2.INTER_LINEAR)
    return moved


@torch.no_grad()
def error_rate(module: NetworkModule, images: Images, labels: NDArray[np.integer]) -> float:
    """Percent of the digits that are read wrongly; rubbish does not count."""
    digits = labels != RUBBISH
    inputs = torch.from_numpy(network_inputs(images[digits], NETWORK.input, NETWORK.input_range))
    answers = torch.cat([module(part).argmax(dim=1) for part in inputs.split(1000)])
    return 100 * float((answers.numpy() != labels[digits]).mean())


if __name__ == "__main__":
    main()
