"""Reading the digits of an IDX file: they are normalized already, so the network takes them as they are.

None of the picture libraries is needed here, and none is imported.
"""

import reprlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.idx import read_idx
from lenet.errors import DataError, counted
from lenet.preprocess import SIDE
from lenet.reading.recognition import Recognizer


@dataclass(frozen=True, eq=False)
class IdxReading:
    """The digits read from an IDX file.

    Attributes:
        name: the file's path.
        probabilities: float32 (N, 10), of each picture's ten digits.
    """

    name: str
    probabilities: NDArray[np.float32]

    def __repr__(self) -> str:
        return f"IdxReading({counted(len(self.probabilities), 'digit')}, {reprlib.repr(self.name)})"

    @cached_property
    def digits(self) -> NDArray[np.int64]:
        """The likeliest digit of each picture, int64 (N,)."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    def to_json(self) -> dict[str, Any]:
        """The digits, and the probability of each, as plain values."""
        probabilities = self.probabilities.max(axis=1).astype(np.float64)
        return {"file": self.name, "digits": self.digits.tolist(), "probabilities": probabilities.round(4).tolist()}


def read_idx_digits(path: str | Path, recognizer: Recognizer, *, paper_high: bool = False) -> IdxReading:
    """Read every picture of an IDX file, raw or compressed with gzip, as one digit.

    Args:
        path: uint8 pictures (N, 28, 28), normalized as MNIST's are; or of the network's own size.
        recognizer: applied to each picture.
        paper_high: whether 255 is paper; in MNIST it is ink.

    Raises:
        DataError: if the file is missing, damaged, or holds anything else.
    """
    images: NDArray[np.uint8] = read_idx(path, rank=3, dtype=np.uint8)
    height, width = images.shape[1:]
    network_size = recognizer.model.network.input[1:]
    if (height, width) not in ((SIDE, SIDE), network_size):
        raise DataError(
            f"{path}: holds pictures of {height}×{width} pixels, expected normalized digits of {SIDE}×{SIDE}; "
            "cut pictures of other sizes into files and read those"
        )
    return IdxReading(str(path), recognizer.probabilities(255 - images if paper_high else images))
