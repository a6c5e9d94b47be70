"""Compare how fast two versions read: ``python -m lab.benchmarks.reading_rates --against PYTHON [--rounds N]``.

Worker processes of each version read the same drawn pictures by turns: photos of 12 megapixels with a row of ten
digits, and scanned digits of 300 pixels. PYTHON is the interpreter of an environment with the other version. The CPU
time of the workers for one picture is compared, which other programs on the machine lengthen less than the wall time:
the median over the rounds for each version, and the median of the ratios within a round.

The lower bound for a photo is printed, too: all its Huffman codes must be decoded, however much it is reduced; the time
is that of decoding it at an eighth of its size.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from lab.benchmarks.camera import to_uint8
from lab.benchmarks.large_digits import draw_digit, pad_with_paper
from lab.benchmarks.reading_speed import PHONE_SIZE, draw_photo
from lab.command_line import positive_integer, run_command
from lenet import data

# Runs in the environment of either version: reads pictures with two workers, each of which notes its CPU time
# after each picture; the first few of them are its warm-up.
_READ_SCRIPT = """
import json, os, sys, time
from pathlib import Path

from lenet.reading.batch.pages import Settings, read_all


class Clock:
    def __init__(self, folder):
        self.folder = folder

    def __call__(self, page):
        with open(os.path.join(self.folder, str(os.getpid())), "a") as file:
            file.write(f"{time.process_time()}\\n")


if __name__ == "__main__":
    notes, single, workers, *paths = sys.argv[1:]
    texts = [
        page.result.text
        for page in read_all(map(Path, paths), Settings(single=single == "single"), int(workers), Clock(notes))
    ]
    print(json.dumps(texts))
"""
_WARM_UP_PICTURES = 3
SCANNED_DIGIT_SIDE = 200  # pixels of a digit, without the paper around it


def measure_reading(python: str, paths: list[Path], single: bool, workers: int) -> tuple[float, list[str]]:
    """Read pictures by a version; CPU milliseconds of a worker for one picture, and the text of each."""
    with tempfile.TemporaryDirectory() as folder:
        script, notes = Path(folder) / "read.py", Path(folder) / "notes"
        script.write_text(_READ_SCRIPT)
        notes.mkdir()
        command = [python, str(script), str(notes), "single" if single else "any", str(workers), *map(str, paths)]
        process = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=folder)
        if process.returncode:
            sys.exit(f"{python}: exit code {process.returncode}")
        worker_times = [
            (times[-1] - times[_WARM_UP_PICTURES - 1], len(times) - _WARM_UP_PICTURES)
            for times in ([float(line) for line in note.read_text().split()] for note in notes.iterdir())
            if len(times) > _WARM_UP_PICTURES
        ]
        return 1000 * sum(seconds for seconds, _ in worker_times) / sum(count for _, count in worker_times), json.loads(
            process.stdout
        )


def measure_decoding(photo: Path, divided_by: int, rounds: int = 5) -> float:
    """Decode a JPEG at 1/``divided_by`` of its size; CPU milliseconds, the minimum over the rounds."""
    fastest = float("inf")
    for _ in range(rounds):
        cpu_before = time.process_time()
        with Image.open(photo) as image:
            image.draft(None, (image.width // divided_by, image.height // divided_by))
            image.load()
        fastest = min(fastest, time.process_time() - cpu_before)
    return 1000 * fastest


def main() -> None:
    parser = argparse.ArgumentParser(description="Processor time a picture, of two versions by turns.")
    parser.add_argument("--against", required=True, metavar="PYTHON", help="interpreter of the other version")
    parser.add_argument(
        "--rounds", type=positive_integer, default=5, help="rounds, of which each version has a turn [%(default)s]"
    )
    parser.add_argument("--photos", type=positive_integer, default=40, help="photos a turn [%(default)s]")
    parser.add_argument("--digits", type=positive_integer, default=200, help="scanned digits a turn [%(default)s]")
    parser.add_argument(
        "--workers", type=positive_integer, default=os.cpu_count() or 1, help="worker processes [%(default)s]"
    )
    options = parser.parse_args()
    images = data.load("mnist").test_images
    versions = {"other": options.against, "this": sys.executable}
    with tempfile.TemporaryDirectory() as folder:
        photos, digits = (
            [Path(folder) / f"{n}.jpg" for n in range(4)],
            [Path(folder) / f"digit{n}.jpg" for n in range(20)],
        )
        for number, path in enumerate(photos):
            draw_photo(path, PHONE_SIZE, number, images)
        for number, path in enumerate(digits):
            page = to_uint8(pad_with_paper(draw_digit(np.asarray(images[number]), SCANNED_DIGIT_SIDE)))
            Image.fromarray(page).convert("RGB").save(path, quality=90)
        inputs = {"photos": (photos, options.photos, False), "scanned digits": (digits, options.digits, True)}
        for pictures_name, (paths, count, single) in inputs.items():
            cpu_ms: dict[str, list[float]] = {name: [] for name in versions}
            texts: dict[str, list[str]] = {}
            for turn in range(options.rounds):
                for name in list(versions)[:: 1 if turn % 2 else -1]:
                    repeated = [paths[number % len(paths)] for number in range(count)]
                    picture_ms, texts[name] = measure_reading(versions[name], repeated, single, options.workers)
                    cpu_ms[name].append(picture_ms)
            ratio = statistics.median(
                other_ms / this_ms for other_ms, this_ms in zip(cpu_ms["other"], cpu_ms["this"], strict=True)
            )
            other_ms, this_ms = (statistics.median(cpu_ms[name]) for name in versions)
            equal = sum(a == b for a, b in zip(texts["other"], texts["this"], strict=True))
            print(
                f"{pictures_name}: {this_ms:.1f} ms of a core each, {other_ms:.1f} with the other version; "
                f"{ratio:.2f} times as fast, median of {options.rounds} rounds; "
                f"{2000 / this_ms:.1f} a second on two cores; {equal} of {count} read alike"
            )
        eighth_ms, half_ms = (measure_decoding(photos[0], part) for part in (8, 2))
        print(
            f"a photo's decoding: {half_ms:.1f} ms to the half that is read, {eighth_ms:.1f} ms to an eighth, "
            "the lower bound"
        )


if __name__ == "__main__":
    run_command(main)
