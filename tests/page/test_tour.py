"""The tour tells true numbers in two languages, the sliders do what they say, and the counts are the paper's."""

import numpy as np
import pytest

from lab.benchmarks.page_driver import find_browser, wait_for_frames, wait_until_true
from lenet.connections import LENET_5_C3
from lenet.initialization import initial_weights
from lenet.model import Model, create, pretrained
from lenet.networks import describe, names
from lenet.page import page_document, page_html
from lenet.page.document import DEFAULT_MODELS, MAX_NETWORKS
from lenet.preprocess import network_inputs
from tests.page.in_node import needs_node, run_in_node

CHROMIUM = find_browser()

pytestmark = needs_node
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

MODULES = """
import { parseDocument, networkInput, answerOf } from "lenet/network.js";
import { createTrace } from "lenet/convolution/arithmetic.js";
import { align } from "lenet/counts.js";
import { applyChanges, SLIDERS } from "lenet/robustness/changes.js";
import { classify, emptyCurve, measure, valueOf } from "lenet/robustness/curves.js";
import { UNCHANGED } from "lenet/store.js";
import { STOPS, contentOf } from "lenet/tour/stops.js";
import { TEXTS } from "lenet/tour/text.js";
const image = given.image && Uint8Array.from(given.image);
const models = given.document ? parseDocument(given.document).models : [];
const states = models.map((model) => {
  const pass = model.network.run(networkInput(model.network, image));
  return { model, pass, image, answer: answerOf(model, pass.outputs), unit: null };
});
"""


def run_script(script, **given):
    """Run a script in node after the imports of MODULES; returns what it passes to ``show``."""
    return run_in_node(MODULES + script, **given)


def changed(image, changes):
    script = "show(Array.from(applyChanges(image, { ...UNCHANGED, ...given.changes })));"
    pixels = run_script(script, image=image.ravel().tolist(), changes=changes)
    return np.array(pixels, np.uint8).reshape(28, 28)


@pytest.fixture(scope="module")
def digit():
    """A seven, two pixels thick, as an ink-high image."""
    image = np.zeros((28, 28), np.uint8)
    image[5:8, 8:20] = 250
    for row in range(8, 23):
        column = 18 - (row - 8) // 2
        image[row, column - 1 : column + 2] = (180, 255, 160)
    return image


@pytest.fixture(scope="module")
def document():
    return page_document([pretrained(name) for name in DEFAULT_MODELS])


@pytest.fixture(scope="module")
def noise_image():
    return np.random.default_rng(3).integers(0, 256, (28, 28), np.uint8)


def test_sliders_at_rest_give_the_same_bytes_whatever_the_seed(noise_image):
    np.testing.assert_array_equal(changed(noise_image, {}), noise_image)
    np.testing.assert_array_equal(changed(noise_image, {"noiseSeed": 9}), noise_image)


def test_a_shift_by_whole_pixels_moves_every_pixel_and_fills_with_paper(noise_image):
    moved = changed(noise_image, {"shiftX": 3, "shiftY": -2})
    np.testing.assert_array_equal(moved[:-2, 3:], noise_image[2:, :-3])
    assert not moved[-2:].any()
    assert not moved[:, :3].any()


@pytest.mark.parametrize(("degrees", "quarter_turns"), [(90, -1), (-90, 1), (180, 2)])
def test_rotation_is_clockwise_and_exact_at_right_angles(noise_image, degrees, quarter_turns):
    np.testing.assert_array_equal(changed(noise_image, {"rotation": degrees}), np.rot90(noise_image, quarter_turns))


def test_scaling_by_two_doubles_the_extent_and_keeps_the_middle():
    image = np.zeros((28, 28), np.uint8)
    image[10:18, 12:16] = 255
    rows, columns = np.nonzero(changed(image, {"scale": 2}) > 127)
    assert (rows.min(), rows.max()) == (6, 21)
    assert (columns.min(), columns.max()) == (10, 17)


def test_strokes_grow_and_shrink_steadily_with_thickness(digit):
    ink = [changed(digit, {"thickness": value}).sum(dtype=int) for value in (-1.5, -0.8, -0.1, 0, 0.1, 0.8, 1.5, 3)]
    assert ink == sorted(ink)
    assert len(set(ink)) == len(ink)
    assert abs(ink[4] / ink[3] - 1) < 0.1, "a little thicker must be a little more ink"


def test_growing_by_a_whole_pixel_reaches_the_four_neighbours_fully():
    image = np.zeros((28, 28), np.uint8)
    image[14, 14] = 255
    grown = changed(image, {"thickness": 1})
    assert [grown[13, 14], grown[15, 14], grown[14, 13], grown[14, 15]] == [255] * 4
    assert grown[14, 16] == 0


def test_noise_inverts_its_share_of_pixels_always_the_same_and_more_of_them_with_more_noise(noise_image):
    little, much, other = (
        changed(noise_image, {"noise": share, "noiseSeed": seed}) for share, seed in ((0.1, 5), (0.3, 5), (0.3, 6))
    )
    inverted = much != noise_image
    np.testing.assert_array_equal(much[inverted], 255 - noise_image[inverted])
    assert (inverted | (little == noise_image)).all(), "what little noise inverts, more noise inverts too"
    assert (other != much).any()
    np.testing.assert_array_equal(much, changed(noise_image, {"noise": 0.3, "noiseSeed": 5}))
    shares = run_script(
        """const shareOf = (noiseSeed) =>
          applyChanges(new Uint8Array(784), { ...UNCHANGED, noise: 0.1, noiseSeed }).filter(Boolean).length / 784;
        show(Array.from({ length: 200 }, (_, seed) => shareOf(seed)));"""
    )
    assert abs(np.mean(shares) - 0.1) < 0.003
    assert np.std(shares) < 0.015


def test_every_text_stands_in_both_languages_with_the_same_places_for_numbers():
    text = run_script("show(TEXTS);")
    assert text["en"].keys() == text["zh"].keys()
    for key, english in text["en"].items():
        chinese = text["zh"][key]
        assert english.strip(), key
        assert chinese.strip(), key
        assert places(english) >= places(chinese), key
    for key, chinese in text["zh"].items():
        if key.startswith("tour.") and key.rsplit(".", 1)[-1] in {"idea", "title"}:
            assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese), key


def places(text):
    return {piece.split("}")[0] for piece in text.split("{")[1:]}


@pytest.fixture(scope="module")
def tour(document, digit):
    """The content of each stop for each network, ``{title: {stop: {part: {key, values}}}}``, and all texts."""
    script = """show({ text: TEXTS, stops: STOPS, contents: Object.fromEntries(states.map((state) =>
      [state.model.title, Object.fromEntries(STOPS.map((stop) => [stop, contentOf(stop, state)]))])) });"""
    return run_script(script, document=document, image=digit.ravel().tolist())


def test_the_tour_has_ten_stops_with_every_text_and_number_for_both_networks(tour):
    assert len(tour["stops"]) == 10
    for stops in tour["contents"].values():
        assert len(stops) == 10
        for stop, content in stops.items():
            assert f"tour.name.{stop}" in tour["text"]["en"]
            for part in ("title", "idea", "live"):
                for language in ("en", "zh"):
                    template = tour["text"][language][content[part]["key"]]
                    for place in places(template):
                        value = str(content[part]["values"][place])
                        assert value not in {"", "NaN", "undefined"}, (stop, part, place)


def test_the_tour_has_every_text_and_number_for_every_network(tour, digit):
    script = """show(states.map((state) => STOPS.map((stop) => contentOf(stop, state))));"""
    models = [Model(describe(name), initial_weights(describe(name), seed=1)) for name in names()]
    for start in range(0, len(models), MAX_NETWORKS):
        document = page_document(models[start : start + MAX_NETWORKS])
        for contents in run_script(script, document=document, image=digit.ravel().tolist()):
            assert len(contents) == 10
            for part in (content[part] for content in contents for part in ("title", "idea", "live") if content[part]):
                template = tour["text"]["en"][part["key"]]
                assert all(str(part["values"][place]) not in {"", "NaN"} for place in places(template)), part


def test_the_tour_of_lenet_5_has_the_counts_of_the_paper(tour):
    contents = tour["contents"]["lenet-5"]
    live = {stop: contents[stop]["live"]["values"] for stop in contents}
    assert (live["sharing"]["parameters"], live["sharing"]["connections"]) == ("156", "122,304")
    assert (live["sampling"]["parameters"], live["sampling"]["connections"]) == ("12", "5,880")
    assert (live["table"]["parameters"], live["table"]["full"], live["table"]["kernels"]) == ("1,516", "2,416", 60)
    assert (live["c5"]["parameters"], live["c5"]["total"], live["c5"]["share"]) == (
        "48,120",
        "60,000",
        "80.2 %",
    )
    assert contents["table"]["idea"]["key"].endswith("paper")
    assert contents["c5"]["idea"]["key"].endswith("convolution")
    assert live["c5"]["jump"] == 4


def test_the_wording_follows_the_network(tour):
    keys = {
        stop: content["idea"]["key"].rsplit(".", 1)[-1] for stop, content in tour["contents"]["lenet-5-relu"].items()
    }
    expected = {"activation": "relu", "sampling": "max_pooling", "table": "full", "c5": "full_connection"}
    assert {stop: keys[stop] for stop in expected} == expected
    assert keys["code"] == "dense84"
    assert keys["answer"] == "softmax"
    assert keys["doubt"] == "reject"


def test_no_text_for_a_network_of_color_images_has_the_word_digit():
    document = page_document([create("lenet-rgb", classes=["dog", "ship", "frog"], seed=1)])
    texts = run_script(
        """const [model] = models;
        const pass = model.network.run(new Float32Array(3 * 32 * 32).fill(0.5));
        const answer = answerOf(model, pass.outputs);
        const state = { model, pass, image: new Uint8Array(784), answer, unit: null };
        const texts = {};
        for (const stop of STOPS) {
          const { title, idea, live, hasPicture } = contentOf(stop, state);
          const textIn = (language) => [title, idea, live].filter(Boolean).map(({ key, values }) =>
            TEXTS[language][key].replace(/\\{(\\w+)\\}/g, (_, name) => values[name] ?? "MISSING")).join(" ");
          texts[stop] = { en: textIn("en"), zh: textIn("zh"), hasPicture };
        }
        show(texts);""",
        document=document,
        image=[0] * 784,
    )
    for stop, words in texts.items():
        assert "MISSING" not in words["en"] + words["zh"], stop
        assert "digit" not in words["en"], stop
        assert "数字" not in words["zh"], stop
    assert "A picture is 3,072 numbers" in texts["pixels"]["en"]
    assert "lenet-rgb knows 3 classes" in texts["doubt"]["en"].replace("LeNet-RGB", "lenet-rgb")
    assert "chance would be 33.3 %" in texts["doubt"]["en"]
    assert [stop for stop, words in texts.items() if not words["hasPicture"]] == ["pixels", "doubt"]


def test_the_sum_of_the_unit_in_the_tour_is_that_of_the_network(tour, digit):
    content = tour["contents"]["lenet-5"]["unit"]
    weights = pretrained("lenet-5")
    values = content["live"]["values"]
    inputs = network_inputs(digit[None], weights.network.input, weights.network.input_range)[0, 0]
    row, column, kernel = values["row"], values["column"], weights.parameters["c1.weight"][values["map"], 0]
    products = float((inputs[row : row + 5, column : column + 5] * kernel).sum())
    total = products + float(weights.parameters["c1.bias"][values["map"]])
    assert as_number(values["products"]) == pytest.approx(products, abs=6e-4)
    assert as_number(values["sum"]) == pytest.approx(total, abs=6e-4)
    assert content["stageIndex"] == 0


def as_number(text):
    return float(text.replace("−", "-").replace(",", ""))


def test_a_convolution_worked_out_product_by_product_ends_in_the_networks_map(document, digit):
    worst = run_script(
        """const worst = [];
        for (const { model: { network }, pass } of states) {
          network.stages.forEach((stage, index) => {
            if (stage.kind !== "convolution") return;
            const [maps, rows, columns] = stage.outputShape;
            for (const map of [0, maps - 1]) {
              const trace = createTrace(network, pass, index, map);
              const own = trace.wholeMap();
              const theirs = pass.stages[index].values.subarray(map * rows * columns, (map + 1) * rows * columns);
              worst.push(Math.max(...own.map((value, at) => Math.abs(value - theirs[at]))));
              const last = trace.stateAt(trace.totalTicks);
              worst.push(Math.abs(last.value - theirs.at(-1)), last.filledUnits - rows * columns);
              if (rows * columns === 1) continue;
              const before = trace.stateAt(trace.ticksPerUnit * 2 - 2);
              worst.push(before.sum + before.bias - pass.stages[index].sums[map * rows * columns + 1]);
            }
          });
        }
        show(worst);""",
        document=document,
        image=digit.ravel().tolist(),
    )
    assert len(worst) == 4 * 2 * 4 + 2 * 3, "c1, c3, conv1 and conv2 have an earlier unit to look at, c5 has one"
    assert max(map(abs, worst)) < 1e-4


def test_the_range_written_under_a_slider_is_that_of_trying_every_step(document, digit):
    found = run_script(
        """const slider = SLIDERS.find(({ key }) => key === given.key);
        const { model } = states[1];
        model.calibration.min_confidence = 0.3;
        const answer = classify(model, image);
        const curve = emptyCurve(answer);
        for (const _ of measure({ model, image, changes: UNCHANGED, slider }, curve));
        const last = Math.round((slider.maximum - slider.minimum) / slider.step);
        const kept = [];
        for (let index = 0; index <= last; index += 1) {
          const value = valueOf(slider, index);
          const changed = classify(model, applyChanges(image, { ...UNCHANGED, [slider.key]: value }));
          kept.push([value, changed.isAccepted && changed.predictedClass === answer.predictedClass]);
        }
        show({ accepted: answer.isAccepted, from: curve.from, to: curve.to, kept, points: curve.points.length });""",
        document=document,
        image=digit.ravel().tolist(),
        key="rotation",
    )
    assert found["accepted"], "the digit of this test must be one that is answered"
    kept = dict(found["kept"])
    assert found["from"] <= 0 <= found["to"]
    assert kept[found["from"]]
    assert kept[found["to"]]
    assert not kept.get(found["from"] - 1, False)
    assert not kept.get(found["to"] + 1, False)
    assert found["points"] >= 46


def test_the_counts_of_two_networks_stand_side_by_side_and_end_together():
    rows = run_script("show(align([Array(7).fill(0), Array(4).fill(0)]));")
    assert rows == [[0, 0], [1, 1], [2, 2], [3, None], [4, None], [5, None], [6, 3]]


@pytest.fixture(scope="module")
def page(document, tmp_path_factory):
    """The page from a file, with both networks, lenet-5 shown, in English."""
    sync_api = pytest.importorskip("playwright.sync_api")
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(page_html(document), "utf-8")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        page.script_errors = []
        page.on("pageerror", lambda error: page.script_errors.append(str(error)))
        page.goto(f"{path.as_uri()}?lang=en")
        wait_until_true(page, "window.lenet")
        page.evaluate("lenet.store.set({ shownIndexes: [1] })")
        yield page
        assert page.script_errors == []
        browser.close()


def state(page, expression):
    return page.evaluate(f"(() => {{ const {{ state }} = lenet.store; return {expression}; }})()")


@needs_chromium
def test_the_keyboard_moves_through_all_ten_stops_and_each_highlights_its_stage(page):
    page.click("[data-do=tour]")
    stages = [None, 0, 0, 0, 1, 2, 4, 5, 6, 6]
    titles = set()
    for stop, stage in enumerate(stages):
        assert state(page, "state.stop") == stop
        assert state(page, "state.focus?.stageIndex ?? null") == stage
        wait_until_true(page, f"document.querySelector('#tour [aria-current=step]').textContent === '{stop + 1}'")
        titles.add(page.inner_text("#tour h3"))
        assert page.inner_text("#tour .tour-idea").strip()
        assert f"Stop {stop + 1} of 10" in page.inner_text("#tour [role=status]")
        assert page.locator("#tour .tour-picture canvas").get_attribute("aria-label")
        page.keyboard.press("ArrowRight")
    assert len(titles) == 10
    assert state(page, "state.stop") == 9
    page.keyboard.press("Home")
    assert state(page, "state.stop") == 0
    page.keyboard.press("End")
    assert state(page, "state.stop") == 9
    page.keyboard.press("ArrowLeft")
    assert state(page, "state.stop") == 8
    page.keyboard.press("Escape")
    assert state(page, "state.stop") is None
    assert page.is_hidden("#tour")


@needs_chromium
def test_the_tour_tells_the_sum_that_the_network_has_and_follows_another_digit(page):
    page.click("[data-do=tour]")
    page.keyboard.press("ArrowRight")
    actual = (
        "((f, p) => p.sums[(f.unit[0] * p.shape[1] + f.unit[1]) * p.shape[2] + f.unit[2]])"
        "(state.focus, state.passes[0].stages[state.focus.stageIndex])"
    )
    for digit in "58":
        page.keyboard.press(digit)
        wait_until_true(page, f"lenet.store.state.reading?.digits[0]?.label === '{digit}'")
        wait_for_frames(page)
        shown = as_number(page.inner_text("#tour .tour-live [data-value=sum]"))
        assert shown == pytest.approx(state(page, actual), abs=6e-3)
    page.keyboard.press("Escape")


@needs_chromium
def test_the_animation_fills_its_map_with_the_networks_values(page):
    worst = page.evaluate("""async () => {
      const { mountConvolution } = await import("lenet/convolution.js");
      const host = document.createElement("div");
      document.body.append(host);
      const convolution = mountConvolution(host, lenet.store, { position: 0, stageIndex: 2, unit: [6, 0, 0] });
      host.querySelector("[data-act=end]").click();
      const { tick } = host.querySelector(".convolution").dataset;
      const values = lenet.store.state.passes[0].stages[2].values.subarray(600, 700);
      const worst = Math.max(...convolution.trace.wholeMap().map((value, at) => Math.abs(value - values[at])));
      const done = convolution.trace.stateAt(Number(tick));
      convolution.destroy();
      const left = host.childElementCount;
      host.remove();
      return [worst, Number(tick) - 100 * (100 + 2), done.filledUnits - 100, left];
    }""")
    assert worst[0] < 1e-4
    assert worst[1:] == [0, 0, 0]


@needs_chromium
def test_a_slider_changes_what_the_networks_see_and_reset_brings_it_back(page):
    page.fill("#robustness input[data-change=rotation]", "90")
    assert state(page, "state.changes.rotation") == 90
    before, after = (np.array(state(page, f"Array.from({what})")) for what in ("state.reading.image", "state.image"))
    np.testing.assert_array_equal(after.reshape(28, 28), np.rot90(before.reshape(28, 28), -1))
    page.click("#robustness .robustness-now .controls button")
    assert state(page, "state.changes.rotation") == 0
    assert state(page, "state.image === state.reading.image")


@needs_chromium
def test_a_preset_whose_measurement_is_aborted_keeps_the_answer_before(page):
    before, after = page.evaluate("""async () => {
      const { createPreset } = await import("lenet/robustness/robustness.js");
      const { models, reading } = lenet.store.state;
      const preset = createPreset(lenet.store, "plain");
      const answer = () => {
        preset.updateText();
        return preset.element.querySelector(".robustness-preset-answer").textContent;
      };
      for (const _ of preset.measure(models.slice(0, 1), reading.image));
      const before = answer();
      preset.measure(models.slice(0, 1), reading.image.map((level) => 255 - level)).next();
      for (const _ of preset.measure(models.slice(0, 1), reading.image));
      return [before, answer()];
    }""")
    assert after == before != ""


@needs_chromium
def test_each_slider_says_in_which_range_the_answer_stays(page):
    page.locator("#robustness").scroll_into_view_if_needed()
    page.locator("#robustness .robustness-rows").scroll_into_view_if_needed()
    are_measured = (
        "[...document.querySelectorAll('.robustness-ranges')].every((p) => /same answer|unsure/.test(p.textContent))"
    )
    wait_until_true(page, are_measured)
    assert page.locator(".robustness-ranges").count() == 6


@needs_chromium
def test_the_counts_show_the_papers_totals_and_hovering_table_one_highlights_a_columns_inputs(page):
    assert "60,000" in page.inner_text("#counts tfoot")
    assert "340,908" in page.inner_text("#counts tfoot")
    page.click("#counts .counts-open >> text=C3")
    head = page.locator("#counts .connection-table thead th").nth(8)
    head.hover()
    lit = page.locator("#counts .connection-table tbody th.is-lit").all_inner_texts()
    assert tuple(map(int, lit)) == LENET_5_C3[8]
    marks = page.locator("#counts .connection-table td.is-fed").count()
    assert marks == 60
