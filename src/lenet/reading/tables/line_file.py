"""Appending to a file of lines: it holds whole lines at any moment, and can be continued after any of them."""

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from lenet.errors import LeNetError, counted, reason_of
from lenet.files import lock

_SECONDS = 1.0  # that may pass until what was written is on the disk, too
_READ_BYTES = 1 << 20


class LineFile:
    """A file that grows by whole lines.

    What is there already is written over when the first lines come, and not before. A link is followed; a pipe gets
    the lines as they come.

    Args:
        path: of the file; its folder is made if there is none.
        header: the line that the file begins with, if it has one.
    """

    def __init__(self, path: Path, header: bytes = b"") -> None:
        self.path = path
        self._header = header
        self._file: BinaryIO | None = None
        self._kept = 0  # bytes of what was there before, that are kept
        self._lines = self._whole_bytes = 0  # lines, and bytes of whole lines
        self._synced = time.monotonic()

    @property
    def is_regular(self) -> bool:
        """Whether what was begun is a file, and no pipe or device."""
        return self._file is not None and stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)

    def begin(self) -> None:
        """Open the file, and write its header or leave what is kept of it; nothing if that was done before.

        Raises:
            LeNetError: if it cannot be written, or another process writes it.
        """
        if self._file is not None:
            return
        try:
            Path(os.path.realpath(self.path)).parent.mkdir(parents=True, exist_ok=True)
            self._file = self._open()
            if self._kept:
                self._file.seek(self._kept)
                self._whole_bytes = self._kept
            else:
                self._append(self._header)
        except OSError as error:
            raise self._write_error(error) from None

    def append(self, lines: bytes, count: int = 1) -> None:
        """Write so many lines in one piece.

        Raises:
            LeNetError: if there is no room for them; the file then ends with the line before.
        """
        self.begin()
        try:
            self._append(lines)
            self._lines += count
            if time.monotonic() - self._synced > _SECONDS:
                self._sync()
        except OSError as error:
            raise self._write_error(error) from None

    def close(self) -> None:
        """End the file; one that has got no line is a header alone, unless there was a file before."""
        if self._file is None and not self.path.exists():
            self.begin()
        try:
            if self._file is not None and not self._file.closed:
                self._sync()
                self._file.close()
        except OSError as error:
            raise self._write_error(error) from None

    def keep(self, size: int, lines: int) -> None:
        """Go on behind so many bytes of what is there, which end with a line, when the first new lines come."""
        self._kept, self._lines = size, lines

    def whole_lines(self) -> Iterator[tuple[int, bytes]]:
        """The lines that are there, without the header, and where each begins; a line that is not whole is left out.

        Raises:
            LeNetError: if the file begins with another header, or cannot be read.
        """
        try:
            if not self.path.exists():
                return
            with self.path.open("rb", buffering=_READ_BYTES) as file:
                start = len(self._header)
                header = file.read(start)
                if header != self._header and not self._header.startswith(header):
                    raise LeNetError(
                        f"{self.path}: has other columns, or was saved by another program, so no more rows can be "
                        "added; leave out resume"
                    )
                for line in file:
                    if line.endswith(b"\n"):
                        yield start, line
                        start += len(line)
        except OSError as error:
            raise LeNetError(f"{self.path}: cannot be read ({reason_of(error)})") from None

    def _open(self) -> BinaryIO:
        """The file, cut off behind what is kept of it, and locked where it is none of a pipe or a device."""
        if self._kept:
            file: BinaryIO = self.path.open("r+b", buffering=0)
        else:
            file = open(self.path, "wb", buffering=0, opener=_open_uncut)  # noqa: SIM115
        try:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                lock(file, lambda: LeNetError(f"{self.path}: another process writes it; wait, or name another file"))
                file.truncate(self._kept)
        except BaseException:
            file.close()
            raise
        return file

    def _append(self, content: bytes) -> None:
        """Write all of it, or nothing."""
        assert self._file is not None
        remaining = memoryview(content)
        try:
            while remaining:
                remaining = remaining[self._file.write(remaining) :]
        except BaseException:
            with suppress(OSError):  # pipes and devices
                self._file.truncate(self._whole_bytes)
            raise
        self._whole_bytes += len(content)

    def _sync(self) -> None:
        assert self._file is not None
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # pipes cannot
                raise
        self._synced = time.monotonic()

    def _write_error(self, error: OSError) -> LeNetError:
        return LeNetError(
            f"{self.path}: cannot be written ({reason_of(error)}); it ends after {counted(self._lines, 'row')}"
        )


def _open_uncut(path: str, flags: int) -> int:
    """Open a file as it is, since another process may be writing it: it is cut when it is locked."""
    return os.open(path, flags & ~os.O_TRUNC, 0o666)
