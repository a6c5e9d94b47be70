"""Import of foreign safetensors files: arrays by name, in no order, without a description."""

from pathlib import Path

from safetensors import SafetensorError, deserialize

from lenet.checkpoints.arrays import Array, check_kinds, decode, read_bytes
from lenet.errors import WeightsError

_NUMBER_TYPES = {"F32": "float32", "F64": "float64", "F16": "float16", "BF16": "bfloat16"}


def read(path: Path) -> dict[str, Array]:
    """Read the arrays of a file, float32.

    Raises:
        WeightsError: if the file is damaged, or holds other numbers; the text names no path.
    """
    try:
        entries = deserialize(read_bytes(path))  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise WeightsError(f"is damaged ({str(error).splitlines()[0][:120]})") from None
    arrays = {
        name: (_NUMBER_TYPES.get(entry["dtype"], entry["dtype"].lower()), tuple(entry["shape"]), entry["data"])
        for name, entry in sorted(entries)
        if entry["shape"] or entry["dtype"] in _NUMBER_TYPES  # a lone whole number counts batches
    }
    check_kinds({name: (kind, shape) for name, (kind, shape, _) in arrays.items()})
    return {name: decode(data, kind).reshape(shape) for name, (kind, shape, data) in arrays.items()}
