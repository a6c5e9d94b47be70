"""Loading and preparation of a row's data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data import load, split_validation
from lenet.experiments.plan import Plan
from lenet.experiments.rows import Row
from lenet.training.runs import fingerprint
from lenet.training.stream import Patterns, padded_to_input

QUICK_TRAINING, QUICK_TEST = 200, 200


@dataclass(frozen=True, eq=False)
class RowData:
    """Training and test patterns of a row, and their description for run.json."""

    training: Patterns
    test: Patterns
    description: dict[str, Any]


def prepare(plan: Plan) -> RowData:
    """Load a row's patterns, at its network's size; those for digit strings as they are.

    Training patterns that are set aside take the place of the test split, which is then not touched: for choosing
    values that the papers do not print.

    Raises:
        DataError: if the data set can neither be found nor downloaded.
    """
    row, validation = plan.row, plan.validation
    dataset = load(row.data, plan.data_dir)
    training = Patterns(dataset.train_images, dataset.train_labels)
    test = Patterns(dataset.test_images, dataset.test_labels)
    if validation:
        split = split_validation(dataset, validation)
        training = Patterns(split.train_images, split.train_labels)
        test = Patterns(split.validation_images, split.validation_labels)
    if plan.quick:
        training, test = training.first(QUICK_TRAINING), test.first(QUICK_TEST)
    description = {
        "name": row.data,
        "preparation": row.preparation,
        "tested_on": f"{validation:,} training patterns set aside" if validation else "the test part",
        "training_patterns": len(training),
        "test_patterns": len(test),
        "training_sha256": fingerprint(training.images, training.labels),
        "test_sha256": fingerprint(test.images, test.labels),
    }
    return RowData(_prepare_patterns(row, training), _prepare_patterns(row, test), description)


def _prepare_patterns(row: Row, patterns: Patterns) -> Patterns:
    images = patterns.images
    if row.measurement == "strings":
        return patterns  # strings are written with the pictures as they are
    if row.preparation == "digits reduced to 16×16":
        images = reduce_digits(images)
    return Patterns(padded_to_input(images, row.description()), patterns.labels)


def reduce_digits(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """MNIST's 20×20 digits as 16×16 digits in the same 28×28 field, their centers of mass where they were.

    30×30, the field with a margin of one pixel, becomes 24×24 by averaging areas of 1.25×1.25, which makes 16 of 20.

    >>> square = np.zeros((1, 28, 28), np.uint8); square[0, 4:24, 4:24] = 200
    >>> small = reduce_digits(square)[0]
    >>> np.unique(small[6:22, 6:22]), int((small > 0).sum())
    (array([200], dtype=uint8), 256)
    """
    import cv2  # here, because most rows reduce nothing

    result = np.zeros_like(images)
    for image, target in zip(np.pad(images, ((0, 0), (1, 1), (1, 1))), result, strict=True):
        target[2:26, 2:26] = cv2.resize(image, (24, 24), interpolation=cv2.INTER_AREA)
    return result
