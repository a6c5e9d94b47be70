"""``lenet read --ray``: reading by the workers of a Ray cluster, with progress and a summary on stderr."""

import sys
import time
from collections.abc import Sequence
from contextlib import closing, redirect_stdout

import typer

from lenet.cli.options import EXIT_FAILED
from lenet.cli.output import progress, report
from lenet.errors import Stopped, counted, printable
from lenet.reading.batch.pages import Settings
from lenet.reading.batch.picture_files import Shard


def read_by_ray(
    arguments: Sequence[str],
    settings: Settings,
    address: str,
    resume: bool,
    files_from: str | None,
    shard: Shard | None,
    recursive: bool,
    lines: bool,
    workers: int | None,
    block_size: int | None,
) -> None:
    """Read files into the folder that the last argument names, and report each block as it is written or fails."""
    from lenet.reading.cluster.blocks import PICTURES_PER_BLOCK
    from lenet.reading.cluster.job import read_on_cluster

    if not arguments:
        raise typer.BadParameter("--ray writes Parquet files into a folder, which is named last; name one")
    *files, folder = arguments
    if not files and files_from is None:
        raise typer.BadParameter(f"nothing to read into {folder}; name files, folders or a list by --files-from")
    blocks = pictures = failed = 0
    began = time.monotonic()
    block_results = read_on_cluster(
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
        block=block_size or PICTURES_PER_BLOCK,
    )
    try:
        # Ray prints what it has to say about lost workers on stdout, where others expect answers.
        with redirect_stdout(sys.stderr), closing(block_results), progress(None) as show_progress:
            for result in block_results:
                blocks += 1
                pictures += result.pictures
                failed += result.failed
                show_progress(pictures)
                if result.problem:
                    report(result.problem)
    except KeyboardInterrupt:
        raise Stopped(f"stopped after {counted(pictures, 'picture')}; the same command with --resume goes on") from None
    finally:
        if blocks:
            rate = pictures / (time.monotonic() - began)
            unread = f", of which {failed:,} could not be read" if failed else ""
            what = f"{counted(pictures, 'picture')} into {counted(blocks, 'block')} of {printable(folder)}"
            print(f"read {what}{unread}; {rate:.1f} a second", file=sys.stderr)
    if not blocks:
        report(f"{folder} holds all of them already")
    if failed:
        raise typer.Exit(EXIT_FAILED)
