"""The page about a network of whole pictures in color, in the system's Chromium."""

import io

import numpy as np
import pytest
from PIL import Image

import lenet
from lab.benchmarks.page_driver import find_browser, open_page, shots_folder
from lenet.page.export import write_page

pytest.importorskip("playwright.sync_api")

if find_browser() is None:
    pytest.skip("no Chromium or Chrome on this machine", allow_module_level=True)


def test_a_photo_is_shown_to_the_network_in_color_and_no_digit_is_looked_for(browser, tmp_path):
    model = lenet.create("lenet-rgb", classes=["dog", "ship"], seed=3)
    write_page(tmp_path / "lesson.html", [model])
    pixels = np.full((60, 90, 3), (200, 210, 220), np.uint8)
    pixels[20:40, 30:60] = (220, 30, 20)
    picture = Image.fromarray(pixels)
    content = io.BytesIO()
    picture.save(content, "PNG")
    with open_page(browser, tmp_path / "lesson.html") as driver:
        assert driver.page.locator("#robustness").is_hidden()
        driver.drop("photo.png", content.getvalue())
        driver.wait("s.picture?.width === 90")
        driver.page.wait_for_timeout(600)
        driver.page.screenshot(path=shots_folder(tmp_path) / "whole.png")
        assert "The whole picture goes to the network" in driver.page.inner_text("main")
        assert driver.evaluate("s.reading.digits.length === 0 && s.image === null")
        predicted = driver.evaluate("s.models[0].labels[s.answers[0].predictedClass]")
        assert predicted == model.predict(picture).class_name
        middle = driver.page.evaluate(
            """() => {
              const canvas = [...document.querySelectorAll(".steps canvas")].at(-1);
              return [...canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data];
            }"""
        )
        assert middle[:3] == pytest.approx([220, 30, 20], abs=2)
        assert "no digit" not in driver.page.inner_text("#answers").lower()
    assert driver.errors == []
