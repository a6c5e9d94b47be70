"""``lenet read``: reading of digits in pictures and IDX files.

Which files are meant says `picture_files`, how answers look `formatting`; here is the verb, and what goes on around it.
The picture libraries are imported when a picture is read, so that an IDX file need not wait for them.
"""

import os
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lenet.cli import completion
from lenet.cli.cluster import read_by_ray
from lenet.cli.options import EXIT_FAILED, check_left_out, check_one_of, check_place
from lenet.cli.output import MIN_FILES_FOR_SUMMARY, Output, report
from lenet.cli.tables import check_table_paths
from lenet.errors import ReadingError, counted, printable
from lenet.files import check_folder_writable, check_writable
from lenet.reading.batch.files import FileReading, TablePaths
from lenet.reading.batch.pages import Settings, names_idx, workers_for
from lenet.reading.batch.picture_files import STDIN, PictureFiles, Shard
from lenet.reading.tables.formatting import READING_COLUMNS, Columns, ReadingFormatter

if TYPE_CHECKING:
    from lenet.forms.formatting import FormFormatter
    from lenet.reading.drawing.annotation import Drawings


def read(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Pictures, folders, quoted globs, IDX files; '-' is stdin.", metavar="FILE|FOLDER|GLOB|-..."
        ),
    ] = None,
    single: Annotated[bool, typer.Option("--single", help="Each picture holds one digit.")] = False,
    length: Annotated[int | None, typer.Option(min=1, help="Each line has so many digits.")] = None,
    pattern: Annotated[str | None, typer.Option(help=r"What each line looks like, as '\d{3}-\d{4}'.")] = None,
    signs: Annotated[
        Literal["omit", "keep"],
        typer.Option(help="What becomes of the signs between digits: omit says them in a remark, keep writes them."),
    ] = "omit",
    turn: Annotated[
        bool,
        typer.Option(" /--no-turn", show_default=False, help="Do not turn pages on their side or upside down."),
    ] = True,
    grid: Annotated[
        bool, typer.Option(" /--no-grid", show_default=False, help="Look for no boxes, tables and squared paper.")
    ] = True,
    form: Annotated[
        Path | None,
        typer.Option(help="Read pages of a form by this template: a TOML file, as lenet form new makes one."),
    ] = None,
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
    jsonl: Annotated[Path | None, typer.Option(help="Write what --json prints into this file, a line each.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="Write the answers into this Parquet file, too.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the tables that are there, after the last whole row.")
    ] = False,
    files_from: Annotated[
        str | None, typer.Option(metavar="LIST|-", help="Read the files that this text file names, a line each.")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Read every N-th file only, from the I-th on: one of N parts.")
    ] = None,
    annotate: Annotated[
        Path | None, typer.Option(help="Draw boxes and answers on each picture, into this folder.")
    ] = None,
    show: Annotated[Path | None, typer.Option(help="Draw how one picture was read into this PNG file.")] = None,
    ink_high: Annotated[bool, typer.Option("--ink-high", help="The digits are light on a dark background.")] = False,
    paper_high: Annotated[bool, typer.Option("--paper-high", help="The digits are dark on light paper.")] = False,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Look into folders within folders.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many processes read; by default as many as pay.")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:PORT|auto]",
            help="Let a Ray cluster read, into the folder that is named last; without an address this machine alone.",
        ),
    ] = None,
    block: Annotated[
        int | None, typer.Option(min=1, help="With --ray: how many pictures one worker reads into one file.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "--weights",
            help="A weights file or a run's folder; default: those shipped.",
            autocompletion=completion.models,
        ),
    ] = None,
) -> None:
    """Read the digits in pictures; or every digit of an IDX file, one a line.

    One file gives its text alone, several give "file: text" with " | " between lines. A "?" follows a digit that is
    not sure enough. What cannot be read is reported on stderr and the others are read; the exit code is then 1.

    lenet read photo.jpg --detail

    lenet read scans/ --csv answers.csv --annotate drawn/

    lenet read 'cheques/**/*.png' --pattern '\\d{3}-\\d{4}' --max-error 0.5% --reject

    lenet read marks.jpg --cells > marks.csv

    lenet read scans/ --form form.toml --csv answers.csv

    lenet read t10k-images-idx3-ubyte.gz --json

    find /archive -name '*.tif' | lenet read --files-from - --csv answers.csv --resume

    lenet read s3://scans/1998/ s3://answers/1998/ --ray 10.0.0.1:6379 --resume
    """
    check_one_of({"--ink-high": ink_high, "--paper-high": paper_high})
    check_one_of({"--json": as_json, "--detail": detail, "--cells": cells})
    check_one_of({"--lines": lines, "--cells": cells})
    check_one_of({"--no-grid": not grid, "--cells": cells})
    check_one_of({"--single": single, "--cells": cells})
    check_one_of({"--single": single, "--length": length is not None, "--pattern": pattern is not None})
    inputs = files or []
    if not inputs and files_from is None:
        raise typer.BadParameter("nothing to read; name pictures, folders or globs, or a list of files by --files-from")
    if inputs.count(STDIN) + (files_from == STDIN) > 1:
        raise typer.BadParameter("'-' is stdin, which can be read only once")
    if form is not None:
        of_pictures: dict[str, object] = {
            "--single": single, "--length": length, "--pattern": pattern, "--signs": signs == "keep",
            "--no-turn": not turn, "--no-grid": not grid, "--max-error": max_error, "--reject": reject,
            "--lines": lines, "--cells": cells, "--detail": detail, "--annotate": annotate, "--show": show,
            "--ink-high": ink_high, "--paper-high": paper_high,
        }  # fmt: skip
        check_left_out(of_pictures, "--form reads fields as its template says")
    settings = (
        _form_settings(form, model)
        if form is not None
        else Settings(
            polarity="ink-high" if ink_high else "paper-high" if paper_high else "auto",
            single=single,
            length=length,
            pattern=pattern,
            signs=signs,
            turn=turn,
            model=model,
            max_error=share_of_errors(max_error),
            grid=grid,
        )
    )
    if ray is not None:
        others: dict[str, object] = {
            "--json": as_json, "--detail": detail, "--cells": cells, "--reject": reject, "--form": form, "--csv": csv,
            "--jsonl": jsonl, "--parquet": parquet, "--annotate": annotate, "--show": show,
        }  # fmt: skip
        check_left_out(others, "--ray writes Parquet files into a folder, and nothing else")
        read_by_ray(inputs, settings, ray, resume, files_from, _shard_of(shard), recursive, lines, workers, block)
        return
    if block is not None:
        raise typer.BadParameter("--block is for a Ray cluster; add --ray")
    pictures = PictureFiles(
        inputs, recursive=recursive, excluding=annotate, files_from=files_from, shard=_shard_of(shard)
    )
    tables = TablePaths(csv, jsonl, parquet)
    form_formatter = _form_formatter(settings, pictures.is_many or len(inputs) > 1) if form is not None else None
    columns = READING_COLUMNS if form_formatter is None else form_formatter.columns
    _check_outputs(pictures, tables, columns, resume, annotate, show)
    count = pictures.count()
    is_many = pictures.is_many or count is None or count >= MIN_FILES_FOR_SUMMARY
    formatter = form_formatter or ReadingFormatter(
        is_named=pictures.is_many or len(inputs) > 1,
        by_line=lines,
        has_detail=detail,
        hides_rejected=reject,
        by_cell=cells,
        min_probability=settings.recognizer().min_probability,
    )
    reading = FileReading(pictures, settings, formatter, tables, resume)
    output = Output(pictures, reading, formatter, as_json)
    pages = reading.pages(workers_for(count, workers), _drawings(pictures, reading.first, annotate, show))
    try:
        output.write_pages(pages, is_many)
    finally:
        _report_drawings(output, annotate, show)
    if not (reading.first or output.read or output.failed or output.without_digits):
        report(f"{'no file is named' if shard is None else f'no file is in shard {shard}'}: nothing was read")
    if output.failed or output.without_digits or output.undrawn:
        raise typer.Exit(EXIT_FAILED)


def _form_settings(form: Path, model: str | None) -> Settings:
    from lenet.forms.batch import FormSettings

    return FormSettings(form=form, model=model)


def _form_formatter(settings: Settings, is_named: bool) -> "FormFormatter":
    from lenet.forms.batch import FormSettings
    from lenet.forms.formatting import FormFormatter

    assert isinstance(settings, FormSettings)
    return FormFormatter(settings.template, is_named)


def _report_drawings(output: Output, annotate: Path | None, show: Path | None) -> None:
    count = output.drawn + output.undrawn
    if annotate is not None and count:
        drew = f"{output.drawn:,} of " * (output.undrawn > 0) + counted(count, "picture")
        print(f"drew {drew} into {printable(str(annotate))}", file=sys.stderr)
    if show is not None and output.drawn:
        print(f"drew the steps into {printable(str(show))}", file=sys.stderr)


def share_of_errors(text: str | None) -> float | None:
    """Parse ``--max-error``; a usage error if it is no share."""
    from lenet.reading.recognition import parse_share

    try:
        return None if text is None else parse_share("--max-error", text)
    except ReadingError as error:
        raise typer.BadParameter(str(error)) from None


def _shard_of(text: str | None) -> Shard | None:
    try:
        return None if text is None else Shard.parse(text)
    except ReadingError as error:
        raise typer.BadParameter(f"--{error}") from None


def _check_outputs(
    pictures: PictureFiles,
    tables: TablePaths,
    columns: Columns,
    resume: bool,
    annotate: Path | None,
    show: Path | None,
) -> None:
    """Check the paths of all output files, before anything is read."""
    check_table_paths(tables, columns)
    if resume and tables == TablePaths():
        raise typer.BadParameter("--resume goes on with a table, and none is named; add --csv, --jsonl or --parquet")
    if annotate is not None:
        check_place("--annotate", check_folder_writable, annotate)
    if annotate is not None and pictures.is_read_once:
        raise typer.BadParameter("--annotate looks at all names before it draws; give the list as a file")
    if show is None:
        return
    check_place("--show", check_writable, show)
    sources = list(islice(pictures, 2))
    if pictures.is_many or len(sources) + len(pictures.problems) > 1:
        raise typer.BadParameter("--show draws one picture, got several files")
    if show.suffix.lower() != ".png":
        raise typer.BadParameter(f"--show draws a PNG file, expected a name that ends in .png, got {show}")
    for source in sources:
        if not isinstance(source, bytes):
            if names_idx(source):
                raise typer.BadParameter(f"--show draws how a picture was read, and {source} is an IDX file")
            if os.path.realpath(show) == os.path.realpath(source):
                raise typer.BadParameter(f"--show would write over {source}")


def _drawings(pictures: PictureFiles, first: int, annotate: Path | None, show: Path | None) -> "Drawings | None":
    """Annotation of the files from this one on; only their drawings' names are listed, for none may be another's."""
    if annotate is None and show is None:
        return None
    from lenet.reading.drawing.annotation import Drawings
    from lenet.reading.drawing.places import drawing_paths, without_page

    sources = list(pictures) if annotate is not None else []
    paths = drawing_paths(sources, annotate) if annotate is not None else []
    originals = {os.path.realpath(source) for source in sources if not isinstance(source, bytes)}
    for path in paths:
        if os.path.realpath(path) in originals:
            raise typer.BadParameter(f"--annotate would write over {path}; name another folder")
    if show is not None and {*map(os.path.realpath, (show, without_page(show)))} & {*map(os.path.realpath, paths)}:
        raise typer.BadParameter(f"--show would write over what --annotate draws into {show}; name another file")
    return Drawings(tuple(paths[first:]), show)
