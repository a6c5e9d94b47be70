"""``lenet read``: the digits in pictures and in IDX files.

The picture libraries are imported when a picture is read, so that an IDX file need not wait for them.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Union

import typer

from lenet.data.idx import is_idx
from lenet.errors import DataError
from lenet.reading.idx import IdxReading, read_idx_digits
from lenet.reading.recognition import DOUBTFUL, Recognizer
from lenet.weights import find

if TYPE_CHECKING:
    from lenet.reading import Reading

_AnyReading = Union["Reading", IdxReading]


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    app.command()(read)


def read(
    files: Annotated[
        list[Path], typer.Argument(help="Pictures of digits; IDX files of normalized digits.", metavar="FILE...")
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
    """Read the digits in pictures; or every digit of an IDX file, one a line.

    One file gives its text alone, several give "file: text". A "?" follows a digit that is less than 80 % sure.
    A file that cannot be read is reported on stderr and the others are read; the exit code is then 1.

    lenet read photo.jpg --detail

    lenet read t10k-images-idx3-ubyte.gz --json
    """
    if ink_high and paper_high:
        raise typer.BadParameter("choose one of --ink-high and --paper-high")
    if as_json and detail:
        raise typer.BadParameter("choose one of --json and --detail")
    if show is not None and len(files) > 1:
        raise typer.BadParameter(f"--show draws one picture, got {len(files)} files")
    if show is not None and is_idx(files[0]):
        raise typer.BadParameter(f"--show draws how a picture was read, and {files[0]} is an IDX file")
    polarity = "ink-high" if ink_high else "paper-high" if paper_high else "found"
    recognizer = Recognizer(find(weights) if weights is not None else None)
    readings: list[_AnyReading] = []
    for file in files:
        try:
            reading = _read(file, recognizer, polarity, single)
        except DataError as error:
            print(f"lenet: {' '.join(str(error).split())}", file=sys.stderr)
            continue
        readings.append(reading)
        if not as_json:
            lines = _lines(reading, named=len(files) > 1, detail=detail)
            print(*lines, sep="\n", end="\n" if lines else "", flush=True)
    if as_json:
        indent = None if any(isinstance(reading, IdxReading) for reading in readings) else 2
        print(json.dumps([reading.to_json() for reading in readings], indent=indent, ensure_ascii=False))
    if show is not None and readings:
        _draw(readings[0], show)
    if len(readings) < len(files):
        raise typer.Exit(1)


def _read(file: Path, recognizer: Recognizer, polarity: str, single: bool) -> _AnyReading:
    if is_idx(file):
        return read_idx_digits(file, recognizer, paper_high=polarity == "paper-high")
    from lenet.reading import Reader

    return Reader(recognizer).read(file, polarity, single=single)


def _lines(reading: _AnyReading, named: bool, detail: bool) -> list[str]:
    """The text of a picture and a line for each digit; or a line for each picture of an IDX file."""
    if isinstance(reading, IdxReading):
        return _idx_lines(reading, named, detail)
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
    return lines


def _idx_lines(reading: IdxReading, named: bool, detail: bool) -> list[str]:
    before = f"{reading.name}: " if named else ""
    shares = reading.probabilities.max(axis=1).tolist()
    lines = [
        f"{before}{digit}{'?' * (share < DOUBTFUL)}"
        for digit, share in zip(reading.digits.tolist(), shares, strict=True)
    ]
    if detail:
        for index, all_shares in enumerate(reading.probabilities):
            others = ", ".join(f"{label} {all_shares[label]:.1%}" for label in (-all_shares).argsort()[1:3])
            lines[index] += f"  {shares[index]:.1%}  then {others}"
    return lines


def _draw(reading: _AnyReading, path: Path) -> None:
    from lenet.reading.steps import draw_steps

    assert not isinstance(reading, IdxReading)  # refused before anything was read
    draw_steps(reading, path)
    print(f"drew the steps into {path}", file=sys.stderr)
