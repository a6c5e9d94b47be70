"""Enumeration of inputs: the words of a command line and lists of names, on disks and in object stores."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from lenet.errors import DataError
from lenet.pictures import SUFFIXES
from lenet.reading.batch.picture_files import PictureFiles, Shard, names_in_list, words_of
from lenet.reading.cluster.blocks import PARQUET_SUFFIXES
from lenet.reading.cluster.locations import Location

_SUFFIXES = (*SUFFIXES, *PARQUET_SUFFIXES)


class PictureLocations:
    """The files that words and a list name, on disks and in object stores, found while they are iterated over.

    Args:
        words: as `PictureFiles` takes them, and URIs of files or folders. Of a folder Parquet files are taken, too.
        recursive, files_from, shard: as `PictureFiles` takes them; a list may name URIs.

    Raises:
        DataError: if there is no such list.
        ReadingError: if the shard is none.
    """

    def __init__(
        self,
        words: str | Path | Sequence[str | Path],
        *,
        recursive: bool = False,
        files_from: str | Path | None = None,
        shard: Shard | str | None = None,
    ) -> None:
        self.shard, self._recursive = Shard.parse(shard), recursive
        self._files_from = None if files_from is None else str(files_from)
        self._words: list[PictureFiles | Location] = [
            Location.parse(word) if "://" in word else PictureFiles([word], recursive=recursive, suffixes=_SUFFIXES)
            for word in words_of(words)
        ]
        self._problems: list[DataError] = []
        PictureFiles((), files_from=files_from)  # a list that is not there is told before anything is read

    @property
    def problems(self) -> list[DataError]:
        """Words that name nothing, as far as they have been met."""
        of_words = [problem for word in self._words if isinstance(word, PictureFiles) for problem in word.problems]
        return [*of_words, *self._problems]

    def __iter__(self) -> Iterator[Location]:
        return islice(self._all(), self.shard.number - 1, None, self.shard.count)

    def _all(self) -> Iterator[Location]:
        for word in self._words:
            try:
                if isinstance(word, Location):
                    yield from word.files(_SUFFIXES, self._recursive)
                else:
                    yield from map(_location_of, word)
            except DataError as error:
                self._problems.append(error)
        if self._files_from is not None:
            yield from map(Location.parse, names_in_list(self._files_from))


def _location_of(source: Path | bytes) -> Location:
    if isinstance(source, bytes):
        raise DataError("'-' is a picture that comes by stdin, which no other machine can read; name files")
    return Location("", str(source))
