"""Time the reading of pictures: ``python -m lab.benchmarks.reading_speed [--rounds N] [--folder N]``.

A 12-megapixel phone photo of a row of ten digits, warm and as a whole process; a picture of 28×28 as a whole process; a
folder of such photos by two workers; a picture of 100 megapixels, JPEG and PNG, with the most memory held. Beside each
stands its bar. Then the steps of the warm reading: opening, ink, rules, rows, the network, the best path.

Other programs on the machine lengthen every figure, so the fastest of the rounds counts, and the processor time spent
(of all threads and processes) stands beside it. The folder holds few photos
under many names: drawing a thousand would take longer than reading them.
"""

import argparse
import cProfile
import json
import os
import pstats
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from lab.benchmarks.camera import as_bytes, cloud, gradient, inked, paper
from lab.benchmarks.large_digits import on_paper, pen_ink, row_ink
from lab.benchmarks.processes import lenet_command, run_process
from lenet import data
from lenet.benchmarking.machine import describe_machine, machine_text
from lenet.reading import Reader

PHONE = (3024, 4032)  # rows and columns of 12 megapixels
HUGE = (10_000, 10_000)
DIGITS = 10
STEPS = {  # a step, and the functions of lenet.reading whose time is its own; the first that is found counts
    "open and decode": ("open_picture",),
    "ink": ("find_ink",),
    "rules": ("find_rules",),
    "rows, pieces, cuts": ("find_page", "find_rows"),
    "candidates": ("candidates",),
    "normalization": ("normalize",),
    "network": ("probabilities",),
    "best path": ("best_path",),
}
BLUE_PEN = (0.12, 0.17, 0.45)
_READS_PROFILED = 5


def draw_photo(path: Path, size: tuple[int, int], seed: int, images: np.ndarray) -> None:
    """A row of ten digits with a blue pen on paper, unevenly lit, with the grain of a sensor; JPEG or PNG."""
    rng = np.random.default_rng(seed)
    width = 2016  # drawn at half or less of its size, then enlarged: paper and pens have no finer detail
    height = round(width * size[0] / size[1])
    digits = images[rng.integers(0, len(images), DIGITS)]
    row = row_ink(list(digits), 0.062 * width, rng)
    ink = np.zeros((height, width), np.float32)
    top, left = (height - row.shape[0]) // 2, (width - row.shape[1]) // 2
    ink[top : top + row.shape[0], left : left + row.shape[1]] = row
    scene = inked(paper(ink.shape, rng), ink * 0.9, BLUE_PEN)
    lit = scene * gradient((height, width), rng.uniform(0, 6.28), 0.6)[..., None]
    photo = cv2.resize(as_bytes(lit), size[::-1], interpolation=cv2.INTER_LINEAR)
    if path.suffix == ".jpg":  # a tile of grain all over; in a PNG it would make a file that nobody has
        tile = np.rint(3 * cloud((512, 512), 1, rng)).astype(np.int16)[..., None]
        for y in range(0, size[0], 512):
            for x in range(0, size[1], 512):
                part = photo[y : y + 512, x : x + 512]
                part[:] = np.clip(part + tile[: part.shape[0], : part.shape[1]], 0, 255)
    Image.fromarray(photo).save(path, quality=90, compress_level=1)


def fastest(action: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Seconds by the clock and of the processor, each of the fastest of so many calls."""
    timings = [timed(action) for _ in range(rounds)]
    return min(seconds for seconds, _ in timings), min(spent for _, spent in timings)


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of the processor in this process and in those it started."""
    cpu_before, began = sum(os.times()[:4]), time.perf_counter()
    action()
    return time.perf_counter() - began, sum(os.times()[:4]) - cpu_before


def steps_of(reader: Reader, photo: Path) -> list[tuple[str, float]]:
    """Milliseconds of each step of a reading, the whole last; the profiler lengthens what calls much."""
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(_READS_PROFILED):
        reader.read(photo)
    profile.disable()
    milliseconds: dict[str, float] = {}
    for (file, _, name), (_, _, _, seconds, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if "reading" in Path(file).parts:
            milliseconds[name] = milliseconds.get(name, 0.0) + 1000 * seconds / _READS_PROFILED
    steps = [
        (step, next((milliseconds[name] for name in names if name in milliseconds), 0.0))
        for step, names in STEPS.items()
    ]
    total = milliseconds["read"]
    return [*steps, ("everything else", total - sum(spent for _, spent in steps)), ("whole", total)]


class Outcomes:
    """Rows of the table: what, figure, processor time, bar; and the figures as plain values."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, str]] = []
        self.figures: dict[str, float] = {}

    def add(self, what: str, value: float, unit: str, spent: str, bar: str) -> None:
        digits = 2 if unit == "s" else 1 if unit == "photos/s" else 0
        self.rows.append((what, f"{value:.{digits}f} {unit}", spent, bar))
        self.figures[what] = round(value, 4)
        print(f"{what}: {' | '.join(self.rows[-1][1:])}", file=sys.stderr, flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description="What reading pictures takes.")
    options.add_argument("--rounds", type=int, default=7, help="rounds; the fastest counts [%(default)s]")
    options.add_argument("--folder", type=int, default=1000, help="photos in the folder [%(default)s]")
    options.add_argument("--different", type=int, default=20, help="of them different [%(default)s]")
    options.add_argument("--workers", type=int, default=2, help="processes that read the folder [%(default)s]")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures into a file, too")
    chosen = options.parse_args()
    outcomes, images, reader = Outcomes(), data.load("mnist").test_images, Reader()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo, small = folder / "row.jpg", folder / "digit.png"
        draw_photo(photo, PHONE, 0, images)
        digit = as_bytes(1 - cv2.resize(on_paper(pen_ink(images[0], 100)), (28, 28), interpolation=cv2.INTER_AREA))
        Image.fromarray(digit).save(small)
        text = reader.read(photo).text
        warm, spent = fastest(lambda: reader.read(photo), chosen.rounds)
        outcomes.add("12-megapixel photo of ten digits, warm", 1000 * warm, "ms", f"{1000 * spent:.0f} ms", "≤ 150 ms")
        for title, picture, bar in (("12-megapixel photo", photo, 0.6), ("28×28 picture", small, 0.4)):
            seconds, spent = fastest(lambda picture=picture: run_lenet("read", str(picture)), chosen.rounds)
            outcomes.add(f"{title}, whole process", seconds, "s", f"{spent:.2f} s", f"≤ {bar} s")
        add_folder(outcomes, folder / "photos", chosen.folder, chosen.different, chosen.workers, images)
        for suffix in ("jpg", "png"):
            huge = folder / f"huge.{suffix}"
            draw_photo(huge, HUGE, 1, images)
            peaks: list[float] = []
            seconds, spent = timed(lambda huge=huge, peaks=peaks: peaks.append(run_lenet("read", str(huge)) / 1e6))
            outcomes.add(f"100-megapixel {suffix.upper()}, whole process", seconds, "s", f"{spent:.2f} s", "")
            outcomes.add(f"100-megapixel {suffix.upper()}, memory", peaks[0], "MB", "", "≤ 400 MB")
        steps = steps_of(reader, photo)
    print(machine_text(describe_machine(1)), f"\n\nThe row was read as {text!r}.\n")
    print("| reading | took | processor time | bar |\n|---|---:|---:|---:|")
    print("\n".join(f"| {' | '.join(row)} |" for row in outcomes.rows))
    print("\n| step of the warm reading, with a profiler | ms | of the whole |\n|---|---:|---:|")
    total = steps[-1][1]
    print("\n".join(f"| {step} | {spent:.1f} | {100 * spent / total:.0f} % |" for step, spent in steps))
    if chosen.json:
        figures = {**outcomes.figures, "steps": dict(steps)}
        chosen.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


def run_lenet(*arguments: str) -> int:
    """The most bytes that one command held; the benchmark ends if it fails."""
    outcome = run_process([*lenet_command(), *arguments])
    if outcome.exit_code:
        sys.exit(f"lenet {' '.join(arguments)}: {outcome.last_words}")
    return outcome.peak_bytes


def add_folder(outcomes: Outcomes, folder: Path, photos: int, different: int, workers: int, images: np.ndarray) -> None:
    folder.mkdir()
    for number in range(photos):
        path, original = folder / f"{number:04d}.jpg", folder / f"{number % different:04d}.jpg"
        if path == original:
            draw_photo(path, PHONE, number, images)
        else:
            path.hardlink_to(original)
    seconds, _ = timed(lambda: run_lenet("read", str(folder), "--workers", str(workers)))
    title = f"{photos:,} photos in a folder, {workers} workers"
    outcomes.add(title, photos / seconds, "photos/s", "", "≥ 20 photos/s")  # workers' time: see reading_rates
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
