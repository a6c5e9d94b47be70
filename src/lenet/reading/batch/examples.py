"""Training examples from labeled pictures: each digit as the reader normalizes it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lenet.model import Model
from lenet.preprocess import SIDE
from lenet.reading.batch.labels import LabeledPicture
from lenet.reading.batch.photos import Answer, failed_answer, map_pictures, read_labeled_one
from lenet.reading.reader import Reader
from lenet.reading.recognition import LABELS, Recognizer
from lenet.reading.results import Reading
from lenet.reading.single import read_single

# How much a candidate that looks like another digit counts beside one that looks like the label's.
ANY_DIGIT_WEIGHT = 0.1


@dataclass(frozen=True, eq=False)
class PictureExamples:
    """The training examples of one labeled picture.

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
        """Whether there are any examples."""
        return len(self.labels) > 0


def extract_examples(
    pictures: Sequence[LabeledPicture], model: Model, *, workers: int | None = None
) -> Iterator[PictureExamples]:
    """Read labeled pictures and extract their digits as training examples.

    Of a single picture the ink is taken that the reader would take if the network knew its digit; of a string every
    digit, if there are as many in every line as in the label.

    Args:
        model: of the reader that the examples are for.
        workers: as `read_labeled` takes it.
    """
    return map_pictures(
        partial(_make_extractor, model), pictures, workers, lambda picture: _examples_of(failed_answer(picture), [])
    )


class _LabelRecognizer(Recognizer):
    """A recognizer biased to a known digit: candidates count by how well they fit it."""

    digit = 0

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        probabilities = super().probabilities(images)
        fitted = np.zeros_like(probabilities)
        fitted[:, self.digit] = (1 - ANY_DIGIT_WEIGHT) * probabilities[:, self.digit]
        fitted[:, self.digit] += ANY_DIGIT_WEIGHT * probabilities.max(axis=1)
        return fitted


def _make_extractor(model: Model) -> Callable[[LabeledPicture], PictureExamples]:
    reader, recognizer = Reader(model), _LabelRecognizer(model)

    def extract(picture: LabeledPicture) -> PictureExamples:
        answer = read_labeled_one(reader, picture, keep_steps=True)
        return _examples_of(answer, [] if answer.reading is None else _images_of(answer.reading, picture, recognizer))

    return extract


def _images_of(reading: Reading, picture: LabeledPicture, recognizer: _LabelRecognizer) -> list[NDArray[np.uint8]]:
    """The normalized digits of a picture, one for each of its label's; none if they cannot be told apart."""
    if picture.kind == "single" and reading.text != picture.digits:
        recognizer.digit = LABELS.index(picture.digits)
        return [digit.image for digit in read_single(reading.kept_steps.ink, recognizer).digits]
    read, labeled = (text.replace(" ", "").split("\n") for text in (reading.text, picture.label))
    return [digit.image for digit in reading.digits] if [*map(len, read)] == [*map(len, labeled)] else []


def _examples_of(answer: Answer, images: list[NDArray[np.uint8]]) -> PictureExamples:
    labels = [LABELS.index(label) for label in answer.picture.digits] if images else []
    return PictureExamples(
        answer.without_steps(), np.array(images, np.uint8).reshape(-1, SIDE, SIDE), np.array(labels, np.int64)
    )
