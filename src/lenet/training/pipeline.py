"""The training pipeline: resolve network, data and recipe; train; test the best model once; draw the curves."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from lenet import data as data_sets
from lenet import networks
from lenet.architecture import Network
from lenet.classes import meaning_of
from lenet.data import Dataset
from lenet.errors import TrainingError, check_switches, printable
from lenet.evaluation import evaluate, warn_of_transposed_digits
from lenet.files import check_folder_writable, path_argument, write_atomically
from lenet.model import Model, load
from lenet.records import json_bytes
from lenet.training.curves import draw_curves
from lenet.training.devices import is_available
from lenet.training.distributed import Worker
from lenet.training.loop import fit
from lenet.training.progress import for_python
from lenet.training.recipes import Recipe, check_effect
from lenet.training.recipes import recipe as named_recipe
from lenet.training.runs import RUNS, Run, fingerprint, read_settings, resumable_writes

if TYPE_CHECKING:
    from lenet.training.progress import NullProgress

DEFAULT_NETWORK, DEFAULT_DATA, DEFAULT_RECIPE = "lenet-5-relu", "mnist", "default"


class RecipeOverrides(TypedDict, total=False):
    """The values of a `Recipe` that `train` takes as keywords."""

    epochs: int
    batch: int
    optimizer: str
    learning_rate: float
    momentum: float
    nesterov: bool
    weight_decay: float
    schedule: str
    rates: Sequence[float]
    warm_up: float
    label_smoothing: float
    loss: str
    j: float
    halved: bool
    mu: float
    curvature_examples: int
    init: str
    shift: int
    flip: bool
    translation: float
    rotation: float
    scale: float
    squeeze: float
    shear: float
    elastic: float
    ema: float
    seed: int


def train(
    network: Network | Model | str | Path | None = None,
    data: Dataset | str | Path | None = None,
    *,
    recipe: Recipe | str | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    repeat: str | Path | None = None,
    data_dir: str | Path | None = None,
    classes: int | None = None,
    channels: int | None = None,
    polarity: str = "auto",
    transpose: bool | None = None,
    hidden: int | None = None,
    size: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    validation: int | None = None,
    checkpoint_every: int | None = None,
    progress: NullProgress | None = None,
    **overrides: Unpack[RecipeOverrides],
) -> Run:
    """Train a network; the best model by validation error is kept, and tested once.

    Args:
        network: a name, which gets as many classes and channels as the data has; a TOML file of a network of one's own;
            a description; or a `Model`, whose parameters are where training starts. ``"lenet-5-relu"`` if None.
        data: a public data set's name, a path to your own, or a `Dataset`. ``"mnist"`` if None.
        recipe: a name, or a `Recipe`; ``"default"`` if None. Named recipes are adapted to the network.
        out: the run's folder; None takes the first free ``runs/NETWORK-DATA-N``.
        resume: go on with the run in ``out`` exactly where its last checkpoint stands; start it if there is none.
        repeat: repeat the run of this ``run.json``, or of the one in this folder.
        data_dir: the folder where the files of a public data set lie already.
        classes, channels, hidden, size: of networks that have such options, by name: see `lenet.describe`. Classes and
            channels replace those of the data, whose pictures are brought to the network's channels.
        polarity, transpose: of data of your own, given by its path; as `lenet.data.load` takes them.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        threads: of the CPU; None takes one per core.
        validation: examples cut from the training split to choose by; None takes a tenth, at most 5,000; 0 none.
        checkpoint_every: updates between checkpoints within an epoch; None keeps one an epoch.
        progress: what shows how it goes; None shows a line for each epoch in a notebook, and nothing elsewhere.
        overrides: other values than the recipe's, by name: ``epochs=2``, ``seed=1``; see `Recipe`.

    Returns:
        The run: ``run.model``, ``run.history``, ``run.evaluation``.

    Raises:
        UnknownName: if there is no such network, data set or recipe.
        DataError: if the data can neither be found nor downloaded, or is damaged.
        TrainingError: if the run cannot start, go on, be repeated or be written, or the loss is no longer a number.
        EngineError, MissingExtra: if there is no engine that learns.
    """
    for name, path in (("out", out), ("repeat", repeat), ("data_dir", data_dir)):
        if path is not None:
            path_argument(name, path, TrainingError)
    check_switches(TrainingError, resume=resume)
    check_folder_writable(RUNS if out is None else out)
    stored = _stored_settings(out, resume, repeat)
    start = network if isinstance(network, Model) else _start_of(out if resume else repeat, stored)
    options = {"classes": classes, "channels": channels, "hidden": hidden, "size": size}
    arguments = {option: value for option, value in options.items() if value is not None}
    data_options = _data_options(data, data_dir, polarity, transpose)
    description, dataset, source = _network_and_data(network, data, data_options, arguments, stored, start)
    _warn_of_data(dataset, source)
    if start is not None and not _replaces_classes(start, dataset):
        dataset = dataset.with_classes(start.class_names)
    is_other = bool(stored) and Network.from_json(stored["network"]).stages != description.stages
    if repeat and is_other and recipe is None:
        raise TrainingError(
            f"{repeat}: its recipe is one for {stored['network']['name']} with that run's input and outputs, and the "
            "network is another; leave the network out, or say the recipe, too"
        )
    full_recipe = _recipe(recipe, description, len(dataset.train_labels), overrides, stored)
    digest = fingerprint(dataset.train_images, dataset.train_labels) if stored and repeat else None
    if digest is not None and digest != stored["data"]["training_sha256"]:
        print(f"lenet: the training data differs from that of {repeat}", file=sys.stderr)
    run = fit(
        description,
        dataset,
        full_recipe,
        out,
        resume=resume,
        start=start,
        validation=stored["validation"] if stored and validation is None else validation,
        device=stored.get("device", device) if device == "auto" else device,
        engine=_repeated_engine(stored) if repeat else None,
        threads=stored.get("threads") if threads is None else threads,
        checkpoint_every=checkpoint_every,
        source=source,
        progress=progress or for_python(),
    )
    if Worker.from_environment().is_rank_zero:
        evaluation = evaluate(run.model, dataset, engine=run.settings["engine"])
        with resumable_writes(run.folder):
            draw_curves(run)
            write_atomically(run.evaluation_path, json_bytes(evaluation.to_json()))
        run = replace(run, evaluation=evaluation)
    return run


def _stored_settings(out: str | Path | None, resume: bool, repeat: str | Path | None) -> dict[str, Any]:
    """The settings of the run to resume or to repeat; empty for a new one."""
    if resume and repeat:
        raise TrainingError("--resume goes on with a run and --from repeats one from its start; give one of them")
    if resume and out is None:
        raise TrainingError("--resume needs --out, the folder of the run to go on with")
    if resume and out and not (Path(out) / "run.json").exists():
        print(f"lenet: {printable(str(out))} holds no run yet; starting one", file=sys.stderr)
        return {}
    folder = out if resume else repeat
    stored = read_settings(folder) if folder else {}
    if stored and "source" not in stored["data"]:
        raise TrainingError(f"{folder}: was not trained on a data set as it is; go on with the command that began it")
    return stored


def _replaces_classes(start: Model, dataset: Dataset) -> bool:
    """Whether a model of numbered classes is to learn the data set's named classes in their place."""
    has_numbers = all(name.isdecimal() for name in start.class_names)
    return has_numbers and not any(meaning_of(name).isdecimal() for name in dataset.class_names)


def _start_of(folder: str | Path | None, stored: dict[str, Any]) -> Model | None:
    """The initial model of the run to resume or to repeat; None if its recipe draws the initial weights."""
    if folder is None or "start" not in stored:
        return None
    path = Path(folder)
    start = load(Run(path if path.is_dir() else path.parent).first_path)
    if start.digest != stored["start"]:
        raise TrainingError(f"{folder}: the run started from another model than first.safetensors beside it holds")
    return start


def _repeated_engine(stored: dict[str, Any]) -> str | None:
    """The engine of the run to repeat, if it is available and LENET_ENGINE names no other."""
    engine = str(stored.get("engine", "torch"))
    if is_available(engine) and os.environ.get("LENET_ENGINE", engine) == engine:
        return engine
    warning = f"the run was made with the engine {printable(engine)}; another one gives other last bits"
    print(f"lenet: {warning}", file=sys.stderr)
    return None


def _data_options(
    data: Dataset | str | Path | None, data_dir: str | Path | None, polarity: str, transpose: bool | None
) -> dict[str, Any]:
    """The arguments of `data.load` beside the name, as ``run.json`` holds them."""
    options: dict[str, Any] = {} if polarity == "auto" else {"polarity": polarity}
    if transpose is not None:
        options["transpose"] = transpose
    if options and isinstance(data, Dataset):
        raise TrainingError(f"{next(iter(options))} goes with the path of data; give it to lenet.data.load")
    return options | ({"data_dir": str(Path(data_dir).resolve())} if data_dir else {})


def _warn_of_data(dataset: Dataset, source: dict[str, Any]) -> None:
    """Warn of classes without training examples, and of transposed digits."""
    empty = dataset.unlearned_classes
    if len(dataset.class_names) - len(empty) < 2:
        return  # which is refused before training
    if empty:
        names = ", ".join(empty[:10]) + ", …" * (len(empty) > 10)
        print(f"lenet: {dataset.name} has no training examples of {printable(names)}: none is learned", file=sys.stderr)
    if "transpose" not in source:
        warn_of_transposed_digits(dataset)


def _network_and_data(
    network: Network | Model | str | Path | None,
    data: Dataset | str | Path | None,
    data_options: dict[str, Any],
    arguments: dict[str, int],
    stored: dict[str, Any],
    start: Model | None,
) -> tuple[Network, Dataset, dict[str, Any]]:
    """The network with the data set's classes and channels, the data set, and the arguments that load it again."""
    if isinstance(network, Model):
        network = network.network
    elif start is not None and (network is None or network == start.network.name):
        network = start.network
    if stored and network is None:
        network = Network.from_json(stored["network"])
    if isinstance(network, Network) and arguments:
        option = next(iter(arguments))
        raise TrainingError(f"{network.name} is described already; leave {option} out, or give its name to choose it")
    name = DEFAULT_NETWORK if network is None else network
    description = name if isinstance(name, Network) else networks.describe(name, **arguments)
    if isinstance(data, Dataset):
        dataset, source = data, _source_of(data)
    else:
        source = _source(data, data_options, stored)
        if data_sets.public_name(source["name_or_path"]) is None:
            source = {"size": description.input[1], "color": description.input[0] == 3} | source
        dataset = data_sets.load(**source)
    if isinstance(name, Network):
        return description, dataset, source
    options, channels = networks.options(name), dataset.input_shape[0]
    if "classes" in options:
        arguments = {"classes": max(2, len(dataset.class_names))} | arguments
    if options.get("channels", channels) < channels:
        arguments = {"channels": channels} | arguments
    return networks.describe(name, **arguments), dataset, source


def _source_of(dataset: Dataset) -> dict[str, Any]:
    """The arguments of `data.load` that load a data set again, from its provenance."""
    origin = dataset.provenance.get("origin", dataset.name)
    name = dataset.name if dataset.name in data_sets.names() else str(origin)
    pictures = dataset.provenance.get("pictures", {})
    return {"name_or_path": name} | {key: pictures[key] for key in ("size", "color", "polarity") if key in pictures}


def _source(data: str | Path | None, options: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `data.load`, as ``run.json`` holds them."""
    source: dict[str, Any] = dict(stored["data"]["source"]) if stored and data is None else {}
    if not source:
        if not isinstance(data, str | Path | None) or data == "":
            data_sets.load(data)  # which says what is wrong
        name = str(DEFAULT_DATA if data is None else data)
        source["name_or_path"] = data_sets.public_name(name) or str(Path(name).resolve())
        if not Path(source["name_or_path"]).exists():
            source["name_or_path"] = name  # so that an unknown name is reported as it was given
    return source | options


def _recipe(
    recipe: Recipe | str | None, network: Network, examples: int, overrides: RecipeOverrides, stored: dict[str, Any]
) -> Recipe:
    values: dict[str, Any] = dict(overrides)
    if "rates" in values:
        if not isinstance(values["rates"], Iterable):
            raise TrainingError(f"rates is {values['rates']!r}, expected a list of numbers")
        values["rates"] = rates = list(values["rates"])
        values.setdefault("epochs", len(rates))
        values.setdefault("schedule", "piecewise-constant")
    if isinstance(recipe, Recipe):
        full_recipe = Recipe.from_json(recipe.to_json() | values)
    elif stored and recipe is None and Network.from_json(stored["network"]).stages == network.stages:
        full_recipe = Recipe.from_json(stored["recipe"] | values)
    else:
        full_recipe = named_recipe(DEFAULT_RECIPE if recipe is None else recipe, network, examples=examples, **values)
    check_effect(values, full_recipe, network)
    return full_recipe
