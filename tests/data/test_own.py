"""Pictures in class folders: the same bits as ever where they are of ordinary size, and bounded memory where not."""

import os
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from lenet import data
from lenet.data.custom import MAX_STORED_SIDE
from lenet.errors import DataError, UnknownName
from tests.memory import peak_megabytes
from tests.reading.test_damage import png_chunk

ROOT = Path(__file__).parents[2]
MAX_MEGABYTES = 1000


def as_in_version_0_1(path, size, color):
    """How a picture was read before pictures had a loader of their own, for polarity auto."""
    with warnings.catch_warnings(), Image.open(path) as picture:
        warnings.simplefilter("ignore")
        if picture.mode.startswith("I"):
            picture = Image.fromarray((np.clip(np.asarray(picture), 0, 65535) >> 8).astype(np.uint8))
        picture = ImageOps.exif_transpose(picture)
        if picture.has_transparency_data:
            layer = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
        pixels = np.array(picture.convert("RGB" if color else "L"))
    ring = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).reshape(-1, *pixels.shape[2:])
    border = np.atleast_1d(np.median(ring, axis=0)).astype(np.uint8)
    if not color and border[0] > 127:
        pixels, border = 255 - pixels, 255 - border
    height, width = pixels.shape[:2]
    side = max(height, width)
    square = np.empty((side, side, *pixels.shape[2:]), np.uint8)
    square[:] = border if color else border[0]
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = pixels
    if side != size:
        square = np.asarray(Image.fromarray(square).resize((size, size), Image.Resampling.BILINEAR))
    return square.transpose(2, 0, 1) if color else square


def strokes(width, height, seed=0, channels=3):
    """Smooth colors with noise: every level occurs, and neighbours differ."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 7, 3), np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    noise = rng.integers(-20, 21, (height, width, 3))
    colors = (np.asarray(coarse).astype(int) + noise).clip(0, 255).astype(np.uint8)
    alpha = rng.integers(0, 256, (height, width, 1), np.uint8)
    return np.concatenate([colors, alpha], axis=2) if channels == 4 else colors


def turned_exif(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def varieties():
    color, clear = Image.fromarray(strokes(90, 61)), Image.fromarray(strokes(90, 61, channels=4))
    deep = Image.fromarray(np.asarray(color.convert("L")).astype(np.uint16) * 257)
    palette = color.quantize(200)
    yield "gray.png", color.convert("L"), {}
    yield "color.png", color, {}
    yield "color.jpg", color, {}
    yield "gray.jpg", color.convert("L"), {}
    yield "cmyk.jpg", color.convert("CMYK"), {}
    yield "palette.png", palette, {}
    yield "palette.gif", palette, {}
    yield "transparent palette.png", palette, {"transparency": 3}
    yield "transparent.png", clear, {}
    yield "transparent gray.png", clear.convert("LA"), {}
    yield "one clear color.png", color, {"transparency": tuple(np.asarray(color)[30, 40].tolist())}
    yield "deep.png", deep, {}
    yield "deep.tif", deep, {}
    yield "black and white.png", color.convert("1"), {}
    yield "color.bmp", color, {}
    yield "color.webp", color, {"lossless": True}
    yield "transparent.webp", clear, {"lossless": True}
    yield "fractions.tif", color.convert("F"), {}
    yield "color.ppm", color, {}
    for orientation in range(1, 9):
        yield f"turned {orientation}.jpg", color, {"exif": turned_exif(orientation)}
        yield f"turned {orientation}.png", color, {"exif": turned_exif(orientation)}
        yield f"turned {orientation}.tif", color, {"exif": turned_exif(orientation)}


@pytest.mark.parametrize(
    ("name", "image", "options"), list(varieties()), ids=lambda value: value if isinstance(value, str) else ""
)
@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("size", [28, 90])
def test_ordinary_pictures_are_read_bit_for_bit_as_in_version_0_1(name, image, options, color, size, tmp_path):
    image.save(tmp_path / name, **options)
    expected = as_in_version_0_1(tmp_path / name, size, color)
    assert (data.read_picture(tmp_path / name, size=size, color=color) == expected).all()


@pytest.mark.parametrize(("width", "height"), [(3000, 4000), (4096, 3072), (700, 4096)])
def test_photos_too_are_read_bit_for_bit_as_in_version_0_1(width, height, tmp_path):
    Image.fromarray(strokes(width, height)).save(tmp_path / "photo.jpg", exif=turned_exif(6))
    expected = as_in_version_0_1(tmp_path / "photo.jpg", 32, False)
    assert (data.read_picture(tmp_path / "photo.jpg", size=32) == expected).all()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_larger_pictures_are_reduced_first_and_look_the_same(suffix, tmp_path):
    Image.fromarray(strokes(5000, 1500)).save(tmp_path / f"large{suffix}")
    expected = as_in_version_0_1(tmp_path / f"large{suffix}", 32, True).astype(int)
    assert max(5000, 1500) > MAX_STORED_SIDE
    result = data.read_picture(tmp_path / f"large{suffix}", size=32, color=True)
    assert np.abs(result - expected).max() <= 3


def test_deep_gray_levels_are_turned_as_their_camera_says_too(tmp_path):
    deep = strokes(30, 20)[..., 0].astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png", exif=turned_exif(3))
    Image.fromarray(np.ascontiguousarray(deep[::-1, ::-1])).save(tmp_path / "upright.png")
    assert (data.read_picture(tmp_path / "deep.png") == data.read_picture(tmp_path / "upright.png")).all()


def test_only_decoders_that_are_listed_are_tried(tmp_path):
    Image.fromarray(strokes(20, 20)).save(tmp_path / "picture.tga")
    Image.fromarray(strokes(20, 20)).save(tmp_path / "picture.ico")
    for name in ("picture.tga", "picture.ico"):
        with pytest.raises(DataError, match=f"{name}: not a picture in a known format"):
            data.read_picture(tmp_path / name)


def write_swollen(path, width, height, color_type, interlaced=False):
    """A small PNG file of many pixels."""
    channels = {0: 1, 2: 3, 6: 4}[color_type]
    row = b"\0" + bytes(width * channels)
    deflate = zlib.compressobj(1)
    packed = b"".join(deflate.compress(row) for _ in range(height)) + deflate.flush()
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, color_type, 0, 0, interlaced])
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


SWOLLEN = [
    (65_000, 700, 0),
    (65_000, 700, 6),
    (100_000, 200, 2),
    (200, 100_000, 6),
    (10_000, 10_000, 0),
    (4_096, 4_096, 6),
]


def load_and_measure(folder: str) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    data.load(folder, color=True)
    print(peak_megabytes())


@pytest.mark.parametrize(("width", "height", "color_type"), SWOLLEN)
def test_a_small_file_of_many_pixels_takes_bounded_memory(width, height, color_type, tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        Image.fromarray(strokes(20, 20)).save(tmp_path / name / "2.png")
    write_swollen(tmp_path / "a" / "1.png", width, height, color_type)
    command = [sys.executable, "-m", __spec__.name, str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert int(ran.stdout) <= MAX_MEGABYTES


@pytest.mark.parametrize(("width", "height"), [(49_999_999, 1), (1, 2**31 - 1), (2**31 - 1, 2**31 - 1)])
def test_a_picture_with_an_absurd_side_is_refused_before_it_is_decoded(width, height, tmp_path):
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    content = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(b"")) + png_chunk(b"IEND", b"")
    (tmp_path / "long.png").write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    with pytest.raises(DataError, match=r"long\.png: [0-9,]+×[0-9,]+ pixels"):
        data.read_picture(tmp_path / "long.png")


def test_what_is_no_picture_in_class_folders_is_left_out_and_counted_in_a_line(tmp_path, capsys):
    for name in "ab":
        for number in range(6):
            (tmp_path / name).mkdir(exist_ok=True)
            Image.fromarray(strokes(20, 20, number)).save(tmp_path / name / f"{number}.png")
        (tmp_path / name / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
        (tmp_path / name / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
        (tmp_path / name / "README.txt").write_text("where these are from")
    (tmp_path / "a" / "rejected").mkdir()
    (tmp_path / "a" / "1.png").rename(tmp_path / "a" / "no suffix, and a picture")

    mine = data.load(tmp_path)

    assert len(mine.train_labels) + len(mine.test_labels) == 12
    message = "left out 3 files or folders that are no picture, as a/README.txt"
    assert capsys.readouterr().err == f"lenet: {tmp_path}: {message}\n"


def small_digits(mnist):
    return {"x_train": mnist.train_images[:60], "y_train": mnist.train_labels[:60],
            "x_test": mnist.test_images[:20], "y_test": mnist.test_labels[:20]}  # fmt: skip


def saved_as(kind, arrays, folder):
    """The same data as each kind of own data, of which all but pictures are kept as they are."""
    if kind == "npz":
        np.savez(folder / "data.npz", **arrays)
        return folder / "data.npz"
    (folder / kind).mkdir()
    for part, name in (("train", "train"), ("test", "t10k")):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if kind == "idx":
            data.write_idx(folder / kind / f"{name}-images-idx3-ubyte", images)
            data.write_idx(folder / kind / f"{name}-labels-idx1-ubyte", labels.astype(np.uint8))
        elif kind == "csv":
            rows = [",".join(map(str, [label, *image.ravel()])) for image, label in zip(images, labels, strict=True)]
            header = ",".join(["label", *(f"p{place}" for place in range(784))])
            (folder / kind / f"{part}.csv").write_text("\n".join([header, *rows]))
        else:
            for number, (image, label) in enumerate(zip(images, labels, strict=True)):
                path = folder / kind / part / str(label) / f"{number:03}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(image).save(path)
    return folder / kind


@pytest.mark.parametrize("kind", ["idx", "csv", "npz", "pictures"])
def test_turned_and_inverted_data_of_every_kind_is_put_right_when_asked(kind, mnist, tmp_path, capsys):
    arrays = small_digits(mnist)
    sound = data.load(saved_as(kind, arrays, tmp_path))
    changed = {name: 255 - array.swapaxes(1, 2) if name[0] == "x" else array for name, array in arrays.items()}
    (tmp_path / "changed").mkdir()

    mended = data.load(saved_as(kind, changed, tmp_path / "changed"), transpose=True, polarity="paper-high")

    for part in ("train", "test"):
        for result, expected in zip(mended.part(part), sound.part(part), strict=True):
            assert (result == expected).all()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("kind", ["idx", "csv", "npz"])
def test_data_that_looks_inverted_is_kept_and_said(kind, mnist, tmp_path, capsys):
    arrays = {name: 255 - array if name[0] == "x" else array for name, array in small_digits(mnist).items()}
    path = saved_as(kind, arrays, tmp_path)

    assert (data.load(path).train_images[0] == arrays["x_train"][0]).all()

    output = capsys.readouterr().err
    assert output.startswith("lenet: 100% of the pictures have a light border")
    assert "--polarity paper-high" in output
    assert output.count("\n") == 1
    data.load(path, polarity="ink-high")
    assert capsys.readouterr().err == ""


def test_what_goes_with_own_data_is_refused_for_public_sets(mnist):
    for options in ({"transpose": True}, {"polarity": "paper-high"}):
        with pytest.raises(DataError, match="mnist is upright, light on dark; transpose and polarity go with data of"):
            data.load("mnist", **options)


def test_ink_of_colors_is_refused(tmp_path):
    images = np.zeros((12, 3, 8, 8), np.uint8)
    np.savez(tmp_path / "colors.npz", images=images, labels=np.arange(12) % 2)
    with pytest.raises(DataError, match="polarity is paper-high, but the pictures are in color"):
        data.load(tmp_path / "colors.npz", polarity="paper-high")


if __name__ == "__main__":
    load_and_measure(str(Path(sys.argv[1])))


def test_a_wide_picture_becomes_a_square_as_is_asked_for():
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, :10], pixels[:, 10:30], pixels[:, 30:] = (255, 0, 0), (0, 255, 0), (255, 0, 0)
    padded, cropped, stretched = (
        data.read_picture(Image.fromarray(pixels), size=40, color=True, fit=fit) for fit in ("pad", "crop", "stretch")
    )
    assert (padded[:, 10:30] == pixels.transpose(2, 0, 1)).all()
    border = np.median(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]), axis=0)
    assert (padded[:, :10] == border[:, None, None]).all()
    assert (cropped == np.array([0, 255, 0], np.uint8)[:, None, None]).all()
    assert (stretched == pixels[:1].transpose(2, 0, 1)).all()
    for wrong in ({"fit": "squash"}, {"polarity": "dark"}):
        with pytest.raises(UnknownName, match=r"'squash'|'dark'"):
            data.read_picture(Image.fromarray(pixels), **wrong)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_no_data_and_in_a_class_folder_it_is_left_out(tmp_path, capsys):
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(6):
            Image.fromarray(strokes(20, 20, number)).save(tmp_path / name / f"{number}.png")
    os.mkfifo(tmp_path / "a" / "pipe.png")
    assert len(data.load(tmp_path).train_labels) == 10
    assert "left out a file or folder that is no picture, as a/pipe.png" in capsys.readouterr().err
    with pytest.raises(DataError, match=r"pipe\.png: is a pipe or a device, expected a file or a folder"):
        data.load(tmp_path / "a" / "pipe.png")
