"""Opening pictures: every kind comes out upright RGB, every bad one is refused in one sentence."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet.errors import DataError
from lenet.reading.pictures import open_picture


def gray_page() -> np.ndarray:
    page = np.full((60, 40), 220, np.uint8)
    page[10:50, 18:22] = 30
    return page


def png_header_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return start + struct.pack(">I", 100) + b"IDAT" + bytes(100)


def refusal(source: object) -> str:
    with pytest.raises(DataError) as caught:
        open_picture(source)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def outcome(path: Path) -> str | None:
    """What is said against a picture, or None if it opens."""
    try:
        open_picture(path)
    except DataError as error:
        return str(error)
    return None


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16", "I", "F"])
def test_every_mode_of_picture_opens_alike(tmp_path: Path, mode: str):
    page = gray_page()
    deep = {"I;16": page.astype(np.uint16) * 257, "I": page.astype(np.int32), "F": page.astype(np.float32)}
    image = Image.fromarray(deep[mode]) if mode in deep else Image.fromarray(page).convert(mode)
    path = tmp_path / ("page.tiff" if mode in ("CMYK", "I", "F") else "page.png")
    image.save(path)
    colors = open_picture(path).colors
    assert colors.shape == (60, 40, 3)
    assert colors[30, 20].max() < 60
    assert colors[30, 5].min() > 190


def test_a_picture_is_turned_as_its_exif_says(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(gray_page()).save(tmp_path / "turned.jpg", exif=exif)
    picture = open_picture(tmp_path / "turned.jpg")
    assert picture.size == (40, 60)
    assert picture.colors.shape == (40, 60, 3)
    np.testing.assert_allclose(picture.colors[..., 0].astype(int), np.rot90(gray_page(), -1), atol=40)


@pytest.mark.parametrize("value", [0, 9, 255])
def test_an_invalid_orientation_is_ignored(tmp_path: Path, value: int):
    exif = Image.Exif()
    exif[0x0112] = value
    Image.fromarray(gray_page()).save(tmp_path / "odd.jpg", exif=exif)
    assert open_picture(tmp_path / "odd.jpg").size == (60, 40)


@pytest.mark.parametrize(("stroke", "paper"), [(0, 255), (255, 0)])
def test_transparent_paper_is_put_under_dark_and_under_light_strokes(stroke: int, paper: int):
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[10:30, 18:22] = (stroke, stroke, stroke, 255)
    colors = open_picture(pixels).colors
    assert (colors[20, 20] == stroke).all()
    assert (colors[5, 5] == paper).all()


def test_a_large_picture_is_reduced_and_its_size_remembered():
    picture = open_picture(np.full((4000, 3300), 255, np.uint8))
    assert picture.size == (4000, 3300)
    assert max(picture.colors.shape) == 2000


def test_arrays_of_bool_float_and_sixteen_bits_are_gray_levels():
    page = gray_page()
    for array in (page > 128, page / 255, page.astype(np.uint16) * 257):
        assert open_picture(array).colors[30, 20].max() < 60


def test_every_bad_file_is_named_with_what_is_wrong(tmp_path: Path):
    whole = tmp_path / "whole.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 60), np.uint8)).save(whole)
    bad = {
        "empty.png": (b"", "empty file"),
        "text.png": (b"this is no picture\n" * 20, "not a picture"),
        "truncated.png": (whole.read_bytes()[:1500], "damaged picture"),
        "huge.png": (png_header_claiming(20_000, 20_000), "million"),
        "large.png": (png_header_claiming(12_000, 10_000), "12,000×10,000 pixels"),
    }
    for name, (content, reason) in bad.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert reason in refusal(path)
        assert refusal(path).startswith(str(path))
    Image.new("L", (1, 1)).save(tmp_path / "dot.png")
    assert "1×1 pixels are too few" in refusal(tmp_path / "dot.png")
    assert "no such file" in refusal(tmp_path / "missing.png")
    assert "is a folder" in refusal(tmp_path)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 4, 5)),
        np.zeros(10),
        np.zeros((0, 5), np.uint8),
        np.full((20, 20), 3.0),
        np.zeros((20, 20), np.int64),
    ],
)
def test_an_array_that_is_no_picture_is_refused(array: np.ndarray):
    assert "expected (H, W)" in refusal(array)


def test_a_file_cut_or_changed_anywhere_is_refused_in_one_sentence_or_opened(tmp_path: Path):
    rng = np.random.default_rng(7)
    for suffix in ("png", "jpg", "gif", "bmp", "tiff", "webp"):
        path = tmp_path / f"page.{suffix}"
        Image.fromarray(gray_page()).save(path)
        content = path.read_bytes()
        for trial in range(40):
            changed = bytearray(content[: rng.integers(1, len(content))] if trial % 2 else content)
            changed[rng.integers(len(changed))] ^= 1 << rng.integers(8)
            path.write_bytes(changed)
            if (said := outcome(path)) is not None:
                assert said.startswith(str(path))
                assert "\n" not in said
