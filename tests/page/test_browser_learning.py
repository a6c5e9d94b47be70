"""The chapter in which a network is trained, used in the system's Chromium."""

import re
import time

import pytest

from lab.benchmarks.page_driver import find_browser, open_page
from lenet.model import pretrained
from lenet.page.export import write_page
from tests.page.looks import serious_violations

pytest.importorskip("playwright.sync_api")

if find_browser() is None:
    pytest.skip("no Chromium or Chrome on this machine", allow_module_level=True)

RUN = "s.learning.run"
SEVEN = [(28, 24), (50, 22), (70, 22), (60, 45), (50, 66), (45, 84)]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("learning") / "lesson.html"
    write_page(path, [pretrained("lenet-5")])
    return path


def until(driver, expression, seconds=120):
    """Wait for what training brings about, which takes as long as the machine is busy."""
    end = time.monotonic() + seconds
    while not driver.evaluate(expression):
        assert time.monotonic() < end, f"never came true: {expression}"
        driver.page.wait_for_timeout(50)


def open_chapter(driver):
    driver.page.click("[data-do=open-learning]")
    until(driver, f"s.learning && {RUN}.evaluations.length > 0")


def press(driver, name):
    driver.page.click(f"#learning [data-do={name}]")


def choose(driver, **settings):
    for key, value in settings.items():
        driver.page.select_option(f"[data-setting={key}]", str(value))


def numbers(text):
    return [float(part.replace("−", "-")) for part in re.findall(r"(?<![\w.])[−-]?\d+(?:\.\d+)?", text)]


def test_digits_and_worker_come_only_when_the_chapter_is_opened(driver):
    assert not [address for address in driver.requests if address.startswith("blob:")]
    assert driver.evaluate("s.learning === undefined")
    open_chapter(driver)
    assert len([address for address in driver.requests if address.startswith("blob:")]) == 1
    assert driver.evaluate("[s.learning.digits.training, s.learning.digits.test]") == [2000, 500]


def test_before_the_first_update_the_network_guesses(driver):
    open_chapter(driver)
    assert driver.evaluate(f"{RUN}.updates") == 0
    assert driver.evaluate(f"{RUN}.evaluations[0].misread.length") > 350


def test_one_update_is_one_update_and_the_way_back_leads_to_the_same_first_weights(driver):
    open_chapter(driver)
    weights = f"Array.from({RUN}.network.stages[2].arrays.weight)"
    first = driver.evaluate(weights)
    press(driver, "step")
    until(driver, f"{RUN}.updates === 1")
    moved = driver.evaluate(weights)
    assert moved != first
    press(driver, "restart")
    until(driver, f"{RUN}.updates === 0 && {RUN}.evaluations.length === 1")
    assert driver.evaluate(weights) == first
    press(driver, "step")
    until(driver, f"{RUN}.updates === 1")
    assert driver.evaluate(weights) == moved


def test_training_goes_on_until_it_is_paused_and_the_drawing_is_read_meanwhile(driver):
    open_chapter(driver)
    press(driver, "run")
    until(driver, f"{RUN}.evaluations.length >= 2")
    driver.page.keyboard.press("c")
    assert driver.page.get_attribute(".learning-drawn", "data-answer") == ""
    driver.page.evaluate("scrollTo(0, 0)")
    driver.draw(SEVEN)
    assert driver.page.get_attribute(".learning-drawn", "data-answer") in list("0123456789")
    press(driver, "run")
    before, updates = -1, driver.evaluate(f"{RUN}.updates")
    for _ in range(20):  # what is being worked out is worked out to its end, however busy the machine
        before, updates = updates, driver.evaluate(f"{RUN}.updates")
        if updates == before:
            break
        driver.page.wait_for_timeout(2000)
    assert updates == before
    assert driver.page.inner_text("#learning [data-do=run]") == "Start"


def test_the_same_settings_give_the_same_curve_and_another_seed_another(driver):
    open_chapter(driver)
    choose(driver, batchSize=64)

    def curve():
        press(driver, "run")
        until(driver, f"{RUN}.evaluations.length >= 3")
        press(driver, "run")
        found = driver.evaluate(f"{RUN}.evaluations.slice(0, 3)"), driver.evaluate(f"{RUN}.losses.slice(0, 8)")
        press(driver, "restart")
        until(driver, f"{RUN}.updates === 0 && {RUN}.evaluations.length === 1")
        return found

    first = curve()
    assert curve() == first
    choose(driver, seed=2)
    assert curve() != first


def test_a_changed_setting_starts_another_run_and_leaves_the_curve_of_the_one_before(driver):
    open_chapter(driver)
    press(driver, "step")
    until(driver, f"{RUN}.updates === 1")
    choose(driver, activation="squash")
    assert driver.evaluate("s.learning.previousRun.updates") == 1
    assert driver.evaluate(f"{RUN}.settings.activation") == "squash"
    runs = driver.page.inner_text(".learning-runs")
    assert "This run" in runs
    assert "squash (scaled tanh)" in runs.split("The previous run")[0]
    assert "ReLU" in runs.split("The previous run")[1]
    driver.page.click(".learning-runs button")
    assert driver.evaluate("s.learning.previousRun") is None
    assert driver.page.inner_text(".learning-runs") == ""


def test_every_setting_can_be_trained(driver):
    open_chapter(driver)
    for key in ("activation", "sampling", "connections", "outputs", "initialization", "shift"):
        for value in driver.page.locator(f"[data-setting={key}] option").evaluate_all(
            "all => all.map(one => one.value)"
        ):
            choose(driver, **{key: value})
            press(driver, "step")
            until(driver, f"{RUN}.updates === 1")
            assert str(driver.evaluate(f"{RUN}.settings.{key}")) == value
            assert driver.evaluate(f"Number.isFinite({RUN}.losses[0].loss)")


def test_presets_name_the_settings_and_a_changed_setting_leaves_them(driver):
    open_chapter(driver)
    pressed = "#learning [data-preset][aria-pressed=true]"
    assert driver.page.locator(pressed).get_attribute("data-preset") == "today"
    for name in ("paper", "textbook", "trap"):
        driver.page.click(f"#learning [data-preset={name}]")
        assert driver.page.locator(pressed).get_attribute("data-preset") == name
    assert driver.evaluate(f"{RUN}.settings.outputs") == "sigmoid"
    choose(driver, outputs="logits")
    assert driver.page.locator(pressed).count() == 0


def test_the_gradient_of_a_chosen_weight_is_written_out_with_numbers_that_add_up(driver):
    open_chapter(driver)
    driver.page.focus("#learning .learning-kernels canvas >> nth=0")
    for key in ("ArrowRight", "ArrowDown"):
        driver.page.keyboard.press(key)
    assert "C3, map 0, its kernel over S2’s map 0, row 3, column 3" in driver.page.inner_text(".learning-weight")
    for _ in range(2):
        press(driver, "step")
    until(driver, f"{RUN}.updates === 2 && {RUN}.weightGradient")
    noted = driver.evaluate(f"{RUN}.weightGradient")
    assert len(noted["exampleGradients"]) == 16
    assert noted["index"] == 18
    assert noted["gradient"] == pytest.approx(sum(noted["exampleGradients"]) / 16, rel=1e-6)
    products = driver.evaluate(
        f"{RUN}.weightGradient.deltas.map((deltas, digit) => "
        f"deltas.reduce((sum, delta, at) => sum + delta * {RUN}.weightGradient.inputs[digit][at], 0))"
    )
    scale = max(map(abs, noted["exampleGradients"]))
    assert products == pytest.approx(noted["exampleGradients"], abs=1e-5 * scale)
    assert driver.evaluate(f"{RUN}.network.stages[2].arrays.weight[18]") == pytest.approx(
        noted["weightAfter"], rel=1e-6
    )
    written = {
        name: numbers(driver.page.inner_text(f"[data-formula={name}]")) for name in ("mean", "velocity", "after")
    }
    total, count, gradient = written["mean"]
    assert total / count == pytest.approx(gradient, abs=1e-2 * scale)
    momentum, earlier, rate, again, velocity = written["velocity"]
    assert (momentum, rate, again) == (0.9, 0.01, gradient)
    assert momentum * earlier + rate * gradient == pytest.approx(velocity, abs=2e-3 * scale)
    before, moved, after = written["after"]
    assert moved == pytest.approx(abs(velocity))
    assert before - velocity == pytest.approx(after, abs=1e-3 * scale)


def test_a_weight_that_table_i_does_not_have_is_let_go(driver):
    open_chapter(driver)
    canvas = driver.page.locator("#learning .learning-kernels canvas").nth(0)
    canvas.scroll_into_view_if_needed()
    until(driver, "document.querySelector('#learning .learning-kernels canvas').style.height !== ''")
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] - 12, "y": box["height"] - 12})
    assert "C3, map 15, its kernel over S2’s map 5" in driver.page.inner_text(".learning-weight")
    choose(driver, connections="table")
    assert "C3, map 0, its kernel over S2’s map 0" in driver.page.inner_text(".learning-weight")


def test_arrow_keys_choose_among_the_digits_of_the_batch(driver):
    open_chapter(driver)
    press(driver, "step")
    until(driver, f"{RUN}.updates === 1")
    driver.page.focus("#learning .learning-batch canvas")
    driver.page.keyboard.press("ArrowRight")
    label = driver.evaluate(f"s.learning.digits.labels[{RUN}.weightGradient.digitIndexes[1]]")
    assert driver.page.inner_text(".learning-one .small-title") == f"Digit 2 of the batch, a {label}"


def test_weights_that_have_run_away_stop_the_training_with_a_sentence(driver):
    open_chapter(driver)
    choose(driver, outputs="rbf", learningRate=1, momentum=0.95, batchSize=4)
    press(driver, "run")
    until(driver, "document.querySelector('#learning .error-message').textContent !== ''")
    assert "the rate is too large" in driver.page.inner_text("#learning .error-message")
    assert driver.page.inner_text("#learning [data-do=run]") == "Start"


def test_an_announcement_that_has_to_wait_for_an_evaluation_is_made_with_it_and_anew_in_the_next_run(driver):
    announced = driver.page.evaluate("""async () => {
      const { createStatus } = await import("lenet/learning/status.js");
      let run = null;
      const { element, show } = createStatus(lenet.store, () => ({ run }), { training: "2,000", test: "500" });
      const live = element.querySelector("[aria-live]");
      const texts = [];
      for (const [epochs, ...errors] of [[5.2], [5.4, 25], [9.9, 20], [0, 450], [5.1, 10]]) {
        run = { epochs, updates: 1, losses: [], evaluations: errors.map((count) => ({ misread: Array(count) })) };
        show();
        texts.push(live.textContent);
      }
      return texts;
    }""")
    late, again = (
        f"After {epochs} passes {error} % of the test digits are misread."
        for epochs, error in (("5.4", "5.0"), ("5.1", "2.0"))
    )
    assert announced == ["", late, late, late, again]


def test_every_word_of_the_chapter_changes_with_the_language(driver):
    open_chapter(driver)
    press(driver, "step")
    until(driver, f"{RUN}.updates === 1")
    choose(driver, seed=2)
    driver.page.click("[data-switch=language] [data-value=zh]")
    words = set(re.findall(r"\b[a-z]{4,}\b", driver.page.inner_text("#learning")))
    assert words <= {"squash", "tanh", "sigmoid", "logits", "softmax"}
    driver.page.click("[data-switch=language] [data-value=en]")
    assert not re.search("[\u4e00-\u9fff]", driver.page.inner_text("#learning"))


@pytest.mark.parametrize(
    ("width", "scheme", "query"),
    [(1440, "light", ""), (1024, "dark", "?lang=zh"), (390, "dark", ""), (360, "light", "")],
)
def test_nothing_is_wider_than_the_window_and_axe_finds_no_serious_fault_while_it_learns(
    browser, file, axe, width, scheme, query
):
    with open_page(browser, file, width, 900, scheme, query) as driver:
        open_chapter(driver)
        press(driver, "step")
        until(driver, f"{RUN}.updates === 1")
        choose(driver, batchSize=128, seed=3)
        press(driver, "run")
        until(driver, f"{RUN}.updates > 2")
        assert driver.page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious_violations(driver, axe, "'#learning'") == {}
        assert driver.errors == []
