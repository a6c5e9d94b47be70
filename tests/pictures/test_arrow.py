"""Pixels of decoded pictures as arrays: those of `numpy.asarray`, in memory of their own."""

import gc
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lenet.pictures.arrow import pixels_of
from lenet.pictures.strips import STRIP_BYTES

REPOSITORY = Path(__file__).parents[2]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 100))
def test_the_pixels_are_numpy_s(height: int, width: int, seed: int):
    image = Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))
    for part in (image, image.crop((0, height // 2, width, height // 2 + 1))):
        np.testing.assert_array_equal(pixels_of(part), np.asarray(part))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGBA", "F", "I;16"])
def test_other_modes_are_left_to_numpy(mode: str):
    image = Image.new(mode, (7, 5))
    np.testing.assert_array_equal(pixels_of(image), np.asarray(image))


def test_a_picture_that_lies_in_several_pieces_is_joined():
    image = Image.effect_noise((3000, 4000), 50).convert("RGB")  # more than one of Pillow's blocks of 16 MB
    np.testing.assert_array_equal(pixels_of(image), np.asarray(image))


def test_the_pixels_outlive_the_picture():
    image = Image.new("RGB", (500, 400), (10, 20, 30))
    pixels = pixels_of(image)
    del image
    gc.collect()
    Image.new("RGB", (500, 400), (200, 200, 200))
    assert (pixels == (10, 20, 30)).all()


def test_a_picture_in_several_pieces_takes_one_copy_and_a_strip():
    code = (
        "import cv2, numpy; from PIL import Image\n"
        "from lenet.pictures.arrow import pixels_of\n"
        "from tests.memory import peak_megabytes\n"
        "small, image = Image.new('RGB', (500, 500)), Image.new('RGB', (4000, 4000), (10, 20, 30))\n"
        "pixels_of(small); before = peak_megabytes()\n"
        "pixels = pixels_of(image); print(peak_megabytes() - before)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    copy, strip = 3 * 4000**2 / 2**20, 7 * STRIP_BYTES / 4 / 2**20
    assert copy - 1 <= int(ran.stdout) <= copy + 2 * strip
