"""Kill ``lenet read`` and resume it: ``python -m lab.benchmarks.resumption [--pictures N] [--kills N] [--memory]``.

A folder of pictures, among them scans of several pages and files that are no pictures, is read into tables of all three
formats while the process is killed at random moments, by SIGKILL, SIGTERM and SIGINT in turn, and started again with
``--resume``. The tables must then be those of an undisturbed run, byte for byte.

With ``--memory``: the most memory that reading 1,000 and 50,000 files holds, links to the same few pictures.
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
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image

from lab.benchmarks.processes import lenet_command, run_process
from lenet import data

TABLES = {"--csv": "answers.csv", "--jsonl": "answers.jsonl", "--parquet": "answers.parquet"}
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
FEW, MANY = 1_000, 50_000
BAR_MB = 5.0
_DIFFERENT = 200  # pictures; the others are links to them


def draw_pictures(folder: Path, count: int, images: np.ndarray) -> None:
    """So many files: digits, rows of them on paper, scans of up to six pages, and files that are no pictures."""
    chance = np.random.default_rng(0)
    folder.mkdir()
    for number in range(count):
        path, original = folder / f"{number:05}.png", folder / f"{number % _DIFFERENT:05}.png"
        if number % 20 == 7:
            path.with_suffix(".tif").write_bytes(b"no picture")
        elif number % 20 == 13:
            first, *others = (Image.fromarray(row_of(images, 1, chance)) for _ in range(1 + number % 6))
            first.save(path.with_suffix(".tif"), save_all=True, append_images=others)
        elif number < _DIFFERENT:
            Image.fromarray(images[number] if number % 2 else row_of(images, 4, chance)).save(path)
        else:
            path.hardlink_to(original)


def row_of(images: np.ndarray, digits: int, chance: np.random.Generator) -> np.ndarray:
    """Dark digits side by side on light paper, twice as large as MNIST has them."""
    row = np.concatenate(list(images[chance.integers(0, len(images), digits)]), axis=1)
    return np.asarray(np.pad(255 - np.kron(row, np.ones((2, 2), np.uint8)), 24, constant_values=255))


def kill_and_resume(command: list[str], kills: int, seed: int, answers: int) -> tuple[int, float]:
    """Start the command so often, and kill it after a random part of its answers; then let it end.

    Returns:
        How many of the runs were killed before they had ended by themselves, and the seconds that all took.
    """
    chance, killed, began = random.Random(seed), 0, time.perf_counter()
    for number in islice(cycle(SIGNALS), kills):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
            assert running.stdout is not None
            for _ in range(chance.randint(1, answers // (kills + 1))):
                running.stdout.readline()
            time.sleep(chance.choice((0, chance.uniform(0, 0.05), chance.uniform(0, 0.3))))
            was_alive = running.poll() is None
            running.send_signal(number)
            running.communicate()
        killed += was_alive and running.returncode not in (0, 1)
        print(f"{signal.Signals(number).name}: exit code {running.returncode}", file=sys.stderr, flush=True)
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    print(ended.stderr.strip().splitlines()[-1], file=sys.stderr)
    return killed, time.perf_counter() - began


def compare_killed(place: Path, pictures: int, kills: int, workers: int, seed: int, images: np.ndarray) -> bool:
    """Whether tables that were resumed after so many kills are those of an undisturbed run."""
    draw_pictures(place / "pictures", pictures, images)
    commands = {
        name: [*lenet_command(), "read", str(place / "pictures"), "--lines", "--workers", str(workers), "--resume"]
        + [word for option, table in TABLES.items() for word in (option, str(place / name / table))]
        for name in ("whole", "killed")
    }
    began = time.perf_counter()
    whole = subprocess.run(commands["whole"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    answers, seconds = whole.stdout.count("\n"), time.perf_counter() - began
    killed, spent = kill_and_resume(commands["killed"], kills, seed, answers)
    equal, other, missing = filecmp.cmpfiles(place / "whole", place / "killed", TABLES.values(), shallow=False)
    leftovers = {path.name for path in (place / "killed").iterdir()} ^ {
        path.name for path in (place / "whole").iterdir()
    }
    print(
        f"{pictures:,} files, {answers:,} answers, killed {killed} times of {kills}: "
        f"{len(equal)} of {len(TABLES)} tables are those of an undisturbed run, byte for byte"
        + (f"; not: {', '.join([*other, *missing])}" if other or missing else "")
        + (f"; left over: {', '.join(sorted(leftovers))}" if leftovers else "")
    )
    print(f"{seconds:.0f} seconds undisturbed, {spent:.0f} with all starts", file=sys.stderr)
    return len(equal) == len(TABLES) and not leftovers


def compare_memory(place: Path, workers: int, images: np.ndarray) -> bool:
    """Whether many files take no more memory than few."""
    peaks = []
    for count in (FEW, MANY):
        folder = place / str(count)
        folder.mkdir()
        for number in range(count):
            path = folder / f"a rather long name of a scanned page, {number:06}.png"
            if number < _DIFFERENT:
                Image.fromarray(images[number]).save(path)
            else:
                path.hardlink_to(folder / f"a rather long name of a scanned page, {number % _DIFFERENT:06}.png")
        outcome = run_process(
            [*lenet_command(), "read", str(folder), "--csv", str(place / "out.csv"), "--workers", str(workers)]
        )
        if outcome.output.count("\n") != count:
            sys.exit(f"{count:,} files: {outcome.last_words}")
        peaks.append(outcome.peak_bytes / 1e6)
        print(f"{count:,} files: {peaks[-1]:.1f} MB, {outcome.seconds:.0f} seconds", file=sys.stderr, flush=True)
    print(f"{FEW:,} files: {peaks[0]:.1f} MB; {MANY:,} files: {peaks[1]:.1f} MB; the bar is {BAR_MB:g} MB more")
    return peaks[1] - peaks[0] < BAR_MB


def main() -> None:
    options = argparse.ArgumentParser(description="Resumption after kills, and memory with many files.")
    options.add_argument("--pictures", type=int, default=2000, help="files that are read [%(default)s]")
    options.add_argument("--kills", type=int, default=20, help="how often it is killed [%(default)s]")
    options.add_argument("--workers", type=int, default=2, help="processes that read [%(default)s]")
    options.add_argument("--seed", type=int, default=0, help="of the moments [%(default)s]")
    options.add_argument("--memory", action="store_true", help="measure memory instead")
    chosen = options.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background shells have it ignored
    images = data.load("mnist").test_images
    place = Path(tempfile.mkdtemp())
    try:
        if chosen.memory:
            is_met = compare_memory(place, chosen.workers, images)
        else:
            is_met = compare_killed(place, chosen.pictures, chosen.kills, chosen.workers, chosen.seed, images)
    finally:
        shutil.rmtree(place)
    sys.exit(not is_met)


if __name__ == "__main__":
    main()
