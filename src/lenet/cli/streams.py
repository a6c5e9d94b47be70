"""Preparation of the standard streams: all three open, encodable for every character, flushed without errors."""

import codecs
import errno
import os
import sys
from contextlib import suppress
from typing import TextIO

UNWRITABLE = (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG)
"""The error numbers of a stream that cannot be written for another reason than a broken pipe."""

_ESCAPING_HANDLER = "lenet.escape"


def prepare() -> None:
    """Open closed standard streams on the null device, and escape characters that an encoding lacks."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
            os.set_inheritable(number, True)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    codecs.register_error(_ESCAPING_HANDLER, _escape)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_ESCAPING_HANDLER)


def flush_or_silence(stream: TextIO) -> bool:
    """Flush a stream; where it cannot be written, redirect it to the null device, and return True.

    So it is with a full disk or a broken pipe: Python would flush it again at exit, and fail again.
    """
    try:
        stream.flush()
    except OSError:
        with suppress(OSError):
            null_device = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null_device, stream.fileno())
            os.close(null_device)
        return True
    return False


def _escape(error: UnicodeError) -> tuple[str, int]:
    r"""Escape characters as ``\uXXXX``, as two surrogates beyond 16 bits: text stays legible, and JSON valid."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[start : start + 2].hex()}" for start in range(0, len(units), 2)), error.end
