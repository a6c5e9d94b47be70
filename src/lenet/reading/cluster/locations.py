"""Files on disks and in object stores under one kind of name, by pyarrow's filesystems."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lenet.errors import DataError, printable
from lenet.files import write_atomically

_SCHEME = "://"
_ATOMIC_UPLOADS = ("s3", "gcs", "abfs")  # object stores show a file when its upload is complete, and not before
_DISK = "local"


@dataclass(frozen=True)
class Location:
    """A file or folder.

    Attributes:
        store: the URI of the filesystem's root, with its options; empty for paths of this machine.
        path: below the root.

    >>> place = Location.parse("s3://key:secret@scans/1998/a b.png?region=eu-west-1")
    >>> place.store, place.path, str(place)
    ('s3://key:secret@scans/?region=eu-west-1', '1998/a b.png', 's3://scans/1998/a b.png')
    """

    store: str
    path: str

    @classmethod
    def parse(cls, text: str) -> "Location":
        """The location that a path or a URI names.

        Raises:
            DataError: if it looks like a URI, but is none.
        """
        if _SCHEME not in text:
            return cls("", text)
        try:
            parts = urlsplit(text)
        except ValueError as error:
            raise DataError(f"{printable(text)}: is no URI ({_reason(error)})") from None
        options = f"?{parts.query}" if parts.query else ""
        return cls(f"{parts.scheme}{_SCHEME}{parts.netloc}/{options}", unquote(parts.path).lstrip("/"))

    def __str__(self) -> str:
        """The name to show: options and credentials are left out."""
        if not self.store:
            return self.path
        parts = urlsplit(self.store)
        return f"{parts.scheme}{_SCHEME}{parts.netloc.rpartition('@')[2]}/{self.path}"

    def __truediv__(self, name: str) -> "Location":
        return Location(self.store, f"{self.path.rstrip('/')}/{name}" if self.path else name)

    @property
    def suffix(self) -> str:
        """The end of the name, from its last point on, in lower case."""
        return os.path.splitext(self.path)[1].lower()  # noqa: PTH122 - a text, and many of them

    def open_input_file(self) -> Any:
        """Open the file for random access, as a file of pyarrow's.

        Raises:
            OSError: if it cannot be opened.
        """
        system, top = filesystem(self.store)
        return system.open_input_file(top + self.path)

    def read(self) -> bytes | None:
        """The content of the file; None if there is none.

        Raises:
            OSError: if it cannot be read.
        """
        system, top = filesystem(self.store)
        try:
            with system.open_input_stream(top + self.path) as stream:
                return bytes(stream.read())
        except FileNotFoundError:
            return None

    def write(self, content: bytes) -> None:
        """Write the file atomically, in place of the one that is there; its folders are created.

        Raises:
            OSError: if it cannot be written.
        """
        system, top = filesystem(self.store)
        if system.type_name == _DISK:
            write_atomically(Path(top + self.path), content)
            return
        target = top + self.path
        is_atomic = system.type_name in _ATOMIC_UPLOADS
        written = target if is_atomic else f"{target}.{os.getpid()}.tmp"
        if not is_atomic:
            system.create_dir(target.rpartition("/")[0], recursive=True)
        with system.open_output_stream(written) as stream:
            stream.write(content)  # in one call, so that no part of it is there alone
        if not is_atomic:
            system.move(written, target)

    def remove(self) -> None:
        """Remove the file, if there is one."""
        system, top = filesystem(self.store)
        with suppress(FileNotFoundError):
            system.delete_file(top + self.path)

    def remove_folder(self) -> None:
        """Remove the folder with what it holds, if there is one."""
        system, top = filesystem(self.store)
        with suppress(FileNotFoundError):
            system.delete_dir(top + self.path)

    def names(self) -> list[str]:
        """Names in the folder; none if there is no folder.

        Raises:
            OSError: if it cannot be looked into.
        """
        return [entry.base_name for entry in self._entries()]

    def files(self, suffixes: tuple[str, ...], recursive: bool) -> Iterator["Location"]:
        """The files with such suffixes in the folder, in the order of their names; or this file, whatever its suffix.

        A folder's names are in memory while it is walked.

        Raises:
            DataError: if there is none.
        """
        from pyarrow.fs import FileType

        system, top = filesystem(self.store)
        try:
            kind = system.get_file_info((top + self.path).rstrip("/")).type
            if kind == FileType.NotFound:
                raise DataError(f"{self}: no such file or folder")
            if kind == FileType.File:
                yield self
                return
            for entry in sorted(self._entries(), key=lambda entry: entry.base_name):
                location = self / entry.base_name
                if entry.type == FileType.Directory:
                    if recursive:
                        yield from location.files(suffixes, recursive)
                elif location.suffix in suffixes:
                    yield location
        except OSError as error:
            raise DataError(f"{self}: {_reason(error)}") from None

    def _entries(self) -> list[Any]:
        from pyarrow.fs import FileSelector

        system, top = filesystem(self.store)
        folder = (top + self.path).rstrip("/") or "/"
        return list(system.get_file_info(FileSelector(folder, allow_not_found=True)))


@lru_cache(maxsize=64)
def filesystem(store: str) -> tuple[Any, str]:
    """A filesystem of pyarrow, and the prefix of its paths.

    Raises:
        DataError: if there is none of this kind, or it cannot be reached.
    """
    import pyarrow
    from pyarrow.fs import FileSystem, LocalFileSystem

    if not store:
        return LocalFileSystem(), ""
    try:
        system, top = FileSystem.from_uri(store)
    except (OSError, pyarrow.ArrowException, ValueError) as error:
        location = Location(store, "")
        raise DataError(
            f"{location}: cannot be opened as a filesystem ({_reason(error)}); "
            "expected s3://, gs://, abfs://, hdfs:// or file://"
        ) from None
    return system, f"{top.rstrip('/')}/"


def _reason(error: Exception) -> str:
    why = getattr(error, "strerror", None) or str(error)
    return printable(" ".join(why.split()))[:200]
