"""The digits that the page's network learns from, as they ship: some of MNIST's, packed."""

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("digits.json")
"""Written by ``python -m lab.synthesis.page_digits``."""


def packed_digits() -> dict[str, Any]:
    """Digits to train on, followed by others to test with.

    Returns:
        ``{"training": count, "test": count, "labels": a figure for each digit, "pixels", "provenance"}``; pixels are
        28×28 for each digit, 16 gray levels from background to full ink, two to a byte with the first in the upper
        half, deflated (zlib) and in base64.
    """
    content: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return content


def digits_to_test() -> NDArray[np.uint8]:
    """The digits to test with, as the page unpacks them: uint8 (N, 28, 28), 255 full ink."""
    packed = packed_digits()
    pairs = np.frombuffer(zlib.decompress(base64.b64decode(packed["pixels"])), np.uint8)
    levels = np.stack([pairs >> 4, pairs & 15], 1).reshape(-1, 28, 28) * np.uint8(17)
    return levels[packed["training"] :]
