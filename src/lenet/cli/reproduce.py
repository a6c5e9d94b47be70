"""``lenet reproduce``: reproduction of the papers' results."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from lenet.cli import completion
from lenet.cli.options import Json
from lenet.errors import Stopped, counted
from lenet.experiments import ROWS
from lenet.initialization import RULES
from lenet.training.progress import on_stderr

_ROOT = Path("runs/reproduce")


def reproduce(
    name: Annotated[str | None, typer.Argument(help="A row of --list.", autocompletion=completion.rows)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All rows, those first that others rest on.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="Name the rows and what the papers print.")] = False,
    seeds: Annotated[int | None, typer.Option(help="So many seeds [default: the row's own number].")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="One pass over few patterns, to see that all works.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help=f"The row's folder [default: {_ROOT}/NAME; with --quick {_ROOT}/quick/NAME]."),
    ] = None,
    passes: Annotated[int | None, typer.Option(help="Only the first so many passes.")] = None,
    validation: Annotated[
        int, typer.Option(help="Test on so many training patterns set aside; the test split is left alone.")
    ] = 0,
    j: Annotated[float | None, typer.Option(help="Another j for eq. 9, to be tried on --validation.")] = None,
    mu: Annotated[float | None, typer.Option(help="Another μ, to be tried on --validation.")] = None,
    eta: Annotated[float | None, typer.Option(help="This rate in every pass, to be tried on --validation.")] = None,
    rate: Annotated[float, typer.Option(help="A factor for all rates, to be tried on --validation.")] = 1.0,
    pass_factor: Annotated[
        float, typer.Option(help="Each rate for so many times as many passes, to be tried on --validation.")
    ] = 1.0,
    init: Annotated[
        str | None, typer.Option(help=f"Other first weights, to be tried on --validation: {', '.join(RULES)}.")
    ] = None,
    halved: Annotated[
        bool,
        typer.Option(
            " /--no-halved",
            show_default=False,
            help="Penalties are whole squared distances, to be tried on --validation.",
        ),
    ] = True,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder where the data set's files lie; with --all, NAME below it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Reproduce a result of 1989 to 1998 with the papers' own algorithm.

    A run that was stopped goes on after its last whole pass. docs/reproduction.md is written from the rows' folders by
    `make reproduction` in the repository.

    lenet reproduce lenet-5

    lenet reproduce figure-6 --seeds 8
    """
    if listing:
        _list(as_json)
        return
    if (name is None) != everything:
        raise typer.BadParameter("give the name of one row, or --all; --list names them")
    from lenet.experiments.folder import checked_results  # here, because naming rows needs no engine and no figures
    from lenet.verbs import reproduce as reproduce_verb

    try:
        with on_stderr() as progress:
            rows = reproduce_verb.reproduce(
                name,
                everything=everything,
                out=out,
                seeds=seeds,
                quick=quick,
                passes=passes,
                validation=validation,
                j=j,
                mu=mu,
                eta=eta,
                rate=rate,
                pass_factor=pass_factor,
                init=init,
                halved=halved,
                data_dir=data_dir,
                progress=progress,
            )
    except KeyboardInterrupt:
        raise Stopped("stopped; the same command goes on after its last whole pass") from None
    if as_json:
        settings = [row.settings for row in rows]
        print(json.dumps(settings if everything else settings[0], ensure_ascii=False))
        return
    for row in rows:
        with checked_results(row.folder):
            _print(row.settings)
    print(*(path for row in rows for path in row.files), sep="\n")


def _list(as_json: bool) -> None:
    if as_json:
        rows = [
            {"name": row.name, "title": row.title, "published": [vars(figure) for figure in row.published]}
            for row in ROWS
        ]
        print(json.dumps(rows, ensure_ascii=False))
        return
    from lenet.experiments.formatting import format_value, unit_suffix
    from lenet.experiments.metrics import MEASURES

    for row in ROWS:
        print(f"{row.name:<18} {row.title}")
        for figure in row.published:
            part = f", {figure.part}" if figure.part else ""
            value = f"{format_value(figure.value)}{unit_suffix(figure.measure)}"
            print(f"{'':<18}   {value}  {MEASURES[figure.measure]}{part}  {figure.source}")


def _print(settings: Mapping[str, Any]) -> None:
    """Print each measured figure beside the published one."""
    from lenet.experiments.formatting import format_published, interval, mean
    from lenet.experiments.metrics import MEASURES

    note = ", a quick look" if settings["quick"] else ""
    print(f"{settings['name']}, tested on {settings['tested_on']}{note}:")
    for result in settings["results"]["measures"]:
        ends = interval(result, "to")
        about_mean = f", 95 % interval of the mean {ends}" if ends else ""
        printed = f"; printed {format_published(result)}" if "published" in result else ""
        part = f", {result['part']}" if result["part"] else ""
        seeds = counted(result["n"], "seed")
        line = f"  {MEASURES[result['measure']]}{part}: {mean(result)} ({seeds}{about_mean}){printed}"
        print(line.replace(" -", " −"))
    for beside in settings["results"].get("beside", ()):
        cut = beside["segmentation"]
        strings = f"{beside['strings']} strings, 95 % interval {cut['low']:.2f} to {cut['high']:.2f}"
        print(f"  read by segmentation, gap {beside['gap']}: {cut['right']:.2f} % ({strings})".replace(" -", " −"))
