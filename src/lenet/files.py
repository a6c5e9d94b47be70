"""Atomic file writes, and locks: a file is whole or not there, and a folder has one writer."""

import codecs
import os
import re
import reprlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from lenet.errors import LeNetError, reason_of

LEFTOVERS = ".*.tmp"
"""Glob of the files that a process which was killed leaves in a folder it was writing into."""


def path_argument(name: str, value: object, make_error: Callable[[str], Exception]) -> Path:
    """The path that an argument is; an empty text is none, though `Path` takes it for the folder we are in.

    >>> path_argument("out", "", ValueError)
    Traceback (most recent call last):
        ...
    ValueError: out is '', expected the name of a file or folder
    """
    if isinstance(value, str | os.PathLike) and os.fspath(value):
        return Path(value)
    raise make_error(f"{name} is {reprlib.repr(value)}, expected the name of a file or folder")


def why_missing(path: str | Path, otherwise: str) -> str:
    """Why there is no file at a path: it is a URL, of which a `Path` keeps one slash; or else what ``otherwise`` says.

    >>> why_missing(Path("https://example.org/7.png"), "no such file"), why_missing("7.png", "no such file")
    ('is a URL, and URLs are not fetched; download it and name the file', 'no such file')
    """
    is_url = re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(path)) is not None  # a letter alone is a drive of Windows
    return "is a URL, and URLs are not fetched; download it and name the file" if is_url else otherwise


def decode_text(content: bytes) -> str:
    r"""Decode a text: UTF-8 with or without a byte order mark, or UTF-16 with one, which Windows' shells write.

    Raises:
        UnicodeDecodeError: if it is neither.

    >>> decode_text(b"\xef\xbb\xbfa"), decode_text("七".encode("utf-16"))
    ('a', '七')
    """
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf_16 else "utf-8-sig")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file atomically: a reader, or what is left if the process is killed, sees all of it or the old one.

    A link is followed: what it points to is replaced. A file that is replaced keeps its permissions. A pipe or device
    is written to, and not replaced.

    Raises:
        OSError: if it cannot be written; then ``path`` is as it was, and nothing is left beside it.
    """
    with atomic_writer(path) as file:
        file.write(content)


def write_result(path: Path, content: bytes) -> None:
    """Write a file atomically that somebody asked for.

    Raises:
        LeNetError: if it cannot be written, as `write_atomically` says.
    """
    try:
        write_atomically(path, content)
    except OSError as error:
        raise LeNetError(f"{path}: cannot be written ({reason_of(error)})") from None


@contextmanager
def atomic_writer(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file to write to, and rename it to ``path`` when the block ends without an exception.

    Raises:
        OSError: as `write_atomically`.
    """
    target = Path(os.path.realpath(path))
    if is_stream(path):
        with open(path, "wb") as file:  # noqa: PTH123 - a device must not be replaced by a file
            yield file
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        # A name of its own length, as names may be as long as a file system takes already.
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".lenet-", suffix=".tmp")
    except OSError as error:
        error.filename = str(path)
        raise
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(_permission_bits(target))
        temporary.replace(target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, name):  # the user knows no temporary file
            error.filename = str(path)
            del error.filename2  # None would be shown: 'best.safetensors' -> None
        raise


def is_stream(path: str | Path) -> bool:
    """Whether a pipe or device is at a path: it takes what comes, and is not replaced."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)  # noqa: PTH110, PTH112, PTH113


def check_writable(path: str | Path) -> None:
    """Check, before work whose result is to be written to a file, that it can be; nothing is left of the check.

    Raises:
        LeNetError: if not.
    """
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a name is too long
        raise LeNetError(f"{path}: is a folder, expected the name of a file to write")
    if is_stream(path):
        return
    _check_place(path, Path(os.path.realpath(path)).parent)


def check_folder_writable(path: str | Path) -> None:
    """Check, before work whose results are to be written into a folder, that they can be; it need not be there yet.

    Raises:
        LeNetError: if not.
    """
    if os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises where a name is too long
        raise LeNetError(f"{path}: is a file, expected a folder")
    _check_place(path, Path(os.path.realpath(path)))


def _check_place(path: str | Path, folder: Path) -> None:
    """Check that a file can be made in a folder, or in the nearest above it that is there, for what ``path`` names."""
    try:
        Path(path).exists()  # raises where a name is too long
        while not folder.exists():
            folder = folder.parent
        if not folder.is_dir():
            raise LeNetError(f"{path}: cannot be written, as {folder} is a file, expected a folder")
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise LeNetError(f"{path}: cannot be written ({reason_of(error)})") from None


def _permission_bits(path: Path) -> int:
    """Permission bits of the file at a path, or else of a new file."""
    return path.stat().st_mode & 0o777 if path.exists() else 0o644


@contextmanager
def locked(path: Path, make_error: Callable[[], Exception] | None = None) -> Iterator[None]:
    """Exclusive lock on the file at ``path``, released at the end of the block or of the process.

    Args:
        path: of the lock file, which is made, and stays.
        make_error: makes what is raised where another process holds it; None waits for it.

    Where the system or the file system has no locks, nothing is held.
    """
    with path.open("a") as file:
        lock(file, make_error)
        yield


def lock(file: IO[Any], make_error: Callable[[], Exception] | None = None) -> None:
    """Lock an open file until it is closed; ``make_error`` as `locked` takes it."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if make_error else 0))
    except BlockingIOError:
        if make_error is None:
            raise
        raise make_error() from None
    except OSError:
        return
