"""The desk in Chromium: from dropped paper to a table, with keys alone, whoever else works at it and whatever dies."""

import csv
import io
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageDraw, ImageFont

from lab.benchmarks.page_driver import drop_files, find_browser, shots_folder, wait_until_true
from lenet.desk.fields import Field, PageFields
from lenet.desk.results_file import import_results
from lenet.desk.stack import Stack
from lenet.forms.results import FieldReading, FormReading, SumReading
from lenet.reading.batch.labels import read_labels

pytest.importorskip("playwright.sync_api")
pytest.importorskip("uvicorn")
pytestmark = [
    pytest.mark.skipif(find_browser() is None, reason="no Chromium or Chrome on this machine"),
    pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals"),
]

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
CALL = "import sys; from lenet.cli import main; sys.exit(main())"
# What the browser says of a request to a server that has just been killed: refused, reset or closed, as it was caught.
UNANSWERED = re.compile(r"Failed to load resource: net::ERR_(CONNECTION_(REFUSED|RESET|CLOSED)|EMPTY_RESPONSE)")
SECONDS = 150  # for one server: what is slower hangs
ROW, COLUMN, COLUMNS = 60, 150, 5


@contextmanager
def desk(*arguments: str, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``lenet serve`` or ``lenet review`` in a process: the process, and the desk's address."""
    command = [sys.executable, "-c", CALL, *arguments, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        killer = threading.Timer(SECONDS, process.kill)
        killer.start()
        try:
            line = process.stdout.readline()
            found = re.match(r"serving at (http://\S+/desk)", line)
            assert found, line + process.stderr.read()
            killer.cancel()  # the tests of a whole module may take longer
            yield process, found[1]
        finally:
            killer.cancel()
            process.terminate()


@contextmanager
def window(browser, address: str, width: int = 1280, height: int = 900, scheme: str = "light", lang: str = "en"):
    """A page in a context of its own, with its errors and its requests to other hosts."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-US")
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.errors, page.external_requests = [], []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on(
        "console", lambda message: page.errors.append(message.text) if message.type in ("error", "warning") else None
    )
    host = address.split("/")[2]
    page.on(
        "request",
        lambda sent: page.external_requests.append(sent.url) if host not in sent.url and "data:" not in sent.url else 0,
    )
    page.goto(f"{address}?lang={lang}")
    yield page
    context.close()


def drop(page, *paths: Path) -> None:
    """Drop files anywhere on the page."""
    drop_files(page, {path.name: path.read_bytes() for path in paths})


def current_field(page) -> int:
    """The number of the field that is under review."""
    page.wait_for_selector("#current-field")
    return int(page.get_attribute("#current-field", "data-field"))


def scan_of(folder: Path, count: int) -> Path:
    """A picture of so many fields, each with two digits."""
    font = ImageFont.load_default(30)
    image = Image.new("L", (COLUMN * COLUMNS, ROW * -(-count // COLUMNS)), 250)
    drawn = ImageDraw.Draw(image)
    for number in range(count):
        row, column = divmod(number, COLUMNS)
        drawn.text((column * COLUMN + 20, row * ROW + 12), f"{number % 90 + 10}", 30, font)
    image.save(folder / "scan.png")
    return folder / "scan.png"


def table_of(folder: Path, count: int, pages: int = 1, doubtful: int = 10**9, with_sum: bool = False) -> Path:
    """A table of forms, as ``lenet read --form --jsonl`` writes it, and the scan that it is of."""
    scan, lines = scan_of(folder, count), []
    for page in range(pages):
        fields = []
        for number in range(count):
            row, column = divmod(number, COLUMNS)
            box = (row * ROW + 5, column * COLUMN + 5, row * ROW + 55, column * COLUMN + 100)
            is_asked = page * count + number < doubtful
            status, others = ("doubtful", (("41", 0.2), ("47", 0.1))) if is_asked else ("ok", ())
            fields.append(FieldReading(f"f{number}", "digits", f"{number % 90 + 10}", 0.7, box, status, "", others))
        sums = (SumReading("f2", ("f0", "f1"), False),) if with_sum else ()
        with Image.open(scan) as image:
            size = image.height, image.width
        path = folder / f"scan-{page}.png"
        if not path.exists():
            path.symlink_to(scan)
        lines.append(json.dumps(FormReading(path.name, 1, "form", tuple(fields), sums, size=size).to_dict()))
    (folder / "read.jsonl").write_text("\n".join(lines) + "\n")
    return folder / "read.jsonl"


def table(address: str) -> list[list[str]]:
    text = httpx.get(f"{address}/table.csv", timeout=SECONDS).text
    return list(csv.reader(io.StringIO(text)))


def test_answers_wait_while_the_server_asks_for_another_token_and_are_taken_with_the_right_one(browser, tmp_path):
    folder = tmp_path / "stack"
    table_of(tmp_path, 3)
    import_results(tmp_path / "read.jsonl", lambda: Stack(folder))
    serve = ("serve", "--desk", str(folder), "--token")
    with desk(*serve, "first-token") as (process, address):
        port = int(address.split(":")[2].split("/")[0])
        with window(browser, address) as page:
            page.goto(f"{address}?token=first-token&lang=en")
            first = current_field(page)
            process.terminate()
            process.wait()
            with desk(*serve, "other-token", port=port) as (other, _):
                page.keyboard.press("Enter")
                page.wait_for_selector("#error:not(:empty)")
                wait_until_true(page, "document.querySelector('#error').textContent.includes('asks for its token')")
                assert page.evaluate("JSON.parse(sessionStorage.getItem('lenet-desk-waiting')).length") >= 1
                other.terminate()
                other.wait()
            with desk(*serve, "first-token", port=port):
                wait_until_true(page, "sessionStorage.getItem('lenet-desk-waiting') === '[]'")
                assert Stack(folder).field(first)["answer"] is not None


def test_from_dropped_paper_to_the_table_with_the_server_killed_in_the_middle(browser, tmp_path):
    folder, pdf = tmp_path / "stack", tmp_path / "scans.pdf"
    with Image.open(DIGITS / "pi.png") as one, Image.open(DIGITS / "year.png") as other:
        one.convert("RGB").save(pdf, save_all=True, append_images=[other.convert("RGB")])
    with desk("serve", "--desk", str(folder)) as (process, address), window(browser, address) as page:
        port = int(address.split(":")[2].split("/")[0])
        drop(page, DIGITS / "pi.png", DIGITS / "phone.png", pdf)
        wait_until_true(
            page,
            "document.querySelector('#files .figure-note').textContent.startsWith('Files read: 3 of 3. Pages: 4.')",
        )
        first = current_field(page)
        for key in "31415":
            page.keyboard.press(key)
        wait_until_true(page, "sessionStorage.getItem('lenet-desk-waiting') === '[]'")
        process.kill()
        process.wait()
        for key in "92653":
            page.keyboard.press(key)
        page.keyboard.press("Enter")
        page.wait_for_selector("#error:not(:empty)")
        assert "does not answer" in page.inner_text("#error")
        assert [error for error in page.errors if not UNANSWERED.fullmatch(error)] == []
        with desk("serve", "--desk", str(folder), port=port):
            wait_until_true(page, "document.querySelector('#error').textContent === ''")
            assert current_field(page) != first, "what was answered is not asked again"
            page.keyboard.press("Enter")
            wait_until_true(page, "document.querySelector('#left').textContent.startsWith('0 to go')")
            rows = table(address)
            answers = [row for row in rows if row[4] == "answered"]
            assert [row[3] for row in answers] == ["3141592653"] * 2
            assert [row[2:4] for row in rows if row[0] == "phone.png"] == [["line 1", "5550"], ["line 2", "'0142"]]
            assert "Keys so far: 12, for 2 of 2 answers" in page.inner_text("#downloads")
            archive = zipfile.ZipFile(io.BytesIO(httpx.get(f"{address}/labels.zip").content))
            archive.extractall(tmp_path / "labels")
            assert [picture.label for picture in read_labels(tmp_path / "labels")] == ["3141592653"] * 2
            assert page.external_requests == []


def test_files_that_cannot_be_read_are_reported_and_the_others_are_read(browser, tmp_path):
    (tmp_path / "note.png").write_text("no picture")
    with desk("serve", "--desk", str(tmp_path / "stack")) as (_, address), window(browser, address) as page:
        drop(page, tmp_path / "note.png", DIGITS / "year.png")
        page.wait_for_selector(".failed")
        assert page.inner_text(".failed").startswith("note.png: not a picture in a known format")
        wait_until_true(
            page,
            "document.querySelector('#files .figure-note').textContent.startsWith('Files read: 2 of 2. Pages: 1.')",
        )
        page.wait_for_selector(".spacer .row span[title='1 · year.png']")
        assert "Nothing is left to ask" in page.inner_text("#review")


def test_files_that_the_server_does_not_take_stay_said_until_it_takes_them(browser, tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "one.png").touch()
    table = str(table_of(tmp_path, 3))
    with desk("review", table) as (server, address), window(browser, address) as page:
        drop(page, tmp_path / "one.png", tmp_path / "empty.png")
        wait_until_true(page, "document.querySelectorAll('#refused .failed').length === 2")
        current_field(page)
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        wait_until_true(page, "document.querySelector('#left').textContent.startsWith('2 to go')")
        said = [f"{name}: empty file, expected a picture" for name in ("one.png", "empty.png")]
        assert page.locator("#refused .failed").all_inner_texts() == said
        (tmp_path / "one.png").write_bytes((DIGITS / "seven.png").read_bytes())
        drop(page, tmp_path / "one.png")
        wait_until_true(page, "document.querySelectorAll('#refused .failed').length === 1")
        server.kill()
        server.wait()
        drop(page, tmp_path / "one.png")
        not_taken = "one.png: not taken, for the server does not answer; drop it again when it does."
        wait_until_true(page, f"document.querySelector('#refused').innerText.includes({not_taken!r})")


def test_two_people_at_one_stack_are_never_asked_the_same_and_answer_all_of_it(browser, tmp_path):
    results = table_of(tmp_path, 30)
    with (
        desk("review", str(results)) as (_, address),
        window(browser, address) as ann,
        window(browser, address) as bob,
    ):
        answered: list[int] = []
        by: dict[str, int] = {"ann": 0, "bob": 0}
        current_field(ann), current_field(bob)
        while len(answered) < 30:
            for name, page in (("ann", ann), ("bob", bob)):
                if page.locator("#current-field").count():
                    answered.append(current_field(page))
                    by[name] += 1
                    page.keyboard.press("Enter")
        wait_until_true(ann, "document.querySelector('#left').textContent.startsWith('0 to go')")
        assert sorted(answered) == list(range(1, 31))
        assert min(by.values()) >= 10, "each had a good part of it"
        assert ann.errors == bob.errors == []
        (head, row) = table(address)
        assert head[:3] == ["file", "page", "f0"]
        assert row[2:-1] == [f"{number % 90 + 10}" for number in range(30)]


def test_every_key_does_what_the_page_says(browser, tmp_path):
    with desk("review", str(table_of(tmp_path, 5))) as (_, address), window(browser, address) as page:
        assert current_field(page) == 1
        page.keyboard.press("b")
        assert current_field(page) == 2
        page.keyboard.press("Backspace")
        wait_until_true(page, "document.querySelector('#current-field')?.dataset.field === '1'")
        assert page.inner_text("#current-field .value b") == "47"
        page.keyboard.press("Backspace")
        page.keyboard.press("5")
        assert page.inner_text("#current-field .value b") == "45"
        page.keyboard.press("Enter")
        page.keyboard.press("Space")
        assert current_field(page) == 3
        page.keyboard.press("Delete")
        page.keyboard.press("9")
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        assert current_field(page) == 2, "what was put off comes last"
        page.keyboard.press("a")
        wait_until_true(page, "document.querySelector('#left').textContent.startsWith('0 to go')")
        assert table(address)[1][2:-1] == ["45", "41", "", "9", "14"]
        assert page.errors == []


def test_on_a_phone_without_keys_digits_are_pressed_on_the_page(browser, tmp_path):
    with desk("review", str(table_of(tmp_path, 2))) as (_, address), window(browser, address, 390, 844) as page:
        assert current_field(page) == 1
        for name in ("3", "8"):
            page.locator(".digit-pad").get_by_role("button", name=name, exact=True).click()
        page.click("[data-do=accept]")
        assert current_field(page) == 2
        page.click("[data-do=empty]")
        wait_until_true(page, "document.querySelector('#left').textContent.startsWith('0 to go')")
        assert table(address)[1][2:-1] == ["38", ""]


def test_on_a_phone_back_deletes_what_was_typed_and_dates_and_commas_can_be_typed(browser, tmp_path):
    with desk("review", str(table_of(tmp_path, 2))) as (_, address), window(browser, address, 390, 844) as page:
        press = lambda name: page.locator(".digit-pad").get_by_role("button", name=name, exact=True).click()  # noqa: E731
        current_field(page)
        page.click("[data-do=postpone]")
        assert current_field(page) == 2
        for name in "24,5/:+":
            press(name)
        for _ in "/:+":
            page.click("[data-do=takeBack]")
        assert (current_field(page), page.inner_text("#current-field .value b")) == (2, "24,5")
        page.click("[data-do=accept]")
        assert current_field(page) == 1
        page.click("[data-do=accept]")
        wait_until_true(page, "document.querySelector('#left').textContent.startsWith('0 to go')")
        shown = page.locator("#review .controls button:visible").evaluate_all("all => all.map((one) => one.dataset.do)")
        assert shown == ["takeBack"], "with nothing asked there is nothing else to do"
        assert page.errors == []


def stack_of_lines(folder: Path) -> Path:
    """A stack of a page whose lines and cells need review: one digit; a whole page; a wide and a square box; ink."""
    scan_of(folder, 5)
    stack = Stack(folder / "stack")
    common = {"probability": 0.5, "status": "doubtful", "reason": "not sure enough", "needs_review": True}
    fields = (
        Field("line 1", "line", "4", box=(5, 5, 50, 35), **common),
        Field("page", "line", "", box=(0, 0, 60, 300), **common),
        Field("row 1, column 12", "cell", "4", box=(5, 5, 50, 145), **common),
        Field("row 2, column 1", "cell", "", box=(5, 5, 50, 50), **common),
        Field("left out 1", "line", "", box=(5, 5, 50, 20), **common | {"reason": "may be digits"}),
    )
    stack.finish_file(stack.add_file("scan.png", folder / "scan.png"), [PageFields(1, (60, 750), fields)])
    stack.close()
    return folder / "stack"


def test_one_key_is_an_answer_only_where_one_digit_was_read_or_has_room(browser, tmp_path):
    with desk("serve", "--desk", str(stack_of_lines(tmp_path))) as (_, address), window(browser, address) as page:
        current_field(page)
        for name, keys in (("line 1", "7"), ("page", "15"), ("row 1, column 12", "16"), ("row 2, column 1", "8")):
            assert page.inner_text("#where").endswith(f": {name}")
            for key in keys:
                page.keyboard.press(key)
            if len(keys) > 1:
                page.keyboard.press("Enter")
        page.keyboard.press("1")
        page.keyboard.press("9")
        page.keyboard.press("Enter")
        wait_until_true(page, "document.querySelector('#left').textContent.startsWith('0 to go')")
        assert [row[3] for row in table(address)[1:]] == ["7", "15", "16", "8", "19"]


def test_places_and_the_desks_own_reasons_are_said_in_the_pages_language(browser, tmp_path):
    stack = str(stack_of_lines(tmp_path))
    with desk("serve", "--desk", stack) as (_, address), window(browser, address, 390, 844, lang="zh") as page:
        assert current_field(page) == 1
        assert page.inner_text("#where") == "scan.png，第 1 页：第 1 行"
        assert page.inner_text("#current-field small >> nth=1").strip() == "不够确定"
        rows = page.locator(".spacer .row span:nth-child(2)")
        assert rows.all_inner_texts() == ["第 1 行", "整页", "第 1 行第 12 列", "第 2 行第 1 列", "略去之处 1"]
        assert rows.evaluate_all("all => all.every((one) => one.scrollWidth <= one.clientWidth)"), "none is cut off"
        page.get_by_role("button", name="English").click()
        assert page.inner_text("#where") == "scan.png, page 1: line 1"


def test_a_violated_sum_shows_its_fields_together_and_says_when_they_add_up(browser, tmp_path):
    results = table_of(tmp_path, 5, doubtful=0, with_sum=True)
    with desk("review", str(results)) as (_, address), window(browser, address) as page:
        assert current_field(page) == 1
        assert page.locator(".card .crop img").count() == 3
        assert "f0 + f1 = f2. They do not add up: 21 is not 12" in page.inner_text(".sum")
        page.keyboard.press("Enter")
        assert current_field(page) == 2
        page.keyboard.press("2")
        assert "They add up" in page.inner_text(".sum")
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        wait_until_true(page, "document.querySelector('#left').textContent.startsWith('0 to go')")
        assert table(address)[1][2:-1] == ["10", "2", "12", "13", "14"]


def test_what_does_not_fit_the_template_is_said_while_it_is_typed_and_when_it_was_answered(browser, tmp_path):
    stack, template = folder_of_years(tmp_path)
    with desk("serve", "--desk", stack, "--form", template) as (_, address), window(browser, address) as page:
        assert current_field(page) == 1
        page.keyboard.press("1")
        page.keyboard.press("2")
        wait_until_true(page, "document.querySelector('.violation').textContent.includes('has 2 digits, not 4')")
        page.keyboard.press("Enter")
        said = "scan.png, page 1: year: 12 has 2 digits, not 4. Backspace takes the last answer back."
        wait_until_true(page, f"document.querySelector('#violation').textContent === {said!r}")
        page.keyboard.press("Enter")
        wait_until_true(page, "document.querySelector('#violation').textContent === ''")
        assert page.errors == []


def test_with_its_template_a_review_says_what_does_not_fit(browser, tmp_path):
    results = table_of(tmp_path, 2)
    fields = "".join(
        f'[[field]]\nname = "f{n}"\nkind = "digits"\nbox = [5, {5 + 150 * n}, 55, {100 + 150 * n}]\nlength = 2\n'
        for n in range(2)
    )
    (tmp_path / "form.toml").write_text(f'page = [60, 750]\nblank = "blank.png"\n{fields}')
    Image.new("L", (750, 60), 255).save(tmp_path / "blank.png")
    arguments = ["review", str(results), "--form", str(tmp_path / "form.toml")]
    with desk(*arguments) as (_, address), window(browser, address) as page:
        current_field(page)
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        wait_until_true(page, "document.querySelector('#violation').textContent.includes('has 1 digit, not 2')")


def folder_of_years(folder: Path) -> tuple[str, str]:
    """A folder of a desk with two doubtful fields of a form, a year and a day, and the form's template."""
    template = '[[field]]\nname = "{}"\nkind = "digits"\nbox = [0, {}, 60, {}]\nlength = {}\n'
    fields = template.format("year", 0, 100, 4) + template.format("day", 150, 200, 2)
    (folder / "form.toml").write_text(f'page = [60, 750]\nblank = "blank.png"\n{fields}')
    Image.new("L", (750, 60), 255).save(folder / "blank.png")
    values = {"status": "doubtful", "needs_review": True}
    stack = Stack(folder / "stack")
    stack.finish_file(stack.add_file("scan.png", scan_of(folder, 2)), [PageFields(1, (60, 750), (
        Field("year", "digits", "1012", 0.5, (5, 5, 55, 100), **values),
        Field("day", "digits", "11", 0.5, (5, 155, 55, 200), **values),
    ), form_name="form")])  # fmt: skip
    stack.close()
    return str(folder / "stack"), str(folder / "form.toml")


def test_with_5000_fields_an_answer_and_a_scroll_take_50_ms_at_most(browser, tmp_path):
    results = table_of(tmp_path, 250, pages=20)
    with desk("review", str(results)) as (_, address), window(browser, address) as page:
        current_field(page)
        wait_until_true(page, "document.querySelectorAll('.spacer .row').length > 0")
        assert page.evaluate("document.querySelector('.spacer').offsetHeight") == 5000 * 36
        answers = page.evaluate(
            """async () => {
              const times = [], frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
              for (let number = 0; number < 60; number += 1) {
                const before = document.getElementById("current-field")?.dataset.field, start = performance.now();
                document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
                while (document.getElementById("current-field")?.dataset.field === before) await frame();
                while (!document.getElementById("current-field")) await frame();
                times.push(performance.now() - start);
                await new Promise((done) => setTimeout(done, 150));
              }
              return times;
            }"""
        )
        scrolls = page.evaluate(
            """async () => {
              const rows = document.querySelector(".rows"), times = [];
              for (let number = 1; number <= 60; number += 1) {
                const start = performance.now(), index = (number * 83) % 4900;
                rows.scrollTop = index * 36;
                while (!document.getElementById(`field-${index + 3}`)) await new Promise(requestAnimationFrame);
                times.push(performance.now() - start);
              }
              return times;
            }"""
        )
        medians = statistics.median(answers), statistics.median(scrolls)
        print(f"median ms of an answer and a scroll: {medians[0]:.1f}, {medians[1]:.1f}")
        assert max(medians) <= 50
        assert page.evaluate("document.querySelectorAll('.spacer .row').length") < 60, "only rows in sight exist"
        assert len({row for row in table(address)[0]}) == 253
        assert page.errors == []


@pytest.mark.parametrize(
    ("width", "height", "scheme", "lang"),
    [(1440, 900, "light", "en"), (1920, 1080, "dark", "zh"), (1024, 768, "light", "zh"), (390, 844, "light", "en")],
)
def test_it_fits_every_window_and_axe_finds_no_serious_fault(browser, tmp_path, axe, width, height, scheme, lang):
    results = table_of(tmp_path, 40, pages=2, with_sum=True, doubtful=12)
    with desk("review", str(results)) as (_, address), window(browser, address, width, height, scheme, lang) as page:
        current_field(page)
        page.wait_for_selector(".sheet img")
        wait_until_true(page, "document.querySelector('#current-field img').naturalWidth > 0")
        wait_until_true(page, "document.querySelector('.sheet img').complete")
        for state in ("sum", "field"):
            page.evaluate("scrollTo(0, 0)")
            folder = shots_folder(tmp_path)
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(folder / f"desk-{state}-{width}-{scheme}-{lang}.png"), full_page=state == "field")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            box = page.locator("#current-field").bounding_box()
            assert min(box["y"], height - box["y"] - box["height"]) >= 0, "what is asked is in sight"
            page.evaluate(axe)
            result = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
            violations = [found for found in result["violations"] if found["impact"] in ("serious", "critical")]
            assert [(found["id"], found["nodes"][0]["html"][:160]) for found in violations] == []
            for _ in range(3):
                page.keyboard.press("Enter")
        shown = page.inner_text("body")
        assert ("审阅台" in shown) == (lang == "zh")
        assert page.errors == page.external_requests == []


def test_both_languages_have_the_same_words_and_the_choice_stays(browser, tmp_path):
    with desk("serve", "--desk", str(tmp_path)) as (_, address), window(browser, address) as page:
        assert page.inner_text("h1") == "The desk"
        page.get_by_role("button", name="中文").click()
        assert page.inner_text("h1") == "审阅台"
        assert page.evaluate("document.documentElement.lang") == "zh"
        page.goto(address)
        assert page.inner_text("h1") == "审阅台"
    source = (Path(__file__).parents[2] / "src" / "lenet" / "page" / "desk" / "text.js").read_text("utf-8")
    english, chinese = (re.findall(r"^    (\w+):", part, re.M) for part in source.split("  zh: {")[:2])
    assert english == chinese


def test_with_a_token_the_desk_opens_from_its_address_and_not_without(browser, tmp_path):
    arguments = ("serve", "--desk", str(tmp_path), "--token", "correct-horse")
    with desk(*arguments) as (_, address):
        assert httpx.get(f"{address}/state").status_code == 401
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{address}?token=correct-horse&lang=en")
        assert page.inner_text("h1") == "The desk"
        assert "token" not in page.url
        wait_until_true(page, "document.querySelector('#files .figure-note').textContent !== ''")
        context.close()


def test_nobody_at_the_desk_is_told_where_its_files_lie(tmp_path):
    (tmp_path / "note.png").write_text("no picture")
    (tmp_path / "year.png").write_bytes((DIGITS / "year.png").read_bytes())
    with desk("serve", "--desk", str(tmp_path)) as (_, address):
        while httpx.get(f"{address}/state").json()["counts"]["waiting"]:
            time.sleep(0.1)
        (tmp_path / "year.png").unlink()
        answers = [httpx.get(address + path) for path in ("/state", "/pages?count=9", "/pages/1", "/pages/1/picture")]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 404]
        problems = [(file["name"], file["problem"]) for file in answers[0].json()["files"]]
        assert problems == [("note.png", "not a picture in a known format; PNG and JPEG always work"), ("year.png", "")]
        assert all(str(tmp_path) not in answer.text for answer in answers)


def test_a_page_elsewhere_may_not_work_at_the_desk(tmp_path):
    with desk("review", str(table_of(tmp_path, 3))) as (_, address):
        sent = {"who": "evil", "count": 1}
        for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"content-type": "text/plain"}):
            answer = httpx.post(f"{address}/lease", content=json.dumps(sent), headers=headers)
            assert answer.status_code in (403, 415)
        for wrong in ([], {}, {"who": ""}, {"who": "ann", "count": -1}, {"who": "ann", "count": True}):
            answer = httpx.post(f"{address}/lease", json=wrong)
            assert answer.status_code == 422
            assert answer.json()["detail"]
        long = {"who": "ann", "field": 1, "text": "1" * 201}
        assert httpx.post(f"{address}/answer", json=long).status_code == 422
        assert httpx.post(f"{address}/answer", json={"who": "ann", "field": 99, "text": "1"}).status_code == 422
        for path in ("/pages/9", "/pages/9/picture", "/fields/9/picture", "/nothing.js", "/../pyproject.toml"):
            assert httpx.get(address + path).status_code == 404
        time.sleep(0.1)
        assert httpx.get(f"{address}/state").json()["counts"]["answered"] == 0
