"""Pages that lie on their side or upside down are turned; those that read well as they lie never are."""

import numpy as np
import pytest

import lenet
from lab.benchmarks.signs import render_line
from lab.synthesis.fonts import load_handwriting_fonts
from lab.synthesis.written_lines import Writer, WritingStyle, photograph_line
from lenet.reading import Reader
from lenet.reading.foreground.ink import find_ink
from lenet.reading.orientation import find_quarter_turns

LINES = ["4172503", "3957274", "2540537"]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def page(mnist) -> np.ndarray:
    rng = np.random.default_rng(3)
    drawing = Writer(mnist.test_images, mnist.test_labels, rng).write_page(LINES, WritingStyle())
    return photograph_line(drawing, rng)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_page_turned_by_quarters_is_read_as_the_page_itself(reader: Reader, page: np.ndarray, quarters: int):
    upright, turned = reader.read(page), reader.read(np.ascontiguousarray(np.rot90(page, quarters)))
    assert upright.text.split("\n") == LINES
    assert (upright.rotation, turned.rotation) == (0, 90 * quarters)
    assert turned.text == upright.text
    assert upright.remark == "signs left out: 417,2503"  # a loose stroke of MNIST's at the foot of the 7
    assert turned.remark == f"turned by {90 * quarters} degrees; {upright.remark}"
    assert turned.to_json()["turned"] == 90 * quarters


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_boxes_stay_in_the_picture_as_it_was_given(reader: Reader, page: np.ndarray, quarters: int):
    picture = np.ascontiguousarray(np.rot90(page, quarters))
    for digit in reader.read(picture).digits:
        top, left, bottom, right = digit.box
        assert 0 <= top < bottom <= picture.shape[0]
        assert 0 <= left < right <= picture.shape[1]
        crop = np.rot90(picture[top:bottom, left:right], -quarters)
        assert reader.read(np.pad(crop, 30, constant_values=220), single=True).text == digit.label


def test_nothing_is_turned_that_need_not_or_must_not_be(reader: Reader, page: np.ndarray):
    sideways = np.ascontiguousarray(np.rot90(page))
    assert reader.read(sideways, turn=False).rotation == 0
    assert lenet.read(sideways, turn=False).rotation == 0
    assert lenet.read(sideways).rotation == 90


@pytest.mark.parametrize("text", ["6699", "0801", "96069", "1881", "80018", "6909"])
def test_rows_that_are_digits_upside_down_too_stay_as_they_are(reader: Reader, mnist, text: str):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        row = Writer(mnist.test_images, mnist.test_labels, rng).write_line(text, WritingStyle())
        reading = reader.read(photograph_line(row, rng))
        assert reading.rotation == 0
        assert reading.text == text


def test_a_page_that_reads_well_is_looked_at_once(reader: Reader, page: np.ndarray, monkeypatch):
    def turned(*_):
        raise AssertionError("the other ways were tried")

    monkeypatch.setattr("lenet.reading.orientation.find_quarter_turns", turned)
    assert reader.read(page).text.split("\n") == LINES


def test_marks_tell_by_how_many_quarters_a_page_is_turned(reader: Reader, page: np.ndarray):
    for quarters in range(4):
        ink = find_ink(np.repeat(np.rot90(page, quarters)[..., None], 3, axis=2))
        assert find_quarter_turns(ink, reader._recognizer) == quarters
    blank = find_ink(np.full((90, 90, 3), 225, np.uint8))
    assert find_quarter_turns(blank, reader._recognizer) == 0


@pytest.mark.parametrize("text", ["469t", "6e43", "068k"])
def test_one_letter_among_digits_turns_no_page(reader: Reader, text: str):
    for font in load_handwriting_fonts("validation"):
        reading = reader.read(photograph_line(render_line(font.path, text), np.random.default_rng(1)))
        assert reading.rotation == 0, (font.name, reading.text)
