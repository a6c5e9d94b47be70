"""Enumeration of inputs: the arguments of a command line and lists of names, on disks and in object stores."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lenet.errors import DataError
from lenet.pictures import SUFFIXES
from lenet.reading.batch.picture_files import PictureFiles, Shard, inputs_of, names_in_list
from lenet.reading.cluster.blocks import PARQUET_SUFFIXES
from lenet.reading.cluster.locations import Location

_SUFFIXES = (*SUFFIXES, *PARQUET_SUFFIXES)


class PictureLocations:
    """The files that inputs and a list name, on disks and in object stores, found while they are iterated over.

    Args:
        inputs: as `PictureFiles` takes them, and URIs of files or folders. Of a folder Parquet files are taken, too.
        recursive, files_from, shard: as `PictureFiles` takes them; a list may name URIs.

    Raises:
        DataError: if there is no such list, or an input looks like a URI, but is none.
        ReadingError: if the shard is not of the form I/N with I of 1 to N.
    """

    def __init__(
        self,
        inputs: str | Path | Sequence[str | Path],
        *,
        recursive: bool = False,
        files_from: str | Path | None = None,
        shard: Shard | str | None = None,
    ) -> None:
        self.shard, self._recursive = Shard.parse(shard), recursive
        self._files_from = None if files_from is None else str(files_from)
        self._inputs: list[PictureFiles | Location] = [
            Location.parse(name) if "://" in name else PictureFiles([name], recursive=recursive, suffixes=_SUFFIXES)
            for name in inputs_of(inputs)
        ]
        self._problems: list[DataError] = []
        PictureFiles((), files_from=files_from)  # a list that is not there is told before anything is read

    @property
    def problems(self) -> list[DataError]:
        """Inputs that name nothing and lines of the list that are no names, as far as they have been met."""
        of_inputs = [problem for files in self._inputs if isinstance(files, PictureFiles) for problem in files.problems]
        return [*of_inputs, *self._problems]

    def __iter__(self) -> Iterator[Location]:
        return self.shard.of(self._all())

    def _all(self) -> Iterator[Location]:
        for files in self._inputs:
            try:
                if isinstance(files, Location):
                    yield from files.files(_SUFFIXES, self._recursive)
                else:
                    yield from map(_location_of, files)
            except DataError as error:
                self._problems.append(error)
        if self._files_from is not None:
            for name in names_in_list(self._files_from):
                try:
                    yield Location.parse(name)
                except DataError as error:
                    self._problems.append(error)


def _location_of(source: Path | bytes) -> Location:
    if isinstance(source, bytes):
        raise DataError("'-' is a picture that comes by stdin, which no other machine can read; name files")
    return Location("", str(source))
