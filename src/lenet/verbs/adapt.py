"""The verb ``adapt``: fine-tuning on a person's handwriting, with cross-validation and tests on the original domain."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lenet import data
from lenet.data import Dataset
from lenet.errors import DataError, counted
from lenet.evaluation import evaluate
from lenet.model import Model, load
from lenet.reading.batch.examples import PictureExamples, extract_examples
from lenet.reading.batch.labels import LabeledPicture, read_labels
from lenet.reading.batch.photos import Answer, Measurement, read_by_folds
from lenet.reading.recognition import Recognizer
from lenet.training.adaptation import ADAPTATION_RECIPE, pieces_of_digits
from lenet.training.adaptation import adapt as adapt_model
from lenet.training.stream import Patterns

MIN_PICTURES = 10  # fewer are too few to learn a handwriting, and to measure whether it was learned
SMALL_SET, FOLDS_OF_SMALL_SET, FOLDS = 40, 10, 5
_MAX_CHANGES = 20  # that are printed
_PIECES = 2_000
_PARTS = {FOLDS_OF_SMALL_SET: "tenth", FOLDS: "fifth"}

Item = TypeVar("Item")


class Progress:
    """Progress reporter of an adaptation; this one reports nothing."""

    def say(self, text: str) -> None:
        """Report the start of a step."""

    def problems(self, measurement: Measurement) -> None:
        """Report pictures that could not be opened."""

    def count(self, items: Iterable[Item], total: int) -> Iterator[Item]:
        """Iterate over items and count them."""
        yield from items


def adapt(
    labels: str | Path, model: Model | str | Path = "pretrained", *, progress: Progress | None = None
) -> "Adaptation":
    """Adapt a model to somebody's handwriting, with at least 10 labeled pictures, and measure the effect.

    The pictures are judged by cross-validation: none is read by a model that has learned from it. MNIST is rehearsed
    while learning, and its test split is read before and after.

    Args:
        labels: a table, ``labels.csv``, with file, label[, kind][, capture]; or a folder with one.
        model: what to adapt: a model of digits, its file, a run's folder, or a name that ships. It stays as it is.
        progress: reporter of the steps.

    Returns:
        The adapted model, ``adaptation.model``, and the measured effect.

    Raises:
        DataError: if the table or too many pictures cannot be read, or MNIST cannot be downloaded.
        WeightsError: if the model reads no digits.
    """
    progress = progress or Progress()
    model = load(model)
    Recognizer(model)  # checks the model before anything is done, as does this:
    with model.checked_provenance() as provenance:
        adaptations = provenance.list("adaptations", default=[])
    pictures = read_labels(labels)
    _check_enough(len(pictures), f"{labels} names {counted(len(pictures), 'picture')}")
    mnist = data.load("mnist")
    rehearsed = Patterns(mnist.train_images, mnist.train_labels.astype(np.int64))

    progress.say(f"reading {len(pictures)} pictures")
    picture_examples = list(progress.count(extract_examples(pictures, model), len(pictures)))
    before = Measurement(tuple(examples.answer for examples in picture_examples))
    progress.problems(before)
    usable = sum(examples.is_usable for examples in picture_examples)
    shows = "shows what its label says" if usable == 1 else "show what their labels say"
    _check_enough(usable, f"of {counted(len(pictures), 'picture')} {usable} {shows}")
    folds = folds_of(pictures)
    fold_numbers = range(int(folds.max()) + 1)
    progress.say(f"learning {len(fold_numbers)} times, each time from all but one {_PARTS[len(fold_numbers)]} of them")
    models = [
        adapt_model(model, _examples(picture_examples, folds != fold), rehearsed, ADAPTATION_RECIPE)
        for fold in fold_numbers
    ]
    progress.say("reading each picture with the model that has not seen it")
    answers = progress.count(read_by_folds(pictures, models, folds.tolist()), len(pictures))
    after = Measurement(tuple(answers))
    progress.say("learning from all of them")
    examples = _examples(picture_examples, folds >= 0)
    adapted = adapt_model(model, examples, rehearsed, ADAPTATION_RECIPE)
    adaptation = Adaptation(
        adapted,
        before,
        after,
        len(fold_numbers),
        len(examples),
        BaselineResults.of(model, mnist),
        BaselineResults.of(adapted, mnist),
    )
    recorded = {"adaptations": [*adaptations, _adaptation(model, Path(labels), adaptation)]}
    return replace(adaptation, model=replace(adapted, provenance=model.provenance | recorded))


@dataclass(frozen=True)
class BaselineResults:
    """Results of a model on the original domain: MNIST, and pieces of digits to be rejected.

    Attributes:
        mnist: errors and examples of MNIST's test split.
        pieces: of pieces of digits, the number accepted and the number of all.
    """

    mnist: tuple[int, int]
    pieces: tuple[int, int]

    @classmethod
    def of(cls, model: Model, mnist: Dataset) -> "BaselineResults":
        evaluation = evaluate(model, mnist)
        recognizer = Recognizer(model)
        pieces = pieces_of_digits(mnist.test_images, _PIECES, np.random.default_rng(0))
        accepted = sum(not recognizer.rejects(probabilities) for probabilities in recognizer.probabilities(pieces))
        return cls((evaluation.errors, evaluation.examples), (accepted, _PIECES))

    def to_json(self) -> dict[str, Any]:
        """Both as plain values."""
        return {
            "mnist": {"errors": self.mnist[0], "examples": self.mnist[1]},
            "pieces": {"accepted": self.pieces[0], "examples": self.pieces[1]},
        }


@dataclass(frozen=True, eq=False)
class Adaptation:
    """An adapted model, and the measured effect.

    Attributes:
        model: the adapted one; its provenance records the original model.
        before, after: the own pictures, read with the weights as they were, and by cross-validation.
        folds: the parts of the cross-validation.
        examples: the own digits that were learned.
        baseline_before, baseline_after: results of both models on the original domain.
    """

    model: Model
    before: Measurement
    after: Measurement
    folds: int
    examples: int
    baseline_before: BaselineResults
    baseline_after: BaselineResults

    @property
    def changed(self) -> list[tuple[Answer, Answer]]:
        """The pictures that are read differently, those that were right before first."""
        pairs = zip(self.before.answers, self.after.answers, strict=True)
        return sorted((pair for pair in pairs if pair[0].text != pair[1].text), key=lambda pair: not pair[0].is_right)

    def lines(self) -> list[str]:
        """The outcome as text."""
        tallies = [measurement.total for measurement in (self.before, self.after)]
        baselines = [self.baseline_before, self.baseline_after]
        rows = [
            (f"own pictures right, {self.folds}-fold", [(tally.right, tally.n) for tally in tallies], 1),
            ("own pictures rejected", [(tally.rejected, tally.n) for tally in tallies], 1),
            ("own pictures accepted but wrong", [(tally.accepted_wrong, tally.n) for tally in tallies], 1),
            ("MNIST test errors", [baseline.mnist for baseline in baselines], 2),
            ("pieces of digits accepted", [baseline.pieces for baseline in baselines], 1),
        ]
        changed, learned = self.changed, f"learned {counted(self.examples, 'digit')}"
        better = sum(now.is_right and not was.is_right for was, now in changed)
        worse = sum(was.is_right and not now.is_right for was, now in changed)
        return [
            f"{learned:<32}{'before':>9}{'adapted':>10}",
            *(
                f"{title:<32}{_rate(parts[0], places):>9}{_rate(parts[1], places):>10}"
                f"   {parts[0][0]:,} and {parts[1][0]:,} of {parts[0][1]:,}"
                for title, parts, places in rows
            ),
            f"answers changed: {len(changed)}, of which {better} became right and {worse} wrong",
            *(
                f"  {was.picture.file}: {_one_line(was.picture.label)} was read {_one_line(was.text)}, "
                f"now {_one_line(now.text)}"
                for was, now in changed[:_MAX_CHANGES]
            ),
            *([f"  and {len(changed) - _MAX_CHANGES} more"] if len(changed) > _MAX_CHANGES else []),
            *(["adapting did not help: stay with the model as it was"] if better <= worse else []),
        ]

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain values."""
        return {
            "pictures": self.before.total.n,
            "examples": self.examples,
            "folds": self.folds,
            "before": {"own": vars(self.before.total)} | self.baseline_before.to_json(),
            "after": {"own": vars(self.after.total)} | self.baseline_after.to_json(),
            "changed": [
                {"file": was.picture.file, "label": was.picture.label, "before": was.text, "after": now.text}
                for was, now in self.changed
            ],
        }


def folds_of(pictures: Sequence[LabeledPicture]) -> NDArray[np.int64]:
    """Stratified folds: the fold of each picture, int64 (N,); every label is spread over all folds.

    Few pictures make many folds, so that most are learned from.
    """
    count = FOLDS_OF_SMALL_SET if len(pictures) <= SMALL_SET else FOLDS
    shuffled = np.random.default_rng(0).permutation(len(pictures))
    order = sorted(range(len(pictures)), key=lambda index: (pictures[index].label, shuffled[index]))
    folds = np.empty(len(pictures), np.int64)
    folds[order] = np.arange(len(pictures)) % count
    return folds


def _examples(examples: Sequence[PictureExamples], is_selected: NDArray[np.bool_]) -> Patterns:
    parts = [part for part, selected in zip(examples, is_selected, strict=True) if selected]
    return Patterns(np.concatenate([part.images for part in parts]), np.concatenate([part.labels for part in parts]))


def _check_enough(count: int, subject: str) -> None:
    if count < MIN_PICTURES:
        raise DataError(f"{subject}, expected at least {MIN_PICTURES}, better 5 of every digit")


def _adaptation(model: Model, table: Path, outcome: Adaptation) -> dict[str, Any]:
    """The record of this adaptation."""
    table = table / "labels.csv" if table.is_dir() else table
    return {
        "from": {"network": model.network.name, "arrays_sha256": model.digest},
        "labels_sha256": hashlib.sha256(table.read_bytes()).hexdigest(),
        "recipe": ADAPTATION_RECIPE.to_json(),
        **{name: value for name, value in outcome.to_json().items() if name != "changed"},
    }


def _rate(part: tuple[int, int], places: int) -> str:
    return f"{100 * part[0] / part[1]:.{places}f} %"


def _one_line(text: str) -> str:
    return text.replace("\n", " | ") or "as nothing"
