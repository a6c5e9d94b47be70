"""Seeing more on the page: one map of each stage, then all; lines, numbers, kernels, saliency, digits on a plane."""

import dataclasses

import pytest

from lab.benchmarks.page_driver import find_browser, wait_for_frames
from lenet.engine.reference import decide, forward
from lenet.model import pretrained
from lenet.page.digits import packed_digits, unpack_test_digits
from lenet.page.export import write_page
from lenet.preprocess import network_inputs
from tests.page.looks import COUNT_COLORS, SEVEN, focus, scroll_to, wait_until

pytest.importorskip("playwright.sync_api")

if find_browser() is None:
    pytest.skip("no Chromium or Chrome on this machine", allow_module_level=True)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "lesson.html"
    write_page(path, [pretrained("lenet-5"), pretrained("lenet-5-relu")])
    return path


def test_one_map_of_each_stage_is_shown_first_and_then_all(driver):
    small = driver.page.locator("canvas[data-stage=c3]").bounding_box()["width"]
    assert driver.page.locator("[data-view=overview]").get_attribute("aria-pressed") == "true"
    driver.hover("c3", 0.5, 0.5)
    kept = driver.evaluate("s.focus.unit[0]")
    driver.page.click("[data-view=all]")
    assert driver.page.locator("canvas[data-stage=c3]").bounding_box()["width"] > small
    driver.hover("c3", 0.9, 0.9)
    assert driver.evaluate("s.focus.unit[0]") == 15 != kept


def test_a_unit_of_a_map_that_the_overview_does_not_show_brings_its_map(driver):
    for unit in ([3, 2, 2], [12, 5, 5]):
        focus(driver, 2, unit)
        assert driver.page.locator(".links .focused").count() == 1
        value = driver.evaluate("s.passes[0].stages[2].values[s.focus.unit[0] * 100 + s.focus.unit[1] * 11]")
        assert driver.page.locator(".links-value").text_content() == f"{value:.3f}".replace("-", "−")


def test_formulas_stand_with_the_stages_and_numbers_on_small_maps_and_around_the_unit(driver):
    captions = driver.page.locator("#stages figcaption").all_inner_texts()
    assert "Σ w·x + b\n→ squash" in captions[1]
    assert "w·Σ x + b" in captions[2]
    assert "Σ (x − c)²" in captions[-1]
    numbered = driver.page.locator("canvas[data-stage=s4]").evaluate(COUNT_COLORS)["colors"]
    driver.page.click("[data-view=all]")
    assert numbered > 100, "a map of 25 units without numbers has fewer colors"
    focus(driver, 0, [1, 14, 14])
    driver.page.locator(".neighborhood canvas").scroll_into_view_if_needed()
    driver.page.locator(".neighborhood canvas").click(position={"x": 5, "y": 5})
    assert driver.evaluate("s.focus.unit") == [1, 10, 10]


def test_a_kernel_is_edited_and_what_that_changes_is_shown_and_undone(driver, shots):
    focus(driver, 0, [1, 14, 14])
    learned = driver.evaluate("Array.from(s.models[0].network.stages[0].arrays.weight)")
    outputs = driver.evaluate("Array.from(s.passes[0].outputs)")
    label = driver.evaluate("s.reading.digits[0].probability")
    scroll_to(driver, "#unit")
    driver.page.click(".kernel-editor summary")
    assert driver.page.input_value(".kernel-grid [data-index='12']") == f"{learned[25 + 12]:.2f}"
    driver.page.fill(".kernel-grid [data-index='12']", "2.5")
    weights = driver.evaluate("Array.from(s.models[0].network.stages[0].arrays.weight)")
    assert weights[37] == 2.5
    assert weights[:37] + weights[38:] == learned[:37] + learned[38:]
    assert driver.evaluate("Array.from(s.passes[0].outputs)") != outputs
    assert driver.page.inner_text(".badge") == "kernel of C1 1 edited\nundo"
    assert driver.page.inner_text(".kernel-message").startswith("As learned, 3 had ")
    before, after = (
        driver.page.locator(".kernel-maps canvas").nth(place).evaluate(COUNT_COLORS)["sum"] for place in (0, 1)
    )
    assert before != after
    driver.page.screenshot(path=shots / "kernel.png")
    driver.page.keyboard.press("Escape")
    driver.page.evaluate("(({ store }) => store.set({ picture: new ImageData(store.state.picture.data, 100) }))(lenet)")
    assert driver.evaluate("s.reading.digits[0].probability") == label, "what reads the drawing is not edited"
    driver.page.click(".badge button")
    assert driver.evaluate("Array.from(s.models[0].network.stages[0].arrays.weight)") == learned
    assert driver.evaluate("Array.from(s.passes[0].outputs)") == outputs
    focus(driver, 0, [1, 14, 14])
    for button in ("rotate", "rotate", "rotate", "rotate", "flip", "flip"):
        driver.page.click(f"[data-kernel={button}]")
    assert driver.evaluate("Array.from(s.models[0].network.stages[0].arrays.weight)") == learned
    assert driver.evaluate("s.edits.length") == 0


def test_both_measures_of_what_the_answer_rests_on_lie_on_the_drawing(driver):
    driver.draw(SEVEN)
    scroll_to(driver, "#saliency")
    driver.wait("document.querySelector('.saliency-message').innerText.includes('falls most')")
    for kind in ("gradient", "occlusion"):
        assert driver.page.locator(f".saliency-{kind} canvas").evaluate(COUNT_COLORS)["colors"] > 20
    row, column = map(
        int,
        driver.page.evaluate(
            "document.querySelector('.saliency-message').innerText.match(/row (\\d+), column (\\d+)/).slice(1)"
        ),
    )
    assert 4 <= row < 28
    assert 4 <= column < 28
    driver.page.select_option("#saliency-class", "3")
    driver.wait("document.querySelector('.saliency-message').innerText.startsWith('The score of 3 is')")


def test_an_empty_sheet_has_nothing_that_an_answer_rests_on_and_no_range_that_is_being_measured(driver):
    driver.page.keyboard.press("c")
    scroll_to(driver, "#saliency")
    driver.wait("document.querySelector('.saliency-message').innerText === 'Nothing is drawn yet.'")
    canvas = driver.page.locator(".saliency-gradient canvas")
    wait_until(driver, lambda: canvas.evaluate(COUNT_COLORS)["colors"] < 5, "rounding is no evidence")
    scroll_to(driver, "#robustness")
    assert set(driver.page.locator(".robustness-ranges").all_inner_texts()) == {"–"}
    driver.page.keyboard.press("7")
    driver.wait("s.source === 'sample 7'")
    assert "–" not in driver.page.locator(".robustness-ranges").all_inner_texts()


def misread_by(model):
    """How many of the page's test digits a model misreads, by the reference."""
    packed = packed_digits()
    inputs = network_inputs(unpack_test_digits(), model.network.input, model.network.input_range)
    read = decide(model.network, forward(model.network, model.parameters, inputs))
    return sum(str(digit) != label for digit, label in zip(read, packed["labels"][packed["training"] :], strict=True))


def test_with_an_edited_kernel_the_digits_are_read_anew_and_the_count_is_never_that_of_another_network(driver):
    learned = pretrained("lenet-5")
    weight = learned.parameters["c1.weight"].copy()
    weight[1] = 0
    edited = dataclasses.replace(learned, parameters=learned.parameters | {"c1.weight": weight})
    counts = [misread_by(learned), misread_by(edited)]
    assert len(set(counts)) == 2, "a kernel whose absence shows"
    driver.wait(f"s.misread?.wrong === {counts[0]}")
    focus(driver, 0, [1, 14, 14])
    driver.page.click(".kernel-editor summary")
    driver.page.evaluate("window.counts = []")
    driver.page.evaluate(
        "void lenet.store.subscribe(['misread'], ({ misread }) => counts.push(misread && misread.wrong))"
    )
    driver.page.click("[data-kernel=zero]")
    driver.wait(f"s.misread?.wrong === {counts[1]}")
    assert driver.page.evaluate("counts") == [None, counts[1]], "unknown while they are read"
    message = f"Of 500 test digits {counts[1]} are misread now."
    wait_until(driver, lambda: message in driver.page.inner_text(".kernel-message"), message)
    assert driver.page.text_content(".plane-message").startswith(f"lenet-5 misreads {counts[1]} of 500.")
    driver.page.click("[data-kernel=undo]")
    driver.wait(f"s.misread?.wrong === {counts[0]}")


def test_the_digits_lie_on_a_plane_with_ones_own_among_them_and_the_misread_marked(driver, shots):
    wrong = misread_by(pretrained("lenet-5"))
    scroll_to(driver, "#plane")
    driver.wait("s.misread !== null")
    assert driver.evaluate("s.misread") == {"modelIndex": 0, "wrong": wrong, "total": 500}
    assert driver.page.inner_text(".plane-message") == f"lenet-5 misreads {wrong} of 500."
    assert driver.page.locator(".plane-misread button").count() == min(wrong, 30)
    driver.page.locator(".plane-misread button").first.click()
    assert "and was read as" in driver.page.inner_text(".plane-message")
    before = driver.page.locator(".plane-canvas canvas").evaluate(COUNT_COLORS)
    driver.page.keyboard.press("7")
    wait_for_frames(driver.page)
    assert driver.page.locator(".plane-canvas canvas").evaluate(COUNT_COLORS) != before
    driver.page.screenshot(path=shots / "plane.png")
