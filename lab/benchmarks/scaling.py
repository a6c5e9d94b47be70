"""Measure the engine's speed by network, amount of data and threads: ``python -m lab.benchmarks.scaling``."""

import numpy as np

from lab.benchmarks.command import create_parser, print_report, show_progress
from lab.command_line import run_command
from lenet.architecture import Network
from lenet.benchmarking import Report, Table, inference, training
from lenet.benchmarking.digits import load_digits
from lenet.benchmarking.machine import describe_machine, peak_flops_meter
from lenet.benchmarking.report import count_text, flops, ratio_text, share_text
from lenet.benchmarking.runs import add_machine_measurements
from lenet.benchmarking.timing import Rounds, Task, run_rounds
from lenet.data import Dataset
from lenet.engine.native import UpdateHyperparameters
from lenet.errors import LeNetError
from lenet.initialization import initial_weights
from lenet.networks import describe, names
from lenet.preprocess import fit_to_input
from lenet.summary import measure_work, summarize
from lenet.training import recipe

EXAMPLE_COUNTS = (100, 1_000, 10_000, 60_000, 240_000)
TRAINING_BATCH, INFERENCE_BATCH = 256, 1_000  # images an update learns from, images a call reads
LEARN, READ = "learn", "read"  # second words of the tasks' names


def main() -> None:
    options = create_parser("Images a second against network, data and threads.", rounds=5, seconds=0.4).parse_args()
    digits, report = load_digits(), Report(describe_machine(options.threads))
    rounds_and_seconds = (options.rounds, options.seconds)
    add_networks(report, digits, options.threads, *rounds_and_seconds)
    add_sizes(report, digits, options.threads, *rounds_and_seconds)
    add_threads(report, digits, options.threads, *rounds_and_seconds)
    report.notes = [f"pictures: {digits.name}", *dict.fromkeys(report.notes)]
    show_progress("")
    print_report(report, options)


def add_networks(report: Report, digits: Dataset, threads: int, rounds: int, seconds: float) -> None:
    """Add a table of every registered network: learning by its recipe's loss and optimizer, and reading."""
    tasks: list[Task] = []
    for name in names():
        try:
            tasks += training_and_inference_tasks(describe(name), digits, threads, name)
        except LeNetError as error:
            report.notes.append(str(error))
    measured_rounds = run_rounds(tasks, rounds, seconds, peak_flops_meter(threads), show_progress)
    rows = []
    for name in names():
        network = describe(name)
        work = measure_work(network)
        learn, read = (f"{name} {LEARN}", TRAINING_BATCH), (f"{name} {READ}", INFERENCE_BATCH)
        rows.append(
            [
                name,
                f"{summarize(network).parameters:,}",
                f"{work.training_macs:,}",
                count_text(measured_rounds.rate(*learn)),
                share_text(measured_rounds.roofline_fraction(learn, flops(work.training_macs))),
                f"{work.inference_macs:,}",
                count_text(measured_rounds.rate(*read)),
                share_text(measured_rounds.roofline_fraction(read, flops(work.inference_macs))),
            ]
        )
    rate_headings = ["images/s", "of its roofline"]
    headings = ["network", "parameters", "MACs to learn", *rate_headings, "to read", *rate_headings]
    title = f"Networks: learning in batches of {TRAINING_BATCH}, reading {INFERENCE_BATCH:,}"
    add_table(report, "networks", Table(title, headings, rows), measured_rounds)


def add_sizes(report: Report, digits: Dataset, threads: int, rounds: int, seconds: float) -> None:
    """Add a table of lenet-5-relu by number of images: each call learns from all of them, or reads all."""
    network = describe("lenet-5-relu")
    tasks: list[Task] = []
    for size in EXAMPLE_COUNTS:
        copies = -(-size // len(digits.train_images))
        images = np.concatenate([digits.train_images] * copies)[:size]
        labels = np.concatenate([digits.train_labels] * copies)[:size]
        batch = min(TRAINING_BATCH, size)
        try:
            tasks.append(training_task(network, images, labels, threads, f"{size} {LEARN}", batch, examples=size))
            tasks.append(inference_task(network, images, threads, f"{size} {READ}", size))
        except LeNetError as error:
            report.notes.append(str(error))
            return
    measured_rounds = run_rounds(tasks, rounds, seconds, None, show_progress)
    rows = [
        [
            f"{size:,}",
            count_text(measured_rounds.rate(f"{size} {LEARN}", min(TRAINING_BATCH, size))),
            count_text(measured_rounds.rate(f"{size} {READ}", size)),
        ]
        for size in EXAMPLE_COUNTS
    ]
    table = Table("lenet-5-relu by data size, one call for all", ["images", "learning/s", "reading/s"], rows)
    add_table(report, "sizes", table, measured_rounds)


def add_threads(report: Report, digits: Dataset, threads: int, rounds: int, seconds: float) -> None:
    """Add a table of lenet-5-relu on 1 to all threads, with its speedup over one."""
    tasks: list[Task] = []
    for thread_count in range(1, threads + 1):
        try:
            tasks += training_and_inference_tasks(describe("lenet-5-relu"), digits, thread_count, str(thread_count))
        except LeNetError as error:
            report.notes.append(str(error))
            return
    measured_rounds = run_rounds(tasks, rounds, seconds, None, show_progress)
    rows = []
    for thread_count in range(1, threads + 1):
        row = [str(thread_count)]
        for kind, batch in ((LEARN, TRAINING_BATCH), (READ, INFERENCE_BATCH)):
            row.append(count_text(measured_rounds.rate(f"{thread_count} {kind}", batch)))
            row.append(ratio_text(measured_rounds.speedup((f"{thread_count} {kind}", batch), (f"1 {kind}", batch))))
        rows.append(row)
    headings = ["threads", "learning/s", "× one", "reading/s", "× one"]
    add_table(report, "threads", Table("lenet-5-relu by threads", headings, rows), measured_rounds)


def training_and_inference_tasks(network: Network, digits: Dataset, threads: int, name: str) -> list[Task]:
    """The tasks of training and inference with one network."""
    images = fit_to_input(digits.train_images[:20_000], network.input)
    labels = digits.train_labels[:20_000]
    return [
        training_task(network, images, labels, threads, f"{name} {LEARN}", TRAINING_BATCH),
        inference_task(network, images[:INFERENCE_BATCH], threads, f"{name} {READ}", INFERENCE_BATCH),
    ]


def training_task(
    network: Network,
    images: np.ndarray,
    labels: np.ndarray,
    threads: int,
    task_name: str,
    batch: int,
    examples: int = 8_192,
) -> Task:
    """The task of training by the native engine, with the loss and optimizer of the network's default recipe.

    Args:
        images, labels: uint8 (N, H, W) or (N, C, H, W), int64 (N,).
        task_name: in the report.
        batch: images of an update.
        examples: images of a call.
    """
    training_recipe = recipe("default", network)
    hyperparameters = UpdateHyperparameters(
        batch=batch,
        loss=training_recipe.loss,
        optimizer=training_recipe.optimizer,
        momentum=training_recipe.momentum,
        nesterov=training_recipe.nesterov and training_recipe.optimizer == "sgd",
    )
    return training.native_task(
        network, images, labels, threads, hyperparameters, training_recipe.learning_rate / 10, examples, task_name
    )


def inference_task(network: Network, images: np.ndarray, threads: int, task_name: str, batch: int) -> Task:
    """The task of inference by the native engine, ``batch`` images in a call."""
    return Task(
        task_name, batch, batch, inference.native_calls(network, initial_weights(network), images, threads)(batch)
    )


def add_table(report: Report, name: str, table: Table, measured_rounds: Rounds) -> None:
    """Add a table, and the images a second of each of its tasks, to the report."""
    report.tables.append(table)
    add_machine_measurements(report, measured_rounds)
    report.results[name] = {
        task_name: round(measured_rounds.rate(task_name, batch) or 0) for task_name, batch in measured_rounds.calls
    }


if __name__ == "__main__":
    run_command(main)
