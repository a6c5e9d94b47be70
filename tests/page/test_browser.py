"""The page, opened as a file in the system's Chromium and used as a learner would."""

import json
import re

import pytest

from lab.benchmarks.page_driver import find_browser, open_page, wait_for_frames
from lenet.connections import LENET_5_C3
from lenet.model import pretrained
from lenet.page.export import write_page
from lenet.reading import Reader
from tests.page.looks import serious_violations, wait_until

pytest.importorskip("playwright.sync_api")

if find_browser() is None:
    pytest.skip("no Chromium or Chrome on this machine", allow_module_level=True)

SEVEN = [(28, 24), (50, 22), (70, 22), (60, 45), (50, 66), (45, 84)]
SIX = [(62, 16), (45, 32), (35, 55), (36, 75), (50, 84), (64, 76), (62, 60), (48, 55), (37, 64)]
STAGES = ["c1", "s2", "c3", "s4", "c5", "f6", "output"]

EQUATION = "one => one.firstChild.data + one.children[0].innerText"
SUM_IN_FOCUS = """(() => {
  const { shape, sums } = s.passes[0].stages[s.focus.stageIndex];
  return sums[s.focus.unit.reduce((place, index, axis) => place * shape[axis] + index, 0)];
})()"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "lesson.html"
    write_page(path, [pretrained("lenet-5"), pretrained("lenet-5-relu")])
    return path


@pytest.fixture
def driver(driver):
    """With all maps of each stage, not one."""
    driver.page.evaluate("lenet.store.set({ isOverview: false })")
    return driver


def numbers(text):
    return [float(part.replace("−", "-")) for part in re.findall(r"−?\d+\.\d+", text)]


def terms_of(equation):
    left, right = equation.split("=")
    left = re.sub(r"([+−])\s+", lambda sign: "−" if sign[1] == "−" else "", left)
    return numbers(left), numbers(right)[0]


def test_the_page_is_never_empty_and_reads_its_first_digit(driver):
    answers = driver.page.locator(".answer").evaluate_all("all => all.map(one => one.dataset.answer)")
    assert answers == ["3"]
    assert driver.evaluate("s.passes[0].stages.length") == 7


@pytest.mark.parametrize(("digit", "stroke"), [("7", SEVEN), ("6", SIX)])
def test_a_digit_drawn_with_the_mouse_is_read_by_both_networks(driver, digit, stroke):
    driver.page.click("[data-do='pad.clear']")
    driver.page.select_option("#second-network", "1")
    assert driver.page.locator(".answer").evaluate_all("all => all.map(one => one.dataset.answer)") == ["", ""]
    driver.draw(stroke)
    answers = driver.page.locator(".answer").evaluate_all("all => all.map(one => one.dataset.answer)")
    assert answers == [digit, digit]


def test_the_first_stroke_replaces_the_sample_and_the_second_does_not_replace_the_first(driver):
    driver.draw(SEVEN)
    assert driver.page.get_attribute(".answer", "data-answer") == "7"
    once = driver.evaluate("Array.from(s.image)")
    driver.draw([(40, 46), (66, 46)])
    assert driver.evaluate("Array.from(s.image)") != once
    driver.page.keyboard.press("4")
    driver.draw(SIX)
    assert driver.page.get_attribute(".answer", "data-answer") == "6"


def test_a_link_shows_the_same_drawing_networks_and_unit(browser, driver, file):
    driver.page.select_option("#second-network", "1")
    driver.page.keyboard.press("c")
    driver.draw(SEVEN, [(40, 46), (66, 46)])
    driver.hover("c3", 0.4, 0.4)
    driver.page.mouse.down()
    driver.page.mouse.up()
    driver.wait("location.hash.includes('unit=0:c3:')")
    shown = "({ image: Array.from(s.image), shown: s.shownIndexes, focus: s.focus })"
    with open_page(browser, file, query=driver.page.evaluate("location.hash")) as again:
        assert again.evaluate(shown) == driver.evaluate(shown)
        again.page.keyboard.press("5")
        again.wait("location.hash.startsWith('#sample=5&networks=lenet-5,lenet-5-relu')")


@pytest.mark.parametrize(
    "address",
    ["#drawing=AAAA", "#drawing=!", "#drawing=DP__", "#sample=x&networks=none&unit=0:c3:99,0,0", "#pad", "#unit=9"],
)
def test_an_address_that_says_nothing_sensible_shows_the_page_as_it_is(browser, file, address):
    with open_page(browser, file, query=address) as driver:
        assert driver.page.get_attribute(".answer", "data-answer") == "3"
        assert driver.evaluate("s.shownIndexes") == [0]
        assert driver.errors == []


def test_an_eight_has_its_article_and_what_is_no_digit_its_own_bar(driver):
    driver.page.select_option("#first-network", "1")
    driver.page.keyboard.press("8")
    driver.wait("document.querySelector('.answer-verdict').textContent === 'This is an 8.'")
    driver.page.keyboard.press("c")
    driver.draw(*[[(20 + 12 * step, 20), (80 - 10 * step, 80)] for step in range(6)], [(20, 50), (85, 55)])
    answer = driver.evaluate("({none: s.answers[0].rejectProbability, best: Math.max(...s.answers[0].probabilities)})")
    assert answer["none"] > answer["best"]
    assert driver.page.inner_text(".answer-digit") == "∅"
    row = driver.page.locator(".answer-rows .is-predicted")
    assert row.get_attribute("data-label") == "none"
    assert row.inner_text().split("\n")[0] == "no digit"
    assert f"{100 * answer['none']:.1f} %" in row.inner_text()
    assert driver.page.inner_text(".answer-verdict").startswith("This is no digit, at ")


def test_every_sample_is_read_as_itself_by_both_networks(driver):
    driver.page.select_option("#second-network", "1")
    for digit in "0123456789":
        driver.page.keyboard.press(digit)
        wait_for_frames(driver.page)
        answers = driver.page.locator(".answer").evaluate_all("all => all.map(one => one.dataset.answer)")
        assert answers == [digit, digit]


def test_undo_takes_the_last_stroke_back_and_clear_all_of_them(driver):
    driver.page.click("[data-do='pad.clear']")
    assert driver.evaluate("s.picture === null && s.image === null")
    assert "Nothing is drawn" in driver.page.inner_text("#answers")
    driver.draw(SEVEN)
    once = driver.evaluate("Array.from(s.image)")
    driver.draw([(20, 60), (80, 60)])
    assert driver.evaluate("Array.from(s.image)") != once
    driver.page.click("[data-do='pad.undo']")
    assert driver.evaluate("Array.from(s.image)") == once
    driver.page.keyboard.press("c")
    assert driver.evaluate("s.picture === null")


def test_units_of_c3_light_exactly_the_maps_of_their_column_of_table_i(driver):
    for chosen, inputs in enumerate(LENET_5_C3):
        driver.hover("c3", (chosen % 4 + 0.55) / 4, (chosen // 4 + 0.55) / 4)
        assert driver.evaluate("s.focus.unit[0]") == chosen
        lit = driver.page.get_attribute(".network", "data-lit")
        assert sorted(map(int, lit.split())) == list(inputs)
        written = driver.page.locator(".term").evaluate_all("all => all.map(one => Number(one.dataset.map))")
        assert written == list(inputs)
        marked = driver.page.locator(".connections td.is-marked").evaluate_all(
            "all => all.filter(one => one.textContent).map(one => Number(one.dataset.row))"
        )
        assert marked == list(inputs)


def test_maps_that_are_not_connected_are_dimmed_on_the_screen(driver):
    brightness = """canvas => {
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
      return Array.from({ length: 6 }, (_, map) => {
        let most = 0;
        const [left, top] = [Math.floor(map % 2 * width / 2), Math.floor(Math.floor(map / 2) * height / 3)];
        for (let y = top + 4; y < top + height / 3 - 6; y += 1) {
          for (let x = left + 4; x < left + width / 2 - 6; x += 1) most = Math.max(most, data[4 * (y * width + x) + 3]);
        }
        return most;
      });
    }"""
    driver.hover("c3", 1.55 / 4, 0.5 / 4)
    strength = driver.page.locator("canvas[data-stage=s2]").evaluate(brightness)
    assert [map for map, most in enumerate(strength) if most == 255] == list(LENET_5_C3[1])
    assert all(most < 60 for map, most in enumerate(strength) if map not in LENET_5_C3[1])


def test_the_terms_written_out_add_up_to_the_sum(driver):
    for index, stage in enumerate(STAGES):
        if stage in ("s2", "s4"):
            continue
        driver.hover(stage, 0.3, 0.35)
        assert driver.evaluate("s.focus.stageIndex") == index
        terms, total = terms_of(driver.page.locator(".arithmetic .equation").first.evaluate(EQUATION))
        assert len(terms) >= 2
        last_digit = 0.05 if abs(total) >= 100 else 0.005 if abs(total) >= 10 else 0.0005
        assert total == pytest.approx(sum(terms), abs=0.0005 * len(terms) + last_digit)
        assert total == pytest.approx(driver.evaluate(SUM_IN_FOCUS), abs=last_digit * 1.01)


def test_sub_sampling_shows_its_four_values_coefficient_and_bias(driver):
    driver.hover("s2", 0.2, 0.15)
    four = numbers(driver.page.inner_text(".window"))
    assert len(four) == 4
    formula = driver.page.locator(".arithmetic .equation").first.evaluate(EQUATION)
    inside, coefficient, sign, bias, total = re.fullmatch(
        r"\((.*)\) × (−?[\d.]+) ([+−]) ([\d.]+) = (−?[\d.]+)", formula
    ).groups()
    assert sum(terms_of(inside + "= 0.0")[0]) == pytest.approx(sum(four), abs=0.005)
    expected = sum(four) * numbers(coefficient)[0] + float(bias) * (-1 if sign == "−" else 1)
    assert numbers(total)[0] == pytest.approx(expected, abs=0.02)


def test_max_pooling_shows_which_of_the_four_won(driver):
    driver.page.select_option("#first-network", "1")
    driver.hover("pool1", 0.2, 0.15)
    four = numbers(driver.page.inner_text(".window"))
    assert numbers(driver.page.inner_text(".window .is-max")) == [max(four)]


def test_a_click_keeps_the_unit_and_escape_lets_it_go(driver):
    driver.hover("c3", 0.4, 0.4)
    driver.page.mouse.down()
    driver.page.mouse.up()
    kept = driver.evaluate("s.focus.unit")
    assert driver.evaluate("s.focus.isPinned")
    driver.hover("c3", 0.9, 0.9)
    assert driver.evaluate("s.focus.unit") == kept
    driver.page.keyboard.press("Escape")
    assert driver.evaluate("s.focus") is None


def test_the_arrow_keys_walk_from_unit_to_unit_and_from_map_to_map(driver):
    driver.page.focus("canvas[data-stage=s4]")
    driver.page.keyboard.press("ArrowRight")
    assert driver.evaluate("s.focus.stageIndex") == 3
    assert driver.evaluate("s.focus.unit") == [0, 2, 3]
    for _ in range(2):
        driver.page.keyboard.press("ArrowRight")
    assert driver.evaluate("s.focus.unit") == [1, 2, 0]
    driver.page.keyboard.press("PageDown")
    driver.page.keyboard.press("Enter")
    assert driver.evaluate("s.focus.unit") == [2, 2, 0]
    assert driver.evaluate("s.focus.isPinned")
    driver.wait("document.querySelector('#readout').innerText.includes('map 2, row 2, column 0')")


def test_the_receptive_field_is_outlined_on_the_input(driver):
    driver.hover("c3", 0.1, 0.1)
    row, column = driver.evaluate("s.focus.unit.slice(1)")
    canvas = driver.page.locator(".stage canvas").first.bounding_box()
    field = driver.page.locator(".links .receptive-field").bounding_box()
    pixel = canvas["width"] / 32
    assert field["width"] / pixel == pytest.approx(14, abs=1.5)
    assert (field["x"] - canvas["x"]) / pixel == pytest.approx(2 * column, abs=1)
    assert (field["y"] - canvas["y"]) / pixel == pytest.approx(2 * row, abs=1)


def test_a_map_of_c3_is_worked_out_before_the_eyes_until_it_is_closed(driver):
    driver.hover("c3", 0.4, 0.4)
    driver.page.click("[data-do=play]")
    assert driver.evaluate("s.focus.isPinned")
    assert driver.page.locator(".unit-animation canvas").count() > 0
    driver.page.keyboard.press("Escape")
    driver.wait("document.querySelector('.unit-animation').hidden")
    assert driver.page.locator(".unit-animation canvas").count() == 0


def test_every_word_changes_with_the_language(driver):
    driver.hover("c3", 0.4, 0.4)
    driver.page.click("[data-switch=language] [data-value=zh]")
    assert driver.page.get_attribute("html", "lang") == "zh-Hans"

    def english_words():
        words = set(re.findall(r"\b[a-z]{4,}\b", driver.page.inner_text("body")))
        return words - set(re.findall(r"[a-z]+", driver.page.inner_text("footer")))

    wait_until(driver, lambda: english_words() <= {"lenet", "relu", "squash", "output"}, "words that stay English")
    driver.page.click("[data-switch=language] [data-value=en]")
    assert driver.page.get_attribute("html", "lang") == "en"
    driver.wait("!/[\\u4e00-\\u9fff]/.test(document.querySelector('main').innerText)")


def test_the_address_asks_for_a_language(browser, file):
    with open_page(browser, file, query="?lang=zh") as driver:
        assert driver.page.get_attribute("html", "lang") == "zh-Hans"


def test_the_theme_follows_the_system_until_it_is_chosen(browser, file):
    paper = "getComputedStyle(document.body).backgroundColor"
    with open_page(browser, file, scheme="dark") as driver:
        dark = driver.page.evaluate(paper)
        driver.page.click("[data-switch=theme] [data-value=light]")
        light = driver.page.evaluate(paper)
        assert driver.page.get_attribute("html", "data-theme") == "light"
        assert sum(map(int, re.findall(r"\d+", dark))) < 200 < 600 < sum(map(int, re.findall(r"\d+", light)))


def test_two_networks_answer_one_drawing(driver, shots):
    driver.page.select_option("#second-network", "1")
    assert driver.page.locator(".network").count() == 2
    names = driver.page.locator(".answer .network-name").all_inner_texts()
    assert names == ["lenet-5", "lenet-5-relu"]
    driver.hover("conv2", 0.4, 0.4)
    assert driver.evaluate("s.focus.position") == 1
    assert driver.page.locator(".term").count() == 6
    driver.save(shots, "compare")


def test_a_picture_is_dropped_and_read_by_a_threshold_and_the_page_says_so(driver, tmp_path):
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (640, 480), (214, 205, 190))
    ImageDraw.Draw(picture).line(
        [(250, 110), (400, 105), (350, 230), (320, 370)], fill=(30, 40, 90), width=22, joint="curve"
    )
    path = tmp_path / "seven.png"
    picture.save(path)
    driver.drop(path.name, path.read_bytes())
    driver.wait("s.picture?.width === 640")
    assert driver.page.get_attribute(".answer", "data-answer") == "7"
    assert driver.evaluate("s.reading.box") == pytest.approx([100, 240, 375, 410], abs=20)
    assert "Read as 7" in driver.page.inner_text(".digit-message")
    assert "a plain threshold tells ink from paper; lenet read does better" in driver.page.inner_text(".digit-message")
    driver.page.click("[data-switch=language] [data-value=zh]")
    assert re.search(r"。在这个文件里，.*用 lenet read 识别得更准", driver.page.inner_text(".digit-message"))
    driver.page.keyboard.press("4")
    driver.wait("s.isFromPad")
    assert "lenet read" not in driver.page.inner_text(".digit-message")


def test_of_a_drawing_one_probability_is_shown_that_of_the_answer(driver):
    driver.page.keyboard.press("4")
    driver.wait("s.isFromPad")
    assert driver.page.inner_text(".digit-message") == "Read as 4."
    driver.page.click("[data-switch=language] [data-value=zh]")
    assert driver.page.inner_text(".digit-message") == "识别为 4。"


def test_a_picture_without_a_digit_is_not_called_an_empty_sheet(driver, tmp_path):
    from PIL import Image

    path = tmp_path / "blank.png"
    Image.new("RGB", (80, 60), (214, 205, 190)).save(path)
    driver.drop(path.name, path.read_bytes())
    driver.wait("s.picture?.width === 80 && s.image === null")
    assert driver.page.inner_text(".answer-verdict") == "No digit was found in this picture."


def test_a_file_that_is_no_picture_is_refused_in_a_sentence(driver):
    driver.drop("note.png", b"no picture")
    driver.page.wait_for_selector(".error-message:not(:empty)")
    assert "note.png cannot be opened" in driver.page.inner_text(".error-message")


def test_drawing_image_and_activations_can_be_taken_away(driver, tmp_path):
    from PIL import Image

    saved = {}
    for name in ("drawing", "image", "activations"):
        with driver.page.expect_download() as download:
            driver.page.click(f"[data-export={name}]")
        saved[name] = tmp_path / name
        download.value.save_as(saved[name])
    with Image.open(saved["drawing"]) as drawing, Image.open(saved["image"]) as image:
        assert drawing.size == (100, 100)
        assert list(image.convert("L").tobytes()) == driver.evaluate("Array.from(s.image)")
    [digit] = Reader().read(saved["drawing"], single=True).digits
    assert digit.label == driver.evaluate("s.models[s.shownIndexes[0]].labels[s.answers[0].predictedClass]")
    activations = json.loads(saved["activations"].read_text())
    stages = activations["networks"][0]["stages"]
    assert [stage["name"] for stage in stages] == STAGES
    assert [len(stage["values"]) for stage in stages] == [4704, 1176, 1600, 400, 120, 84, 10]


@pytest.mark.parametrize(
    ("name", "width", "height", "scheme", "query"),
    [
        ("phone", 390, 844, "light", ""),
        ("small-phone-dark", 360, 740, "dark", ""),
        ("tablet", 768, 1024, "light", ""),
        ("laptop", 1440, 900, "light", ""),
        ("laptop-dark", 1440, 900, "dark", ""),
        ("laptop-zh", 1440, 900, "light", "?lang=zh"),
        ("phone-zh", 390, 844, "light", "?lang=zh"),
        ("projector", 1920, 1080, "light", ""),
    ],
)
def test_nothing_is_wider_than_the_window(browser, file, shots, name, width, height, scheme, query):
    with open_page(browser, file, width, height, scheme, query) as driver:
        driver.hover("c3", 0.4, 0.4)
        driver.page.mouse.down()
        driver.page.mouse.up()
        wait_for_frames(driver.page)
        driver.save(shots, name)
        assert driver.page.evaluate("document.documentElement.scrollWidth") <= width
        driver.page.select_option("#second-network", "1")
        assert driver.page.evaluate("document.documentElement.scrollWidth") <= width
        assert driver.errors == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light")])
def test_axe_finds_no_serious_violation(browser, file, axe, width, scheme):
    with open_page(browser, file, width, 900, scheme) as driver:
        driver.page.select_option("#second-network", "1")
        driver.hover("c3", 0.4, 0.4)
        driver.page.mouse.down()
        driver.page.mouse.up()
        wait_for_frames(driver.page)
        assert serious_violations(driver, axe) == {}
