"""A reader, and digits to write with."""

import numpy as np
import pytest

from lab.benchmarks.large_digits import draw_digit
from lenet.reading import Reader


@pytest.fixture(scope="session")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="session")
def digits(mnist) -> list[np.ndarray]:
    """An upright digit of each label, 36 pixels high."""
    labels = mnist.test_labels
    return [draw_digit(mnist.test_images[np.flatnonzero(labels == label)[3]], 36) for label in range(10)]
