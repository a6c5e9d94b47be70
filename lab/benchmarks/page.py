"""Measure the page's latency per stroke: ``python -m lab.benchmarks.page [--strokes N] [--file PAGE]``.

Digits are drawn with the mouse in headless Chromium, on the page of the networks that ship. The latency is the time
from a movement of the pen until everything is redrawn: the median and the 95th percentile, and the medians of what
reading and the networks take of it, for one network and for two, without a unit in focus and with one; then the same
while a network is trained in the page. Then how long that network takes until its error is 5 %, how long the page takes
from opening until it answers, and its size. Each is printed with its limit.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from lab.benchmarks.page_driver import PageDriver, find_browser, open_page
from lab.command_line import positive_integer, run_command
from lenet.benchmarking.machine import processor
from lenet.model import pretrained
from lenet.page.document import DEFAULT_MODELS
from lenet.page.export import write_page

MAX_STROKE_MS, MAX_OPENING_MS, MAX_BYTES = 16.0, 500.0, 2_000_000  # limits that are printed
MAX_STROKE_MS_WHILE_TRAINING = 32.0
MAX_SECONDS_TO_ERROR, ERROR_TO_REACH = 30.0, 5.0  # the error in percent
TRAINING_TIMEOUT_SECONDS = 300  # after which training is given up
# Points (x, y) of a 2, in hundredths of the drawing canvas.
DIGIT_STROKE = [
    (31, 36),
    (36, 24),
    (50, 18),
    (63, 25),
    (64, 40),
    (54, 56),
    (40, 70),
    (28, 80),
    (44, 78),
    (58, 79),
    (72, 79),
]


def measure_page(strokes: int, file: Path) -> None:
    """Measure a page in Chromium, and print the table."""
    from playwright.sync_api import sync_playwright

    print(f"{processor()}\n\n{'':34}{'median':>9}{'95 %':>9}{'reading':>9}{'networks':>9}  ms, of movements")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        opening_ms = []
        for _ in range(5):
            with open_page(browser, file) as driver:
                opening_ms.append(driver.page.evaluate("lenet.ready"))
        for second, focused in ((False, False), (False, True), (True, False), (True, True)):
            with open_page(browser, file) as driver:
                row = " + ".join(DEFAULT_MODELS[::-1] if second else DEFAULT_MODELS[1:]) + (
                    ", a unit" if focused else ""
                )
                print(f"{row:34}{time_strokes(driver, strokes, second, focused)}")
        with open_page(browser, file) as driver:
            row = f"{DEFAULT_MODELS[1]}, another is trained"
            start_training(driver)
            times = time_strokes(
                driver, strokes, has_second_network=False, has_focus=False, limit=MAX_STROKE_MS_WHILE_TRAINING
            )
            print(f"{row:34}{times}")
        with open_page(browser, file) as driver:
            start_training(driver)
            processor_time = renderer_cpu_seconds(browser)
            seconds, epochs, error = time_training(driver)
            processor_time = renderer_cpu_seconds(browser) - processor_time
        browser.close()
    print(f"\ntraining: {error:.1f} % of 500 misread after {epochs:.1f} passes, {seconds:.1f} s", end=" ")
    print(f"(limit {ERROR_TO_REACH:.0f} % within {MAX_SECONDS_TO_ERROR:.0f} s), {processor_time:.1f} s of processors")
    size = file.stat().st_size
    print(f"\nanswers after opening: {min(opening_ms):.0f} ms, best of {len(opening_ms)} (limit {MAX_OPENING_MS:.0f})")
    print(f"size: {size / 1e6:.2f} MB (limit {MAX_BYTES / 1e6:.1f})")


def start_training(driver: PageDriver) -> None:
    """Open the chapter on learning, and start training as it proposes."""
    driver.page.click("[data-do=open-learning]")
    driver.wait("s.learning?.run?.evaluations.length > 0")
    driver.page.click("#learning [data-do=run]")
    driver.page.evaluate("scrollTo(0, 0)")


def renderer_cpu_seconds(browser: Any) -> float:
    """Processor time of all pages and their workers so far, which other work on the machine hardly changes."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return float(sum(process["cpuTime"] for process in processes if process["type"] == "renderer"))


def time_training(driver: PageDriver) -> tuple[float, float, float]:
    """Seconds and epochs until the error on the test digits is at most `ERROR_TO_REACH`, and that error in per cent."""
    began = time.monotonic()
    while time.monotonic() - began < TRAINING_TIMEOUT_SECONDS:
        epochs, misread = driver.evaluate("[s.learning.run.epochs, s.learning.run.evaluations.at(-1).misread.length]")
        error = 100 * misread / driver.evaluate("s.learning.digits.test")
        if error <= ERROR_TO_REACH:
            break
        time.sleep(0.05)
    return time.monotonic() - began, epochs, error


def time_strokes(
    driver: PageDriver, strokes: int, has_second_network: bool, has_focus: bool, limit: float = MAX_STROKE_MS
) -> str:
    """Draw digits, and format the latencies in milliseconds: median, 95th percentile, medians of parts; count."""
    if has_second_network:
        driver.page.select_option("#second-network", "1")
    if has_focus:
        driver.hover("c3", 0.4, 0.4)
        driver.page.mouse.down()
        driver.page.mouse.up()
        driver.page.evaluate("scrollTo(0, 0)")
    driver.page.evaluate("for (const times of Object.values(lenet.timings)) times.length = 0")
    for _ in range(strokes):
        driver.page.keyboard.press("c")
        driver.draw(DIGIT_STROKE)
    times: dict[str, Any] = driver.page.evaluate("lenet.timings")
    stroke = times["stroke"]
    percentile_95 = statistics.quantiles(stroke, n=20)[-1]
    parts = [statistics.median(times[part]) for part in ("reading", "passes")]
    figures = "".join(f"{figure:9.1f}" for figure in (statistics.median(stroke), percentile_95, *parts))
    return f"{figures}  {len(stroke)} (limit {limit:.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strokes", type=positive_integer, default=8)
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = options.file or Path(folder) / "page.html"
        if not options.file:
            write_page(file, [pretrained(name) for name in DEFAULT_MODELS[::-1]])
        measure_page(options.strokes, file)


if __name__ == "__main__":
    run_command(main)
