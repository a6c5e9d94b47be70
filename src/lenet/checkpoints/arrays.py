"""Decoding of arrays in foreign files to float32: the number types accepted, and the limits of size."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import MAX_PARAMETERS
from lenet.errors import WeightsError

Array = NDArray[np.float32]

MAX_BYTES = 1 << 28
"""The largest foreign file that is read whole: as much as the parameters of the largest network."""

FLOATS = {"float32": "f4", "float64": "f8", "float16": "f2", "bfloat16": "u2"}
"""The number types accepted, and NumPy's code of what is stored of each."""


def check_kinds(arrays: Mapping[str, tuple[str, tuple[int, ...]]]) -> None:
    """Check number types and sizes of arrays, by type and shape, before any is read.

    Raises:
        WeightsError: if there is none, one holds other numbers, or they hold too many.
    """
    if not arrays:
        raise WeightsError("holds no named arrays, expected the weights of a LeNet")
    for name, (kind, _) in arrays.items():
        if kind not in FLOATS:
            raise WeightsError(
                f"{name} holds {kind} numbers, expected float32, float64, float16 or bfloat16; "
                "save a quantized model as it was before it was quantized"
            )
    if (count := sum(math.prod(shape) for _, shape in arrays.values())) > MAX_PARAMETERS:
        raise WeightsError(f"claims to hold {count:,} numbers, expected at most {MAX_PARAMETERS:,}")


def decode(content: bytes | memoryview, kind: str, order: str = "<") -> Array:
    """Decode consecutive numbers to float32; those too large become infinite."""
    stored: NDArray[Any] = np.frombuffer(content, f"{order}{FLOATS[kind]}")
    if kind == "bfloat16":  # the upper half of a float32
        return (stored.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over="ignore"):
        return stored.astype(np.float32)


def read_bytes(path: Path) -> bytes:
    """Read a file whole.

    Raises:
        WeightsError: if it is larger than any file of a LeNet; the text names no path.
    """
    if (size := path.stat().st_size) > MAX_BYTES:
        raise WeightsError(f"has {size:,} bytes, expected at most {MAX_BYTES:,}, as no LeNet needs more")
    return path.read_bytes()


def shapes_text(shapes: Iterable[tuple[int, ...]]) -> str:
    """Format shapes: ``6×1×5×5, 6, …``; at most sixteen of them."""
    texts = ["×".join(map(str, shape)) or "a single number" for shape in shapes]
    return ", ".join(texts[:16]) + (f", … ({len(texts):,})" if len(texts) > 16 else "")
