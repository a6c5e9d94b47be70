"""Enumeration of picture files: the arguments of a command line, lists of names, folders and globs, one path at a time.

Nothing is listed beforehand, so memory does not grow with the number of files. Folders are walked depth first, names in
the order of their characters; a file of a folder comes where its name stands among those of the folders beside it.
"""

import glob
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from heapq import nsmallest
from itertools import islice
from pathlib import Path
from typing import IO, TypeVar

from lenet.errors import DataError, ReadingError, printable, reason_of
from lenet.files import why_missing
from lenet.pictures import SUFFIXES

Source = TypeVar("Source")

STDIN = "-"
MAX_STDIN = 1 << 29  # bytes
MAX_COUNTED = 10_000  # files: counting more of them would keep the first answer waiting

_NAMES_AT_ONCE = 4096  # of a folder's names; a folder that holds more is scanned once for each so many
_ANY_DEPTH = "**"
_Rest = tuple[str, ...]  # parts of a pattern, between slashes
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Shard:
    """Every `count`-th file, from the file of this number on.

    >>> Shard.parse("2/4"), str(Shard())
    (Shard(number=2, count=4), '1/1')
    """

    number: int = 1
    count: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def parse(cls, text: "str | Shard | None") -> "Shard":
        """The shard that is written as I/N; of None the only one there is.

        Raises:
            ReadingError: if the text is not of that kind, or I is not in 1..N.
        """
        if text is None or isinstance(text, Shard):
            return text or cls()
        match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip(), re.ASCII) if isinstance(text, str) else None
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise ReadingError(f"shard is {text!r}, expected I/N with I of 1 to N, as 1/4: the first of four")
        return cls(int(match[1]), int(match[2]))

    def of(self, sources: Iterable[Source]) -> Iterator[Source]:
        """Select the files that belong to this shard."""
        return islice(iter(sources), self.number - 1, None, self.count)


class PictureFiles:
    """The picture files that inputs and a list name, in a defined order, found while they are iterated over.

    Args:
        inputs: each a file, whatever its suffix; a folder, of which files with a picture's suffix are taken; a glob
            that no shell has resolved, ``**`` for any depth; or ``-``, a picture that comes by stdin. Or one of them.
        recursive: whether subfolders are searched.
        excluding: a folder to leave out: it holds what was drawn.
        files_from: a text file with the name of a file on each line, which come after those of the inputs; ``-`` is
            stdin. A name is taken as it stands, never as a folder or a glob.
        shard: which part of all these files, as ``"1/4"`` for the first of four.
        suffixes: of the files of a folder that are taken, in lower case.

    Folders within folders are not looked for through links, which may go round in circles.

    Attributes:
        shard: the part that was asked for.
        is_many: whether a folder, a glob or a list was named, however many files it turns out to hold.

    Raises:
        DataError: if there is no such list.
        ReadingError: if the shard is not of the form I/N with I of 1 to N.
    """

    def __init__(
        self,
        inputs: str | Path | Sequence[str | Path],
        *,
        recursive: bool = False,
        excluding: Path | None = None,
        files_from: str | Path | None = None,
        shard: Shard | str | None = None,
        suffixes: Collection[str] = SUFFIXES,
    ) -> None:
        self._inputs, self._recursive, self._suffixes = inputs_of(inputs), recursive, suffixes
        self._files_from = None if files_from is None else str(files_from)
        self._without = os.path.realpath(excluding) if excluding is not None else None
        self.shard = Shard.parse(shard)
        self._stdin: bytes | None = None
        self._sentences: dict[str, DataError] = {}
        self.is_many = files_from is not None or any(map(_names_many, self._inputs))
        if self._files_from is not None:
            with _opened_list(self._files_from):  # a list that is not there is told before anything is read
                pass

    @property
    def is_read_once(self) -> bool:
        """Whether the files can be iterated over but once, as those of a list that comes by stdin."""
        return self._files_from == STDIN

    @property
    def problems(self) -> list[DataError]:
        """Inputs that name nothing, and folders that cannot be looked into, as far as they have been met."""
        return list(self._sentences.values())

    def __iter__(self) -> Iterator[Path | bytes]:
        return self.shard.of(self._all())

    def count(self, limit: int = MAX_COUNTED) -> int | None:
        """The number of files; None if there are more than the limit, or nobody knows before they have come."""
        if self.is_read_once:
            return None
        number = sum(1 for _ in islice(self, limit + 1))
        return number if number <= limit else None

    def _all(self) -> Iterator[Path | bytes]:
        for name in self._inputs:
            try:
                for source in self._of_input(name):
                    if isinstance(source, DataError):
                        self._add_problem(source)
                    else:
                        yield source
            except DataError as error:
                self._add_problem(error)
            except OSError as error:  # no right to look into it; a name that no system takes
                self._add_problem(_access_error(name, error))
        if self._files_from is not None:
            yield from map(Path, names_in_list(self._files_from))

    def _add_problem(self, problem: DataError) -> None:
        self._sentences.setdefault(str(problem), problem)

    def _of_input(self, name: str) -> Iterator[Path | bytes | DataError]:
        path = Path(name)
        if not name:
            raise DataError("an empty name, expected a file, folder, glob or '-'")
        if "://" in name:
            raise DataError(f"{name}: {why_missing(name, 'no such file')}")
        if "\0" in name:
            raise DataError(f"{name}: an embedded null byte, which no name of a file holds")
        if name == STDIN:
            self._stdin = self._stdin or _from_stdin()
            yield self._stdin
        elif path.is_dir():
            deeper = "" if self._recursive else "; --recursive looks into folders within it"
            parts = (_ANY_DEPTH, "*") if self._recursive else ("*",)
            yield from _or_else(
                _walk(str(path), parts, self._has_suffix, self._without), f"{name}: holds no pictures{deeper}"
            )
        elif _is_glob(path):
            yield from _or_else(self._matching(path), f"{name}: no file matches")
        else:
            yield path

    def _has_suffix(self, name: str) -> bool:
        return os.path.splitext(name)[1].lower() in self._suffixes  # noqa: PTH122 - a text, and many of them

    def _matching(self, pattern: Path) -> Iterator[Path | DataError]:
        parts = pattern.parts
        fixed = next(index for index, part in enumerate(parts) if glob.has_magic(part))
        top = Path(*parts[:fixed])
        if top.is_dir():
            yield from _walk(str(top) if fixed else "", parts[fixed:], lambda name: True, self._without)


def inputs_of(files: str | Path | Sequence[str | Path]) -> list[str]:
    """The arguments of a command line that name these files, or this one.

    >>> inputs_of("scans"), inputs_of(["a.png", Path("b.png")])
    (['scans'], ['a.png', 'b.png'])
    """
    if not isinstance(files, Iterable | Path):
        raise DataError(f"{type(files).__name__}: expected the name of a file, folder or glob, or a list of them")
    return [str(file) for file in ([files] if isinstance(files, str | Path) else files)]


def name_of(source: Path | bytes) -> str:
    """The name of a source, in which characters that cannot be printed are spelled out."""
    return "stdin" if isinstance(source, bytes) else printable(str(source))


def _names_many(name: str) -> bool:
    with suppress(OSError, ValueError):
        return Path(name).is_dir() or _is_glob(Path(name))
    return False


def _is_glob(path: Path) -> bool:
    return glob.has_magic(str(path)) and not path.exists()


def _or_else(paths: Iterator[Path | DataError], sentence: str) -> Iterator[Path | DataError]:
    """The paths; an error of this sentence if there are none."""
    is_empty = True
    for one in paths:
        is_empty = False
        yield one
    if is_empty:
        raise DataError(sentence)


def _walk(
    top: str, parts: Sequence[str], is_wanted: Callable[[str], bool], without: str | None
) -> Iterator[Path | DataError]:
    """The files below a folder whose path from there matches a pattern, each once.

    Args:
        top: the folder; an empty text is the one we are in.
        parts: of the pattern, between slashes; ``**`` stands for folders at any depth, which links do not count as.
        is_wanted: whether a file of this name is wanted.
        without: the real path of a folder to leave out.
    """
    if parts[-1] == _ANY_DEPTH:
        parts = (*parts, "*")
    # A folder is looked through with what is left of the pattern there, in each of the ways that it may have been read.
    levels = [_level(top, {tuple(parts)}, is_wanted)]
    while levels:
        try:
            place, name, rests = next(levels[-1])
        except StopIteration:
            levels.pop()
            continue
        except OSError as error:
            yield _access_error(str(error.filename or top), error)
            levels.pop()
            continue
        if not rests:
            yield Path(place, name)
        elif without is None or os.path.realpath(os.path.join(place, name)) != without:  # noqa: PTH118
            levels.append(_level(os.path.join(place, name), rests, is_wanted))  # noqa: PTH118


def _level(place: str, rests: set[_Rest], is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, str, set[_Rest]]]:
    """Match a folder's entries: place, name, and what is left of the pattern within a folder; nothing for a file."""

    def may_match(entry: os.DirEntry[str]) -> bool:
        behind = _behind(entry.name, rests, entry.is_symlink())
        if () in behind and is_wanted(entry.name):
            return True
        is_folder = os.path.isdir(entry) if entry.is_symlink() else entry.is_dir()  # noqa: PTH112 - links go in circles
        return is_folder and bool(behind - {()})

    for name, is_link in _sorted_entries(place or ".", may_match):
        path = os.path.join(place, name)  # noqa: PTH118
        if os.path.isdir(path):  # noqa: PTH112
            if within := _behind(name, rests, is_link) - {()}:
                yield place, name, within
        elif is_wanted(name) and (is_link or os.path.isfile(path)):  # noqa: PTH113 - a link to nothing is told of
            yield place, name, set()


def _behind(name: str, rests: set[_Rest], is_link: bool) -> set[_Rest]:
    """What may be left of the pattern behind a name; behind a link ``**`` goes no deeper."""
    is_hidden = name.startswith(".")
    behind: set[_Rest] = set()
    queue = list(rests)
    for rest in queue:
        part, *others = rest
        if part == _ANY_DEPTH:
            queue.append(tuple(others))  # it may stand for nothing
            if not is_link and not is_hidden:
                behind.add(rest)
        elif (fnmatch(name, part) if glob.has_magic(part) else name == part) and (part[0] == "." or not is_hidden):
            behind.add(tuple(others))
    return behind


def _sorted_entries(folder: str, may_match: Callable[[os.DirEntry[str]], bool]) -> Iterator[tuple[str, bool]]:
    """Names in a folder, sorted, and whether each is a link; only so many of them in memory at a time."""
    last = ""
    while True:
        with os.scandir(folder) as entries:
            names = nsmallest(
                _NAMES_AT_ONCE,
                ((entry.name, entry.is_symlink()) for entry in entries if entry.name > last and may_match(entry)),
            )
        yield from names
        if len(names) < _NAMES_AT_ONCE:
            return
        last = names[-1][0]


def names_in_list(name: str) -> Iterator[str]:
    """The names of files in a list, a line each; ``-`` is stdin.

    Raises:
        DataError: if there is no such list, or it holds null bytes, as pictures and ``find -print0`` do.
    """
    with _opened_list(name) as lines:
        for number, line in enumerate(lines, start=1):
            if b"\0" in line:
                place = f"{'stdin' if name == STDIN else name}, line {number}"
                raise DataError(
                    f"{place}: a null byte, which no name of a file holds; expected a text with a name on each line"
                )
            if text := line.rstrip(b"\r\n").removeprefix(_BYTE_ORDER_MARK):
                yield os.fsdecode(text)


@contextmanager
def _opened_list(name: str) -> Iterator[IO[bytes]]:
    """A list of names, opened; that of stdin stays open."""
    if name == STDIN:
        if sys.stdin is None or sys.stdin.isatty():
            raise DataError("stdin is a terminal; '-' takes names that are piped in, as in: find . | lenet read ...")
        yield sys.stdin.buffer
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - what goes wrong within the block is not the list's fault
    except (OSError, ValueError) as error:
        raise DataError(f"{name}: cannot be opened as a list of files ({reason_of(error)})") from None
    with file:
        yield file


def _from_stdin() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise DataError("stdin is a terminal; '-' reads a picture that is piped in, as in: lenet read - < photo.jpg")
    content = sys.stdin.buffer.read(MAX_STDIN + 1)
    if len(content) > MAX_STDIN:
        raise DataError(f"stdin: more than {MAX_STDIN >> 20} MiB, which is the most accepted; save it as a file first")
    if not content:
        raise DataError("stdin: empty, expected a picture")
    return content


def _access_error(name: str, error: OSError) -> DataError:
    return DataError(f"{name}: {reason_of(error)}")
