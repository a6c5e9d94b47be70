"""Where annotated pictures go: a file of its own for every page of every source, whatever their names are."""

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

JPEG_SUFFIXES = (".jpg", ".jpeg")

_PICTURE_SUFFIXES = (*JPEG_SUFFIXES, ".png")
_MAX_NAME_BYTES = 255  # bytes of a name, on most file systems
_PAGE = re.compile(r"-page-\d+$")


def drawing_paths(sources: Sequence[Path | bytes], folder: Path) -> list[Path]:
    """Paths of the annotated pictures of all sources: the same places below ``folder`` as below their common folder.

    JPEG and PNG files keep their names, others become PNG files; what is no file becomes ``stdin.png``. Where two would
    get the same file, also one of `page_path`, or names that differ in case alone, the later one gets a number: files
    that keep their names come first. Names that are too long are cut, and told apart by a part of their hash.

    >>> [path.as_posix() for path in drawing_paths([Path("a/1.jpg"), Path("a/b/1.tif"), b"..."], Path("out"))]
    ['out/1.jpg', 'out/b/1.tif.png', 'out/stdin.png']
    >>> [path.name for path in drawing_paths([Path("1.tif"), Path("1.tif.png"), Path("1.TIF.png")], Path("out"))]
    ['1.tif-3.png', '1.tif.png', '1.TIF-2.png']
    """
    parents = {os.path.abspath(source.parent) for source in sources if isinstance(source, Path)}  # noqa: PTH100
    common = os.path.commonpath(parents) if parents else ""
    names = [Path(_name(source, common)) for source in sources]
    used_names = _Names(parent for name in names for parent in name.parents)
    used_names.exclude_pages_of(
        Path(os.path.relpath(os.path.realpath(source), os.path.realpath(folder)))
        for source in sources
        if isinstance(source, Path)
    )
    paths: dict[int, Path] = {}
    keeps_name = [isinstance(source, Path) and source.suffix.lower() in _PICTURE_SUFFIXES for source in sources]
    for index in sorted(range(len(names)), key=lambda index: not keeps_name[index]):
        paths[index] = folder / used_names.reserve(names[index])
    return [paths[index] for index in range(len(names))]


def page_path(path: Path, number: int) -> Path:
    """Path of a page's annotated picture, of a source that has several pages."""
    return path.with_name(_truncated(f"{path.stem}-page-{number}", path.suffix))


def without_page(path: Path) -> Path:
    """The path that `page_path` made this one of; itself if it is no page's.

    >>> without_page(Path("a-page-2.png")).name, without_page(Path("a.png")).name
    ('a.png', 'a.png')
    """
    return path.with_stem(_PAGE.sub("", path.stem))


def _name(source: Path | bytes, common: str) -> str:
    """The name of a drawing, and its folders from the common one on."""
    if not isinstance(source, Path):
        return "stdin.png"
    name = os.path.relpath(os.path.abspath(source), common)  # noqa: PTH100 - links stay where they are
    folder, file = os.path.split(name)
    suffix = "" if source.suffix.lower() in _PICTURE_SUFFIXES else ".png"
    stem, extension = _parts(file + suffix)
    return os.path.join(folder, _truncated(stem, extension))  # noqa: PTH118


def _truncated(stem: str, suffix: str) -> str:
    """A file's name that file systems take; one that is too long is cut."""
    name = stem + suffix
    if len(os.fsencode(name)) <= _MAX_NAME_BYTES:
        return name
    end = f"~{hashlib.sha256(os.fsencode(name)).hexdigest()[:12]}{suffix}"
    return os.fsencode(stem)[: _MAX_NAME_BYTES - len(os.fsencode(end))].decode(errors="ignore") + end


class _Names:
    """Names that are taken: none of them is another one's, nor another one's page, on any file system."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._used: set[tuple[str, str]] = set()
        self._with_pages: set[tuple[str, str]] = set()  # those of which a page's name is taken
        self._next: dict[tuple[str, str], int] = {}
        for folder in set(folders):
            self._add(_key(folder))

    def reserve(self, path: Path) -> Path:
        """This path if it is free, else with the first number that makes it so."""
        key, numbered = _key(path), path
        number = self._next.get(key, 1)
        while not self._is_free(_key(numbered)):
            number += 1
            numbered = path.with_name(_truncated(f"{path.stem}-{number}", path.suffix))
        self._next[key] = number
        self._add(_key(numbered))
        return numbered

    def exclude_pages_of(self, paths: Iterable[Path]) -> None:
        """No name that will be taken has a page of one of these."""
        keys = map(_key, paths)
        self._with_pages |= {_file_of_page(key) for key in keys if _file_of_page(key) != key}

    def _is_free(self, key: tuple[str, str]) -> bool:
        return key not in self._with_pages and self._used.isdisjoint((key, _file_of_page(key)))

    def _add(self, key: tuple[str, str]) -> None:
        self._used.add(key)
        self._with_pages.add(_file_of_page(key))


def _key(path: Path) -> tuple[str, str]:
    """Normalize a path as file systems that ignore case and accents do; the suffix is apart."""
    return _parts(unicodedata.normalize("NFC", unicodedata.normalize("NFD", str(path)).casefold()))


def _parts(name: str) -> tuple[str, str]:
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - a text
    return stem, suffix


def _file_of_page(key: tuple[str, str]) -> tuple[str, str]:
    """The file whose page has this name; the name itself if it is no page's."""
    return _PAGE.sub("", key[0]), key[1]
