"""Measure how readings of labeled photos bear a change: ``python -m lab.benchmarks.changed_photos labels.csv``.

Every picture is read as it is and after each of twelve changes that leave its text what it was: turned by two degrees
and by three to the other side, smaller and larger, lighter and darker, compressed, with sensor noise, a little cut off
at all sides or some of its margin added, blurred, and in light that falls off. What holds for the pictures at hand but
not for their like shows here; a set that was at hand while the reader was built is no other set for being changed.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.benchmarks.camera import compress_as_jpeg, linear_light, to_uint8
from lab.benchmarks.command import show_progress, write_json
from lab.command_line import run_command
from lab.image_types import Photo
from lenet.engine.native import usable_cores
from lenet.pictures.loading import open_picture
from lenet.reading import Reader
from lenet.reading.batch.labels import LabeledPicture, read_labels
from lenet.reading.batch.photos import Answer, Tally, failed_answer
from lenet.reading.batch.worker_pool import map_in_processes

Change = Callable[[Photo], NDArray[np.uint8]]

BLUR = 1 / 800  # of the longer side: the standard deviation


def rotation(degrees: float) -> Change:
    """The change that turns a photo about its middle, counterclockwise; its edge goes on into what becomes free."""

    def change(photo: Photo) -> NDArray[np.uint8]:
        height, width = photo.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        turned = cv2.warpAffine(photo, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(turned, np.uint8)

    return change


def scaling(factor: float) -> Change:
    """The change that makes a photo smaller or larger."""

    def change(photo: Photo) -> NDArray[np.uint8]:
        size = [max(1, round(side * factor)) for side in photo.shape[1::-1]]
        interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(photo, size, interpolation=interpolation), np.uint8)

    return change


def gamma(exponent: float) -> Change:
    """The change that raises all levels to a power: above 1 darker."""
    return lambda photo: to_uint8(np.float32((photo / 255) ** exponent))


def with_sensor_noise(photo: Photo) -> NDArray[np.uint8]:
    """Add noise with a standard deviation of 4 levels of 255."""
    noise = np.random.default_rng(1).normal(0, 4 / 255, photo.shape)
    return to_uint8(np.float32(np.clip(photo / 255 + noise, 0, 1)))


def cropped(photo: Photo) -> NDArray[np.uint8]:
    """Cut 1.2 % off each side."""
    y, x = (round(0.012 * side) for side in photo.shape[:2])
    return photo[y : photo.shape[0] - y, x : photo.shape[1] - x]


def padded(photo: Photo) -> NDArray[np.uint8]:
    """Repeat the edge outward by a tenth of the shorter side."""
    margin = round(0.1 * min(photo.shape[:2]))
    return np.asarray(cv2.copyMakeBorder(photo, *(margin,) * 4, cv2.BORDER_REPLICATE), np.uint8)


def blurred(photo: Photo) -> NDArray[np.uint8]:
    """Blur as a lens a little out of focus does."""
    return np.asarray(cv2.GaussianBlur(photo, (0, 0), max(photo.shape[:2]) * BLUR), np.uint8)


def in_falling_light(photo: Photo) -> NDArray[np.uint8]:
    """Let the light fall off to one side, to two thirds."""
    light = linear_light(photo.shape[:2], 0.0, 2 / 3)
    return to_uint8(np.float32(photo / 255 * light[..., None]))


CHANGES: dict[str, Change] = {
    "plain": lambda photo: photo,
    "turned by 2 degrees": rotation(2),
    "turned by -3 degrees": rotation(-3),
    "× 0.75": scaling(0.75),
    "× 1.3": scaling(1.3),
    "lighter": gamma(0.7),
    "darker": gamma(1.4),
    "JPEG of quality 40": lambda photo: compress_as_jpeg(photo, 40),
    "sensor noise": with_sensor_noise,
    "cut by 1.2 %": cropped,
    "10 % more margin": padded,
    "blurred": blurred,
    "falling light": in_falling_light,
}


def read_changed(reader: Reader, picture: LabeledPicture) -> list[Answer]:
    """Read a picture after each change, in their order."""
    photo = open_picture(picture.path).colors
    return [
        Answer(picture, reader.read(np.ascontiguousarray(change(photo)), single=picture.kind == "single"))
        for change in CHANGES.values()
    ]


def read_all_changed(pictures: Sequence[LabeledPicture], workers: int) -> Iterator[list[Answer]]:
    """Read all pictures after each change, by several processes; answers in the order of the pictures."""
    yield from map_in_processes(
        _create_reader, pictures, workers, lambda picture: [failed_answer(picture)] * len(CHANGES)
    )


def _create_reader() -> Callable[[LabeledPicture], list[Answer]]:
    reader = Reader()
    return lambda picture: read_changed(reader, picture)


def to_markdown(tallies: dict[str, Tally]) -> str:
    """A table of the readings after each change, and of all."""
    lines = ["| change | pictures | right | accepted | wrong among accepted |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {name} | {tally.n:,} | {tally.right:,} | {tally.accepted:,} | {tally.accepted_wrong:,} |"
        for name, tally in tallies.items()
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="How well labeled photos are read after changes of the picture.")
    parser.add_argument("labels", type=Path, nargs="+", help="labels of a folder of photos, beside them")
    parser.add_argument("--kind", choices=("single", "string"), help="only pictures of this kind")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a file, too")
    options = parser.parse_args(arguments)
    pictures = [picture for labels in options.labels for picture in read_labels(labels)]
    pictures = [picture for picture in pictures if options.kind in (None, picture.kind)]
    answers: list[list[Answer]] = []
    for number, changed in enumerate(read_all_changed(pictures, usable_cores()), 1):
        answers.append(changed)
        show_progress(f"{number} of {len(pictures)} pictures")
    show_progress("")
    tallies = {name: Tally.of([changed[index] for changed in answers]) for index, name in enumerate(CHANGES)} | {
        "all": Tally.of([answer for changed in answers for answer in changed])
    }
    print(to_markdown(tallies))
    write_json(
        options.json,
        {
            name: {"pictures": tally.n, "right": tally.right, "accepted": tally.accepted, "wrong": tally.accepted_wrong}
            for name, tally in tallies.items()
        },
    )


if __name__ == "__main__":
    run_command(main)
