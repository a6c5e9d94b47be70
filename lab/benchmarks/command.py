"""Command lines of the benchmarks: options, printing a report, writing results, progress."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.command_line import positive_integer
from lenet.benchmarking.report import Report
from lenet.engine.native import usable_cores


def create_parser(description: str, rounds: int, seconds: float | None) -> argparse.ArgumentParser:
    """Create a parser with the options that benchmarks share: --rounds, --seconds, --threads, --markdown, --json FILE.

    Args:
        description: what the help says first.
        rounds, seconds: the defaults; for a benchmark of whole processes ``seconds`` is None, and --seconds and
            --threads, which would do nothing there, are still accepted but not shown.
    """
    parser = argparse.ArgumentParser(description=description)
    seconds_help = "time budget for each task in each round, in seconds [%(default)s]"
    threads_help = "threads for every library [%(default)s]"
    if seconds is None:
        seconds_help = threads_help = argparse.SUPPRESS
    parser.add_argument(
        "--rounds", type=positive_integer, default=rounds, help="rounds; medians over them count [%(default)s]"
    )
    parser.add_argument("--seconds", type=float, default=seconds, help=seconds_help)
    parser.add_argument("--threads", type=positive_integer, default=usable_cores(), help=threads_help)
    parser.add_argument("--markdown", action="store_true", help="print Markdown, for docs/performance.md")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a file, too")
    return parser


def print_report(report: Report, options: argparse.Namespace) -> None:
    """Print the report, and write its results to the file of ``--json``."""
    print(report.to_markdown() if options.markdown else report)
    write_json(options.json, report.to_json())


def write_json(path: Path | None, figures: Mapping[str, Any]) -> None:
    """Write figures to the file of ``--json``; nothing without one."""
    if path:
        path.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


def show_progress(text: str) -> None:
    """Show progress on stderr: on a terminal a line that the next one overwrites; nothing elsewhere."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text[:100]}", end="" if text else "\n", file=sys.stderr, flush=True)
