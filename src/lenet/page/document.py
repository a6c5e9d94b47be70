"""The page's data as JSON: networks with their weights, calibration and exact counts."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import lenet
from lenet.architecture import Network
from lenet.classes import DIGITS
from lenet.connections import DIGIT_CODES
from lenet.errors import LeNetError, WeightsError, printable
from lenet.model import Model, pretrained
from lenet.page.digits import packed_digits
from lenet.page.plane import digit_plane, pack
from lenet.summary import derive, summarize
from lenet.summary.derivations import Language, describe_stage

FORMAT = "lenet-page-1"
DEFAULT_MODELS = ("lenet-5-relu", "lenet-5")
MAX_NETWORKS = 6
MAX_PARAMETERS = 2_000_000

_LANGUAGES: tuple[Language, ...] = ("en", "zh")


def page_document(
    models: Sequence[Model],
    language: Language | None = None,
    *,
    reads_at: str | None = None,
    docs_at: str | None = None,
    titles: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The page's document.

    Drawings are read by the first network of digits with a reject class, else by the first one of digits. If there
    is none, the shipped model is added for reading alone, marked ``"hidden"``.

    Args:
        models: the networks in the order of the page.
        language: the one that the page starts in; the browser's if None.
        reads_at: the path at which the server that gives out the page reads pictures; None for a page that is a file,
            which has no server to ask, or of a server that reads no digits by these networks.
        docs_at: the path of the documentation of the server that gives out the page.
        titles: what each network is called, as the folder of its run; the networks' names if None.

    Returns:
        ``{"format", "version", "language", "reads_at", "docs_at", "networks": [{"description", "title", "parameters",
        "weights", "plane", …}], "reader", "digit_codes", "digits"}``, plain values; the digits are those that the
        page's own network learns from, as `packed_digits` gives them, the planes as `digit_plane` does.

    Raises:
        LeNetError: if there is no network, or too many.
        WeightsError: if a network cannot be shown, or its calibration cannot be read.
    """
    if not 1 <= len(models) <= MAX_NETWORKS:
        raise LeNetError(f"a page shows 1 to {MAX_NETWORKS} networks, got {len(models)}")
    for model in models:
        _check_network(model.network)
    names = _make_distinct(titles or [model.network.name for model in models])
    networks = [
        _network(model, name) | {"plane": digit_plane(model)} for model, name in zip(models, names, strict=True)
    ]
    reader = _reader_index(networks)
    if reader is None:
        reader = len(networks)
        networks.append(_network(pretrained(), "reader") | {"plane": None, "hidden": True})
    return {
        "format": FORMAT,
        "version": lenet.__version__,
        "language": language,
        "reads_at": reads_at,
        "docs_at": docs_at,
        "networks": networks,
        "reader": reader,
        "digit_codes": [list(code) for code in DIGIT_CODES],
        "digits": packed_digits(),
    }


def _check_network(network: Network) -> None:
    _, height, width = network.output_shapes[-1]
    if (height, width) != (1, 1) or network.classes < 2:
        raise WeightsError(
            f"{network.name}: its outputs are {network.classes}@{height}×{width}; "
            "a page shows networks that end in one unit for each of at least two classes"
        )
    if (count := network.parameter_count) > MAX_PARAMETERS:
        raise WeightsError(f"{network.name} has {count:,} parameters; a page holds {MAX_PARAMETERS:,} a network")


def _make_distinct(names: Sequence[str]) -> list[str]:
    """The names, those that stand more than once with a number."""
    titles: list[str] = []
    for name in map(printable, names):
        number = 1
        while (title := name if number == 1 else f"{name} ({number})") in titles:
            number += 1
        titles.append(title)
    return titles


def _reader_index(networks: list[dict[str, Any]]) -> int | None:
    for_digits = [
        index
        for index, network in enumerate(networks)
        if tuple(network["labels"]) == DIGITS and network["pictures"]["kind"] != "color"
    ]
    with_reject_class = [index for index in for_digits if networks[index]["reject_class"] is not None]
    return next(iter([*with_reject_class, *for_digits]), None)


def _network(model: Model, title: str) -> dict[str, Any]:
    parameters, weights = pack({name: model.parameters[name] for name in model.network.parameter_shapes()})
    return {
        "description": model.network.to_json(),
        "title": title,
        "parameters": parameters,
        "weights": weights,
        "calibration": _calibration(model, "calibration of one view", "calibration"),  # of a single pass
        "reading_calibration": _calibration(model, "calibration"),  # of the mean over several views of a digit
        "reject_class": model.reject_class,
        "labels": list(model.class_names),
        "pictures": asdict(model.picture_kind),
        "provenance": _provenance(model),
        "counts": _summary(model.network),
    }


def _calibration(model: Model, *kinds: str) -> dict[str, float]:
    """The first of these kinds of calibration that the model has, or the default one."""
    with model.checked_provenance() as provenance:
        calibration = provenance.record(next((kind for kind in kinds if kind in provenance), kinds[0]), default={})
        return {
            "temperature": calibration.number("temperature", 1e-3, 1e3, default=1.0),
            "min_confidence": calibration.number("least", 0, 1, default=0.8),
        }


def _provenance(model: Model) -> dict[str, Any]:
    provenance = model.provenance
    metrics = provenance.get("metrics")
    return {
        "data": _text(model.trained_on),
        "test_error": _number(metrics.get("mnist test error %") if isinstance(metrics, dict) else None),
        "validation_error": _number(provenance.get("validation_error_rate")),
        "made_by": _text(provenance.get("made by")) or ("lenet train" if "recipe" in provenance else None),
    }


def _text(value: Any) -> str | None:
    return printable(value) if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and 0 <= value < math.inf else None


def _summary(network: Network) -> dict[str, Any]:
    """The counts of a network with every derivation in both languages."""
    summary = summarize(network)
    counts = summary.to_json()
    stages = []
    for stage, figures in zip(network.stages, counts["stages"], strict=True):
        derivations = derive(summary, stage.name)
        field = {
            "size": figures.pop("receptive_field"),
            "step": figures.pop("jump"),
            "center": figures.pop("first_center"),
        }
        stages.append(
            {
                **figures,
                "receptive_field": field,
                "description": {
                    language: describe_stage(stage.layer, figures["input_shape"], language) for language in _LANGUAGES
                },
                "derivations": {
                    language: [[derivation.label(language), derivation.formula] for derivation in derivations]
                    for language in _LANGUAGES
                },
            }
        )
    return {**counts["totals"], "stages": stages}
