"""The file that keeps which exercises are solved, in the user's folder for state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_state_dir

from lenet.errors import DataError, reason_of
from lenet.files import locked, write_atomically
from lenet.records import Record, RecordError, json_bytes

FORMAT = "lenet-course-1"


@dataclass(frozen=True)
class Attempts:
    """Progress in an exercise: the number of answers, and whether it is solved."""

    count: int = 0
    is_solved: bool = False


def progress_path() -> Path:
    """The file: ``lenet/course.json`` in the user's folder for state, on Linux that of XDG_STATE_HOME."""
    return Path(user_state_dir("lenet"), "course.json")


def read_progress() -> dict[str, Attempts]:
    """Progress by exercise number, of those that were answered.

    Raises:
        DataError: if the file is damaged.
    """
    path = progress_path()
    try:
        exercises = Record.parsed(path.read_bytes(), FORMAT).record("exercises")
        return {
            number: Attempts(row.integer("attempts", 0), row.boolean("solved"))
            for number, row in ((number, exercises.record(number)) for number in exercises.values)
        }
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise DataError(f"{path}: {reason_of(error)}") from None
    except RecordError as error:
        raise DataError(f"{path}: not the course's progress ({error}); delete it to begin anew") from None


def note_attempt(number: str, is_right: bool) -> None:
    """Count an answer; what was solved once stays solved.

    Raises:
        DataError: if the file is damaged.
        OSError: if it cannot be written.
    """
    path = progress_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.with_suffix(".lock")):
        progress = read_progress()
        before = progress.get(number, Attempts())
        progress[number] = Attempts(before.count + 1, before.is_solved or is_right)
        write_atomically(path, _content(progress))


def _content(progress: Mapping[str, Attempts]) -> bytes:
    rows = {number: {"attempts": attempts.count, "solved": attempts.is_solved} for number, attempts in progress.items()}
    return json_bytes({"format": FORMAT, "exercises": rows}, indent=1)
