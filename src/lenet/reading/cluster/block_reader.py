"""The worker of a cluster: reads the pictures of a block and writes their rows."""

import os
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import lenet
from lenet.errors import DataError, LeNetError, reason_of
from lenet.reading.batch.files import answers_of
from lenet.reading.batch.pages import Page, Settings, make_page_reader, read_all
from lenet.reading.batch.worker_pool import made_for_one_core
from lenet.reading.cluster.block_files import BlockFiles
from lenet.reading.cluster.blocks import Block
from lenet.reading.cluster.locations import Location
from lenet.reading.cluster.pictures import NamedPicture, pictures_of
from lenet.reading.tables.formatting import ReadingFormatter, Row

MAX_ATTEMPTS = 5
_ISOLATED_PROCESSES = 2


@dataclass(frozen=True)
class BlockOutcome:
    """Result of a block.

    Attributes:
        number: of the block, from 0.
        pictures: how many there are in it.
        failed: how many of them, or of their pages, could not be read; their rows say why.
        rows: how many were written.
        seconds, processor_seconds: that it took, and that its process worked meanwhile.
        problem: why it was not written; empty if it was.
    """

    number: int
    pictures: int
    failed: int = 0
    rows: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0
    problem: str = ""


@dataclass(frozen=True)
class Task:
    """Settings that all blocks of a reading share.

    Attributes:
        settings: how pictures are read, with the model itself.
        formatter: of the readings as rows and JSON.
        folder: that the blocks are written into.
        place: the folder that relative paths begin in.
        version: of lenet.
    """

    settings: Settings
    formatter: ReadingFormatter
    folder: Location
    place: str
    version: str = lenet.__version__


class BlockReader:
    """A reader of blocks that has one core to itself."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._files = BlockFiles(task.folder)
        self._problem = self._unfit()
        if not self._problem:
            self._pages_of = made_for_one_core(partial(make_page_reader, task.settings))

    def read(self, block: Block) -> BlockOutcome:
        """Read a block and write its rows, whole, under its name.

        What ended the process before is found at the next attempt, when processes of their own read the pictures: the
        one that ends its process gets a row that says so, and the others are read.
        """
        if self._problem:
            return BlockOutcome(block.number, block.pictures, problem=self._problem)
        began, worked = time.monotonic(), time.process_time()
        try:
            attempt = self._files.count_attempt(block)
            if attempt > MAX_ATTEMPTS:
                self._files.forget_attempts(block)
                why = f"block {block.number:,} ended each of the {MAX_ATTEMPTS} workers that read it"
                return BlockOutcome(block.number, block.pictures, problem=f"{why}; resume tries it again")
            rows, failed = self._read(pictures_of(block), is_isolated=attempt > 1)
            self._files.write(block, rows)
        except (LeNetError, OSError) as error:
            return BlockOutcome(block.number, block.pictures, problem=str(error))
        seconds = time.monotonic() - began, time.process_time() - worked
        return BlockOutcome(block.number, block.pictures, failed, len(rows), *seconds)

    def _read(self, pictures: Iterator[NamedPicture], is_isolated: bool) -> tuple[list[Row], int]:
        """The rows of pictures, read here or in processes of their own, and how many say that they could not be."""
        names: list[str] = []
        failures: dict[int, DataError] = {}

        def sources() -> Iterator[Path | bytes]:
            for name, source in pictures:
                if isinstance(source, DataError):
                    failures[len(names)] = source
                names.append(name)
                yield b"" if isinstance(source, DataError) else source

        rows: list[Row] = []
        failed = 0
        with closing(self._pages(sources(), is_isolated)) as pages:
            for page in pages:
                failure = failures.get(page.index)
                page = page if failure is None else Page(page.index, 1, True, failure)
                rows += answers_of(page, names[page.index], self._task.formatter)[0]
                failed += isinstance(page.result, DataError)
        return rows, failed

    def _pages(self, sources: Iterator[Path | bytes], is_isolated: bool) -> Generator[Page, None, None]:
        if is_isolated:
            yield from read_all(sources, self._task.settings, _ISOLATED_PROCESSES)
        else:
            yield from chain.from_iterable(map(self._pages_of, enumerate(sources)))

    def _unfit(self) -> str:
        """Why this machine cannot do the work of the driver's; empty if it can."""
        task = self._task
        if task.version != lenet.__version__:
            return f"a worker has lenet {lenet.__version__}, and the driver {task.version}; install the same everywhere"
        try:
            os.chdir(task.place)
        except OSError as error:
            why = reason_of(error)
            return f"{task.place}: a worker cannot go there ({why}); start where all machines have the same folder"
        return ""
