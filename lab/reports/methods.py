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


def describe_method(row: Row, settings: Settings, texts: Texts) -> str:
    """Describe how a row was made."""
    if row.measurement == "strings":
        return texts.to_list(_describe_strings(settings, texts))
    if not settings["seeds"]:
        rows = ", ".join(f"`{name}`" for name in row.depends_on)
        return texts.to_sentence(texts.fill("how", "rests-on", rows=rows))
    return texts.to_list(_describe_training(row, settings, texts))


def _describe_training(row: Row, settings: Settings, texts: Texts) -> list[str]:
    recipe, data, groups = settings["recipe"], settings["data"], settings["seeds"]
    runs = [(rate, len(list(same))) for rate, same in groupby(recipe["rates"])]
    described = [
        texts.fill(
            "how", "network", network=settings["network"]["name"], data=data["name"],
            preparation=texts.translate(data["preparation"]), training=data["training_patterns"],
            test=data["test_patterns"],
        ),
        texts.fill(
            "how", "recipe", loss=texts.fill("losses", recipe["loss"], j=recipe["j"]), init=recipe["init"],
            mu=recipe["mu"], curvature_examples=recipe["curvature_examples"], passes=len(recipe["rates"]),
            rates=", ".join(f"{rate:g} × {passes}" for rate, passes in runs),
        ),
    ]  # fmt: skip
    if row.measurement == "ablation":
        described.append(texts.fill("how", "ablation"))
    described += [
        texts.fill(
            "how", "seeds-in-groups" if len(settings["orders"]) > 1 else "seeds-in-one-group",
            seeds=f"{groups[0][0]}–{groups[-1][-1]}", groups=len(settings["orders"]),
            sizes=texts.fill("writing", "and").join(str(len(group)) for group in groups),
            by_order=_order_means_text(settings["results"], texts),
        ),
        texts.fill("how", "time", duration=duration(settings["seconds"]), machine=_machine_text(settings)),
    ]  # fmt: skip
    return described


def _order_means_text(results: Mapping[str, Any], texts: Texts) -> str:
    if len(means := results.get("by_order", [])) < 2:
        return ""
    return texts.fill("how", "by-order", means=", ".join(f"{mean:.2f} %" for mean in means))


def _describe_strings(settings: Settings, texts: Texts) -> list[str]:
    recipe, data, results = settings["recipe"], settings["data"], settings["results"]
    seeds, spent = [seed for group in settings["seeds"] for seed in group], results["milliseconds"]
    network = describe("lenet-5")
    slid, separate = connections(network, 64), 9 * connections(network, 32)
    return [
        texts.fill(
            "strings", "network", network=settings["network"]["name"], data=data["name"],
            training=data["training_patterns"], kept_back=results["amounts"]["kept_back"], test=data["test_patterns"],
        ),
        texts.fill(
            "strings", "recipe", j=recipe["j"], batch=recipe["batch"], weight_decay=recipe["weight_decay"],
            peak_rate=recipe["learning_rate"], passes=settings["passes"], ema=recipe["ema"],
        ),
        texts.fill(
            "strings", "seeds", first=seeds[0], last=seeds[-1],
            chosen="; ".join(f"{_costs_text(one)} ({one['validation_right']:.1f} %)" for one in results["grammars"]),
        ),
        texts.fill("strings", "connections", slid=slid, separate=separate, ratio=separate / slid),
        texts.fill(
            "strings", "time", duration=duration(settings["seconds"]), machine=_machine_text(settings),
            displacement=spent["displacement"], segmentation=spent[SEGMENTED[0]],
        ),
    ]  # fmt: skip


def _costs_text(grammar: Mapping[str, Any]) -> str:
    costs = [f"{name} {float(grammar[name]):g}" for name in ("entry", "contact", "again", "stay", "longest")]
    return ", ".join(costs).replace("inf", "∞").replace("-", "−")


def _machine_text(settings: Settings) -> str:
    machine = settings["machine"]
    return f"{machine['processor']}, {machine['cores']} × CPU, {machine['instructions']}"
