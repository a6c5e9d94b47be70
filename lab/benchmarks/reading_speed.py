"""Time the reading of pictures: ``python -m lab.benchmarks.reading_speed [--rounds N] [--folder-photos N]``.

A 12-megapixel phone photo of a row of ten digits, warm and as a whole process; a picture of 28×28 as a whole process; a
folder of such photos by two workers; a picture of 100 megapixels, JPEG and PNG, with the peak memory (RSS). The table
shows the limit or target of each. Then the steps of the warm reading: opening, ink, grids and ruled lines of the paper,
rows, the network, the best path.

Other programs on the machine lengthen every figure, so the fastest of the rounds counts, and the CPU seconds of all
threads and processes stand beside it. The folder has few distinct photos and hard links to them, because drawing a
thousand photos would take longer than reading them.
"""

import argparse
import cProfile
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

from lab.benchmarks.camera import composite_ink, draw_paper, linear_light, smooth_noise, to_uint8
from lab.benchmarks.command import write_json
from lab.benchmarks.large_digits import draw_digit, draw_row, pad_with_paper
from lab.benchmarks.processes import lenet_command, run_process
from lab.command_line import positive_integer, run_command
from lenet import data
from lenet.benchmarking.machine import describe_machine, machine_text
from lenet.engine import native
from lenet.pictures.loading import open_picture
from lenet.reading import Reader
from lenet.reading.foreground.grid.detection import find_grid
from lenet.reading.foreground.ink import find_ink
from lenet.reading.foreground.rules import find_rules
from lenet.reading.lines.path import best_path
from lenet.reading.lines.segmentation import find_page
from lenet.reading.recognition import Recognizer

PHONE_SIZE = (3024, 4032)  # rows and columns: 12 megapixels
HUGE_SIZE = (10_000, 10_000)  # rows and columns: 100 megapixels
DIGITS_IN_ROW = 10
FUNCTION_OF_STEP: dict[str, Callable[..., object]] = {  # whose cumulative time is that of the step
    "open and decode": open_picture,
    "ink": find_ink,
    "grid": find_grid,
    "rules": find_rules,
    "rows, pieces, cuts": find_page,
    "normalization": native.normalize,
    "network": Recognizer.probabilities,
    "best path": best_path,
}
PEN_COLOR = (0.12, 0.17, 0.45)  # RGB of 0..1: blue
_PROFILED_READINGS = 5


def draw_photo(path: Path, size: tuple[int, int], seed: int, images: np.ndarray) -> None:
    """Write a photo of ten digits in a row, by a blue pen on paper in uneven light; a JPEG also has sensor noise."""
    rng = np.random.default_rng(seed)
    width = 2016  # drawn at half of its size or less, then enlarged: paper and pens have no finer detail
    height = round(width * size[0] / size[1])
    digits = images[rng.integers(0, len(images), DIGITS_IN_ROW)]
    row = draw_row(list(digits), 0.062 * width, rng)
    ink = np.zeros((height, width), np.float32)
    top, left = (height - row.shape[0]) // 2, (width - row.shape[1]) // 2
    ink[top : top + row.shape[0], left : left + row.shape[1]] = row
    scene = composite_ink(draw_paper(ink.shape, rng), ink * 0.9, PEN_COLOR)
    lit_scene = scene * linear_light((height, width), rng.uniform(0, 6.28), 0.6)[..., None]
    photo = cv2.resize(to_uint8(lit_scene), size[::-1], interpolation=cv2.INTER_LINEAR)
    if path.suffix == ".jpg":  # a tile of sensor noise, repeated; a PNG of it would be larger than any that people have
        tile = np.rint(3 * smooth_noise((512, 512), 1, rng)).astype(np.int16)[..., None]
        for y in range(0, size[0], 512):
            for x in range(0, size[1], 512):
                part = photo[y : y + 512, x : x + 512]
                part[:] = np.clip(part + tile[: part.shape[0], : part.shape[1]], 0, 255)
    Image.fromarray(photo).save(path, quality=90, compress_level=1)


def time_fastest(action: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Time ``rounds`` calls; the minimum wall-clock and the minimum CPU seconds."""
    timings = [time_call(action) for _ in range(rounds)]
    return min(wall for wall, _ in timings), min(cpu for _, cpu in timings)


def time_call(action: Callable[[], object]) -> tuple[float, float]:
    """Time a call; wall-clock seconds, and CPU seconds of this process and of those that it started."""
    cpu_before, wall_before = sum(os.times()[:4]), time.perf_counter()
    action()
    return time.perf_counter() - wall_before, sum(os.times()[:4]) - cpu_before


def profile_steps(reader: Reader, photo: Path) -> list[tuple[str, float]]:
    """Profile readings; mean milliseconds of each step, the total last. The profiler lengthens steps of many calls."""
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(_PROFILED_READINGS):
        reader.read(photo)
    profile.disable()
    statistics = pstats.Stats(profile).stats  # type: ignore[attr-defined]

    def milliseconds_of(function: Callable[..., object]) -> float:
        code = function.__code__
        never_called = (0, 0, 0.0, 0.0, {})  # as the native engine's functions where there is none
        _, _, _, seconds, _ = statistics.get((code.co_filename, code.co_firstlineno, code.co_name), never_called)
        return float(1000 * seconds / _PROFILED_READINGS)

    steps = [(step, milliseconds_of(function)) for step, function in FUNCTION_OF_STEP.items()]
    total = milliseconds_of(Reader.read)
    return [*steps, ("everything else", total - sum(step_ms for _, step_ms in steps)), ("total", total)]


class ResultTable:
    """The table of results.

    Attributes:
        rows: task, result with its unit, CPU time, limit or target.
        results: by task, without units.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, str]] = []
        self.results: dict[str, float] = {}

    def add(self, task: str, value: float, unit: str, cpu_time: str, bound: str) -> None:
        decimals = 2 if unit == "s" else 1 if unit == "photos/s" else 0
        self.rows.append((task, f"{value:.{decimals}f} {unit}", cpu_time, bound))
        self.results[task] = round(value, 4)
        print(f"{task}: {' | '.join(self.rows[-1][1:])}", file=sys.stderr, flush=True)


def create_parser() -> argparse.ArgumentParser:
    """Create the parser of the command line; it accepts the former names of two options, but does not show them."""
    parser = argparse.ArgumentParser(description="What reading pictures takes.")
    parser.add_argument("--rounds", type=positive_integer, default=7, help="rounds; the fastest counts [%(default)s]")
    parser.add_argument(
        "--folder-photos", type=positive_integer, default=1000, help="photos in the folder [%(default)s]"
    )
    parser.add_argument(
        "--distinct-photos",
        type=positive_integer,
        default=20,
        help="distinct photos; the rest are hard links to them [%(default)s]",
    )
    parser.add_argument(
        "--workers", type=positive_integer, default=2, help="processes that read the folder [%(default)s]"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a file, too")
    for former, name in (("--folder", "folder_photos"), ("--different", "distinct_photos")):
        parser.add_argument(former, dest=name, type=positive_integer, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


def main() -> None:
    options = create_parser().parse_args()
    table, images, reader = ResultTable(), data.load("mnist").test_images, Reader()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo, small = folder / "row.jpg", folder / "digit.png"
        draw_photo(photo, PHONE_SIZE, 0, images)
        digit = to_uint8(
            1 - cv2.resize(pad_with_paper(draw_digit(images[0], 100)), (28, 28), interpolation=cv2.INTER_AREA)
        )
        Image.fromarray(digit).save(small)
        text = reader.read(photo).text
        warm_seconds, cpu_seconds = time_fastest(lambda: reader.read(photo), options.rounds)
        table.add(
            "12-megapixel photo of ten digits, warm",
            1000 * warm_seconds,
            "ms",
            f"{1000 * cpu_seconds:.0f} ms",
            "≤ 150 ms",
        )
        for title, picture, limit in (("12-megapixel photo", photo, 0.6), ("28×28 picture", small, 0.4)):
            wall_seconds, cpu_seconds = time_fastest(
                lambda picture=picture: run_lenet("read", str(picture)), options.rounds
            )
            table.add(f"{title}, whole process", wall_seconds, "s", f"{cpu_seconds:.2f} s", f"≤ {limit} s")
        time_folder(table, folder / "photos", options.folder_photos, options.distinct_photos, options.workers, images)
        for suffix in ("jpg", "png"):
            huge = folder / f"huge.{suffix}"
            draw_photo(huge, HUGE_SIZE, 1, images)
            peaks: list[float] = []
            wall_seconds, cpu_seconds = time_call(
                lambda huge=huge, peaks=peaks: peaks.append(run_lenet("read", str(huge)) / 1e6)
            )
            table.add(f"100-megapixel {suffix.upper()}, whole process", wall_seconds, "s", f"{cpu_seconds:.2f} s", "")
            table.add(f"100-megapixel {suffix.upper()}, memory", peaks[0], "MB", "", "≤ 400 MB")
        steps = profile_steps(reader, photo)
    print(machine_text(describe_machine(1)), f"\n\nThe row was read as {text!r}.\n")
    print("| reading | wall time | CPU time | limit or target |\n|---|---:|---:|---:|")
    print("\n".join(f"| {' | '.join(row)} |" for row in table.rows))
    print("\n| step of the warm reading, with a profiler | ms | of the total |\n|---|---:|---:|")
    total = steps[-1][1]
    print("\n".join(f"| {step} | {step_ms:.1f} | {100 * step_ms / total:.0f} % |" for step, step_ms in steps))
    write_json(options.json, {**table.results, "steps": dict(steps)})


def run_lenet(*arguments: str) -> int:
    """Run ``lenet`` with arguments; its peak memory (RSS) in bytes. The benchmark ends if the command fails."""
    result = run_process([*lenet_command(), *arguments])
    if result.exit_code:
        sys.exit(f"lenet {' '.join(arguments)}: {result.last_error_line}")
    return result.peak_bytes


def time_folder(table: ResultTable, folder: Path, photos: int, distinct: int, workers: int, images: np.ndarray) -> None:
    """Time the reading of a folder of ``photos`` photos, ``distinct`` of them drawn, and add it to the table."""
    folder.mkdir()
    for number in range(photos):
        path, original = folder / f"{number:04d}.jpg", folder / f"{number % distinct:04d}.jpg"
        if path == original:
            draw_photo(path, PHONE_SIZE, number, images)
        else:
            path.hardlink_to(original)
    wall_seconds, _ = time_call(lambda: run_lenet("read", str(folder), "--workers", str(workers)))
    title = f"{photos:,} photos in a folder, {workers} workers"
    # Without the CPU time, which is that of the workers: see reading_rates.
    table.add(title, photos / wall_seconds, "photos/s", "", "≥ 20 photos/s")
    shutil.rmtree(folder)


if __name__ == "__main__":
    run_command(main)
