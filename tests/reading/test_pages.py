"""Files of several pages: all of them where they are asked for, and a remark where one was."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.errors import DataError
from lenet.reading import Reader, Settings
from lenet.reading.results import FIRST_PAGE_REMARK

EXAMPLES = Path(__file__).parents[2] / "examples/digits"


def gray(name: str) -> Image.Image:
    return Image.open(EXAMPLES / f"{name}.png").convert("L")


@pytest.fixture(params=["tif", "pdf"])
def scan(request, tmp_path: Path) -> Path:
    """Three pages: 2, 1998, and one that is blank."""
    if request.param == "pdf":
        pytest.importorskip("pypdfium2")
    path = tmp_path / f"scan.{request.param}"
    gray("two").save(path, save_all=True, append_images=[gray("year"), Image.new("L", (200, 200), 255)])
    return path


def test_all_pages_are_read_where_they_are_asked_for(scan: Path):
    readings = lenet.read_pages(scan)
    assert [reading.text for reading in readings] == ["2", "1998", ""]
    assert [reading.name for reading in readings] == [f"{scan}, page {number}" for number in (1, 2, 3)]
    assert [FIRST_PAGE_REMARK in reading.remark for reading in readings] == [False] * 3
    assert [reading.text for reading in lenet.read_pages(scan.read_bytes())] == ["2", "1998", ""]


def test_the_first_page_is_read_where_one_is_and_says_that_there_are_more(scan: Path):
    for reading in (lenet.read(scan), lenet.read([scan])[0], Reader().read(scan), lenet.read([scan], workers=2)[0]):
        assert (reading.text, reading.remark) == ("2", FIRST_PAGE_REMARK)


def test_of_files_in_a_list_the_first_pages_are_read_whatever_follows_them(tmp_path: Path):
    gray("two").save(tmp_path / "bad.tif", save_all=True, append_images=[Image.new("L", (1, 1), 255)])
    alone, [in_list] = lenet.read(tmp_path / "bad.tif"), lenet.read([tmp_path / "bad.tif"])
    assert in_list.text == alone.text == "2"
    assert in_list.remark == alone.remark
    with pytest.raises(DataError, match="page 2"):
        lenet.read_pages(tmp_path / "bad.tif")


def test_a_first_page_without_digits_says_both(tmp_path: Path):
    blank = Image.new("L", (200, 200), 255)
    blank.save(tmp_path / "scan.tif", save_all=True, append_images=[gray("year")])
    for reading in (lenet.read(tmp_path / "scan.tif"), lenet.read([tmp_path / "scan.tif"])[0]):
        assert reading.remark.startswith("no digits found")
        assert reading.remark.endswith(f"; {FIRST_PAGE_REMARK}")


def test_any_other_picture_is_one_page_without_a_remark(tmp_path: Path):
    gray("seven").save(tmp_path / "one.tif")
    gray("seven").save(tmp_path / "moving.gif", save_all=True, append_images=[gray("two")])
    for source in (EXAMPLES / "seven.png", tmp_path / "one.tif", tmp_path / "moving.gif", np.asarray(gray("seven"))):
        [page] = lenet.read_pages(source)
        assert (page.text, page.remark) == (lenet.read(source).text, "") == ("7", "")


def test_pages_are_read_with_the_settings(scan: Path):
    assert [reading.text for reading in lenet.read_pages(scan, Settings(length=4))] == ["", "1998", ""]
    first, *_ = lenet.read_pages(scan, Settings(keep_steps=True))
    assert first.steps is not None


def test_a_damaged_page_is_named(tmp_path: Path):
    file = io.BytesIO()
    gray("two").save(file, "tiff", save_all=True, append_images=[gray("year")])
    (tmp_path / "scan.tif").write_bytes(file.getvalue()[: len(file.getvalue()) - 9000])
    with pytest.raises(DataError, match=r"scan\.tif"):
        lenet.read_pages(tmp_path / "scan.tif")
