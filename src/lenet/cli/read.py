"""``lenet read``: the digits in pictures and in IDX files.

Which files are meant says `picture_files`, how answers look `answers`; here is the verb, and what goes on around it.
The picture libraries are imported when a picture is read, so that an IDX file need not wait for them.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lenet.cli.answers import Answers
from lenet.cli.output import Output
from lenet.cli.picture_files import PictureSources, find_pictures
from lenet.cli.table import check_table_path
from lenet.errors import ReadingError, printable
from lenet.reading.batch.pages import Settings, names_idx, read_all, workers_for

if TYPE_CHECKING:
    from lenet.reading.drawing.annotation import Drawings

_MANY = 10  # files: as of so many there is a summary
_FAILED = 1


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    app.command()(read)


def read(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Pictures, folders, quoted globs, IDX files; '-' is stdin.", metavar="FILE|FOLDER|GLOB|-..."
        ),
    ],
    single: Annotated[bool, typer.Option("--single", help="Each picture holds one digit.")] = False,
    length: Annotated[int | None, typer.Option(min=1, help="Each line has so many digits.")] = None,
    pattern: Annotated[str | None, typer.Option(help=r"What each line looks like, as '\d{3}-\d{4}'.")] = None,
    grid: Annotated[bool, typer.Option(" /--no-grid", help="Look for no boxes, tables and squared paper.")] = True,
    max_error: Annotated[
        str | None,
        typer.Option(help="Reject so that at most this share of accepted digits is wrong, as 0.5% or 0.005."),
    ] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Print rejected digits as '?' alone.")] = False,
    lines: Annotated[bool, typer.Option("--lines", help="Each line of digits is an answer of its own.")] = False,
    cells: Annotated[bool, typer.Option("--cells", help="Print the cells of a form or table as CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: text, digits, boxes, probabilities.")] = False,
    detail: Annotated[bool, typer.Option("--detail", help="Print each digit's probability and alternatives.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the answers into this CSV file, too.")] = None,
    annotate: Annotated[
        Path | None, typer.Option(help="Draw boxes and answers on each picture, into this folder.")
    ] = None,
    show: Annotated[Path | None, typer.Option(help="Draw how one picture was read into this PNG file.")] = None,
    ink_high: Annotated[bool, typer.Option("--ink-high", help="The digits are light on a dark ground.")] = False,
    paper_high: Annotated[bool, typer.Option("--paper-high", help="The digits are dark on light paper.")] = False,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Look into folders within folders.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many processes read; by default as many as pay.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "--weights", help="A weights file or a run's folder; default: those shipped."),
    ] = None,
) -> None:
    """Read the digits in pictures; or every digit of an IDX file, one a line.

    One file gives its text alone, several give "file: text" with " | " between lines. A "?" follows a digit that is
    not sure enough. What cannot be read is reported on stderr and the others are read; the exit code is then 1.

    lenet read photo.jpg --detail

    lenet read scans/ --csv answers.csv --annotate drawn/

    lenet read 'cheques/**/*.png' --pattern '\\d{3}-\\d{4}' --max-error 0.5% --reject

    lenet read marks.jpg --cells > marks.csv

    lenet read t10k-images-idx3-ubyte.gz --json
    """
    _check_one_of({"--ink-high": ink_high, "--paper-high": paper_high})
    _check_one_of({"--json": as_json, "--detail": detail, "--cells": cells})
    _check_one_of({"--lines": lines, "--cells": cells})
    _check_one_of({"--no-grid": not grid, "--cells": cells})
    _check_one_of({"--single": single, "--cells": cells})
    _check_one_of({"--single": single, "--length": length is not None, "--pattern": pattern is not None})
    if files.count("-") > 1:
        raise typer.BadParameter("'-' is stdin, which can be read only once")
    settings = Settings(
        polarity="ink-high" if ink_high else "paper-high" if paper_high else "found",
        single=single,
        length=length,
        pattern=pattern,
        model=model,
        max_error=share_of_errors(max_error),
        grid=grid,
    )
    pictures = find_pictures(files, recursive=recursive, excluding=annotate)
    _check_outputs(pictures, csv, annotate, show)
    count = len(pictures.sources)
    answers = Answers(
        is_named=pictures.is_many or len(files) > 1,
        by_line=lines,
        has_detail=detail,
        hides_rejected=reject,
        by_cell=cells,
        min_probability=settings.recognizer().min_probability,
    )
    output = Output(pictures, answers, as_json, csv)
    pages = read_all(
        pictures.sources,
        settings,
        max(1, min(count, workers)) if workers is not None else workers_for(count),
        _drawings(pictures, annotate, show),
    )
    try:
        output.take(pages, is_many=pictures.is_many or count >= _MANY)
    finally:
        _report_drawings(output, annotate, show)
    if output.failed or output.without_digits or output.undrawn:
        raise typer.Exit(_FAILED)


def _report_drawings(output: Output, annotate: Path | None, show: Path | None) -> None:
    count = output.drawn + output.undrawn
    if annotate is not None and count:
        drew = f"{output.drawn:,} of {count:,} pictures" if output.undrawn else f"{count:,} picture{'s' * (count != 1)}"
        print(f"drew {drew} into {printable(str(annotate))}", file=sys.stderr)
    if show is not None and output.drawn:
        print(f"drew the steps into {printable(str(show))}", file=sys.stderr)


def share_of_errors(text: str | None) -> float | None:
    """What ``--max-error`` asks for; wrong usage if that is no share."""
    from lenet.reading.recognition import parse_share

    try:
        return None if text is None else parse_share("--max-error", text)
    except ReadingError as error:
        raise typer.BadParameter(str(error)) from None


def _check_one_of(options: dict[str, bool]) -> None:
    if sum(options.values()) > 1:
        *others, last = [name for name, is_given in options.items() if is_given]
        raise typer.BadParameter(f"choose one of {', '.join(others)} and {last}")


def _check_outputs(pictures: PictureSources, csv: Path | None, annotate: Path | None, show: Path | None) -> None:
    """Refuse, before anything is read, to write where it would fail or harm."""
    check_table_path(csv)
    if annotate is not None and annotate.exists() and not annotate.is_dir():
        raise typer.BadParameter(f"--annotate draws into a folder, and {annotate} is a file")
    if show is None:
        return
    if pictures.is_many or len(pictures.sources) + len(pictures.problems) > 1:
        raise typer.BadParameter(
            f"--show draws one picture, got {len(pictures.sources) + len(pictures.problems)} files"
        )
    if show.suffix.lower() != ".png" or show.is_dir():
        raise typer.BadParameter(f"--show draws a PNG file, expected a name that ends in .png, got {show}")
    for source in pictures.sources:
        if not isinstance(source, bytes):
            if names_idx(source):
                raise typer.BadParameter(f"--show draws how a picture was read, and {source} is an IDX file")
            if os.path.realpath(show) == os.path.realpath(source):
                raise typer.BadParameter(f"--show would write over {source}")


def _drawings(pictures: PictureSources, annotate: Path | None, show: Path | None) -> "Drawings | None":
    if annotate is None and show is None:
        return None
    from lenet.reading.drawing.annotation import Drawings
    from lenet.reading.drawing.places import drawing_paths

    paths = drawing_paths(pictures.sources, annotate) if annotate is not None else ()
    originals = {os.path.realpath(source) for source in pictures.sources if not isinstance(source, bytes)}
    for path in paths:
        if os.path.realpath(path) in originals:
            raise typer.BadParameter(f"--annotate would write over {path}; name another folder")
    return Drawings(tuple(paths), show)
