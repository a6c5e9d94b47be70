"""``lenet read --ray``: reading by the workers of a Ray cluster, with progress and a summary on stderr."""

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, redirect_stdout

import typer

from lenet.cli.output import progress, report
from lenet.errors import Stopped, printable
from lenet.reading.batch.pages import Settings
from lenet.reading.batch.picture_files import Shard

_EXIT_FAILED = 1


def check_ray_options(words: Sequence[str], options: Mapping[str, object]) -> None:
    """Refuse words and options that reading by a cluster cannot do.

    Raises:
        BadParameter: if there is no folder to write into, or an option is given that is not one of a cluster's.
    """
    if given_options := [name for name, value in options.items() if value]:
        raise typer.BadParameter(
            f"--ray writes Parquet files into a folder, and nothing else; leave out {given_options[0]}"
        )
    if not words:
        raise typer.BadParameter("--ray writes Parquet files into a folder, which is named last; name one")


def read_by_ray(
    words: Sequence[str],
    settings: Settings,
    address: str,
    resume: bool,
    files_from: str | None,
    shard: Shard | None,
    recursive: bool,
    lines: bool,
    workers: int | None,
    block: int | None,
) -> None:
    """Read the files that all words but the last name, into the folder that the last one names."""
    from lenet.reading.cluster.blocks import PICTURES
    from lenet.reading.cluster.job import read_on_cluster

    *files, folder = words
    if not files and files_from is None:
        raise typer.BadParameter(f"nothing to read into {folder}; name files, folders or a list by --files-from")
    blocks = pictures = failed = 0
    began = time.monotonic()
    outcomes = read_on_cluster(
        files,
        folder,
        settings,
        ray=address,
        resume=resume,
        files_from=files_from,
        shard=str(shard) if shard is not None else None,
        recursive=recursive,
        lines=lines,
        workers=workers,
        block=block or PICTURES,
    )
    try:
        # Ray prints what it has to say about lost workers on stdout, where others expect answers.
        with redirect_stdout(sys.stderr), closing(outcomes), progress(None) as show_progress:
            for outcome in outcomes:
                blocks += 1
                pictures += outcome.pictures
                failed += outcome.failed
                show_progress(pictures)
                if outcome.problem:
                    report(outcome.problem)
    except KeyboardInterrupt:
        raise Stopped(f"stopped after {pictures:,} pictures; the same command with --resume goes on") from None
    finally:
        if blocks:
            rate = pictures / (time.monotonic() - began)
            unread = f", of which {failed:,} could not be read" if failed else ""
            what = f"{pictures:,} pictures into {blocks:,} blocks of {printable(folder)}"
            print(f"read {what}{unread}; {rate:.1f} a second", file=sys.stderr)
    if not blocks:
        report(f"{folder} holds all of them already")
    if failed:
        raise typer.Exit(_EXIT_FAILED)
