"""The benchmarks: each says what it measures, and processes are measured from the outside."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lab import benchmarks
from lab.benchmarks import command, forms, photographed_forms, reading_speed, signs, time_to_accuracy
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
    assert run_process([sys.executable, "-c", "import sys; print('no', file=sys.stderr)"]).last_error_line == "no"


def test_options_of_reading_speed_are_still_taken_under_their_former_names():
    options = reading_speed.command_line().parse_args(["--folder", "30", "--different", "3"])
    assert (options.folder_photos, options.distinct_photos) == (30, 3)
    assert options == reading_speed.command_line().parse_args(["--folder-photos", "30", "--distinct-photos", "3"])
    shown = reading_speed.command_line().format_help()
    assert "--different" not in shown
    assert "--folder " not in shown


def test_the_error_that_runs_are_counted_by_is_still_taken_under_its_former_name():
    assert time_to_accuracy.command_line().parse_args(["--bar", "0.7"]).max_error == 0.7
    assert time_to_accuracy.command_line().parse_args([]).max_error is None
    assert "--bar" not in time_to_accuracy.command_line().format_help()


def test_a_benchmark_of_whole_processes_takes_but_does_not_show_the_options_that_do_nothing_there():
    processes, rounds = (
        command.create_parser("What it measures.", rounds=3, seconds=seconds) for seconds in (None, 2.0)
    )
    assert processes.parse_args(["--seconds", "1", "--threads", "2"]).rounds == 3
    for option in ("--seconds", "--threads"):
        assert option not in processes.format_help()
        assert option in rounds.format_help()


@pytest.mark.parametrize("benchmark", [forms, photographed_forms])
def test_the_folder_of_failures_is_still_taken_under_its_former_name(benchmark):
    assert benchmark.command_line().parse_args(["--misses", "pages"]).failures == Path("pages")
    assert benchmark.command_line().parse_args([]).failures is None
    assert "--misses" not in benchmark.command_line().format_help()


def test_the_command_that_is_timed_has_its_bytecode_as_an_installation_does(tmp_path: Path):
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    code = "from lab.benchmarks.processes import lenet_command; lenet_command()"
    subprocess.run([sys.executable, "-c", code], env=variables, cwd=FOLDER.parents[1], check=True)
    assert {path.name.partition(".")[0] for path in tmp_path.rglob("*.pyc")} >= {"reader", "ink", "order_statistics"}


def test_an_accepted_reading_with_a_wrong_or_a_missing_sign_is_wrong_in_the_benchmark_of_signs():
    exact, lost, other, rejected = (("-12", read, is_rejected) for read, is_rejected in
                                    (("-12", False), ("12", False), (".12", False), ("12", True)))  # fmt: skip
    assert signs.count_accepted([exact, rejected]) == (1, 0)
    assert signs.count_accepted([exact, lost, other, rejected]) == (3, 2)
