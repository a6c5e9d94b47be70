"""Measure what skipping the background and bfloat16 products gain: ``python -m lab.benchmarks.beyond_roofline``."""

import numpy as np
from numpy.typing import NDArray

from lab.benchmarks.command import create_parser, print_report, show_progress
from lab.command_line import run_command
from lenet.benchmarking import Report, Table
from lenet.benchmarking.digits import load_digits
from lenet.benchmarking.machine import describe_machine, peak_flops_meter
from lenet.benchmarking.report import count_text, flops, share_text
from lenet.benchmarking.runs import add_machine_measurements
from lenet.benchmarking.timing import Task, run_rounds
from lenet.engine.native import Engine, UpdateHyperparameters, precisions
from lenet.model import Model, pretrained
from lenet.summary import measure_work

INFERENCE_BATCH, TRAINING_BATCH = 1_000, 256  # images a call reads, images an update learns from
IMAGE_COUNT = 8_192


def main() -> None:
    options = create_parser("Skipping the background, and bfloat16.", rounds=7, seconds=0.3).parse_args()
    digits, report, weights = load_digits(), Report(describe_machine(options.threads)), pretrained()
    work, test_images = measure_work(weights.network), digits.test_images[:IMAGE_COUNT]
    images_without_background = np.maximum(test_images, 1)
    image_sets = {
        "digits": test_images,
        "no background": images_without_background,
        "nothing but background": np.zeros_like(test_images),
    }
    tasks = []
    for precision in precisions():
        engine = Engine(weights.network, weights.parameters, threads=options.threads, precision=precision)
        tasks += [inference_task(engine, f"read {kind}, {precision}", images) for kind, images in image_sets.items()]
    tasks += [
        training_task(weights, options.threads, f"learn {kind}, float32", images) for kind, images in image_sets.items()
    ]
    measured_rounds = run_rounds(
        tasks, options.rounds, options.seconds, peak_flops_meter(options.threads), show_progress
    )
    rows = []
    for task_name, batch in measured_rounds.calls:
        macs = work.training_macs if task_name.startswith("learn") else work.inference_macs
        rate, roofline_fraction = (
            measured_rounds.rate(task_name, batch),
            measured_rounds.roofline_fraction((task_name, batch), flops(macs)),
        )
        rows.append([task_name, f"{batch:,}", count_text(rate), share_text(roofline_fraction)])
    headings = ["lenet-5-relu", "batch", "images/s", "of the float32 roofline"]
    report.tables.append(Table("Beyond the roofline", headings, rows))
    add_machine_measurements(report, measured_rounds)
    report.notes += [f"pictures: {digits.name}", compare_precisions(weights, digits.test_images, digits.test_labels)]
    show_progress("")
    print_report(report, options)


def inference_task(engine: Engine, task_name: str, images: NDArray[np.uint8]) -> Task:
    """The task of inference on INFERENCE_BATCH images in a call."""
    batch = np.ascontiguousarray(images[:INFERENCE_BATCH])
    return Task(task_name, INFERENCE_BATCH, INFERENCE_BATCH, lambda: engine.predict(batch))


def training_task(weights: Model, threads: int, task_name: str, images: NDArray[np.uint8]) -> Task:
    """The task of training on all images, an epoch in a call."""
    engine = Engine(weights.network, weights.parameters, threads=threads)
    labels, order = np.arange(len(images)) % 10, np.random.default_rng(0).permutation(len(images))
    rates = np.zeros(len(order) // TRAINING_BATCH)  # all work of training, without a change of the weights
    return Task(
        task_name,
        TRAINING_BATCH,
        len(order),
        lambda: engine.fit(images, labels, order, rates, UpdateHyperparameters(batch=TRAINING_BATCH)),
    )


def compare_precisions(weights: Model, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> str:
    """Compare readings in bfloat16 and float32: a sentence with errors, changed answers, the largest difference."""
    if "bfloat16" not in precisions():
        return "bfloat16: this processor has no matrix unit"
    float32_outputs, bfloat16_outputs = (
        Engine(weights.network, weights.parameters, precision=name).predict(images) for name in precisions()
    )
    errors = [int((outputs.argmax(axis=1) != labels).sum()) for outputs in (float32_outputs, bfloat16_outputs)]
    changed_answers = int((float32_outputs.argmax(axis=1) != bfloat16_outputs.argmax(axis=1)).sum())
    max_difference = float(abs(float32_outputs - bfloat16_outputs).max() / float32_outputs.std())
    return (
        f"bfloat16 against float32 on {len(images):,} pictures: {errors[1]} and {errors[0]} errors, "
        f"{changed_answers} answers "
        f"changed, outputs differ by at most {100 * max_difference:.1f} % of their standard deviation"
    )


if __name__ == "__main__":
    run_command(main)
