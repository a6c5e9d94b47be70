"""The verb ``check``: marks an answer to an exercise of the course, or lists what is solved and what is open.

Answers are right by what the package computes; a wrong one that a known mistake gives gets the hint that names it, and
never the solution.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lenet.course.exercises import QUESTIONS, Answer, Question
from lenet.course.progress import Attempts, note_attempt, read_progress
from lenet.course.texts import Texts, texts
from lenet.errors import LeNetError, UnknownName, reason_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lenet.course.functions import Task

Language = Literal["en", "zh"]

_FUNCTIONS = ("1.2", "2.1", "3.3", "4.1", "5.3", "6.1", "7.1", "8.3", "9.1", "9.3", "10.1")
EXERCISES = tuple(sorted((*QUESTIONS, *_FUNCTIONS), key=lambda number: [int(part) for part in number.split(".")]))
"""The numbers of all exercises, in order: lesson and place in it."""
LESSONS = tuple(dict.fromkeys(int(number.split(".")[0]) for number in EXERCISES))


@dataclass(frozen=True)
class Status:
    """An exercise, and what is known of its answers.

    Attributes:
        number: lesson and place in it, as ``"4.2"``.
        task: what it asks.
        attempts: how often it was answered.
        is_solved: whether one of the answers was right.
    """

    number: str
    task: str
    attempts: int
    is_solved: bool


@dataclass(frozen=True)
class Listing:
    """Exercises by lesson; printed, a line for each, with what is solved.

    Attributes:
        titles: the lessons' titles by number.
        exercises: in order.
        language: of the texts.
    """

    titles: dict[int, str]
    exercises: tuple[Status, ...]
    language: str = "en"

    @property
    def solved(self) -> int:
        """The number of solved exercises."""
        return sum(exercise.is_solved for exercise in self.exercises)

    def __str__(self) -> str:
        words = texts(self.language).words
        lines = []
        for lesson, title in self.titles.items():
            lines.append(words["lesson"].format(number=lesson, title=title))
            for exercise in self.exercises:
                if exercise.number.split(".")[0] == str(lesson):
                    state = words["solved" if exercise.is_solved else "open"]
                    lines.append(f"  {exercise.number:<5}{state}  {exercise.task}")
        lines.append(words["total"].format(solved=self.solved, all=len(self.exercises)))
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """``{"lessons": {"4": title}, "exercises": [{"number", "task", "attempts", "is_solved"}], "solved"}``."""
        return {
            "lessons": {str(number): title for number, title in self.titles.items()},
            "exercises": [asdict(exercise) for exercise in self.exercises],
            "solved": self.solved,
        }

    def _repr_html_(self) -> str:
        from lenet.notebook import text_html

        return text_html(str(self))


@dataclass(frozen=True)
class Mark:
    """The mark of one answer.

    Attributes:
        number: of the exercise.
        is_right: whether it is solved by the answer.
        text: what is said of it; a hint if it is wrong.
        mistake: the name of the known mistake that gives this answer; None if it is right, or no mistake is known.
        note: what kept the progress from being written; empty if nothing did.
    """

    number: str
    is_right: bool
    text: str
    mistake: str | None = None
    note: str = ""

    def __str__(self) -> str:
        return "\n".join(filter(None, (f"{self.number}: {self.text}", self.note)))

    def to_json(self) -> dict[str, Any]:
        """``{"number", "is_right", "text", "mistake", "note"}``."""
        return asdict(self)

    def _repr_html_(self) -> str:
        from lenet.notebook import text_html

        return text_html(str(self))


def check(
    exercise: str | float | None = None,
    answer: str | float | Sequence[int] | Path | Callable[..., Any] | None = None,
    *,
    language: Language = "en",
) -> Mark | Listing:
    """Mark an answer to an exercise of the course, or list exercises and what is solved.

    Args:
        exercise: ``"4.2"`` (or 4.2), the second one of lesson 4; of a lesson alone, ``4``, or of nothing, exercises are
            listed.
        answer: a number, a shape, or a word; the function itself; or the path of a Python file that defines it, which
            runs in a process of its own, for at most 10 seconds and in 2 GiB of memory. What the file prints is not
            shown.
        language: ``"en"`` or ``"zh"``.

    Returns:
        The mark, with a hint and never the solution if it is wrong; without an answer the list.

    Raises:
        UnknownName: if there is no such exercise, lesson or language.
        LeNetError: if the answer is empty, or of another kind than the exercise asks for.
        DataError: if there is no such file, or the file of the progress is damaged.

    Progress is kept in one file in the user's folder for state; nothing is sent anywhere.
    """
    language_texts = texts(language)
    numbers = _exercise_numbers(exercise)
    if answer is None:
        return _listing(numbers, language_texts, language)
    if len(numbers) > 1 or exercise is None:
        problem = "none is named" if exercise is None else f"{exercise} is a lesson"
        raise LeNetError(f"an answer goes with one exercise, as {numbers[0]}; {problem}")
    number = numbers[0]
    read_progress()  # a damaged file is told before the work
    is_right, text, mistake = _mark_by_kind(number, answer, language_texts)
    note = ""
    try:
        note_attempt(number, is_right)
    except OSError as error:
        note = language_texts.words["unwritten"].format(path=error.filename, problem=reason_of(error))
    return Mark(number, is_right, text, mistake, note)


def _exercise_numbers(exercise: str | float | None) -> tuple[str, ...]:
    """The numbers of the exercises that are meant."""
    if exercise is None:
        return EXERCISES
    text = str(exercise).strip()
    if text in EXERCISES:
        return (text,)
    lesson = tuple(number for number in EXERCISES if number.split(".")[0] == text)
    if not lesson:
        known = (f"{LESSONS[0]} to {LESSONS[-1]}", "an exercise of one, as 4.2")
        raise UnknownName("lesson or exercise", text, known)
    return lesson


def _listing(numbers: Sequence[str], language_texts: Texts, language: str) -> Listing:
    progress = read_progress()
    attempts = {number: progress.get(number, Attempts()) for number in numbers}
    exercises = (
        Status(number, language_texts.tasks[number], known.count, known.is_solved) for number, known in attempts.items()
    )
    lessons = dict.fromkeys(int(number.split(".")[0]) for number in numbers)
    return Listing({lesson: language_texts.lessons[lesson] for lesson in lessons}, tuple(exercises), language)


def _mark_by_kind(number: str, answer: Any, language_texts: Texts) -> tuple[bool, str, str | None]:
    if number in QUESTIONS:
        return _mark_answer(number, QUESTIONS[number], answer, language_texts)
    from lenet.course.functions import TASKS  # here, because lists and numbers need no NumPy

    return _mark_function(number, TASKS[number], answer, language_texts)


# --- numbers, shapes and words ---------------------------------------------------------------------------------------


def _mark_answer(number: str, question: Question, answer: Any, language_texts: Texts) -> tuple[bool, str, str | None]:
    expected = question.answer()
    value = _parse_answer(number, question, expected, answer)
    words = language_texts.words
    if _is_close(value, expected, question.tolerance):
        return True, words["right"].format(answer=_value_text(value)), None
    for name, wrong in question.mistakes.items():
        if _is_close(value, wrong(), question.tolerance):
            hint = language_texts.mistakes[number][name].format(answer=_value_text(value))
            return False, f"{words['wrong'].format(answer=_value_text(value))}{hint}", name
    return False, f"{words['wrong'].format(answer=_value_text(value))}{language_texts.hints[number]}", None


def _parse_answer(number: str, question: Question, expected: Answer, answer: Any) -> Answer:
    """An answer as what the exercise asks for, however it is written."""
    text = _answer_text(answer)
    if isinstance(expected, str):
        word = question.words.get(text.casefold())
        if word is None:
            known = ", ".join(dict.fromkeys(question.words.values()))
            raise LeNetError(f"exercise {number} is answered by one of {known}; got {_shorten(text)!r}")
        return word
    if isinstance(expected, tuple):
        parts = [part for part in re.split(r"[\s,，、;x×@*()\[\]（）]+", text) if part]
        try:
            return tuple(int(part) for part in parts)
        except ValueError:
            raise LeNetError(f"exercise {number} is answered by a shape, as 2,3,4; got {_shorten(text)!r}") from None
    # Separators of thousands, as in 61,706: 2,3,4 is no number.
    plain = re.sub(r"(?<=\d)[\s,，_](?=\d{3}(?!\d))", "", text.strip(" %％"))
    try:
        value = float(plain)
    except ValueError:
        raise LeNetError(f"exercise {number} is answered by a number; got {_shorten(text)!r}") from None
    if not math.isfinite(value):
        raise LeNetError(f"exercise {number} is answered by a finite number; got {_shorten(text)!r}")
    return value


def _answer_text(answer: Any) -> str:
    if callable(answer) or isinstance(answer, Path):
        raise LeNetError("this exercise is answered by a value, not by a function; expected --answer VALUE")
    if isinstance(answer, str):
        text = answer.strip()
    elif hasattr(answer, "shape") or isinstance(answer, Sequence):
        text = ",".join(map(str, answer)) if getattr(answer, "shape", None) != () else str(answer)
    else:
        text = str(answer)
    if not text:
        raise LeNetError("the answer is empty; expected a value, as --answer 42")
    return text


def _is_close(value: Answer, other: Answer, tolerance: float) -> bool:
    if isinstance(value, float | int) and isinstance(other, float | int):
        return abs(value - other) <= tolerance
    return value == other


def _value_text(value: Answer) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value == int(value) else f"{value:,.6g}"


def _shorten(text: str, length: int = 60) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


# --- functions -------------------------------------------------------------------------------------------------------


def _mark_function(number: str, task: Task, answer: Any, language_texts: Texts) -> tuple[bool, str, str | None]:
    from lenet.course.execution import ProgramError, call_file, call_function

    words = language_texts.words
    call = f"{task.name}({', '.join(task.arguments)})"
    if not callable(answer) and not isinstance(answer, str | Path):
        raise LeNetError(f"exercise {number} is answered by a function {call}, or a file that defines it")
    if isinstance(answer, str) and not answer.strip():
        raise LeNetError(f"the answer is empty; expected a Python file that defines {call}")
    if isinstance(answer, str) and not answer.endswith(".py") and not Path(answer).exists():
        raise LeNetError(
            f"exercise {number} is answered by a function {call}, or a file that defines it; got {_shorten(answer)!r}"
        )
    try:
        outputs = call_function(task, answer) if callable(answer) else call_file(number, Path(answer))
    except ProgramError as error:
        return False, f"{words['no-result']}{error}", None
    solutions = [task.solution(*arguments) for arguments in task.cases()]
    are_right = [_are_close([one], [other], task.tolerance) for one, other in zip(outputs, solutions, strict=True)]
    if all(are_right):
        return True, words["right-function"].format(name=task.name, cases=len(outputs)), None
    for name, mistake in task.mistakes.items():
        if _are_close(outputs, [mistake(*arguments) for arguments in task.cases()], task.tolerance):
            wrong_function = words["wrong-function"].format(name=task.name)
            return False, f"{wrong_function}{language_texts.mistakes[number][name]}", name
    return (
        False,
        f"{_describe_difference(task, outputs, are_right.index(False), words)}{language_texts.hints[number]}",
        None,
    )


def _are_close(outputs: Sequence[Any], others: Sequence[Any], tolerance: float) -> bool:
    import numpy as np

    for output, other in zip(outputs, others, strict=True):
        expected = np.asarray(other, np.float64)
        finite = expected[np.isfinite(expected)]
        scale = max(1.0, float(np.abs(finite).max())) if finite.size else 1.0
        if output.shape != expected.shape or not np.allclose(
            output, expected, rtol=0, atol=tolerance * scale, equal_nan=True
        ):
            return False
    return True


def _describe_difference(task: Task, outputs: list[NDArray[np.float64]], wrong: int, words: dict[str, str]) -> str:
    """Which call gives something else, and of which shape."""
    import numpy as np

    arguments, output = task.cases()[wrong], outputs[wrong]
    values = ", ".join(_argument_text(argument) for argument in arguments)
    got = _argument_text(output) if output.shape else f"{float(output):g}"
    expected = np.asarray(task.solution(*arguments))
    key = "wrong-shape" if output.shape != expected.shape else "wrong-value"
    shape = "×".join(map(str, expected.shape)) or words["number"]
    return words[key].format(call=f"{task.name}({values})", got=got, shape=shape)


def _argument_text(argument: Any) -> str:
    shape = getattr(argument, "shape", None)
    return f"[{'×'.join(map(str, shape))}]" if shape else _shorten(str(argument), 40)
