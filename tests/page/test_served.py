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
from tests.page.looks import FIND_WHITE_CANVASES, LOOKS, serious_faults

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
def seen(browser, address):
    with open_page(browser, address, query="/?lang=en") as seen:
        yield seen


@pytest.fixture
def blameless(seen):
    """A page with nothing on its console at the end."""
    yield seen
    assert seen.faults == []


def read_by_command(capsys, path: Path) -> list[list[dict]]:
    """The digits of each page of a file."""
    assert main(["read", str(path), "--json"]) == 0
    return [reading["digits"] for reading in json.loads(capsys.readouterr().out)]


def says(seen) -> str:
    return seen.page.inner_text(".digit-message")


@pytest.mark.parametrize("name", ["phone", "pi", "year"])
def test_all_digits_of_a_dropped_photo_are_shown_as_lenet_read_reads_them(blameless, address, capsys, name):
    path = DIGITS / f"{name}.png"
    blameless.drop(path.name, path.read_bytes())
    blameless.wait(READ)
    [digits] = read_by_command(capsys, path)
    assert blameless.evaluate(SEEN) == digits
    marks = [digit["label"] + "?" * digit["rejected"] for digit in digits]
    assert blameless.page.locator(".digit-boxes text").all_text_contents() == marks
    assert blameless.page.locator(".digit-list button").all_inner_texts() == marks
    lines = blameless.page.locator(".digit-line").evaluate_all("all => all.map(one => one.children.length)")
    assert lines == [sum(digit["line"] == line for digit in digits) for line in range(digits[-1]["line"] + 1)]
    boxes = blameless.page.locator(".digit-boxes rect").evaluate_all(
        "all => all.map(({ x, y, width, height }) => [y, x, height, width].map(side => side.baseVal.value))"
    )
    assert [[top, left, top + high, left + wide] for top, left, high, wide in boxes] == [one["box"] for one in digits]
    assert f"{len(digits)} digits were found" in says(blameless)
    asked = [one for one in blameless.requests if not one.startswith(("data:", "blob:", f"{address}/modules/"))]
    assert asked == [f"{address}/?lang=en", f"{address}/v1/read?detail=steps"]


def test_the_digit_chosen_in_the_list_or_in_the_picture_is_what_the_networks_look_at(blameless):
    digits = Reader().read(PI).digits
    blameless.drop("pi.png", PI)
    blameless.wait(READ)
    assert blameless.evaluate("s.selectedDigit") == 0
    for chosen, place in (
        (3, ".digit-list button"),
        (8, ".digit-boxes rect"),
        (5, ".digit-boxes rect"),
        (0, ".digit-list button"),
    ):
        blameless.page.locator(place).nth(chosen).click()
        assert blameless.evaluate("s.selectedDigit") == chosen
        assert blameless.evaluate("Array.from(s.image)") == digits[chosen].image.ravel().tolist()
        pressed = blameless.page.locator(".digit-list button").evaluate_all("all => all.map(one => one.ariaPressed)")
        assert pressed == ["true" if number == chosen else "false" for number in range(len(digits))]
        digit = digits[chosen]
        doubt = "Not sure: perhaps" if digit.is_rejected else "Read as"
        verdict = f"{doubt} {digit.label}, at {100 * digit.probability:.1f} %"
        if digit.is_rejected and digit.no_digit > digit.probability:
            verdict = f"This is no digit, at {100 * digit.no_digit:.1f} %"
        assert says(blameless).startswith(verdict)
    assert digits[8].is_rejected, "no digit of this test is rejected"
    assert blameless.page.get_attribute(".answer", "data-answer") == digits[0].label


def test_the_boxes_of_a_picture_larger_than_the_one_shown_lie_on_its_digits(blameless):
    file = io.BytesIO()
    with Image.open(io.BytesIO(PI)) as picture:
        picture.resize((2 * picture.width, 2 * picture.height)).save(file, "PNG")
    digits = Reader().read(file.getvalue()).digits
    blameless.drop("large.png", file.getvalue())
    blameless.wait(READ)
    assert blameless.evaluate("s.picture.width") == 1600
    shown = np.array(blameless.evaluate("s.reading.digits.map(({ box }) => box)"))
    np.testing.assert_allclose(shown, np.array([digit.box for digit in digits]) * 1600 / 2772, atol=0.5)


def test_a_file_that_no_browser_opens_is_read_by_the_server_and_its_digits_drawn_where_they_stood(blameless):
    file = io.BytesIO()
    with Image.open(io.BytesIO(PI)) as picture:
        picture.save(file, "TIFF")
    digits = Reader().read(PI).digits
    blameless.drop("pi.tif", file.getvalue())
    blameless.wait(READ)
    assert blameless.page.locator(".digit-list button").count() == len(digits)
    assert blameless.evaluate("Array.from(s.image)") == digits[0].image.ravel().tolist()
    darkest = """(([top, left, bottom, right]) => {
      let darkest = 255;
      for (let row = Math.floor(top); row < bottom; row++) {
        for (let at = Math.floor(left); at < right; at++) {
          darkest = Math.min(darkest, s.picture.data[4 * (row * s.picture.width + at)]);
        }
      }
      return darkest;
    })"""
    assert max(blameless.evaluate(f"s.reading.digits.map(({{ box }}) => {darkest}(box))")) < 100


def test_a_pdf_each_page_of_a_tiff_and_a_heic_wait_in_line_and_are_read_as_by_lenet_read(blameless, capsys, tmp_path):
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
    blameless.drop_all(files)
    for place, (title, digits) in enumerate(zip(titles, expected, strict=True)):
        blameless.wait(f"s.source === {title!r}")
        assert blameless.page.inner_text("#sheet-source") == title
        assert blameless.evaluate(SEEN) == digits
        drawn = blameless.page.locator(".digit-boxes rect").count()
        assert drawn == blameless.page.locator(".digit-list button").count() == len(digits)
        waiting = ["both.tif", "photo.heic"] if place == 0 else titles[place + 1 :]
        assert blameless.page.locator(".queue button").all_inner_texts() == waiting
        if waiting:
            blameless.page.locator(".queue button").first.click()
    assert blameless.page.is_hidden(".queue")


def test_of_pages_that_take_the_server_too_long_the_first_is_shown_and_a_sentence_says_so(seen):
    problem = json.dumps({"detail": "scan.tif: not read within 30 seconds"})
    seen.page.route("**/v1/read?*pages=all", lambda route: route.fulfill(status=504, body=problem))
    file = io.BytesIO()
    with Image.open(io.BytesIO(PI)) as picture:
        picture.save(file, "TIFF", save_all=True, append_images=[picture])
    seen.drop("scan.tif", file.getvalue())
    seen.wait(READ)
    assert seen.page.inner_text(".fault").startswith("Of scan.tif the server had time for the first page alone")


def test_a_drawing_is_read_in_the_page_and_not_sent(blameless, address):
    for digit in "0123456789":
        blameless.page.keyboard.press(digit)
        blameless.wait(f"s.reading?.digits[0]?.label === '{digit}'")
        assert says(blameless) == f"Read as {digit}."
    assert [one for one in blameless.requests if not one.startswith(f"{address}/modules/")] == [f"{address}/?lang=en"]


def test_what_is_drawn_while_a_photo_is_being_read_stays(blameless):
    held = []
    blameless.page.route("**/v1/read*", lambda route: held.append(route))
    blameless.drop("phone.png", PHONE)
    blameless.page.wait_for_selector(".sheet-frame[aria-busy]")
    blameless.wait("document.querySelector('.sheet-frame').ariaBusy === 'true'")
    blameless.page.keyboard.press("7")
    with blameless.page.expect_response("**/v1/read*"):
        held[0].continue_()
    wait_for_frames(blameless.page)
    assert blameless.evaluate("s.isFromPad && s.serverReading === null")
    assert blameless.page.get_attribute(".answer", "data-answer") == "7"


def test_drawing_again_takes_the_photos_boxes_away_and_pressing_beside_them_does_not(blameless):
    blameless.drop("phone.png", PHONE)
    blameless.wait(READ)
    blameless.page.locator(".photo").click(position={"x": 5, "y": 5})
    assert blameless.evaluate(READ)
    blameless.page.click("[data-do='pad.clear']")
    assert blameless.evaluate("s.picture === null && s.serverReading === null")
    assert blameless.page.locator(".digit-boxes rect").count() == 0
    assert not blameless.page.is_visible(".found")


def test_a_photo_without_digits_says_what_the_server_remarks(blameless):
    file = io.BytesIO()
    Image.new("L", (90, 90), 255).save(file, "PNG")
    remark = with_parameters(Reader().read(file.getvalue()).remark)
    blameless.drop("blank.png", file.getvalue())
    blameless.wait("s.serverReading !== null")
    assert says(blameless) == remark
    assert blameless.evaluate("s.image === null")


def test_a_refusal_of_the_server_is_shown_as_its_sentence(seen, capsys, tmp_path):
    path = tmp_path / "note.png"
    path.write_text("no picture")
    assert main(["read", str(path)]) == 1
    sentence = capsys.readouterr().err.strip().removeprefix("lenet: ").replace(str(path), "note.png")
    seen.drop("note.png", path.read_bytes())
    seen.page.wait_for_selector(".fault:not(:empty)")
    assert seen.page.inner_text(".fault") == sentence
    assert seen.evaluate("s.isFromPad"), "what was drawn before stays"
    seen.page.keyboard.press("2")
    assert seen.page.inner_text(".fault") == ""


def test_a_picture_that_is_too_long_for_the_server_is_refused_in_a_sentence(browser):
    content = np.random.default_rng(1).bytes(1_500_000)
    with serving("--max-body", "1") as (_, address), open_page(browser, address, query="/?lang=en") as seen:
        seen.drop("long.png", content)
        seen.page.wait_for_selector(".fault:not(:empty)")
        assert "1,000,000 bytes" in seen.page.inner_text(".fault")


def test_an_answer_that_is_none_of_the_servers_is_a_sentence_with_its_status(seen):
    seen.page.route("**/v1/read*", lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))
    seen.drop("phone.png", PHONE)
    seen.page.wait_for_selector(".fault:not(:empty)")
    assert seen.page.inner_text(".fault") == "The server refused the picture with status 502."


def test_when_the_server_is_gone_a_sentence_says_so_and_drawings_are_still_read(browser):
    with serving() as (process, address), open_page(browser, address, query="/?lang=en") as seen:
        process.terminate()
        process.wait(SECONDS)
        seen.drop("phone.png", PHONE)
        seen.page.wait_for_selector(".fault:not(:empty)")
        assert "does not answer; start lenet serve again" in seen.page.inner_text(".fault")
        seen.page.click("[data-switch=language] [data-value=zh]")
        seen.drop("phone.png", PHONE)
        seen.wait("document.querySelector('.fault').innerText.includes('没有响应')")
        seen.page.keyboard.press("7")
        seen.wait("s.reading?.digits[0]?.label === '7'")


def test_behind_a_proxy_the_page_asks_under_the_proxys_path(browser):
    with serving("--root-path", "/digits") as (_, address):
        as_proxy = lambda route: route.continue_(url=route.request.url.replace("/digits/", "/"))  # noqa: E731
        behind = lambda window: window.route("**/digits/**", as_proxy)  # noqa: E731
        with open_page(browser, address, query="/?lang=en", prepare=behind) as seen:
            seen.drop("phone.png", PHONE)
            seen.wait(READ)
            assert seen.requests[-1] == f"{address}/v1/read?detail=steps"
            assert all(one.startswith((f"{address}/", "data:")) for one in seen.requests)
            assert seen.faults == []


def test_a_served_page_may_ask_its_own_server_and_nobody_else(blameless, address):
    with blameless.page.expect_response(lambda _: True) as sent:
        blameless.page.reload()
    policy = sent.value.headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["connect-src"] == "'self'"
    assert rules["default-src"] == "'none'"
    ask = "address => fetch(address).then(({ status }) => status, () => 'refused')"
    blameless.wait("s?.answers.length > 0")
    assert blameless.page.evaluate(ask, f"{address}/healthz") == 200
    assert blameless.page.evaluate(ask, address.replace("127.0.0.1", "localhost")) == "refused"
    blameless.faults.clear()


def test_no_script_stands_in_a_served_page_and_its_policy_lets_none_run(seen):
    scripts = "[...document.scripts].map(({ type, src }) => [type, src.split('/').at(-1)])"
    assert seen.page.evaluate(scripts) == [["application/json", ""], ["module", "main.js"]]
    with seen.page.expect_response(lambda _: True) as sent:
        seen.page.reload()
    rules = dict(rule.split(" ", 1) for rule in sent.value.headers["content-security-policy"].split("; "))
    assert rules["script-src"] == "'self'"
    assert "sha256" not in sent.value.headers["content-security-policy"]
    seen.wait("s?.answers.length > 0")
    inject = """() => {
      const script = document.createElement("script");
      script.textContent = "window.injected = true";
      document.body.append(script);
      return "injected" in window;
    }"""
    assert seen.page.evaluate(inject) is False
    assert all("violates the following Content Security Policy" in fault for fault in seen.faults)


def test_a_network_is_trained_on_a_served_page_by_a_worker_of_its_server(blameless, address):
    assert f"{address}/modules/" in blameless.requests[1]
    blameless.page.click("[data-do=open-learning]")
    blameless.wait("s.learning?.run.evaluations.length > 0")
    blameless.page.click("#learning [data-do=step]")
    blameless.wait("s.learning.run.updates === 1")
    assert [worker.url.split("/")[-1] for worker in blameless.page.workers] == ["worker.js"]
    assert not [one for one in blameless.requests if not one.startswith((address, "data:"))]


def test_a_served_page_says_that_photos_go_to_its_server(blameless):
    assert "is read by the server of this page" in blameless.page.inner_text("footer")
    assert "leaves this page" not in blameless.page.inner_text("footer")
    blameless.page.click("footer a")
    assert blameless.page.url.endswith("/docs")


@pytest.mark.parametrize(("width", "height", "scheme", "language"), LOOKS)
def test_dropped_files_with_their_boxes_fit_each_look_and_axe_finds_no_serious_fault(
    browser, address, axe, shots, width, height, scheme, language
):
    scan = io.BytesIO()
    with Image.open(io.BytesIO(PHONE)) as picture:
        picture.save(scan, "TIFF")
    with open_page(browser, address, width, height, scheme, f"/?lang={language}") as seen:
        seen.drop_all({"pi.png": PI, "phone.tif": scan.getvalue()})
        seen.wait(READ)
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.page.locator(".queue button").all_inner_texts() == ["phone.tif"]
        seen.page.screenshot(path=shots / f"served-{width}-{scheme}-{language}.png")
        assert serious_faults(seen, axe) == {}
        seen.page.click(".queue button")
        seen.wait("s.source === 'phone.tif'")
        assert seen.page.locator(".digit-boxes rect").count() == len(Reader().read(PHONE).digits)
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        seen.page.evaluate("scrollTo(0, 0)")
        seen.page.screenshot(path=shots / f"served-scan-{width}-{scheme}-{language}.png")
        if scheme == "dark":
            assert seen.page.evaluate(FIND_WHITE_CANVASES) == []
        assert [one for one in seen.requests if not one.startswith((f"{address}/", "data:", "blob:"))] == []
        assert seen.faults == []


def test_with_a_token_the_page_and_its_scripts_come_by_the_cookie_and_a_network_is_trained(browser):
    query = "/?token=let-me-in&lang=en"
    with serving("--token", "let-me-in") as (_, address), open_page(browser, address, query=query) as seen:
        seen.page.click("[data-do=open-learning]")
        seen.wait("s.learning?.run.evaluations.length > 0")
        assert "token" not in seen.page.url
        assert seen.faults == []
