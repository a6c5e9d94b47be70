"""Export as a PyTorch state dict, without torch: the zip archive of arrays that ``torch.save`` makes.

Names and shapes are those of `lenet.pytorch.build` and of the class that ``lenet code`` prints.
"""

import io
import struct
import zipfile
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from lenet.checkpoints.description import MEMBER

_FOLDER = "archive"


def to_pth(arrays: Mapping[str, NDArray[np.float32]], description: str = "") -> bytes:
    """Encode arrays as the file that ``torch.load(..., weights_only=True)`` gives them back from, in their order.

    Args:
        arrays: float32, by name.
        description: as `checkpoints.description` makes it: a member of the archive that torch passes over.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:

        def add(name: str, data: bytes) -> None:
            archive.writestr(zipfile.ZipInfo(f"{_FOLDER}/{name}"), data)  # without the time, so that bytes are equal

        add("data.pkl", _pickle_arrays(arrays))
        add("byteorder", b"little")
        for number, array in enumerate(arrays.values()):
            add(f"data/{number}", array.astype("<f4").tobytes())
        add("version", b"3\n")
        if description:
            add(MEMBER, description.encode("utf-8"))
    return content.getvalue()


def _pickle_arrays(arrays: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Encode the dictionary in pickle's protocol 2; its tensors name the storages beside it."""
    items = (_text(name) + _tensor(number, array) for number, (name, array) in enumerate(arrays.items()))
    return b"\x80\x02}(" + b"".join(items) + b"u."


def _tensor(number: int, array: NDArray[np.float32]) -> bytes:
    storage = [_text("storage"), b"ctorch\nFloatStorage\n", _text(str(number)), _text("cpu"), _integer(array.size)]
    strides = np.empty(array.shape, np.int8).strides  # of a byte each, so that they count elements
    place = [_integer(0), _tuple(map(_integer, array.shape)), _tuple(map(_integer, strides))]
    arguments = [_tuple(storage) + b"Q", *place, b"\x89", b"ccollections\nOrderedDict\n)R"]
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + _tuple(arguments) + b"R"


def _tuple(items: Iterable[bytes]) -> bytes:
    return b"(" + b"".join(items) + b"t"


def _text(text: str) -> bytes:
    encoded = text.encode("utf-8")
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def _integer(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)
