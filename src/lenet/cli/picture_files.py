"""Which pictures the words of a command line name: files, folders, quoted globs, and ``-``."""

import glob
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lenet.errors import DataError, printable

STDIN = "-"
SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".heic", ".heif", ".avif", ".pdf"),
)
MOST_STDIN = 1 << 29  # bytes


@dataclass
class Found:
    """What was named.

    Attributes:
        sources: files in the order they were named, those of a folder sorted; bytes are what came by stdin.
        is_many: whether a folder or a glob was named, however many files it turned out to hold.
        problems: words that name nothing.
    """

    sources: list[Path | bytes] = field(default_factory=list)
    is_many: bool = False
    problems: list[DataError] = field(default_factory=list)

    def name(self, index: int) -> str:
        """The name of a source, in which characters that cannot be printed are spelled out."""
        source = self.sources[index]
        return "stdin" if isinstance(source, bytes) else printable(str(source))


def find_pictures(words: Sequence[str], *, recursive: bool = False, apart_from: Path | None = None) -> Found:
    """The pictures that words name.

    Args:
        words: each a file, whatever its suffix; a folder, of which files with a picture's suffix are taken; a glob
            that no shell has resolved, ``**`` for any depth; or ``-``.
        recursive: whether folders within folders are looked through.
        apart_from: a folder to leave out: it holds what was drawn.
    """
    found = Found()
    for word in words:
        path = Path(word)
        try:
            if not word or "://" in word:
                expected = "expected a file, folder, glob or '-'"
                raise DataError(f"{printable(word)}: is a URL, {expected}" if word else f"an empty name, {expected}")
            elif word == STDIN:
                found.sources.append(_from_stdin())
            elif path.is_dir():
                found.is_many = True
                found.sources += _within(path, recursive, apart_from)
            elif glob.has_magic(word) and not path.exists():
                found.is_many = True
                found.sources += _matching(word, apart_from)
            else:
                found.sources.append(path)
        except DataError as error:
            found.problems.append(error)
        except (OSError, ValueError) as error:  # no right to look into it; a name that no system takes
            what = getattr(error, "strerror", None) or str(error)
            found.problems.append(DataError(f"{printable(word)}: {what.lower()}"))
    return found


def _within(folder: Path, recursive: bool, apart_from: Path | None) -> list[Path | bytes]:
    """The pictures of a folder, sorted; hidden files are none."""
    if recursive:
        places = os.walk(folder, onerror=_raise)
    else:
        places = iter([(str(folder), [], [entry.name for entry in folder.iterdir() if entry.is_file()])])
    without = apart_from.resolve() if apart_from is not None else None
    paths: list[Path] = []
    for place, folders, names in places:
        folders[:] = [name for name in folders if not name.startswith(".") and Path(place, name).resolve() != without]
        paths += (
            Path(place, name) for name in names if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES
        )
    if not paths:
        deeper = "" if recursive else "; --recursive looks into folders within it"
        raise DataError(f"{printable(str(folder))}: holds no pictures{deeper}")
    return sorted(paths)


def _matching(pattern: str, apart_from: Path | None) -> list[Path | bytes]:
    without = apart_from.resolve() if apart_from is not None else None
    paths = [Path(name) for name in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207 - absolute ones, too
    files: list[Path | bytes] = [path for path in paths if not path.is_dir() and without not in path.resolve().parents]
    if not files:
        raise DataError(f"{printable(pattern)}: no file matches")
    return files


def _from_stdin() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise DataError("stdin is a terminal; '-' reads a picture that is piped in, as in: lenet read - < photo.jpg")
    content = sys.stdin.buffer.read(MOST_STDIN + 1)
    if len(content) > MOST_STDIN:
        raise DataError(f"stdin: more than {MOST_STDIN >> 20} MiB, which is the most accepted; save it as a file first")
    if not content:
        raise DataError("stdin: empty, expected a picture")
    return content


def _raise(error: OSError) -> None:
    raise error
