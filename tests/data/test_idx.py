"""IDX files: writing and reading are inverse; damaged files are refused with the reason."""

import gzip
import re
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lenet.data.idx import parse_idx, read_idx, write_idx
from lenet.errors import DataError

TYPES = st.sampled_from([np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64])


def write(path, *, magic=(0, 0, 8, 3), shape=(2, 3, 4), payload=24):
    path.write_bytes(bytes(magic) + struct.pack(f">{len(shape)}I", *shape) + bytes(payload))
    return path


@given(
    array=TYPES.flatmap(lambda kind: arrays.arrays(kind, arrays.array_shapes(max_dims=4))),
    end=st.sampled_from(["", ".gz"]),
)
def test_writing_then_reading_is_the_identity(array, end, tmp_path_factory):
    path = tmp_path_factory.mktemp("idx") / f"file{end}"

    write_idx(path, array)
    read = read_idx(path)

    assert (read.dtype, read.shape) == (array.dtype, array.shape)
    assert read.tobytes() == array.tobytes()
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_the_bytes_are_those_of_the_format(tmp_path):
    write_idx(tmp_path / "file", np.array([[1, 2], [3, -4]], np.int16))

    assert (tmp_path / "file").read_bytes().hex() == "00000b02" + "00000002" * 2 + "000100020003fffc"


def test_compression_is_known_by_the_content_and_not_by_the_name(tmp_path):
    (tmp_path / "plain").write_bytes(gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 7]), mtime=0))

    assert read_idx(tmp_path / "plain").tolist() == [5, 7]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"payload": 23}, "only 23 bytes after the header, expected 24 for 2×3×4; it is truncated"),
        ({"payload": 25}, "more bytes after the header, expected 24 for 2×3×4; it is oversized"),
        ({"magic": b"PK\3\4"}, "magic number is 504b0304, expected an IDX file of type uint8 and 3 dimensions"),
        ({"magic": (0, 0, 7, 3)}, "magic number is 00000703"),
        ({"magic": (0, 0, 13, 3)}, "holds numbers of type float32, expected an IDX file of type uint8"),
        ({"magic": (0, 0, 8, 1), "shape": (24,)}, "has 1 dimensions, expected an IDX file of type uint8 and 3"),
        ({"shape": (2, 3), "payload": 0}, "ends within its header of 16 bytes"),
        ({"shape": (2**32 - 1,) * 3}, "it is truncated"),
    ],
)
def test_a_wrong_file_is_named_with_what_was_found_and_expected(options, message, tmp_path):
    path = write(tmp_path / "train-images", **options)

    with pytest.raises(DataError, match=f"train-images: .*{re.escape(message)}"):
        read_idx(path, rank=3, dtype=np.uint8)


@pytest.mark.parametrize("content", [b"", b"\0\0", b"\x1f\x8b", gzip.compress(bytes(2000), mtime=0)[:20]])
def test_a_file_cut_off_anywhere_is_named(content, tmp_path):
    (tmp_path / "labels").write_bytes(content)

    with pytest.raises(DataError, match="labels: "):
        read_idx(tmp_path / "labels")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(DataError, match="nothing: cannot be read as an IDX file: no such file"):
        read_idx(tmp_path / "nothing")
    with pytest.raises(DataError, match="is a directory"):
        read_idx(tmp_path)


def test_parsing_gives_a_view_and_checks_the_size():
    content = np.array([0, 0, 8, 1, 0, 0, 0, 2, 5, 7], np.uint8)

    assert np.shares_memory(parse_idx(content, "x"), content)
    with pytest.raises(DataError, match="x: holds 1 bytes after the header, expected 2"):
        parse_idx(content[:-1], "x")


def test_a_type_that_idx_lacks_is_refused(tmp_path):
    with pytest.raises(TypeError, match="not int64"):
        write_idx(tmp_path / "file", np.zeros(3, np.int64))
    assert not list(tmp_path.iterdir())
