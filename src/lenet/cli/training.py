"""``lenet train`` and ``lenet evaluate``."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from lenet import data
from lenet.cli import completion
from lenet.cli.options import Json, check_left_out
from lenet.cli.output import check_picture_paths
from lenet.data.custom import POLARITIES
from lenet.errors import Stopped, TrainingError
from lenet.evaluation import ENGINES, Evaluation, data_for
from lenet.evaluation import evaluate as evaluate_weights
from lenet.initialization import RULES
from lenet.model import load
from lenet.terminal import padded, width_of
from lenet.training import Run
from lenet.training import train as train_network
from lenet.training.distributed import Worker
from lenet.training.pipeline import DEFAULT_DATA, DEFAULT_NETWORK, DEFAULT_RECIPE
from lenet.training.progress import on_stderr
from lenet.training.recipes import LOSSES, OPTIMIZERS, RECIPES
from lenet.training.schedule import SCHEDULES

_DEFAULT_EXAMPLES = 40
DataSet = Annotated[
    str | None,
    typer.Option(
        "--data",
        help=f"A data set or a path to your own [default: {DEFAULT_DATA}].",
        autocompletion=completion.data_sets,
    ),
]
Polarity = Annotated[str, typer.Option(help=f"Of your own gray data: {', '.join(POLARITIES)}.")]
Transpose = Annotated[
    bool | None,
    typer.Option("--transpose/--no-transpose", help="Of your own data: exchange rows and columns [default: EMNIST's]."),
]
DataDir = Annotated[Path | None, typer.Option(help="Folder where the files of a public data set lie already.")]


def train(
    network: Annotated[
        str | None,
        typer.Argument(
            help=f"A network, or a TOML file of your own [default: {DEFAULT_NETWORK}].",
            autocompletion=completion.networks,
        ),
    ] = None,
    data_set: DataSet = None,
    data_dir: DataDir = None,
    polarity: Polarity = "auto",
    transpose: Transpose = None,
    recipe_name: Annotated[
        str | None,
        typer.Option(
            "--recipe", help=f"{', '.join(RECIPES)} [default: {DEFAULT_RECIPE}].", autocompletion=completion.recipes
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The run's folder [default: runs/NETWORK-DATA-N].", autocompletion=completion.runs),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    repeated: Annotated[
        Path | None, typer.Option("--from", help="Repeat the run of this run.json.", autocompletion=completion.settings)
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads [default: one per core].")] = None,
    validation: Annotated[
        int | None, typer.Option(help="Examples cut from training to choose by [default: a tenth, at most 5000].")
    ] = None,
    checkpoint_every: Annotated[int | None, typer.Option(help="Updates between checkpoints within an epoch.")] = None,
    as_json: Json = False,
    classes: Annotated[int | None, typer.Option(help="Number of outputs [default: the data's classes].")] = None,
    channels: Annotated[int | None, typer.Option(help="Input channels: 1 gray, 3 color [default: the data's].")] = None,
    hidden: Annotated[int | None, typer.Option(help="Hidden units of lenet-4.")] = None,
    size: Annotated[int | None, typer.Option(help="Input rows and columns of lenet-5-relu: 28 or 32.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training split.")] = None,
    batch: Annotated[int | None, typer.Option(help="Batch size: examples for each update.")] = None,
    optimizer: Annotated[str | None, typer.Option(help=f"{' or '.join(OPTIMIZERS)}.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak of the schedule.")] = None,
    momentum: Annotated[float | None, typer.Option(help="Of SGD; first beta of AdamW.")] = None,
    nesterov: Annotated[bool | None, typer.Option(help="Nesterov's momentum.")] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Pull of the parameters towards zero.")] = None,
    schedule: Annotated[str | None, typer.Option(help=f"{' or '.join(SCHEDULES)}.")] = None,
    rates: Annotated[
        str | None, typer.Option(help="The rate of each epoch, as 0.0005,0.0002; the schedule piecewise-constant.")
    ] = None,
    warm_up: Annotated[float | None, typer.Option(help="Share of the updates in which the rate rises.")] = None,
    label_smoothing: Annotated[float | None, typer.Option(help="Share of the target spread over all classes.")] = None,
    loss: Annotated[str | None, typer.Option(help=f"{', '.join(LOSSES)}.")] = None,
    j: Annotated[float | None, typer.Option(help="Penalty of the rubbish class in the map loss (eq. 9).")] = None,
    halved: Annotated[bool | None, typer.Option(help="Penalties are half the squared distances, for sdlm.")] = None,
    mu: Annotated[float | None, typer.Option(help="Of sdlm: keeps steps finite (eq. 18).")] = None,
    curvature_examples: Annotated[
        int | None, typer.Option(help="Of sdlm: examples that second derivatives are estimated from.")
    ] = None,
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
        nesterov=nesterov, weight_decay=weight_decay, schedule=schedule, rates=_parse_rates(rates), warm_up=warm_up,
        label_smoothing=label_smoothing, loss=loss, j=j, halved=halved, mu=mu, curvature_examples=curvature_examples,
        init=init, shift=shift, flip=flip, translation=translation,
        rotation=rotation, scale=scale, squeeze=squeeze, shear=shear, elastic=elastic, ema=ema, seed=seed,
    )  # fmt: skip
    overrides: Any = {name: value for name, value in values.items() if value is not None}
    try:
        run = train_network(
            network,
            data_set,
            recipe=recipe_name,
            out=out,
            resume=resume,
            repeat=repeated,
            data_dir=data_dir,
            classes=classes,
            channels=channels,
            polarity=polarity,
            transpose=transpose,
            hidden=hidden,
            size=size,
            device=device,
            threads=threads,
            validation=validation,
            checkpoint_every=checkpoint_every,
            progress=on_stderr(),
            **overrides,
        )
    except KeyboardInterrupt:
        command = f"lenet train --out {out} --resume" if out else "lenet train --out FOLDER --resume, FOLDER in runs/"
        raise Stopped(f"stopped; go on with: {command}") from None
    if Worker.from_environment().is_rank_zero:
        _print_run(run, as_json)


def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            help="A weights file, a run's folder, or a pretrained network's name.", autocompletion=completion.models
        ),
    ] = "pretrained",
    data_set: DataSet = None,
    data_dir: DataDir = None,
    polarity: Polarity = "auto",
    transpose: Transpose = None,
    split: Annotated[str, typer.Option(help="test or train.")] = "test",
    examples: Annotated[int, typer.Option(min=0, help="Print what this many examples were read as.")] = 0,
    sheet: Annotated[
        Path | None, typer.Option(help="Draw these examples with their answers into this picture file; 40 if left out.")
    ] = None,
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

    lenet evaluate pretrained --data mnist --examples 10 --sheet examples.png --mistakes mistakes.png

    lenet evaluate --photos my-photos/labels.csv --mistakes misses.png
    """
    check_picture_paths({"--sheet": sheet, "--mistakes": mistakes, "--confusion": confusion})
    if photos is not None:
        others: dict[str, object] = {
            "--data": data_set, "--data-dir": data_dir, "--polarity": polarity != "auto",
            "--transpose": transpose is not None, "--split": split != "test", "--examples": examples, "--sheet": sheet,
            "--confusion": confusion, "--engine": engine != "auto",
        }  # fmt: skip
        check_left_out(others, "--photos reads pictures of its own")
        from lenet.cli.photos import evaluate_photos
        from lenet.cli.read import share_of_errors

        evaluate_photos(model, photos, share_of_errors(max_error), mistakes, as_json)
        return
    if max_error is not None:
        raise typer.BadParameter("--max-error goes with --photos")
    from lenet.evaluation import draw_answers, draw_confusion, draw_mistakes

    loaded_model = load(model)
    dataset = data_for(loaded_model, data_set or DEFAULT_DATA, data_dir, polarity=polarity, transpose=transpose)
    evaluation = evaluate_weights(loaded_model, dataset, split=split, engine=engine)
    if as_json:
        first = _examples(evaluation, examples)
        print(json.dumps(evaluation.to_json() | ({"first": first} if examples else {}), ensure_ascii=False))
    else:
        _report_evaluation(evaluation, examples)
    # After the figures, which a drawing that cannot be written must not take along.
    images = dataset.part(split)[0]
    if sheet:
        data.save_sheet(draw_answers(evaluation, images, examples or _DEFAULT_EXAMPLES), sheet)
    if mistakes:
        data.save_sheet(draw_mistakes(evaluation, images), mistakes)
    if confusion:
        data.save_sheet(draw_confusion(evaluation), confusion)
    if not as_json:
        for path in filter(None, (sheet, mistakes, confusion)):
            print(path)


def _report_evaluation(evaluation: Evaluation, examples: int) -> None:
    for example in _examples(evaluation, examples):
        mark = "" if example["predicted"] == example["actual"] else "  wrong"
        print(f"{example['index']:>5}  predicted {example['predicted']}  actual {example['actual']}{mark}")
    print(f"{evaluation.network} on {evaluation.data}, {evaluation.split} split: {evaluation}")
    width = max([12, *(width_of(row["class"]) for row in evaluation.class_errors)])
    for row in evaluation.class_errors:
        rate = "no examples" if row["error_rate"] is None else f"{row['error_rate']:6.2f} %"
        print(f"  {padded(row['class'], width)} {rate}  {row['errors']:>5,} of {row['examples']:,}")
    print(f"for 0.5 % error on the rest, {evaluation.reject_rate(0.5):.2f} % must be rejected")


def _parse_rates(text: str | None) -> list[float] | None:
    """Parse a comma-separated list of rates."""
    try:
        return None if text is None else [float(rate) for rate in text.split(",")]
    except ValueError:
        raise TrainingError(f"rates is {text!r}, expected numbers with commas between them, as 0.0005,0.0002") from None


def _print_run(run: Run, as_json: bool) -> None:
    """Print the result of a run and the paths of its files."""
    best = run.best
    if as_json:
        summary = {
            "run": str(run.folder),
            "weights": str(run.best_path),
            "epoch": best["epoch"],
            "validation_error_rate": best["validation_error_rate"],
            "test": run.evaluation.to_json() if run.evaluation else None,
            "history": run.history,
            "settings": run.settings,
        }
        print(json.dumps(summary, ensure_ascii=False))
        return
    print(f"test: {run.evaluation}, weights of epoch {best['epoch']}")
    print(run.best_path, run.history_path, run.settings_path, run.curves_path, run.evaluation_path, sep="\n")


def _examples(evaluation: Evaluation, limit: int) -> list[dict[str, Any]]:
    names = evaluation.class_names
    pairs = zip(evaluation.predictions[:limit].tolist(), evaluation.labels[:limit].tolist(), strict=True)
    return [
        {
            "index": index,
            "predicted": names[predicted] if predicted < len(names) else predicted,
            "actual": names[actual],
        }
        for index, (predicted, actual) in enumerate(pairs)
    ]
