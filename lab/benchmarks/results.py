"""Train the networks that docs/results.md reports and print its table: ``python -m lab.benchmarks.results [NAME…]``.

Each line of EXPERIMENTS is one ``lenet train`` command, repeated over its seeds. Runs are kept in
runs/results, so that the command goes on where it was stopped. The USPS files are looked for in the cache or in
$USPS_DIR.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

from lab.command_line import run_command
from lenet.benchmarking.machine import processor
from lenet.engine import engine_name

RUNS_FOLDER = Path("runs/results")
EXPERIMENTS = [
    # network, data, recipe, number of seeds, published test error
    ("lenet-5-relu", "mnist", "fast", 30, "–"),
    ("lenet-5-relu", "mnist", "default", 10, "–"),
    ("lenet-5-relu", "mnist", "best", 5, "–"),
    ("lenet-5", "mnist", "default", 3, "0.95 % [LeCun98]"),
    ("lenet-1989", "usps", "default", 3, "5.0 % [LeCun89]"),
    ("lenet-rgb", "cifar10", "default", 3, "–"),
    ("lenet-5-sigmoid", "fashion-mnist", "default", 3, "–"),
    ("lenet-1", "mnist", "default", 3, "1.7 % [LeCun98]"),
    ("lenet-4", "mnist", "default", 3, "1.1 % [LeCun98]"),
    ("lenet-5-average", "mnist", "default", 3, "–"),
    ("lenet-5-sigmoid", "mnist", "default", 3, "–"),
    ("lenet-5-sigmoid-output", "mnist", "default", 3, "–"),
    ("lenet-short", "mnist", "default", 3, "–"),
    ("lenet-5-gap", "mnist", "default", 3, "–"),
    ("lenet-caffe", "mnist", "default", 3, "–"),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="of networks; all if none")
    names = parser.parse_args().names
    if unknown := set(names) - {network for network, *_ in EXPERIMENTS}:
        parser.error(f"no such network here: {', '.join(sorted(unknown))}")
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, engine {engine_name()}"
    print(f"{processor()}, {os.cpu_count()} cores, {versions}\n")
    print("| command | seeds | test error | seconds of training | published |\n|---|---|---:|---:|---|", flush=True)
    for network, data, recipe, seeds, published in EXPERIMENTS:
        if names and network not in names:
            continue
        command = ["train", network, "--data", data, "--recipe", recipe]
        results = [train([*command, "--seed", str(seed)]) for seed in range(seeds)]
        errors = [result["test"]["error_rate"] for result in results]
        seconds = [sum(epoch["seconds"] for epoch in result["history"]) for result in results]
        line = f"| `lenet {' '.join(command)}` | 0–{seeds - 1} | {mean_and_deviation_text(errors)} % "
        print(f"{line}| {statistics.mean(seconds):.0f} | {published} |", flush=True)


def train(command: list[str]) -> dict:
    """Run ``lenet train`` in a process, or take its finished run; what it prints with ``--json``.

    The benchmark ends if the command fails, which has said why on stderr.
    """
    run_folder = RUNS_FOLDER / "-".join(part for part in command if not part.startswith("--")).replace("train-", "", 1)
    options = ["--data-dir", os.environ["USPS_DIR"]] if "usps" in command and "USPS_DIR" in os.environ else []
    full_command = [sys.executable, "-m", "lenet", *command, *options, "--out", str(run_folder), "--resume", "--json"]
    finished = subprocess.run(full_command, stdout=subprocess.PIPE)
    if finished.returncode:
        sys.exit(f"lenet {' '.join(command)} ended with exit code {finished.returncode}")
    return json.loads(finished.stdout)


def mean_and_deviation_text(values: list[float]) -> str:
    """Mean ± standard deviation; the value alone if there is one only."""
    mean = f"{statistics.mean(values):.2f}"
    return f"{mean} ± {statistics.stdev(values):.2f}" if len(values) > 1 else mean


if __name__ == "__main__":
    run_command(main)
