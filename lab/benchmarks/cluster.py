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
from lenet import data, read_on_cluster

DISTINCT_PICTURES = 200  # pictures; the others are links to them
RAYLET_KILL_SHARES = (0.15, 0.35, 0.55)  # of the blocks: when a raylet is killed
DRIVER_KILL_SHARE = 0.75  # of the blocks: when the driver is
NO_PICTURE_INTERVAL = 97  # every such file is none
PICTURE_SIDE = 84
MIN_RATE_RATIO = 1.7
_TIMEOUT_SECONDS = 1800
# Ray starts workers at a priority lower by 15, at which they get only what other programs leave; for a job that says so
# they keep that of their raylet.
_SAME_PRIORITY = {"env_vars": {"RAY_worker_niceness": "0"}}


def make_pictures(folder: Path, count: int) -> None:
    """Scanned digits as files: few of them, and links to these; some that are no pictures."""
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
    return sum(1 for _ in folder.glob("*/block-*.parquet"))


def start_driver(pictures: Path, out: Path, address: str, block: int, *more: str) -> subprocess.Popen[str]:
    """``lenet read --ray`` as a process."""
    command = [sys.executable, "-m", "lenet", "read", str(pictures), str(out), "--ray", address, "--block", str(block)]
    return subprocess.Popen([*command, *more], stderr=subprocess.PIPE, text=True)


def read_with_kills(cluster: Raylets, pictures: Path, out: Path, block: int, total: int) -> list[str]:
    """Read while a raylet is killed and replaced at several moments, and the driver once; return what was done."""
    happened: list[str] = []
    driver = start_driver(pictures, out, cluster.address, block)
    for share in RAYLET_KILL_SHARES:
        _wait_for(out, share * total, driver)
        cluster.kill()
        happened.append(f"a raylet killed at {count_blocks(out):,} of {total:,} blocks")
        cluster.add()
    _wait_for(out, DRIVER_KILL_SHARE * total, driver)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    happened.append(f"the driver killed at {count_blocks(out):,}")
    driver = start_driver(pictures, out, cluster.address, block, "--resume")
    words = driver.communicate(timeout=_TIMEOUT_SECONDS)[1].strip().splitlines()
    happened.append(words[-1] if words else f"exit code {driver.returncode}")
    return happened


def count_rows(pictures: Path, out: Path) -> tuple[int, int, int]:
    """Pictures with exactly one row, without any, and with several; rows of equal pictures must be equal."""
    from pyarrow.dataset import dataset

    rows = dataset(out, format="parquet").to_table().to_pylist()
    times = Counter(row["file"] for row in rows)
    names = [str(path) for path in sorted(pictures.iterdir())]
    results: dict[int, set[tuple[str, str]]] = {}
    for row in rows:
        number = int(Path(row["file"]).stem)
        if number < DISTINCT_PICTURES or number % NO_PICTURE_INTERVAL:
            results.setdefault(number % DISTINCT_PICTURES, set()).add((row["text"], str(row["probabilities"])))
    if any(len(values) > 1 for values in results.values()):
        sys.exit("equal pictures have rows that differ")
    if set(times) - set(names):
        sys.exit("there are rows of files that are none of the inputs")
    once = sum(times[name] == 1 for name in names)
    return once, sum(times[name] == 0 for name in names), sum(times[name] > 1 for name in names)


@dataclass(frozen=True)
class Rate:
    """How fast some workers read.

    Attributes:
        pictures: a second.
        processor_seconds: of a worker for each picture.
        busy: the share of the time in which workers had a block.
    """

    pictures: float
    processor_seconds: float
    busy: float


def measure_rate(cluster: Raylets, pictures: Path, out: Path, block: int, workers: int) -> Rate:
    """The rate from the first block that is done to the last but those that end together with it."""
    import ray

    with ray.init(cluster.address, runtime_env=_SAME_PRIORITY, log_to_driver=False, logging_level=logging.ERROR):
        outcomes = read_on_cluster(pictures, out, ray=cluster.address, block=block, workers=workers)
        moments = [(time.monotonic(), outcome) for outcome in outcomes][: -(workers - 1) or None]
    seconds = moments[-1][0] - moments[0][0]
    done = [outcome for _, outcome in moments[1:]]
    count = sum(outcome.pictures for outcome in done)
    worked = sum(outcome.processor_seconds for outcome in done)
    return Rate(count / seconds, worked / count, sum(outcome.seconds for outcome in done) / seconds / workers)


def _wait_for(out: Path, count: float, driver: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + _TIMEOUT_SECONDS
    while count_blocks(out) < count:
        if driver.poll() is not None or time.monotonic() > end:
            sys.exit(f"the driver ended too early: {driver.communicate()[1]}")
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=20_000, help="files that are read [%(default)s]")
    parser.add_argument("--block", type=int, default=100, help="pictures in a block [%(default)s]")
    parser.add_argument(
        "--rates", type=int, default=0, help="measure rates instead, in this number of rounds [%(default)s]"
    )
    parser.add_argument("--timed", type=int, default=3000, help="files that a round reads [%(default)s]")
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
    """Whether every picture has one row although raylets and the driver were killed."""
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
    ratio = statistics.median(two.pictures / one.pictures for one, two in zip(rates[1], rates[2], strict=True))
    for workers, measured in rates.items():
        pictures, worked, busy = (
            statistics.median(getattr(rate, name) for rate in measured)
            for name in ("pictures", "processor_seconds", "busy")
        )
        print(
            f"{workers} raylet(s): {pictures:.1f} pictures a second, {worked * 1e3:.1f} ms of a core for each of them, "
            f"workers busy {busy:.1%} of the time"
        )
    print(f"ratio {ratio:.2f}, the target is {MIN_RATE_RATIO}; {os.cpu_count()} cores")
    return ratio >= MIN_RATE_RATIO


if __name__ == "__main__":
    main()
