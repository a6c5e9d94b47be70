"""Command lines of the benchmarks: options, printing a report, writing its figures, progress."""

import argparse
import json
import sys
from pathlib import Path

from lenet.benchmarking.report import Report
from lenet.engine.native import usable_cores


def parser(description: str, rounds: int, seconds: float) -> argparse.ArgumentParser:
    """The options of every benchmark: rounds, seconds, threads, --markdown, --json FILE."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--rounds", type=int, default=rounds, help="rounds; medians over them count [%(default)s]")
    options.add_argument("--seconds", type=float, default=seconds, help="seconds a task and round [%(default)s]")
    options.add_argument("--threads", type=int, default=usable_cores(), help="threads of everyone [%(default)s]")
    options.add_argument("--markdown", action="store_true", help="print Markdown, for docs/performance.md")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures into a file, too")
    return options


def show(report: Report, options: argparse.Namespace) -> None:
    """Print the report and keep its figures where ``--json`` says."""
    print(report.to_markdown() if options.markdown else report.to_text())
    if options.json:
        options.json.write_text(json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n")


def on_stderr(text: str) -> None:
    """Progress: a line that the next one overwrites on a terminal; silence elsewhere."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text[:100]}", end="" if text else "\n", file=sys.stderr, flush=True)
