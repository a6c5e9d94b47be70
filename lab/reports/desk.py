"""Take the screenshot of the desk: a page of numbers in MNIST's digits, read, served, and shown in Chromium.

    python -m lab.reports.desk

writes docs/images/desk.png.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lab.benchmarks.page_driver import find_browser
from lab.command_line import run_command
from lenet import data

PICTURE_FILE = Path(__file__).parents[2] / "docs" / "images" / "desk.png"
SEED = 7
NUMBERS, DIGITS_IN_NUMBER = 6, 6
CELL_SIDE = 34  # pixels, of a digit with its margins, before the page is enlarged three times
WINDOW_WIDTH, WINDOW_HEIGHT = 1280, 1180  # pixels, of the browser
_LENET_SCRIPT = "import sys; from lenet.cli import main; sys.exit(main())"


def main() -> None:
    """Write the screenshot."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        Image.fromarray(draw_page_of_numbers()).save(Path(folder) / "numbers.png")
        command = [sys.executable, "-c", _LENET_SCRIPT, "serve", "--desk", folder, "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, sync_playwright() as driver:
            assert process.stdout is not None
            address = process.stdout.readline().split()[2]
            browser = driver.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": WINDOW_WIDTH, "height": WINDOW_HEIGHT})
            page.goto(f"{address}?lang=en")
            page.wait_for_selector("#current-field")
            page.wait_for_selector(".sheet img")
            page.wait_for_timeout(1000)
            page.screenshot(path=PICTURE_FILE)
            browser.close()
            process.terminate()


def draw_page_of_numbers() -> NDArray[np.uint8]:
    """Draw numbers one below the other, of random test digits, dark on light: uint8 (H, W)."""
    digits = data.load("mnist").test_images
    indices = np.random.default_rng(SEED).integers(0, len(digits), (NUMBERS, DIGITS_IN_NUMBER))
    page = np.zeros((NUMBERS * 2 * CELL_SIDE + CELL_SIDE, (DIGITS_IN_NUMBER + 4) * CELL_SIDE), np.uint8)
    for row, column in np.ndindex(NUMBERS, DIGITS_IN_NUMBER):
        top, left = CELL_SIDE + 2 * CELL_SIDE * row, 2 * CELL_SIDE + (CELL_SIDE - 10) * column
        window = page[top : top + 28, left : left + 28]
        np.maximum(window, digits[indices[row, column]].reshape(28, 28), out=window)
    image = Image.fromarray(255 - page)
    return np.asarray(image.resize((3 * image.width, 3 * image.height), Image.Resampling.BICUBIC))


if __name__ == "__main__":
    run_command(main)
