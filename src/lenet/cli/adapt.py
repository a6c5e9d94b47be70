"""``lenet adapt``: fine-tune a model on a person's own handwriting, and measure the effect."""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from lenet.cli import completion
from lenet.cli.options import Json
from lenet.cli.photos import report_problems, with_progress
from lenet.errors import LeNetError, printable
from lenet.files import check_writable
from lenet.reading.batch.photos import Measurement
from lenet.verbs import adapt as adapt_verb

Item = TypeVar("Item")


def adapt(
    table: Annotated[
        Path, typer.Argument(help="Your pictures: a labels.csv with file, label[, kind][, capture].", metavar="LABELS")
    ],
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "--weights",
            help="What to adapt: a weights file, a run's folder, or a pretrained network's name.",
            autocompletion=completion.models,
        ),
    ] = "pretrained",
    out: Annotated[Path, typer.Option(help="The file of the adapted weights.")] = Path("adapted.safetensors"),
    as_json: Json = False,
) -> None:
    """Adapt weights to your own handwriting, with at least 10 labeled pictures, and say what that did.

    Your pictures are judged by cross-validation: none is read by weights that have learned from it. MNIST is
    rehearsed while learning, and its test split is read before and after.

    lenet adapt my-digits/labels.csv --out mine.safetensors

    lenet read photo.jpg --model mine.safetensors
    """
    start = time.perf_counter()
    check_writable(out)
    if out.suffix != ".safetensors":
        raise LeNetError(f"{out}: adapted weights are a safetensors file, expected a name that ends in .safetensors")
    adaptation = adapt_verb.adapt(table, model, progress=_StderrProgress())
    adaptation.model.save(out)
    if as_json:
        seconds = round(time.perf_counter() - start, 1)
        print(
            json.dumps(adaptation.to_json() | {"weights": printable(str(out)), "seconds": seconds}, ensure_ascii=False)
        )
    else:
        print(*adaptation.lines(), printable(str(out)), sep="\n")


class _StderrProgress(adapt_verb.Progress):
    """Progress on stderr: a line for each step, and on a terminal a counter."""

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def problems(self, measurement: Measurement) -> None:
        report_problems(measurement)

    def count(self, items: Iterable[Item], total: int) -> Iterator[Item]:
        return with_progress(items, total)
