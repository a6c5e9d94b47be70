"""Kill ``lenet read`` and resume it: ``python -m lab.benchmarks.resumption [--pictures N] [--kills N] [--memory]``.

A folder of pictures, among them scans of several pages and files that are no pictures, is read into tables of all three
formats while the process is killed at random moments, by SIGKILL, SIGTERM and SIGINT in turn, and started again with
``--resume``. The tables must then be those of a reference run that nothing interrupts, byte for byte.

With ``--memory``: the peak memory (RSS) of reading 1,000 and 50,000 files, links to the same few pictures.
"""

import argparse
import filecmp
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from fnmatch import fnmatch
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image

from lab.benchmarks.processes import lenet_command, run_process
from lab.command_line import natural_number, positive_integer, run_command
from lenet import data
from lenet.files import LEFTOVERS

TABLE_BY_OPTION = {"--csv": "answers.csv", "--jsonl": "answers.jsonl", "--parquet": "answers.parquet"}
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
SMALL_FILE_COUNT, LARGE_FILE_COUNT = 1_000, 50_000
MAX_EXTRA_MB = 5.0  # of peak memory for LARGE_FILE_COUNT files, beside that for SMALL_FILE_COUNT
_DISTINCT_PICTURES = 200  # the other files are links to them


def draw_pictures(folder: Path, count: int, images: np.ndarray) -> None:
    """Write ``count`` files: digits, rows of digits, scans of up to six pages, and files that are no pictures."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for number in range(count):
        path, original = folder / f"{number:05}.png", folder / f"{number % _DISTINCT_PICTURES:05}.png"
        if number % 20 == 7:
            path.with_suffix(".tif").write_bytes(b"no picture")
        elif number % 20 == 13:
            first, *others = (Image.fromarray(draw_row(images, 1, rng)) for _ in range(1 + number % 6))
            first.save(path.with_suffix(".tif"), save_all=True, append_images=others)
        elif number < _DISTINCT_PICTURES:
            Image.fromarray(images[number] if number % 2 else draw_row(images, 4, rng)).save(path)
        else:
            path.hardlink_to(original)


def draw_row(images: np.ndarray, digits: int, rng: np.random.Generator) -> np.ndarray:
    """Draw ``digits`` random digits side by side, dark on light, twice as large as MNIST has them: uint8 (H, W)."""
    row = np.concatenate(list(images[rng.integers(0, len(images), digits)]), axis=1)
    return np.asarray(np.pad(255 - np.kron(row, np.ones((2, 2), np.uint8)), 24, constant_values=255))


def kill_and_resume(command: list[str], kills: int, seed: int, output_lines: int) -> tuple[int, float]:
    """Start the command ``kills`` times, and interrupt it after a random part of its output lines; then let it end.

    Returns:
        How many of the runs were interrupted before they had ended by themselves, and the wall-clock seconds of all.
    """
    rng, interrupted, wall_before = random.Random(seed), 0, time.perf_counter()
    for signal_number in islice(cycle(SIGNALS), kills):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            for _ in range(rng.randint(1, max(1, output_lines // (kills + 1)))):
                process.stdout.readline()
            time.sleep(rng.choice((0, rng.uniform(0, 0.05), rng.uniform(0, 0.3))))
            was_alive = process.poll() is None
            process.send_signal(signal_number)
            process.communicate()
        interrupted += was_alive and process.returncode not in (0, 1)
        print(f"{signal.Signals(signal_number).name}: exit code {process.returncode}", file=sys.stderr, flush=True)
    last_run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    _check_exit_code(last_run)
    print(last_run.stderr.strip().rpartition("\n")[2], file=sys.stderr)
    return interrupted, time.perf_counter() - wall_before


def _check_exit_code(run: subprocess.CompletedProcess[str]) -> None:
    """End the benchmark if a run that nothing interrupted has failed; 1 says that some files are no pictures."""
    if run.returncode not in (0, 1):
        sys.exit(f"lenet read ended with exit code {run.returncode}: {run.stderr.strip().rpartition(chr(10))[2]}")


def compare_tables(workspace: Path, pictures: int, kills: int, workers: int, seed: int, images: np.ndarray) -> bool:
    """Whether tables of a reading that is killed and resumed ``kills`` times are those of the reference run."""
    draw_pictures(workspace / "pictures", pictures, images)
    commands = {
        name: [*lenet_command(), "read", str(workspace / "pictures"), "--lines", "--workers", str(workers), "--resume"]
        + [word for option, table in TABLE_BY_OPTION.items() for word in (option, str(workspace / name / table))]
        for name in ("reference", "interrupted")
    }
    wall_before = time.perf_counter()
    reference = subprocess.run(commands["reference"], capture_output=True, text=True)
    _check_exit_code(reference)
    output_lines, reference_seconds = reference.stdout.count("\n"), time.perf_counter() - wall_before
    interrupted, wall_seconds = kill_and_resume(commands["interrupted"], kills, seed, output_lines)
    equal, other, missing = filecmp.cmpfiles(
        workspace / "reference", workspace / "interrupted", TABLE_BY_OPTION.values(), shallow=False
    )
    leftovers = {path.name for path in (workspace / "interrupted").iterdir()} ^ {
        path.name for path in (workspace / "reference").iterdir()
    }
    leftovers -= {
        name for name in leftovers if fnmatch(name, LEFTOVERS)
    }  # SIGKILL between writing a file and naming it
    print(
        f"{pictures:,} files, {output_lines:,} output lines, interrupted {interrupted} times of {kills}: "
        f"{len(equal)} of {len(TABLE_BY_OPTION)} tables are those of the reference run, byte for byte"
        + (f"; not: {', '.join([*other, *missing])}" if other or missing else "")
        + (f"; left over: {', '.join(sorted(leftovers))}" if leftovers else "")
    )
    print(f"{reference_seconds:.0f} seconds for the reference run, {wall_seconds:.0f} with all starts", file=sys.stderr)
    return len(equal) == len(TABLE_BY_OPTION) and not leftovers


def compare_memory(workspace: Path, workers: int, images: np.ndarray) -> bool:
    """Whether 50,000 files take at most `MAX_EXTRA_MB` more memory than 1,000."""
    peaks = []
    for count in (SMALL_FILE_COUNT, LARGE_FILE_COUNT):
        folder = workspace / str(count)
        folder.mkdir()
        for number in range(count):
            path = folder / f"a rather long name of a scanned page, {number:06}.png"
            if number < _DISTINCT_PICTURES:
                Image.fromarray(images[number]).save(path)
            else:
                path.hardlink_to(folder / f"a rather long name of a scanned page, {number % _DISTINCT_PICTURES:06}.png")
        result = run_process(
            [*lenet_command(), "read", str(folder), "--csv", str(workspace / "out.csv"), "--workers", str(workers)]
        )
        if result.output.count("\n") != count:
            sys.exit(f"{count:,} files: {result.last_error_line}")
        peaks.append(result.peak_bytes / 1e6)
        print(f"{count:,} files: {peaks[-1]:.1f} MB, {result.seconds:.0f} seconds", file=sys.stderr, flush=True)
    print(
        f"{SMALL_FILE_COUNT:,} files: {peaks[0]:.1f} MB; {LARGE_FILE_COUNT:,} files: {peaks[1]:.1f} MB; "
        f"the limit is {MAX_EXTRA_MB:g} MB more"
    )
    return peaks[1] - peaks[0] < MAX_EXTRA_MB


def main() -> None:
    parser = argparse.ArgumentParser(description="Resumption after kills, and memory with many files.")
    parser.add_argument("--pictures", type=positive_integer, default=2000, help="files that are read [%(default)s]")
    parser.add_argument("--kills", type=natural_number, default=20, help="how often it is killed [%(default)s]")
    parser.add_argument("--workers", type=positive_integer, default=2, help="processes that read [%(default)s]")
    parser.add_argument("--seed", type=natural_number, default=0, help="seed of the moments [%(default)s]")
    parser.add_argument("--memory", action="store_true", help="measure memory instead")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells let background jobs ignore it
    images = data.load("mnist").test_images
    workspace = Path(tempfile.mkdtemp())
    try:
        if options.memory:
            is_met = compare_memory(workspace, options.workers, images)
        else:
            is_met = compare_tables(workspace, options.pictures, options.kills, options.workers, options.seed, images)
    finally:
        shutil.rmtree(workspace)
    sys.exit(not is_met)


if __name__ == "__main__":
    run_command(main)
