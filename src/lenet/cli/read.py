"""``lenet read``: the digits in picture files."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from lenet.errors import DataError
from lenet.reading import Polarity, Reader, Reading
from lenet.reading.steps import draw_steps
from lenet.weights import find


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    app.command()(read)


def read(
    files: Annotated[
        list[Path], typer.Argument(help="Picture files: one digit, or rows of digits.", metavar="FILE...")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: text, digits, boxes, probabilities.")] = False,
    detail: Annotated[bool, typer.Option("--detail", help="Print each digit's probability and alternatives.")] = False,
    single: Annotated[bool, typer.Option("--single", help="Each picture holds one digit.")] = False,
    ink_high: Annotated[bool, typer.Option("--ink-high", help="The digits are light on a dark ground.")] = False,
    paper_high: Annotated[bool, typer.Option("--paper-high", help="The digits are dark on light paper.")] = False,
    weights: Annotated[
        str | None, typer.Option(help="A weights file or a run's folder; default: those shipped.")
    ] = None,
    show: Annotated[Path | None, typer.Option(help="Draw how one picture was read into this PNG file.")] = None,
) -> None:
    """Read the digits in pictures.

    One picture gives its text alone, several give "file: text". A "?" follows a digit that is less than 80 % sure.
    A picture that cannot be read is reported on stderr and the others are read; the exit code is then 1.

    lenet read photo.jpg --detail
    """
    if ink_high and paper_high:
        raise typer.BadParameter("choose one of --ink-high and --paper-high")
    if as_json and detail:
        raise typer.BadParameter("choose one of --json and --detail")
    if show is not None and len(files) > 1:
        raise typer.BadParameter(f"--show draws one picture, got {len(files)} files")
    polarity = Polarity.INK_HIGH if ink_high else Polarity.PAPER_HIGH if paper_high else Polarity.FOUND
    reader = Reader(find(weights) if weights is not None else None)
    readings = []
    for file in files:
        try:
            reading = reader.read(file, polarity, single=single)
        except DataError as error:
            print(f"lenet: {' '.join(str(error).split())}", file=sys.stderr)
            continue
        readings.append(reading)
        if not as_json:
            print(_to_text(reading, named=len(files) > 1, detail=detail), flush=True)
    if as_json:
        print(json.dumps([reading.to_json() for reading in readings], indent=2, ensure_ascii=False))
    if show is not None and readings:
        draw_steps(readings[0], show)
        print(f"drew the steps into {show}", file=sys.stderr)
    if len(readings) < len(files):
        raise typer.Exit(1)


def _to_text(reading: Reading, named: bool, detail: bool) -> str:
    marks = iter(digit.label + "?" * digit.is_doubtful for digit in reading.digits)
    text = "".join("\n" if character == "\n" else next(marks) for character in reading.text)
    lines = [f"{reading.name}: {text.replace(chr(10), ' | ')}" if named else text]
    if detail:
        for digit in reading.digits:
            top, left, bottom, right = digit.box
            others = ", ".join(f"{label} {share:.1%}" for label, share in digit.alternatives[:2])
            lines.append(
                f"  {digit.label}  {digit.probability:.1%}  then {others}; rows {top}-{bottom}, columns {left}-{right}"
            )
    return "\n".join(lines)
