"""Import of files of ``torch.save`` without torch: a ``state_dict``, or a checkpoint that holds one.

Both of torch's formats are read, today's zip archive and the one before 1.6. Of what a file names only tensors and
plain values are known; whatever else it names is refused by its name.
"""

import io
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lenet.checkpoints.arrays import FLOATS, Array, check_kinds, decode, read_bytes
from lenet.checkpoints.description import MAX_BYTES, MEMBER, Description, parse_description
from lenet.checkpoints.pickled import Call, Name, Pickle, read_pickle
from lenet.errors import WeightsError, printable

_MAGIC = 0x1950A86A20F9469CFC6C
_MAX_PICKLE_BYTES = 1 << 22
_EXPECTED_TEXT = "expected a state_dict, as torch.save(model.state_dict(), 'model.pth') writes it"
_STORAGES = {
    "Float": ("float32", 4), "Double": ("float64", 8), "Half": ("float16", 2), "BFloat16": ("bfloat16", 2),
    "Char": ("int8", 1), "Byte": ("uint8", 1), "Short": ("int16", 2), "Int": ("int32", 4), "Long": ("int64", 8),
    "Bool": ("bool", 1),
}  # fmt: skip
"""The kind of number, and the bytes of one, by torch's name of a storage."""

_TENSOR_FUNCTIONS = {f"torch._utils._rebuild_{kind}" for kind in ("tensor", "tensor_v2", "parameter")}
_ALLOWED_NAMES = {
    "collections.OrderedDict", "collections.defaultdict", "collections.Counter", "argparse.Namespace", "_codecs.encode",
    "numpy.dtype", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "torch.Size", "torch.device",
    "builtins.set", "__builtin__.set", "pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath",
    *(f"torch.{name}Storage" for name in _STORAGES), *(f"torch.{kind}" for kind, _ in _STORAGES.values()),
}  # fmt: skip
"""What stands in checkpoints beside tensors, and is passed over."""

_STATE_DICT_KEYS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "params")
"""Where checkpoints keep their ``state_dict``, the first that is there."""


@dataclass(frozen=True)
class _Storage:
    """Numbers one after the other, kept under a key: their kind, the bytes of each, and how many."""

    key: str
    kind: str
    size: int
    length: int

    @property
    def bytes(self) -> int:
        return self.size * self.length


@dataclass(frozen=True)
class _Tensor:
    """A view of a storage: where it begins, its shape, and its strides in numbers."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read(path: Path) -> dict[str, Array]:
    """Read the arrays of the ``state_dict`` in a file, float32, in its order.

    Raises:
        WeightsError: if the file is damaged, holds no ``state_dict``, or one of other numbers; the text names no path.
    """
    with _damage_named():
        return _read_archive(path) if zipfile.is_zipfile(path) else _read_legacy(read_bytes(path))


def read_description(path: Path) -> Description:
    """Read what lenet has written into a file beside its arrays; empty for files of other programs.

    Raises:
        WeightsError: if it is damaged; the text names no path.
    """
    if not zipfile.is_zipfile(path):
        return Description()
    with _damage_named(), zipfile.ZipFile(path) as archive:
        info = next((info for info in archive.infolist() if info.filename.endswith(f"/{MEMBER}")), None)
        return Description() if info is None else parse_description(_member(archive, info, MAX_BYTES).decode("utf-8"))


@contextmanager
def _damage_named() -> Iterator[None]:
    """Convert any error from a damaged file into a WeightsError; a context."""
    try:
        yield
    except WeightsError:
        raise
    except Exception as error:  # of a damaged file there is hardly any that does not come
        raise WeightsError(f"is damaged ({printable(str(error))[:120] or type(error).__name__})") from None


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, max_bytes: int) -> bytes:
    """The content of a member, which torch stores as it is."""
    if info.compress_type != zipfile.ZIP_STORED or info.file_size > max_bytes:
        name = info.filename.partition("/")[2] or info.filename
        raise WeightsError(f"is damaged: {name} claims {info.file_size:,} bytes, expected {max_bytes:,} at most")
    return archive.read(info)


def _read_archive(path: Path) -> dict[str, Array]:
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: info for info in archive.infolist()}
        top = next((name for name in members if name == "data.pkl" or name.endswith("/data.pkl")), None)
        if top is None:
            raise WeightsError(f"is a zip archive, but not one of torch.save, {_EXPECTED_TEXT}")
        folder = top.removesuffix("data.pkl")

        def content(name: str, max_bytes: int) -> bytes:
            return _member(archive, members[folder + name], max_bytes)

        pickle = read_pickle(io.BytesIO(content("data.pkl", _MAX_PICKLE_BYTES)))
        order = ">" if folder + "byteorder" in members and content("byteorder", 16) == b"big" else "<"
        return _arrays(pickle, lambda storage: content(f"data/{storage.key}", storage.bytes), order)


def _read_legacy(content: bytes) -> dict[str, Array]:
    """The format before 1.6: five pickles, and each storage's length and numbers, in the order that the fifth says."""
    if content[:2] == b"PK":
        raise WeightsError("is damaged: a zip archive whose end is missing")
    if content[:1] != b"\x80":
        raise WeightsError(f"is no file of torch.save, {_EXPECTED_TEXT}")
    stream = io.BytesIO(content)
    if (first := read_pickle(stream)).value != _MAGIC:
        _check_names(first)
        raise WeightsError(f"is a pickle, but not one of torch.save, {_EXPECTED_TEXT}")
    _, _, pickle, keys = (read_pickle(stream) for _ in range(4))
    _check_names(pickle)
    storages = {storage.key: storage for storage in map(_storage, pickle.persistent_ids)}
    starts = {}
    for key in keys.value:
        starts[key] = stream.tell() + 8  # after their count
        stream.seek(starts[key] + storages[key].bytes)
    return _arrays(pickle, lambda storage: content[starts[storage.key] :][: storage.bytes], "<")


def _arrays(pickle: Pickle, bytes_of: Callable[[_Storage], bytes], order: str) -> dict[str, Array]:
    """The arrays of the ``state_dict`` in a pickle, whose storages hold what ``bytes_of`` gives."""
    _check_names(pickle)
    tensors = {
        name: tensor
        for name, tensor in _find_state_dict(pickle.value).items()
        if tensor.shape or tensor.storage.kind in FLOATS  # a lone whole number counts batches
    }
    check_kinds({name: (tensor.storage.kind, tensor.shape) for name, tensor in tensors.items()})
    return {name: _array(name, tensor, bytes_of(tensor.storage), order) for name, tensor in tensors.items()}


def _array(name: str, tensor: _Tensor, content: bytes, order: str) -> Array:
    numbers = decode(content, tensor.storage.kind, order)
    last = tensor.offset + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.strides, strict=True))
    if 0 in tensor.shape or math.prod(tensor.shape) > len(numbers) or last >= len(numbers):
        raise WeightsError(f"is damaged: {printable(name)[:60]} claims more numbers than there are")
    strides = [step * numbers.itemsize for step in tensor.strides]
    return np.array(np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, strides))


def _check_names(pickle: Pickle) -> None:
    """Refuse what names anything but tensors and plain values: a module, or code of any other kind."""
    unknown = [name for name in pickle.names if name not in _ALLOWED_NAMES | _TENSOR_FUNCTIONS]
    if any(name.startswith(("torch.nn.", "__torch__.")) for name in unknown):
        name = printable(unknown[0])[:80]
        raise WeightsError(f"is a whole pickled module ({name}), which only its own code can open, {_EXPECTED_TEXT}")
    if unknown:
        raise WeightsError(f"asks for {printable(unknown[0])[:80]}, and no file is let run code, {_EXPECTED_TEXT}")


def _find_state_dict(value: Any) -> dict[str, _Tensor]:
    """The ``state_dict`` that a value is, or holds at one of its keys or theirs; without the prefixes of wrappers."""
    if not isinstance(value, dict):
        raise WeightsError(f"holds no state_dict, {_EXPECTED_TEXT}")
    inner = {str(key): part for key, part in value.items() if isinstance(part, dict)}
    deeper = {
        f"{key}.{name}": part for key, parts in inner.items() for name, part in parts.items() if isinstance(part, dict)
    }
    candidates = {
        key: tensors for key, part in {"": value, **inner, **deeper}.items() if (tensors := _tensors_of(part))
    }
    if not candidates:
        raise WeightsError(f"holds no state_dict with a convolution in it, {_EXPECTED_TEXT}")
    chosen = next((key for key in ("", *_STATE_DICT_KEYS) if key in candidates), None)
    if chosen is None and len(candidates) > 1:
        names = ", ".join(printable(key)[:40] for key in list(candidates)[:5])
        raise WeightsError(f"holds several state_dicts ({names}), expected one; save the one that is meant by itself")
    tensors = candidates[next(iter(candidates)) if chosen is None else chosen]
    for prefix in ("module.", "_orig_mod."):
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return tensors


def _tensors_of(part: Mapping[Any, Any]) -> dict[str, _Tensor]:
    """The tensors of a dictionary, if there are kernels of a convolution among them; else none."""
    tensors = {str(key): tensor for key, value in part.items() if (tensor := _tensor(value)) is not None}
    return tensors if any(len(tensor.shape) >= 3 for tensor in tensors.values()) else {}


def _tensor(value: Any) -> _Tensor | None:
    """The tensor that a call would make; None if it is no such call."""
    if not isinstance(value, Call) or not isinstance(value.function, Name):
        return None
    if value.function.text not in _TENSOR_FUNCTIONS:
        return None
    is_view = len(value.arguments) > 3
    source, offset, shape, strides = value.arguments[:4] if is_view else (value.arguments[0], 0, (), ())
    if value.function.text.endswith("parameter"):
        return _tensor(source) if isinstance(source, Call) and source.function != value.function else None
    numbers = (offset, *shape, *strides)
    if not all(isinstance(number, int) and 0 <= number < 1 << 40 for number in numbers) or len(shape) != len(strides):
        raise WeightsError("is damaged: the shape of a tensor is none")
    return _Tensor(_storage(source.key), offset, tuple(shape), tuple(strides))


def _storage(key: Any) -> _Storage:
    """The storage that ``("storage", torch.FloatStorage, key, device, length)`` stands for."""
    _, name, storage_key, _, length = key[:5]
    stored = name.text.removeprefix("torch.").removesuffix("Storage")
    if not isinstance(storage_key, str) or not isinstance(length, int) or not 0 <= length < 1 << 40:
        raise WeightsError("is damaged: it does not say where its numbers are")
    return _Storage(storage_key, *_STORAGES[stored], length)
