"""The handwriting fonts: verified, kept in the cache, and in three splits that share none."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont

from lab.synthesis import fonts as module
from lab.synthesis.fonts import HandwritingFont, load_handwriting_fonts
from lenet.errors import DataError


class Answer:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def raise_for_status(self) -> None:
        pass


def package(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo(f"package/files/{name}")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def test_each_font_is_in_one_split_and_each_split_has_fonts():
    names = [font.name for font in module._load_table()]
    assert len(names) == len(set(names))
    assert {font.split for font in module._load_table()} == set(module.SPLITS)


def test_fonts_of_several_splits_come_in_the_order_of_the_table(monkeypatch):
    monkeypatch.setattr(module, "_is_whole", lambda path, font: True)
    both = [font.name for font in load_handwriting_fonts("validation", "training")]
    assert both == [font.name for font in module._load_table() if font.split != "test"]
    assert both[::8] == [font.name for font in load_handwriting_fonts("validation")]


def test_every_font_of_the_test_split_draws_all_digits():
    result = load_handwriting_fonts("test")
    assert result
    for font in result:
        opened = ImageFont.truetype(str(font.path), 40)
        sizes = {opened.getbbox(digit)[2:] for digit in "0123456789"}
        assert len(sizes) > 1, f"{font.name} draws one box for every digit"


def test_an_unknown_split_is_refused():
    with pytest.raises(DataError, match="no split 'all'"):
        load_handwriting_fonts("all")


def test_a_fetched_font_of_other_bytes_is_refused(tmp_path: Path, monkeypatch):
    font = module._load_table()[0]
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    monkeypatch.setattr("requests.get", lambda url, timeout: Answer(package(font.file, b"not the font")))
    with pytest.raises(DataError, match="another file than expected"):
        load_handwriting_fonts(font.split)
    assert not (tmp_path / "hands" / font.file).exists()


WHOLE = package("font", np.random.default_rng(0).bytes(30_000))


@pytest.mark.parametrize("content", [b"<html>503</html>", WHOLE[:20_000], WHOLE[:9_000] + bytes(99) + WHOLE[9_099:]])
def test_a_package_that_is_no_whole_archive_is_one_sentence(content: bytes, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    monkeypatch.setattr("requests.get", lambda url, timeout: Answer(content))
    with pytest.raises(DataError, match="cannot be downloaded from https://registry"):
        load_handwriting_fonts("test")


def test_offline_a_missing_font_is_one_sentence(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    monkeypatch.setenv("LENET_OFFLINE", "1")
    with pytest.raises(DataError, match="LENET_OFFLINE forbids"):
        load_handwriting_fonts("test")


def test_a_damaged_font_in_the_cache_is_fetched_again(tmp_path: Path, monkeypatch):
    whole = load_handwriting_fonts("test")
    content = {font.path.name: font.path.read_bytes() for font in whole}
    (tmp_path / "hands").mkdir()
    for name, data in content.items():
        (tmp_path / "hands" / name).write_bytes(data)
    damaged = tmp_path / "hands" / whole[0].path.name
    damaged.write_bytes(b"half")
    asked: list[str] = []

    def answer(url: str, timeout: float) -> Answer:
        asked.append(url)
        return Answer(package(damaged.name, content[damaged.name]))

    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    monkeypatch.setattr("requests.get", answer)
    assert HandwritingFont(whole[0].name, damaged) in load_handwriting_fonts("test")
    assert len(asked) == 1
    assert damaged.read_bytes() == content[damaged.name]


def test_the_test_split_is_still_found_by_its_former_name(monkeypatch):
    monkeypatch.setattr(module, "_is_whole", lambda path, font: True)
    assert load_handwriting_fonts("kept apart") == load_handwriting_fonts("test")
    assert load_handwriting_fonts("test") != load_handwriting_fonts("training")
