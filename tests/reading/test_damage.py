"""Damaged, lying and swollen picture files: each is read, or refused in one sentence, in bounded time and memory.

A child process goes through the files, the whole reader included; the same number always makes the same file.
LENET_MUTATIONS=10000 goes through more of them.
"""

import faulthandler
import io
import json
import os
import resource
import struct
import subprocess
import sys
import time
import traceback
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from lenet.errors import DataError
from tests.memory import peak_megabytes

ROOT = Path(__file__).parents[2]
MUTATIONS = int(os.environ.get("LENET_MUTATIONS", "300"))
CHUNK = 500  # files to a process
MAX_SECONDS = 60.0  # for one file: what is slower hangs, however busy the machine
MAX_MEGABYTES = 1000

Rng = np.random.Generator


def page(seed: int, height: int = 90, width: int = 120) -> Image.Image:
    rng = np.random.default_rng(seed)
    colors = rng.normal(200, 6, (height, width, 3)).clip(0, 255).astype(np.uint8)
    for index in range(3):
        digit, place = str(rng.integers(10)), (8 + 38 * index, 65)
        cv2.putText(colors, digit, place, cv2.FONT_HERSHEY_SIMPLEX, 1.6, (30, 30, 60), 4)
    return Image.fromarray(colors)


def normalized_digit(seed: int) -> Image.Image:
    """As MNIST's are: 28×28, light on black."""
    colors = np.zeros((28, 28, 3), np.uint8)
    cv2.putText(colors, str(seed % 10), (7, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2)
    return Image.fromarray(colors)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@cache
def originals(draw: Callable[[int], Image.Image] = page) -> list[tuple[str, bytes]]:
    """Sound files of every format, and of the varieties of each that are decoded in different ways."""
    exif = Image.Exif()
    exif[0x0112] = 6
    varieties: list[tuple[str, str, dict[str, object]]] = [
        ("PNG", "RGB", {}),
        ("PNG", "L", {}),
        ("PNG", "P", {}),
        ("PNG", "RGBA", {"interlace": True}),
        ("PNG", "I;16", {}),
        ("PNG", "1", {}),
        ("PNG", "RGB", {"exif": exif}),
        ("JPEG", "RGB", {"exif": exif}),
        ("JPEG", "L", {}),
        ("JPEG", "RGB", {"progressive": True}),
        ("JPEG", "CMYK", {}),
        ("TIFF", "RGB", {}),
        ("TIFF", "RGB", {"compression": "tiff_lzw", "tiffinfo": {278: 16}}),
        ("TIFF", "L", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", "1", {"compression": "group4"}),
        ("TIFF", "RGB", {"compression": "jpeg"}),
        ("TIFF", "F", {}),
        ("TIFF", "L", {"save_all": True, "append_images": [draw(91).convert("L"), draw(92).convert("L")]}),
        ("WEBP", "RGB", {"quality": 70}),
        ("WEBP", "RGBA", {"lossless": True}),
        ("WEBP", "RGB", {"save_all": True, "append_images": [draw(93)], "exif": exif}),
        ("BMP", "RGB", {}),
        ("BMP", "P", {}),
        ("GIF", "P", {}),
        ("GIF", "L", {"save_all": True, "append_images": [draw(94).convert("L")]}),
        ("PPM", "RGB", {}),
    ]
    files = []
    for number, (image_format, mode, options) in enumerate(varieties):
        image = draw(number)
        if mode == "I;16":
            image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
        file = io.BytesIO()
        image.convert(mode).save(file, image_format, **options)
        files.append((image_format, file.getvalue()))
    return files


def cut(content: bytearray, rng: Rng) -> bytearray:
    return content[: rng.integers(1, len(content))]


def flip_bits(content: bytearray, rng: Rng) -> bytearray:
    for _ in range(2 ** rng.integers(0, 7)):
        content[rng.integers(len(content))] ^= 1 << rng.integers(8)
    return content


def flip_in_head(content: bytearray, rng: Rng) -> bytearray:
    for _ in range(2 ** rng.integers(0, 4)):
        content[rng.integers(min(len(content), 120))] = rng.choice([0, 1, 127, 128, 255, rng.integers(256)])
    return content


def drop_a_piece(content: bytearray, rng: Rng) -> bytearray:
    start = int(rng.integers(len(content)))
    del content[start : start + int(rng.integers(1, 200))]
    return content


def repeat_a_piece(content: bytearray, rng: Rng) -> bytearray:
    start, length = (int(rng.integers(1, len(content))) for _ in range(2))
    content[start:start] = content[start : start + length] * int(rng.integers(1, 4))
    return content


def write_a_large_number(content: bytearray, rng: Rng) -> bytearray:
    number = int(rng.choice([0, 1, 0x7FFF, 0xFFFF, 10_000, 30_000, 0x7FFFFFFF, 0xFFFFFFFF, 100_000_000]))
    code = str(rng.choice(["<I", ">I", "<H", ">H"]))
    start = int(rng.integers(max(1, len(content) - 4)))
    content[start : start + struct.calcsize(code)] = struct.pack(code, number % 256 ** struct.calcsize(code))
    return content


def lie_about_the_size(content: bytearray, rng: Rng) -> bytearray:
    """Another width, height or both, where the format keeps them; with the right checksum where there is one."""
    sides = [int(rng.choice([0, 1, 7, 50, 300, 5000, 9999, 10_000, 20_000, 65_535])) for _ in range(2)]
    if content.startswith(b"\x89PNG"):
        packed = [min(side * int(rng.choice([1, 1, 1, 30_000])), 2**31 - 1) for side in sides]
        content[16:24] = struct.pack(">II", *packed)
        content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    elif content.startswith(b"\xff\xd8"):
        start = max(content.find(b"\xff\xc0"), content.find(b"\xff\xc2"))
        content[start + 5 : start + 9] = struct.pack(">HH", *sides)
    elif content.startswith(b"GIF"):
        content[6:10] = struct.pack("<HH", *sides)
        if rng.random() < 0.5 and (start := content.find(b"\x2c")) > 0:
            content[start + 5 : start + 9] = struct.pack("<HH", *sides)
    elif content.startswith(b"BM"):
        content[18:26] = struct.pack("<ii", sides[0], sides[1] * int(rng.choice([1, -1])))
    elif content.startswith(b"P"):
        return bytearray(b"P6\n%d %d\n255\n" % tuple(sides)) + content[15:]
    elif content.startswith(b"RIFF"):
        start = content.find(b"VP8X")
        if start > 0:
            content[start + 12 : start + 18] = b"".join((side & 0xFFFFFF).to_bytes(3, "little") for side in sides)
        elif (start := content.find(b"\x9d\x01\x2a")) > 0:
            content[start + 3 : start + 7] = struct.pack("<HH", *(side & 0x3FFF for side in sides))
        else:
            start = content.find(b"VP8L") + 9
            content[start : start + 4] = struct.pack("<I", (sides[0] & 0x3FFF) | (sides[1] & 0x3FFF) << 14)
    elif content.startswith(b"II*"):
        (start,) = struct.unpack_from("<I", content, 4)
        for entry in range(start + 2, min(len(content) - 12, start + 300), 12):
            tag, kind = struct.unpack_from("<HH", content, entry)
            if tag in (256, 257, 278) and kind in (3, 4) and rng.random() < 0.7:
                struct.pack_into("<HHII", content, entry, tag, 4, 1, int(rng.choice(sides)))
    return content


def swell(content: bytearray, rng: Rng) -> bytearray:
    """Few bytes that inflate to very many, within the sizes that are accepted and beyond."""
    side = int(rng.choice([3000, 7000, 10_000, 16_000]))
    kind = rng.integers(4)
    if kind == 0:
        file = io.BytesIO()
        Image.new("L", (side, side)).save(file, "TIFF", compression="tiff_adobe_deflate")
        return bytearray(file.getvalue())
    if kind == 1:
        file = io.BytesIO()
        Image.new("1", (side, side)).save(file, "GIF")
        return bytearray(file.getvalue())
    depth, color = ((8, 2), (8, 0), (16, 2), (8, 6), (1, 0))[rng.integers(5)]
    header = struct.pack(">IIBBBBB", side, side, depth, color, 0, 0, int(rng.random() < 0.2))
    deflate = zlib.compressobj(1)
    million = bytes(1_000_000)
    data = b"".join(deflate.compress(million) for _ in range(310 if kind == 2 else 20)) + deflate.flush()
    note = png_chunk(b"zTXt", b"note\0\0" + data) if rng.random() < 0.2 else b""
    body = png_chunk(b"IHDR", header) + note + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")
    return bytearray(b"\x89PNG\r\n\x1a\n" + body)


ORDINARY: list[Callable[[bytearray, Rng], bytearray]] = [
    cut,
    flip_bits,
    flip_in_head,
    drop_a_piece,
    repeat_a_piece,
    write_a_large_number,
    lie_about_the_size,
]


def mutated(number: int, draw: Callable[[int], Image.Image] = page) -> tuple[str, bytes]:
    """A file and how it came about; every hundredth is swollen, a tenth is changed twice."""
    rng = np.random.default_rng(number)
    files = originals(draw)
    image_format, original = files[number % len(files)]
    changes = [swell] if number % 100 == 99 else [ORDINARY[rng.integers(len(ORDINARY))]]
    if rng.random() < 0.1:
        changes.append(ORDINARY[rng.integers(len(ORDINARY))])
    content = bytearray(original)
    for change in changes:
        content = change(content, rng) or bytearray(b"\0")
    return f"{image_format} {' + '.join(change.__name__ for change in changes)}", bytes(content)


def go_through(first: int, last: int) -> None:
    """In the child: a line of JSON before and after each file; a file that takes too long ends the process."""
    from lenet.reading import Reader

    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))  # so that a bomb does not take the machine with it
    reader = Reader()
    for number in range(first, last):
        kind, content = mutated(number)
        print(json.dumps({"number": number, "kind": kind}), flush=True)
        faulthandler.dump_traceback_later(MAX_SECONDS, exit=True)
        start = time.perf_counter()
        message = failure = ""
        try:
            reader.read(content)
        except DataError as error:
            message = str(error)
        except Exception:
            failure = traceback.format_exc()
        faulthandler.cancel_dump_traceback_later()
        megabytes = peak_megabytes()
        seconds = time.perf_counter() - start
        print(
            json.dumps({"message": message, "failure": failure, "seconds": seconds, "megabytes": megabytes}), flush=True
        )


@pytest.mark.parametrize("first", range(0, MUTATIONS, CHUNK))
def test_every_mutated_file_is_read_or_refused_in_one_sentence(first: int, tmp_path: Path):
    last = min(first + CHUNK, MUTATIONS)
    command = [sys.executable, "-m", __spec__.name, str(first), str(last)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60 + 2 * CHUNK, check=False)
    lines = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    assert ran.returncode == 0, f"{lines[-1] if lines else 'nothing'} ended the process: {ran.stderr[-2000:]}"
    outcomes = [{**asked, **result} for asked, result in zip(lines[::2], lines[1::2], strict=True)]
    assert len(outcomes) == last - first
    if log := os.environ.get("LENET_MUTATIONS_LOG"):
        with Path(log).open("a") as file:
            file.writelines(json.dumps(outcome) + "\n" for outcome in outcomes)
    for outcome in outcomes:
        assert outcome["failure"] == "", outcome
        assert outcome["megabytes"] <= MAX_MEGABYTES, outcome
        assert outcome["message"] == "" or outcome["message"].startswith("bytes: "), outcome
        assert "\n" not in outcome["message"], outcome
        assert len(outcome["message"]) < 300, outcome


def test_some_mutated_files_open_and_some_do_not():
    from lenet.pictures.loading import open_picture

    refused = 0
    for number in range(60):
        try:
            open_picture(mutated(number)[1])
        except DataError:
            refused += 1
    assert 10 < refused < 50


def test_the_same_number_makes_the_same_file():
    assert mutated(7) == mutated(7)
    assert len({mutated(number)[1] for number in range(100)}) > 95


if __name__ == "__main__":
    go_through(int(sys.argv[1]), int(sys.argv[2]))
