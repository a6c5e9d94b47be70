"""The course: its pages have the same parts in both languages, show the exercises as they are marked, and run."""

import re
from pathlib import Path

import pytest
import typer

from lenet import describe, show
from lenet.cli import VERBS, build_app
from lenet.course.marking import EXERCISES, LESSONS
from lenet.course.texts import texts

COURSE = Path(__file__).parents[2] / "docs/course"
ENGLISH = sorted(path for path in COURSE.glob("[0-9]*.md") if not path.name.endswith(".zh-CN.md"))
PAGES = [*ENGLISH, COURSE / "index.md", COURSE / "tutorials-map.md"]
NOTEBOOKS = [page for path in ENGLISH for page in (path, path.with_suffix(".zh-CN.md"))]

_CELL = re.compile(
    r"^```\{code-cell\}[^\n]*\n(?:---\n(?P<options>.*?)\n---\n)?(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)
_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def parts(path):
    """Levels of headings, cells without their language, how many figures, and the targets of links without theirs."""
    text = path.read_text("utf-8")
    cells = list(_CELL.finditer(text))
    code = [cell["code"].replace(', language="zh"', "").replace('explain("zh")', 'explain("en")') for cell in cells]
    prose = _BLOCK.sub("", text)
    links = [target.replace(".zh-CN", "") for target in re.findall(r"\]\(([^)]+)\)", prose)]
    commands = [command.replace(" --language zh", "") for command in re.findall(r"`(lenet [^`]+)`", prose)]
    return {
        "headings": re.findall(r"^#+ ", prose, re.MULTILINE),
        "code": code,
        "figures": sum("alt:" in (cell["options"] or "") for cell in cells),
        "links": links,
        "rows": len(re.findall(r"^\|", prose, re.MULTILINE)),
        "commands": {word for word in commands if "check" not in word and ".jpg" not in word},
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_a_page_of_the_course_has_the_same_parts_in_both_languages(page):
    assert parts(page) == parts(page.with_suffix(".zh-CN.md"))


def test_there_is_a_page_for_each_lesson_with_a_picture_a_mistake_and_something_to_do():
    assert [int(path.name[:2]) for path in ENGLISH] == list(LESSONS)
    for page in ENGLISH:
        assert parts(page)["figures"] >= 1
        headings = re.findall(r"^## (.*)$", page.read_text("utf-8"), re.MULTILINE)
        assert "Find the mistake" in headings
        assert headings[-2:] == ["In the page", "Exercises"]


@pytest.mark.parametrize("number", EXERCISES)
def test_a_lesson_shows_its_exercises_as_they_are_marked(number):
    page = ENGLISH[int(number.split(".")[0]) - 1]
    for language, path in (("en", page), ("zh", page.with_suffix(".zh-CN.md"))):
        assert f"- **{number}** {texts(language).tasks[number]}\n" in path.read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_the_commands_of_the_course_are_commands(page):
    for command in re.findall(r"`lenet ([^`]+)`", _BLOCK.sub("", page.read_text("utf-8"))):
        assert command.split()[0] in VERBS


@pytest.mark.parametrize("name", ["tutorials-map.md", "tutorials-map.zh-CN.md"])
def test_every_step_of_a_tutorial_leads_to_a_command_with_options_that_there_are(name):
    rows = re.findall(r"^\| .* \| .*\]\(\d\d-.*\) \| (.*) \|$", (COURSE / name).read_text("utf-8"), re.MULTILINE)
    commands = [command for row in rows for command in re.findall(r"`lenet ([^`]+)`", row)]
    assert len(rows) == 30
    assert len(commands) == 30  # one step has none, one has two
    for words in commands:
        verb, *arguments = words.split()
        command = typer.main.get_command(build_app(verb)).commands[verb]
        if within := getattr(command, "commands", {}):
            command = within[arguments.pop(0)]
        assert command.make_context(verb, arguments).params


@pytest.mark.parametrize("page", NOTEBOOKS, ids=lambda path: path.name)
def test_every_cell_of_a_lesson_runs(page, tmp_path, monkeypatch, mnist):
    read = pytest.importorskip("myst_nb.core.read")
    client = pytest.importorskip("nbclient")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    notebook = read.read_myst_markdown_notebook(page.read_text("utf-8"))
    client.NotebookClient(notebook, timeout=1200, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == parts(page)["figures"]


def counted():
    """What prose may say in thousands: counts of the two networks, with and without biases, and of data sets."""
    summaries = [show(name) for name in ("lenet-5", "lenet-5-relu")]  # of others, counts agree by chance
    stages = [stage for summary in summaries for stage in summary.stages]
    totals = [total for summary in summaries for total in (summary.parameters, summary.connections)]
    numbers = {value for stage in stages for value in (stage.parameters, stage.connections, stage.macs, stage.units)}
    without_biases = {stage.parameters - stage.output_shape[0] for stage in stages}
    c3 = next(stage for stage in describe("lenet-5").stages if stage.name == "c3").layer
    stored_zeros = (c3.maps * 6 - sum(map(len, c3.table))) * c3.kernel_size**2
    data = {60_000, 10_000, 5_000, 60_000 - 5_000, 1_000}
    return numbers | without_biases | set(totals) | {show("lenet-5").parameters + stored_zeros} | data


@pytest.mark.parametrize("page", NOTEBOOKS, ids=lambda path: path.name)
def test_a_count_in_the_prose_of_a_lesson_is_one_that_lenet_counts(page):
    prose = _BLOCK.sub("", page.read_text("utf-8")).split("lenet check")[0]
    stated = {int(number.replace(",", "")) for number in re.findall(r"\b\d{1,3}(?:,\d{3})+\b", prose)}
    assert stated <= counted()
