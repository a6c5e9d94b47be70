"""Rates of two versions: ``python -m lab.benchmarks.reading_rates --against PYTHON [--rounds N]``.

Worker processes of each version read the same drawn pictures by turns: photos of 12 megapixels with a row of ten
digits, and scanned digits of 300 pixels. PYTHON is the interpreter of an environment with the other version. What
counts is the processor time of the workers for one picture, which other programs on the machine lengthen less than the
clock's; of each version the median of the rounds, and the median of the ratios within a round.

Beside it stands the floor of a photo: its Huffman codes must be decoded, however little of it is kept, which is timed
by decoding it to an eighth.
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

from lab.benchmarks.camera import as_bytes
from lab.benchmarks.large_digits import pen_ink, with_padding
from lab.benchmarks.reading_speed import PHONE, draw_photo
from lenet import data

# Runs in the environment of either version: reads pictures with two workers, each of which notes its processor time
# after each picture; the first few of them warm it up.
_READ = """
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
_WARM_UP = 3
DIGIT_SIDE = 200  # pixels of a scanned digit, with paper around it


def milliseconds(python: str, paths: list[Path], single: bool, workers: int) -> tuple[float, list[str]]:
    """Processor time of a worker for one picture, and what was read."""
    with tempfile.TemporaryDirectory() as place:
        script, notes = Path(place) / "read.py", Path(place) / "notes"
        script.write_text(_READ)
        notes.mkdir()
        words = [python, str(script), str(notes), "single" if single else "any", str(workers), *map(str, paths)]
        ran = subprocess.run(words, stdout=subprocess.PIPE, text=True, cwd=place)
        if ran.returncode:
            sys.exit(f"{python}: exit code {ran.returncode}")
        spent = [
            (times[-1] - times[_WARM_UP - 1], len(times) - _WARM_UP)
            for times in ([float(line) for line in note.read_text().split()] for note in notes.iterdir())
            if len(times) > _WARM_UP
        ]
        return 1000 * sum(one for one, _ in spent) / sum(count for _, count in spent), json.loads(ran.stdout)


def decoding_milliseconds(photo: Path, divided_by: int, rounds: int = 5) -> float:
    """Processor time to decode a JPEG to a part of its size."""
    fastest = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        with Image.open(photo) as image:
            image.draft(None, (image.width // divided_by, image.height // divided_by))
            image.load()
        fastest = min(fastest, time.process_time() - began)
    return 1000 * fastest


def main() -> None:
    options = argparse.ArgumentParser(description="Processor time a picture, of two versions by turns.")
    options.add_argument("--against", required=True, metavar="PYTHON", help="interpreter of the other version")
    options.add_argument("--rounds", type=int, default=5, help="rounds, of which each version has a turn [%(default)s]")
    options.add_argument("--photos", type=int, default=40, help="photos a turn [%(default)s]")
    options.add_argument("--digits", type=int, default=200, help="scanned digits a turn [%(default)s]")
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="worker processes [%(default)s]")
    chosen = options.parse_args()
    images = data.load("mnist").test_images
    versions = {"other": chosen.against, "this": sys.executable}
    with tempfile.TemporaryDirectory() as place:
        photos, digits = (
            [Path(place) / f"{n}.jpg" for n in range(4)],
            [Path(place) / f"digit{n}.jpg" for n in range(20)],
        )
        for number, path in enumerate(photos):
            draw_photo(path, PHONE, number, images)
        for number, path in enumerate(digits):
            page = as_bytes(with_padding(pen_ink(np.asarray(images[number]), DIGIT_SIDE)))
            Image.fromarray(page).convert("RGB").save(path, quality=90)
        kinds = {"photos": (photos, chosen.photos, False), "scanned digits": (digits, chosen.digits, True)}
        for kind, (paths, count, single) in kinds.items():
            taken: dict[str, list[float]] = {name: [] for name in versions}
            texts: dict[str, list[str]] = {}
            for turn in range(chosen.rounds):
                for name in list(versions)[:: 1 if turn % 2 else -1]:
                    many = [paths[number % len(paths)] for number in range(count)]
                    spent, texts[name] = milliseconds(versions[name], many, single, chosen.workers)
                    taken[name].append(spent)
            ratio = statistics.median(before / now for before, now in zip(taken["other"], taken["this"], strict=True))
            before, now = (statistics.median(taken[name]) for name in versions)
            equal = sum(a == b for a, b in zip(texts["other"], texts["this"], strict=True))
            print(
                f"{kind}: {now:.1f} ms of a core each, {before:.1f} with the other version; {ratio:.2f} times as fast, "
                f"median of {chosen.rounds} rounds; {2000 / now:.1f} a second on two cores; "
                f"{equal} of {count} read alike"
            )
        least, halved = (decoding_milliseconds(photos[0], part) for part in (8, 2))
        print(f"a photo's decoding: {halved:.1f} ms to the half that is read, {least:.1f} ms to an eighth, the floor")


if __name__ == "__main__":
    main()
