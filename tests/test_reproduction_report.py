"""The report composes from what lies in the folders, in two languages, and the pictures are drawn."""

import re

import numpy as np
import pytest
from PIL import Image

from lenet.engine.native import instruction_sets
from lenet.errors import TrainingError
from lenet.reproduction import ROWS, find
from lenet.reproduction.measures import assembled, farthest, network_figures
from lenet.reproduction.report import _remarks, page, results_line
from lenet.reproduction.request import Request
from lenet.reproduction.runner import reproduce
from lenet.reproduction.streams import Patterns
from lenet.reproduction.transformations import transformed
from lenet.reproduction.writing import write_report, write_row
from replica_fakes import FakeLanes

RUN = [row for row in ROWS if row.data == "mnist" and (instruction_sets() or not row.plan)]


@pytest.fixture(scope="module")
def root(tmp_path_factory, mnist):
    """All rows on MNIST, quickly, by networks that hardly learn; what only the native engine teaches, by it."""
    root = tmp_path_factory.mktemp("reproduce")
    for row in RUN:
        taught = reproduce(row, root / row.name, Request(quick=True), make=FakeLanes)
        write_row(root / row.name, taught.settings)
    return root


@pytest.mark.parametrize("name", [row.name for row in RUN])
def test_every_row_leaves_all_its_files(root, name):
    row = find(name)
    files = {path.name for path in (root / name).iterdir()}
    assert {"run.json", "picture.png", "picture-dark.png", "row.md"} <= files
    if row.parts:
        assert {"history.jsonl", "lanes"} <= files
        assert any(file.startswith("weights") for file in files)


def test_the_pictures_are_light_and_dark_and_not_empty(root):
    for row in RUN:
        for name in row.pictures:
            light, dark = (
                np.asarray(Image.open(root / row.name / f"{name}{tail}.png").convert("L")) for tail in ("", "-dark")
            )
            assert light[0, 0] > 200
            assert dark[0, 0] < 60
            assert len(np.unique(light)) > 20


def test_the_report_has_a_section_a_row_and_names_what_is_missing(root, tmp_path):
    written = write_report(root, tmp_path)
    english, chinese = ((tmp_path / name).read_text("utf-8") for name in ("reproduction.md", "reproduction.zh-CN.md"))
    for row in RUN:
        assert f"\n## {row.title.en}\n" in english
        assert f"\n## {row.title.zh}\n" in chinese
        assert f"lenet reproduce {row.name} --quick" in english
    missing = english[english.index("## Not run yet") :]
    assert "lenet-1989" in missing
    assert "lenet-5" not in missing
    for text in (english, chinese):
        for link in re.findall(r'(?:src|srcset)="([^"]+)"', text):
            assert (tmp_path / link) in written


def test_the_report_lists_every_departure_and_question_in_both_languages(root, tmp_path):
    write_report(root, tmp_path)
    for name, language in (("reproduction.md", "en"), ("reproduction.zh-CN.md", "zh")):
        text = (tmp_path / name).read_text("utf-8")
        for row in RUN:
            for said in (*row.departures, *row.questions):
                assert said.of(language)[1:] in text


def test_an_empty_folder_makes_a_report_that_names_every_row_as_missing():
    text = page([], "en", "images")
    assert all(f"`lenet reproduce {row.name}`" in text for row in ROWS)


def test_a_damaged_run_json_is_named_when_the_report_is_composed(tmp_path):
    (tmp_path / "lenet-5").mkdir()
    (tmp_path / "lenet-5/run.json").write_text("{}")
    with pytest.raises(TrainingError, match=r"run\.json: is not the run\.json of a reproduction"):
        write_report(tmp_path, tmp_path / "docs")


def settings_of(name, figures, **others):
    row = find(name)
    results = {"measures": assembled(row, figures, True)}
    return {
        "name": name,
        "command": f"lenet reproduce {name}",
        "results": results,
        "quick": False,
        "seconds": 450.0,
        **others,
    }


def test_a_line_holds_command_seeds_figure_interval_printed_figure_and_time():
    line = results_line(settings_of("lenet-5", {("test_error", ""): [0.9, 1.0, 0.92, 0.98]}))
    assert line == ("| `lenet reproduce lenet-5` | 4 | test error 0.95 ± 0.05 % | 0.87 to 1.03 % | 0.95 % | 8 min |\n")


def test_the_seeds_that_reach_the_printed_error_are_counted():
    settings = settings_of("lenet-5", {("test_error", ""): [0.9, 0.95, 1.1], ("rejects_for_1", ""): [0.1, 0.2, 0.3]})
    assert _remarks(settings, "en") == "The printed test error came from one run; 2 of our 3 seeds reach it."
    assert "3 个种子中有 2 个达到它" in _remarks(settings, "zh")


def test_nothing_is_compared_before_a_run_is_complete():
    entry = assembled(find("lenet-5"), {("test_error", ""): [0.9, 1.0]}, is_complete=False)[0]
    assert (entry["verdict"], entry["published"]["value"]) == ("one", 0.95)


def test_figures_come_from_the_outputs():
    labels = np.array([0, 1, 0, 1])
    outputs = np.zeros((4, 10), np.float32)
    outputs[:, 0] = [5, 4, 3, 0]
    outputs[:, 1] = [0, 3, 0, 9]  # the second pattern is wrong, with a margin of 1, the smallest
    figures, remaining = network_figures(
        find("lenet-4").description(), [outputs], Patterns(np.zeros((4, 32, 32), np.uint8), labels)
    )
    assert figures[("test_error", "")] == [25.0]
    assert figures[("rejects_for_05", "")] == [25.0]
    assert remaining[0] == 25.0
    assert remaining[1] == 0.0


def test_the_farthest_point_is_sought_after_the_third_pass_only():
    assert farthest([9, 9, 9, 1.0, 1.3], [1, 1, 1, 1.1, 1.1]) == {"pass": 5, "difference": 0.2}
    assert farthest([9.0], [1.0]) == {}


def test_pictures_are_turned_scaled_and_shifted_about_their_middle():
    bar = np.zeros((1, 9, 9), np.uint8)
    bar[0, 4, 2:7] = 255
    upright = transformed(bar, "rotation", 90)[0]
    np.testing.assert_array_equal(upright, bar[0].T)
    assert transformed(bar, "scale", 0.5)[0][4].astype(bool).sum() == 3
    np.testing.assert_array_equal(transformed(bar, "vertical shift", -3)[0][1], bar[0, 4])
