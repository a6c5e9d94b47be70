"""Files of ``torch.save`` written without torch, so that their parts can be changed."""

import io
import zipfile
from collections.abc import Mapping

import numpy as np


def state_dict_file(arrays: Mapping[str, np.ndarray]) -> bytes:
    """A file with the ``state_dict`` of float32 arrays, as torch reads it."""
    program = b"".join(_text(name) + _tensor(str(key), array) for key, (name, array) in enumerate(arrays.items()))
    members = {f"data/{key}": np.ascontiguousarray(array, "<f4").tobytes() for key, array in enumerate(arrays.values())}
    return archive_of(b"\x80\x02}(" + program + b"u.", members)


def archive_of(program: bytes, members: Mapping[str, bytes]) -> bytes:
    """A file whose pickle is a program."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in {"data.pkl": program, "byteorder": b"little", "version": b"3\n", **members}.items():
            archive.writestr(zipfile.ZipInfo(f"model/{name}"), content)
    return file.getvalue()


def program_of(content: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The pickle of a file, and what else it holds: the inverse of `archive_of`."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name.removeprefix("model/"): archive.read(name) for name in archive.namelist()}
    return members.pop("data.pkl"), members


def _tensor(key: str, array: np.ndarray) -> bytes:
    place = (
        b"(" + _text("storage") + b"ctorch\nFloatStorage\n" + _text(key) + _text("cpu") + _number(array.size) + b"tQ"
    )
    strides = [step // array.itemsize for step in np.ascontiguousarray(array).strides]
    shape = _numbers(array.shape) + _numbers(strides)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + place + _number(0) + shape + b"\x89ccollections\nOrderedDict\n)RtR"


def _text(text: str) -> bytes:
    return b"X" + len(text).to_bytes(4, "little") + text.encode()


def _number(number: int) -> bytes:
    return b"J" + number.to_bytes(4, "little")


def _numbers(numbers) -> bytes:
    return b"(" + b"".join(map(_number, numbers)) + b"t"
