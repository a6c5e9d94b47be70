"""Pictures without a digit get no answer that claims to be sure: a tenth of ``lab.benchmarks.non_digits``."""

from collections.abc import Iterator

import numpy as np
import pytest

from lab.benchmarks.large_digits import draw_digit, pad_with_paper
from lab.benchmarks.non_digit_scenes import SCENE_KINDS, count_pictures_by_kind, draw_picture
from lab.synthesis.fonts import load_handwriting_fonts
from lenet.reading import Reader, Reading
from tests.reading.chance import most_by_chance

PICTURES = 120
BAR = 0.02  # of the pictures may get an accepted answer
EMPTY = ("empty paper", "ruled paper")


@pytest.fixture(scope="module")
def readings() -> dict[str, list[Reading]]:
    """Each kind's pictures, as the reader reads them when nothing is known of them."""
    reader, fonts = Reader(), [font.path for font in load_handwriting_fonts("test")]
    return {
        kind: [reader.read(draw_picture(kind, number, fonts)) for number in range(count)]
        for kind, count in count_pictures_by_kind(PICTURES).items()
    }


def accepted(readings: list[Reading]) -> Iterator[Reading]:
    return (reading for reading in readings if reading.digits and not reading.is_rejected)


def test_hardly_a_picture_without_digits_gets_an_accepted_answer(readings: dict[str, list[Reading]]):
    result = {kind: [reading.text for reading in accepted(own)] for kind, own in readings.items()}
    # PICTURES of the benchmark's thousand: a reader that just meets the bar may show a few more by chance.
    assert sum(map(len, result.values())) <= most_by_chance(PICTURES, BAR), result


def test_a_picture_without_digits_says_why_nothing_was_read(readings: dict[str, list[Reading]]):
    for reading in (reading for own in readings.values() for reading in own):
        assert reading.digits or reading.cells or reading.remark.startswith("no digits found")
        is_incomplete = reading.is_incomplete or any(cell.is_unread for cell in reading.cells)
        is_in_doubt = "not accepted: " in reading.remark and reading.is_rejected
        is_remarkable = (
            not reading.digits or is_incomplete or bool(reading.signs) or reading.rotation > 0 or is_in_doubt
        )
        assert bool(reading.remark) == is_remarkable
        assert reading.is_rejected or reading.digits


def test_most_blank_and_ruled_pages_hold_no_digits_at_all(readings: dict[str, list[Reading]]):
    pages = [reading for kind in EMPTY for reading in readings[kind]]
    assert np.mean([reading.text == "" for reading in pages]) >= 0.5


def test_a_fold_from_edge_to_edge_and_a_mark_at_the_edge_are_no_sure_ones():
    """Strokes as thin for their height, or as small for the picture, are rejected; a crop that a 1 fills is not."""
    reader, rng = Reader(), np.random.default_rng(4)

    def page(height: int, width: int, stroke: tuple[slice, slice]) -> np.ndarray:
        gray = rng.normal(210, 2, (height, width))
        gray[stroke] -= 120
        return gray.clip(0, 255).astype(np.uint8)

    fold = reader.read(page(420, 460, np.s_[:, 200:208]))
    assert fold.is_rejected or not fold.digits
    mark = reader.read(page(215, 472, np.s_[97:121, 0:4]))
    assert mark.is_rejected or not mark.digits
    crop = reader.read(page(60, 40, np.s_[:, 16:23]))
    assert (crop.text, crop.is_rejected) == ("1", False)


def test_digits_themselves_are_not_refused(mnist):
    """The other side of the coin: a reader that refuses everything would pass all the tests above."""
    reader = Reader()
    pages = [
        np.rint(225 - 185 * pad_with_paper(draw_digit(image, 120))).astype(np.uint8) for image in mnist.test_images[:50]
    ]
    assert len(list(accepted([reader.read(page) for page in pages]))) >= 45


def test_kinds_come_in_their_shares():
    assert sum(kind.percent for kind in SCENE_KINDS) == 100
    assert sum(count_pictures_by_kind(PICTURES).values()) == PICTURES
    assert count_pictures_by_kind(1000) == {kind.name: 10 * kind.percent for kind in SCENE_KINDS}


def test_a_picture_follows_from_its_number_alone():
    fonts = [font.path for font in load_handwriting_fonts("test")]
    for kind in SCENE_KINDS:
        first, again, other = (draw_picture(kind.name, number, fonts) for number in (3, 3, 4))
        np.testing.assert_array_equal(first, again)
        assert first.dtype == np.uint8
        assert first.ndim == 3
        assert first.shape != other.shape or (first != other).any()
