"""The plan of a reading by many machines: its pictures in numbered blocks.

The same inputs in the same order give the same blocks, whoever makes them and whenever. A block's number and the digest
of what it names are its name, so that what was done is told by the names of files alone.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lenet.errors import ReadingError
from lenet.reading.cluster.locations import Location

PARQUET_SUFFIXES = (".parquet", ".pq")
PICTURES_PER_BLOCK = 256  # a second of crops, half a minute of photos: what the loss of a machine costs each core
_DIGEST_LENGTH = 12  # hexadecimal digits: among 10^7 blocks, one in 10^7 times 16^-12 is taken for another


@dataclass(frozen=True)
class Block:
    """Pictures that one worker reads in one piece.

    Attributes:
        number: of the block, from 0.
        store: as `Location` has it, the same for all of its files.
        paths: of its files.
        rows: which rows of a Parquet file they are, from the first up to the second; None for files of pictures.
            None of them, (0, 0), if the file cannot be opened.
    """

    number: int
    store: str
    paths: tuple[str, ...]
    rows: tuple[int, int] | None = None

    @property
    def pictures(self) -> int:
        """The number of pictures; a file that cannot be opened counts."""
        return len(self.paths) if self.rows is None else max(1, self.rows[1] - self.rows[0])

    @property
    def locations(self) -> Iterator[Location]:
        """Its files."""
        return (Location(self.store, path) for path in self.paths)

    @property
    def digest(self) -> str:
        """Hash of its pictures' names; credentials and options of a store are no part of it."""
        names = [*map(str, self.locations), "" if self.rows is None else "{}-{}".format(*self.rows)]
        text = "\0".join(names).encode("utf-8", "surrogatepass")
        return hashlib.sha256(text).hexdigest()[:_DIGEST_LENGTH]


def blocks_of(locations: Iterable[Location], pictures: int = PICTURES_PER_BLOCK) -> Iterator[Block]:
    """Cut inputs into blocks, in their order, with one of them in memory at a time.

    Args:
        locations: pictures, and Parquet files whose rows hold pictures.
        pictures: how many there are in a block at most. A block ends where a Parquet file or another store begins.

    Raises:
        ReadingError: if that is below 1.

    >>> [block.paths for block in blocks_of([Location("", name) for name in "abc"], 2)]
    [('a', 'b'), ('c',)]
    """
    if pictures < 1:
        raise ReadingError(f"block is {pictures}, expected at least 1 picture")
    number, store, paths = 0, "", list[str]()
    for location in locations:
        is_table = location.suffix in PARQUET_SUFFIXES
        if paths and (is_table or location.store != store or len(paths) == pictures):
            yield Block(number, store, tuple(paths))
            number, paths = number + 1, []
        store = location.store
        if not is_table:
            paths.append(location.path)
            continue
        for rows in row_ranges(_rows_in(location), pictures):
            yield Block(number, store, (location.path,), rows)
            number += 1
    if paths:
        yield Block(number, store, tuple(paths))


def _rows_in(location: Location) -> int | None:
    """The number of rows of a Parquet file; None if it cannot be opened, which the worker that reads it will say."""
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        with location.open_input_file() as file, ParquetFile(file) as table:
            return int(table.metadata.num_rows)
    except (OSError, pyarrow.ArrowException):
        return None


def row_ranges(rows: int | None, length: int) -> Iterator[tuple[int, int]]:
    """Cut so many rows into ranges of a length; (0, 0) where nobody knows how many there are.

    >>> list(row_ranges(5, 2)), list(row_ranges(None, 2))
    ([(0, 2), (2, 4), (4, 5)], [(0, 0)])
    """
    if rows is None:
        yield 0, 0
        return
    for first in range(0, rows, length):
        yield first, min(first + length, rows)
