"""Partition of inputs into blocks: the same inputs make the same blocks, and each picture is in one of them."""

import itertools

import pytest

from lenet.errors import DataError, ReadingError
from lenet.reading.cluster.blocks import Block, blocks_of
from lenet.reading.cluster.inputs import PictureLocations
from lenet.reading.cluster.locations import Location
from lenet.reading.cluster.pictures import pictures_of

pyarrow = pytest.importorskip("pyarrow")
PNG = b"\x89PNG\r\n\x1a\n"


def write_table(path, columns, rows_in_group=4):
    from pyarrow import parquet

    parquet.write_table(pyarrow.table(columns), path, row_group_size=rows_in_group)
    return path


def partition(inputs, pictures=3):
    return list(blocks_of(PictureLocations([str(one) for one in inputs]), pictures))


@pytest.mark.parametrize("pictures", [1, 2, 3, 7, 100])
def test_each_file_is_in_one_block_in_its_order_whatever_the_size_of_blocks(tmp_path, pictures):
    paths = [tmp_path / f"{number}.png" for number in range(7)]
    for path in paths:
        path.touch()
    blocks = partition([tmp_path], pictures)
    assert [path for block in blocks for path in block.paths] == [str(path) for path in paths]
    assert [block.number for block in blocks] == list(range(len(blocks)))
    assert all(block.pictures <= pictures for block in blocks)
    assert blocks == partition([tmp_path], pictures)


def test_blocks_below_one_picture_are_refused():
    with pytest.raises(ReadingError, match="block is 0, expected at least 1"):
        next(blocks_of([], 0))


def test_digests_tell_names_rows_and_their_order_apart_and_leave_credentials_out():
    blocks = [
        Block(0, "", ("a", "b")),
        Block(0, "", ("b", "a")),
        Block(0, "", ("ab",)),
        Block(0, "", ("a",), (0, 1)),
        Block(0, "", ("a",), (0, 2)),
        Block(0, "s3://x/", ("a", "b")),
    ]
    assert len({block.digest for block in blocks}) == len(blocks)
    assert Block(0, "s3://key:secret@x/?region=eu", ("a", "b")).digest == blocks[-1].digest
    assert Block(0, "", ("a\udcff",)).digest  # a lone surrogate, which UTF-8 cannot encode


def test_shards_have_each_file_once(tmp_path):
    from lenet.reading.batch.picture_files import Shard

    for number in range(7):
        (tmp_path / f"{number}.png").touch()
    shards = [PictureLocations([str(tmp_path)], shard=Shard(number, 3)) for number in (1, 2, 3)]
    assert sorted(map(str, itertools.chain(*shards))) == sorted(map(str, PictureLocations([str(tmp_path)])))


# --- Parquet files of pictures ---------------------------------------------------------------------------------------


def test_rows_of_parquet_files_are_cut_across_their_row_groups(tmp_path):
    contents = [PNG + bytes([number]) for number in range(10)]
    table = write_table(tmp_path / "scans.parquet", {"image": contents, "label": list(range(10))})
    (tmp_path / "a.png").touch()
    blocks = partition([tmp_path])
    assert [block.rows for block in blocks] == [None, (0, 3), (3, 6), (6, 9), (9, 10)]
    named = [one for block in blocks[1:] for one in pictures_of(block)]
    assert named == [(f"{table}#{number}", content) for number, content in enumerate(contents)]


@pytest.mark.parametrize(
    "columns",
    [
        {"key": ["x", "y"], "jpg": [PNG, PNG]},
        {"image": [{"bytes": PNG, "path": "x"}, {"bytes": PNG, "path": "y"}]},
        {"image": [PNG, PNG], "id": ["x", "y"], "remark": ["", ""]},
    ],
)
def test_rows_have_the_names_that_their_table_gives_them(tmp_path, columns):
    [block] = partition([write_table(tmp_path / "scans.parquet", columns)])
    assert list(pictures_of(block)) == [("x", PNG), ("y", PNG)]


def test_a_row_that_is_numbered_0_by_its_table_has_that_name_too(tmp_path):
    [block] = partition([write_table(tmp_path / "scans.parquet", {"image": [PNG, PNG], "id": [0, 1]})])
    assert list(pictures_of(block)) == [("0", PNG), ("1", PNG)]


def test_a_row_without_a_picture_says_so(tmp_path):
    [block] = partition([write_table(tmp_path / "scans.parquet", {"image": [PNG, None]})])
    first, (name, error) = pictures_of(block)
    assert first[1] == PNG
    assert str(error) == f"{name}: no picture in this row"


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"label": [1, 2]}, "none of label does"),
        ({"left": [PNG, PNG], "right": [PNG, PNG]}, "left, right do"),
    ],
)
def test_each_row_of_a_table_whose_pictures_are_not_known_says_why(tmp_path, columns, why):
    table = write_table(tmp_path / "scans.parquet", columns)
    [block] = partition([table])
    named = list(pictures_of(block))
    assert [name for name, _ in named] == [f"{table}#0", f"{table}#1"]
    assert all(isinstance(error, DataError) and why in str(error) for _, error in named)


def test_a_damaged_table_is_one_picture_that_says_so(tmp_path):
    table = tmp_path / "scans.parquet"
    table.write_bytes(b"PAR1 and no more")
    [block] = partition([table])
    [(name, error)] = pictures_of(block)
    assert block.pictures == 1
    assert name == str(table)
    assert "not a readable Parquet file" in str(error)


# --- object stores ---------------------------------------------------------------------------------------------------


def test_uris_name_files_and_folders_in_the_order_of_names(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in ("b.png", "a b.jpg", "c.txt", "deep/d.png"):
        (tmp_path / name).write_bytes(PNG)
    uri = tmp_path.as_uri()
    names = [f"{uri}/a b.jpg", f"{uri}/b.png"]
    assert list(map(str, PictureLocations([uri]))) == names
    assert list(map(str, PictureLocations([uri], recursive=True))) == [*names, f"{uri}/deep/d.png"]
    assert list(map(str, PictureLocations([f"{uri}/c.txt"]))) == [f"{uri}/c.txt"]
    [block] = partition([uri])
    assert list(pictures_of(block)) == [(name, PNG) for name in names]


def test_lists_name_paths_and_uris(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "list.txt").write_text(f"{tmp_path}/a.png\n{tmp_path.as_uri()}/a.png\n{tmp_path.as_uri()}/none.png\n")
    locations = PictureLocations([], files_from=str(tmp_path / "list.txt"))
    blocks = list(blocks_of(locations))
    assert [block.store for block in blocks] == ["", "file:///"]
    (_, content), (name, error) = pictures_of(blocks[1])
    assert content == PNG
    assert str(error) == f"{name}: no such file"


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("file:///nowhere/at/all", "no such file or folder"),
        ("gopher://x/y", r"gopher://x/: cannot be opened as a filesystem .*; expected s3://"),
        ("nowhere*", "no file matches"),
        ("-", "no other machine can read"),
    ],
)
def test_inputs_that_name_no_file_are_problems(location, why, monkeypatch):
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PNG)))
    locations = PictureLocations([location])
    assert list(locations) == []
    with pytest.raises(DataError, match=why):
        raise locations.problems[0]


def test_a_malformed_uri_is_a_problem_and_the_other_lines_of_its_list_are_read(tmp_path):
    with pytest.raises(DataError, match=r"^s3://\[x/a\.png: is no URI \(Invalid IPv6 URL\)$"):
        PictureLocations("s3://[x/a.png")
    (tmp_path / "list.txt").write_text(f"s3://[x/a.png\n{tmp_path}/a.png\n")
    locations = PictureLocations([], files_from=tmp_path / "list.txt")
    assert list(map(str, locations)) == [f"{tmp_path}/a.png"]
    assert list(map(str, locations.problems)) == ["s3://[x/a.png: is no URI (Invalid IPv6 URL)"]


def test_what_is_shown_of_a_location_holds_no_credentials():
    assert str(Location.parse("s3://key:secret@bucket/a%20b.png?endpoint_override=x")) == "s3://bucket/a b.png"
