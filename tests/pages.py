"""Pictures for tests: the drawings and photographs of ``benchmarks/``, which are no part of the package."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from changed_pictures import CHANGES, PLAIN_SIDE, plain
from large_digits import on_paper, pen_ink, row_ink
from non_digit_scenes import KINDS, draw_picture, number_of_each

__all__ = [
    "CHANGES",
    "KINDS",
    "PLAIN_SIDE",
    "draw_picture",
    "number_of_each",
    "on_paper",
    "pen_ink",
    "plain",
    "row_ink",
]
