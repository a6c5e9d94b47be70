"""Time training from the shell to saved and tested weights: ``python -m lab.benchmarks.time_to_accuracy [RECIPE…]``.

Runs ``lenet train lenet-5-relu --data mnist --recipe RECIPE --seed S`` as a whole process for seeds 0, 1, 2, … The test
error is that of the run's evaluation.json. Runs are kept in runs/time-to-accuracy and never read again: every call
trains anew.
"""

import argparse
import json
import shutil
import statistics
from pathlib import Path
from typing import Any

from lab.benchmarks.command import print_report, show_progress
from lab.benchmarks.processes import lenet_command, run_process
from lab.command_line import natural_number, positive_integer, run_command
from lenet.benchmarking import Report, Table
from lenet.benchmarking.machine import describe_machine
from lenet.engine.native import usable_cores
from lenet.errors import TrainingError

RUNS_FOLDER = Path("runs/time-to-accuracy")
# By recipe: number of seeds, and the limit of a run's test error in percent.
SEEDS_AND_LIMITS = {"fast": (30, 0.95), "default": (10, 0.60), "best": (5, 0.45)}


def create_parser() -> argparse.ArgumentParser:
    """Create the parser of the command line.

    It accepts ``--bar``, the former name of ``--max-error``, but does not show it.
    """
    parser = argparse.ArgumentParser(description="From the shell to saved and tested weights.")
    parser.add_argument(
        "recipes", nargs="*", default=list(SEEDS_AND_LIMITS), metavar="RECIPE", help="[fast default best]"
    )
    parser.add_argument("--network", default="lenet-5-relu", help="[%(default)s]")
    parser.add_argument("--seeds", type=positive_integer, help="seeds a recipe [fast 30, default 10, best 5]")
    parser.add_argument("--first-seed", type=natural_number, default=0, help="[%(default)s]")
    parser.add_argument(
        "--max-error", type=float, help="count the runs with at most this test error, in percent [0.95, 0.60, 0.45]"
    )
    parser.add_argument("--bar", dest="max_error", type=float, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=positive_integer, default=usable_cores(), help="[%(default)s]")
    parser.add_argument("--markdown", action="store_true", help="print Markdown, for docs/performance.md")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a file, too")
    return parser


def main() -> None:
    options = create_parser().parse_args()
    report = Report(describe_machine(options.threads))
    for recipe in options.recipes:
        seed_count, max_error = SEEDS_AND_LIMITS.get(recipe, (3, 1.0))
        seeds = range(options.first_seed, options.first_seed + (options.seeds or seed_count))
        runs = [train(options.network, recipe, seed, options.threads) for seed in seeds]
        report.results[recipe] = summarize(runs, options.max_error or max_error)
    report.tables = [to_table(options.network, report.results)]
    show_progress("")
    print_report(report, options)


def train(network: str, recipe: str, seed: int, threads: int) -> dict[str, Any]:
    """Train once, in a process: ``{"seed", "seconds", "peak_bytes", "test_error"}``."""
    folder = RUNS_FOLDER / f"{network}-{recipe}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    arguments = ["train", network, "--data", "mnist", "--recipe", recipe, "--seed", str(seed)]
    result = run_process([*lenet_command(), *arguments, "--threads", str(threads), "--out", str(folder)])
    if result.exit_code:
        raise TrainingError(f"lenet {' '.join(arguments)} failed: {result.last_error_line}")
    evaluation = json.loads((folder / "evaluation.json").read_text())
    show_progress(f"{recipe}, seed {seed}: {evaluation['error_rate']:.2f} % in {result.seconds:.2f} s")
    return {
        "seed": seed,
        "seconds": round(result.seconds, 3),
        "peak_bytes": result.peak_bytes,
        "test_error": evaluation["error_rate"],
    }


def summarize(runs: list[dict[str, Any]], max_error: float) -> dict[str, Any]:
    """Summarize runs: mean, deviation and range of the test error, runs of at most ``max_error``, time, memory."""
    errors, seconds = [run["test_error"] for run in runs], [run["seconds"] for run in runs]
    return {
        "runs": len(runs),
        "bar": max_error,
        "mean_error": statistics.mean(errors),
        "deviation": statistics.stdev(errors) if len(errors) > 1 else None,
        "lowest_error": min(errors),
        "highest_error": max(errors),
        "within_bar": sum(error <= max_error for error in errors),
        "median_seconds": statistics.median(seconds),
        "longest_seconds": max(seconds),
        "peak_bytes": max(run["peak_bytes"] for run in runs),
        "by_seed": runs,
    }


def to_table(network: str, results: dict[str, dict[str, Any]]) -> Table:
    """Tabulate the summaries, a row for each recipe."""
    headings = ["recipe", "runs", "test error", "range", "within the limit", "seconds, median", "longest", "memory"]
    rows = [
        [
            recipe,
            str(summary["runs"]),
            f"{summary['mean_error']:.3f}{deviation_text(summary['deviation'])} %",
            f"{summary['lowest_error']:.2f}–{summary['highest_error']:.2f} %",
            f"{summary['within_bar']} ≤ {summary['bar']:.2f} %",
            f"{summary['median_seconds']:.2f}",
            f"{summary['longest_seconds']:.2f}",
            f"{summary['peak_bytes'] / 1e6:.0f} MB",
        ]
        for recipe, summary in results.items()
    ]
    return Table(f"lenet train {network} --data mnist, whole process", headings, rows)


def deviation_text(deviation: float | None) -> str:
    """The standard deviation, written behind the mean; empty for a single run."""
    return "" if deviation is None else f" ± {deviation:.3f}"


if __name__ == "__main__":
    run_command(main)
