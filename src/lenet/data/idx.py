"""Reading and writing of IDX files, the format that MNIST and its relatives come in, raw or compressed with gzip.

An IDX file is a four-byte magic number (two zeros, a type code, the number of dimensions), one big-endian uint32 for
each dimension, and the numbers themselves, big-endian, last dimension fastest. Checksums are left to `sources`.
"""

import gzip
import math
import zlib
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lenet.errors import DataError, reason_of
from lenet.files import write_atomically

TYPE_OF_CODE = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CODE_OF_TYPE = {np.dtype(kind).newbyteorder("="): code for code, kind in TYPE_OF_CODE.items()}
GZIP_MAGIC = b"\x1f\x8b"
# No gzip stream grows to more than 1,032 times its size, so a header that states more is wrong.
MAX_GZIP_RATIO = 1032
MAX_DIMENSIONS = 32  # as many as every NumPy knows


def is_gzip(path: Path) -> bool:
    """Whether a file is compressed with gzip, by its first two bytes."""
    with path.open("rb") as stream:
        return stream.read(2) == GZIP_MAGIC


def is_idx(path: Path) -> bool:
    """Whether a file is IDX, raw or compressed, by its first bytes; False for one that cannot be opened."""
    try:
        with open_raw(path) as stream:
            head = stream.read(4)
    except (OSError, EOFError, zlib.error):
        return False
    return len(head) == 4 and head[:2] == b"\0\0" and head[2] in TYPE_OF_CODE and head[3] > 0


def open_raw(path: Path) -> BinaryIO:
    """Open a file for reading, decompressing it on the way if it is a gzip file."""
    return cast(BinaryIO, gzip.open(path, "rb")) if is_gzip(path) else path.open("rb")


def read_into(stream: BinaryIO, buffer: NDArray[np.uint8]) -> int:
    """Fill a flat uint8 array from a stream, without a copy in between, and give the number of bytes read."""
    view, filled = buffer.data, 0
    while filled < len(view) and (count := stream.readinto(view[filled:])):  # type: ignore[attr-defined]
        filled += count
    return filled


def read_idx(path: str | Path, *, rank: int | None = None, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """Read an IDX file, raw or gzip, into an array of its shape in the machine's byte order.

    Args:
        path: the file.
        rank: the number of dimensions it must have; any if None.
        dtype: the type its numbers must have; any if None.

    Raises:
        DataError: if the file is missing, not IDX, of another type or rank, shorter or longer than its header says;
            the message names the file, what was found and what was expected.
    """
    path = Path(path)
    try:
        with open_raw(path) as stream:
            head = stream.read(4)
            head += stream.read(4 * head[3]) if len(head) == 4 else b""
            kind, shape = _parse_header(head, path, rank, dtype)
            payload = math.prod(shape) * kind.itemsize
            size = path.stat().st_size
            if payload > (size * MAX_GZIP_RATIO if isinstance(stream, gzip.GzipFile) else size):
                raise DataError(_size_error(path, shape, payload, "far fewer"))
            buffer = np.empty(payload, np.uint8)
            count = read_into(stream, buffer)
            if count < payload:
                raise DataError(_size_error(path, shape, payload, f"only {count:,}"))
            if stream.read(1):
                raise DataError(_size_error(path, shape, payload, "more"))
    except (OSError, EOFError, zlib.error, MemoryError) as problem:
        raise DataError(f"{path}: cannot be read as an IDX file: {reason_of(problem)}") from problem
    return buffer.view(kind).reshape(shape).astype(kind.newbyteorder("="), copy=False)


def parse_idx(content: NDArray[np.uint8], name: str | Path) -> NDArray[np.uint8]:
    """View the bytes of an uint8 IDX file as an array of its shape, without a copy.

    >>> parse_idx(np.array([0, 0, 8, 1, 0, 0, 0, 2, 5, 7], np.uint8), "labels")
    array([5, 7], dtype=uint8)
    """
    head = content[:4].tobytes()
    head += content[4 : 4 + 4 * head[3]].tobytes() if len(head) == 4 else b""
    _, shape = _parse_header(head, name, None, np.uint8)
    if len(content) - len(head) != math.prod(shape):
        raise DataError(_size_error(name, shape, math.prod(shape), f"{len(content) - len(head):,}"))
    return content[len(head) :].reshape(shape)


def write_idx(path: str | Path, array: NDArray[Any]) -> None:
    """Write an array as an IDX file, compressed if the name ends in .gz; the file appears whole or not at all.

    Raises:
        TypeError: if IDX has no code for the array's type.
        DataError: if the file cannot be written.
    """
    path = Path(path)
    code = CODE_OF_TYPE.get(array.dtype.newbyteorder("="))
    if code is None:
        raise TypeError(f"IDX holds {', '.join(str(kind) for kind in CODE_OF_TYPE)}, not {array.dtype}")
    head = bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    body = np.ascontiguousarray(array, TYPE_OF_CODE[code]).tobytes()
    # A fixed time in the gzip header, so that the same array always gives the same file.
    content = gzip.compress(head + body, mtime=0) if path.suffix == ".gz" else head + body
    try:
        write_atomically(path, content)
    except OSError as problem:
        raise DataError(f"{path}: cannot be written: {reason_of(problem)}") from problem


def _parse_header(
    head: bytes, name: str | Path, rank: int | None, dtype: DTypeLike | None
) -> tuple[np.dtype[Any], tuple[int, ...]]:
    if len(head) < 4:
        raise DataError(f"{name}: holds {len(head)} bytes, expected an IDX file, which begins with a magic number of 4")
    expected_kind = "a known type" if dtype is None else f"type {np.dtype(dtype)}"
    expected_rank = "any number of" if rank is None else str(rank)
    expected = f"expected an IDX file of {expected_kind} and {expected_rank} dimensions"
    if head[:2] != b"\0\0" or head[2] not in TYPE_OF_CODE:
        raise DataError(f"{name}: magic number is {head[:4].hex()}, {expected}, whose magic number begins with 0000")
    kind = np.dtype(TYPE_OF_CODE[head[2]])
    if dtype is not None and kind.newbyteorder("=") != np.dtype(dtype):
        raise DataError(f"{name}: holds numbers of type {kind.newbyteorder('=')}, {expected}")
    if rank is not None and head[3] != rank:
        raise DataError(f"{name}: has {head[3]} dimensions, {expected}")
    if head[3] > MAX_DIMENSIONS:
        raise DataError(f"{name}: has {head[3]} dimensions, expected an IDX file of at most {MAX_DIMENSIONS}")
    if len(head) < 4 + 4 * head[3]:
        raise DataError(f"{name}: ends within its header of {4 + 4 * head[3]} bytes, {expected}; it is truncated")
    shape = tuple(int(size) for size in np.frombuffer(head[4:], ">u4"))
    if math.prod(size for size in shape if size) >= 1 << 60:  # what NumPy cannot shape even if it is empty
        raise DataError(_size_error(name, shape, math.prod(shape), "far fewer"))
    return kind, shape


def _size_error(name: str | Path, shape: tuple[int, ...], payload: int, count: str) -> str:
    what = "oversized" if count == "more" else "truncated"
    size = "×".join(str(length) for length in shape)
    return f"{name}: holds {count} bytes after the header, expected {payload:,} for {size}; it is {what}"
