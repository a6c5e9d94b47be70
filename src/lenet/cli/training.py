"""``lenet train`` and ``lenet evaluate``."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from lenet import data, networks
from lenet.architecture import Network
from lenet.errors import DataError, LeNetError, Stopped, TrainingError, printable
from lenet.evaluation import ENGINES, Evaluation
from lenet.evaluation import evaluate as evaluate_weights
from lenet.files import write_atomically
from lenet.initialization import RULES
from lenet.records import json_bytes
from lenet.training import Recipe, Run, recipe
from lenet.training import train as train_network
from lenet.training.distributed import Worker
from lenet.training.place import is_here
from lenet.training.progress import on_stderr
from lenet.training.recipes import LOSSES, OPTIMIZERS, RECIPES, SCHEDULES
from lenet.training.runs import fingerprint, read_settings
from lenet.weights import Weights, find

_DEFAULT_NETWORK, _DEFAULT_DATA, _DEFAULT_RECIPE = "lenet-5-relu", "mnist", "default"

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder where the files of a public data set lie already.")]


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    app.command()(train)
    app.command()(evaluate)


def train(
    network: Annotated[str | None, typer.Argument(help=f"A network [default: {_DEFAULT_NETWORK}].")] = None,
    data_set: Annotated[
        str | None, typer.Option("--data", help=f"A data set or a path to your own [default: {_DEFAULT_DATA}].")
    ] = None,
    data_dir: DataDir = None,
    recipe_name: Annotated[
        str | None, typer.Option("--recipe", help=f"{', '.join(RECIPES)} [default: {_DEFAULT_RECIPE}].")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder [default: runs/NETWORK-DATA-N].")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    repeated: Annotated[Path | None, typer.Option("--from", help="Repeat the run of this run.json.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads [default: one a core].")] = None,
    validation: Annotated[
        int | None, typer.Option(help="Examples cut from training to choose by [default: a tenth, at most 5000].")
    ] = None,
    checkpoint_every: Annotated[int | None, typer.Option(help="Updates between checkpoints within an epoch.")] = None,
    as_json: Json = False,
    hidden: Annotated[int | None, typer.Option(help="Hidden units of lenet-4.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training part.")] = None,
    batch: Annotated[int | None, typer.Option(help="Examples an update.")] = None,
    optimizer: Annotated[str | None, typer.Option(help=f"{' or '.join(OPTIMIZERS)}.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak of the schedule.")] = None,
    momentum: Annotated[float | None, typer.Option(help="Of SGD; first beta of AdamW.")] = None,
    nesterov: Annotated[bool | None, typer.Option(help="Nesterov's momentum.")] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Pull of the parameters towards zero.")] = None,
    schedule: Annotated[str | None, typer.Option(help=f"{' or '.join(SCHEDULES)}.")] = None,
    warm_up: Annotated[float | None, typer.Option(help="Share of the updates in which the rate rises.")] = None,
    label_smoothing: Annotated[float | None, typer.Option(help="Share of the target spread over all classes.")] = None,
    loss: Annotated[str | None, typer.Option(help=f"{', '.join(LOSSES)}.")] = None,
    j: Annotated[float | None, typer.Option(help="Penalty of the rubbish class in the map loss (eq. 9).")] = None,
    init: Annotated[str | None, typer.Option(help=f"First weights: {', '.join(RULES)}.")] = None,
    shift: Annotated[int | None, typer.Option(help="Pixels that pictures move at random.")] = None,
    flip: Annotated[bool | None, typer.Option(help="Mirror half of the pictures.")] = None,
    translation: Annotated[float | None, typer.Option(help="Distortion: pixels.")] = None,
    rotation: Annotated[float | None, typer.Option(help="Distortion: degrees.")] = None,
    scale: Annotated[float | None, typer.Option(help="Distortion: share of the size.")] = None,
    squeeze: Annotated[float | None, typer.Option(help="Distortion: one axis shorter, the other longer.")] = None,
    shear: Annotated[float | None, typer.Option(help="Distortion: pixels sideways for each pixel up.")] = None,
    elastic: Annotated[float | None, typer.Option(help="Distortion: pixels of elastic deformation.")] = None,
    ema: Annotated[float | None, typer.Option(help="Decay of the running mean of the weights; 0 is none.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of first weights, order and distortions.")] = None,
) -> None:
    """Train a network; the best weights by validation error are kept and then tested once.

    lenet train lenet-5-relu --data mnist --recipe fast

    lenet train --out runs/lenet-5-relu-mnist-1 --resume
    """
    values = dict(
        epochs=epochs, batch=batch, optimizer=optimizer, learning_rate=learning_rate, momentum=momentum,
        nesterov=nesterov, weight_decay=weight_decay, schedule=schedule, warm_up=warm_up,
        label_smoothing=label_smoothing, loss=loss, j=j, init=init, shift=shift, flip=flip, translation=translation,
        rotation=rotation, scale=scale, squeeze=squeeze, shear=shear, elastic=elastic, ema=ema, seed=seed,
    )  # fmt: skip
    stored = _stored(out, resume, repeated)
    source = _source(data_set, data_dir, stored)
    described, dataset = _network_and_data(network, hidden, source, stored)
    chosen = _recipe(recipe_name, described, values, stored)
    if stored and repeated and fingerprint(dataset) != stored["data"]["training_sha256"]:
        print(f"lenet: the training data differs from that of {repeated}", file=sys.stderr)
    place = out
    try:
        run = train_network(
            described,
            dataset,
            chosen,
            out,
            resume=resume,
            validation=stored["validation"] if stored and validation is None else validation,
            device=stored.get("device", device) if device == "auto" else device,
            engine=_repeated_engine(stored) if repeated else None,
            threads=threads or stored.get("threads"),
            checkpoint_every=checkpoint_every,
            source=source,
            progress=on_stderr(),
        )
    except KeyboardInterrupt:
        where = f"lenet train --out {place} --resume" if place else "lenet train --out FOLDER --resume, FOLDER in runs/"
        raise Stopped(f"stopped; go on with: {where}") from None
    if Worker.from_environment().is_first:
        _report(run, dataset, as_json)


def evaluate(
    weights: Annotated[
        str, typer.Argument(help="A weights file, a run's folder, or a pretrained network's name.")
    ] = "pretrained",
    data_set: Annotated[
        str | None, typer.Option("--data", help=f"A data set or a path to your own [default: {_DEFAULT_DATA}].")
    ] = None,
    data_dir: DataDir = None,
    split: Annotated[str, typer.Option(help="test or train.")] = "test",
    examples: Annotated[int, typer.Option(min=0, help="Print what this many examples were read as.")] = 0,
    mistakes: Annotated[Path | None, typer.Option(help="Draw the worst mistakes into this picture file.")] = None,
    confusion: Annotated[Path | None, typer.Option(help="Draw the confusion matrix into this picture file.")] = None,
    engine: Annotated[str, typer.Option(help=f"{', '.join(ENGINES)}.")] = "auto",
    photos: Annotated[
        Path | None, typer.Option(help="Read the pictures of this labels.csv: file, label[, kind][, capture].")
    ] = None,
    max_error: Annotated[
        str | None, typer.Option(help="Of --photos: the share of accepted answers that may be wrong, as 0.5%.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Evaluate weights: error rate with its 95 % interval, errors by class, confusions, rejections.

    With --photos, whole pictures are read, each group's share is given, and --mistakes draws all misses.

    lenet evaluate pretrained --data mnist --examples 10 --mistakes mistakes.png

    lenet evaluate --photos my-photos/labels.csv --mistakes misses.png
    """
    for path in (mistakes, confusion):
        _check_picture_path(path)
    if photos is not None:
        _check_goes_with_photos(
            {
                "--data": data_set,
                "--data-dir": data_dir,
                "--split": split != "test",
                "--examples": examples,
                "--confusion": confusion,
                "--engine": engine != "auto",
            }
        )
        from lenet.cli.photos import evaluate_photos
        from lenet.cli.read import share_of_errors

        evaluate_photos(weights, photos, share_of_errors(max_error), mistakes, as_json)
        return
    if max_error is not None:
        raise typer.BadParameter("--max-error goes with --photos")
    from lenet.evaluation import draw_confusion, draw_mistakes

    found = find(weights)
    dataset = data.load(data_set or _DEFAULT_DATA, data_dir, **_picture_options(found.network))
    _warn_of_other_classes(found, dataset)
    evaluation = evaluate_weights(found, dataset, split=split, engine=engine)
    images = dataset.part(split)[0]
    if mistakes:
        data.save_sheet(draw_mistakes(evaluation, images), mistakes)
    if confusion:
        data.save_sheet(draw_confusion(evaluation), confusion)
    if as_json:
        shown = _examples(evaluation, examples)
        print(json.dumps(evaluation.to_json() | ({"first": shown} if examples else {}), ensure_ascii=False))
        return
    for example in _examples(evaluation, examples):
        mark = "" if example["predicted"] == example["actual"] else "  wrong"
        print(f"{example['index']:>5}  predicted {example['predicted']}  actual {example['actual']}{mark}")
    print(f"{evaluation.network} on {evaluation.data}, {evaluation.split} part: {evaluation}")
    for row in evaluation.class_errors:
        rate = "no examples" if row["error_rate"] is None else f"{row['error_rate']:6.2f} %"
        print(f"  {row['class']:<12} {rate}  {row['errors']:>5,} of {row['examples']:,}")
    print(f"for 0.5 % error on the rest, {evaluation.reject_rate(0.5):.2f} % must be rejected")
    for path in filter(None, (mistakes, confusion)):
        print(path)


def _stored(out: Path | None, resume: bool, repeated: Path | None) -> dict[str, Any]:
    """The settings of the run to go on with or to repeat; empty for a new one."""
    if resume and repeated:
        raise TrainingError("--resume goes on with a run and --from repeats one from its start; give one of them")
    if resume and out is None:
        raise TrainingError("--resume needs --out, the folder of the run to go on with")
    if resume and out and not (out / "run.json").exists():
        print(f"lenet: {out} holds no run yet; starting one", file=sys.stderr)
        return {}
    folder = out if resume else repeated
    return read_settings(folder) if folder else {}


def _repeated_engine(stored: dict[str, Any]) -> str | None:
    """The engine of the run to repeat, if it is here and LENET_ENGINE names no other."""
    engine = str(stored.get("engine", "torch"))
    if is_here(engine) and os.environ.get("LENET_ENGINE", engine) == engine:
        return engine
    said = f"the run was made with the engine {printable(engine)}; another one gives other last bits"
    print(f"lenet: {said}", file=sys.stderr)
    return None


def _source(data_set: str | None, data_dir: Path | None, stored: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `data.load`, as ``run.json`` keeps them."""
    source: dict[str, Any] = dict(stored["data"]["source"]) if stored and data_set is None else {}
    if not source:
        name = data_set or _DEFAULT_DATA
        source["name_or_path"] = name if name in data.names() else str(Path(name).resolve())
        if not Path(source["name_or_path"]).exists():
            source["name_or_path"] = name  # so that an unknown name is reported as it was given
    if data_dir:
        source["data_dir"] = str(data_dir.resolve())
    return source


def _network_and_data(
    name: str | None, hidden: int | None, source: dict[str, Any], stored: dict[str, Any]
) -> tuple[Network, data.Dataset]:
    """The data set, and the network with the classes and channels that the data set has."""
    if stored and name is None:
        network = Network.from_json(stored["network"])
        return network, data.load(**source)
    name = name or _DEFAULT_NETWORK
    arguments = {} if hidden is None else {"hidden": hidden}
    network = networks.describe(name, **arguments)
    if source["name_or_path"] not in data.names():
        source.update({key: value for key, value in _picture_options(network).items() if key not in source})
    dataset = data.load(**source)
    known, channels = networks.options(name), dataset.input_shape[0]
    if "classes" in known:
        arguments["classes"] = max(2, len(dataset.class_names))
    if known.get("channels", channels) < channels:
        arguments["channels"] = channels
    return networks.describe(name, **arguments), dataset


def _picture_options(network: Network) -> dict[str, Any]:
    """How a folder of pictures is read for a network."""
    return {"size": network.input[1], "color": network.input[0] == 3}


def _recipe(name: str | None, network: Network, values: dict[str, Any], stored: dict[str, Any]) -> Recipe:
    if stored and name is None and Network.from_json(stored["network"]).stages == network.stages:
        return Recipe.from_json(stored["recipe"] | {key: value for key, value in values.items() if value is not None})
    return recipe(name or _DEFAULT_RECIPE, network, **values)


def _report(run: Run, dataset: data.Dataset, as_json: bool) -> None:
    """Draw the curves, test the best weights, and say what came out and where it lies."""
    from lenet.training.curves import draw_curves

    files = [run.best_path, run.history_path, run.settings_path, draw_curves(run)]
    evaluation = evaluate_weights(run.best_path, dataset, engine=run.settings["engine"])
    tested = run.folder / "evaluation.json"
    write_atomically(tested, json_bytes(evaluation.to_json()))
    best = run.best
    if as_json:
        summary = {
            "run": str(run.folder),
            "weights": str(run.best_path),
            "epoch": best["epoch"],
            "validation_error_rate": best["validation_error_rate"],
            "test": evaluation.to_json(),
            "history": run.history,
            "settings": run.settings,
        }
        print(json.dumps(summary, ensure_ascii=False))
        return
    print(f"test: {evaluation}, weights of epoch {best['epoch']}")
    print(*files, tested, sep="\n")


def _warn_of_other_classes(found: Weights, dataset: data.Dataset) -> None:
    trained_on = found.trained_on
    if trained_on in data.CATALOG and data.CATALOG[trained_on].class_names != dataset.class_names:
        print(
            f"lenet: these weights were trained on {trained_on}, whose classes are not those of {dataset.name}; "
            "the error rate compares class numbers alone",
            file=sys.stderr,
        )


def _check_goes_with_photos(given: dict[str, Any]) -> None:
    if others := [option for option, value in given.items() if value]:
        raise typer.BadParameter(f"--photos reads pictures of its own; leave {others[0]} out")


def _check_picture_path(path: Path | None) -> None:
    if path and path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise DataError(f"{path}: expected a picture file's name that ends in .png, .jpg or .webp")
    if path and not path.parent.is_dir():
        raise LeNetError(f"{path.parent}: no such folder for {path.name}")


def _examples(evaluation: Evaluation, most: int) -> list[dict[str, Any]]:
    names = evaluation.class_names
    pairs = zip(evaluation.predictions[:most].tolist(), evaluation.labels[:most].tolist(), strict=True)
    return [
        {
            "index": index,
            "predicted": names[predicted] if predicted < len(names) else predicted,
            "actual": names[actual],
        }
        for index, (predicted, actual) in enumerate(pairs)
    ]
