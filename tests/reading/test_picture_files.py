"""Which picture files are meant, in which order, and that no list of them is needed."""

import io
import os
import sys
import tracemalloc
from itertools import chain, islice
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.cli import main
from lenet.errors import DataError, ReadingError
from lenet.reading.batch import picture_files
from lenet.reading.batch.picture_files import PictureFiles, Shard


def files_in(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


NAMES = (
    "b.png",
    "a.png",
    "a/z.png",
    "a/b/c.png",
    "a-b/1.png",
    "a.b/1.png",
    "B.png",
    "c.PNG",
    "é.png",
    "ｚ.png",
    "10.png",
)


@pytest.mark.parametrize("at_once", [1, 2, 3, 4096])
def test_files_come_as_a_sorted_list_of_their_paths_has_them_however_many_names_are_held(
    tmp_path: Path, at_once: int, monkeypatch
):
    monkeypatch.setattr(picture_files, "_NAMES_AT_ONCE", at_once)
    files_in(tmp_path, *NAMES)
    assert list(PictureFiles([str(tmp_path)], recursive=True)) == sorted(tmp_path / name for name in NAMES)
    assert list(PictureFiles([f"{tmp_path}/**/*.png"])) == sorted(
        tmp_path / name for name in NAMES if name.endswith(".png")
    )
    assert list(PictureFiles([f"{tmp_path}/*/*.png"])) == sorted(
        tmp_path / name for name in NAMES if name.count("/") == 1
    )


def test_only_so_many_names_of_a_folder_are_in_memory(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(picture_files, "_NAMES_AT_ONCE", 100)
    peaks = []
    for count in (200, 3000):
        folder = tmp_path / str(count)
        folder.mkdir()
        for number in range(count):
            (folder / f"{number:05}.png").touch()
        tracemalloc.start()
        assert sum(1 for _ in PictureFiles([str(folder)])) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 20_000


@settings(deadline=None)  # the machine may be busy
@given(st.integers(1, 12), st.integers(0, 40))
def test_the_shards_of_files_are_all_of_them_each_once(count: int, number: int):
    files = [Path(f"{index}.png") for index in range(number)]
    shards = [list(Shard(index, count).of(files)) for index in range(1, count + 1)]
    assert sorted(chain(*shards), key=files.index) == files
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "-1/3", "1/0", "1/3/5", "one/three", "١/٣"])
def test_what_is_no_shard_is_one_sentence(text: str):
    with pytest.raises(ReadingError, match="expected I/N with I of 1 to N"):
        Shard.parse(text)


def test_a_list_names_files_as_they_are_and_never_folders_or_globs(tmp_path: Path):
    names = ["a b.png", "*.png", "[1].png", "ü.png", " x.png", str(tmp_path)]
    (tmp_path / "list").write_bytes("\ufeff".encode() + "\r\n".join([*names, "", "last.png"]).encode())
    result = PictureFiles([], files_from=str(tmp_path / "list"))
    assert list(result) == [Path(name) for name in [*names, "last.png"]]
    assert (result.is_many, result.count(), result.problems) == (True, 7, [])
    (tmp_path / "list").write_bytes(b"\xff.png\n")
    assert [os.fsencode(path) for path in result] == [b"\xff.png"]


def test_an_empty_list_of_files_is_reported(tmp_path: Path, capsys):
    (tmp_path / "list").write_text("\n\n")
    assert main(["read", "--files-from", str(tmp_path / "list")]) == 0
    assert capsys.readouterr().err == "lenet: no file is named: nothing was read\n"


def test_a_shard_without_files_is_reported_as_that(tmp_path: Path, capsys):
    (tmp_path / "list").write_text("one.png\n")
    assert main(["read", "--files-from", str(tmp_path / "list"), "--shard", "2/2"]) == 0
    assert capsys.readouterr().err == "lenet: no file is in shard 2/2: nothing was read\n"


def test_a_list_that_is_no_text_is_one_sentence(tmp_path: Path, capsys):
    (tmp_path / "list").write_bytes(b"one.png\0two.png\0")  # as find -print0 writes it
    assert main(["read", "--files-from", str(tmp_path / "list")]) == 1
    output = capsys.readouterr().err
    assert output == (
        f"lenet: {tmp_path}/list, line 1: a null byte, which no name of a file holds; "
        "expected a text with a name on each line\n"
    )


def test_a_list_that_is_not_there_is_told_before_anything_is_read(tmp_path: Path):
    with pytest.raises(DataError, match="missing: cannot be opened as a list of files"):
        PictureFiles([], files_from=str(tmp_path / "missing"))


def test_a_list_that_is_piped_in_is_taken_line_by_line(monkeypatch):
    class Pipe(io.RawIOBase):
        taken = 0

        def readable(self) -> bool:
            return True

        def readline(self, size: int | None = -1) -> bytes:
            Pipe.taken += 1
            return f"{Pipe.taken}.png\n".encode()

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Pipe(), isatty=lambda: False))
    result = PictureFiles([], files_from="-")
    assert result.count() is None
    assert list(islice(result, 3)) == [Path("1.png"), Path("2.png"), Path("3.png")]
    assert Pipe.taken == 3


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may look into every folder")
def test_a_folder_that_cannot_be_looked_into_is_told_and_the_others_are_read(tmp_path: Path):
    files_in(tmp_path, "a/1.png", "b/1.png", "c.png")
    (tmp_path / "a").chmod(0)
    result = PictureFiles([str(tmp_path)], recursive=True)
    assert [path.name for path in result] == ["1.png", "c.png"]
    assert [str(problem) for problem in result.problems] == [f"{tmp_path / 'a'}: permission denied"]


def test_problems_are_told_once_however_often_the_files_are_iterated_over(tmp_path: Path):
    result = PictureFiles([str(tmp_path / "none*.png"), "x.png"])
    for _ in range(3):
        assert list(result) == [Path("x.png")]
        assert [str(problem) for problem in result.problems] == [f"{tmp_path}/none*.png: no file matches"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_in_a_folder_are_no_pictures_and_links_to_nothing_are_told(tmp_path: Path):
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "b.png").symlink_to("nothing.png")
    (tmp_path / "c.png").mkdir()
    assert list(PictureFiles([str(tmp_path)])) == [tmp_path / "b.png"]
