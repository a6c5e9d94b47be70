"""Ticks of axes, and that a chart is the same on matplotlib's sheet and on a bitmap without matplotlib."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lenet.errors import MissingExtra
from lenet.figures.bitmap import Bitmap
from lenet.figures.chart import Chart, legend, nice_ticks
from lenet.figures.sheet import DARK, LIGHT, Sheet


@given(st.floats(1e-9, 1e6))
def test_ticks_of_values_begin_at_zero_and_are_few_and_even(high):
    ticks = nice_ticks(0, high)
    assert ticks[0] == 0
    assert 2 <= len(ticks) <= 8
    assert high * (1 - 1e-9) <= ticks[-1] <= 2 * high
    np.testing.assert_allclose(np.diff(ticks), ticks[1], rtol=1e-9)


@given(st.integers(1, 500), st.integers(0, 500))
def test_ticks_of_epochs_are_whole_and_reach_from_the_first_to_the_last(first, more):
    ticks = nice_ticks(first, first + more, integers_only=True)
    assert ticks[0] <= first <= first + more <= ticks[-1]
    assert all(tick == round(tick) for tick in ticks)
    assert 1 <= len(ticks) <= 8
    assert np.ptp(np.diff(ticks)) == 0 if len(ticks) > 1 else not more


def test_an_even_axis_holds_its_values_in_few_ticks():
    for low, high in ((0.53, 1.31), (0.0, 90.0), (1.0, 1.0), (0.98, 1.02)):
        ticks = nice_ticks(low, high, max_steps=8)
        assert ticks[0] <= low
        assert ticks[-1] >= high
        assert 2 <= len(ticks) <= 10


def drawn(kind, theme, path):
    """A chart with all that a chart can have, 100 pixels an inch."""
    sheet = kind(4, 3, theme)
    chart = Chart(sheet, 0.5, 0.5, 3, 2, (0, 4), (0, 4))
    chart.frame([0, 2, 4], [0, 2, 4], "across", "up")
    chart.bars([3, 4], [1], theme.quiet)
    chart.band([0, 1], [3, 3], [4, 4], theme.accent)
    chart.line([2, 4], [3, 3], theme.ink, 4)
    chart.whisker(1, 0.5, 1.5, theme.accent, 4)
    chart.dots([2], [1], theme.accent, filled=True, size=100)
    chart.dots([3], [2.5], theme.accent, size=400)
    chart.reference_line(2.6, theme.muted)
    legend(sheet, 0.5, 0.3, [(kind, theme.ink, f"{kind}s") for kind in ("line", "ring", "level")])
    if isinstance(sheet, Sheet):
        return chart, np.asarray(Image.open(sheet.save(path / "chart.png", 100)).convert("RGB"), float)
    return chart, np.asarray(sheet.picture(), float)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_a_chart_without_matplotlib_has_the_same_colors_at_the_same_places(theme, tmp_path):
    (chart, sheet), (_, bitmap) = drawn(Sheet, theme, tmp_path), drawn(Bitmap, theme, tmp_path)
    assert sheet.shape == bitmap.shape == (300, 400, 3)
    for x, y in ((3.5, 0.5), (0.5, 3.5), (3.6, 3), (1, 1), (2, 1), (3, 2.5), (0.5, 1)):
        column, row = (round(100 * place) for place in chart.to_sheet(x, y))
        np.testing.assert_allclose(bitmap[row, column], sheet[row, column], atol=2, err_msg=f"{x}, {y}")
    ring, row = round(100 * (chart.to_sheet(3, 2.5)[0] - 10 / 72)), round(100 * chart.to_sheet(3, 2.5)[1])
    assert abs(bitmap[row, ring - 3 : ring + 4] - bitmap[0, 0]).max() > 100
    assert abs(bitmap - sheet).mean() < 4


def test_what_lies_beyond_the_field_stands_at_its_edge():
    chart = Chart(Bitmap(4, 3), 1, 1, 2, 1, (0, 10), (0, 5))
    assert chart.to_sheet(-3, 9) == (1, 1)
    assert chart.to_sheet(20, -1) == (3, 2)


def test_a_bitmap_is_drawn_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    drawn(Bitmap, LIGHT, tmp_path)
    with pytest.raises(MissingExtra, match="matplotlib"):
        drawn(Sheet, LIGHT, tmp_path)
