"""Read by raylets of this machine that are killed, and time two against one: ``python -m lab.benchmarks.cluster``."""

import argparse
import logging
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from lab.benchmarks.raylets import Raylets, run_raylets
from lab.command_line import natural_number, positive_integer, run_command
from lenet import data, read_on_cluster

DISTINCT_PICTURES = 200  # the other files are links to them
RAYLET_KILL_SHARES = (0.15, 0.35, 0.55)  # shares of the blocks that are written when a raylet is killed
DRIVER_KILL_SHARE = 0.75  # share of the blocks that are written when the driver is killed
NO_PICTURE_INTERVAL = 97  # every 97th file is no picture
PICTURE_SIDE = 84  # pixels
MIN_RATE_RATIO = 1.7  # of the rate of two raylets to that of one
_TIMEOUT_SECONDS = 1800
# Ray starts workers with a niceness higher by 15, so that they get only the time that other programs leave; with this
# runtime environment of a job they keep the niceness of their raylet.
_SAME_PRIORITY = {"env_vars": {"RAY_worker_niceness": "0"}}


def make_pictures(folder: Path, count: int) -> None:
    """Write ``count`` files: DISTINCT_PICTURES scanned digits, links to these, and some files that are no pictures."""
    folder.mkdir(parents=True)
    images = data.load("mnist").test_images
    for number in range(count):
        path = folder / f"{number:08}.png"
        if number < DISTINCT_PICTURES:
            Image.fromarray(np.asarray(255 - images[number])).resize((PICTURE_SIDE, PICTURE_SIDE)).save(path)
        elif number % NO_PICTURE_INTERVAL == 0:
            path.write_text("no picture")
        else:
            path.hardlink_to(folder / f"{number % DISTINCT_PICTURES:08}.png")


def count_blocks(folder: Path) -> int:
    """Count the blocks that are written."""
    return sum(1 for _ in folder.glob("*/block-*.parquet"))


def start_driver(pictures: Path, out: Path, address: str, block: int, *options: str) -> subprocess.Popen[str]:
    """Start ``lenet read --ray`` as a process, with ``block`` pictures in a block."""
    command = [sys.executable, "-m", "lenet", "read", str(pictures), str(out), "--ray", address, "--block", str(block)]
    return subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True)


def read_with_kills(cluster: Raylets, pictures: Path, out: Path, block: int, blocks: int) -> list[str]:
    """Read while raylets are killed and replaced, and the driver is killed and resumed; a line for each event."""
    events: list[str] = []
    driver = start_driver(pictures, out, cluster.address, block)
    for share in RAYLET_KILL_SHARES:
        _wait_for(out, share * blocks, driver)
        cluster.kill()
        events.append(f"a raylet killed at {count_blocks(out):,} of {blocks:,} blocks")
        cluster.add()
    _wait_for(out, DRIVER_KILL_SHARE * blocks, driver)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    events.append(f"the driver killed at {count_blocks(out):,}")
    driver = start_driver(pictures, out, cluster.address, block, "--resume")
    error_lines = driver.communicate(timeout=_TIMEOUT_SECONDS)[1].strip().splitlines()
    events.append(error_lines[-1] if error_lines else f"exit code {driver.returncode}")
    return events


def count_rows(pictures: Path, out: Path) -> tuple[int, int, int]:
    """Count the pictures with one row, with none and with several.

    Ends the program if equal pictures have rows that differ.
    """
    from pyarrow.dataset import dataset

    rows = dataset(out, format="parquet").to_table().to_pylist()
    rows_by_file = Counter(row["file"] for row in rows)
    names = [str(path) for path in sorted(pictures.iterdir())]
    results: dict[int, set[tuple[str, str]]] = {}
    for row in rows:
        number = int(Path(row["file"]).stem)
        if number < DISTINCT_PICTURES or number % NO_PICTURE_INTERVAL:
            results.setdefault(number % DISTINCT_PICTURES, set()).add((row["text"], str(row["probabilities"])))
    if any(len(values) > 1 for values in results.values()):
        sys.exit("equal pictures have rows that differ")
    if set(rows_by_file) - set(names):
        sys.exit("there are rows of files that are none of the inputs")
    once = sum(rows_by_file[name] == 1 for name in names)
    return once, sum(rows_by_file[name] == 0 for name in names), sum(rows_by_file[name] > 1 for name in names)


@dataclass(frozen=True)
class Rate:
    """How fast some workers read.

    Attributes:
        pictures_per_second: of all workers together.
        cpu_seconds: of a worker for each picture.
        busy_share: share of the time in which a worker had a block, 0 to 1.
    """

    pictures_per_second: float
    cpu_seconds: float
    busy_share: float


def measure_rate(cluster: Raylets, pictures: Path, out: Path, block: int, workers: int) -> Rate:
    """Measure the rate, from the end of the first block to the end of the last but ``workers`` - 1.

    The last ones are left out because fewer than all workers are at work then.
    """
    import ray

    with ray.init(cluster.address, runtime_env=_SAME_PRIORITY, log_to_driver=False, logging_level=logging.ERROR):
        outcomes = read_on_cluster(pictures, out, ray=cluster.address, block=block, workers=workers)
        timed_outcomes = [(time.monotonic(), outcome) for outcome in outcomes][: -(workers - 1) or None]
    seconds = timed_outcomes[-1][0] - timed_outcomes[0][0]
    done = [outcome for _, outcome in timed_outcomes[1:]]
    count = sum(outcome.pictures for outcome in done)
    cpu_seconds = sum(outcome.processor_seconds for outcome in done)
    return Rate(count / seconds, cpu_seconds / count, sum(outcome.seconds for outcome in done) / seconds / workers)


def _wait_for(out: Path, count: float, driver: "subprocess.Popen[str]") -> None:
    """Wait until so many blocks are written."""
    end = time.monotonic() + _TIMEOUT_SECONDS
    while count_blocks(out) < count:
        if driver.poll() is not None or time.monotonic() > end:
            sys.exit(f"the driver ended too early: {driver.communicate()[1]}")
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=positive_integer, default=20_000, help="files that are read [%(default)s]")
    parser.add_argument("--block", type=positive_integer, default=100, help="pictures in a block [%(default)s]")
    parser.add_argument(
        "--rates", type=natural_number, default=0, help="measure rates instead, in this number of rounds [%(default)s]"
    )
    parser.add_argument("--timed", type=positive_integer, default=3000, help="files that a round reads [%(default)s]")
    parser.add_argument("--folder", type=Path, help="for pictures and answers, which then stay there [none]")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp())
    try:
        if options.rates:
            is_met = compare_rates(folder, options.rates, options.timed, options.block)
        else:
            is_met = check_rows_after_kills(folder, options.pictures, options.block)
    finally:
        if options.folder is None:
            shutil.rmtree(folder)
    sys.exit(not is_met)


def check_rows_after_kills(folder: Path, count: int, block: int) -> bool:
    """Whether every picture has one row although raylets and the driver are killed."""
    make_pictures(folder / "pictures", count)
    with run_raylets(2) as cluster:
        for line in read_with_kills(cluster, folder / "pictures", folder / "out", block, -(-count // block)):
            print(line, file=sys.stderr)
    once, none, several = count_rows(folder / "pictures", folder / "out")
    size = sum(path.stat().st_size for path in (folder / "out").rglob("*.parquet"))
    print(
        f"{count:,} pictures: {once:,} have one row, {none:,} none, {several:,} several; {size / count:.1f} bytes each"
    )
    return once == count


def compare_rates(folder: Path, rounds: int, count: int, block: int) -> bool:
    """Whether two raylets read fast enough against one, each with a core of its own."""
    make_pictures(folder / "pictures", count)
    rates: dict[int, list[Rate]] = {1: [], 2: []}
    for number in range(rounds):
        for workers, measured in rates.items():
            with run_raylets(workers) as cluster:
                out = folder / f"out-{number}-{workers}"
                measured.append(measure_rate(cluster, folder / "pictures", out, block, workers))
        print(f"round {number + 1}: {rates[1][-1]}, {rates[2][-1]}", file=sys.stderr, flush=True)
    pairs = zip(rates[1], rates[2], strict=True)
    ratio = statistics.median(two.pictures_per_second / one.pictures_per_second for one, two in pairs)
    for workers, measured in rates.items():
        pictures, cpu_seconds, busy_share = (
            statistics.median(getattr(rate, name) for rate in measured)
            for name in ("pictures_per_second", "cpu_seconds", "busy_share")
        )
        print(
            f"{workers} raylet(s): {pictures:.1f} pictures a second, {cpu_seconds * 1e3:.1f} ms of a core for each of "
            f"them, workers busy {busy_share:.1%} of the time"
        )
    print(f"ratio {ratio:.2f}, the target is {MIN_RATE_RATIO}; {os.cpu_count()} cores")
    return ratio >= MIN_RATE_RATIO


if __name__ == "__main__":
    run_command(main)
