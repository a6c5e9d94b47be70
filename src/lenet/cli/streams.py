"""The standard streams of a command: all three are there, take every character, and are silent when Python ends."""

import codecs
import errno
import os
import sys
from contextlib import suppress
from typing import TextIO

UNWRITABLE = (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG)
"""The errors of a stream that takes nothing more, though its reader is there."""

_SPELLED = "lenet.spelled"


def prepare() -> None:
    """Open what is closed, on nothing, so that no other file takes its number; spell out what an encoding lacks."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
            os.set_inheritable(number, True)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    codecs.register_error(_SPELLED, _spelled)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_SPELLED)


def is_broken(stream: TextIO) -> bool:
    """Whether a stream takes nothing any more, as a full disk or a pipe that nobody reads; it then leads to nothing.

    Else what is left in it would be written when Python ends, and fail again.
    """
    try:
        stream.flush()
    except OSError:
        with suppress(OSError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, stream.fileno())
            os.close(nothing)
        return True
    return False


def _spelled(error: UnicodeError) -> tuple[str, int]:
    r"""Characters as ``\uXXXX``, two of them for one beyond 16 bits: text stays legible, and JSON remains JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)), error.end
