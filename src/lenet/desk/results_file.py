"""Import of a table of readings: what ``lenet read --jsonl`` wrote, a page on each line."""

from collections.abc import Callable
from pathlib import Path

from lenet.desk.fields import PageFields, page_of_values
from lenet.desk.stack import Stack
from lenet.errors import DataError, LeNetError
from lenet.records import Record


def import_results(path: Path, open_stack: Callable[[], Stack]) -> int:
    """Put the pages of a table on a stack, unless they are there, and return how many pages the table has.

    A page that the table has twice, as one that was put together of others, is taken as it was read last.

    Args:
        path: of the table.
        open_stack: opens the stack, when the table has been read whole.

    Pictures are looked for where the table names them, from the current folder and from the table's.

    Raises:
        DataError: if there is no such table, or a line of it is none of a reading; with its number.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise DataError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    pages: dict[str, dict[int, PageFields | str]] = {}  # by file and by number
    for number, line in enumerate(lines, 1):
        try:
            record = Record.parsed(line)
            name = record.text("file")
            is_read = "form" in record or "digits" in record
            page = page_of_values(record.values) if is_read else record.text("remark", "was not read")
            page_number = page.number if isinstance(page, PageFields) else record.integer("page", 1, default=1)
            pages.setdefault(name, {})[page_number] = page
        except (LeNetError, KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{path}, line {number}: {error or 'damaged'}; expected what lenet read --jsonl writes"
            ) from None
    if not pages:
        raise DataError(f"{path}: holds no readings; expected what lenet read --jsonl writes")
    stack = open_stack()
    for name, members in pages.items():
        file = stack.add_file(Path(name).name, _picture_path(name, path.parent))
        problem = next((page for page in members.values() if isinstance(page, str)), "")
        stack.finish_file(file, [page for page in members.values() if isinstance(page, PageFields)], problem)
    stack.close()
    return sum(map(len, pages.values()))


def _picture_path(name: str, folder: Path) -> Path:
    path = Path(name)
    path_from_table = folder / path
    return (path_from_table if not path.exists() and path_from_table.exists() else path).absolute()
