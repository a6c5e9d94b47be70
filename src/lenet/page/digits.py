"""The digits that the page's network learns from, as they ship: some of MNIST's, packed."""

import json
from pathlib import Path
from typing import Any

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
