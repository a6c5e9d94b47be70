"""The folder that blocks are written into: a Parquet file for each block, under a name that says which block it is.

A file is written whole, under the name of its block, so writing it twice is writing it once: whatever is repeated after
the loss of a worker, a machine or the driver, there is one row for each picture. A file beside them counts the attempts
at each block that is in work, so that the second one can be more careful.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lenet.errors import LeNetError
from lenet.reading.cluster.blocks import Block
from lenet.reading.cluster.locations import Location
from lenet.reading.tables.formatting import READING_COLUMNS, Row
from lenet.reading.tables.resumption import differences_between
from lenet.records import Record, RecordError, json_bytes

SETTINGS_FILE = "_settings.json"  # readers of Parquet folders leave out what begins with an underscore
_ATTEMPTS = "_attempts"
_FORMAT = "lenet-blocks-1"
_BLOCKS_IN_FOLDER = 1000
_NAME = re.compile(r"block-(\d+)-([0-9a-f]+)\.parquet")
_HINT_ANEW = "name another folder to read anew"


@dataclass
class BlockFiles:
    """A folder of blocks.

    Attributes:
        folder: where it is.

    Raises:
        OSError: from every method, if the folder cannot be reached.
    """

    folder: Location
    _part: int = field(default=-1, init=False)  # the folder within it that was looked into last
    _digests: dict[int, str] = field(default_factory=dict, init=False)  # of the blocks in there

    def begin(self, settings: Mapping[str, Any], is_resumed: bool) -> None:
        """Write the settings of a new reading, after `check`."""
        if self.check(settings, is_resumed):
            (self.folder / SETTINGS_FILE).write(json_bytes({"format": _FORMAT, **settings}, indent=2))

    def check(self, settings: Mapping[str, Any], is_resumed: bool) -> bool:
        """Check whether a reading is new here; one that is resumed must have had the same settings.

        Raises:
            LeNetError: if the folder holds something else, another reading, or one that is not to be resumed.
        """
        place = self.folder / SETTINGS_FILE
        content = place.read()
        if content is None:
            if names := [name for name in self.folder.names() if not name.startswith(".")]:
                raise LeNetError(f"{self.folder}: holds {min(names)}, and no answers of blocks; name a new folder")
            return True
        if not is_resumed:
            raise LeNetError(f"{self.folder}: holds answers already; resume goes on with them, or {_HINT_ANEW}")
        try:
            before = Record.parsed(content, _FORMAT)
        except RecordError as error:
            raise LeNetError(f"{place}: cannot be read ({error}); {_HINT_ANEW}") from None
        if differences := differences_between(before.values, settings):
            raise LeNetError(f"{self.folder}: was begun with {differences}; resume as it was begun, or {_HINT_ANEW}")
        return False

    def holds(self, block: Block) -> bool:
        """Whether the block's answers are there; asked in the order of the blocks, a thousand cost one listing.

        Raises:
            LeNetError: if a block of this number is there that is another one.
        """
        self._list_folder(block.number // _BLOCKS_IN_FOLDER)
        digest = self._digests.get(block.number)
        if digest is not None and digest != block.digest:
            raise LeNetError(
                f"{self.folder}: block {block.number:,} is that of other pictures than those that begin with "
                f"{next(iter(block.locations))} now; name the same inputs in the same order, or {_HINT_ANEW}"
            )
        return digest is not None

    def check_end(self, count: int) -> None:
        """Check that no block is there after so many.

        Raises:
            LeNetError: if one is.
        """
        self._list_folder(count // _BLOCKS_IN_FOLDER)
        if after := [number for number in self._digests if number >= count]:
            raise LeNetError(
                f"{self.folder}: block {min(after):,} is there, and the inputs make {count:,} blocks now; name the "
                f"same inputs in the same order, or {_HINT_ANEW}"
            )

    def write(self, block: Block, rows: Sequence[Row]) -> None:
        """Write the answers of a block, in place of those that are there, and forget the attempts at it."""
        from pyarrow import BufferOutputStream, Table
        from pyarrow.parquet import write_table

        from lenet.reading.tables.parquet_table import answer_schema

        content = BufferOutputStream()
        write_table(Table.from_pylist(rows, answer_schema(READING_COLUMNS)), content)
        name = f"block-{block.number:08}-{block.digest}.parquet"
        (self._part_folder(block.number // _BLOCKS_IN_FOLDER) / name).write(content.getvalue().to_pybytes())
        self.forget_attempts(block)

    def count_attempt(self, block: Block) -> int:
        """Note that the block is being read, and say the how manieth time it is."""
        place = self._attempts(block)
        before = place.read() or b"0"
        number = (int(before) if before.isdigit() else 0) + 1
        place.write(b"%d" % number)
        return number

    def forget_attempts(self, block: Block) -> None:
        """Note that the block is not being read any more."""
        self._attempts(block).remove()

    def finish(self) -> None:
        """Take away what was of use only while blocks were in work."""
        (self.folder / _ATTEMPTS).remove_folder()

    def _attempts(self, block: Block) -> Location:
        return self.folder / _ATTEMPTS / f"{block.number:08}"

    def _part_folder(self, number: int) -> Location:
        return self.folder / f"{number:05}"

    def _list_folder(self, part: int) -> None:
        if part == self._part:
            return
        names = map(_NAME.fullmatch, self._part_folder(part).names())
        self._part, self._digests = part, {int(match[1]): match[2] for match in names if match}
