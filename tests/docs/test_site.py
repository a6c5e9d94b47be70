"""The site as `make docs` builds it: every cell runs, every link leads somewhere, nothing is asked of others."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import pytest

import lenet

DOCS = Path(__file__).parents[2] / "docs"
MARK = ".zh-CN"
# Pages in English alone: written by programs from English texts, or for those who work on the code.
ENGLISH_ALONE = {"api", "commands", "architecture", "native", "contributing", "changelog"}
ENGLISH = sorted(path for path in DOCS.rglob("*.md") if MARK not in path.name and path.stem not in ENGLISH_ALONE)
CHINESE = [*sorted(DOCS.rglob(f"*{MARK}.md")), DOCS.parent / f"README{MARK}.md"]


def chinese_of(page: Path) -> Path:
    """The Chinese counterpart of an English page."""
    return page.with_name(f"{page.stem}{MARK}.md")


_BLOCK = re.compile(r"^```[^\n]*\n.*?^```$", re.MULTILINE | re.DOTALL)
_WIDE = "[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]"


class Page(HTMLParser):
    """The ids of a page of the site, and all that it refers to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag in ("img", "script", "iframe", "source", "video") and "src" in values:
            self.loaded.append(values["src"])
        if tag == "link" and values.get("rel") != "canonical" and "href" in values:
            self.loaded.append(values["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, mnist) -> Path:
    """Both languages, built as `make docs` does: a dead link or a cell that fails ends it."""
    folder = tmp_path_factory.mktemp("site")
    for language, options in (("en", []), ("zh-CN", ["-t", "zh-CN"])):
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", *options]
        places = ["-d", str(folder / "doctrees" / language), str(DOCS), str(folder / language)]
        ran = subprocess.run([*command, *places], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Every page of both languages."""
    return {path: Page(path) for language in ("en", "zh-CN") for path in sorted((site / language).rglob("*.html"))}


@pytest.mark.slow
def test_a_page_says_in_its_language_how_to_turn_and_leads_to_the_other_language_once(site):
    chinese, english = ((site / page).read_text("utf-8") for page in ("zh-CN/serving.zh-CN.html", "en/serving.html"))
    assert chinese.count(">English<") == 1
    assert english.count(">简体中文<") == 1
    assert ">中文版<" not in english
    assert all(f"<span>{words}</span>" in chinese for words in ("上一页", "下一页"))


@pytest.mark.slow
def test_every_document_is_a_page_of_its_language(pages, site):
    for source in DOCS.rglob("*.md"):
        language = "zh-CN" if MARK in source.name else "en"
        assert (site / language / source.relative_to(DOCS)).with_suffix(".html") in pages


@pytest.mark.slow
def test_every_link_and_every_anchor_of_the_site_is_there(pages):
    missing = []
    for path, page in pages.items():
        for link in page.links + page.loaded:
            target, anchor = urldefrag(link)
            if re.match(r"[a-z]+:", target):
                continue
            file = (path.parent / unquote(target.partition("?")[0])).resolve() if target else path
            if not file.exists() or (anchor and file in pages and unquote(anchor) not in pages[file].ids):
                missing.append(f"{path.name}: {link}")
    assert missing == []


@pytest.mark.slow
def test_no_page_loads_anything_from_elsewhere(pages):
    loaded = [source for page in pages.values() for source in page.loaded]
    assert len(loaded) > 100
    assert [source for source in loaded if re.match(r"(https?:)?//", source)] == []


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="-S and PYTHONPATH put a copy of the package before the installed one")
def test_a_cell_is_executed_again_when_its_code_or_the_package_has_changed_and_not_otherwise(tmp_path):
    pytest.importorskip("myst_nb")
    docs, package, executions = tmp_path / "docs", tmp_path / "lenet", tmp_path / "executions"
    for name in ("_static", "_templates", "images/reproduction"):
        shutil.copytree(DOCS / name, docs / name)
    shutil.copy(DOCS / "conf.py", docs)
    shutil.copytree(Path(lenet.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{sysconfig.get_path('platlib')}"}

    def executed(prose: str, code: str) -> int:
        """How often cells have been executed, after the site has been built of one page."""
        head = "---\njupytext: {text_representation: {format_name: myst}}\nkernelspec: {name: python3}\n---\n"
        cell = (
            f"```{{code-cell}} ipython3\nwith open({str(executions)!r}, 'a') as file:\n    file.write('.')\n{code}\n```"
        )
        (docs / "index.md").write_text(f"{head}\n# {prose}\n\n{cell}\n", "utf-8")
        command = [sys.executable, "-S", "-m", "sphinx", "-q", "-E", str(docs), str(tmp_path / "site")]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return len(executions.read_text())

    assert executed("A page", "1 + 1") == 1
    assert executed("The same page in other words", "1 + 1") == 1
    recipes = package / "training" / "recipes.py"
    recipes.write_text(recipes.read_text("utf-8").replace("learning_rate=1e-3", "learning_rate=2e-3"), "utf-8")
    assert executed("The same page in other words", "1 + 1") == 2
    assert executed("The same page in other words", "1 + 2") == 3


FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
# Two frames after its width has come, the page has heard of it, too.
RESIZED = """async (width) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  while (innerWidth !== width) await frame();
  await frame();
  await frame();
}"""
BROKEN = "Array.from(document.images).filter((image) => !image.naturalWidth).map((image) => image.src)"


class Visitor:
    """A window that goes from page to page; what is wrong with one is noted with its name and the window's size."""

    def __init__(self, page: Any, axe: str, shots: Path | None) -> None:
        self.page, self.axe, self.shots = page, axe, shots
        self.place, self.problems = "", list[str]()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: self.note(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.note(str(error)))
        page.on("request", lambda sent: None if sent.url.startswith(("file:", "data:")) else self.note(sent.url))

    def note(self, problem: str) -> None:
        self.problems.append(f"{self.place}: {problem}")

    def visit(self, path: Path) -> None:
        """Open a page wide and light, look at it less wide, and on a phone in the dark."""
        for width, height, scheme in ((1440, 900, "light"), (1024, 768, "light"), (390, 844, "dark")):
            self.place = f"{path.parent.name}/{path.name} at {width}"
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            if width == 1440:
                self.page.goto(path.as_uri(), wait_until="load")
                for image in self.page.evaluate(BROKEN):
                    self.note(f"no picture: {image}")
                self.page.evaluate(self.axe)
            self.page.evaluate(RESIZED, width)
            if not self.page.evaluate(FITS):
                self.note("wider than the window")
            if width != 1024:
                self.look_with_axe()
            if self.shots:
                self.shots.mkdir(parents=True, exist_ok=True)
                self.page.emulate_media(color_scheme="light")
                self.page.screenshot(path=str(self.shots / f"{path.name}-{width}.png"), full_page=True)

    def look_with_axe(self) -> None:
        result = self.page.evaluate("axe.run(document, { resultTypes: ['violations'], preload: false })")
        for rule in result["violations"]:
            if rule["impact"] in ("serious", "critical"):
                self.note(f"{rule['id']}: {[node['html'][:120] for node in rule['nodes'][:3]]}")


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_page_fits_three_windows_and_says_nothing_wrong_and_axe_finds_no_serious_fault(
    pages, site, browser, axe, language
):
    kept = os.environ.get("LENET_SHOTS")
    window = browser.new_context(locale="en-US").new_page()
    visitor = Visitor(window, axe, Path(kept) / language if kept else None)
    folder, first = ("", "index.html") if language == "en" else (language, f"index{MARK}.html")
    window.goto((site / folder / "index.html").as_uri())  # which leads to the first page
    window.wait_for_url(f"**/{language}/{first}")
    shown = [path for path in pages if path.is_relative_to(site / language) and path != site / folder / "index.html"]
    for path in shown:
        visitor.visit(path)
    window.context.close()
    assert len(shown) > 20
    assert visitor.problems == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "word", "lesson"), [("en", "pooling", "04-"), ("zh-CN", "卷积", "02-"), ("zh-CN", "下采样", "04-")]
)
def test_the_search_finds_a_lesson_without_a_connection(site, browser, language, word, lesson):
    window = browser.new_context().new_page()
    window.set_default_timeout(60_000)
    window.goto(f"{(site / language / 'search.html').as_uri()}?q={word}")
    window.wait_for_selector(f"ul.search a[href*='course/{lesson}']")
    window.context.close()


def code_of(block: str) -> list[str]:
    """A block's lines without comments, empty lines, and what asks for Chinese; of derivations the commands alone."""
    lines = (re.split(r"(?:^|\s)#", line)[0].rstrip() for line in block.splitlines())
    if "--explain" in block:
        lines = (line for line in lines if line.startswith(("`", "$")))
    asked = re.compile(r'^ *alt: .*|,? ?language="zh"| --lang(?:uage)? zh|(?<=explain\(")\w+')
    return [line for line in (asked.sub("", line) for line in lines) if line]


def parts(path: Path) -> tuple[list[int], list[list[str]], list[str]]:
    """The levels of a page's headings, the code of its blocks, and its figures."""
    text = path.read_text("utf-8")
    plain = _BLOCK.sub("", text)
    headings = [len(marks) for marks in re.findall(r"^(#+) ", plain, re.MULTILINE)]
    code = [code_of(block) for block in _BLOCK.findall(text) if not block.startswith("```{toctree}")]
    return headings, code, re.findall(r"!\[[^\]]*\]\(([^)]+)\)", plain)


def table_numbers(path: Path) -> list[list[str]]:
    """The numbers of each row of a page's tables, sorted, since words have another order in another language."""
    plain = _BLOCK.sub("", path.read_text("utf-8"))
    rows = re.findall(r"^ *\|.*\|$", plain, re.MULTILINE)
    return [sorted(re.findall(r"\d(?:[\d.,]*\d)?", row)) for row in rows]


def listed_pages(first_page: str) -> list[str]:
    """The pages that a first page lists, in order."""
    lists = re.findall(r"^```\{toctree\}\n(.*?)^```$", (DOCS / first_page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [line for block in lists for line in block.splitlines() if line and not line.startswith(":")]


@pytest.mark.parametrize("english", ENGLISH, ids=lambda path: str(path.relative_to(DOCS)))
def test_both_languages_have_the_same_headings_code_and_figures(english):
    assert parts(chinese_of(english)) == parts(english)


@pytest.mark.parametrize("english", ENGLISH, ids=lambda path: str(path.relative_to(DOCS)))
def test_both_languages_have_the_same_numbers_in_every_row_of_their_tables(english):
    assert table_numbers(chinese_of(english)) == table_numbers(english)


def test_both_first_pages_list_the_same_pages_each_in_its_language():
    english = [f"{page}{MARK}" for page in listed_pages("index.md") if page not in ENGLISH_ALONE]
    chinese = listed_pages(f"index{MARK}.md")
    assert [page for page in chinese if page != f"glossary{MARK}"] == english
    assert all((DOCS / f"{page}.md").is_file() for page in chinese)


@pytest.mark.parametrize("page", CHINESE, ids=lambda path: path.name)
def test_a_chinese_page_links_to_english_ones_only_where_there_is_no_chinese_one(page):
    links = re.findall(r"\[([^\]]*)\]\((?!https?:)([^)#\s]+\.md)", _BLOCK.sub("", page.read_text("utf-8")))
    targets = [target for words, target in links if words not in ("English", "英文版") and MARK not in target]
    assert [target for target in targets if chinese_of(page.parent / target).exists()] == []


@pytest.mark.parametrize("chinese", CHINESE, ids=lambda path: path.name)
def test_chinese_pages_say_what_the_glossary_says_and_break_no_sentence(chinese):
    text = _BLOCK.sub("", chinese.read_text("utf-8"))
    if chinese.name != "glossary.zh-CN.md":
        assert re.findall("重现|印出(?!的列表)|权值|附加包", text.replace("打印出", "")) == []
    assert re.findall(f"{_WIDE}\n(?={_WIDE})", re.sub(r"^[|#].*$", "", text, flags=re.MULTILINE)) == []
