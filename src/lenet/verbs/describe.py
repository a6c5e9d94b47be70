"""The verbs ``show``, ``diff`` and ``code``: networks counted, compared, and printed as PyTorch source."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from lenet import summary
from lenet.architecture import Network
from lenet.errors import ArchitectureError, UnknownName
from lenet.naming import matching_name
from lenet.networks import describe, names
from lenet.networks.toml_files import names_toml
from lenet.pytorch.source import standalone_source
from lenet.summary import NetworkDifference, NetworkSummary

if TYPE_CHECKING:
    from lenet.model import Model


def show(
    network: Network | Model | str | Path,
    *,
    classes: int | None = None,
    channels: int | None = None,
    hidden: int | None = None,
    size: int | None = None,
) -> NetworkSummary:
    """Count a network exactly: shapes, parameters, connections, multiply-accumulates, receptive fields.

    Args:
        network: a name, a TOML file of a network of one's own, a description, a model, or its file or run's folder.
        classes, channels, hidden, size: of networks that have such options, by name: see `lenet.describe`.

    Returns:
        The summary; printed, it is the table of ``lenet show``. See also its ``explain``, ``trace``,
        ``to_markdown``, ``to_json``.

    Raises:
        UnknownName, ArchitectureError: as `lenet.describe`.
        WeightsError: as `lenet.load`.

    >>> show("LeNet-5").parameters
    60000
    """
    return summary.summarize(describe_network(network, classes=classes, channels=channels, hidden=hidden, size=size))


def diff(before: Network | Model | str | Path, after: Network | Model | str | Path) -> NetworkDifference:
    """List every difference of two networks, stage by stage, with its effect on the counts.

    >>> "total parameters: 60,000 → 61,706 (+1,706)" in str(diff("lenet-5", "lenet-5-relu"))
    True
    """
    return summary.difference(describe_network(before), describe_network(after))


Form = Literal["module", "sequential", "train", "predict"]


def code(
    network: Network | Model | str | Path,
    *,
    form: Form = "module",
    classes: int | None = None,
    channels: int | None = None,
    hidden: int | None = None,
    size: int | None = None,
) -> str:
    """A network as a standalone, readable PyTorch file, and the files that train it and predict by it.

    Args:
        network, classes, channels, hidden, size: as `show` takes them.
        form: ``"module"``, an attribute for each stage; ``"sequential"``, the layers in ``feature_extractor`` and
            ``classifier``; both import torch only. ``"train"`` and ``"predict"``: scripts in plain PyTorch that import
            the network from ``model.py``, which is either of the first two.

    Raises:
        UnknownName, ArchitectureError: as `lenet.describe`; or if there is no such form, a stage's name cannot be
            written in Python, or the scripts cannot read pictures for the network.

    >>> "class LeNet5(nn.Module):" in code("lenet-5")
    True
    >>> "from model import LeNet5" in code("lenet-5", form="train")
    True
    """
    description = describe_network(network, classes=classes, channels=channels, hidden=hidden, size=size)
    match form:
        case "module" | "sequential":
            return standalone_source(description, sequential=form == "sequential")
        case "train" | "predict":
            from lenet.verbs.scripts import prediction_script, training_script  # here, because recipes need NumPy

            return training_script(description) if form == "train" else prediction_script(description)
    raise UnknownName("form of code", form, get_args(Form))


def describe_network(network: Network | Model | str | Path, **options: int | None) -> Network:
    """The description of a network that is named, described, or that a model has, which a path may name.

    Raises:
        UnknownName, ArchitectureError: as `lenet.describe`, or if options come with what is no name.
        WeightsError: as `lenet.load`, for a path.
    """
    values = {option: value for option, value in options.items() if value is not None}
    if isinstance(network, str | Path):
        if matching_name(str(network), names()) or names_toml(network) or not os.path.exists(network):  # noqa: PTH110
            return describe(network, **values)
        from lenet.model import load  # here, because counting and printing networks need no NumPy

        network = load(network)
    network = getattr(network, "network", network)
    if not isinstance(network, Network):
        raise ArchitectureError(
            f"{type(network).__name__}: is no network; expected a name, a TOML file, a description or a model"
        )
    if values:
        raise ArchitectureError(f"{network.name} is described already; give its name to choose {next(iter(values))}")
    return network


def title_of(source: Model | str | Path, model: Model) -> str:
    """The name of a model on the page: its run's folder, its file's name, or else its network's name."""
    from lenet.model import RUN_BEST, Model

    path = None if isinstance(source, Model) or names_toml(source) else Path(source)
    if path is None or not path.exists():
        return model.network.name
    return path.resolve().parent.name if path.name == RUN_BEST else path.resolve().stem


def load_or_create(source: Model | str | Path) -> Model:
    """Load a model; of a TOML file, which has no weights, create one with first weights of seed 0.

    Raises:
        WeightsError, UnknownName, ArchitectureError: as `lenet.load` and `lenet.describe`.
    """
    from lenet.model import create, load  # here, because counting and printing networks need no NumPy

    if not names_toml(source):
        return load(source)
    print(f"lenet: {source} has no weights; what is shown is the network before training", file=sys.stderr)
    return create(str(source))
