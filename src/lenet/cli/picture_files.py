"""Resolution of command-line arguments to pictures: files, folders, quoted globs, and ``-``."""

import glob
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lenet.errors import DataError, printable
from lenet.pictures import SUFFIXES

STDIN = "-"
MAX_STDIN = 1 << 29  # bytes


@dataclass
class PictureSources:
    """The pictures of a command line.

    Attributes:
        sources: files in the order of the arguments, those of a folder sorted; bytes are the content of stdin.
        is_many: whether a folder or a glob was named, however many files it turned out to hold.
        problems: of arguments that name no picture.
    """

    sources: list[Path | bytes] = field(default_factory=list)
    is_many: bool = False
    problems: list[DataError] = field(default_factory=list)

    def name(self, index: int) -> str:
        """The name of a source, in which characters that cannot be printed are spelled out."""
        source = self.sources[index]
        return "stdin" if isinstance(source, bytes) else printable(str(source))


def find_pictures(words: Sequence[str], *, recursive: bool = False, excluding: Path | None = None) -> PictureSources:
    """Resolve command-line arguments to pictures.

    Args:
        words: each a file, whatever its suffix; a folder, of which files with a picture's suffix are taken; a glob
            that no shell has resolved, ``**`` for any depth; or ``-``.
        recursive: whether folders within folders are looked through.
        excluding: a folder to leave out, as that of the drawings.

    Folders within folders are not looked for through links, which may go round in circles.
    """
    result = PictureSources()
    for word in words:
        path = Path(word)
        try:
            if not word or "://" in word:
                expected = "expected a file, folder, glob or '-'"
                raise DataError(f"{word}: is a URL, {expected}" if word else f"an empty name, {expected}")
            elif "\0" in word:
                raise DataError(f"{word}: an embedded null byte, which no name of a file holds")
            elif word == STDIN:
                result.sources.append(_from_stdin())
            elif path.is_dir():
                result.is_many = True
                result.sources += _within(path, recursive, excluding)
            elif glob.has_magic(word) and not path.exists():
                result.is_many = True
                result.sources += _matching(word, excluding)
            else:
                result.sources.append(path)
        except DataError as error:
            result.problems.append(error)
        except OSError as error:  # no right to look into it; a name that no system takes
            result.problems.append(DataError(f"{word}: {(error.strerror or str(error)).lower()}"))
        except RecursionError:
            result.problems.append(DataError(f"{word}: folders within folders are too many to look through"))
    return result


def _within(folder: Path, recursive: bool, excluding: Path | None) -> list[Path | bytes]:
    """The pictures of a folder, sorted; hidden files are none."""
    if recursive:
        folders_within = os.walk(folder, onerror=_raise)
    else:
        folders_within = iter([(str(folder), [], [entry.name for entry in folder.iterdir() if entry.is_file()])])
    excluded = os.path.realpath(excluding) if excluding is not None else None
    paths: list[Path] = []
    for parent, folders, names in folders_within:
        folders[:] = [
            name for name in folders if not name.startswith(".") and os.path.realpath(Path(parent, name)) != excluded
        ]
        paths += (
            Path(parent, name) for name in names if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES
        )
    if not paths:
        deeper = "" if recursive else "; --recursive looks into folders within it"
        raise DataError(f"{folder}: holds no pictures{deeper}")
    return sorted(paths)


def _matching(pattern: str, excluding: Path | None) -> list[Path | bytes]:
    excluded = Path(os.path.realpath(excluding)) if excluding is not None else None
    files: list[Path | bytes] = [
        path
        for path in map(Path, sorted(set(_expanded(pattern))))
        if not path.is_dir() and excluded not in Path(os.path.realpath(path)).parents
    ]
    if not files:
        raise DataError(f"{pattern}: no file matches")
    return files


def _expanded(pattern: str) -> Iterator[str]:
    """The paths that a glob matches; ``**`` stands for folders at any depth, which links do not count as."""
    parts = pattern.replace(os.sep, "/").split("/")
    if "**" not in parts:
        yield from glob.iglob(pattern)  # noqa: PTH207 - absolute ones, too
        return
    index = parts.index("**")
    pattern_above, pattern_below = "/".join(parts[:index]) + "/" * (index > 0), "/".join(parts[index + 1 :]) or "*"
    for top in glob.iglob(pattern_above) if glob.has_magic(pattern_above) else [pattern_above]:  # noqa: PTH207
        for parent, folders, _ in os.walk(top or "."):
            folders[:] = [name for name in folders if not name.startswith(".")]
            inside = parent if top else parent[2:]
            yield from _expanded(os.path.join(glob.escape(inside), pattern_below))  # noqa: PTH118 - texts


def _from_stdin() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise DataError("stdin is a terminal; '-' reads a picture that is piped in, as in: lenet read - < photo.jpg")
    content = sys.stdin.buffer.read(MAX_STDIN + 1)
    if len(content) > MAX_STDIN:
        raise DataError(f"stdin: more than {MAX_STDIN >> 20} MiB, which is the most accepted; save it as a file first")
    if not content:
        raise DataError("stdin: empty, expected a picture")
    return content


def _raise(error: OSError) -> None:
    raise error
