"""The picture of the desk: a page of numbers in MNIST's digits, read, served, and photographed in Chromium.

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

from lab.benchmarks.page_driver import browser_path
from lenet import data

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "desk.png"
SEED, ROWS, DIGITS, CELL = 7, 6, 6, 34
WIDTH, HEIGHT = 1280, 1180
_CALL = "import sys; from lenet.cli import main; sys.exit(main())"


def main() -> None:
    """Write the picture."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        Image.fromarray(page_of_numbers()).save(Path(folder) / "numbers.png")
        command = [sys.executable, "-c", _CALL, "serve", "--desk", folder, "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, sync_playwright() as driver:
            assert process.stdout is not None
            address = process.stdout.readline().split()[2]
            browser = driver.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.goto(f"{address}?lang=en")
            page.wait_for_selector("#asked")
            page.wait_for_selector(".sheet img")
            page.wait_for_timeout(1000)
            page.screenshot(path=PICTURE)
            browser.close()
            process.terminate()


def page_of_numbers() -> NDArray[np.uint8]:
    """Numbers one below the other, of test digits drawn at random, dark on light."""
    digits = data.load("mnist").test_images
    indices = np.random.default_rng(SEED).integers(0, len(digits), (ROWS, DIGITS))
    page = np.zeros((ROWS * 2 * CELL + CELL, (DIGITS + 4) * CELL), np.uint8)
    for row, column in np.ndindex(ROWS, DIGITS):
        top, left = CELL + 2 * CELL * row, 2 * CELL + (CELL - 10) * column
        window = page[top : top + 28, left : left + 28]
        np.maximum(window, digits[indices[row, column]].reshape(28, 28), out=window)
    image = Image.fromarray(255 - page)
    return np.asarray(image.resize((3 * image.width, 3 * image.height), Image.Resampling.BICUBIC))


if __name__ == "__main__":
    main()
