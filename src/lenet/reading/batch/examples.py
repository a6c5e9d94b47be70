"""Labeled pictures as examples to learn from: each digit as the network sees it when the reader reads the picture."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lenet.model import Model
from lenet.reading.batch.labels import LabeledPicture
from lenet.reading.batch.photos import Answer, lost, over_pictures, read_labeled_one
from lenet.reading.normalization import SIDE
from lenet.reading.reader import Reader
from lenet.reading.recognition import LABELS, Recognizer
from lenet.reading.results import Reading
from lenet.reading.single import read_single

ANY_DIGIT = 0.1  # how much a candidate that looks like another digit counts beside one that looks like the label's


@dataclass(frozen=True, eq=False)
class Shown:
    """What a labeled picture shows to a network that learns.

    Attributes:
        answer: what the picture was read as.
        images: uint8 (N, 28, 28), its digits normalized; none if they could not be told apart.
        labels: int64 (N,), what they are.
    """

    answer: Answer
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    @property
    def is_usable(self) -> bool:
        """Whether there is something to learn from."""
        return len(self.labels) > 0


def show(pictures: Sequence[LabeledPicture], model: Model, *, workers: int | None = None) -> Iterator[Shown]:
    """Read labeled pictures, and take their digits as examples.

    Of a single picture the ink is taken that the reader would take if the network knew its digit; of a string every
    digit, if there are as many in every line as in the label.

    Args:
        model: of the reader that the examples are for.
        workers: as `read_labeled` takes it.
    """
    return over_pictures(partial(_showing, model), pictures, workers, _lost)


class _Told(Recognizer):
    """A recognizer that was told the digit: candidates count by how well they fit it."""

    digit = 0

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        shares = super().probabilities(images)
        told = np.zeros_like(shares)
        told[:, self.digit] = (1 - ANY_DIGIT) * shares[:, self.digit] + ANY_DIGIT * shares.max(axis=1)
        return told


def _showing(model: Model) -> Callable[[LabeledPicture], Shown]:
    return partial(_show, Reader(model), _Told(model))


def _show(reader: Reader, told: _Told, picture: LabeledPicture) -> Shown:
    answer = read_labeled_one(reader, picture, keep_steps=True)
    if answer.reading is None:
        return _shown(answer, [])
    images = (_told_digit if picture.kind == "single" else _digits_of_lines)(answer.reading, picture, told)
    return _shown(answer, images)


def _told_digit(reading: Reading, picture: LabeledPicture, told: _Told) -> list[NDArray[np.uint8]]:
    if reading.text == picture.digits:
        return [digit.image for digit in reading.digits]
    told.digit = LABELS.index(picture.digits)
    return [sign.image for sign in read_single(reading.kept_steps.ink, told).signs]


def _digits_of_lines(reading: Reading, picture: LabeledPicture, _: _Told) -> list[NDArray[np.uint8]]:
    read, said = reading.text.replace(" ", "").split("\n"), picture.label.replace(" ", "").split("\n")
    return [digit.image for digit in reading.digits] if [*map(len, read)] == [*map(len, said)] else []


def _shown(answer: Answer, images: list[NDArray[np.uint8]]) -> Shown:
    labels = [LABELS.index(label) for label in answer.picture.digits] if images else []
    return Shown(answer.without_steps(), np.array(images, np.uint8).reshape(-1, SIDE, SIDE), np.array(labels, np.int64))


def _lost(picture: LabeledPicture) -> Shown:
    return _shown(lost(picture), [])
