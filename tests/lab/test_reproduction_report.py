"""The report of `lenet reproduce`, from the results in the experiments' folders, in two languages."""

import json
import re
import shutil

import pytest

from lab.reports.page import compose_page, compose_remarks, describe_change
from lab.reports.reproduction import main, write_report
from lab.reports.texts import load_texts
from lenet.errors import TrainingError
from lenet.experiments import ROWS, find
from lenet.experiments.details import STEPS
from lenet.experiments.metrics import compare_with_published
from lenet.sdnn.digit_strings import GAPS

LANGUAGES = (("en", "reproduction.md"), ("zh", "reproduction.zh-CN.md"))


@pytest.fixture(scope="module")
def runs(quick_rows):
    return next(iter(quick_rows.values())).parent


@pytest.fixture(scope="module")
def docs(runs, tmp_path_factory):
    docs = tmp_path_factory.mktemp("docs")
    write_report(runs, docs)
    return docs


def section(docs, document, row, language):
    text = (docs / document).read_text("utf-8")
    return text[text.index(f"\n## {load_texts(language).translate(row.title)}\n") :].split("\n## ", 2)[1]


def test_the_report_has_a_section_a_row_and_names_what_is_missing(quick_rows, docs):
    for language, document in LANGUAGES:
        text = (docs / document).read_text("utf-8")
        for row in quick_rows:
            assert f"\n## {load_texts(language).translate(row.title)}\n" in text
            assert f"lenet reproduce {row.name} --quick" in text
        missing = text[text.index(f"## {load_texts(language).fill('headings', 'missing')}") :]
        assert "lenet-1989" in missing
        assert "lenet-5" not in missing
        for link in re.findall(r'(?:src|srcset)="([^"]+)"', text):
            assert (docs / link).is_file()


def test_the_section_of_details_names_every_step_with_its_change(docs):
    for language, document in LANGUAGES:
        texts, text = load_texts(language), section(docs, document, find("details"), language)
        for step in STEPS:
            assert f"| **{texts.translate(step.label)}**: {describe_change(step, texts)} |" in text
    assert "SGD on batches of 64 with Nesterov momentum 0.9" in describe_change(STEPS[5], load_texts("en"))
    assert describe_change(STEPS[8], load_texts("en")).startswith("5 % of the target")


def test_the_section_of_digit_strings_compares_the_sdnn_with_segmentation(quick_rows, docs):
    row = find("sdnn")
    if row not in quick_rows:
        pytest.skip("the native engine was not built")
    english, chinese = (section(docs, document, row, language) for language, document in LANGUAGES)
    for text in (english, chinese):
        assert text.count("\n| ") == 1 + len(GAPS)
        assert "\n| −1 | " in text
        assert "images/reproduction/sdnn-string-dark.png" in text
        assert "3,068,172" in text
    assert "200 training digits, 50 of them kept back to choose costs" in english
    assert "the first 2 strings at each gap" in english
    assert "其中 50 个留下用来选定代价" in chinese


def test_an_empty_folder_makes_a_report_that_names_every_row_as_missing():
    text = compose_page([], "en", "images")
    assert all(f"`lenet reproduce {row.name}`" in text for row in ROWS)


def test_a_damaged_run_json_is_named_when_the_report_is_composed(tmp_path):
    (tmp_path / "lenet-5").mkdir()
    (tmp_path / "lenet-5/run.json").write_text("{}")
    with pytest.raises(TrainingError, match=r"run\.json: is not the run\.json of a reproduction"):
        write_report(tmp_path, tmp_path / "docs")


def test_a_chart_that_is_missing_in_a_folder_is_drawn_again(runs, tmp_path):
    shutil.copytree(runs / "lenet-4", tmp_path / "runs/lenet-4")
    (tmp_path / "runs/lenet-4/chart-dark.png").unlink()
    written = write_report(tmp_path / "runs", tmp_path / "docs")
    assert (tmp_path / "docs/images/reproduction/lenet-4-dark.png") in written


def test_the_command_writes_both_pages_and_names_them(runs, tmp_path, capsys):
    main(["--runs", str(runs), "--docs", str(tmp_path)])
    assert capsys.readouterr().out.split()[-2:] == [str(tmp_path / document) for _, document in LANGUAGES]


def test_the_command_leaves_a_report_alone_where_nothing_has_run(tmp_path):
    with pytest.raises(SystemExit, match="holds no row with results; run `lenet reproduce --all` first"):
        main(["--runs", str(tmp_path / "runs"), "--docs", str(tmp_path)])
    assert list(tmp_path.iterdir()) == []


def test_the_seeds_that_reach_the_published_error_are_counted():
    figures = {("test_error", ""): [0.9, 0.95, 1.1], ("rejects_for_1", ""): [0.1, 0.2, 0.3]}
    settings = {"results": {"measures": compare_with_published(find("lenet-5"), figures, True)}}
    assert (
        compose_remarks(settings, load_texts("en"))
        == "The printed test error came from one run; 2 of our 3 seeds reach it."
    )
    assert "3 个种子中有 2 个达到它" in compose_remarks(settings, load_texts("zh"))


def test_groups_are_counted_in_the_plural_where_there_are_several(quick_rows, docs):
    settings = json.loads((quick_rows[find("lenet-5")] / "run.json").read_text("utf-8"))
    several = f"in {len(settings['orders'])} groups of "
    assert several in section(docs, "reproduction.md", find("lenet-5"), "en")
    assert "in 1 group of " in section(docs, "reproduction.md", find("details"), "en")
