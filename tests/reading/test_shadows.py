"""Digits in a deep shadow, as dark as a table, are read; what lies on a dark table is no digit, or is told."""

import numpy as np
import pytest

from lab.benchmarks.camera import shadow_light, smooth_noise, to_uint8
from lab.benchmarks.large_digits import draw_row, pad_with_paper
from lenet.reading.foreground.ink import find_ink, find_ink_in_shadow

PAPER, PEN = 0.9, 0.75  # the light of the paper, and the share of it that ink takes
DEEP = 0.2  # of the light is left: less than a table may have
TABLE = 0.15


def written(mnist, text: str, side: int = 60, seed: int = 5) -> np.ndarray:
    """A row of test digits, gray levels 0..1, dark on light."""
    images = [mnist.test_images[np.flatnonzero(mnist.test_labels == int(label))[3]] for label in text]
    return PAPER * (1 - PEN * pad_with_paper(draw_row(images, side, np.random.default_rng(seed)), 0.3))


def on_table(sheet: np.ndarray, width: int) -> np.ndarray:
    """A sheet with as much of a dark table around it."""
    return np.pad(sheet, width, constant_values=TABLE)


def with_thing(page: np.ndarray, thing: np.ndarray, top: int, left: int) -> np.ndarray:
    """A page with a thing on the table, drawn as dark beside the table as ink is beside paper."""
    page = page.copy()
    page[top : top + thing.shape[0], left : left + thing.shape[1]] = thing * TABLE / PAPER
    return page


def gray(page: np.ndarray) -> np.ndarray:
    return to_uint8(page.astype(np.float32))


@pytest.mark.parametrize("turns", [0, 2], ids=["at the left", "at the right"])
def test_the_digits_of_a_number_that_lie_in_a_deep_shadow_are_read(reader, mnist, turns):
    page = written(mnist, "28604")
    reading = reader.read(gray(page * np.rot90(shadow_light(page.shape, DEEP), turns)))
    assert (reading.text, reading.is_rejected) == ("28604", False)


def test_a_digit_alone_in_a_deep_shadow_is_read(reader, mnist):
    page = np.hstack([written(mnist, "6", 150), np.full((written(mnist, "6", 150).shape[0], 250), PAPER)])
    light = np.where(np.arange(page.shape[1]) < page.shape[1] - 200, DEEP, 1.0)
    assert reader.read(gray(page * light), single=True).text == "6"


def test_what_lies_on_a_dark_table_is_no_digit(reader, mnist):
    sheet = written(mnist, "28604")
    page = on_table(sheet, 180)
    page = with_thing(page, written(mnist, "7"), 10, 200)
    assert reader.read(gray(page)).text == "28604"


def test_what_may_be_a_number_in_a_shadow_is_told_where_it_is_not_read(reader, mnist):
    page = on_table(written(mnist, "28604"), 180)
    page = with_thing(page, written(mnist, "7"), 10, 100)
    page = with_thing(page, written(mnist, "395"), page.shape[0] - 170, 200)
    reading = reader.read(gray(page))
    assert (reading.text, reading.is_rejected) == ("28604", True)
    assert reading.remark == "left out: 3 shapes or lines that may be digits"


def test_the_grain_of_a_table_is_not_read_as_ink_on_paper(mnist):
    sheet = np.pad(written(mnist, "28604"), 150, constant_values=PAPER)
    page = on_table(sheet, 60)
    grain = 0.2 * TABLE * smooth_noise(page.shape, 3, np.random.default_rng(3))
    colors = np.repeat(gray(np.where(page > TABLE, page, page + grain))[..., None], 3, axis=2)
    ink = find_ink(colors)
    assert ink.dark_areas is not None
    assert find_ink_in_shadow(colors, ink) is None
