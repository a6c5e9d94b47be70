"""Compose the report of the reproduction in Markdown: a table of all rows, and a section a row.

Everything is read from the rows' run.json; what did not run is left out and named as missing.
"""

from collections.abc import Sequence

from lab.reports.methods import describe_method
from lab.reports.notes import NOTES
from lab.reports.texts import Language, Texts, load_texts
from lenet.experiments.details import PUBLISHED, STEPS, Step
from lenet.experiments.digit_strings import DIGITS, SEGMENTED
from lenet.experiments.formatting import MeasureResult, RowRecord, format_published, interval, mean
from lenet.experiments.metrics import MEASURES
from lenet.experiments.rows import ROWS, Row


def compose_page(finished_rows: Sequence[RowRecord], language: Language, charts: str) -> str:
    """Compose the whole report.

    Args:
        finished_rows: the content of the run.json of rows with results, in any order.
        charts: the folder of the charts as seen from the page; each row has NAME.png and NAME-dark.png there.
    """
    texts, by_name = load_texts(language), {settings["name"]: settings for settings in finished_rows}
    present = [(row, by_name[row.name]) for row in ROWS if row.name in by_name]
    missing = [row for row in ROWS if row.name not in by_name]
    parts = [f"# {texts.fill('page', 'title')}", *(texts.fill("page", key) for key in _OPENING_TEXTS)]
    parts += [f"## {texts.fill('headings', 'summary')}", _summary_table(present, texts)]
    parts += [compose_section(row, settings, texts, charts) for row, settings in present]
    if missing:
        missing_list = "\n".join(f"- {texts.translate(row.title)}: `lenet reproduce {row.name}`" for row in missing)
        parts += [f"## {texts.fill('headings', 'missing')}", missing_list]
    return "\n\n".join(parts) + "\n"


_OPENING_TEXTS = ("other-language", "introduction", "reading")


def compose_section(row: Row, settings: RowRecord, texts: Texts, charts: str) -> str:
    """Compose a row's section: command, figures, chart, how it was made, deviations, open questions."""
    title = texts.translate(row.title)
    parts = [f"## {title}", f"```sh\n{settings['command']}\n```"]
    if settings["quick"]:
        parts.append(texts.fill("page", "quick"))
    if settings["tested_on"] != "the test part":
        parts.append(texts.fill("page", "held-out", tested_on=settings["tested_on"]))
    table = {"ablation": _ablation_table, "strings": _strings_table}.get(row.measurement, _measures_table)
    parts.append(table(settings, texts))
    if remarks := compose_remarks(settings, texts):
        parts.append(remarks)
    for chart, name in row.charts.items():
        caption = texts.fill("charts", "rates" if row.measurement == "strings" and chart == "chart" else chart)
        parts.append(
            f'<picture>\n  <source media="(prefers-color-scheme: dark)" srcset="{charts}/{name}-dark.png">\n'
            f'  <img src="{charts}/{name}.png" alt="{title}: {caption}">\n'
            "</picture>"
        )
    parts += [f"### {texts.fill('headings', 'how')}: {row.name}", describe_method(row, settings, texts)]
    notes = NOTES[row.name]
    for heading, keys in (("deviations", notes.deviations), ("tried", notes.tried), ("questions", notes.questions)):
        if keys:
            items = texts.to_list([texts.fill(heading, key) for key in keys])
            parts += [f"### {texts.fill('headings', heading)}: {row.name}", items]
    return "\n\n".join(parts)


def compose_remarks(settings: RowRecord, texts: Texts) -> str:
    """Count the seeds that reach the printed error; give the largest distance of our mean curve from a printed one."""
    sentences = [
        texts.fill("remarks", "reached", reached=sum(value <= result["published"]["value"] for value in values),
                   seeds=result["n"])
        for result in settings["results"]["measures"]
        if result["measure"] == "test_error"
        and "published" in result
        and not result["part"]
        and len(values := result["values"]) > 1
    ]  # fmt: skip
    largest_differences = settings["results"].get("farthest") or {}
    sentences += [
        texts.fill("remarks", "farthest", curve=texts.fill("figures", f"curve-{name}"), number=result["pass"],
                   difference=_signed_text(result["difference"]))
        for name in ("test", "train")
        if (result := largest_differences.get(name))
    ]  # fmt: skip
    return texts.fill("writing", "space").join(sentences)


def _summary_table(present: Sequence[tuple[Row, RowRecord]], texts: Texts) -> str:
    """Tabulate the measures of all rows that have a printed figure."""
    rows = [
        [
            texts.translate(row.title) + _part_suffix(result, texts), texts.translate(MEASURES[result["measure"]]),
            mean(result), str(result["n"]),
            _interval_text(result, texts), format_published(result) or "–", _verdict_text(result, texts),
        ]
        for row, settings in present
        for result in settings["results"]["measures"]
        if "published" in result
    ]  # fmt: skip
    return _markdown_table(["row", "measure", "ours", "n", "interval", "printed", "compared"], rows, texts)


def _measures_table(settings: RowRecord, texts: Texts) -> str:
    """Tabulate the measures of a row."""
    rows = []
    for result in settings["results"]["measures"]:
        published = result.get("published")
        error = published and published["standard_error"]
        rows.append(
            [
                texts.translate(MEASURES[result["measure"]]) + _part_suffix(result, texts), mean(result),
                str(result["n"]), _interval_text(result, texts), format_published(result) or "–",
                f"{error:.2f}" if error else "–",
                published["source"] if published else "–", _verdict_text(result, texts),
            ]
        )  # fmt: skip
    return _markdown_table(["measure", "ours", "n", "interval", "printed", "se", "source", "compared"], rows, texts)


def _ablation_table(settings: RowRecord, texts: Texts) -> str:
    """Tabulate one step after the other: its change, the errors with it, the difference that it makes, and its cost.

    The part of a result is the step's label, or `PUBLISHED`, from which the steps begin.
    """
    results, steps = settings["results"], {step.label: step for step in STEPS}
    results_by_part = {(result["measure"], result["part"]): result for result in results["measures"]}
    rows = []
    for part, seconds in results["seconds"].items():
        result, step = results_by_part[("test_error", part)], steps.get(part)
        name, difference_text = f"**{texts.translate(step.label if step else PUBLISHED)}**", "–"
        if step:
            name += f": {describe_change(step, texts)}"
            difference, half_width = results["changes"][part]
            difference_text = _signed_text(difference) + (f" ± {half_width:.2f}" if half_width is not None else "")
        rows.append(
            [
                name, mean(result), difference_text, mean(results_by_part[("train_error_while_learning", part)]),
                str(result["n"]),
                f"{seconds:.1f}" if seconds < 10 else f"{seconds:,.0f}",
            ]
        )  # fmt: skip
    return _markdown_table(["step", "test", "difference", "train", "n", "seconds"], rows, texts)


def describe_change(step: Step, texts: Texts) -> str:
    """Describe the change of a step of `details`, with the numbers of its recipe."""
    return texts.fill("steps", step.label, recipe=step.recipe, smoothing=100 * step.recipe.label_smoothing)


def _strings_table(settings: RowRecord, texts: Texts) -> str:
    """Tabulate, for each gap between digits, the share of strings read wholly right, and that of both ways of reading.

    The second is over those strings that segmentation reads, too.
    """
    results, rows = settings["results"], []
    comparisons = results["beside"]
    for result, comparison in zip(results["measures"], comparisons, strict=True):
        displacement, segmentations = comparison["displacement"], [comparison[name] for name in SEGMENTED]
        rows.append(
            [
                str(comparison["gap"]).replace("-", "−"), f"{comparison['touching']:.0f} %", mean(result),
                str(result["n"]),
                _interval_text(result, texts), f"{sum(displacement) / len(displacement):.2f} %",
                *(f"{share['right']:.1f} % ({share['low']:.1f}–{share['high']:.1f})" for share in segmentations),
            ]
        )  # fmt: skip
    headings = ["gap", "touching", "right", "n", "interval", "displacement", *SEGMENTED]
    note = texts.fill("strings", "note", digits=DIGITS, strings=comparisons[0]["strings"])
    return _markdown_table(headings, rows, texts) + "\n\n" + note


def _markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]], texts: Texts) -> str:
    """A table in Markdown; ``headings`` are keys of the texts' headings."""
    lines = ["| " + " | ".join(texts.fill("headings", heading) for heading in headings) + " |"]
    lines.append("|" + "---|" * len(headings))
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _part_suffix(result: MeasureResult, texts: Texts) -> str:
    return texts.fill("writing", "comma") + texts.translate(result["part"]) if result["part"] else ""


def _interval_text(result: MeasureResult, texts: Texts) -> str:
    return interval(result, texts.fill("figures", "to")) or "–"


def _verdict_text(result: MeasureResult, texts: Texts) -> str:
    return texts.fill("verdicts", result["verdict"]) if "verdict" in result else "–"


def _signed_text(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
