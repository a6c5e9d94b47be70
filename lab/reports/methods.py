"""Describe how a row was made: network, data, recipe, seeds, time; as items of a list."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from lab.reports.texts import Texts
from lenet.experiments.digit_strings import SEGMENTED
from lenet.experiments.formatting import Settings
from lenet.experiments.rows import Row
from lenet.networks import describe
from lenet.sdnn.displacement import connections
from lenet.training.progress import duration


def method(row: Row, settings: Settings, texts: Texts) -> str:
    """Describe how a row was made."""
    if row.measurement == "strings":
        return texts.sentences(_strings(settings, texts))
    if not settings["seeds"]:
        rows = ", ".join(f"`{name}`" for name in row.depends_on)
        return texts.sentence(texts.text("how", "rests-on", rows=rows))
    return texts.sentences(_training(row, settings, texts))


def _training(row: Row, settings: Settings, texts: Texts) -> list[str]:
    recipe, data, groups = settings["recipe"], settings["data"], settings["seeds"]
    runs = [(rate, len(list(same))) for rate, same in groupby(recipe["rates"])]
    described = [
        texts.text(
            "how", "network", network=settings["network"]["name"], data=data["name"],
            preparation=texts.name(data["preparation"]), training=data["training_patterns"],
            test=data["test_patterns"],
        ),
        texts.text(
            "how", "recipe", loss=texts.text("losses", recipe["loss"], j=recipe["j"]), init=recipe["init"],
            mu=recipe["mu"], curvature_examples=recipe["curvature_examples"], passes=len(recipe["rates"]),
            rates=", ".join(f"{rate:g} × {passes}" for rate, passes in runs),
        ),
    ]  # fmt: skip
    if row.measurement == "ablation":
        described.append(texts.text("how", "ablation"))
    described += [
        texts.text(
            "how", "seeds-in-groups" if len(settings["orders"]) > 1 else "seeds-in-one-group",
            seeds=f"{groups[0][0]}–{groups[-1][-1]}", groups=len(settings["orders"]),
            sizes=texts.text("writing", "and").join(str(len(group)) for group in groups),
            by_order=_by_order(settings["results"], texts),
        ),
        texts.text("how", "time", duration=duration(settings["seconds"]), machine=_machine(settings)),
    ]  # fmt: skip
    return described


def _by_order(results: Mapping[str, Any], texts: Texts) -> str:
    if len(means := results.get("by_order", [])) < 2:
        return ""
    return texts.text("how", "by-order", means=", ".join(f"{mean:.2f} %" for mean in means))


def _strings(settings: Settings, texts: Texts) -> list[str]:
    recipe, data, results = settings["recipe"], settings["data"], settings["results"]
    seeds, spent = [seed for group in settings["seeds"] for seed in group], results["milliseconds"]
    network = describe("lenet-5")
    slid, separate = connections(network, 64), 9 * connections(network, 32)
    return [
        texts.text(
            "strings", "network", network=settings["network"]["name"], data=data["name"],
            training=data["training_patterns"], kept_back=results["amounts"]["kept_back"], test=data["test_patterns"],
        ),
        texts.text(
            "strings", "recipe", j=recipe["j"], batch=recipe["batch"], weight_decay=recipe["weight_decay"],
            peak_rate=recipe["learning_rate"], passes=settings["passes"], ema=recipe["ema"],
        ),
        texts.text(
            "strings", "seeds", first=seeds[0], last=seeds[-1],
            chosen="; ".join(f"{_prices(one)} ({one['validation_right']:.1f} %)" for one in results["grammars"]),
        ),
        texts.text("strings", "connections", slid=slid, separate=separate, ratio=separate / slid),
        texts.text(
            "strings", "time", duration=duration(settings["seconds"]), machine=_machine(settings),
            displacement=spent["displacement"], segmentation=spent[SEGMENTED[0]],
        ),
    ]  # fmt: skip


def _prices(grammar: Mapping[str, Any]) -> str:
    costs = [f"{name} {float(grammar[name]):g}" for name in ("entry", "contact", "again", "stay", "longest")]
    return ", ".join(costs).replace("inf", "∞").replace("-", "−")


def _machine(settings: Settings) -> str:
    machine = settings["machine"]
    return f"{machine['processor']}, {machine['cores']} × CPU, {machine['instructions']}"
