"""How the page writes out units that no network of the zoo has, in the system's Chromium."""

import re

import pytest

from lab.benchmarks.page_driver import find_browser, open_page, wait_for_frames
from lenet.architecture import (
    Activation,
    Convolution,
    EuclideanRbf,
    FullConnection,
    GlobalAveragePooling,
    MaxPooling,
    Network,
    Stage,
)
from lenet.initialization import initial_weights
from lenet.model import Model
from lenet.page.export import write_page

pytest.importorskip("playwright.sync_api")

if find_browser() is None:
    pytest.skip("no Chromium or Chrome on this machine", allow_module_level=True)

PROTOTYPES = ((3, 0, 2, -1), (1, 1, -2, 5))
NETWORK = Network(
    "unusual",
    (1, 28, 28),
    (
        Stage("c1", Convolution(2, 5), Activation.TANH),
        Stage("s2", MaxPooling(2), Activation.TANH),
        Stage("g3", GlobalAveragePooling(), Activation.IDENTITY),
        Stage("f4", FullConnection(4), Activation.TANH),
        Stage("output", EuclideanRbf(PROTOTYPES), Activation.IDENTITY),
    ),
)
EQUATIONS = """all => all.map((one) => [...one.childNodes].filter((node) => !node.className)
  .map((node) => node.textContent).join(""))"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "lesson.html"
    write_page(path, [Model(NETWORK, initial_weights(NETWORK, seed=1))])
    return path


def number(text):
    return float(text.replace("−", "-"))


def test_units_of_any_network_are_written_out_as_they_are_computed(browser, file):
    with open_page(browser, file) as driver:

        def focus(stage_index, unit):
            driver.page.evaluate(
                "([stageIndex, unit]) => lenet.store.set({ focus: { position: 0, stageIndex, unit, isPinned: true } })",
                [stage_index, unit],
            )
            wait_for_frames(driver.page)
            equations = driver.page.locator(".arithmetic .equation").evaluate_all(EQUATIONS)
            return equations, driver.page.inner_text(".arithmetic")

        (maximum, activation), _ = focus(1, [0, 5, 6])
        inside = re.fullmatch(r"max\((.*)\) = (.*)", maximum)
        assert number(inside[2]) == pytest.approx(max(map(number, inside[1].split(", "))), abs=0.01)
        value = driver.evaluate("s.passes[0].stages[1].values[5 * 12 + 6]")
        assert re.fullmatch(r"tanh\((.*)\) = (.*)", activation)
        assert number(activation.split(" = ")[1]) == pytest.approx(value, abs=0.01)

        _, text = focus(2, [1, 0, 0])
        assert driver.page.locator(".window span").count() == 60
        assert (
            driver.page.locator(".window").evaluate("one => getComputedStyle(one).gridTemplateColumns").count("px")
            == 12
        )
        assert "… and 84 more" in text

        [distance], text = focus(4, [0, 0, 0])
        inputs = driver.evaluate("Array.from(s.passes[0].stages[3].values)")
        squares = [(value - prototype) ** 2 for value, prototype in zip(inputs, PROTOTYPES[0], strict=True)]
        assert number(distance.split(" = ")[1]) == pytest.approx(sum(squares), rel=0.001)
        written = re.findall(r"\((.*?) ([+−]) (\d+)\)² = ([\d.]+)", text)
        assert sorted(int(level) if sign == "−" else -int(level) for _, sign, level, _ in written) == [-1, 0, 2, 3]
        assert [number(square) for *_, square in written] == pytest.approx(sorted(squares, reverse=True), abs=0.01)
        assert driver.page.locator(".arithmetic .codes").count() == 0

        _, text = focus(3, [2, 0, 0])
        assert "7 × 12" not in text
    assert driver.errors == []


@pytest.mark.parametrize("language", ["constructor", "toString", "__proto__", "xx"])
def test_a_language_that_the_page_does_not_have_is_passed_over(browser, file, language):
    with open_page(browser, file, query=f"?lang={language}") as driver:
        assert driver.evaluate("s.language") == "en"
    assert driver.errors == []
