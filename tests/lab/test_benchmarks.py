"""The benchmarks: each says what it measures, and processes are measured from the outside."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lab import benchmarks
from lab.benchmarks import (
    calibration,
    command,
    forms,
    photographed_forms,
    reading_speed,
    resumption,
    signs,
    start_up,
    time_to_accuracy,
)
from lab.benchmarks.page_driver import open_page
from lab.benchmarks.processes import run_process
from lenet.benchmarking import Report
from lenet.errors import LeNetError
from lenet.model import pretrained
from lenet.page.export import write_page
from lenet.reading import Reader
from lenet.reading.recognition import Recognizer

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
    options = reading_speed.create_parser().parse_args(["--folder", "30", "--different", "3"])
    assert (options.folder_photos, options.distinct_photos) == (30, 3)
    assert options == reading_speed.create_parser().parse_args(["--folder-photos", "30", "--distinct-photos", "3"])
    shown = reading_speed.create_parser().format_help()
    assert "--different" not in shown
    assert "--folder " not in shown


def test_the_error_that_runs_are_counted_by_is_still_taken_under_its_former_name():
    assert time_to_accuracy.create_parser().parse_args(["--bar", "0.7"]).max_error == 0.7
    assert time_to_accuracy.create_parser().parse_args([]).max_error is None
    assert "--bar" not in time_to_accuracy.create_parser().format_help()


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
    assert benchmark.create_parser().parse_args(["--misses", "pages"]).failures == Path("pages")
    assert benchmark.create_parser().parse_args([]).failures is None
    assert "--misses" not in benchmark.create_parser().format_help()


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


WRONG_ARGUMENTS = [
    ("grid_search", ["--rounds", "0"], "expected a whole number of at least 1"),
    ("reading_speed", ["--rounds", "-1"], "expected a whole number of at least 1"),
    ("start_up", ["--rounds", "0"], "expected a whole number of at least 1"),
    ("photographed_forms", ["--pages", "0"], "expected a whole number of at least 1"),
    ("photographed_forms", ["--workers", "x"], "expected a whole number of at least 1"),
    ("signs", ["--seed", "-1"], "expected a whole number of at least 0"),
    ("forms", ["--weights", "/nowhere.safetensors"], "/nowhere.safetensors: no such weights file"),
    ("calibration", ["--weights", "/nowhere.safetensors"], "/nowhere.safetensors: no such weights file"),
    ("non_digits", ["--weights", "/nowhere.safetensors"], "/nowhere.safetensors: no such weights file"),
]


def test_every_command_of_the_lab_says_in_one_sentence_what_is_wrong():
    for path in FOLDER.parent.rglob("*.py"):
        text = path.read_text("utf-8")
        assert "__main__" not in text or text.endswith('if __name__ == "__main__":\n    run_command(main)\n'), path


def test_digits_of_the_page_are_not_packed_without_the_data_set(tmp_path):
    environment = {**os.environ, "LENET_DATA": str(tmp_path), "LENET_OFFLINE": "1"}
    command = [sys.executable, "-m", "lab.synthesis.page_digits", "--output", str(tmp_path / "digits.json")]
    done = subprocess.run(command, cwd=FOLDER.parents[1], capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert done.stderr.startswith("cannot obtain mnist; ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("name", "arguments", "words"), WRONG_ARGUMENTS)
def test_a_wrong_argument_of_a_benchmark_is_one_sentence(name, arguments, words):
    result = run_process([sys.executable, "-m", f"lab.benchmarks.{name}", *arguments])
    assert result.exit_code in (1, 2)
    assert words in result.last_error_line
    assert "Traceback" not in result.errors


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (None, "no such table of labels"),
        ("file,kind\nblank.png,single\n", "no column label"),
        ("file,label\nblank.png,77\n", "names no picture of the kind single"),
        ("file,label,kind\nblank.png,7,single\n", "no digit was found in any of its 1 pictures"),
        ("file,label,kind\nnone.png,7,single\n", "none.png: no such file"),
    ],
)
def test_labels_of_photos_that_calibration_cannot_use_are_one_sentence(table, words, tmp_path):
    Image.new("L", (60, 60), 255).save(tmp_path / "blank.png")
    if table is not None:
        (tmp_path / "labels.csv").write_text(table)
    with pytest.raises(LeNetError, match=re.escape(words)):
        calibration.answer_photos(Recognizer(), tmp_path / "labels.csv")


def test_the_programs_of_other_runtimes_run_with_the_weights_that_ship(tmp_path):
    pytest.importorskip("torch")
    commands = start_up.create_commands(tmp_path, Report({}))
    timed = {name: command for name, command in commands.items() if name.endswith("seven.png as one digit")}
    assert "torch, seven.png as one digit" in timed
    for name, program in timed.items():
        result = run_process(program)
        assert result.exit_code == 0, f"{name}: {result.last_error_line}"
        assert 0 <= int(result.output) <= 10


def test_the_steps_of_reading_are_profiled_without_the_native_engine(monkeypatch):
    monkeypatch.setenv("LENET_ENGINE", "numpy")
    steps = dict(reading_speed.profile_steps(Reader(), Path("examples/digits/seven.png")))
    assert steps["normalization"] == 0
    assert steps["network"] > 0


def test_the_browsers_context_is_closed_when_a_check_of_its_page_fails(browser, tmp_path):
    write_page(tmp_path / "lesson.html", [pretrained()])
    before = len(browser.contexts)
    with pytest.raises(ZeroDivisionError), open_page(browser, tmp_path / "lesson.html"):
        raise ZeroDivisionError
    assert len(browser.contexts) == before


def test_a_reading_with_more_kills_than_files_ends(tmp_path):
    images = np.zeros((4, 28, 28), np.uint8)
    images[:, 6:22, 13:15] = 255
    assert resumption.compare_tables(tmp_path, 3, kills=2, workers=1, seed=0, images=images)
