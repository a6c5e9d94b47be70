"""Describe how a row was made: network, data, recipe, seeds, time; as items of a list.

Settings are the content of a row's run.json. In its recipe, ``j`` is the penalty of the rubbish class in the MAP
criterion [LeCun98, eq. 9] and ``mu`` the damping of the second derivatives. Its ``seeds`` are a list for each group of
replicas that are trained side by side, and its ``orders`` the seed of each group's order of presentation. Measurements
are those of `lenet.experiments.rows.Row`: ``"ablation"`` trains LeNet-5 with one change more at each step from 1998 to
today.
"""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from lab.reports.texts import Texts
from lenet.experiments.digit_strings import SEGMENTED
from lenet.experiments.formatting import RowRecord
from lenet.experiments.rows import Row
from lenet.networks import describe
from lenet.sdnn.displacement import connections
from lenet.training.progress import duration


def describe_method(row: Row, settings: RowRecord, texts: Texts) -> str:
    """Describe how a row was made, in Markdown; of a row without seeds of its own, which rows it rests on."""
    if row.measurement == "strings":
        return texts.to_list(_describe_strings(settings, texts))
    if not settings["seeds"]:
        rows = ", ".join(f"`{name}`" for name in row.depends_on)
        return texts.to_sentence(texts.fill("how", "rests-on", rows=rows))
    return texts.to_list(_describe_training(row, settings, texts))


def _describe_training(row: Row, settings: RowRecord, texts: Texts) -> list[str]:
    recipe, data, groups = settings["recipe"], settings["data"], settings["seeds"]
    rates_and_passes = [(rate, len(list(equal_rates))) for rate, equal_rates in groupby(recipe["rates"])]
    items = [
        texts.fill(
            "how", "network", network=settings["network"]["name"], data=data["name"],
            preparation=texts.translate(data["preparation"]), training=data["training_patterns"],
            test=data["test_patterns"],
        ),
        texts.fill(
            "how", "recipe", loss=texts.fill("losses", recipe["loss"], j=recipe["j"]), init=recipe["init"],
            mu=recipe["mu"], curvature_examples=recipe["curvature_examples"], passes=len(recipe["rates"]),
            rates=", ".join(f"{rate:g} × {passes}" for rate, passes in rates_and_passes),
        ),
    ]  # fmt: skip
    if row.measurement == "ablation":
        items.append(texts.fill("how", "ablation"))
    items += [
        texts.fill(
            "how", "seeds-in-groups" if len(settings["orders"]) > 1 else "seeds-in-one-group",
            seeds=f"{groups[0][0]}–{groups[-1][-1]}", groups=len(settings["orders"]),
            sizes=texts.fill("writing", "and").join(str(len(group)) for group in groups),
            by_order=_order_means_text(settings["results"], texts),
        ),
        texts.fill("how", "time", duration=duration(settings["seconds"]), machine=_machine_text(settings)),
    ]  # fmt: skip
    return items


def _order_means_text(results: Mapping[str, Any], texts: Texts) -> str:
    """The mean test error of each group; empty if there is one group only."""
    if len(means := results.get("by_order", [])) < 2:
        return ""
    return texts.fill("how", "by-order", means=", ".join(f"{mean:.2f} %" for mean in means))


def _describe_strings(settings: RowRecord, texts: Texts) -> list[str]:
    recipe, data, results = settings["recipe"], settings["data"], settings["results"]
    seeds, milliseconds = [seed for group in settings["seeds"] for seed in group], results["milliseconds"]
    network = describe("lenet-5")
    # One space displacement network over a field of 64 pixels, against a network in each of its nine windows of 32.
    space_displacement, separate_windows = connections(network, 64), 9 * connections(network, 32)
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
            chosen="; ".join(
                f"{_costs_text(grammar)} ({grammar['validation_right']:.1f} %)" for grammar in results["grammars"]
            ),
        ),
        texts.fill(
            "strings", "connections", displacement=space_displacement, separate=separate_windows,
            ratio=separate_windows / space_displacement,
        ),
        texts.fill(
            "strings", "time", duration=duration(settings["seconds"]), machine=_machine_text(settings),
            displacement=milliseconds["displacement"], segmentation=milliseconds[SEGMENTED[0]],
        ),
    ]  # fmt: skip


def _costs_text(grammar: Mapping[str, Any]) -> str:
    """The costs of a `lenet.sdnn.decoding.Grammar`, given by its fields, and its limit of columns, ``longest``."""
    costs = [f"{name} {float(grammar[name]):g}" for name in ("entry", "contact", "again", "stay", "longest")]
    return ", ".join(costs).replace("inf", "∞").replace("-", "−")


def _machine_text(settings: RowRecord) -> str:
    machine = settings["machine"]
    return f"{machine['processor']}, {machine['cores']} × CPU, {machine['instructions']}"
