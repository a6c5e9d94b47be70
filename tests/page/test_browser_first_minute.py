"""The first minute on the page: the answer in sight, what a picture shows, several digits, links, and the tour."""

import io

import pytest
from PIL import Image

import lenet
from lab.benchmarks.page_driver import find_browser, open_page, wait_for_frames
from lenet.model import pretrained
from lenet.page.export import write_page
from tests.page.looks import ARE_IN_WINDOW, IS_TOUR_STAGE_IN_VIEW, SEVEN, SIZES, TOUR_STOPS, wait_until

pytest.importorskip("playwright.sync_api")

if find_browser() is None:
    pytest.skip("no Chromium or Chrome on this machine", allow_module_level=True)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "lesson.html"
    write_page(path, [pretrained("lenet-5-relu"), pretrained("lenet-5")])
    return path


def png(picture):
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


def test_a_newcomer_has_a_first_right_answer_in_two_gestures(driver):
    driver.draw(SEVEN, [(40, 46), (66, 46)])
    assert driver.page.inner_text(".answer-verdict") == "This is a 7."
    assert driver.page.evaluate("scrollY") == 0


def test_stop_three_is_three_clicks_away_and_nobody_scrolls(driver):
    for place in ("[data-do=tour]", ".tour-moves .primary", ".tour-moves .primary"):
        assert driver.page.evaluate(ARE_IN_WINDOW, place), "a click that needs scrolling"
        driver.page.click(place)
    assert driver.evaluate("s.stop") == 2
    wait_until(driver, lambda: driver.page.evaluate(IS_TOUR_STAGE_IN_VIEW), "what stop 3 speaks of is out of view")


def test_escape_ends_the_tour_wherever_one_was_pressing(driver):
    driver.page.click("[data-do=tour]")
    driver.draw(SEVEN)
    assert driver.evaluate("s.stop") == 0
    driver.page.keyboard.press("Escape")
    assert driver.evaluate("s.stop") is None
    assert driver.page.is_hidden("#tour")


def test_each_stop_of_the_tour_leads_to_the_same_of_ones_own_drawing(driver):
    driver.draw(SEVEN)
    driver.page.click("[data-do=tour]")
    for stop in range(TOUR_STOPS):
        wait_for_frames(driver.page)
        target = driver.page.get_attribute(".tour-links a", "href")
        assert target == {0: "#steps", 8: "#answers", 9: "#robustness"}.get(stop, "#unit")
        driver.page.click(".tour-links a")
        wait_for_frames(driver.page)
        top = f"document.querySelector('{target}').getBoundingClientRect().top < innerHeight"
        wait_until(driver, lambda top=top: driver.page.evaluate(top), f"{target} is out of view")
        assert driver.evaluate("s.stop") == stop
        assert driver.evaluate("s.source") == "drawing"
        if stop < TOUR_STOPS - 1:
            driver.page.click(".tour-moves .primary")


def test_what_is_changed_below_stands_above_with_its_undo(driver):
    driver.page.evaluate("lenet.store.set({ changes: { ...lenet.store.state.changes, rotation: 60, noise: 0.1 } })")
    badges = driver.page.locator(".badge")
    assert badges.all_inner_texts() == ["rotated by +60°\nundo", "10 % noise\nundo"]
    assert driver.page.evaluate(ARE_IN_WINDOW, ".badge")
    assert "changed" in driver.page.inner_text(".steps li:nth-child(4)")
    badges.nth(0).get_by_role("button").click()
    assert badges.all_inner_texts() == ["10 % noise\nundo"]
    badges.nth(0).get_by_role("button").click()
    assert badges.count() == 0
    assert driver.evaluate("s.image === s.reading.image")


def test_the_sheet_says_what_it_shows(driver):
    assert driver.page.inner_text("#sheet-source") == "a sample 3"
    driver.draw(SEVEN)
    assert driver.page.inner_text("#sheet-source") == "your drawing"
    driver.drop("seven.png", png(Image.new("RGB", (80, 60), "white")))
    driver.wait("s.source === 'seven.png'")
    assert driver.page.inner_text("#sheet-source") == "seven.png"
    driver.page.keyboard.press("c")
    assert driver.page.inner_text("#sheet-source") == ""


def test_what_is_uncertain_says_so_and_why(driver):
    driver.page.evaluate("lenet.store.state.models[0].calibration.min_confidence = 0.99999")
    driver.page.keyboard.press("4")
    driver.wait("s.source === 'sample 4'")
    verdict = driver.page.inner_text(".answer-verdict")
    assert verdict.startswith("I don’t know. Perhaps a 4, at ")
    assert verdict.endswith(", and an answer needs 100.0 %.")
    assert "It may be" in verdict
    assert driver.page.inner_text(".answer-digit") == "?"


def photo_of(mnist, rows):
    """MNIST's test digits in rows, dark on paper."""
    page = Image.new("L", (640, 160 * len(rows)), 225)
    for line, row in enumerate(rows):
        for place, index in enumerate(row):
            digit = Image.fromarray(255 - mnist.test_images[index]).resize((112, 112))
            page.paste(Image.eval(digit, lambda level: min(level, 225)), (20 + 120 * place, 20 + 160 * line))
    return png(page)


def test_all_digits_of_a_dropped_picture_are_shown_and_any_can_be_chosen(driver, mnist):
    rows = [[0, 1, 2, 3, 4], [5, 7, 9, 10]]
    labels = [str(mnist.test_labels[index]) for row in rows for index in row]
    driver.drop("page.png", photo_of(mnist, rows))
    driver.wait("s.reading?.digits.length > 1")
    assert driver.evaluate("s.reading.digits.map(({ label }) => label)") == labels
    assert driver.evaluate("s.reading.digits.map(({ line }) => line)") == [0] * 5 + [1] * 4
    assert [text.rstrip("?") for text in driver.page.locator(".digit-list button").all_inner_texts()] == labels
    assert f"{len(labels)} digits were found" in driver.page.inner_text(".digit-message")
    for chosen in (4, 7):
        driver.page.locator(".digit-list button").nth(chosen).click()
        assert driver.page.get_attribute(".answer", "data-answer") == labels[chosen]
    assert driver.page.inner_text("#sheet-source") == "page.png"


def test_several_files_are_read_one_after_the_other(driver, mnist, tmp_path):
    paths = []
    for place, index in enumerate((0, 2)):
        paths.append(tmp_path / f"{place}.png")
        paths[-1].write_bytes(photo_of(mnist, [[index]]))
    driver.page.locator("input[type=file]").set_input_files([str(path) for path in paths])
    driver.wait("s.source === '0.png'")
    assert driver.page.get_attribute(".answer", "data-answer") == str(mnist.test_labels[0])
    assert driver.page.locator(".queue button").all_inner_texts() == ["1.png"]
    driver.page.click(".queue button")
    driver.wait("s.source === '1.png'")
    assert driver.page.get_attribute(".answer", "data-answer") == str(mnist.test_labels[2])
    assert driver.page.is_hidden(".queue")


def test_the_unit_that_waits_is_alive_and_another_network_keeps_the_panel(driver):
    assert driver.evaluate("s.focus.unit") is not None
    assert float(driver.page.inner_text(".unit-value")) > 0
    for network, stage in (("1", "C3"), ("0", "conv2")):
        driver.page.select_option("#first-network", network)
        name = f"{stage}, map "
        wait_until(driver, lambda name=name: driver.page.inner_text(".unit-name").startswith(name), name)
        assert driver.page.is_visible(".unit-body")


def test_a_link_shows_the_same_changes_and_stop_of_the_tour(browser, driver, file):
    driver.draw(SEVEN)
    driver.page.evaluate("lenet.store.set({ changes: { ...lenet.store.state.changes, rotation: 20 } })")
    driver.page.click("[data-do=tour]")
    driver.page.click(".tour-moves .primary")
    driver.wait("location.hash.endsWith('changes=rotation:20&tour=2')")
    shown = "({ image: Array.from(s.image), focus: s.focus, stop: s.stop, changes: s.changes })"
    with open_page(browser, file, query=driver.page.evaluate("location.hash")) as again:
        again.wait("s.stop === 1")
        assert again.evaluate(shown) == driver.evaluate(shown)
        assert again.page.inner_text(".badge").startswith("rotated by +20°")
        assert again.errors == []


def test_an_own_network_is_known_by_its_run_its_classes_and_its_error_whatever_their_names(browser, tmp_path, shots):
    names = ["a", "a class with quite a long name of many words", "漢字", *(f"kind {number}" for number in range(17))]
    model = lenet.create("lenet-5-relu", classes=names, seed=3)
    model.provenance["validation_error_rate"] = 1.25
    run = tmp_path / "runs" / "my-own-classes-1"
    run.mkdir(parents=True)
    model.save(run / "best.safetensors")
    lenet.explain(run, tmp_path / "lesson.html")
    for width, height in SIZES:
        with open_page(browser, tmp_path / "lesson.html", width, height) as driver:
            assert driver.page.title().startswith("LeNet")
            assert driver.page.locator(".network-name").all_inner_texts()[0] == "my-own-classes-1"
            story = driver.page.inner_text("#stages .network-name")
            assert "1.25 % of its validation pictures misread" in story
            assert "20 classes: a, a class with" in story
            assert driver.page.evaluate("document.documentElement.scrollWidth") <= width
            assert driver.page.evaluate(ARE_IN_WINDOW, ".answer-rows li")
            assert driver.page.locator(".answer-rows li").count() <= 12
            driver.page.screenshot(path=shots / f"own-{width}.png")
            assert driver.errors == []
