"""``lenet adapt``: weights that have learned a person's own hand, and what that did to everything else."""

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from lenet import data
from lenet.cli.photos import report_problems, with_progress
from lenet.data import Dataset
from lenet.errors import DataError, LeNetError, printable
from lenet.evaluation import evaluate
from lenet.reading.folders.examples import Shown, show
from lenet.reading.folders.labels import LabeledPicture, read_labels
from lenet.reading.folders.photos import Answer, Measurement, read_by_turns
from lenet.reading.recognition import Recognizer
from lenet.training.adaptation import PASSES, Examples, pieces_of_digits
from lenet.training.adaptation import adapt as adapt_weights
from lenet.weights import Weights, find, save

FEWEST = 10  # pictures: fewer say too little about a hand, and nothing about whether adapting helped
FEW, FOLDS_OF_FEW, FOLDS = 40, 10, 5
_MOST_CHANGES = 20  # that are printed
_PIECES = 2_000
_PARTS = {FOLDS_OF_FEW: "tenth", FOLDS: "fifth"}


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command()(adapt)


def adapt(
    table: Annotated[
        Path, typer.Argument(help="Your pictures: a labels.csv with file, label[, kind][, capture].", metavar="LABELS")
    ],
    weights: Annotated[
        str, typer.Option(help="What to adapt: a weights file, a run's folder, or a pretrained network's name.")
    ] = "pretrained",
    out: Annotated[Path, typer.Option(help="The file of the adapted weights.")] = Path("adapted.safetensors"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Adapt weights to your own handwriting, with at least 10 labeled pictures, and say what that did.

    Your pictures are judged by cross-validation: none is read by weights that have learned from it. MNIST is
    rehearsed while learning, and its test part is read before and after.

    lenet adapt my-digits/labels.csv --out mine.safetensors

    lenet read photo.jpg --weights mine.safetensors
    """
    began = time.perf_counter()
    if out.is_dir():
        raise LeNetError(f"{out}: is a folder, expected a name for the adapted weights, as adapted.safetensors")
    if out.suffix != ".safetensors":
        raise LeNetError(f"{out}: adapted weights are a safetensors file, expected a name that ends in .safetensors")
    found = find(weights)
    Recognizer(found)  # says what is wrong with them before anything is done, as does this:
    adaptations = _adaptations(found)
    pictures = read_labels(table)
    _check_enough(len(pictures), f"{table} names {{}} pictures")
    mnist = data.load("mnist")
    rehearsed = Examples(mnist.train_images, mnist.train_labels.astype(np.int64))

    _say(f"reading {len(pictures)} pictures")
    shown = list(with_progress(show(pictures, found), len(pictures), "pictures"))
    before = Measurement(tuple(one.answer for one in shown))
    report_problems(before)
    _check_enough(sum(one.is_usable for one in shown), f"of {len(pictures)} pictures {{}} show what their labels say")
    folds = folds_of(pictures)
    turns = range(int(folds.max()) + 1)
    _say(f"learning {len(turns)} times, each time from all but one {_PARTS[len(turns)]} of them")
    crossed = [adapt_weights(found, _examples(shown, folds != fold), rehearsed, PASSES) for fold in turns]
    _say("reading each picture with the weights that have not seen it")
    answers = with_progress(read_by_turns(pictures, crossed, folds.tolist()), len(pictures), "pictures")
    after = Measurement(tuple(answers))
    _say("learning from all of them")
    own = _examples(shown, folds >= 0)
    adapted = adapt_weights(found, own, rehearsed, PASSES)
    outcome = Outcome(before, after, len(turns), len(own), Known.of(found, mnist), Known.of(adapted, mnist))

    provenance = found.provenance | {"adaptations": [*adaptations, _adaptation(found, table, outcome)]}
    save(out, Weights(found.network, adapted.arrays, provenance))
    if as_json:
        seconds = round(time.perf_counter() - began, 1)
        print(json.dumps(outcome.to_json() | {"weights": printable(str(out)), "seconds": seconds}, ensure_ascii=False))
    else:
        print(*outcome.lines(), printable(str(out)), sep="\n")


@dataclass(frozen=True)
class Known:
    """What weights make of what they learned before.

    Attributes:
        mnist: errors and examples of MNIST's test part.
        pieces: of pieces of digits, how many get an answer that is not rejected, and how many there are.
    """

    mnist: tuple[int, int]
    pieces: tuple[int, int]

    @classmethod
    def of(cls, weights: Weights, mnist: Dataset) -> "Known":
        evaluation = evaluate(weights, mnist)
        recognizer = Recognizer(weights)
        pieces = pieces_of_digits(mnist.test_images, _PIECES, np.random.default_rng(0))
        accepted = sum(not recognizer.rejects(shares) for shares in recognizer.probabilities(pieces))
        return cls((evaluation.errors, evaluation.examples), (accepted, _PIECES))

    def to_json(self) -> dict[str, Any]:
        """Both as plain values."""
        return {
            "mnist": {"errors": self.mnist[0], "examples": self.mnist[1]},
            "pieces": {"accepted": self.pieces[0], "examples": self.pieces[1]},
        }


@dataclass(frozen=True, eq=False)
class Outcome:
    """What adapting did.

    Attributes:
        before, after: the own pictures, read with the weights as they were, and by cross-validation.
        folds: the parts of the cross-validation.
        examples: the own digits that were learned.
        known_before, known_after: what else the weights know.
    """

    before: Measurement
    after: Measurement
    folds: int
    examples: int
    known_before: Known
    known_after: Known

    @property
    def changed(self) -> list[tuple[Answer, Answer]]:
        """The pictures that are read differently, those that were right before first."""
        pairs = zip(self.before.answers, self.after.answers, strict=True)
        return sorted((pair for pair in pairs if pair[0].text != pair[1].text), key=lambda pair: not pair[0].is_right)

    def lines(self) -> list[str]:
        """All of it as text."""
        own = [measurement.total for measurement in (self.before, self.after)]
        known = [self.known_before, self.known_after]
        rows = [
            (f"own pictures right, {self.folds}-fold", [(tally.right, tally.n) for tally in own], 1),
            ("own pictures rejected", [(tally.rejected, tally.n) for tally in own], 1),
            ("own pictures accepted but wrong", [(tally.accepted_wrong, tally.n) for tally in own], 1),
            ("MNIST test errors", [one.mnist for one in known], 2),
            ("pieces of digits accepted", [one.pieces for one in known], 1),
        ]
        changed = self.changed
        better = sum(now.is_right and not was.is_right for was, now in changed)
        worse = sum(was.is_right and not now.is_right for was, now in changed)
        return [
            f"{f'learned {self.examples} digits':<32}{'before':>9}{'adapted':>10}",
            *(
                f"{title:<32}{_rate(parts[0], places):>9}{_rate(parts[1], places):>10}"
                f"   {parts[0][0]:,} and {parts[1][0]:,} of {parts[0][1]:,}"
                for title, parts, places in rows
            ),
            f"answers changed: {len(changed)}, of which {better} became right and {worse} wrong",
            *(
                f"  {was.picture.file}: {_one_line(was.picture.label)} was read {_one_line(was.text)}, "
                f"now {_one_line(now.text)}"
                for was, now in changed[:_MOST_CHANGES]
            ),
            *([f"  and {len(changed) - _MOST_CHANGES} more"] if len(changed) > _MOST_CHANGES else []),
            *(["adapting did not help: stay with the weights as they were"] if better <= worse else []),
        ]

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "pictures": self.before.total.n,
            "examples": self.examples,
            "folds": self.folds,
            "before": {"own": vars(self.before.total)} | self.known_before.to_json(),
            "after": {"own": vars(self.after.total)} | self.known_after.to_json(),
            "changed": [
                {"file": was.picture.file, "label": was.picture.label, "before": was.text, "after": now.text}
                for was, now in self.changed
            ],
        }


def folds_of(pictures: Sequence[LabeledPicture]) -> NDArray[np.int64]:
    """The part, from 0 on, to which each picture belongs, int64 (N,); every digit is spread over all parts.

    Few pictures make many parts, so that little is held back from learning.
    """
    count = FOLDS_OF_FEW if len(pictures) <= FEW else FOLDS
    chance = np.random.default_rng(0).permutation(len(pictures))
    order = sorted(range(len(pictures)), key=lambda index: (pictures[index].label, chance[index]))
    folds = np.empty(len(pictures), np.int64)
    folds[order] = np.arange(len(pictures)) % count
    return folds


def _examples(shown: Sequence[Shown], chosen: NDArray[np.bool_]) -> Examples:
    some = [one for one, is_chosen in zip(shown, chosen, strict=True) if is_chosen]
    return Examples(np.concatenate([one.images for one in some]), np.concatenate([one.labels for one in some]))


def _check_enough(count: int, said: str) -> None:
    if count < FEWEST:
        raise DataError(f"{said.format(count)}, expected at least {FEWEST}, better 5 of every digit")


def _adaptations(found: Weights) -> list[Any]:
    """What was done to the weights before."""
    with found.account() as account:
        before: list[Any] = account.list("adaptations", default=[])
        return before


def _adaptation(found: Weights, table: Path, outcome: Outcome) -> dict[str, Any]:
    """What was done to the weights now."""
    table = table / "labels.csv" if table.is_dir() else table
    digest = hashlib.sha256(b"".join(found.arrays[name].tobytes() for name in sorted(found.arrays)))
    return {
        "from": {"network": found.network.name, "arrays_sha256": digest.hexdigest()},
        "labels_sha256": hashlib.sha256(table.read_bytes()).hexdigest(),
        "recipe": PASSES.to_json(),
        **{name: value for name, value in outcome.to_json().items() if name != "changed"},
    }


def _rate(part: tuple[int, int], places: int) -> str:
    return f"{100 * part[0] / part[1]:.{places}f} %"


def _one_line(text: str) -> str:
    return text.replace("\n", " | ") or "as nothing"


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
