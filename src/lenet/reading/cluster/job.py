"""Distributed reading on a Ray cluster: blocks are handed to workers, wave after wave, until none is missing."""

import logging
import os
import pickle
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from lenet.errors import LeNetError, ReadingError, check_switches
from lenet.reading.batch.files import record_of
from lenet.reading.batch.pages import Settings, workers_for
from lenet.reading.cluster.block_files import BlockFiles
from lenet.reading.cluster.block_reader import BlockOutcome, BlockReader, Task
from lenet.reading.cluster.blocks import PICTURES_PER_BLOCK, Block, blocks_of
from lenet.reading.cluster.inputs import PictureLocations
from lenet.reading.cluster.locations import Location
from lenet.reading.cluster.ray_connection import LOCAL, check_installed, connected
from lenet.reading.tables.formatting import ReadingFormatter

BLOCKS_IN_WAVE = 64  # of each worker, handed to Ray at once: more cost memory, fewer leave workers idle more often


def read_on_cluster(
    files: str | Path | Sequence[str | Path],
    folder: str | Path,
    settings: Settings | None = None,
    *,
    ray: str = LOCAL,
    resume: bool = False,
    files_from: str | Path | None = None,
    shard: str | None = None,
    recursive: bool = False,
    lines: bool = False,
    workers: int | None = None,
    block: int = PICTURES_PER_BLOCK,
) -> Generator[BlockOutcome, None, None]:
    """Read picture files by the workers of a Ray cluster, as ``lenet read FILES FOLDER --ray`` does.

    The inputs are cut into numbered blocks; each becomes one Parquet file in `folder`, written whole under its number.
    So there is one row for each picture (page, line), whatever dies meanwhile.

    Args:
        files: pictures, folders, globs, Parquet files with a column of pictures' bytes, and URIs of object stores.
        folder: for the output, or its URI. All machines must see it, and the files, under the same name.
        settings: how to read.
        ray: ``HOST:PORT`` of a cluster; ``"auto"`` for one that this machine is part of; ``"local"`` starts one here.
        resume: whether to keep the blocks that exist, and read the missing ones.
        files_from, shard, recursive, lines: as `read_files` takes them.
        workers: how many processes read at most, by default as many as the cluster has cores.
        block: how many pictures there are in a block at most.

    Yields:
        The outcome of each block, when it is written; blocks that existed before are left out.

    Raises:
        DataError: if an input names no file; raised when all others are read.
        LeNetError: if the cluster cannot be reached, the folder holds another reading, or a block cannot be written.
        ReadingError, WeightsError, EngineError, MissingExtra: if the settings cannot be met.
    """
    check_installed()
    check_switches(ReadingError, resume=resume, recursive=recursive, lines=lines)
    workers_for(None, workers)  # says what is wrong with them
    locations = PictureLocations(files, recursive=recursive, files_from=files_from, shard=shard)
    settings = settings or Settings()
    recognizer = settings.recognizer()
    formatter = ReadingFormatter(recognizer.min_probability, is_named=True, by_line=lines)
    task = Task(
        replace(settings, model=recognizer.model),
        formatter,
        _absolute(Location.parse(str(folder))),
        os.getcwd(),  # noqa: PTH109 - a text, for other machines
    )
    record = record_of(settings, formatter, locations.shard) | {"block": block}
    return _read(locations, blocks_of(locations, block), task, record, resume, ray, workers)


def missing_blocks(blocks: Iterable[Block], files: BlockFiles) -> Iterator[Block]:
    """Yield the blocks whose answers do not exist yet.

    Raises:
        LeNetError: if there are answers of other blocks.
    """
    count = 0
    for block in blocks:
        count += 1
        if not files.holds(block):
            yield block
    files.check_end(count)


def _read(
    locations: PictureLocations,
    blocks: Iterator[Block],
    task: Task,
    record: dict[str, Any],
    is_resumed: bool,
    address: str,
    workers: int | None,
) -> Generator[BlockOutcome, None, None]:
    files, problems = BlockFiles(task.folder), list[str]()
    try:
        first = next(blocks, None)
        if first is not None:
            files.check(record, is_resumed)
            missing = missing_blocks(chain([first], blocks), files)
            if (first := next(missing, None)) is not None:  # else no cluster is needed
                with connected(address, workers) as cores:
                    files.begin(record, is_resumed)
                    for outcome in _outcomes(chain([first], missing), task, workers or cores):
                        if outcome.problem:
                            problems.append(outcome.problem)
                        yield outcome
            if not problems:
                files.finish()
    except OSError as error:
        raise LeNetError(f"{task.folder}: {' '.join((error.strerror or str(error)).split())}") from None
    if problems:
        others = f"; so were {len(problems) - 1:,} other blocks" if len(problems) > 1 else ""
        raise LeNetError(f"a block was not written: {problems[0]}{others}")
    if locations.problems:
        raise locations.problems[0]


def _outcomes(blocks: Iterator[Block], task: Task, workers: int) -> Iterator[BlockOutcome]:
    """Read blocks on Ray; yields outcomes in the order of completion."""
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.execution_no_progress_timeout_s = -1  # a block of many pages takes as long as it takes
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    pool = ray.data.ActorPoolStrategy(min_size=1, max_size=workers, initial_size=workers)
    while wave := list(islice(blocks, BLOCKS_IN_WAVE * workers)):
        tasks = ray.data.from_items([{"block": pickle.dumps(block)} for block in wave], override_num_blocks=len(wave))
        outcomes = tasks.map_batches(
            _RayWorker, fn_constructor_args=(task,), batch_size=1, batch_format="pyarrow", num_cpus=1, compute=pool
        )
        for row in outcomes.iter_rows():
            yield pickle.loads(row["outcome"])


class _RayWorker:
    """An actor of Ray Data that reads blocks: takes a batch of one pickled block, returns its pickled outcome."""

    def __init__(self, task: Task) -> None:
        self._reader = BlockReader(task)

    def __call__(self, batch: Any) -> dict[str, list[bytes]]:
        [content] = batch["block"].to_pylist()
        return {"outcome": [pickle.dumps(self._reader.read(pickle.loads(content)))]}


def _absolute(folder: Location) -> Location:
    return folder if folder.store else Location("", os.path.abspath(folder.path))  # noqa: PTH100 - it may not be there
