"""``lenet bench``: throughput of training and reading on this machine."""

import json
from typing import Annotated

import typer
from rich.console import Console

from lenet.cli.options import Json, check_one_of


def bench(
    as_json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads of each library [default: one per core].")
    ] = None,
) -> None:
    """Compare training and reading with torch, ONNX Runtime, OpenVINO and the roofline, in less than a minute.

    Those that are not installed are left out. The roofline is what the processor's multiply-adds allow; see
    docs/performance.md, and lab/benchmarks/ of the repository for longer runs.
    """
    check_one_of({"--json": as_json, "--markdown": markdown})
    from lenet.verbs import bench as bench_verb  # the native engine and its peers load only here

    console = Console(stderr=True)
    with console.status("starting") as status:
        progress = status.update if console.is_terminal else _Phases(console).show
        report = bench_verb.bench(threads, progress=progress)
    if as_json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        print(report.to_markdown() if markdown else report)


class _Phases:
    """A line for every phase, for streams that are no terminal."""

    def __init__(self, console: Console) -> None:
        self._console, self._phase = console, ""

    def show(self, text: str) -> None:
        phase = text.partition(":")[0]
        if phase != self._phase:
            self._console.print(phase, highlight=False)
        self._phase = phase
