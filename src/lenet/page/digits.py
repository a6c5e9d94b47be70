"""The training and test digits of the page's own network: some of MNIST's, packed, as they ship."""

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIGITS_FILE = Path(__file__).with_name("digits.json")
"""Written by ``python -m lab.synthesis.page_digits``."""


def packed_digits() -> dict[str, Any]:
    """Load the packed digits: those to train on, followed by those to test with.

    Returns:
        ``{"training": count, "test": count, "labels": a figure for each digit, "pixels", "provenance"}``; pixels are
        28×28 for each digit, 16 gray levels from background to full ink, two to a byte with the first in the upper
        half, deflated (zlib) and in base64.
    """
    content: dict[str, Any] = json.loads(DIGITS_FILE.read_text("utf-8"))
    return content


def unpack_test_digits() -> NDArray[np.uint8]:
    """Unpack the test digits, as the page does: uint8 (N, 28, 28), 255 full ink."""
    packed = packed_digits()
    pairs = np.frombuffer(zlib.decompress(base64.b64decode(packed["pixels"])), np.uint8)
    levels = np.stack([pairs >> 4, pairs & 15], 1).reshape(-1, 28, 28) * np.uint8(17)
    return levels[packed["training"] :]
