"""Evaluation of a reader on labeled pictures: correct and rejected readings, and how sure they were."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from lenet.errors import DataError, printable
from lenet.model import Model
from lenet.reading.batch.labels import LabeledPicture
from lenet.reading.batch.pages import result_or_error, workers_for
from lenet.reading.batch.worker_pool import map_in_processes
from lenet.reading.reader import Reader
from lenet.reading.recognition import Recognizer
from lenet.reading.results import Reading

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Answer:
    """The reading of a labeled picture.

    Attributes:
        picture: the picture and its label.
        reading: what was read; None if the picture could not be opened.
        problem: why not.
    """

    picture: LabeledPicture
    reading: Reading | None
    problem: str = ""

    @property
    def text(self) -> str:
        """The text that was read; empty if the picture could not be opened."""
        return self.reading.text if self.reading else ""

    def without_steps(self) -> "Answer":
        """A copy without the reader's `Steps`, to save memory."""
        return replace(self, reading=self.reading and replace(self.reading, steps=None))

    @property
    def is_right(self) -> bool:
        """Whether digits and lines are those of the label; gaps are not compared."""
        return self.text.replace(" ", "") == self.picture.label.replace(" ", "")

    @property
    def is_right_with_gaps(self) -> bool:
        """Whether gaps are where the label has them, too."""
        return self.text == self.picture.label

    @property
    def is_rejected(self) -> bool:
        """Whether the reading is rejected."""
        return self.reading is None or self.reading.is_rejected


@dataclass(frozen=True)
class Tally:
    """Counts of readings by outcome."""

    n: int
    right: int
    rejected: int
    accepted_right: int
    right_with_gaps: int

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> "Tally":
        return cls(
            len(answers),
            sum(answer.is_right for answer in answers),
            sum(answer.is_rejected for answer in answers),
            sum(answer.is_right and not answer.is_rejected for answer in answers),
            sum(answer.is_right_with_gaps for answer in answers),
        )

    @property
    def accepted(self) -> int:
        return self.n - self.rejected

    @property
    def accepted_wrong(self) -> int:
        return self.accepted - self.accepted_right


@dataclass(frozen=True, eq=False)
class Measurement:
    """The results of a reader on labeled pictures."""

    answers: tuple[Answer, ...]

    @property
    def groups(self) -> dict[str, Tally]:
        """One tally for each kind and capture, in alphabetical order."""
        names = sorted({answer.picture.group for answer in self.answers})
        return {name: Tally.of([answer for answer in self.answers if answer.picture.group == name]) for name in names}

    @property
    def total(self) -> Tally:
        return Tally.of(self.answers)

    @property
    def misses(self) -> list[Answer]:
        """The pictures that were read wrongly: group by group, the ones that were not even rejected first."""
        wrong = [answer for answer in self.answers if not answer.is_right]
        return sorted(wrong, key=lambda answer: (answer.picture.group, answer.is_rejected))

    @property
    def single_digits(self) -> tuple[list[float], list[bool]]:
        """Of each single picture in which a digit was found its probability, and whether it was right."""
        digits = [
            (answer.reading.digits[0].probability, answer.is_right)
            for answer in self.answers
            if answer.picture.kind == "single" and answer.reading and answer.reading.digits
        ]
        return [probability for probability, _ in digits], [right for _, right in digits]

    def to_json(self) -> dict[str, Any]:
        """The measurement as plain values."""
        return {
            "groups": {name: vars(tally) for name, tally in self.groups.items()},
            "total": vars(self.total),
            "misses": [
                {
                    "file": answer.picture.file,
                    "group": answer.picture.group,
                    "label": answer.picture.label,
                    "text": answer.text,
                    "rejected": answer.is_rejected,
                    "problem": answer.problem,
                }
                for answer in self.misses
            ],
        }


def read_labeled(
    pictures: Sequence[LabeledPicture],
    model: Model | None = None,
    max_error: float | None = None,
    *,
    workers: int | None = None,
) -> Iterator[Answer]:
    """Read labeled pictures, single ones as single ones; one that cannot be opened is no error, but no answer either.

    Args:
        model: the one that ships if None.
        max_error: as `Recognizer` takes it.
        workers: how many processes read; None takes as many as are soonest done. With more than one, a script must
            guard its own start by ``if __name__ == "__main__"``.

    Raises:
        WeightsError: as `Recognizer` does.
    """
    Recognizer(model, max_error)  # says here what is wrong with them, and not in each process
    return map_pictures(partial(_make_reader, model, max_error), pictures, workers, failed_answer)


def read_by_folds(
    pictures: Sequence[LabeledPicture], models: Sequence[Model], folds: Sequence[int], *, workers: int | None = None
) -> Iterator[Answer]:
    """Read each picture by the model of its fold, as in cross-validation."""
    tasks = list(zip(pictures, folds, strict=True))
    return map_pictures(partial(_make_readers_by_folds, models), tasks, workers, lambda task: failed_answer(task[0]))


def map_pictures(
    make: Callable[[], Callable[[Task], Result]],
    tasks: Sequence[Task],
    workers: int | None,
    on_lost: Callable[[Task], Result],
) -> Iterator[Result]:
    """Map a function over tasks, here or in several processes; arguments as of `map_in_processes`."""
    if (workers := workers_for(len(tasks), workers)) > 1:
        return map_in_processes(make, tasks, workers, on_lost)
    return map(make(), tasks)


def read_labeled_one(reader: Reader, picture: LabeledPicture, keep_steps: bool = False) -> Answer:
    """Read one labeled picture."""
    reading = result_or_error(
        picture.path, lambda: reader.read(picture.path, single=picture.kind == "single", keep_steps=keep_steps)
    )
    return Answer(picture, None, str(reading)) if isinstance(reading, DataError) else Answer(picture, reading)


def _make_reader(model: Model | None, max_error: float | None) -> Callable[[LabeledPicture], Answer]:
    reader = Reader(Recognizer(model, max_error))
    return lambda picture: read_labeled_one(reader, picture)


def _make_readers_by_folds(models: Sequence[Model]) -> Callable[[tuple[LabeledPicture, int]], Answer]:
    readers = [Reader(Recognizer(model)) for model in models]
    return lambda task: read_labeled_one(readers[task[1]], task[0])


def failed_answer(picture: LabeledPicture) -> Answer:
    """The answer for a picture whose worker process died."""
    return Answer(picture, None, printable(f"{picture.path}: does not fit into memory; make it smaller first"))
