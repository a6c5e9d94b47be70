"""Ink and rules: scenes made of MNIST test digits, where it is known which pixels are strokes."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lab.benchmarks.filled_forms import draw_form
from lenet.reading.foreground.ink import InkMap, Polarity, find_ink, median_level
from lenet.reading.foreground.rules import find_rules, without_rules
from lenet.reading.lines.segmentation import find_rows

Ink = NDArray[np.float32]
Colors = NDArray[np.uint8]

SIZE = (480, 640)
ROWS, COLUMNS = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
PEN, PAPER = 0.25, 0.88


def enlarged(image: NDArray[np.uint8], cell: int) -> Ink:
    """An MNIST digit as smooth, sharp ink of 0..1 in a square of ``cell`` pixels."""
    large = cv2.resize(image, (cell, cell), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    return np.clip((cv2.GaussianBlur(large, (0, 0), cell / 50) - 0.5) * 6 + 0.5, 0, 1)


def strokes(mnist, size=SIZE, cell: int = 100, rows: int = 2, columns: int = 4, margin: int = 60) -> Ink:
    ink = np.zeros(size, np.float32)
    tops = np.linspace(margin, size[0] - margin - cell, rows).astype(int)
    lefts = np.linspace(margin, size[1] - margin - cell, columns).astype(int)
    images = iter(mnist.test_images[20:])
    for top in tops:
        for left in lefts:
            ink[top : top + cell, left : left + cell] = enlarged(next(images), cell)
    return ink


def on_paper(ink: Ink, pen: float = PEN, paper: float = PAPER) -> Ink:
    grain = np.random.default_rng(0).normal(0, 0.01, ink.shape)
    return (paper - ink * (paper - pen) + grain).astype(np.float32)


def photo(levels: NDArray[np.floating]) -> Colors:
    gray = np.clip(np.rint(levels * 255), 0, 255).astype(np.uint8)
    return gray if gray.ndim == 3 else np.repeat(gray[..., None], 3, axis=2)


def written(ink: Ink, paper: tuple[float, ...], pen: tuple[float, ...]) -> Colors:
    ground = np.float32(paper)
    grain = np.random.default_rng(0).normal(0, 0.01, (*ink.shape, 3))
    return photo(ground - (ground - np.float32(pen)) * ink[..., None] + grain)


def compressed(colors: Colors, quality: int = 30) -> Colors:
    _, coded = cv2.imencode(".jpg", colors, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def ruled(page: Ink, lines: list[tuple[tuple[int, int], tuple[int, int]]], level: float = 0.4, width: int = 2) -> Ink:
    printed = page.copy()
    for start, end in lines:
        cv2.line(printed, start, end, level, width, cv2.LINE_AA)
    return np.minimum(page, printed)


def shadow(contrast: float, blur: float = 0) -> Ink:
    dark = (COLUMNS + 0.4 * ROWS > 420).astype(np.float32)
    return 1 - contrast * (cv2.GaussianBlur(dark, (0, 0), blur) if blur else dark)


def lamp() -> Ink:
    return 0.25 + 0.75 * np.exp(-((COLUMNS - 200) ** 2 + (ROWS - 160) ** 2) / (2 * 190**2))


def on_table(ink: Ink, sheet: NDArray[np.bool_]) -> Colors:
    return photo(np.where(sheet, on_paper(ink), 0.17 + 0.04 * np.sin((COLUMNS + ROWS) / 8)))


def squared_paper(ink: Ink) -> Colors:
    level = [((0, y), (640, y + 25)) for y in range(-60, 540, 40)]
    steep = [((x, 0), (x - 20, 480)) for x in range(-60, 720, 40)]
    return photo(ruled(on_paper(ink), level + steep, 0.6))


SCENES: dict[str, Callable[[Ink], Colors]] = {
    "plain": lambda ink: photo(on_paper(ink)),
    "pale": lambda ink: photo(on_paper(ink, pen=0.7)),
    "compressed": lambda ink: compressed(photo(on_paper(ink))),
    "a gradient": lambda ink: photo(on_paper(ink) * (1 - 0.65 * COLUMNS / SIZE[1])),
    "a lamp": lambda ink: photo(on_paper(ink) * lamp()),
    "a soft shadow": lambda ink: photo(on_paper(ink) * shadow(0.5, blur=10)),
    "a hard shadow": lambda ink: photo(on_paper(ink) * shadow(0.5)),
    "a dark strip of table": lambda ink: on_table(ink, COLUMNS + 0.05 * ROWS < 605),
    "a sheet on a dark table": lambda ink: on_table(ink, (np.abs(COLUMNS - 320) < 290) & (np.abs(ROWS - 240) < 210)),
    "a blackboard": lambda ink: photo(0.18 + 0.03 * np.sin(COLUMNS / 90) + 0.6 * on_paper(ink, 1.0, 0.0)),
    "a dark drawing": lambda ink: photo(0.08 + 0.85 * ink),
    "a blue pen": lambda ink: written(ink, (0.85, 0.84, 0.82), (0.25, 0.3, 0.75)),
    "a red pen": lambda ink: compressed(written(ink, (0.85, 0.84, 0.82), (0.85, 0.2, 0.25)), 60),
    "pencil on yellow paper": lambda ink: written(ink, (0.93, 0.85, 0.35), (0.65, 0.63, 0.34)),
    "ruled paper": lambda ink: photo(ruled(on_paper(ink), [((0, y), (640, y + 15)) for y in range(-20, 500, 60)])),
    "squared paper": squared_paper,
    "rules under the lines": lambda ink: photo(
        ruled(on_paper(ink), [((30, y), (600, y - 9)) for y in (170, 432)], 0.3, 3)
    ),
    "a frame": lambda ink: photo(
        ruled(on_paper(ink), [((4, 4), (635, 4)), ((4, 475), (635, 475)), ((4, 4), (4, 475)), ((635, 4), (635, 475))])
    ),
}


def mask_of(ink: InkMap, share: float = 0.38) -> NDArray[np.bool_]:
    """The strokes a reader would see at a share of full ink."""
    lowest, threshold = ink.thresholds((0.25, share))
    return without_rules((ink.levels > threshold).view(np.uint8), find_rules(ink, lowest)) > 0


def agreement(actual: NDArray[np.bool_], ink: Ink) -> tuple[float, float]:
    """Intersection over union with the true strokes; what was found beside them, as a share of them."""
    size = actual.shape[::-1]
    truth = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if size < ink.shape[::-1] else cv2.INTER_LINEAR)
    near = cv2.dilate((truth > 0.1).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    union = np.count_nonzero(actual | (truth > 0.5))
    return (
        np.count_nonzero(actual & (truth > 0.5)) / union,
        np.count_nonzero(actual & ~near) / np.count_nonzero(truth > 0.5),
    )


@pytest.mark.parametrize("scene", SCENES)
def test_the_strokes_are_found_and_little_else(mnist, scene: str):
    ink = strokes(mnist)
    overlap, beside = agreement(mask_of(find_ink(SCENES[scene](ink))), ink)
    assert overlap > 0.75
    assert beside < 0.03


def test_a_pale_digit_beside_a_black_one_is_found_whole(mnist):
    ink = strokes(mnist)
    faded = ink.copy()
    faded[:, 320:] *= 0.28
    overlap, beside = agreement(mask_of(find_ink(photo(on_paper(faded)))), ink)
    assert overlap > 0.85
    assert beside < 0.01


@pytest.mark.parametrize(("size", "cell"), [((1200, 1600), 28), ((300, 400), 18), ((1600, 1600), 1500)])
def test_the_scale_follows_the_digits(mnist, size: tuple[int, int], cell: int):
    count = 1 if cell > 1000 else 8
    ink = strokes(mnist, size, cell, count, count, 40)
    overlap, beside = agreement(mask_of(find_ink(photo(on_paper(ink)))), ink)
    assert overlap > 0.7
    assert beside < 0.01


def test_the_boxes_of_a_form_are_not_ink(mnist):
    ink = np.zeros((240, 640), np.float32)
    for column in range(8):
        ink[85:145, 38 + 72 * column : 98 + 72 * column] = enlarged(mnist.test_images[column], 60)
    level = [((30, 75), (606, 78)), ((30, 155), (606, 158))]
    steep = [((30 + 72 * column, 75), (29 + 72 * column, 157)) for column in range(9)]
    overlap, beside = agreement(mask_of(find_ink(photo(ruled(on_paper(ink), level + steep)))), ink)
    assert overlap > 0.85
    assert beside < 0.03


def test_a_box_around_one_digit_is_not_ink(mnist):
    ink = np.zeros((360, 360), np.float32)
    ink[115:245, 115:245] = enlarged(mnist.test_images[0], 130)
    sides = [((85, 85), (275, 85)), ((85, 275), (275, 275)), ((85, 85), (85, 275)), ((275, 85), (275, 275))]
    overlap, beside = agreement(mask_of(find_ink(photo(ruled(on_paper(ink), sides, 0.3, 4)))), ink)
    assert overlap > 0.9
    assert beside < 0.06


def test_fine_lines_of_security_paper_stay_below_the_threshold(mnist):
    ink = strokes(mnist, (140, 400), 90, 1, 4, 15)
    rows, columns = np.mgrid[:140, :400]
    guilloche = np.maximum(np.sin(np.hypot(rows + 60, columns - 150)), np.sin(np.hypot(rows - 250, columns - 60))) > 0.8
    overlap, beside = agreement(mask_of(find_ink(photo(on_paper(ink) - 0.12 * guilloche))), ink)
    assert overlap > 0.8
    assert beside < 0.05


STROKES = {
    "a lone 1": [[(150, 40), (148, 260)]],
    "a 2 with a long foot": [[(100, 100), (130, 60), (180, 70), (180, 120), (60, 230), (280, 228)]],
    "7s side by side": [[(20 + 70 * i, 80), (75 + 70 * i, 80), (40 + 70 * i, 220)] for i in range(4)],
    "a minus and a 1": [[(40, 150), (130, 148)], [(200, 80), (198, 220)]],
    "a square 0": [[(90, 50), (200, 50), (200, 250), (90, 250), (90, 50)]],
    "a 4": [[(120, 60), (80, 170), (220, 170)], [(180, 60), (180, 250)]],
}


@pytest.mark.parametrize("digit", STROKES)
def test_straight_strokes_are_not_taken_for_rules(digit: str):
    ink = np.zeros((300, 300), np.float32)
    cv2.polylines(ink, [np.int32(points) for points in STROKES[digit]], False, 1.0, 8, cv2.LINE_AA)
    overlap, beside = agreement(mask_of(find_ink(photo(on_paper(ink)))), ink)
    assert overlap > 0.9
    assert beside == 0


def test_a_rule_is_removed_and_the_stroke_across_it_stays_whole():
    page = np.full((120, 400, 3), 230, np.uint8)
    page[80:83] = 40
    page[20:110, 190:200] = 40
    ink = find_ink(page)
    rules = find_rules(ink, 0.4)
    left = without_rules((ink.levels > 0.4).astype(np.uint8), rules)
    assert not left[78:86, 5:150].any()
    assert left[25:105, 195].all()


def feet_left(height: int, level: float) -> float:
    """The share that is left of the feet of three 2s, rows 93 to 98, written on a rule of this height and level."""
    two = [(70, 45), (78, 28), (100, 24), (118, 38), (112, 58), (70, 96), (126, 96)]
    ink = np.zeros((130, 400), np.float32)
    for left in (0, 90, 180):
        cv2.polylines(ink, [np.int32(two) + np.int32((left, 0))], False, 1.0, 8, cv2.LINE_AA)
    result = mask_of(find_ink(photo(ruled(on_paper(ink), [((0, height), (400, height + 2))], level, 4))))
    assert agreement(result, ink)[1] < 0.02
    is_foot = (ink > 0.5) & np.isin(np.arange(130), range(93, 99))[:, None]
    return float(np.mean(result[is_foot]))


@pytest.mark.parametrize("level", [0.2, 0.5])
def test_digits_that_stand_on_a_rule_keep_their_feet(level: float):
    assert feet_left(101, level) > 0.9


@pytest.mark.parametrize("height", [94, 96, 98, 101])
def test_feet_on_a_rule_paler_than_the_pen_are_not_taken_with_it(height: int):
    assert feet_left(height, 0.68) > 0.6


def test_background_light_is_divided_out():
    page = np.tile(np.linspace(240, 80, 300), (200, 1))
    page[60:140, 40:50] *= 0.4
    page[60:140, 250:260] *= 0.4
    ink = find_ink(np.repeat(np.rint(page)[..., None], 3, axis=2).astype(np.uint8))
    assert ink.levels[100, 45] == pytest.approx(ink.levels[100, 255], abs=0.06)
    assert len(find_rows(ink, 0.3, find_rules(ink, 0.3))[0].pieces) == 2


def test_the_noise_of_a_crop_full_of_ink_is_that_of_its_paper(mnist):
    ink = enlarged(mnist.test_images[0], 84)
    tight = ink[np.ix_((ink > 0.5).any(axis=1), (ink > 0.5).any(axis=0))]
    grain = np.random.default_rng(1).normal(0, 0.03, tight.shape)
    result = find_ink(photo(0.8 - 0.5 * cv2.dilate(tight, np.ones((5, 5), np.uint8)) + grain))
    assert result.noise < 0.06


@pytest.mark.parametrize("level", [0, 90, 255])
def test_a_blank_page_has_no_thresholds(level: int):
    assert find_ink(np.full((200, 300, 3), level, np.uint8)).thresholds((0.25, 0.5)) == []


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(4, 400),
    width=st.integers(8, 400),
    seed=st.integers(0, 99),
    polarity=st.sampled_from(list(Polarity)),
)
def test_any_picture_has_an_ink_map_of_its_own_shape(height: int, width: int, seed: int, polarity: Polarity):
    colors = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    ink = find_ink(colors, polarity)
    assert ink.levels.dtype == np.float32
    assert ink.levels.shape == pytest.approx((height * ink.scale, width * ink.scale), abs=0.51)
    assert np.isfinite(ink.levels).all()
    assert ink.levels.min() >= 0
    assert ink.noise > 0
    rules = find_rules(ink, 0.3)
    assert rules.shape == ink.levels.shape
    assert rules.dtype == np.uint8
    assert rules.max(initial=0) <= 1


def test_a_pale_rule_goes_on_over_the_edge_of_a_shadow():
    page = np.full(SIZE, 225, np.float32)
    page[200:204, 60:580] = 155  # paler than the paper in the shadow
    lit = (COLUMNS + 0.5 * ROWS > 420).astype(np.float32)
    gray = page * (0.6 + 0.4 * cv2.GaussianBlur(lit, (0, 0), 1.5))
    levels = find_ink(np.repeat(np.rint(gray).astype(np.uint8)[..., None], 3, axis=2)).levels
    scale = len(levels) / SIZE[0]
    along = levels[round(198 * scale) : round(206 * scale), round(70 * scale) : round(570 * scale)].max(axis=0)
    assert along.min() > 0.5 * np.median(along)


@pytest.mark.parametrize("number", [0, 1, 3])
def test_rules_of_squared_paper_are_no_grain(mnist, number):
    ink = find_ink(draw_form("squared", number, mnist, seed=13).photo)
    assert ink.noise < 0.03
    assert len(ink.thresholds((0.12, 0.25))) == 2


def test_on_squares_of_which_half_is_print_a_digit_stands_out(reader, mnist):
    form = draw_form("squared", 34, mnist, seed=52)
    assert find_ink(form.photo).noise < 0.03
    assert reader.read(form.photo).text == form.text == "6"


@given(st.lists(st.integers(0, 255), min_size=4, max_size=40), st.integers(0, 2**32 - 1))
def test_pictures_of_any_few_levels_have_an_ink_map(levels: list[int], seed: int):
    gray = np.random.default_rng(seed).choice(np.array(levels, np.uint8), (40, 60))
    ink = find_ink(np.repeat(gray[..., None], 3, axis=2))
    assert np.isfinite(ink.levels).all()
    assert 0 < ink.noise < 1


@given(st.lists(st.integers(0, 255), min_size=1, max_size=60), st.integers(1, 4))
def test_the_median_of_levels_is_counted(levels: list[int], step: int):
    picture = np.repeat(np.array(levels, np.uint8)[:, None], 3, axis=1)[::step]
    assert median_level(picture) == np.median(picture)


def test_a_turned_page_is_turned_with_its_contrast():
    rng = np.random.default_rng(1)
    levels, unequalized = rng.random((2, 4, 5), np.float32)
    turned = InkMap(levels, 0.004, 1.0, Polarity.PAPER_HIGH, unequalized).rotated(1)
    assert (turned.levels == np.rot90(levels, -1)).all()
    assert (turned.before_equalization.levels == np.rot90(unequalized, -1)).all()


def test_print_that_is_lighter_than_the_paper_in_one_channel_darkens_no_paper():
    page = np.empty((300, 700, 3), np.uint8)
    page[:] = brown = (133, 116, 90)
    for y in (60, 180):
        for x in range(60, 600, 100):
            cv2.rectangle(page, (x, y), (x + 70, y + 70), (115, 130, 150), 5)
    levels = find_ink(page).levels
    assert levels[(page == brown).all(axis=2) & (cv2.dilate(levels, np.ones((9, 9))) < 0.2)].max() < 0.02
    assert levels[145:165, 100:600].max() < 0.02  # between two rows of boxes
    assert levels[58:63, 80:110].max() > 0.1
