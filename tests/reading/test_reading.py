"""Reading: ink, rows and digits, on drawn pages and on MNIST test digits written large."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from lenet.errors import ReadingError, WeightsError
from lenet.initialization import initial_weights
from lenet.model import Model
from lenet.networks import describe
from lenet.reading import Digit, Polarity, Reader
from lenet.reading.drawing.steps import draw_steps, steps_picture
from lenet.reading.foreground.ink import find_polarity

DIGITS = 50  # test digits in each measurement


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def enlarged(image: np.ndarray, cell: int = 140) -> np.ndarray:
    """An MNIST digit as smooth, sharp ink of 0..1 in a square of ``cell`` pixels."""
    large = cv2.resize(image, (cell, cell), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    return np.clip((cv2.GaussianBlur(large, (0, 0), cell / 50) - 0.5) * 6 + 0.5, 0, 1)


def on_paper(ink: np.ndarray, dark: int = 40, light: int = 225) -> np.ndarray:
    return np.rint(light - ink * (light - dark)).astype(np.uint8)


def page_of(rows: list[str], mnist, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    lines = []
    for row in rows:
        chosen = [rng.choice(np.flatnonzero(mnist.test_labels[:1000] == int(digit))) for digit in row]
        lines.append(np.hstack([enlarged(mnist.test_images[index], 84) for index in chosen]))
    width = max(line.shape[1] for line in lines)
    return on_paper(np.pad(np.vstack([np.pad(line, ((0, 0), (0, width - line.shape[1]))) for line in lines]), 30))


def share_right(reader: Reader, mnist, change, **options) -> float:
    texts = [reader.read(change(image), **options).text for image in mnist.test_images[:DIGITS]]
    return float(np.mean([text == str(label) for text, label in zip(texts, mnist.test_labels[:DIGITS], strict=True)]))


def shaded(ink: np.ndarray) -> np.ndarray:
    height, width = ink.shape
    light = np.linspace(1.0, 0.45, width)[None] * np.linspace(0.9, 1.0, height)[:, None]
    return np.rint(on_paper(ink) * light).astype(np.uint8)


CHANGES = {
    "as it is": lambda image: image,
    "dark on light": lambda image: on_paper(enlarged(image)),
    "light on dark": lambda image: 255 - on_paper(enlarged(image)),
    "small": lambda image: on_paper(enlarged(image, 42)),
    "large": lambda image: on_paper(enlarged(image, 500)),
    "pale": lambda image: on_paper(enlarged(image), dark=170),
    "shaded": lambda image: shaded(enlarged(image)),
    "in a corner": lambda image: on_paper(np.pad(enlarged(image), ((20, 160), (200, 20)))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_digit_is_read_whatever_its_size_light_ground_and_place(reader: Reader, mnist, change: str):
    assert share_right(reader, mnist, CHANGES[change]) >= 0.94


def test_a_picture_known_to_hold_one_digit_gives_one(reader: Reader, mnist):
    page = on_paper(np.pad(enlarged(mnist.test_images[0]), 60))
    page[5:25, 5:9] = 40  # a stray mark
    assert reader.read(page, single=True).text == "7"


@pytest.mark.parametrize("rows", [["0123456789"], ["98765", "43210"], ["31", "41", "59"]])
def test_rows_are_read_left_to_right_and_top_to_bottom(reader: Reader, mnist, rows: list[str]):
    reading = reader.read(page_of(rows, mnist, seed=3))
    assert reading.text == "\n".join(rows)
    lefts = [digit.box[1] for digit in reading.digits[: len(rows[0])]]
    assert lefts == sorted(lefts)


def test_a_box_holds_its_digit_and_nothing_of_its_neighbours(reader: Reader):
    page = np.full((200, 300), 230, np.uint8)
    page[50:150, 60:72] = page[50:150, 200:212] = 30
    reading = reader.read(page)
    assert reading.text == "11"
    for digit, (left, right) in zip(reading.digits, [(60, 72), (200, 212)], strict=True):
        assert digit.box == pytest.approx((50, left, 150, right), abs=3)


def test_boxes_are_in_the_pixels_of_the_whole_picture(reader: Reader):
    page = np.full((2000, 4000), 230, np.uint8)
    page[500:1500, 2000:2120] = 30
    assert reader.read(page).digits[0].box == pytest.approx((500, 2000, 1500, 2120), abs=15)


def test_a_ruled_line_is_not_ink_and_takes_no_stroke_with_it(reader: Reader, mnist):
    page = page_of(["2468"], mnist)
    page[100:103] = 90
    assert reader.read(page).text == "2468"


def test_a_digit_that_fills_its_picture_to_all_edges_is_accepted_like_any_other(reader: Reader, mnist):
    is_accepted = []
    for image, label in zip(mnist.test_images[:20], mnist.test_labels, strict=False):
        page = on_paper(enlarged(image))
        ys, xs = np.nonzero(page < 130)
        reading = reader.read(np.ascontiguousarray(page[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]))
        is_accepted.append(not reading.is_rejected and reading.text == str(label))
    assert sum(is_accepted) >= 15


def test_touching_digits_are_cut(reader: Reader, mnist):
    ink = page_of(["00"], mnist, seed=1)
    columns = np.flatnonzero((ink < 130).any(axis=0))
    gap = columns[np.argmax(np.diff(columns))]
    joined = ink.copy()
    joined[65:75, gap - 8 : gap + 40] = 40
    assert reader.read(ink).text == reader.read(joined).text == "00"


@pytest.mark.parametrize("polarity", [Polarity.INK_HIGH, Polarity.PAPER_HIGH])
def test_polarity_is_found_and_can_be_forced(reader: Reader, mnist, polarity: Polarity):
    page = on_paper(np.pad(enlarged(mnist.test_images[0]), 40))
    page = page if polarity is Polarity.PAPER_HIGH else 255 - page
    assert find_polarity(np.repeat(page[..., None], 3, axis=2)) is polarity
    assert reader.read(page, polarity.value).text == "7"


def test_thick_light_strokes_that_fill_a_dark_crop_are_ink(reader: Reader):
    crop = np.zeros((64, 69), np.uint8)
    cv2.ellipse(crop, (34, 32), (29, 27), 0, 0, 360, 255, 9, cv2.LINE_AA)
    for view in (crop, crop[2:-2], crop[:, 2:-2]):
        reading = reader.read(view, single=True)
        assert (reading.polarity, reading.text, reading.is_rejected) == (Polarity.INK_HIGH, "0", False)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_a_blank_page_has_no_ink(reader: Reader, level: int):
    grain = np.random.default_rng(0).normal(level, 2, (200, 300))
    reading = reader.read(np.clip(grain, 0, 255).astype(np.uint8))
    assert reading.text == ""
    assert reading.is_rejected
    assert reading.remark.startswith("no digits found")


def test_a_reading_is_plain_json(reader: Reader, mnist):
    reading = reader.read(page_of(["407"], mnist))
    record = json.loads(json.dumps(reading.to_json()))
    assert record["text"] == "407"
    assert [digit["label"] for digit in record["digits"]] == ["4", "0", "7"]
    for digit in reading.digits:
        assert isinstance(digit, Digit)
        assert digit.image.shape == (28, 28)
        others = sum(share for _, share in digit.alternatives)
        assert digit.probability + others + digit.no_digit == pytest.approx(1, abs=1e-5)
        assert record["digits"][reading.digits.index(digit)]["no_digit"] == pytest.approx(digit.no_digit, abs=1e-4)


def test_weights_of_any_network_of_ten_classes_are_taken():
    page = np.full((80, 80), 230, np.uint8)
    page[15:65, 35:42] = 30
    reading = Reader("lenet-5").read(page)
    assert (reading.text, reading.is_rejected) == ("1", False)


def test_weights_for_letters_are_refused():
    network = describe("lenet-5-relu", classes=26)
    with pytest.raises(
        WeightsError, match=r"tells the classes 0, 1, .*, … \(26\) apart, and reading takes a model of the digits"
    ):
        Reader(Model(network, initial_weights(network, "pytorch", 0)))


def test_the_shipped_weights_are_small_and_read_mnist(reader: Reader, mnist):
    file = Path(__file__).parents[2] / "src/lenet/pretrained/lenet-5-relu.safetensors"
    assert file.stat().st_size <= 250_000
    wrong = reader.read_images(mnist.test_images).argmax(axis=1) != mnist.test_labels
    assert 100 * wrong.mean() <= 0.6


def test_the_steps_are_drawn(reader: Reader, mnist, tmp_path: Path):
    reading = reader.read(page_of(["12"], mnist), keep_steps=True)
    draw_steps(reading, tmp_path / "steps.png")
    assert (tmp_path / "steps.png").stat().st_size > 1000
    assert np.asarray(steps_picture(reading)).std() > 10


@pytest.mark.parametrize("options", [{"length": 2}, {"pattern": r"\d{2}"}])
def test_a_line_that_does_not_fit_is_not_made_to(reader: Reader, mnist, options: dict[str, object]):
    page = page_of(["4071"], mnist)
    assert reader.read(page, length=4).text == "4071"
    assert reader.read(page, **options).text == ""
    assert reader.read(page, length=6).is_rejected  # four digits may be cut into six, but not surely


@pytest.mark.parametrize("max_error", [0, 1, 2, -0.1, "0.5%"])
def test_a_maximum_error_rate_that_is_no_fraction_is_an_error(max_error: object):
    with pytest.raises(ReadingError, match="expected a share between 0 and 1"):
        Reader(max_error=max_error)
