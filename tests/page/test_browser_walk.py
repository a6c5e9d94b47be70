"""A walk through the whole page at each of its twelve looks: three sizes, two languages, light and dark."""

import io
import os
import re

import pytest
from PIL import Image

import lenet
from lab.benchmarks.page_driver import find_browser, open_page, wait_for_frames
from lenet.model import pretrained
from lenet.page.export import write_page
from tests.page.looks import (
    ARE_IN_WINDOW,
    COUNT_COLORS,
    COUNT_CROSSED_STAGES,
    FIND_WHITE_CANVASES,
    IS_TOUR_STAGE_IN_VIEW,
    LOOKS,
    SEVEN,
    TOUR_STOPS,
    focus,
    scroll_to,
    serious_violations,
    wait_until,
)

pytest.importorskip("playwright.sync_api")

if find_browser() is None:
    pytest.skip("no Chromium or Chrome on this machine", allow_module_level=True)

OWN = "my-own-classes-1"
NAMES = ["a", "a class with quite a long name of many words", "漢字", *(f"kind {number}" for number in range(17))]
SCRIBBLE = [[(20 + 12 * step, 20), (80 - 10 * step, 80)] for step in range(6)]

PANEL = "(() => { const { x, y, width, height } = document.querySelector('.tour').getBoundingClientRect(); "
PANEL += "return [x, y, width, height]; })()"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A page of both networks that ship and of a run of one's own."""
    folder = tmp_path_factory.mktemp("page")
    model = lenet.create("lenet-5-relu", classes=NAMES, seed=3)
    model.provenance["validation_error_rate"] = 1.25
    models = [pretrained("lenet-5"), pretrained("lenet-5-relu"), model]
    write_page(folder / "lesson.html", models, titles=["lenet-5", "lenet-5-relu", OWN])
    return folder / "lesson.html"


@pytest.mark.parametrize(("width", "height", "scheme", "language"), LOOKS)
def test_the_page_holds_what_it_promises_from_the_first_stroke_to_the_trained_network(
    browser, file, axe, mnist, shots, width, height, scheme, language
):
    look, keeps = f"{width}-{scheme}-{language}", "LENET_SHOTS" in os.environ
    with open_page(browser, file, width, height, scheme, f"?lang={language}") as driver:
        walk = Walk(driver, language, lambda name: keeps and driver.page.screenshot(path=shots / f"{name}-{look}.png"))
        walk.draw_and_see_the_answer()
        walk.be_told_what_is_no_digit_and_what_is_uncertain()
        walk.undo_a_change_above()
        walk.choose_a_network_of_ones_own()
        walk.drop_pictures([digits_of(mnist, row) for row in ([0, 1, 2], [5])])
        assert serious_violations(driver, axe) == {}
        walk.open_the_same_by_its_address()
        walk.take_the_tour()
        walk.follow_lines_and_numbers()
        walk.edit_a_kernel()
        walk.see_what_the_answer_rests_on()
        walk.look_at_the_plane()
        walk.break_it()
        walk.train()
        assert driver.page.evaluate(
            "document.fonts.check('16px Newsreader') && document.fonts.check('16px \"DM Mono\"')"
        )
        driver.page.emulate_media(reduced_motion="no-preference")  # and while things move
        driver.page.keyboard.press("8")
        driver.page.click("[data-do=tour]")
        assert serious_violations(driver, axe) == {}
        assert driver.page.evaluate("document.documentElement.scrollWidth") <= width
        if scheme == "dark":
            assert driver.page.evaluate(FIND_WHITE_CANVASES) == []
        assert driver.page.evaluate("getComputedStyle(document.documentElement).colorScheme") == scheme
        assert driver.errors == []
        assert [one for one in driver.requests if not one.startswith(("file:", "data:", "blob:"))] == []


def digits_of(mnist, row):
    """MNIST's test digits beside one another, dark on paper, as a PNG file."""
    page = Image.new("L", (640, 200), 225)
    for place, index in enumerate(row):
        digit = Image.fromarray(255 - mnist.test_images[index]).resize((112, 112))
        page.paste(Image.eval(digit, lambda level: min(level, 225)), (20 + 120 * place, 40))
    content = io.BytesIO()
    page.save(content, "PNG")
    return content.getvalue()


class Walk:
    """Somebody who uses the page in one language; ``shoot`` keeps a picture of what is in the window."""

    def __init__(self, driver, language, shoot):
        self.driver, self.page, self.shoot = driver, driver.page, shoot
        self.is_english = language == "en"

    def says(self, selector, english, chinese):
        text = english if self.is_english else chinese
        self.until(lambda: text in self.page.inner_text(selector), f"{selector} never said {text}")

    def until(self, holds, what):
        wait_until(self.driver, holds, what)

    def sees(self, selector, what=""):
        """All that the selector names is within the window."""
        self.until(lambda: self.page.evaluate(ARE_IN_WINDOW, selector), f"{selector} is out of sight: {what}")

    def fits(self):
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    def draw_and_see_the_answer(self):
        self.says("#sheet-source", "a sample 3", "样例 3")
        self.driver.draw(SEVEN, [(40, 46), (66, 46)])  # the first stroke replaces the sample
        self.says(".answer-verdict", "This is a 7.", "这是 7。")
        self.says("#sheet-source", "your drawing", "你写的")
        for shown in ([0], [0, 1], [1]):
            self.page.evaluate(f"lenet.store.set({{ shownIndexes: {shown} }})")
            self.page.evaluate("scrollTo(0, 0)")
            self.driver.draw(SEVEN)
            self.sees(".sheet, .answer-digit, .answer-verdict, .answer-rows li", shown)
            self.shoot(f"opening-{'-'.join(map(str, shown))}")
            self.fits()

    def be_told_what_is_no_digit_and_what_is_uncertain(self):
        self.page.keyboard.press("8")
        self.driver.wait("s.source === 'sample 8'")
        self.says(".answer-verdict", "This is an 8.", "这是 8。")
        self.page.keyboard.press("c")
        self.driver.draw(*SCRIBBLE, [(20, 50), (85, 55)])
        self.says(".answer-rows .is-predicted", "no digit", "非数字")
        self.says(".answer-verdict", "This is no digit, at ", "这不是数字")
        assert self.page.get_attribute(".answer-rows .is-predicted", "data-label") == "none"
        self.sees(".answer-verdict, .answer-rows li")
        self.shoot("no-digit")
        self.page.evaluate("window.least = lenet.store.state.models[1].calibration.min_confidence")
        self.page.evaluate("lenet.store.state.models[1].calibration.min_confidence = 0.99999")
        self.page.keyboard.press("4")
        self.driver.wait("s.source === 'sample 4'")
        self.says(".answer-verdict", "I don’t know. Perhaps a 4, at ", "我不确定。也许是 4")
        self.says(".answer-verdict", "an answer needs 100.0 %", "达到 100.0 % 才作答")
        self.page.evaluate("lenet.store.state.models[1].calibration.min_confidence = window.least")

    def undo_a_change_above(self):
        self.page.evaluate("lenet.store.set({ changes: { ...lenet.store.state.changes, rotation: 60 } })")
        self.says(".badge", "rotated by +60°", "旋转 +60°")
        self.sees(".badge, .badge button")
        for step in self.page.locator("#steps figcaption, #steps li").all_inner_texts():
            assert step.strip(), "a picture that does not say what it shows"
        self.shoot("badge")
        self.page.click(".badge button")
        assert self.driver.evaluate("s.image === s.reading.image")

    def choose_a_network_of_ones_own(self):
        self.page.evaluate("lenet.store.set({ shownIndexes: [0] })")
        assert self.driver.evaluate("s.focus.unit") is not None, "the unit that waits is alive"
        self.page.select_option("#first-network", "2")
        wait_for_frames(self.page)
        self.until(lambda: self.page.is_visible(".unit-body"), "another network keeps the panel")
        assert self.page.locator(".answer .network-name").all_inner_texts() == [OWN]
        story = "#stages .network-name"
        self.says(story, "1.25 % of its validation pictures misread", "1.25 %")
        self.says(story, "20 classes: a, a class with", "a class with")
        self.sees(".answer-rows li")
        assert self.page.locator(".answer-rows li").count() <= 12
        self.fits()
        self.shoot("own")
        self.page.select_option("#first-network", "0")

    def drop_pictures(self, pictures):
        self.driver.drop_all({f"{number}.png": content for number, content in enumerate(pictures)})
        self.driver.wait("s.source === '0.png'")
        assert self.page.locator(".digit-list button").count() == 3
        assert self.page.locator(".digit-boxes rect").count() == 3
        self.says(".digit-message", "3 digits were found", "3")
        self.page.locator(".digit-list button").nth(1).click()
        assert self.page.get_attribute(".digit-list button:nth-child(2)", "aria-pressed") == "true"
        assert self.page.locator(".queue button").all_inner_texts() == ["1.png"]
        self.fits()
        self.page.evaluate("scrollTo(0, 0)")
        self.shoot("photo")

    def open_the_same_by_its_address(self):
        self.page.keyboard.press("c")
        self.driver.draw(SEVEN)
        focus(self.driver, 2, [9, 4, 4])
        self.page.evaluate("lenet.store.set({ changes: { ...lenet.store.state.changes, rotation: 20 } })")
        self.driver.wait("location.hash.includes('unit=0:c3:9,4,4&changes=rotation:20')")
        state = "({ image: Array.from(s.image), focus: s.focus, shown: s.shownIndexes, changes: s.changes })"
        before = self.driver.evaluate(state)
        self.page.reload()
        self.driver.wait("s?.answers.length > 0 && s.focus")
        assert self.driver.evaluate(state) == before
        self.page.click(".badge button")

    def take_the_tour(self):
        self.page.evaluate("scrollTo(0, 0)")
        self.sees("[data-do=tour]", "one click away")
        self.page.click("[data-do=tour]")
        panel = self.page.evaluate(PANEL)
        for stop in range(TOUR_STOPS):
            wait_for_frames(self.page)
            assert self.driver.evaluate("s.stop") == stop
            assert self.page.evaluate(PANEL) == panel
            self.sees(".tour, .tour-moves button, .tour-body h3", stop)
            self.until(
                lambda: self.page.evaluate(IS_TOUR_STAGE_IN_VIEW), f"what stop {stop + 1} speaks of is out of view"
            )
            assert self.page.evaluate(PANEL) == panel
            self.fits()
            self.shoot(f"tour-{stop + 1}")
            target = self.page.get_attribute(".tour-links a", "href")
            assert target == {0: "#steps", 8: "#answers", 9: "#robustness"}.get(stop, "#unit")
            self.page.click(".tour-links a")
            wait_for_frames(self.page)
            top = f"document.querySelector('{target}').getBoundingClientRect().top < innerHeight"
            self.until(lambda top=top: self.page.evaluate(top), f"{target} is out of view")
            assert self.driver.evaluate("s.stop === " + str(stop) + " && s.source === 'drawing'")
            if stop < TOUR_STOPS - 1:
                self.page.click(".tour-moves .primary")
        self.page.click(".tour-end")
        assert self.page.is_hidden("#tour")

    def follow_lines_and_numbers(self):
        for view in ("overview", "all"):
            self.page.click(f"[data-view={view}]")
            drawn = 0
            units = ([2, 9, 9], [2, 5, 5], [9, 4, 4], [9, 2, 2], [60, 0, 0], [40, 0, 0], [3, 0, 0])
            for stage, unit in enumerate(units):
                focus(self.driver, stage, unit)
                found = self.page.evaluate(COUNT_CROSSED_STAGES)
                assert found["crossed"] == 0, (view, stage)
                drawn += found["lines"]
            assert drawn >= 6
            focus(self.driver, 2, [9, 4, 4])
            scroll_to(self.driver, "#stages")
            self.shoot(f"stages-{view}")
            self.fits()
        captions = self.page.locator("#stages figcaption").all_inner_texts()
        for caption, formula in ((1, "Σ w·x + b"), (2, "w·Σ x + b"), (-1, "Σ (x − c)²")):
            assert formula in captions[caption]
        self.page.click("[data-view=overview]")
        small = self.page.locator("canvas[data-stage=s4]")
        self.until(
            lambda: small.evaluate(COUNT_COLORS)["colors"] > 100, "a map of 25 units without numbers has fewer colors"
        )

    def edit_a_kernel(self):
        focus(self.driver, 0, [1, 14, 14])
        scroll_to(self.driver, "#unit")
        self.page.click(".kernel-editor summary")
        outputs = self.driver.evaluate("Array.from(s.passes[0].outputs)")
        self.page.fill(".kernel-grid [data-index='12']", "2.5")
        assert self.driver.evaluate("Array.from(s.passes[0].outputs)") != outputs
        self.says(".badge", "kernel of C1 1 edited", "C1 特征图 1 的卷积核已改")
        self.says(".kernel-message", "As learned, 7 had", "7")
        self.driver.wait("s.misread !== null")
        self.page.locator(".kernel-editor").scroll_into_view_if_needed()
        self.shoot("kernel")
        self.fits()
        self.page.click("[data-kernel=undo]")
        assert self.driver.evaluate("Array.from(s.passes[0].outputs)") == outputs
        focus(self.driver, 2, [9, 4, 4])
        scroll_to(self.driver, "#unit")
        self.shoot("unit")
        self.fits()

    def see_what_the_answer_rests_on(self):
        scroll_to(self.driver, "#saliency")
        for kind in ("gradient", "occlusion"):
            canvas = self.page.locator(f".saliency-{kind} canvas")
            self.until(lambda canvas=canvas: canvas.evaluate(COUNT_COLORS)["colors"] > 20, kind)
        self.shoot("saliency")
        self.fits()

    def look_at_the_plane(self):
        scroll_to(self.driver, "#plane")
        self.driver.wait("s.misread !== null")
        wrong, count = self.driver.evaluate("[s.misread.wrong, s.misread.total]")
        self.says(
            ".plane-message", f"lenet-5 misreads {wrong} of {count}.", f"lenet-5 在 {count} 个中认错 {wrong} 个。"
        )
        self.until(lambda: self.page.locator(".plane-misread button").count() == wrong, "all misread ones are listed")
        plane = self.page.locator(".plane-canvas canvas")
        self.until(lambda: plane.evaluate(COUNT_COLORS)["colors"] > 20, "the plane is drawn")
        before = plane.evaluate(COUNT_COLORS)
        self.page.keyboard.press("2")
        self.driver.wait("s.source === 'sample 2'")
        self.until(lambda: plane.evaluate(COUNT_COLORS) != before, "one's own drawing is among them")
        self.page.locator(".plane-misread button").first.click()
        self.says(".plane-message", "and was read as", "却识别为")
        self.shoot("plane")
        self.fits()

    def break_it(self):
        scroll_to(self.driver, "#robustness")
        self.page.fill("#robustness input[data-change=rotation]", "30")
        wait_for_frames(self.page)
        self.shoot("robustness")
        self.fits()
        self.page.click("#robustness .robustness-now .controls button")

    def train(self):
        self.page.click("[data-do=open-learning]")
        self.driver.wait("s.learning?.run.evaluations.length > 0")
        self.page.click("#learning [data-do=step]")
        self.driver.wait("s.learning.run.updates === 1 && s.learning.run.weightGradient")
        assert re.search(r"\d", self.page.inner_text("[data-formula=mean]")), "the sum over the batch, with numbers"
        self.page.select_option("[data-setting=batchSize]", "64")  # another run; the one before stays, dashed
        self.page.click("#learning [data-do=run]")
        self.driver.wait("s.learning.run.updates > 8")
        assert self.driver.evaluate("s.learning.previousRun.updates") == 1
        self.says(".learning-runs", "This run", "这一次")
        scroll_to(self.driver, "#learning")
        self.fits()
        self.shoot("learning")
        scroll_to(self.driver, ".learning-network")
        wait_for_frames(self.page)
        self.shoot("learning-network")
        scroll_to(self.driver, "#counts")
        self.shoot("counts")
