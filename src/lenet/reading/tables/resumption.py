"""Resumption of tables: which files' answers they hold already, and whether they were begun in the same way.

The settings stand in a file beside each table, ``answers.csv.settings.json``: a record at a table's head would be a row
to every program that reads it. The inputs are the table itself: each row names its file, and these are compared with
the files that are named now, one by one, so that no list of them is needed in memory or on disk.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from lenet.errors import LeNetError, counted
from lenet.files import write_result
from lenet.reading.batch.picture_files import name_of
from lenet.reading.tables.answer_file import AnswerFile, WrittenFile
from lenet.records import Record, RecordError, json_bytes

SETTINGS_SUFFIX = ".settings.json"
_FORMAT = "lenet-answers-1"

Source = Path | bytes
"""A file that is read: its path, or the bytes of a name that is no UTF-8."""


def settings_path(table: Path) -> Path:
    """Compute the path of the file with the settings of a table."""
    return Path(os.path.realpath(table) + SETTINGS_SUFFIX)


def write_settings(table: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings that a table is begun with beside it.

    Raises:
        LeNetError: if they cannot be written.
    """
    write_result(settings_path(table), json_bytes({"format": _FORMAT, **settings}, indent=2))


def check_settings(table: Path, settings: Mapping[str, Any]) -> None:
    """Check that the settings that a table was begun with are those of now.

    Raises:
        LeNetError: if they are not known, or not the same; the sentence names what differs.
    """
    path = settings_path(table)
    try:
        begun_with = Record.parsed(path.read_bytes(), _FORMAT)
    except FileNotFoundError:
        raise LeNetError(
            f"{table}: cannot be resumed, for there is no {path.name} beside it, which says how it was begun; "
            "leave out resume to read anew"
        ) from None
    except (OSError, RecordError) as error:
        raise LeNetError(f"{path}: cannot be read ({error}); leave out resume to read anew") from None
    if differences := differences_between(begun_with.values, settings):
        raise LeNetError(
            f"{table}: was begun with {differences}; resume as it was begun, or leave out resume to read anew"
        )


def differences_between(begun_with: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Compare the settings that a table was begun with with those of now, in words; empty if they are the same.

    Only the names of ``settings`` are compared.

    >>> differences_between({"lines": False, "shard": "1/1"}, {"lines": True, "shard": "1/1"})
    'lines no, now yes'
    """
    return "; ".join(
        f"{name} {_value_text(begun_with.get(name))}, now {_value_text(value)}"
        for name, value in settings.items()
        if begun_with.get(name) != value
    )


def resume(tables: Sequence[AnswerFile], sources: Iterator[Source]) -> tuple[int, Iterator[Source]]:
    """Find the last file that all tables have answers of; it is read again, for some of its answers may be missing.

    Args:
        tables: each cuts off what stands from that file on when it gets its first new lines.
        sources: all that were named, in their order.

    Returns:
        How many files need not be read again, and those that are left.

    Raises:
        LeNetError: if the answers are those of other files.
    """
    iterators = [table.written_files() for table in tables]
    last: Source | None = None
    last_entries: list[WrittenFile] = []
    done = 0
    for source in sources:
        entries = [next(iterator, None) for iterator in iterators]
        for table, entry in zip(tables, entries, strict=True):
            if entry is not None and entry.name != name_of(source):
                raise LeNetError(
                    f"{table.target}: answer {entry.lines + 1:,} is that of {entry.name}, and file {done + 1:,} is "
                    f"{name_of(source)} now; name the same files in the same order, or leave out resume to read anew"
                )
        written_entries = [entry for entry in entries if entry is not None]
        if len(written_entries) < len(tables):
            sources = chain([source], sources)
            break
        last, last_entries, done = source, written_entries, done + 1
    else:
        for table, iterator in zip(tables, iterators, strict=True):
            if (entry := next(iterator, None)) is not None:
                raise LeNetError(
                    f"{table.target}: answer {entry.lines + 1:,} is that of {entry.name}, and only "
                    f"{counted(done, 'file is', 'files are')} named now; name the same files in the same order, "
                    "or leave out resume to read anew"
                )
    if last is None:
        return 0, sources
    for table, entry in zip(tables, last_entries, strict=True):
        table.keep(entry.start, entry.lines)
    return done - 1, chain([last], sources)


def _value_text(value: Any) -> str:
    return "nothing" if value is None else "yes" if value is True else "no" if value is False else str(value)
