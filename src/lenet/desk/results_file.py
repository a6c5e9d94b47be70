"""Import of a table of readings: what ``lenet read --jsonl`` wrote, a page on each line."""

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from lenet.desk.fields import NO_PAGE, PageFields, page_of_values
from lenet.desk.stack import Stack
from lenet.errors import DataError, LeNetError, counted, printable, reason_of
from lenet.files import why_missing
from lenet.records import Record, RecordError

# A page's fields; why it has none; or the values of its lines so far, where each is an answer of its own.
_Page = PageFields | str | Mapping[str, Any]


def import_results(path: Path, open_stack: Callable[[], Stack]) -> int:
    """Put the pages of a table on a stack, unless they are there, and return how many pages the table has.

    A page that the table has twice, as one that was put together of others, is taken as it was read last; of one whose
    lines are answers of their own, all. A table that has grown since adds its new pages.

    Args:
        path: of the table.
        open_stack: opens the stack, when the table has been read whole.

    Pictures are looked for where the table names them, from the current folder and from the table's; how many are
    not there is said in a line on stderr.

    Raises:
        DataError: if there is no such table, or a line of it is none of a reading; with its number.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        why = reason_of(error)
        problem = f"cannot be read ({why}); expected what lenet read --jsonl writes"
        raise DataError(f"{path}: {why_missing(path, problem)}") from None
    pages: dict[str, dict[int, _Page]] = {}  # by file and by number
    for number, line in enumerate(lines, 1):
        try:
            record = Record.parsed(line)
            _check_characters(record.values)
            page = _page_or_problem(record.values)
            pages_of_file = pages.setdefault(record.text("file"), {})
            page_number = record.integer("page", 1, default=1)
            is_line = "line" in record
            pages_of_file[page_number] = _with_lines_before(record, pages_of_file.get(page_number)) if is_line else page
        except LeNetError as error:
            raise DataError(f"{path}, line {number}: {error}; expected what lenet read --jsonl writes") from None
    if not pages:
        raise DataError(f"{path}: holds no readings; expected what lenet read --jsonl writes")
    missing = []
    with closing(open_stack()) as stack:
        for name, members in pages.items():
            picture = _picture_path(name, path.parent)
            file = stack.add_file(Path(name).name, picture)
            results = [_page_or_problem(one) if isinstance(one, Mapping) else one for one in members.values()]
            problem = next((result for result in results if isinstance(result, str)), "")
            stack.add_pages(file, [result for result in results if isinstance(result, PageFields)], problem)
            if not (problem or picture.exists()):
                missing.append(name)
    if missing:
        subject = counted(len(missing), "picture is", "pictures are")
        print(
            f"lenet: {subject} not where {path} says, the first {printable(missing[0])}, and fields of such are asked "
            "without a picture; start in the folder where they were read, or put them back",
            file=sys.stderr,
        )
    return sum(map(len, pages.values()))


def _check_characters(values: Mapping[str, Any]) -> None:
    """Raise RecordError unless all texts are of whole characters, as SQLite keeps them."""
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise RecordError("a text holds half a character (a lone surrogate)") from None


def _page_or_problem(values: Mapping[str, Any]) -> PageFields | str:
    """The fields of a page; or why it has none."""
    record = Record(values)
    if "probabilities" in record:  # of the digits of an IDX file
        return NO_PAGE
    is_read = "form" in record or "digits" in record
    return page_of_values(values) if is_read else record.text("remark", "was not read")


def _with_lines_before(record: Record, before: _Page | None) -> Mapping[str, Any]:
    """The values of a line of a page, with those of the lines before."""
    line = record.integer("line", 1)
    if not isinstance(before, Mapping) or line <= before["line"]:  # it was read once more
        return record.values
    digits, text = [*before["digits"], *record.list("digits")], f"{before['text']}\n{record.text('text')}"
    return {**record.values, "digits": digits, "text": text}


def _picture_path(name: str, folder: Path) -> Path:
    path = Path(name)
    path_from_table = folder / path
    return (path_from_table if not path.exists() and path_from_table.exists() else path).absolute()
