"""What a row leaves in its folder: run.json, charts, its line; and how its figures are measured."""

import json

import numpy as np
from PIL import Image

from lenet.experiments import find
from lenet.experiments.charts import DRAWERS
from lenet.experiments.formatting import results_line
from lenet.experiments.metrics import compare_with_published, largest_difference, network_figures
from lenet.experiments.transformations import transform
from lenet.figures.sheet import LIGHT
from lenet.training.stream import Patterns
from tests.figures.test_layout import check_texts


def test_every_row_leaves_all_its_files(quick_rows):
    for row, folder in quick_rows.items():
        check_files(row, folder)


def check_files(row, folder):
    files = {path.name for path in folder.iterdir()}
    assert {"run.json", "chart.png", "chart-dark.png", "row.md"} <= files
    if row.parts:
        assert {"history.jsonl", "groups"} <= files
        assert any(file.startswith("weights") for file in files)


def test_the_charts_are_light_and_dark_and_not_empty(quick_rows):
    for row, folder in quick_rows.items():
        for name in row.charts:
            light, dark = (np.asarray(Image.open(folder / f"{name}{tail}.png").convert("L")) for tail in ("", "-dark"))
            assert light[0, 0] > 200
            assert dark[0, 0] < 60
            assert len(np.unique(light)) > 20


def test_no_text_of_a_rows_chart_is_cut_off_or_overlaps_another(quick_rows):
    for row, folder in quick_rows.items():
        check_texts(DRAWERS[row.measurement](row, json.loads((folder / "run.json").read_text("utf-8")), LIGHT))


def settings_of(name, figures, **others):
    row = find(name)
    results = {"measures": compare_with_published(row, figures, True)}
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


def test_the_interval_of_a_percentage_ends_at_0_and_100():
    low = results_line(settings_of("lenet-5", {("test_error", ""): [0.0, 0.2]}))
    high = results_line(settings_of("lenet-5", {("test_error", ""): [99.9, 99.7]}))
    assert "| 0.00 to 1.37 % |" in low
    assert "| 98.53 to 100.00 % |" in high


def test_nothing_is_compared_before_a_run_is_complete():
    entry = compare_with_published(find("lenet-5"), {("test_error", ""): [0.9, 1.0]}, is_complete=False)[0]
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
    assert largest_difference([9, 9, 9, 1.0, 1.3], [1, 1, 1, 1.1, 1.1]) == {"pass": 5, "difference": 0.2}
    assert largest_difference([9.0], [1.0]) == {}


def test_pictures_are_turned_scaled_and_shifted_about_their_middle():
    bar = np.zeros((1, 9, 9), np.uint8)
    bar[0, 4, 2:7] = 255
    upright = transform(bar, "rotation", 90)[0]
    np.testing.assert_array_equal(upright, bar[0].T)
    assert transform(bar, "scale", 0.5)[0][4].astype(bool).sum() == 3
    np.testing.assert_array_equal(transform(bar, "vertical shift", -3)[0][1], bar[0, 4])
