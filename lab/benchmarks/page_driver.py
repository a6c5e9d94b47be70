"""Drive the page in the system's Chromium, for tests, screenshots and measurements."""

import base64
import mimetypes
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 60  # what takes longer, even on a busy machine, hangs
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find_browser() -> str | None:
    """Find the path of the system's Chromium or Chrome; None if there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def wait_until_true(page: Any, expression: str) -> None:
    """Wait until a JavaScript expression is true of Playwright's page.

    Not by Playwright's ``wait_for_function``: what is not true at once it evaluates within the page, which the page's
    policy forbids.
    """
    end = time.monotonic() + TIMEOUT_SECONDS
    while not page.evaluate(f"Boolean({expression})"):
        assert time.monotonic() < end, f"never came true: {expression}"
        page.wait_for_timeout(50)


def wait_for_frames(page: Any) -> None:
    """Wait until the page has drawn what it was told to draw in its next frame."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")


def drop_files(page: Any, files: Mapping[str, bytes]) -> None:
    """Drop files, by name, on Playwright's page, all at once."""
    page.evaluate(
        """(files) => {
          const transfer = new DataTransfer();
          for (const [name, type, base64] of files) {
            const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
            transfer.items.add(new File([bytes], name, { type }));
          }
          const drop = new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
          document.body.dispatchEvent(drop);
        }""",
        [
            [name, mimetypes.guess_type(name)[0] or "", base64.b64encode(content).decode()]
            for name, content in files.items()
        ],
    )


@dataclass
class PageDriver:
    """A page in a browser, its errors and its requests.

    Attributes:
        page: Playwright's.
        errors: texts of its warnings and errors so far.
        requests: addresses that it has asked for.
    """

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def evaluate(self, expression: str) -> Any:
        """Evaluate a JavaScript expression in which the store's state is called ``s``; its value."""
        return self.page.evaluate(_over_state(expression))

    def wait(self, expression: str) -> None:
        """Wait until an expression over the state is true."""
        wait_until_true(self.page, _over_state(expression))

    def draw(self, *strokes: list[tuple[float, float]]) -> None:
        """Draw strokes with the mouse; points (x, y) in hundredths of the drawing pad."""
        box = self.page.locator(".sheet").bounding_box()
        mouse = self.page.mouse
        for stroke in strokes:
            points = [(box["x"] + x / 100 * box["width"], box["y"] + y / 100 * box["height"]) for x, y in stroke]
            mouse.move(*points[0])
            mouse.down()
            for point in points[1:]:
                mouse.move(*point, steps=4)
            mouse.up()

    def hover(self, stage: str, across: float, down: float, network_index: int = 0) -> None:
        """Point at a place of a stage's picture, in shares (0..1) of its width and height."""
        canvas = self.page.locator(f"canvas[data-stage={stage}]").nth(network_index)
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        self.page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
        wait_for_frames(self.page)

    def drop(self, name: str, content: bytes) -> None:
        """Drop a file on the page."""
        self.drop_all({name: content})

    def drop_all(self, files: Mapping[str, bytes]) -> None:
        """Drop files on the page, all at once."""
        drop_files(self.page, files)

    def save(self, folder: Path, name: str) -> None:
        """Save a screenshot of the whole page."""
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(folder / f"{name}.png"), full_page=True)


@contextmanager
def open_page(
    browser: Any,
    page: Path | str,
    width: int = 1440,
    height: int = 900,
    scheme: str = "light",
    query: str = "",
    prepare: Callable[[Any], object] = lambda window: None,
) -> Iterator[PageDriver]:
    """Open a file or an address in a window of its own, while the context lasts.

    Args:
        page: path of a file, or address of a served page.
        scheme: of colors, ``"light"`` or ``"dark"``.
        query: what follows the address.
        prepare: called with the window while it is empty.
    """
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce", locale="en-US"
    )
    try:
        browser_page = context.new_page()
        browser_page.set_default_timeout(10_000)
        driver = PageDriver(browser_page)
        browser_page.on(
            "console",
            lambda message: driver.errors.append(message.text) if message.type in ("error", "warning") else None,
        )
        browser_page.on("pageerror", lambda error: driver.errors.append(str(error)))
        browser_page.on("request", lambda request: driver.requests.append(request.url))
        prepare(browser_page)
        browser_page.goto((page.as_uri() if isinstance(page, Path) else page) + query)
        driver.wait("s?.answers.length > 0")
        yield driver
    finally:
        context.close()


def _over_state(expression: str) -> str:
    return f"(() => {{ const s = window.lenet?.store.state; return {expression}; }})()"


def shots_folder(otherwise: Path) -> Path:
    """The folder of screenshots: ``$LENET_SHOTS`` if it is set, else ``otherwise``."""
    return Path(os.environ.get("LENET_SHOTS") or otherwise)
