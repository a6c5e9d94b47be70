"""A block is read into one file under its name, as often as it takes, and no other process's end is its own."""

import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

import lenet
from lenet.errors import LeNetError
from lenet.reading import Settings
from lenet.reading.cluster.block_files import SETTINGS_FILE, BlockFiles
from lenet.reading.cluster.block_reader import MAX_ATTEMPTS, BlockReader, Task
from lenet.reading.cluster.blocks import Block, blocks_of
from lenet.reading.cluster.inputs import PictureLocations
from lenet.reading.cluster.job import missing_blocks
from lenet.reading.cluster.locations import Location
from lenet.reading.tables.formatting import ReadingFormatter
from tests.processes import wait_until

pytest.importorskip("pyarrow")
EXAMPLES = Path(__file__).parents[3] / "examples/digits"


@pytest.fixture
def folder(tmp_path):
    """Pictures, one that is none, and one of two pages."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("pi.png", "seven.png", "two.png"):
        (folder / name).write_bytes((EXAMPLES / name).read_bytes())
    (folder / "none.png").write_text("no picture")
    first, second = (Image.open(EXAMPLES / name).convert("L") for name in ("two.png", "seven.png"))
    first.save(folder / "pages.tif", save_all=True, append_images=[second])
    return folder


@pytest.fixture
def files(tmp_path):
    return BlockFiles(Location("", str(tmp_path / "out")))


def task_of(files, **more):
    settings = Settings()
    formatter = ReadingFormatter(settings.recognizer().min_probability, is_named=True)
    return Task(settings, formatter, files.folder, os.getcwd(), **more)  # noqa: PTH109


def block_of(folder):
    [block] = blocks_of(PictureLocations([str(folder)]))
    return block


def rows_in(files):
    from pyarrow.dataset import dataset

    return dataset(files.folder.path, format="parquet").to_table().to_pylist()


def test_the_rows_are_those_of_one_machine(folder, files, tmp_path):
    from pyarrow.parquet import read_table

    outcome = BlockReader(task_of(files)).read(block_of(folder))
    for _ in lenet.read_files(folder, parquet=tmp_path / "one.parquet", workers=1):
        pass
    table = read_table(tmp_path / "one.parquet")
    assert rows_in(files) == table.to_pylist()
    [path] = Path(files.folder.path).glob("00000/*.parquet")
    assert read_table(path).schema == table.schema
    assert (outcome.pictures, outcome.failed, outcome.rows, outcome.problem) == (5, 1, 6, "")


def test_a_block_that_is_read_twice_is_there_once(folder, files):
    reader, block = BlockReader(task_of(files)), block_of(folder)
    reader.read(block)
    rows = rows_in(files)
    BlockReader(task_of(files)).read(block)
    assert rows_in(files) == rows
    assert len(list(Path(files.folder.path).glob("*/*.parquet"))) == 1


def test_a_second_attempt_finds_the_same_rows(folder, files):
    block = block_of(folder)
    BlockReader(task_of(files)).read(block)
    rows = rows_in(files)
    assert files.count_attempt(block) == 1  # by a worker that has ended since
    assert not BlockReader(task_of(files)).read(block).problem
    assert rows_in(files) == rows
    assert files.count_attempt(block) == 1  # what was written is forgotten


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_at_a_second_attempt_a_picture_that_ends_its_process_gets_a_row_and_the_others_are_read(folder, files):
    (folder / "none.png").unlink()
    for number in range(60):
        (folder / f"x{number}.png").hardlink_to(folder / "pi.png")
    block = block_of(folder)
    files.count_attempt(block)

    def kill_one():
        wait_until(multiprocessing.active_children)
        with suppress(ProcessLookupError, IndexError):
            os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    outcome = BlockReader(task_of(files)).read(block)
    killer.join()
    rows = rows_in(files)
    assert len(rows) in (64, 65)  # the file of two pages may be the one
    assert sum("ended the process that was reading it" in row["remark"] for row in rows) == 1
    assert outcome.failed == 1


def test_a_block_that_ends_every_worker_is_given_up_and_tried_again_when_it_is_resumed(folder, files):
    block = block_of(folder)
    for _ in range(MAX_ATTEMPTS):
        files.count_attempt(block)
    reader = BlockReader(task_of(files))
    assert f"ended each of the {MAX_ATTEMPTS} workers" in reader.read(block).problem
    assert not reader.read(block).problem


def test_workers_with_another_lenet_or_without_the_folder_do_nothing(folder, files):
    other = BlockReader(task_of(files, version="0.0.1")).read(block_of(folder))
    assert "and the driver 0.0.1; install the same everywhere" in other.problem
    task = task_of(files)
    nowhere = BlockReader(Task(task.settings, task.formatter, task.folder, "/nowhere")).read(block_of(folder))
    assert nowhere.problem.startswith("/nowhere: a worker cannot go there (no such file or directory)")
    assert not files.folder.names()


@pytest.mark.parametrize("top", ["", "file://"])
def test_a_reading_goes_on_with_the_blocks_that_are_missing(tmp_path, top):
    files = BlockFiles(Location.parse(f"{top}{tmp_path}/out"))
    blocks = [Block(number, "", (f"{number}.png",)) for number in (0, 1, 2, 999, 1000, 1001, 2000)]
    files.begin({"lines": False}, is_resumed=False)
    for block in blocks[::2]:
        files.write(block, [{"file": "a", "page": 1}])
    files.begin({"lines": False}, is_resumed=True)
    assert list(missing_blocks(blocks[:-1], BlockFiles(files.folder))) == blocks[1:-1:2]


def test_a_reading_of_others_is_never_gone_on_with(tmp_path, files):
    blocks = [Block(number, "", (f"{number}.png",)) for number in range(3)]
    files.begin({"lines": False}, is_resumed=True)
    for block in blocks:
        files.write(block, [{"file": "a", "page": 1}])
    with pytest.raises(LeNetError, match="holds answers already; resume goes on with them"):
        files.begin({"lines": False}, is_resumed=False)
    with pytest.raises(LeNetError, match="was begun with lines no, now yes; resume as it was begun"):
        files.begin({"lines": True}, is_resumed=True)
    with pytest.raises(LeNetError, match=r"block 1 is that of other pictures than those that begin with x\.png now"):
        list(missing_blocks([blocks[0], Block(1, "", ("x.png",))], BlockFiles(files.folder)))
    with pytest.raises(LeNetError, match="block 2 is there, and the inputs make 2 blocks now"):
        list(missing_blocks(blocks[:2], BlockFiles(files.folder)))
    (Path(files.folder.path) / SETTINGS_FILE).write_text("{")
    with pytest.raises(LeNetError, match="cannot be read"):
        files.begin({"lines": False}, is_resumed=True)


def test_a_folder_that_holds_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(LeNetError, match=r"holds thesis\.tex, and no answers of blocks; name a new folder"):
        BlockFiles(Location("", str(tmp_path))).begin({}, is_resumed=True)
