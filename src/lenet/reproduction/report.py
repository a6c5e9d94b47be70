"""What came out, in Markdown: a line for the table of results, and a page with a section a row, in two languages.

Everything is read from the rows' run.json; what did not run is left out and named as missing.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from lenet.networks import describe
from lenet.reproduction.details import PUBLISHED, STEPS
from lenet.reproduction.measures import MEASURES
from lenet.reproduction.progress import duration
from lenet.reproduction.rows import ROWS, Row, find
from lenet.reproduction.strings import DIGITS, SEGMENTED
from lenet.reproduction.wording import PARTS, Language, Said
from lenet.sdnn.displacement import connections

Settings = Mapping[str, Any]

_TITLE = Said("1989–1998, reproduced", "1989–1998，重现")
_OTHER = Said("[中文](reproduction.zh-CN.md)", "[English](reproduction.md)")
_INTRODUCTION = Said(
    "Every result of the papers that is reproduced here, by one command each, with the papers' own "
    "algorithm: stochastic "
    "diagonal Levenberg–Marquardt, one pattern at a time [LeCun98, appendix C]. A figure is the mean over all seeds, "
    "never the best one; the test part is read after each pass to draw the curves, and decides nothing: values "
    "that the papers do not print were fixed beforehand, or chosen on training patterns set aside, which stands under "
    "*tried*. "
    "What a row does otherwise stands among its departures. "
    "`lenet reproduce --all` runs all rows and writes this page and its [Chinese version](reproduction.zh-CN.md).",
    "这里重现论文中的每项结果，每项一条命令，用论文自己的算法：随机对角 Levenberg–Marquardt，每次一个样本 "
    "[LeCun98, appendix C]。数字是所有种子的平均，从不取最好的一个；每一遍之后读测试集只为画曲线，不作任何决定；"
    "论文没有印出的值，或事先定下，或用从训练集留出的样本选定，后者写在“试过而排除的”中。"
    "某项若另有做法，写在它与论文的不同之中。"
    "`lenet reproduce --all` 运行所有各项，并写出本页及其[英文版](reproduction.md)。",
)
_READING = Said(
    "How to read the tables: the *interval* is the 95 % interval of the mean over seeds (Student); *s.e.* is the "
    "binomial standard error of the printed figure, which came from one run on so many patterns. *Within* "
    "says that the "
    "printed figure lies in our interval, *better* and *worse* that ours lies wholly on one side of it. Minutes are "
    "those of the machine as it was, whatever else it did.",
    "表的读法：*区间*是对种子求平均的 95 % 置信区间（Student）；*标准误*是印出的数字的二项标准误，"
    "它来自一次运行、那么多样本。"
    "*相符*指印出的数字落在我们的区间内，*更好*、*更差*指我们的区间全在它的一侧。用时是机器当时的用时，不论它还在做什么。",
)
_QUICK = Said(
    "**A quick look: one pass over few patterns; the figures mean nothing.**",
    "**快速试跑：一遍，少量样本；数字没有意义。**",
)
_HELD_OUT = Said("**Tested on {}, not on the test part.**", "**测试所用为从训练集留出的样本（{}），不是测试集。**")
_WORDS = {
    "row": Said("row", "项目"),
    "ours": Said("ours, mean ± s.d.", "我们的，均值 ± 标准差"),
    "n": Said("seeds", "种子数"),
    "interval": Said("interval of the mean", "均值的区间"),
    "printed": Said("printed", "论文"),
    "se": Said("s.e.", "标准误"),
    "source": Said("source", "出处"),
    "compared": Said("compared", "比较"),
    "measure": Said("measured", "量"),
    "summary": Said("In one table", "总表"),
    "departures": Said("Departures", "与论文的不同"),
    "tried": Said("Tried and ruled out", "试过而排除的"),
    "questions": Said("Open questions", "尚无公开答案的问题"),
    "how": Said("How", "做法"),
    "to": Said("to", "至"),
    "missing": Said("Not run yet", "尚未运行"),
    "step": Said("step, each on top of those before", "步骤，每步都叠加在前面之上"),
    "test": Said("test error", "测试错误率"),
    "apart": Said("change, with its 95 % interval", "变化及其 95 % 区间"),
    "train": Said("training error during the last pass", "最后一遍之中的训练错误率"),
    "seconds": Said("seconds for a seed", "每个种子的秒数"),
    "gap": Said("gap, pixels", "间距，像素"),
    "right": Said("wholly right, mean ± s.d.", "整串读对，均值 ± 标准差"),
    "touching": Said("strings with digits that touch", "有数字粘连的串"),
    "slid": Said("displacement, segmented strings only", "滑动，仅限被切分的串"),
    "segmentation": Said("segmentation", "切分"),
    "segmentation, length known": Said("segmentation, length known", "切分，已知位数"),
    "string": Said(
        "A string, three maps of C3, the columns of F6 as characters, the answer",
        "数字串、C3 的三个图、F6 各列的字符图案、答案",
    ),
    "rates": Said("Strings wholly right at each gap, beside segmentation", "各间距下整串读对的比例，与切分相比"),
    "picture": Said("Our curves over the printed points", "我们的曲线与论文的点"),
}
_VERDICTS = {
    "within": Said("within", "相符"),
    "above": Said("better", "更好"),  # the printed figure lies above ours, and errors, rejections and costs are bad
    "below": Said("worse", "更差"),
    "one": Said("–", "–"),
}


def results_line(settings: Settings) -> str:
    """A line for the table of docs/results.md: command, seeds, mean ± s.d., interval, printed figure, time."""
    row = find(settings["name"])
    lines = []
    for one in _first_measures(row, settings):
        cells = [
            f"`{settings['command']}`" + (f", {one['part']}" if one["part"] else ""),
            f"{one['n']}",
            f"{MEASURES[one['measure']].en} {_mean(one)}",
            _interval(one, "en") or "–",
            _printed(one) or "–",
            duration(settings["seconds"]),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def page(finished: Sequence[Settings], language: Language, pictures: str) -> str:
    """The whole report.

    Args:
        finished: run.json of rows with results, in any order.
        pictures: the folder of the pictures as seen from the page; each row has NAME.png and NAME-dark.png there.
    """
    found = {settings["name"]: settings for settings in finished}
    present = [(row, found[row.name]) for row in ROWS if row.name in found]
    missing = [row for row in ROWS if row.name not in found]
    parts = [f"# {_TITLE.of(language)}", _OTHER.of(language), _INTRODUCTION.of(language), _READING.of(language)]
    parts += [f"## {_WORDS['summary'].of(language)}", _summary(present, language)]
    parts += [section(row, settings, language, pictures) for row, settings in present]
    if missing:
        listed = "\n".join(f"- {row.title.of(language)}: `lenet reproduce {row.name}`" for row in missing)
        parts += [f"## {_WORDS['missing'].of(language)}", listed]
    return "\n\n".join(parts) + "\n"


def section(row: Row, settings: Settings, language: Language, pictures: str) -> str:
    """A row's own section: command, figures, picture, how it was made, departures, open questions."""
    parts = [f"## {row.title.of(language)}", f"```sh\n{settings['command']}\n```"]
    if settings["quick"]:
        parts.append(_QUICK.of(language))
    if settings["tested_on"] != "the test part":
        parts.append(_HELD_OUT.of(language).format(settings["tested_on"]))
    table = {"details": _steps, "strings": _gaps}.get(row.measurement, _table)
    parts.append(table(settings, language))
    if note := _remarks(settings, language):
        parts.append(note)
    for here, name in row.pictures.items():
        shown = _WORDS["rates" if row.measurement == "strings" and here == "picture" else here]
        parts.append(
            f'<picture>\n  <source media="(prefers-color-scheme: dark)" srcset="{pictures}/{name}-dark.png">\n'
            f'  <img src="{pictures}/{name}.png" alt="{row.title.of(language)}: {shown.of(language)}">\n'
            "</picture>"
        )
    how = _how_strings(settings, language) if row.measurement == "strings" else _how(row, settings, language)
    parts += [f"### {_WORDS['how'].of(language)}: {row.name}", how]
    for heading, said in (("departures", row.departures), ("tried", row.tried), ("questions", row.questions)):
        if said:
            listed = "\n".join(f"- {_sentence(one.of(language), language)}" for one in said)
            parts += [f"### {_WORDS[heading].of(language)}: {row.name}", listed]
    return "\n\n".join(parts)


def _summary(present: Sequence[tuple[Row, Settings]], language: Language) -> str:
    rows = []
    for row, settings in present:
        for one in settings["results"]["measures"]:
            if "published" not in one:
                continue
            rows.append(
                [
                    row.title.of(language) + _part(one, language), MEASURES[one["measure"]].of(language), _mean(one),
                    str(one["n"]), _interval(one, language) or "–", _printed(one) or "–", _verdict(one, language),
                ]
            )  # fmt: skip
    return _markdown(["row", "measure", "ours", "n", "interval", "printed", "compared"], rows, language)


def _table(settings: Settings, language: Language) -> str:
    rows = []
    for one in settings["results"]["measures"]:
        printed = one.get("published")
        error = printed and printed["standard_error"]
        rows.append(
            [
                MEASURES[one["measure"]].of(language) + _part(one, language), _mean(one), str(one["n"]),
                _interval(one, language) or "–", _printed(one) or "–", f"{error:.2f}" if error else "–",
                printed["source"] if printed else "–", _verdict(one, language),
            ]
        )  # fmt: skip
    return _markdown(["measure", "ours", "n", "interval", "printed", "se", "source", "compared"], rows, language)


def _steps(settings: Settings, language: Language) -> str:
    """One change after the other: what it is, the errors with it, what it changed, and what it costs."""
    results, changes = settings["results"], {step.label.en: step for step in STEPS}
    figures = {(one["measure"], one["part"]): one for one in results["measures"]}
    rows = []
    for part, seconds in results["seconds"].items():
        one, step = figures[("test_error", part)], changes.get(part)
        name, apart = f"**{(step.label if step else PUBLISHED).of(language)}**", "–"
        if step:
            name += f": {step.change.of(language)}"
            difference, half = results["changes"][part]
            apart = _signed(difference) + (f" ± {half:.2f}" if half is not None else "")
        rows.append(
            [
                name, _mean(one), apart, _mean(figures[("train_error_while_learning", part)]), str(one["n"]),
                f"{seconds:.1f}" if seconds < 10 else f"{seconds:,.0f}",
            ]
        )  # fmt: skip
    return _markdown(["step", "test", "apart", "train", "n", "seconds"], rows, language)


def _gaps(settings: Settings, language: Language) -> str:
    """Strings wholly right at each gap, and those of them that segmentation reads, read by both."""
    results, rows = settings["results"], []
    for one, beside in zip(results["measures"], results["beside"], strict=True):
        slid, cut = beside["displacement"], [beside[name] for name in SEGMENTED]
        rows.append(
            [
                str(beside["gap"]).replace("-", "−"), f"{beside['touching']:.0f} %", _mean(one), str(one["n"]),
                _interval(one, language) or "–", f"{sum(slid) / len(slid):.2f} %",
                *(f"{share['right']:.1f} % ({share['low']:.1f}–{share['high']:.1f})" for share in cut),
            ]
        )  # fmt: skip
    headings = ["gap", "touching", "right", "n", "interval", "slid", *SEGMENTED]
    note = Said(
        f"Strings of {DIGITS} digits. Segmentation is `lenet read`, which has no seed: the last three columns are of "
        f"the first {results['beside'][0]['strings']} strings at each gap, with the 95 % interval of the share.",
        f"每串 {DIGITS} 个数字。切分即 `lenet read`，它没有种子：最后三列只用每种间距的前 "
        f"{results['beside'][0]['strings']} 串，括号内是比例的 95 % 区间。",
    )
    return _markdown(headings, rows, language) + "\n\n" + note.of(language)


def _how_strings(settings: Settings, language: Language) -> str:
    recipe, data, results = settings["recipe"], settings["data"], settings["results"]
    seeds = [seed for group in settings["seeds"] for seed in group]
    kept_back, spent = results["amounts"]["kept_back"], results["milliseconds"]
    chosen = "; ".join(f"{_prices(one)} ({one['validation_right']:.1f} %)" for one in results["grammars"])
    network = describe("lenet-5")
    slid, one = connections(network, 64), connections(network, 32)
    texts = [
        Said(
            f"network `{settings['network']['name']}`; {data['name']}: {data['training_patterns']:,} training digits, "
            f"{kept_back:,} of them kept back to choose prices, and {data['test_patterns']:,} test digits, each used "
            "once at every gap",
            f"网络 `{settings['network']['name']}`；数据 {data['name']}：训练数字 {data['training_patterns']:,} 个，"
            f"其中 {kept_back:,} 个留下用来选定代价；测试数字 {data['test_patterns']:,} 个，每种间距各用一次",
        ),
        Said(
            f"loss: eq. 9, j = {recipe['j']:g}; AdamW on batches of {recipe['batch']}, weight decay "
            f"{recipe['weight_decay']:g}, highest rate {recipe['peak_rate']:g}, {recipe['passes']} passes; running "
            f"mean of the weights with {recipe['ema']:g}",
            f"损失：式 9，j = {recipe['j']:g}；AdamW，每批 {recipe['batch']} 个，权值衰减 {recipe['weight_decay']:g}，"
            f"最高学习率 {recipe['peak_rate']:g}，共 {recipe['passes']} 遍；权值的滑动平均系数 {recipe['ema']:g}",
        ),
        Said(
            f"seeds {seeds[0]}–{seeds[-1]}, each with first weights, windows, order and validation strings of its own; "
            "prices, as `lenet.sdnn.decoding.Grammar` names them, and validation strings wholly right with them: "
            f"{chosen}",
            f"种子 {seeds[0]}–{seeds[-1]}，初值、窗口、次序与验证串各不相同；代价（名称见 "
            f"`lenet.sdnn.decoding.Grammar`）与用它读对的验证串：{chosen}",
        ),
        Said(
            f"a column sees 32 pixels, and the next one 4 pixels further: a field of 64 has 9 columns, for {slid:,} "
            f"connections, where 9 windows one by one take {9 * one:,}, {9 * one / slid:.2f} times as many",
            f"一列看见 32 个像素，下一列在 4 个像素之后：宽 64 的画面有 9 列，用 {slid:,} 个连接；"
            f"9 个窗口逐个计算要 {9 * one:,} 个，是它的 {9 * one / slid:.2f} 倍",
        ),
        Said(
            f"{duration(settings['seconds'])} for all seeds, prices and segmentation on {_place(settings)}; "
            f"{spent['displacement']:.2g} ms a string by displacement, {spent[SEGMENTED[0]]:.0f} ms by segmentation",
            f"全部种子、代价与切分共用时 {duration(settings['seconds'])}，{_place(settings)}；"
            f"每串滑动 {spent['displacement']:.2g} 毫秒，切分 {spent[SEGMENTED[0]]:.0f} 毫秒",
        ),
    ]
    return "\n".join(f"- {_sentence(text.of(language), language)}" for text in texts)


def _prices(grammar: Mapping[str, Any]) -> str:
    prices = [f"{name} {float(grammar[name]):g}" for name in ("entry", "contact", "again", "stay", "longest")]
    return ", ".join(prices).replace("inf", "∞").replace("-", "−")


def _place(settings: Settings) -> str:
    machine = settings["machine"]
    return f"{machine['processor']}, {machine['cores']} × CPU, {machine['instructions']}"


def _how(row: Row, settings: Settings, language: Language) -> str:
    recipe, data, results = settings["recipe"], settings["data"], settings["results"]
    groups, orders = settings["seeds"], settings["orders"]
    if not groups:
        rows = ", ".join(f"`{name}`" for name in row.rests_on)
        return _sentence(Said(f"- from the networks of {rows}", f"- 用 {rows} 的网络").of(language), language)
    seeds = f"{groups[0][0]}–{groups[-1][-1]}"
    loss = {"map": f"eq. 9, j = {recipe['j']:g}", "penalty": "eq. 8", "mean-squared-error": "mean squared error, ±1"}
    runs = [(rate, len(list(same))) for rate, same in groupby(recipe["rates"])]
    rates = ", ".join(f"{rate:g} × {passes}" for rate, passes in runs)
    texts = [
        Said(
            f"network `{settings['network']['name']}`; {data['name']}, {data['preparation']}: "
            f"{data['training_patterns']:,} training and {data['test_patterns']:,} test patterns",
            f"网络 `{settings['network']['name']}`；数据 {data['name']}，{_PREPARATION_ZH[data['preparation']]}："
            f"训练 {data['training_patterns']:,} 个，测试 {data['test_patterns']:,} 个",
        ),
        Said(
            f"loss: {loss[recipe['loss']]}; first weights: `{recipe['init']}`; μ = {recipe['mu']:g}; second "
            f"derivatives from {recipe['curvature_patterns']} patterns before each of {len(recipe['rates'])} passes; "
            f"η × passes: {rates}",
            f"损失：{_LOSS_ZH[recipe['loss']].format(j=recipe['j'])}；初值规则 `{recipe['init']}`；μ = "
            f"{recipe['mu']:g}；共 {len(recipe['rates'])} 遍，"
            f"每遍之前用 {recipe['curvature_patterns']} 个样本估计二阶导数；η × 遍数：{rates}",
        ),
        *([_OF_STEPS] if row.measurement == "details" else []),
        Said(
            f"seeds {seeds}, in {len(orders)} group{'s' if len(orders) > 1 else ''} of "
            f"{' and '.join(str(len(group)) for group in groups)}, each group with an order of presentation "
            f"of its own, "
            f"random but constant{_by_order(results, language)}",
            f"种子 {seeds}，分 {len(orders)} 组（{'、'.join(str(len(group)) for group in groups)} 个），"
            f"每组各有一种随机但固定的呈现次序{_by_order(results, language)}",
        ),
        Said(
            f"{duration(settings['seconds'])} of training for all seeds together on {_place(settings)}",
            f"全部种子一起训练用时 {duration(settings['seconds'])}，{_place(settings)}",
        ),
    ]
    return "\n".join(f"- {_sentence(text.of(language), language)}" for text in texts)


def _by_order(results: Mapping[str, Any], language: Language) -> str:
    if len(means := results.get("by_order", [])) < 2:
        return ""
    listed = ", ".join(f"{mean:.2f} %" for mean in means)
    return Said(f" (mean test errors: {listed})", f"（各组平均测试错误率：{listed}）").of(language)


def _remarks(settings: Settings, language: Language) -> str:
    """How many seeds reach the printed error, and how far our mean curve is from a printed one, where there is one."""
    found = settings["results"].get("farthest") or {}
    texts = [
        Said(
            f"The printed test error came from one run; {sum(value <= one['published']['value'] for value in values)} "
            f"of our {one['n']} seeds reach it.",
            f"印出的测试错误率来自一次运行；我们的 {one['n']} 个种子中有 "
            f"{sum(value <= one['published']['value'] for value in values)} 个达到它。",
        )
        for one in settings["results"]["measures"]
        if one["measure"] == "test_error"
        and "published" in one
        and not one["part"]
        and len(values := one["values"]) > 1
    ]
    texts += [
        Said(
            f"After pass 3 our mean {label} curve is farthest from the printed one at pass {one['pass']:.0f}: "
            f"{_signed(one['difference'])} points.",
            f"第 3 遍之后，我们的平均{'测试' if name == 'test' else '训练'}曲线离印出的曲线最远处在第 "
            f"{one['pass']:.0f} 遍："
            f"差 {_signed(one['difference'])} 个百分点。",
        )
        for name, label in (("test", "test"), ("train", "training"))
        if (one := found.get(name))
    ]
    return (" " if language == "en" else "").join(text.of(language) for text in texts)


def _first_measures(row: Row, settings: Settings) -> list[Mapping[str, Any]]:
    """What stands in the short tables: what has a printed figure; where nothing is printed, all tests."""
    measures = settings["results"]["measures"]
    return [one for one in measures if "published" in one] or [
        one for one in measures if one["measure"] in ("test_error", "strings_right")
    ]


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]], language: Language) -> str:
    lines = ["| " + " | ".join(_WORDS[heading].of(language) for heading in headings) + " |"]
    lines.append("|" + "---|" * len(headings))
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _part(one: Mapping[str, Any], language: Language) -> str:
    if not one["part"]:
        return ""
    return Said(f", {one['part']}", f"，{_part_zh(one['part'])}").of(language)


def _part_zh(part: str) -> str:
    for english, chinese in (*((one.en, one.zh) for one in (PUBLISHED, *(step.label for step in STEPS))), *PARTS):
        part = part.replace(english, chinese)
    return part


def _unit(one: Mapping[str, Any]) -> str:
    return "" if one["measure"] == "average_cost" else " %"


def _mean(one: Mapping[str, Any]) -> str:
    spread = "" if one["deviation"] is None else f" ± {one['deviation']:.2f}"
    return f"{one['mean']:.2f}{spread}{_unit(one)}"


def _interval(one: Mapping[str, Any], language: Language) -> str:
    if one["low"] is None:
        return ""
    return f"{one['low']:.2f} {_WORDS['to'].of(language)} {one['high']:.2f}{_unit(one)}".replace("-", "−")


def _printed(one: Mapping[str, Any]) -> str:
    return f"{printed(one['published']['value'])}{_unit(one)}" if "published" in one else ""


def printed(value: float) -> str:
    """A figure with the digits of the papers: one after the point at least.

    >>> printed(5.0), printed(0.95)
    ('5.0', '0.95')
    """
    return f"{value:.1f}" if round(value, 1) == value else f"{value:g}"


def _verdict(one: Mapping[str, Any], language: Language) -> str:
    return _VERDICTS[one.get("verdict", "one")].of(language)


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _sentence(text: str, language: Language) -> str:
    """With its first letter large, unless it is a symbol, and an end."""
    if language == "zh":
        return text if text.endswith(("？", "。")) else text + "。"
    first = text[:1].upper() + text[1:] if text[:1].isascii() else text
    return first if first.endswith(("?", ".")) else first + "."


_OF_STEPS = Said(
    "that is the network as published; each step differs from the one before it as the table says and in nothing else",
    "以上是原论文的网络；每一步与前一步只差表中所说的那一处",
)
_LOSS_ZH = {"map": "式 9，j = {j:g}", "penalty": "式 8", "mean-squared-error": "均方误差，目标 ±1"}
_PREPARATION_ZH = {"as it is": "原样", "digits reduced to 16×16": "数字缩成 16×16"}
