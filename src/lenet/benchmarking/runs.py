"""Whole benchmarks: prepare, time in rounds, report. `short` is what ``lenet bench`` runs."""

import statistics
from collections.abc import Callable, Sequence

from lenet.benchmarking import inference, training
from lenet.benchmarking.digits import load_digits
from lenet.benchmarking.machine import describe_machine, peak_flops_meter
from lenet.benchmarking.report import (
    Report,
    inference_figures,
    inference_table,
    rates,
    training_figures,
    training_table,
)
from lenet.benchmarking.timing import Rounds, run_rounds
from lenet.data import Dataset
from lenet.engine.native import usable_cores
from lenet.errors import EngineError
from lenet.model import pretrained
from lenet.networks import describe
from lenet.summary import measure_work

NETWORK = "lenet-5-relu"
Progress = Callable[[str], None]


def silent(text: str) -> None:
    """Show nothing."""


def short(
    threads: int | None = None,
    progress: Progress = silent,
    rounds: int = 3,
    seconds: float = 0.25,
    torch_batches: Sequence[int] = training.TORCH_BATCHES,
) -> Report:
    """Compare training and inference with the installed peers, in less than a minute.

    A part that no runtime here can run has no table, only the notes on what is missing.

    The figures are those of `training_figures` and `inference_figures`, and ``images_per_second`` of each runtime.
    """
    threads, digits = threads or usable_cores(), load_digits()
    report = Report(describe_machine(threads))
    training_rounds = measure_training(report, digits, threads, rounds, seconds, progress, torch_batches)
    inference_rounds = measure_inference(report, digits, threads, rounds, seconds, progress, other_batches=(1, 256))
    if not training_rounds.calls and not inference_rounds.calls:
        raise EngineError(f"nothing that can be measured is installed: {'; '.join(dict.fromkeys(report.notes))}")
    report.results["images_per_second"] = {
        "training": rates(training_rounds),
        "inference": rates(inference_rounds),
    }
    report.notes = [f"pictures: {digits.name}", *dict.fromkeys(report.notes)]
    return report


def measure_training(
    report: Report,
    digits: Dataset,
    threads: int,
    rounds: int,
    seconds: float,
    progress: Progress = silent,
    torch_batches: Sequence[int] = training.TORCH_BATCHES,
    variants: bool = False,
) -> Rounds:
    """Time training of lenet-5-relu and add its table, results and peak to the report."""
    progress("preparing the training")
    network = describe(NETWORK)
    work = measure_work(network)
    tasks, absent = training.training_tasks(
        network, digits.train_images, digits.train_labels, threads, torch_batches, variants=variants
    )
    measured_rounds = run_rounds(tasks, rounds, seconds, peak_flops_meter(threads), progress)
    if tasks:
        report.tables.append(training_table(measured_rounds, work))
    report.results["training"] = training_figures(measured_rounds, work)
    report.notes += absent
    add_machine_measurements(report, measured_rounds)
    return measured_rounds


def measure_inference(
    report: Report,
    digits: Dataset,
    threads: int,
    rounds: int,
    seconds: float,
    progress: Progress = silent,
    batches: Sequence[int] = inference.BATCHES,
    other_batches: Sequence[int] | None = None,
) -> Rounds:
    """Time reading with the weights that ship and add its table, results and peak to the report."""
    progress("preparing the inference")
    model = pretrained(NETWORK)
    work = measure_work(model.network)
    tasks, absent = inference.inference_tasks(
        model.network, model.parameters, digits.test_images, threads, batches, other_batches
    )
    measured_rounds = run_rounds(tasks, rounds, seconds, peak_flops_meter(threads), progress)
    if tasks:
        report.tables.append(inference_table(measured_rounds, work))
    report.results["inference"] = inference_figures(measured_rounds, work)
    report.notes += absent
    add_machine_measurements(report, measured_rounds)
    return measured_rounds


def add_machine_measurements(report: Report, measured_rounds: Rounds) -> None:
    """Add the measured peak and the involuntary context switches to the report."""
    machine = report.machine
    if measured_rounds.peaks:
        machine["peak_flops"] = max(machine["peak_flops"] or 0, round(statistics.median(measured_rounds.peaks)))
    machine["interruptions_per_second"] = max(machine["interruptions_per_second"], round(measured_rounds.interruptions))
