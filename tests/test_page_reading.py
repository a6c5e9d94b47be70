"""The page reads pictures as the package does: the same candidates, the same bytes."""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import lenet
from lenet import data
from lenet.page.document import page_document
from lenet.pictures.loading import Picture, open_picture
from lenet.reading.normalization import normalize
from lenet.reading.paper.ink import InkMap, find_ink
from lenet.reading.reader import Reader, _in_picture
from lenet.reading.results import Reading
from lenet.reading.signs import Sign, recognize
from lenet.reading.single import find_candidates
from lenet.reading.views import views
from lenet.weights import pretrained

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node, which runs the page's modules, is missing")

HARNESS = Path(__file__).with_name("page_reading.mjs")
SITE = Path(lenet.__file__).parent / "page" / "site"
THICKENINGS = (0.0, 0.0, -2.5, -1.0, 0.0, 1.5, 3.0)

Bytes = NDArray[np.uint8]
Levels = NDArray[np.float32]
Random = np.random.Generator


@dataclass(frozen=True)
class Case:
    """A picture, what Python makes of it, and what the page made of it."""

    kind: str
    colors: Bytes
    ink: InkMap
    signs: list[Sign]
    reading: Reading
    answer: dict[str, Any]

    @property
    def picture(self) -> Picture:
        return open_picture(self.colors)


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


def page_with_stroke(height: int, width: int, thick: int, ink: int, paper: int, random: Random) -> Bytes:
    page = np.full((height, width), paper, np.uint8)
    points = np.cumsum(random.uniform(-0.4, 0.4, (int(random.integers(3, 8)), 2)), 0)
    points = (points - points.min(0)) / max(float(np.ptp(points, 0).max()), 0.1) * 0.6 * min(height, width)
    points += random.uniform(0.1, 0.35) * np.array([width, height])
    cv2.polylines(page, [np.int32(points * 16)], False, ink, thick, cv2.LINE_AA, 4)
    return page


def pad(random: Random) -> Bytes:
    """What someone draws on the page: round black strokes on white."""
    page = page_with_stroke(200, 200, int(random.integers(8, 24)), 0, 255, random)
    if random.random() < 0.3:
        cv2.line(page, *random.integers(30, 170, (2, 2)).tolist(), 0, 14, cv2.LINE_AA)
    return page


def crop(random: Random) -> Bytes:
    height, width = (int(side) for side in random.integers(20, 300, 2))
    thick = max(1, int(min(height, width) * random.uniform(0.03, 0.15)))
    page = page_with_stroke(height, width, thick, int(random.integers(0, 90)), int(random.integers(120, 255)), random)
    if random.random() < 0.3:
        page = page_with_stroke(height, width, thick, 40, 255, random) & page
    if random.random() < 0.3:
        page = 255 - page
    return np.clip(page + random.normal(0, random.uniform(0, 8), page.shape), 0, 255).astype(np.uint8)


def colored(random: Random) -> Bytes:
    page = crop(random)[..., None] * random.uniform(0.6, 1, 3)
    return np.clip(page + random.normal(0, 2, page.shape), 0, 255).astype(np.uint8)


def ruled(random: Random) -> Bytes:
    height, width = (int(side) for side in random.integers(80, 300, 2))
    page = page_with_stroke(height, width, max(2, int(min(height, width) * 0.07)), 30, 230, random)
    for _ in range(int(random.integers(1, 4))):
        y = int(random.uniform(0.1, 0.9) * height)
        cv2.line(page, (0, y), (width, y + int(random.integers(-3, 4))), 100, int(random.integers(1, 3)), cv2.LINE_AA)
    return page


def photo(random: Random) -> Bytes:
    """Paper under a lamp, in color, sometimes with a rule or a dark table at its side."""
    height, width = (int(side) for side in random.integers(301, 900, 2))
    light = np.linspace(random.uniform(120, 200), random.uniform(180, 255), width)
    page = light * np.linspace(random.uniform(0.7, 1), 1, height)[:, None]
    stroke = page_with_stroke(height, width, int(min(height, width) * random.uniform(0.02, 0.06)), 0, 255, random)
    page *= 0.25 + 0.75 * stroke / 255
    if random.random() < 0.3:
        cv2.line(page, (0, int(height * 0.7)), (width, int(height * 0.7) + 5), 60, 2)
    if random.random() < 0.3:
        page[:, : width // 10] *= 0.2
    tint = random.uniform(0.7, 1, 3) if random.random() < 0.6 else np.ones(3)
    grain = random.normal(0, random.uniform(0, 6), page.shape)
    return np.clip(page[..., None] * tint + grain[..., None], 0, 255).astype(np.uint8)


def drawn(image: Bytes) -> Bytes:
    """A digit of MNIST as if it had been drawn on the page."""
    large = cv2.GaussianBlur(cv2.resize(image, (196, 196), interpolation=cv2.INTER_CUBIC), (0, 0), 2)
    return np.asarray(cv2.resize(255 * (large < 110).astype(np.uint8), (200, 200)), np.uint8)


KINDS: dict[str, tuple[Callable[[Random], Bytes], int]] = {
    "pad": (pad, 15),
    "crop": (crop, 20),
    "colored": (colored, 10),
    "ruled": (ruled, 8),
    "photo": (photo, 7),
}


def text_of(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


@pytest.fixture(scope="module")
def inks() -> list[tuple[Levels, float]]:
    random = np.random.default_rng(5)
    return [(ink_of(number, random), THICKENINGS[number % len(THICKENINGS)]) for number in range(140)]


@pytest.fixture(scope="module")
def pictures(mnist: data.Dataset) -> list[tuple[str, Bytes]]:
    random = np.random.default_rng(8)
    made = [(kind, make(random)) for kind, (make, count) in KINDS.items() for _ in range(count)]
    made += [("drawn", drawn(image)) for image in mnist.test_images[:30]]
    return [(kind, page if page.ndim == 3 else np.repeat(page[..., None], 3, 2)) for kind, page in made]


@pytest.fixture(scope="module")
def answers(
    inks: list[tuple[Levels, float]], pictures: list[tuple[str, Bytes]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[str | None], list[Case]]:
    """What the page makes of all inks and pictures, in one run of node."""
    reader = Reader()
    made = []
    for kind, colors in pictures:
        ink = find_ink(colors)
        signs = recognize(list(find_candidates(ink)), reader._recognizer)
        made.append((kind, colors, ink, signs, reader.read(colors, single=True)))
    cases = {
        "inks": [
            {"width": ink.shape[1], "height": ink.shape[0], "data": text_of(ink), "thicken": thicken}
            for ink, thicken in inks
        ],
        "pictures": [
            {
                "width": colors.shape[1],
                "height": colors.shape[0],
                "data": text_of(np.dstack([colors, np.full(colors.shape[:2], 255, np.uint8)])),
                "shares": [float(share) for sign in signs for share in sign.shares],
            }
            for _, colors, _, signs, _ in made
        ],
    }
    folder = tmp_path_factory.mktemp("page")
    asked, answered = folder / "cases.json", folder / "answers.json"
    asked.write_text(json.dumps(cases))
    subprocess.run(["node", HARNESS, SITE, asked, answered], check=True, timeout=120)
    found = json.loads(answered.read_text())
    return found["inks"], [Case(*own, answer) for own, answer in zip(made, found["pictures"], strict=True)]


@pytest.fixture(scope="module")
def cases(answers: tuple[list[str | None], list[Case]]) -> list[Case]:
    return answers[1]


def image_of(text: str) -> Bytes:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(28, 28)


def test_every_ink_is_normalized_to_the_same_bytes(inks, answers):
    differing = []
    for number, ((ink, thicken), answer) in enumerate(zip(inks, answers[0], strict=True)):
        expected = normalize(ink, thicken)
        same = answer is None if expected is None else answer is not None and (image_of(answer) == expected).all()
        if not same:
            differing.append((number, ink.shape, thicken))
    assert differing == []


def test_inks_of_the_cases_go_every_way_through_the_normalization(inks):
    scales = [80 / max(ink.shape) for ink, _ in inks]
    assert min(scales) < 0.5
    assert max(scales) > 4
    assert sum(0.7 <= scale < 1.5 for scale in scales) > 5
    assert sum(1.5 < scale < 4 for scale in scales) > 5


@pytest.mark.parametrize("kind", [*KINDS, "drawn"])
def test_every_candidate_of_a_picture_has_the_same_box_and_the_same_bytes(kind: str, cases: list[Case]):
    for number, case in enumerate(own for own in cases if own.kind == kind):
        assert len(case.answer["candidates"]) == len(case.signs), (number, case.colors.shape)
        for sign, answer in zip(case.signs, case.answer["candidates"], strict=True):
            assert answer["box"] == list(_in_picture(sign.box, case.picture, case.ink)), (number, case.colors.shape)
            assert (image_of(answer["image"]) == sign.image).all(), (number, case.colors.shape)


@pytest.mark.parametrize("kind", [*KINDS, "drawn"])
def test_the_digit_read_has_the_same_box_and_the_same_bytes(kind: str, cases: list[Case]):
    for case in cases:
        if case.kind != kind:
            continue
        if not case.reading.digits:
            assert case.answer["image"] is None
            assert case.answer["box"] is None
            continue
        (digit,) = case.reading.digits
        assert case.answer["box"] == list(digit.box)
        assert (image_of(case.answer["image"]) == digit.image).all()


def test_the_digit_read_is_seen_turned_and_slanted_as_the_package_sees_it(cases: list[Case]):
    for case in cases:
        if case.reading.digits:
            expected = views(case.reading.digits[0].image[None])[:, 0]
            assert (np.stack([image_of(view) for view in case.answer["views"]]) == expected).all()


def test_most_pictures_of_the_cases_hold_something_to_read(cases: list[Case]):
    assert sum(bool(case.reading.digits) for case in cases) > 80
    assert sum(len(case.signs) for case in cases) > 500


def test_the_steps_tell_how_the_picture_was_looked_at(cases: list[Case]):
    for case in cases:
        steps = case.answer["steps"]
        height, width = case.ink.levels.shape
        assert steps["ink"] == [width, height, case.ink.scale, str(case.ink.polarity)]
        if case.reading.digits:
            assert max(steps["small"]) == 20
            assert max(steps["strokes"]) > 20


def test_a_blank_picture_has_no_digit(tmp_path: Path):
    asked, answered = tmp_path / "cases.json", tmp_path / "answers.json"
    blank = {"width": 60, "height": 60, "data": text_of(np.full((60, 60, 4), 255, np.uint8)), "shares": []}
    asked.write_text(json.dumps({"inks": [], "pictures": [blank]}))
    subprocess.run(["node", HARNESS, SITE, asked, answered], check=True, timeout=60)
    (answer,) = json.loads(answered.read_text())["pictures"]
    assert answer["image"] is None
    assert answer["candidates"] == []


def test_a_drawing_is_read_on_the_page_as_the_package_reads_its_file(mnist: data.Dataset, tmp_path: Path):
    reader = Reader()
    drawings = [drawn(image) for image in mnist.test_images[40:70]]
    drawings += [*mnist.test_images[:6], *(255 - mnist.test_images[6:12])]  # normalized already
    colors = [np.dstack([page] * 3 + [np.full_like(page, 255)]) for page in drawings]
    calibration = reader._recognizer.calibration
    asked, answered = tmp_path / "cases.json", tmp_path / "answers.json"
    cases = {
        "inks": [],
        "pictures": [],
        "pads": [{"width": page.shape[1], "height": page.shape[0], "data": text_of(page)} for page in colors],
        "document": page_document([pretrained()]),
        "calibration": {"temperature": calibration.temperature, "least": calibration.least},
    }
    asked.write_text(json.dumps(cases))
    subprocess.run(["node", HARNESS, SITE, asked, answered], check=True, timeout=60)
    for number, (page, answer) in enumerate(zip(drawings, json.loads(answered.read_text())["pads"], strict=True)):
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), page)
        (digit,) = reader.read(path, single=True).digits
        assert (image_of(answer["image"]) == digit.image).all()
        assert answer["box"] == list(digit.box)
        assert int(np.argmax(answer["shares"])) == int(digit.label)
        assert max(answer["shares"]) == pytest.approx(digit.probability, abs=1e-5)
