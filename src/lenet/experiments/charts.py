"""The chart of a row: our curve, the mean with a band over the seeds, and the paper's points over it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lenet.experiments import digit_strings
from lenet.experiments.metrics import REJECT_RATES
from lenet.experiments.rows import Measurement, Row
from lenet.experiments.transformations import TRANSFORMATIONS
from lenet.figures.chart import Chart, ValueRange, legend, log_range, nice_ticks
from lenet.figures.displacement import displacement
from lenet.figures.sheet import DARK, LIGHT, Sheet, Theme, mix_colors, wrap

_WIDTH, _HEIGHT = 7.4, 4.3
THEMES = (("", LIGHT), ("-dark", DARK))
"""Ends of the names of a chart's two files, and their colors."""


def draw(row: Row, settings: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write a row's charts, on white and on black, into its folder; their paths."""
    draw_chart = DRAWERS[row.measurement]
    paths = [draw_chart(row, settings, theme).save(folder / f"chart{end}.png") for end, theme in THEMES]
    if "string" in row.charts:
        string = digit_strings.example(folder)
        paths += [displacement(string, theme).save(folder / f"string{end}.png") for end, theme in THEMES]
    return paths


def _sheet(row: Row, settings: Mapping[str, Any], theme: Theme, height: float = _HEIGHT) -> Sheet:
    sheet = Sheet(_WIDTH, height, theme)
    sheet.text(0.35, 0.36, row.title, 12, bold=True)
    sheet.text(0.35, 0.6, _subtitle(settings), 8.5, theme.muted)
    return sheet


def _single_chart(sheet: Sheet, x_range: ValueRange, y_range: ValueRange, *, is_log: bool = False) -> Chart:
    """The one chart of most sheets."""
    return Chart(sheet, 0.75, 1.3, _WIDTH - 1.2, _HEIGHT - 1.95, x_range, y_range, is_log)


def _subtitle(settings: Mapping[str, Any]) -> str:
    seeds = {result["n"] for result in settings["results"]["measures"]}
    number = f"{min(seeds)}" if len(seeds) == 1 else f"{min(seeds)} to {max(seeds)}"
    text = f"mean and one standard deviation over {number} seed{'s' if seeds != {1} else ''}"
    if settings["tested_on"] != "the test part":
        text += f", tested on {settings['tested_on']}"
    return f"{text}; a quick look: the figures mean nothing" if settings["quick"] else text


def _colors(theme: Theme) -> tuple[str, str]:
    """Ours on the test set, and ours on training patterns, distinct in lightness too."""
    return theme.accent, theme.signed[1]


def _learning(row: Row, settings: Mapping[str, Any], theme: Theme) -> Sheet:
    """Error after each pass on a logarithmic axis; the printed curve, or the printed figure as a level."""
    sheet, curves = _sheet(row, settings, theme), settings["results"]["curves"]
    test, train = _colors(theme)
    printed = {result.measure: result.value for result in row.published if not result.part}
    levels = [] if row.curve else [(printed[name], color) for name, color in
                                   (("test_error", test), ("train_error", train)) if name in printed]  # fmt: skip
    passes = list(range(1, len(curves["test"]["mean"]) + 1))
    values = [value for name in ("train", "test") for value in curves[name]["mean"]] + [value for value, _ in levels]
    value_range, ticks = log_range(
        values + [value for curve in row.curve or () for value in curve[: len(passes)]], 0.02
    )
    last = max(len(passes), 2)
    chart = _single_chart(sheet, (0.5, last + 0.5), value_range, is_log=True)
    steps = range(1, last + 1, 1 if last <= 12 else 2 if last <= 24 else 5)
    chart.frame(list(steps), ticks, "pass", "error, %")
    for value, color in levels:
        chart.reference_line(value, color)
    for name, color in (("train", train), ("test", test)):
        _line_with_band(chart, passes, curves[name]["mean"], curves[name]["deviation"], color)
    for curve, color in zip(row.curve or (), (train, test), strict=False):
        chart.dots(passes, curve[: len(passes)], color)
    entries = [("line", test, "test, ours"), ("line", train, "training, while learning, ours")]
    entries += [("ring", theme.ink, "printed in 1998")] if row.curve else []
    entries += [("level", theme.ink, "printed")] if levels else []
    legend(sheet, 0.75, 0.92, entries)
    return sheet


def _sizes(row: Row, settings: Mapping[str, Any], theme: Theme) -> Sheet:
    """Errors by the number of training patterns, each beside the printed one."""
    sheet, measures = _sheet(row, settings, theme), settings["results"]["measures"]
    test, train = _colors(theme)
    column_of = {"15,000": 15, "30,000": 30, "60,000": 60, "60,000 + 540,000 distorted": 90}
    printed = [result.value for result in row.published]
    value_range, ticks = log_range([result["mean"] for result in measures] + printed, 0.02)
    chart = _single_chart(sheet, (5, 100), value_range, is_log=True)
    chart.frame([15, 30, 60], ticks, "training patterns, thousands", "error, %")
    below = chart.top + chart.height + 0.2
    sheet.text(chart.to_sheet(90, value_range[0])[0], below, "60 + 540 distorted", 8, theme.muted, "center")
    for measure, color in (("train_error_while_learning", train), ("test_error", test)):
        results_by_column = {column_of[result["part"]]: result for result in measures if result["measure"] == measure}
        original_columns = [column for column in sorted(results_by_column) if column < 90]
        chart.line(original_columns, [results_by_column[column]["mean"] for column in original_columns], color)
        for column, result in results_by_column.items():
            _draw_mean(chart, column, result, color)
        published = [result for result in row.published if result.measure == measure]
        chart.dots([column_of[result.part] for result in published], [result.value for result in published], color)
    legend(sheet, 0.75, 0.92, [("line", test, "test, ours"), ("line", train, "training, while learning, ours"),
                               ("ring", theme.ink, "printed in 1998")])  # fmt: skip
    return sheet


def _line_with_band(
    chart: Chart, xs: Sequence[float], mean: Sequence[float], deviation: Sequence[float], color: str
) -> None:
    bands = [*zip(mean, deviation, strict=True)]
    chart.band(xs, [m - s for m, s in bands], [m + s for m, s in bands], color)
    chart.line(xs, mean, color)


def _draw_mean(chart: Chart, x: float, result: Mapping[str, Any], color: str) -> None:
    spread = result["deviation"] or 0.0
    chart.whisker(x, result["mean"] - spread, result["mean"] + spread, color)
    chart.dots([x], [result["mean"]], color, filled=True)


def _draw_seeds(chart: Chart, x: float, result: Mapping[str, Any]) -> None:
    """Each seed pale, and the mean with its deviation over them."""
    chart.dots([x] * result["n"], result["values"], chart.sheet.theme.quiet, filled=True, size=12)
    _draw_mean(chart, x, result, chart.sheet.theme.accent)


def _rejections(row: Row, settings: Mapping[str, Any], theme: Theme) -> Sheet:
    """Error on the rest by how many are rejected; the printed reject rates stand on the line of 0.5 %."""
    sheet, curves = _sheet(row, settings, theme), settings["results"]["rejections"]
    colors = dict(zip(curves, (theme.signed[1], theme.accent, theme.ink), strict=False))
    highest = 6.0
    rejected = [rate for rate in REJECT_RATES if rate <= highest]
    high = max(1.8, *(min(curve[0], 20.0) for curve in curves.values()))
    chart = _single_chart(sheet, (0, highest), (0.0, high))
    ticks = [round(high * share, 2) for share in (0, 0.25, 0.5, 0.75, 1)] if high > 2 else [0, 0.5, 1, 1.5]
    chart.frame(range(7), ticks, "rejected, %", "error on the rest, %")
    chart.reference_line(0.5, theme.muted)
    for name, curve in curves.items():
        chart.line(rejected, curve[: len(rejected)], colors[name])
    for result in row.published:
        chart.dots([result.value], [0.5], colors[result.part])
    legend(sheet, 0.75, 0.92, [*(("line", color, f"{name}, ours") for name, color in colors.items()),
                               ("ring", theme.ink, "printed in 1998")])  # fmt: skip
    return sheet


def _boosting(row: Row, settings: Mapping[str, Any], theme: Theme) -> Sheet:
    """Each seed's networks alone and together."""
    sheet = _sheet(row, settings, theme)
    measured = {
        result["part"]: result for result in settings["results"]["measures"] if result["measure"] == "test_error"
    }
    printed = next(result.value for result in row.published if result.measure == "test_error")
    columns = {title: measured[part] for part, title in _COLUMNS.items() if part in measured}
    _draw_columns(sheet, columns, printed)
    legend(sheet, 0.75, 0.92, [("line", theme.accent, "ours; pale: each seed"),
                               ("level", theme.ink, "printed, the three together")])  # fmt: skip
    return sheet


_COLUMNS = {
    "the first network alone": "first",
    "the second network alone": "second",
    "the third network alone": "third",
    "": "all three",
    "the later two left out where the first is confident": "three if needed",
}


def _noise(row: Row, settings: Mapping[str, Any], theme: Theme) -> Sheet:
    sheet = _sheet(row, settings, theme)
    _draw_columns(sheet, {result["part"]: result for result in settings["results"]["measures"]})
    legend(sheet, 0.75, 0.92, [("line", theme.accent, "ours; pale: each seed")])
    return sheet


def _draw_columns(sheet: Sheet, columns: Mapping[str, Mapping[str, Any]], printed: float | None = None) -> None:
    """A column of points, one a seed, for each measure by its title; the printed figure as a level."""
    theme, reference_values = sheet.theme, [printed] if printed is not None else []
    value_range, ticks = log_range(
        [value for result in columns.values() for value in result["values"]] + reference_values, 0.1
    )
    chart = _single_chart(sheet, (0.5, len(columns) + 0.5), value_range, is_log=True)
    chart.frame([], ticks, "", "test error, %")
    for value in reference_values:
        chart.reference_line(value, theme.ink)
    for column, (title, result) in enumerate(columns.items(), 1):
        x, y = chart.to_sheet(column, value_range[0])
        for line, caption_line in enumerate(wrap(title, 0.9 * chart.width / len(columns), 8.5)):
            sheet.text(x, y + 0.2 + 0.16 * line, caption_line, 8.5, theme.muted, "center")
        _draw_seeds(chart, column, result)


def _robustness(row: Row, settings: Mapping[str, Any], theme: Theme) -> Sheet:
    """A panel for each transformation; the range that the paper describes is shaded."""
    sheet, series = _sheet(row, settings, theme), settings["results"]["series"]
    colors = dict(zip(row.depends_on, (theme.signed[1], theme.accent), strict=True))
    width, tint = (_WIDTH - 0.75 - 0.3 - 2 * 0.45) / 3, mix_colors(theme.paper, theme.quiet, 0.4)
    for number, transformation in enumerate(TRANSFORMATIONS):
        amounts, left = series[transformation.name]["amounts"], 0.75 + number * (width + 0.45)
        chart = Chart(sheet, left, 1.45, width, _HEIGHT - 2.1, (min(amounts), max(amounts)), (0.0, 100.0))
        low, high = transformation.published_range
        (first, top), (last, bottom) = chart.to_sheet(low, 100), chart.to_sheet(high, 0)
        sheet.box(first, top, last - first, bottom - top, fill=tint)
        is_scale = transformation.name == "scale"
        ticks = (0.5, 1.0, 1.5, 2.0) if is_scale else (amounts[0], low, 0, high, amounts[-1])
        chart.frame(sorted(set(ticks)), (0, 25, 50, 75, 100), transformation.unit, f"{transformation.name}: error, %")
        for name, color in colors.items():
            mean, deviation = zip(*series[transformation.name][name], strict=True)
            _line_with_band(chart, amounts, mean, deviation, color)
    legend(sheet, 0.75, 0.95, [*(("line", color, name) for name, color in colors.items()),
                               ("line", tint, "where the paper calls recognition accurate")])  # fmt: skip
    return sheet


def _ablation(row: Row, settings: Mapping[str, Any], theme: Theme) -> Sheet:
    """A line for each step, from the published network down to today's: error of each seed, and seconds for one."""
    results, line = settings["results"], 0.36
    steps = [result for result in results["measures"] if result["measure"] == "test_error"]
    height = 2.1 + line * len(steps)
    sheet, (left, field) = _sheet(row, settings, theme, height), (2.15, 3.35)
    values = sorted(value for result in steps for value in result["values"])
    low, high = values[0], min(values[-1], 2.5 * values[len(values) // 2])  # a seed that failed stands at the edge
    ticks = nice_ticks(low, high, max_steps=8)
    value_range = ticks[0], ticks[-1]
    chart = Chart(sheet, left, 1.15, field, line * len(steps), value_range, (0, len(steps)))
    chart.vertical_grid(ticks, "test error, %")
    sheet.text(_WIDTH - 0.35, 0.95, "seconds for a seed", 8.5, theme.muted, "right")
    by_batches = {part.name for part in row.parts if part.recipe and part.recipe.optimizer != "sdlm"}
    first = next((number for number, result in enumerate(steps) if result["part"] in by_batches), len(steps))
    y = chart.to_sheet(low, len(steps) - first)[1]
    sheet.line([(0.35, y), (_WIDTH - 0.35, y)], theme.muted, 0.8)
    for number, result in enumerate(steps):
        row_y = len(steps) - number - 0.5
        y, color = chart.to_sheet(low, row_y)[1], theme.accent if number >= first else theme.signed[1]
        sheet.text(left - 0.15, y, ("+ " if number else "") + result["part"], 9, theme.ink, "right", vertical="center")
        chart.dots(result["values"], [row_y] * result["n"], theme.quiet, True, 10)
        mean, spread = result["mean"], result["deviation"] or 0.0
        chart.line([mean - spread, mean + spread], [row_y] * 2, color, 1.4)
        chart.dots([mean], [row_y], color, filled=True)
        sheet.text(left + field + 0.5, y, f"{result['mean']:.2f} %", 9, theme.ink, "right", vertical="center")
        seconds = results["seconds"][result["part"]]
        seconds_text = f"{seconds:.1f}" if seconds < 10 else f"{seconds:,.0f}"
        sheet.text(_WIDTH - 0.35, y, seconds_text, 9, theme.muted, "right", vertical="center")
    legend(sheet, 0.35, height - 0.25, [
        ("line", theme.signed[1], "a pattern at a time (SDLM)"), ("line", theme.accent, "mini-batches"),
        ("line", theme.quiet, "each seed"),
    ])  # fmt: skip
    return sheet


def _strings(row: Row, settings: Mapping[str, Any], theme: Theme) -> Sheet:
    """Strings read wholly right at each gap: by displaced networks, and by segmentation."""
    sheet, beside = _sheet(row, settings, theme), settings["results"]["beside"]
    gaps, displaced = [result["gap"] for result in beside], settings["results"]["measures"]
    colors = dict(zip(digit_strings.SEGMENTED, (theme.signed[1], theme.muted), strict=True))
    lowest = min(*(value for result in displaced for value in result["values"]),
                 *(result[name]["low"] for result in beside for name in digit_strings.SEGMENTED))  # fmt: skip
    ticks = nice_ticks(lowest, 100, max_steps=8)
    chart = _single_chart(sheet, (gaps[0] - 0.4, gaps[-1] + 0.4), (ticks[0], 100))
    chart.frame(gaps, ticks, "pixels between neighbors", "strings wholly right, %")
    for offset, (name, color) in zip((-0.06, 0.06), colors.items(), strict=True):
        chart.line([gap + offset for gap in gaps], [result[name]["right"] for result in beside], color)
        for gap, result in zip(gaps, beside, strict=True):
            chart.whisker(gap + offset, result[name]["low"], result[name]["high"], color, 1.0)
    chart.line(gaps, [result["mean"] for result in displaced], theme.accent, 2.0)
    for gap, result in zip(gaps, displaced, strict=True):
        _draw_seeds(chart, gap, result)
    words = ("segmentation, 95 % interval", "the same, length known")
    baselines = [("line", color, label) for color, label in zip(colors.values(), words, strict=True)]
    legend(sheet, 0.75, 0.92, [("line", theme.accent, "displacement; pale: each seed"), *baselines])
    return sheet


DRAWERS: dict[Measurement, Callable[[Row, Mapping[str, Any], Theme], Sheet]] = {
    "training": _learning,
    "learning-curve": _learning,
    "boosting": _boosting,
    "sizes": _sizes,
    "rejections": _rejections,
    "noise": _noise,
    "robustness": _robustness,
    "ablation": _ablation,
    "strings": _strings,
}
