"""The page that ``lenet serve`` gives out, in Chromium: its server reads photos, as ``lenet read`` reads them."""

import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lab.benchmarks.page_driver import find_browser, open_page, wait_for_frames
from lenet.cli import main
from lenet.reading import Reader
from lenet.server.picture_routes import with_parameters
from tests.page.looks import FIND_WHITE_CANVASES, LOOKS, serious_violations

pytest.importorskip("playwright.sync_api")
pytest.importorskip("uvicorn")
pytestmark = [
    pytest.mark.skipif(find_browser() is None, reason="no Chromium or Chrome on this machine"),
    pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals"),
]

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
PHONE, PI = (DIGITS / "phone.png").read_bytes(), (DIGITS / "pi.png").read_bytes()
CALL = "import sys; from lenet.cli import main; sys.exit(main())"
SECONDS = 120  # for all tests of one server: what is slower hangs
SEEN = "Array.from(s.reading.digits, ({ image, ...told }) => told)"
READ = "s.serverReading?.digits.length > 0"


@contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``lenet serve`` on a free port: the process, and the page's address."""
    command = [sys.executable, "-c", CALL, "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        killer = threading.Timer(SECONDS, process.kill)
        killer.start()
        try:
            found = re.match(r"serving at (http://\S+)", process.stdout.readline())
            killer.cancel()  # the tests of a whole module may take longer
            assert found
            yield process, found[1]
        finally:
            killer.cancel()
            process.terminate()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as (_, address):
        yield address


@pytest.fixture
def driver(browser, address):
    with open_page(browser, address, query="/?lang=en") as driver:
        yield driver


@pytest.fixture
def error_free_driver(driver):
    """A page with nothing on its console at the end."""
    yield driver
    assert driver.errors == []


def read_by_command(capsys, path: Path) -> list[list[dict]]:
    """The digits of each page of a file."""
    assert main(["read", str(path), "--json"]) == 0
    return [reading["digits"] for reading in json.loads(capsys.readouterr().out)]


def says(driver) -> str:
    return driver.page.inner_text(".digit-message")


@pytest.mark.parametrize("name", ["phone", "pi", "year"])
def test_all_digits_of_a_dropped_photo_are_shown_as_lenet_read_reads_them(error_free_driver, address, capsys, name):
    path = DIGITS / f"{name}.png"
    error_free_driver.drop(path.name, path.read_bytes())
    error_free_driver.wait(READ)
    [digits] = read_by_command(capsys, path)
    assert error_free_driver.evaluate(SEEN) == digits
    marks = [digit["label"] + "?" * digit["rejected"] for digit in digits]
    assert error_free_driver.page.locator(".digit-boxes text").all_text_contents() == marks
    assert error_free_driver.page.locator(".digit-list button").all_inner_texts() == marks
    lines = error_free_driver.page.locator(".digit-line").evaluate_all("all => all.map(one => one.children.length)")
    assert lines == [sum(digit["line"] == line for digit in digits) for line in range(digits[-1]["line"] + 1)]
    boxes = error_free_driver.page.locator(".digit-boxes rect").evaluate_all(
        "all => all.map(({ x, y, width, height }) => [y, x, height, width].map(side => side.baseVal.value))"
    )
    assert [[top, left, top + high, left + wide] for top, left, high, wide in boxes] == [one["box"] for one in digits]
    assert f"{len(digits)} digits were found" in says(error_free_driver)
    asked = [one for one in error_free_driver.requests if not one.startswith(("data:", "blob:", f"{address}/modules/"))]
    assert asked == [f"{address}/?lang=en", f"{address}/v1/read?detail=steps"]


def test_the_digit_chosen_in_the_list_or_in_the_picture_is_what_the_networks_look_at(error_free_driver):
    digits = Reader().read(PI).digits
    error_free_driver.drop("pi.png", PI)
    error_free_driver.wait(READ)
    assert error_free_driver.evaluate("s.selectedDigit") == 0
    for chosen, place in (
        (3, ".digit-list button"),
        (8, ".digit-boxes rect"),
        (5, ".digit-boxes rect"),
        (0, ".digit-list button"),
    ):
        error_free_driver.page.locator(place).nth(chosen).click()
        assert error_free_driver.evaluate("s.selectedDigit") == chosen
        assert error_free_driver.evaluate("Array.from(s.image)") == digits[chosen].image.ravel().tolist()
        pressed = error_free_driver.page.locator(".digit-list button").evaluate_all(
            "all => all.map(one => one.ariaPressed)"
        )
        assert pressed == ["true" if number == chosen else "false" for number in range(len(digits))]
        digit = digits[chosen]
        doubt = "Not sure: perhaps" if digit.is_rejected else "Read as"
        verdict = f"{doubt} {digit.label}, at {100 * digit.probability:.1f} %"
        if digit.is_rejected and digit.no_digit > digit.probability:
            verdict = f"This is no digit, at {100 * digit.no_digit:.1f} %"
        assert says(error_free_driver).startswith(verdict)
    assert digits[8].is_rejected, "no digit of this test is rejected"
    assert error_free_driver.page.get_attribute(".answer", "data-answer") == digits[0].label


def test_the_boxes_of_a_picture_larger_than_the_one_shown_lie_on_its_digits(error_free_driver):
    file = io.BytesIO()
    with Image.open(io.BytesIO(PI)) as picture:
        picture.resize((2 * picture.width, 2 * picture.height)).save(file, "PNG")
    digits = Reader().read(file.getvalue()).digits
    error_free_driver.drop("large.png", file.getvalue())
    error_free_driver.wait(READ)
    assert error_free_driver.evaluate("s.picture.width") == 1600
    shown = np.array(error_free_driver.evaluate("s.reading.digits.map(({ box }) => box)"))
    np.testing.assert_allclose(shown, np.array([digit.box for digit in digits]) * 1600 / 2772, atol=0.5)


def test_a_file_that_no_browser_opens_is_read_by_the_server_and_its_digits_drawn_where_they_stood(error_free_driver):
    file = io.BytesIO()
    with Image.open(io.BytesIO(PI)) as picture:
        picture.save(file, "TIFF")
    digits = Reader().read(PI).digits
    error_free_driver.drop("pi.tif", file.getvalue())
    error_free_driver.wait(READ)
    assert error_free_driver.page.locator(".digit-list button").count() == len(digits)
    assert error_free_driver.evaluate("Array.from(s.image)") == digits[0].image.ravel().tolist()
    darkest = """(([top, left, bottom, right]) => {
      let darkest = 255;
      for (let row = Math.floor(top); row < bottom; row++) {
        for (let at = Math.floor(left); at < right; at++) {
          darkest = Math.min(darkest, s.picture.data[4 * (row * s.picture.width + at)]);
        }
      }
      return darkest;
    })"""
    assert max(error_free_driver.evaluate(f"s.reading.digits.map(({{ box }}) => {darkest}(box))")) < 100


def test_a_pdf_each_page_of_a_tiff_and_a_heic_wait_in_line_and_are_read_as_by_lenet_read(
    error_free_driver, capsys, tmp_path
):
    heif = pytest.importorskip("pillow_heif")
    pytest.importorskip("pypdfium2")
    pictures = [Image.open(DIGITS / f"{name}.png").convert("RGB") for name in ("phone", "pi", "year")]
    pictures[1].save(tmp_path / "scan.pdf", resolution=200)
    pictures[0].save(tmp_path / "both.tif", save_all=True, append_images=pictures[2:])
    heif.from_pillow(pictures[0]).save(tmp_path / "photo.heic")
    files = {name: (tmp_path / name).read_bytes() for name in ("scan.pdf", "both.tif", "photo.heic")}
    titles = ["scan.pdf", "both.tif 1/2", "both.tif 2/2", "photo.heic"]
    expected = [digits for name in files for digits in read_by_command(capsys, tmp_path / name)]
    assert [len(digits) > 3 for digits in expected] == [True] * len(titles)
    error_free_driver.drop_all(files)
    for place, (title, digits) in enumerate(zip(titles, expected, strict=True)):
        error_free_driver.wait(f"s.source === {title!r}")
        assert error_free_driver.page.inner_text("#sheet-source") == title
        assert error_free_driver.evaluate(SEEN) == digits
        drawn = error_free_driver.page.locator(".digit-boxes rect").count()
        assert drawn == error_free_driver.page.locator(".digit-list button").count() == len(digits)
        waiting = ["both.tif", "photo.heic"] if place == 0 else titles[place + 1 :]
        assert error_free_driver.page.locator(".queue button").all_inner_texts() == waiting
        if waiting:
            error_free_driver.page.locator(".queue button").first.click()
    assert error_free_driver.page.is_hidden(".queue")


def test_of_pages_that_take_the_server_too_long_the_first_is_shown_and_a_sentence_says_so(driver):
    problem = json.dumps({"detail": "scan.tif: not read within 30 seconds"})
    driver.page.route("**/v1/read?*pages=all", lambda route: route.fulfill(status=504, body=problem))
    file = io.BytesIO()
    with Image.open(io.BytesIO(PI)) as picture:
        picture.save(file, "TIFF", save_all=True, append_images=[picture])
    driver.drop("scan.tif", file.getvalue())
    driver.wait(READ)
    assert driver.page.inner_text(".error-message").startswith(
        "Of scan.tif the server had time for the first page alone"
    )


def test_a_drawing_is_read_in_the_page_and_not_sent(error_free_driver, address):
    for digit in "0123456789":
        error_free_driver.page.keyboard.press(digit)
        error_free_driver.wait(f"s.reading?.digits[0]?.label === '{digit}'")
        assert says(error_free_driver) == f"Read as {digit}."
    assert [one for one in error_free_driver.requests if not one.startswith(f"{address}/modules/")] == [
        f"{address}/?lang=en"
    ]


def test_what_is_drawn_while_a_photo_is_being_read_stays(error_free_driver):
    held = []
    error_free_driver.page.route("**/v1/read*", lambda route: held.append(route))
    error_free_driver.drop("phone.png", PHONE)
    error_free_driver.page.wait_for_selector(".sheet-frame[aria-busy]")
    error_free_driver.wait("document.querySelector('.sheet-frame').ariaBusy === 'true'")
    error_free_driver.page.keyboard.press("7")
    with error_free_driver.page.expect_response("**/v1/read*"):
        held[0].continue_()
    wait_for_frames(error_free_driver.page)
    assert error_free_driver.evaluate("s.isFromPad && s.serverReading === null")
    assert error_free_driver.page.get_attribute(".answer", "data-answer") == "7"


def test_drawing_again_takes_the_photos_boxes_away_and_pressing_beside_them_does_not(error_free_driver):
    error_free_driver.drop("phone.png", PHONE)
    error_free_driver.wait(READ)
    error_free_driver.page.locator(".photo").click(position={"x": 5, "y": 5})
    assert error_free_driver.evaluate(READ)
    error_free_driver.page.click("[data-do='pad.clear']")
    assert error_free_driver.evaluate("s.picture === null && s.serverReading === null")
    assert error_free_driver.page.locator(".digit-boxes rect").count() == 0
    assert not error_free_driver.page.is_visible(".found")


def test_a_photo_without_digits_says_what_the_server_remarks(error_free_driver):
    file = io.BytesIO()
    Image.new("L", (90, 90), 255).save(file, "PNG")
    remark = with_parameters(Reader().read(file.getvalue()).remark)
    error_free_driver.drop("blank.png", file.getvalue())
    error_free_driver.wait("s.serverReading !== null")
    assert says(error_free_driver) == remark
    assert error_free_driver.evaluate("s.image === null")


def test_a_refusal_of_the_server_is_shown_as_its_sentence(driver, capsys, tmp_path):
    path = tmp_path / "note.png"
    path.write_text("no picture")
    assert main(["read", str(path)]) == 1
    sentence = capsys.readouterr().err.strip().removeprefix("lenet: ").replace(str(path), "note.png")
    driver.drop("note.png", path.read_bytes())
    driver.page.wait_for_selector(".error-message:not(:empty)")
    assert driver.page.inner_text(".error-message") == sentence
    assert driver.evaluate("s.isFromPad"), "what was drawn before stays"
    driver.page.keyboard.press("2")
    assert driver.page.inner_text(".error-message") == ""


def test_a_picture_that_is_too_long_for_the_server_is_refused_in_a_sentence(browser):
    content = np.random.default_rng(1).bytes(1_500_000)
    with serving("--max-body", "1") as (_, address), open_page(browser, address, query="/?lang=en") as driver:
        driver.drop("long.png", content)
        driver.page.wait_for_selector(".error-message:not(:empty)")
        assert "1,000,000 bytes" in driver.page.inner_text(".error-message")


def test_an_answer_that_is_none_of_the_servers_is_a_sentence_with_its_status(driver):
    driver.page.route("**/v1/read*", lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))
    driver.drop("phone.png", PHONE)
    driver.page.wait_for_selector(".error-message:not(:empty)")
    assert driver.page.inner_text(".error-message") == "The server refused the picture with status 502."


def test_when_the_server_is_gone_a_sentence_says_so_and_drawings_are_still_read(browser):
    with serving() as (process, address), open_page(browser, address, query="/?lang=en") as driver:
        process.terminate()
        process.wait(SECONDS)
        driver.drop("phone.png", PHONE)
        driver.page.wait_for_selector(".error-message:not(:empty)")
        assert "does not answer; start lenet serve again" in driver.page.inner_text(".error-message")
        driver.page.click("[data-switch=language] [data-value=zh]")
        driver.drop("phone.png", PHONE)
        driver.wait("document.querySelector('.error-message').innerText.includes('没有响应')")
        driver.page.keyboard.press("7")
        driver.wait("s.reading?.digits[0]?.label === '7'")


def test_behind_a_proxy_the_page_asks_under_the_proxys_path(browser):
    with serving("--root-path", "/digits") as (_, address):
        as_proxy = lambda route: route.continue_(url=route.request.url.replace("/digits/", "/"))  # noqa: E731
        behind = lambda window: window.route("**/digits/**", as_proxy)  # noqa: E731
        with open_page(browser, address, query="/?lang=en", prepare=behind) as driver:
            driver.drop("phone.png", PHONE)
            driver.wait(READ)
            assert driver.requests[-1] == f"{address}/v1/read?detail=steps"
            assert all(one.startswith((f"{address}/", "data:")) for one in driver.requests)
            assert driver.errors == []


def test_a_served_page_may_ask_its_own_server_and_nobody_else(error_free_driver, address):
    with error_free_driver.page.expect_response(lambda _: True) as sent:
        error_free_driver.page.reload()
    policy = sent.value.headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["connect-src"] == "'self'"
    assert rules["default-src"] == "'none'"
    ask = "address => fetch(address).then(({ status }) => status, () => 'refused')"
    error_free_driver.wait("s?.answers.length > 0")
    assert error_free_driver.page.evaluate(ask, f"{address}/healthz") == 200
    assert error_free_driver.page.evaluate(ask, address.replace("127.0.0.1", "localhost")) == "refused"
    error_free_driver.errors.clear()


def test_no_script_stands_in_a_served_page_and_its_policy_lets_none_run(driver):
    scripts = "[...document.scripts].map(({ type, src }) => [type, src.split('/').at(-1)])"
    assert driver.page.evaluate(scripts) == [["application/json", ""], ["module", "main.js"]]
    with driver.page.expect_response(lambda _: True) as sent:
        driver.page.reload()
    rules = dict(rule.split(" ", 1) for rule in sent.value.headers["content-security-policy"].split("; "))
    assert rules["script-src"] == "'self'"
    assert "sha256" not in sent.value.headers["content-security-policy"]
    driver.wait("s?.answers.length > 0")
    inject = """() => {
      const script = document.createElement("script");
      script.textContent = "window.injected = true";
      document.body.append(script);
      return "injected" in window;
    }"""
    assert driver.page.evaluate(inject) is False
    assert all("violates the following Content Security Policy" in fault for fault in driver.errors)


def test_a_network_is_trained_on_a_served_page_by_a_worker_of_its_server(error_free_driver, address):
    assert f"{address}/modules/" in error_free_driver.requests[1]
    error_free_driver.page.click("[data-do=open-learning]")
    error_free_driver.wait("s.learning?.run.evaluations.length > 0")
    error_free_driver.page.click("#learning [data-do=step]")
    error_free_driver.wait("s.learning.run.updates === 1")
    assert [worker.url.split("/")[-1] for worker in error_free_driver.page.workers] == ["worker.js"]
    assert not [one for one in error_free_driver.requests if not one.startswith((address, "data:"))]


def test_a_served_page_says_that_photos_go_to_its_server(error_free_driver):
    assert "is read by the server of this page" in error_free_driver.page.inner_text("footer")
    assert "leaves this page" not in error_free_driver.page.inner_text("footer")
    error_free_driver.page.click("footer a")
    assert error_free_driver.page.url.endswith("/docs")


@pytest.mark.parametrize(("width", "height", "scheme", "language"), LOOKS)
def test_dropped_files_with_their_boxes_fit_each_look_and_axe_finds_no_serious_violation(
    browser, address, axe, shots, width, height, scheme, language
):
    scan = io.BytesIO()
    with Image.open(io.BytesIO(PHONE)) as picture:
        picture.save(scan, "TIFF")
    with open_page(browser, address, width, height, scheme, f"/?lang={language}") as driver:
        driver.drop_all({"pi.png": PI, "phone.tif": scan.getvalue()})
        driver.wait(READ)
        assert driver.page.evaluate("document.documentElement.scrollWidth") <= width
        assert driver.page.locator(".queue button").all_inner_texts() == ["phone.tif"]
        driver.page.screenshot(path=shots / f"served-{width}-{scheme}-{language}.png")
        assert serious_violations(driver, axe) == {}
        driver.page.click(".queue button")
        driver.wait("s.source === 'phone.tif'")
        assert driver.page.locator(".digit-boxes rect").count() == len(Reader().read(PHONE).digits)
        assert driver.page.evaluate("document.documentElement.scrollWidth") <= width
        driver.page.evaluate("scrollTo(0, 0)")
        driver.page.screenshot(path=shots / f"served-scan-{width}-{scheme}-{language}.png")
        if scheme == "dark":
            assert driver.page.evaluate(FIND_WHITE_CANVASES) == []
        assert [one for one in driver.requests if not one.startswith((f"{address}/", "data:", "blob:"))] == []
        assert driver.errors == []


def test_with_a_token_the_page_and_its_scripts_come_by_the_cookie_and_a_network_is_trained(browser):
    query = "/?token=let-me-in&lang=en"
    with serving("--token", "let-me-in") as (_, address), open_page(browser, address, query=query) as driver:
        driver.page.click("[data-do=open-learning]")
        driver.wait("s.learning?.run.evaluations.length > 0")
        assert "token" not in driver.page.url
        assert driver.errors == []
