"""Measure images per second at inference, and the latency of one image: ``python -m lab.benchmarks.inference``.

The shipped weights of lenet-5-relu in eager torch, torch with channels last, torch frozen, ONNX Runtime, OpenVINO and
this package's engine, at batches of 1, 64, 256, 1,000 and 10,000. The peers get network inputs that were made
beforehand, the engine makes them from gray levels. Needs lenet[bench-all].
"""

from lab.benchmarks.command import create_parser, print_report, show_progress
from lab.command_line import run_command
from lenet.benchmarking import Report, inference
from lenet.benchmarking.digits import load_digits
from lenet.benchmarking.machine import describe_machine
from lenet.benchmarking.report import rates
from lenet.benchmarking.runs import measure_inference


def main() -> None:
    options = create_parser(
        "Images a second while reading, and the time of one image.", rounds=7, seconds=0.5
    ).parse_args()
    digits, report = load_digits(), Report(describe_machine(options.threads))
    measured_rounds = measure_inference(report, digits, options.threads, options.rounds, options.seconds, show_progress)
    report.results["images_per_second"] = {"inference": rates(measured_rounds)}
    report.results["one_image_microseconds"] = {
        task_name: {
            f"p{percent}": round(1e6 * (measured_rounds.percentile(task_name, batch, percent) or 0), 2)
            for percent in (50, 99)
        }
        for task_name, batch in measured_rounds.calls
        if batch == min(inference.BATCHES)
    }
    report.notes = [f"pictures: {digits.name}", *dict.fromkeys(report.notes)]
    show_progress("")
    print_report(report, options)


if __name__ == "__main__":
    run_command(main)
