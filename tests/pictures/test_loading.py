"""Opening pictures: every kind comes out upright RGB, every bad one is refused in one sentence."""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lenet.errors import DataError, MissingExtra
from lenet.pictures import loading
from lenet.pictures import strips as strips_of
from lenet.pictures.loading import open_pages, open_picture
from lenet.pictures.reduction import reduce_strips

# How an upright picture is stored whose EXIF data name an orientation.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


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
    """The error message of a picture, or None if it opens."""
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


@pytest.mark.parametrize("factor", [1, 2])
def test_pixels_that_overflowed_are_the_brightest_and_not_black(factor: int, tmp_path: Path):
    page = (gray_page() / 255).astype(np.float32)
    page[:4, :4], page[56:, :4] = np.inf, -np.inf
    Image.fromarray(page).save(tmp_path / "page.tiff")
    with Image.open(tmp_path / "page.tiff") as image:
        colors = reduce_strips([image.crop((0, 0, 40, 30)), image.crop((0, 30, 40, 60))], factor)
    assert (colors[: 4 // factor, : 4 // factor] == 255).all()
    assert (colors[56 // factor :, : 4 // factor] == 0).all()
    assert colors[30 // factor, 30 // factor].tolist() == [220, 220, 220]


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
            if (message := outcome(path)) is not None:
                assert message.startswith(str(path))
                assert "\n" not in message


def saved(image: Image.Image, image_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def colorful(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Smooth, with grain: whatever chooses a filter for each row of PNG, chooses all of them somewhere."""
    rng = np.random.default_rng(seed)
    waves = np.sin(np.arange(height)[:, None, None] / 9) + np.cos(np.arange(width)[None, :, None] / [5, 7, 11])
    grain = rng.normal(0, 30, (height, width, 3)) * (np.arange(height) % 40 < 20)[:, None, None]
    return np.clip(128 + 50 * waves + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("kind", ["bytes", "bytearray", "stream", "file"])
def test_bytes_and_streams_open_as_the_file_does(tmp_path: Path, kind: str):
    path = tmp_path / "page.png"
    Image.fromarray(gray_page()).save(path)
    content = path.read_bytes()
    with path.open("rb") as file:
        sources = {"bytes": content, "bytearray": bytearray(content), "stream": io.BytesIO(content), "file": file}
        picture = open_picture(sources[kind])
    assert picture.name == {"bytes": "bytes", "bytearray": "bytes", "stream": "stream", "file": str(path)}[kind]
    np.testing.assert_array_equal(picture.colors, open_picture(path).colors)


def test_a_pipe_is_read_to_its_end_and_called_what_python_calls_it():
    content = saved(Image.fromarray(gray_page()), "PNG")
    code = (
        "import sys; from lenet.pictures.loading import open_picture; "
        "p = open_picture(sys.stdin.buffer); print(p.name, p.size)"
    )
    ran = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True, check=True)
    assert ran.stdout.decode().strip() == "stdin (60, 40)"


def test_what_is_no_source_of_a_picture_is_refused(tmp_path: Path):
    assert "empty" in refusal(io.BytesIO())
    assert "bytes: none" in refusal(b"")
    assert "stream of str" in refusal(io.StringIO("7"))
    assert "expected a path, bytes" in refusal(7)
    assert "is a device" in refusal("/dev/zero")
    assert "cannot be opened" in refusal(tmp_path / ("long" * 100))
    assert "damaged picture (embedded null" in refusal("a\0b.png")


def test_a_stream_without_end_is_not_read_forever(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loading, "MAX_STREAMED_BYTES", 1000)
    with Path("/dev/zero").open("rb") as endless:
        assert "over 0 MB" in refusal(endless)


def test_four_inks_are_colors_whichever_way_the_file_counts_them():
    page = Image.fromarray(gray_page()).convert("CMYK")
    for image_format in ("JPEG", "TIFF"):  # JPEG counts as Adobe does: 255 is no ink
        colors = open_picture(saved(page, image_format)).colors
        assert colors[30, 20].max() < 70
        assert colors[30, 5].min() > 180


@pytest.mark.parametrize("mode", ["LA", "PA", "RGBA", "P"])
def test_transparent_paper_of_every_mode_is_white_under_dark_strokes(mode: str):
    page = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    page.paste((0, 0, 0, 255), (18, 10, 22, 30))
    image = page.quantize(4) if mode == "P" else page.convert(mode)
    sources: list[object] = [image] if mode == "PA" else [image, saved(image, "PNG")]
    for source in sources:
        colors = open_picture(source).colors
        assert colors[20, 20].max() < 10
        assert colors[5, 5].min() > 245


@pytest.mark.parametrize("full", [255, 1023, 4095, 65535])
def test_gray_levels_of_ten_and_twelve_bits_in_sixteen_are_as_light_as_of_eight(full: int):
    deep = np.rint(gray_page() * (full / 255)).astype(np.uint16)
    deep[0, 0] = full
    for source in (deep, saved(Image.fromarray(deep), "PNG"), saved(Image.fromarray(deep), "TIFF")):
        np.testing.assert_allclose(open_picture(source).colors[1:, :, 0].astype(int), gray_page()[1:], atol=1)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 255), (-5, 1e6)])
def test_fractions_of_any_range_become_gray_levels(low: float, high: float):
    levels = (low + (high - low) / 255 * gray_page()).astype(np.float32)
    levels[0, :2] = low, high
    levels[0, 2] = np.nan
    colors = open_picture(saved(Image.fromarray(levels), "TIFF")).colors
    np.testing.assert_allclose(colors[1:, :, 0].astype(int), gray_page()[1:], atol=1)


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation_is_the_picture(image_format: str):
    frames = [Image.fromarray(np.full((40, 40), level, np.uint8)) for level in (200, 20, 90)]
    content = saved(frames[0], image_format, save_all=True, append_images=frames[1:])
    (picture,) = open_pages(content)
    assert picture.name == "bytes"
    assert abs(int(picture.colors.mean()) - 200) < 5


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_format_is_turned_as_every_orientation_says(image_format: str, orientation: int):
    page = Image.fromarray(np.kron(np.array([[0, 80, 160], [255, 200, 40]], np.uint8), np.ones((16, 16), np.uint8)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    turn = STORED[orientation]
    stored = page if turn is None else page.transpose(turn)
    picture = open_picture(saved(stored, image_format, exif=exif))
    assert picture.size == (32, 48)
    np.testing.assert_allclose(picture.colors[..., 0].astype(int), np.asarray(page), atol=12)


@pytest.mark.parametrize(
    ("image_format", "mode", "options"),
    [
        *(("PNG", mode, {}) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
        ("PNG", "RGB", {"interlace": True}),
        ("BMP", "RGB", {}),
        ("BMP", "L", {}),
        ("TIFF", "RGB", {}),
        ("TIFF", "RGB", {"compression": "tiff_lzw", "tiffinfo": {278: 7}}),
        ("TIFF", "L", {"compression": "tiff_adobe_deflate", "tiffinfo": {278: 16}}),
        ("TIFF", "1", {"compression": "group4", "tiffinfo": {278: 9}}),
        ("TIFF", "RGB", {"compression": "jpeg", "quality": 95, "tiffinfo": {278: 16}}),
        ("TIFF", "P", {"compression": "packbits", "tiffinfo": {278: 5}}),
        ("GIF", "P", {}),
        ("PPM", "RGB", {}),
    ],
)
def test_a_picture_decoded_in_strips_is_the_one_decoded_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, image_format: str, mode: str, options: dict[str, object]
):
    image = Image.fromarray(colorful(203, 150))
    if mode == "I;16":
        image = Image.fromarray(colorful(203, 150)[..., 0].astype(np.uint16) * 257)
    elif mode == "LA":
        image = image.convert("LA")
    else:
        image = image.convert(mode)
    content = saved(image, image_format, **options)
    whole = open_picture(content, kept_pixels=203 * 150 // 8)
    monkeypatch.setattr(strips_of, "WHOLE_PIXELS", 1000)
    monkeypatch.setattr(strips_of, "STRIP_BYTES", 150 * 4 * 20)
    in_strips = open_picture(content, kept_pixels=203 * 150 // 8)
    assert whole.colors.shape == (68, 50, 3)
    np.testing.assert_allclose(in_strips.colors.astype(int), whole.colors, atol=1 if "jpeg" in options.values() else 0)
    monkeypatch.setattr(strips_of, "STRIP_BYTES", 10**9)
    first = next(iter(strips_of.strips(Image.open(io.BytesIO(content)), 3)))
    assert first.height == 203
    np.testing.assert_array_equal(whole.colors, reduce_strips([first], 3))


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_large_tiff_that_lies_otherwise_is_turned_once(monkeypatch: pytest.MonkeyPatch, orientation: int):
    page = Image.fromarray(colorful(120, 120))
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(page.transpose(STORED[orientation]), "TIFF", exif=exif)
    monkeypatch.setattr(strips_of, "WHOLE_PIXELS", 1000)
    monkeypatch.setattr(strips_of, "STRIP_BYTES", 120 * 4 * 20)
    expected = open_picture(np.asarray(page), kept_pixels=3600).colors
    np.testing.assert_allclose(open_picture(content, kept_pixels=3600).colors.astype(int), expected, atol=1)


def test_an_orientation_behind_the_pixels_of_a_large_png_is_found(monkeypatch: pytest.MonkeyPatch):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = saved(Image.fromarray(colorful(60, 90)), "PNG")
    payload = exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(payload)) + b"eXIf" + payload + struct.pack(">I", zlib.crc32(b"eXIf" + payload))
    content = content[:-12] + chunk + content[-12:]
    assert open_picture(content).size == (90, 60)
    monkeypatch.setattr(strips_of, "WHOLE_PIXELS", 1000)
    monkeypatch.setattr(strips_of, "STRIP_BYTES", 90 * 4 * 20)
    assert open_picture(content, kept_pixels=1500).size == (90, 60)


@given(height=st.integers(8, 300), width=st.integers(8, 300), kept=st.integers(64, 50_000), seed=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_reduction_averages_and_keeps_no_more_than_it_should(height: int, width: int, kept: int, seed: int):
    page = colorful(height, width, seed)
    colors = open_picture(page, kept_pixels=kept).colors
    factor = next(factor for factor in range(1, 301) if height * width <= kept * factor * factor)
    assert colors.shape == (-(-height // factor), -(-width // factor), 3)
    block = page[:factor, :factor].reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(colors[0, 0].astype(float), block, atol=1)


def test_a_digit_of_twelve_pixels_keeps_them_in_a_picture_of_six_million():
    page = np.full((2000, 3000), 255, np.uint8)
    page[1000:1012, 1500:1502] = 0
    assert (open_picture(page).colors[1000:1012, 1500:1502] == 0).all()


def test_a_very_long_strip_is_shortened():
    assert max(open_picture(np.zeros((10, 400_000), np.uint8)).colors.shape) <= 20_000


def memory_and_text_of_reading(path: Path) -> tuple[int, str]:
    code = (
        "import sys; from lenet.cli import main; main(['read', sys.argv[1]]); "
        "from tests.memory import peak_megabytes; print(peak_megabytes())"
    )
    command = [sys.executable, "-c", code, str(path)]
    ran = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    *text, megabytes = ran.stdout.split()
    return int(megabytes), "".join(text)


def test_a_hundred_million_pixels_are_read_in_400_megabytes(tmp_path: Path):
    side = 10_000
    deflate = zlib.compressobj(1)
    blank = (b"\0" + b"\xe0" * (3 * side)) * 100
    inked = (b"\0" + b"\xe0" * (3 * 4800) + b"\x20" * (3 * 400) + b"\xe0" * (3 * 4800)) * 100
    pieces = [deflate.compress(inked if 30 <= piece < 70 else blank) for piece in range(side // 100)]

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    content = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"".join(pieces) + deflate.flush()) + chunk(b"IEND", b"")
    (tmp_path / "large.png").write_bytes(content)
    page = np.full((side, side), 224, np.uint8)
    page[3000:7000, 4800:5200] = 32
    Image.fromarray(page).save(tmp_path / "large.jpg", quality=85)
    for name in ("large.png", "large.jpg"):
        megabytes, text = memory_and_text_of_reading(tmp_path / name)
        assert megabytes <= 400
        assert text == "1"


def test_a_header_that_promises_a_hundred_million_pixels_takes_no_memory_before_it_is_found_out(tmp_path: Path):
    (tmp_path / "lie.png").write_bytes(png_header_claiming(10_000, 10_000))
    code = (
        "import sys\nfrom lenet.errors import DataError\nfrom tests.memory import peak_megabytes\n"
        "from lenet.pictures.loading import open_picture\n"
        "before = peak_megabytes()\n"
        "try: open_picture(sys.argv[1])\nexcept DataError as error: assert 'damaged' in str(error)\n"
        "print(peak_megabytes() - before)"
    )
    command = [sys.executable, "-c", code, tmp_path / "lie.png"]
    ran = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, check=True)
    assert int(ran.stdout) < 50


def three_pages(image_format: str = "TIFF", **options: object) -> bytes:
    pages = [Image.fromarray(np.full((60, 40 + 10 * number), 50 * number, np.uint8)) for number in (1, 2, 3)]
    return saved(pages[0], image_format, save_all=True, append_images=pages[1:], **options)


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}])
def test_the_pages_of_a_tiff_come_one_by_one_with_their_numbers(tmp_path: Path, options: dict[str, object]):
    path = tmp_path / "file.tif"
    path.write_bytes(three_pages(**options))
    result = list(open_pages(path))
    assert [picture.name for picture in result] == [f"{path}, page {number}" for number in (1, 2, 3)]
    assert [picture.size for picture in result] == [(60, 50), (60, 60), (60, 70)]
    assert [int(picture.colors.mean()) for picture in result] == [50, 100, 150]
    assert open_picture(path).name == str(path)
    assert open_picture(path).size == (60, 50)


def test_a_damaged_later_page_is_named_when_its_turn_comes():
    content = three_pages(compression="tiff_lzw")
    starts = [Image.open(io.BytesIO(content))]
    starts[0].seek(2)
    offset = starts[0].tag_v2[273][0]  # type: ignore[attr-defined]
    pages = open_pages(content[: offset + 3] + b"\xff" * (len(content) - offset - 3))
    assert [next(pages).name, next(pages).name] == ["bytes, page 1", "bytes, page 2"]
    with pytest.raises(DataError, match=r"^bytes, page 3: damaged picture"):
        next(pages)


def test_a_thumbnail_within_a_tiff_is_no_page():
    whole, thumbnail, second = (Image.fromarray(gray_page()[::step, ::step]) for step in (1, 2, 1))
    thumbnail.encoderinfo = {"tiffinfo": {254: 1}}  # type: ignore[attr-defined]
    content = saved(whole, "TIFF", save_all=True, append_images=[thumbnail, second])
    assert Image.open(io.BytesIO(content)).n_frames == 3  # type: ignore[attr-defined]
    assert [picture.size for picture in open_pages(content)] == [(60, 40), (60, 40)]
    content = saved(whole, "TIFF", save_all=True, append_images=[thumbnail])
    assert [picture.name for picture in open_pages(content)] == ["bytes"]


def test_too_many_pages_are_refused_after_the_last_that_is_accepted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loading, "MAX_PAGES", 2)
    pages = open_pages(three_pages())
    next(pages), next(pages)
    with pytest.raises(DataError, match="over 2 pages"):
        next(pages)


def test_a_single_picture_an_image_and_an_array_are_one_page():
    image = Image.fromarray(gray_page())
    for source in (saved(image, "JPEG"), saved(image, "TIFF"), image, gray_page()):
        (picture,) = open_pages(source)
        assert "page" not in picture.name
        assert picture.size == (60, 40)


def test_an_opened_file_given_as_a_pillow_image_can_be_used_again(tmp_path: Path):
    Image.fromarray(colorful(300, 200)).save(tmp_path / "page.jpg")
    with Image.open(tmp_path / "page.jpg") as image:
        first = open_picture(image, kept_pixels=10_000)
        assert image.size == (200, 300)
        np.testing.assert_array_equal(first.colors, open_picture(image, kept_pixels=10_000).colors)


def test_the_pages_of_a_pdf_are_drawn_at_200_dots_per_inch_at_most():
    pytest.importorskip("pypdfium2")
    content = three_pages("PDF", resolution=72)  # a pixel is a point
    result = list(open_pages(content))
    assert [picture.name for picture in result] == ["bytes, page 1", "bytes, page 2", "bytes, page 3"]
    assert result[0].size == (167, 139)
    assert [round(int(picture.colors.mean()), -1) for picture in result] == [50, 100, 150]
    wide = saved(Image.new("L", (4000, 3000), 255), "PDF", resolution=72)  # a poster
    height, width = open_picture(wide).size
    assert 5_500_000 < height * width < 6_100_000
    assert refusal(content[:300]).startswith("bytes: damaged picture")


def test_heic_pictures_open(tmp_path: Path):
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.fromarray(gray_page()).convert("RGB")).save(tmp_path / "page.heic", quality=95)
    picture = open_picture(tmp_path / "page.heic")
    assert picture.size == (60, 40)
    np.testing.assert_allclose(picture.colors[..., 0].astype(int), gray_page(), atol=25)
    content = (tmp_path / "page.heic").read_bytes()
    assert refusal(content[: len(content) // 2]).startswith("bytes: damaged picture")


@pytest.mark.parametrize(
    ("content", "package", "extra"),
    [(b"\0\0\0\x18ftypheic" + bytes(40), "pillow_heif", "heic"), (b"%PDF-1.7\n" + bytes(40), "pypdfium2", "pdf")],
)
def test_a_format_whose_package_is_missing_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, content: bytes, package: str, extra: str
):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"^bytes: reading .*pip install 'lenet\[{extra}\]'"):
        open_picture(content)
