"""``lenet data``: list, fetch, verify and draw data sets."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from lenet.cli import completion
from lenet.cli.options import Json
from lenet.errors import DataError, LeNetError, counted, printable
from lenet.naming import resolve_name

app = typer.Typer(no_args_is_help=True)

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="A folder where the files lie already, raw or .gz, under their usual names."),
]


@app.callback()
def data() -> None:
    """List, fetch, verify and look at data sets."""


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the public data sets. For example: lenet data list"""
    from lenet import data

    rows = [
        {
            "name": name,
            "train_examples": entry.train_examples,
            "test_examples": entry.test_examples,
            "shape": list(entry.shape),
            "classes": list(entry.class_names),
            "cached": data.is_cached(entry.source),
            "license": entry.license,
            "title": entry.title,
        }
        for name, entry in data.CATALOG.items()
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for name, entry in data.CATALOG.items():
        shape = "×".join(str(size) for size in entry.shape)
        counts = f"{entry.train_examples:>6,} + {entry.test_examples:>6,}"
        status = "here" if data.is_cached(entry.source) else "not fetched"
        typer.echo(f"{name:<14} {counts}  {shape:<8} {len(entry.class_names):>3} classes  {status:<12} {entry.title}")
    typer.echo(f"kept in {data.cache_folder()}")


@app.command()
def fetch(
    names: Annotated[
        list[str], typer.Argument(help="Names of data sets, or 'all'.", autocompletion=completion.data_sets)
    ],
    data_dir: DataDir = None,
) -> None:
    """Fetch data sets into the cache and verify them. For example: lenet data fetch mnist"""
    from lenet import data

    failures = []
    for name in _resolve_names(names):
        try:
            paths = data.fetch(data.CATALOG[name].source, data_dir)
        except LeNetError as problem:
            failures.append(str(problem))
            continue
        typer.echo(f"{name}: {counted(len(paths), 'file')}, verified, in {paths[0].parent}")
    if failures:
        raise DataError("; ".join(failures))


@app.command()
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Names of data sets; those in the cache if none.", autocompletion=completion.data_sets),
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Check every byte of fetched data sets against the known checksums. For example: lenet data verify mnist"""
    from lenet import data
    from lenet.data.sources import cached_path

    if names:
        selected = _resolve_names(names)
    elif data_dir is not None:  # several sets have files of the same names
        raise DataError(f"{data_dir}: name the data set whose files lie there: lenet data verify NAME --data-dir DIR")
    else:
        selected = [
            name
            for name, entry in data.CATALOG.items()
            if any(cached_path(entry.source, file).exists() for file in entry.source.files)
        ]
        if not selected:
            raise DataError(f"{data.cache_folder()}: holds no data set; fetch one with: lenet data fetch mnist")
    states = {name: data.check_files(data.CATALOG[name].source, data_dir) for name in selected}
    if as_json:
        report = {name: [asdict(file) | {"path": str(file.path)} for file in files] for name, files in states.items()}
        typer.echo(json.dumps(report, indent=2))
    else:
        for name, files in states.items():
            for file in files:
                typer.echo(f"{name:<14} {file.state:<9} {file.path}")
    unverified = [(name, file) for name, files in states.items() for file in files if file.state != "verified"]
    if unverified:
        listed = "; ".join(f"{file.path}: {file.state}" for _, file in unverified)
        remedy = "fetch again" if data_dir is None else "replace them there, or leave --data-dir out and fetch"
        faulty = dict.fromkeys(name for name, _ in unverified)
        raise DataError(f"{listed}; {remedy} with: lenet data fetch {' '.join(faulty)}")


@app.command()
def show(
    name: Annotated[
        str,
        typer.Argument(help="A data set's name, or the path of your own data.", autocompletion=completion.data_sets),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture file to write.")] = Path("sheet.png"),
    count: Annotated[int, typer.Option(help="How many examples.")] = 40,
    seed: Annotated[int, typer.Option(help="Which ones.")] = 0,
    split: Annotated[str, typer.Option(help="train or test.")] = "train",
    size: Annotated[int, typer.Option(help="Your own pictures: the side in pixels that they are fitted into.")] = 28,
    color: Annotated[bool, typer.Option("--color", help="Your own pictures: keep their colors.")] = False,
    polarity: Annotated[
        str, typer.Option(help="Your own gray data: auto, ink-high (light on dark), paper-high (dark on light).")
    ] = "auto",
    transpose: Annotated[
        bool | None,
        typer.Option(
            "--transpose/--no-transpose", help="Your own data: exchange rows and columns [default: EMNIST's files]."
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Draw a sheet of examples with their class names. For example: lenet data show mnist -o sheet.png"""
    from lenet import data
    from lenet.data.datasets import DEFAULT_SIZE, public_name
    from lenet.data.sheet import check_sheet_path
    from lenet.evaluation import warn_of_transposed_digits

    if (size != DEFAULT_SIZE or color) and public_name(name) is not None:
        raise typer.BadParameter(f"--size and --color are of your own pictures; {name} is drawn as it is")
    check_sheet_path(output)
    dataset = data.load(name, data_dir, size=size, color=color, polarity=polarity, transpose=transpose)
    if transpose is None:
        warn_of_transposed_digits(dataset)
    sheet = data.draw_examples(dataset, count=count, seed=seed, split=split)
    data.save_sheet(sheet, output)
    channels, height, width = dataset.input_shape
    empty = dataset.unlearned_classes
    typer.echo(
        f"{dataset.name}: {len(dataset.train_labels):,} training and "
        f"{counted(len(dataset.test_labels), 'test example')} of {channels}×{height}×{width}, "
        f"{counted(len(dataset.class_names), 'class', 'classes')}"
        + (f" ({printable(', '.join(empty))} without training examples)" if empty else "")
        + f"; sheet in {output}"
    )


def _resolve_names(names: list[str]) -> list[str]:
    from lenet import data

    known = [resolve_name("data set", name, ["all", *data.CATALOG]) for name in names]
    return list(data.CATALOG) if "all" in known else list(dict.fromkeys(known))
