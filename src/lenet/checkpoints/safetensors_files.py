"""Safetensors files of others: arrays by name, in no order, without a description."""

from pathlib import Path

from safetensors import SafetensorError, deserialize

from lenet.checkpoints.arrays import Array, check_kinds, content_of, decoded
from lenet.errors import WeightsError

_KINDS = {"F32": "float32", "F64": "float64", "F16": "float16", "BF16": "bfloat16"}


def read(path: Path) -> dict[str, Array]:
    """The arrays of a file, float32.

    Raises:
        WeightsError: if the file is damaged, or holds other numbers; the text names no path.
    """
    try:
        stored = deserialize(content_of(path))  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise WeightsError(f"is damaged ({str(error).splitlines()[0][:120]})") from None
    found = {
        name: (_KINDS.get(one["dtype"], one["dtype"].lower()), tuple(one["shape"]), one["data"])
        for name, one in sorted(stored)
        if one["shape"] or one["dtype"] in _KINDS  # a lone whole number counts batches
    }
    check_kinds({name: (kind, shape) for name, (kind, shape, _) in found.items()})
    return {name: decoded(data, kind).reshape(shape) for name, (kind, shape, data) in found.items()}
