"""The benchmarks: each says what it measures, and processes are measured from the outside."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lab import benchmarks
from lab.benchmarks.processes import run_process

FOLDER = Path(benchmarks.__file__).parent
COMMANDS = sorted(path.stem for path in FOLDER.glob("*.py") if "__main__" in path.read_text("utf-8"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_benchmark_says_what_it_does_and_how_it_is_run(name):
    command = [sys.executable, "-m", f"lab.benchmarks.{name}", "--help"]
    done = subprocess.run(command, cwd=FOLDER.parents[1], capture_output=True, text=True, check=True)
    first_line = (FOLDER / f"{name}.py").read_text("utf-8").splitlines()[0]
    assert f"python -m lab.benchmarks.{name}" in first_line
    assert done.stdout.startswith("usage: ")


@pytest.mark.parametrize("name", ["training", "inference", "time_to_accuracy", "start_up", "scaling"])
def test_the_benchmarks_of_docs_performance_keep_their_figures(name):
    assert name in COMMANDS
    command = [sys.executable, "-m", f"lab.benchmarks.{name}", "--help"]
    done = subprocess.run(command, cwd=FOLDER.parents[1], capture_output=True, text=True, check=True)
    assert "--json FILE" in done.stdout


def test_the_seconds_and_the_memory_of_a_process_are_its_own():
    ballast = np.ones(50_000_000)  # 400 MB that the child must not be charged with
    slept = run_process([sys.executable, "-c", "import time; time.sleep(0.2); print('done')"])
    assert 0.2 <= slept.seconds < 5
    assert slept.peak_bytes < 100e6 < ballast.nbytes
    assert slept.output == "done\n"
    assert run_process([sys.executable, "-c", "raise SystemExit(3)"]).exit_code == 3
    assert run_process([sys.executable, "-c", "import sys; print('no', file=sys.stderr)"]).last_words == "no"
