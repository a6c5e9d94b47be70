"""The documents: what they show is what the program prints, and what they cite can be found."""

import doctest
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

import lenet
from lenet import networks
from lenet.cli import main

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").glob("*.md"))]
TUTORIALS = [ROOT / "docs/tutorials.md", ROOT / "docs/tutorials.zh-CN.md"]
PAPERS = (ROOT / "docs/papers.md").read_text("utf-8")

LIGHT_VERBS = ("networks", "show", "diff", "code", "read")
LEFT_OUT = "…"

_BLOCK = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_CITATION = re.compile(r"\[((?:[A-Z][A-Za-z]+\d\d)(?:[,;][^\[\]]*)?)\](?!\()")
_KEY = re.compile(r"\b[A-Z][A-Za-z]+\d\d\b")


@dataclass(frozen=True)
class Session:
    """A command as a document shows it, with the lines shown under it."""

    document: Path
    arguments: tuple[str, ...]
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.document.name}: {' '.join(self.arguments)}"


def blocks(path, kind):
    return [block["body"] for block in _BLOCK.finditer(path.read_text("utf-8")) if block["kind"].strip() == kind]


def sessions(path, kinds=("console",)):
    result = []
    for body in (body for kind in kinds for body in blocks(path, kind)):
        for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command, *lines = part.splitlines()
            program, *arguments = command.split()
            if program == "lenet":
                result.append(Session(path, tuple(arguments), tuple(lines)))
    for body in blocks(path, "{code-cell} ipython3"):
        commands = [line.split() for line in body.splitlines() if line.startswith("lenet ")]
        result += [Session(path, tuple(words[1:]), ()) for words in commands]
    return result


def first_missing(shown, printed):
    """The first shown line that is not printed after those before it; None if there is none.

    Lines may stand between shown ones only where a line of … says so; a … within a line stands for any text.
    """
    position, anywhere = 0, False
    for line in (line.rstrip() for line in shown):
        if line == LEFT_OUT:
            anywhere = True
            continue
        pattern = re.compile(".*".join(re.escape(piece) for piece in line.split(LEFT_OUT)))
        candidates = range(position, len(printed) if anywhere else min(position + 1, len(printed)))
        match = next((index for index in candidates if pattern.fullmatch(printed[index].rstrip())), None)
        if match is None:
            return line
        position, anywhere = match + 1, False
    return None


def cited_keys(text):
    return {key for citation in _CITATION.findall(text) for key in _KEY.findall(citation)}


def listed_keys():
    return set(re.findall(r"^\| \[([^\]]+)\] \|", PAPERS, re.MULTILINE))


CHECKED = [
    s
    for document in DOCUMENTS
    for s in sessions(document)
    if s.lines and s.arguments[:1] and s.arguments[0] in LIGHT_VERBS
]


@pytest.mark.parametrize("session", CHECKED, ids=str)
def test_a_shown_command_prints_the_lines_under_it(session, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    is_refused = bool(session.lines) and session.lines[0].startswith("lenet: ")
    assert main(list(session.arguments)) == (1 if is_refused else 0)
    printed = capsys.readouterr()[is_refused].splitlines()
    missing = first_missing(session.lines, printed)
    assert missing is None, f"{session} does not print, at that place: {missing!r}"


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        (["a", "b"], None),
        (["a", "…", "d"], None),
        (["…", "c", "d"], None),
        (["…b", "c"], "…b"),
        (["a", "c"], "c"),
        (["…", "b", "a"], "a"),
        (["…", "x"], "x"),
        (["a", "b", "c", "d", "e"], "e"),
    ],
)
def test_a_line_that_is_not_printed_in_its_place_is_found(shown, missing):
    assert first_missing(shown, ["a", "b", "c", "d"]) == missing


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.name)
def test_the_python_in_the_tutorials_gives_what_it_shows(tutorial):
    source = "\n".join(blocks(tutorial, "pycon"))
    examples = doctest.DocTestParser().get_doctest(source, {}, tutorial.name, str(tutorial), 0)
    report: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    result = runner.run(examples, out=report.append)
    assert result.attempted > 10
    assert result.failed == 0, "".join(report)


def test_the_tutorials_have_the_same_steps_in_both_languages():
    def steps(path):
        text = _BLOCK.sub("", path.read_text("utf-8"))
        return re.findall(r"^#+ (?:\d+(?:\.\d+)*)?", text, re.MULTILINE)

    def commands(path):
        return [
            [word for word in s.arguments if word not in ("--lang", "zh")]
            for s in sessions(path, ("console", "console no-test"))
        ]

    english, chinese = TUTORIALS
    assert steps(english) == steps(chinese)
    assert commands(english) == commands(chinese)


@pytest.mark.parametrize("page", ["export", "page"])
def test_a_page_has_the_same_parts_and_commands_in_both_languages(page):
    def parts(name):
        text = (ROOT / "docs" / name).read_text("utf-8")
        code = "\n".join(block["body"] for block in _BLOCK.finditer(text))
        rows = re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE)
        plain = _BLOCK.sub("", text)
        return [line.split("#")[0].strip() for line in code.splitlines()], rows, len(re.findall(r"^#+ ", plain, re.M))

    assert parts(f"{page}.md") == parts(f"{page}.zh-CN.md")


@pytest.mark.parametrize(
    "verb", ["networks", "show", "diff", "code", "data", "train", "evaluate", "convert", "maps", "read"]
)
@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.name)
def test_the_tutorials_use_every_verb(tutorial, verb):
    assert any(s.arguments[0] == verb for s in sessions(tutorial, ("console", "console no-test")))


@pytest.mark.parametrize("name", networks.names())
def test_the_page_of_papers_has_a_section_for_every_network(name):
    section = re.search(rf"^### {re.escape(name)}\n(.*?)(?=^##|\Z)", PAPERS, re.MULTILINE | re.DOTALL)
    assert section, f"docs/papers.md has no section {name}"
    for word in ("**Said**", "**Not said**", "**Chosen**"):
        assert word in section[1]


def test_every_source_that_the_code_cites_is_listed():
    files = (
        path for folder in ("src", "lab") for kind in ("py", "toml") for path in (ROOT / folder).rglob(f"*.{kind}")
    )
    sources = [path.read_text("utf-8") for path in files]
    cited = cited_keys("\n".join(sources))
    assert {"LeCun98", "LeCun89"} <= cited
    assert cited <= listed_keys()


def test_the_page_of_python_has_every_public_name_once():
    listed = re.findall(r"^\.\. auto\w+:: lenet\.([\w.]+)$", (ROOT / "docs/api.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted({*dir(lenet), "data.load"} - {"__version__", "data"})


def result_rows(readme):
    """The rows of the README's table of results: what, the figure here, what it is compared with, the page."""
    table = re.search(
        r"^\| [^|]+ \| (?:here|这里) \|.*\n\|[-:| ]+\|\n((?:\|.*\n)+)", readme.read_text("utf-8"), re.MULTILINE
    )
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


@pytest.mark.parametrize("readme", [ROOT / "README.md", ROOT / "README.zh-CN.md"], ids=lambda path: path.name)
def test_every_result_in_the_readme_stands_on_the_page_that_its_row_names(readme):
    rows = result_rows(readme)
    assert len(rows) == 8
    for _, here, _, link in rows:
        page = (ROOT / re.search(r"\]\(([^)]+)\)", link)[1]).read_text("utf-8")
        figure = re.match(r"[\d.,]+(?: ± [\d.]+)?(?: %)?", here)[0]
        assert figure in page, f"{figure} is not in {link}"


def test_the_readmes_have_the_same_results_and_the_same_code():
    english, chinese = ROOT / "README.md", ROOT / "README.zh-CN.md"
    figures = [[re.findall(r"[\d.,]+", row[1]) for row in result_rows(readme)] for readme in (english, chinese)]
    assert figures[0] == figures[1]

    def code(readme):
        bodies = (block["body"] for block in _BLOCK.finditer(readme.read_text("utf-8")))
        return [line.split("#")[0].rstrip() for body in bodies for line in body.splitlines()]

    assert code(english) == code(chinese)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_source_that_a_document_cites_is_listed(document):
    assert cited_keys(document.read_text("utf-8")) <= listed_keys()


def test_the_page_about_reading_has_no_line_of_prose_beyond_120_columns():
    text = _BLOCK.sub("", (ROOT / "docs/reading.md").read_text("utf-8"))
    assert [line for line in text.splitlines() if len(line) > 120 and not line.startswith("|")] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_within_the_repository_leads_somewhere(document):
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", _BLOCK.sub("", document.read_text("utf-8")))
    assert [target for target in targets if not (document.parent / target).exists()] == []


CHINESE_TEXTS = [
    *DOCUMENTS,
    *(ROOT / "docs/course").glob("*.zh-CN.md"),
    *(path for folder in ("src", "lab") for path in (ROOT / folder).rglob("zh.*")),
    ROOT / "src/lenet/summary/texts.toml",
    ROOT / "src/lenet/page/desk/text.js",
]
_HAN, _MARK = "[\u4e00-\u9fff]", "[，。；：、？！（）]"


@pytest.mark.parametrize("text", CHINESE_TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_chinese_texts_set_latin_words_apart_and_put_no_space_behind_full_width_marks(text):
    prose = _BLOCK.sub("", text.read_text("utf-8"))
    assert re.findall(f"\\w*[A-Za-z]{{2}}{_HAN}+|{_HAN}+[A-Za-z]{{2}}\\w*|{_MARK} +{_HAN}+", prose, re.ASCII) == []
