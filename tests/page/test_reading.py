"""What is drawn on the page is read as the package would read its ink; other pictures, by a plain threshold."""

import base64
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import lenet
from lenet import data
from lenet.model import pretrained
from lenet.page.document import page_document
from lenet.reading.augmentation import views
from lenet.reading.normalization import normalize
from lenet.reading.reader import Reader
from lenet.reading.recognition import LABELS, Recognizer

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node, which runs the page's modules, is missing")

HARNESS = Path(__file__).with_name("page_reading.mjs")
SITE = Path(lenet.__file__).parent / "page" / "site"
DIGITS = Path(__file__).parents[2] / "examples" / "digits"
THICKENINGS = (0.0, 0.0, -2.5, -1.0, 0.0, 1.5, 3.0)
SPECK = 0.04  # of the largest component's area

Bytes = NDArray[np.uint8]
Levels = NDArray[np.float32]
Random = np.random.Generator


def ink_of(number: int, random: Random) -> Levels:
    """Strokes and blots, soft and hard, from hairlines to what fills the crop, small and large."""
    most = 50 if number % 4 == 0 else 230
    height, width = (int(side) for side in random.integers(3, most, 2))
    ink = np.zeros((height, width), np.float32)
    if number % 4 == 3:
        grain = cv2.GaussianBlur(random.random((height, width)).astype(np.float32), (0, 0), float(random.uniform(1, 8)))
        return np.clip((grain - 0.5) * random.uniform(4, 30) + 0.5, 0, 1).astype(np.float32)
    points = random.uniform(0, 1, (int(random.integers(2, 6)), 2)) * [width, height]
    thick = max(1, int(max(height, width) * random.uniform(0.02, 0.3)))
    cv2.polylines(ink, [np.int32(points * 16)], False, 1.0, thick, cv2.LINE_AA, 4)
    if number % 4 == 1:
        ink = cv2.GaussianBlur(ink, (0, 0), float(random.uniform(0.4, 3)))
    return ink if number % 4 < 2 else (ink > 0.5).astype(np.float32)


def even_ink(random: Random) -> Levels:
    """A shape that is its own mirror image: where its center of mass goes hangs on the last bit of a sum."""
    height, width = (int(side) for side in random.integers(20, 120, 2))
    ink = np.zeros((height, width), np.float32)
    thick = int(random.integers(2, 12))
    cv2.ellipse(ink, (width // 2, height // 2), (width // 3, height // 3), 0, 0, 360, 1.0, thick, cv2.LINE_AA)
    mirrored = np.maximum(ink, ink[:, ::-1])
    return np.maximum(mirrored, mirrored[::-1])


def scrawl(random: Random) -> Bytes:
    """Strokes as the sheet has them when it is read: black on white, round, of 100×100 pixels; some with a speck."""
    sheet = np.full((200, 200), 255, np.uint8)
    for _ in range(int(random.integers(1, 4))):
        points = np.cumsum(random.uniform(-60, 60, (int(random.integers(2, 7)), 2)), 0) + random.uniform(40, 160, 2)
        thick = int(random.integers(8, 25))
        cv2.polylines(sheet, [np.int32(points * 16)], False, 0, thick, cv2.LINE_AA, 4)
    if random.random() < 0.5:
        cv2.circle(sheet, tuple(random.integers(10, 190, 2).tolist()), int(random.integers(1, 9)), 0, -1, cv2.LINE_AA)
    return np.asarray(cv2.resize(sheet, (100, 100), interpolation=cv2.INTER_AREA), np.uint8)


def drawn(image: Bytes) -> Bytes:
    """A digit of MNIST as if it had been drawn on the page."""
    large = cv2.GaussianBlur(cv2.resize(image, (196, 196), interpolation=cv2.INTER_CUBIC), (0, 0), 2)
    sheet = np.asarray(255 * (large < 110), np.uint8)
    return np.asarray(cv2.resize(sheet, (100, 100), interpolation=cv2.INTER_AREA), np.uint8)


def on_paper(image: Bytes, paper: tuple[int, int, int], ink: tuple[int, int, int], random: Random) -> Bytes:
    """A digit of MNIST, large, in one color on another, off the middle, with some grain."""
    share = cv2.resize(image, (168, 168), interpolation=cv2.INTER_CUBIC)[..., None] / 255.0
    page = np.empty((300, 400, 3))
    page[:] = paper
    window = page[90:258, 40:208]
    window += share.clip(0, 1) * (np.array(ink) - window)
    return np.clip(page + random.normal(0, 4, page.shape), 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Expected:
    """What Python makes of the ink of a drawing."""

    image: Bytes | None
    box: list[int] | None
    probabilities: Levels | None


def read_drawing(sheet: Bytes, recognizer: Recognizer) -> Expected:
    """All ink of a drawing but specks, normalized and recognized by the package."""
    ink = (255 - sheet).astype(np.float32) / np.float32(255)
    _, labels, statistics, _ = cv2.connectedComponentsWithStats((ink >= 0.5).astype(np.uint8))
    areas = statistics[1:, cv2.CC_STAT_AREA]
    specks = 1 + np.flatnonzero(areas < SPECK * areas.max(initial=0))
    ink[np.isin(labels, specks)] = 0
    image = normalize(ink)
    if image is None:
        return Expected(None, None, None)
    rows, columns = np.flatnonzero((ink >= 0.5).any(axis=1)), np.flatnonzero((ink >= 0.5).any(axis=0))
    box = [int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1]
    return Expected(image, box, recognizer.probabilities(image[None])[0])


def text_of(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def image_of(text: str) -> Bytes:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(28, 28)


def asked_of_page(
    folder: Path, inks: list[tuple[Levels, float]], drawings: list[Bytes], pictures: list[Bytes] = ()
) -> dict[str, Any]:
    """What the page makes of inks, drawings and pictures, in one run of node."""
    pages = [(np.repeat(page[..., None], 3, 2), True) for page in drawings] + [(page, False) for page in pictures]
    cases = {
        "document": page_document([pretrained()]),
        "inks": [
            {"width": ink.shape[1], "height": ink.shape[0], "data": text_of(ink), "thicken": thicken}
            for ink, thicken in inks
        ],
        "pictures": [
            {
                "width": page.shape[1],
                "height": page.shape[0],
                "data": text_of(np.dstack([page, np.full(page.shape[:2], 255, np.uint8)])),
                "isFromPad": is_drawn,
            }
            for page, is_drawn in pages
        ],
    }
    asked, answered = folder / "cases.json", folder / "answers.json"
    asked.write_text(json.dumps(cases))
    subprocess.run(["node", HARNESS, SITE, asked, answered], check=True, timeout=120)
    return json.loads(answered.read_text())


@pytest.fixture(scope="module")
def inks() -> list[tuple[Levels, float]]:
    random = np.random.default_rng(5)
    even = np.random.default_rng(1)  # of which the 17th and the 30th ink need the sums in numpy's own order
    made = [(ink_of(number, random), THICKENINGS[number % len(THICKENINGS)]) for number in range(200)]
    return [*made, *((even_ink(even), 0.0) for _ in range(40))]


@pytest.fixture(scope="module")
def drawings(mnist: data.Dataset) -> list[Bytes]:
    random = np.random.default_rng(8)
    return [*(scrawl(random) for _ in range(120)), *map(drawn, mnist.test_images[:120])]


@pytest.fixture(scope="module")
def answers(
    inks: list[tuple[Levels, float]], drawings: list[Bytes], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    return asked_of_page(tmp_path_factory.mktemp("page"), inks, drawings)


def test_every_ink_is_normalized_to_the_same_bytes(inks, answers):
    differing = []
    for number, ((ink, thicken), answer) in enumerate(zip(inks, answers["inks"], strict=True)):
        expected = normalize(ink, thicken)
        same = answer is None if expected is None else answer and (image_of(answer["image"]) == expected).all()
        if not same:
            differing.append((number, ink.shape, thicken))
    assert differing == []


def test_inks_of_the_cases_go_every_way_through_the_normalization(inks):
    scales = [80 / max(ink.shape) for ink, _ in inks]
    assert min(scales) < 0.5
    assert max(scales) > 4
    assert sum(0.7 <= scale < 1.5 for scale in scales) > 10
    assert sum(1.5 < scale < 4 for scale in scales) > 10


def test_every_digit_is_seen_turned_and_slanted_as_the_package_sees_it(answers):
    inks = [answer for answer in answers["inks"] if answer]
    assert len(inks) > 200
    for answer in inks:
        expected = views(image_of(answer["image"])[None])[:, 0]
        assert (np.stack([image_of(view) for view in answer["views"]]) == expected).all()


def test_a_drawing_has_the_bytes_the_box_and_the_probabilities_that_the_package_gives_its_ink(drawings, answers):
    recognizer = Recognizer()
    specks = 0
    for sheet, answer in zip(drawings, answers["pictures"], strict=True):
        expected = read_drawing(sheet, recognizer)
        if expected.image is None or expected.probabilities is None:
            assert (answer["image"], answer["box"], answer["digits"]) == (None, None, [])
            continue
        assert (image_of(answer["image"]) == expected.image).all()
        assert answer["box"] == expected.box
        [digit] = answer["digits"]
        assert digit["label"] == LABELS[expected.probabilities.argmax()]
        assert digit["probability"] == pytest.approx(expected.probabilities.max(), abs=1e-5)
        assert digit["no_digit"] == pytest.approx(max(0, 1 - expected.probabilities.sum()), abs=1e-5)
        assert digit["rejected"] == recognizer.rejects(expected.probabilities)
        inked = np.flatnonzero((sheet < 128).any(axis=1))
        specks += [int(inked[0]), int(inked[-1]) + 1] != [expected.box[0], expected.box[2]]
    assert specks > 3, "no drawing has a speck that is left out"


def test_drawn_digits_are_read_as_lenet_read_reads_their_file(mnist, drawings, answers):
    reader = Reader()
    read = [
        (answer["digits"][0]["label"], reader.read(sheet, single=True).digits[0].label)
        for sheet, answer in list(zip(drawings, answers["pictures"], strict=True))[120:]
    ]
    labels = [str(label) for label in mnist.test_labels[:120]]
    agreeing = sum(own == theirs for own, theirs in read)
    right = [sum(column[place] == label for column, label in zip(read, labels, strict=True)) for place in (0, 1)]
    assert agreeing >= 118
    assert right[0] >= right[1] - 1


def test_the_steps_tell_how_a_drawing_was_looked_at(answers):
    for answer in answers["pictures"]:
        if answer["image"] is not None:
            top, left, bottom, right = answer["box"]
            crop, small = answer["sizes"]
            assert crop == [bottom - top, right - left]
            assert max(small) == 20
            assert answer["polarity"] == "paper-high"


def test_an_empty_sheet_and_a_blank_picture_have_no_digit(tmp_path):
    white, gray = np.full((100, 100), 255, np.uint8), np.full((60, 80, 3), 140, np.uint8)
    for answer in asked_of_page(tmp_path, [], [white], [gray])["pictures"]:
        assert (answer["image"], answer["box"], answer["digits"]) == (None, None, [])


@pytest.mark.parametrize(
    ("paper", "ink", "polarity"),
    [
        ((250, 250, 250), (20, 20, 20), "paper-high"),
        ((225, 210, 170), (40, 60, 150), "paper-high"),
        ((20, 50, 30), (230, 230, 220), "ink-high"),
    ],
    ids=["black on white", "blue on cream", "chalk"],
)
def test_a_threshold_finds_the_digit_of_an_even_picture_whichever_side_is_paper(mnist, tmp_path, paper, ink, polarity):
    random = np.random.default_rng(3)
    images = mnist.test_images[:30]
    found = asked_of_page(tmp_path, [], [], [on_paper(image, paper, ink, random) for image in images])["pictures"]
    assert {answer["polarity"] for answer in found} == {polarity}
    right = sum(
        answer["digits"][0]["label"] == str(label) for answer, label in zip(found, mnist.test_labels[:30], strict=True)
    )
    assert right >= 29
    for answer, image in zip(found, images, strict=True):
        rows = np.flatnonzero((image > 127).any(axis=1))
        assert answer["box"][0] == pytest.approx(90 + 6 * rows[0], abs=6)
        assert answer["box"][2] == pytest.approx(90 + 6 * (rows[-1] + 1), abs=6)


def test_a_threshold_takes_the_largest_piece_of_ink_with_what_stands_above_it(tmp_path):
    page = np.full((200, 300, 3), 240, np.uint8)
    page[60:150, 100:112] = 30  # the stem
    page[40:50, 96:114] = 30  # a bar, apart, above it
    page[70:140, 160:170] = 30  # another digit
    page[190:194, 20:24] = 30  # a speck
    [answer] = asked_of_page(tmp_path, [], [], [page])["pictures"]
    assert answer["box"] == [40, 96, 150, 114]
