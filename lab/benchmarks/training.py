"""Measure images per second while training: ``python -m lab.benchmarks.training``.

lenet-5-relu by the tutorial's loop, by eager torch with everything in memory at batches of 64 to 1024, and by this
package's engine; then the 1998 lenet-5 by mini-batch against its own roofline. Needs lenet[train].
"""

from lab.benchmarks.command import create_parser, print_report, show_progress
from lab.command_line import run_command
from lenet.benchmarking import Report, training
from lenet.benchmarking.digits import load_digits
from lenet.benchmarking.machine import describe_machine, peak_flops_meter
from lenet.benchmarking.report import flops, rates, rounded, training_table
from lenet.benchmarking.runs import add_machine_measurements, measure_training
from lenet.benchmarking.timing import run_rounds
from lenet.data import Dataset
from lenet.engine.native import UpdateHyperparameters
from lenet.errors import LeNetError
from lenet.networks import describe
from lenet.preprocess import fit_to_input
from lenet.summary import measure_work

# Learning rate of each optimizer: small, because the map loss of the RBF outputs starts near a hundred.
RATE_BY_OPTIMIZER = {"sgd": 1e-4, "adamw": 1e-3}


def main() -> None:
    options = create_parser("Images a second while training.", rounds=5, seconds=1.0).parse_args()
    digits, report = load_digits(), Report(describe_machine(options.threads))
    threads_rounds_seconds = (options.threads, options.rounds, options.seconds)
    measured_rounds = measure_training(report, digits, *threads_rounds_seconds, show_progress, variants=True)
    report.results["images_per_second"] = {"training": rates(measured_rounds)}
    add_lenet_5(report, digits, *threads_rounds_seconds)
    report.notes = [f"pictures: {digits.name}", *dict.fromkeys(report.notes)]
    show_progress("")
    print_report(report, options)


def add_lenet_5(report: Report, digits: Dataset, threads: int, rounds: int, seconds: float) -> None:
    """Add a table of the 1998 network: connection table of C3, trainable sub-sampling, squash, RBF, the map loss."""
    network = describe("lenet-5")
    work = measure_work(network)
    images = fit_to_input(digits.train_images, network.input)
    try:
        tasks = [
            training.native_task(
                network,
                images,
                digits.train_labels,
                threads,
                UpdateHyperparameters(batch=batch, loss="map", optimizer=optimizer, nesterov=False),
                rate,
                task_name=f"{training.LENET}, {optimizer}",
            )
            for optimizer, rate in RATE_BY_OPTIMIZER.items()
            for batch in training.OUR_BATCHES
        ]
    except LeNetError as error:
        report.notes.append(str(error))
        return
    measured_rounds = run_rounds(tasks, rounds, seconds, peak_flops_meter(threads), show_progress)
    report.tables.append(training_table(measured_rounds, work))
    add_machine_measurements(report, measured_rounds)
    report.results["lenet-5"] = {
        "roofline_fraction": {
            f"{task_name.removeprefix(training.LENET + ', ')} {batch}": rounded(
                measured_rounds.roofline_fraction((task_name, batch), flops(work.training_macs))
            )
            for task_name, batch in measured_rounds.calls
        }
    }


if __name__ == "__main__":
    run_command(main)
